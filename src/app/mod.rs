//! L3: the site that the lessons use: its pages, and what every answer has in common.
//!
//! [`Site`] is the engine's `Service`. A request finds its row in [`urls`], the row's view fills a
//! [`Reply`], and the reply becomes bytes in one place. What is refused, by the protocol or by a page,
//! becomes a lesson (`lesson.rs`): the place, the rule, what to do, in both languages.

pub mod files;
pub mod intake;
mod lesson;
mod lesson_urls;
pub mod middleware;
pub mod mount;
pub mod page;
pub mod password;
pub mod post;
mod reply;
pub mod session_store;
pub mod stores;
#[cfg(test)]
mod testing;
pub mod uploads;
pub mod urls;
pub mod users;
mod views;

pub use reply::{HTML, Reply, TEXT, Wire};

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::engine::{Intake, Place, Request, Response, Service};
use crate::lessons::Classroom;
use crate::wire::{
    Boundary, Edition, Fault, FaultKind, FieldValue, HttpDate, Lang, QueryDict, RequestHead, Span,
    Status, Version, decode_path, encode_location,
};
use files::Files;
use intake::MultipartSink;
use mount::{Mount, OwnPaths};
use page::Page;
use post::{FormLimits, Post, is_media_type};
use stores::Stores;
use urls::{Captures, Route, View};

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
    /// Bytes of a body that is held in memory.
    pub form_bytes: u64,
    /// How much of a form is taken, besides its bytes.
    pub form: FormLimits,
    /// The name of the sessions' cookie, a token.
    pub session_cookie: String,
    /// This server's `host:port`, for absolute URIs in answers to requests without a Host.
    pub host: String,
}

/// The lesson site.
#[derive(Debug)]
pub struct Site {
    settings: Settings,
    stores: Stores,
    classroom: Option<Classroom>,
}

/// What a view sees: one request, and the site it came to.
#[derive(Debug)]
pub struct Visit<'a> {
    /// The request.
    pub request: &'a Request,
    /// Where the site stands for whoever asked.
    pub mount: Mount<'a>,
    /// What the path's pattern captured.
    pub captures: Captures<'a>,
    /// The site's settings.
    pub settings: &'a Settings,
    /// What the site keeps.
    pub stores: &'a Stores,
    /// Who is learning here.
    pub classroom: Option<&'a Classroom>,
    /// The time.
    pub now: HttpDate,
}

impl Site {
    /// A site with these settings, which keeps things there.
    #[must_use]
    pub const fn new(settings: Settings, stores: Stores) -> Self {
        Self {
            settings,
            stores,
            classroom: None,
        }
    }

    /// The same with the classroom whose verdicts `/l/NN/check` shows.
    #[must_use]
    pub fn with_classroom(mut self, classroom: Option<Classroom>) -> Self {
        self.classroom = classroom;
        self
    }

    /// What it keeps.
    #[must_use]
    pub const fn stores(&self) -> &Stores {
        &self.stores
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
        let mount = Mount::of(head.path());
        let path = decode_path(mount.path());
        let (route, captures) = urls::find(&path).unzip();
        let visit = Visit {
            request,
            mount,
            captures: captures.unwrap_or_default(),
            settings: &self.settings,
            stores: &self.stores,
            classroom: self.classroom.as_ref(),
            now,
        };
        let reply = match route {
            None => middleware::without_session(&visit, visit.missing(&path)),
            Some(route) if !route.takes(head.method()) => {
                middleware::without_session(&visit, visit.not_allowed(route))
            }
            Some(route) => match route.view {
                View::Plain(view) => middleware::without_session(&visit, view(&visit)),
                View::WithSession(view) => middleware::with_session(&visit, view),
            },
        };
        mounted(visit.mount.own(), reply)
    }
}

impl Service for Site {
    fn place(&self, head: &RequestHead) -> Place {
        let sessions_wait = self.stores.sessions.kind().waits();
        urls::find(&decode_path(Mount::of(head.path()).path()))
            .map_or(Place::Loop, |(route, _)| route.place(sessions_wait))
    }

