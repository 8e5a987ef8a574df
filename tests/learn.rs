//! `blankline learn` as a learner meets it: keys on a pseudo-terminal, plain lines in a pipe, progress that outlives a
//! kill, lessons of one's own, and what `learn check` finds wrong with lessons that are.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use support::{PATIENCE, answering, converse, has_tool};
use tempfile::TempDir;

const BY_HAND: &[u8] = b"GET /raw HTTP/1.0\r\n\r\n";
const BY_CURL: &[u8] =
    b"GET /raw HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";

/// `blankline learn` in a folder of its own.
fn command(folder: &TempDir, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    command
        .args(["learn", "--port", "0"])
        .arg(format!("--data={}", folder.path().join("data").display()))
        .arg(format!("--progress={}", progress(folder).display()))
        .args(more)
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    command
}

fn progress(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("state/progress.txt")
}

/// What `learn SUBCOMMAND` prints.
fn records(folder: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    command.arg("learn").args(args);
    command.arg(format!("--progress={}", progress(folder).display()));
    command.output().unwrap()
}

fn ask(address: SocketAddr, request: &[u8]) {
    converse(address, [request], false).unwrap();
}

/// A running program whose output is read as it comes, and waited for.
struct Watched {
    child: Child,
    pieces: Receiver<String>,
    /// What was read and not waited for yet.
    text: String,
}

