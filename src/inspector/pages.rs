//! What answers at the inspector's door: its URLs, and what protects it.
//!
//! * A page on some other host must not read this one by giving its own name our address (DNS rebinding): a
//!   `Host` has to be loopback with our port. A request without one is no browser's, and is served.
//! * The requests that change something (`POST /clear`, `/lesson/hint`, `/lesson/open`) are refused when their `Origin`
//!   is another.
//! * The policy: scripts, styles and connections from here, everything else from nowhere. What came from the
//!   wire is JSON or a download, and the page only ever makes text of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::Settings;
use super::capture::capture;
use super::class::{class_csv, class_json};
use super::document::document;
use super::entry::Entry;
use super::feed::{Feed, reachable};
use super::glossary::glossary;
use super::journal::Journal;
use super::lesson::{self, lesson_json};
use super::lock;
use super::permits::Permits;
use crate::engine::{Body, Place, Request, Response, Service};
use crate::lessons::Classroom;
use crate::wire::{
    Edition, Fault, FieldName, FieldValue, HttpDate, Lang, QueryDict, RequestHead, ResponseWriter,
    Status, Verdict,
};

/// The inspector's site.
#[derive(Debug)]
pub(super) struct Pages {
    journal: Arc<Mutex<Journal>>,
    permits: Arc<Permits>,
    /// What a `Host` may be.
    hosts: [String; 3],
    /// Where a client on this machine reaches the site.
    site: SocketAddr,
    hides_secrets: bool,
    classroom: Option<Classroom>,
}

