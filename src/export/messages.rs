//! Several messages, one after the other, as they pass on a connection that is kept.
//!
//! A message is cut off where its own length ends it, and only when what follows begins like another of its kind: else
//! it stays there, and is in excess.

use super::chunks::{Chunks, chunked_at};
use super::{CurlConnection, Dissection, MessageKind};
use crate::wire::{
    Anatomy, BodyFraming, FaultKind, Part, RequestHead, ResponseHead, Version, is_token,
};

/// The dissections of the messages in `bytes`, which are of one kind; at least one.
#[must_use]
pub fn dissect_messages(bytes: Vec<u8>, kind: MessageKind) -> Vec<Dissection> {
    cut(bytes, kind, false)
}

impl CurlConnection {
    /// The dissections of the messages that curl sent and received on it, in order.
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
        && let Extent::Known(length) = extent(rest, kind, to_head)
        && let Some((message, after)) = rest.split_at_checked(length)
        && begins(after, kind)
    {
        dissections.push(dissect(message.to_vec(), kind, to_head));
        rest = after;
    }
    dissections.push(dissect(rest.to_vec(), kind, to_head));
    dissections
}

/// One message with its labels; `to_head` for a response that answers a HEAD.
pub(super) fn dissect(bytes: Vec<u8>, kind: MessageKind, to_head: bool) -> Dissection {
    match kind {
        MessageKind::Request => Dissection::request(bytes),
        MessageKind::Response if to_head => Dissection::response_to_head(bytes),
        MessageKind::Response => Dissection::response(bytes),
    }
}

/// How far a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// So many bytes, which may be more than there are.
    Known(usize),
    /// Until the sender closes.
    UntilClose,
    /// Nobody can tell: its head has no end yet, its length is wrong, or its chunks stop.
    Unknown,
}

/// How far the message goes that begins here.
pub(super) fn extent(bytes: &[u8], kind: MessageKind, to_head: bool) -> Extent {
    let start = start(bytes);
    let (anatomy, framing, is_chunked) = match kind {
        MessageKind::Request => {
            let head = RequestHead::dissect(start);
            let framing = head.framing();
            let is_chunked =
                matches!(&framing, Err(fault) if fault.kind == FaultKind::TransferEncoding);
            (head.anatomy().clone(), framing, is_chunked)
        }
        MessageKind::Response => {
            let head = ResponseHead::dissect(start);
            let is_chunked = head.version() != Version::Simple && chunked_at(&head).is_some();
            (head.anatomy().clone(), head.framing(), is_chunked)
        }
    };
    let head = anatomy.end();
    let is_whole = is_whole(&anatomy, bytes, kind);
    match framing {
        _ if !is_whole => Extent::Unknown,
        _ if to_head => Extent::Known(head),
        Ok(BodyFraming::None) => Extent::Known(head),
        _ if is_chunked => match Chunks::of(bytes.get(head..).unwrap_or_default()).end {
            Ok(end) => Extent::Known(head + end),
            Err(_) => Extent::Unknown,
        },
        Ok(BodyFraming::Length(body)) => usize::try_from(body)
            .ok()
            .and_then(|body| head.checked_add(body))
            .map_or(Extent::Unknown, Extent::Known),
        Ok(BodyFraming::UntilClose) => Extent::UntilClose,
        Err(_) => Extent::Unknown,
    }
}

/// Whether the head has its end: the blank line, or in HTTP/0.9 that of the only line.
fn is_whole(anatomy: &Anatomy, bytes: &[u8], kind: MessageKind) -> bool {
    let has_blank_line = || {
        let mut labels = anatomy.labels();
        labels.any(|label| matches!(label.part, Part::BlankLine(_)))
    };
    let is_simple = || match kind {
        MessageKind::Request => bytes.get(..anatomy.end()).is_some_and(|line| {
            line.ends_with(b"\n")
                && RequestHead::dissect(line.to_vec()).version() == Version::Simple
        }),
        MessageKind::Response => !bytes.starts_with(b"HTTP/"),
    };
    has_blank_line() || is_simple()
}

/// Whether these bytes begin like a message of this kind, as far as its first line shows.
pub(super) fn begins(bytes: &[u8], kind: MessageKind) -> bool {
    match kind {
        MessageKind::Response => bytes.starts_with(b"HTTP/"),
        MessageKind::Request => {
            // Only the first line is looked at, and only if it can be one: this is asked of many bytes.
            let start = bytes.get(..MOST_HEAD).unwrap_or(bytes);
            let line = start.split_inclusive(|octet| *octet == b'\n').next();
            let line = line.unwrap_or_default();
            if !line.windows(6).any(|six| six == b" HTTP/") {
                return false;
            }
            let head = RequestHead::dissect(line.to_vec());
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
pub(super) const MOST_MESSAGES: usize = 1000;

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
    fn a_chunked_message_ends_behind_its_last_chunk() {
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nHTTP\r\n0\r\n\r\n";
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let all = [&chunked[..], ok, chunked].concat();
        let (long, short) = (chunked.len(), ok.len());
        assert_eq!(lengths(&all, MessageKind::Response), [long, short, long]);
        // Where the counting stops there is no end, and nothing is cut.
        let broken = [&chunked[..chunked.len() - 5], ok].concat();
        assert_eq!(lengths(&broken, MessageKind::Response), [broken.len()]);
        let post = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let get = b"GET / HTTP/1.1\r\n\r\n";
        let all = [&post[..], get].concat();
        assert_eq!(lengths(&all, MessageKind::Request), [post.len(), get.len()]);
    }

    #[test]
    fn a_trace_knows_what_answers_a_head() {
        let connection = CurlConnection {
            id: None,
            runs: vec![
                (MessageKind::Request, b"HEAD / HTTP/1.0\r\n\r\n".to_vec()),
                (
                    MessageKind::Response,
                    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n".to_vec(),
                ),
            ],
        };
        let dissections = connection.dissect();
        assert_eq!(dissections.len(), 2);
        assert!(dissections.iter().all(|one| one.faults.is_empty()));
    }
}