impl Watched {
    fn new(child: Child, mut out: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut rest: Vec<u8> = Vec::new();
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                rest.extend_from_slice(&buffer[..count]);
                // A character may be cut in two.
                let whole = match str::from_utf8(&rest) {
                    Ok(_) => rest.len(),
                    Err(error) => error.valid_up_to(),
                };
                let piece = String::from_utf8(rest.drain(..whole).collect()).unwrap();
                if sender.send(piece).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            pieces,
            text: String::new(),
        }
    }

    /// Everything up to the first `wanted` after what was waited for before.
    fn until(&mut self, wanted: &str) -> String {
        loop {
            if let Some(at) = self.text.find(wanted) {
                let rest = self.text.split_off(at + wanted.len());
                return std::mem::replace(&mut self.text, rest);
            }
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => self.text += &piece,
                Err(_) => panic!("`{wanted}` did not come; what came is\n{}", self.text),
            }
        }
    }

    fn address(&mut self) -> SocketAddr {
        self.until("http://");
        let address = self.until("/");
        address.trim_end_matches('/').parse().unwrap()
    }

    fn kill(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// A learner at a terminal.
struct Terminal {
    learn: Watched,
    keys: File,
    /// The other end, kept to see in which state it was left.
    slave: File,
}

impl Terminal {
    fn open(mut command: Command, columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let terminal = |slave: &File| Stdio::from(slave.try_clone().unwrap());
        resize(&slave, columns, rows);
        let child = command
            .stdin(terminal(&slave))
            .stdout(terminal(&slave))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keys = File::from(master);
        let learn = Watched::new(child, keys.try_clone().unwrap());
        Self { learn, keys, slave }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Presses keys and waits for what they show.
    fn shows(&mut self, keys: &str, wanted: &str) -> String {
        self.press(keys);
        self.learn.until(wanted)
    }

    fn reads_lines(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

fn resize(terminal: &File, columns: u16, rows: u16) {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

#[test]
fn a_learner_walks_with_keys_and_is_judged_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(command(&folder, &[]), 90, 40);
    let address = terminal.learn.address();
    terminal.learn.until("Step 1 of ");
    terminal.learn.until("q quit");
    assert!(!terminal.reads_lines());

    terminal.shows("h", "→ ");
    ask(address, b"GET / HTTP/1.0\r\n\r\n");
    terminal.learn.until("✗ curl (lost)");
    ask(address, BY_CURL);
    terminal.learn.until("✓ curl: ");
    terminal.learn.until("request, byte 4-7:  /raw");
    ask(address, BY_HAND);
    terminal.learn.until("This lesson is done.");
    terminal.shows("s", "request-target");
    terminal.shows("l", ">✓ 00 ★ 2/2");
    terminal.shows("n", "01 · ");
    terminal.shows("p", "00 · ");
    terminal.shows("j", "Which lesson?");
    terminal.shows("4", "Which lesson? 4");
    terminal.shows("\n", "04 · ");
    terminal.shows("j99\n", "There is no lesson 99.");
    terminal.shows("j0\n", "00 · First bytes ★  ✓✓");
    assert_eq!(
        fs::read_to_string(progress(&folder))
            .unwrap()
            .lines()
            .count(),
        3
    );
    terminal.shows("r", "Press r once more");
    terminal.shows("r", "00 · First bytes ★  ··");
    assert_eq!(
        fs::read_to_string(progress(&folder))
            .unwrap()
            .lines()
            .count(),
        1
    );
    terminal.press("q");
    assert_eq!(terminal.learn.code(), Some(0));
    assert!(terminal.reads_lines());
}

#[test]
fn the_console_follows_what_the_page_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(command(&folder, &[]), 120, 40);
    terminal.learn.address();
    let page = terminal.learn.address();
    let screen = terminal.learn.until("q quit");
    assert!(!screen.contains("→ "), "{screen}");
    ask(
        page,
        b"POST /lesson/hint HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
    );
    terminal.learn.until("→ ");
    ask(
        page,
        b"POST /lesson/open?lesson=1 HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
    );
    terminal.learn.until("01 · ");
}

#[test]
fn the_screen_follows_its_size_and_its_language() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(command(&folder, &["02", "--lang=zh"]), 100, 40);
    terminal.learn.until("q 退出");
    resize(&terminal.slave, 40, 20);
    terminal.learn.kill(Signal::WINCH);
    let screen = terminal.learn.until("q 退出");
    let screen = screen.rsplit("\x1b[2J").next().unwrap();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines.len() <= 20, "{screen}");
    for line in &lines[..lines.len() - 1] {
        let plain = anstream::adapter::strip_str(line).to_string();
        let columns: usize = plain
            .chars()
            .map(|c| if c.is_ascii() { 1 } else { 2 })
            .sum();
        // A mark that closes may stand beyond the edge; signs such as ✓ are narrow and counted wide here.
        assert!(columns <= 46, "{columns}: {line}");
    }
    // Ctrl-C ends it as it ends other programs, and the terminal is left as it was found.
    terminal.learn.kill(Signal::INT);
    assert_eq!(terminal.learn.code(), Some(0));
    assert!(terminal.reads_lines());
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    for (terminal, no_color) in [("xterm", true), ("dumb", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(&folder, &[]);
        command.env("TERM", terminal);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut keys, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut learn = Watched::new(child, out);
        let address = learn.address();
        // Nobody can ask for hints, so they are all there.
        let opening = learn.until("  nc    #");
        assert!(opening.contains("curl -s http://"), "{opening}");
        ask(address, BY_CURL);
        ask(address, BY_HAND);
        let told = learn.until("01 · ");
        assert!(
            told.contains("✓ curl: ") && told.contains("Step 2 of 2"),
            "{told}"
        );
        assert!(
            !opening.contains('\x1b') && !told.contains('\x1b'),
            "{told}"
        );
        keys.write_all(b"q\n").unwrap();
        assert_eq!(learn.code(), Some(0));
    }
}

#[test]
fn a_terminal_that_can_only_print_gets_lines_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder, &[]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::open(command, 80, 24);
    let text = terminal.learn.until("  nc    #");
    assert!(!text.contains("\x1b[2J"), "{text}");
    assert!(terminal.reads_lines());
}

#[test]
fn progress_outlives_a_kill_and_can_be_carried_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(command(&folder, &[]), 90, 40);
    let address = terminal.learn.address();
    ask(address, BY_CURL);
    terminal.learn.until("✓ curl: ");
    terminal.learn.kill(Signal::KILL);
    terminal.learn.code();

    let list = String::from_utf8(records(&folder, &["list"]).stdout).unwrap();
    assert!(list.starts_with("  00 ★ 1/2  First bytes\n"), "{list}");
    let csv = String::from_utf8(records(&folder, &["export"]).stdout).unwrap();
    assert!(
        csv.starts_with("learner,lesson,step,at\r\n\"\",00,curl,\""),
        "{csv}"
    );
    let json = records(&folder, &["export", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        (json[0]["lesson"].as_str(), json[0]["step"].as_str()),
        (Some("00"), Some("curl"))
    );

    // A copy is as good as the file.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("state")).unwrap();
    fs::copy(progress(&folder), progress(&elsewhere)).unwrap();
    let mut terminal = Terminal::open(command(&elsewhere, &[]), 90, 40);
    terminal.learn.until("Step 2 of 2: by-hand");
    drop(terminal);

    assert!(records(&folder, &["reset", "01"]).status.success());
    assert_eq!(records(&folder, &["export"]).stdout.len(), csv.len());
    assert!(records(&folder, &["reset"]).status.success());
    assert_eq!(
        records(&folder, &["export"]).stdout,
        b"learner,lesson,step,at\r\n"
    );
    assert_eq!(records(&folder, &["reset", "999"]).status.code(), Some(2));
}

/// A folder with one lesson in it, of one step.
fn lessons(step: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("en")).unwrap();
    let text = format!("# 70 · Mine\n\nA lesson of one's own.\n\n```step go\n{step}```\n");
    fs::write(folder.path().join("en/70-mine.md"), text).unwrap();
    folder
}

const STEP: &str = "\
do: Ask for /raw with a query.
curl: curl -s 'http://127.0.0.1:8000/raw?a=1'
nc: printf 'GET /raw?a=1 HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000
see: path /raw
see: query a = 1
hint: A query begins with a question mark.
near other
  see: path /raw
  see: query b
  say: The name is a, and not b.
  try: curl -s 'http://127.0.0.1:8000/raw?b=1'
  rule: RFC 1945 3.2.2
pass: There it is.
rule: RFC 1945 3.2.2
";

