//! 100,000 messages that nobody would send: the fixtures, with bytes changed, put in, left out,
//! doubled and swapped, by chance with fixed seeds. Of each of them:
//!
//! * every byte has one label, read as a request and read as a response;
//! * a connection tells the same of it, fed whole and in pieces;
//! * where httparse accepts it, it and we agree on the method, the target, every field and the end;
//! * what it offers as a field's value either cannot get into a response or comes out of it unchanged.
//!
//! And nothing panics. A failure names the seed, so that `message(seed)` makes the same one again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use blankline::wire::{
    Anatomy, BodyFraming, Connection, Event, Fault, FaultKind, FieldName, FieldValue, Opinion,
    Part, Protocol, RequestHead, ResponseHead, ResponseWriter, Status, dissect_request,
    dissect_response, request_opinion,
};
use support::{Chance, cases, none, on_threads};

const MESSAGES: u64 = 100_000;

/// Longer fixtures are cut: what is mutated is a head, and the long ones are long by repetition.
const LONGEST: usize = 600;

/// Octets that mean something somewhere.
const TELLING: &[u8] = b"\0\t\n\r #%*+,-./0:;=?@HTP_\x7F\x80\xFF";

/// All requests and responses of the fixtures.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus = Vec::new();
    for case in cases() {
        for mut exchange in case.exchanges {
            exchange.request.truncate(LONGEST);
            exchange.response.truncate(LONGEST);
            corpus.extend([exchange.request, exchange.response]);
        }
    }
    corpus.retain(|message| !message.is_empty());
    corpus
}

fn message(corpus: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    // Requests stand at even places, and are what we mostly have to read.
    let mut message = chance.one_of(corpus).clone();
    for _ in 0..1 + chance.below(4) {
        mutate(&mut message, corpus, &mut chance);
    }
    message
}

fn mutate(message: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(message.len() + 1);
    let end = (at + 1 + chance.below(12)).min(message.len());
    match chance.below(6) {
        0 => {
            if let Some(octet) = message.get_mut(at) {
                *octet ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let Some(octet) = message.get_mut(at) {
                *octet = *chance.one_of(TELLING);
            }
        }
        2 => message.insert(at, *chance.one_of(TELLING)),
        3 => drop(message.drain(at..end.max(at))),
        4 => {
            let doubled = message[at..end.max(at)].to_vec();
            message.splice(at..at, doubled);
        }
        _ => {
            let other = chance.one_of(corpus);
            message.truncate(at);
            message.extend_from_slice(&other[chance.below(other.len())..]);
        }
    }
}

/// Says which message it was when a check panics.
struct Naming(u64);

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was the message of seed {}", self.0);
        }
    }
}

