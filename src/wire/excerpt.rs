//! The line of a message that a fault is about, with a mark under its bytes: for error pages, the
//! console and `dissect` alike.

use super::Span;
use super::octets::Escaped;

/// A line of a message, escaped, and the mark for the line below it.
///
/// ```
/// use blankline::wire::{excerpt, Span};
/// let shown = excerpt(b"GET /a b HTTP/1.0\r\n\r\n", Span::new(4, 8)).unwrap();
/// assert_eq!(shown.line, r"GET /a b HTTP/1.0\r\n");
/// assert_eq!(shown.caret, "    ^^^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or a window of it around the place; its line end is visible.
    pub line: String,
    /// Blanks up to the place, then at least one caret.
    pub caret: String,
}

/// Bytes shown before and after the place at most, so that an excerpt fits a terminal.
const AROUND: usize = 32;

/// Shows the line around `at`; `None` when the message has no byte there or before it.
///
/// ```
/// use blankline::wire::{excerpt, Span};
/// assert_eq!(excerpt(b"", Span::at(0)), None);
/// // What is missing at the end of a message is marked just behind it.
/// let shown = excerpt(b"GET / HTTP/1.0\r\nHost", Span::at(20)).unwrap();
/// assert_eq!((shown.line.as_str(), shown.caret.as_str()), ("Host", "    ^"));
/// ```
#[must_use]
pub fn excerpt(message: &[u8], at: Span) -> Option<Excerpt> {
    let place = at.start.min(message.len());
    let before = message.get(..place).unwrap_or_default();
    // A place just behind a line end belongs to that line when nothing follows.
    let searched = if place == message.len() {
        before.strip_suffix(b"\n").unwrap_or(before)
    } else {
        before
    };
    let line_start = memchr::memrchr(b'\n', searched).map_or(0, |at| at + 1);
    let after = message.get(place..).unwrap_or_default();
    let line_end = memchr::memchr(b'\n', after).map_or(message.len(), |at| place + at + 1);
    let start = line_start.max(place.saturating_sub(AROUND));
    let end = line_end.min(place.saturating_add(2 * AROUND));
    let (lead, rest) = (
        Span::new(start, place).of(message),
        Span::new(place, end).of(message),
    );
    if lead.is_empty() && rest.is_empty() {
        return None;
    }
    let marked = at.len().clamp(1, rest.len().max(1));
    let marked = rest.get(..marked).unwrap_or_default();
    let cut_before = if start > line_start { "..." } else { "" };
    let cut_after = if end < line_end { "..." } else { "" };
    let lead = format!("{cut_before}{}", Escaped(lead));
    let carets = Escaped(marked).to_string().len().max(1);
    Some(Excerpt {
        caret: format!("{}{}", " ".repeat(lead.len()), "^".repeat(carets)),
        line: format!("{lead}{}{cut_after}", Escaped(rest)),
    })
}
