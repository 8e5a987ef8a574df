//! What a view answers, before it is bytes; and the one place where it becomes bytes.
//!
//! A view fills named slots in any order; [`Reply::encode`] writes them in the order of the house:
//! Date, Server, then Vary, Last-Modified, ETag, X-Frame-Options, X-Content-Type-Options, Content-Type,
//! Content-Disposition, Location, Content-Length, Cache-Control, Allow, a lesson's own, Connection, then one Set-Cookie a line. That is the order
//! of the notes' responses (Django 1.11 on Python 2.7), with the fields that they lack put between.

use std::borrow::Cow;
use std::fmt;

use crate::engine::{Body, Response};
use crate::wire::{
    Edition, EncodedHead, Fault, FieldName, FieldValue, HttpDate, RequestHead, ResponseWriter,
    SetCookie, Status, Version,
};

/// A view's answer.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: Status,
    /// Whether the answer depends on the cookies: `Vary: Cookie`.
    pub varies_by_cookie: bool,
    /// When the resource last changed.
    pub last_modified: Option<HttpDate>,
    /// The resource's entity tag, quotes included.
    pub entity_tag: Option<FieldValue>,
    /// What the body is. A redirect has one even without a body, as in the notes.
    pub content_type: Option<FieldValue>,
    /// Whether the body is to be saved and not shown, and under which name.
    pub disposition: Option<FieldValue>,
    /// Where a redirect leads, already encoded for the wire.
    pub location: Option<FieldValue>,
    /// What caches may do.
    pub cache_control: Option<FieldValue>,
    /// The methods that the resource takes.
    pub allow: Option<&'static str>,
    /// Fields that only lessons need, in this order.
    pub more: Vec<(FieldName, FieldValue)>,
    /// Whether its length is left out, so that only the close says where the body ends.
    pub ends_by_close: bool,
    /// Cookies to set, in this order.
    pub cookies: Vec<SetCookie>,
    /// The body, as GET would send it.
    pub body: Body,
    /// What the view noticed about the request.
    pub faults: Vec<Fault>,
}

/// What the encoding needs to know of the site and the request.
#[derive(Clone, Copy, Debug)]
pub struct Wire<'a> {
    /// Whose HTTP is spoken.
    pub edition: Edition,
    /// The Server field's value; none is sent when it is `None`.
    pub server: Option<&'a FieldValue>,
    /// The request's head.
    pub head: &'a RequestHead,
    /// Whether the response may say `Connection: keep-alive`.
    pub may_keep_alive: bool,
    /// The time.
    pub now: HttpDate,
}

