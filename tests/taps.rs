//! What a tap is told, and bodies that are live: through the real loop.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blankline::engine::{Body, Place, Request, Response, Service, Settings, Source, Wake};
use blankline::record::{Detail, Happening, Record, SAMPLE_BYTES, SAMPLE_EXCHANGES, Tap};
use blankline::wire::{Fault, HttpDate, RequestHead, ResponseWriter, Status};
use socket2::SockRef;
use support::{Case, PATIENCE, Running, converse};
use tempfile::TempDir;

/// Keeps all records, and sends word of each.
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

/// What happened on one connection, until it was over.
fn happenings(heard: &Receiver<Record>) -> Vec<Happening> {
    let mut happenings = Vec::new();
    loop {
        if let Record::Moment(moment) = heard.recv_timeout(PATIENCE).unwrap() {
            happenings.push(moment.what.clone());
            if matches!(moment.what, Happening::Closed | Happening::Reset) {
                return happenings;
            }
        }
    }
}

#[test]
fn a_tap_is_told_every_byte_as_it_passed() {
    let (told, heard) = channel();
    let args = Case::own(&["--frozen"]).serve_args();
    let server = Running::site(&args, || Some(Box::new(Witness(told.clone()))));
    let mut client = server.connect();
    let whole = b"GET /static/hello.txt HTTP/1.0\r\n\r\n";
    let mut typed = Vec::new();
    for line in [&whole[..24], &whole[24..]] {
        client.write_all(line).unwrap();
        loop {
            if let Record::Moment(moment) = heard.recv_timeout(PATIENCE).unwrap()
                && let Happening::Received(bytes) = &moment.what
            {
                assert_eq!(bytes, line, "each read by itself");
                typed.extend_from_slice(bytes);
                break;
            }
        }
    }
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(typed, whole);
    let sent: Vec<u8> = happenings(&heard)
        .into_iter()
        .filter_map(|happening| match happening {
            Happening::Sent(bytes) => Some(bytes),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(sent, answer);
    // One that goes without its answer.
    let gone = server.connect();
    SockRef::from(&gone)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    (&gone).write_all(b"GET / HTT").unwrap();
    drop(gone);
    assert_eq!(happenings(&heard).last(), Some(&Happening::Reset));
}

/// What a connection's tap heard of an answer: the bytes, its status, and how it ended.
fn told_of(target: &str) -> (Vec<u8>, Option<u16>, Happening) {
    let (told, heard) = channel();
    let args = Case::own(&["--frozen"]).serve_args();
    let server = Running::site(&args, || Some(Box::new(Witness(told.clone()))));
    let mut client = server.connect();
    let request = format!("GET {target} HTTP/1.0\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    // A reset is an end, too.
    let _end = client.read_to_end(&mut Vec::new());
    let (mut sent, mut status) = (Vec::new(), None);
    loop {
        match heard.recv_timeout(PATIENCE).unwrap() {
            Record::Exchange(exchange) => status = exchange.status.map(Status::code),
            Record::Moment(moment) => match &moment.what {
                Happening::Sent(bytes) => sent.extend_from_slice(bytes),
                end @ (Happening::Closed | Happening::Reset) => return (sent, status, end.clone()),
                _ => {}
            },
            _ => {}
        }
    }
}

#[test]
fn a_script_is_told_as_it_went_out() {
    for (name, status, is_reset) in [
        ("reset", Some(200), true),
        ("short", Some(200), false),
        ("drip", Some(200), false),
        ("nine", None, false),
    ] {
        let (sent, told, end) = told_of(&format!("/l/zoo/{name}"));
        let expected = fs::read(format!("fixtures/lessons/zoo-{name}/response.http")).unwrap();
        assert_eq!(sent, expected, "{name}");
        assert_eq!(told, status, "{name}");
        assert_eq!(matches!(end, Happening::Reset), is_reset, "{name}");
    }
}

#[test]
fn a_large_file_is_told_too() {
    let folder = TempDir::new().unwrap();
    let file: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    fs::write(folder.path().join("large"), &file).unwrap();
    let (told, heard) = channel();
    let flag = format!("--static-dir={}", folder.path().display());
    let args = Case::own(&["--frozen", &flag]).serve_args();
    let server = Running::site(&args, || Some(Box::new(Witness(told.clone()))));
    let answer = converse(
        server.address,
        [&b"GET /static/large HTTP/1.0\r\n\r\n"[..]],
        false,
    );
    let sent: Vec<u8> = happenings(&heard)
        .into_iter()
        .filter_map(|happening| match happening {
            Happening::Sent(bytes) => Some(bytes),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(sent, answer.unwrap());
    assert!(sent.ends_with(&file));
}

/// As `Witness`, but content with some of it.
struct Sampler(Sender<Record>);

impl Tap for Sampler {
    fn detail(&self) -> Detail {
        Detail::Sample
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            let _over = self.0.send(record);
        }
    }
}

#[test]
fn a_sample_has_the_first_bytes_of_each_message_and_counts_the_rest() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("large"), vec![b'x'; 300_000]).unwrap();
    let (told, heard) = channel();
    let flag = format!("--static-dir={}", folder.path().display());
    let args = Case::own(&["--frozen", &flag]).serve_args();
    let server = Running::site(&args, || Some(Box::new(Sampler(told.clone()))));
    let get = b"GET /static/large HTTP/1.0\r\n\r\n";
    let answer = converse(server.address, [&get[..]], false).unwrap();
    let (mut sent, mut missing) = (Vec::new(), 0);
    loop {
        let Record::Moment(moment) = heard.recv_timeout(PATIENCE).unwrap() else {
            continue;
        };
        match &moment.what {
            Happening::Sent(bytes) => {
                sent.extend_from_slice(bytes);
                missing += moment.missing;
            }
            Happening::Closed => break,
            _ => {}
        }
    }
    assert_eq!(sent, answer[..SAMPLE_BYTES]);
    assert_eq!(sent.len() as u64 + missing, answer.len() as u64);
}

#[test]
fn a_sample_of_a_kept_connection_ends_after_so_many_exchanges() {
    let (told, heard) = channel();
    let args = Case::own(&["--frozen"]).serve_args();
    let server = Running::site(&args, || Some(Box::new(Sampler(told.clone()))));
    let get = b"GET /redirect/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let mut client = server.connect();
    let mut answer = [0; 4096];
    for _ in 0..SAMPLE_EXCHANGES + 10 {
        client.write_all(get).unwrap();
        let count = client.read(&mut answer).unwrap();
        assert!(answer[..count].ends_with(b"\r\n\r\n"));
    }
    drop(client);
    drop(server);
    let (mut exchanges, mut after) = (0, None);
    for record in heard.try_iter() {
        match record {
            Record::Exchange(_) => exchanges += 1,
            Record::Moment(moment) => match moment.what {
                Happening::Unwatched => after = Some(exchanges),
                _ => assert_eq!(after, None, "{moment:?} came after the end of the sample"),
            },
            _ => {}
        }
    }
    assert_eq!(after, Some(SAMPLE_EXCHANGES));
}

/// Sends whatever is put into it to everybody who asks.
#[derive(Clone, Debug, Default)]
struct Ticker(Arc<Mutex<Ticks>>);

#[derive(Debug, Default)]
struct Ticks {
    waiting: Vec<u8>,
    is_over: bool,
    wake: Option<Wake>,
}

impl Ticker {
    fn tick(&self, bytes: &[u8], is_over: bool) {
        let wake = {
            let mut state = self.0.lock().unwrap();
            state.waiting.extend_from_slice(bytes);
            state.is_over = is_over;
            state.wake.clone()
        };
        if let Some(wake) = wake {
            wake.wake();
        }
    }
}

impl Source for Ticker {
    fn pull(&mut self, out: &mut Vec<u8>) -> bool {
        let mut state = self.0.lock().unwrap();
        out.append(&mut state.waiting);
        state.is_over
    }

    fn wake_with(&mut self, wake: Wake) {
        let mut state = self.0.lock().unwrap();
        if state.is_over || !state.waiting.is_empty() {
            wake.wake();
        }
        state.wake = Some(wake);
    }
}

impl Service for Ticker {
    fn place(&self, _head: &RequestHead) -> Place {
        Place::Loop
    }

    fn respond(&self, _request: &Request, _now: HttpDate) -> Response {
        Response {
            head: ResponseWriter::new(Status::OK, "OK").finish(),
            body: Body::Live(Box::new(self.clone())),
            faults: Vec::new(),
        }
    }

    fn refuse(&self, _head: &RequestHead, _fault: &Fault, _now: HttpDate) -> Response {
        panic!("nothing is refused here")
    }
}

#[test]
fn a_live_body_goes_out_as_it_comes_and_ends_by_the_close() {
    let ticker = Ticker::default();
    let server = Running::start(Settings::default(), ticker.clone(), || None);
    let mut client = server.connect();
    client.write_all(b"GET /live HTTP/1.0\r\n\r\n").unwrap();
    let mut head = [0; 19];
    client.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.0 200 OK\r\n\r\n");
    for _ in 0..3 {
        ticker.tick(b"tick\n", false);
        let mut tick = [0; 5];
        client.read_exact(&mut tick).unwrap();
        assert_eq!(&tick, b"tick\n");
    }
    ticker.tick(b"last", true);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"last");
}

#[test]
fn a_live_body_does_not_hold_up_stopping() {
    let ticker = Ticker::default();
    let settings = Settings {
        stop_time: 10 * PATIENCE,
        ..Settings::default()
    };
    let server = Running::start(settings, ticker, || None);
    let mut client = server.connect();
    client.write_all(b"GET /live HTTP/1.0\r\n\r\n").unwrap();
    let mut head = [0; 19];
    client.read_exact(&mut head).unwrap();
    server.handle.stop();
    server.join().unwrap();
}

/// Wants moments while it is told to, and counts who was passed over.
struct Whim(Arc<AtomicBool>, Sender<Record>, Arc<AtomicU64>);

impl Tap for Whim {
    fn detail(&self) -> Detail {
        if self.0.load(Ordering::Relaxed) {
            Detail::Wire
        } else {
            Detail::Nothing
        }
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            let _over = self.1.send(record);
        }
    }

    fn pass_over(&mut self, connections: u64) {
        self.2.fetch_add(connections, Ordering::Relaxed);
    }
}

