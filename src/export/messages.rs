//! Several messages, one after the other, as they pass on a connection that is kept.
//!
//! A message is cut off where its own length ends it, and only when what follows begins like another of its kind: else
//! it stays there, and is in excess.

use super::{CurlTrace, Dissection, MessageKind};
use crate::wire::{BodyFraming, RequestHead, ResponseHead, Version, is_token};

/// The dissections of the messages in `bytes`, which are of one kind; at least one.
#[must_use]
pub fn dissect_messages(bytes: Vec<u8>, kind: MessageKind) -> Vec<Dissection> {
    cut(bytes, kind, false)
}

impl CurlTrace {
    /// The dissections of the messages that curl sent and received, in order.
    #[must_use]
    pub fn dissect(self) -> Vec<Dissection> {
        let mut dissections: Vec<Dissection> = Vec::new();
        for (kind, bytes) in self.runs {
            let to_head = dissections.last().is_some_and(|before| {
                before.kind == MessageKind::Request && before.bytes.starts_with(b"HEAD ")
            });
            dissections.extend(cut(bytes, kind, to_head));
        }
        dissections
    }
}

fn cut(bytes: Vec<u8>, kind: MessageKind, to_head: bool) -> Vec<Dissection> {
    let mut dissections = Vec::new();
    let mut rest = bytes.as_slice();
    while dissections.len() < MOST_MESSAGES
        && let Some(length) = length(rest, kind, to_head)
        && let Some((message, after)) = rest.split_at_checked(length)
        && begins(after, kind)
    {
        dissections.push(dissect(message.to_vec(), kind, to_head));
        rest = after;
    }
    dissections.push(dissect(rest.to_vec(), kind, to_head));
    dissections
}

fn dissect(bytes: Vec<u8>, kind: MessageKind, to_head: bool) -> Dissection {
    match kind {
        MessageKind::Request => Dissection::request(bytes),
        MessageKind::Response if to_head => Dissection::response_to_head(bytes),
        MessageKind::Response => Dissection::response(bytes),
    }
}

/// How long the first message is, when it says so.
fn length(bytes: &[u8], kind: MessageKind, to_head: bool) -> Option<usize> {
    let start = start(bytes);
    let (head, framing) = match kind {
        MessageKind::Request => {
            let head = RequestHead::dissect(start);
            (head.anatomy().end(), head.framing())
        }
        MessageKind::Response => {
            let head = ResponseHead::dissect(start);
            (head.anatomy().end(), head.framing())
        }
    };
    match framing {
        _ if to_head => Some(head),
        Ok(BodyFraming::None) => Some(head),
        Ok(BodyFraming::Length(body)) => head.checked_add(usize::try_from(body).ok()?),
        Ok(BodyFraming::UntilClose) | Err(_) => None,
    }
}

/// Whether these bytes begin like a message of this kind, as far as its first line shows.
fn begins(bytes: &[u8], kind: MessageKind) -> bool {
    match kind {
        MessageKind::Response => bytes.starts_with(b"HTTP/"),
        MessageKind::Request => {
            let head = RequestHead::dissect(start(bytes));
            let has_version = head.version() != Version::Simple;
            has_version && is_token(head.method()) && !head.target().is_empty()
        }
    }
}

/// What a head may take of the bytes: so that no byte of a long body is looked at for it.
fn start(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..MOST_HEAD).unwrap_or(bytes).to_vec()
}

/// 64 KiB, four times the limit that `serve` has.
const MOST_HEAD: usize = 64 * 1024;

/// Nobody reads more of them.
const MOST_MESSAGES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(bytes: &[u8], kind: MessageKind) -> Vec<usize> {
        let dissections = dissect_messages(bytes.to_vec(), kind);
        dissections.iter().map(|one| one.bytes.len()).collect()
    }

    #[test]
    fn messages_in_a_row_are_told_apart() {
        let get = b"GET / HTTP/1.0\r\n\r\n";
        let post = b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi";
        let all = [&get[..], post, get].concat();
        assert_eq!(lengths(&all, MessageKind::Request), [18, 40, 18]);
        let ok = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let not_modified = b"HTTP/1.0 304 Not Modified\r\n\r\n";
        let all = [&ok[..], not_modified, b"HTTP/1.0 200 OK\r\n\r\nHTTP/"].concat();
        assert_eq!(lengths(&all, MessageKind::Response), [40, 29, 24]);
    }

    #[test]
    fn what_does_not_begin_like_a_message_is_in_excess() {
        for rest in [&b"more"[..], b"a=1&b=2\r\n", b"GET /\r\n", b"HTTP/1.0\r\n"] {
            let all = [b"GET / HTTP/1.0\r\n\r\n", rest].concat();
            assert_eq!(lengths(&all, MessageKind::Request), [all.len()]);
        }
        assert_eq!(lengths(b"", MessageKind::Request), [0]);
        assert_eq!(lengths(b"GET / HT", MessageKind::Request), [8]);
    }

    #[test]
    fn a_trace_knows_what_answers_a_head() {
        let trace = CurlTrace {
            runs: vec![
                (MessageKind::Request, b"HEAD / HTTP/1.0\r\n\r\n".to_vec()),
                (
                    MessageKind::Response,
                    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n".to_vec(),
                ),
            ],
            is_lossy: false,
        };
        let dissections = trace.dissect();
        assert_eq!(dissections.len(), 2);
        assert!(dissections.iter().all(|one| one.faults.is_empty()));
    }
}
