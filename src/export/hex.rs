//! Bytes in hexadecimal, 16 a row: what `dissect` and the trace share.

use std::fmt::Write as _;

use crate::wire::{Label, Part, Span};

/// At most 16 bytes of one part; or, where bytes are left out, how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// What the bytes are.
    pub part: Part,
    /// Where they stand.
    pub span: Span,
    /// Whether the part begins here.
    pub is_first: bool,
    /// How many bytes stand here unseen; 0 in a row that is shown.
    pub omitted: usize,
}

/// The rows of a label. Of content, no more than `content_bytes` bytes are shown.
pub(super) fn rows_of(label: Label, content_bytes: usize) -> impl Iterator<Item = Row> {
    let Label { part, span } = label;
    let shown = if part.is_content() {
        span.len().min(content_bytes)
    } else {
        span.len()
    };
    let row = move |span: Span, omitted: usize| Row {
        part,
        span,
        is_first: span.start == label.span.start,
        omitted,
    };
    let end = span.start + shown;
    let rows = (span.start..end)
        .step_by(ROW_BYTES)
        .map(move |start| row(Span::new(start, end.min(start + ROW_BYTES)), 0));
    let omitted = span.len() - shown;
    rows.chain((omitted > 0).then(|| row(Span::new(end, span.end), omitted)))
}

/// Two digits and a blank for each byte.
pub(super) fn hex(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len() * 3);
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(out, "{octet:02x} ");
    }
    out
}

/// Bytes a row: as `hexdump -C` and Wireshark have it.
pub(super) const ROW_BYTES: usize = 16;
