//! `blankline golden`: plays cases on disk, captures new ones, blesses what changed.
//!
//! This file reads flags, starts servers, writes files and prints; playing and comparing is `golden`'s.
//! Nothing is written but by `capture`, `import` and `bless`, and the first two overwrite nothing. Other
//! machines are spoken to only with `--allow-remote`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};

use super::serve::parse_seconds;
use super::{CliError, Color, REFUSED, address, parse_lang, parse_serve_args, print};
use crate::engine::Background;
use crate::golden::{
    self, Answer, Case, CaseError, Cause, Delivery, End, Labelled, Mismatch, Outcome, Verdict,
};
use crate::wire::Lang;

/// What `golden --help` says last.
pub const AFTER_HELP: &str = "Exit code: 0 every byte is as expected, 1 some are not, 2 usage, 3 a server cannot be reached or a file cannot be used.";

/// The commands of `golden`.
#[derive(Clone, Debug, Subcommand)]
pub enum GoldenCommand {
    /// Send raw requests and write each with its response into a case folder
    Capture(CaptureArgs),
    /// Play all cases and compare every byte
    Check(CheckArgs),
    /// Play all cases and rewrite the responses that differ
    Bless(PlayArgs),
    /// Make raw requests of an editor's .http file, or of text with its CRs spelled out
    Import(ImportArgs),
}

/// The flags of `golden capture`.
#[derive(Clone, Debug, Args)]
pub struct CaptureArgs {
    /// The server
    #[arg(value_name = "HOST:PORT")]
    pub server: String,
    /// Folder for the cases, one folder each; with --session, the one case
    pub dir: PathBuf,
    /// File with the raw bytes of a connection; may be given several times [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub request: Vec<PathBuf>,
    /// Make one case of all requests, played one after the other; a carry.txt in DIR is followed
    #[arg(long)]
    pub session: bool,
    #[command(flatten)]
    client: ClientArgs,
    /// Close the sending side after the last byte, and write that into the case
    #[arg(long)]
    pub half_close: bool,
}

/// The flags of `golden check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    play: PlayArgs,
    /// How a request is cut into writes: whole, bytes, lines, random, random:SEED or all; may be given several times
    #[arg(long, env = "BLANKLINE_GOLDEN_DELIVER", value_name = "HOW", default_value = "whole", value_parser = parse_deliver)]
    pub deliver: Vec<Deliver>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "tap")]
    pub json: bool,
    /// Print TAP 14
    #[arg(long)]
    pub tap: bool,
    /// Write JUnit's XML into this file too
    #[arg(long, env = "BLANKLINE_GOLDEN_JUNIT", value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// The flags that `check` and `bless` share.
#[derive(Clone, Debug, Args)]
pub struct PlayArgs {
    /// Folder with cases, at any depth
    #[arg(default_value = "fixtures")]
    pub dir: PathBuf,
    /// The server [default: the lesson site, started here with --frozen and each case's serve.args]
    #[arg(long, env = "BLANKLINE_GOLDEN_AGAINST", value_name = "HOST:PORT")]
    pub against: Option<String>,
    /// Only cases with this text in their name; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
    /// Cases at once [default: 8, or 1 with --against]
    #[arg(long, env = "BLANKLINE_GOLDEN_JOBS", value_name = "N", value_parser = super::serve::at_least_one)]
    pub jobs: Option<usize>,
    /// Whether the client closes its sending side after the last byte: as the case says, always or never
    #[arg(
        long,
        env = "BLANKLINE_GOLDEN_HALF_CLOSE",
        value_name = "WHEN",
        default_value = "case"
    )]
    pub half_close: HalfClose,
    #[command(flatten)]
    client: ClientArgs,
}

