//! The wire, read: every byte of a message gets one label, and whatever is odd becomes a fault.
//!
//! A request on the wire is a request line, fields, a blank line, and perhaps a body:
//!
//! ```text
//! POST /user/register/ HTTP/1.0 CRLF      request line: method SP request target SP HTTP version
//! Host: 127.0.0.1:8000 CRLF               field: name ":" value
//! Content-Length: 14 CRLF
//! CRLF                                    the blank line: the head ends here
//! username=admin                          body: as many bytes as Content-Length says
//! ```
//!
//! A response is the same with a status line on top. Reading never fails: bytes that follow no rule
//! are labelled `Unparsed` and reported, and the reading goes on with the next line. The first fault
//! of each kind is kept, in the order of their places, so a hostile head cannot make a long list.

use std::borrow::Cow;

use super::head::{FieldSpans, Head};
use super::octets::{is_blank, is_token};
use super::scan::looks_like_version;
use super::{Anatomy, BodyFraming, Fault, FaultKind, Field, Part, Span, Status, Target, Version};

/// A request's head, dissected: its bytes, their labels, and what they mean.
///
/// ```
/// use blankline::wire::dissect_request;
/// let head = dissect_request(b"GET /user/?a=1 HTTP/1.0\r\nHost: x\r\n\r\n");
/// assert_eq!(head.method(), b"GET");
/// assert_eq!(head.path(), b"/user/");
/// assert_eq!(head.field(b"host").as_deref(), Some(&b"x"[..]));
/// assert!(head.faults().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct RequestHead {
    head: Head,
    method: Span,
    target: Span,
    parsed_target: Option<Target>,
    version: Version,
}

/// A response's head, dissected.
///
/// ```
/// use blankline::wire::{dissect_response, Status};
/// let head = dissect_response(b"HTTP/1.0 302 Found\r\nLocation: /user/\r\n\r\n");
/// assert_eq!(head.status(), Some(Status::FOUND));
/// assert_eq!(head.field(b"Location").as_deref(), Some(&b"/user/"[..]));
/// ```
#[derive(Clone, Debug)]
pub struct ResponseHead {
    head: Head,
    status: Option<Status>,
    version: Version,
}

/// Labels every byte of a request: the head, then the body as far as its length is known, then
/// what is in excess.
///
/// ```
/// use blankline::wire::{dissect_request, Part};
/// let message = dissect_request(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi!");
/// let parts: Vec<_> = message.anatomy().labels().map(|label| label.part).collect();
/// assert!(parts.ends_with(&[Part::Body, Part::Excess]));
/// ```
#[must_use]
pub fn dissect_request(bytes: &[u8]) -> RequestHead {
    RequestHead::dissect_message(bytes.to_vec())
}

/// Labels every byte of a response. `to_head` tells that it answers a HEAD request, whose response
/// has no body whatever its fields say (RFC 1945 8.2).
///
/// ```
/// use blankline::wire::{dissect_response, Part};
/// let message = dissect_response(b"HTTP/1.0 200 OK\r\n\r\nuntil the close");
/// assert_eq!(message.anatomy().labels().last().map(|l| l.part), Some(Part::Body));
/// ```
#[must_use]
pub fn dissect_response(bytes: &[u8]) -> ResponseHead {
    ResponseHead::dissect_message(bytes.to_vec())
}

impl RequestHead {
    /// Dissects a head. Bytes after it stay without a label.
    ///
    /// ```
    /// use blankline::wire::RequestHead;
    /// let head = RequestHead::dissect(b"GET / HTTP/1.0\r\n\r\nmore".to_vec());
    /// assert_eq!(head.anatomy().end(), 18);
    /// ```
    #[must_use]
    pub fn dissect(bytes: Vec<u8>) -> Self {
        let mut request = Self {
            head: Head::new(bytes),
            method: Span::default(),
            target: Span::default(),
            parsed_target: None,
            version: Version::Simple,
        };
        let mut position = 0;
        while let Some(line) = request.head.line_at(position) {
            if !line.content.is_empty() {
                break;
            }
            request.head.anatomy.push(Part::EmptyLine, line.next);
            let empty = Span::new(position, line.next);
            request
                .head
                .report(Fault::new(FaultKind::EmptyLineFirst, empty));
            position = line.next;
        }
        match request.head.line_at(position) {
            None => request.head.cut_short(),
            Some(line) => {
                let has_version = request.request_line(line.content);
                request.head.end_line(&line);
                if has_version {
                    request.head.field_lines(line.next);
                } else {
                    // A Simple-Request, as the scan for the end of the head has it too.
                    request.head.complete = true;
                }
            }
        }
        request
    }

