//! `blankline golden` from outside: the real program against the real fixtures, against a server of ours, against
//! one that forgets its sessions, and against nginx.
//!
//! What the parts of `src/golden` do is tested beside them; here it is exit codes, files and reports.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use support::{PATIENCE, Program, has_tool};
use tempfile::TempDir;

/// What a call of `blankline golden` came to.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn golden(args: &[&str]) -> Run {
    golden_where(&[], args)
}

/// With these in the environment, and nothing else of ours.
fn golden_where(environment: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BLANKLINE_") {
            command.env_remove(name);
        }
    }
    let output = command
        .arg("golden")
        .args(args)
        .envs(environment.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    #[track_caller]
    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }
}

/// A folder of cases: path and content of each file.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const REDIRECT: &[u8] = include_bytes!("../fixtures/edition/redirect-notes/request.http");
const REDIRECTED: &[u8] = include_bytes!("../fixtures/edition/redirect-notes/response.http");

#[test]
fn every_fixture_holds_in_every_delivery() {
    let run = golden(&["check", "--deliver", "all"]).ended(0);
    assert!(
        run.out.contains(" passed, 0 failed, 0 could not"),
        "{}",
        run.out
    );
}

#[test]
fn a_mismatch_is_told_by_part_place_and_reason_in_each_report() {
    let wrong = String::from_utf8(REDIRECTED.to_vec()).unwrap();
    let wrong = wrong.replace("Location: /user/", "Location: /users/");
    let cases = folder(&[
        ("a/request.http", REDIRECT),
        ("a/response.http", wrong.as_bytes()),
        ("b/request.http", REDIRECT),
        ("b/response.http", REDIRECTED),
        ("c/request.http", REDIRECT),
    ]);
    let dir = text(cases.path());
    let run = golden(&["check", dir]).ended(1);
    assert!(
        run.out.contains("FAIL a (whole), exchange 1\n  field-value of Location at byte 166: expected s (0x73), seen / (0x2f)\n"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("Expected `Location: /users/`, but `Location: /user/` came."),
        "{}",
        run.out
    );
    assert!(run.out.contains("FAIL c"), "{}", run.out);
    assert!(
        run.out.ends_with(" s\n") && run.out.contains("1 passed, 2 failed"),
        "{}",
        run.out
    );

    let chinese = golden(&["check", dir, "--lang", "zh"]).ended(1);
    assert!(
        chinese.out.contains("应为 `Location: /users/`"),
        "{}",
        chinese.out
    );

    let junit = cases.path().join("junit.xml");
    let run = golden(&["check", dir, "--json", "--junit", text(&junit)]).ended(1);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &2.into()));
    assert_eq!(json["results"][0]["part"], "field-value");
    assert_eq!(json["results"][0]["field"], "Location");
    let junit = fs::read_to_string(junit).unwrap();
    assert!(
        junit.contains("tests=\"3\" failures=\"2\" errors=\"0\""),
        "{junit}"
    );

    let tap = golden(&["check", dir, "--tap", "--only", "b"]).ended(0);
    assert_eq!(tap.out, "TAP version 14\n1..1\nok 1 - b (whole)\n");
}

#[test]
fn usage_and_absence_have_codes_of_their_own() {
    golden(&["check", "--deliver", "slowly"]).ended(2);
    golden(&["check", "--only", "no such case"]).ended(2);
    golden(&["check", "no/such/folder"]).ended(3);
    let remote = golden(&["check", "--against", "192.0.2.1:80"]).ended(2);
    assert!(remote.err.contains("--allow-remote"), "{}", remote.err);
    // A port that was free a moment ago.
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let cases = folder(&[
        ("a/request.http", REDIRECT),
        ("a/response.http", REDIRECTED),
    ]);
    let run = golden(&["check", text(cases.path()), "--against", &free.to_string()]).ended(3);
    assert!(run.out.contains("Nobody listens there"), "{}", run.out);
}

#[test]
fn what_is_captured_holds_and_is_not_overwritten_but_by_bless() {
    let server = Program::serve(&["--frozen".to_owned()]);
    let address = server.address.to_string();
    let cases = folder(&[("redirect.http", REDIRECT)]);
    let request = cases.path().join("redirect.http");
    let dir = cases.path().join("cases");
    let capture = ["capture", &address, text(&dir), "--request", text(&request)];
    golden(&capture).ended(0);
    let response = dir.join("redirect/response.http");
    assert_eq!(fs::read(&response).unwrap(), REDIRECTED);
    golden(&capture).ended(2);

    let check = [
        "check",
        text(&dir),
        "--against",
        &address,
        "--deliver",
        "all",
    ];
    golden(&check).ended(0);
    fs::write(&response, "something else").unwrap();
    golden(&check).ended(1);
    let blessed = golden(&["bless", text(&dir), "--against", &address]).ended(0);
    assert!(blessed.out.starts_with("blessed "), "{}", blessed.out);
    assert_eq!(fs::read(&response).unwrap(), REDIRECTED);
    assert_eq!(
        golden(&["bless", text(&dir), "--against", &address])
            .ended(0)
            .out,
        ""
    );
}

