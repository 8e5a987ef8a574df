//! A dissected message as rows of text: offset, bytes in hex, text, part; then its faults.
//!
//! ```text
//! request, 16 bytes
//!
//!   0  47 45 54                 GET       method
//!   3  20                                 space
//!   4  2f                       /         request-target
//! ...
//! ```
//!
//! A row has at most 16 bytes, all of one part; a part's name stands in its first row. Columns are as
//! wide as their widest row.

use std::fmt::Write as _;

use super::console::fault_lines;
use super::hex::{Row, hex, rows_of};
use super::paint::{FAINT, HEADING, of_part, paint};
use super::{Dissection, MessageKind};
use crate::wire::{Escaped, Label, Lang};

/// The rows, the faults with their excerpts, and httparse's opinion. Of a body, and of what follows
/// it, at most `body_bytes` bytes are shown, and the rest is counted.
#[must_use]
pub fn dissection_rows(dissection: &Dissection, body_bytes: usize, lang: Lang) -> String {
    let mut out = paint(HEADING, summary(dissection, lang));
    out.push_str("\n\n");
    out.push_str(&label_rows(
        &dissection.labels,
        &dissection.bytes,
        body_bytes,
        lang,
    ));
    for fault in &dissection.faults {
        fault_lines(&mut out, fault, &dissection.bytes, "", lang);
    }
    if !dissection.faults.is_empty() {
        out.push('\n');
    }
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "{}", paint(FAINT, dissection.opinion));
    out
}

/// The rows alone, and an empty line behind them if there are any.
pub(super) fn label_rows(
    labels: &[Label],
    message: &[u8],
    body_bytes: usize,
    lang: Lang,
) -> String {
    let rows: Vec<Row> = labels
        .iter()
        .flat_map(|label| rows_of(*label, body_bytes))
        .collect();
    let shown = || rows.iter().filter(|row| row.omitted == 0);
    let text = |row: &Row| Escaped(row.span.of(message)).to_string();
    let offsets = digits(message.len()).max(MARGIN.len() + 1);
    let hexes = shown().map(|row| row.span.len() * 3).max().unwrap_or(0);
    let texts = shown().map(|row| text(row).len()).max().unwrap_or(0);

    let mut out = String::new();
    for row in &rows {
        let style = of_part(row.part);
        let name = if row.is_first { row.part.name() } else { "" };
        if row.omitted > 0 {
            let words = omission(row.omitted, lang);
            let _ = writeln!(out, "{:>offsets$}  {}", "...", paint(FAINT, words));
            continue;
        }
        let offset = paint(FAINT, format_args!("{:>offsets$}", row.span.start));
        let hex = hex(row.span.of(message));
        let text = text(row);
        let cells = format!("{hex:<hexes$} {text:<texts$}  {name}");
        let _ = writeln!(out, "{offset}  {}", paint(style, cells.trim_end()));
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    out
}

fn summary(dissection: &Dissection, lang: Lang) -> String {
    let length = dissection.bytes.len();
    match (dissection.kind, lang) {
        (kind, Lang::En) => format!("{}, {length} {}", kind.name(), bytes(length)),
        (MessageKind::Request, Lang::Zh) => format!("请求，{length} 字节"),
        (MessageKind::Response, Lang::Zh) => format!("响应，{length} 字节"),
    }
}

fn omission(omitted: usize, lang: Lang) -> String {
    match lang {
        Lang::En => format!(
            "{omitted} more {}, not shown (--body-bytes)",
            bytes(omitted)
        ),
        Lang::Zh => format!("还有 {omitted} 字节未显示（--body-bytes）"),
    }
}

const fn bytes(count: usize) -> &'static str {
    if count == 1 { "byte" } else { "bytes" }
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

/// Rows stand off the left edge, and `...` fits where an offset would stand.
const MARGIN: &str = "   ";

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(dissection: &Dissection, body_bytes: usize, lang: Lang) -> String {
        let rows = dissection_rows(dissection, body_bytes, lang);
        anstream::adapter::strip_str(&rows).to_string()
    }

    #[test]
    fn every_byte_of_a_head_has_its_row() {
        let bytes = b"GET /user/register/ HTTP/1.0\r\nA: b\n\r\n".to_vec();
        let shown = plain(&Dissection::request(bytes), 256, Lang::En);
        let rows = "\
request, 37 bytes

   0  47 45 54                                      GET              method
   3  20                                                             space
   4  2f 75 73 65 72 2f 72 65 67 69 73 74 65 72 2f  /user/register/  request-target
  19  20                                                             space
  20  48 54 54 50 2f 31 2e 30                       HTTP/1.0         http-version
  28  0d 0a                                         \\r\\n             line-end
  30  41                                            A                field-name
  31  3a                                            :                colon
  32  20                                                             whitespace
  33  62                                            b                field-value
  34  0a                                            \\n               line-end
  35  0d 0a                                         \\r\\n             blank-line

bare-lf at byte 34: ";
        assert!(shown.starts_with(rows), "{shown}");
        assert!(
            shown.ends_with(
                "\n\nhttparse accepts this head of 37 bytes and counts its fields: 1.\n"
            )
        );
    }

    #[test]
    fn a_long_part_goes_on_in_more_rows_and_a_long_body_is_cut() {
        let mut bytes = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
        bytes.extend(b"0123456789abcdef".repeat(10));
        let dissection = Dissection::response(bytes);
        let shown = plain(&dissection, 40, Lang::En);
        let body = shown.find("body\n").unwrap();
        let rest: Vec<&str> = shown[body..].lines().skip(1).take(3).collect();
        assert!(rest[0].starts_with("  35  30 31"), "{shown}");
        assert!(rest[1].starts_with("  51  30 31"), "{shown}");
        assert_eq!(rest[2], " ...  120 more bytes, not shown (--body-bytes)");
        assert!(plain(&dissection, 40, Lang::Zh).contains("还有 120 字节"));
        assert!(!plain(&dissection, 160, Lang::En).contains("..."));
        assert!(plain(&dissection, 0, Lang::En).contains(" ...  160 more"));
    }

    #[test]
    fn nothing_is_shown_of_no_bytes() {
        let shown = plain(&Dissection::request(Vec::new()), 256, Lang::En);
        assert!(shown.starts_with("request, 0 bytes\n\n"), "{shown}");
    }
}
