//! The request target (RFC 1945 5.1.2): a path and a query, and the percent signs in both.
//!
//! A [`Target`] only says where its parts stand; decoding is a second step, taken once, by whoever
//! needs the text. A decoded path may hold any byte, a slash and `..` among them: what it may open
//! is not decided here.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use super::{Fault, FaultKind, Span};

/// Where the parts of a request target stand in its message, and what is odd about it.
///
/// ```
/// use blankline::wire::Target;
/// let message = b"GET /user/?id=7 HTTP/1.0";
/// let target = Target::parse(&message[4..15], 4).unwrap();
/// assert_eq!(target.path.of(message), b"/user/");
/// assert_eq!(target.query.map(|query| query.of(message)), Some(&b"id=7"[..]));
/// assert_eq!(target.notes().count(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path, not decoded; empty only in a whole URI that has none (see [`Target::path_of`]).
    pub path: Span,
    /// What follows the first `?`, not decoded; `None` without one, empty if nothing follows it.
    pub query: Option<Span>,
    absolute: Option<Fault>,
    raw_octet: Option<Fault>,
}

impl Target {
    /// Reads a target that starts at byte `offset` of its message; spans and faults count from the
    /// message's start. Blanks are not looked for: they end a target before it comes here.
    ///
    /// A target is a path, or a whole `http://` URI as it is sent to a proxy, which is only noted.
    ///
    /// # Errors
    ///
    /// The first offence from the left, with the bytes that it is about:
    ///
    /// - [`FaultKind::TargetNotPath`]: the target is neither of the two; the whole of it.
    /// - [`FaultKind::BadPercent`]: a `%` in the path without two hexadecimal digits after it; up
    ///   to three bytes. (In a query it stays as text, see [`QueryDict`](super::QueryDict).)
    /// - [`FaultKind::BadOctetInTarget`]: a control character or DEL; that byte.
    /// - [`FaultKind::FragmentInTarget`]: from the `#` to the end.
    ///
    /// ```
    /// use blankline::wire::{Fault, FaultKind, Span, Target};
    /// let refused = Target::parse(b"/50%zz", 4);
    /// assert_eq!(refused, Err(Fault::new(FaultKind::BadPercent, Span::new(7, 10))));
    /// ```
    pub fn parse(target: &[u8], offset: usize) -> Result<Self, Fault> {
        let span = |start: usize, end: usize| Span::new(offset + start, offset + end);
        let fault = |kind, start, end| Fault::new(kind, span(start, end));

        let path_start = match (target.first(), authority_end(target)) {
            (Some(b'/'), _) => 0,
            (_, Some(end)) => end,
            _ => return Err(fault(FaultKind::TargetNotPath, 0, target.len())),
        };
        let mut question_mark = None;
        let mut raw_octets: Option<(usize, usize)> = None;
        for (at, &octet) in target.iter().enumerate() {
            match octet {
                b'/' | b'a'..=b'z' => {}
                b'%' if question_mark.is_none() && at >= path_start => {
                    let escape = target.get(at..).unwrap_or_default();
                    if !is_escape(escape) {
                        let len = escape.iter().take(3).take_while(|&&o| o != b'?').count();
                        return Err(fault(FaultKind::BadPercent, at, at + len));
                    }
                }
                b'?' if question_mark.is_none() => question_mark = Some(at),
                b'#' => return Err(fault(FaultKind::FragmentInTarget, at, target.len())),
                ..=0x1F | 0x7F => return Err(fault(FaultKind::BadOctetInTarget, at, at + 1)),
                0x80.. => match &mut raw_octets {
                    None => raw_octets = Some((at, at + 1)),
                    Some((_, end)) if *end == at => *end = at + 1,
                    Some(_) => {}
                },
                _ => {}
            }
        }
        Ok(Self {
            path: span(path_start, question_mark.unwrap_or(target.len())),
            query: question_mark.map(|at| span(at + 1, target.len())),
            absolute: (path_start > 0).then(|| fault(FaultKind::AbsoluteTarget, 0, path_start)),
            raw_octet: raw_octets
                .map(|(start, end)| fault(FaultKind::RawOctetInTarget, start, end)),
        })
    }