/// Answers each connection with a session id of its own; the second request of a session has to bring the
/// first one's id.
fn forgetful(rounds: u32) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for round in 0..rounds {
            let given = format!("id{round}");
            let mut first = listener.accept().unwrap().0;
            head(&mut first);
            write!(
                first,
                "HTTP/1.0 200 OK\r\nSet-Cookie: sessionid={given}; Path=/\r\n\r\n"
            )
            .unwrap();
            drop(first);
            let mut second = listener.accept().unwrap().0;
            let known = head(&mut second).contains(&format!("Cookie: sessionid={given}\r\n"));
            let status = if known { "200 OK" } else { "403 Forbidden" };
            write!(second, "HTTP/1.0 {status}\r\n\r\n").unwrap();
        }
    });
    address
}

fn head(stream: &mut TcpStream) -> String {
    let (mut bytes, mut octet) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        bytes.push(octet[0]);
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_session_carries_its_cookie() {
    let case: &[(&str, &[u8])] = &[
        ("s/1.request.http", b"GET / HTTP/1.0\r\n\r\n"),
        (
            "s/1.response.http",
            b"HTTP/1.0 200 OK\r\nSet-Cookie: sessionid=old; Path=/\r\n\r\n",
        ),
        (
            "s/2.request.http",
            b"GET / HTTP/1.0\r\nCookie: sessionid=old\r\n\r\n",
        ),
        ("s/2.response.http", b"HTTP/1.0 200 OK\r\n\r\n"),
        (
            "volatile.txt",
            b"# what a session is called\nSet-Cookie sessionid\n",
        ),
        ("s/carry.txt", b"Set-Cookie sessionid -> Cookie sessionid\n"),
    ];
    let cases = folder(case);
    let address = forgetful(2).to_string();
    let check = ["check", text(cases.path()), "--against", &address];
    golden(&check).ended(0);
    fs::remove_file(cases.path().join("s/carry.txt")).unwrap();
    let run = golden(&check).ended(1);
    assert!(
        run.out.contains("exchange 2") && run.out.contains("status-code at byte 9"),
        "{}",
        run.out
    );
}

#[test]
fn files_of_others_become_cases() {
    let files = folder(&[
        ("site.http", b"@host = http://127.0.0.1:8000\n### go\nGET {{host}}/redirect/\n\n###\nGET {{nowhere}}\n"),
        ("plain.txt", b"GET /redirect/ HTTP/1.0\\r\\n\nHost: 127.0.0.1:8000\\r\\n\n\\r\\n\n"),
    ]);
    let (site, plain) = (
        files.path().join("site.http"),
        files.path().join("plain.txt"),
    );
    let dir = files.path().join("cases");
    let run = golden(&["import", "editor", text(&site), text(&dir)]).ended(2);
    assert!(
        run.err.contains("line 6: nothing defines `nowhere`"),
        "{}",
        run.err
    );
    golden(&["import", "visible", text(&plain), text(&dir)]).ended(0);
    assert_eq!(fs::read(dir.join("plain/request.http")).unwrap(), REDIRECT);
    fs::write(
        &site,
        "@host = http://127.0.0.1:8000\n### go\nGET {{host}}/redirect/\n",
    )
    .unwrap();
    golden(&["import", "editor", text(&site), text(&dir)]).ended(0);
    assert_eq!(fs::read(dir.join("go/request.http")).unwrap(), REDIRECT);
    golden(&["bless", text(&dir)]).ended(0);
    assert_eq!(fs::read(dir.join("go/response.http")).unwrap(), REDIRECTED);
}

/// A server of somebody else, stopped when it is dropped.
struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// nginx cannot say which port it was given, so it gets one that was free a moment ago; when somebody
    /// was quicker, another one.
    fn start() -> Self {
        for _ in 0..10 {
            let free = TcpListener::bind(("127.0.0.1", 0))
                .unwrap()
                .local_addr()
                .unwrap();
            if let Some(nginx) = Self::start_at(free) {
                return nginx;
            }
        }
        panic!("nginx does not start");
    }

    fn start_at(address: SocketAddr) -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().display();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f;\n\
             uwsgi_temp_path {at}/u; scgi_temp_path {at}/s; default_type text/plain;\n\
             server {{ listen {address}; root {at}/www; }} }}\n"
        );
        fs::create_dir(root.path().join("www")).unwrap();
        fs::write(root.path().join("www/hello"), "hello\n").unwrap();
        fs::write(root.path().join("nginx.conf"), config).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(root.path().join("nginx.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self {
            child,
            address,
            folder: root,
        };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if TcpStream::connect(address).is_ok() {
                return Some(nginx);
            }
            if nginx.child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::yield_now();
        }
        None
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn nginx_is_captured_and_checked_with_masks() {
    if !has_tool("nginx_is_captured_and_checked_with_masks", "nginx") {
        return;
    }
    let nginx = Nginx::start();
    let address = nginx.address.to_string();
    let cases = folder(&[
        ("hello.http", b"GET /hello HTTP/1.0\r\n\r\n"),
        ("head.http", b"HEAD /hello HTTP/1.0\r\n\r\n"),
        ("missing.http", b"GET /missing HTTP/1.0\r\n\r\n"),
    ]);
    let dir = cases.path().join("cases");
    let files = ["hello", "head", "missing"].map(|name| cases.path().join(format!("{name}.http")));
    let mut capture = vec!["capture", &address, text(&dir)];
    for file in &files {
        capture.extend(["--request", text(file)]);
    }
    golden(&capture).ended(0);
    // Time passes between the two, or it does not: the mask makes it all the same.
    let hello = dir.join("hello/response.http");
    let captured = fs::read_to_string(&hello).unwrap();
    assert!(captured.contains("Server: nginx"), "{captured}");
    let date = captured
        .lines()
        .find(|line| line.starts_with("Date: "))
        .unwrap();
    fs::write(
        &hello,
        captured.replace(date, "Date: Mon, 30 Oct 2017 02:02:09 GMT"),
    )
    .unwrap();
    let check = [
        "check",
        text(&dir),
        "--against",
        &address,
        "--deliver",
        "all",
    ];
    golden(&check).ended(1);
    fs::write(dir.join("volatile.txt"), "Date\n").unwrap();
    golden(&check).ended(0);
    fs::write(nginx.folder.path().join("www/hello"), "hallo\n").unwrap();
    fs::write(dir.join("volatile.txt"), "Date\nLast-Modified\nETag\n").unwrap();
    let run = golden(&check).ended(1);
    assert!(
        run.out.contains("The body differs at its byte 1"),
        "{}",
        run.out
    );
}