/// What every client here needs.
#[derive(Clone, Debug, Args)]
struct ClientArgs {
    /// Seconds for one connection, from its first byte to its end; a case's time-limit.txt overrides it
    #[arg(long, env = "BLANKLINE_GOLDEN_TIME_LIMIT", value_name = "SECONDS", default_value = "10", value_parser = parse_seconds)]
    time_limit: Duration,
    /// Speak to other machines too, not to this one alone
    #[arg(long)]
    allow_remote: bool,
    /// The language of the reasons: en or zh
    #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
    lang: Lang,
}

/// The flags of `golden import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// What the file is
    #[arg(value_name = "editor|visible")]
    pub from: ImportFrom,
    /// The file
    pub file: PathBuf,
    /// Folder for the cases, one folder a request
    pub dir: PathBuf,
}

/// Whose file is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFrom {
    /// An editor's: `###`, `# @name`, `@variable`.
    Editor,
    /// Text in which `\r\n` is spelled out.
    Visible,
}

/// When the client closes its sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HalfClose {
    /// As the case says.
    Case,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `--deliver` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deliver {
    /// In each way.
    All,
    /// In this way.
    One(Delivery),
}

/// Runs one of the commands. The exit code is 1 when a byte is not as expected.
///
/// # Errors
///
/// When the flags do not go together, a folder cannot be used, or a server cannot be reached.
pub fn golden(command: &GoldenCommand, color: Color) -> Result<ExitCode, CliError> {
    match command {
        GoldenCommand::Capture(args) => capture(args, color),
        GoldenCommand::Check(args) => check(args, color),
        GoldenCommand::Bless(args) => bless(args, color),
        GoldenCommand::Import(args) => import(args, color),
    }
}

