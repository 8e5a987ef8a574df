//! The real program and real clients: `nc HOST PORT < request.http | cmp - response.http`, for seven
//! ways of doing that; curl, wget and ab.
//!
//! The seven differ in one thing that matters here: some close their sending side when their input
//! ends. Each client runs under `timeout`, so that a hang is a failure and not a wait.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use blankline::wire::{Status, dissect_response};
use support::{Case, Program, cases, compare, converse, has_tool, none, on_threads};

/// How a netcat treats the end of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtItsEnd {
    /// It closes its sending side: a case that needs a client's silence means something else then.
    HalfCloses,
    /// It does the same, and gives up a second later.
    GivesUp,
    /// It stays: a case with `half-close` would wait for an end that does not come.
    Stays,
}

/// Cases whose answer names the address that was listened on, for want of a usable Host: they hold on
/// port 8000, as `tests/golden.rs` shows, and not on the port that the system chose here.
const NAMES_ITS_PORT: &[&str] = &["site/home-with-markup-in-host"];

/// Cases whose answer takes longer than a second.
const TAKES_ITS_TIME: &[&str] = &["lessons/zoo-drip"];

/// Every case that means the same to a client of this kind; `command` makes the client.
fn every_case(at_its_end: AtItsEnd, command: impl Fn(SocketAddr) -> Command + Sync) {
    let mut cases = cases();
    cases.retain(|case| {
        let is_same = match at_its_end {
            AtItsEnd::HalfCloses => !case.needs_silence(),
            AtItsEnd::GivesUp => !case.needs_silence() && !TAKES_ITS_TIME.contains(&&*case.name),
            AtItsEnd::Stays => !case.half_close,
        };
        is_same && !NAMES_ITS_PORT.contains(&&*case.name)
    });
    assert!(cases.len() > 200, "only {} cases", cases.len());
    let mut servers = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.alone) {
        servers
            .entry(case.args.clone())
            .or_insert_with(|| Program::serve(&case.args));
    }
    none(&on_threads(&cases, |case| {
        let own = case.alone.then(|| Program::serve(&case.args));
        let address = own.as_ref().unwrap_or_else(|| &servers[&case.args]).address;
        let exchanges = case.exchanges.iter();
        exchanges
            .filter_map(|exchange| {
                let input = tempfile::NamedTempFile::new().unwrap();
                fs::write(input.path(), &exchange.request).unwrap();
                let output = run_with_input(&mut command(address), input.path());
                compare(&case.name, &exchange.response, &output.stdout).err()
            })
            .collect()
    }));
}

