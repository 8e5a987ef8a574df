//! L4: the command line: the only place for standard streams, the environment and exit codes.
//!
//! stdout is data, stderr is talk. Exit codes: 0 ok, 1 a check failed, 2 usage, 3 input or output.
//! Flags that are settings have environment twins, which a flag overrides. A flag of `serve`, and one that says the same
//! elsewhere, has its own name: `--head-bytes` is also `BLANKLINE_HEAD_BYTES`. Any other has its command's name before it:
//! `conform --time` is `BLANKLINE_CONFORM_TIME`.

pub mod canned;
pub mod capture;
pub mod class;
pub mod conform;
pub mod console;
mod describe;
pub mod dissect;
pub mod golden;
pub mod inspect;
pub mod learn;
pub mod probe;
pub mod serve;
pub mod sessions;
pub mod signals;
pub mod store_args;
pub mod trace;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;

use anstream::stream::RawStream;
use canned::CannedArgs;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use conform::ConformArgs;
use dissect::DissectArgs;
use golden::GoldenCommand;
use learn::LearnArgs;
use probe::ProbeArgs;
use serve::ServeArgs;
use sessions::SessionsCommand;
use store_args::StoreArgs;

use crate::export::{editions_json, editions_text};
use crate::sessions::SessionError;
use crate::wire::Lang;

/// blankline: a raw HTTP/1.0 server that shows every byte.
#[derive(Debug, Parser)]
#[command(name = "blankline", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Whether to colour: auto asks the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(
        long,
        global = true,
        env = "BLANKLINE_COLOR",
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: Color,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the lesson site (what `blankline` alone does too)
    Serve(Box<ServeArgs>),
    /// Learn HTTP from the bytes that you really send
    Learn(Box<LearnArgs>),
    /// Ask your own server, and grade its answer byte for byte
    #[command(
        after_help = "Exit code: 0 when nothing is wrong, 1 when something is, 3 when the server cannot be reached."
    )]
    Probe(ProbeArgs),
    /// Show where the editions differ, row by row
    Editions {
        /// Print a JSON list
        #[arg(long)]
        json: bool,
    },
    /// Label every byte of a request or a response, of a curl trace or a capture
    #[command(
        after_help = "Exit code: 0 when nothing refuses the message, 1 when a fault does, 3 when it, or a part of it, cannot be read."
    )]
    Dissect(DissectArgs),
    /// Answer requests with the bytes of files, to test clients
    Canned(CannedArgs),
    /// Ask a server what RFC 1945 asks of servers
    #[command(
        after_help = "Exit code: 0 when nothing fails, 1 when something does (see --by), 3 when the server cannot be reached."
    )]
    Conform(ConformArgs),
    /// Delete the expired sessions, also while a server runs; prints nothing
    Clearsessions(Box<StoreArgs>),
    /// Show what a store of sessions holds
    #[command(subcommand)]
    Sessions(Box<SessionsCommand>),
    /// Play cases on disk against a server and compare every byte
    #[command(subcommand, after_help = golden::AFTER_HELP)]
    Golden(GoldenCommand),
    /// Print a shell's completions: bash, zsh, fish, elvish or powershell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual, for `man -l`
    Man,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise (NO_COLOR, CLICOLOR_FORCE).
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The exit code of a message that a fault refuses, and of any check that failed.
const REFUSED: u8 = 1;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum CliError {
    /// The flags do not say something that can be done: exit code 2.
    Usage(String),
    /// The world did not allow it: exit code 3.
    Io {
        /// What could not be done, and on what.
        doing: String,
        /// What the system said.
        error: io::Error,
        /// What to try, as a sentence; empty when nobody knows.
        hint: &'static str,
    },
    /// The store of the sessions failed: exit code 3.
    Store(SessionError),
}

