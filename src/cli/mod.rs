//! L4: the command line: the only place for standard streams, the environment and exit codes.
//!
//! stdout is data, stderr is talk. Exit codes: 0 ok, 1 a check failed, 2 usage, 3 input or output.

pub mod serve;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serve::ServeArgs;

/// blankline: a raw HTTP/1.0 server that shows every byte.
#[derive(Debug, Parser)]
#[command(name = "blankline", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the lesson site (what `blankline` alone does too)
    Serve(Box<ServeArgs>),
}

/// Why a command did not succeed.
#[derive(Debug)]
pub enum CliError {
    /// The flags do not say something that can be done: exit code 2.
    Usage(String),
    /// The world did not allow it: exit code 3.
    Io {
        /// What was being done, and on what.
        doing: String,
        /// What the system said.
        error: io::Error,
    },
}

/// Runs the program with these arguments, the program's name first.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Printing help to a closed pipe is not worth a word.
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match &cli.command {
        None => serve::serve(&cli.serve),
        Some(Command::Serve(args)) => serve::serve(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("blankline: {error}");
            ExitCode::from(match error {
                CliError::Usage(_) => 2,
                CliError::Io { .. } => 3,
            })
        }
    }
}

/// The flags of `serve` in a list, such as the lines of a fixture's `serve.args`.
///
/// # Errors
///
/// clap's own error, with its text.
pub fn parse_serve_args(
    args: impl IntoIterator<Item = OsString>,
) -> Result<ServeArgs, clap::Error> {
    let program = [OsString::from("blankline")];
    Cli::try_parse_from(program.into_iter().chain(args)).map(|cli| cli.serve)
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) => f.write_str(sentence),
            Self::Io { doing, error } => write!(f, "{doing}: {error}"),
        }
    }
}

impl std::error::Error for CliError {}
