//! The live page: the real program, its page in a real browser, and its door knocked at from outside.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use blankline::wire::{ResponseHead, dissect_response};
use serde_json::{Value, json};
use support::browser::Browser;
use support::{Program, cases, connect, converse, converse_to_its_end};

/// The program and its page in a browser.
struct Stage {
    browser: Browser,
    program: Program,
}

impl Stage {
    /// `None` when there is no browser here, and there need not be one.
    fn set(test: &str) -> Option<Self> {
        let stage = Self {
            browser: Browser::start(test)?,
            program: Program::inspect(&[]),
        };
        stage.visit("#lang=en");
        stage
            .browser
            .wait("return document.getElementById('link').className === 'live'");
        Some(stage)
    }

    fn visit(&self, rest: &str) {
        let url = format!("http://{}/{rest}", self.program.inspector.unwrap());
        self.browser.command("url", &json!({ "url": url }));
    }

    fn send(&self, request: &str) -> Vec<u8> {
        converse(self.program.address, [request.as_bytes()], false).unwrap()
    }

    /// Waits until the exchange with this target is chosen and shown, and its connection closed, so that nothing
    /// more will change.
    fn shows(&self, target: &str, status: u16) {
        self.browser.wait(&format!(
            "const h = document.querySelector('#exchange h2');
             return h?.querySelector('.target').textContent === {target:?}
                 && h.querySelector('.status')?.textContent === '{status}'
                 && document.querySelector('.timeline li.closed') !== null"
        ));
    }

    /// The text that explains the byte under the cursor.
    fn explained(&self) -> String {
        let text = self
            .browser
            .run("return document.getElementById('byte').innerText");
        text.as_str().unwrap().replace('\n', " ")
    }

    /// How many lines of the list are visible.
    fn lines(&self) -> Value {
        let script = "return document.querySelectorAll('#list li:not([hidden])').length";
        self.browser.run(script)
    }
}

const ARROW_RIGHT: char = '\u{e014}';
const ARROW_DOWN: char = '\u{e015}';

#[test]
fn a_request_that_is_typed_shows_up_line_by_line_with_its_labels() {
    let Some(stage) = Stage::set("a_request_that_is_typed_shows_up_line_by_line_with_its_labels")
    else {
        return;
    };
    let browser = &stage.browser;
    // A newcomer is told what to type.
    browser
        .wait("return document.querySelector('.try pre')?.textContent.includes('| nc 127.0.0.1')");
    let mut client = connect(stage.program.address).unwrap();
    browser.wait("return document.querySelectorAll('#list li.open').length === 1");
    client.write_all(b"GET /user/ HTTP/1.0\r\n").unwrap();
    browser.wait(
        "const part = (name) => [...document.querySelectorAll(`.request .part-${name}`)]
             .map((cell) => cell.textContent).join('');
         return part('method') === 'GET' && part('request-target') === '/user/'
             && part('http-version') === 'HTTP/1.0' && part('line-end') === 'CRLF'
             && part('space') === '··'",
    );
    client.write_all(b"Host: here\r\n").unwrap();
    browser.wait(
        "return [...document.querySelectorAll('.request .part-field-name')]
             .map((cell) => cell.textContent).join('') === 'Host'",
    );
    assert!(browser.text().contains("No response yet."));
    client.write_all(b"\r\n").unwrap();
    stage.shows("/user/", 200);
    browser.wait(
        "return document.querySelector('.request .blank .remark')?.textContent === 'blank line'",
    );
    let text = browser.text();
    assert!(
        text.contains("httparse accepts this head of 35 bytes"),
        "{text}"
    );
    assert!(text.contains("read 21 bytes (0 to 21)"), "{text}");
    assert!(text.contains("read 12 bytes (21 to 33)"), "{text}");
    assert!(
        text.contains("server: must respond") || text.contains("server: sending a response"),
        "{text}"
    );
    drop(client);
}

