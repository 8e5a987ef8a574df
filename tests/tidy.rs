//! House rules as tests: what a reader may take for granted about every file here.
//!
//! Each rule is a function from text or from a folder to its complaints, in words; one test holds
//! it against the project, another proves on something small that it can fail. What the compiler
//! or clippy can see is left to them, and what fixtures say is left to `golden.rs`.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use source::{entries, files};

/// Lines that a file of `src/` may have, its tests not counted: what can be read in one sitting.
const MOST_LINES: usize = 900;

/// What stands in no code of ours, as `source::words` splits it, with the reason.
const BANNED: &[(&[&str], &str)] = &[
    (&["todo", "!"], "unfinished code is not committed"),
    (&["unimplemented", "!"], "unfinished code is not committed"),
    (&["dbg", "!"], "it prints"),
    (&["#", "[", "ignore"], "a test runs, or it is deleted"),
    (
        &["thread", "::", "sleep"],
        "wait on an event with a deadline",
    ),
];

/// What a case's folder may hold beside its requests and responses.
const BESIDE_A_CASE: &[&str] = &[
    "README.md",
    "alone",
    "half-close",
    "reset",
    "serve.args",
    "trace.txt",
    "trace.hex.txt",
];

/// The first line says what the file is.
fn contract_comment(path: &str, text: &str) -> Option<String> {
    (!text.starts_with("//! "))
        .then(|| format!("{path} does not open with a `//!` that says what it is"))
}

/// One kind of line end, no invisible characters.
fn hygiene(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        for (found, what) in [
            (line.contains('\r'), "a CR"),
            (line.contains('\t'), "a tab"),
            (line.ends_with(' '), "a blank at its end"),
        ] {
            if found {
                complaints.push(format!("{path}:{number} has {what}"));
            }
        }
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") {
        complaints.push(format!("{path} does not end with one newline"));
    }
    complaints
}

/// A file that is too long is two files.
fn length(path: &str, text: &str) -> Option<String> {
    let lines = source::without_tests(&source::code(text)).lines().count();
    (lines > MOST_LINES).then(|| {
        format!("{path} has {lines} lines without its tests, and {MOST_LINES} is the most")
    })
}

/// No word of `BANNED`, outside comments and literals.
fn banned(path: &str, text: &str) -> Vec<String> {
    let code = source::code(text);
    let words = source::words(&code);
    BANNED
        .iter()
        .filter(|(word, _)| words.windows(word.len()).any(|seen| seen == *word))
        .map(|(word, reason)| format!("{path} has {}: {reason}", word.concat()))
        .collect()
}

/// Every case under `fixtures` is a request and its response, or several, numbered from 1.
fn fixtures(fixtures: &Path) -> io::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for topic in entries(fixtures)? {
        // Vectors are tables of values, not exchanges.
        if name(&topic) == "vectors" {
            continue;
        }
        if !topic.is_dir() && name(&topic) != "README.md" {
            complaints.push(format!("{} lies beside the topics", topic.display()));
        }
        for case in entries(&topic)? {
            if case.is_dir() {
                complaints.extend(fixture(&case)?);
            } else if name(&case) != "README.md" {
                complaints.push(format!("{} lies beside the cases", case.display()));
            }
        }
    }
    Ok(complaints)
}

fn fixture(case: &Path) -> io::Result<Vec<String>> {
    let case_name = case.display();
    let mut complaints = Vec::new();
    let (mut requests, mut responses) = (BTreeSet::new(), BTreeSet::new());
    for path in entries(case)? {
        let file = name(&path);
        if let Some(number) = numbered(file, "request.http") {
            requests.insert(number);
        } else if let Some(number) = numbered(file, "response.http") {
            responses.insert(number);
        } else if !BESIDE_A_CASE.contains(&file) {
            complaints.push(format!("{case_name} has {file}, which means nothing"));
        } else if matches!(file, "alone" | "half-close" | "reset") && path.metadata()?.len() > 0 {
            complaints.push(format!("{case_name}/{file} is a mark, and should be empty"));
        }
    }
    // A pair without a number is number 0, and is alone.
    let alone = BTreeSet::from([0]);
    let counted: BTreeSet<u32> = (1..).take(requests.len()).collect();
    if requests.is_empty() || (requests != alone && requests != counted) {
        complaints.push(format!(
            "{case_name} should have request.http, or 1.request.http, 2.request.http ..."
        ));
    }
    if requests != responses {
        complaints.push(format!(
            "{case_name} should have a response for each request, and no other"
        ));
    }
    Ok(complaints)
}

