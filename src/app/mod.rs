//! L3: the site that the lessons use: its pages, and what every answer has in common.
//!
//! [`Site`] is the engine's `Service`. A request finds its row in [`urls`], the row's view fills a
//! [`Reply`], and the reply becomes bytes in one place. What is refused, by the protocol or by a page,
//! becomes a lesson (`lesson.rs`): the place, the rule, what to do, in both languages.

pub mod files;
mod lesson;
pub mod page;
mod reply;
pub mod urls;
mod views;

pub use reply::{HTML, Reply, TEXT, Wire};

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::engine::{Place, Request, Response, Service};
use crate::wire::{
    Edition, Fault, FaultKind, FieldValue, HttpDate, Lang, RequestHead, Span, Status, Version,
    decode_path, encode_location,
};
use files::Files;
use page::Page;
use urls::{Captures, Route};

/// How a site is set up.
#[derive(Debug)]
pub struct Settings {
    /// Whose HTTP is spoken.
    pub edition: Edition,
    /// The language that comes first.
    pub lang: Lang,
    /// The Server field's value; `None` sends no such field.
    pub server: Option<FieldValue>,
    /// Where `/static/` and `/hotlink/` look.
    pub files: Files,
    /// Whether `/hotlink/` serves a request without a Referer.
    pub hotlink_without_referer: bool,
    /// This server's `host:port`, for absolute URIs in answers to requests without a Host.
    pub host: String,
}

/// The lesson site.
#[derive(Debug)]
pub struct Site {
    settings: Settings,
}

/// What a view sees: one request, and the site it came to.
#[derive(Debug)]
pub struct Visit<'a> {
    /// The request.
    pub request: &'a Request,
    /// What the path's pattern captured.
    pub captures: Captures<'a>,
    /// The site's settings.
    pub settings: &'a Settings,
    /// The time.
    pub now: HttpDate,
}

impl Site {
    /// A site with these settings.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn wire<'a>(&'a self, head: &'a RequestHead, may_keep_alive: bool, now: HttpDate) -> Wire<'a> {
        Wire {
            edition: self.settings.edition,
            server: self.settings.server.as_ref(),
            head,
            may_keep_alive,
            now,
        }
    }

    fn view(&self, request: &Request, now: HttpDate) -> Reply {
        let head = &*request.head;
        let path = decode_path(head.path());
        let Some((route, captures)) = urls::find(&path) else {
            return self.missing(head, &path);
        };
        let visit = Visit {
            request,
            captures,
            settings: &self.settings,
            now,
        };
        if !route.takes(head.method()) {
            return visit.not_allowed(route);
        }
        (route.view)(&visit)
    }

    /// No row fits: perhaps only the last slash is missing, as Django's `APPEND_SLASH` knows.
    fn missing(&self, head: &RequestHead, path: &[u8]) -> Reply {
        let mut slashed = path.to_vec();
        slashed.push(b'/');
        if urls::find(&slashed)
            .is_some_and(|(route, _): (&Route, _)| !route.pattern.ends_with("...}"))
        {
            let mut target = [head.path(), b"/"].concat();
            if let Some(query) = head.query() {
                target.push(b'?');
                target.extend_from_slice(query);
            }
            return redirect(&self.settings, head, Status::MOVED_PERMANENTLY, &target);
        }
        // What was tried, as Django's own page says while DEBUG is on.
        let fault = Fault::new(FaultKind::NotFound, head.target_at());
        let mut reply = lesson::lesson(&self.settings, head, &fault, &PATTERNS);
        reply.faults.push(fault);
        reply
    }
}

impl Service for Site {
    fn place(&self, head: &RequestHead) -> Place {
        urls::find(&decode_path(head.path())).map_or(Place::Loop, |(route, _)| route.place)
    }

    fn respond(&self, request: &Request, now: HttpDate) -> Response {
        let wire = self.wire(&request.head, request.may_keep_alive, now);
        self.view(request, now).encode(wire)
    }

    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        lesson::lesson(&self.settings, head, fault, "").encode(self.wire(head, false, now))
    }
}

impl Visit<'_> {
    /// The request's head.
    #[must_use]
    pub fn head(&self) -> &RequestHead {
        &self.request.head
    }

    /// A page with this title, in English and Chinese.
    #[must_use]
    pub fn page(&self, title: [&'static str; 2]) -> Page {
        Page::new(self.settings.lang, title)
    }

    /// A refusal with its lesson, and a word for the console.
    #[must_use]
    pub fn refuse(&self, kind: FaultKind, at: Span) -> Reply {
        self.refuse_with(kind, at, "")
    }

    /// The same with one more sentence, in English and Chinese.
    #[must_use]
    pub fn refuse_saying(&self, kind: FaultKind, at: Span, sentence: [&'static str; 2]) -> Reply {
        let [en, zh] = sentence;
        let (first, second) = match self.settings.lang {
            Lang::En => (en, zh),
            Lang::Zh => (zh, en),
        };
        self.refuse_with(kind, at, &format!("{first}\n{second}\n"))
    }

    fn refuse_with(&self, kind: FaultKind, at: Span, more: &str) -> Reply {
        let fault = Fault::new(kind, at);
        let mut reply = lesson::lesson(self.settings, self.head(), &fault, more);
        reply.faults.push(fault);
        reply
    }

    fn not_allowed(&self, route: &Route) -> Reply {
        let more = format!("Allow: {}\n", route.allow);
        let mut reply =
            self.refuse_with(FaultKind::MethodNotAllowed, self.head().method_at(), &more);
        reply.allow = Some(route.allow);
        reply
    }

    /// A 302 to a path of this site or to a URI.
    #[must_use]
    pub fn redirect(&self, location: &[u8]) -> Reply {
        redirect(self.settings, self.head(), Status::FOUND, location)
    }
}

/// A redirect as the edition has it: the notes' relative Location and empty body, or an absolute URI
/// and a note with a hyperlink (RFC 1945 9.3 and 10.11).
fn redirect(settings: &Settings, head: &RequestHead, status: Status, location: &[u8]) -> Reply {
    let mut encoded = Vec::new();
    if settings.edition.location_is_absolute() && location.starts_with(b"/") {
        let host = head
            .field(b"Host")
            .unwrap_or(Cow::Borrowed(settings.host.as_bytes()));
        encoded.extend_from_slice(b"http://");
        encode_location(&host, &mut encoded);
    }
    encode_location(location, &mut encoded);
    // A Simple-Response is nothing but its body, so there the note is all that can be said.
    let note = if settings.edition.redirect_has_note() || head.version() == Version::Simple {
        Cow::Owned(page::note(&encoded))
    } else {
        Cow::Borrowed("")
    };
    let mut reply = Reply::new(status).with_body(HTML, note);
    // What encode_location writes is printable ASCII.
    reply.location = FieldValue::new(encoded).ok();
    reply
}

/// The URL table's patterns, as the 404 lists them.
static PATTERNS: LazyLock<String> = LazyLock::new(|| {
    let patterns = urls::ROUTES.iter().map(|route| route.pattern);
    patterns.fold(String::new(), |list, pattern| list + "  " + pattern + "\n")
});