fn check(args: &CheckArgs, color: Color) -> Result<ExitCode, CliError> {
    let started = now();
    let mut deliveries: Vec<Delivery> = Vec::new();
    for deliver in &args.deliver {
        match deliver {
            Deliver::All => deliveries.extend(Delivery::all()),
            Deliver::One(delivery) => deliveries.push(*delivery),
        }
    }
    let cases = args.play.cases()?;
    let outcomes = args
        .play
        .each(&cases, &deliveries, |case, delivery, play| {
            let started = now();
            let verdict = match play() {
                Ok(answers) => judge(case, &answers),
                Err(sentence) => Verdict::Broken(sentence),
            };
            Outcome {
                case: case.name.clone(),
                delivery,
                took: started.elapsed(),
                verdict,
            }
        })?;
    let (took, lang) = (started.elapsed(), args.play.client.lang);
    let text = if args.json {
        format!("{:#}\n", golden::report_json(&outcomes, took))
    } else if args.tap {
        golden::report_tap(&outcomes, lang)
    } else {
        golden::report_text(&outcomes, took, lang)
    };
    if let Some(file) = &args.junit {
        write(file, golden::report_junit(&outcomes, took, lang).as_bytes())?;
    }
    print(&text, color)?;
    let broken = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Broken(_));
    let passed = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Passed);
    Ok(if outcomes.iter().any(broken) {
        ExitCode::from(NOT_REACHED)
    } else if outcomes.iter().all(passed) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

/// The first thing that is wrong with a case's answers.
fn judge(case: &Case, answers: &[Answer]) -> Verdict {
    for ((number, exchange), answer) in (1..).zip(&case.exchanges).zip(answers) {
        if let Some(mut mismatch) = judge_one(case, exchange.response.as_deref(), answer) {
            mismatch.exchange = number;
            return Verdict::Failed(Box::new(mismatch));
        }
    }
    Verdict::Passed
}

fn judge_one(case: &Case, expected: Option<&[u8]>, answer: &Answer) -> Option<Mismatch> {
    let seen = &answer.response;
    let bytes = expected.unwrap_or_default();
    let labelled = Labelled::responses(bytes, &answer.request);
    let cause = match (expected, answer.end) {
        (None, _) => Cause::NoResponseFile,
        (Some(_), end) if seen.bytes.is_empty() && !bytes.is_empty() => Cause::NoAnswer(end),
        _ => {
            return golden::compare(&labelled, seen, &case.volatile).or_else(|| {
                let cause = match (answer.end, case.reset) {
                    (End::Closed, false) | (End::Reset, true) => return None,
                    (End::Closed, true) => Cause::NotBrokenOff,
                    (End::Reset, false) => Cause::BrokenOff,
                    (End::TimedOut, _) => Cause::StaysOpen,
                };
                Some(Mismatch::without_place(cause, &labelled, seen))
            });
        }
    };
    Some(Mismatch::without_place(cause, &labelled, seen))
}

fn bless(args: &PlayArgs, color: Color) -> Result<ExitCode, CliError> {
    let cases = args.cases()?;
    let played = args.each(&cases, &[Delivery::Whole], |case, _, play| {
        (case.name.clone(), play())
    })?;
    let mut lines = String::new();
    let mut code = ExitCode::SUCCESS;
    for (case, (name, answers)) in cases.iter().zip(&played) {
        let answers = match answers {
            Ok(answers) => answers,
            Err(sentence) => {
                lines.push_str(&format!("BROKEN {name}: {sentence}\n"));
                code = ExitCode::from(NOT_REACHED);
                continue;
            }
        };
        for (exchange, answer) in case.exchanges.iter().zip(answers) {
            if answer.end == End::TimedOut {
                lines.push_str(&format!(
                    "not blessed: {name}: the server did not close within the time limit\n"
                ));
                code = ExitCode::from(REFUSED);
                continue;
            }
            if judge_one(case, exchange.response.as_deref(), answer).is_some() {
                write(&exchange.response_path, &answer.response.bytes)?;
                lines.push_str(&format!("blessed {}\n", exchange.response_path.display()));
            }
        }
    }
    print(&lines, color)?;
    Ok(code)
}

fn capture(args: &CaptureArgs, color: Color) -> Result<ExitCode, CliError> {
    let address = address(&args.server, args.client.allow_remote)?;
    let mut requests = Vec::new();
    for file in &args.request {
        let bytes = fs::read(file).map_err(|error| cannot("read", file, error))?;
        requests.push((stem(file), bytes));
    }
    if requests.is_empty() {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| cannot("read", Path::new("standard input"), error))?;
        requests.push((String::new(), bytes));
    }
    let mut folders: Vec<(PathBuf, Vec<Vec<u8>>)> = Vec::new();
    if args.session {
        folders.push((
            args.dir.clone(),
            requests.into_iter().map(|(_, bytes)| bytes).collect(),
        ));
    } else {
        for (name, bytes) in requests {
            folders.push((args.dir.join(name), vec![bytes]));
        }
    }
    let mut lines = String::new();
    for (folder, requests) in folders {
        new_case(&folder, &requests)?;
        if args.half_close {
            write(&folder.join("half-close"), b"")?;
        }
        for case in golden::cases(&folder).map_err(unreadable)? {
            let answers = golden::play(&case, address, Delivery::Whole, args.client.time_limit)
                .map_err(|error| not_reached(address, error))?;
            for (exchange, answer) in case.exchanges.iter().zip(&answers) {
                write(&exchange.response_path, &answer.response.bytes)?;
                let (path, count) = (
                    exchange.response_path.display(),
                    answer.response.bytes.len(),
                );
                lines.push_str(&format!(
                    "captured {path}, {count} bytes{}\n",
                    ending(answer.end)
                ));
            }
        }
    }
    print(&lines, color)?;
    Ok(ExitCode::SUCCESS)
}

const fn ending(end: End) -> &'static str {
    match end {
        End::Closed => "",
        End::Reset => "; the connection was reset",
        End::TimedOut => {
            "; the server did not close within the time limit, which check will mind (--half-close may help)"
        }
    }
}

