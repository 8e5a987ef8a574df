//! A second opinion: what the `httparse` crate says of the same bytes.
//!
//! Our own reader decides; httparse stands beside it, on the page, in the trace and in the tests.
//! It reads HTTP/1.1 as RFC 9112 has it, so it refuses things that RFC 1945 allows, and a refusal
//! here is no verdict on the message:
//!
//! - a Simple-Request, the one line of HTTP/0.9 (RFC 1945 4.1);
//! - a folded field (RFC 1945 4.2);
//! - any version but HTTP/1.0 and HTTP/1.1, also HTTP/1.2 and HTTP/01.0 (RFC 1945 3.1);
//! - blanks in number, or tabs, between the words of a first line (RFC 1945 appendix B).
//!
//! And it says neither where a mistake is nor that a line ended with LF alone. This is the only
//! file that knows httparse.

use std::fmt;

/// What httparse says of the head at the start of some bytes; shown as one sentence.
///
/// ```
/// use blankline::wire::request_opinion;
/// let opinion = request_opinion(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
/// assert_eq!(opinion.to_string(), "httparse accepts this head of 35 bytes and counts its fields: 1.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It is a whole head.
    Accepts {
        /// How many fields it has.
        fields: usize,
        /// How many bytes, from the first one to the end of the blank line.
        head_len: usize,
    },
    /// All is well so far, and the blank line has not come yet.
    Partial,
    /// It is not the head of an HTTP/1.0 or HTTP/1.1 message.
    Refuses {
        /// httparse's reason, as an English phrase.
        error: &'static str,
    },
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepts { fields, head_len } => write!(
                f,
                "httparse accepts this head of {head_len} bytes and counts its fields: {fields}."
            ),
            Self::Partial => f.write_str("httparse waits for more: the head has no end yet."),
            Self::Refuses { error } => write!(f, "httparse refuses this head: {error}."),
        }
    }
}

/// What httparse says of a request.
///
/// ```
/// use blankline::wire::{Opinion, request_opinion};
/// assert_eq!(request_opinion(b"GET / HT"), Opinion::Partial);
/// assert!(matches!(request_opinion(b"GET /\r\n"), Opinion::Refuses { .. })); // HTTP/0.9
/// ```
#[must_use]
pub fn request_opinion(message: &[u8]) -> Opinion {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let result = request.parse(message);
    opinion(result, request.headers.len())
}

/// What httparse says of a response.
///
/// ```
/// use blankline::wire::{Opinion, response_opinion};
/// let opinion = response_opinion(b"HTTP/1.0 302 Found\r\nLocation: /user/\r\n\r\n");
/// assert_eq!(opinion, Opinion::Accepts { fields: 1, head_len: 40 });
/// ```
#[must_use]
pub fn response_opinion(message: &[u8]) -> Opinion {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let result = response.parse(message);
    opinion(result, response.headers.len())
}

fn opinion(result: httparse::Result<usize>, fields: usize) -> Opinion {
    use httparse::Error;
    let error = match result {
        Ok(httparse::Status::Complete(head_len)) => return Opinion::Accepts { fields, head_len },
        Ok(httparse::Status::Partial) => return Opinion::Partial,
        Err(Error::HeaderName) => "it finds a bad byte in a field's name",
        Err(Error::HeaderValue) => "it finds a bad byte in a field's value",
        Err(Error::NewLine) => "it finds a bad byte where a line ends",
        Err(Error::Status) => "it finds a bad status code or reason phrase",
        Err(Error::Token) => "it finds a byte that no token may have",
        Err(Error::TooManyHeaders) => "it has room for 256 fields only",
        Err(Error::Version) => "it knows no version but HTTP/1.0 and HTTP/1.1",
    };
    Opinion::Refuses { error }
}

/// More fields than our own reader takes unless told to, so that the two differ on rules only.
const MOST_FIELDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_refuses_what_the_contract_says_it_refuses() {
        for message in [
            &b"GET /\r\n"[..],
            b"GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n",
            b"GET / HTTP/1.2\r\n\r\n",
            b"GET / HTTP/01.0\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET  / HTTP/1.0\r\n\r\n",
            b"GET\t/ HTTP/1.0\r\n\r\n",
        ] {
            let opinion = request_opinion(message);
            assert!(
                matches!(opinion, Opinion::Refuses { .. }),
                "{}: {opinion}",
                message.escape_ascii()
            );
        }
    }

    #[test]
    fn it_says_nothing_of_a_bare_lf() {
        let opinion = request_opinion(b"GET / HTTP/1.0\nA: b\n\nbody");
        assert_eq!(
            opinion,
            Opinion::Accepts {
                fields: 1,
                head_len: 21
            }
        );
    }

    #[test]
    fn each_error_has_its_phrase() {
        for (message, word) in [
            (&b"G\0T / HTTP/1.0\r\n\r\n"[..], "token"),
            (b"GET / HTTP/9.9\r\n\r\n", "version"),
            (b"GET / HTTP/1.0\r\nA b: c\r\n\r\n", "name"),
            (b"GET / HTTP/1.0\r\nA: \0\r\n\r\n", "value"),
            (b"GET / HTTP/1.0\rA", "line"),
        ] {
            let sentence = request_opinion(message).to_string();
            assert!(
                sentence.contains(word),
                "{}: {sentence}",
                message.escape_ascii()
            );
        }
        let status = response_opinion(b"HTTP/1.0 2x0 OK\r\n\r\n").to_string();
        assert!(status.contains("status code"), "{status}");

        let mut many = b"GET / HTTP/1.0\r\n".to_vec();
        many.extend(b"A: b\r\n".repeat(MOST_FIELDS + 1));
        many.extend(b"\r\n");
        let sentence = request_opinion(&many).to_string();
        assert!(sentence.contains(&MOST_FIELDS.to_string()), "{sentence}");
    }

    #[test]
    fn every_start_of_a_good_head_is_partial() {
        let head = b"POST /register/ HTTP/1.0\r\nContent-Length: 3\r\n\r\n";
        for len in 0..head.len() {
            assert_eq!(request_opinion(&head[..len]), Opinion::Partial, "{len}");
        }
        let whole = Opinion::Accepts {
            fields: 1,
            head_len: head.len(),
        };
        assert_eq!(request_opinion(head), whole);
        assert_eq!(request_opinion(&[&head[..], b"a=1"].concat()), whole);
    }
}
