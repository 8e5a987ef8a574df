//! The `blankline` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    blankline::cli::run(std::env::args_os())
}