#[test]
fn a_hundred_thousand_messages() {
    let corpus = corpus();
    let now = Instant::now();
    let rounds: Vec<u64> = (0..MESSAGES / 1000).collect();
    let (checked, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    none(&on_threads(&rounds, |round| {
        let seeds = round * 1000..(round + 1) * 1000;
        let report = |seed| {
            let _naming = Naming(seed);
            let message = message(&corpus, seed);
            checked.fetch_add(1, Ordering::Relaxed);
            if matches!(request_opinion(&message), Opinion::Accepts { .. }) {
                accepted.fetch_add(1, Ordering::Relaxed);
            }
            let found = check(&message, seed, now).err()?;
            let shown = message.escape_ascii();
            Some(format!("seed {seed}: {found}\n  {shown}"))
        };
        seeds.filter_map(report).take(1).collect()
    }));
    assert_eq!(checked.into_inner() as u64, MESSAGES);
    // Most are broken, but a comparison with httparse that never happens would be worth nothing.
    let accepted = accepted.into_inner();
    assert!(accepted > 10_000, "httparse accepts only {accepted}");
}

#[test]
fn a_megabyte_of_one_line() {
    let now = Instant::now();
    for (start, octet) in [
        ("", b'a'),
        ("", b'\0'),
        ("GET /", b'%'),
        ("GET / HTTP/1.0\r\nA:", b' '),
    ] {
        let mut message = start.as_bytes().to_vec();
        message.resize(1 << 20, octet);
        for end in ["", "\n", "\r\n\r\n"] {
            message.extend_from_slice(end.as_bytes());
            check(&message, 1, now).unwrap();
        }
    }
}

#[test]
fn ten_thousand_fields() {
    let now = Instant::now();
    for line in [
        "A: b\r\n",
        "A: b\n",
        ":\n",
        " \n",
        "A\r\n",
        "\r\r\n",
        "A:\r\n b\r\n",
        "\0: \0\r\n",
    ] {
        let message = format!("GET / HTTP/1.0\r\n{}\r\n", line.repeat(10_000));
        check(message.as_bytes(), 1, now).unwrap();
    }
}

fn check(message: &[u8], seed: u64, now: Instant) -> Result<(), String> {
    let request = dissect_request(message);
    let response = dissect_response(message);
    tiles(request.anatomy(), message).map_err(|why| format!("as a request, {why}"))?;
    tiles(response.anatomy(), message).map_err(|why| format!("as a response, {why}"))?;

    let whole = told(&[message], now);
    let pieces = Chance::new(seed).pieces(message);
    let split = told(&pieces, now);
    if whole != split {
        return Err(format!("whole: {whole:?}\n  split: {split:?}"));
    }
    agrees_with_httparse(message)?;
    comes_out_as_it_went_in(message, seed)
}

/// The labels begin at 0, leave nothing out, and end with the last byte.
fn tiles(anatomy: &Anatomy, bytes: &[u8]) -> Result<(), String> {
    let mut end = 0;
    for label in anatomy.labels() {
        if label.span.start != end || label.span.is_empty() {
            return Err(format!("{label:?} comes after byte {end}"));
        }
        end = label.span.end;
    }
    if end == bytes.len() {
        Ok(())
    } else {
        Err(format!("the labels end at {end} of {}", bytes.len()))
    }
}

/// What a connection tells of its first request.
#[derive(Debug, Default, PartialEq)]
struct Told {
    head: Option<Vec<u8>>,
    labels: Option<Anatomy>,
    head_faults: Vec<Fault>,
    framing: Option<BodyFraming>,
    body: Vec<u8>,
    is_whole: bool,
    noted: Option<Fault>,
    rejected: Option<Fault>,
}

impl Told {
    fn keep(&mut self, head: &RequestHead) {
        self.head = Some(head.bytes().to_vec());
        self.labels = Some(head.anatomy().clone());
        self.head_faults = head.faults().to_vec();
    }
}

fn told(pieces: &[&[u8]], now: Instant) -> Told {
    let mut connection = Connection::new(Arc::new(Protocol::default()), now);
    let mut told = Told::default();
    let mut poll = |connection: &mut Connection| {
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Head(head, framing) => {
                    told.keep(&head);
                    told.framing = Some(framing);
                }
                Event::Data(data) => {
                    assert!(!data.is_empty(), "data that is none");
                    told.body.extend(data);
                }
                Event::EndOfMessage => told.is_whole = true,
                // Told with the head: the client waits for an answer to it before it sends the body.
                Event::Noted(fault) => {
                    assert_eq!(fault.kind, FaultKind::ExpectContinue);
                    told.noted = Some(fault);
                }
                Event::Rejected(head, fault) => {
                    if let Some(head) = head {
                        told.keep(&head);
                    }
                    told.rejected = Some(fault);
                }
            }
        }
    };
    for piece in pieces {
        connection.receive(piece, now);
        poll(&mut connection);
    }
    connection.receive_eof();
    poll(&mut connection);
    told
}

fn agrees_with_httparse(message: &[u8]) -> Result<(), String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut theirs = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(end)) = theirs.parse(message) else {
        return Ok(());
    };
    let ours = RequestHead::dissect(message.to_vec());
    let blank_line = ours
        .anatomy()
        .labels()
        .find(|label| matches!(label.part, Part::BlankLine(_)));
    if blank_line.map(|label| label.span.end) != Some(end) {
        return Err(format!(
            "httparse ends the head at {end}, we at {blank_line:?}"
        ));
    }
    let (method, target) = (theirs.method.unwrap(), theirs.path.unwrap());
    if ours.method() != method.as_bytes() || ours.target() != target.as_bytes() {
        return Err(format!(
            "httparse has method {method:?} and target {target:?}"
        ));
    }
    let our_fields = ours.fields().map(|field| (field.name, field.value));
    let their_fields = theirs.headers.iter();
    if !our_fields.eq(their_fields.map(|field| (field.name.as_bytes(), field.value.into()))) {
        return Err(format!("httparse has the fields {:?}", theirs.headers));
    }
    Ok(())
}

/// The writer's labels are the reader's, whatever is offered as a value.
fn comes_out_as_it_went_in(message: &[u8], seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let phrase = String::from_utf8_lossy(message);
    // A phrase is our own, and has no blanks before it.
    let mut writer = ResponseWriter::new(Status::OK, phrase.trim_start_matches(' '));
    let mut values = Vec::new();
    for _ in 0..3 {
        let start = chance.below(message.len());
        let end = (start + chance.below(40)).min(message.len());
        if let Ok(value) = FieldValue::new(message[start..end].to_vec()) {
            writer = writer.field(FieldName::LOCATION, &value);
            values.push(value);
        }
    }
    let head = writer.finish();
    let read = ResponseHead::dissect(head.bytes().to_vec());
    let seen = read.fields().map(|field| field.value.into_owned());
    if read.anatomy() == head.anatomy()
        && seen.eq(values.iter().map(|value| value.octets().to_vec()))
    {
        return Ok(());
    }
    let (read, written) = (read.anatomy().labels(), head.anatomy().labels());
    let differing = read.zip(written).find(|(read, written)| read != written);
    Err(format!(
        "{}: read and written: {differing:?}",
        head.bytes().escape_ascii()
    ))
}
