//! How each check looks at an exchange, and which bytes decide.

use std::cmp::Ordering;

use super::{AsSet, Finding, LineEnds, Named, Relation, Start, Test, What};
use crate::lessons::judge::Past;
use crate::lessons::seen::{Kind, Place, Seen, Side, bare, deletes, scope};
use crate::wire::{
    Boundary, DissectedPart, Edition, Field, FormField, HttpDate, LineEnd, Part, PartKind,
    QueryDict, Span, Version, dissect_multipart, parse_cookies, trim_blanks,
};

impl What {
    pub(super) fn look(&self, seen: &Seen, past: &Past) -> Finding {
        let request = &seen.request;
        match self {
            Self::Method(method) => asked(request.method() == method, request.method_at()),
            Self::Path { path, is_prefix } => {
                asked(is_path(&seen.path, path, *is_prefix), seen.path_at)
            }
            Self::Target(target) => {
                let at = Span::new(
                    seen.path_at.start,
                    request.target_at().end.max(seen.path_at.start),
                );
                asked(at.of(request.bytes()) == target, at)
            }
            Self::Query(named) => match (request.query(), named) {
                (None, _) => asked(false, request.target_at()),
                (Some(_), None) => asked(true, request.query_at()),
                (Some(query), Some(named)) => {
                    let at = request.query_at();
                    named.among(form_fields(query, at.start), Side::Request)
                }
            },
            Self::Form(named) => {
                let parts = parts(seen);
                let body = seen.body_at();
                let fields =
                    if parts.is_empty() && has_type(seen, b"application/x-www-form-urlencoded") {
                        form_fields(body.of(request.bytes()), body.start)
                    } else {
                        let fields = parts.into_iter().filter(|part| !part.is_file);
                        fields.map(|part| part.field).collect()
                    };
                named_or_any(named.as_ref(), fields)
            }
            Self::File(named) => {
                let files = parts(seen).into_iter().filter(|part| part.is_file);
                named_or_any(named.as_ref(), files.map(|part| part.field).collect())
            }
            Self::Field(named) => {
                let fields = request.fields().map(|field| Candidate {
                    name: field.name.to_ascii_lowercase(),
                    value: field.value.into_owned(),
                    name_at: field.name_at,
                    at: field.value_at,
                });
                let named = named.as_ref().map(Named::lower);
                named_or_any(named.as_ref(), fields.collect())
            }
            Self::Spelled(name) => {
                let spelled = request.fields().find(|field| field.name == &**name);
                let any = request
                    .fields()
                    .find(|field| field.name.eq_ignore_ascii_case(name));
                match (spelled, any) {
                    (Some(field), _) => asked(true, field.name_at),
                    (None, Some(field)) => asked(false, field.name_at),
                    (None, None) => without(false),
                }
            }
            Self::Cookie(named) => named.among(cookies(seen), Side::Request),
            Self::CookieAsSet { name, how } => {
                let all = cookies(seen).into_iter();
                let Some(cookie) = all.rev().find(|cookie| &cookie.name == name) else {
                    return without(false);
                };
                let sent = cookie.at.of(request.bytes());
                let is_as_set = |set: &[u8]| sent == set || cookie.value == set;
                let holds = past.cookies(name).any(|(at, set)| match how {
                    AsSet::Whole => is_as_set(set),
                    AsSet::Before(path) => is_as_set(set) && past.asked_after(at, path),
                    AsSet::Behind(mark) => {
                        let tail = from(set, mark);
                        tail.is_some() && from(sent, mark) == tail
                    }
                });
                asked(holds, cookie.at)
            }
            Self::Version(version) => {
                let is_simple = request.version() == Version::Simple;
                // What breaks the request line has no version either, and is no HTTP/0.9.
                let holds = request.version() == *version && (!is_simple || request.is_complete());
                let at = label_at(seen, |part| part == Part::HttpVersion);
                at.map_or_else(|| asked(holds, line_at(seen)), |at| asked(holds, at))
            }
            Self::LineEnds(wanted) => line_ends(seen, *wanted),
            Self::Body(test) => {
                let at = seen.body_at();
                test.of(at.of(request.bytes()), at, Side::Request)
            }
            Self::BodyBytes { bytes, is_least } => {
                let holds = if *is_least {
                    seen.body_bytes >= *bytes
                } else {
                    seen.body_bytes == *bytes
                };
                Finding {
                    saw: seen.body_bytes.to_string(),
                    ..asked(holds, seen.body_at())
                }
            }
            Self::Excess(test) => {
                let at = Span::new(seen.body_at().end, request.bytes().len());
                test.of(at.of(request.bytes()), at, Side::Request)
            }
            Self::Fault(kind) => {
                let fault = seen.faults.iter().find(|fault| fault.kind == *kind);
                fault.map_or_else(|| without(false), |fault| learners(seen, fault.at))
            }
            Self::Refused => {
                let fault = seen.faults.iter().find(|fault| fault.refuses());
                fault.map_or_else(|| without(false), |fault| learners(seen, fault.at))
            }
            Self::Waiting => without(seen.kind == Kind::Waiting),
            Self::Probe => without(matches!(seen.kind, Kind::Probe { .. })),
            Self::Closed => without(seen.kind == Kind::Probe { is_closed: true }),
            Self::Reads(least) => told(seen.reads.len() >= *least, seen.reads.len().to_string()),
            Self::Gap {
                wait,
                is_least,
                before,
            } => {
                let gap = match before {
                    None => seen.longest_gap(|_| true),
                    Some(Start::BlankLine) => {
                        let line = label_at(seen, |part| matches!(part, Part::BlankLine(_)));
                        seen.longest_gap(|at| line.is_some_and(|line| line.start == at))
                    }
                    Some(Start::Body) => seen.longest_gap(|at| seen.body_at().start == at),
                };
                let saw = format!("{:.1} s", gap.as_secs_f64());
                told((gap >= *wait) == *is_least, saw)
            }
            Self::HalfClose => without(seen.is_half_closed),
            Self::SameConnection => without(past.last_connection() == Some(seen.connection)),
            Self::Status(status) => {
                let code = seen.response.status().map(|status| status.code());
                let at = label_at_response(seen, Part::StatusCode);
                answered(code == Some(*status), at)
            }
            Self::Answer(named) => {
                let fields = seen.response.fields().map(|field| Candidate {
                    name: field.name.to_ascii_lowercase(),
                    value: field.value.into_owned(),
                    name_at: field.name_at,
                    at: field.value_at,
                });
                named.lower().among(fields.collect(), Side::Response)
            }
            Self::AnswerBody(test) => {
                let at = seen.answer_body_at();
                test.of(at.of(seen.response.bytes()), at, Side::Response)
            }
            Self::Sets(named) => named.among(set_cookies(seen), Side::Response),
            Self::Deletes { name, is_as_set } => {
                let set = set_cookies(seen)
                    .into_iter()
                    .find(|cookie| &cookie.name == name);
                set.map_or_else(
                    || without(false),
                    |cookie| {
                        let scope = scope(&cookie.value);
                        let is_known = || past.scopes(name).any(|set| set == scope);
                        let holds = deletes(&cookie.value) && (!is_as_set || is_known());
                        answered(holds, Some(cookie.at))
                    },
                )
            }
            Self::Changes(name) => {
                let came = cookies(seen)
                    .into_iter()
                    .rev()
                    .find(|cookie| &cookie.name == name);
                let set = set_cookies(seen)
                    .into_iter()
                    .find(|cookie| &cookie.name == name);
                match (came, set) {
                    (Some(came), Some(set)) => {
                        let value = set
                            .value
                            .split(|&octet| octet == b';')
                            .next()
                            .unwrap_or_default();
                        let sent = came.at.of(request.bytes());
                        answered(value != sent && !deletes(&set.value), Some(set.at))
                    }
                    _ => without(false),
                }
            }
            Self::FieldAndAnswer {
                field,
                relation,
                answer,
            } => {
                let mut fields = request.fields();
                let Some(came) = fields.find(|came| came.name.eq_ignore_ascii_case(field)) else {
                    return without(false);
                };
                let dates = || {
                    let said = past.answers(answer).next().and_then(HttpDate::parse)?;
                    Some(HttpDate::parse(&came.value)?.seconds().cmp(&said.seconds()))
                };
                let holds = match relation {
                    Relation::As => past.answers(answer).any(|said| *said == *came.value),
                    Relation::Before => dates() == Some(Ordering::Less),
                    Relation::After => dates() == Some(Ordering::Greater),
                };
                asked(holds, came.value_at)
            }
            Self::Hops(least) => {
                let hops = past.hops(request.target());
                let saw = if *least > 1 {
                    hops.to_string()
                } else {
                    String::new()
                };
                Finding {
                    saw,
                    ..asked(hops >= *least, request.target_at())
                }
            }
            Self::After { step, wait } => {
                let Some(done) = past.done(step) else {
                    return without(false);
                };
                let ago = seen.at.duration_since(done).unwrap_or_default();
                told(ago >= *wait, format!("{:.1} s", ago.as_secs_f64()))
            }
            Self::Repeated => without(past.has(seen.essence())),
            Self::Times(least) => {
                let times = past.times(&seen.path) + 1;
                told(times >= *least, times.to_string())
            }
        }
    }
}

