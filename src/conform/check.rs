//! What can be asked of an answer: a closed list, over the answer's bytes.
//!
//! A verdict is a list of checks that all hold. Each has its own words in both languages, which say what is wanted.

use super::probe::{Answer, Ending};
use crate::wire::{
    HttpDate, Label, Lang, LineEnd, Part, ResponseHead, Status, is_token, trim_blanks,
};

/// One demand on an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Its status is one of these.
    Status(&'static [u16]),
    /// Its status is 4xx or 5xx, or the server closed without a byte.
    Refused,
    /// It begins with a status line.
    FullResponse,
    /// It is a body alone, as HTTP/0.9 has it, and ends with the close.
    SimpleResponse,
    /// One of the two before: a body alone, or a refusal.
    SimpleOrRefused,
    /// Its version is written as one of these.
    Version(&'static [&'static str]),
    /// The status line is version, space, three digits, space, phrase.
    StatusLine,
    /// Each line of the head ends with CR LF.
    CrLf,
    /// No line of the head begins with a blank.
    NotFolded,
    /// Each field is `Name: value`, with one space.
    CommonForm,
    /// Each field's name is a token, with the colon right behind it.
    TokenNames,
    /// It has this field.
    Has(&'static str),
    /// It has none of these fields.
    Lacks(&'static [&'static str]),
    /// With 405 it has an Allow.
    AllowWith405,
    /// This field is an HTTP-date in its one form of 29 bytes, if it is there.
    DateForm(&'static str),
    /// Last-Modified is not later than Date, if both are there.
    ModifiedBeforeDate,
    /// Location is a whole URI.
    WholeLocation,
    /// Nothing follows the blank line.
    NoBody,
    /// Something follows the blank line.
    Body,
    /// Something follows the blank line, or Content-Length is 0.
    BodyOrZero,
    /// As many bytes follow the blank line as Content-Length says.
    WholeLength,
    /// These bytes are nowhere in it.
    Without(&'static [u8]),
    /// These bytes are in it.
    With(&'static [u8]),
    /// There is one response in it, and not two.
    OneResponse,
    /// There is no 1xx before the response.
    NoInterim,
    /// Its fields are those of the GET of `{file}`, but for Date and Connection.
    HeadOfTheFile,
    /// The server closed in time.
    Closes,
}

/// What checks compare with: the answer to a GET of `{file}`.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// The answer's bytes; empty when there was none.
    pub file: Vec<u8>,
}

impl Check {
    /// Whether it holds.
    #[must_use]
    pub fn holds(self, answer: &Answer, reference: &Reference) -> bool {
        let head = answer.head();
        let field = |name: &str| {
            head.field(name.as_bytes())
                .map(std::borrow::Cow::into_owned)
        };
        let date = |name: &str| field(name).and_then(|value| HttpDate::parse(&value));
        let body = || body(&answer.bytes, &head);
        let is_refused = || match answer.status() {
            Some(status) => status >= 400,
            None => answer.bytes.is_empty() && answer.ending != Ending::Open,
        };
        let is_simple = || {
            let is_body = !answer.bytes.is_empty() && !answer.is_full();
            is_body && answer.ending == Ending::Closed
        };
        match self {
            Self::Status(codes) => answer.status().is_some_and(|code| codes.contains(&code)),
            Self::Refused => is_refused(),
            Self::FullResponse => answer.is_full(),
            Self::SimpleResponse => is_simple(),
            Self::SimpleOrRefused => is_simple() || is_refused(),
            Self::Version(versions) => versions.iter().any(|version| {
                let rest = answer.bytes.strip_prefix(version.as_bytes());
                rest.is_some_and(|rest| rest.first() == Some(&b' '))
            }),
            Self::StatusLine => is_status_line(&answer.bytes),
            Self::CrLf => answer.is_full() && all(&head, is_not_bare),
            Self::NotFolded => answer.is_full() && all(&head, |label| label.part != Part::ObsFold),
            Self::CommonForm => answer.is_full() && lines(&answer.bytes, &head).all(is_common),
            Self::TokenNames => answer.is_full() && lines(&answer.bytes, &head).all(has_token_name),
            Self::Has(name) => field(name).is_some(),
            Self::Lacks(names) => {
                answer.is_full() && names.iter().all(|name| field(name).is_none())
            }
            Self::AllowWith405 => answer.status() != Some(405) || field("Allow").is_some(),
            Self::DateForm(name) => field(name).is_none_or(|value| {
                let date = HttpDate::parse(&value);
                date.is_some_and(|date| date.octets()[..] == value[..])
            }),
            Self::ModifiedBeforeDate => match (date("Last-Modified"), date("Date")) {
                (Some(modified), Some(date)) => modified.seconds() <= date.seconds(),
                _ => true,
            },
            Self::WholeLocation => field("Location").is_some_and(|value| {
                let text = String::from_utf8_lossy(&value).to_ascii_lowercase();
                text.starts_with("http://") || text.starts_with("https://")
            }),
            Self::NoBody => answer.is_full() && body().is_empty(),
            Self::Body => answer.is_full() && !body().is_empty(),
            Self::BodyOrZero => {
                let is_zero = field("Content-Length").as_deref() == Some(b"0");
                answer.is_full() && (is_zero || !body().is_empty())
            }
            Self::WholeLength => field("Content-Length")
                .and_then(|value| String::from_utf8_lossy(&value).parse().ok())
                .is_none_or(|length: usize| length == body().len()),
            Self::Without(bytes) => !contains(&answer.bytes, bytes),
            Self::With(bytes) => contains(&answer.bytes, bytes),
            Self::OneResponse => !body().windows(STATUS_LINE).any(begins_status_line),
            Self::NoInterim => {
                let class = answer.status().map(|code| Status::new(code).class().code());
                class.is_some_and(|class| class != 100)
            }
            Self::HeadOfTheFile => {
                answer.is_full() && comparable(&answer.bytes) == comparable(&reference.file)
            }
            Self::Closes => answer.ending == Ending::Closed,
        }
    }

    /// What is wanted, in words.
    #[must_use]
    pub fn wanted(self, lang: Lang) -> String {
        let (en, zh) = match self {
            Self::Status(codes) => {
                let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
                let or = codes.join(match lang {
                    Lang::En => " or ",
                    Lang::Zh => " 或 ",
                });
                return match lang {
                    Lang::En => format!("status {or}"),
                    Lang::Zh => format!("状态码 {or}"),
                };
            }
            Self::Version(versions) => {
                let or = versions.join(match lang {
                    Lang::En => " or ",
                    Lang::Zh => " 或 ",
                });
                return match lang {
                    Lang::En => format!("version {or}"),
                    Lang::Zh => format!("版本 {or}"),
                };
            }
            Self::Has(name) => {
                return match lang {
                    Lang::En => format!("a {name} field"),
                    Lang::Zh => format!("{name} 字段"),
                };
            }
            Self::Lacks(names) => {
                let names = names.join(", ");
                return match lang {
                    Lang::En => format!("none of {names}"),
                    Lang::Zh => format!("不含 {names}"),
                };
            }
            Self::DateForm(name) => {
                return match lang {
                    Lang::En => format!("{name} in its one form of 29 bytes"),
                    Lang::Zh => format!("{name} 用那唯一的 29 字节写法"),
                };
            }
            Self::Refused => ("a refusal", "拒绝"),
            Self::FullResponse => ("a status line", "状态行"),
            Self::SimpleResponse => ("the body alone, then the close", "只有主体，然后关闭"),
            Self::SimpleOrRefused => ("the body alone, or a refusal", "只有主体，或者拒绝"),
            Self::StatusLine => (
                "a status line of version, three digits and phrase",
                "版本、三位数字、短语组成的状态行",
            ),
            Self::CrLf => ("CR LF after each line of the head", "首部每行以 CR LF 结束"),
            Self::NotFolded => ("no folded field", "字段不折行"),
            Self::CommonForm => ("fields written `Name: value`", "字段写成 `Name: value`"),
            Self::TokenNames => (
                "field names that are tokens, with the colon right behind",
                "字段名是记号，冒号紧随其后",
            ),
            Self::AllowWith405 => ("an Allow with the 405", "405 要带 Allow"),
            Self::ModifiedBeforeDate => (
                "a Last-Modified that is not after Date",
                "Last-Modified 不晚于 Date",
            ),
            Self::WholeLocation => ("a whole URI in Location", "Location 是完整的 URI"),
            Self::NoBody => ("no body", "没有主体"),
            Self::Body => ("a body", "有主体"),
            Self::BodyOrZero => (
                "a body, or Content-Length: 0",
                "有主体，或者 Content-Length: 0",
            ),
            Self::WholeLength => (
                "as many bytes as Content-Length says",
                "主体的字节数和 Content-Length 相符",
            ),
            Self::Without(_) => ("nothing of what lies outside", "外面的内容一点也不给"),
            Self::With(_) => ("a hyperlink in the body", "主体里有超链接"),
            Self::OneResponse => ("one response", "只有一个响应"),
            Self::NoInterim => ("no 1xx", "没有 1xx"),
            Self::HeadOfTheFile => ("the fields of the GET", "和 GET 一样的字段"),
            Self::Closes => ("the close", "关闭连接"),
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
        .to_owned()
    }
}

/// What follows the head.
fn body<'a>(bytes: &'a [u8], head: &ResponseHead) -> &'a [u8] {
    bytes.get(head.anatomy().end()..).unwrap_or_default()
}