    /// As [`dissect_request`], but the bytes are taken and not copied: a body may be long.
    ///
    /// ```
    /// use blankline::wire::RequestHead;
    /// let message = b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi".to_vec();
    /// assert_eq!(RequestHead::dissect_message(message).anatomy().end(), 40);
    /// ```
    #[must_use]
    pub fn dissect_message(bytes: Vec<u8>) -> Self {
        let mut request = Self::dissect(bytes);
        let framing = request.framing();
        let framing = framing.unwrap_or_else(|fault| {
            request.head.report(fault);
            BodyFraming::None
        });
        request.head.label_rest(framing);
        request
    }

    /// The method as it was sent.
    ///
    /// ```
    /// assert_eq!(blankline::wire::dissect_request(b"get / HTTP/1.0\r\n\r\n").method(), b"get");
    /// ```
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.method.of(&self.head.bytes)
    }

    /// Whether the method is `method`, in the same case (RFC 1945 5.1.1).
    ///
    /// ```
    /// assert!(blankline::wire::dissect_request(b"HEAD / HTTP/1.0\r\n\r\n").is_method(b"HEAD"));
    /// ```
    #[must_use]
    pub fn is_method(&self, method: &[u8]) -> bool {
        self.method() == method
    }

    /// The request target as it was sent.
    ///
    /// ```
    /// let head = blankline::wire::dissect_request(b"GET /a?b HTTP/1.0\r\n\r\n");
    /// assert_eq!(head.target(), b"/a?b");
    /// ```
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.target.of(&self.head.bytes)
    }

    /// The target's path, not yet percent-decoded; empty when the target is not valid.
    ///
    /// ```
    /// let head = blankline::wire::dissect_request(b"GET /a?b HTTP/1.0\r\n\r\n");
    /// assert_eq!(head.path(), b"/a");
    /// ```
    #[must_use]
    pub fn path(&self) -> &[u8] {
        match &self.parsed_target {
            None => &[],
            Some(target) => target.path_of(&self.head.bytes),
        }
    }

    /// The target's query, without its `?`; `None` when there is no `?`.
    ///
    /// ```
    /// let head = blankline::wire::dissect_request(b"GET /a?b=1 HTTP/1.0\r\n\r\n");
    /// assert_eq!(head.query(), Some(&b"b=1"[..]));
    /// ```
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        let query = self.parsed_target.as_ref()?.query?;
        Some(query.of(&self.head.bytes))
    }

    /// The version; [`Version::Simple`] when the request line has none.
    ///
    /// ```
    /// use blankline::wire::{dissect_request, Version};
    /// assert_eq!(dissect_request(b"GET / HTTP/01.00\r\n\r\n").version(), Version::Numbered(1, 0));
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Where the method stands.
    ///
    /// ```
    /// use blankline::wire::{dissect_request, Span};
    /// assert_eq!(dissect_request(b"GET / HTTP/1.0\r\n\r\n").method_at(), Span::new(0, 3));
    /// ```
    #[must_use]
    pub const fn method_at(&self) -> Span {
        self.method
    }

    /// Where the request target stands.
    ///
    /// ```
    /// use blankline::wire::{dissect_request, Span};
    /// assert_eq!(dissect_request(b"GET /a HTTP/1.0\r\n\r\n").target_at(), Span::new(4, 6));
    /// ```
    #[must_use]
    pub const fn target_at(&self) -> Span {
        self.target
    }

    /// Where the query stands; the target itself when there is none.
    ///
    /// ```
    /// use blankline::wire::{dissect_request, Span};
    /// assert_eq!(dissect_request(b"GET /?a HTTP/1.0\r\n\r\n").query_at(), Span::new(6, 7));
    /// ```
    #[must_use]
    pub fn query_at(&self) -> Span {
        let query = self.parsed_target.as_ref().and_then(|target| target.query);
        query.unwrap_or(self.target)
    }

    /// Labels and judges the request line; whether it has a version, or a third word in its place.
    fn request_line(&mut self, line: Span) -> bool {
        let Head { bytes, anatomy, .. } = &mut self.head;
        let words = Words::of(line, bytes);
        let is_version = |word: Span| looks_like_version(word.of(bytes));
        let (method, target, version) = match words.count {
            1 if is_version(words.first) => {
                (Span::at(line.start), Span::default(), Some(words.first))
            }
            0 | 1 => (words.first, Span::default(), None),
            2 if is_version(words.last) => (words.first, Span::default(), Some(words.last)),
            2 => (words.first, words.last, None),
            _ => (words.first, words.middle, Some(words.last)),
        };
        anatomy.push(Part::Space, method.start);
        anatomy.push(Part::Method, method.end);
        if !target.is_empty() {
            anatomy.push(Part::Space, target.start);
            anatomy.push(Part::RequestTarget, target.end);
        }
        if let Some(version) = version {
            anatomy.push(Part::Space, version.start);
            anatomy.push(Part::HttpVersion, version.end);
        }
        anatomy.push(Part::Space, line.end);
        (self.method, self.target) = (method, target);
        self.judge_request_line(line, &words, version)
    }

    fn judge_request_line(&mut self, line: Span, words: &Words, version: Option<Span>) -> bool {
        if !is_token(self.method()) {
            self.report(Fault::new(FaultKind::BadMethod, self.method));
        }
        if words.are_loose {
            self.report(Fault::new(FaultKind::LooseSpacing, line));
        }
        if version.is_none() && words.count == 2 {
            let is_get = self.is_method(b"GET");
            let kind = if is_get {
                FaultKind::SimpleRequest
            } else {
                FaultKind::SimpleRequestNotGet
            };
            self.report(Fault::new(kind, line));
        }
        if self.target.is_empty() {
            self.report(Fault::new(
                FaultKind::MissingTarget,
                Span::at(self.method.end),
            ));
        } else if words.count > 3 {
            self.report(Fault::new(FaultKind::BadTarget, self.target));
        } else {
            self.read_target();
        }
        if let Some(version) = version {
            self.version = self.head.version(version);
        }
        version.is_some()
    }

    pub(super) fn report(&mut self, fault: Fault) {
        self.head.report(fault);
    }

    fn read_target(&mut self) {
        match Target::parse(self.target.of(&self.head.bytes), self.target.start) {
            Err(fault) => self.head.report(fault),
            Ok(target) => {
                for note in target.notes() {
                    self.head.report(note);
                }
                self.parsed_target = Some(target);
            }
        }
    }
}

