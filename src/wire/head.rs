//! What a request's head and a response's head have in common: lines, fields, the blank line.
//!
//! ```text
//! Host: 127.0.0.1:8000 CRLF      field name, colon, whitespace, field value, line end
//! X-A: one CRLF
//!  two CRLF                      an obsolete fold: the line end and the blanks are one SP
//! CRLF                           the blank line
//! ```
//!
//! A line that is no field is labelled `Unparsed` and reported, and the reading goes on with the next.

use std::borrow::Cow;

use super::octets::{is_blank, name_length, plain_length};
use super::scan::looks_like_version;
use super::{Anatomy, BodyFraming, Fault, FaultKind, LineEnd, Part, Span};

/// The version of a message (RFC 1945 3.1).
///
/// ```
/// use blankline::wire::{dissect_request, Version};
/// assert_eq!(dissect_request(b"GET /\r\n").version(), Version::Simple);
/// assert_eq!(dissect_request(b"GET / HTTP/1.1\r\n\r\n").version(), Version::Numbered(1, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// None was written: HTTP/0.9.
    Simple,
    /// Major and minor number, compared as numbers; each stays at 2^32 - 1 when larger.
    Numbered(u32, u32),
}

/// One field of a head.
///
/// ```
/// use blankline::wire::dissect_request;
/// let head = dissect_request(b"GET / HTTP/1.0\r\nX-A: one\r\n two\r\n\r\n");
/// let field = head.fields().next().unwrap();
/// assert_eq!((field.name, &*field.value), (&b"X-A"[..], &b"one two"[..]));
/// assert_eq!(field.value_at.of(head.bytes()), b"one\r\n two");
/// ```
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// The name as it was sent.
    pub name: &'a [u8],
    /// The value without the blanks around it, each fold replaced by one SP.
    pub value: Cow<'a, [u8]>,
    /// Where the name stands.
    pub name_at: Span,
    /// Where the value stands, folds included.
    pub value_at: Span,
}

/// What both kinds of head are made of.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    pub(super) anatomy: Anatomy,
    pub(super) fields: Vec<FieldSpans>,
    pub(super) faults: Vec<Fault>,
    pub(super) complete: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct FieldSpans {
    pub(super) name: ShortSpan,
    value: ShortSpan,
    folded: bool,
}

/// A span in half the memory; a head of 4 GiB does not exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortSpan(u32, u32);

impl ShortSpan {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let short = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self(short(start), short(end))
    }

    pub(super) const fn span(self) -> Span {
        Span::new(self.0 as usize, self.1 as usize)
    }
}

pub(super) struct Line {
    /// Without the line end.
    pub(super) content: Span,
    end: LineEnd,
    /// Where the next line starts.
    pub(super) next: usize,
}

