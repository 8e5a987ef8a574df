//! The parameters of a field's value: what follows the first word in Content-Type and Content-Disposition.
//!
//! ```text
//! form-data; name="headimg"; filename="a \"b\".png"
//! ```
//!
//! A value is bare, up to the next semicolon, or in quotes (RFC 2045 5.1). In quotes a backslash escapes a
//! quote or a backslash and nothing else, as Django reads it: `C:\new.png` is not meant as an escape. What
//! is written otherwise is reported as a place, and the reading goes on behind the next semicolon.

use std::borrow::Cow;

use super::Span;
use super::octets::{is_blank, trim_blanks};

/// One parameter; its places count from the start of the field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    /// The name as it was sent; it is compared in any case.
    pub(super) name: &'a [u8],
    /// The value, without quotes and escapes.
    pub(super) value: Cow<'a, [u8]>,
    /// Where the value stands, without its quotes.
    pub(super) value_at: Span,
}

/// The parameters of a field's value in order, and the places of what is none.
pub(super) fn parameters(value: &[u8]) -> impl Iterator<Item = Result<Parameter<'_>, Span>> {
    let word = value.iter().take_while(|&&octet| octet != b';').count();
    let mut position = word;
    std::iter::from_fn(move || {
        let skipped = rest(value, position)
            .iter()
            .take_while(|&&octet| octet == b';' || is_blank(octet));
        let start = position + skipped.count();
        if start >= value.len() {
            return None;
        }
        let (end, parameter) = parameter(value, start);
        position = end;
        Some(parameter)
    })
}

/// The parameter that starts at `start`, and where the next one may start.
fn parameter(value: &[u8], start: usize) -> (usize, Result<Parameter<'_>, Span>) {
    let until = |from: usize, stop: fn(&u8) -> bool| {
        let found = rest(value, from).iter().position(stop);
        found.map_or(value.len(), |at| from + at)
    };
    let equals = until(start, |&octet| octet == b'=' || octet == b';');
    if value.get(equals) != Some(&b'=') {
        return (equals, Err(Span::new(start, equals)));
    }
    let name = trim_blanks(Span::new(start, equals).of(value));
    let after = until(equals + 1, |&octet| !is_blank(octet));
    if value.get(after) != Some(&b'"') {
        let end = until(after, |&octet| octet == b';');
        let bare = trim_blanks(Span::new(after, end).of(value));
        let parameter = Parameter {
            name,
            value: Cow::Borrowed(bare),
            value_at: Span::new(after, after + bare.len()),
        };
        return (end, Ok(parameter));
    }
    let quoted = after + 1;
    let Some(length) = quoted_length(rest(value, quoted)) else {
        return (value.len(), Err(Span::new(start, value.len())));
    };
    let value_at = Span::new(quoted, quoted + length);
    let behind = until(value_at.end + 1, |&octet| !is_blank(octet));
    if value.get(behind).is_some_and(|&octet| octet != b';') {
        let end = until(behind, |&octet| octet == b';');
        return (end, Err(Span::new(start, end)));
    }
    let parameter = Parameter {
        name,
        value: unescape(value_at.of(value)),
        value_at,
    };
    (behind, Ok(parameter))
}

fn rest(value: &[u8], from: usize) -> &[u8] {
    value.get(from..).unwrap_or_default()
}

/// How many bytes stand before the closing quote.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    loop {
        rest = match rest {
            [b'\\', b'"' | b'\\', after @ ..] => after,
            [b'"', ..] => return Some(text.len() - rest.len()),
            [_, after @ ..] => after,
            [] => return None,
        };
    }
}

fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [b'\\', octet @ (b'"' | b'\\'), after @ ..] | [octet, after @ ..] => {
                plain.push(*octet);
                after
            }
            [] => return Cow::Owned(plain),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Vec<Result<(String, String), &[u8]>> {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        parameters(value)
            .map(|parameter| match parameter {
                Ok(it) => Ok((text(it.name), text(&it.value))),
                Err(at) => Err(at.of(value)),
            })
            .collect()
    }

    fn pair(name: &str, value: &str) -> Result<(String, String), &'static [u8]> {
        Ok((name.to_owned(), value.to_owned()))
    }

    #[test]
    fn quoted_and_bare() {
        assert_eq!(
            read(br#"form-data; name="a b;c"; filename=x.png ;size = 3;;"#),
            [
                pair("name", "a b;c"),
                pair("filename", "x.png"),
                pair("size", "3")
            ]
        );
        assert_eq!(read(b"form-data"), []);
        assert_eq!(read(b""), []);
        assert_eq!(read(b"; a="), [pair("a", "")]);
        assert_eq!(read(br#"x; a="""#), [pair("a", "")]);
    }

    #[test]
    fn a_backslash_escapes_quotes_and_backslashes_alone() {
        assert_eq!(read(br#"x; a="\"b\"""#), [pair("a", r#""b""#)]);
        assert_eq!(
            read(br#"x; a="C:\new\a.png""#),
            [pair("a", r"C:\new\a.png")]
        );
        assert_eq!(read(br#"x; a="C:\\new""#), [pair("a", r"C:\new")]);
        assert_eq!(read(br"x; a=C:\new"), [pair("a", r"C:\new")]);
        assert_eq!(read(br#"x; a="C:\\""#), [pair("a", r"C:\")]);
    }

    #[test]
    fn what_is_no_parameter_has_a_place() {
        assert_eq!(
            read(br#"x; word; a="b"#),
            [Err(&b"word"[..]), Err(br#"a="b"#)]
        );
        assert_eq!(
            read(br#"x; a="b"c"; d=e"#),
            [Err(&br#"a="b"c""#[..]), pair("d", "e")]
        );
    }

    #[test]
    fn a_value_stands_where_it_is_said_to_stand() {
        let value = br#"form-data; name="a"; filename = b "#;
        let places: Vec<_> = parameters(value)
            .map(|it| it.unwrap().value_at.of(value))
            .collect();
        assert_eq!(places, [b"a", b"b"]);
    }
}