/// Runs the program with these arguments, the program's name first.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match parse(Cli::command(), args) {
        Ok(cli) => cli,
        Err(error) => {
            // Printing help to a closed pipe is not worth a word.
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let color = cli.color;
    let result = match &cli.command {
        None => serve::serve(&cli.serve, color),
        Some(Command::Serve(args)) => serve::serve(args, color),
        Some(Command::Learn(args)) => return exit(learn::learn(args, color)),
        Some(Command::Probe(args)) => return exit(probe::probe(args, color)),
        Some(Command::Editions { json: false }) => print(&editions_text(), color),
        Some(Command::Editions { json: true }) => print(&format!("{:#}\n", editions_json()), color),
        Some(Command::Canned(args)) => canned::canned(args),
        Some(Command::Conform(args)) => return exit(conform::conform(args, color)),
        Some(Command::Clearsessions(args)) => sessions::clearsessions(args),
        Some(Command::Sessions(command)) => sessions::sessions(command, color),
        Some(Command::Dissect(args)) => return exit(dissect::dissect(args, color)),
        Some(Command::Completions { shell }) => {
            describe::completions(Cli::command(), *shell, color)
        }
        Some(Command::Man) => describe::man(Cli::command(), color),
        Some(Command::Golden(command)) => return exit(golden::golden(command, color)),
    };
    exit(result.map(|()| ExitCode::SUCCESS))
}

fn exit(result: Result<ExitCode, CliError>) -> ExitCode {
    result.unwrap_or_else(|error| {
        anstream::eprintln!("blankline: {error}");
        ExitCode::from(match error {
            CliError::Usage(_) => 2,
            CliError::Io { .. } | CliError::Store(_) => 3,
        })
    })
}

/// The flags of `serve` in a list, such as the lines of a fixture's `serve.args`. The environment has
/// no say in it.
///
/// # Errors
///
/// clap's own error, with its text.
pub fn parse_serve_args(
    args: impl IntoIterator<Item = OsString>,
) -> Result<ServeArgs, clap::Error> {
    let program = [OsString::from("blankline")];
    let command = Cli::command().mut_args(|arg| arg.env(None::<&'static str>));
    parse(command, program.into_iter().chain(args)).map(|cli| cli.serve)
}

/// The flags of `serve` may stand without its name, but not before another command's name, where
/// they would say nothing.
fn parse(
    mut command: clap::Command,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, clap::Error> {
    let matches = command.try_get_matches_from_mut(args)?;
    let is_given = |arg: &&clap::Arg| {
        let source = matches.value_source(arg.get_id().as_str());
        source == Some(ValueSource::CommandLine) && !arg.is_global_set()
    };
    let early = matches
        .subcommand_name()
        .and_then(|name| Some((name, command.get_arguments().find(is_given)?)));
    if let Some((name, flag)) = early {
        let flag = flag.get_long().unwrap_or_default();
        let sentence = format!("`--{flag}` has no effect before `{name}`: write it after");
        return Err(command.error(ErrorKind::ArgumentConflict, sentence));
    }
    Cli::from_arg_matches(&matches)
}

impl Color {
    /// Whether text for this stream keeps its styles.
    #[must_use]
    pub fn styles(self, stream: &impl RawStream) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }
}

/// Prints text with styles to stdout. Whoever stopped reading had enough, and that is no error.
fn print(text: &str, color: Color) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if color.styles(&out) {
        out.write_all(text.as_bytes())
    } else {
        let plain = anstream::adapter::strip_str(text).to_string();
        out.write_all(plain.as_bytes())
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Io {
            doing: "cannot write to standard output".to_owned(),
            error,
            hint: "",
        }),
        _ => Ok(()),
    }
}

/// The address of a server on this machine, or of any where that is allowed.
fn address(server: &str, allow_remote: bool) -> Result<SocketAddr, CliError> {
    let shown = server.escape_debug();
    let found = server
        .to_socket_addrs()
        .map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => CliError::Usage(format!(
                "`{shown}` is no server: write HOST:PORT, such as 127.0.0.1:8000"
            )),
            _ => CliError::Io {
                doing: format!("cannot find {shown}"),
                error,
                hint: "HOST:PORT is a name or an address, and a number.",
            },
        })?;
    let mut found: Vec<SocketAddr> = found.collect();
    // A name such as localhost has two; servers of lessons listen on the older one.
    found.sort_by_key(SocketAddr::is_ipv6);
    let mut allowed = found
        .iter()
        .filter(|address| allow_remote || address.ip().is_loopback());
    allowed.next().copied().ok_or_else(|| {
        CliError::Usage(format!(
            "{shown} is another machine, and raw bytes may surprise it: with --allow-remote it is asked, if its owner agrees"
        ))
    })
}

