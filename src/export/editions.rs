//! Where the editions differ, as a table: each cell is asked of a method of [`Edition`].

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::paint::{HEADING, paint};
use crate::wire::{Edition, FaultKind, HttpDate, NotModifiedRule};

/// The table for a terminal, its columns aligned.
#[must_use]
pub fn editions_text() -> String {
    let table = table();
    let widths = columns(&table);
    let mut out = String::new();
    for (index, row) in table.iter().enumerate() {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        let line = line.join("  ");
        let line = line.trim_end();
        // Writing to a String cannot fail.
        let _ = match index {
            0 => writeln!(out, "{}", paint(HEADING, line)),
            _ => writeln!(out, "{line}"),
        };
    }
    out
}

/// The table in Markdown, for the notes.
#[must_use]
pub fn editions_markdown() -> String {
    let mut out = String::new();
    for (index, row) in table().iter().enumerate() {
        let _ = writeln!(out, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(out, "|{}", " --- |".repeat(row.len()));
        }
    }
    out
}

/// A list with one object a row: its name, and for each edition what it does.
#[must_use]
pub fn editions_json() -> Value {
    let row = |(name, cell): &(&str, Cell)| {
        let mut object = Map::new();
        object.insert("row".to_owned(), json!(name));
        for edition in Edition::ALL {
            object.insert(edition.name().to_owned(), json!(cell(edition)));
        }
        Value::Object(object)
    };
    Value::Array(ROWS.iter().map(row).collect())
}

type Cell = fn(Edition) -> String;

/// A row's name, and how to ask an edition about it.
const ROWS: &[(&str, Cell)] = &[
    ("302 phrase", |edition| edition.found_phrase().to_owned()),
    ("Location", |edition| {
        choose(
            edition.location_is_absolute(),
            "absolute URI",
            "as the view gave it",
        )
    }),
    ("302 body", |edition| {
        choose(
            edition.redirect_has_note(),
            "short note with a hyperlink",
            "empty",
        )
    }),
    ("304 when", |edition| {
        let rule = match edition.not_modified_rule() {
            NotModifiedRule::Equal => "dates equal",
            NotModifiedRule::NotNewerValidDate => "mtime <= date <= our clock",
            NotModifiedRule::NotNewer => "mtime <= date",
        };
        rule.to_owned()
    }),
    ("If-Modified-Since on HEAD", |edition| {
        choose(edition.head_is_conditional(), "honoured", "ignored")
    }),
    ("ETag, If-None-Match", |edition| {
        choose(
            edition.has_entity_tags(),
            "yes, and they win over dates",
            "none",
        )
    }),
    ("POST without length", |edition| {
        status(edition, FaultKind::LengthRequired)
    }),
    ("target over the limit", |edition| {
        status(edition, FaultKind::TargetTooLong)
    }),
    ("major version 2 and up", |edition| {
        status(edition, FaultKind::VersionTooHigh)
    }),
    ("wrong method for a resource", |edition| {
        status(edition, FaultKind::MethodNotAllowed)
    }),
    ("form separators", |edition| {
        choose(edition.semicolon_separates(), "& and ;", "& alone")
    }),
    ("form value that is not UTF-8", |edition| {
        choose(
            edition.odd_form_value_is_latin1(),
            "all of it is Latin-1",
            "U+FFFD where it is not",
        )
    }),
    ("cookie date", |edition| {
        let date = HttpDate::from_seconds(NOTES_COOKIE_EXPIRES).cookie_octets(edition);
        String::from_utf8_lossy(&date).into_owned()
    }),
    ("colon in a cookie's value", |edition| {
        choose(
            edition.colon_in_cookie_value_is_bare(),
            "bare",
            "puts the value into quotes",
        )
    }),
    ("session cookie", |edition| {
        choose(
            edition.sessions_are_of_today(),
            "SameSite=Lax, Vary also when deleted",
            "no SameSite, no Vary when deleted",
        )
    }),
];

/// `Tue, 31-Oct-2017 01:26:37 GMT`, as the notes' own cookie has it.
const NOTES_COOKIE_EXPIRES: u64 = 1_509_413_197;

fn choose(condition: bool, yes: &str, no: &str) -> String {
    if condition { yes } else { no }.to_owned()
}

fn status(edition: Edition, kind: FaultKind) -> String {
    edition
        .status(kind)
        .map_or_else(|| "-".to_owned(), |status| status.code().to_string())
}

/// The head of the table and its rows.
fn table() -> Vec<Vec<String>> {
    let head = ["row"].into_iter().chain(Edition::ALL.map(Edition::name));
    let mut table = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    table.extend(ROWS.iter().map(|(name, cell)| {
        let cells = Edition::ALL.into_iter().map(cell);
        std::iter::once((*name).to_owned()).chain(cells).collect()
    }));
    table
}

fn columns(table: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(String::len).max().unwrap_or(0)
    };
    (0..=Edition::ALL.len()).map(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_tells_the_editions_apart() {
        for (name, cell) in ROWS {
            let cells = Edition::ALL.map(cell);
            assert!(
                cells.iter().any(|other| *other != cells[0]),
                "{name}: {cells:?}"
            );
        }
    }

    #[test]
    fn the_three_forms_have_the_same_cells() {
        let (text, markdown, json) = (editions_text(), editions_markdown(), editions_json());
        assert_eq!(text.lines().count(), ROWS.len() + 1);
        assert_eq!(markdown.lines().count(), ROWS.len() + 2);
        for (row, (name, cell)) in json.as_array().unwrap().iter().zip(ROWS) {
            assert_eq!(row["row"], *name);
            for edition in Edition::ALL {
                let cell = cell(edition);
                assert_eq!(row[edition.name()], cell);
                assert!(text.contains(&cell) && markdown.contains(&format!("| {cell} |")));
            }
        }
        assert!(markdown.starts_with("| row | notes | rfc1945 | rfc9110 |\n| --- | --- |"));
        assert!(markdown.contains("| cookie date | Tue, 31-Oct-2017 01:26:37 GMT |"));
    }
}
