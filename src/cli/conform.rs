//! `blankline conform`: what RFC 1945 asks, asked of any server. The probes and the verdicts are `conform`'s; this file has
//! the flags, and keeps strangers' servers out of it unless told otherwise.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::serve::parse_seconds;
use super::{CliError, Color, REFUSED, address, parse_lang, print};
use crate::conform::{
    Judged, ROWS, Resources, Settings, Survey, Verdict, judged_text, summary, survey_json,
};
use crate::wire::Lang;

/// The flags of `conform`.
#[derive(Clone, Debug, clap::Args)]
pub struct ConformArgs {
    /// The server to ask
    #[arg(value_name = "HOST:PORT")]
    pub server: String,

    /// Rows to ask, such as SYN-04 or BOD-03.negative [default: all]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,

    /// By which document a failure makes the exit code 1; either means that neither allows the answer
    #[arg(long, env = "BLANKLINE_CONFORM_BY", value_name = "rfc1945|rfc9110|either", default_value = "either", value_parser = parse_by)]
    pub by: By,

    /// A path that exists
    #[arg(
        long,
        env = "BLANKLINE_CONFORM_PATH",
        value_name = "PATH",
        default_value = "/"
    )]
    pub path: String,

    /// A path that does not
    #[arg(
        long,
        env = "BLANKLINE_CONFORM_MISSING",
        value_name = "PATH",
        default_value = "/nope"
    )]
    pub missing: String,

    /// A path whose answer has a Last-Modified
    #[arg(
        long,
        env = "BLANKLINE_CONFORM_FILE",
        value_name = "PATH",
        default_value = "/static/hello.txt"
    )]
    pub file: String,

    /// A path that takes a POST
    #[arg(
        long,
        env = "BLANKLINE_CONFORM_POST",
        value_name = "PATH",
        default_value = "/raw"
    )]
    pub post: String,

    /// A path that answers with a redirect
    #[arg(
        long,
        env = "BLANKLINE_CONFORM_REDIRECT",
        value_name = "PATH",
        default_value = "/redirect/"
    )]
    pub redirect: String,

    /// Ask a server on another machine: with its owner's leave
    #[arg(long)]
    pub allow_remote: bool,

    /// Folder in which each probe is kept as a case, with what came
    #[arg(long, env = "BLANKLINE_CONFORM_EVIDENCE", value_name = "DIR")]
    pub evidence: Option<PathBuf>,

    /// Print one JSON document
    #[arg(long)]
    pub json: bool,

    /// Seconds for one probe
    #[arg(long, env = "BLANKLINE_CONFORM_TIME", value_name = "SECONDS", default_value = "3", value_parser = parse_seconds)]
    pub time: Duration,

    /// Seconds of silence after which an answer that has begun is taken as it is
    #[arg(long, env = "BLANKLINE_CONFORM_SILENCE", value_name = "SECONDS", default_value = "0.5", value_parser = parse_seconds)]
    pub silence: Duration,

    /// Seconds between two probes
    #[arg(long, env = "BLANKLINE_CONFORM_PAUSE", value_name = "SECONDS", default_value = "0.02", value_parser = parse_seconds)]
    pub pause: Duration,

    /// The language of the rules: en or zh
    #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
    pub lang: Lang,
}

/// Whose verdict decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// RFC 1945.
    Strict,
    /// RFC 9110 and RFC 9112.
    Modern,
    /// Both: what fails by both has failed.
    Either,
}

/// Asks, prints each verdict as it comes, and a summary. The exit code is 1 when something failed.
///
/// # Errors
///
/// When a row has no such name, the server is not on loopback, or cannot be reached.
pub fn conform(args: &ConformArgs, color: Color) -> Result<ExitCode, CliError> {
    let address = address(&args.server, args.allow_remote)?;
    for id in &args.only {
        let is_known = ROWS.iter().any(|row| row.id == id || row.label() == *id);
        if !is_known {
            return Err(CliError::Usage(format!(
                "`{}` is no row that can be asked, such as SYN-04 or BOD-03.negative; notes/rfc1945.md has the rows",
                id.escape_debug()
            )));
        }
    }
    let settings = Settings {
        address,
        time: args.time,
        silence: args.silence,
        pause: args.pause,
    };
    let unreachable = |error: io::Error| CliError::Io {
        doing: format!("cannot ask {address}"),
        error,
        hint: "Is the server running, and is that its port?",
    };
    let survey = Survey::start(settings, resources(args), &args.only).map_err(unreachable)?;
    let mut all: Vec<Judged> = Vec::with_capacity(survey.len());
    for judged in survey {
        let judged = judged.map_err(unreachable)?;
        if let Some(folder) = &args.evidence {
            judged.keep(folder).map_err(|error| CliError::Io {
                doing: format!("cannot write below {}", folder.display()),
                error,
                hint: "--evidence names a folder that this user may write to.",
            })?;
        }
        if !args.json {
            print(&judged_text(&judged, args.lang), color)?;
        }
        all.push(judged);
    }
    if args.json {
        print(&format!("{:#}\n", survey_json(&all)), color)?;
    } else {
        print(&summary(&all, args.lang), color)?;
    }
    let has_failed = all.iter().any(|judged| args.by.fails(judged));
    Ok(if has_failed {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

impl By {
    const fn fails(self, judged: &Judged) -> bool {
        match self {
            Self::Strict => matches!(judged.strict, Verdict::Fail(_)),
            Self::Modern => matches!(judged.modern, Verdict::Fail(_)),
            Self::Either => !judged.is_allowed(),
        }
    }
}

fn resources(args: &ConformArgs) -> Resources {
    Resources {
        host: args.server.clone(),
        path: args.path.clone(),
        missing: args.missing.clone(),
        file: args.file.clone(),
        post: args.post.clone(),
        redirect: args.redirect.clone(),
        modified: None,
    }
}

fn parse_by(text: &str) -> Result<By, String> {
    match text {
        "rfc1945" => Ok(By::Strict),
        "rfc9110" => Ok(By::Modern),
        "either" => Ok(By::Either),
        _ => Err(format!("`{text}` is none of rfc1945, rfc9110 and either")),
    }
}