/// Something that a name and a value can be compared with.
struct Candidate {
    name: Vec<u8>,
    value: Vec<u8>,
    name_at: Span,
    at: Span,
}

/// One part of a multipart body.
struct FormPart {
    is_file: bool,
    field: Candidate,
}

impl Named {
    fn lower(&self) -> Self {
        Self {
            name: self.name.to_ascii_lowercase(),
            test: self.test.clone(),
        }
    }

    /// The first candidate that fits; else the first with the name; else nothing.
    fn among(&self, candidates: Vec<Candidate>, side: Side) -> Finding {
        let named: Vec<Candidate> = candidates
            .into_iter()
            .filter(|one| one.name == self.name)
            .collect();
        let fitting = named.iter().find(|one| self.test.holds(&one.value));
        let place = |one: &Candidate| Place {
            side,
            span: if self.test == Test::Present || one.at.is_empty() {
                one.name_at
            } else {
                one.at
            },
        };
        match fitting.or(named.first()) {
            None => without(false),
            Some(one) => Finding {
                holds: fitting.is_some(),
                place: Some(place(one)),
                saw: String::new(),
            },
        }
    }
}

impl Test {
    fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::Present => true,
            Self::Is(wanted) => value == wanted,
            Self::Has(wanted) => has(value, wanted),
            Self::Least(bytes) => value.len() >= *bytes,
            Self::Empty => value.is_empty(),
        }
    }

    /// Of a body, which is present when it has a byte.
    fn of(&self, body: &[u8], at: Span, side: Side) -> Finding {
        let holds = match self {
            Self::Present => !body.is_empty(),
            test => test.holds(body),
        };
        let span = match self {
            Self::Has(wanted) => find(body, wanted).map_or(at, |start| {
                Span::new(at.start + start, at.start + start + wanted.len())
            }),
            _ => at,
        };
        let place = (!span.is_empty()).then_some(Place { side, span });
        Finding {
            holds,
            place,
            saw: String::new(),
        }
    }
}