/// The words of a request line: the first, the last, and all between them as one.
struct Words {
    count: usize,
    first: Span,
    middle: Span,
    last: Span,
    /// Anything but one SP separates them, or stands around them.
    are_loose: bool,
}

impl Words {
    fn of(line: Span, bytes: &[u8]) -> Self {
        let nothing = Span::at(line.start);
        let (mut count, mut first, mut middle, mut last) = (0, nothing, nothing, nothing);
        let (mut are_loose, mut position) = (false, line.start);
        while position < line.end {
            let rest = Span::new(position, line.end).of(bytes);
            let blanks = rest
                .iter()
                .position(|&octet| !is_blank(octet))
                .unwrap_or(rest.len());
            let rest = rest.get(blanks..).unwrap_or_default();
            let length = rest
                .iter()
                .position(|&octet| is_blank(octet))
                .unwrap_or(rest.len());
            are_loose |= match (count, length) {
                (0, _) | (_, 0) => blanks > 0,
                _ => blanks != 1 || bytes.get(position) != Some(&b' '),
            };
            position += blanks + length;
            if length == 0 {
                break;
            }
            let word = Span::new(position - length, position);
            match count {
                0 => first = word,
                1 => {}
                2 => middle = last,
                _ => middle.end = last.end,
            }
            last = word;
            count += 1;
        }
        Self {
            count,
            first,
            middle,
            last,
            are_loose,
        }
    }
}

impl ResponseHead {
    /// Dissects a head. Bytes after it stay without a label.
    ///
    /// ```
    /// use blankline::wire::ResponseHead;
    /// let head = ResponseHead::dissect(b"HTTP/1.0 200 OK\r\n\r\nbody".to_vec());
    /// assert_eq!(head.anatomy().end(), 19);
    /// ```
    #[must_use]
    pub fn dissect(bytes: Vec<u8>) -> Self {
        let mut response = Self {
            head: Head::new(bytes),
            status: None,
            version: Version::Simple,
        };
        let head = &mut response.head;
        if !looks_like_version(&head.bytes) {
            // A Simple-Response has no head at all: its bytes are body.
            head.complete = true;
            return response;
        }
        match head.line_at(0) {
            None => head.cut_short(),
            Some(line) => {
                response.status_line(line.content);
                response.head.end_line(&line);
                response.head.field_lines(line.next);
            }
        }
        response
    }

    /// As [`dissect_response`], but the bytes are taken and not copied.
    ///
    /// ```
    /// use blankline::wire::ResponseHead;
    /// let message = b"HTTP/1.0 200 OK\r\n\r\nuntil the close".to_vec();
    /// assert_eq!(ResponseHead::dissect_message(message).anatomy().end(), 34);
    /// ```
    #[must_use]
    pub fn dissect_message(bytes: Vec<u8>) -> Self {
        let mut response = Self::dissect(bytes);
        let framing = response.framing();
        let framing = framing.unwrap_or_else(|fault| {
            response.head.report(fault);
            BodyFraming::UntilClose
        });
        response.head.label_rest(framing);
        response
    }

