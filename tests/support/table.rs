//! A page of the notes with a table of what other people's programs do, each column headed by a program and its version.
//!
//! Other versions may do otherwise: where a version is not the one that the page names, a difference in its column is said
//! aloud and is no failure. `BLESS=1` writes the page.

use std::fs;
use std::path::Path;

/// The table's columns.
pub(crate) struct Table<'a> {
    /// How many columns stand before those of the programs.
    pub lead: usize,
    /// The programs' heads, with their versions.
    pub heads: &'a [String],
}

impl Table<'_> {
    /// Compares the page at `path`, from the project's root, with what it is when it is made now.
    #[track_caller]
    pub(crate) fn check(&self, path: &str, made: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            fs::write(&file, made).unwrap();
        }
        let page = fs::read_to_string(&file).unwrap_or_default();
        let (complaints, news) = self.differences(&page, made);
        for one in news {
            eprintln!("{path}: another version does otherwise: {one}");
        }
        assert!(
            complaints.is_empty(),
            "{path} is not what happened; BLESS=1 rewrites it:\n{}",
            complaints.join("\n")
        );
    }

    /// What differs and should not, and what may.
    fn differences(&self, page: &str, made: &str) -> (Vec<String>, Vec<String>) {
        let (mut complaints, mut news) = (Vec::new(), Vec::new());
        let known = |head: &String| page.contains(&format!(" {head} |"));
        let known: Vec<bool> = self.heads.iter().map(known).collect();
        for (old, new) in page.lines().zip(made.lines()) {
            let (old, new) = (cells(old), cells(new));
            let is_row = new.len() == self.lead + known.len() && old.len() == new.len();
            if !is_row && old != new {
                complaints.push(format!("was {}, is {}", old.join(" | "), new.join(" | ")));
                continue;
            }
            for (at, (old, new_cell)) in old.iter().zip(&new).enumerate() {
                if old != new_cell {
                    let column = at.checked_sub(self.lead);
                    let is_known = column.is_none_or(|column| known[column]);
                    let list = if is_known { &mut complaints } else { &mut news };
                    list.push(format!("{}: was {old}, is {new_cell}", new[0]));
                }
            }
        }
        if page.lines().count() != made.lines().count() {
            complaints.push("it has another number of lines".to_owned());
        }
        (complaints, news)
    }
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line
        .strip_prefix("| ")
        .and_then(|line| line.strip_suffix(" |"));
    inner.map_or(vec![line], |inner| inner.split(" | ").collect())
}

#[test]
fn another_version_may_do_otherwise_and_the_same_may_not() {
    let page = "text\n| row | a 1 | b 1 |\n| --- | --- | --- |\n| x | 1 | 2 |\n";
    let counts = |heads: [&str; 2], made: &str| {
        let heads = heads.map(str::to_owned);
        let table = Table {
            lead: 1,
            heads: &heads,
        };
        let (complaints, news) = table.differences(page, made);
        (complaints.len(), news.len())
    };
    assert_eq!(counts(["a 1", "b 1"], page), (0, 0));
    assert_eq!(
        counts(["a 1", "b 1"], &page.replace("| 2 |", "| 3 |")),
        (1, 0)
    );
    let newer = page.replace("b 1", "b 2").replace("| 2 |", "| 3 |");
    assert_eq!(counts(["a 1", "b 2"], &newer), (0, 2));
    assert_eq!(
        counts(["a 1", "b 1"], &page.replace("text", "other")),
        (1, 0)
    );
    assert_eq!(counts(["a 1", "b 1"], &format!("{page}more\n")), (1, 0));
}