    /// The path's bytes; `/` where a whole URI has none.
    ///
    /// ```
    /// use blankline::wire::Target;
    /// let message = b"http://localhost:8000?a=1";
    /// let target = Target::parse(message, 0).unwrap();
    /// assert_eq!(target.path_of(message), b"/");
    /// ```
    #[must_use]
    pub fn path_of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        match self.path.of(message) {
            [] => b"/",
            path => path,
        }
    }

    /// The query's bytes; nothing where there is no query.
    ///
    /// ```
    /// use blankline::wire::Target;
    /// let target = Target::parse(b"/a?b?c", 0).unwrap();
    /// assert_eq!(target.query_of(b"/a?b?c"), b"b?c");
    /// ```
    #[must_use]
    pub fn query_of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        self.query.unwrap_or_default().of(message)
    }

    /// What is odd but harmless: a whole URI ([`FaultKind::AbsoluteTarget`], at all before its
    /// path), and the first run of bytes above 127 ([`FaultKind::RawOctetInTarget`]).
    ///
    /// ```
    /// use blankline::wire::{FaultKind, Span, Target};
    /// let target = Target::parse(b"http://localhost/", 4).unwrap();
    /// let note = target.notes().next().unwrap();
    /// assert_eq!(note.kind, FaultKind::AbsoluteTarget);
    /// assert_eq!(note.at, Span::new(4, 20));
    /// ```
    pub fn notes(&self) -> impl Iterator<Item = Fault> + use<> {
        self.absolute.into_iter().chain(self.raw_octet)
    }
}

/// The bytes that a path stands for: each `%` and two hexadecimal digits is one byte. Anything else
/// stays, `+` and a `%` without its digits too. Copies nothing if nothing is encoded.
///
/// ```
/// use blankline::wire::decode_path;
/// assert_eq!(&*decode_path(b"/a%20b+c"), b"/a b+c");
/// assert!(matches!(decode_path(b"/user/"), std::borrow::Cow::Borrowed(_)));
/// ```
#[must_use]
pub fn decode_path(path: &[u8]) -> Cow<'_, [u8]> {
    // Nearly every path; one look instead of a walk.
    if memchr::memchr(b'%', path).is_none() {
        return Cow::Borrowed(path);
    }
    percent_decode(path).into()
}

/// Appends a URI as the Location field may carry it: what a URI cannot hold is percent-encoded
/// from its bytes, and the rest stays, existing escapes included (Django's `iri_to_uri`).
///
/// ```
/// let mut out = Vec::new();
/// blankline::wire::encode_location("/男 %20?a=b".as_bytes(), &mut out);
/// assert_eq!(out, b"/%E7%94%B7%20%20?a=b");
/// ```
pub fn encode_location(location: &[u8], out: &mut Vec<u8>) {
    for run in percent_encode(location, NOT_IN_LOCATION) {
        out.extend_from_slice(run.as_bytes());
    }
}

/// Where the path starts in `http://host:port/path`; `None` if this is no such URI.
fn authority_end(target: &[u8]) -> Option<usize> {
    let (scheme, rest) = target.split_at_checked(SCHEME.len())?;
    let len = rest
        .iter()
        .take_while(|octet| !matches!(octet, b'/' | b'?' | b'#'))
        .count();
    let has_host = len > 0 && rest.first() != Some(&b':');
    (has_host && scheme.eq_ignore_ascii_case(SCHEME)).then_some(SCHEME.len() + len)
}

