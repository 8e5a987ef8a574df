//! Every case under `fixtures`, without a socket: the bytes that go in, and the very bytes that must
//! come out.
//!
//! The clock is moved by hand: when nothing more happens, it jumps to the connection's next deadline.
//! Each case is fed whole, byte by byte and in random pieces, and must answer the same each time.
//! `BLESS=1 cargo test --test golden` rewrites the responses from the whole feeding, and only then;
//! read each of them before it is committed.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use blankline::app::Site;
use blankline::clock::Clock;
use blankline::engine::{
    Conversation, Intake, Now, Place, Request, Response, Service, Transmit, Work, answer,
};
use blankline::record::Record;
use blankline::wire::{
    Anatomy, Fault, FaultKind, HttpDate, RequestHead, ResponseHead, ServerState, dissect_request,
    dissect_response,
};
use support::{Case, Chance, Exchange, cases, compare, none};

/// Faults that no request and response can show, and the test that shows each.
///
/// A fault is either in this list or has a folder of its slug under `fixtures/faults`.
const SHOWN_ELSEWHERE: &[(FaultKind, &str)] = &[
    // A request has no status line: only a response can have a bad one.
    (FaultKind::BadStatus, "a_bad_status_is_a_responses_fault"),
    // Are of another server's response.
    (FaultKind::Chunked, "src/export/chunks.rs, its tests"),
    (FaultKind::BadChunk, "src/export/chunks.rs, its tests"),
    // Need a disk that is full, and a folder that is gone.
    (
        FaultKind::StorageFull,
        "tests/uploads.rs, a_full_disk_keeps_nothing",
    ),
    (
        FaultKind::StorageFailed,
        "tests/uploads.rs, a_folder_that_is_gone",
    ),
    // Needs a server whose workers are all taken.
    (FaultKind::ServerBusy, "sockets.rs, a_full_queue_is_said"),
    // Needs a view that panics.
    (
        FaultKind::ServerError,
        "a_view_that_panics_costs_one_response",
    ),
    // Needs a client that does not read.
    (FaultKind::WriteTimeout, "a_client_that_reads_nothing"),
    // Needs a client that is gone.
    (FaultKind::ConnectionReset, "a_client_that_is_gone"),
];

/// A site, and every head that it wrote.
struct Watched {
    site: Site,
    heads: Mutex<Vec<(Vec<u8>, Anatomy)>>,
}

/// What came of feeding a conversation.
#[derive(Default)]
struct Played {
    sent: Vec<u8>,
    faults: BTreeSet<FaultKind>,
}

impl Watched {
    fn keep(&self, response: Response) -> Response {
        let head = &response.head;
        let pair = (head.bytes().to_vec(), head.anatomy().clone());
        self.heads.lock().unwrap().push(pair);
        response
    }
}

impl Service for Watched {
    fn place(&self, head: &RequestHead) -> Place {
        self.site.place(head)
    }

    fn intake(&self, head: &RequestHead, length: u64) -> Result<Intake, Fault> {
        self.site.intake(head, length)
    }

    fn respond(&self, request: &Request, now: HttpDate) -> Response {
        self.keep(self.site.respond(request, now))
    }

    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        self.keep(self.site.refuse(head, fault, now))
    }
}

/// A conversation that is fed by hand.
struct Table<'a, S> {
    service: &'a S,
    clock: Clock,
    conversation: Conversation,
    now: Instant,
    records: Option<Vec<Record>>,
    played: Played,
}

