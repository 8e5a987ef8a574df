//! The chunks of HTTP/1.1, counted (RFC 9112 7.1): where a chunked body ends, and what is to be said of it.
//!
//! blankline speaks HTTP/1.0, in which a response without a length is body until the close; but what `dissect` is given
//! may come from another server. So nothing is taken apart here: the body keeps its one label, and its bytes as they
//! came, and a note says how many chunks it has. Only who cuts messages apart needs the end.

use crate::wire::{Fault, FaultKind, ResponseHead, Span, has_token};

/// What the counting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Chunks that are whole, the empty last one not among them.
    pub count: u64,
    /// Bytes in them.
    pub content: u64,
    /// Where the body ends; or where the counting stopped, because the bytes end or say something else.
    pub end: Result<usize, usize>,
}

impl Chunks {
    /// Counts the chunks at the start of `body`.
    pub(super) fn of(body: &[u8]) -> Self {
        let mut chunks = Self {
            count: 0,
            content: 0,
            end: Err(0),
        };
        let mut at = 0;
        loop {
            chunks.end = Err(at);
            let Some((size, data)) = size_line(body, at) else {
                return chunks;
            };
            if size == 0 {
                if let Some(end) = trailer_end(body, data) {
                    chunks.end = Ok(end);
                }
                return chunks;
            }
            let Some(next) = usize::try_from(size)
                .ok()
                .and_then(|size| data.checked_add(size))
                .and_then(|end| line_end(body, end).filter(|next| next - end <= 2))
            else {
                return chunks;
            };
            chunks.count += 1;
            chunks.content = chunks.content.saturating_add(size);
            at = next;
        }
    }
}

/// The notes on a response whose body is in chunks: at its field, and where the counting stopped.
pub(super) fn chunk_notes(head: &ResponseHead, body: Span) -> Vec<Fault> {
    let Some(at) = chunked_at(head) else {
        return Vec::new();
    };
    let chunks = Chunks::of(body.of(head.bytes()));
    let (seen, content) = (chunks.count, chunks.content);
    let mut notes = vec![Fault::new(FaultKind::Chunked, at).measured(seen, content)];
    if let Err(stopped) = chunks.end {
        let at = Span::at(body.start + stopped);
        notes.push(Fault::new(FaultKind::BadChunk, at).measured(seen, content));
    }
    notes
}

/// Where the response says that it is chunked.
pub(super) fn chunked_at(head: &ResponseHead) -> Option<Span> {
    let mut codings = head.fields_named(b"Transfer-Encoding");
    let coding = codings.find(|field| has_token(&field.value, b"chunked"))?;
    Some(Span::new(coding.name_at.start, coding.value_at.end))
}

/// The size in the line at `at`, and where its data begin. What stands behind a `;` is an extension.
fn size_line(body: &[u8], at: usize) -> Option<(u64, usize)> {
    let next = line_end(body, at)?;
    let line = body.get(at..next)?.trim_ascii_end();
    let size = line.split(|octet| *octet == b';').next()?.trim_ascii_end();
    let is_size = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit);
    let size = std::str::from_utf8(size).ok().filter(|_| is_size)?;
    Some((u64::from_str_radix(size, 16).ok()?, next))
}

/// Where the body ends: behind the empty line, before which fields may stand.
fn trailer_end(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let next = line_end(body, at)?;
        if body.get(at..next)?.trim_ascii_end().is_empty() {
            return Some(next);
        }
        at = next;
    }
}

/// Behind the LF that ends the line at `at`.
fn line_end(body: &[u8], at: usize) -> Option<usize> {
    let rest = body.get(at..)?;
    Some(at + rest.iter().position(|octet| *octet == b'\n')? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Dissection;
    use crate::wire::Part;

    #[test]
    fn whole_chunks_are_counted_to_their_end() {
        let body = b"3\r\nabc\r\n1a;name=value\r\n\r\n0123456789\r\n0123456789\r\n\r\n0\r\nA: b\r\n\r\nHTTP/";
        let chunks = Chunks::of(body);
        assert_eq!((chunks.count, chunks.content), (2, 29));
        assert_eq!(chunks.end, Ok(body.len() - 5));
        assert_eq!(Chunks::of(b"0\r\n\r\n").end, Ok(5));
        assert_eq!(Chunks::of(b"1\nx\n0\n\n").end, Ok(7));
    }

    #[test]
    fn what_is_no_chunk_stops_the_counting_where_it_stands() {
        for (body, count, at) in [
            (&b""[..], 0, 0),
            (b"hello\r\n", 0, 0),
            (b"\r\n", 0, 0),
            (b"3\r\nabc\r\nzz\r\n", 1, 8),
            (b"3\r\nabcd\r\n0\r\n\r\n", 0, 0),
            (b"3\r\nab", 0, 0),
            (b"3\r\nabc\r\n0\r\n", 1, 8),
            (b"ffffffffffffffff\r\nabc\r\n", 0, 0),
            (b"fffffffffffffffff\r\nabc\r\n", 0, 0),
            (b"-1\r\n", 0, 0),
        ] {
            let chunks = Chunks::of(body);
            assert_eq!((chunks.count, chunks.end), (count, Err(at)), "{body:?}");
        }
    }

    #[test]
    fn a_chunked_response_is_body_with_a_note() {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
        let whole = Dissection::response([&head[..], b"2\r\nhi\r\n0\r\n\r\n"].concat());
        let last = whole.labels.last().unwrap();
        assert_eq!((last.part, last.span.start), (Part::Body, head.len()));
        let kinds: Vec<_> = whole.faults.iter().map(|fault| fault.kind).collect();
        assert_eq!(kinds, [FaultKind::Chunked]);
        assert_eq!(whole.faults[0].measure, Some((1, 2)));
        assert_eq!(whole.faults[0].at, Span::new(17, 49));
        assert!(!whole.is_refused());
        let cut = Dissection::response([&head[..], b"2\r\nhi\r\n"].concat());
        assert_eq!(cut.faults[1].kind, FaultKind::BadChunk);
        assert_eq!(cut.faults[1].at, Span::at(head.len() + 7));
    }
}
