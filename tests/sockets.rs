//! The real loop with real sockets: the cases under `fixtures`, and what only a socket can show.
//!
//! Everything listens on a port of the system's choice. Nothing sleeps and nothing is timed tightly:
//! a test waits for an event, and only a hang makes it wait for long.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blankline::app::Site;
use blankline::engine::{Body, Place, Request, Response, Service, Settings};
use blankline::record::{Record, Tap};
use blankline::wire::{
    Fault, FaultKind, HttpDate, RequestHead, ResponseWriter, Status, dissect_response,
};
use socket2::{Domain, SockRef, Socket, Type};
use support::{
    Case, Chance, PATIENCE, Program, Running, cases, compare, connect, converse,
    converse_to_its_end, none, on_threads,
};

const HELLO: &[u8] = b"GET /static/hello.txt HTTP/1.0\r\n\r\n";
const HELLO_KEPT: &[u8] = b"GET /static/hello.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const REDIRECT: &[u8] = b"GET /redirect/ HTTP/1.0\r\n\r\n";

fn site(flags: &[&str]) -> Running {
    Running::site(&Case::own(flags).serve_args(), || None)
}

/// It still answers, and at once: the other connections are none of this one's business.
fn still_serves(server: &Running) {
    let answer = converse(server.address, [REDIRECT], false).unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 302 Found\r\n"));
}

fn status(answer: &[u8]) -> Option<u16> {
    dissect_response(answer).status().map(Status::code)
}

/// Reads exactly one response that has a Content-Length, off a connection that is kept.
fn read_one(stream: &mut TcpStream) -> Vec<u8> {
    let (mut answer, mut octet) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        answer.push(octet[0]);
    }
    let length = dissect_response(&answer)
        .field(b"Content-Length")
        .unwrap()
        .into_owned();
    let mut body = vec![0; String::from_utf8(length).unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    answer.extend(body);
    answer
}

/// The server has closed: its end comes, and nothing before it.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 16]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn play(case: &Case, shared: Option<&Running>) -> Vec<String> {
    let mut reports = Vec::new();
    // Whole, byte by byte, and in pieces from three seeds.
    for way in 0..5 {
        let own = shared
            .is_none()
            .then(|| Running::site(&case.serve_args(), || None));
        let Some(server) = shared.or(own.as_ref()) else {
            continue;
        };
        for exchange in &case.exchanges {
            let request = &exchange.request[..];
            let pieces = match way {
                0 => vec![request],
                _ if exchange.sends_too_much() => continue,
                1 => request.chunks(1).collect(),
                seed => Chance::new(98 + seed).pieces(request),
            };
            let what = format!("{}, way {way}", case.name);
            match converse_to_its_end(server.address, pieces, case.half_close) {
                Ok((_, was_reset)) if was_reset != case.reset => {
                    reports.push(format!("{what}: reset {was_reset}"));
                }
                Ok((answer, _)) => {
                    reports.extend(compare(&what, &exchange.response, &answer).err())
                }
                Err(error) => reports.push(format!("{what}: {error}")),
            }
        }
    }
    reports
}

#[test]
fn every_case_through_the_loop() {
    let cases = cases();
    let mut servers = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.alone) {
        servers
            .entry(case.args.clone())
            .or_insert_with(|| Running::site(&case.serve_args(), || None));
    }
    none(&on_threads(&cases, |case| {
        play(case, servers.get(&case.args).filter(|_| !case.alone))
    }));
}

#[test]
fn every_case_through_several_loops() {
    let cases = cases();
    let plain: Vec<_> = cases
        .into_iter()
        .filter(|case| case.args == ["--frozen"] && !case.alone)
        .collect();
    let server = site(&["--frozen", "--loops=3"]);
    none(&on_threads(&plain, |case| play(case, Some(&server))));
}

