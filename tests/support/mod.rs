//! What several of the tests need: the cases under `fixtures`, chance with a seed, and a deadline.
//!
//! A case is read here and nowhere else, so that every test means the same by it. The format of the
//! folders is told in `fixtures/README.md`.

#![allow(
    dead_code,
    reason = "each test takes what it needs, and is a program of its own"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

pub(crate) mod browser;
pub(crate) mod stores;
pub(crate) mod table;

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use blankline::app::Site;
use blankline::cli::parse_serve_args;
use blankline::cli::serve::ServeArgs;
use blankline::engine::{Door, Engine, Handle, Listeners, Service, Settings};
use blankline::record::Tap;
use blankline::wire::{FaultKind, dissect_request};
use rustix::process::{Pid, Signal, kill_process};

/// One folder of `fixtures`: a server, and what is said to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// `topic/case`.
    pub name: String,
    /// The flags that the server runs with.
    pub args: Vec<String>,
    /// Whether the client closes its sending side right after its last byte.
    pub half_close: bool,
    /// Whether the server ends the connection with a reset.
    pub reset: bool,
    /// Where its files are.
    pub folder: PathBuf,
    /// Whether it needs a server that nobody else has spoken to: its answers depend on what is stored.
    pub alone: bool,
    /// What is said, one connection after the other.
    pub exchanges: Vec<Exchange>,
}

/// One connection's bytes, both ways.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Everything that the client sends.
    pub request: Vec<u8>,
    /// Everything that the server sends until it closes.
    pub response: Vec<u8>,
    /// Where the response is kept. The file may be missing only while responses are blessed.
    pub response_path: PathBuf,
}

impl Case {
    /// The flags, understood as the program understands them.
    pub(crate) fn serve_args(&self) -> ServeArgs {
        parse_serve_args(self.args.iter().map(OsString::from))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The site with these flags, as if it listened on its usual port.
    pub(crate) fn site(&self) -> Site {
        let args = self.serve_args();
        let address = args.engine_settings().unwrap().address;
        args.site(address).unwrap()
    }

    /// Whether the answer is what a silence leads to: a client that closes its sending side as soon as
    /// it has sent all would get another one.
    pub(crate) fn needs_silence(&self) -> bool {
        let times = ["--head-time=", "--body-time="];
        let mut flags = self.args.iter();
        flags.any(|flag| times.iter().any(|time| flag.starts_with(time)))
    }

    /// A case of a test's own.
    pub(crate) fn own(flags: &[&str]) -> Self {
        Self {
            name: "a case of the test's own".to_owned(),
            args: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            half_close: false,
            reset: false,
            folder: PathBuf::new(),
            alone: false,
            exchanges: Vec::new(),
        }
    }
}

impl Exchange {
    /// Whether bytes follow the end of the last message that is answered. The server closes when it
    /// has answered, and a byte that comes after that makes the client's system drop the answer, if
    /// it was not read yet: such a request is sent in one write or not at all.
    pub(crate) fn sends_too_much(&self) -> bool {
        let head = dissect_request(&self.request);
        let is_kept = head.asks_keep_alive();
        let has_excess = |fault: &blankline::wire::Fault| fault.kind == FaultKind::ExcessBytes;
        head.refusal().is_none() && !is_kept && head.faults().iter().any(has_excess)
    }
}

/// All cases, in the order of their names.
pub(crate) fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut cases = Vec::new();
    for topic in folders(&root) {
        if topic.ends_with("vectors") {
            continue;
        }
        for folder in folders(&topic) {
            cases.push(case(&root, &folder));
        }
    }
    assert!(!cases.is_empty(), "no fixtures under {}", root.display());
    cases
}

