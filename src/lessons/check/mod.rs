//! The closed list of what can be seen of an exchange, one check a line of a `see`.
//!
//! | written | holds when |
//! | --- | --- |
//! | `method M` | the method is these very bytes |
//! | `path P`, `path P...` | the decoded path is P (a slash at the end or none), or begins with it |
//! | `target T` | the request target is these very bytes |
//! | `query [NAME [= V \| has V \| at-least N]]` | the query has such a field, decoded (of several, any) |
//! | `form [NAME [= V \| has V]]` | the body is a form with such a field, in either encoding |
//! | `file [NAME [= V \| has V]]` | the body is multipart with such a file; V is the file's name |
//! | `field [NAME [= V \| has V]]` | the request has such a field, in any case (of several, any); without a name: any field |
//! | `spelled NAME` | a field's name is written so, capitals and all |
//! | `cookie NAME [= V \| has V]` | such a cookie came |
//! | `cookie NAME as set`, `cookie NAME as set before P` | it came with a value that the server had set; and since then path P was asked for |
//! | `cookie NAME as set behind V` | from the first V on it is as it was set, such as a signature |
//! | `version 0.9 \| 1.0 \| 1.1` | the request line says so; 0.9 says nothing |
//! | `line-ends crlf \| lf \| mixed` | so end the lines of the head |
//! | `body [= V \| has V \| empty]` | the request's body is, has, or is nothing |
//! | `body-bytes N`, `body-bytes at-least N` | so many came |
//! | `excess [= V \| has V]` | bytes behind the body, which are nobody's |
//! | `fault SLUG` | this was odd or wrong |
//! | `refused` | the server refused the request for a fault |
//! | `waiting` | the request is not over, and the client has gone silent; every other step wants a whole exchange |
//! | `probe` | the roles are turned round: we asked, and the learner's own server answered; other steps want it the usual way |
//! | `closed` | in a probe: the learner's side closed the connection after its answer |
//! | `reads at-least N` | the request came in so many pieces |
//! | `gap at-least S`, `gap under S` | the longest wait between two pieces, in seconds |
//! | `gap at-least S before blank-line`, `gap at-least S before body` | the wait for the piece that begins there |
//! | `half-close` | the client closed its side before the first byte of the answer |
//! | `same-connection` | it came on the connection of the exchange before it |
//! | `status N` | the answer has this status |
//! | `answer NAME [= V \| has V]` | it has such a field |
//! | `answer-body [= V \| has V \| empty]` | its body is, has, or is nothing |
//! | `sets NAME [= V \| has V]` | it sets this cookie; V is all that stands behind the `=`, attributes too. `sets sessionid` is also how it is seen that a session was written: it is saved exactly where its cookie is sent |
//! | `deletes NAME`, `deletes NAME as set` | it sets this cookie with `Max-Age=0`; and for the very Path and Domain with which it was set |
//! | `changes NAME` | this cookie came, and the answer sets another value for it |
//! | `field NAME as answer NAME` | this field is what such a field of an earlier answer said |
//! | `field NAME before answer NAME`, `field NAME after answer NAME` | both are dates, and so they stand to each other; the answer is the latest that had one |
//! | `target as Location` | the target's path and query are the Location of the answer before it |
//! | `hops at-least N` | so were those of the N requests up to this one |
//! | `after STEP`, `after STEP by S` | the step was done by an earlier exchange, S seconds ago or more |
//! | `repeated` | an earlier request had this very method, target and body |
//! | `times at-least N` | with this exchange the path was asked for so often |
//!
//! `at-least N` counts bytes, and stands wherever `has V` does. `no` before any of them turns it round. In V `\r`, `\n`,
//! `\t`, `\\` and `\xHH` are bytes. There are no expressions: all checks of a list have to hold.

mod look;
mod words;

use std::time::Duration;

use super::judge::Past;
use super::seen::{Place, Seen, bare};
use super::step::is_name;
use crate::wire::{FaultKind, Lang, Version, is_token};

