//! The lesson side of the live page and the page of a class: the real program, and both pages in a real browser.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};

use blankline::wire::{ResponseHead, dissect_response};
use serde_json::{Value, json};
use support::browser::Browser;
use support::{PATIENCE, Program, connect, converse, now};
use tempfile::TempDir;

/// Takes the place of the built-in lesson.
const LESSON: &str = "\
# 00 · By hand ★

A request is **text**; `nc` sends it.

## More

```sh
nc 127.0.0.1 8000
```

```step hello
do: Send it.
curl: # curl always adds fields of its own
nc: printf 'GET /raw HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000
see: path /raw
see: no field User-Agent
hint: Four words, two of them empty.
hint: printf
near agent
  see: path /raw
  see: field User-Agent
  say: There is a User-Agent.
  try: curl -s http://127.0.0.1:8000/raw
  rule: RFC 1945 10.15
pass: Nothing but the request line.
rule: RFC 1945 5
```

```step again
do: Once more.
curl: curl -s http://127.0.0.1:8000/redirect/
nc: # see curl
see: path /redirect/
hint: ->
pass: Good.
rule: RFC 1945 5
```
";

fn flags(folder: &TempDir, more: &[&str]) -> Vec<String> {
    let lessons = folder.path().join("lessons");
    fs::create_dir_all(lessons.join("en")).unwrap();
    fs::create_dir_all(lessons.join("zh")).unwrap();
    let chinese = LESSON
        .replace("By hand", "手写请求")
        .replace("Send it.", "把它发出去。")
        .replace("There is a User-Agent.", "多了一个 User-Agent。");
    fs::write(lessons.join("en/00-by-hand.md"), LESSON).unwrap();
    fs::write(lessons.join("zh/00-by-hand.md"), chinese).unwrap();
    let progress = folder.path().join("progress.txt");
    let own = [
        format!("--lessons={}", lessons.display()),
        format!("--progress={}", progress.display()),
        format!("--data={}", folder.path().join("data").display()),
    ];
    own.into_iter()
        .chain(more.iter().map(|&flag| flag.to_owned()))
        .collect()
}

/// `blankline learn` with nobody at its keys.
struct Learn {
    child: Child,
    _keys: ChildStdin,
    site: SocketAddr,
    page: SocketAddr,
    _folder: TempDir,
}

impl Learn {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_blankline"))
            .args(["learn", "00", "--port=0"])
            .args(flags(&folder, &[]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keys = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let places = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains("live page"))
            .unwrap();
        // What it prints from here on is nobody's concern, and must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let mut addresses = places.split("http://").skip(1).map(|rest| {
            let (address, _) = rest.split_once('/').unwrap();
            address.parse().unwrap()
        });
        Self {
            child,
            _keys: keys,
            site: addresses.next().unwrap(),
            page: addresses.next().unwrap(),
            _folder: folder,
        }
    }
}