/// RFC 1945 8.2, rows RSP-02 and RSP-03.
#[test]
fn the_head_of_a_head_is_the_head_of_a_get() {
    let server = site(&["--frozen"]);
    for target in [
        "/",
        "/static/hello.txt",
        "/static/blankline.png",
        "/redirect/",
        "/redirect",
        "/user/register/",
        "/cookiedemo/",
        "/cookiedemo/history/3/",
        "/set_cookie?key=a&value=b",
    ] {
        let ask = |method: &str| {
            let request = format!("{method} {target} HTTP/1.0\r\n\r\n");
            converse(server.address, [request.as_bytes()], false).unwrap()
        };
        let (get, head) = (ask("GET"), ask("HEAD"));
        let blank_line = get.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        none(&Vec::from_iter(
            compare(target, &get[..blank_line + 4], &head).err(),
        ));
    }
}

/// RFC 1945 1.3, row RSP-15: a client may go at any time, and the rudest way is a reset.
#[test]
fn a_reset_in_each_state_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.bin"), vec![7; 20 << 20]).unwrap();
    let flag = format!("--static-dir={}", folder.path().display());
    let server = site(&["--frozen", &flag]);
    let begun: [(&str, &[u8]); 8] = [
        ("nothing sent", b""),
        ("within the request line", b"GET /sta"),
        ("within the fields", b"GET / HTTP/1.0\r\nHost: 127"),
        (
            "within the body",
            b"POST /raw HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc",
        ),
        (
            "while it waits for a worker",
            b"POST /user/register/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "while a file is sent",
            b"GET /static/large.bin HTTP/1.0\r\n\r\n",
        ),
        ("while kept", HELLO_KEPT),
        (
            "while refused",
            b"POST /raw HTTP/1.0\r\nContent-Length: 99999999\r\n\r\nabc",
        ),
    ];
    for (state, bytes) in begun {
        for reads_first in [false, true] {
            let mut stream = server.connect();
            stream.write_all(bytes).unwrap();
            let is_answered = !matches!(state, "nothing sent") && !state.starts_with("within");
            if reads_first && is_answered {
                stream.read_exact(&mut [0]).unwrap();
            }
            // Closing with a linger time of zero is what makes it an RST.
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(stream);
            still_serves(&server);
        }
    }
}

#[test]
fn a_client_that_says_nothing_is_let_go_without_a_word() {
    let server = site(&["--frozen", "--head-time=0.2"]);
    assert!(is_closed(&mut server.connect()));
}

#[test]
fn a_thousand_slow_heads_hold_nobody_up() {
    let server = site(&["--frozen"]);
    let mut slow: Vec<TcpStream> = (0..1000).map(|_| server.connect()).collect();
    // Three rounds of a byte each, with live requests between them.
    for octet in [b"G", b"E", b"T"] {
        for stream in &mut slow {
            stream.write_all(octet).unwrap();
        }
        for _ in 0..20 {
            still_serves(&server);
        }
    }
    // And they are not forgotten.
    for stream in &mut slow {
        stream.write_all(&REDIRECT[3..]).unwrap();
    }
    for stream in &mut slow {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(status(&answer), Some(302));
    }
}

/// Row RSP-16: without a lingering close the RST would take the answer away from such a client.
#[test]
fn a_refused_upload_sees_its_status_every_time() {
    let server = site(&["--frozen", "--max-body=1000000"]);
    let upload = [
        &b"POST /raw HTTP/1.0\r\nContent-Length: 5242880\r\n\r\n"[..],
        &vec![b'x'; 5 << 20],
    ]
    .concat();
    for _ in 0..20 {
        let answer = converse(server.address, [&upload[..]], false).unwrap();
        assert_eq!(status(&answer), Some(413));
    }
}

/// A Content-Length that is too small, and the rest in a segment of its own: where the answer's last bytes waited
/// for the FIN, more than half of these clients got a reset instead.
#[test]
fn bytes_behind_a_body_do_not_take_the_answer_away() {
    let server = site(&["--frozen"]);
    let whole = b"POST /cookiedemo/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc";
    let mut seen = 0;
    for _ in 0..100 {
        let mut client = server.connect();
        client.write_all(whole).unwrap();
        // It may be answered and closed already.
        let _late = client.write_all(b"def");
        let mut answer = Vec::new();
        let _reset = client.read_to_end(&mut answer);
        seen += u32::from(status(&answer) == Some(302));
    }
    assert!(seen >= 99, "{seen} of 100 saw their answer");
}

