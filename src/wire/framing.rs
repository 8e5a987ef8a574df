//! Where a message's body ends (RFC 1945 7.2.2): the question that goes wrong most often.
//!
//! A request's body ends after Content-Length bytes and in no other way. A response's body ends
//! there too, or, without a length, when the server closes. Nothing is ever guessed.

use super::{Fault, FaultKind, RequestHead, ResponseHead, Span, Version};

/// How a message's body is delimited.
///
/// ```
/// use blankline::wire::{dissect_request, BodyFraming};
/// let head = dissect_request(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
/// assert_eq!(head.framing(), Ok(BodyFraming::Length(3)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body.
    None,
    /// So many bytes follow the blank line.
    Length(u64),
    /// The body goes on until the server closes; responses only.
    UntilClose,
}

impl RequestHead {
    /// How this request's body is delimited.
    ///
    /// # Errors
    ///
    /// The fault, at its field, when no end of the body can be known for sure: a transfer coding
    /// (with or without a length), a length that is not 1*DIGIT or stands twice, or a POST without
    /// one (RFC 1945 8.3).
    ///
    /// ```
    /// use blankline::wire::{dissect_request, FaultKind};
    /// let head = dissect_request(b"POST / HTTP/1.0\r\n\r\n");
    /// assert_eq!(head.framing().unwrap_err().kind, FaultKind::LengthRequired);
    /// ```
    pub fn framing(&self) -> Result<BodyFraming, Fault> {
        if self.version() == Version::Simple {
            return Ok(BodyFraming::None);
        }
        let mut lengths = self.fields_named(b"Content-Length");
        let (length, second) = (lengths.next(), lengths.next());
        if let Some(coding) = self.fields_named(b"Transfer-Encoding").next() {
            let kind = match length {
                None => FaultKind::TransferEncoding,
                Some(_) => FaultKind::TransferEncodingAndLength,
            };
            return Err(Fault::new(
                kind,
                Span::new(coding.name_at.start, coding.value_at.end),
            ));
        }
        match (length, second) {
            (_, Some(second)) => {
                let at = Span::new(second.name_at.start, second.value_at.end);
                Err(Fault::new(FaultKind::LengthTwice, at))
            }
            (Some(length), None) => match parse_length(&length.value) {
                None => Err(Fault::new(FaultKind::BadLength, length.value_at)),
                Some(0) => Ok(BodyFraming::None),
                Some(length) => Ok(BodyFraming::Length(length)),
            },
            (None, None) if self.is_method(b"POST") => {
                let head_end = Span::at(self.anatomy().end());
                Err(Fault::new(FaultKind::LengthRequired, head_end))
            }
            (None, None) => Ok(BodyFraming::None),
        }
    }

    /// Where the value of its Content-Length stands; at the start when it has none.
    ///
    /// ```
    /// use blankline::wire::{Span, dissect_request};
    /// let head = dissect_request(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
    /// assert_eq!(head.length_at(), Span::new(33, 34));
    /// ```
    #[must_use]
    pub fn length_at(&self) -> Span {
        let length = self.fields_named(b"Content-Length").next();
        length.map_or(Span::default(), |field| field.value_at)
    }

    /// Whether the request asks for the connection to be kept: `Connection: keep-alive`, the
    /// extension that HTTP/1.0 servers and clients agreed on beside the RFC. HTTP/1.1's unspoken
    /// wish is not one: our answers are HTTP/1.0, where silence means close.
    ///
    /// ```
    /// use blankline::wire::dissect_request;
    /// assert!(dissect_request(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").asks_keep_alive());
    /// assert!(!dissect_request(b"GET / HTTP/1.1\r\n\r\n").asks_keep_alive());
    /// ```
    #[must_use]
    pub fn asks_keep_alive(&self) -> bool {
        self.version() != Version::Simple
            && self
                .fields_named(b"Connection")
                .any(|field| has_token(&field.value, b"keep-alive"))
    }
}

impl ResponseHead {
    /// How this response's body is delimited, when it answers anything but a HEAD.
    ///
    /// # Errors
    ///
    /// A fault at a Content-Length that is not 1*DIGIT, or at a second one.
    ///
    /// ```
    /// use blankline::wire::{dissect_response, BodyFraming};
    /// assert_eq!(dissect_response(b"HTTP/1.0 304 Not Modified\r\n\r\n").framing(), Ok(BodyFraming::None));
    /// ```
    pub fn framing(&self) -> Result<BodyFraming, Fault> {
        if self.status().is_some_and(super::Status::is_bodiless) {
            return Ok(BodyFraming::None);
        }
        let mut lengths = self.fields_named(b"Content-Length");
        match (lengths.next(), lengths.next()) {
            (None, _) => Ok(BodyFraming::UntilClose),
            (Some(_), Some(second)) => Err(Fault::new(FaultKind::LengthTwice, second.value_at)),
            (Some(length), None) => parse_length(&length.value)
                .map(BodyFraming::Length)
                .ok_or_else(|| Fault::new(FaultKind::BadLength, length.value_at)),
        }
    }
}

/// Whether a comma list has this token, in any case.
///
/// ```
/// assert!(blankline::wire::has_token(b"close, Keep-Alive", b"keep-alive"));
/// ```
#[must_use]
pub fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|&octet| octet == b',')
        .any(|item| super::trim_blanks(item).eq_ignore_ascii_case(token))
}

/// 1*DIGIT (RFC 1945 10.4), at most 2^63 - 1 so that sums of lengths cannot overflow.
fn parse_length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let length = digits.iter().try_fold(0_u64, |length, octet| match octet {
        b'0'..=b'9' => length.checked_mul(10)?.checked_add(u64::from(octet - b'0')),
        _ => None,
    })?;
    i64::try_from(length).ok().map(|_| length)
}
