//! The wire, written: a response's head, bytes and labels in one pass.
//!
//! The writer puts down what it is given, in the order given, and nothing else: no hidden field, no
//! clock, no sorting. What cannot be written is CR, LF or NUL inside a line: names and values are
//! checked when they are made, so no input can split a response.

use std::borrow::Cow;

use super::octets::{is_token, trim_blanks};
use super::{Anatomy, Edition, Fault, FaultKind, HttpDate, LineEnd, Part, SetCookie, Span, Status};

/// A field's name: a token (RFC 1945 4.2), written as it is spelled here.
///
/// ```
/// use blankline::wire::FieldName;
/// assert_eq!(FieldName::LOCATION.octets(), b"Location");
/// assert!(FieldName::new("X A").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName(&'static str);

impl FieldName {
    /// `Date` (RFC 1945 10.6)
    pub const DATE: Self = Self("Date");
    /// `Server` (RFC 1945 10.14)
    pub const SERVER: Self = Self("Server");
    /// `Vary` (RFC 9110 12.5.5)
    pub const VARY: Self = Self("Vary");
    /// `Last-Modified` (RFC 1945 10.10)
    pub const LAST_MODIFIED: Self = Self("Last-Modified");
    /// `ETag` (RFC 9110 8.8.3)
    pub const ETAG: Self = Self("ETag");
    /// `X-Frame-Options` (RFC 7034)
    pub const X_FRAME_OPTIONS: Self = Self("X-Frame-Options");
    /// `X-Content-Type-Options` (the Fetch standard)
    pub const X_CONTENT_TYPE_OPTIONS: Self = Self("X-Content-Type-Options");
    /// `Content-Security-Policy` (Content Security Policy Level 3)
    pub const CONTENT_SECURITY_POLICY: Self = Self("Content-Security-Policy");
    /// `Referrer-Policy` (Referrer Policy)
    pub const REFERRER_POLICY: Self = Self("Referrer-Policy");
    /// `Cross-Origin-Resource-Policy` (the Fetch standard)
    pub const CROSS_ORIGIN_RESOURCE_POLICY: Self = Self("Cross-Origin-Resource-Policy");
    /// `Content-Type` (RFC 1945 10.5)
    pub const CONTENT_TYPE: Self = Self("Content-Type");
    /// `Content-Disposition` (RFC 6266)
    pub const CONTENT_DISPOSITION: Self = Self("Content-Disposition");
    /// `Location` (RFC 1945 10.11)
    pub const LOCATION: Self = Self("Location");
    /// `Content-Length` (RFC 1945 10.4)
    pub const CONTENT_LENGTH: Self = Self("Content-Length");
    /// `Cache-Control` (RFC 9111 5.2)
    pub const CACHE_CONTROL: Self = Self("Cache-Control");
    /// `Allow` (RFC 1945 10.1)
    pub const ALLOW: Self = Self("Allow");
    /// `WWW-Authenticate` (RFC 1945 10.16)
    pub const WWW_AUTHENTICATE: Self = Self("WWW-Authenticate");
    /// `Expires` (RFC 1945 10.7)
    pub const EXPIRES: Self = Self("Expires");
    /// `Pragma` (RFC 1945 10.12)
    pub const PRAGMA: Self = Self("Pragma");
    /// `Connection` (RFC 9110 7.6.1)
    pub const CONNECTION: Self = Self("Connection");
    /// `Set-Cookie` (RFC 6265 4.1)
    pub const SET_COOKIE: Self = Self("Set-Cookie");

    /// A name from the program's own text.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadFieldName`] when it is not a token.
    ///
    /// ```
    /// assert!(blankline::wire::FieldName::new("X-Trace").is_ok());
    /// ```
    pub fn new(name: &'static str) -> Result<Self, Fault> {
        if is_token(name.as_bytes()) {
            Ok(Self(name))
        } else {
            Err(Fault::new(
                FaultKind::BadFieldName,
                Span::new(0, name.len()),
            ))
        }
    }

