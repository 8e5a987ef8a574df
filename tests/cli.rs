//! The program from outside: what it prints, where, and how it ends.
//!
//! Every test starts the real binary, with none of the tester's own settings in its environment, and
//! waits for lines and ends with a deadline; whatever it started is killed when the test is over.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::has_tool;

/// Longer than anything here takes on a busy machine, and shorter than anybody's patience.
const DEADLINE: Duration = Duration::from_secs(30);

/// The program with these flags, and an environment that says nothing.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    command.env("BLANKLINE_DATA", env!("CARGO_TARGET_TMPDIR"));
    for (name, _) in std::env::vars_os() {
        let own = name.to_string_lossy().starts_with("BLANKLINE_");
        if own || name == "NO_COLOR" || name == "CLICOLOR_FORCE" || name == "CLICOLOR" {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The lines of a stream, read by a thread until its end.
struct Lines(Receiver<String>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }

    fn next(&self) -> String {
        self.0.recv_timeout(DEADLINE).expect("a line in time")
    }

    /// The lines up to the first that has `part` in it, that one included.
    fn until(&self, part: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.0.recv_timeout(DEADLINE) {
                Ok(line) => lines.push(line),
                Err(_) => panic!("no line with {part:?} in time, but {lines:#?}"),
            }
            if lines[lines.len() - 1].contains(part) {
                return lines;
            }
        }
    }

    /// Everything up to the end of the stream.
    fn rest(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.0.recv_timeout(DEADLINE) {
                Ok(line) => lines.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return lines,
                Err(_) => panic!("no end in time, but {lines:#?}"),
            }
        }
    }
}

/// A server that has said where it listens.
struct Server {
    child: Running,
    address: SocketAddr,
    stderr: Lines,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        Self::spawn(program(&[&["serve", "--port", "0"], args].concat()))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = Running(command.spawn().unwrap());
        let stdout = Lines::of(child.0.stdout.take().unwrap());
        let stderr = Lines::of(child.0.stderr.take().unwrap());
        let first = stdout.next();
        let address = first
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.strip_suffix('/')?.parse().ok());
        Self {
            child,
            address: address.unwrap_or_else(|| panic!("the first line is {first:?}")),
            stderr,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Sends, closes the sending side, and reads to the end. Says whose line will be on the console.
    fn exchange(&self, request: &[u8]) -> (SocketAddr, String) {
        let mut stream = self.connect();
        let peer = stream.local_addr().unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        (peer, read(&mut stream))
    }

    /// Sends a request that lacks its last byte, and waits until the server has seen the others.
    /// Needs a short `--hint-time`.
    fn half_sent(&self) -> TcpStream {
        let mut stream = self.connect();
        let request = b"POST /raw HTTP/1.0\r\nContent-Length: 3\r\n\r\nab";
        stream.write_all(request).unwrap();
        self.stderr.until("Got 2 of the 3 bytes");
        stream
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child.0);
        kill_process(pid, signal).unwrap();
    }

    /// What was still said, and the exit code.
    fn end(mut self) -> (Vec<String>, Option<i32>) {
        let rest = self.stderr.rest();
        (rest, self.child.0.wait().unwrap().code())
    }
}

fn read(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8(response).unwrap()
}