#[test]
fn a_byte_is_explained_by_mouse_and_by_keys() {
    let Some(stage) = Stage::set("a_byte_is_explained_by_mouse_and_by_keys") else {
        return;
    };
    let browser = &stage.browser;
    stage.send("GET /a b HTTP/1.0\n\r\n");
    stage.shows("/a b", 400);
    browser.hover(".request .part-request-target");
    let explained = stage.explained();
    assert!(
        explained.starts_with("request · byte 4 2f request target "),
        "{explained}"
    );
    assert!(explained.contains("(RFC 1945 5.1.2)"), "{explained}");
    assert!(
        explained.contains("bad-target: Between the method and the version"),
        "{explained}"
    );
    // By keys alone, from where the mouse left the cursor.
    browser.run("document.getElementById('list').focus()");
    browser.run("document.querySelector('.request .bytes').focus()");
    browser.press(&ARROW_RIGHT.to_string().repeat(2));
    assert!(
        stage.explained().starts_with("request · byte 6 20"),
        "{}",
        stage.explained()
    );
    browser.press(&ARROW_DOWN.to_string());
    assert!(
        stage
            .explained()
            .starts_with("request · byte 19 0a blank line")
            || stage.explained().contains("blank line"),
        "{}",
        stage.explained()
    );
    // The same byte in hex.
    browser.press("h");
    browser.wait("return document.querySelector('.request .bytes.hex .line .offset')?.textContent === '000000'");
    assert!(
        stage.explained().contains("blank line"),
        "{}",
        stage.explained()
    );
    browser.press("t");
    browser.wait("return document.querySelector('.request .bytes.text') !== null");
    // Faults have their sentence and their mark.
    let marked = browser.run("return [...document.querySelectorAll('.request .refused')].map((c) => c.textContent).join('')");
    assert_eq!(marked, "/a b");
    let text = browser.text();
    assert!(text.contains("bare-lf byte 17"), "{text}");
    browser.press("?");
    browser.wait("return document.querySelector('#keys[open]') !== null");
}

#[test]
fn the_list_is_walked_filtered_paused_and_cleared() {
    let Some(stage) = Stage::set("the_list_is_walked_filtered_paused_and_cleared") else {
        return;
    };
    let browser = &stage.browser;
    for request in [
        "GET /redirect/ HTTP/1.0\r\n\r\n",
        "GET /user/ HTTP/1.0\n\n",
        "GET /nope HTTP/1.0\r\n\r\n",
    ] {
        stage.send(request);
    }
    stage.shows("/nope", 404);
    browser.run("document.getElementById('list').focus()");
    browser.press("j");
    stage.shows("/user/", 200);
    browser.press("j");
    stage.shows("/redirect/", 302);
    browser.press("k");
    stage.shows("/user/", 200);
    // Whoever chose is left alone.
    stage.send("GET /redirect/?again HTTP/1.0\r\n\r\n");
    browser.wait("return document.querySelectorAll('#list li').length === 4");
    stage.shows("/user/", 200);
    browser.press("f");
    stage.shows("/redirect/?again", 302);
    browser.run("document.querySelectorAll('#list li')[1].click()");
    stage.shows("/nope", 404);

    browser.press("/");
    browser.press("redirect");
    assert_eq!(stage.lines(), 2);
    let set = |id: &str, value: &str| {
        browser.run(&format!(
            "const e = document.getElementById('{id}'); e.value = '{value}';
             e.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        ));
    };
    set("path", "");
    set("status", "4");
    assert_eq!(stage.lines(), 1);
    set("status", "");
    set("fault", "bare-lf");
    assert_eq!(stage.lines(), 1);
    set("fault", "");
    assert_eq!(stage.lines(), 4);

    // While it is paused nothing moves; then it catches up.
    browser.run("document.getElementById('list').focus()");
    browser.press("p");
    browser.wait("return document.getElementById('link').className === 'paused'");
    stage.send("GET /user/?missed HTTP/1.0\r\n\r\n");
    stage.send("GET /user/?missed2 HTTP/1.0\r\n\r\n");
    assert_eq!(stage.lines(), 4);
    browser.press("p");
    browser.wait("return document.querySelectorAll('#list li').length === 6");
    browser.run("document.getElementById('clear').click()");
    browser.wait("return document.querySelectorAll('#list li').length === 0");
    // It is gone from the server too.
    stage.visit("#lang=en&again");
    browser.wait("return document.querySelector('.try') !== null");
    assert_eq!(stage.lines(), 0);
}