/// An answer, before it is bytes.
struct Answer {
    status: Status,
    content_type: &'static str,
    /// The name under which a browser saves it.
    file_name: Option<String>,
    allow: Option<&'static str>,
    body: Body,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";

/// What goes with every answer.
const PROTECTION: [(FieldName, FieldValue); 5] = [
    (
        FieldName::CONTENT_SECURITY_POLICY,
        FieldValue::constant(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (
        FieldName::X_CONTENT_TYPE_OPTIONS,
        FieldValue::constant("nosniff"),
    ),
    (
        FieldName::REFERRER_POLICY,
        FieldValue::constant("no-referrer"),
    ),
    (
        FieldName::CROSS_ORIGIN_RESOURCE_POLICY,
        FieldValue::constant("same-origin"),
    ),
    (FieldName::CACHE_CONTROL, FieldValue::constant("no-store")),
];

impl Pages {
    pub(super) fn new(
        journal: Arc<Mutex<Journal>>,
        permits: Arc<Permits>,
        settings: &Settings,
    ) -> Self {
        let port = settings.address.port();
        Self {
            journal,
            permits,
            hosts: ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")),
            site: SocketAddr::new(reachable(settings.site.ip()), settings.site.port()),
            hides_secrets: settings.hides_secrets,
            classroom: settings.classroom.clone(),
        }
    }

    fn answer(&self, head: &RequestHead, now: HttpDate) -> Answer {
        if let Some(host) = head.field(b"Host")
            && !self
                .hosts
                .iter()
                .any(|known| host.eq_ignore_ascii_case(known.as_bytes()))
        {
            return Answer::text(
                Status::FORBIDDEN,
                format!(
                    "Host names another place than this page: open http://{}/ instead. (A page elsewhere could read this one by giving its name our address.)\n\
                 Host 写的不是这个页面的地址，请打开 http://{}/ 。（否则别处的网页只要把自己的域名指到这里，就能读到这一页。）\n",
                    self.hosts[0], self.hosts[0],
                ),
            );
        }
        let is_get = head.is_method(b"GET") || head.is_method(b"HEAD");
        match head.path() {
            b"/clear" | b"/lesson/hint" | b"/lesson/open" if head.is_method(b"POST") => {
                if self.is_foreign(head) {
                    let sentence =
                        "Another page asked to change this one.\n另一个网页想改动这一页。\n";
                    return Answer::text(Status::FORBIDDEN, sentence.to_owned());
                }
                match head.path() {
                    b"/clear" => self.clear(),
                    path => self.teach(path, head).unwrap_or_else(Answer::missing),
                }
            }
            b"/clear" | b"/lesson/hint" | b"/lesson/open" => Answer::not_allowed("POST"),
            _ if !is_get => Answer::not_allowed("GET, HEAD"),
            b"/" => Answer::file(HTML, include_str!("page/index.html")),
            b"/inspector.js" => Answer::file(SCRIPT, include_str!("page/inspector.js")),
            b"/bytes.js" => Answer::file(SCRIPT, include_str!("page/bytes.js")),
            b"/asking.js" => Answer::file(SCRIPT, include_str!("page/asking.js")),
            b"/words.js" => Answer::file(SCRIPT, include_str!("page/words.js")),
            b"/lesson.js" => Answer::file(SCRIPT, include_str!("page/lesson.js")),
            b"/inspector.css" => Answer::file(STYLE, include_str!("page/inspector.css")),
            b"/glossary" => Answer::new(JSON, glossary().to_string().into_bytes()),
            b"/events" => self.events(head),
            b"/lesson.json" => self.lesson(head).unwrap_or_else(Answer::missing),
            path if path.starts_with(b"/class") => {
                self.class(path, now).unwrap_or_else(Answer::missing)
            }
            path => self.exchange(path).unwrap_or_else(Answer::missing),
        }
    }

    /// Whether another page asks.
    fn is_foreign(&self, head: &RequestHead) -> bool {
        let is_ours = |origin: &[u8]| {
            let host = origin.strip_prefix(b"http://").unwrap_or_default();
            self.hosts.iter().any(|known| host == known.as_bytes())
        };
        head.field(b"Origin")
            .is_some_and(|origin| !is_ours(&origin))
    }

    fn clear(&self) -> Answer {
        let wakes = {
            let mut journal = lock(&self.journal);
            journal.clear();
            journal.wakes()
        };
        for wake in wakes {
            wake.wake();
        }
        Answer::text(Status::OK, String::new())
    }

    /// `/lesson.json?lang=en|zh&learner=NAME`.
    fn lesson(&self, head: &RequestHead) -> Option<Answer> {
        let room = self.classroom.as_ref()?.room();
        let lang = match parameter(head, b"lang").as_deref() {
            Some("zh") => Lang::Zh,
            _ => Lang::En,
        };
        let name = parameter(head, b"learner").unwrap_or_default();
        let lesson = lesson_json(&room, &name, lang, self.site, self.hides_secrets);
        Some(Answer::new(JSON, lesson.to_string().into_bytes()))
    }

    /// `/lesson/hint?learner=NAME` and `/lesson/open?learner=NAME&lesson=NN`.
    fn teach(&self, path: &[u8], head: &RequestHead) -> Option<Answer> {
        let mut room = self.classroom.as_ref()?.room();
        let name = parameter(head, b"learner").unwrap_or_default();
        if path == b"/lesson/hint" {
            lesson::hint(&mut room, &name)?;
        } else {
            room.learner(&name)?;
            let place = room.course().find(&parameter(head, b"lesson")?)?;
            room.open(&name, place);
        }
        Some(Answer::text(Status::OK, String::new()))
    }

    /// `/class`, its script and its tables; there is none without a class.
    fn class(&self, path: &[u8], now: HttpDate) -> Option<Answer> {
        let room = self.classroom.as_ref()?.room();
        if !room.is_class() {
            return None;
        }
        match path {
            b"/class" => Some(Answer::file(HTML, include_str!("page/class.html"))),
            b"/class.js" => Some(Answer::file(SCRIPT, include_str!("page/class.js"))),
            b"/class.json" => {
                let class = class_json(&room, now).to_string();
                Some(Answer::new(JSON, class.into_bytes()))
            }
            b"/class.csv" => Some(Answer {
                file_name: Some("class.csv".to_owned()),
                ..Answer::new(CSV, class_csv(&room, now).into_bytes())
            }),
            _ => None,
        }
    }

    fn events(&self, head: &RequestHead) -> Answer {
        // A page that paused says in the query where to read on; a browser that reconnects, in the field.
        let paused = head.query().and_then(|query| query.strip_prefix(b"after="));
        let reconnected = head.field(b"Last-Event-ID");
        let last = reconnected.as_deref().or(paused);
        let last = last.and_then(|id| str::from_utf8(id).ok());
        let (journal, permits) = (Arc::clone(&self.journal), Arc::clone(&self.permits));
        let body = if head.is_method(b"HEAD") {
            Body::EMPTY
        } else {
            let classroom = self.classroom.clone();
            Body::Live(Box::new(Feed::new(
                journal, permits, self.site, classroom, last,
            )))
        };
        Answer {
            body,
            ..Answer::new(EVENTS, Vec::new())
        }
    }

    /// `/exchanges/N`, and the files beside it.
    fn exchange(&self, path: &[u8]) -> Option<Answer> {
        let path = str::from_utf8(path).ok()?.strip_prefix("/exchanges/")?;
        let (id, file) = path
            .split_once('/')
            .map_or((path, None), |(id, file)| (id, Some(file)));
        let id = id.parse().ok()?;
        let entry: Arc<Entry> = lock(&self.journal).entry(id)?;
        let saved = |bytes: &[u8], name: &str| Answer {
            file_name: Some(name.to_owned()),
            ..Answer::new(OCTETS, bytes.to_vec())
        };
        match file {
            None => Some(Answer::new(JSON, document(&entry).to_string().into_bytes())),
            Some("request.http") => Some(saved(&entry.request.bytes, "request.http")),
            Some("response.http") => Some(saved(&entry.response.bytes, "response.http")),
            Some("capture.pcapng") => Some(saved(&capture(&entry), "capture.pcapng")),
            Some(_) => None,
        }
    }
}

/// The last parameter of this name in the query, if it is text.
fn parameter(head: &RequestHead, name: &[u8]) -> Option<String> {
    let dict = QueryDict::parse(head.query()?, 0, Edition::Notes).ok()?;
    String::from_utf8(dict.get(name)?.to_vec()).ok()
}

impl Service for Pages {
    fn place(&self, _head: &RequestHead) -> Place {
        // Everything is in memory.
        Place::Loop
    }

    fn respond(&self, request: &Request, now: HttpDate) -> Response {
        self.answer(&request.head, now)
            .encode(request.head.is_method(b"HEAD"), now)
    }

    fn refuse(&self, _head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        let status = match fault.kind.verdict() {
            Verdict::Refuse(code) => Status::new(code),
            Verdict::Note => Status::BAD_REQUEST,
        };
        let (slug, at, rule) = (fault.kind.slug(), fault.at.start, fault.kind.rule());
        let (en, zh) = (fault.sentence(Lang::En), fault.sentence(Lang::Zh));
        let text = format!("{slug} at byte {at}\n{en} ({rule})\n{zh} ({rule})\n");
        Answer::text(status, text).encode(false, now)
    }
}

impl Answer {
    fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: Status::OK,
            content_type,
            file_name: None,
            allow: None,
            body: Body::Bytes(body.into()),
        }
    }

    fn file(content_type: &'static str, text: &'static str) -> Self {
        Self {
            body: Body::Bytes(text.as_bytes().into()),
            ..Self::new(content_type, Vec::new())
        }
    }

    fn text(status: Status, text: String) -> Self {
        Self {
            status,
            ..Self::new(TEXT, text.into_bytes())
        }
    }

    fn missing() -> Self {
        let sentence = "Nothing is here; an exchange may have fallen out of the journal.\n\
                        这里什么都没有；这次交换也许已经不在记录里了。\n";
        Self::text(Status::NOT_FOUND, sentence.to_owned())
    }

    fn not_allowed(allow: &'static str) -> Self {
        let text = format!("Allow: {allow}\n");
        Self {
            allow: Some(allow),
            ..Self::text(Status::METHOD_NOT_ALLOWED, text)
        }
    }

    fn encode(self, is_head: bool, now: HttpDate) -> Response {
        let mut writer = ResponseWriter::new(self.status, self.status.phrase())
            .date(FieldName::DATE, now)
            .field(
                FieldName::CONTENT_TYPE,
                &FieldValue::constant(self.content_type),
            );
        for (name, value) in &PROTECTION {
            writer = writer.field(*name, value);
        }
        if let Some(allow) = self.allow {
            writer = writer.field(FieldName::ALLOW, &FieldValue::constant(allow));
        }
        if let Some(name) = self.file_name {
            let value = format!("attachment; filename=\"{name}\"").into_bytes();
            if let Ok(value) = FieldValue::new(value) {
                writer = writer.field(FieldName::CONTENT_DISPOSITION, &value);
            }
        }
        if !matches!(self.body, Body::Live(_)) {
            writer = writer.content_length(self.body.length());
        }
        Response {
            head: writer.finish(),
            body: if is_head { Body::EMPTY } else { self.body },
            faults: Vec::new(),
        }
    }
}