    /// The name's bytes.
    ///
    /// ```
    /// assert_eq!(blankline::wire::FieldName::DATE.octets(), b"Date");
    /// ```
    #[must_use]
    pub const fn octets(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

/// A field's value: any bytes but control characters; HT is allowed. CR, LF and NUL cannot get in.
///
/// ```
/// use blankline::wire::FieldValue;
/// assert!(FieldValue::new(b"/user/".to_vec()).is_ok());
/// assert!(FieldValue::new(b"/\r\nSet-Cookie: a=1".to_vec()).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue(Cow<'static, [u8]>);

impl FieldValue {
    /// A value from the program's own text; in a `const`, the compiler checks it.
    ///
    /// # Panics
    ///
    /// When the text has a control character or stands between blanks.
    ///
    /// ```
    /// use blankline::wire::FieldValue;
    /// const KEPT: FieldValue = FieldValue::constant("keep-alive");
    /// assert_eq!(KEPT.octets(), b"keep-alive");
    /// ```
    #[must_use]
    pub const fn constant(text: &'static str) -> Self {
        let mut rest = text.as_bytes();
        assert!(
            rest.trim_ascii().len() == rest.len(),
            "blanks around a value are not part of it"
        );
        while let [octet, after @ ..] = rest {
            assert!(
                *octet >= b' ' && *octet != 0x7F,
                "a control character in a field's value"
            );
            rest = after;
        }
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// Checks a value. Blanks around it are left out: on the wire they would not be part of it.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadOctetInValue`] at the first control character.
    ///
    /// ```
    /// use blankline::wire::FieldValue;
    /// assert_eq!(FieldValue::new(&b"a\nb"[..]).unwrap_err().at.start, 1);
    /// assert_eq!(FieldValue::new(&b" a b "[..]).unwrap().octets(), b"a b");
    /// ```
    pub fn new(value: impl Into<Cow<'static, [u8]>>) -> Result<Self, Fault> {
        let value = value.into();
        match bad_octet(&value) {
            None if trim_blanks(&value).len() < value.len() => {
                Ok(Self(Cow::Owned(trim_blanks(&value).to_vec())))
            }
            None => Ok(Self(value)),
            Some(at) => Err(Fault::new(
                FaultKind::BadOctetInValue,
                Span::new(at, at + 1),
            )),
        }
    }

    /// The value's bytes.
    ///
    /// ```
    /// use blankline::wire::FieldValue;
    /// assert_eq!(FieldValue::new(&b"max-age=60"[..]).unwrap().octets(), b"max-age=60");
    /// ```
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Where the first byte stands that may not be in a field's value.
fn bad_octet(value: &[u8]) -> Option<usize> {
    value
        .iter()
        .position(|&octet| (octet < b' ' && octet != b'\t') || octet == 0x7F)
}

/// A response's head under way, or finished with its blank line.
///
/// ```
/// use blankline::wire::{FieldName, FieldValue, ResponseWriter, Status};
/// let head = ResponseWriter::new(Status::FOUND, "Found")
///     .field(FieldName::LOCATION, &FieldValue::new(&b"/user/"[..]).unwrap())
///     .content_length(0)
///     .finish();
/// assert_eq!(head.bytes(), b"HTTP/1.0 302 Found\r\nLocation: /user/\r\nContent-Length: 0\r\n\r\n");
/// assert_eq!(head.anatomy().end(), head.bytes().len());
/// ```
#[derive(Debug)]
pub struct ResponseWriter {
    head: EncodedHead,
}

/// A finished head: bytes and labels, and what they say about the connection.
///
/// ```
/// use blankline::wire::{ResponseWriter, Status};
/// let head = ResponseWriter::new(Status::NOT_MODIFIED, "Not Modified").finish();
/// assert_eq!(head.status(), Status::NOT_MODIFIED);
/// assert_eq!(head.length(), None);
/// assert!(!head.keeps_alive());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedHead {
    status: Status,
    length: Option<u64>,
    keeps_alive: bool,
    bytes: Vec<u8>,
    anatomy: Anatomy,
}

impl ResponseWriter {
    /// Starts with the status line. Bytes of `phrase` that are not printable ASCII become `?`.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// let head = ResponseWriter::new(Status::OK, "O\nK").finish();
    /// assert_eq!(head.bytes(), b"HTTP/1.0 200 O?K\r\n\r\n");
    /// ```
    #[must_use]
    pub fn new(status: Status, phrase: &str) -> Self {
        let mut writer = Self {
            head: EncodedHead {
                status,
                length: None,
                keeps_alive: false,
                // The notes' 302 has 195 bytes in 40 labels.
                bytes: Vec::with_capacity(512),
                anatomy: Anatomy::with_capacity(64),
            },
        };
        writer.put(Part::HttpVersion, b"HTTP/1.0");
        writer.put(Part::Space, b" ");
        let mut digits = [0; 20];
        writer.put(
            Part::StatusCode,
            decimal(u64::from(status.code()), &mut digits),
        );
        writer.put(Part::Space, b" ");
        let printable = |octet| {
            if matches!(octet, b' '..=b'~') {
                octet
            } else {
                b'?'
            }
        };
        writer.head.bytes.extend(phrase.bytes().map(printable));
        writer.label(Part::ReasonPhrase);
        writer.put(Part::LineEnd(LineEnd::CrLf), b"\r\n");
        writer
    }

    /// Writes one field line: name, colon, one SP, value (RFC 1945 2.1, the common form).
    ///
    /// ```
    /// use blankline::wire::{FieldName, FieldValue, ResponseWriter, Status};
    /// let value = FieldValue::new(&b"Cookie"[..]).unwrap();
    /// let head = ResponseWriter::new(Status::OK, "OK").field(FieldName::VARY, &value).finish();
    /// assert!(head.bytes().ends_with(b"Vary: Cookie\r\n\r\n"));
    /// ```
    #[must_use]
    pub fn field(mut self, name: FieldName, value: &FieldValue) -> Self {
        self.head.keeps_alive |=
            name == FieldName::CONNECTION && super::has_token(&value.0, b"keep-alive");
        self.line(name, &value.0);
        self
    }

    /// Writes a date field.
    ///
    /// ```
    /// use blankline::wire::{FieldName, HttpDate, ResponseWriter, Status};
    /// let now = HttpDate::from_seconds(1_509_328_929);
    /// let head = ResponseWriter::new(Status::OK, "OK").date(FieldName::DATE, now).finish();
    /// assert!(head.bytes().ends_with(b"Date: Mon, 30 Oct 2017 02:02:09 GMT\r\n\r\n"));
    /// ```
    #[must_use]
    pub fn date(mut self, name: FieldName, date: HttpDate) -> Self {
        self.line(name, &date.octets());
        self
    }

    /// Writes Content-Length, in bytes; it is also what the connection will hold the body to.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// let head = ResponseWriter::new(Status::OK, "OK").content_length(7).finish();
    /// assert_eq!(head.length(), Some(7));
    /// ```
    #[must_use]
    pub fn content_length(mut self, length: u64) -> Self {
        self.head.length = Some(length);
        let mut digits = [0; 20];
        self.line(FieldName::CONTENT_LENGTH, decimal(length, &mut digits));
        self
    }

    /// Writes one Set-Cookie line; several cookies are several lines, never joined (RFC 6265 3).
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, ResponseWriter, SetCookie, Status};
    /// let cookie = SetCookie::new(b"age", b"10").unwrap().path(b"/").unwrap();
    /// let now = HttpDate::from_seconds(0);
    /// let head = ResponseWriter::new(Status::OK, "OK").set_cookie(&cookie, Edition::Notes, now).finish();
    /// assert!(head.bytes().ends_with(b"Set-Cookie: age=10; Path=/\r\n\r\n"));
    /// ```
    #[must_use]
    pub fn set_cookie(mut self, cookie: &SetCookie, edition: Edition, now: HttpDate) -> Self {
        self.start_line(FieldName::SET_COOKIE);
        cookie.encode(edition, now, &mut self.head.bytes);
        self.label(Part::FieldValue);
        self.put(Part::LineEnd(LineEnd::CrLf), b"\r\n");
        self
    }

    /// Writes the blank line: the head is done.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// assert!(ResponseWriter::new(Status::OK, "OK").finish().bytes().ends_with(b"\r\n\r\n"));
    /// ```
    #[must_use]
    pub fn finish(mut self) -> EncodedHead {
        self.put(Part::BlankLine(LineEnd::CrLf), b"\r\n");
        self.head
    }

    #[inline]
    fn line(&mut self, name: FieldName, value: &[u8]) {
        let name = name.octets();
        let head = &mut self.head;
        let start = head.bytes.len();
        head.bytes.reserve(name.len() + value.len() + 4);
        head.bytes.extend_from_slice(name);
        head.bytes.extend_from_slice(b": ");
        head.bytes.extend_from_slice(value);
        head.bytes.extend_from_slice(b"\r\n");
        let (name_end, end) = (start + name.len(), head.bytes.len());
        head.anatomy.push_all([
            (Part::FieldName, name_end),
            (Part::Colon, name_end + 1),
            (Part::Whitespace, name_end + 2),
            (Part::FieldValue, end - 2),
            (Part::LineEnd(LineEnd::CrLf), end),
        ]);
    }

    fn start_line(&mut self, name: FieldName) {
        self.put(Part::FieldName, name.octets());
        self.put(Part::Colon, b":");
        self.put(Part::Whitespace, b" ");
    }

    #[inline]
    fn put(&mut self, part: Part, octets: &[u8]) {
        self.head.bytes.extend_from_slice(octets);
        self.label(part);
    }

    #[inline]
    fn label(&mut self, part: Part) {
        self.head.anatomy.push(part, self.head.bytes.len());
    }
}

impl EncodedHead {
    /// The head of a Simple-Response (RFC 1945 6): none at all, not even a blank line. Its status
    /// is known here only, for the console.
    ///
    /// ```
    /// use blankline::wire::{EncodedHead, Status};
    /// assert!(EncodedHead::simple(Status::OK).bytes().is_empty());
    /// ```
    #[must_use]
    pub fn simple(status: Status) -> Self {
        Self {
            status,
            length: None,
            keeps_alive: false,
            bytes: Vec::new(),
            anatomy: Anatomy::default(),
        }
    }

    /// The status code that was written.
    ///
    /// ```
    /// use blankline::wire::{EncodedHead, Status};
    /// assert_eq!(EncodedHead::simple(Status::OK).status(), Status::OK);
    /// ```
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The Content-Length that was written, in bytes.
    ///
    /// ```
    /// use blankline::wire::{EncodedHead, Status};
    /// assert_eq!(EncodedHead::simple(Status::OK).length(), None);
    /// ```
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether `Connection: keep-alive` was written.
    ///
    /// ```
    /// use blankline::wire::{EncodedHead, Status};
    /// assert!(!EncodedHead::simple(Status::OK).keeps_alive());
    /// ```
    #[must_use]
    pub const fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// The head's bytes, blank line included.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// assert_eq!(ResponseWriter::new(Status::OK, "OK").finish().bytes(), b"HTTP/1.0 200 OK\r\n\r\n");
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes themselves, for sending.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// assert_eq!(ResponseWriter::new(Status::OK, "OK").finish().into_bytes().len(), 19);
    /// ```
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The labels of the head's bytes.
    ///
    /// ```
    /// use blankline::wire::{ResponseWriter, Status};
    /// let head = ResponseWriter::new(Status::OK, "OK").finish();
    /// assert_eq!(head.anatomy().end(), head.bytes().len());
    /// ```
    #[must_use]
    pub const fn anatomy(&self) -> &Anatomy {
        &self.anatomy
    }
}

/// A number in decimal digits, without leading zeros, in the end of `digits`.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        // The remainder of ten is one digit.
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}
