//! Which bytes of a message are secrets, so that who shows it to others can hide them.
//!
//! The rule: **the value of `sessionid`, and of every name with `password` in it**, wherever pairs of name
//! and value stand: in cookies (`Cookie`, `Set-Cookie`), in the query of any URL in a head, in a request's
//! form and in its multipart body. Case does not matter. It holds for as much of a message as has come, so
//! a value is hidden before its end is known.
//!
//! A page may repeat what it was sent, as the lesson on a bad request does: so a response is searched for
//! the values that were secret in its request ([`repeated`]), if they have at least four bytes.
//!
//! What this does not find: secrets by other names, in JSON, or repeated in another spelling. Hiding keeps
//! the length: each byte becomes one sign ([`MASK`]), so that offsets stay true.

use super::MessageKind;
use super::content::boundary;
use crate::wire::{
    Escaped, RequestHead, ResponseHead, Span, decode_form, dissect_multipart, trim_blanks,
};

/// What stands for one hidden byte in text.
pub const MASK: char = '•';

/// The places of all secrets in a message, or in the beginning of one; in order, none empty.
#[must_use]
pub fn secrets(message: &[u8], kind: MessageKind) -> Vec<Span> {
    if kind == MessageKind::Response {
        let head = ResponseHead::dissect(message.to_vec());
        return in_head(Span::new(0, head.anatomy().end()).of(message));
    }
    let head = RequestHead::dissect(message.to_vec());
    let end = head.anatomy().end();
    let mut places = in_head(Span::new(0, end).of(message));
    let body = message.get(end..).unwrap_or_default();
    if let Some(boundary) = boundary(&head) {
        let parts = dissect_multipart(body, &boundary, end).parts.into_iter();
        let secret = parts.filter(|part| is_secret(part.head.name()));
        places.extend(secret.map(|part| part.content_at));
        places.retain(|place| !place.is_empty());
    } else {
        // What is no form may be a request too many: its cookies are hidden as well.
        values(body, end, b"&;?: \t\r\n", b"&", &mut places);
    }
    places
}

/// The places of these secrets of a `request` in the response to it; in order.
#[must_use]
pub fn repeated(response: &[u8], request: &[u8], secrets: &[Span]) -> Vec<Span> {
    let mut places = Vec::new();
    for secret in secrets.iter().map(|secret| secret.of(request)) {
        if secret.len() >= LEAST_REPEATED {
            let windows = response.windows(secret.len()).enumerate();
            let found = windows.filter(|(_, window)| *window == secret);
            places.extend(found.map(|(at, _)| Span::new(at, at + secret.len())));
        }
    }
    places.sort_by_key(|place| (place.start, place.end));
    places
}

/// The message with `*` for each byte of a secret: for whom needs bytes and not text.
#[must_use]
pub fn hidden(message: &[u8], secrets: &[Span]) -> Vec<u8> {
    let mut hidden = message.to_vec();
    for secret in secrets {
        if let Some(octets) = hidden.get_mut(secret.start..secret.end) {
            octets.fill(b'*');
        }
    }
    hidden
}

/// The bytes at `at`, escaped, with a [`MASK`] for each that is secret.
#[must_use]
pub fn masked(message: &[u8], at: Span, secrets: &[Span]) -> String {
    let mut text = String::new();
    let mut position = at.start;
    for secret in secrets.iter().filter(|secret| overlap(**secret, at)) {
        // Two of them may overlap.
        let start = secret.start.max(position);
        let end = secret.end.min(at.end).max(start);
        text += &Escaped(Span::new(position, start).of(message)).to_string();
        text.extend((start..end).map(|_| MASK));
        position = end;
    }
    text += &Escaped(Span::new(position, at.end).of(message)).to_string();
    text
}

/// Whether two places share a byte.
pub(super) const fn overlap(one: Span, other: Span) -> bool {
    one.start < other.end && other.start < one.end
}

fn in_head(head: &[u8]) -> Vec<Span> {
    let mut places = Vec::new();
    let mut start = 0;
    while start < head.len() {
        let rest = head.get(start..).unwrap_or_default();
        let line = rest.get(..field_length(rest)).unwrap_or_default();
        let is_cookie = line
            .split(|&octet| octet == b':')
            .next()
            .is_some_and(|name| {
                name.eq_ignore_ascii_case(b"Cookie") || name.eq_ignore_ascii_case(b"Set-Cookie")
            });
        if is_cookie {
            values(line, start, b":;", b";", &mut places);
        } else {
            values(line, start, b"?&;: \t", b"& \t", &mut places);
        }
        start += line.len();
    }
    places
}

/// The length of a line with those that are folded into it.
fn field_length(rest: &[u8]) -> usize {
    let mut length = 0;
    for line in rest.split_inclusive(|&octet| octet == b'\n') {
        if length > 0 && !matches!(line.first(), Some(b' ' | b'\t')) {
            break;
        }
        length += line.len();
    }
    length
}