/// The number N of `N.request.http`, or 0 of `request.http`; no zero is written, and none leads.
fn numbered(file: &str, kind: &str) -> Option<u32> {
    let rest = file.strip_suffix(kind)?;
    if rest.is_empty() {
        return Some(0);
    }
    let number = rest.strip_suffix('.')?;
    number
        .parse()
        .ok()
        .filter(|parsed: &u32| *parsed > 0 && parsed.to_string() == number)
}

/// Both languages have the same notes, and in neither do two notes share a number.
fn notes(notes: &Path) -> io::Result<Vec<String>> {
    let mut complaints = Vec::new();
    let (en, zh) = (entries(&notes.join("en"))?, entries(&notes.join("zh"))?);
    let (en, zh): (BTreeSet<&str>, BTreeSet<&str>) = (
        en.iter().map(|path| name(path)).collect(),
        zh.iter().map(|path| name(path)).collect(),
    );
    complaints.extend(
        en.difference(&zh)
            .map(|note| format!("notes/en/{note} is not in notes/zh")),
    );
    complaints.extend(
        zh.difference(&en)
            .map(|note| format!("notes/zh/{note} is not in notes/en")),
    );
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for note in en.union(&zh) {
        let Some((number, _)) = note
            .split_once('-')
            .filter(|(number, _)| number.parse::<u8>().is_ok())
        else {
            continue;
        };
        if let Some(other) = numbers.insert(number, note) {
            complaints.push(format!("{other} and {note} share a number"));
        }
    }
    Ok(complaints)
}

/// The project's own text files with their path from the root: no wire bytes, nothing built.
fn texts(root: &Path) -> io::Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = entries(root)?
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    for folder in [".ci", "benches", "fixtures", "notes", "src", "tests"] {
        paths.extend(files(&root.join(folder))?);
    }
    let mut texts = Vec::new();
    for path in paths {
        let kind = path.extension().and_then(|extension| extension.to_str());
        if matches!(kind, Some("rs" | "md" | "toml" | "sh")) || name(&path) == "run" {
            let below = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            texts.push((below, std::fs::read_to_string(&path)?));
        }
    }
    Ok(texts)
}

/// The Rust files under `folder`, a path from the project's root that ends with a slash.
fn rust(folder: &str) -> io::Result<Vec<(String, String)>> {
    let mut rust = texts(root())?;
    rust.retain(|(path, _)| path.starts_with(folder) && path.ends_with(".rs"));
    Ok(rust)
}

/// The last component of a path, as text.
fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with all complaints at once, one a line.
#[track_caller]
fn none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_rust_file_opens_with_its_contract() {
    let all = [rust("src/").unwrap(), rust("tests/").unwrap()].concat();
    none(
        all.iter()
            .filter_map(|(path, text)| contract_comment(path, text)),
    );
}

#[test]
fn text_is_clean() {
    let texts = texts(root()).unwrap();
    for known in [
        "Cargo.toml",
        "src/lib.rs",
        "tests/run",
        "notes/architecture.md",
    ] {
        assert!(
            texts.iter().any(|(path, _)| path == known),
            "{known} was not looked at"
        );
    }
    none(texts.iter().flat_map(|(path, text)| hygiene(path, text)));
}

#[test]
fn no_file_is_too_long() {
    none(
        rust("src/")
            .unwrap()
            .iter()
            .filter_map(|(path, text)| length(path, text)),
    );
}

#[test]
fn nothing_banned_is_used() {
    let all = [rust("src/").unwrap(), rust("tests/").unwrap()].concat();
    none(all.iter().flat_map(|(path, text)| banned(path, text)));
}

#[test]
fn fixtures_are_exchanges() {
    none(fixtures(&root().join("fixtures")).unwrap());
}

#[test]
fn both_languages_have_the_same_notes() {
    none(notes(&root().join("notes")).unwrap());
}

#[test]
fn a_file_without_its_contract_fails() {
    assert_eq!(contract_comment("a.rs", "//! What it is.\n"), None);
    for text in [
        "",
        "// What it is.\n",
        "\n//! Late.\n",
        "//!\n",
        "use a;\n//! Late.\n",
    ] {
        assert!(contract_comment("a.rs", text).is_some(), "{text:?}");
    }
}

#[test]
fn unclean_text_fails() {
    assert_eq!(hygiene("a.md", "one\n\ntwo  three\n"), [""; 0]);
    for (text, complaint) in [
        ("one\r\n", "a.md:1 has a CR"),
        ("one\n\ttwo\n", "a.md:2 has a tab"),
        ("one \ntwo\n", "a.md:1 has a blank at its end"),
        ("one", "a.md does not end with one newline"),
        ("one\n\n", "a.md does not end with one newline"),
        ("", "a.md does not end with one newline"),
    ] {
        assert_eq!(hygiene("a.md", text), [complaint], "{text:?}");
    }
}