const fn asked(holds: bool, span: Span) -> Finding {
    let place = Place {
        side: Side::Request,
        span,
    };
    Finding {
        holds,
        place: Some(place),
        saw: String::new(),
    }
}

/// Something odd in what the learner wrote.
const fn learners(seen: &Seen, span: Span) -> Finding {
    let side = seen.learners();
    Finding {
        holds: true,
        place: Some(Place { side, span }),
        saw: String::new(),
    }
}

fn answered(holds: bool, span: Option<Span>) -> Finding {
    let side = Side::Response;
    Finding {
        holds,
        place: span.map(|span| Place { side, span }),
        saw: String::new(),
    }
}

const fn told(holds: bool, saw: String) -> Finding {
    Finding {
        holds,
        place: None,
        saw,
    }
}

const fn without(holds: bool) -> Finding {
    told(holds, String::new())
}

fn named_or_any(named: Option<&Named>, fields: Vec<Candidate>) -> Finding {
    match (named, fields.first()) {
        (Some(named), _) => named.among(fields, Side::Request),
        (None, None) => without(false),
        (None, Some(first)) => asked(true, first.name_at),
    }
}

/// What stands from these bytes on, without the quote that may end it.
fn from<'a>(value: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let tail = value.get(find(value, mark)?..)?;
    Some(tail.strip_suffix(b"\"").unwrap_or(tail))
}

