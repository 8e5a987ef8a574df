//! The notes against the house: what they show is what the server does.
//!
//! A note is Markdown whose fenced blocks are of six kinds; `notes/README.md` explains them to readers:
//!
//! * `wire fixtures/TOPIC/CASE/request.http` (or `response.http`): the file's bytes, as [`show`] shows them;
//! * `trace fixtures/TOPIC/CASE/trace.txt` (or `trace.hex.txt`): that file, which `tests/trace.rs` checks;
//! * `sh`: commands for bash, run here against `blankline serve --frozen`, in an empty folder. When the block after it is an
//!   `output`, that is what the commands print. When it is a wire response, perhaps after its request, they
//!   print that response, byte for byte, from a server with the flags of the case's `serve.args`;
//! * `output`: see above;
//! * `step NAME`: an exercise, which `blankline learn check` tries;
//! * `text`: anything else, which nobody checks.
//!
//! `notes/faults.md`, `notes/states.md` and `notes/editions.md` are made here from the tables in the code.
//! `BLESS=1` rewrites those three, and every wire, trace and output block. A tool that this machine lacks makes
//! its blocks `skipped`; with `CI` or `BLANKLINE_TEST_TOOLS=require` set it makes the test fail.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display, Write as _};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use blankline::export::editions_markdown;
use blankline::wire::{
    CLIENT_TRANSITIONS, FaultKind, Lang, SERVER_TRANSITIONS, Transition, Verdict,
};

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fence {
    /// The number of its first line, counted from 1.
    line: usize,
    info: String,
    /// Its lines, each with its line end.
    text: String,
}

impl Fence {
    /// The fixture that a wire block shows.
    fn fixture(&self) -> Option<&str> {
        self.info.strip_prefix("wire ")
    }

    /// The trace that a trace block shows.
    fn trace(&self) -> Option<&str> {
        self.info.strip_prefix("trace ")
    }

    /// What the file that it names looks like here, if it names one.
    fn shown(&self) -> Option<Result<String, String>> {
        let wire = self.fixture().map(show_fixture);
        wire.or_else(|| self.trace().map(show_trace))
    }

    fn shows_response(&self) -> bool {
        self.fixture()
            .is_some_and(|path| path.ends_with("response.http"))
    }
}

/// A note's text, cut up: prose and blocks by turns, so that a block's text can be replaced.
#[derive(Debug)]
struct Note {
    path: PathBuf,
    markdown: String,
    fences: Vec<Fence>,
}

impl Note {
    fn read(path: &str) -> Self {
        let markdown =
            fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let fences = fences(&markdown)
            .unwrap_or_else(|line| panic!("{path}:{line}: a block that never ends"));
        Self {
            path: PathBuf::from(path),
            markdown,
            fences,
        }
    }

    fn place(&self, fence: &Fence) -> String {
        format!("{}:{}", self.path.display(), fence.line)
    }

    /// Compares blocks with what they should be; with `BLESS=1`, writes it instead.
    fn check(&self, wanted: &BTreeMap<usize, String>) -> Vec<String> {
        let differs = |fence: &&Fence| {
            wanted
                .get(&fence.line)
                .is_some_and(|text| *text != fence.text)
        };
        let mut complaints: Vec<String> = Vec::new();
        for fence in self.fences.iter().filter(differs) {
            let (place, wanted) = (self.place(fence), &wanted[&fence.line]);
            complaints.push(format!("{place}: shows\n{}but it is\n{wanted}", fence.text));
        }
        if complaints.is_empty() || !blesses() {
            return complaints;
        }
        fs::write(
            root().join(&self.path),
            replace(&self.markdown, &self.fences, wanted),
        )
        .unwrap();
        Vec::new()
    }
}

/// The blocks of a Markdown text; an error is the line of a block without an end.
fn fences(markdown: &str) -> Result<Vec<Fence>, usize> {
    let fences = blankline::lessons::fences(markdown).map_err(|complaint| complaint.line)?;
    let fence = |fence: blankline::lessons::Fence<'_>| Fence {
        line: fence.line,
        info: fence.info.to_owned(),
        text: fence.text,
    };
    Ok(fences.into_iter().map(fence).collect())
}