/// What a command that ends by itself said and did.
#[derive(Debug)]
struct Ended {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

fn run(args: &[&str], input: &[u8]) -> Ended {
    finish(program(args), input)
}

fn finish(mut command: Command, input: &[u8]) -> Ended {
    let mut child = Running(command.stdin(Stdio::piped()).spawn().unwrap());
    let stdout = Lines::of(child.0.stdout.take().unwrap());
    let stderr = Lines::of(child.0.stderr.take().unwrap());
    // A program that ends without reading has closed its side.
    let _closed = child.0.stdin.take().unwrap().write_all(input);
    Ended {
        stdout: stdout.rest().join("\n"),
        stderr: stderr.rest().join("\n"),
        code: child.0.wait().unwrap().code(),
    }
}

// Serving

#[test]
fn the_first_line_says_where_it_listens_and_requests_are_answered() {
    let server = Server::start(&["--frozen"]);
    assert!(server.address.ip().is_loopback());
    let (peer, response) = server.exchange(b"GET /raw HTTP/1.0\r\n\r\n");
    assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
    assert!(
        response.ends_with("\r\n\r\nGET /raw HTTP/1.0\r\n\r\n"),
        "{response}"
    );
    let line = server.stderr.next();
    let start = format!("02:02:09Z  {:<15}  GET /raw HTTP/1.0 ", peer.to_string());
    let numbers: Vec<&str> = line
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{line:?} does not start with {start:?}"))
        .split_whitespace()
        .collect();
    let bytes = response.len().to_string();
    assert_eq!(numbers[..3], ["200", &bytes, "B"]);
    assert!(numbers[3].parse::<u64>().is_ok(), "{line}");
    assert_eq!(numbers[4], "us");
}

#[test]
fn blankline_alone_serves_too() {
    let server = Server::spawn(program(&["--port", "0"]));
    let (_, response) = server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
}

#[test]
fn what_is_wrong_stands_below_the_exchange() {
    let server = Server::start(&[]);
    server.exchange(b"GET /a b HTTP/1.0\r\n\r\n");
    let lines = server.stderr.until("^");
    assert!(
        lines[0].contains("  GET /a b HTTP/1.0 ") && lines[0].contains(" 400 "),
        "{lines:#?}"
    );
    assert!(
        lines[1].starts_with("    bad-target at byte 4: Between the method and the version"),
        "{lines:#?}"
    );
    assert!(lines[1].ends_with(" (RFC 1945 5.1.2)"), "{lines:#?}");
    assert_eq!(lines[2], r"      GET /a b HTTP/1.0\r\n");
    assert_eq!(lines[3], r"          ^^^^");
}

#[test]
fn the_console_speaks_chinese() {
    let server = Server::start(&["--lang", "zh"]);
    server.exchange(b"GET / HTTP/1.0\n\n");
    let lines = server.stderr.until("bare-lf");
    assert!(
        lines[1].starts_with("    bare-lf，字节 14：这一行只以 LF 结尾"),
        "{lines:#?}"
    );
}

#[test]
fn every_near_miss_of_the_lessons_has_its_word() {
    let server = Server::start(&[]);
    let near_misses: [(&[u8], &[&str]); 13] = [
        // What `curl -L -X POST -d ...` sends after a redirect.
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", &["length-required"]),
        (b"GET /raw\r\n", &["simple-request"]),
        (b"get /raw\r\n", &["simple-request-not-get"]),
        (b"GET / HTTP/1.0\n\n", &["bare-lf"]),
        (b"GET / HTTP/1.0\r\n", &["head-cut-short"]),
        (
            b"POST /raw HTTP/1.0\r\nContent-Length: 5\r\n\r\nabc",
            &["body-cut-short"],
        ),
        (
            b"POST /raw HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcde",
            &["excess-bytes"],
        ),
        (
            b"POST /raw HTTP/1.0\r\nContent Length: 3\r\n\r\nabc",
            &["bad-field-name"],
        ),
        (
            b"GET / HTTP/1.0\r\nIf_Modified_Since: Mon, 30 Oct 2017 02:02:09 GMT\r\n\r\n",
            &["underscore-in-name"],
        ),
        (b"get / HTTP/1.0\r\n\r\n", &["method-case"]),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &["transfer-encoding"],
        ),
        // What `curl -T -` sends: two lessons at once.
        (
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &["unknown-method", "transfer-encoding"],
        ),
        (b"GET /no/such/page HTTP/1.0\r\n\r\n", &["not-found"]),
    ];
    for (request, slugs) in near_misses {
        server.exchange(request);
        for slug in slugs {
            server.stderr.until(&format!("    {slug} at byte "));
        }
    }
}

#[test]
fn a_client_that_waits_for_100_continue_is_told_of_while_it_waits() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let head = b"POST /raw HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    stream.write_all(head).unwrap();
    server.stderr.until("The client waits for `100 Continue`");
    stream.write_all(b"a").unwrap();
    server.stderr.until("POST /raw HTTP/1.1");
}

#[test]
fn what_the_peer_sends_reaches_no_terminal() {
    let server = Server::start(&[]);
    server.exchange(b"GET /\x1b[2J HTTP/1.0\r\nX: \x1b]0;mine\x07\r\nY: \x9b2J\r\n\r\n");
    // The next request marks the end of what was said of this one.
    server.exchange(b"GET /last HTTP/1.0\r\n\r\n");
    let said = server.stderr.until("GET /last").join("\n");
    assert!(said.contains(r"GET /\x1b[2J HTTP/1.0"), "{said}");
    assert!(said.contains(r"X: \x1b]0;mine\x07\r\n"), "{said}");
    assert!(
        said.chars().all(|c| c == '\n' || !c.is_control()),
        "{said:?}"
    );
}

#[test]
fn somebody_who_types_is_helped_while_typing() {
    let server = Server::start(&["--hint-time", "0.05"]);
    let mut stream = server.connect();
    stream.write_all(b"GET / HT").unwrap();
    server
        .stderr
        .until("Still waiting for the end of this line: press Enter.");
    stream.write_all(b"TP/1.0\r\n").unwrap();
    let said = server.stderr.until("press Enter once more.");
    let peer = stream.local_addr().unwrap().to_string();
    assert!(said[0].contains(&peer), "{said:#?}");
    stream.write_all(b"\r\n").unwrap();
    assert!(read(&mut stream).starts_with("HTTP/1.0 200 OK\r\n"));
}

#[test]
fn quiet_says_nothing() {
    let server = Server::start(&["--quiet"]);
    server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    server.exchange(b"what is this?\r\n\r\n");
    server.signal(Signal::TERM);
    assert_eq!(server.end(), (Vec::new(), Some(0)));
}

#[test]
fn nobody_reading_what_it_prints_does_not_stop_it() {
    let mut child = Running(program(&["--port", "0"]).spawn().unwrap());
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    drop(stdout);
    drop(child.0.stderr.take());
    let address = first.trim_end_matches(['/', '\n']);
    let address = address.strip_prefix("listening on http://").unwrap();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        assert!(read(&mut stream).starts_with("HTTP/1.0 200 OK\r\n"));
    }
}

#[test]
fn a_terminal_that_takes_nothing_holds_nobody_up() {
    let mut command = program(&["--port", "0", "--stop-time", "0.1"]);
    let mut child = Running(command.spawn().unwrap());
    let first = Lines::of(child.0.stdout.take().unwrap()).next();
    let address = first.trim_end_matches('/');
    let address = address.strip_prefix("listening on http://").unwrap();
    // The pipe takes 64 KiB, and this is several times as much.
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"GET /a b HTTP/1.0\n\n").unwrap();
        assert!(read(&mut stream).starts_with("HTTP/1.0 400 "));
    }
    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    // It ends although nobody has read a byte of it.
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

