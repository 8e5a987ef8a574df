//! What `--trace` and `--trace-json` say of an exchange: through the real loop, with the request delivered
//! whole.
//!
//! A fixture's folder may have a `trace.txt` (what `--trace full` writes) and a `trace.hex.txt` (`--trace
//! hex`). What differs from run to run is made the same here: times are zero, and the client's port is
//! 40000. `BLESS=1 cargo test --test trace` rewrites the files that are there, and only then: a new one
//! begins as an empty file.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blankline::cli::console::Console;
use blankline::cli::parse_serve_args;
use blankline::export::listening_event;
use blankline::record::{Detail, Exchange, Happening, Hint, Moment, Record, Tap};
use blankline::wire::{Escaped, Fault, FaultKind, Lang, Span};
use serde_json::Value;
use support::{Case, Chance, PATIENCE, Running, cases, compare, converse, has_tool, none};

/// Sends word of every record.
struct Witness(Sender<Record>);

impl Tap for Witness {
    fn detail(&self) -> Detail {
        Detail::Wire
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            // When the test is over nobody listens.
            let _over = self.0.send(record);
        }
    }
}

/// The records of one connection, from its beginning to its end, with nothing in them that varies.
fn records(case: &Case) -> Vec<Record> {
    numbered(case, 1)
}

/// The same with another number for the connection.
fn numbered(case: &Case, number: u64) -> Vec<Record> {
    let (told, heard) = channel();
    let server = Running::site(&case.serve_args(), || Some(Box::new(Witness(told.clone()))));
    let request = &case.exchanges[0].request[..];
    converse(server.address, [request], case.half_close).unwrap();
    let mut records = Vec::new();
    loop {
        let record = always_alike(number, heard.recv_timeout(PATIENCE).unwrap());
        let is_last = matches!(&record, Record::Moment(moment)
            if matches!(moment.what, Happening::Closed | Happening::Reset));
        records.push(record);
        if is_last {
            return records;
        }
    }
}

fn client() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000))
}

fn always_alike(connection: u64, record: Record) -> Record {
    match record {
        Record::Moment(moment) => {
            let what = match &moment.what {
                Happening::Opened { .. } => Happening::Opened {
                    client: client(),
                    server: SocketAddr::from(([127, 0, 0, 1], 8000)),
                },
                other => other.clone(),
            };
            told(connection, moment.at, what)
        }
        Record::Exchange(exchange) => Record::Exchange(Arc::new(Exchange {
            connection,
            at: exchange.at,
            peer: client(),
            head: exchange.head.clone(),
            faults: exchange.faults.clone(),
            request_bytes: exchange.request_bytes,
            status: exchange.status,
            bytes: exchange.bytes,
            took: Duration::ZERO,
        })),
        Record::Hint(hint) => Record::Hint(Arc::new(Hint {
            at: hint.at,
            peer: client(),
            fault: hint.fault,
            so_far: hint.so_far.clone(),
        })),
        other => other,
    }
}

fn told(connection: u64, at: std::time::SystemTime, what: Happening) -> Record {
    Record::Moment(Arc::new(Moment {
        connection,
        at,
        after: Duration::ZERO,
        what,
        missing: 0,
    }))
}

fn named(name: &str) -> Case {
    let is_it = |case: &Case| case.name == name;
    cases().into_iter().find(is_it).unwrap()
}

/// Bytes that several hands may write.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a console with these flags writes of the records.
fn traced(records: &[Record], flags: &[&str]) -> String {
    let args = parse_serve_args(flags.iter().map(Into::into)).unwrap();
    let paper = Paper::default();
    let console = args.trace.console(paper.clone(), args.setting(), false);
    tell(console.unwrap(), records);
    let written = paper.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap()
}

/// The events that a JSON trace with these flags has of the records.
fn events(records: &[Record], flags: &[&str]) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let to = format!("--trace-json={}", file.path().display());
    let args = parse_serve_args(flags.iter().copied().chain([&*to]).map(Into::into)).unwrap();
    let console = args.trace.json(args.setting()).unwrap().unwrap();
    tell(console, records);
    let lines = fs::read_to_string(file.path()).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn tell(console: Console, records: &[Record]) {
    let mut tap = console.tap();
    tap.take(&mut records.to_vec());
    drop(tap);
    console.finish(PATIENCE);
}