#[test]
fn everything_is_said_in_chinese_too() {
    let Some(stage) = Stage::set("everything_is_said_in_chinese_too") else {
        return;
    };
    let browser = &stage.browser;
    stage.send("GET /cookiedemo/ HTTP/1.0\r\n\r\n");
    stage.send("GET /user/ HTTP/1.0\nCookie: age=10\r\n\r\n");
    stage.shows("/user/", 200);
    let text = browser.text();
    assert!(
        text.contains("age came along because its path / matches /user/; exchange 1 set it."),
        "{text}"
    );
    assert!(
        text.contains("sex stayed away: its path /cookiedemo/ does not match /user/"),
        "{text}"
    );
    browser.press("l");
    browser.wait("return document.documentElement.lang === 'zh-Hans'");
    let text = browser.text();
    for words in [
        "跟随",
        "age 随请求一起来了",
        "时间线",
        "等待请求",
        "httparse 接受这个",
        "2 次交换",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    browser.hover(".request .part-method");
    assert!(
        stage.explained().contains("方法说明要对资源做什么"),
        "{}",
        stage.explained()
    );
    // The hash keeps it.
    browser.command("refresh", &json!({}));
    browser.wait("return document.documentElement.lang === 'zh-Hans' && document.querySelectorAll('#list li').length === 2");
}

#[test]
fn what_a_peer_sent_stays_text() {
    let Some(stage) = Stage::set("what_a_peer_sent_stays_text") else {
        return;
    };
    let browser = &stage.browser;
    let evil =
        "<script>document.title='taken'</script><img src=/x onerror=\"document.title='taken'\">";
    stage.send(&format!(
        "GET /{evil} HTTP/1.0\r\nX-Evil: {evil}\r\nCookie: {evil}=1\r\n\r\n"
    ));
    browser.wait("return document.querySelector('#exchange .request .bytes') !== null");
    let length = format!("{}", evil.len());
    stage.send(&format!(
        "POST /raw HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{evil}"
    ));
    stage.shows("/raw", 200);
    assert!(browser.text().contains(evil), "{}", browser.text());
    assert_eq!(browser.run("return document.title"), "blankline inspector");
    let made = browser.run("return document.querySelectorAll('main script, main img').length");
    assert_eq!(made, 0);
}

#[test]
fn a_thousand_exchanges_are_no_trouble() {
    let Some(stage) = Stage::set("a_thousand_exchanges_are_no_trouble") else {
        return;
    };
    let browser = &stage.browser;
    for number in 0..1000 {
        stage.send(&format!("GET /user/?{number} HTTP/1.0\r\n\r\n"));
    }
    stage.shows("/user/?999", 200);
    // Nothing is lost silently, and on a machine with a core to spare nothing is.
    let mut feed = Feed::open(stage.program.inspector.unwrap(), "");
    let untold = feed.next("counts").1["untold"].as_u64().unwrap();
    assert_eq!(stage.lines().as_u64().unwrap() + untold, 1000);
    assert!(untold < 100, "{untold} not followed");
    // Frames go on while one walks through them.
    let slowest = browser.command(
        "execute/async",
        &json!({ "args": [], "script":
            "const done = arguments[0];
             let slowest = 0, last = performance.now(), steps = 0;
             const press = (key) => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
             const body = document.getElementById('list');
             const frame = (now) => {
                 slowest = Math.max(slowest, now - last);
                 last = now;
                 body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
                 steps += 1;
                 if (steps < 50) requestAnimationFrame(frame); else done(slowest);
             };
             requestAnimationFrame(frame);" }),
    );
    // A dropped frame or two is a busy machine; a second would be a page that hangs.
    assert!(
        slowest.as_f64().unwrap() < 1000.0,
        "{slowest} ms for a frame"
    );
    for number in 1000..1010 {
        stage.send(&format!("GET /user/?{number} HTTP/1.0\r\n\r\n"));
    }
    browser.wait("return document.querySelector('#list li .target').textContent === '/user/?1009'");
    assert_eq!(stage.lines(), 1000);
}

#[test]
fn a_page_finds_the_server_again() {
    let Some(stage) = Stage::set("a_page_finds_the_server_again") else {
        return;
    };
    stage.send("GET /user/?before HTTP/1.0\r\n\r\n");
    stage.shows("/user/?before", 200);
    let (site, page) = (stage.program.address, stage.program.inspector.unwrap());
    let Stage { browser, program } = stage;
    program.kill();
    browser.wait("return document.getElementById('link').className === 'lost'");
    let flags = [
        "--port".to_owned(),
        site.port().to_string(),
        "--inspector-port".to_owned(),
        page.port().to_string(),
    ];
    let program = Program::inspect(&flags);
    let stage = Stage { browser, program };
    stage
        .browser
        .wait("return document.getElementById('link').className === 'live'");
    // It is another run: what was shown is gone.
    stage
        .browser
        .wait("return document.querySelectorAll('#list li').length === 0");
    stage.send("GET /user/?after HTTP/1.0\r\n\r\n");
    stage.shows("/user/?after", 200);
    assert_eq!(stage.lines(), 1);
}

/// Asks the inspector, with these lines after the request line.
fn ask(program: &Program, line: &str, fields: &str) -> (ResponseHead, String) {
    let request = format!("{line} HTTP/1.0\r\n{fields}\r\n");
    let answer = converse(program.inspector.unwrap(), [request.as_bytes()], false).unwrap();
    let head = dissect_response(&answer);
    let body = ResponseHead::dissect(answer.clone()).anatomy().end();
    (head, String::from_utf8_lossy(&answer[body..]).into_owned())
}

/// The exchange with this number, when it is over.
fn document(program: &Program, id: u32) -> Value {
    let deadline = support::now() + support::PATIENCE;
    loop {
        let (_, body) = ask(program, &format!("GET /exchanges/{id}"), "");
        let value: Value = serde_json::from_str(&body).unwrap_or_default();
        if value["stage"] == "done" {
            return value;
        }
        assert!(
            support::now() < deadline,
            "exchange {id} never came: {body}"
        );
    }
}

/// Reads a feed, event by event.
struct Feed(BufReader<TcpStream>);

impl Feed {
    fn open(address: SocketAddr, fields: &str) -> Self {
        let mut stream = connect(address).unwrap();
        let request = format!("GET /events HTTP/1.0\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event with this name: its id and its data.
    fn next(&mut self, name: &str) -> (String, Value) {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "no more events");
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("event", value)) => value.clone_into(&mut event),
                Some(("data", value)) if event == name => {
                    return (id, serde_json::from_str(value).unwrap());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_door_is_for_this_page_alone() {
    let program = Program::inspect(&[]);
    let port = program.inspector.unwrap().port();
    for host in ["evil.test", "evil.test:8001", "127.0.0.1", "127.0.0.1:1"] {
        let (head, body) = ask(&program, "GET /", &format!("Host: {host}\r\n"));
        assert_eq!(head.status().unwrap().code(), 403, "{host}");
        assert!(!body.contains("<script"), "{host}");
    }
    for host in [
        format!("127.0.0.1:{port}"),
        format!("LOCALHOST:{port}"),
        format!("[::1]:{port}"),
    ] {
        let (head, _) = ask(&program, "GET /", &format!("Host: {host}\r\n"));
        assert_eq!(head.status().unwrap().code(), 200, "{host}");
    }
    for path in [
        "/",
        "/inspector.js",
        "/bytes.js",
        "/asking.js",
        "/words.js",
        "/lesson.js",
        "/class.js",
        "/inspector.css",
        "/glossary",
        "/nope",
        "/exchanges/1",
    ] {
        let (head, body) = ask(&program, &format!("GET {path}"), "");
        let policy = head.field(b"Content-Security-Policy").unwrap();
        let policy = String::from_utf8_lossy(&policy);
        assert!(
            policy.starts_with(
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            ),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert!(
            !body.contains("http://") && !body.contains("https://") || path == "/inspector.js",
            "{path} names another host"
        );
        let (head, body) = ask(&program, &format!("HEAD {path}"), "");
        assert!(head.status().is_some() && body.is_empty(), "{path}");
        let (head, _) = ask(&program, &format!("POST {path}"), "Content-Length: 0\r\n");
        assert_eq!(head.status().unwrap().code(), 405, "{path}");
    }
    let clear = |fields: &str| {
        let (head, _) = ask(
            &program,
            "POST /clear",
            &format!("Content-Length: 0\r\n{fields}"),
        );
        head.status().unwrap().code()
    };
    assert_eq!(clear("Origin: http://evil.test\r\n"), 403);
    assert_eq!(clear("Origin: null\r\n"), 403);
    assert_eq!(clear(&format!("Origin: http://127.0.0.1:{port}\r\n")), 200);
    let (head, _) = ask(&program, "GET /clear", "");
    assert_eq!(head.status().unwrap().code(), 405);
    let (head, body) = ask(&program, "GET /a b", "");
    assert_eq!(head.status().unwrap().code(), 400);
    assert!(body.starts_with("bad-target at byte 4\n"), "{body}");
}

#[test]
fn a_late_visitor_gets_what_there_is_and_reads_on_where_it_was() {
    let program = Program::inspect(&[]);
    let send = |request: &str| converse(program.address, [request.as_bytes()], false).unwrap();
    let answer = send("GET /redirect/ HTTP/1.0\r\n\r\n");
    document(&program, 1);
    let mut late = Feed::open(program.inspector.unwrap(), "");
    assert_eq!(late.next("hello").1["hidden"], false);
    let (id, entry) = late.next("exchange");
    assert_eq!(
        (&entry["target"], &entry["status"]),
        (&json!("/redirect/"), &json!(302))
    );
    drop(late);
    send("GET /user/ HTTP/1.0\r\n\r\n");
    let mut again = Feed::open(
        program.inspector.unwrap(),
        &format!("Last-Event-ID: {id}\r\n"),
    );
    // The first may have been told at an earlier stage.
    loop {
        let (_, entry) = again.next("exchange");
        if entry["id"] == 2 && entry["stage"] == "done" {
            break;
        }
    }
    // Its messages are the very bytes.
    let (head, saved) = ask(&program, "GET /exchanges/1/response.http", "");
    assert_eq!(saved.as_bytes(), answer);
    let name = head.field(b"Content-Disposition").unwrap();
    assert_eq!(&*name, b"attachment; filename=\"response.http\"");
    let (_, saved) = ask(&program, "GET /exchanges/1/request.http", "");
    assert_eq!(saved, "GET /redirect/ HTTP/1.0\r\n\r\n");
    // So is its capture, which tests/pcap.rs reads with tshark: here, that it is one and has the bytes.
    let (_, capture) = ask(&program, "GET /exchanges/1/capture.pcapng", "");
    assert!(capture.starts_with("\n\r\r\n"), "{capture:?}");
    assert!(capture.contains("GET /redirect/ HTTP/1.0\r\n\r\n"));
    assert!(capture.contains("Location: /user/\r\n"));
    let first = document(&program, 1);
    assert_eq!(first["whole"], true);
    let netcat = first["netcat"].as_str().unwrap();
    let wanted = format!(
        r"printf 'GET /redirect/ HTTP/1.0\r\n\r\n' | nc 127.0.0.1 {}",
        program.address.port()
    );
    assert_eq!(netcat, wanted);
}

/// One message of an exchange as the page saves it, once the exchange is over; `None` while there is no such
/// exchange.
fn saved(program: &Program, id: u32, message: &str) -> Option<Vec<u8>> {
    let (_, body) = ask(program, &format!("GET /exchanges/{id}"), "");
    let document: Value = serde_json::from_str(&body).ok()?;
    if document["stage"] == "open" {
        return None;
    }
    let request = format!("GET /exchanges/{id}/{message}.http HTTP/1.0\r\n\r\n");
    let answer = converse(program.inspector.unwrap(), [request.as_bytes()], false).unwrap();
    assert_eq!(dissect_response(&answer).status().unwrap().code(), 200);
    let start = ResponseHead::dissect(answer.clone()).anatomy().end();
    Some(answer[start..].to_vec())
}

/// With `tests/pcap.rs`, where tshark reads the same: the two agree, since both have the fixture's bytes.
#[test]
fn the_page_has_every_byte_of_every_fixture() {
    let program = Program::inspect(&["--frozen".to_owned()]);
    // While a page is open nothing is passed over at this pace.
    let _page = Feed::open(program.inspector.unwrap(), "");
    let mut cases = cases();
    cases.retain(|case| case.args == ["--frozen"] && !case.alone);
    assert!(cases.len() > 200, "{}", cases.len());
    let mut id = 0;
    for case in &cases {
        for exchange in &case.exchanges {
            if exchange.request.len() > 60_000 {
                continue;
            }
            let request = &exchange.request[..];
            let (answer, _) =
                converse_to_its_end(program.address, [request], case.half_close).unwrap();
            let (mut requests, mut responses) = (Vec::new(), Vec::new());
            let deadline = support::now() + support::PATIENCE;
            while (requests.len(), responses.len()) != (request.len(), answer.len()) {
                assert!(
                    support::now() < deadline,
                    "{}: only {} and {} bytes",
                    case.name,
                    requests.len(),
                    responses.len()
                );
                let next = id + 1;
                let (Some(sent), Some(received)) = (
                    saved(&program, next, "request"),
                    saved(&program, next, "response"),
                ) else {
                    continue;
                };
                id = next;
                requests.extend(sent);
                responses.extend(received);
            }
            assert!(requests == request, "{}: its request differs", case.name);
            assert!(responses == answer, "{}: its response differs", case.name);
        }
    }
}

#[test]
fn the_journal_is_bounded_and_says_what_it_lost() {
    let program = Program::inspect(&["--journal-bytes=400000".to_owned()]);
    let body = "x".repeat(20_000);
    let length = body.len();
    let request = format!("POST /raw HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut dropped = 0;
    for _ in 0..200 {
        converse(program.address, [request.as_bytes()], false).unwrap();
        // A newcomer is told at once.
        let (_, counts) = Feed::open(program.inspector.unwrap(), "").next("counts");
        let held = counts["held"].as_u64().unwrap();
        assert!(held <= 400_000, "{held} held");
        dropped = counts["dropped"].as_u64().unwrap();
        if dropped > 0 {
            break;
        }
    }
    assert!(dropped > 0);
    let (head, _) = ask(&program, "GET /exchanges/1", "");
    assert_eq!(head.status().unwrap().code(), 404);
}

#[test]
fn what_is_too_fast_is_counted_with_nobody_looking() {
    let program = Program::inspect(&[]);
    for _ in 0..200 {
        converse(
            program.address,
            [&b"GET /redirect/ HTTP/1.0\r\n\r\n"[..]],
            false,
        )
        .unwrap();
    }
    let mut late = Feed::open(program.inspector.unwrap(), "");
    let (_, counts) = late.next("counts");
    let untold = counts["untold"].as_u64().unwrap();
    assert!((1..=150).contains(&untold), "{untold}");
}

#[test]
fn an_upload_is_shown_in_part_and_counted_whole() {
    let program = Program::inspect(&[]);
    let body = vec![b'u'; 1_000_000];
    let head = format!(
        "POST /raw HTTP/1.0\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut client = connect(program.address).unwrap();
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(&body).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    let shown = document(&program, 1);
    let total = (head.len() + body.len()) as u64;
    assert_eq!(shown["request"]["total"], total);
    assert_eq!(shown["request"]["length"], 65_536);
    assert_eq!(shown["request"]["faults"], json!([]));
    assert_eq!(shown["whole"], false);
    let received: u64 = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["what"] == "received")
        .map(|event| event["count"].as_u64().unwrap())
        .sum();
    assert_eq!(received, total);
}

/// The relative luminance of `#rrggbb` (WCAG 2.1).
fn luminance(color: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_text_can_be_read_on_every_ground_by_day_and_by_night() {
    let css = include_str!("../src/inspector/page/inspector.css");
    let colors = |name: &str| {
        let line = css.lines().find_map(|line| {
            let rest = line.trim().strip_prefix("--")?.strip_prefix(name)?;
            rest.strip_prefix(": light-dark(")?.strip_suffix(");")
        });
        let pair = line.unwrap_or_else(|| panic!("no color {name}"));
        pair.split_once(", ").unwrap()
    };
    let texts = [
        "ink", "soft", "mark", "good", "turn", "bad", "note", "lead", "target", "version", "name",
    ];
    for ground in ["paper", "sheet", "chosen", "same"] {
        for text in texts {
            let (below, above) = (colors(ground), colors(text));
            for (below, above) in [(below.0, above.0), (below.1, above.1)] {
                let (one, other) = (luminance(below), luminance(above));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
            }
        }
    }
}
