//! A part of a message by its name, as `volatile.txt` and `carry.txt` write it. Never a pattern.
//!
//! | written | means |
//! | --- | --- |
//! | `body`, `reason-phrase`, `status-code`, ... | everything with this label |
//! | `Date` | the value of each such field |
//! | `Set-Cookie value` | of each such field what stands between the first `=` and `;` |
//! | `Set-Cookie sessionid`, `Set-Cookie expires`, `Cookie sessionid` | what stands after this name and `=`, up to the next `;` |
//!
//! A name that a label has is the label's; any other is a field's, in any case.

use std::fmt;

use super::Labelled;
use crate::wire::{Part, Span, is_token, trim_blanks};

/// A named part.
///
/// ```
/// use blankline::golden::{Labelled, Place};
/// let asked = Labelled::requests(b"GET / HTTP/1.0\r\nCookie: a=1; b=22\r\n\r\n");
/// let place = Place::parse("Cookie b").unwrap();
/// assert_eq!(place.spans(&asked)[0].of(&asked.bytes), b"22");
/// assert!(Place::parse("Date: .*").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    subject: Subject,
    name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Labelled(Part),
    Field(String),
}

impl Place {
    /// Reads one name.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (first, name) = (words.next().unwrap_or_default(), words.next());
        let label = PARTS.into_iter().find(|part| part.name() == first);
        let complaint = match (label, name) {
            _ if words.next().is_some() => "it has more than two words",
            (Some(_), Some(_)) => "a label stands alone",
            (None, _) if !is_token(first.as_bytes()) => {
                "its first word is neither a label nor a field's name"
            }
            (_, Some(name)) if !is_token(name.as_bytes()) => {
                "its second word is neither `value` nor a name"
            }
            (Some(part), None) => {
                return Ok(Self {
                    subject: Subject::Labelled(part),
                    name: None,
                });
            }
            (None, name) => {
                return Ok(Self {
                    subject: Subject::Field(first.to_owned()),
                    name: name.map(str::to_owned),
                });
            }
        };
        let known: Vec<&str> = PARTS.iter().map(|part| part.name()).collect();
        Err(format!(
            "`{text}` names no part: {complaint}. Write a field (`Date`), a piece of one (`Set-Cookie value`, \
             `Cookie sessionid`), or a label ({})",
            known.join(", ")
        ))
    }

    /// Reads a file of names, one a line; empty lines and lines that start with `#` say nothing.
    ///
    /// # Errors
    ///
    /// The number of the line, from 1 on, and a sentence.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, (usize, String)> {
        lines(text)
            .map(|(number, line)| Self::parse(line).map_err(|sentence| (number, sentence)))
            .collect()
    }

    /// Where it stands, in order. A value that is there and empty is an empty span.
    #[must_use]
    pub fn spans(&self, message: &Labelled) -> Vec<Span> {
        match &self.subject {
            Subject::Labelled(part) => message
                .labels
                .iter()
                .filter(|label| label.part == *part)
                .map(|label| label.span)
                .collect(),
            Subject::Field(field) => message
                .fields()
                .iter()
                .filter(|at| {
                    at.name
                        .of(&message.bytes)
                        .eq_ignore_ascii_case(field.as_bytes())
                })
                .filter_map(|at| match self.name.as_deref() {
                    None => Some(at.value),
                    Some(name) => piece(&message.bytes, at.value, name),
                })
                .collect(),
        }
    }
}

/// The place of a piece's value in a field's value: `name=HERE; other=...`.
fn piece(bytes: &[u8], value: Span, name: &str) -> Option<Span> {
    let mut start = value.start;
    for section in value.of(bytes).split(|&octet| octet == b';') {
        let section_at = Span::new(start, start + section.len());
        start = section_at.end + 1;
        let Some(equals) = section.iter().position(|&octet| octet == b'=') else {
            continue;
        };
        let (own, _) = section.split_at(equals);
        if name == "value" || trim_blanks(own).eq_ignore_ascii_case(name.as_bytes()) {
            return Some(Span::new(section_at.start + equals + 1, section_at.end));
        }
    }
    None
}

/// The lines that say something, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines().map(str::trim))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Labelled(part) => f.write_str(part.name())?,
            Subject::Field(field) => f.write_str(field)?,
        }
        match &self.name {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

/// The labels that may be named: those whose bytes a server or a client chooses.
const PARTS: [Part; 7] = [
    Part::Method,
    Part::RequestTarget,
    Part::HttpVersion,
    Part::StatusCode,
    Part::ReasonPhrase,
    Part::Body,
    Part::Excess,
];

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\nDate: now\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=; expires=soon\r\n\r\nhi";

    fn seen(place: &str) -> Vec<String> {
        let message = Labelled::responses(ANSWER, &Labelled::default());
        let spans = Place::parse(place).unwrap().spans(&message);
        spans
            .iter()
            .map(|span| String::from_utf8_lossy(span.of(&message.bytes)).into_owned())
            .collect()
    }

    #[test]
    fn a_name_is_where_it_says() {
        assert_eq!(seen("Date"), ["now"]);
        assert_eq!(seen("body"), ["hi"]);
        assert_eq!(seen("status-code"), ["200"]);
        assert_eq!(seen("Set-Cookie value"), ["1", ""]);
        assert_eq!(seen("Set-Cookie b"), [""]);
        assert_eq!(seen("Set-Cookie Expires"), ["soon"]);
        assert_eq!(seen("Server"), [""; 0]);
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_line() {
        for wrong in ["body value", "a b c", "Date: x", "", "Set-Cookie /x/"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Place::parse_lines("# times\n\nDate\nDa te e\n")
                .unwrap_err()
                .0,
            4
        );
    }
}