fn run_with_input(command: &mut Command, input: &Path) -> Output {
    command
        .stdin(File::open(input).unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap()
}

/// A program that is killed when it takes absurdly long.
fn patiently(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.arg("60").arg(program).args(arguments);
    command
}

fn netcat(program: &str, flags: &[&str], address: SocketAddr) -> Command {
    let mut command = patiently(program, flags);
    command
        .arg(address.ip().to_string())
        .arg(address.port().to_string());
    command
}

/// Row ST-04, for a request that names no host.
#[test]
fn an_absolute_location_names_the_real_port() {
    let flags = ["--frozen", "--edition=rfc1945"].map(str::to_owned);
    let server = Program::serve(&flags);
    let answer = converse(
        server.address,
        [&b"GET /redirect/ HTTP/1.0\r\n\r\n"[..]],
        false,
    )
    .unwrap();
    let location = dissect_response(&answer)
        .field(b"Location")
        .unwrap()
        .into_owned();
    let wanted = format!("http://{}/user/", server.address);
    assert_eq!(String::from_utf8(location).unwrap(), wanted);
}

#[test]
fn nc_openbsd() {
    if has_tool("nc_openbsd", "nc.openbsd") {
        every_case(AtItsEnd::Stays, |address| {
            netcat("nc.openbsd", &[], address)
        });
    }
}

#[test]
fn nc_openbsd_with_n() {
    if has_tool("nc_openbsd_with_n", "nc.openbsd") {
        every_case(AtItsEnd::HalfCloses, |address| {
            netcat("nc.openbsd", &["-N"], address)
        });
    }
}

#[test]
fn nc_traditional() {
    if has_tool("nc_traditional", "nc.traditional") {
        every_case(AtItsEnd::Stays, |address| {
            netcat("nc.traditional", &[], address)
        });
    }
}

#[test]
fn nc_traditional_with_q_1() {
    if has_tool("nc_traditional_with_q_1", "nc.traditional") {
        every_case(AtItsEnd::GivesUp, |address| {
            netcat("nc.traditional", &["-q", "1"], address)
        });
    }
}

#[test]
fn ncat() {
    if has_tool("ncat", "ncat") {
        every_case(AtItsEnd::HalfCloses, |address| netcat("ncat", &[], address));
    }
}

#[test]
fn ncat_with_no_shutdown() {
    if has_tool("ncat_with_no_shutdown", "ncat") {
        every_case(AtItsEnd::Stays, |address| {
            netcat("ncat", &["--no-shutdown"], address)
        });
    }
}

#[test]
fn bash_dev_tcp() {
    if has_tool("bash_dev_tcp", "bash") {
        every_case(AtItsEnd::Stays, |address| {
            let (ip, port) = (address.ip(), address.port());
            let script = format!("exec 3<>/dev/tcp/{ip}/{port}; cat >&3; cat <&3");
            patiently("bash", &["-c", &script])
        });
    }
}

/// The case of this name.
fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

/// What the client prints is the case's response, to the last byte.
fn prints_the_response(client: &[&str], name: &str, target: &str, more: &[&str]) {
    let case = case(name);
    let server = Program::serve(&case.args);
    let url = format!("http://{}{target}", server.address);
    let output = patiently(client[0], &client[1..])
        .args(more)
        .arg(url)
        .output()
        .unwrap();
    let what = format!("{client:?} {target}");
    none(&Vec::from_iter(
        compare(&what, &case.exchanges[0].response, &output.stdout).err(),
    ));
    assert!(output.status.success(), "{what}: {}", output.status);
}

const FORM: &[&str] = &["-d", "username=admin&password=admin"];

/// Cases of the notes, their targets, and what else curl is told.
const FOR_CURL: &[(&str, &str, &[&str])] = &[
    ("redirect/notes", "/redirect/", &[]),
    ("forms/register", "/user/register/", FORM),
    ("cookies/three-are-set", "/cookiedemo/", &[]),
    ("files/hello", "/static/hello.txt", &[]),
    ("files/head", "/static/hello.txt", &["-I"]),
    (
        "files/not-modified",
        "/static/hello.txt",
        &["-z", "Mon, 23 Oct 2017 08:00:00 GMT"],
    ),
    (
        "cookies/three-come-back",
        "/cookiedemo/",
        &["-b", r#"sex="\347\224\267"; age=10; name=django"#],
    ),
    ("site/image", "/static/blankline.png", &[]),
];

#[test]
fn curl() {
    if has_tool("curl", "curl") {
        for (name, target, more) in FOR_CURL {
            prints_the_response(&["curl", "-s", "-i"], name, target, more);
        }
    }
}

#[test]
fn curl_with_http_1_0() {
    if has_tool("curl_with_http_1_0", "curl") {
        for (name, target, more) in FOR_CURL {
            prints_the_response(&["curl", "-0", "-s", "-i"], name, target, more);
        }
    }
}

/// curl writes a version in each request line, but a method may be told to it that ends the line
/// before that. The answer has no status line then, which curl takes only when it is allowed to.
#[test]
fn curl_with_http_0_9() {
    if !has_tool("curl_with_http_0_9", "curl") {
        return;
    }
    let server = Program::serve(&["--frozen".to_owned()]);
    let url = format!("http://{}/", server.address);
    let method = "GET /static/hello.txt\r\nX:";
    let ask = |flags: &[&str]| {
        let mut command = patiently("curl", &["-s", "-X", method]);
        command.args(flags).arg(&url).output().unwrap()
    };
    let allowed = ask(&["--http0.9"]);
    assert_eq!(allowed.stdout, b"hello, wire\n");
    let refused = ask(&[]);
    assert_eq!(
        refused.status.code(),
        Some(1),
        "curl calls that unsupported"
    );
}

#[test]
fn curl_keeps_a_connection_that_it_asks_to_keep() {
    if !has_tool("curl_keeps_a_connection_that_it_asks_to_keep", "curl") {
        return;
    }
    let server = Program::serve(&["--frozen".to_owned()]);
    let url = format!("http://{}/static/hello.txt", server.address);
    let connects = |flags: &[&str]| {
        let mut command = patiently("curl", &["-0", "-s", "-w", "%{num_connects} "]);
        let output = command.args(flags).args([&url, &url]).output().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .replace("hello, wire\n", "")
    };
    assert_eq!(connects(&["-H", "Connection: keep-alive"]), "1 0 ");
    assert_eq!(connects(&["-H", "Connection: close"]), "1 1 ");
}

/// curl follows the 302, and with HTTP/1.0 too: row ST-03.
#[test]
fn curl_follows_the_redirect() {
    if !has_tool("curl_follows_the_redirect", "curl") {
        return;
    }
    for edition in ["notes", "rfc1945", "rfc9110"] {
        let edition_flag = format!("--edition={edition}");
        let flags = ["--frozen", "--password-iterations=1", &edition_flag];
        let server = Program::serve(&flags.map(str::to_owned));
        let url = format!("http://{}/user/register/", server.address);
        let mut command = patiently("curl", &["-s", "-L", "-d", "username=admin&password=x"]);
        let written = "%{num_redirects} %{http_code} %{method} %{url_effective}";
        let output = command
            .args(["-o", "/dev/null", "-w", written, &url])
            .output()
            .unwrap();
        let wanted = format!("1 200 GET http://{}/user/", server.address);
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            wanted,
            "{edition}"
        );
    }
}

#[test]
fn wget() {
    if !has_tool("wget", "wget") {
        return;
    }
    let server = Program::serve(&["--frozen".to_owned()]);
    for (target, name) in [
        ("/static/hello.txt", "syntax/no-field"),
        ("/static/blankline.png", "site/image"),
        ("/redirect/", "forms/user"),
    ] {
        let url = format!("http://{}{target}", server.address);
        let output = patiently("wget", &["-q", "-S", "-O", "-", &url])
            .output()
            .unwrap();
        let golden = case(name).exchanges.remove(0).response;
        let body = golden
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        none(&Vec::from_iter(
            compare(target, &golden[body..], &output.stdout).err(),
        ));
        let heads = String::from_utf8(output.stderr).unwrap();
        assert!(heads.contains("  HTTP/1.0 200 OK\n"), "{heads}");
        assert!(
            heads.contains("  Date: Mon, 30 Oct 2017 02:02:09 GMT\n"),
            "{heads}"
        );
    }
}

/// The number after a label in ab's report.
fn reported(report: &str, label: &str) -> u64 {
    let line = report.lines().find(|line| line.starts_with(label));
    let number = line.and_then(|line| {
        line.split_whitespace()
            .rfind(|word| word.parse::<u64>().is_ok())
    });
    number
        .unwrap_or_else(|| panic!("no {label} in {report}"))
        .parse()
        .unwrap()
}

fn ab(flags: &[&str], target: &str) -> String {
    let server = Program::serve(&["--frozen".to_owned()]);
    let url = format!("http://{}{target}", server.address);
    let mut command = patiently("ab", &["-n", "200", "-c", "10"]);
    let output = command.args(flags).arg(url).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(reported(&report, "Complete requests:"), 200, "{report}");
    assert_eq!(reported(&report, "Failed requests:"), 0, "{report}");
    report
}

#[test]
fn ab_one_connection_a_request() {
    if has_tool("ab_one_connection_a_request", "ab") {
        ab(&[], "/static/hello.txt");
        ab(&[], "/redirect/");
        ab(&[], "/user/");
    }
}

#[test]
fn ab_with_kept_connections() {
    if has_tool("ab_with_kept_connections", "ab") {
        for target in ["/static/hello.txt", "/redirect/", "/user/"] {
            let report = ab(&["-k"], target);
            assert_eq!(reported(&report, "Keep-Alive requests:"), 200, "{report}");
        }
    }
}

/// Row RSP-16, 20 times of 20: the client sends all of its 5 MB, come what may, and sees the 413.
fn sees_its_refusal(mut client: impl FnMut(SocketAddr, &Path) -> Output) {
    let server = Program::serve(&["--frozen".to_owned(), "--max-body=1000000".to_owned()]);
    let body = vec![b'x'; 5 << 20];
    let upload = tempfile::NamedTempFile::new().unwrap();
    fs::write(upload.path(), body).unwrap();
    for _ in 0..20 {
        let output = client(server.address, upload.path());
        let status = dissect_response(&output.stdout).status();
        assert_eq!(status.map(Status::code), Some(413), "{}", output.status);
    }
}

#[test]
fn nc_openbsd_sees_that_its_upload_is_refused() {
    if !has_tool("nc_openbsd_sees_that_its_upload_is_refused", "nc.openbsd") {
        return;
    }
    let request = tempfile::NamedTempFile::new().unwrap();
    sees_its_refusal(|address, upload| {
        let head = b"POST /raw HTTP/1.0\r\nContent-Length: 5242880\r\n\r\n".to_vec();
        let message = [head, fs::read(upload).unwrap()].concat();
        fs::write(request.path(), message).unwrap();
        run_with_input(&mut netcat("nc.openbsd", &[], address), request.path())
    });
}

#[test]
fn curl_sees_that_its_upload_is_refused() {
    if !has_tool("curl_sees_that_its_upload_is_refused", "curl") {
        return;
    }
    for flags in [&["-0"][..], &["-H", "Expect:"], &[]] {
        sees_its_refusal(|address, upload| {
            let file = format!("@{}", upload.display());
            let url = format!("http://{address}/raw");
            let mut command = patiently("curl", &["-s", "-i", "--data-binary", &file, &url]);
            command.args(flags).output().unwrap()
        });
    }
}
