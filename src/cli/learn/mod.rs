//! `blankline learn`: the lessons, on the console.

pub mod check;

use check::CheckArgs;

/// What `learn` can do besides.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum LearnCommand {
    /// Try lessons as learners would: every step, every near-miss, every command
    Check(CheckArgs),
}