// The trace

#[test]
fn a_trace_shows_each_read_as_it_comes() {
    let server = Server::start(&["--trace", "head", "--frozen"]);
    let mut stream = server.connect();
    for (typed, row) in [
        ("GET /raw HT", ">      0  GET /raw HT"),
        ("TP/1.0\r\n", r">     11  TP/1.0\r\n"),
        ("\r\n", r">     19  \r\n"),
    ] {
        // The client has not said all, and the server has not answered: the row is there already.
        stream.write_all(typed.as_bytes()).unwrap();
        server.stderr.until(row);
    }
    let lines = server.stderr.until("exchange 1: 200, 21 bytes in, ");
    assert!(
        lines.contains(&r"<      0  HTTP/1.0 200 OK\r\n".to_owned()),
        "{lines:#?}"
    );
    drop(stream);
    server.stderr.until("the server closed the connection");
}

#[test]
fn a_trace_is_coloured_by_part_when_asked() {
    let server = Server::start(&["--trace", "full", "--color", "always"]);
    server.exchange(b"GET /raw HTTP/1.0\r\nA: b\r\n\r\n");
    let lines = server.stderr.until("exchange 1: ");
    let line = lines.iter().find(|line| line.contains("GET")).unwrap();
    assert!(line.contains("\x1b[36m/raw\x1b[0m"), "{line:?}");
    assert!(line.ends_with("\x1b[2m\\r\\n\x1b[0m"), "{line:?}");
}

#[test]
fn quiet_and_off_say_nothing_of_exchanges() {
    for flags in [&["--quiet", "--trace", "full"][..], &["--trace", "off"]] {
        let server = Server::start(flags);
        server.exchange(b"GET / HTTP/1.0\r\n\r\n");
        server.signal(Signal::TERM);
        let (rest, code) = server.end();
        assert_eq!(code, Some(0));
        let said = rest.iter().filter(|line| !line.starts_with("stopping"));
        assert_eq!(said.count(), 0, "{rest:#?}");
    }
}

#[test]
fn the_trace_as_json_goes_to_a_file_or_has_stdout_alone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start(&["--trace-json", file.path().to_str().unwrap(), "--quiet"]);
    let url = format!("http://{}/", server.address);
    server.exchange(b"GET /raw HTTP/1.0\r\n\r\n");
    server.signal(Signal::TERM);
    assert_eq!(server.end(), (vec![], Some(0)));
    let lines = std::fs::read_to_string(file.path()).unwrap();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&events[0]["event"], &events[0]["url"]),
        (&"listening".into(), &url.into())
    );
    assert_eq!(events[events.len() - 1]["event"], "closed");
    assert!(
        events
            .iter()
            .any(|event| event["event"] == "exchange" && event["status"] == 200)
    );

    let mut child = Running(
        program(&["serve", "--port", "0", "--trace-json", "-"])
            .spawn()
            .unwrap(),
    );
    let stdout = Lines::of(child.0.stdout.take().unwrap());
    let first: Value = serde_json::from_str(&stdout.next()).unwrap();
    assert_eq!(
        (&first["v"], &first["event"]),
        (&1.into(), &"listening".into())
    );
    let address = first["url"].as_str().unwrap();
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /\r\n").unwrap();
    for line in stdout.until("\"event\":\"closed\"") {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    }
}