fn parse_lang(text: &str) -> Result<Lang, String> {
    match text {
        "en" => Ok(Lang::En),
        "zh" => Ok(Lang::Zh),
        _ => Err(format!("`{text}` is no language: en or zh")),
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) => f.write_str(sentence),
            Self::Io {
                doing,
                error,
                hint: "",
            } => write!(f, "{doing}: {error}."),
            Self::Io { doing, error, hint } => write!(f, "{doing}: {error}. {hint}"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CliError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Args as _;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }

    /// Flags that are no settings, and why not.
    const NO_SETTINGS: &[(&str, &str)] = &[
        ("help", "asks for something else"),
        ("version", "asks for something else"),
        ("json", "chooses what one call prints"),
        ("csv", "chooses what one call prints"),
        ("tap", "chooses what one call prints"),
        ("allow_remote", "is a permission, given each time"),
        ("list show_secrets", "is a permission, given each time"),
        ("show show_secrets", "is a permission, given each time"),
        ("only", "chooses what one call is about"),
        ("request", "says what the input of one call is"),
        ("response", "says what the input of one call is"),
        ("to_head", "says what the input of one call is"),
        ("dissect pcap", "says what the input of one call is"),
        ("stream", "chooses what one call is about"),
        ("session", "says what one call makes of its requests"),
        ("see", "says what one call looks for"),
        (
            "capture half_close",
            "is written into the case that one call makes",
        ),
        ("canned once", "says how long one call lasts"),
    ];

    #[test]
    fn every_flag_that_takes_a_setting_has_its_twin() {
        let mut used = BTreeSet::new();
        let mut twins = 0;
        let program = Cli::command();
        for arg in program.get_arguments() {
            twins += has_its_twin(&[], arg, &mut used);
        }
        for command in program.get_subcommands() {
            for arg in command.get_arguments() {
                twins += has_its_twin(&[command.get_name()], arg, &mut used);
            }
            for below in command.get_subcommands() {
                for arg in below.get_arguments() {
                    let names = [command.get_name(), below.get_name()];
                    twins += has_its_twin(&names, arg, &mut used);
                }
            }
        }
        assert!(twins > 100, "{twins}");
        // clap adds these two when it runs.
        used.extend(["help", "version"].map(str::to_owned));
        for (name, reason) in NO_SETTINGS {
            assert!(used.contains(*name), "no flag is called {name}: {reason}");
        }
    }

    /// 1 when the flag has its twin, 0 when it is no setting.
    fn has_its_twin(commands: &[&str], arg: &clap::Arg, used: &mut BTreeSet<String>) -> usize {
        let id = arg.get_id().as_str();
        let within = commands.last().map(|command| format!("{command} {id}"));
        let names = [Some(id.to_owned()), within];
        let reason = names
            .iter()
            .flatten()
            .find(|name| NO_SETTINGS.iter().any(|(other, _)| *other == name.as_str()));
        if let Some(name) = reason {
            used.insert(name.clone());
            assert_eq!(arg.get_env(), None, "{commands:?} {name}");
            return 0;
        }
        // What a call is about has no flag and no twin.
        if arg.is_positional() {
            assert_eq!(arg.get_env(), None, "{commands:?} {id}");
            return 0;
        }
        let store = StoreArgs::augment_args(clap::Command::new("store"));
        let serve = ServeArgs::augment_args(clap::Command::new("serve"));
        let is_in =
            |command: &clap::Command| command.get_arguments().any(|other| other.get_id() == id);
        let says_the_same = ["color", "lang"].contains(&id)
            || is_in(&store)
            || (commands.first() == Some(&"learn") && is_in(&serve));
        let prefix = match commands.first() {
            Some(command) if *command != "serve" && !says_the_same => {
                format!("{}_", command.to_uppercase())
            }
            _ => String::new(),
        };
        let twin = format!("BLANKLINE_{prefix}{}", id.to_uppercase());
        let twin = std::ffi::OsStr::new(&twin);
        assert_eq!(arg.get_env(), Some(twin), "{commands:?} {id}");
        1
    }

    #[test]
    fn a_list_of_flags_is_read() {
        let args = ["--frozen", "--edition", "rfc1945"].map(OsString::from);
        let args = parse_serve_args(args).unwrap();
        assert!(args.frozen.is_some());
        assert_eq!(args.edition, crate::wire::Edition::Rfc1945);
        let wrong = ["--edition", "rfc2616"].map(OsString::from);
        assert!(parse_serve_args(wrong).is_err());
    }
}
