//! One direction of a connection: its bytes as messages, one after the other, with a label for each byte.
//!
//! Where a message ends is what `wire` says. A response's end depends on its request (RFC 1945 8.2: the
//! answer to a HEAD has no body), so responses are labelled with their requests at hand.

use crate::wire::{Label, Part, RequestHead, ResponseHead, Span};

/// Bytes of one direction and their labels, which tile them.
#[derive(Clone, Debug, Default)]
pub struct Labelled {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The labels; offsets count from the first byte of all.
    pub labels: Vec<Label>,
    fields: Vec<FieldAt>,
    heads: Vec<bool>,
}

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldAt {
    pub(super) name: Span,
    pub(super) value: Span,
}

impl Labelled {
    /// Everything that a client sent.
    #[must_use]
    pub fn requests(bytes: &[u8]) -> Self {
        let mut all = Self::default();
        while let Some(rest) = bytes.get(all.bytes.len()..).filter(|rest| !rest.is_empty()) {
            let head = RequestHead::dissect_message(rest.to_vec());
            all.heads.push(head.is_method(b"HEAD"));
            let fields: Vec<FieldAt> = head.fields().map(|field| field_at(&field)).collect();
            all.push(rest, head.anatomy().labels().collect(), fields);
        }
        all
    }

    /// Everything that a server sent in answer to these.
    #[must_use]
    pub fn responses(bytes: &[u8], requests: &Self) -> Self {
        let mut all = Self::default();
        let mut is_head = requests.heads.iter().copied();
        while let Some(rest) = bytes.get(all.bytes.len()..).filter(|rest| !rest.is_empty()) {
            if !all.bytes.is_empty() && !rest.starts_with(b"HTTP/") {
                all.push_excess(rest);
                break;
            }
            let head = if is_head.next().unwrap_or(false) {
                ResponseHead::dissect(rest.to_vec())
            } else {
                ResponseHead::dissect_message(rest.to_vec())
            };
            let fields: Vec<FieldAt> = head.fields().map(|field| field_at(&field)).collect();
            all.push(rest, head.anatomy().labels().collect(), fields);
        }
        all
    }

    /// The label at this offset.
    #[must_use]
    pub fn label_at(&self, offset: usize) -> Option<Label> {
        let after = self
            .labels
            .partition_point(|label| label.span.end <= offset);
        self.labels.get(after).copied()
    }

    /// The name of the field on whose line this offset is.
    #[must_use]
    pub fn field_at(&self, offset: usize) -> Option<&[u8]> {
        let line = self.line_at(offset);
        // A folded value goes on in the next line, whose first blank belongs to the fold.
        let first = self.label_at(line.start)?.part;
        let is_of_field = matches!(first, Part::FieldName | Part::ObsFold);
        let before = |field: &&FieldAt| field.name.start < line.end;
        let field = self.fields.iter().rev().find(before);
        field
            .filter(|_| is_of_field)
            .map(|field| field.name.of(&self.bytes))
    }

    /// The line around this offset, its line end included.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Span {
        let before = self
            .bytes
            .get(..offset.min(self.bytes.len()))
            .unwrap_or_default();
        let start = before
            .iter()
            .rposition(|&octet| octet == b'\n')
            .map_or(0, |at| at + 1);
        let after = self.bytes.get(start..).unwrap_or_default();
        let end = after
            .iter()
            .position(|&octet| octet == b'\n')
            .map_or(self.bytes.len(), |at| start + at + 1);
        Span::new(start, end)
    }

    /// Whether any message has a field of this name.
    pub(super) fn has_field(&self, name: &[u8]) -> bool {
        self.fields
            .iter()
            .any(|field| field.name.of(&self.bytes).eq_ignore_ascii_case(name))
    }

    pub(super) fn fields(&self) -> &[FieldAt] {
        &self.fields
    }

    /// One message off the front of `rest`; what its labels call excess is the next one's.
    fn push(&mut self, rest: &[u8], labels: Vec<Label>, fields: Vec<FieldAt>) {
        let base = self.bytes.len();
        let shift = |span: Span| Span::new(base + span.start, base + span.end);
        let own: Vec<Label> = labels
            .into_iter()
            .take_while(|label| label.part != Part::Excess)
            .collect();
        let end = own.last().map_or(0, |label| label.span.end);
        if end == 0 {
            self.push_excess(rest);
            return;
        }
        self.labels.extend(own.into_iter().map(|label| Label {
            part: label.part,
            span: shift(label.span),
        }));
        self.fields.extend(fields.into_iter().map(|field| FieldAt {
            name: shift(field.name),
            value: shift(field.value),
        }));
        self.bytes
            .extend_from_slice(rest.get(..end).unwrap_or(rest));
    }

    fn push_excess(&mut self, rest: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(rest);
        self.labels.push(Label {
            part: Part::Excess,
            span: Span::new(start, self.bytes.len()),
        });
    }
}

fn field_at(field: &crate::wire::Field<'_>) -> FieldAt {
    FieldAt {
        name: field.name_at,
        value: field.value_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(labelled: &Labelled, bytes: &[u8]) {
        assert_eq!(labelled.bytes, bytes);
        let mut end = 0;
        for label in &labelled.labels {
            assert_eq!(label.span.start, end, "{labelled:?}");
            assert!(!label.span.is_empty());
            end = label.span.end;
        }
        assert_eq!(end, bytes.len());
    }

    #[test]
    fn a_kept_connection_is_several_messages() {
        let asked = b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n";
        let requests = Labelled::requests(asked);
        tiles(&requests, asked);
        assert_eq!(requests.heads, [true, false]);
        let answered = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let responses = Labelled::responses(answered, &requests);
        tiles(&responses, answered);
        assert_eq!(responses.fields.len(), 2);
        let body: Vec<Span> = responses
            .labels
            .iter()
            .filter(|label| label.part == Part::Body)
            .map(|label| label.span)
            .collect();
        assert_eq!(body, [Span::new(answered.len() - 2, answered.len())]);
        assert_eq!(responses.field_at(20), Some(&b"Content-Length"[..]));
        assert_eq!(responses.field_at(3), None);
        // The end of the second status line is no field's, though a field stands before it.
        assert_eq!(responses.field_at(38 + 16), None);
    }

    #[test]
    fn any_bytes_are_labelled() {
        for bytes in [
            &b""[..],
            b"HTTP/",
            b"\n\n\n",
            b"GET /\r\nmore",
            b"\xff\x00",
            b"HTTP/1.0 204 No\r\n\r\nmore",
        ] {
            let requests = Labelled::requests(bytes);
            tiles(&requests, bytes);
            tiles(&Labelled::responses(bytes, &requests), bytes);
        }
    }
}
