//! What clients make of faulty answers: each folder of `tests/canned` is served to each client, and the table in
//! `notes/{en,zh}/client-faults.md` is what they did. `BLESS=1 cargo test --test clients` rewrites both pages.
//!
//! Other versions of a client may do otherwise. Where the version is not the one that the page names, a difference
//! is said aloud and is no failure.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use blankline::canned::{Case, Running, Server, read_cases};
use blankline::wire::{Escaped, Lang};
use serde_json::json;
use support::browser::Browser;
use support::table::Table;
use support::{Program, has_tool, none};

/// A folder of `tests/canned`, and what is wrong with it, in both languages.
type Row = (&'static str, &'static str, &'static str);

const FAULTS: &[Row] = &[
    ("right", "Nothing: for comparison.", "没有毛病，用来对照。"),
    (
        "right-until-close",
        "Nothing: no length, the close ends the body.",
        "没有毛病：不写长度，以关闭连接结束主体。",
    ),
    (
        "length-too-small",
        "Content-Length says 5, 12 bytes come.",
        "Content-Length 写 5，实际来了 12 个字节。",
    ),
    (
        "length-too-large",
        "Content-Length says 20, 12 bytes come, then the close.",
        "Content-Length 写 20，只来 12 个字节就关闭了。",
    ),
    (
        "length-twice",
        "Two lengths, 5 and 12.",
        "两个长度：5 和 12。",
    ),
    (
        "length-no-number",
        "The length is a word.",
        "长度是个单词，不是数字。",
    ),
    ("length-negative", "The length is -1.", "长度是 -1。"),
    (
        "lf-only",
        "Each line ends with LF alone.",
        "每行只以 LF 结束。",
    ),
    (
        "cr-only",
        "Each line of the head ends with CR alone.",
        "首部每行只以 CR 结束。",
    ),
    (
        "no-blank-line",
        "The close comes where the blank line should be.",
        "该来空行的地方，连接关闭了。",
    ),
    (
        "no-blank-line-before-the-body",
        "The body follows the last field at once.",
        "主体紧跟着最后一个字段，中间没有空行。",
    ),
    (
        "no-colon",
        "One line of the head has no colon.",
        "首部里有一行没有冒号。",
    ),
    (
        "blank-before-the-colon",
        "`Content-Length : 5`, with a blank.",
        "`Content-Length : 5`，冒号前多了空格。",
    ),
    (
        "folded-field",
        "A value on the next line, as RFC 1945 allows and RFC 9112 does not.",
        "字段值折到下一行：RFC 1945 允许，RFC 9112 不允许。",
    ),
    (
        "nul-in-a-field",
        "A NUL in a field's value.",
        "字段值里有 NUL。",
    ),
    (
        "no-phrase",
        "No reason phrase, nor the blank before it.",
        "没有原因短语，连它前面的空格也没有。",
    ),
    (
        "status-no-number",
        "The status code is a word.",
        "状态码是个单词。",
    ),
    (
        "status-999",
        "A status of a class that does not exist.",
        "状态码属于不存在的类别。",
    ),
    (
        "version-2.0",
        "`HTTP/2.0` in a status line of text.",
        "文本状态行里写着 `HTTP/2.0`。",
    ),
    (
        "http-0.9",
        "A body alone, as HTTP/0.9 has it.",
        "只有主体，像 HTTP/0.9 那样。",
    ),
    (
        "continue-first",
        "A 100 that nobody asked for, then the 200.",
        "先来一个没人要的 100，再来 200。",
    ),
    (
        "no-content-with-a-body",
        "A 204, with a body all the same.",
        "204，却带着主体。",
    ),
    (
        "redirect-to-nowhere",
        "A 302 without a Location.",
        "302，却没有 Location。",
    ),
    (
        "chunked-in-1.0",
        "Chunks in an HTTP/1.0 response.",
        "HTTP/1.0 响应用了分块。",
    ),
    (
        "chunked-cut-short",
        "HTTP/1.1, and the close where the last chunk should be.",
        "HTTP/1.1，该来最后一块的地方，连接关闭了。",
    ),
    (
        "gzip-that-is-none",
        "`Content-Encoding: gzip` over plain text.",
        "写着 `Content-Encoding: gzip`，其实是纯文本。",
    ),
    (
        "nothing",
        "The close, and not one byte.",
        "一个字节也没有就关闭。",
    ),
    (
        "reset-at-once",
        "A reset, and not one byte.",
        "一个字节也没有就重置。",
    ),
    (
        "reset-in-the-head",
        "A reset in the middle of the head.",
        "首部发到一半，连接被重置。",
    ),
    (
        "reset-in-the-body",
        "A reset in the middle of the body.",
        "主体发到一半，连接被重置。",
    ),
    (
        "never-answers",
        "Silence, on an open connection.",
        "连接一直开着，就是不回答。",
    ),
    (
        "never-closes",
        "A body that only a close could end, and no close.",
        "主体要靠关闭才能结束，却一直不关闭。",
    ),
    (
        "stops-in-the-body",
        "Half of the body, and then silence.",
        "主体发到一半，就没有下文了。",
    ),
    (
        "slow-drip",
        "Nothing, but 12 bytes a second.",
        "没有毛病，但是每秒只来 12 个字节。",
    ),
];

/// How a client ended, and what it made of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    ends: String,
    shows: Vec<u8>,
}