    fn intake(&self, head: &RequestHead, length: u64) -> Result<Intake, Fault> {
        let limit = self.settings.form_bytes;
        let streams = || {
            urls::find(&decode_path(Mount::of(head.path()).path()))
                .is_some_and(|(route, _)| route.streams && route.takes(head.method()))
        };
        let mut types = head.fields_named(b"Content-Type");
        if let Some(kind) = types.next()
            && is_media_type(&kind.value, b"multipart/form-data")
            && streams()
        {
            let boundary = Boundary::of(&kind.value, kind.value_at.start)?;
            let (offset, length_at) = (head.bytes().len(), head.length_at());
            let uploads = &self.stores.uploads;
            let sink = MultipartSink::new(
                &boundary,
                offset,
                length,
                length_at,
                limit,
                self.settings.form.multipart,
                uploads,
            )?;
            return Ok(Intake::Stream(Box::new(sink)));
        }
        if length > limit {
            let fault = Fault::new(FaultKind::FormTooLarge, head.length_at());
            return Err(fault.measured(length, limit));
        }
        Ok(Intake::Memory)
    }

    fn respond(&self, request: &Request, now: HttpDate) -> Response {
        let wire = self.wire(&request.head, request.may_keep_alive, now);
        self.view(request, now).encode(wire)
    }

    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response {
        lesson::lesson(&self.settings, head.bytes(), fault, "").encode(self.wire(head, false, now))
    }
}

