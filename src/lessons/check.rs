//! The closed list of what can be seen of an exchange, one check a line of a `see`.
//!
//! | written | holds when |
//! | --- | --- |
//! | `method M` | the method is these very bytes |
//! | `path P`, `path P...` | the decoded path is P (a slash at the end or none), or begins with it |
//! | `target T` | the request target is these very bytes |
//! | `query [NAME [= V \| has V]]` | the query has such a field, decoded (of several, any) |
//! | `form [NAME [= V \| has V]]` | the body is a form with such a field, in either encoding |
//! | `file [NAME [= V \| has V]]` | the body is multipart with such a file; V is the file's name |
//! | `field NAME [= V \| has V]` | the request has such a field, in any case (of several, any) |
//! | `spelled NAME` | a field's name is written so, capitals and all |
//! | `cookie NAME [= V \| has V]` | such a cookie came |
//! | `cookie NAME as set` | it came with the value that the server set last |
//! | `version 0.9 \| 1.0 \| 1.1` | the request line says so; 0.9 says nothing |
//! | `line-ends crlf \| lf \| mixed` | so end the lines of the head |
//! | `body [= V \| has V \| empty]` | the request's body is, has, or is nothing |
//! | `body-bytes N`, `body-bytes at-least N` | so many came |
//! | `fault SLUG` | this was odd or wrong |
//! | `refused` | the server refused the request for a fault |
//! | `waiting` | the request is not over, and the client has gone silent; every other step wants a whole exchange |
//! | `reads at-least N` | the request came in so many pieces |
//! | `gap at-least S`, `gap under S` | the longest wait between two pieces, in seconds |
//! | `half-close` | the client closed its side before the first byte of the answer |
//! | `same-connection` | it came on the connection of the exchange before it |
//! | `status N` | the answer has this status |
//! | `answer NAME [= V \| has V]` | it has such a field |
//! | `answer-body [= V \| has V \| empty]` | its body is, has, or is nothing |
//! | `sets NAME [= V \| has V]` | it sets this cookie; V is all that stands behind the `=`, attributes too |
//! | `deletes NAME` | it sets this cookie with `Max-Age=0` |
//! | `field NAME as answer NAME` | this field is what such a field of an earlier answer said |
//! | `target as Location` | the target's path and query are the Location of the answer before it |
//! | `after STEP`, `after STEP by S` | the step was done by an earlier exchange, S seconds ago or more |
//! | `times at-least N` | with this exchange the path was asked for so often |
//!
//! `no` before any of them turns it round. In V `\r`, `\n`, `\t`, `\\` and `\xHH` are bytes. There are no
//! expressions: all checks of a list have to hold.

use std::time::Duration;

