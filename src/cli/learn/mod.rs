//! `blankline learn`: the lessons, on the console.

pub mod check;
pub mod records;
pub mod screen;
pub mod session;
pub mod terminal;

use std::process::ExitCode;

use check::CheckArgs;
use clap::builder::FalseyValueParser;
use records::RecordsCommand;

use super::serve::ServeArgs;
use super::{CliError, Color, REFUSED};
use crate::lessons::Texts;

/// The flags of `learn`.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LearnArgs {
    #[command(subcommand)]
    command: Option<LearnCommand>,

    /// The lesson to begin with, such as 02 or t1 [default: the first that is not done]
    #[arg(value_name = "LESSON")]
    lesson: Option<String>,

    /// Only the core course
    #[arg(long, env = "BLANKLINE_LEARN_CORE", value_parser = FalseyValueParser::new())]
    core: bool,

    /// The site.
    #[command(flatten)]
    serve: ServeArgs,
}

/// What `learn` can do besides.
#[derive(Clone, Debug, clap::Subcommand)]
enum LearnCommand {
    /// Try lessons as learners would: every step, every near-miss, every command
    Check(CheckArgs),
    #[command(flatten)]
    Records(RecordsCommand),
}

impl LearnArgs {
    /// Whether a lesson belongs to what the learner wants to walk through.
    fn wants(&self, texts: Option<&Texts>) -> bool {
        texts.is_some_and(|texts| !self.core || texts.lesson().is_core)
    }
}

/// Teaches, checks lessons, or shows what was done.
///
/// # Errors
///
/// Those of the command.
pub fn learn(args: &LearnArgs, color: Color) -> Result<ExitCode, CliError> {
    match &args.command {
        None => session::learn(args, color).map(|()| ExitCode::SUCCESS),
        Some(LearnCommand::Records(command)) => {
            records::records(command, color).map(|()| ExitCode::SUCCESS)
        }
        Some(LearnCommand::Check(args)) => check::check(args, color).map(|is_right| {
            if is_right {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(REFUSED)
            }
        }),
    }
}