/// A slash at the end is no difference: the lessons' pages take both.
fn is_path(path: &[u8], wanted: &[u8], is_prefix: bool) -> bool {
    (is_prefix && path.starts_with(wanted)) || (!is_prefix && bare(path) == bare(wanted))
}

/// The fields of a form, each decoded; none of one that is refused.
fn form_fields(form: &[u8], offset: usize) -> Vec<Candidate> {
    let Ok(dict) = QueryDict::parse(form, offset, Edition::Notes) else {
        return Vec::new();
    };
    let field = |field: &FormField<'_>| Candidate {
        name: field.name.to_vec(),
        value: field.value.to_vec(),
        name_at: field.name_at,
        at: field.value_at,
    };
    dict.fields().iter().map(field).collect()
}

fn has_type(seen: &Seen, media_type: &[u8]) -> bool {
    let field = seen.request.field(b"Content-Type").unwrap_or_default();
    let named = field
        .split(|&octet| octet == b';')
        .next()
        .unwrap_or_default();
    trim_blanks(named).eq_ignore_ascii_case(media_type)
}

/// The parts of a multipart body, as far as it is kept; a part's value is its content, a file's its name.
fn parts(seen: &Seen) -> Vec<FormPart> {
    let request = &seen.request;
    let kind = request.fields_named(b"Content-Type").next();
    let Some(kind) = kind.filter(|_| has_type(seen, b"multipart/form-data")) else {
        return Vec::new();
    };
    let Ok(boundary) = Boundary::of(&kind.value, kind.value_at.start) else {
        return Vec::new();
    };
    let body = seen.body_at();
    let dissected = dissect_multipart(body.of(request.bytes()), &boundary, body.start);
    let part = |part: &DissectedPart| {
        let file = part
            .head
            .file_name()
            .filter(|_| part.head.kind() == PartKind::File);
        let name_at = part.head.name_at().unwrap_or_else(|| part.head.at());
        FormPart {
            is_file: file.is_some(),
            field: Candidate {
                name: part.head.name().to_vec(),
                value: file
                    .unwrap_or_else(|| part.content_at.of(request.bytes()))
                    .to_vec(),
                name_at,
                at: if file.is_some() {
                    part.head.file_name_at().unwrap_or(name_at)
                } else {
                    part.content_at
                },
            },
        }
    };
    dissected.parts.iter().map(part).collect()
}

fn cookies(seen: &Seen) -> Vec<Candidate> {
    let mut cookies = Vec::new();
    for field in seen.request.fields_named(b"Cookie") {
        let start = field.value_at.start;
        cookies.extend(
            parse_cookies(&field.value)
                .into_iter()
                .map(|cookie| Candidate {
                    name: cookie.name,
                    value: cookie.value,
                    name_at: shifted(cookie.name_at, start),
                    at: shifted(cookie.value_at, start),
                }),
        );
    }
    cookies
}

const fn shifted(span: Span, by: usize) -> Span {
    Span::new(span.start + by, span.end + by)
}

/// The cookies that the answer sets; a cookie's value is all that stands behind its `=`.
fn set_cookies(seen: &Seen) -> Vec<Candidate> {
    let fields = seen.response.fields_named(b"Set-Cookie");
    let cookie = |field: Field<'_>| {
        let equals = field.value.iter().position(|&octet| octet == b'=')?;
        let (name, rest) = field.value.split_at(equals);
        let start = field.value_at.start;
        Some(Candidate {
            name: name.to_vec(),
            value: rest.get(1..).unwrap_or_default().to_vec(),
            name_at: Span::new(start, start + equals),
            at: Span::new(start + equals + 1, field.value_at.end),
        })
    };
    fields.filter_map(cookie).collect()
}

fn label_at(seen: &Seen, is_it: impl Fn(Part) -> bool) -> Option<Span> {
    let mut labels = seen.request.anatomy().labels();
    labels
        .find(|label| is_it(label.part))
        .map(|label| label.span)
}