#[test]
fn a_trace_that_cannot_be_written_is_one_sentence() {
    let ended = run(&["--port", "0", "--trace-json", "/no/such/trace"], b"");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let start = "blankline: cannot write the trace to /no/such/trace: ";
    assert!(ended.stderr.starts_with(start), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_form_is_dissected_field_by_field() {
    let form = b"POST / HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2";
    let shown = run(&["dissect"], form).stdout;
    for row in ["form-name", "equals", "form-value", "separator"] {
        assert!(shown.contains(&format!("  {row}\n")), "{shown}");
    }
}

// Stopping

#[test]
fn the_first_signal_lets_what_is_under_way_finish() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(&["--hint-time", "0.05", "--stop-time", "600"]);
        let mut stream = server.half_sent();
        server.signal(signal);
        let said = server.stderr.until("stopping: ");
        assert!(said[0].contains("600 s"), "{said:#?}");
        stream.write_all(b"c").unwrap();
        assert!(read(&mut stream).starts_with("HTTP/1.0 "));
        let (rest, code) = server.end();
        assert_eq!(code, Some(0));
        assert!(rest[0].contains("POST /raw HTTP/1.0"), "{rest:#?}");
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    let server = Server::start(&["--hint-time", "0.05", "--stop-time", "600"]);
    let mut stream = server.half_sent();
    server.signal(Signal::TERM);
    server.stderr.until("stopping: ");
    server.signal(Signal::TERM);
    let (rest, code) = server.end();
    assert_eq!(code, Some(0));
    assert!(rest.contains(&"ending at once".to_owned()), "{rest:#?}");
    let mut response = Vec::new();
    // An end or a reset, and no answer.
    let _reset = stream.read_to_end(&mut response);
    assert_eq!(response, b"");
}

#[test]
fn stopping_does_not_wait_longer_than_it_says() {
    let server = Server::start(&["--hint-time", "0.05", "--stop-time", "0.1"]);
    let _stuck = server.half_sent();
    server.signal(Signal::TERM);
    assert_eq!(server.end().1, Some(0));
}

// What cannot be done

#[test]
fn a_port_in_use_is_one_sentence() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let port = address.port().to_string();
    let ended = run(&["--port", &port], b"");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
    let start = format!("blankline: cannot listen on {address}: ");
    assert!(ended.stderr.starts_with(&start), "{ended:?}");
    assert!(
        ended.stderr.contains("Another program has this port"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");

    // The flag's twin in the environment says the same, and the flag overrides it.
    let mut twin = program(&["serve"]);
    twin.env("BLANKLINE_PORT", &port);
    let ended = finish(twin, b"");
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.starts_with(&start), "{ended:?}");
    let mut overridden = program(&["serve", "--port", "0"]);
    overridden.env("BLANKLINE_PORT", &port);
    assert_ne!(Server::spawn(overridden).address, address);
}

#[test]
fn a_folder_that_is_not_there_is_one_sentence() {
    let ended = run(
        &["serve", "--port", "0", "--static-dir", "/no/such/folder"],
        b"",
    );
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let start = "blankline: cannot open the static folder /no/such/folder: ";
    assert!(ended.stderr.starts_with(start), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
}

#[test]
fn an_address_of_another_machine_is_one_sentence() {
    // A network for documentation (RFC 5737): no machine has an address in it.
    let ended = run(&["--bind", "192.0.2.1", "--port", "0"], b"");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended.stderr.contains("an address of this machine"),
        "{ended:?}"
    );
}

#[test]
fn flags_that_say_nothing_sensible_are_refused() {
    let cases: [(&[&str], &str); 14] = [
        (&["--frozen=yesterday"], "is no HTTP-date"),
        (
            &["--edition", "rfc2616"],
            "is no edition: notes, rfc1945 or rfc9110",
        ),
        (&["--lang", "fr"], "is no language: en or zh"),
        (&["--keep-alive", "maybe"], "is neither on nor off"),
        (&["--head-time", "0"], "seconds above 0"),
        (&["--loops", "0"], "is no number of at least 1"),
        (&["--server-header", "a\r\nb"], "cannot stand in a field"),
        (
            &["--frozen", "--bind", "0.0.0.0"],
            "only listens on loopback",
        ),
        (
            &["--port", "0", "editions"],
            "`--port` has no effect before `editions`",
        ),
        (
            &["--session-engine", "memcached"],
            "db, file, cache, cached_db, signed_cookies or redis",
        ),
        (&["--session-cookie-name", "a b"], "is no cookie's name"),
        (&["--secret-key", ""], "a value is required"),
        (
            &["--session-engine", "db", "clearsessions"],
            "`--session-engine` has no effect before `clearsessions`",
        ),
        (
            &["dissect", "--request", "--response"],
            "cannot be used with",
        ),
    ];
    for (args, word) in cases {
        let ended = run(args, b"");
        assert_eq!(ended.code, Some(2), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(word), "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[test]
fn an_open_address_is_warned_of() {
    let server = Server::start(&["--bind", "0.0.0.0", "--quiet"]);
    let warning = server.stderr.next();
    assert!(
        warning.starts_with("warning: 0.0.0.0 is not loopback"),
        "{warning}"
    );
}

// Colour

#[test]
fn colour_is_for_terminals_unless_told_otherwise() {
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = program(args);
        command.envs(env.iter().copied());
        finish(command, b"GET / HTTP/1.0\n\n")
            .stdout
            .contains('\x1b')
    };
    assert!(!coloured(&["dissect"], &[]));
    assert!(coloured(&["dissect", "--color", "always"], &[]));
    assert!(coloured(&["--color", "always", "dissect"], &[]));
    assert!(coloured(
        &["dissect", "--color", "always"],
        &[("NO_COLOR", "1")]
    ));
    assert!(coloured(&["dissect"], &[("BLANKLINE_COLOR", "always")]));
    assert!(coloured(&["dissect"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        &["dissect"],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!coloured(
        &["dissect", "--color", "never"],
        &[("CLICOLOR_FORCE", "1")]
    ));
    // JSON and Markdown have no colour to begin with.
    assert!(!coloured(&["dissect", "--json", "--color", "always"], &[]));
}

#[test]
fn the_console_is_coloured_when_asked() {
    let server = Server::start(&["--color", "always"]);
    server.exchange(b"GET / HTTP/1.0\r\n\r\n");
    let line = server.stderr.next();
    assert!(line.contains("\x1b[32m200\x1b[0m"), "{line:?}");
}

// Editions

#[test]
fn the_editions_are_a_table() {
    let ended = run(&["editions"], b"");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(words, ["row", "notes", "rfc1945", "rfc9110"]);
    let column = lines[0].find("rfc1945").unwrap();
    assert!(lines[1].starts_with("302 phrase "), "{lines:#?}");
    assert!(lines[1][column..].starts_with("Moved Temporarily  "));

    let json: Value = serde_json::from_str(&run(&["editions", "--json"], b"").stdout).unwrap();
    let rows = json.as_array().unwrap();
    assert_eq!(rows.len(), lines.len() - 1);
    assert_eq!(rows[0]["row"], "302 phrase");
    assert_eq!(rows[0]["rfc1945"], "Moved Temporarily");
    for (row, line) in rows.iter().zip(&lines[1..]) {
        assert!(line.starts_with(row["row"].as_str().unwrap()), "{line}");
    }
}

// Dissecting

const REQUEST: &[u8] =
    b"POST /user/register/ HTTP/1.0\r\nContent-Length: 14\r\n\r\nusername=admin!";

const REQUEST_ROWS: &str = r"request, 68 bytes

   0  50 4f 53 54                                   POST             method
   4  20                                                             space
   5  2f 75 73 65 72 2f 72 65 67 69 73 74 65 72 2f  /user/register/  request-target
  20  20                                                             space
  21  48 54 54 50 2f 31 2e 30                       HTTP/1.0         http-version
  29  0d 0a                                         \r\n             line-end
  31  43 6f 6e 74 65 6e 74 2d 4c 65 6e 67 74 68     Content-Length   field-name
  45  3a                                            :                colon
  46  20                                                             whitespace
  47  31 34                                         14               field-value
  49  0d 0a                                         \r\n             line-end
  51  0d 0a                                         \r\n             blank-line
  53  75 73 65 72 6e 61 6d 65 3d 61 64 6d 69 6e     username=admin   body
  67  21                                            !                excess

";

#[test]
fn a_request_is_labelled_byte_for_byte() {
    let ended = run(&["dissect"], REQUEST);
    let rest = ended.stdout.strip_prefix(REQUEST_ROWS);
    let rest: Vec<&str> = rest
        .unwrap_or_else(|| panic!("{ended:?}"))
        .lines()
        .collect();
    assert!(
        rest[0].starts_with("excess-bytes at byte 67: "),
        "{rest:#?}"
    );
    assert!(rest[0].ends_with(" (RFC 1945 7.2.2)"), "{rest:#?}");
    assert_eq!(
        rest[1..],
        [
            "  username=admin!",
            "                ^",
            "",
            "httparse accepts this head of 53 bytes and counts its fields: 1.",
        ]
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

const RESPONSE: &[u8] = b"HTTP/1.0 302 Found\nLocation: /user/\r\nContent-Length: 20\r\n\r\n\
    <p>See \xe7\x94\xb7</p>\n";

const RESPONSE_ROWS: &str = r"response, 74 bytes

   0  48 54 54 50 2f 31 2e 30                       HTTP/1.0                   http-version
   8  20                                                                       space
   9  33 30 32                                      302                        status-code
  12  20                                                                       space
  13  46 6f 75 6e 64                                Found                      reason-phrase
  18  0a                                            \n                         line-end
  19  4c 6f 63 61 74 69 6f 6e                       Location                   field-name
  27  3a                                            :                          colon
  28  20                                                                       whitespace
  29  2f 75 73 65 72 2f                             /user/                     field-value
  35  0d 0a                                         \r\n                       line-end
  37  43 6f 6e 74 65 6e 74 2d 4c 65 6e 67 74 68     Content-Length             field-name
  51  3a                                            :                          colon
  52  20                                                                       whitespace
  53  32 30                                         20                         field-value
  55  0d 0a                                         \r\n                       line-end
  57  0d 0a                                         \r\n                       blank-line
  59  3c 70 3e 53 65 65 20 e7 94 b7 3c 2f 70 3e 0a  <p>See \xe7\x94\xb7</p>\n  body

bare-lf at byte 18: ";

#[test]
fn a_response_is_known_by_its_first_word() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(RESPONSE).unwrap();
    let ended = run(&["dissect", file.path().to_str().unwrap()], b"");
    assert!(ended.stdout.starts_with(RESPONSE_ROWS), "{}", ended.stdout);
    // A body that is cut short is refused, whoever sends it.
    assert_eq!(ended.code, Some(1));
}

#[test]
fn the_kind_of_message_can_be_forced() {
    let first = |args: &[&str], input: &[u8]| {
        let stdout = run(&[&["dissect"], args].concat(), input).stdout;
        stdout.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        first(&["--request"], b"HTTP/1.0 200 OK\r\n\r\n"),
        "request, 19 bytes"
    );
    assert_eq!(first(&["--response"], b"!"), "response, 1 byte");
    assert_eq!(first(&["--lang", "zh"], b""), "请求，0 字节");

    let head = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(run(&["dissect"], head).code, Some(1));
    assert_eq!(run(&["dissect", "--to-head"], head).code, Some(0));
}

#[test]
fn a_dissection_is_a_json_document_too() {
    let ended = run(&["dissect", "--json", "--body-bytes", "8", "-"], REQUEST);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&json["kind"], &json["length"]),
        (&"request".into(), &68.into())
    );
    let labels = json["labels"].as_array().unwrap();
    let mut end = 0;
    for label in labels {
        assert_eq!(label["start"], end);
        end = label["end"].as_u64().unwrap();
    }
    assert_eq!(end, 68);
    assert_eq!(labels[11]["part"], "blank-line");
    assert_eq!(
        (&labels[11]["text"], &labels[11]["hex"]),
        (&r"\r\n".into(), &"0d0a".into())
    );
    assert_eq!(
        (&labels[12]["text"], &labels[12]["omitted"]),
        (&"username".into(), &6.into())
    );
    let fault = &json["faults"][0];
    assert_eq!(
        (&fault["slug"], &fault["lesson"]),
        (&"excess-bytes".into(), &11.into())
    );
    assert!(
        fault["sentence"]["zh"].as_str().unwrap().ends_with('？')
            || fault["sentence"]["zh"].as_str().unwrap().ends_with('。')
    );
    assert!(json["opinion"].as_str().unwrap().contains("53 bytes"));
}

#[test]
fn a_message_that_is_refused_is_exit_code_1_and_one_that_cannot_be_read_is_3() {
    assert_eq!(
        run(&["dissect"], b"GET /a b HTTP/1.0\r\n\r\n").code,
        Some(1)
    );
    assert_eq!(run(&["dissect"], b"GET / HTTP/1.0\n\n").code, Some(0));
    for (file, word) in [
        ("/no/such/file", "Is the name right?"),
        ("/", "one message"),
    ] {
        let ended = run(&["dissect", file], b"");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
        let start = format!("blankline: cannot read {file}: ");
        assert!(ended.stderr.starts_with(&start), "{ended:?}");
        assert!(ended.stderr.contains(word), "{ended:?}");
    }
}

#[test]
fn a_long_body_is_cut_and_counted() {
    let mut message = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
    message.resize(message.len() + 1000, b'a');
    let shown = run(&["dissect"], &message).stdout;
    assert!(
        shown.contains("\n ...  744 more bytes, not shown (--body-bytes)\n"),
        "{shown}"
    );
    let all = run(&["dissect", "--body-bytes", "1000"], &message).stdout;
    assert!(!all.contains("not shown"), "{all}");
}

#[test]
fn a_message_longer_than_256_mib_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(256 * 1024 * 1024 + 1).unwrap();
    let ended = run(&["dissect", file.path().to_str().unwrap()], b"");
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("more than 256 MiB"),
        "{}",
        ended.stderr
    );
}

/// The first two lines of a server's stdout, and what it says on stderr.
fn two_lines(args: &[&str]) -> (Running, [String; 2], Lines) {
    let mut child = Running(program(args).spawn().unwrap());
    let stdout = Lines::of(child.0.stdout.take().unwrap());
    let stderr = Lines::of(child.0.stderr.take().unwrap());
    (child, [stdout.next(), stdout.next()], stderr)
}

#[test]
fn the_live_page_has_the_second_line() {
    let (_server, [first, second], _) = two_lines(&["serve", "--port", "0"]);
    assert!(
        first.starts_with("listening on http://127.0.0.1:"),
        "{first}"
    );
    let address = second
        .strip_prefix("inspector on http://")
        .and_then(|rest| rest.strip_suffix('/'))
        .unwrap_or_else(|| panic!("the second line is {second:?}"));
    let mut page = TcpStream::connect(address).unwrap();
    page.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(read(&mut page).contains("<title>blankline inspector</title>"));
}

#[test]
fn the_live_page_keeps_secrets_where_other_machines_can_look_on() {
    let greeting = |flags: &[&str]| {
        let (_server, [_, second], _) = two_lines(&[&["serve", "--port", "0"], flags].concat());
        let address = second.strip_prefix("inspector on http://").unwrap();
        let mut page = TcpStream::connect(address.trim_end_matches('/')).unwrap();
        page.write_all(b"GET /events HTTP/1.0\r\n\r\n").unwrap();
        let hello = Lines::of(page).until("\"hidden\"");
        hello.last().unwrap().clone()
    };
    assert!(greeting(&[]).contains("\"hidden\":false"));
    // Any address of the loopback network would do, but only this one is not called loopback.
    let open = ["--bind", "0.0.0.0"];
    assert!(greeting(&open).contains("\"hidden\":true"));
    assert!(greeting(&[&open[..], &["--show-secrets"]].concat()).contains("\"hidden\":false"));
}

#[test]
fn a_taken_port_of_the_live_page_is_fatal_only_if_it_was_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run(&["serve", "--port", "0", "--inspector-port", &port], b"");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
    assert!(
        ended
            .stderr
            .contains("cannot open the live page on 127.0.0.1:"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("--no-inspector"), "{ended:?}");
    // The usual one: taken by us, or by somebody else if we cannot have it.
    let _usual = TcpListener::bind("127.0.0.1:8001");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let args = ["serve", "--port", &free.port().to_string()];
    let mut child = Running(program(&args).spawn().unwrap());
    let stderr = Lines::of(child.0.stderr.take().unwrap());
    stderr.until("no live page: cannot listen on 127.0.0.1:8001");
    let stdout = Lines::of(child.0.stdout.take().unwrap());
    assert_eq!(stdout.next(), format!("listening on http://{free}/"));
}

// What people have: several messages, and curl's traces

#[test]
fn messages_in_a_row_are_dissected_one_by_one() {
    let two = b"GET /a HTTP/1.0\r\n\r\nGET /b c HTTP/1.0\r\n\r\n";
    let ended = run(&["dissect"], two);
    assert!(ended.stdout.starts_with("request, 19 bytes\n"), "{ended:?}");
    assert!(ended.stdout.contains("\nrequest, 21 bytes\n"), "{ended:?}");
    assert_eq!(ended.code, Some(1), "the second is refused");
    let json: Value = serde_json::from_str(&run(&["dissect", "--json"], two).stdout).unwrap();
    assert_eq!(json[0]["length"], 19);
    assert_eq!(json[1]["length"], 21);
}

/// What curl wrote of itself into a file, and the folder that keeps it.
fn traced(flag: &str, args: &[&str]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut curl = Command::new("curl");
    curl.args(["-s", "--noproxy", "*", flag]).arg(&trace);
    assert!(curl.args(args).output().unwrap().status.success());
    let trace = trace.to_str().unwrap().to_owned();
    (folder, trace)
}

/// The same of two requests, whose answers are thrown away.
fn two_traced(address: SocketAddr, args: &[&str]) -> (TempDir, String) {
    let urls = ["a", "b"].map(|name| format!("http://{address}/{name}"));
    let downloads = urls.iter().flat_map(|url| ["-o", "/dev/null", url]);
    let args: Vec<&str> = args.iter().copied().chain(downloads).collect();
    traced("--trace", &args)
}

/// Takes a request's head, to its blank line.
fn read_head(mut client: &TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        client.read_exact(&mut octet).unwrap();
        head.extend(octet);
    }
}

#[test]
fn a_trace_of_curls_is_dissected() {
    if !has_tool("a_trace_of_curls_is_dissected", "curl") {
        return;
    }
    let server = Server::start(&["--quiet", "--frozen"]);
    let url = format!("http://{}/redirect/", server.address);
    for (flag, says) in [
        ("--trace", ""),
        ("--trace-ascii", "this is a --trace-ascii"),
    ] {
        let (_folder, trace) = traced(flag, &["-I", "--trace-time", &url]);
        let ended = run(&["dissect", &trace], b"");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.starts_with("request, "), "{ended:?}");
        assert!(ended.stdout.contains("\nresponse, "), "{ended:?}");
        assert!(ended.stdout.contains("/user/"), "{ended:?}");
        assert!(
            ended.stderr.contains(says) && ended.stderr.is_empty() == says.is_empty(),
            "{ended:?}"
        );
    }
}