#[test]
fn the_limit_of_connections_makes_them_wait_and_no_more() {
    let server = site(&["--frozen", "--connections=8"]);
    let golden = converse(server.address, [HELLO], false).unwrap();
    let clients: Vec<usize> = (0..50).collect();
    none(&on_threads(&clients, |client| {
        let answer = converse(server.address, HELLO.chunks(5), false);
        match answer {
            Ok(answer) => compare(&format!("client {client}"), &golden, &answer).err(),
            Err(error) => Some(format!("client {client}: {error}")),
        }
        .into_iter()
        .collect()
    }));
}

#[test]
fn more_clients_than_the_limit_all_at_once() {
    let server = site(&["--frozen", "--connections=8"]);
    // All are connected before the first one says a word.
    let mut clients: Vec<TcpStream> = (0..50).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.write_all(REDIRECT).unwrap();
    }
    for client in &mut clients {
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(status(&answer), Some(302));
    }
}

#[test]
fn at_the_limit_the_oldest_idle_connection_goes_first() {
    let server = site(&["--frozen", "--connections=3"]);
    let mut kept: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(HELLO_KEPT).unwrap();
            read_one(&mut stream);
            stream
        })
        .collect();
    still_serves(&server);
    assert!(is_closed(&mut kept[0]));
    for stream in &mut kept[1..] {
        stream.write_all(HELLO_KEPT).unwrap();
        assert_eq!(status(&read_one(stream)), Some(200));
    }
    // The one that is used again is no longer the oldest.
    kept[1].write_all(HELLO_KEPT).unwrap();
    read_one(&mut kept[1]);
    let mut third = server.connect();
    third.write_all(HELLO_KEPT).unwrap();
    read_one(&mut third);
    still_serves(&server);
    assert!(is_closed(&mut kept[2]));
    kept[1].write_all(HELLO_KEPT).unwrap();
    assert_eq!(status(&read_one(&mut kept[1])), Some(200));
}

/// A service that says when it is asked, and answers when it is told to.
struct Gate {
    entered: Mutex<Sender<()>>,
    open: Mutex<Receiver<()>>,
    site: Site,
}

impl Gate {
    /// The service, what hears of each request, and what lets one through.
    fn new() -> (Self, Receiver<()>, Sender<()>) {
        let ((entered, heard), (opener, open)) = (channel(), channel());
        let gate = Self {
            entered: Mutex::new(entered),
            open: Mutex::new(open),
            site: Case::own(&["--frozen"]).site(),
        };
        (gate, heard, opener)
    }
}

impl Service for Gate {
    fn place(&self, head: &RequestHead) -> Place {
        if head.path() == b"/slow" {
            Place::Worker
        } else {
            self.site.place(head)
        }
    }

    fn respond(&self, request: &Request, now: HttpDate) -> Response {
        if request.head.path() != b"/slow" {
            return self.site.respond(request, now);
        }
        self.entered.lock().unwrap().send(()).unwrap();
        // When the test is over nobody opens the gate any more.
        let _over = self.open.lock().unwrap().recv();
        Response {
            head: ResponseWriter::new(Status::OK, "OK")
                .content_length(4)
                .finish(),
            body: Body::Bytes(b"slow"[..].into()),
            faults: Vec::new(),
        }
    }

    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        self.site.refuse(head, fault, now)
    }
}

const SLOW: &[u8] = b"GET /slow HTTP/1.0\r\n\r\n";

#[test]
fn a_waiting_view_holds_up_nobody_but_its_client() {
    let (gate, entered, opener) = Gate::new();
    let server = Running::start(Settings::default(), gate, || None);
    let mut slow = server.connect();
    slow.write_all(SLOW).unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    still_serves(&server);
    opener.send(()).unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\r\n\r\nslow"));
}