impl Seen {
    fn cell(&self) -> String {
        // Nothing in a table's cell may look like the cell's end.
        let shown = Escaped(&self.shows).to_string().replace('|', "\\|");
        match &*shown {
            "" => self.ends.clone(),
            shown => format!("{}<br>`{shown}`", self.ends),
        }
    }
}

/// A client, its version, and what it did with each fault, in the order of `FAULTS`.
struct Column {
    client: &'static str,
    version: String,
    cells: Vec<String>,
}

/// Seconds for which a client is told to wait, each in its own way.
const TIMEOUT: &str = "4";

fn column(
    client: &'static str,
    version: String,
    cases: &[Case],
    ask: impl Fn(&str) -> Seen,
) -> Column {
    let cells = FAULTS.iter().map(|(name, ..)| {
        let server = server(cases, name);
        let address = server.address().to_string();
        let mut seen = ask(&format!("http://{address}/"));
        seen.ends = seen.ends.replace(&address, "HOST:PORT");
        seen.cell()
    });
    Column {
        client,
        version,
        cells: cells.collect(),
    }
}

fn server(cases: &[Case], name: &str) -> Running {
    let case = cases.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("tests/canned has no {name}"));
    Server::new(vec![case.clone()]).start().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("60").arg(program).args(arguments);
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    command.output().unwrap()
}