#[test]
fn a_folder_of_lessons_is_taught_without_rust() {
    let folder = tempfile::tempdir().unwrap();
    let own = lessons(STEP);
    let flag = format!("--lessons={}", own.path().display());
    let mut terminal = Terminal::open(command(&folder, &["70", &flag]), 90, 40);
    let address = terminal.learn.address();
    terminal.learn.until("Ask for /raw with a query.");
    ask(address, b"GET /raw?b=1 HTTP/1.0\r\n\r\n");
    terminal
        .learn
        .until("✗ go (other): The name is a, and not b.");
    ask(address, b"GET /raw?x=2&a=%31 HTTP/1.0\r\n\r\n");
    terminal.learn.until("✓ go: There it is.");

    let wrong = lessons(&STEP.replace("see: query a", "see: qwery a"));
    let flag = format!("--lessons={}", wrong.path().display());
    let output = command(&folder, &[&flag]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert!(
        sentence.contains("en/70-mine.md:10: ") && sentence.contains("qwery"),
        "{sentence}"
    );
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    let output = command
        .args(["learn", "check"])
        .arg(folder)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn the_makers_tool_finds_what_does_not_teach() {
    if !["curl", "nc"]
        .iter()
        .all(|tool| has_tool("the_makers_tool_finds_what_does_not_teach", tool))
    {
        return;
    }
    let (code, text) = check(lessons(STEP).path());
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("70         1           1    2        0\n"),
        "{text}"
    );
    for (from, to, word) in [
        // The solution does not solve it.
        (
            "nc: printf 'GET /raw?a=1",
            "nc: printf 'GET /raw?a=2",
            "its own command does not do it",
        ),
        // The near-miss is not recognised, is the solution, or cannot be typed.
        (
            "try: curl -s 'http://127.0.0.1:8000/raw?b=1'",
            "try: curl -s 'http://127.0.0.1:8000/raw?c=1'",
            "is not taken for it",
        ),
        (
            "  see: query b\n",
            "  see: query a\n",
            "its command is not taken for it",
        ),
        ("try: curl", "try: no-such-program", "could not be run"),
        // It is done by anything.
        (
            "see: path /raw\nsee: query a = 1",
            "see: method GET",
            "done before anything was typed",
        ),
    ] {
        let (code, text) = check(lessons(&STEP.replacen(from, to, 1)).path());
        assert_eq!(code, Some(1), "{to}: {text}");
        assert!(text.contains(word), "{to}: {text}");
    }
    let unreadable = lessons(&STEP.replace("hint: A query begins with a question mark.\n", ""));
    let (code, text) = check(unreadable.path());
    assert!(
        code == Some(1) && text.contains("70-mine.md:5: ") && text.contains("`hint`"),
        "{text}"
    );
    assert_eq!(check(Path::new("/no/such/folder")).0, Some(3));
}

#[test]
fn a_taken_port_and_a_strange_lesson_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(&folder, &["no-such"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let sentence = BufReader::new(&*output.stderr)
        .lines()
        .next()
        .unwrap()
        .unwrap();
    assert!(
        sentence.contains("there is no lesson `no-such`"),
        "{sentence}"
    );
    assert_eq!(
        command(&folder, &["--class"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_probe_grades_what_was_typed_to_the_last_byte() {
    let probe = |address: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
        let output = command
            .args(["probe", address, "--color=never"])
            .args(more)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let right = answering(b"HTTP/1.0 302 Found\r\nLocation: /user/\r\nContent-Length: 0\r\n\r\n");
    let checks = ["--see=status 302", "--see=answer Location = /user/"];
    let (code, text) = probe(&right.to_string(), &checks);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("✓ status 302") && text.ends_with("Right, to the last byte.\n"),
        "{text}"
    );

    let wrong = answering(b"HTTP/1.0 302 Found\nLocation: /user/\r\n\r\n");
    let (code, text) = probe(&wrong.to_string(), &["--lang=zh"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("bare-lf，字节 18"), "{text}");

    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(probe(&gone.to_string(), &[]).0, Some(3));
    assert_eq!(probe("192.0.2.1:80", &[]).0, Some(2));
    assert_eq!(probe("127.0.0.1:9000", &["--see=status"]).0, Some(2));
}

#[test]
fn a_learners_own_server_is_judged_like_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::open(command(&folder, &["t1"]), 90, 50);
    let address = terminal.learn.address();
    terminal.learn.until("Step 1 of 3: hello");
    let port = answering(b"HTTP/1.0 200 OK\nContent-Length: 6\n\nhello\n").port();
    ask(
        address,
        format!("GET /l/t1/probe?port={port} HTTP/1.0\r\n\r\n").as_bytes(),
    );
    terminal.learn.until("✗ hello (lf)");
    terminal.learn.until("response, byte 15:");
    let port = answering(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n").port();
    ask(
        address,
        format!("GET /l/t1/probe?port={port} HTTP/1.0\r\n\r\n").as_bytes(),
    );
    terminal.learn.until("✓ hello: ");
}