fn case(root: &Path, folder: &Path) -> Case {
    let name = folder.strip_prefix(root).unwrap().display().to_string();
    let read = |file: &str| fs::read(folder.join(file)).unwrap_or_default();
    let has = |file: &str| folder.join(file).exists();
    let stems: Vec<String> = if has("request.http") {
        vec![String::new()]
    } else {
        let numbered = (1..).map(|number| format!("{number}."));
        numbered
            .take_while(|stem| has(&format!("{stem}request.http")))
            .collect()
    };
    assert!(!stems.is_empty(), "{name} has no request");
    let flags = String::from_utf8(read("serve.args")).unwrap();
    let mut args: Vec<String> = flags.lines().map(str::to_owned).collect();
    if !args.iter().any(|flag| flag.starts_with("--frozen")) {
        args.insert(0, "--frozen".to_owned());
    }
    let alone = has("alone");
    if alone {
        // No answer depends on it, and it is slow on purpose.
        args.push("--password-iterations=1".to_owned());
    }
    Case {
        name,
        args,
        half_close: has("half-close"),
        reset: has("reset"),
        folder: folder.to_owned(),
        alone,
        exchanges: stems
            .iter()
            .map(|stem| Exchange {
                request: read(&format!("{stem}request.http")),
                response: read(&format!("{stem}response.http")),
                response_path: folder.join(format!("{stem}response.http")),
            })
            .collect(),
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Chance that is the same each time: Marsaglia's xorshift with 64 bits.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Chance from this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Seeds that differ in a few bits begin alike.
        for _ in 0..8 {
            chance.bits();
        }
        chance
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bits = usize::try_from(self.bits() >> 32).unwrap();
        bits.checked_rem(bound).unwrap_or(0)
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// The bytes in pieces, none empty; most are short, some are long.
    pub(crate) fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut pieces, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let longest = *self.one_of(&[1, 3, 20, 200, 5000]);
            let (piece, after) = rest.split_at(rest.len().min(1 + self.below(longest)));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}

/// The two byte strings are the same, or a report of the first place where they are not.
pub(crate) fn compare(what: &str, wanted: &[u8], seen: &[u8]) -> Result<(), String> {
    if wanted == seen {
        return Ok(());
    }
    let at = wanted.iter().zip(seen).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let start = at.saturating_sub(30).min(bytes.len());
        let end = (at + 50).min(bytes.len());
        bytes[start..end].escape_ascii().to_string()
    };
    Err(format!(
        "{what}: differs at byte {at} ({} bytes wanted, {} seen)\n  wanted ...{}...\n  seen   ...{}...",
        wanted.len(),
        seen.len(),
        around(wanted),
        around(seen),
    ))
}

/// Fails with every report, when there is one.
pub(crate) fn none(reports: &[String]) {
    assert!(
        reports.is_empty(),
        "{} failed:\n{}",
        reports.len(),
        reports.join("\n")
    );
}

/// How long anything on a socket may take before it counts as hanging. It is never waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The time now, for deadlines.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Whether a program that a test drives is here. Where tools are required (`BLANKLINE_TEST_TOOLS` is
/// `require`, or `CI` is set) its absence is a failure; elsewhere it is said aloud.
pub(crate) fn has_tool(test: &str, tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()) {
        return true;
    }
    let is_required = std::env::var("BLANKLINE_TEST_TOOLS").is_ok_and(|value| value == "require")
        || std::env::var_os("CI").is_some();
    assert!(!is_required, "{test}: {tool} is missing");
    eprintln!("{test}: skipped: {tool} is missing");
    false
}

/// A server for one connection, which answers these bytes one by one and then closes or waits.
pub(crate) fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = [0; 512];
        let _asked = stream.read(&mut request).unwrap();
        for octet in answer.chunks(1) {
            stream.write_all(octet).unwrap();
        }
    });
    address
}

/// A server in this process; it is stopped when it is dropped.
pub(crate) struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What stops it.
    pub handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// The lesson site with these flags, on a port of the system's choice.
    pub(crate) fn site(args: &ServeArgs, tap: impl FnMut() -> Option<Box<dyn Tap>>) -> Self {
        let settings = args.engine_settings().unwrap();
        let site = args.site(settings.address).unwrap();
        Self::start(settings, site, tap)
    }

    /// Any service, on a port of the system's choice.
    pub(crate) fn start(
        mut settings: Settings,
        service: impl Service,
        tap: impl FnMut() -> Option<Box<dyn Tap>>,
    ) -> Self {
        settings.address.set_port(0);
        let doors = vec![Door {
            listeners: Listeners::open(&settings).unwrap(),
            service: Arc::new(service),
            protocol: settings.protocol.clone(),
            is_tapped: true,
        }];
        let engine = Engine::new(doors, &settings, tap).unwrap();
        Self {
            address: engine.address(),
            handle: engine.handle(),
            thread: Some(std::thread::spawn(|| engine.run())),
        }
    }

    /// A new connection, which never waits longer than anybody's patience.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address).unwrap()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn join(mut self) -> io::Result<()> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Twice: what is still under way when a test is over is of no interest.
        self.handle.stop();
        self.handle.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the loop panicked");
        }
    }
}