#[test]
fn traces_are_the_fixtures() {
    let is_blessing = std::env::var("BLESS").is_ok_and(|value| value == "1");
    let (mut reports, mut seen) = (Vec::new(), 0);
    for case in cases() {
        for (file, mode) in [("trace.txt", "full"), ("trace.hex.txt", "hex")] {
            let path = case.folder.join(file);
            let Ok(wanted) = fs::read_to_string(&path) else {
                continue;
            };
            seen += 1;
            let trace = traced(&records(&case), &[&format!("--trace={mode}")]);
            if is_blessing {
                fs::write(path, trace).unwrap();
            } else if trace != wanted {
                reports.push(format!("{}/{file}: it is now\n{trace}", case.name));
            }
        }
    }
    none(&reports);
    assert!(seen >= 10, "{seen} traces");
}

/// A connection whose client sends these pieces; nothing answers it.
fn pieces(pieces: &[&[u8]]) -> Vec<Record> {
    let at = std::time::UNIX_EPOCH;
    let opened = Happening::Opened {
        client: client(),
        server: SocketAddr::from(([127, 0, 0, 1], 8000)),
    };
    let received = pieces
        .iter()
        .map(|piece| Happening::Received(piece.to_vec()));
    let all = [opened].into_iter().chain(received);
    all.map(|what| told(1, at, what)).collect()
}

#[test]
fn each_read_is_shown_by_itself_however_it_is_cut() {
    let request = b"POST /raw HTTP/1.0\r\nX: y\r\nContent-Length: 3\r\n\r\nabc";
    for cut in 1..request.len() {
        let (first, second) = request.split_at(cut);
        let trace = traced(&pieces(&[first, second]), &["--trace=full"]);
        let reads = trace.matches("> #1 +0.000 s  read ").count();
        assert_eq!(reads, 2, "{trace}");
        assert!(
            trace.contains(&format!(", from byte {cut} on\n")),
            "{trace}"
        );
        // All bytes are there, in order.
        let rows = trace.lines().filter_map(|line| line.strip_prefix(">   "));
        let text: String = rows.map(|row| &row[6..]).collect();
        assert_eq!(
            text,
            r"POST /raw HTTP/1.0\r\nX: y\r\nContent-Length: 3\r\n\r\nabc"
        );
    }
}

/// Every request of the fixtures, in random pieces: all bytes are there, in order, and nothing else.
#[test]
fn every_request_is_traced_whole_however_it_is_cut() {
    let mut reports = Vec::new();
    for (seed, case) in (0..).zip(cases()) {
        let request = &case.exchanges[0].request;
        let records = pieces(&Chance::new(seed).pieces(request));
        let flags = ["--trace=full", "--trace-body=9999999"];
        let trace = traced(&records, &flags);
        let rows = trace.lines().filter(|line| !line.contains(" #1 "));
        let text: String = rows.map(|row| &row[10..]).collect();
        let wanted = Escaped(request).to_string();
        if let Err(report) = compare(&case.name, wanted.as_bytes(), text.as_bytes()) {
            reports.push(report);
        }
        for mode in ["--trace=head", "--trace=hex"] {
            let trace = traced(&records, &[mode, "--bind=0.0.0.0", "--trace-body=64"]);
            let is_strange = |c: char| c.is_control() && c != '\n';
            if trace.chars().any(is_strange) {
                reports.push(format!("{}: {trace:?}", case.name));
            }
        }
    }
    none(&reports);
}