fn all(head: &ResponseHead, holds: impl Fn(Label) -> bool) -> bool {
    head.anatomy().labels().all(holds)
}

fn is_not_bare(label: Label) -> bool {
    !matches!(
        label.part,
        Part::LineEnd(LineEnd::BareLf) | Part::BlankLine(LineEnd::BareLf) | Part::Unparsed
    )
}

/// The lines of the head's fields, without their ends.
fn lines<'a>(bytes: &'a [u8], head: &ResponseHead) -> impl Iterator<Item = &'a [u8]> {
    let head = bytes.get(..head.anatomy().end()).unwrap_or_default();
    let lines = head.split(|octet| *octet == b'\n').skip(1);
    lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

fn is_common(line: &[u8]) -> bool {
    let value = line.splitn(2, |octet| *octet == b':').nth(1);
    let value = value.and_then(|value| value.strip_prefix(b" "));
    has_token_name(line) && value.is_some_and(|value| trim_blanks(value) == value)
}

fn has_token_name(line: &[u8]) -> bool {
    line.contains(&b':')
        && line
            .split(|octet| *octet == b':')
            .next()
            .is_some_and(is_token)
}

/// Whether `HTTP/1.x NNN ` stands here: a page that shows a request has the version in it too, but no code after it.
fn begins_status_line(bytes: &[u8]) -> bool {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    bytes.starts_with(b"HTTP/1.") && is_digit(7) && (9..12).all(is_digit)
}