/// A new connection, which never waits longer than anybody's patience.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends the pieces, closes the sending side if that is asked for, and reads until the server closes.
pub(crate) fn converse<'p>(
    address: SocketAddr,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    half_close: bool,
) -> io::Result<Vec<u8>> {
    match converse_to_its_end(address, pieces, half_close)? {
        (answer, false) => Ok(answer),
        (_, true) => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

/// The same, and whether it ended with a reset.
pub(crate) fn converse_to_its_end<'p>(
    address: SocketAddr,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    half_close: bool,
) -> io::Result<(Vec<u8>, bool)> {
    let mut stream = connect(address)?;
    for piece in pieces {
        stream.write_all(piece)?;
    }
    if half_close {
        stream.shutdown(Shutdown::Write)?;
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => Ok((answer, false)),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok((answer, true)),
        Err(error) => Err(error),
    }
}

/// Does the same with each thing, on some threads at once, and gathers what is reported.
pub(crate) fn on_threads<T: Sync>(
    things: &[T],
    work: impl Fn(&T) -> Vec<String> + Sync,
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = work(thing);
                    reports.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort();
    reports
}

/// The real program, serving; it is killed when it is dropped.
pub(crate) struct Program {
    /// Where it listens, as its first line says.
    pub address: SocketAddr,
    /// Where its live page is, as its second line says.
    pub inspector: Option<SocketAddr>,
    child: Child,
}

impl Program {
    /// `blankline serve --port 0` with these flags, without the live page.
    pub(crate) fn serve(flags: &[String]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_blankline"));
        Self::spawn(program, &["--no-inspector"], flags)
    }

    /// The same with its live page.
    pub(crate) fn inspect(flags: &[String]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_blankline")), &[], flags)
    }

    /// The same with at most this many descriptors.
    pub(crate) fn serve_with_descriptors(most: u32, flags: &[String]) -> Self {
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_blankline")]);
        Self::spawn(shell, &["--no-inspector"], flags)
    }

    /// The same where no file can have more than this many KiB: to a program that is a full disk.
    pub(crate) fn serve_with_files_up_to(most: u32, flags: &[String]) -> Self {
        let mut shell = Command::new("bash");
        let limited = format!("trap '' XFSZ; ulimit -f {most}; exec \"$0\" \"$@\"");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_blankline")]);
        Self::spawn(shell, &["--no-inspector"], flags)
    }

    fn spawn(mut command: Command, own: &[&str], flags: &[String]) -> Self {
        let mut child = command
            .args(["serve", "--quiet"])
            .args(own)
            .args(
                ["--port", "0"]
                    .iter()
                    .filter(|_| !flags.contains(&"--port".to_owned())),
            )
            .args(flags)
            // Unless a flag says otherwise.
            .env("BLANKLINE_DATA", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = |what: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let address = line
                .trim_end()
                .strip_prefix(what)
                .and_then(|rest| rest.strip_prefix(" on http://")?.strip_suffix('/'))
                .unwrap_or_else(|| panic!("a line is {line:?}, with {flags:?}"));
            address.parse::<SocketAddr>().unwrap()
        };
        Self {
            address: address("listening"),
            inspector: own.is_empty().then(|| address("inspector")),
            child,
        }
    }

    /// What it has open now.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).unwrap().count()
    }

    /// Its resident memory now, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it as `kill` does, and waits until it has ended.
    pub(crate) fn stop(mut self) -> std::process::ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