impl Reply {
    /// An answer with this status and nothing else in it.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            varies_by_cookie: false,
            last_modified: None,
            entity_tag: None,
            content_type: None,
            disposition: None,
            location: None,
            cache_control: None,
            allow: None,
            more: Vec::new(),
            ends_by_close: false,
            cookies: Vec::new(),
            body: Body::EMPTY,
            faults: Vec::new(),
        }
    }

    /// A 200 with an HTML page.
    #[must_use]
    pub fn html(page: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::OK).with_body(HTML, page)
    }

    /// A 200 with plain text.
    #[must_use]
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::OK).with_body(TEXT, text)
    }

    /// A 200 with JSON.
    #[must_use]
    pub fn json(document: &impl fmt::Display) -> Self {
        Self::new(Status::OK).with_body(JSON, format!("{document:#}\n"))
    }

    /// The same with a body of this type.
    #[must_use]
    pub fn with_body(
        mut self,
        content_type: FieldValue,
        body: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.content_type = Some(content_type);
        self.body = Body::Bytes(match body.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        });
        self
    }

    /// Turns it into bytes for this request: a HEAD gets no body, a Simple-Request no head.
    #[must_use]
    pub fn encode(self, wire: Wire<'_>) -> Response {
        if let Body::Scripted(_) = self.body {
            // The script is the whole answer, whatever was asked.
            return Response {
                head: EncodedHead::simple(self.status),
                body: self.body,
                faults: self.faults,
            };
        }
        let head = if is_simple(wire.head) {
            EncodedHead::simple(self.status)
        } else {
            self.encode_head(wire)
        };
        let bodiless = wire.head.is_method(b"HEAD") || self.status.is_bodiless();
        Response {
            head,
            body: if bodiless { Body::EMPTY } else { self.body },
            faults: self.faults,
        }
    }

    fn encode_head(&self, wire: Wire<'_>) -> EncodedHead {
        let phrase = match self.status {
            Status::FOUND => wire.edition.found_phrase(),
            status => status.phrase(),
        };
        let has_body = !self.status.is_bodiless();
        let mut writer = ResponseWriter::new(self.status, phrase).date(FieldName::DATE, wire.now);
        writer = put(writer, FieldName::SERVER, wire.server);
        if self.varies_by_cookie {
            writer = writer.field(FieldName::VARY, &COOKIE);
        }
        // No file may claim to be newer than the answer that carries it (RFC 1945 10.10).
        if let Some(last_modified) = self.last_modified.filter(|_| has_body) {
            writer = writer.date(FieldName::LAST_MODIFIED, last_modified.min(wire.now));
        }
        writer = put(writer, FieldName::ETAG, self.entity_tag.as_ref());
        if has_body {
            writer = writer.field(FieldName::X_FRAME_OPTIONS, &SAMEORIGIN);
            // What came from anybody is nothing but what it says it is.
            if self.disposition.is_some() {
                writer = writer.field(FieldName::X_CONTENT_TYPE_OPTIONS, &NOSNIFF);
            }
            writer = put(writer, FieldName::CONTENT_TYPE, self.content_type.as_ref());
            writer = put(
                writer,
                FieldName::CONTENT_DISPOSITION,
                self.disposition.as_ref(),
            );
        }
        writer = put(writer, FieldName::LOCATION, self.location.as_ref());
        if has_body && !self.ends_by_close {
            writer = writer.content_length(self.body.length());
        }
        writer = put(
            writer,
            FieldName::CACHE_CONTROL,
            self.cache_control.as_ref(),
        );
        let allow = self
            .allow
            .and_then(|methods| FieldValue::new(methods.as_bytes()).ok());
        writer = put(writer, FieldName::ALLOW, allow.as_ref());
        for (name, value) in &self.more {
            writer = writer.field(*name, value);
        }
        if wire.may_keep_alive && !self.ends_by_close {
            writer = writer.field(FieldName::CONNECTION, &KEEP_ALIVE);
        }
        for cookie in &self.cookies {
            writer = writer.set_cookie(cookie, wire.edition, wire.now);
        }
        writer.finish()
    }
}

/// The content type of the site's pages.
pub const HTML: FieldValue = FieldValue::constant("text/html; charset=utf-8");

/// The content type of lessons and echoes.
pub const TEXT: FieldValue = FieldValue::constant("text/plain; charset=utf-8");

/// RFC 8259 has no charset parameter: JSON is UTF-8.
const JSON: FieldValue = FieldValue::constant("application/json");

const COOKIE: FieldValue = FieldValue::constant("Cookie");
const NOSNIFF: FieldValue = FieldValue::constant("nosniff");
const SAMEORIGIN: FieldValue = FieldValue::constant("SAMEORIGIN");
const KEEP_ALIVE: FieldValue = FieldValue::constant("keep-alive");

/// Whether the answer is a Simple-Response, a body and nothing else, whatever its status (RFC 1945 6):
/// to a whole and valid Simple-Request. One that breaks a rule is told so with a status line.
fn is_simple(head: &RequestHead) -> bool {
    head.version() == Version::Simple
        && head.is_method(b"GET")
        && head.is_complete()
        && head.refusal().is_none()
}

fn put(writer: ResponseWriter, name: FieldName, value: Option<&FieldValue>) -> ResponseWriter {
    match value {
        Some(value) => writer.field(name, value),
        None => writer,
    }
}