/// The first word of a program's first line that looks like a version.
fn version(program: &str) -> String {
    let output = run(program, &["--version"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let found = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    found.unwrap_or_default().to_owned()
}

fn curl(url: &str) -> Seen {
    let flags = ["-sS", "--noproxy", "*", "--max-time", TIMEOUT, "-q", url];
    let output = run("curl", &flags);
    let code = output.status.code().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().split_once(") ").map_or("", |(_, said)| said);
    // How long it took is another number each time.
    let said = said.split(" after ").next().unwrap_or_default();
    Seen {
        ends: if said.is_empty() {
            code.to_string()
        } else {
            format!("{code} {said}")
        },
        shows: output.stdout,
    }
}

fn wget(url: &str) -> Seen {
    let timeout = format!("--timeout={TIMEOUT}");
    let flags = ["--no-config", "-q", "-O", "-", "--tries=1", "--no-proxy"];
    let output = run("wget", &[&flags[..], &[&timeout, url]].concat());
    Seen {
        ends: output.status.code().unwrap().to_string(),
        shows: output.stdout,
    }
}

const PYTHON: &str = "
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    response = opener.open(sys.argv[1], timeout=float(sys.argv[2]))
    body = response.read()
    print(response.status)
except Exception as error:
    name, said = type(error).__name__, repr(str(error))[1:-1]
    print(said if said.startswith(name) else f'{name}: {said}')
    body = getattr(error, 'partial', b'')
sys.stdout.flush()
sys.stdout.buffer.write(body)
";

fn python(url: &str) -> Seen {
    let output = run("python3", &["-I", "-c", PYTHON, url, TIMEOUT]);
    let at = output.stdout.iter().position(|octet| *octet == b'\n');
    let at = at.unwrap_or_else(|| panic!("{url}: {}", String::from_utf8_lossy(&output.stderr)));
    Seen {
        ends: Escaped(&output.stdout[..at]).to_string(),
        shows: output.stdout[at + 1..].to_vec(),
    }
}

/// What Chromium makes of a page. Its own pages name the error too, where the load itself is said to be good.
fn chromium(browser: &Browser, url: &str) -> Seen {
    browser.command("url", &json!({ "url": "about:blank" }));
    let visited = browser.try_visit(url);
    let of = |key: &str| match &visited {
        Ok(()) => String::new(),
        Err(error) => error[key].as_str().unwrap_or_default().to_owned(),
    };
    // After an error there is no page to ask, and a page may have no body.
    let text = match visited {
        Ok(()) => browser.run("return document.body?.innerText ?? ''"),
        Err(_) => json!(""),
    };
    let text = text.as_str().unwrap().to_owned();
    let named = |text: &str| {
        let mut words = text.split_whitespace();
        words.find_map(|word| {
            let word = word.trim_start_matches("net::");
            word.starts_with("ERR_").then(|| format!("`{word}`"))
        })
    };
    if let Some(ends) = named(&of("message")).or_else(|| named(&text)) {
        let shows = Vec::new();
        return Seen { ends, shows };
    }
    let ends = match (&*of("error"), &*text) {
        ("", "") => "`empty`".to_owned(),
        ("", _) => "`loaded`".to_owned(),
        (error, _) => format!("`{error}`"),
    };
    Seen {
        ends,
        shows: text.into_bytes(),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/canned")
}

/// What is sent, short enough for a cell.
fn sent(case: &Case) -> String {
    let flags = fs::read_to_string(folder().join(&case.name).join("canned.args"));
    let flags = flags.unwrap_or_default();
    let flags: String = flags.lines().map(|flag| format!(" `{flag}`")).collect();
    match &*case.response {
        [] => flags.trim_start().to_owned(),
        bytes => format!("`{}`{flags}", Escaped(bytes)),
    }
}

fn page(lang: Lang, cases: &[Case], columns: &[Column]) -> String {
    let (top, fault, what, bytes, middle) = match lang {
        Lang::En => (EN_TOP, "fault", "what is wrong", "what is sent", EN_MIDDLE),
        Lang::Zh => (ZH_TOP, "毛病", "哪里不对", "发送的内容", ZH_MIDDLE),
    };
    let mut page = top.to_owned();
    write!(page, "\n| {fault} |").unwrap();
    for Column {
        client, version, ..
    } in columns
    {
        write!(page, " {client} {version} |").unwrap();
    }
    page += "\n| --- |";
    page += &" --- |".repeat(columns.len());
    for (row, (name, ..)) in FAULTS.iter().enumerate() {
        write!(page, "\n| `{name}` |").unwrap();
        for column in columns {
            write!(page, " {} |", column.cells[row]).unwrap();
        }
    }
    write!(
        page,
        "\n\n{middle}\n| {fault} | {what} | {bytes} |\n| --- | --- | --- |"
    )
    .unwrap();
    for (name, en, zh) in FAULTS {
        let case = cases.iter().find(|case| case.name == *name).unwrap();
        let what = match lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        write!(page, "\n| `{name}` | {what} | {} |", sent(case)).unwrap();
    }
    page.push('\n');
    page
}

const EN_TOP: &str = "# What clients make of faulty answers

A client meets servers that err, and tells its user more or less of it. Here each fault was sent to four clients by
`blankline canned tests/canned/FAULT`: exact bytes, nothing mended. curl and wget show their exit code, Python's
`urllib.request` the status or the exception, Chromium how the load of a page ended (`empty`: a page with nothing on it); beneath it stands the body
as far as it got through. Each was told to wait 4 seconds: `curl --max-time 4` means the whole transfer, `wget --timeout=4` and
`urlopen(timeout=4)` mean each wait for the next bytes, Chromium's 4 seconds are those of the test.

`cargo test --test clients` runs all of it and compares; `BLESS=1` writes this page.
";

const EN_MIDDLE: &str = r#"Three things to take from it. A close without a length is the end of a body, and looks the same as a server that broke
down: only a length tells the two apart. What is mended in silence differs from client to client, so "it works in my
browser" says little about the bytes. And a time limit for each wait is no limit for the whole.

Each fault is a folder in [tests/canned](../../tests/canned), so each can be tried by hand:

```text
$ blankline canned tests/canned/length-too-large --port 8001 &
$ curl http://127.0.0.1:8001/
```
"#;

const ZH_TOP: &str = "# 客户端怎么看待出错的响应

服务器难免出错，客户端或多或少会告诉用户。这里用 `blankline canned tests/canned/毛病` 把每种毛病发给四个客户端：字节原样，一个也不修。curl 和
wget 给出退出码，Python 的 `urllib.request` 给出状态码或异常，Chromium 给出页面加载的结局（`empty` 是空白页）；下面一行是它读到的主体。等待时间都设为 4 秒：
`curl --max-time 4` 管整个传输，`wget --timeout=4` 和 `urlopen(timeout=4)` 管每一次等待，Chromium 的 4 秒由测试设定。

`cargo test --test clients` 会全部重跑并比对；`BLESS=1` 重写本页。
";

const ZH_MIDDLE: &str = r#"可以记住三点。没有长度时，关闭就是主体的结尾，和服务器半路崩溃看起来一模一样，只有写了长度才分得清。哪些毛病会被悄悄
修好，各家不同，所以“在我的浏览器里没问题”说明不了字节有没有问题。每次等待都有时限，不等于总时间有时限。

每种毛病都是 [tests/canned](../../tests/canned) 里的一个文件夹，可以自己动手试：

```text
$ blankline canned tests/canned/length-too-large --port 8001 &
$ curl http://127.0.0.1:8001/
```
"#;

#[test]
fn every_folder_has_its_row() {
    let cases = read_cases(&folder()).unwrap();
    let folders: BTreeSet<&str> = cases.iter().map(|case| &*case.name).collect();
    let rows: BTreeSet<&str> = FAULTS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(folders, rows);
}

/// What curl makes of an answer of the site's zoo: its name, curl's exit code, and what it shows.
const ZOO: &[(&str, i32, &[u8])] = &[
    ("short", 18, b"abc"),
    ("lf", 0, b"hello\n"),
    ("no-blank-line", 8, b""),
    // The last of two lengths is believed.
    ("duplicate", 0, b"hell"),
    ("reset", 56, b"abc"),
    ("nine", 1, b""),
    ("drip", 0, b"drip drip..."),
    ("long", 0, b"abc"),
];

/// The version whose doings [`ZOO`] has.
const ZOO_CURL: &str = "7.88.1";

#[test]
fn the_zoo_is_what_curl_makes_of_it() {
    if !has_tool("the_zoo_is_what_curl_makes_of_it", "curl") {
        return;
    }
    let server = Program::serve(&["--frozen".to_owned()]);
    let ask = |name: &str, flags: &[&str]| {
        let url = format!("http://{}/l/zoo/{name}", server.address);
        let own = ["-q", "-sS", "--noproxy", "*", "--max-time", "30"];
        let output = run("curl", &[&own[..], flags, &[&url]].concat());
        (output.status.code().unwrap(), output.stdout)
    };
    let mut differences = Vec::new();
    for (name, code, shows) in ZOO {
        let seen = ask(name, &[]);
        if seen != (*code, shows.to_vec()) {
            let (seen, shown) = (seen.0, Escaped(&seen.1).to_string());
            differences.push(format!(
                "{name}: exit code {seen}, not {code}; shows {shown}"
            ));
        }
    }
    if ask("nine", &["--http0.9"]) != (0, b"hello\n".to_vec()) {
        differences.push("nine: --http0.9 does not take it".to_owned());
    }
    if version("curl") == ZOO_CURL {
        none(&differences);
    } else {
        eprintln!("another curl than {ZOO_CURL}: {differences:#?}");
    }
}

#[test]
fn the_table_is_what_clients_do() {
    let test = "the_table_is_what_clients_do";
    let tools = ["curl", "wget", "python3", "chromium", "chromedriver"];
    if !tools.iter().all(|tool| has_tool(test, tool)) {
        return;
    }
    let cases = read_cases(&folder()).unwrap();
    let columns = std::thread::scope(|scope| {
        let cases = &cases;
        let threads = [
            scope.spawn(move || column("curl", version("curl"), cases, curl)),
            scope.spawn(move || column("wget", version("wget"), cases, wget)),
            scope.spawn(move || column("Python", version("python3"), cases, python)),
            scope.spawn(move || {
                let browser = Browser::start(test).unwrap();
                let seconds: u64 = TIMEOUT.parse().unwrap();
                browser.command("timeouts", &json!({ "pageLoad": seconds * 1000 }));
                column("Chromium", version("chromium"), cases, |url| {
                    chromium(&browser, url)
                })
            }),
        ];
        threads.map(|thread| thread.join().unwrap())
    });
    let heads: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", column.client, column.version))
        .collect();
    for (lang, folder) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let path = format!("notes/{folder}/client-faults.md");
        Table {
            lead: 1,
            heads: &heads,
        }
        .check(&path, &page(lang, &cases, &columns));
    }
}