/// The text with other contents in the blocks that start at these lines.
fn replace(markdown: &str, fences: &[Fence], contents: &BTreeMap<usize, String>) -> String {
    let lines: Vec<&str> = markdown.split_inclusive('\n').collect();
    let mut text = String::new();
    let mut next = 0;
    for fence in fences {
        text.push_str(&lines[next..fence.line].concat());
        text.push_str(contents.get(&fence.line).unwrap_or(&fence.text));
        next = fence.line + fence.text.lines().count();
    }
    text + &lines[next..].concat()
}

/// Bytes as the notes show them. Different bytes never look the same:
///
/// * where a line of the block ends, the head has CR LF and the body LF;
/// * another line end is drawn before it: `␊` for a bare LF in the head, `␍` for the CR of a CR LF in the body;
/// * `\` at the end of the last line: nothing ends it;
/// * `␍`, `␉`, `␀`: control characters, each by its picture; `␠`: a blank at a line's end;
/// * `⟨ff⟩`: a byte that is no character, or a character that could be taken for one of these signs.
///
/// Backslashes stay as they are, since cookies and our own lessons are full of them.
fn show(bytes: &[u8], has_head: bool) -> String {
    let mut text = String::new();
    let (mut in_head, mut is_first) = (has_head, true);
    for line in bytes.split_inclusive(|&octet| octet == b'\n') {
        let (content, end) = match line {
            [content @ .., b'\r', b'\n'] => (content, if in_head { "" } else { "␍" }),
            [content @ .., b'\n'] => (content, if in_head { "␊" } else { "" }),
            content => (content, "\\"),
        };
        show_line(content, &mut text);
        text.push_str(end);
        text.push('\n');
        in_head &= is_first || !content.is_empty();
        is_first &= content.is_empty();
    }
    text
}

fn show_line(content: &[u8], text: &mut String) {
    let (content, end) = match content {
        [content @ .., b' '] => (content, "␠"),
        [content @ .., b'\\'] => (content, "⟨5c⟩"),
        content => (content, ""),
    };
    for chunk in content.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\0'..='\x1f' => text.extend(char::from_u32(0x2400 + u32::from(character))),
                '\x7f' => text.push('␡'),
                '\u{80}'..='\u{9f}' | '\u{2400}'..='\u{2426}' | '⟨' | '⟩' => {
                    show_octets(character.to_string().as_bytes(), text);
                }
                character => text.push(character),
            }
        }
        show_octets(chunk.invalid(), text);
    }
    text.push_str(end);
}

fn show_octets(octets: &[u8], text: &mut String) {
    for octet in octets {
        write!(text, "⟨{octet:02x}⟩").unwrap();
    }
}

/// What commands print, as the notes show it: as it is, but for a CR at a line's end, which no terminal
/// shows, and for a missing last line end.
fn show_output(stdout: &[u8]) -> String {
    let text = String::from_utf8_lossy(stdout).replace("\r\n", "␍\n");
    if text.is_empty() || text.ends_with('\n') {
        text
    } else {
        text + "\\\n"
    }
}

/// A fixture's bytes as the notes show them.
fn show_fixture(path: &str) -> Result<String, String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_message = ["request.http", "response.http"]
        .iter()
        .any(|kind| name.ends_with(kind));
    if !path.starts_with("fixtures/") || !is_message {
        return Err(format!("`{path}` is no fixture's request or response"));
    }
    let bytes = fs::read(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    // A Simple-Response is a body without a head.
    Ok(show(
        &bytes,
        name.ends_with("request.http") || bytes.starts_with(b"HTTP/"),
    ))
}