impl Head {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        // A browser's request has some 12 fields of 5 labels each.
        Self {
            bytes,
            anatomy: Anatomy::with_capacity(80),
            fields: Vec::with_capacity(16),
            faults: Vec::new(),
            complete: false,
        }
    }

    pub(super) fn report(&mut self, fault: Fault) {
        if self.faults.iter().all(|known| known.kind != fault.kind) {
            self.faults.push(fault);
        }
    }

    pub(super) fn line_at(&self, start: usize) -> Option<Line> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        Some(self.line_to(start, start + memchr::memchr(b'\n', rest)?))
    }

    pub(super) fn line_to(&self, start: usize, line_feed: usize) -> Line {
        let has_cr = line_feed > start && self.bytes.get(line_feed - 1) == Some(&b'\r');
        Line {
            content: Span::new(start, line_feed - usize::from(has_cr)),
            end: if has_cr {
                LineEnd::CrLf
            } else {
                LineEnd::BareLf
            },
            next: line_feed + 1,
        }
    }

    pub(super) fn end_line(&mut self, line: &Line) {
        self.anatomy.push(Part::LineEnd(line.end), line.next);
        self.note_line_end(line);
    }

    pub(super) fn note_line_end(&mut self, line: &Line) {
        if line.end == LineEnd::BareLf {
            let line_feed = Span::new(line.content.end, line.next);
            self.report(Fault::new(FaultKind::BareLf, line_feed));
        }
    }

    /// The bytes stop before the blank line: what is left is no line.
    pub(super) fn cut_short(&mut self) {
        let end = self.bytes.len();
        self.anatomy.push(Part::Unparsed, end);
        self.report(Fault::new(FaultKind::HeadCutShort, Span::at(end)));
    }

    pub(super) fn field_lines(&mut self, mut position: usize) {
        loop {
            let rest = self.bytes.get(position..).unwrap_or_default();
            let (name_len, has_underscore) = name_length(rest);
            let after_name = rest.get(name_len..).unwrap_or_default();
            let name = Span::new(position, position + name_len);
            let Some((line_feed, is_plain)) = find_line_feed(after_name) else {
                return self.cut_short();
            };
            let line = self.line_to(position, name.end + line_feed);
            match after_name.first() {
                Some(b':') if name_len > 0 => {
                    self.field_line(name, &line, is_plain);
                    if has_underscore {
                        self.report(Fault::new(FaultKind::UnderscoreInName, name));
                    }
                }
                _ if line.content.is_empty() => {
                    self.anatomy.push(Part::BlankLine(line.end), line.next);
                    self.note_line_end(&line);
                    self.complete = true;
                    return;
                }
                Some(&octet) if name_len == 0 && is_blank(octet) => {
                    self.folded_line(&line, is_plain);
                }
                _ => self.broken_line(name, &line),
            }
            self.note_line_end(&line);
            position = line.next;
        }
    }

    pub(super) fn field_line(&mut self, name: Span, line: &Line, is_plain: bool) {
        let after_colon = Span::new(name.end + 1, line.content.end);
        let value = without_blanks(after_colon, &self.bytes);
        self.anatomy.push_all([
            (Part::FieldName, name.end),
            (Part::Colon, name.end + 1),
            (Part::Whitespace, value.start),
            (Part::FieldValue, value.end),
        ]);
        if value.end < line.content.end {
            self.anatomy.push(Part::Whitespace, line.content.end);
        }
        self.anatomy.push(Part::LineEnd(line.end), line.next);
        self.fields.push(FieldSpans {
            name: ShortSpan::new(name.start, name.end),
            value: ShortSpan::new(value.start, value.end),
            folded: false,
        });
        if !is_plain {
            self.odd_value(value);
        }
    }

    #[cold]
    pub(super) fn odd_value(&mut self, value: Span) {
        let octets = value.of(&self.bytes);
        let place = |found: Option<usize>| {
            found.map(|index| Span::new(value.start + index, value.start + index + 1))
        };
        let is_control =
            |&octet: &u8| (octet < b' ' && octet != b'\t' && octet != b'\r') || octet == 0x7F;
        let found = [
            (
                FaultKind::BareCr,
                place(octets.iter().position(|&octet| octet == b'\r')),
            ),
            (
                FaultKind::BadOctetInValue,
                place(octets.iter().position(is_control)),
            ),
            (
                FaultKind::ObsText,
                place(octets.iter().position(|&octet| octet > 0x7F)),
            ),
        ];
        for (kind, at) in found {
            if let Some(at) = at {
                self.report(Fault::new(kind, at));
            }
        }
    }

    pub(super) fn folded_line(&mut self, line: &Line, is_plain: bool) {
        let value = without_blanks(line.content, &self.bytes);
        let blanks = Span::new(line.content.start, value.start);
        if self.fields.is_empty() {
            self.anatomy.push(Part::Unparsed, line.content.end);
            self.anatomy.push(Part::LineEnd(line.end), line.next);
            self.report(Fault::new(FaultKind::FoldWithoutField, blanks));
            return;
        }
        self.anatomy.pop(); // the line end above is part of the fold
        let fold = Span::new(self.anatomy.end(), value.start);
        self.anatomy.push_all([
            (Part::ObsFold, value.start),
            (Part::FieldValue, value.end),
            (Part::Whitespace, line.content.end),
            (Part::LineEnd(line.end), line.next),
        ]);
        self.report(Fault::new(FaultKind::ObsFold, fold));
        if !is_plain {
            self.odd_value(value);
        }
        if let Some(field) = self.fields.last_mut() {
            let start = if field.value.span().is_empty() {
                value.start
            } else {
                field.value.span().start
            };
            field.value = ShortSpan::new(start, value.end);
            field.folded = true;
        }
    }

    #[cold]
    pub(super) fn broken_line(&mut self, name: Span, line: &Line) {
        let rest = Span::new(name.end, line.content.end).of(&self.bytes);
        let blanks = rest.iter().take_while(|&&octet| is_blank(octet)).count();
        let fault = match memchr::memchr(b':', rest) {
            None => match memchr::memchr(b'\r', line.content.of(&self.bytes)) {
                Some(at) => Fault::new(
                    FaultKind::BareCr,
                    Span::new(line.content.start + at, line.content.start + at + 1),
                ),
                None => Fault::new(FaultKind::MissingColon, line.content),
            },
            Some(colon) if colon == blanks && !name.is_empty() => Fault::new(
                FaultKind::SpaceBeforeColon,
                Span::new(name.end, name.end + blanks),
            ),
            Some(colon) => Fault::new(
                FaultKind::BadFieldName,
                Span::new(name.start, name.end + colon),
            ),
        };
        self.anatomy.push(Part::Unparsed, line.content.end);
        self.anatomy.push(Part::LineEnd(line.end), line.next);
        self.report(fault);
    }

    /// `HTTP/` 1*DIGIT `.` 1*DIGIT, the literal in any case (RFC 1945 2.1 and 3.1).
    pub(super) fn version(&mut self, at: Span) -> Version {
        let word = at.of(&self.bytes);
        let numbers = word
            .get(5..)
            .filter(|_| looks_like_version(word))
            .and_then(|numbers| {
                let dot = memchr::memchr(b'.', numbers)?;
                Some((numbers.get(..dot)?, numbers.get(dot + 1..)?))
            });
        let parsed = numbers
            .and_then(|(major, minor)| Some((number(major)?, number(minor)?, [major, minor])));
        let Some((major, minor, written)) = parsed else {
            self.report(Fault::new(FaultKind::BadVersion, at));
            return Version::Numbered(1, 0);
        };
        if written
            .iter()
            .any(|digits| digits.len() > 1 && digits.starts_with(b"0"))
        {
            self.report(Fault::new(FaultKind::VersionZeros, at));
        }
        if major > 1 {
            self.report(Fault::new(FaultKind::VersionTooHigh, at));
        } else if major == 0 {
            // HTTP/0.9 has no version to write, so `HTTP/0.9` in a request line is nobody's.
            self.report(Fault::new(FaultKind::BadVersion, at));
        }
        Version::Numbered(major, minor)
    }

    pub(super) fn field(&self, spans: &FieldSpans) -> Field<'_> {
        let (name_at, value_at) = (spans.name.span(), spans.value.span());
        let value = value_at.of(&self.bytes);
        Field {
            name: name_at.of(&self.bytes),
            value: if spans.folded {
                Cow::Owned(unfold(value))
            } else {
                Cow::Borrowed(value)
            },
            name_at,
            value_at,
        }
    }

    /// Labels what stands after the head.
    pub(super) fn label_rest(&mut self, framing: BodyFraming) {
        let (start, end) = (self.anatomy.end(), self.bytes.len());
        if !self.complete {
            return;
        }
        let body_end = match framing {
            BodyFraming::None => start,
            BodyFraming::UntilClose => end,
            BodyFraming::Length(length) => {
                let have = (end - start) as u64;
                if have < length {
                    let cut = Fault::new(FaultKind::BodyCutShort, Span::at(end));
                    self.report(cut.measured(have, length));
                }
                start + usize::try_from(length.min(have)).unwrap_or(end - start)
            }
        };
        self.anatomy.push(Part::Body, body_end);
        self.anatomy.push(Part::Excess, end);
        if body_end < end {
            let excess = Fault::new(FaultKind::ExcessBytes, Span::new(body_end, end));
            self.report(excess.measured((end - body_end) as u64, 0));
        }
    }
}