fn label_at_response(seen: &Seen, part: Part) -> Option<Span> {
    let mut labels = seen.response.anatomy().labels();
    labels
        .find(|label| label.part == part)
        .map(|label| label.span)
}

/// The request line without its end.
fn line_at(seen: &Seen) -> Span {
    let target = seen.request.target_at();
    Span::new(
        seen.request.method_at().start,
        target.end.max(seen.request.method_at().end),
    )
}

fn line_ends(seen: &Seen, wanted: LineEnds) -> Finding {
    let ends = |wanted: LineEnd| {
        label_at(seen, move |part| match part {
            Part::LineEnd(end) | Part::BlankLine(end) => end == wanted,
            _ => false,
        })
    };
    let (crlf, lf) = (ends(LineEnd::CrLf), ends(LineEnd::BareLf));
    let (holds, place) = match (wanted, crlf, lf) {
        (LineEnds::CrLf, crlf, None) => (crlf.is_some(), crlf),
        (LineEnds::CrLf, _, lf) => (false, lf),
        (LineEnds::Lf, None, lf) => (lf.is_some(), lf),
        (LineEnds::Lf, crlf, _) => (false, crlf),
        (LineEnds::Mixed, crlf, lf) => (crlf.is_some() && lf.is_some(), lf.or(crlf)),
    };
    place.map_or_else(|| without(holds), |span| asked(holds, span))
}

fn has(value: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || find(value, wanted).is_some()
}