/// Adds the places of secret values in `text`, which stands at `offset`: a name begins at the start or
/// after one of `before`, and a value ends at one of `after`, or with the text but for its line end.
fn values(text: &[u8], offset: usize, before: &[u8], after: &[u8], places: &mut Vec<Span>) {
    let mut name = 0;
    let mut position = 0;
    while let Some(&octet) = text.get(position) {
        position += 1;
        if before.contains(&octet) {
            name = position;
        } else if octet == b'=' {
            let is_found = is_secret(Span::new(name, position - 1).of(text));
            name = text.len();
            if is_found {
                let rest = text.get(position..).unwrap_or_default();
                let end = rest.iter().position(|octet| after.contains(octet));
                let value = match end {
                    Some(end) => rest.get(..end).unwrap_or_default(),
                    None => without_line_end(rest),
                };
                if !value.is_empty() {
                    let start = offset + position;
                    places.push(Span::new(start, start + value.len()));
                }
                position += value.len();
            }
        }
    }
}

fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Bytes that a value has at least, so that finding it again is no accident.
const LEAST_REPEATED: usize = 4;

fn is_secret(name: &[u8]) -> bool {
    let name = decode_form(trim_blanks(name)).to_ascii_lowercase();
    name == b"sessionid" || name.windows(8).any(|word| word == b"password")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str, kind: MessageKind) -> String {
        let places = secrets(message.as_bytes(), kind);
        let whole = Span::new(0, message.len());
        masked(message.as_bytes(), whole, &places)
    }

    fn request(message: &str) -> String {
        shown(message, MessageKind::Request)
    }

    #[test]
    fn cookies_are_hidden_byte_for_byte() {
        assert_eq!(
            request("GET / HTTP/1.0\r\ncookie: a=1; sessionid=abc; b=2\r\n\r\n"),
            r"GET / HTTP/1.0\r\ncookie: a=1; sessionid=•••; b=2\r\n\r\n"
        );
        assert_eq!(
            shown(
                "HTTP/1.0 200 OK\r\nSet-Cookie: sessionid=abc; Path=/\r\n\r\nsessionid=page",
                MessageKind::Response
            ),
            r"HTTP/1.0 200 OK\r\nSet-Cookie: sessionid=•••; Path=/\r\n\r\nsessionid=page"
        );
    }

    #[test]
    fn a_fold_does_not_uncover_a_value() {
        assert_eq!(
            request("GET / HTTP/1.0\r\nCookie: sessionid=ab\r\n cd; e=f\r\n\r\n"),
            r"GET / HTTP/1.0\r\nCookie: sessionid=•••••••; e=f\r\n\r\n"
        );
    }

    #[test]
    fn queries_and_forms_are_hidden_too() {
        assert_eq!(
            request("GET /?a=1&Password=x%20y&b=2 HTTP/1.0\r\n"),
            r"GET /?a=1&Password=•••••&b=2 HTTP/1.0\r\n"
        );
        assert_eq!(
            request("GET / HTTP/1.0\r\nReferer: /x?password=12\r\n\r\n"),
            r"GET / HTTP/1.0\r\nReferer: /x?password=••\r\n\r\n"
        );
        let head = "POST / HTTP/1.0\r\nContent-Length: 99\r\n\r\n";
        let body = request(&format!("{head}name=a&pass%77ord2=secret;x&b=1"));
        assert!(
            body.ends_with(r"\nname=a&pass%77ord2=••••••••&b=1"),
            "{body}"
        );
    }

    #[test]
    fn a_part_of_a_multipart_body_is_hidden() {
        let message = "POST / HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=X\r\n\r\n\
            --X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush\r\n--X--";
        assert!(request(message).ends_with(r"\r\n\r\n••••\r\n--X--"));
    }

    #[test]
    fn every_beginning_of_a_message_is_hidden() {
        let message =
            "POST /?password=!!! HTTP/1.0\r\nCookie: sessionid=!!!\r\n\r\na=1&password=!!!";
        for end in 0..=message.len() {
            let shown = request(&message[..end]);
            assert!(!shown.contains('!'), "{shown}");
        }
    }

    #[test]
    fn what_a_page_repeats_is_hidden() {
        let request = b"GET /?password=hushhush&sessionid=abc HTTP/1.0\r\n";
        let found = secrets(request, MessageKind::Request);
        let response = b"HTTP/1.0 404 Not Found\r\n\r\nabc hushhushhush";
        let places = repeated(response, request, &found);
        let whole = Span::new(26, response.len());
        assert_eq!(masked(response, whole, &places), "abc ••••••••••••");
        assert_eq!(masked(response, Span::new(26, 36), &places), "abc ••••••");
        assert_eq!(masked(response, Span::new(40, 42), &places), "••");
    }

    #[test]
    fn a_request_too_many_is_hidden_too() {
        let shown = request("GET /\r\nGET / HTTP/1.0\r\nCookie: sessionid=abc\r\n\r\n");
        assert!(!shown.contains("abc"), "{shown}");
    }

    #[test]
    fn other_values_stay() {
        for message in [
            "GET /?session=1&pass=2 HTTP/1.0\r\nCookie: xsessionid=3; a=password\r\n\r\n",
            "GET / HTTP/1.0\r\nX: y=sessionid=1\r\n\r\n",
        ] {
            assert_eq!(
                secrets(message.as_bytes(), MessageKind::Request),
                [],
                "{message}"
            );
        }
        assert_eq!(hidden(b"abc", &[Span::new(1, 2)]), b"a*c");
    }
}