/// Where the line's LF stands, and whether all before it is plain text.
#[inline]
fn find_line_feed(line: &[u8]) -> Option<(usize, bool)> {
    let plain = plain_length(line);
    match line.get(plain..).unwrap_or_default() {
        [b'\r', b'\n', ..] => Some((plain + 1, true)),
        [b'\n', ..] => Some((plain, true)),
        rest => Some((plain + memchr::memchr(b'\n', rest)?, false)),
    }
}

/// The span without the blanks at both ends.
#[inline]
fn without_blanks(span: Span, bytes: &[u8]) -> Span {
    let octets = span.of(bytes);
    let leading = octets.iter().position(|&octet| !is_blank(octet));
    let Some(leading) = leading else {
        return Span::at(span.end);
    };
    let trailing = octets.iter().rev().position(|&octet| !is_blank(octet));
    Span::new(span.start + leading, span.end - trailing.unwrap_or(0))
}

/// 1*DIGIT, at most 2^32 - 1.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, octet| match octet {
        b'0'..=b'9' => Some(
            number
                .saturating_mul(10)
                .saturating_add(u32::from(octet - b'0')),
        ),
        _ => None,
    })
}

/// Each line end and the blanks around it become one SP (RFC 1945 2.2).
fn unfold(value: &[u8]) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(value.len());
    for (index, line) in value.split(|&octet| octet == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if index > 0 {
            unfolded.push(b' ');
        }
        unfolded.extend_from_slice(super::trim_blanks(line));
    }
    unfolded
}