impl Visit<'_> {
    /// The request's head.
    #[must_use]
    pub fn head(&self) -> &RequestHead {
        &self.request.head
    }

    /// `request.GET`: the query's pairs, whatever the method.
    ///
    /// # Errors
    ///
    /// The fault of a query that is refused.
    pub fn get(&self) -> Result<QueryDict<'_>, Fault> {
        let query = self.head().query().unwrap_or_default();
        let at = self.head().query_at();
        QueryDict::parse_within(
            query,
            at.start,
            self.settings.edition,
            self.settings.form.fields,
        )
    }

    /// The text of a parameter of the query; of several, the last. `None` also where the query is refused.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.get().ok()?;
        let field = query.field(name.as_bytes())?;
        Some(field.value_text(self.settings.edition).into_owned())
    }

    /// Whether the query asks for JSON: `format=json`.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.parameter("format").as_deref() == Some("json")
    }

    /// `request.POST` and `request.FILES` of a body that is in memory.
    ///
    /// # Errors
    ///
    /// The fault of a form that is refused.
    pub fn post(&self) -> Result<Post<'_>, Fault> {
        Post::of(
            self.head(),
            &self.request.body,
            self.settings.edition,
            self.settings.form,
        )
    }

    /// What the ids of this request grow from in a frozen run.
    #[must_use]
    pub fn seed(&self) -> Vec<u8> {
        [self.head().bytes(), &self.request.body].concat()
    }

    /// A page with this title, in English and Chinese.
    #[must_use]
    pub fn page(&self, title: [&'static str; 2]) -> Page {
        Page::new(self.settings.lang, title).mounted(self.mount.own())
    }

    /// A refusal with its lesson, and a word for the console.
    #[must_use]
    pub fn refuse(&self, kind: FaultKind, at: Span) -> Reply {
        self.refuse_fault(Fault::new(kind, at))
    }

    /// The same for a fault that something else found.
    #[must_use]
    pub fn refuse_fault(&self, fault: Fault) -> Reply {
        self.refuse_with(fault, "")
    }

    /// The same with one more sentence, in English and Chinese.
    #[must_use]
    pub fn refuse_saying(&self, kind: FaultKind, at: Span, sentence: [&'static str; 2]) -> Reply {
        let [en, zh] = sentence;
        let (first, second) = match self.settings.lang {
            Lang::En => (en, zh),
            Lang::Zh => (zh, en),
        };
        self.refuse_with(Fault::new(kind, at), &format!("{first}\n{second}\n"))
    }

    /// The same with what the system said, which has no translation.
    #[must_use]
    pub fn refuse_with_words(&self, kind: FaultKind, at: Span, words: &str) -> Reply {
        self.refuse_with(Fault::new(kind, at), &format!("{words}\n"))
    }

    fn refuse_with(&self, fault: Fault, more: &str) -> Reply {
        // Where the fault is in a body that we have, its line is shown.
        let head = self.head().bytes();
        let message = if fault.at.start < head.len() {
            Cow::Borrowed(head)
        } else {
            Cow::Owned([head, &self.request.body].concat())
        };
        let mut reply = lesson::lesson(self.settings, &message, &fault, more);
        reply.faults.push(fault);
        reply
    }

    /// No row fits: perhaps only the last slash is missing, as Django's `APPEND_SLASH` knows.
    fn missing(&self, path: &[u8]) -> Reply {
        let head = self.head();
        let slashed = [path, b"/"].concat();
        if urls::find(&slashed)
            .is_some_and(|(route, _): (&Route, _)| !route.pattern.ends_with("...}"))
        {
            let mut target = [self.mount.path(), b"/"].concat();
            if let Some(query) = head.query() {
                target.push(b'?');
                target.extend_from_slice(query);
            }
            return self.redirect_with(Status::MOVED_PERMANENTLY, &target);
        }
        if self.mount.is_missed() {
            return self.refuse_saying(FaultKind::NotFound, head.target_at(), mount::ABOUT);
        }
        // What was tried, as Django's own page says while DEBUG is on.
        self.refuse_with(Fault::new(FaultKind::NotFound, head.target_at()), &PATTERNS)
    }

    fn not_allowed(&self, route: &Route) -> Reply {
        let more = format!("Allow: {}\n", route.allow);
        let fault = Fault::new(FaultKind::MethodNotAllowed, self.head().method_at());
        let mut reply = self.refuse_with(fault, &more);
        reply.allow = Some(route.allow);
        reply
    }

    /// A 302 to a path of this site or to a URI.
    #[must_use]
    pub fn redirect(&self, location: &[u8]) -> Reply {
        self.redirect_with(Status::FOUND, location)
    }

    /// A redirect as the edition has it: the notes' relative Location and empty body, or an absolute URI
    /// and a note with a hyperlink (RFC 1945 9.3 and 10.11).
    pub(in crate::app) fn redirect_with(&self, status: Status, location: &[u8]) -> Reply {
        let (settings, head) = (self.settings, self.head());
        let mut encoded = Vec::new();
        if settings.edition.location_is_absolute() && location.starts_with(b"/") {
            let host = head
                .field(b"Host")
                .unwrap_or(Cow::Borrowed(settings.host.as_bytes()));
            encoded.extend_from_slice(b"http://");
            encode_location(&host, &mut encoded);
        }
        encode_location(&self.mount.own().outside(location), &mut encoded);
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
}

/// The answer with its cookies where the client will find them.
fn mounted(own: &OwnPaths, mut reply: Reply) -> Reply {
    if own.is_plain() {
        return reply;
    }
    let cookies = reply.cookies.into_iter();
    reply.cookies = cookies.map(|cookie| own.cookie(cookie)).collect();
    reply
}

/// The URL table's patterns, as the 404 lists them.
static PATTERNS: LazyLock<String> = LazyLock::new(|| {
    let patterns = urls::ROUTES.iter().map(|route| route.pattern);
    let title = "URL patterns, the first that fits wins / URL 模式，第一个匹配的生效:\n".to_owned();
    patterns.fold(title, |list, pattern| list + "  " + pattern + "\n")
});

#[cfg(test)]
mod tests {
    use super::testing::{ask, get, settings, site_with};
    use super::*;
    use urls::ROUTES;

    fn site() -> Site {
        site_with(settings(&[]))
    }

    fn site_of(edition: Edition) -> Site {
        site_with(Settings {
            edition,
            ..settings(&[])
        })
    }

    /// Pages whose answer is the request's own: its text, or the id of the session that it begins.
    const ECHOES: [&str; 4] = ["raw", "echo", "cart_change", "remember"];

    #[test]
    fn head_is_get_without_its_body_on_every_page() {
        for route in ROUTES.iter().filter(|route| !ECHOES.contains(&route.name)) {
            let target = route.example;
            let get = get(target);
            let head = ask(&site(), &format!("HEAD {target} HTTP/1.0\r\n\r\n"));
            assert_eq!(head.head, get.head, "{target}");
            assert_eq!(head.body, "", "{target}");
            let length = get.body.len();
            if !target.ends_with(".png") {
                assert_eq!(get.field("Content-Length"), length.to_string(), "{target}");
            }
            assert!(matches!(get.status(), "200" | "302"), "{target}");
        }
    }

    #[test]
    fn a_simple_request_gets_a_body_and_nothing_else() {
        for route in ROUTES.iter().filter(|route| !ECHOES.contains(&route.name)) {
            let target = route.example;
            let simple = ask(&site(), &format!("GET {target}\r\n"));
            assert_eq!(simple.head, "", "{target}");
            let full = get(target);
            if full.status() == "302" {
                let link = format!("<a href=\"{}\">", full.field("Location"));
                assert!(simple.body.contains(&link), "{target}");
            } else {
                assert_eq!(simple.body, full.body, "{target}");
            }
        }
        let missing = ask(&site(), "GET /nope\r\n");
        assert_eq!(missing.head, "");
        assert!(missing.body.starts_with("404 not-found at byte 4\n"));
        // What breaks a rule is no Simple-Request, and is told so in full.
        for request in ["POST /\r\n", "GET /%zz\r\n", "GET / FOO/1.0\r\n\r\n"] {
            assert_eq!(ask(&site(), request).status(), "400", "{request}");
        }
    }

    #[test]
    fn a_connection_is_kept_when_asked() {
        for route in ROUTES {
            let request = format!(
                "GET {} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                route.example
            );
            let answer = ask(&site(), &request);
            assert_eq!(answer.field("Connection"), "keep-alive");
            assert_eq!(answer.fields("Content-Length").len(), 1);
            assert!(get(route.example).fields("Connection").is_empty());
        }
    }

    #[test]
    fn the_302_of_the_notes() {
        let mut settings = settings(&[]);
        settings.server = FieldValue::new(&b"WSGIServer/0.1 Python/2.7.13"[..]).ok();
        let form = "username=admin&password=admin";
        let length = form.len();
        let answer = ask(
            &site_with(settings),
            &format!(
                "POST /user/register/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {length}\r\n\r\n{form}"
            ),
        );
        assert_eq!(
            answer.head,
            "HTTP/1.0 302 Found\r\n\
             Date: Mon, 30 Oct 2017 02:02:09 GMT\r\n\
             Server: WSGIServer/0.1 Python/2.7.13\r\n\
             X-Frame-Options: SAMEORIGIN\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Location: /user/\r\n\
             Content-Length: 0\r\n\r\n"
        );
        assert_eq!(answer.body, "");
    }

    #[test]
    fn a_redirect_is_as_the_edition_has_it() {
        let request = "GET /redirect/ HTTP/1.0\r\nHost: a\"b\r\n\r\n";
        let rfc1945 = ask(&site_of(Edition::Rfc1945), request);
        assert!(
            rfc1945
                .head
                .starts_with("HTTP/1.0 302 Moved Temporarily\r\n")
        );
        assert_eq!(rfc1945.field("Location"), "http://a%22b/user/");
        assert!(rfc1945.body.contains("<a href=\"http://a%22b/user/\">"));
        let rfc9110 = ask(&site_of(Edition::Rfc9110), request);
        assert_eq!(rfc9110.field("Location"), "/user/");
        let no_host = ask(
            &site_of(Edition::Rfc1945),
            "GET /redirect/ HTTP/1.0\r\n\r\n",
        );
        assert_eq!(no_host.field("Location"), "http://127.0.0.1:8000/user/");
    }

    #[test]
    fn a_missing_slash_is_added_with_the_query_kept() {
        for (target, location) in [
            ("/redirect", "/redirect/"),
            ("/redirect?", "/redirect/?"),
            ("/user/register?a=%41&b", "/user/register/?a=%41&b"),
            ("/args/a%20b/%3Cc", "/args/a%20b/%3Cc/"),
            ("http://other.test/user", "/user/"),
        ] {
            let answer = get(target);
            assert_eq!(answer.status(), "301", "{target}");
            assert_eq!(answer.field("Location"), location);
        }
        let posted = ask(
            &site(),
            "POST /user/register HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
        );
        assert_eq!(posted.status(), "301");
        // Nothing that starts with two slashes may become a Location: it would name another host.
        for target in [
            "//user",
            "//other.test/user",
            "/raw/",
            "/static",
            "/nope",
            "/user//",
        ] {
            assert_eq!(get(target).status(), "404", "{target}");
        }
    }

    #[test]
    fn a_404_shows_the_table() {
        let answer = get("/nope");
        assert_eq!(answer.status(), "404");
        assert_eq!(answer.noticed, ["not-found"]);
        for route in ROUTES {
            assert!(answer.body.contains(&format!("\n  {}\n", route.pattern)));
        }
        let strange = get("/%1b[2J%0a%ff");
        assert!(strange.body.contains("GET /%1b[2J%0a%ff HTTP/1.0\\r\\n\n"));
    }

    #[test]
    fn a_405_says_what_is_allowed() {
        let request = "POST /user/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
        let answer = ask(&site(), request);
        assert_eq!(answer.status(), "405");
        assert_eq!(answer.field("Allow"), "GET, HEAD");
        assert!(answer.body.contains("\nAllow: GET, HEAD\n"));
        assert_eq!(answer.noticed, ["method-not-allowed"]);
        assert_eq!(ask(&site_of(Edition::Rfc1945), request).status(), "403");
    }

    #[test]
    fn lessons_are_in_the_settings_language_first() {
        let zh = site_with(Settings {
            lang: Lang::Zh,
            ..settings(&[])
        });
        let answer = ask(&zh, "GET /set_cookie HTTP/1.0\r\n\r\n");
        let (chinese, english) = ("cookie 要有名字", "A cookie needs a name");
        assert!(answer.body.find(chinese) < answer.body.find(english));
        assert!(answer.body.contains(chinese));
        let page = ask(&zh, "GET / HTTP/1.0\r\n\r\n").body;
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"zh-Hans\">"));
    }

    #[test]
    fn raw_sends_the_very_bytes_back() {
        let request =
            "POST /raw?a=%zz HTTP/1.1\nhost:x\r\nX-A:  1 \r\n 2\r\nContent-Length: 3\r\n\r\na<b";
        let answer = ask(&site(), request);
        assert_eq!(answer.body, request);
        assert_eq!(answer.field("Content-Type").as_bytes(), TEXT.octets());
        assert_eq!(ask(&site(), "GET /raw\r\n").body, "GET /raw\r\n");
    }

    #[test]
    fn every_page_is_well_formed_and_asks_no_other_host() {
        for route in ROUTES {
            let answer = get(route.example);
            if answer.field("Content-Type").as_bytes() == HTML.octets() && !answer.body.is_empty() {
                assert_eq!(
                    unclosed(&answer.body),
                    Vec::<String>::new(),
                    "{}",
                    route.name
                );
                for attribute in ["src=\"", "href=\"", "action=\""] {
                    for value in answer.body.split(attribute).skip(1) {
                        assert!(
                            value.starts_with('/') || value.starts_with("data:,"),
                            "{value}"
                        );
                        assert!(!value.starts_with("//"), "{value}");
                    }
                }
            }
        }
    }

    /// The elements that are open at the end, or a closing tag that closes none; attributes aside.
    fn unclosed(html: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in html.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap_or(("unfinished", ""));
            let name = tag.split([' ', '\n']).next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(name) if open.last().is_some_and(|last| last == name) => {
                    open.pop();
                }
                Some(_) => return vec![name.to_owned()],
                None if matches!(name, "!DOCTYPE" | "meta" | "link" | "input" | "img") => {}
                None => open.push(name.to_owned()),
            }
        }
        open
    }
}