/// The length of `HTTP/1.0 200 `.
const STATUS_LINE: usize = 13;

/// RFC 1945 6.1, and RFC 9112 4, which both want the second space even before an empty phrase.
fn is_status_line(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|octet| *octet == b'\r')
        .next()
        .unwrap_or_default();
    let mut words = line.splitn(3, |octet| *octet == b' ');
    let (version, code, phrase) = (words.next(), words.next(), words.next());
    version.is_some_and(|version| version.starts_with(b"HTTP/"))
        && code.is_some_and(|code| code.len() == 3 && code.iter().all(u8::is_ascii_digit))
        && phrase.is_some()
}

/// The fields that a HEAD and a GET have to have in common, sorted.
fn comparable(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let head = ResponseHead::dissect(bytes.to_vec());
    let fields = head.fields();
    let mut fields: Vec<_> = fields
        .map(|field| (field.name.to_ascii_lowercase(), field.value.into_owned()))
        .filter(|(name, _)| !VARYING.contains(&&**name))
        .collect();
    fields.sort();
    fields
}

/// Fields about the moment and the connection, not about the resource.
const VARYING: &[&[u8]] = &[b"date", b"connection", b"keep-alive"];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes
        .windows(part.len().max(1))
        .any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(check: Check, bytes: &[u8]) -> bool {
        let answer = Answer {
            bytes: bytes.to_vec(),
            ending: Ending::Closed,
        };
        let file = b"HTTP/1.0 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nhi".to_vec();
        check.holds(&answer, &Reference { file })
    }

    const GOOD: &[u8] =
        b"HTTP/1.0 200 OK\r\nDate: Mon, 30 Oct 2017 02:02:09 GMT\r\nContent-Length: 2\r\n\r\nhi";

    #[test]
    fn each_check_can_hold_and_can_fail() {
        let refusal = b"HTTP/1.0 405 No\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n";
        let redirect = b"HTTP/1.0 302 Found\r\nLocation: http://a/\r\n\r\n<a href=x>";
        let dates = b"HTTP/1.0 200 OK\r\nDate: Mon, 30 Oct 2017 02:02:09 GMT\r\nLast-Modified: Mon, 30 Oct 2017 02:02:10 GMT\r\n\r\n";
        let cases: &[(Check, &[u8], &[u8])] = &[
            (Check::Status(&[200]), GOOD, refusal),
            (Check::Refused, refusal, GOOD),
            (Check::Refused, b"", b"body"),
            (Check::FullResponse, GOOD, b"body"),
            (Check::SimpleResponse, b"body", GOOD),
            (Check::SimpleOrRefused, b"body", GOOD),
            (
                Check::Version(&["HTTP/1.0"]),
                GOOD,
                b"HTTP/1.01 200 OK\r\n\r\n",
            ),
            (Check::StatusLine, GOOD, b"HTTP/1.0 200\r\n\r\n"),
            (Check::CrLf, GOOD, b"HTTP/1.0 200 OK\nA: b\r\n\r\n"),
            (Check::CrLf, GOOD, b"HTTP/1.0 200 OK\r\nA: b\r\n\n"),
            (
                Check::NotFolded,
                GOOD,
                b"HTTP/1.0 200 OK\r\nA: b\r\n c\r\n\r\n",
            ),
            (Check::CommonForm, GOOD, b"HTTP/1.0 200 OK\r\nA:b\r\n\r\n"),
            (Check::CommonForm, GOOD, b"HTTP/1.0 200 OK\r\nA:  b\r\n\r\n"),
            (Check::TokenNames, GOOD, b"HTTP/1.0 200 OK\r\nA : b\r\n\r\n"),
            (Check::Has("date"), GOOD, refusal),
            (Check::Lacks(&["Date"]), refusal, GOOD),
            (Check::AllowWith405, refusal, b"HTTP/1.0 405 No\r\n\r\n"),
            (
                Check::DateForm("Date"),
                GOOD,
                b"HTTP/1.0 200 OK\r\nDate: Mon Oct 30 02:02:09 2017\r\n\r\n",
            ),
            (Check::ModifiedBeforeDate, GOOD, dates),
            (
                Check::WholeLocation,
                redirect,
                b"HTTP/1.0 302 Found\r\nLocation: /a\r\n\r\n",
            ),
            (Check::NoBody, refusal, GOOD),
            (Check::Body, GOOD, refusal),
            (Check::BodyOrZero, refusal, b"HTTP/1.0 302 Found\r\n\r\n"),
            (
                Check::WholeLength,
                GOOD,
                b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi",
            ),
            (
                Check::Without(b"root:"),
                GOOD,
                b"HTTP/1.0 200 OK\r\n\r\nroot:x",
            ),
            (Check::With(b"<a href="), redirect, GOOD),
            (
                Check::OneResponse,
                GOOD,
                b"HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 400 Bad\r\n\r\n",
            ),
            (Check::NoInterim, GOOD, b"HTTP/1.0 100 Continue\r\n\r\n"),
            (
                Check::HeadOfTheFile,
                b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nDate: y\r\n\r\n",
                refusal,
            ),
        ];
        for (check, good, bad) in cases {
            assert!(holds(*check, good), "{check:?} of {}", good.escape_ascii());
            assert!(!holds(*check, bad), "{check:?} of {}", bad.escape_ascii());
        }
        let open = Answer {
            bytes: GOOD.to_vec(),
            ending: Ending::Open,
        };
        assert!(!Check::Closes.holds(&open, &Reference::default()));
        assert!(holds(Check::Closes, GOOD));
    }
}