#[test]
fn connections_at_once_in_a_trace_of_curls_are_not_mixed() {
    if !has_tool(
        "connections_at_once_in_a_trace_of_curls_are_not_mixed",
        "curl",
    ) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Both have asked before either is answered.
    let server = std::thread::spawn(move || {
        let clients = [(); 2].map(|()| listener.accept().unwrap().0);
        clients.iter().for_each(read_head);
        for mut client in &clients {
            client.write_all(b"HTTP/1.0 200 OK\r\n\r\nhi").unwrap();
        }
    });
    let (_folder, trace) = two_traced(address, &["-Z", "--parallel-immediate"]);
    server.join().unwrap();
    let ended = run(&["dissect", &trace], b"");
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended.stderr.contains("two connections are busy"),
        "{ended:?}"
    );
    assert!(!ended.stdout.contains("response"), "{ended:?}");
}

#[test]
fn chunked_responses_in_a_trace_of_curls_end_behind_their_last_chunk() {
    if !has_tool(
        "chunked_responses_in_a_trace_of_curls_end_behind_their_last_chunk",
        "curl",
    ) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Two answers on one connection.
    let server = std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        for _ in 0..2 {
            read_head(&client);
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            client.write_all(head).unwrap();
            client
                .write_all(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .unwrap();
        }
    });
    let (_folder, trace) = two_traced(address, &[]);
    server.join().unwrap();
    let ended = run(&["dissect", "--json", &trace], b"");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    let kinds: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds, ["request", "response", "request", "response"]);
    for response in [&json[1], &json[3]] {
        assert_eq!(response["length"], 47 + 20, "{response:#}");
        let faults = response["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 1, "{response:#}");
        assert_eq!(faults[0]["slug"], "chunked");
        assert_eq!(
            (&faults[0]["seen"], &faults[0]["limit"]),
            (&2.into(), &5.into())
        );
    }
}

#[test]
fn the_connections_of_a_trace_with_numbers_are_shown_one_by_one() {
    let mut trace = String::new();
    for (stamp, mark, what, line) in [
        ("[0-0] ", "=>", "Send", "GET /a HTTP/1.0"),
        ("[1-1] ", "=>", "Send", "GET /b HTTP/1.0"),
        ("[1-1] ", "<=", "Recv", "HTTP/1.0 304 Not"),
        ("[0-0] ", "<=", "Recv", "HTTP/1.0 200 OK"),
    ] {
        let bytes = format!("{line}\r\n\r\n");
        let length = bytes.len();
        trace += &format!("{stamp}{mark} {what} header, {length} bytes (0x{length:x})\n");
        for (at, row) in (0..).step_by(16).zip(bytes.as_bytes().chunks(16)) {
            let hex: String = row.iter().map(|octet| format!("{octet:02x} ")).collect();
            trace += &format!("{at:04x}: {hex}\n");
        }
    }
    let ended = run(&["dissect"], trace.as_bytes());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let headings: Vec<_> = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with("connection") || line.ends_with(" bytes"))
        .collect();
    let wanted = [
        "connection 0",
        "request, 19 bytes",
        "response, 19 bytes",
        "connection 1",
        "request, 19 bytes",
        "response, 20 bytes",
    ];
    assert_eq!(headings, wanted);
    let json = run(&["dissect", "--json"], trace.as_bytes()).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[2]["connection"], 1);
}

