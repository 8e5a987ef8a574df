//! What `blankline conform` finds: at blankline itself, in each edition, and at three servers that were not made for it.
//!
//! The table in `notes/{en,zh}/conformance.md` is what is found here; `BLESS=1 cargo test --test conform` rewrites both pages.
//! Each server has the smallest configuration that has the five paths that probes need.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use blankline::conform::{
    Ending, Judged, NOT_ASKED, ROWS, Resources, Settings, Survey, Verdict, summary,
};
use blankline::wire::Lang;
use support::table::Table;
use support::{PATIENCE, Program, has_tool, now};
use tempfile::TempDir;

/// A server of somebody else's; it is killed when this is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A folder with `/`, `/static/hello.txt` and a place for a server's own files.
fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let www = folder.path().join("www");
    fs::create_dir_all(www.join("static")).unwrap();
    fs::write(
        www.join("index.html"),
        "<!DOCTYPE html><title>here</title>\n",
    )
    .unwrap();
    fs::write(www.join("static/hello.txt"), "hello, wire\n").unwrap();
    // The tests may be root's, and a server may give its rights up.
    Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(folder.path())
        .status()
        .unwrap();
    folder
}

/// Starts a server that cannot choose its own port, from a configuration with `PORT` and `DIR` in it. Another program may take
/// the free port before it, so it is tried again.
fn configured(program: &str, flags: &[&str], configuration: &str) -> Server {
    for _ in 0..5 {
        let folder = site();
        let dir = folder.path().to_str().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let port = address.port().to_string();
        let configuration = configuration.replace("DIR", &dir).replace("PORT", &port);
        let file = folder.path().join("conf");
        fs::write(&file, configuration).unwrap();
        let mut child = Command::new(program)
            .args(flags)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if TcpStream::connect(address).is_ok() {
                return Server {
                    child,
                    address,
                    _folder: folder,
                };
            }
            assert!(now() < deadline, "{program} never listened");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
    panic!("{program} did not start");
}

const NGINX: &str =
    "daemon off; master_process off; pid DIR/pid; error_log DIR/error crit; events {}
http {
    access_log off; default_type text/plain; types { text/html html; }
    client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
    server {
        listen 127.0.0.1:PORT; root DIR/www;
        location = /raw { return 200 taken; }
        location = /redirect/ { return 302 /; }
    }
}
";

const LIGHTTPD: &str = "server.modules = (\"mod_redirect\")
server.document-root = \"DIR/www\"
server.bind = \"127.0.0.1\"
server.port = PORT
server.errorlog = \"DIR/error\"
index-file.names = (\"index.html\")
mimetype.assign = (\".html\" => \"text/html\", \".txt\" => \"text/plain\")
url.redirect = (\"^/redirect/$\" => \"/\")
";

fn nginx() -> Server {
    // The error log has to be known before the configuration is read.
    configured("nginx", &["-e", "stderr", "-c"], NGINX)
}

fn lighttpd() -> Server {
    configured("lighttpd", &["-D", "-f"], LIGHTTPD)
}

fn http_server() -> Server {
    let folder = site();
    let mut child = Command::new("python3")
        .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
        .arg("--directory")
        .arg(folder.path().join("www"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let (_, rest) = line.split_once(" port ").unwrap();
    let port = rest.split(' ').next().unwrap().parse().unwrap();
    Server {
        child,
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        _folder: folder,
    }
}

/// All probes of a server that redirects at `redirect`.
fn survey(address: SocketAddr, redirect: &str) -> Vec<Judged> {
    let settings = Settings {
        address,
        time: Duration::from_secs(5),
        silence: Duration::from_secs(1),
        pause: Duration::from_millis(1),
    };
    let resources = Resources {
        host: address.to_string(),
        path: "/".to_owned(),
        missing: "/nope".to_owned(),
        file: "/static/hello.txt".to_owned(),
        post: "/raw".to_owned(),
        redirect: redirect.to_owned(),
        modified: None,
    };
    let survey = Survey::start(settings, resources, &[]).unwrap();
    survey.map(Result::unwrap).collect()
}

fn own(edition: &str) -> Vec<Judged> {
    let flags = ["--frozen".to_owned(), format!("--edition={edition}")];
    survey(Program::serve(&flags).address, "/redirect/")
}

fn failures(all: &[Judged], of: fn(&Judged) -> Verdict) -> Vec<String> {
    let is_good = |judged: &&Judged| of(judged) != Verdict::Pass;
    let bad = all.iter().filter(is_good);
    bad.map(|judged| {
        format!(
            "{}: {:?}: {:?}",
            judged.row.label(),
            of(judged),
            judged.answer
        )
    })
    .collect()
}

#[test]
fn each_row_passes_in_its_edition() {
    let strict = own("rfc1945");
    assert_eq!(strict.len(), ROWS.len());
    support::none(&failures(&strict, |judged| judged.strict));
    support::none(&failures(&own("rfc9110"), |judged| judged.modern));
}

/// A verdict that cannot fail says nothing: a server of one answer fails most of them.
#[test]
fn a_server_that_says_yes_to_everything_fails() {
    let answer = b"HTTP/1.1 200\nx : y\n\nyes".to_vec();
    let case = blankline::canned::Case::new("yes", answer);
    let running = blankline::canned::Server::new(vec![case]).start().unwrap();
    let all = survey(running.address(), "/");
    let failed = failures(&all, |judged| judged.strict).len();
    assert!(failed > 45, "only {failed} of {} failed", all.len());
}

#[test]
fn every_row_of_the_notes_is_asked_or_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let notes = fs::read_to_string(root.join("notes/rfc1945.md")).unwrap();
    let rows = notes.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("| ")?.split_once(" | ")?;
        let (group, number) = name.split_once('-')?;
        let is_row = group.bytes().all(|octet| octet.is_ascii_uppercase());
        (is_row && number.parse::<u8>().is_ok()).then_some(name)
    });
    let rows: BTreeSet<&str> = rows.collect();
    let asked: BTreeSet<&str> = ROWS.iter().map(|row| row.id).collect();
    let not_asked: BTreeSet<&str> = NOT_ASKED.iter().map(|(id, ..)| *id).collect();
    assert!(asked.is_disjoint(&not_asked));
    assert_eq!(&asked | &not_asked, rows);
    let labels: BTreeSet<String> = ROWS.iter().map(blankline::conform::Row::label).collect();
    assert_eq!(labels.len(), ROWS.len(), "two probes have the same label");
}

/// A server's head in the table, and what it did.
type Column = (String, Vec<Judged>);

/// The first word with a digit at the start of `name/1.2.3`, `Python 1.2.3`.
fn version(program: &str, flag: &str) -> String {
    let output = Command::new(program).arg(flag).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut words = text.split([' ', '/', '\n']);
    let found = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    found.unwrap_or_default().to_owned()
}

fn cell(judged: &Judged) -> String {
    let answer = &judged.answer;
    let came = match (answer.status(), answer.bytes.is_empty(), answer.ending) {
        (Some(status), ..) => status.to_string(),
        (None, false, _) => "body".to_owned(),
        (None, true, Ending::Closed) => "close".to_owned(),
        (None, true, Ending::Reset) => "reset".to_owned(),
        (None, true, Ending::Open) => "silence".to_owned(),
    };
    let mark = |verdict| match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail(_) => "✗",
        Verdict::Moot => "–",
    };
    format!("{came} {}{}", mark(judged.strict), mark(judged.modern))
}

fn page(lang: Lang, columns: &[Column]) -> String {
    let (top, row, rule, middle, why) = match lang {
        Lang::En => (EN_TOP, "row", "rule", EN_MIDDLE, "why it cannot be asked"),
        Lang::Zh => (ZH_TOP, "行", "规则", ZH_MIDDLE, "为什么问不了"),
    };
    let mut page = format!("{top}\n| {row} | {rule} |");
    for (head, _) in columns {
        write!(page, " {head} |").unwrap();
    }
    page += "\n| --- | --- |";
    page += &" --- |".repeat(columns.len());
    for (at, probe) in ROWS.iter().enumerate() {
        write!(page, "\n| {} | {} |", probe.label(), probe.why(lang)).unwrap();
        for (_, all) in columns {
            write!(page, " {} |", cell(&all[at])).unwrap();
        }
    }
    page.push_str("\n\n");
    for (head, all) in columns {
        write!(page, "- {head}: {}", summary(all, lang)).unwrap();
    }
    write!(page, "\n{middle}\n| {row} | {why} |\n| --- | --- |").unwrap();
    for (id, en, zh) in NOT_ASKED {
        let why = match lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        write!(page, "\n| {id} | {why} |").unwrap();
    }
    page.push('\n');
    page
}

const EN_TOP: &str = "# What servers make of RFC 1945

Each row of [RFC 1945, row by row](../rfc1945.md) that can be asked of a server from outside, asked by `blankline conform`. A
cell has the status code that came (or `body`: a body without a status line; `close`: nothing; `silence`: nothing, and no
close), then two marks: the first by RFC 1945, the second by RFC 9110 and RFC 9112. ✓ is allowed, ✗ is not, – means that
the answer says nothing about the rule.

RFC 1945 describes what was done in 1996 and was never a standard; ✗ in the first place is no reproach to a server of today.
nginx and lighttpd have the smallest configuration that has the five paths; the test has it.

```text
$ blankline conform 127.0.0.1:8000 --evidence evidence     # each probe, kept as a case
$ BLESS=1 cargo test --test conform                        # makes this page
```
";

const EN_MIDDLE: &str = "## What is not asked

A row that no answer could decide is not asked, rather than guessed.
";

const ZH_TOP: &str = "# 服务器怎么对待 RFC 1945

[RFC 1945 逐条](../rfc1945.md)里凡是从外面问得出的，都用 `blankline conform` 问了一遍。格子里先是回来的状态码（`body`：只有主体，没有状态行；
`close`：什么也没有就关闭；`silence`：什么也没有，也不关闭），然后是两个记号：前一个按 RFC 1945，后一个按 RFC 9110 和 RFC 9112。✓ 允许，✗ 不允许，
– 表示从这个回答判断不了。

RFC 1945 记录的是 1996 年的做法，从来不是标准；前一个记号是 ✗，并不是说今天的服务器不好。nginx 和 lighttpd 用的是刚好够五个路径的最小配置，就写在测试里。

```text
$ blankline conform 127.0.0.1:8000 --lang zh --evidence evidence     # 每个探测都存成案例
$ BLESS=1 cargo test --test conform                                  # 重新生成本页
```
";

const ZH_MIDDLE: &str = "## 没有问的

从任何回答都判断不了的，就不问，也不猜。
";

#[test]
fn the_table_is_what_servers_do() {
    let test = "the_table_is_what_servers_do";
    let tools = ["nginx", "lighttpd", "python3"];
    if !tools.iter().all(|tool| has_tool(test, tool)) {
        return;
    }
    let columns: Vec<Column> = std::thread::scope(|scope| {
        let threads = [
            scope.spawn(|| {
                let head = concat!("blankline ", env!("CARGO_PKG_VERSION"), ", rfc1945");
                (head.to_owned(), own("rfc1945"))
            }),
            scope.spawn(|| {
                let head = concat!("blankline ", env!("CARGO_PKG_VERSION"), ", rfc9110");
                (head.to_owned(), own("rfc9110"))
            }),
            scope.spawn(|| {
                let head = format!("nginx {}", version("nginx", "-v"));
                (head, survey(nginx().address, "/redirect/"))
            }),
            scope.spawn(|| {
                let head = format!("lighttpd {}", version("lighttpd", "-v"));
                (head, survey(lighttpd().address, "/redirect/"))
            }),
            scope.spawn(|| {
                let head = format!("http.server {}", version("python3", "--version"));
                // It redirects only to a folder's own name.
                (head, survey(http_server().address, "/static"))
            }),
        ];
        threads.map(|thread| thread.join().unwrap()).into()
    });
    let heads: Vec<String> = columns.iter().map(|(head, _)| head.clone()).collect();
    for (lang, folder) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let path = format!("notes/{folder}/conformance.md");
        let table = Table {
            lead: 2,
            heads: &heads,
        };
        table.check(&path, &page(lang, &columns));
    }
}