#[test]
fn a_case_has_its_own_time_limit_before_the_flag_and_the_environment() {
    // It never answers, and so it never closes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let cases = folder(&[
        ("a/request.http", b"GET / HTTP/1.0\r\n\r\n"),
        ("a/response.http", b"HTTP/1.0 200 OK\r\n\r\n"),
        ("a/time-limit.txt", b"# it only waits\n0.05\n"),
    ]);
    let dir = text(cases.path());
    let environment = [("BLANKLINE_GOLDEN_AGAINST", server.as_str())];
    let started = Instant::now();
    let flags = ["check", dir, "--time-limit", "3600"];
    let run = golden_where(&environment, &flags).ended(1);
    assert!(run.out.contains("FAIL a (whole)"), "{}", run.out);
    // Without the case's own, it is the environment's, which is short too.
    fs::remove_file(cases.path().join("a/time-limit.txt")).unwrap();
    let environment = [environment[0], ("BLANKLINE_GOLDEN_TIME_LIMIT", "0.05")];
    golden_where(&environment, &["check", dir]).ended(1);
    assert!(started.elapsed() < PATIENCE);
    fs::write(cases.path().join("a/time-limit.txt"), "\nsoon\n").unwrap();
    let run = golden(&["check", dir]).ended(3);
    assert!(
        run.err
            .contains("time-limit.txt, line 2: `soon` is no time limit"),
        "{}",
        run.err
    );
}

#[test]
fn a_thousand_cases_are_checked_in_less_than_two_seconds() {
    let names: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
    let files: Vec<(String, &[u8])> = names
        .iter()
        .flat_map(|name| {
            let file = |kind| format!("{name}/{kind}.http");
            [(file("request"), REDIRECT), (file("response"), REDIRECTED)]
        })
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), *bytes))
        .collect();
    let cases = folder(&files);
    let run = golden(&["check", text(cases.path()), "--json"]).ended(0);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["passed"], 1000);
    // It takes a third of a second, also without optimisation.
    assert!(
        report["seconds"].as_f64().unwrap() < 2.0,
        "{}",
        report["seconds"]
    );
}