fn import(args: &ImportArgs, color: Color) -> Result<ExitCode, CliError> {
    let text = fs::read_to_string(&args.file).map_err(|error| cannot("read", &args.file, error))?;
    let requests = match args.from {
        ImportFrom::Editor => golden::import_editor(&text).map(|imported| {
            imported
                .into_iter()
                .map(|one| (one.name, one.request))
                .collect::<Vec<_>>()
        }),
        ImportFrom::Visible => {
            golden::import_visible(&text).map(|bytes| vec![(stem(&args.file), bytes)])
        }
    };
    let requests = requests.map_err(|(line, sentence)| {
        CliError::Usage(format!("{}, line {line}: {sentence}", args.file.display()))
    })?;
    let mut lines = String::new();
    for (name, bytes) in requests {
        let folder = args.dir.join(name);
        let count = bytes.len();
        new_case(&folder, &[bytes])?;
        lines.push_str(&format!(
            "imported {}, {count} bytes\n",
            folder.join("request.http").display()
        ));
    }
    print(&lines, color)?;
    Ok(ExitCode::SUCCESS)
}

/// A folder with these requests, which was no case before.
fn new_case(folder: &Path, requests: &[Vec<u8>]) -> Result<(), CliError> {
    if golden::is_case(folder) {
        return Err(CliError::Usage(format!(
            "{} is a case already, and nothing is overwritten here: bless rewrites responses, another DIR takes new cases",
            folder.display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, error))?;
    for (number, bytes) in (1..).zip(requests) {
        let name = if requests.len() == 1 {
            "request.http".to_owned()
        } else {
            format!("{number}.request.http")
        };
        write(&folder.join(name), bytes)?;
    }
    Ok(())
}

impl PlayArgs {
    fn cases(&self) -> Result<Vec<Case>, CliError> {
        let mut cases = golden::cases(&self.dir).map_err(unreadable)?;
        if !self.only.is_empty() {
            cases.retain(|case| self.only.iter().any(|text| case.name.contains(text)));
        }
        if cases.is_empty() {
            return Err(CliError::Usage(format!(
                "--only: no case under {} has this in its name",
                self.dir.display()
            )));
        }
        for case in &mut cases {
            case.half_close = match self.half_close {
                HalfClose::Case => case.half_close,
                HalfClose::Always => true,
                HalfClose::Never => false,
            };
        }
        Ok(cases)
    }

    /// Does `work` with each case in each delivery, some at a time; what comes of it is in the order of the
    /// cases. `work` is handed what plays the case; why it could not be played is a sentence.
    fn each<T: Send>(
        &self,
        cases: &[Case],
        deliveries: &[Delivery],
        work: impl Fn(&Case, Delivery, &dyn Fn() -> Result<Vec<Answer>, String>) -> T + Sync,
    ) -> Result<Vec<T>, CliError> {
        let opponent = match &self.against {
            Some(server) => Opponent::There(address(server, self.client.allow_remote)?),
            None => Opponent::frozen(cases)?,
        };
        let plays: Vec<(&Case, Delivery)> = cases
            .iter()
            .flat_map(|case| deliveries.iter().map(move |delivery| (case, *delivery)))
            .collect();
        let jobs = self
            .jobs
            .unwrap_or(if self.against.is_some() { 1 } else { JOBS });
        let next = AtomicUsize::new(0);
        let done: Mutex<BTreeMap<usize, T>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(plays.len()) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some((case, delivery)) = plays.get(number) else {
                            return;
                        };
                        let play = || opponent.play(case, *delivery, self.client.time_limit);
                        let result = work(case, *delivery, &play);
                        done.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(number, result);
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(done.into_values().collect())
    }
}

/// Who is played against.
enum Opponent {
    /// A server that somebody else started.
    There(SocketAddr),
    /// The lesson site, once for each list of flags; cases that stand alone get one more each.
    Frozen(BTreeMap<Vec<String>, Background>),
}

impl Opponent {
    fn frozen(cases: &[Case]) -> Result<Self, CliError> {
        let mut servers = BTreeMap::new();
        for case in cases.iter().filter(|case| !case.alone) {
            if let Entry::Vacant(place) = servers.entry(frozen_flags(case)) {
                let server = start(case, place.key())?;
                place.insert(server);
            }
        }
        Ok(Self::Frozen(servers))
    }

    fn play(
        &self,
        case: &Case,
        delivery: Delivery,
        time_limit: Duration,
    ) -> Result<Vec<Answer>, String> {
        let at = |address| {
            golden::play(case, address, delivery, time_limit)
                .map_err(|error| not_reached(address, error).to_string())
        };
        match self {
            Self::There(address) => at(*address),
            Self::Frozen(servers) => {
                let flags = frozen_flags(case);
                match servers.get(&flags).filter(|_| !case.alone) {
                    Some(server) => at(server.address()),
                    None => {
                        let server = start(case, &flags).map_err(|error| error.to_string())?;
                        at(server.address())
                    }
                }
            }
        }
    }
}

/// The case's flags under which every case of ours holds.
fn frozen_flags(case: &Case) -> Vec<String> {
    let mut flags = case.args.clone();
    if !flags.iter().any(|flag| flag.starts_with("--frozen")) {
        flags.insert(0, "--frozen".to_owned());
    }
    if case.alone {
        // No answer depends on it, and it is slow on purpose.
        flags.push("--password-iterations=1".to_owned());
    }
    flags
}

fn start(case: &Case, flags: &[String]) -> Result<Background, CliError> {
    let args = parse_serve_args(flags.iter().map(OsString::from)).map_err(|error| {
        CliError::Usage(format!(
            "{}: {error}",
            case.folder.join("serve.args").display()
        ))
    })?;
    args.background(None, || None)
}

fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    // `login.request.http` is a request named login.
    stem.strip_suffix(".request").unwrap_or(&stem).to_owned()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    fs::write(path, bytes).map_err(|error| cannot("write", path, error))
}

fn cannot(what: &str, path: &Path, error: io::Error) -> CliError {
    CliError::Io {
        doing: format!("cannot {what} {}", path.display()),
        error,
        hint: "",
    }
}

fn unreadable(error: CaseError) -> CliError {
    let line = error.line.map(|line| format!(", line {line}"));
    CliError::Io {
        doing: format!(
            "cannot use {}{}",
            error.path.display(),
            line.unwrap_or_default()
        ),
        hint: match error.error.kind() {
            io::ErrorKind::NotFound => "Name a folder with cases; capture and import make some.",
            _ => "",
        },
        error: error.error,
    }
}

fn not_reached(address: SocketAddr, error: io::Error) -> CliError {
    CliError::Io {
        doing: format!("cannot speak with {address}"),
        hint: match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "Nobody listens there: is the server started, and on this port?"
            }
            _ => "",
        },
        error,
    }
}

fn parse_deliver(text: &str) -> Result<Deliver, String> {
    match text {
        "all" => Ok(Deliver::All),
        _ => text.parse().map(Deliver::One),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a report says how long its cases took"
)]
fn now() -> Instant {
    Instant::now()
}

/// The exit code when a case could not be played.
const NOT_REACHED: u8 = 3;

/// Cases at once against servers of our own: most of the time one of them waits for a silence to end.
const JOBS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_need_a_flag() {
        assert!(address("127.0.0.1:80", false).is_ok());
        let error = address("192.0.2.1:80", false).unwrap_err().to_string();
        assert!(error.contains("--allow-remote"), "{error}");
        assert!(address("192.0.2.1:80", true).is_ok());
        assert!(address("nothing", true).is_err());
    }

    #[test]
    fn a_file_names_its_case() {
        assert_eq!(stem(Path::new("a/login.request.http")), "login");
        assert_eq!(stem(Path::new("login.http")), "login");
    }
}
