//! `notes/rfc1945.md` claims what it can prove: every row is there, and what it names exists.
//!
//! A row of its tables has four cells: the row's name, the RFC's section, what is asked, and what shows
//! it. The last cell is either a list of proofs in backquotes, `fixtures/TOPIC/CASE` or
//! `tests/FILE.rs::function`, or it begins with `decided against:` or `not yet:` and gives the reason.
//! That a fixture proves what the row says is for people to judge; that it holds is for the tests that play it.

#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

use std::fs;
use std::path::Path;

/// The rows: a group of RFC 1945's demands on an origin server, and how many it has.
const GROUPS: &[(&str, usize)] = &[
    ("SYN", 14),
    ("VER", 9),
    ("REQ", 11),
    ("BOD", 11),
    ("RSP", 16),
    ("ST", 13),
    ("CC", 11),
    ("CK", 2),
];

/// Rows that wait for a feature of a later version. No other row may say `not yet`.
const NOT_YET: &[&str] = &[];

/// The names of all rows, in order: `SYN-01` and so on.
fn names() -> Vec<String> {
    let group = |(group, count): &(&str, usize)| {
        let group = (*group).to_owned();
        (1..=*count).map(move |number| format!("{group}-{number:02}"))
    };
    GROUPS.iter().flat_map(group).collect()
}

/// What is wrong with a document's tables, one sentence each.
fn complaints(document: &str, root: &Path) -> Vec<String> {
    let cells = |line: &str| -> Vec<String> {
        let inside = line
            .strip_prefix('|')
            .and_then(|line| line.strip_suffix('|'))
            .unwrap_or_default();
        inside
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let rows: Vec<Vec<String>> = document
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    let is_row = |row: &&Vec<String>| {
        row.first()
            .is_some_and(|name| name != "row" && !name.starts_with("---"))
    };
    let rows: Vec<&Vec<String>> = rows.iter().filter(is_row).collect();

    let mut complaints = Vec::new();
    let names = names();
    let seen: Vec<&String> = rows.iter().filter_map(|row| row.first()).collect();
    if seen != names.iter().collect::<Vec<_>>() {
        let missing = names
            .iter()
            .filter(|name| !seen.contains(name))
            .map(|name| format!("{name} is missing"));
        complaints.extend(missing);
        let odd = seen
            .iter()
            .filter(|name| !names.contains(name))
            .map(|name| format!("{name} is no row"));
        complaints.extend(odd);
        let twice = names
            .iter()
            .filter(|name| seen.iter().filter(|seen| *seen == name).count() > 1);
        complaints.extend(twice.map(|name| format!("{name} is there twice")));
        if complaints.is_empty() {
            complaints.push("the rows are not in order".to_owned());
        }
    }
    for row in rows {
        let [name, _, asked, shown] = row.as_slice() else {
            complaints.push(format!("a row has {} cells, not four: {row:?}", row.len()));
            continue;
        };
        if asked.is_empty() {
            complaints.push(format!("{name} does not say what is asked"));
        }
        complaints.extend(
            proof(name, shown, root)
                .err()
                .map(|why| format!("{name}: {why}")),
        );
    }
    complaints
}

/// Whether a row's last cell is one of the three things that it may be, and true as far as can be seen.
fn proof(name: &str, shown: &str, root: &Path) -> Result<(), String> {
    for excuse in ["decided against:", "not yet:"] {
        let Some(reason) = shown.strip_prefix(excuse) else {
            continue;
        };
        if reason.trim().len() < 10 {
            return Err(format!("`{excuse}` without a reason"));
        }
        if excuse == "not yet:" && !NOT_YET.contains(&name) {
            return Err("its feature is here, so it cannot be `not yet`".to_owned());
        }
        return Ok(());
    }
    for item in shown.split(", ") {
        let Some(item) = item
            .strip_prefix('`')
            .and_then(|item| item.strip_suffix('`'))
        else {
            return Err(format!(
                "neither a fixture, nor a test, nor a reason: {item}"
            ));
        };
        if let Some((file, function)) = item.split_once("::") {
            let text =
                fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
            if !file.starts_with("tests/")
                || !text.contains(&format!("#[test]\nfn {function}() {{"))
            {
                return Err(format!("there is no test {item}"));
            }
        } else if !item.starts_with("fixtures/") || !is_case(&root.join(item)) {
            return Err(format!("there is no case {item}"));
        }
    }
    Ok(())
}

fn is_case(folder: &Path) -> bool {
    ["request.http", "1.request.http"]
        .iter()
        .any(|file| folder.join(file).is_file())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_row_is_claimed_or_argued() {
    let document = fs::read_to_string(root().join("notes/rfc1945.md")).unwrap();
    let complaints = complaints(&document, root());
    assert!(
        complaints.is_empty(),
        "notes/rfc1945.md:\n{}",
        complaints.join("\n")
    );
}

/// A document with every row, each decided against, but for the one that is given.
fn document(name: &str, row: &str) -> String {
    let mut document =
        String::from("| row | RFC | what is asked | what shows it |\n| --- | --- | --- | --- |\n");
    for other in names() {
        if other == name {
            document.push_str(row);
        } else {
            document.push_str(&format!(
                "| {other} | 1 | something | decided against: an invented table |\n"
            ));
        }
    }
    document
}

#[test]
fn a_whole_table_passes() {
    let row = "| SYN-03 | 2.2 | folds | `fixtures/faults/obs-fold`, `tests/checklist.rs::a_whole_table_passes` |\n";
    assert!(complaints(&document("SYN-03", row), root()).is_empty());
    for name in NOT_YET {
        let row = format!("| {name} | 11 | something | not yet: a later version |\n");
        assert!(complaints(&document(name, &row), root()).is_empty());
    }
}

#[test]
fn what_is_missing_or_made_up_fails() {
    let cases = [
        ("SYN-03", "", "SYN-03 is missing"),
        (
            "SYN-03",
            "| SYN-99 | 2.2 | folds | decided against: an invention |\n",
            "SYN-99 is no row",
        ),
        ("SYN-03", "| SYN-03 | 2.2 | folds |\n", "a row has 3 cells"),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | | decided against: an invention |\n",
            "does not say what is asked",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | |\n",
            "neither a fixture",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | surely |\n",
            "neither a fixture",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | decided against: |\n",
            "without a reason",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | not yet: some day, perhaps |\n",
            "cannot be `not yet`",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | `fixtures/faults/no-such-case` |\n",
            "no case",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | `src/wire` |\n",
            "no case",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | `tests/checklist.rs::no_such_test` |\n",
            "no test",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | `tests/checklist.rs::is_case` |\n",
            "no test",
        ),
        (
            "SYN-03",
            "| SYN-03 | 2.2 | folds | `tests/none.rs::a_test` |\n",
            "tests/none.rs",
        ),
    ];
    for (name, row, sentence) in cases {
        let complaints = complaints(&document(name, row), root());
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.contains(sentence)),
            "{row}: {complaints:?}"
        );
    }
}

#[test]
fn a_row_that_stands_twice_or_elsewhere_fails() {
    let row = "| SYN-03 | 2.2 | folds | decided against: an invention |\n";
    let twice = document("SYN-03", &row.repeat(2));
    assert_eq!(complaints(&twice, root()), ["SYN-03 is there twice"]);
    let elsewhere = document("SYN-03", "") + row;
    assert_eq!(
        complaints(&elsewhere, root()),
        ["the rows are not in order"]
    );
}