/// One thing that can be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// As it was written.
    pub text: String,
    is_negated: bool,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Method(Vec<u8>),
    Path {
        path: Vec<u8>,
        is_prefix: bool,
    },
    Target(Vec<u8>),
    Query(Option<Named>),
    Form(Option<Named>),
    File(Option<Named>),
    Field(Option<Named>),
    Spelled(Vec<u8>),
    Cookie(Named),
    CookieAsSet {
        name: Vec<u8>,
        how: AsSet,
    },
    Version(Version),
    LineEnds(LineEnds),
    Body(Test),
    BodyBytes {
        bytes: u64,
        is_least: bool,
    },
    Excess(Test),
    Fault(FaultKind),
    Refused,
    Waiting,
    Probe,
    Closed,
    Reads(usize),
    Gap {
        wait: Duration,
        is_least: bool,
        before: Option<Start>,
    },
    HalfClose,
    SameConnection,
    Status(u16),
    Answer(Named),
    AnswerBody(Test),
    Sets(Named),
    Deletes {
        name: Vec<u8>,
        is_as_set: bool,
    },
    Changes(Vec<u8>),
    FieldAndAnswer {
        field: Vec<u8>,
        relation: Relation,
        answer: Vec<u8>,
    },
    /// So many times in a row a target was the Location before it.
    Hops(usize),
    After {
        step: String,
        wait: Duration,
    },
    Repeated,
    Times(usize),
}

/// Something with a name, and perhaps with a value.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    name: Vec<u8>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Present,
    Is(Vec<u8>),
    Has(Vec<u8>),
    Least(usize),
    Empty,
}

/// What else has to be true of a cookie as it was set.
#[derive(Clone, Debug, PartialEq)]
enum AsSet {
    Whole,
    /// This path was asked for since.
    Before(Vec<u8>),
    /// Only what stands behind these bytes.
    Behind(Vec<u8>),
}

/// What a piece of the request begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    BlankLine,
    Body,
}

/// How a field stands to an earlier answer's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    As,
    Before,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum LineEnds {
    CrLf,
    Lf,
    Mixed,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Whether it holds.
    pub holds: bool,
    /// The bytes that decided, if any did.
    pub place: Option<Place>,
    /// What was there instead of bytes, such as a number of seconds; empty when the bytes say it.
    pub saw: String,
}

impl Check {
    /// Reads one check.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (is_negated, rest) = text
            .strip_prefix("no ")
            .map_or((false, text), |rest| (true, rest.trim_start()));
        Ok(Self {
            text: text.to_owned(),
            is_negated,
            what: What::parse(rest)?,
        })
    }

    /// Looks at an exchange, and at what was before it.
    #[must_use]
    pub fn look(&self, seen: &Seen, past: &Past) -> Finding {
        let mut finding = self.what.look(seen, past);
        finding.holds ^= self.is_negated;
        finding
    }

    /// Whether it is about requests that are not over.
    #[must_use]
    pub fn is_about_waiting(&self) -> bool {
        self.what == What::Waiting && !self.is_negated
    }

    /// Whether it is about answers that the learner gives.
    #[must_use]
    pub fn is_about_a_probe(&self) -> bool {
        self.what == What::Probe && !self.is_negated
    }

    /// Whether it says where the request goes.
    #[must_use]
    pub fn is_about_place(&self) -> bool {
        matches!(self.what, What::Path { .. } | What::Target(_)) && !self.is_negated
    }

    /// The steps that it speaks of.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        let step = match &self.what {
            What::After { step, .. } => Some(step.as_str()),
            _ => None,
        };
        step.into_iter()
    }

    /// What it wants, in a few words.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let words = self.what.words(lang);
        match (self.is_negated, lang) {
            (false, _) => words,
            (true, Lang::En) => format!("not: {words}"),
            (true, Lang::Zh) => format!("不是：{words}"),
        }
    }
}