#[test]
fn a_full_queue_is_said() {
    let (gate, entered, opener) = Gate::new();
    let settings = Settings {
        workers: 1,
        queue: 1,
        ..Settings::default()
    };
    let heard = Heard::default();
    let server = Running::start(settings, gate, || Some(heard.tap()));
    let mut kept = server.connect();
    kept.write_all(HELLO_KEPT).unwrap();
    read_one(&mut kept);
    let mut first = server.connect();
    first.write_all(SLOW).unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    // The only worker has the first one; the second one waits; there is no place for a third.
    let mut second = server.connect();
    second.write_all(SLOW).unwrap();
    // What is ready first has its turn first: when this is answered, the second one is in the queue.
    kept.write_all(HELLO_KEPT).unwrap();
    read_one(&mut kept);
    let third = converse(server.address, [SLOW], false).unwrap();
    assert_eq!(status(&third), Some(503));
    let text = String::from_utf8(third).unwrap();
    assert!(text.contains("503 server-busy at byte 4\n"), "{text}");
    for _ in 0..2 {
        opener.send(()).unwrap();
    }
    for mut stream in [first, second] {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(status(&answer), Some(200));
    }
    drop(server);
    let faults = heard.faults.lock().unwrap();
    assert!(faults.contains(&FaultKind::ServerBusy), "{faults:?}");
}

/// Gathers the faults of all exchanges.
#[derive(Clone, Default)]
struct Heard {
    faults: Arc<Mutex<Vec<FaultKind>>>,
}

impl Heard {
    fn tap(&self) -> Box<dyn Tap> {
        Box::new(self.clone())
    }
}

impl Tap for Heard {
    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            if let Record::Exchange(exchange) = record {
                let kinds = exchange.faults.iter().map(|fault| fault.kind);
                self.faults.lock().unwrap().extend(kinds);
            }
        }
    }
}

#[test]
fn stopping_lets_what_is_under_way_finish_and_closes_what_is_idle() {
    let (gate, entered, opener) = Gate::new();
    let server = Running::start(Settings::default(), gate, || None);
    let mut idle = server.connect();
    idle.write_all(HELLO_KEPT).unwrap();
    read_one(&mut idle);
    let mut slow = server.connect();
    slow.write_all(SLOW).unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    server.handle.stop();
    assert!(is_closed(&mut idle));
    assert!(connect(server.address).is_err(), "it no longer accepts");
    opener.send(()).unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"\r\n\r\nslow"));
    server.join().unwrap();
}

#[test]
fn stopping_twice_waits_for_nobody() {
    let (gate, entered, _opener) = Gate::new();
    let settings = Settings {
        stop_time: PATIENCE * 10,
        ..Settings::default()
    };
    let server = Running::start(settings, gate, || None);
    let mut slow = server.connect();
    slow.write_all(SLOW).unwrap();
    entered.recv_timeout(PATIENCE).unwrap();
    server.handle.stop();
    server.handle.stop();
    assert!(is_closed(&mut slow));
    // A worker still has the view, and nobody waits for that.
    server.join().unwrap();
}

#[test]
fn a_large_file_goes_to_a_slow_reader_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut chance = Chance::new(20);
    let megabyte: Vec<u8> = (0..1 << 20)
        .map(|_| u8::try_from(chance.below(256)).unwrap())
        .collect();
    let file = megabyte.repeat(20);
    fs::write(folder.path().join("large.bin"), &file).unwrap();
    let flag = format!("--static-dir={}", folder.path().display());
    let server = site(&["--frozen", &flag]);
    let mut stream = small_window(&server);
    stream
        .write_all(b"GET /static/large.bin HTTP/1.0\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let mut piece = vec![0; 4096];
    loop {
        // Others are served while this one reads in small pieces.
        if answer.len() % (1 << 22) < 4096 {
            still_serves(&server);
        }
        match stream.read(&mut piece).unwrap() {
            0 => break,
            count => answer.extend_from_slice(&piece[..count]),
        }
    }
    let head = answer.len() - file.len();
    assert!(answer[..head].ends_with(b"\r\n\r\n"));
    assert!(answer[head..] == file[..], "the file came out differently");
}

/// A connection whose receive buffer is small, so that the server's writes would block.
fn small_window(server: &Running) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    socket.connect(&server.address.into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

#[test]
fn a_client_that_never_reads_is_dropped_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.bin"), vec![7; 20 << 20]).unwrap();
    let flag = format!("--static-dir={}", folder.path().display());
    let heard = Heard::default();
    let args = Case::own(&["--frozen", "--write-time=0.2", &flag]).serve_args();
    let server = Running::site(&args, || Some(heard.tap()));
    let mut stream = small_window(&server);
    stream
        .write_all(b"GET /static/large.bin HTTP/1.0\r\n\r\n")
        .unwrap();
    // The record of it is the event that is waited for.
    while !heard
        .faults
        .lock()
        .unwrap()
        .contains(&FaultKind::WriteTimeout)
    {
        still_serves(&server);
    }
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    assert!(answer.len() < 20 << 20);
}

