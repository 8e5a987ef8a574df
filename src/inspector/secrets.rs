//! Secrets: where they stand in a message's bytes, so that they can be written over.
//!
//! What stands after a name that sounds like a secret's (`password=`, `sessionid=`, ...), in a query, a form, a
//! cookie or an echo of one, up to the next separator; the content of a multipart part with such a name; and
//! the value of an `Authorization` field. Each byte becomes `*`, so every offset stays what it was.
//!
//! What the site writes about a secret in its own words is not known here.

/// Writes secrets over.
pub(super) fn hide(message: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = next(message, at) {
        let (start, end) = found;
        if let Some(secret) = message.get_mut(start..end) {
            secret.fill(b'*');
        }
        at = end.max(start + 1);
    }
}

/// A name is a secret's if it has one of these in it, in any case.
const SOUNDS: [&[u8]; 6] = [b"pass", b"pwd", b"secret", b"session", b"token", b"csrf"];

/// What ends a secret after `name=`.
const ENDS: &[u8] = b"&; \t\r\n\"'<,";

/// The next secret's place from `from` on, if there is one.
fn next(message: &[u8], from: usize) -> Option<(usize, usize)> {
    for at in from..message.len() {
        let rest = message.get(at..)?;
        match rest {
            [b'=', b'"', name @ ..] if before(message, at).ends_with(b"name") => {
                // name="password": its content stands after the blank line of the part's head.
                let name = name
                    .split(|&octet| octet == b'"')
                    .next()
                    .unwrap_or_default();
                let head = rest.get(..rest.len().min(LONGEST_HEAD))?;
                if sounds_secret(name)
                    && let Some(found) = find(head, b"\r\n\r\n")
                {
                    let start = at + found + 4;
                    let content = message.get(start..)?;
                    let length = find(content, b"\r\n--").unwrap_or(content.len());
                    return Some((start, start + length));
                }
            }
            [b'=', value @ ..] if sounds_secret(name_before(message, at)) => {
                let quote = usize::from(value.first() == Some(&b'"'));
                let value = value.get(quote..).unwrap_or_default();
                let length = value
                    .iter()
                    .position(|octet| ENDS.contains(octet))
                    .unwrap_or(value.len());
                let start = at + 1 + quote;
                if length > 0 {
                    return Some((start, start + length));
                }
            }
            [b':', value @ ..] if before(message, at).ends_with_ignoring_case(b"authorization") => {
                let length = value
                    .iter()
                    .position(|octet| b"\r\n".contains(octet))
                    .unwrap_or(value.len());
                if length > 0 {
                    return Some((at + 1, at + 1 + length));
                }
            }
            _ => {}
        }
    }
    None
}

trait EndsWith {
    fn ends_with_ignoring_case(&self, end: &[u8]) -> bool;
}

impl EndsWith for [u8] {
    fn ends_with_ignoring_case(&self, end: &[u8]) -> bool {
        let start = self.len().checked_sub(end.len());
        start
            .and_then(|start| self.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    }
}

fn before(message: &[u8], at: usize) -> &[u8] {
    message.get(..at).unwrap_or_default()
}

/// The word in front of an `=`.
fn name_before(message: &[u8], at: usize) -> &[u8] {
    let before = before(message, at);
    let is_word = |octet: &u8| octet.is_ascii_alphanumeric() || b"_-.%[]".contains(octet);
    let length = before
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|octet| is_word(octet))
        .count();
    before.get(at - length..).unwrap_or_default()
}

/// Bytes of a name that are looked at, so that the search stays linear.
const LONGEST_NAME: usize = 64;

/// Bytes of a part's head that are looked through, for the same reason.
const LONGEST_HEAD: usize = 1024;

fn sounds_secret(name: &[u8]) -> bool {
    SOUNDS.iter().any(|sound| {
        name.windows(sound.len())
            .any(|window| window.eq_ignore_ascii_case(sound))
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(message: &str) -> String {
        let mut bytes = message.as_bytes().to_vec();
        hide(&mut bytes);
        assert_eq!(bytes.len(), message.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn secrets_are_written_over_and_nothing_else() {
        for (message, wanted) in [
            (
                "GET /?username=a&password=b%20c&x=1 HTTP/1.0",
                "GET /?username=a&password=*****&x=1 HTTP/1.0",
            ),
            (
                "Cookie: age=10; sessionid=\"q1\"; csrftoken=z\r\n\r\n",
                "Cookie: age=10; sessionid=\"**\"; csrftoken=*\r\n\r\n",
            ),
            (
                "Set-Cookie: SessionID=abc; Path=/\r\n",
                "Set-Cookie: SessionID=***; Path=/\r\n",
            ),
            (
                "authorization: Basic xyz\r\nA: b",
                "authorization:**********\r\nA: b",
            ),
            ("username=a&Password2=hi", "username=a&Password2=**"),
            (
                "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhi\r\n--B\r\n",
                "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n**\r\n--B\r\n",
            ),
            (
                "--B\r\nContent-Disposition: form-data; name=\"age\"\r\n\r\nhi\r\n--B\r\n",
                "--B\r\nContent-Disposition: form-data; name=\"age\"\r\n\r\nhi\r\n--B\r\n",
            ),
            ("password=", "password="),
            ("a==b=c: password", "a==b=c: password"),
        ] {
            assert_eq!(hidden(message), wanted);
        }
    }
}