#[test]
fn a_capture_that_cannot_be_read_is_told_with_its_place() {
    // A whole pcap without packets, and the beginning of one packet.
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    capture.extend([0; 8]);
    capture.extend([0xff, 0xff, 0, 0, 101, 0, 0, 0]);
    let dissect =
        |input: &[u8], flags: &[&str]| run(&[&["dissect", "--pcap", "-"], flags].concat(), input);
    let ended = dissect(&capture, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("there is no TCP in it"), "{ended:?}");
    let ended = dissect(&capture, &["--stream", "0"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    capture.extend([0; 8]);
    let ended = dissect(&capture, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("begins at byte 24;"), "{ended:?}");
    capture.extend([0xff; 8]);
    let ended = dissect(&capture, &["--json"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("broken at byte 24 (a packet of 4294967295 bytes)"),
        "{ended:?}"
    );
    let json: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&json["end"], &json["end_at"]),
        (&"broken".into(), &24.into())
    );
    let ended = dissect(b"GET / HTTP/1.0\r\n\r\n", &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended.stderr.contains("at byte 0 stands neither"),
        "{ended:?}"
    );
    let ended = dissect(&capture, &["--pcap-bytes", "39"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("it has more than 39 bytes. --pcap-bytes takes more"),
        "{ended:?}"
    );
    for wrong in [&["--request"][..], &["file"]] {
        assert_eq!(dissect(&capture, wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["dissect", "--stream", "1"], b"").code, Some(2));
}

// Other people's servers and clients

#[test]
fn canned_bytes_are_sent_once_and_what_came_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("cases/short");
    std::fs::create_dir_all(&case).unwrap();
    std::fs::write(case.join("response.http"), "HTTP/1.0 200 OK\r\n\r\nhello").unwrap();
    std::fs::write(case.join("canned.args"), "--cut=8\n").unwrap();
    let (cases, log) = (folder.path().join("cases"), folder.path().join("log"));
    let (cases, log_flag) = (cases.to_str().unwrap(), format!("--log={}", log.display()));
    let flags = ["canned", cases, "--port", "0", "--once", &log_flag];
    let server = Server::spawn(program(&flags));
    let (_, answer) = server.exchange(b"GET /a\x1b HTTP/1.0\r\n\r\n");
    assert_eq!(answer, "HTTP/1.0");
    let line = server.stderr.next();
    let wanted = r"GET /a\x1b HTTP/1.0  (20 bytes)  short: 8 bytes sent, the client closed";
    assert!(line.ends_with(wanted), "{line}");
    assert_eq!(server.end(), (Vec::new(), Some(0)));
    let sent = std::fs::read(log.join("0001-short/request.http")).unwrap();
    assert_eq!(sent, b"GET /a\x1b HTTP/1.0\r\n\r\n");
}

#[test]
fn canned_and_conform_stay_on_this_machine_and_say_what_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let cases: [(&[&str], i32, &str); 6] = [
        (&["canned", folder], 2, "NAME/response.http"),
        (
            &["canned", "no-such-folder"],
            3,
            "cannot read no-such-folder",
        ),
        (
            &["canned", folder, "--bind", "0.0.0.0"],
            2,
            "--allow-remote",
        ),
        (&["conform", "192.0.2.1:80"], 2, "--allow-remote"),
        (&["conform", "here"], 2, "is no server"),
        (
            &["conform", "127.0.0.1:9", "--only", "SYN-99"],
            2,
            "is no row",
        ),
    ];
    for (args, code, word) in cases {
        let ended = run(args, b"");
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(word), "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[test]
fn conform_says_what_was_sent_what_came_and_why() {
    let server = Server::start(&["--quiet", "--frozen"]);
    let address = server.address.to_string();
    let folder = tempfile::tempdir().unwrap();
    let evidence = format!("--evidence={}", folder.path().display());
    let asked = run(
        &["conform", &address, "--only", "SYN-04,BOD-05", &evidence],
        b"",
    );
    assert_eq!(asked.code, Some(0), "{asked:?}");
    for wanted in [
        "SYN-04  LF alone ends a line",
        r"  sent  GET / HTTP/1.0\nHost: ",
        "  came  HTTP/1.0 200 OK\n  RFC 1945: pass   RFC 9110: pass",
        "abc (then FIN)",
        "2 probes; RFC 1945: 2 pass, 0 fail, 0 moot",
    ] {
        assert!(
            asked.stdout.contains(wanted),
            "{wanted:?} in {}",
            asked.stdout
        );
    }
    let case = folder.path().join("BOD-05");
    assert!(case.join("half-close").is_file());
    let came = std::fs::read(case.join("response.http")).unwrap();
    assert!(came.starts_with(b"HTTP/1.0 400 "));
    // A relative Location is what RFC 1945 does not allow, and RFC 9110 does.
    let strict = [
        "conform",
        &address,
        "--only=ST-04",
        "--by=rfc1945",
        "--json",
    ];
    let strict = run(&strict, b"");
    assert_eq!(strict.code, Some(1), "{strict:?}");
    let json: Value = serde_json::from_str(&strict.stdout).unwrap();
    assert_eq!(json["probes"][0]["strict"]["verdict"], "fail");
    assert_eq!(json["probes"][0]["modern"]["verdict"], "pass");
    let chinese = run(&["conform", &address, "--only=ST-04", "--lang=zh"], b"");
    assert_eq!(chinese.code, Some(0), "{chinese:?}");
    assert!(
        chinese.stdout.contains("不符，应为：Location 是完整的 URI"),
        "{chinese:?}"
    );
}
#[test]
fn the_program_describes_itself_to_shells_and_to_man() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&["completions", shell], b"");
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains("golden"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"], b"").code, Some(2));
    let manual = run(&["man"], b"").stdout;
    for page in ["blankline", "blankline-serve", "blankline-golden-check"] {
        assert!(manual.contains(&format!("\n.TH {page} 1")), "{page}");
    }
}