#[test]
fn a_head_trace_counts_bodies_and_a_full_one_cuts_them() {
    let records = pieces(&[
        b"POST /raw HTTP/1.0\r\nContent-Length: 9\r\n\r\n12",
        b"3456789!",
    ]);
    let head = traced(&records, &["--trace=head"]);
    assert!(
        head.contains(">     41  2 bytes of the body, not shown (--trace full)\n"),
        "{head}"
    );
    assert!(
        head.contains(">     43  7 bytes of the body, not shown (--trace full)\n"),
        "{head}"
    );
    assert!(
        head.contains(">     50  1 byte in excess, not shown (--trace full)\n"),
        "{head}"
    );
    let full = traced(&records, &["--trace=full", "--trace-body=4"]);
    assert!(full.contains(">     41  12\n"), "{full}");
    assert!(full.contains(">     43  34\n"), "{full}");
    assert!(
        full.contains(">     45  5 bytes of the body, not shown (--trace-body)\n"),
        "{full}"
    );
    let chinese = traced(&records, &["--trace=head", "--lang=zh"]);
    assert!(
        chinese.contains(">     41  主体的 2 字节未显示（--trace full）\n"),
        "{chinese}"
    );
}

#[test]
fn what_the_peer_sends_never_reaches_the_terminal() {
    let records =
        pieces(&[b"GET /\x1b[2J\x07\xff HTTP/1.0\r\n\x1b]0;hi\x07: \x9b\r\n\r\n\x1bbody"]);
    for mode in ["head", "full", "hex"] {
        let trace = traced(&records, &[&format!("--trace={mode}")]);
        let is_plain = |c: char| c == '\n' || (' '..='~').contains(&c);
        assert!(trace.chars().all(is_plain), "{trace:?}");
    }
}

#[test]
fn equal_rows_of_hex_are_folded() {
    let mut request = b"POST /raw HTTP/1.0\r\nContent-Length: 100\r\n\r\n".to_vec();
    request.resize(request.len() + 100, 0);
    let trace = traced(&pieces(&[&request]), &["--trace=hex"]);
    let zeros = "00 ".repeat(16);
    let tail = format!(
        ">     43  {zeros} ................  body\n>      *\n>    139  00 00 00 00{:37} ....\n",
        ""
    );
    assert!(trace.ends_with(&tail), "{trace}\n{tail}");
}

const SECRETS: &[u8] = b"POST /?password=hush HTTP/1.0\r\nCookie: a=1; sessionid=hush\r\nX y\r\n\
    Content-Length: 15\r\n\r\na=1&password=hu";

#[test]
fn secrets_are_hidden_where_others_can_reach_the_server() {
    let records = pieces(&[SECRETS, b"sh"]);
    for mode in ["head", "full", "hex"] {
        let mode = format!("--trace={mode}");
        let closed = traced(&records, &[&mode]);
        let open = traced(&records, &[&mode, "--bind=0.0.0.0"]);
        let shown = traced(&records, &[&mode, "--bind=0.0.0.0", "--show-secrets"]);
        assert!(open.contains('•') && !open.contains("hush"), "{open}");
        assert!(
            !open.contains("68 75 73 68") && !open.contains("  hu\n"),
            "{open}"
        );
        assert!(!closed.contains('•') && closed == shown, "{closed}");
    }
    let open = events(&records, &["--bind=0.0.0.0"]);
    let text: String = open.iter().map(Value::to_string).collect();
    assert!(
        text.contains("sessionid=••••;") || text.contains("sessionid=••••\\\\r"),
        "{text}"
    );
    assert!(
        !text.contains("hush") && !text.contains("68757368"),
        "{text}"
    );
    let closed: String = events(&records, &[]).iter().map(Value::to_string).collect();
    assert!(
        closed.contains("hush") && !closed.contains("masked"),
        "{closed}"
    );
}

#[test]
fn secrets_are_hidden_in_a_faults_line_and_on_the_usual_console() {
    let case = Case::own(&["--frozen"]);
    let request = b"GET /?password=hush HTTP/1.0\r\nCookie: sessionid=hush\x01; a=b\r\n\r\n";
    let case = Case {
        exchanges: vec![support::Exchange {
            request: request.to_vec(),
            response: Vec::new(),
            response_path: std::path::PathBuf::new(),
        }],
        ..case
    };
    let records = records(&case);
    // The lesson on this request repeats one of its lines.
    for mode in ["line", "head", "full", "hex"] {
        let mode = format!("--trace={mode}");
        let trace = traced(&records, &[&mode, "--bind=0.0.0.0"]);
        assert!(trace.contains("bad-octet-in-value"), "{trace}");
        assert!(!trace.contains("hush"), "{trace}");
        assert!(traced(&records, &[&mode]).contains("hush"));
    }
    let open = events(&records, &["--bind=0.0.0.0"]);
    let text: String = open.iter().map(Value::to_string).collect();
    assert!(!text.contains("hush"), "{text}");
    assert_eq!(traced(&records, &["--trace=off"]), "");
}