impl<'a, S: Service> Table<'a, S> {
    fn new(case: &Case, service: &'a S) -> Self {
        let settings = case.serve_args().engine_settings().unwrap();
        let now = Instant::now();
        Self {
            service,
            clock: settings.clock,
            conversation: Conversation::new(Arc::new(settings.protocol), now),
            now,
            records: Some(Vec::new()),
            played: Played::default(),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.conversation.receive(bytes, self.now);
        self.work();
    }

    /// Does what the loop does in a turn, but writes into a `Vec`.
    fn work(&mut self) {
        self.talk();
        self.conversation.pull(self.now);
        while let Some(bytes) = transmit(&self.conversation) {
            self.played.sent.extend_from_slice(&bytes);
            self.conversation.transmitted(bytes.len() as u64, self.now);
            self.record();
            self.talk();
            self.conversation.pull(self.now);
        }
        if self.conversation.wants_reset() {
            self.conversation.reset();
        }
        self.record();
    }

    /// Lets the site answer, but sends nothing.
    fn talk(&mut self) {
        let now = Now {
            instant: self.now,
            wall: self.clock.wall(),
            may_keep: true,
        };
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        while let Some(work) = self
            .conversation
            .drive(self.service, peer, now, &mut self.records)
        {
            match work {
                Work::Answer(job) => {
                    let response = answer(self.service, &job, HttpDate::from(now.wall));
                    self.conversation
                        .complete(self.service, job.head, response, now);
                }
                Work::Store(store) => self.conversation.stored(store.run().result, self.now),
                Work::Discard(sink) => drop(sink),
            }
        }
    }

    fn record(&mut self) {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let records = self.records.as_mut().unwrap();
        records.extend(self.conversation.poll_record(1, peer, || self.now, true));
        for record in records.drain(..) {
            match record {
                Record::Exchange(exchange) => {
                    let head = exchange.head.iter().flat_map(|head| head.faults());
                    let faults = head.chain(&exchange.faults).map(|fault| fault.kind);
                    self.played.faults.extend(faults);
                }
                Record::Hint(hint) => {
                    self.played.faults.insert(hint.fault.kind);
                }
                _ => {}
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.conversation.connection().server() == ServerState::Closed
    }

    /// Jumps from deadline to deadline until the connection is closed.
    fn wait(mut self) -> Played {
        while !self.is_closed() {
            let due = self.conversation.poll_timeout();
            self.now = due.expect("a connection that waits has a deadline");
            self.conversation.handle_timeout(self.now);
            self.work();
        }
        self.played
    }
}

/// What is to be sent next; `None` when that is nothing.
fn transmit(conversation: &Conversation) -> Option<Vec<u8>> {
    if conversation.connection().unsent() == 0 {
        return None;
    }
    Some(match conversation.poll_transmit()? {
        Transmit::Bytes(parts) => parts.concat(),
        Transmit::File {
            head,
            file,
            offset,
            length,
        } => {
            let mut body = vec![0; usize::try_from(length).unwrap()];
            file.read_exact_at(&mut body, offset).unwrap();
            [head, &body].concat()
        }
    })
}

fn play<'p>(
    case: &Case,
    service: &impl Service,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Played {
    let mut table = Table::new(case, service);
    for piece in pieces {
        table.receive(piece);
    }
    if case.half_close {
        table.conversation.receive_eof();
        table.work();
    }
    table.wait()
}

fn watched(case: &Case) -> Watched {
    Watched {
        site: case.site(),
        heads: Mutex::default(),
    }
}

/// The labels begin at 0, leave nothing out, and end with the last byte.
fn tiles(anatomy: &Anatomy, bytes: &[u8]) -> bool {
    let mut end = 0;
    for label in anatomy.labels() {
        if label.span.start != end || label.span.end <= end {
            return false;
        }
        end = label.span.end;
    }
    end == bytes.len()
}

/// Feeds every exchange of every case in so many ways, each time to a new site, and checks what came of it.
fn each_feeding<'e>(
    cases: &'e [Case],
    ways: u64,
    cut: impl Fn(u64, &'e [u8]) -> Vec<&'e [u8]>,
    mut check: impl FnMut(&Case, &Exchange, &Played, &Watched) -> Result<(), String>,
) {
    let mut reports = Vec::new();
    for case in cases {
        for way in 0..ways {
            let service = watched(case);
            for exchange in &case.exchanges {
                let played = play(case, &service, cut(way, &exchange.request));
                let report = check(case, exchange, &played, &service).err();
                reports.extend(report.map(|report| format!("way {way}: {report}")));
            }
        }
    }
    none(&reports);
}

fn each_exchange(mut check: impl FnMut(&Case, &Exchange) -> Result<(), String>) {
    let mut reports = Vec::new();
    for case in cases() {
        for exchange in &case.exchanges {
            reports.extend(check(&case, exchange).err());
        }
    }
    none(&reports);
}

#[test]
fn every_case_fed_whole() {
    let is_blessing = std::env::var("BLESS").is_ok_and(|value| value == "1");
    each_feeding(&cases(), 1, whole, |case, exchange, played, _| {
        let sent = &played.sent;
        if is_blessing {
            if !exchange.response_path.exists() || exchange.response != *sent {
                fs::write(&exchange.response_path, sent).unwrap();
            }
            return Ok(());
        }
        if !exchange.response_path.exists() {
            return Err(format!(
                "{}: no response (BLESS=1 writes it, for you to read)",
                case.name
            ));
        }
        compare(&case.name, &exchange.response, sent)
    });
}

fn whole(_way: u64, request: &[u8]) -> Vec<&[u8]> {
    vec![request]
}

#[test]
fn every_case_fed_byte_by_byte() {
    let bytes = |_, request: &'static [u8]| request.chunks(1).collect();
    each_feeding(cases().leak(), 1, bytes, |case, exchange, played, _| {
        compare(&case.name, &exchange.response, &played.sent)
    });
}

#[test]
fn every_case_fed_in_random_pieces() {
    let pieces = |seed, request: &'static [u8]| Chance::new(seed).pieces(request);
    each_feeding(cases().leak(), 8, pieces, |case, exchange, played, _| {
        compare(&case.name, &exchange.response, &played.sent)
    });
}

#[test]
fn every_byte_of_every_case_has_one_label() {
    each_exchange(|case, exchange| {
        let request = dissect_request(&exchange.request);
        let response = dissect_response(&exchange.response);
        let both = [
            ("request", request.anatomy(), &exchange.request),
            ("response", response.anatomy(), &exchange.response),
        ];
        for (which, anatomy, bytes) in both {
            if !tiles(anatomy, bytes) {
                let labels: Vec<_> = anatomy.labels().collect();
                return Err(format!("{}: its {which}'s labels: {labels:?}", case.name));
            }
        }
        Ok(())
    });
}

#[test]
fn the_writers_labels_are_the_readers() {
    each_feeding(&cases(), 1, whole, |case, _, _, service| {
        for (bytes, anatomy) in service.heads.lock().unwrap().iter() {
            let read = ResponseHead::dissect(bytes.clone());
            if !bytes.is_empty() && (read.anatomy() != anatomy || !read.faults().is_empty()) {
                let head = bytes.escape_ascii();
                return Err(format!("{}: {head}: {:?}", case.name, read.faults()));
            }
        }
        Ok(())
    });
}

/// Cases whose answers break a rule on purpose, and what a lesson shows by it. No other case may.
const BREAKS_A_RULE: &[(&str, &str)] = &[
    (
        "lessons/14-close",
        "a body without a length ends with the connection",
    ),
    (
        "lessons/14-close-keep-alive",
        "the same, so the connection is not kept",
    ),
    ("lessons/zoo-lf", "lines that end with LF alone"),
    ("lessons/zoo-no-blank-line", "a head without its end"),
];

/// RFC 1945 rows SYN-01, SYN-02, SYN-06, RSP-01, RSP-12 and others, on every response there is but those that break
/// them on purpose, which must.
#[test]
fn every_full_response_keeps_the_rules_of_the_wire() {
    each_exchange(|case, exchange| {
        let broken = rules(case, exchange);
        match BREAKS_A_RULE.iter().find(|(name, _)| *name == case.name) {
            None => broken,
            Some(_) if broken.is_err() => Ok(()),
            Some((name, what)) => Err(format!("{name}: {what}, but it keeps the rules")),
        }
    });
}

fn rules(case: &Case, exchange: &Exchange) -> Result<(), String> {
    let head = ResponseHead::dissect(exchange.response.clone());
    if !exchange.response.starts_with(b"HTTP/") {
        return Ok(());
    }
    let broken = |rule: &str| Err(format!("{}: {rule}", case.name));
    if !exchange.response.starts_with(b"HTTP/1.0 ") || !head.is_complete() {
        return broken("VER-04: a full response starts with HTTP/1.0 and has a blank line");
    }
    if !head.faults().is_empty() {
        return broken("SYN-01, SYN-02: no bare LF, no fold, nothing odd");
    }
    if head.fields().any(|field| {
        let colon = field.name_at.end;
        exchange.response[colon..field.value_at.start] != *b": " || field.value.is_empty()
    }) {
        return broken("SYN-06: one colon, one space, and a value");
    }
    let date = head.field(b"Date").and_then(|date| HttpDate::parse(&date));
    if date.map(|date| date.seconds()) != case.serve_args().frozen.map(HttpDate::seconds) {
        return broken("RSP-12: the Date field says the time");
    }
    let status = head.status().unwrap().code();
    let is_head = exchange.request.starts_with(b"HEAD ");
    let length = head.field(b"Content-Length");
    if matches!(status, 204 | 304) {
        let barred: [&[u8]; 3] = [b"Content-Type", b"Content-Length", b"Last-Modified"];
        if barred.iter().any(|name| head.field(name).is_some()) {
            return broken("ST-08: a 204 and a 304 describe no body");
        }
    } else if length.is_none() {
        return broken("RSP-06, RSP-07: the length is known, so it is said");
    }
    if matches!(status, 301 | 302) && head.field(b"Location").is_none() {
        return broken("ST-03: a redirect has a Location");
    }
    if status == 405 && head.field(b"Allow").is_none() {
        return broken("REQ-03: a 405 has an Allow");
    }
    if length.is_some_and(|length| &*length != b"0") && head.field(b"Content-Type").is_none() {
        return broken("RSP-09: a body has a type");
    }
    if is_head && !exchange.response.ends_with(b"\r\n\r\n") {
        return broken("RSP-02: a HEAD gets no body");
    }
    Ok(())
}

#[test]
fn every_fault_is_shown_once() {
    let slugs: BTreeSet<String> = cases()
        .iter()
        .filter_map(|case| case.name.strip_prefix("faults/").map(str::to_owned))
        .collect();
    let mut reports = Vec::new();
    for kind in FaultKind::ALL {
        let is_shown = slugs.contains(kind.slug());
        let is_elsewhere = SHOWN_ELSEWHERE.iter().any(|(known, _)| known == kind);
        if is_shown == is_elsewhere {
            reports.push(format!(
                "{}: is it in fixtures/faults ({is_shown}) or in SHOWN_ELSEWHERE ({is_elsewhere})?",
                kind.slug()
            ));
        }
    }
    for slug in &slugs {
        if FaultKind::from_slug(slug).is_none() {
            reports.push(format!("fixtures/faults/{slug} is no fault's slug"));
        }
    }
    none(&reports);
}

#[test]
fn the_folder_of_a_fault_raises_it() {
    each_exchange(|case, exchange| {
        let Some(slug) = case.name.strip_prefix("faults/") else {
            return Ok(());
        };
        let faults = play(case, &watched(case), [&exchange.request[..]]).faults;
        if faults.iter().any(|kind| kind.slug() == slug) {
            return Ok(());
        }
        Err(format!("{}: raised only {faults:?}", case.name))
    });
}

#[test]
fn a_bad_status_is_a_responses_fault() {
    let head = dissect_response(b"HTTP/1.0 2x0 OK\r\n\r\n");
    assert_eq!(head.faults()[0].kind, FaultKind::BadStatus);
}

/// A service whose every view panics.
struct Panicking(Site);

impl Service for Panicking {
    fn place(&self, _: &RequestHead) -> Place {
        Place::Worker
    }

    fn respond(&self, _: &Request, _: HttpDate) -> Response {
        panic!("this view was made to panic")
    }

    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        self.0.refuse(head, fault, now)
    }
}

#[test]
fn a_view_that_panics_costs_one_response() {
    let case = Case::own(&["--frozen"]);
    let service = Panicking(case.site());
    let played = play(&case, &service, [&b"GET / HTTP/1.0\r\n\r\n"[..]]);
    let head = dissect_response(&played.sent);
    assert_eq!(head.status().map(|status| status.code()), Some(500));
    assert!(played.faults.contains(&FaultKind::ServerError));
}

#[test]
fn a_client_that_reads_nothing() {
    let case = Case::own(&["--frozen", "--write-time=7"]);
    let service = watched(&case);
    let mut table = Table::new(&case, &service);
    table
        .conversation
        .receive(b"GET / HTTP/1.0\r\n\r\n", table.now);
    table.talk();
    let due = table.conversation.connection().poll_timeout();
    assert_eq!(due, Some(table.now + std::time::Duration::from_secs(7)));
    table.now = due.unwrap();
    table.conversation.handle_timeout(table.now);
    table.talk();
    table.record();
    assert!(table.is_closed());
    assert!(table.played.faults.contains(&FaultKind::WriteTimeout));
}

#[test]
fn a_client_that_is_gone() {
    let case = Case::own(&["--frozen"]);
    let service = watched(&case);
    let mut table = Table::new(&case, &service);
    table.receive(b"POST /raw HTTP/1.0\r\nContent-Length: 5\r\n\r\nab");
    table.conversation.receive_reset();
    table.talk();
    table.record();
    assert!(table.is_closed());
    assert!(table.played.faults.contains(&FaultKind::ConnectionReset));
}