impl What {
    fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let alone = |what: Self| {
            if rest.is_empty() {
                Ok(what)
            } else {
                Err(format!("`{word}` stands alone"))
            }
        };
        Ok(match word {
            "method" => Self::Method(octets(wanted(rest, "a method")?)?),
            "path" => {
                let path = wanted(rest, "a path")?;
                let (path, is_prefix) = path
                    .strip_suffix("...")
                    .map_or((path, false), |path| (path, true));
                if !path.starts_with('/') {
                    return Err("a path starts with a slash".to_owned());
                }
                let path = octets(path)?;
                Self::Path { path, is_prefix }
            }
            "target" if rest == "as Location" => Self::Hops(1),
            "hops" => Self::Hops(number(least(rest)?)?),
            "target" => Self::Target(octets(wanted(rest, "a target")?)?),
            "query" => Self::Query(Named::parse_perhaps(rest)?),
            "form" => Self::Form(Named::parse_perhaps(rest)?),
            "file" => Self::File(Named::parse_perhaps(rest)?),
            "field" => match Relation::parse(rest) {
                Some((field, relation, answer)) => Self::FieldAndAnswer {
                    field: field_name(field)?,
                    relation,
                    answer: field_name(answer)?,
                },
                None if rest.is_empty() => Self::Field(None),
                None => Self::Field(Some(Named::parse_field(rest)?)),
            },
            "spelled" => Self::Spelled(field_name(rest)?),
            "cookie" => match rest.split_once(" as set") {
                Some((name, how)) => Self::CookieAsSet {
                    name: octets(wanted(name, "a cookie's name")?)?,
                    how: AsSet::parse(how)?,
                },
                None => Self::Cookie(Named::parse(rest)?),
            },
            "version" => Self::Version(match rest {
                "0.9" => Version::Simple,
                "1.0" => Version::Numbered(1, 0),
                "1.1" => Version::Numbered(1, 1),
                _ => return Err("a version is 0.9, 1.0 or 1.1".to_owned()),
            }),
            "line-ends" => Self::LineEnds(match rest {
                "crlf" => LineEnds::CrLf,
                "lf" => LineEnds::Lf,
                "mixed" => LineEnds::Mixed,
                _ => return Err("line ends are crlf, lf or mixed".to_owned()),
            }),
            "body" => Self::Body(Test::parse(rest)?),
            "body-bytes" => match rest.strip_prefix("at-least") {
                Some(bytes) => Self::BodyBytes {
                    bytes: number(bytes)?,
                    is_least: true,
                },
                None => Self::BodyBytes {
                    bytes: number(rest)?,
                    is_least: false,
                },
            },
            "excess" => Self::Excess(Test::parse(rest)?),
            "fault" => Self::Fault(
                FaultKind::from_slug(rest).ok_or_else(|| format!("`{rest}` is no fault's slug"))?,
            ),
            "refused" => alone(Self::Refused)?,
            "waiting" => alone(Self::Waiting)?,
            "probe" => alone(Self::Probe)?,
            "closed" => alone(Self::Closed)?,
            "reads" => Self::Reads(number(least(rest)?)?),
            "gap" => {
                let (rest, before) = Start::parse(rest)?;
                let under = rest.strip_prefix("under");
                Self::Gap {
                    wait: seconds(under.map_or_else(|| least(rest), Ok)?)?,
                    is_least: under.is_none(),
                    before,
                }
            }
            "half-close" => alone(Self::HalfClose)?,
            "same-connection" => alone(Self::SameConnection)?,
            "status" => Self::Status(number(rest)?),
            "answer" => Self::Answer(Named::parse_field(rest)?),
            "answer-body" => Self::AnswerBody(Test::parse(rest)?),
            "sets" => Self::Sets(Named::parse(rest)?),
            "deletes" => {
                let as_set = rest.strip_suffix(" as set");
                Self::Deletes {
                    name: octets(wanted(as_set.unwrap_or(rest), "a cookie's name")?)?,
                    is_as_set: as_set.is_some(),
                }
            }
            "changes" => Self::Changes(octets(wanted(rest, "a cookie's name")?)?),
            "after" => {
                let (step, wait) = match rest.split_once(" by ") {
                    Some((step, wait)) => (step.trim(), seconds(wait)?),
                    None => (rest, Duration::ZERO),
                };
                if !is_name(step) {
                    return Err("`after` names a step".to_owned());
                }
                let step = step.to_owned();
                Self::After { step, wait }
            }
            "repeated" => alone(Self::Repeated)?,
            "times" => Self::Times(number(least(rest)?)?),
            _ => return Err(format!("`{word}` is no check")),
        })
    }
}

impl Named {
    fn parse_perhaps(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        Self::parse(text).map(Some)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        Ok(Self {
            name: octets(wanted(name, "a name")?)?,
            test: Test::parse(rest.trim())?,
        })
    }

    fn parse_field(text: &str) -> Result<Self, String> {
        let named = Self::parse(text)?;
        field_name(&String::from_utf8_lossy(&named.name))?;
        Ok(named)
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(value) = text.strip_prefix("= ") {
            return Ok(Self::Is(octets(value.trim())?));
        }
        if let Some(value) = text.strip_prefix("has ") {
            return Ok(Self::Has(octets(value.trim())?));
        }
        if text.starts_with("at-least") {
            return Ok(Self::Least(number(least(text)?)?));
        }
        match text {
            "" => Ok(Self::Present),
            "empty" => Ok(Self::Empty),
            _ => Err(format!(
                "`{text}` is neither `= VALUE` nor `has TEXT` nor `at-least N` nor `empty`"
            )),
        }
    }
}

impl AsSet {
    /// What stands behind `as set`.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix(" before /") {
            return Ok(Self::Before(bare(&octets(&format!("/{path}"))?).to_vec()));
        }
        match text.strip_prefix(" behind ") {
            Some(mark) => Ok(Self::Behind(octets(mark)?)),
            None if text.is_empty() => Ok(Self::Whole),
            None => Err(
                "behind `as set` stands `before` and a path, `behind` and a text, or nothing"
                    .to_owned(),
            ),
        }
    }
}

