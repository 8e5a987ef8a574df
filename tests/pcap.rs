//! `serve --pcap` and the real tshark: what it reads is what was sent and received, and it has nothing to
//! complain of: no malformed packet, no bad checksum, nothing out of order, repeated or missing.
//!
//! And the way back, `dissect --pcap`: the labels are those that the server gave, and the bytes those that tshark follows,
//! also in files that other tools wrote, and out of order.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use blankline::wire::{FaultKind, Lang};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use socket2::SockRef;
use support::{Case, Program, cases, compare, connect, has_tool, none, on_threads};
use tempfile::TempDir;

/// A frozen server that writes a capture.
struct Captured {
    server: Program,
    path: PathBuf,
}

impl Captured {
    fn serve(folder: &TempDir, name: &str, flags: &[String]) -> Self {
        let path = folder.path().join(name);
        let mut flags = flags.to_vec();
        flags.push(format!("--pcap={}", path.display()));
        Self {
            server: Program::serve(&flags),
            path,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The capture, after the server has stopped.
    fn stop(self) -> Capture {
        let port = self.server.address.port();
        assert!(self.server.stop().success());
        Capture {
            path: self.path,
            ports: vec![port],
        }
    }
}

/// A capture file, and which ports speak HTTP in it.
struct Capture {
    path: PathBuf,
    ports: Vec<u16>,
}

/// A connection's ports: the client's, and the server's.
type Ports = (u16, u16);

/// Its bytes: from the client, and from the server.
type Streams = (Vec<u8>, Vec<u8>);

impl Capture {
    /// tshark's lines about the file.
    fn tshark(&self, arguments: &[&str]) -> Vec<String> {
        let mut command = tshark(&self.ports);
        command.arg("-r").arg(&self.path).args(arguments);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let complaints: Vec<&str> = said
            .lines()
            .filter(|line| !line.starts_with("Running as user"))
            .collect();
        assert!(output.status.success() && complaints.is_empty(), "{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// One line for each packet that `filter` lets through, with these fields between tabs.
    fn fields(&self, filter: &str, fields: &[&str]) -> Vec<String> {
        let mut arguments = vec!["-Y", filter, "-T", "fields"];
        for field in fields {
            arguments.extend(["-e", field]);
        }
        self.tshark(&arguments)
    }

    /// Nothing in it is odd to tshark, and tshark did look. A request may be malformed, if a comment of ours
    /// says so too: on its packet, or, where a writer had to find out, on a later one of its connection.
    fn is_clean(&self) {
        let streams = |filter| -> BTreeSet<String> {
            self.fields(filter, &["tcp.stream"]).into_iter().collect()
        };
        let malformed = streams("_ws.malformed");
        let unsaid: Vec<_> = malformed
            .difference(&streams("frame.comment"))
            .cloned()
            .collect();
        assert!(
            unsaid.is_empty(),
            "malformed, and no comment says so: {unsaid:?}"
        );
        let odd = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0";
        let complaints = self.fields(odd, &["frame.number", "_ws.expert.message"]);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
        let packets = self.fields("frame", &["frame.number"]).len();
        let checked = self.fields("tcp.checksum.status == 1", &["frame.number"]);
        assert_eq!(checked.len(), packets);
        assert!(packets > 0);
    }

    /// The bytes of all connections, segment behind segment.
    fn streams(&self) -> BTreeMap<Ports, Streams> {
        let mut streams: BTreeMap<Ports, Streams> = BTreeMap::new();
        for line in self.fields("tcp", &["tcp.srcport", "tcp.dstport", "tcp.payload"]) {
            let mut columns = line.split('\t');
            let mut port = || columns.next().unwrap().parse::<u16>().unwrap();
            let (from, to) = (port(), port());
            let payload = octets(columns.next().unwrap_or_default());
            if self.ports.contains(&to) {
                streams.entry((from, to)).or_default().0.extend(payload);
            } else {
                streams.entry((to, from)).or_default().1.extend(payload);
            }
        }
        streams
    }

    /// What tshark's own "follow TCP stream" says of the first so many.
    fn follow(&self, count: usize) -> Vec<Streams> {
        let taps: Vec<String> = (0..count)
            .map(|stream| format!("follow,tcp,raw,{stream}"))
            .collect();
        let mut arguments = vec!["-q"];
        arguments.extend(taps.iter().flat_map(|tap| ["-z", tap]));
        let mut followed = Vec::new();
        let mut lines = self.tshark(&arguments).into_iter();
        while lines.any(|line| line.starts_with("Node 1")) {
            let (mut theirs, mut ours) = Streams::default();
            for line in lines.by_ref().take_while(|line| !line.starts_with('=')) {
                // A line of ours is moved to the right.
                match line.strip_prefix('\t') {
                    Some(line) => ours.extend(octets(line)),
                    None => theirs.extend(octets(&line)),
                }
            }
            followed.push((theirs, ours));
        }
        // tshark prints the last one first.
        followed.reverse();
        followed
    }
}

/// tshark, with checksums checked and HTTP expected at these ports.
fn tshark(ports: &[u16]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", "tshark", "-n"]);
    command.args([
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
    ]);
    for port in ports {
        command.args(["-d", &format!("tcp.port=={port},http")]);
    }
    command.env("LC_ALL", "C");
    command
}

/// Bytes from their hexadecimal digits.
fn octets(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// Says it, closes the sending side if that is asked for, reads the answer, and tells from which port.
fn talk(address: SocketAddr, request: &[u8], half_close: bool) -> (u16, Vec<u8>) {
    let mut stream = connect(address).unwrap();
    let port = stream.local_addr().unwrap().port();
    stream.write_all(request).unwrap();
    if half_close {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    (port, answer)
}

fn own(flags: &[&str]) -> Vec<String> {
    Case::own(flags).args
}

/// Cases whose answer names the port that was listened on.
const NAMES_ITS_PORT: &[&str] = &["site/home-with-markup-in-host"];

#[test]
fn every_fixture_is_in_it_byte_for_byte() {
    if !has_tool("every_fixture_is_in_it_byte_for_byte", "tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut cases = cases();
    // After a reset the system may give its port again at once, to another connection of the same capture.
    cases.retain(|case| !case.reset && !NAMES_ITS_PORT.contains(&&*case.name));
    let mut servers = BTreeMap::new();
    for case in &cases {
        let name = servers.len().to_string();
        servers
            .entry(server_of(case))
            .or_insert_with(|| Captured::serve(&folder, &name, &case.args));
    }
    let connections = Mutex::new(BTreeMap::new());
    none(&on_threads(&cases, |case| {
        let address = servers[&server_of(case)].address();
        for exchange in &case.exchanges {
            let (port, answer) = talk(address, &exchange.request, case.half_close);
            let mut connections = connections.lock().unwrap();
            let earlier = connections.insert(
                (port, address.port()),
                (case.name.clone(), exchange.clone(), answer),
            );
            assert!(earlier.is_none(), "the system gave a port twice");
        }
        Vec::new()
    }));
    // A pcapng file may have several sections, so all of them are one file.
    let mut all = Capture {
        path: folder.path().join("all"),
        ports: Vec::new(),
    };
    let mut file = File::create(&all.path).unwrap();
    for captured in servers.into_values() {
        let Capture { path, ports } = captured.stop();
        file.write_all(&fs::read(path).unwrap()).unwrap();
        all.ports.extend(ports);
    }
    all.is_clean();
    let mut streams = all.streams();
    let connections = connections.into_inner().unwrap();
    assert!(connections.len() > 250, "{}", connections.len());
    let mut complaints = Vec::new();
    for (ports, (name, exchange, answer)) in connections {
        let (request, response) = streams.remove(&ports).unwrap_or_default();
        complaints.extend(compare(&name, &exchange.response, &answer).err());
        complaints.extend(compare(&name, &answer, &response).err());
        complaints.extend(compare(&name, &exchange.request, &request).err());
    }
    none(&complaints);
    assert!(streams.is_empty(), "{:?}", streams.keys());
}

/// Cases with the same flags share a server, unless they need one of their own.
fn server_of(case: &Case) -> (Vec<String>, Option<String>) {
    (case.args.clone(), case.alone.then(|| case.name.clone()))
}

/// One connection: what it is, what is said, and whether its end is said too.
struct Talk {
    what: &'static str,
    request: Vec<u8>,
    half_close: bool,
    /// What tshark calls its requests and responses: nothing, for HTTP/0.9.
    named: &'static str,
}

fn talks() -> Vec<Talk> {
    let talk = |what, request: &[u8], half_close, named| Talk {
        what,
        request: request.to_vec(),
        half_close,
        named,
    };
    let kept =
        b"GET /raw HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /redirect/ HTTP/1.0\r\n\r\n";
    let post = b"POST /raw HTTP/1.0\r\nContent-Length: 5\r\n\r\n\x00\xff\r\n!";
    vec![
        talk(
            "one exchange",
            b"HEAD /raw HTTP/1.0\r\n\r\n",
            false,
            "HEAD 200",
        ),
        talk("keep-alive", kept, false, "GET,GET 200 302"),
        talk("half-close", b"GET /raw HTTP/1.0\r\n\r\n", true, "GET 200"),
        talk(
            "a large file",
            b"GET /static/large HTTP/1.0\r\n\r\n",
            false,
            "GET 200",
        ),
        talk("a Simple-Request", b"GET /raw\r\n", false, ""),
        talk("a body", post, false, "POST 200"),
        talk(
            "too much",
            b"GET /raw HTTP/1.0\r\n\r\nmore",
            false,
            "GET 200",
        ),
    ]
}

/// A folder with a file of 300 kB in it, and the flag that serves it.
fn large_file(folder: &TempDir) -> String {
    let file: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    fs::write(folder.path().join("large"), &file).unwrap();
    format!("--static-dir={}", folder.path().display())
}

#[test]
fn every_stream_can_be_followed_and_every_message_is_named() {
    if !has_tool("every_stream_can_be_followed", "tshark") {
        return;
    }
    for bind in ["--bind=127.0.0.1", "--bind=::1"] {
        let folder = TempDir::new().unwrap();
        let flags = own(&["--frozen", bind, &large_file(&folder)]);
        let captured = Captured::serve(&folder, "capture", &flags);
        let address = captured.address();
        let talks = talks();
        let answers: Vec<Vec<u8>> = talks
            .iter()
            .map(
                |Talk {
                     request,
                     half_close,
                     ..
                 }| talk(address, request, *half_close).1,
            )
            .collect();
        let capture = captured.stop();
        capture.is_clean();
        let mut followed = capture.follow(talks.len()).into_iter();
        let messages = ["tcp.stream", "http.request.method", "http.response.code"];
        let mut named = vec![String::new(); talks.len()];
        for line in capture.fields("http", &messages) {
            let (stream, names) = line.split_once('\t').unwrap();
            named[stream.parse::<usize>().unwrap()] += &format!("{} ", names.trim());
        }
        for (talk, (answer, named)) in talks.iter().zip(answers.iter().zip(&named)) {
            let (sent, received) = followed.next().unwrap();
            compare(talk.what, &talk.request, &sent).unwrap();
            compare(talk.what, answer, &received).unwrap();
            assert_eq!(named.trim(), talk.named, "{}", talk.what);
        }
        // Each connection is whole: handshake, data and end.
        let mut whole = capture.fields("tcp.completeness == 31", &["tcp.stream"]);
        whole.dedup();
        assert_eq!(whole.len(), talks.len(), "{whole:?}");
        assert!(answers[3].len() > 300_000);
    }
}

#[test]
fn ends_are_by_whoever_made_them() {
    if !has_tool("ends_are_by_whoever_made_them", "tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let flags = own(&["--frozen", "--head-time=60"]);
    let captured = Captured::serve(&folder, "capture", &flags);
    let address = captured.address();
    // The client first, on a kept connection; the server alone; the client, which breaks off.
    let kept = b"GET /raw HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let mut first = connect(address).unwrap();
    let mut answered = [0; 8];
    first.write_all(kept).unwrap();
    first.read_exact(&mut answered).unwrap();
    first.shutdown(Shutdown::Write).unwrap();
    first.read_to_end(&mut Vec::new()).unwrap();
    talk(address, b"GET /raw HTTP/1.0\r\n\r\n", false);
    let mut bystander = connect(address).unwrap();
    bystander.write_all(kept).unwrap();
    bystander.read_exact(&mut answered).unwrap();
    let broken = connect(address).unwrap();
    (&broken).write_all(kept).unwrap();
    (&broken).read_exact(&mut answered).unwrap();
    SockRef::from(&broken)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(broken);
    // The loop turns to its connections in the order in which something happened to them.
    bystander.write_all(b"GET /raw HTTP/1.0\r\n\r\n").unwrap();
    bystander.read_to_end(&mut Vec::new()).unwrap();
    let capture = captured.stop();
    capture.is_clean();
    let port = capture.ports[0].to_string();
    let ends = |stream: usize| -> Vec<String> {
        let filter =
            format!("tcp.stream == {stream} && (tcp.flags.fin == 1 || tcp.flags.reset == 1)");
        let lines = capture.fields(&filter, &["tcp.srcport", "tcp.flags"]);
        let name = |line: &String| {
            let (from, flags) = line.split_once("\t0x").unwrap();
            let is_reset = u16::from_str_radix(flags, 16).unwrap() & 4 != 0;
            let whose = if from == port { "our " } else { "" };
            format!("{whose}{}", if is_reset { "RST" } else { "FIN" })
        };
        lines.iter().map(name).collect()
    };
    assert_eq!(ends(0), ["FIN", "our FIN"]);
    assert_eq!(ends(1), ["our FIN"]);
    assert_eq!(ends(2), ["our FIN"]);
    assert_eq!(ends(3), ["RST"]);
}

#[test]
fn faults_and_hints_are_comments_where_they_belong() {
    if !has_tool("faults_and_hints_are_comments", "tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    for lang in [Lang::En, Lang::Zh] {
        let lang_flag = ["--lang=en", "--lang=zh"][usize::from(lang == Lang::Zh)];
        let flags = own(&["--frozen", lang_flag, "--head-time=0.4", "--hint-time=0.05"]);
        let captured = Captured::serve(&folder, lang_flag, &flags);
        let address = captured.address();
        talk(address, b"GET /a b HTTP/1.0\r\n\r\n", false);
        // A second request's fault is on the second request's packet.
        let mut kept = connect(address).unwrap();
        kept.write_all(b"GET /raw HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .unwrap();
        let mut byte = [0];
        kept.read_exact(&mut byte).unwrap();
        kept.write_all(b"GET /raw HTTP/1.0\n\n").unwrap();
        kept.read_to_end(&mut Vec::new()).unwrap();
        // Its packet is out before anything is known of it.
        talk(address, b"GET /raw HT", false);
        let capture = captured.stop();
        capture.is_clean();
        let comments = |stream: usize, client: bool| {
            let side = if client { "dstport" } else { "srcport" };
            let filter = format!(
                "frame.comment && tcp.stream == {stream} && tcp.{side} == {}",
                capture.ports[0]
            );
            capture.fields(&filter, &["frame.comment", "tcp.len"])
        };
        let has = |lines: &[String], kind: FaultKind, length: &str| {
            let sentence = kind.sentence(lang).split('{').next().unwrap();
            let is_it = |line: &&String| {
                line.contains(kind.slug()) && line.contains(sentence) && line.ends_with(length)
            };
            assert_eq!(
                lines.iter().filter(is_it).count(),
                1,
                "{kind:?}: {lines:#?}"
            );
        };
        has(&comments(0, true), FaultKind::BadTarget, "\t21");
        has(&comments(1, true), FaultKind::BareLf, "\t19");
        assert!(comments(1, false).is_empty());
        let late = comments(2, false);
        has(&late, FaultKind::HeadTimeout, "");
        has(&late, FaultKind::LineSilent, "");
    }
}

/// A child that does not outlive its test.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn who_follows_the_file_sees_requests_while_the_server_runs() {
    if !has_tool("who_follows_the_file", "tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let captured = Captured::serve(&folder, "capture", &own(&["--frozen"]));
    let mut tail = Command::new("tail");
    tail.args(["-c", "+1", "-f"]).arg(&captured.path);
    let mut tail = Mortal(tail.stdout(Stdio::piped()).spawn().unwrap());
    let mut tshark = tshark(&[captured.address().port()]);
    tshark.args(["-l", "-r", "-", "-Y", "http", "-T", "fields"]);
    tshark.args(["-e", "http.request.uri", "-e", "http.response.code"]);
    tshark.stdin(tail.0.stdout.take().unwrap());
    tshark.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut tshark = Mortal(tshark.spawn().unwrap());
    let mut lines = BufReader::new(tshark.0.stdout.take().unwrap()).lines();
    for path in ["/raw", "/cookies/"] {
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        talk(captured.address(), request.as_bytes(), false);
        // `timeout` ends the waiting: then there is no line.
        assert_eq!(lines.next().unwrap().unwrap(), format!("{path}\t"));
        let answer = lines.next().unwrap().unwrap();
        assert!(answer.starts_with('\t') && answer.len() == 4, "{answer}");
    }
}

#[test]
fn a_path_that_cannot_be_written_is_one_sentence_and_code_3() {
    for path in ["/no/such/folder/a.pcapng", "/dev/full", "/"] {
        let mut command = Command::new("timeout");
        command.args(["60", env!("CARGO_BIN_EXE_blankline"), "serve", "--port=0"]);
        let output = command.args(["--pcap", path]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{path}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains(&format!("cannot write the capture {path}: ")),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
}

/// A server whose capture is a pipe, and where it listens; what it says goes to stderr.
fn into_a_pipe(path: &Path, head: usize, flags: &[&str]) -> (Mortal, File, SocketAddr) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
    let mut program = Command::new(env!("CARGO_BIN_EXE_blankline"));
    program
        .args(["serve", "--port=0", "--quiet", "--frozen"])
        .args(flags);
    program.arg("--pcap").arg(path);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Mortal(program.spawn().unwrap());
    let mut pipe = File::open(path).unwrap();
    pipe.read_exact(&mut vec![0; head]).unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let address = first.trim_start_matches("listening on http://");
    (
        child,
        pipe,
        address.trim_end_matches("/\n").parse().unwrap(),
    )
}

#[test]
fn a_file_that_takes_no_more_is_one_sentence_and_serving_goes_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    // Its head is taken, and then nothing.
    let (mut child, pipe, address) = into_a_pipe(&path, 28, &["--lang=zh"]);
    drop(pipe);
    talk(address, b"GET /raw HTTP/1.0\r\n\r\n", false);
    let mut said = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let sentence = said.next().unwrap().unwrap();
    assert!(sentence.contains("服务照常进行"), "{sentence}");
    for _ in 0..3 {
        let (_, answer) = talk(address, b"GET /raw HTTP/1.0\r\n\r\n", false);
        assert!(answer.starts_with(b"HTTP/1.0 200 "));
    }
    drop(child);
    assert_eq!(said.map(Result::unwrap).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_does_not_fit_is_told_and_leaves_no_gap() {
    if !has_tool("what_does_not_fit_is_told", "tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    // More than may wait; a file of zeros takes no room.
    let large = File::create(folder.path().join("large")).unwrap();
    large.set_len(100 * 1024 * 1024).unwrap();
    let flag = format!("--static-dir={}", folder.path().display());
    let path = folder.path().join("pipe");
    let (mut child, mut pipe, address) = into_a_pipe(&path, 0, &[&flag, "--stop-time=600"]);
    let (_, answer) = talk(address, b"GET /static/large HTTP/1.0\r\n\r\n", false);
    assert!(answer.len() > 100 * 1024 * 1024, "the client has it all");
    let capture = Capture {
        path: folder.path().join("capture"),
        ports: vec![address.port()],
    };
    kill_process(Pid::from_child(&child.0), Signal::TERM).unwrap();
    // From here on somebody reads.
    std::io::copy(&mut pipe, &mut File::create(&capture.path).unwrap()).unwrap();
    assert!(child.0.wait().unwrap().success());
    let mut said = String::new();
    child
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains("cannot keep up"), "{said:#?}");
    assert!(said[1].contains("records are missing"), "{said:#?}");
    capture.is_clean();
    let ends = capture.fields("tcp.flags.reset == 1", &["frame.comment"]);
    assert_eq!(ends.len(), 1, "{ends:#?}");
    assert!(ends[0].contains("could not keep up"), "{ends:#?}");
    let lengths = capture.fields("tcp.len > 0", &["tcp.len"]);
    let kept: usize = lengths
        .iter()
        .map(|length| length.parse::<usize>().unwrap())
        .sum();
    assert!(kept > 1024 * 1024 && kept < answer.len(), "{kept}");
}

/// What `dissect --pcap` says of a file, as JSON.
fn dissected(path: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    command.args(["dissect", "--json", "--body-bytes=10000000", "--pcap"]);
    command.env_remove("BLANKLINE_DISSECT_PCAP_BYTES");
    let output = command.arg(path).output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The bytes of a message, a rest or a message's part, from its labels.
fn bytes_of(message: &Value) -> Vec<u8> {
    let labels = message["labels"].as_array().unwrap();
    let hex = labels.iter().map(|label| label["hex"].as_str().unwrap());
    octets(&hex.collect::<String>())
}

/// What each stream's sides sent, put together from all that was shown of them.
fn shown_streams(document: &Value) -> Vec<Streams> {
    let streams = document["streams"].as_array().unwrap();
    let sides = |stream: &Value| {
        let items = stream["items"].as_array().unwrap();
        let side = |name: &str| {
            let own = items.iter().filter(|item| item["from"] == name);
            own.flat_map(bytes_of).collect::<Vec<u8>>()
        };
        (side("client"), side("server"))
    };
    streams.iter().map(sides).collect()
}

#[test]
fn dissect_gives_the_labels_that_the_server_gave() {
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace.jsonl");
    let trace_flag = format!("--trace-json={}", trace.display());
    let flags = own(&["--frozen", &trace_flag, "--trace-body=10000000"]);
    let captured = Captured::serve(&folder, "capture", &flags);
    let mut talks = talks();
    // Too much is not of the exchange, and there is no large file here.
    talks.retain(|talk| !["too much", "a large file"].contains(&talk.what));
    for talk in &talks {
        self::talk(captured.address(), &talk.request, talk.half_close);
    }
    let capture = captured.stop();
    let events = fs::read_to_string(&trace).unwrap();
    let mut exchanges: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "exchange" {
            let connection = event["connection"].as_u64().unwrap();
            exchanges.entry(connection).or_default().push(event);
        }
    }
    let document = dissected(&capture.path);
    let streams = document["streams"].as_array().unwrap();
    assert_eq!((streams.len(), exchanges.len()), (talks.len(), talks.len()));
    let mut compared = 0;
    for ((talk, stream), exchanges) in talks.iter().zip(streams).zip(exchanges.values()) {
        let items = stream["items"].as_array().unwrap();
        assert_eq!(
            items.len(),
            2 * exchanges.len(),
            "{}: {items:#?}",
            talk.what
        );
        for ((number, exchange), pair) in (1..).zip(exchanges).zip(items.chunks(2)) {
            for (message, name) in pair.iter().zip(["request", "response"]) {
                assert_eq!(message["kind"], name, "{}", talk.what);
                assert_eq!(message["exchange"], number, "{}", talk.what);
                let (ours, servers) = (&message["labels"], &exchange[name]["labels"]);
                assert_eq!(ours, servers, "{}, {name}", talk.what);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 2 * (talks.len() + 1), "one connection has two");
}

/// Runs one of Wireshark's tools.
fn run_tool(name: &str, arguments: &[&Path], flags: &[&str]) {
    let mut command = Command::new("timeout");
    command.args(["60", name]).args(flags).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}: {output:?}");
}

#[test]
fn dissect_shows_the_bytes_that_tshark_follows_in_files_of_every_kind() {
    for tool in ["tshark", "editcap", "mergecap"] {
        if !has_tool("dissect_shows_the_bytes_that_tshark_follows", tool) {
            return;
        }
    }
    let folder = TempDir::new().unwrap();
    let captured: Vec<Captured> = ["--bind=127.0.0.1", "--bind=::1"]
        .map(|bind| {
            let flags = own(&["--frozen", bind, &large_file(&folder)]);
            Captured::serve(&folder, &bind.replace(':', "."), &flags)
        })
        .into();
    let talks = talks();
    for one in &captured {
        for talk in &talks {
            self::talk(one.address(), &talk.request, talk.half_close);
        }
    }
    let captures: Vec<Capture> = captured.into_iter().map(Captured::stop).collect();
    let [first, second] = &captures[..] else {
        panic!("two servers");
    };
    let path = |name: &str| folder.path().join(name);
    let (classic, nanoseconds, merged) = (path("a.pcap"), path("b.pcap"), path("c.pcapng"));
    let (cooked, shifted) = (path("d.pcap"), path("e.pcapng"));
    run_tool("editcap", &[&first.path, &classic], &["-F", "pcap"]);
    run_tool("editcap", &[&first.path, &nanoseconds], &["-F", "nsecpcap"]);
    run_tool(
        "mergecap",
        &[&first.path, &second.path],
        &["-w", merged.to_str().unwrap()],
    );
    // Every packet twice: all of the second round are repetitions.
    run_tool(
        "mergecap",
        &[&first.path, &classic],
        &["-a", "-w", cooked.to_str().unwrap()],
    );
    // As tcpdump -s 200 would have it: most of the large file is cut away.
    run_tool("editcap", &[&first.path, &shifted], &["-s", "200"]);
    for file in [&first.path, &classic, &nanoseconds, &merged, &cooked] {
        let capture = Capture {
            path: file.clone(),
            ports: captures.iter().flat_map(|one| one.ports.clone()).collect(),
        };
        let document = dissected(file);
        let shown = shown_streams(&document);
        let count = if *file == merged {
            2 * talks.len()
        } else {
            talks.len()
        };
        assert_eq!(shown.len(), count, "{}", file.display());
        let followed = capture.follow(count);
        for (number, (ours, theirs)) in shown.iter().zip(&followed).enumerate() {
            let what = format!("{}, stream {number}", file.display());
            compare(&what, &theirs.0, &ours.0).unwrap();
            compare(&what, &theirs.1, &ours.1).unwrap();
        }
    }
    let document = dissected(&shifted);
    let streams = document["streams"].as_array().unwrap();
    let large = talks
        .iter()
        .position(|talk| talk.what == "a large file")
        .unwrap();
    let items = streams[large]["items"].as_array().unwrap();
    let length = |what: &str| -> u64 {
        let own = items
            .iter()
            .filter(|item| item["from"] == "server" && item["what"] == what);
        own.map(|item| item["length"].as_u64().unwrap()).sum()
    };
    let whole = shown_streams(&dissected(&first.path))[large].1.len() as u64;
    assert_eq!(
        length("message") + length("rest") + length("missing"),
        whole
    );
    assert!(
        length("missing") > 250_000 && length("rest") > 0,
        "{items:#?}"
    );
}

#[test]
fn dissect_reads_what_the_kernel_captured() {
    for tool in ["dumpcap", "tshark"] {
        if !has_tool("dissect_reads_what_the_kernel_captured", tool) {
            return;
        }
    }
    let folder = TempDir::new().unwrap();
    let server = Program::serve(&own(&["--frozen"]));
    let path = folder.path().join("real.pcapng");
    let port = server.address.port();
    let mut dumpcap = Command::new("dumpcap");
    // It ends by itself, whatever becomes of the test.
    dumpcap.args(["-q", "-a", "duration:60", "-i", "lo"]);
    dumpcap.args(["-f", &format!("tcp port {port}"), "-w"]);
    dumpcap.arg(&path);
    dumpcap.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut dumpcap = Mortal(dumpcap.spawn().unwrap());
    let mut said = BufReader::new(dumpcap.0.stderr.take().unwrap()).lines();
    // It says where it writes when it captures; without the right to, it ends.
    let is_capturing = said.any(|line| line.unwrap().starts_with("File: "));
    if !is_capturing {
        eprintln!("skipped: dissect_reads_what_the_kernel_captured: no right to capture here");
        return;
    }
    let talks = talks();
    let mut sizes = Vec::new();
    for talk in &talks {
        let (_, answer) = self::talk(server.address, &talk.request, talk.half_close);
        sizes.push((talk.request.clone(), answer));
    }
    // What the last packet is, only the kernel knows: so ask until it is there.
    let capture = Capture {
        path,
        ports: vec![port],
    };
    let deadline = std::time::Instant::now() + support::PATIENCE;
    loop {
        let output = Command::new(env!("CARGO_BIN_EXE_blankline"))
            .args(["dissect", "--json", "--body-bytes=10000000", "--pcap"])
            .arg(&capture.path)
            .output()
            .unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if document["streams"].is_array() && shown_streams(&document) == sizes {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{document:#}");
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&dumpcap.0), Signal::TERM).unwrap();
    dumpcap.0.wait().unwrap();
    let count = talks.len();
    assert_eq!(
        capture.follow(count),
        shown_streams(&dissected(&capture.path))
    );
}