/// Whether the bytes start with a `%` and two hexadecimal digits.
fn is_escape(octets: &[u8]) -> bool {
    matches!(octets, [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

const SCHEME: &[u8] = b"http://";

/// All ASCII but letters, digits and ``!#$%&'()*+,-./:;=?@[]_~``; `percent_encode` takes every byte
/// above 127 by itself.
const NOT_IN_LOCATION: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(target: &[u8]) -> (FaultKind, Span) {
        let fault = Target::parse(target, 100).unwrap_err();
        (
            fault.kind,
            Span::new(fault.at.start - 100, fault.at.end - 100),
        )
    }

    #[test]
    fn path_and_query_part_at_the_first_question_mark() {
        for (text, path, query) in [
            (&b"/"[..], &b"/"[..], None),
            (b"/?", b"/", Some(&b""[..])),
            (b"/a?b=/?c", b"/a", Some(b"b=/?c")),
            (b"//a//b", b"//a//b", None),
            (b"/a?50%&%zz", b"/a", Some(b"50%&%zz")),
            (b"http://h", b"/", None),
            (b"HTTP://h:80?q", b"/", Some(b"q")),
            (b"http://h:80/a?q", b"/a", Some(b"q")),
        ] {
            let target = Target::parse(text, 0).unwrap();
            assert_eq!(target.path_of(text), path, "{}", text.escape_ascii());
            assert_eq!(target.query.map(|span| span.of(text)), query);
            assert_eq!(target.query_of(text), query.unwrap_or_default());
        }
    }

    #[test]
    fn the_path_of_a_whole_uri_without_one_is_an_empty_place() {
        let target = Target::parse(b"http://h?q", 4).unwrap();
        assert_eq!(target.path, Span::at(12));
    }

    #[test]
    fn each_fault_is_at_its_bytes() {
        use FaultKind::*;
        for (text, kind, start, end) in [
            (&b""[..], TargetNotPath, 0, 0),
            (b"a/b", TargetNotPath, 0, 3),
            (b"*", TargetNotPath, 0, 1),
            (b"https://h/", TargetNotPath, 0, 10),
            (b"http:///a", TargetNotPath, 0, 9),
            (b"http://:80/", TargetNotPath, 0, 11),
            (b"/a#b", FragmentInTarget, 2, 4),
            (b"/a?b#", FragmentInTarget, 4, 5),
            (b"http://h#b", FragmentInTarget, 8, 10),
            (b"/a%zz/b", BadPercent, 2, 5),
            (b"/a%4", BadPercent, 2, 4),
            (b"/a%4?b", BadPercent, 2, 4),
            (b"/%", BadPercent, 1, 2),
            (b"/%%41", BadPercent, 1, 4),
            (b"http://h/%", BadPercent, 9, 10),
            (b"/a\0", BadOctetInTarget, 2, 3),
            (b"/a?\x7f", BadOctetInTarget, 3, 4),
            (b"http://h\x1b/", BadOctetInTarget, 8, 9),
            (b"/\x01%zz", BadOctetInTarget, 1, 2),
            (b"/%zz\x01", BadPercent, 1, 4),
        ] {
            assert_eq!(
                refusal(text),
                (kind, Span::new(start, end)),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn the_first_run_of_raw_octets_is_noted() {
        let text = "/男?男".as_bytes();
        let notes: Vec<_> = Target::parse(text, 10).unwrap().notes().collect();
        assert_eq!(
            notes,
            [Fault::new(FaultKind::RawOctetInTarget, Span::new(11, 14))]
        );
        let both: Vec<_> = Target::parse("http://男/".as_bytes(), 0)
            .unwrap()
            .notes()
            .collect();
        assert_eq!(both.len(), 2);
        assert!(both.iter().all(|note| !note.refuses()));
    }

    #[test]
    fn a_refused_target_is_refused_for_bytes_that_it_has() {
        // Every target of up to three of these bytes: the fault's span lies within the target.
        let octets = b"/a%4?#\x00\xFF:";
        for a in octets {
            for b in octets {
                for c in octets {
                    match Target::parse(&[*a, *b, *c], 1) {
                        Ok(target) => assert!(target.path.end <= 4),
                        Err(fault) => assert!(fault.at.start >= 1 && fault.at.end <= 4),
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_is_encoded_is_copied() {
        assert!(matches!(decode_path(b"/50%"), Cow::Borrowed(b"/50%")));
        assert_eq!(&*decode_path(b"%2F%2e%00%FF%4"), b"/.\0\xFF%4");
    }

    #[test]
    fn a_location_cannot_leave_its_line() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let mut out = Vec::new();
        encode_location(&all, &mut out);
        assert!(out.iter().all(u8::is_ascii_graphic));
        let kept: Vec<u8> = all
            .into_iter()
            .filter(|octet| {
                let mut alone = Vec::new();
                encode_location(&[*octet], &mut alone);
                alone == [*octet]
            })
            .filter(|octet| !octet.is_ascii_alphanumeric())
            .collect();
        assert_eq!(kept, b"!#$%&'()*+,-./:;=?@[]_~");
    }
}