fn find(value: &[u8], wanted: &[u8]) -> Option<usize> {
    value
        .windows(wanted.len().max(1))
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use crate::lessons::judge::Past;
    use crate::lessons::seen::tests::{seen, seen_in_two};
    use crate::lessons::{Check, Finding, Seen};

    const POST: &str = "POST /u/ann/l/10/?q=%E7%94%B7+a%26b&tag=x&tag=y HTTP/1.0\r\nX-a: 1\nX-A: two\r\n three\r\n\
        Cookie: age=10; sex=\"\\347\\224\\267\"\r\nContent-Type: application/x-www-form-urlencoded; charset=x\r\n\
        Content-Length: 7\r\nIf-Modified-Since: Mon\r\n\r\nuser=a&";
    const ANSWER: &str = "HTTP/1.0 302 Found\r\nLocation: /u/ann/l/10/?q=%E7%94%B7+a%26b&tag=x&tag=y\r\nLast-Modified: Mon\r\n\
        Set-Cookie: age=10; Max-Age=600; Path=/\r\nSet-Cookie: dead=; Max-Age=0\r\n\r\nhello";

    fn look(check: &str, seen: &Seen, past: &Past) -> Finding {
        Check::parse(check).unwrap().look(seen, past)
    }

    #[test]
    fn each_check_tells_what_is_from_what_is_not() {
        let seen = seen(POST, ANSWER);
        let mut past = Past::default();
        past.remember(&seen);
        past.tick("first", SystemTime::UNIX_EPOCH + Duration::from_secs(97));
        for (holds, fails) in [
            ("method POST", "method post"),
            ("path /l/10", "path /l/1"),
            ("path /l/...", "path /m/..."),
            (
                "target /l/10/?q=%E7%94%B7+a%26b&tag=x&tag=y",
                "target /l/10/",
            ),
            ("query", "no query"),
            ("query q = 男 a&b", "query q = 男"),
            ("query tag = y", "query tag = z"),
            ("form user = a", "form user = b"),
            ("form user", "form name"),
            ("no file", "file"),
            ("field x-A = two three", "field X-A = two"),
            ("field", "no field"),
            ("field X-A at-least 9", "field X-A at-least 10"),
            ("field content-type has urlencoded", "field Accept"),
            ("spelled X-a", "spelled x-a"),
            ("cookie sex = 男", "cookie sex = 女"),
            ("cookie age as set", "cookie sex as set"),
            ("cookie age as set behind 0", "cookie age as set behind 1;"),
            ("version 1.0", "version 1.1"),
            ("no version 0.9", "version 0.9"),
            ("line-ends mixed", "line-ends crlf"),
            ("no line-ends lf", "line-ends lf"),
            ("body = user=a&", "body empty"),
            ("body has ser", "body has sir"),
            ("body-bytes 7", "body-bytes 6"),
            ("body-bytes at-least 7", "body-bytes at-least 8"),
            ("fault bare-lf", "fault bare-cr"),
            ("no refused", "refused"),
            ("no waiting", "waiting"),
            ("reads at-least 2", "reads at-least 3"),
            ("gap at-least 0.5", "gap at-least 0.6"),
            ("gap under 0.6", "gap under 0.5"),
            (
                "no gap at-least 0.5 before blank-line",
                "gap at-least 0.5 before body",
            ),
            ("half-close", "no half-close"),
            ("same-connection", "no same-connection"),
            ("status 302", "status 301"),
            ("answer location", "answer Allow"),
            ("answer-body = hello", "answer-body empty"),
            ("sets age has Max-Age=600", "sets age has Secure"),
            ("sets age", "sets name"),
            ("deletes dead", "deletes age"),
            ("no deletes dead as set", "deletes dead as set"),
            (
                "field If-Modified-Since as answer Last-Modified",
                "field If-Modified-Since as answer Location",
            ),
            ("target as Location", "no target as Location"),
            ("hops at-least 1", "hops at-least 2"),
            ("no cookie dead as set", "cookie dead as set"),
            ("no changes age", "changes age"),
            ("after first", "after second"),
            ("repeated", "no repeated"),
            ("no excess", "excess"),
            ("after first by 3", "after first by 4"),
            ("times at-least 2", "times at-least 3"),
        ] {
            assert!(look(holds, &seen, &past).holds, "{holds}");
            assert!(!look(fails, &seen, &past).holds, "{fails}");
        }
    }

    #[test]
    fn a_request_is_repeated_by_its_method_its_target_and_its_body() {
        let post = |target: &str, body: &str| {
            seen(
                &format!("POST {target} HTTP/1.0\r\nContent-Length: 1\r\n\r\n{body}"),
                "",
            )
        };
        let mut past = Past::default();
        past.remember(&post("/again", "a"));
        for (target, body, holds) in [
            ("/again", "a", true),
            ("/again", "b", false),
            ("/other", "a", false),
        ] {
            assert_eq!(look("repeated", &post(target, body), &past).holds, holds);
        }
    }

    #[test]
    fn a_wait_has_its_place() {
        let request = "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcde\n";
        let head = request.find("abc").unwrap();
        for (at, line, body) in [
            (head - 2, true, false),
            (head, false, true),
            (5, false, false),
        ] {
            let seen = seen_in_two(request, "", at as u64);
            let past = Past::default();
            let holds = |check: &str| look(check, &seen, &past).holds;
            assert_eq!(holds("gap at-least 0.5 before blank-line"), line, "{at}");
            assert_eq!(holds("gap at-least 0.5 before body"), body, "{at}");
            assert!(holds("body = abc") && holds("excess = de\\n") && holds("excess has de"));
        }
    }

    #[test]
    fn a_cookie_is_deleted_only_where_it_was_set() {
        let answer = |attributes: &str| {
            let answer = format!("HTTP/1.0 200 OK\r\nSet-Cookie: user={attributes}\r\n\r\n");
            seen("GET / HTTP/1.0\r\n\r\n", &answer)
        };
        let mut past = Past::default();
        past.remember(&answer("a; Path=/user; Domain=.shop.test"));
        for (attributes, holds) in [
            ("; Max-Age=0; domain=shop.test; path=/user", true),
            ("; Max-Age=0; Path=/user/; Domain=shop.test", false),
            ("; Max-Age=0; Path=/user", false),
            ("b; Path=/user; Domain=shop.test", false),
        ] {
            let found = look("deletes user as set", &answer(attributes), &past);
            assert_eq!(found.holds, holds, "{attributes}");
        }
    }

    #[test]
    fn a_signature_is_known_again_behind_another_value() {
        let mut past = Past::default();
        past.remember(&seen(
            "GET / HTTP/1.0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nSet-Cookie: price=100:1abc:sig; Path=/\r\n\r\n",
        ));
        for (value, holds) in [("1:1abc:sig", true), ("1:1abd:sig", false), ("1", false)] {
            let seen = seen(
                &format!("GET / HTTP/1.0\r\nCookie: price={value}\r\n\r\n"),
                "",
            );
            let check = "cookie price as set behind :";
            assert_eq!(look(check, &seen, &past).holds, holds, "{value}");
        }
    }

    #[test]
    fn the_bytes_that_decide_are_named() {
        let seen = seen(POST, ANSWER);
        for (check, bytes) in [
            ("method GET", "POST"),
            ("path /x", "/l/10/"),
            ("query tag = y", "y"),
            ("query tag = z", "x"),
            ("cookie age = 11", "10"),
            ("field X-A = two three", "two\r\n three"),
            ("line-ends crlf", "\n"),
            ("status 200", "302"),
            ("sets age", "age"),
            ("body has ser", "ser"),
            ("version 1.1", "HTTP/1.0"),
        ] {
            let place = look(check, &seen, &Past::default()).place.unwrap();
            assert_eq!(str::from_utf8(seen.bytes(place)).unwrap(), bytes, "{check}");
        }
    }

    #[test]
    fn dates_stand_before_or_after_an_earlier_answers() {
        let mut past = Past::default();
        past.remember(&seen(
            "GET / HTTP/1.0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nLast-Modified: Mon, 23 Oct 2017 08:00:00 GMT\r\n\r\n",
        ));
        for (date, before, after) in [
            ("Sunday, 22-Oct-17 08:00:00 GMT", true, false),
            ("Mon, 23 Oct 2017 08:00:00 GMT", false, false),
            ("Mon, 23 Oct 2017 08:00:01 GMT", false, true),
            ("yesterday", false, false),
        ] {
            let seen = seen(&format!("GET / HTTP/1.0\r\nX: {date}\r\n\r\n"), "");
            assert_eq!(
                look("field X before answer Last-Modified", &seen, &past).holds,
                before,
                "{date}"
            );
            assert_eq!(
                look("field X after answer Last-Modified", &seen, &past).holds,
                after,
                "{date}"
            );
            assert!(!look("field X before answer Date", &seen, &past).holds);
        }
    }

    #[test]
    fn a_cookie_is_known_again_whenever_it_was_set_and_a_path_asked_for_since() {
        let mut past = Past::default();
        let set =
            |value: &str| format!("HTTP/1.0 200 OK\r\nSet-Cookie: id={value}; Path=/\r\n\r\n");
        past.remember(&seen("GET /set HTTP/1.0\r\n\r\n", &set("old")));
        past.remember(&seen("GET /restart/ HTTP/1.0\r\n\r\n", ""));
        past.remember(&seen("GET /set HTTP/1.0\r\n\r\n", &set("new")));
        for (value, is_set, is_restarted) in [
            ("old", true, true),
            ("new", true, false),
            ("made-up", false, false),
        ] {
            let seen = seen(
                &format!("GET / HTTP/1.0\r\nCookie: id={value}\r\n\r\n"),
                &set("new"),
            );
            assert_eq!(
                look("cookie id as set", &seen, &past).holds,
                is_set,
                "{value}"
            );
            assert_eq!(
                look("cookie id as set before /restart", &seen, &past).holds,
                is_restarted,
                "{value}"
            );
            assert_eq!(
                look("changes id", &seen, &past).holds,
                value != "new",
                "{value}"
            );
        }
    }

    #[test]
    fn a_multipart_body_has_fields_and_files() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\na\r\n--X\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"../x\"\r\n\r\nbytes\r\n--X--\r\n";
        let request = format!(
            "POST /l/20 HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let seen = seen(&request, "");
        let past = Past::default();
        for holds in [
            "form user = a",
            "file f = ../x",
            "file",
            "no form f",
            "no file user",
        ] {
            assert!(look(holds, &seen, &past).holds, "{holds}");
        }
        let place = look("file f has ..", &seen, &past).place.unwrap();
        assert_eq!(seen.bytes(place), b"../x");
    }

    #[test]
    fn what_is_no_request_line_is_no_simple_request() {
        let past = Past::default();
        assert!(look("version 0.9", &seen("GET /raw\r\n", ""), &past).holds);
        assert!(!look("version 0.9", &seen("GET /raw", ""), &past).holds);
        assert!(look("line-ends lf", &seen("GET / HTTP/1.0\n\n", ""), &past).holds);
    }
}