/// A fixture's trace.
fn show_trace(path: &str) -> Result<String, String> {
    let is_trace = path.ends_with("/trace.txt") || path.ends_with("/trace.hex.txt");
    if !path.starts_with("fixtures/") || !is_trace {
        return Err(format!("`{path}` is no fixture's trace"));
    }
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// A frozen server on a port of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(flags: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blankline"));
        command
            .args(["serve", "--port", "0", "--quiet"])
            .args(flags);
        if !flags.iter().any(|flag| flag.starts_with("--frozen")) {
            command.arg("--frozen");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        Self { child, address }
    }

    /// What a block's commands print.
    fn run(&self, commands: &str) -> Result<Vec<u8>, String> {
        let (_, port) = self.address.rsplit_once(':').unwrap();
        let commands =
            commands.replace("http://127.0.0.1:8000", &format!("http://{}", self.address));
        let commands = commands.replace("127.0.0.1 8000", &format!("127.0.0.1 {port}"));
        let commands = commands.replace("127.0.0.1/8000", &format!("127.0.0.1/{port}"));
        let commands = commands.replace("::127.0.0.1:8000", &format!("::{}", self.address));
        let commands = commands.replace(
            "capture 127.0.0.1:8000",
            &format!("capture {}", self.address),
        );
        let commands = commands.replace(
            "--against 127.0.0.1:8000",
            &format!("--against {}", self.address),
        );
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = Path::new(env!("CARGO_BIN_EXE_blankline"));
        let mut folders = vec![program.parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&path));
        let mut command = Command::new("timeout");
        command
            .args(["20", "bash", "-c", &commands])
            .current_dir(folder.path())
            .stdin(Stdio::null());
        let output = command
            .env("LC_ALL", "C")
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env_remove("CURL_HOME")
            .env("HOME", folder.path())
            .env("no_proxy", "*")
            .output()
            .unwrap();
        if output.status.code() == Some(124) {
            return Err("did not end within 20 s".to_owned());
        }
        Ok(replace_bytes(
            &output.stdout,
            self.address.as_bytes(),
            b"127.0.0.1:8000",
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn replace_bytes(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// The flags that a case needs, one a line.
fn serve_args(fixture: &str) -> Vec<String> {
    let folder = Path::new(fixture).parent().unwrap();
    let text = fs::read_to_string(root().join(folder).join("serve.args")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The tools of the commands that this machine lacks.
fn missing_tools(commands: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let words: BTreeSet<&str> = commands.split(|c| !is_word(c)).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_missing =
        |tool: &&&str| !std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
    let used = TOOLS.iter().filter(|tool| words.contains(**tool));
    used.filter(is_missing).copied().collect()
}

/// What `sh` blocks may need besides bash and coreutils.
const TOOLS: &[&str] = &[
    "nc",
    "nc.openbsd",
    "nc.traditional",
    "ncat",
    "curl",
    "wget",
    "ab",
    "xxd",
    "cmp",
    "python3",
    "tshark",
    "redis-server",
    "redis-cli",
];

fn tools_are_required() -> bool {
    std::env::var_os("CI").is_some()
        || std::env::var_os("BLANKLINE_TEST_TOOLS").is_some_and(|value| value == "require")
}

/// Held by a test that may rewrite notes, so that two never write the same file.
static PEN: Mutex<()> = Mutex::new(());

fn blesses() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &str) -> Vec<String> {
    let files = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every note with blocks: both languages, the key to the notes, and the README.
fn notes() -> Vec<Note> {
    let mut paths = vec!["README.md".to_owned(), "notes/README.md".to_owned()];
    for folder in ["notes/en", "notes/zh"] {
        paths.extend(names(folder).iter().map(|name| format!("{folder}/{name}")));
    }
    paths.iter().map(|path| Note::read(path)).collect()
}

fn assert_none(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} complaints\n\n{}",
        complaints.len(),
        complaints.join("\n\n")
    );
}

#[test]
fn wire_blocks_are_the_fixtures() {
    let _pen = PEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut complaints = Vec::new();
    let mut seen = 0;
    for note in notes() {
        let mut wanted = BTreeMap::new();
        for fence in &note.fences {
            match fence.shown() {
                None => {}
                Some(Ok(text)) => {
                    seen += 1;
                    wanted.insert(fence.line, text);
                }
                Some(Err(error)) => complaints.push(format!("{}: {error}", note.place(fence))),
            }
        }
        complaints.extend(note.check(&wanted));
    }
    assert_none(&complaints);
    assert!(seen > 40, "{seen} wire blocks");
}

#[test]
fn commands_print_what_the_notes_show() {
    let _pen = PEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut complaints = Vec::new();
    let mut servers: BTreeMap<Vec<String>, Server> = BTreeMap::new();
    let mut results: BTreeMap<(Vec<String>, String), Result<Vec<u8>, String>> = BTreeMap::new();
    let mut seen = 0;
    for note in notes() {
        let mut wanted = BTreeMap::new();
        for (index, fence) in note
            .fences
            .iter()
            .enumerate()
            .filter(|(_, fence)| fence.info == "sh")
        {
            seen += 1;
            let missing = missing_tools(&fence.text);
            if !missing.is_empty() {
                let complaint =
                    format!("{}: skipped, no {}", note.place(fence), missing.join(", "));
                if tools_are_required() {
                    complaints.push(complaint);
                } else {
                    eprintln!("{complaint}");
                }
                continue;
            }
            let after = note.fences[index + 1..].iter();
            let next = after.clone().next();
            let request_first =
                next.is_some_and(|next| next.fixture().is_some() && !next.shows_response());
            let response = after
                .clone()
                .nth(usize::from(request_first))
                .filter(|next| next.shows_response());
            let flags = response
                .and_then(Fence::fixture)
                .map(serve_args)
                .unwrap_or_default();
            let server = servers
                .entry(flags.clone())
                .or_insert_with_key(|flags| Server::start(flags));
            // Both languages have the same commands: a frozen server answers both the same.
            let result = results
                .entry((flags, fence.text.clone()))
                .or_insert_with(|| server.run(&fence.text));
            match (result, response, next) {
                (Err(error), ..) => complaints.push(format!("{}: {error}", note.place(fence))),
                (Ok(stdout), Some(response), _) => {
                    let path = response.fixture().unwrap();
                    if fs::read(root().join(path)).is_ok_and(|bytes| bytes != *stdout) {
                        let seen = show(stdout, stdout.starts_with(b"HTTP/"));
                        complaints.push(format!(
                            "{}: prints\n{seen}and not {path}",
                            note.place(fence)
                        ));
                    }
                }
                (Ok(stdout), None, Some(next)) if next.info == "output" => {
                    wanted.insert(next.line, show_output(stdout));
                }
                (Ok(_), ..) => {}
            }
        }
        complaints.extend(note.check(&wanted));
    }
    assert_none(&complaints);
    assert!(seen > 60, "{seen} blocks of commands");
}

#[test]
fn every_block_is_of_a_known_kind() {
    let mut complaints = Vec::new();
    for note in notes() {
        let mut before = "";
        for fence in &note.fences {
            let is_known = fence.shown().is_some()
                || matches!(fence.info.as_str(), "sh" | "output" | "text")
                || fence.info.starts_with("step ");
            if !is_known || (fence.info == "output" && before != "sh") {
                complaints.push(format!(
                    "{}: `{}` after `{before}`",
                    note.place(fence),
                    fence.info
                ));
            }
            before = &fence.info;
        }
    }
    assert_none(&complaints);
}

#[test]
fn both_languages_have_the_same_notes_and_blocks() {
    assert_eq!(names("notes/en"), names("notes/zh"));
    for name in names("notes/en") {
        let [en, zh] = ["en", "zh"].map(|lang| Note::read(&format!("notes/{lang}/{name}")));
        let blocks = |note: &Note| -> Vec<(String, String)> {
            // What a person reads in a `text` block may be in that person's language.
            let text = |fence: &Fence| {
                // What a step asks is compared where lessons are read; what it says is each language's own.
                if fence.info == "text" || fence.info.starts_with("step ") {
                    String::new()
                } else {
                    fence.text.clone()
                }
            };
            note.fences
                .iter()
                .map(|fence| (fence.info.clone(), text(fence)))
                .collect()
        };
        assert_eq!(blocks(&en), blocks(&zh), "{name}");
    }
}

#[test]
fn a_lesson_names_its_faults() {
    let mut complaints = Vec::new();
    for kind in FaultKind::ALL {
        let link = format!("[{0}](../faults.md#{0})", kind.slug());
        for path in ["en", "zh"]
            .iter()
            .filter_map(|lang| lesson_path(lang, kind.lesson()))
        {
            if !Note::read(&format!("notes/{path}"))
                .markdown
                .contains(&link)
            {
                complaints.push(format!("notes/{path} lacks {link}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn links_lead_somewhere() {
    let mut complaints = Vec::new();
    let mut notes = notes();
    notes.extend(
        [
            "notes/faults.md",
            "notes/rfc1945.md",
            "notes/states.md",
            "notes/editions.md",
        ]
        .map(Note::read),
    );
    for note in notes {
        let folder = root().join(&note.path).parent().unwrap().to_owned();
        for link in note
            .markdown
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = folder.join(path);
            let has_anchor = || {
                fs::read_to_string(&target)
                    .is_ok_and(|text| text.contains(&format!("<a id=\"{anchor}\">")))
            };
            if !link.contains("://") && (!target.exists() || !(anchor.is_empty() || has_anchor())) {
                complaints.push(format!("{}: {link}", note.path.display()));
            }
        }
    }
    assert_none(&complaints);
}

/// A generated page against its file; with `BLESS=1` the file is written.
fn assert_generated(path: &str, page: &str) {
    if blesses() {
        fs::write(root().join(path), page).unwrap();
    }
    let file = fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(
        file == page,
        "{path} is not what the tables say; BLESS=1 rewrites it:\n{page}"
    );
}

/// The lesson of this number in a language, if it is written: `en/03-crlf-or-lf.md`.
fn lesson_path(lang: &str, lesson: u8) -> Option<String> {
    let prefix = format!("{lesson:02}-");
    let name = names(&format!("notes/{lang}"))
        .into_iter()
        .find(|name| name.starts_with(&prefix))?;
    Some(format!("{lang}/{name}"))
}

#[test]
fn the_page_of_faults_is_the_table_of_faults() {
    let mut page = String::from(FAULTS_TOP);
    let mut undrawn = Vec::new();
    for &kind in FaultKind::ALL {
        let slug = kind.slug();
        let verdict = match kind.verdict() {
            Verdict::Note => "note".to_owned(),
            Verdict::Refuse(status) => status.to_string(),
        };
        let mut facts = vec![verdict, kind.rule().to_owned()];
        let lesson = kind.lesson();
        facts.push(
            match (lesson_path("en", lesson), lesson_path("zh", lesson)) {
                (Some(en), Some(zh)) => format!("lesson {lesson:02}: [en]({en}), [zh]({zh})"),
                _ => format!("lesson {lesson:02}"),
            },
        );
        let folder = fault_fixture(slug);
        match &folder {
            Some(folder) => facts.push(format!("[{folder}](../{folder})")),
            None => undrawn.push(slug),
        }
        let (en, zh) = (kind.sentence(Lang::En), kind.sentence(Lang::Zh));
        write!(
            page,
            "\n<a id=\"{slug}\"></a>\n\n## {slug}\n\n{}\n\n{en}\n\n{zh}\n",
            facts.join(" · ")
        )
        .unwrap();
    }
    assert_generated("notes/faults.md", &page);
    assert_eq!(undrawn, WITHOUT_FIXTURE);
}

/// The folder `fixtures/TOPIC/SLUG` of a fault.
fn fault_fixture(slug: &str) -> Option<String> {
    let topics = names("fixtures").into_iter();
    let mut folders = topics.map(|topic| format!("fixtures/{topic}/{slug}"));
    folders.find(|folder| root().join(folder).join("request.http").exists())
}

/// Faults that no request's bytes can bring about: three are a response's, and the others take a busy, full or
/// broken server, or a client that does not read or that resets.
const WITHOUT_FIXTURE: &[&str] = &[
    "bad-status",
    "chunked",
    "bad-chunk",
    "storage-full",
    "storage-failed",
    "server-busy",
    "server-error",
    "write-timeout",
    "connection-reset",
];

#[test]
fn the_page_of_states_is_the_tables_of_states() {
    let mut page = String::from(STATES_TOP);
    states("The client", CLIENT_TRANSITIONS, &mut page);
    states("The server", SERVER_TRANSITIONS, &mut page);
    assert_generated("notes/states.md", &page);
}

fn states<State: Debug, Input: Display>(
    title: &str,
    table: &[Transition<State, Input>],
    page: &mut String,
) {
    write!(
        page,
        "\n## {title}\n\n| in state | on | becomes | we tell |\n| --- | --- | --- | --- |\n"
    )
    .unwrap();
    for Transition {
        from,
        on,
        to,
        tells,
    } in table
    {
        writeln!(page, "| {from:?} | {on} | {to:?} | {tells} |").unwrap();
    }
    let start = &table[0].from;
    write!(
        page,
        "\n```mermaid\nstateDiagram-v2\n    [*] --> {start:?}\n"
    )
    .unwrap();
    for Transition { from, on, to, .. } in table {
        writeln!(page, "    {from:?} --> {to:?}: {on}").unwrap();
    }
    page.push_str("    Closed --> [*]\n```\n");
}

#[test]
fn the_page_of_editions_is_what_editions_do() {
    let page = EDITIONS_TOP.to_owned() + &editions_markdown();
    assert_generated("notes/editions.md", &page);
}

/// How `notes/faults.md` begins.
const FAULTS_TOP: &str = "# Faults

Everything that blankline finds odd or wrong about bytes, made from the table in `src/wire/fault.rs`. A fault with a
status is refused with it (an edition may send another: see [editions](editions.md)); a *note* is said on the console and
changes nothing. `{seen}` and `{limit}` stand for numbers.

字节里一切奇怪或错误之处，由 `src/wire/fault.rs` 中的表生成。带状态码的会被拒绝（不同版本可能用别的状态码，见 [editions](editions.md)）；note 只在控制台上说一声，不改变任何字节。`{seen}` 和 `{limit}` 代表数字。
";

/// How `notes/states.md` begins.
const STATES_TOP: &str = "# States

The two sides of a connection, made from the tables in `src/wire/state.rs`, where every transition lives. The two are
apart because a client that has closed its side still waits for the answer (see [tools](en/tools.md)).

连接两端各自的状态，由 `src/wire/state.rs` 中的表生成，所有转换都只写在那里。两端分开记录，因为客户端关闭了自己的发送方向之后，仍然在等回答（见[工具](zh/tools.md)）。
";

/// How `notes/editions.md` begins.
const EDITIONS_TOP: &str = "# Editions

Where the course notes, RFC 1945 and RFC 9110 differ, `--edition` chooses; `blankline editions` prints this table. Each row
has [fixtures](../fixtures/edition), one an edition.

课程笔记、RFC 1945 和 RFC 9110 不一致的地方，用 `--edition` 选择；`blankline editions` 打印的就是这张表。每一行在 [fixtures](../fixtures/edition) 里都有例子，每个版本一个。

";

mod own {
    use super::*;

    #[test]
    fn show_tells_different_bytes_apart() {
        let cases: [(&[u8], bool, &str); 13] = [
            (b"GET / HTTP/1.0\r\n\r\n", true, "GET / HTTP/1.0\n\n"),
            (b"GET / HTTP/1.0\n\n", true, "GET / HTTP/1.0␊\n␊\n"),
            (b"GET /", true, "GET /\\\n"),
            (b"A: 1\r\n\r\nx\r\ny\n", true, "A: 1\n\nx␍\ny\n"),
            (b"A: 1\r\n\r\nx", true, "A: 1\n\nx\\\n"),
            (b"\r\nA\r\n\r\nx\n", true, "\nA\n\nx\n"),
            (b"A: 1 \t\r\n", true, "A: 1 ␉\n"),
            (b"A: 1 \r\n", true, "A: 1␠\n"),
            (b"x\r", false, "x␍\\\n"),
            (b"sex=\"\\347\\224\"\r\n", true, "sex=\"\\347\\224\"\n"),
            (b"a\\n\\\n", false, "a\\n⟨5c⟩\n"),
            (b"\x00\xff\xe7\x94\xb7\n", false, "␀⟨ff⟩男\n"),
            ("␍⟨".as_bytes(), false, "⟨e2⟩⟨90⟩⟨8d⟩⟨e2⟩⟨9f⟩⟨a8⟩\\\n"),
        ];
        for (bytes, has_head, text) in cases {
            assert_eq!(show(bytes, has_head), text, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn output_is_shown_as_it_is() {
        assert_eq!(show_output(b"a\r\n \\r\nb"), "a␍\n \\r\nb\\\n");
        assert_eq!(show_output(b""), "");
    }

    #[test]
    fn blocks_are_found_and_replaced() {
        let markdown = "a\n```sh\nls\n```\nb\n```output\n```\nc\n";
        let found = fences(markdown).unwrap();
        let block = |line, info: &str, text: &str| Fence {
            line,
            info: info.to_owned(),
            text: text.to_owned(),
        };
        assert_eq!(found, [block(2, "sh", "ls\n"), block(6, "output", "")]);
        let contents = BTreeMap::from([(6, "x\ny\n".to_owned())]);
        assert_eq!(
            replace(markdown, &found, &contents),
            "a\n```sh\nls\n```\nb\n```output\nx\ny\n```\nc\n"
        );
        assert_eq!(fences("a\n```sh\n"), Err(2));
    }

    #[test]
    fn a_wire_block_names_a_message_that_exists() {
        assert!(show_fixture("fixtures/none/such/request.http").is_err());
        assert!(show_fixture("Cargo.toml").is_err());
    }

    #[test]
    fn tools_are_words() {
        assert!(missing_tools("encode the ncat-like abc").is_empty());
    }
}