use super::judge::Past;
use super::seen::{Place, Seen, Side};
use super::step::is_name;
use crate::wire::{
    Boundary, DissectedPart, Edition, Escaped, FaultKind, Field, FormField, Lang, LineEnd, Part,
    PartKind, QueryDict, Span, Version, dissect_multipart, is_token, parse_cookies, trim_blanks,
};

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
    Path { path: Vec<u8>, is_prefix: bool },
    Target(Vec<u8>),
    Query(Option<Named>),
    Form(Option<Named>),
    File(Option<Named>),
    Field(Named),
    Spelled(Vec<u8>),
    Cookie(Named),
    CookieAsSet(Vec<u8>),
    Version(Version),
    LineEnds(LineEnds),
    Body(Test),
    BodyBytes { bytes: u64, is_least: bool },
    Fault(FaultKind),
    Refused,
    Waiting,
    Reads(usize),
    Gap { wait: Duration, is_least: bool },
    HalfClose,
    SameConnection,
    Status(u16),
    Answer(Named),
    AnswerBody(Test),
    Sets(Named),
    Deletes(Vec<u8>),
    FieldAsAnswer { field: Vec<u8>, answer: Vec<u8> },
    TargetAsLocation,
    After { step: String, wait: Duration },
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
    Empty,
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
        let bare = |what: Self| {
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
            "target" if rest == "as Location" => Self::TargetAsLocation,
            "target" => Self::Target(octets(wanted(rest, "a target")?)?),
            "query" => Self::Query(Named::parse_perhaps(rest)?),
            "form" => Self::Form(Named::parse_perhaps(rest)?),
            "file" => Self::File(Named::parse_perhaps(rest)?),
            "field" => match rest.split_once(" as answer ") {
                Some((field, answer)) => Self::FieldAsAnswer {
                    field: field_name(field)?,
                    answer: field_name(answer)?,
                },
                None => Self::Field(Named::parse_field(rest)?),
            },
            "spelled" => Self::Spelled(field_name(rest)?),
            "cookie" => match rest.strip_suffix(" as set") {
                Some(name) => Self::CookieAsSet(octets(wanted(name, "a cookie's name")?)?),
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
            "fault" => Self::Fault(
                FaultKind::from_slug(rest).ok_or_else(|| format!("`{rest}` is no fault's slug"))?,
            ),
            "refused" => bare(Self::Refused)?,
            "waiting" => bare(Self::Waiting)?,
            "reads" => Self::Reads(number(least(rest)?)?),
            "gap" => match rest.strip_prefix("under") {
                Some(wait) => Self::Gap {
                    wait: seconds(wait)?,
                    is_least: false,
                },
                None => Self::Gap {
                    wait: seconds(least(rest)?)?,
                    is_least: true,
                },
            },
            "half-close" => bare(Self::HalfClose)?,
            "same-connection" => bare(Self::SameConnection)?,
            "status" => Self::Status(number(rest)?),
            "answer" => Self::Answer(Named::parse_field(rest)?),
            "answer-body" => Self::AnswerBody(Test::parse(rest)?),
            "sets" => Self::Sets(Named::parse(rest)?),
            "deletes" => Self::Deletes(octets(wanted(rest, "a cookie's name")?)?),
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
            "times" => Self::Times(number(least(rest)?)?),
            _ => return Err(format!("`{word}` is no check")),
        })
    }

    fn look(&self, seen: &Seen, past: &Past) -> Finding {
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
                named.lower().among(fields.collect(), Side::Request)
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
            Self::CookieAsSet(name) => {
                let came = cookies(seen)
                    .into_iter()
                    .rev()
                    .find(|cookie| &cookie.name == name);
                match (came, past.cookie(name)) {
                    (Some(cookie), Some(set)) => {
                        let sent = cookie.at.of(request.bytes());
                        asked(sent == set || cookie.value == set, cookie.at)
                    }
                    (Some(cookie), None) => asked(false, cookie.at),
                    (None, _) => without(false),
                }
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
            Self::Fault(kind) => {
                let fault = seen.faults.iter().find(|fault| fault.kind == *kind);
                fault.map_or_else(|| without(false), |fault| asked(true, fault.at))
            }
            Self::Refused => {
                let fault = seen.faults.iter().find(|fault| fault.refuses());
                fault.map_or_else(|| without(false), |fault| asked(true, fault.at))
            }
            Self::Waiting => without(seen.is_waiting),
            Self::Reads(least) => told(seen.reads.len() >= *least, seen.reads.len().to_string()),
            Self::Gap { wait, is_least } => {
                let gap = seen.longest_gap();
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
            Self::Deletes(name) => {
                let set = set_cookies(seen)
                    .into_iter()
                    .find(|cookie| &cookie.name == name);
                set.map_or_else(
                    || without(false),
                    |cookie| answered(has(&cookie.value, b"Max-Age=0"), Some(cookie.at)),
                )
            }
            Self::FieldAsAnswer { field, answer } => {
                let came = request
                    .fields()
                    .find(|came| came.name.eq_ignore_ascii_case(field));
                came.map_or_else(
                    || without(false),
                    |came| {
                        asked(
                            past.answers(answer).any(|said| *said == *came.value),
                            came.value_at,
                        )
                    },
                )
            }
            Self::TargetAsLocation => {
                let location = past.last_answer(b"Location");
                let holds = location.is_some_and(|location| {
                    // An absolute URI leads to the same target.
                    let path = location.strip_prefix(b"http://").and_then(|rest| {
                        rest.iter()
                            .position(|&octet| octet == b'/')
                            .and_then(|at| rest.get(at..))
                    });
                    path.unwrap_or(location) == request.target()
                });
                asked(holds, request.target_at())
            }
            Self::After { step, wait } => {
                let Some(done) = past.done(step) else {
                    return without(false);
                };
                let ago = seen.at.duration_since(done).unwrap_or_default();
                told(ago >= *wait, format!("{:.1} s", ago.as_secs_f64()))
            }
            Self::Times(least) => {
                let times = past.times(&seen.path) + 1;
                told(times >= *least, times.to_string())
            }
        }
    }

    fn words(&self, lang: Lang) -> String {
        let zh = lang == Lang::Zh;
        let say = |en: &str, chinese: &str| if zh { chinese } else { en }.to_owned();
        let of = |en: &str, chinese: &str, octets: &[u8]| {
            format!("{} {}", say(en, chinese), Escaped(octets))
        };
        match self {
            Self::Method(method) => of("method", "方法", method),
            Self::Path { path, is_prefix } => {
                of("path", "路径", path) + if *is_prefix { "..." } else { "" }
            }
            Self::Target(target) => of("target", "请求目标", target),
            Self::Query(None) => say("a query", "查询串"),
            Self::Query(Some(named)) => named.words(&say("in the query", "查询串里的"), lang),
            Self::Form(None) => say("a form in the body", "主体里的表单"),
            Self::Form(Some(named)) => named.words(&say("in the form", "表单里的"), lang),
            Self::File(None) => say("a file in the body", "主体里的文件"),
            Self::File(Some(named)) => named.words(&say("the file", "文件"), lang),
            Self::Field(named) => named.words(&say("field", "字段"), lang),
            Self::Spelled(name) => of("a field spelled", "字段名写作", name),
            Self::Cookie(named) => named.words(&say("cookie", "cookie"), lang),
            Self::CookieAsSet(name) => {
                let name = Escaped(name);
                if zh {
                    format!("cookie {name} 的值与服务器设置的相同")
                } else {
                    format!("cookie {name} as it was set")
                }
            }
            Self::Version(Version::Simple) => say("no version (HTTP/0.9)", "没有版本（HTTP/0.9）"),
            Self::Version(Version::Numbered(major, minor)) => {
                format!("{} HTTP/{major}.{minor}", say("version", "版本"))
            }
            Self::LineEnds(LineEnds::CrLf) => {
                say("every line ends with CR LF", "每一行都以 CR LF 结尾")
            }
            Self::LineEnds(LineEnds::Lf) => {
                say("every line ends with LF alone", "每一行都只以 LF 结尾")
            }
            Self::LineEnds(LineEnds::Mixed) => say(
                "some lines end with CR LF, some with LF",
                "有的行以 CR LF 结尾，有的以 LF 结尾",
            ),
            Self::Body(test) => test.words(&say("the body", "主体"), lang),
            Self::BodyBytes {
                bytes,
                is_least: false,
            } => {
                if zh {
                    format!("主体有 {bytes} 字节")
                } else {
                    format!("a body of {bytes} bytes")
                }
            }
            Self::BodyBytes {
                bytes,
                is_least: true,
            } => {
                if zh {
                    format!("主体至少 {bytes} 字节")
                } else {
                    format!("a body of at least {bytes} bytes")
                }
            }
            Self::Fault(kind) => format!("{} {}", say("fault", "问题"), kind.slug()),
            Self::Refused => say("a request that is refused", "被拒绝的请求"),
            Self::Waiting => say("a request that is not finished", "还没发完的请求"),
            Self::Reads(least) => {
                if zh {
                    format!("请求至少分 {least} 次到达")
                } else {
                    format!("a request in at least {least} pieces")
                }
            }
            Self::Gap { wait, is_least } => {
                let wait = wait.as_secs_f64();
                match (is_least, zh) {
                    (true, false) => format!("a pause of at least {wait} s"),
                    (true, true) => format!("中间至少停顿 {wait} 秒"),
                    (false, false) => format!("no pause of {wait} s"),
                    (false, true) => format!("停顿不到 {wait} 秒"),
                }
            }
            Self::HalfClose => say(
                "the client closes its side before the answer",
                "客户端在回答之前就关闭了发送方向",
            ),
            Self::SameConnection => say("the same connection as before", "和上一次是同一个连接"),
            Self::Status(status) => format!("{} {status}", say("status", "状态码")),
            Self::Answer(named) => named.words(&say("in the answer, field", "回答里的字段"), lang),
            Self::AnswerBody(test) => test.words(&say("the answer's body", "回答的主体"), lang),
            Self::Sets(named) => named.words(&say("the answer sets", "回答设置 cookie"), lang),
            Self::Deletes(name) => of("the answer deletes the cookie", "回答删除 cookie", name),
            Self::FieldAsAnswer { field, answer } => {
                let (field, answer) = (Escaped(field), Escaped(answer));
                if zh {
                    format!("字段 {field} 与先前回答里的 {answer} 相同")
                } else {
                    format!("field {field} as an earlier answer's {answer}")
                }
            }
            Self::TargetAsLocation => say(
                "the target is the Location before it",
                "请求目标就是上一个 Location",
            ),
            Self::After { step, wait } if wait.is_zero() => {
                if zh {
                    format!("在步骤 {step} 之后")
                } else {
                    format!("after the step {step}")
                }
            }
            Self::After { step, wait } => {
                let wait = wait.as_secs_f64();
                if zh {
                    format!("在步骤 {step} 之后至少 {wait} 秒")
                } else {
                    format!("at least {wait} s after the step {step}")
                }
            }
            Self::Times(least) => {
                if zh {
                    format!("第 {least} 次请求这个路径")
                } else {
                    format!("the path is asked for {least} times")
                }
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

    fn words(&self, kind: &str, lang: Lang) -> String {
        self.test
            .words(&format!("{kind} {}", Escaped(&self.name)), lang)
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
        match text {
            "" => Ok(Self::Present),
            "empty" => Ok(Self::Empty),
            _ => Err(format!(
                "`{text}` is neither `= VALUE` nor `has TEXT` nor `empty`"
            )),
        }
    }

    fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::Present => true,
            Self::Is(wanted) => value == wanted,
            Self::Has(wanted) => has(value, wanted),
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

    fn words(&self, subject: &str, lang: Lang) -> String {
        match (self, lang) {
            (Self::Present, _) => subject.to_owned(),
            (Self::Is(value), _) => format!("{subject} = {}", Escaped(value)),
            (Self::Has(value), Lang::En) => format!("{subject} has {}", Escaped(value)),
            (Self::Has(value), Lang::Zh) => format!("{subject} 含有 {}", Escaped(value)),
            (Self::Empty, Lang::En) => format!("{subject} is empty"),
            (Self::Empty, Lang::Zh) => format!("{subject} 为空"),
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

/// A slash at the end is no difference: the lessons' pages take both.
fn is_path(path: &[u8], wanted: &[u8], is_prefix: bool) -> bool {
    let bare = |path: &[u8]| path.strip_suffix(b"/").unwrap_or(path).to_vec();
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