#[test]
fn a_connection_is_told_whole_or_not_at_all() {
    let (told, heard) = channel();
    let (wants, passed_over) = (Arc::new(AtomicBool::new(true)), Arc::default());
    let args = Case::own(&["--frozen"]).serve_args();
    let server = Running::site(&args, || {
        let (wants, passed_over) = (Arc::clone(&wants), Arc::clone(&passed_over));
        Some(Box::new(Whim(wants, told.clone(), passed_over)))
    });
    let mut client = server.connect();
    client.write_all(b"GET /redirect/ HTTP/1.0\r\n").unwrap();
    loop {
        if let Record::Moment(moment) = heard.recv_timeout(PATIENCE).unwrap()
            && matches!(moment.what, Happening::Received(_))
        {
            break;
        }
    }
    // From here on it wants nothing: of this connection it gets the rest, of the next nothing.
    wants.store(false, Ordering::Relaxed);
    let answer = converse(server.address, [&b"GET /user/ HTTP/1.0\r\n\r\n"[..]], false);
    assert!(answer.unwrap().starts_with(b"HTTP/1.0 200 OK\r\n"));
    client.write_all(b"\r\n").unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    let (mut exchanges, mut connections) = (0, BTreeSet::new());
    loop {
        match heard.recv_timeout(PATIENCE).unwrap() {
            Record::Exchange(exchange) => {
                exchanges += 1;
                connections.insert(exchange.connection);
            }
            Record::Moment(moment) => {
                connections.insert(moment.connection);
                if moment.what == Happening::Closed {
                    break;
                }
            }
            _ => {}
        }
    }
    assert_eq!((exchanges, connections.len()), (1, 1));
    assert_eq!(passed_over.load(Ordering::Relaxed), 1);
}