#[test]
fn a_fast_uploader_starves_nobody() {
    let server = site(&["--frozen", "--form-bytes=100000000"]);
    let mut upload = server.connect();
    upload
        .write_all(b"POST /raw HTTP/1.0\r\nContent-Length: 60000000\r\n\r\n")
        .unwrap();
    let mut writer = upload.try_clone().unwrap();
    let uploading = std::thread::spawn(move || {
        let piece = vec![b'x'; 1_000_000];
        for _ in 0..59 {
            writer.write_all(&piece).unwrap();
        }
        writer
    });
    // These are answered while the upload is not over: its last million is sent only afterwards.
    for _ in 0..50 {
        still_serves(&server);
    }
    uploading
        .join()
        .unwrap()
        .write_all(&vec![b'x'; 1_000_000])
        .unwrap();
    let mut answer = Vec::new();
    upload.read_to_end(&mut answer).unwrap();
    assert_eq!(status(&answer), Some(200));
    assert!(answer.len() > 60_000_000);
}

#[test]
fn sixty_four_descriptors_serve_two_hundred_clients() {
    let mut server = Program::serve_with_descriptors(64, &["--frozen".to_owned()]);
    let golden = converse(server.address, [HELLO], false).unwrap();
    // All at once, and each of them first says only half of what it has to say.
    let mut clients: Vec<TcpStream> = (0..200).map(|_| connect(server.address).unwrap()).collect();
    for half in [&HELLO[..10], &HELLO[10..]] {
        for client in &mut clients {
            client.write_all(half).unwrap();
        }
    }
    for client in &mut clients {
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        none(&Vec::from_iter(
            compare("one of 200", &golden, &answer).err(),
        ));
    }
    assert!(server.is_alive());
}

#[test]
fn descriptors_and_memory_return_to_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("large.bin"), vec![7; 1 << 20]).unwrap();
    let flags = [
        "--frozen".to_owned(),
        format!("--static-dir={}", folder.path().display()),
    ];
    let mut server = Program::serve(&flags);
    let everything = |server: &Program| {
        let mut idle: Vec<TcpStream> = (0..100).map(|_| connect(server.address).unwrap()).collect();
        for stream in &mut idle {
            stream.write_all(b"GET / HT").unwrap();
        }
        let requests: [&[u8]; 5] = [
            HELLO,
            b"GET /static/large.bin HTTP/1.0\r\n\r\n",
            b"GET /a b HTTP/1.0\r\n\r\n",
            b"POST /user/register/ HTTP/1.0\r\nContent-Length: 3\r\n\r\na=1",
            b"POST /raw HTTP/1.0\r\nContent-Length: 99999999\r\n\r\nabc",
        ];
        for _ in 0..20 {
            for request in requests {
                let mut stream = connect(server.address).unwrap();
                stream.write_all(request).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
            }
        }
        for stream in idle {
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
        // The resets are all in the loop's queue before this: once it is answered they are done.
        for _ in 0..3 {
            converse(server.address, [HELLO], false).unwrap();
        }
    };
    everything(&server);
    let (descriptors, resident) = (server.descriptors(), server.resident());
    for _ in 0..10 {
        everything(&server);
    }
    assert!(server.is_alive());
    // Closing the last connection may still be under way.
    let deadline = support::now() + PATIENCE;
    while server.descriptors() > descriptors && support::now() < deadline {
        converse(server.address, [HELLO], false).unwrap();
    }
    assert!(
        server.descriptors() <= descriptors,
        "{} descriptors, then {}",
        descriptors,
        server.descriptors()
    );
    let grown = server.resident().saturating_sub(resident);
    assert!(
        grown < 4096,
        "{resident} KiB of memory, and then {grown} KiB more"
    );
}