#[test]
fn events_tell_an_exchange_from_end_to_end() {
    let case = named("faults/excess-bytes");
    let events = events(&records(&case), &[]);
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "opened",
            "states",
            "received",
            "states",
            "sent",
            "exchange",
            "states",
            "half-close",
            "half-close",
            "states",
            "closed"
        ]
    );
    for event in &events {
        assert_eq!((&event["v"], &event["connection"]), (&1.into(), &1.into()));
        assert_eq!(event["at"], 1_509_328_929.0);
    }
    let exchange = &events[5];
    for (message, bytes) in [
        ("request", &case.exchanges[0].request),
        ("response", &case.exchanges[0].response),
    ] {
        let mut end = 0;
        for label in exchange[message]["labels"].as_array().unwrap() {
            assert_eq!(label["start"], end);
            end = label["end"].as_u64().unwrap();
        }
        assert!(end <= bytes.len() as u64 && end >= exchange[message]["length"].as_u64().unwrap());
    }
    assert_eq!(exchange["faults"][0]["slug"], "excess-bytes");
    assert_eq!(events[7]["by"], "server");
    assert_eq!(events[8]["by"], "client");
    assert_eq!(events[10]["how"], "whole");
}

/// The note's blocks of commands, each with what stands between it and the end of its output.
fn examples(note: &str) -> Vec<(&str, &str)> {
    let blocks = note.split("```sh\n").skip(1);
    blocks
        .map(|block| {
            let (commands, rest) = block.split_once("```\n\n```output\n").unwrap();
            (commands, rest.split_once("```\n").unwrap().0)
        })
        .collect()
}

/// The commands of `notes/trace-json.md`, on the trace that the note tells of.
#[test]
fn the_note_on_json_shows_what_jq_prints() {
    if !has_tool("the_note_on_json_shows_what_jq_prints", "jq") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut lines = listening_event("http://127.0.0.1:8000/").to_string() + "\n";
    for (number, name) in [(1, "forms/register"), (2, "faults/bad-target")] {
        for event in events(&numbered(&named(name), number), &[]) {
            lines += &format!("{event}\n");
        }
    }
    fs::write(folder.path().join("trace.jsonl"), lines).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/notes/trace-json.md");
    let note = fs::read_to_string(path).unwrap();
    let mut blessed = note.clone();
    let mut reports = Vec::new();
    let examples = examples(&note);
    assert!(examples.len() >= 5, "{} examples", examples.len());
    for (commands, wanted) in examples {
        let mut bash = Command::new("bash");
        let output = bash
            .args(["-c", commands])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        if printed != wanted || !output.stderr.is_empty() {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            reports.push(format!(
                "{commands}prints\n{printed}{errors}and not\n{wanted}"
            ));
            let block = |text: &str| format!("{commands}```\n\n```output\n{text}```\n");
            blessed = blessed.replace(&block(wanted), &block(&printed));
        }
    }
    if std::env::var("BLESS").is_ok_and(|value| value == "1") {
        fs::write(path, blessed).unwrap();
    } else {
        none(&reports);
    }
}

#[test]
fn a_hint_finds_its_connection() {
    let mut records = pieces(&[b"GET / HTTP/1.0\r\n"]);
    records.push(Record::Hint(Arc::new(Hint {
        at: std::time::UNIX_EPOCH,
        peer: client(),
        fault: Fault::new(FaultKind::HeadSilent, Span::at(16)),
        so_far: b"GET / HTTP/1.0\r\n".to_vec(),
    })));
    let trace = traced(&records, &["--trace=head"]);
    let sentence = FaultKind::HeadSilent.sentence(Lang::En);
    assert!(trace.ends_with(&format!("* #1  {sentence}\n")), "{trace}");
    let events = events(&records, &[]);
    let hint = events.last().unwrap();
    assert_eq!(
        (&hint["slug"], &hint["connection"]),
        (&"head-silent".into(), &1.into())
    );
}