#[test]
fn a_long_file_fails_and_a_long_test_does_not() {
    let longest = "fn f() {}\n".repeat(MOST_LINES);
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn f() {}\n".repeat(50)
    );
    assert_eq!(length("a.rs", &longest), None);
    assert_eq!(
        length("a.rs", &format!("{}{tests}", longest.split_at(10).1)),
        None
    );
    assert!(length("a.rs", &format!("{longest}// One more.\n")).is_some());
}

#[test]
fn banned_words_fail_in_code_only() {
    for text in [
        "fn f() { todo!() }",
        "fn f() { unimplemented ! (\"later\") }",
        "fn f() { dbg!(1); }",
        "#[test]\n#[ignore]\nfn t() {}",
        "#[test]\n#[ignore = \"slow\"]\nfn t() {}",
        "fn f() { std::thread::sleep(d) }",
        "use std::thread::sleep;",
        "#[cfg(test)] mod tests { fn t() { thread::sleep(d) } }",
    ] {
        assert_eq!(banned("a.rs", text).len(), 1, "{text}");
    }
    for text in [
        "// todo!()\nfn f() {}",
        "const A: &str = \"thread::sleep\";",
        "fn todo() -> bool { !sleep() && thread::spawn() }",
    ] {
        assert_eq!(banned("a.rs", text), [""; 0], "{text}");
    }
}

/// The complaints of `check` about a temporary folder that holds `paths`: files with one byte where
/// the path ends with `+`, empty files elsewhere.
fn complaints_in(
    paths: &[&str],
    check: impl Fn(&Path) -> io::Result<Vec<String>>,
) -> io::Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    for path in paths {
        let file = folder.path().join(path.trim_end_matches('+'));
        std::fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        std::fs::write(file, if path.ends_with('+') { "+" } else { "" })?;
    }
    check(folder.path())
}

#[test]
fn whole_fixtures_pass() {
    for paths in [
        &["get/plain/request.http", "get/plain/response.http"][..],
        &[
            "get/README.md",
            "get/a/request.http",
            "get/a/response.http",
            "get/a/half-close",
            "get/a/serve.args+",
        ],
        &[
            "get/a/1.request.http",
            "get/a/1.response.http",
            "get/a/2.request.http",
            "get/a/2.response.http",
        ],
        &["vectors/anything.json", "README.md"],
    ] {
        assert_eq!(
            complaints_in(paths, fixtures).unwrap(),
            [""; 0],
            "{paths:?}"
        );
    }
}

#[test]
fn odd_fixtures_fail() {
    for paths in [
        &["get/a/request.http"][..],
        &["get/a/response.http"],
        &["get/a/README.md"],
        &[
            "get/a/request.http",
            "get/a/response.http",
            "get/a/1.request.http",
            "get/a/1.response.http",
        ],
        &[
            "get/a/1.request.http",
            "get/a/1.response.http",
            "get/a/3.request.http",
            "get/a/3.response.http",
        ],
        &["get/a/1.request.http", "get/a/2.response.http"],
        &["get/a/0.request.http", "get/a/0.response.http"],
        &["get/a/01.request.http", "get/a/01.response.http"],
        &[
            "get/a/request.http",
            "get/a/response.http",
            "get/a/response.http.bak",
        ],
        &[
            "get/a/request.http",
            "get/a/response.http",
            "get/a/half-close+",
        ],
        &["get/request.http", "get/response.http"],
        &["request.http", "response.http"],
    ] {
        assert!(
            !complaints_in(paths, fixtures).unwrap().is_empty(),
            "{paths:?}"
        );
    }
}

#[test]
fn notes_that_differ_or_share_a_number_fail() {
    let same = [
        "en/01-a.md",
        "zh/01-a.md",
        "en/02-b.md",
        "zh/02-b.md",
        "architecture.md",
    ];
    assert_eq!(complaints_in(&same, notes).unwrap(), [""; 0]);
    assert_eq!(complaints_in(&["en/01-a.md"], notes).unwrap().len(), 1);
    assert_eq!(complaints_in(&["zh/01-a.md"], notes).unwrap().len(), 1);
    assert_eq!(
        complaints_in(
            &["en/01-a.md", "zh/01-a.md", "en/01-b.md", "zh/01-b.md"],
            notes
        )
        .unwrap()
        .len(),
        1
    );
}