impl Drop for Learn {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// A class of at most three.
fn class() -> (Program, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::inspect(&flags(&folder, &["--class", "--learners=3"]));
    (program, folder)
}

fn send(site: SocketAddr, request: &str) -> Vec<u8> {
    converse(site, [request.as_bytes()], false).unwrap()
}

/// Asks the page's door, with these lines after the request line: the status and the body.
fn ask(page: SocketAddr, line: &str, fields: &str) -> (u16, String) {
    let answer = send(page, &format!("{line} HTTP/1.0\r\n{fields}\r\n"));
    let status = dissect_response(&answer).status().unwrap().code();
    let body = ResponseHead::dissect(answer.clone()).anatomy().end();
    (
        status,
        String::from_utf8_lossy(&answer[body..]).into_owned(),
    )
}

fn post(page: SocketAddr, target: &str, fields: &str) -> u16 {
    let fields = format!("Content-Length: 0\r\n{fields}");
    ask(page, &format!("POST {target}"), &fields).0
}

fn read(page: SocketAddr, target: &str) -> Value {
    let (status, body) = ask(page, &format!("GET {target}"), "");
    assert_eq!(status, 200, "{target}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// The next time that a feed says that there is something new: the revision.
fn next_lesson(feed: &mut BufReader<TcpStream>) -> u64 {
    let mut is_it = false;
    loop {
        let mut line = String::new();
        assert!(feed.read_line(&mut line).unwrap() > 0, "no more events");
        match line.trim_end().split_once(": ") {
            Some(("event", name)) => is_it = name == "lesson",
            Some(("data", data)) if is_it => {
                let data: Value = serde_json::from_str(data).unwrap();
                return data["revision"].as_u64().unwrap();
            }
            _ => {}
        }
    }
}

/// The class once so many requests were turned away. An answer may be there before its round of the loop is over, and
/// with that the verdict.
fn seen(page: SocketAddr, turned_away: u64) -> Value {
    let deadline = now() + PATIENCE;
    loop {
        let class = read(page, "/class.json");
        if class["turned_away"] == turned_away {
            return class;
        }
        assert!(now() < deadline, "{class}");
    }
}

fn feed(page: SocketAddr) -> BufReader<TcpStream> {
    let mut stream = connect(page).unwrap();
    stream.write_all(b"GET /events HTTP/1.0\r\n\r\n").unwrap();
    BufReader::new(stream)
}

const BY_HAND: &str = "GET /raw HTTP/1.0\r\n\r\n";
const WITH_AGENT: &str = "GET /raw HTTP/1.0\r\nUser-Agent: me\r\n\r\n";

#[test]
fn a_feed_tells_of_verdicts_hints_and_lessons() {
    let learn = Learn::start();
    let mut feed = feed(learn.page);
    let first = next_lesson(&mut feed);
    send(learn.site, WITH_AGENT);
    let second = next_lesson(&mut feed);
    assert!(second > first);
    let side = read(learn.page, "/lesson.json?lang=zh");
    assert_eq!(side["lesson"]["title"], "手写请求");
    let verdict = &side["verdict"];
    let report = &verdict["reports"][0];
    assert_eq!(
        (&report["near"], &report["sentence"]),
        (&json!("agent"), &json!("多了一个 User-Agent。"))
    );
    // It belongs to an exchange of the journal, in which those bytes stand.
    let deadline = now() + PATIENCE;
    let exchange = loop {
        let (status, body) = ask(learn.page, "GET /exchanges/1", "");
        if status == 200 {
            break serde_json::from_str::<Value>(&body).unwrap();
        }
        assert!(now() < deadline, "the exchange never came");
    };
    for key in ["connection", "number"] {
        assert_eq!(verdict[key], exchange[key], "{key}");
    }
    let evidence = &report["evidence"][0];
    assert_eq!(
        (&evidence["side"], &evidence["start"]),
        (&json!("request"), &json!(19))
    );
    assert_eq!(post(learn.page, "/lesson/hint", ""), 200);
    let third = next_lesson(&mut feed);
    assert!(third > second);
    let side = read(learn.page, "/lesson.json");
    assert_eq!(side["hints"]["given"].as_array().unwrap().len(), 1);
    assert_eq!(post(learn.page, "/lesson/open?lesson=1", ""), 200);
    assert!(next_lesson(&mut feed) > third);
    let side = read(learn.page, "/lesson.json");
    assert_eq!(
        (&side["lesson"]["number"], &side["verdict"]),
        (&json!("01"), &Value::Null)
    );
}

#[test]
fn only_this_page_may_ask_for_hints_and_lessons() {
    let learn = Learn::start();
    let port = learn.page.port();
    for target in ["/lesson/hint", "/lesson/open?lesson=01"] {
        for origin in ["http://evil.test", "null"] {
            let fields = format!("Origin: {origin}\r\n");
            assert_eq!(post(learn.page, target, &fields), 403, "{target}");
        }
        assert_eq!(ask(learn.page, &format!("GET {target}"), "").0, 405);
    }
    let side = read(learn.page, "/lesson.json");
    assert_eq!(
        (&side["lesson"]["number"], &side["hints"]["given"]),
        (&json!("00"), &json!([]))
    );
    let own = format!("Origin: http://127.0.0.1:{port}\r\n");
    assert_eq!(post(learn.page, "/lesson/hint", &own), 200);
    for target in [
        "/lesson/open?lesson=99",
        "/lesson/open",
        "/lesson/hint?learner=ann",
    ] {
        assert_eq!(post(learn.page, target, &own), 404, "{target}");
    }
    // One learner is no class, and where nobody is taught there is neither.
    for target in ["/class", "/class.js", "/class.json", "/class.csv"] {
        assert_eq!(
            ask(learn.page, &format!("GET {target}"), "").0,
            404,
            "{target}"
        );
    }
    let plain = Program::inspect(&[]);
    let page = plain.inspector.unwrap();
    assert_eq!(ask(page, "GET /lesson.json", "").0, 404);
    assert_eq!(post(page, "/lesson/hint", ""), 404);
}

#[test]
fn a_class_is_told_apart_counted_and_put_into_tables() {
    let (program, _folder) = class();
    let page = program.inspector.unwrap();
    for target in [
        "/u/ann/l/00",
        "/u/ann/raw",
        "/u/=cmd/raw",
        "/u/b%22b/x",
        "/u/late/raw",
        "/raw",
    ] {
        send(program.address, &format!("GET {target} HTTP/1.0\r\n\r\n"));
    }
    let class = seen(page, 1);
    assert_eq!(class["most"], 3);
    let learners = class["learners"].as_array().unwrap();
    let ann = learners
        .iter()
        .find(|learner| learner["name"] == "ann")
        .unwrap();
    assert_eq!(
        (&ann["step"], &ann["mark"]),
        (&json!("again"), &json!("passed"))
    );
    assert_eq!(ann["core"]["done"], 1);
    let (_, table) = ask(page, "GET /class.csv", "");
    for line in [
        "\"'=cmd\",\"00\",\"again\",1,",
        "\"b\"\"b\",\"00\",\"hello\",0,",
    ] {
        assert!(table.contains(line), "{line} is not in {table}");
    }
    let side = read(page, "/lesson.json?learner=%3Dcmd");
    assert_eq!(
        (&side["learner"], &side["lesson"]["done"]),
        (&json!("=cmd"), &json!(1))
    );
    assert_eq!(
        read(page, "/lesson.json?learner=nobody")["lesson"],
        Value::Null
    );
}

fn visit(browser: &Browser, page: SocketAddr, rest: &str) {
    // A change of the hash alone loads nothing.
    browser.command("url", &json!({ "url": "about:blank" }));
    browser.command("url", &json!({ "url": format!("http://{page}/{rest}") }));
}

#[test]
fn the_lesson_side_ticks_hints_and_marks_what_decided() {
    let Some(browser) = Browser::start("the_lesson_side_ticks_hints_and_marks_what_decided") else {
        return;
    };
    let learn = Learn::start();
    visit(&browser, learn.page, "#lang=en");
    browser.wait("return document.querySelector('#lesson:not([hidden]) h2')?.textContent === '00 · By hand ★'");
    browser
        .wait("return document.querySelector('.steps .current .task')?.textContent === 'Send it.'");
    browser.wait("return document.querySelector('#lesson p code')?.textContent === 'nc'");
    send(learn.site, WITH_AGENT);
    let decided = "[...document.querySelectorAll('.request .bytes .deciding')].map((c) => c.textContent).join('')";
    browser.wait(&format!("return {decided} === 'User-Agent'"));
    browser.wait("return document.querySelector('.request .legend:not([hidden])') !== null");
    browser.wait("return document.querySelector('.response .legend').hidden");
    browser.wait("return document.querySelector('.report.near').textContent.includes('There is a User-Agent.')");
    // The place leads to the byte, and the byte says that it decided.
    browser.click(".evidence .place");
    browser.wait(
        "return document.querySelector('#byte .decides')?.textContent === 'decided the verdict'",
    );
    browser.press("h");
    browser.wait(
        "return document.querySelectorAll('.request .bytes.hex .line > .deciding').length === 10",
    );
    browser.press("t");
    // Hints, by the button, with the keyboard's place kept.
    browser.wait("return document.getElementById('lesson-hint').textContent === 'Hint 1 of 2'");
    browser.run("document.getElementById('lesson-hint').focus()");
    browser.click("#lesson-hint");
    browser.wait("return document.querySelector('.hints .hint')?.textContent === '→ Four words, two of them empty.'");
    browser.wait("return document.activeElement.id === 'lesson-hint'");
    browser.click("#lesson-hint");
    browser.wait(
        "return document.getElementById('lesson-hint').textContent === 'Show how it is done'",
    );
    browser.click("#lesson-hint");
    let port = learn.site.port();
    browser.wait(&format!(
        "return document.querySelector('.way.nc')?.textContent.endsWith('| nc 127.0.0.1 {port}') === true"
    ));
    // The tick.
    send(learn.site, BY_HAND);
    browser.wait("return document.querySelector('.steps .done .tick')?.textContent === '✓'");
    browser.wait("return document.querySelector('.steps .current .name').textContent === 'again'");
    browser.wait("return document.querySelector('.report.passed .name').textContent === 'hello'");
    // In Chinese, and away.
    browser.run("document.getElementById('list').focus()");
    browser.press("l");
    browser.wait("return document.querySelector('#lesson h2').textContent === '00 · 手写请求 ★'");
    browser.wait("return document.querySelector('.verdict h3').textContent === '评判'");
    browser.press("s");
    browser.wait("return document.getElementById('lesson').hidden");
    assert_eq!(
        browser.run("return document.getElementById('lesson-side').getAttribute('aria-pressed')"),
        "false"
    );
    browser.command("refresh", &json!({}));
    browser.wait("return document.getElementById('link').className === 'live' && document.getElementById('lesson').hidden");
    browser.click("#lesson-side");
    browser.wait("return document.querySelector('#lesson:not([hidden]) h2') !== null");
    // Another lesson.
    browser.run("const s = document.getElementById('lesson-number'); s.value = '01'; s.dispatchEvent(new Event('change'))");
    browser.wait("return document.querySelector('#lesson h2').textContent.startsWith('01 · ')");
}

#[test]
fn without_lessons_there_is_no_lesson_side() {
    let Some(browser) = Browser::start("without_lessons_there_is_no_lesson_side") else {
        return;
    };
    let program = Program::inspect(&[]);
    visit(&browser, program.inspector.unwrap(), "#lang=en");
    browser.wait("return document.getElementById('link').className === 'live'");
    browser.wait("return document.getElementById('lesson').hidden && document.getElementById('lesson-side').hidden");
    browser.press("s");
    browser.wait("return document.getElementById('lesson').hidden");
}

#[test]
fn a_class_is_seen_live_and_hostile_names_stay_text() {
    let Some(browser) = Browser::start("a_class_is_seen_live_and_hostile_names_stay_text") else {
        return;
    };
    let (program, _folder) = class();
    let page = program.inspector.unwrap();
    visit(&browser, page, "class#lang=en");
    browser.wait(
        "return document.getElementById('counts').textContent === '0 of at most 3 learners.'",
    );
    let evil = "<img src=x onerror=x()><script>"; // 31 bytes
    let escaped = evil.replace(' ', "%20");
    send(
        program.address,
        &format!("GET /u/{escaped}/raw HTTP/1.0\r\n\r\n"),
    );
    send(
        program.address,
        "GET /u/%E2%80%AE%22nna/l/00 HTTP/1.0\r\n\r\n",
    );
    browser.wait("return document.querySelectorAll('#learners tr').length === 2");
    let names = browser.run(
        "return [...document.querySelectorAll('#learners bdi')].map((n) => n.textContent).sort()",
    );
    assert_eq!(names, json!([evil, "\u{202e}\"nna"]));
    assert_eq!(
        browser.run("return document.querySelectorAll('#class img, #class script').length"),
        0
    );
    let row = browser.run("return [...document.querySelectorAll('#learners tr')].find((r) => r.textContent.includes('img')).innerText");
    let row = row.as_str().unwrap();
    assert!(row.contains("\tagain\t1/"), "{row}");
    for name in ["third", "fourth"] {
        send(
            program.address,
            &format!("GET /u/{name}/raw HTTP/1.0\r\n\r\n"),
        );
    }
    browser.wait("return document.getElementById('counts').textContent.includes('1 request of somebody else found no place')");
    browser.click("#lang");
    browser.wait("return document.documentElement.lang === 'zh-Hans' && document.querySelector('thead').innerText.includes('卡了多久')");
    // From a name to the learner's lesson side.
    browser.run("[...document.querySelectorAll('#learners a')].find((a) => a.textContent.includes('img')).click()");
    browser.wait("return document.querySelector('#lesson:not([hidden]) h2')?.textContent === '00 · 手写请求 ★'");
    browser.wait("return document.querySelector('.report.passed') !== null");
    assert_eq!(
        browser.run("return document.getElementById('learner').value"),
        evil
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('main img, main script').length"),
        0
    );
    browser.run("const s = document.getElementById('learner'); s.value = 'third'; s.dispatchEvent(new Event('change'))");
    browser.wait("return location.hash.includes('learner=third')");
}