impl Start {
    /// The text without `before ...` at its end.
    fn parse(text: &str) -> Result<(&str, Option<Self>), String> {
        match text.split_once(" before ") {
            None => Ok((text, None)),
            Some((rest, "blank-line")) => Ok((rest, Some(Self::BlankLine))),
            Some((rest, "body")) => Ok((rest, Some(Self::Body))),
            Some(_) => Err("a gap is before blank-line or before body".to_owned()),
        }
    }
}

impl Relation {
    /// A field's name, how it stands, and the answer's field.
    fn parse(text: &str) -> Option<(&str, Self, &str)> {
        let words = [
            (" as answer ", Self::As),
            (" before answer ", Self::Before),
            (" after answer ", Self::After),
        ];
        words.into_iter().find_map(|(word, relation)| {
            let (field, answer) = text.split_once(word)?;
            Some((field, relation, answer))
        })
    }
}

fn wanted<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    if text.is_empty() {
        return Err(format!("{what} is missing"));
    }
    Ok(text)
}

fn field_name(text: &str) -> Result<Vec<u8>, String> {
    let name = text.trim();
    if is_token(name.as_bytes()) {
        return Ok(name.as_bytes().to_vec());
    }
    Err(format!("`{name}` is no field's name"))
}

fn least(text: &str) -> Result<&str, String> {
    text.strip_prefix("at-least")
        .ok_or_else(|| "write `at-least` and a number".to_owned())
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("`{text}` is no number that fits here"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| (0.0..=3600.0).contains(number));
    number
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`{text}` is no number of seconds up to 3600"))
}

/// A text with its escapes as bytes.
fn octets(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            octets.push(first);
            continue;
        }
        let Some((&escape, after)) = rest.split_first() else {
            return Err("a backslash at the end escapes nothing".to_owned());
        };
        rest = after;
        octets.push(match escape {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = rest.get(..2).and_then(|digits| str::from_utf8(digits).ok());
                let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                rest = rest.get(2..).unwrap_or_default();
                octet.ok_or("\\x has two hexadecimal digits")?
            }
            _ => return Err(format!("`\\{}` is no escape", char::from(escape))),
        });
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_refused_with_a_sentence() {
        for (text, word) in [
            ("", "is no check"),
            ("methud GET", "`methud` is no check"),
            ("method", "a method is missing"),
            ("path l/02", "slash"),
            ("query a == b", "neither"),
            ("field a b = c", "neither"),
            ("field A,B", "no field's name"),
            ("version 2", "0.9, 1.0 or 1.1"),
            ("line-ends cr", "crlf, lf or mixed"),
            ("fault no-such", "no fault's slug"),
            ("refused 400", "stands alone"),
            ("reads 2", "at-least"),
            ("gap at-least soon", "no number of seconds"),
            (
                "gap at-least 1 before noon",
                "before blank-line or before body",
            ),
            ("status many", "no number"),
            ("after", "names a step"),
            ("repeated twice", "stands alone"),
            ("query a at-least few", "no number"),
            ("cookie a as set after b", "`before` and a path"),
            ("body = a\\q", "no escape"),
            ("body = \\x4", "two hexadecimal digits"),
        ] {
            let sentence = Check::parse(text).unwrap_err();
            assert!(sentence.contains(word), "{text}: {sentence}");
        }
    }

    #[test]
    fn escapes_are_bytes() {
        assert_eq!(octets(r"a\r\n\x00\\男").unwrap(), "a\r\n\0\\男".as_bytes());
    }

    #[test]
    fn every_check_of_the_table_can_be_said_in_both_languages() {
        for line in include_str!("mod.rs")
            .lines()
            .take_while(|line| line.starts_with("//!"))
        {
            let Some(written) = line
                .strip_prefix("//! | `")
                .and_then(|rest| rest.split('`').next())
            else {
                continue;
            };
            let text = written
                .split(" [")
                .next()
                .unwrap()
                .split(" \\|")
                .next()
                .unwrap();
            let text = text
                .replace(" M", " GET")
                .replace(" P", " /p")
                .replace(" T", " /t")
                .replace(" NAME", " Age");
            let text = text
                .replace(" STEP", " step")
                .replace(" SLUG", " bare-lf")
                .replace(" N", " 2")
                .replace(" S", " 2");
            let check = Check::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            for lang in [Lang::En, Lang::Zh] {
                assert!(!check.words(lang).is_empty());
            }
            assert_ne!(
                check.words(Lang::En),
                Check::parse(&format!("no {text}")).unwrap().words(Lang::En)
            );
        }
    }
}