    /// The status code, where the status line has three digits.
    ///
    /// ```
    /// use blankline::wire::dissect_response;
    /// assert_eq!(dissect_response(b"a Simple-Response").status(), None);
    /// ```
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        self.status
    }

    /// The version of the status line; [`Version::Simple`] without one.
    ///
    /// ```
    /// use blankline::wire::{dissect_response, Version};
    /// assert_eq!(dissect_response(b"HTTP/1.0 204 No\r\n\r\n").version(), Version::Numbered(1, 0));
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    fn status_line(&mut self, line: Span) {
        let bytes = &self.head.bytes;
        let word_end = |from: usize| {
            let rest = Span::new(from, line.end).of(bytes);
            from + rest.iter().take_while(|&&octet| !is_blank(octet)).count()
        };
        let blank_end = |from: usize| {
            let rest = Span::new(from, line.end).of(bytes);
            from + rest.iter().take_while(|&&octet| is_blank(octet)).count()
        };
        let version = Span::new(line.start, word_end(line.start));
        let code_start = blank_end(version.end);
        let code = Span::new(code_start, word_end(code_start));
        let phrase_start = blank_end(code.end);
        if let [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = code.of(bytes) {
            let digit = |octet: &u8| u16::from(octet - b'0');
            self.status = Some(Status::new(digit(a) * 100 + digit(b) * 10 + digit(c)));
        }
        let known = if self.status.is_some() {
            Part::StatusCode
        } else {
            Part::Unparsed
        };
        let anatomy = &mut self.head.anatomy;
        anatomy.push(Part::HttpVersion, version.end);
        anatomy.push(Part::Space, code.start);
        anatomy.push(known, code.end);
        anatomy.push(Part::Space, phrase_start);
        anatomy.push(Part::ReasonPhrase, line.end);
        if self.status.is_none() {
            self.head.report(Fault::new(FaultKind::BadStatus, code));
        }
        self.version = self.head.version(version);
    }
}

macro_rules! head_accessors {
    ($($kind:ident $dissect:literal $example:literal)+) => { $(
        impl $kind {
            /// All bytes that were given, the head's first.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.bytes(), b\"", $example, "\");\n```")]
            #[must_use]
            pub fn bytes(&self) -> &[u8] {
                &self.head.bytes
            }

            /// Gives the bytes back.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.into_bytes(), b\"", $example, "\");\n```")]
            #[must_use]
            pub fn into_bytes(self) -> Vec<u8> {
                self.head.bytes
            }

            /// The labels of those bytes.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.anatomy().end(), head.bytes().len());\n```")]
            #[must_use]
            pub const fn anatomy(&self) -> &Anatomy {
                &self.head.anatomy
            }

            /// What is odd or wrong: the first fault of each kind, in the order of reading.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert!(head.faults().is_empty());\n```")]
            #[must_use]
            pub fn faults(&self) -> &[Fault] {
                &self.head.faults
            }

            /// The first fault that refuses the message, if there is one.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.refusal(), None);\n```")]
            #[must_use]
            pub fn refusal(&self) -> Option<Fault> {
                self.head.faults.iter().copied().find(Fault::refuses)
            }

            /// Whether the head ended: with a blank line, or as a Simple message.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert!(head.is_complete());\n```")]
            #[must_use]
            pub const fn is_complete(&self) -> bool {
                self.head.complete
            }

            /// How many fields the head has, repeated ones counted each time.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.field_count(), 1);\n```")]
            #[must_use]
            pub fn field_count(&self) -> usize {
                self.head.fields.len()
            }

            /// The fields in the order they were sent.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.fields().next().map(|field| field.name), Some(&b\"X-A\"[..]));\n```")]
            pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
                self.head.fields.iter().map(|field| self.head.field(field))
            }

            /// The fields of one name, in any case (RFC 1945 4.2), in the order they were sent.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.fields_named(b\"x-a\").count(), 1);\n```")]
            pub fn fields_named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = Field<'a>> {
                let bytes = &self.head.bytes;
                let same = move |field: &&FieldSpans| field.name.span().of(bytes).eq_ignore_ascii_case(name);
                self.head.fields.iter().filter(same).map(|field| self.head.field(field))
            }

            /// The value of the first field of this name.
            ///
            #[doc = concat!("```\nlet head = blankline::wire::", $dissect, "(b\"", $example, "\");\nassert_eq!(head.field(b\"X-A\").as_deref(), Some(&b\"b\"[..]));\n```")]
            #[must_use]
            pub fn field<'a>(&'a self, name: &'a [u8]) -> Option<Cow<'a, [u8]>> {
                self.fields_named(name).next().map(|field| field.value)
            }
        }
    )+ };
}

head_accessors! {
    RequestHead "dissect_request" "GET / HTTP/1.0\\r\\nX-A: b\\r\\n\\r\\n"
    ResponseHead "dissect_response" "HTTP/1.0 204 No Content\\r\\nX-A: b\\r\\n\\r\\n"
}
