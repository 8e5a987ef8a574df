//! A request as a command to paste: `printf ... | nc`, which sends the very bytes, and `curl`, which sends
//! what it makes of them.
//!
//! Whatever a peer sent stands in single quotes, with everything that is not printable escaped for `printf`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::wire::{FaultKind, RequestHead, Version};

/// Bytes of a request that still make a command that can be pasted.
const MOST: usize = 8 * 1024;

/// `printf '...' | nc HOST PORT`; nothing when the request is too long for that.
pub(super) fn netcat(request: &[u8], server: SocketAddr) -> Option<String> {
    let fits = !request.is_empty() && request.len() <= MOST;
    let (ip, port) = (server.ip(), server.port());
    fits.then(|| format!("printf {} | nc {ip} {port}", printf(request)))
}

/// `curl`, told to send the same method, target, fields and body; nothing when curl could not.
pub(super) fn curl(head: &RequestHead, body: &[u8], server: SocketAddr) -> Option<String> {
    let is_bad = |kind: FaultKind| head.faults().iter().any(|fault| fault.kind == kind);
    let is_sendable = head.is_complete()
        && head.version() != Version::Simple
        && head.refusal().is_none()
        && !is_bad(FaultKind::SimpleRequest)
        && head.target().starts_with(b"/")
        && head.bytes().len() + body.len() <= MOST;
    if !is_sendable {
        return None;
    }
    let mut command = String::new();
    if !body.is_empty() {
        // Writing to a String cannot fail, here and below.
        let _ = write!(command, "printf {} | ", printf(body));
    }
    command.push_str("curl -i --path-as-is --globoff");
    if matches!(head.version(), Version::Numbered(1, 0)) {
        command.push_str(" --http1.0");
    }
    match head.method() {
        b"GET" if body.is_empty() => {}
        b"HEAD" => command.push_str(" --head"),
        method => {
            let _ = write!(command, " -X {}", quoted(method)?);
        }
    }
    let mut own = vec![&b"User-Agent"[..], b"Accept", b"Host"];
    if !body.is_empty() {
        own.push(b"Content-Type");
    }
    for field in head.fields() {
        own.retain(|name| !field.name.eq_ignore_ascii_case(name));
        if field.name.eq_ignore_ascii_case(b"Content-Length") {
            continue;
        }
        // A name with a semicolon and no value is how curl is told to send an empty field.
        let line = if field.value.is_empty() {
            [field.name, b";"].concat()
        } else {
            [field.name, b": ", &field.value].concat()
        };
        let _ = write!(command, " -H {}", quoted(&line)?);
    }
    // What the request did not have curl must not add.
    for name in own {
        let _ = write!(command, " -H '{}:'", String::from_utf8_lossy(name));
    }
    if !body.is_empty() {
        command.push_str(" --data-binary @-");
    }
    let target = quoted(&[format!("http://{server}").as_bytes(), head.target()].concat())?;
    let _ = write!(command, " {target}");
    Some(command)
}

/// Bytes as the format of `printf`, in single quotes.
fn printf(bytes: &[u8]) -> String {
    let mut out = String::from("'");
    for &octet in bytes {
        let _ = match octet {
            b'\r' => out.write_str("\\r"),
            b'\n' => out.write_str("\\n"),
            b'\\' => out.write_str("\\\\"),
            b'%' => out.write_str("%%"),
            b'\'' => out.write_str("\\047"),
            b' '..=b'~' => out.write_char(char::from(octet)),
            _ => write!(out, "\\{octet:03o}"),
        };
    }
    out.push('\'');
    out
}

/// Printable ASCII in single quotes; nothing for other bytes, which a shell's argument may not keep.
fn quoted(bytes: &[u8]) -> Option<String> {
    let is_plain = bytes.iter().all(|octet| matches!(octet, b' '..=b'~'));
    let text = str::from_utf8(bytes).ok().filter(|_| is_plain)?;
    Some(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> SocketAddr {
        "127.0.0.1:8000".parse().unwrap()
    }

    fn curl_of(request: &[u8]) -> Option<String> {
        let head = RequestHead::dissect(request.to_vec());
        let body = request.get(head.anatomy().end()..).unwrap();
        curl(&head, body, server())
    }

    #[test]
    fn every_byte_gets_through_printf() {
        assert_eq!(
            netcat(b"GET /%41'\\\xff\0 HTTP/1.0\r\n\r\n", server()).unwrap(),
            r"printf 'GET /%%41\047\\\377\000 HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8000"
        );
        assert_eq!(netcat(b"", server()), None);
        assert_eq!(netcat(&[b'a'; MOST + 1], server()), None);
    }

    #[test]
    fn curl_is_told_what_to_send_and_what_not_to_add() {
        assert_eq!(
            curl_of(b"GET /it's?a=1 HTTP/1.0\r\nHost: x\r\nX-E:\r\n\r\n").unwrap(),
            r"curl -i --path-as-is --globoff --http1.0 -H 'Host: x' -H 'X-E;' -H 'User-Agent:' -H 'Accept:' 'http://127.0.0.1:8000/it'\''s?a=1'"
        );
        let post = b"POST / HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na%\n";
        let post = curl_of(post).unwrap();
        assert!(post.starts_with(r"printf 'a%%\n' | curl "), "{post}");
        assert!(
            post.contains(" -X 'POST' -H 'Content-Type: text/plain' -H"),
            "{post}"
        );
        assert!(post.contains(" --data-binary @- 'http:"), "{post}");
    }

    #[test]
    fn what_curl_cannot_send_is_no_command() {
        for request in [
            &b"GET /\r\n"[..],
            b"GET /a b HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.0\r\n",
            b"GET / HTTP/1.0\r\nX: \xff\r\n\r\n",
        ] {
            assert_eq!(curl_of(request), None);
        }
    }
}
