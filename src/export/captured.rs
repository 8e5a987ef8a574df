//! A captured stream as HTTP: its messages, each with its labels, and what cannot be labelled, said as such.
//!
//! * A message ends where its own length ends it and another one begins, as with several messages in a file; at a gap; or
//!   where the capture of its side ends. One that the capture cut has no fault for that: its sender did not.
//! * Behind a gap, the rest of a body whose length is known is body, and the next message stands behind it. Where the
//!   length is not known, nothing is labelled until a segment begins like a message.
//! * A response belongs to the first request that has no answer yet and came before it; behind a gap of the server's, to
//!   the latest such request. A 1xx is not the answer.
//! * Whether a stream is HTTP at all is told by how its sides, or segments of them, begin.

use super::messages::{Extent, MOST_MESSAGES, begins, dissect, extent};
use super::{Dissection, MessageKind, TcpEnd, TcpHalf, TcpPiece, TcpStream};
use crate::wire::{Fault, FaultKind, Part, ResponseHead, is_token};

/// What one side sent, piece by piece.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CapturedItem {
    /// Whose bytes: a client's are a request or of one, a server's a response or of one.
    pub kind: MessageKind,
    /// The position of its first byte among all that this side sent.
    pub at: u64,
    /// The packet that has this byte; of what is missing, the packet behind it.
    pub packet: Option<usize>,
    /// What it is.
    pub what: CapturedWhat,
}

/// What an item is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CapturedWhat {
    /// A message, or the part of it before a gap or the capture's end.
    Message {
        /// Its labels and faults.
        dissection: Box<Dissection>,
        /// Which exchange of the stream, from 1 on; `None` for a response to nothing that is here.
        exchange: Option<usize>,
        /// Whether the capture has only a part of it.
        is_cut: bool,
    },
    /// Bytes behind a gap.
    Rest {
        /// The bytes.
        bytes: Vec<u8>,
        /// `Body`, where the message before the gap has it that way, else `Unparsed`.
        part: Part,
    },
    /// So many bytes are not in the capture.
    Missing(u64),
}

impl TcpStream {
    /// What both sides sent: each request with its response behind it, and gaps where they are.
    #[must_use]
    pub fn items(&self) -> Vec<CapturedItem> {
        let mut count = 0;
        let requests = cut(&self.from_client, MessageKind::Request, |_| {
            count += 1;
            (Some(count), false)
        });
        // Of each request its packet, and whether it is a HEAD.
        let asked: Vec<(Option<usize>, bool)> = requests
            .iter()
            .filter_map(|item| match &item.what {
                CapturedWhat::Message { dissection, .. } => {
                    Some((item.packet, dissection.bytes.starts_with(b"HEAD ")))
                }
                _ => None,
            })
            .collect();
        let mut answered = 0;
        let responses = cut(&self.from_server, MessageKind::Response, |start| {
            let request = |at: usize| {
                let (packet, is_head) = asked.get(at)?;
                let came_before = start
                    .packet
                    .is_none_or(|own| packet.is_some_and(|at| at < own));
                came_before.then_some(*is_head)
            };
            while start.behind_gap && request(answered + 1).is_some() {
                answered += 1;
            }
            let Some(is_head) = request(answered) else {
                return (None, false);
            };
            let exchange = answered + 1;
            if !start.is_interim {
                answered += 1;
            }
            (Some(exchange), is_head)
        });
        // A response stands where its request does.
        let packet = |item: &CapturedItem| match item.exchange() {
            Some(exchange) => asked.get(exchange - 1).and_then(|(packet, _)| *packet),
            None => item.packet,
        };
        let mut items = keyed(requests, packet);
        items.extend(keyed(responses, packet));
        // Stable, so a request stands before the response with the same key.
        items.sort_by_key(|(key, _)| *key);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// Whether one of its sides begins like HTTP, as far as that can be seen.
    #[must_use]
    pub fn looks_like_http(&self) -> bool {
        let first = |half: &TcpHalf| match half.pieces.first() {
            Some(TcpPiece::Bytes { bytes, .. }) => {
                bytes.get(..MOST_METHOD).unwrap_or(bytes).to_vec()
            }
            _ => Vec::new(),
        };
        let (client, server) = (first(&self.from_client), first(&self.from_server));
        let mut words = client.splitn(2, |octet| *octet == b' ');
        let asks = words.next().is_some_and(is_token) && words.next().is_some();
        let begins = |half: &TcpHalf, kind| {
            half.pieces.iter().any(|piece| match piece {
                TcpPiece::Bytes {
                    bytes, segments, ..
                } => segments.iter().any(|(at, _)| {
                    let rest = bytes.get(*at..).unwrap_or_default();
                    begins(rest, kind)
                }),
                TcpPiece::Missing { .. } => false,
            })
        };
        asks || server.starts_with(b"HTTP/")
            || begins(&self.from_client, MessageKind::Request)
            || begins(&self.from_server, MessageKind::Response)
    }
}

impl CapturedItem {
    /// The exchange of a message, if it is of one.
    const fn exchange(&self) -> Option<usize> {
        match self.what {
            CapturedWhat::Message { exchange, .. } => exchange,
            _ => None,
        }
    }
}

/// A packet and an exchange: what items are put in order by.
type Key = (usize, usize);

/// Nobody's method is longer, with the blank behind it.
const MOST_METHOD: usize = 64;

/// Items with keys that never fall, so that each side stays in its own order.
fn keyed(
    items: Vec<CapturedItem>,
    packet: impl Fn(&CapturedItem) -> Option<usize>,
) -> Vec<(Key, CapturedItem)> {
    let mut latest = (0, 0);
    let with_key = |item: CapturedItem| {
        // What has no packet stands at the end.
        let key = (
            packet(&item).unwrap_or(usize::MAX),
            item.exchange().unwrap_or_default(),
        );
        latest = key.max(latest);
        (latest, item)
    };
    items.into_iter().map(with_key).collect()
}

/// What is known of a message before it is cut.
struct Start {
    packet: Option<usize>,
    /// Whether it is a 1xx.
    is_interim: bool,
    /// Whether a gap lies between the one before and this one.
    behind_gap: bool,
}

/// Where in a message the next byte is.
#[derive(Clone, Copy)]
enum State {
    /// At the beginning of one.
    Begin,
    /// In a body with so many bytes to come.
    Body(u64),
    /// In a body that ends with the close.
    UntilClose,
    /// Nobody knows.
    Lost,
}

/// Cuts one side into items. `begin` is told where a message begins; it answers of which exchange it is, and whether that
/// is the response to a HEAD.
fn cut(
    half: &TcpHalf,
    kind: MessageKind,
    mut begin: impl FnMut(&Start) -> (Option<usize>, bool),
) -> Vec<CapturedItem> {
    let mut items = Vec::new();
    let mut state = if half.has_beginning {
        State::Begin
    } else {
        State::Lost
    };
    let (mut behind_gap, mut messages) = (false, 0);
    for piece in &half.pieces {
        let (at, bytes, segments) = match piece {
            TcpPiece::Bytes {
                at,
                bytes,
                segments,
            } => (*at, bytes, segments),
            TcpPiece::Missing { at, length, before } => {
                items.push(CapturedItem {
                    kind,
                    at: *at,
                    packet: *before,
                    what: CapturedWhat::Missing(*length),
                });
                behind_gap = true;
                state = match state {
                    State::Body(left) if left > *length => State::Body(left - length),
                    State::Body(left) if left == *length => State::Begin,
                    State::UntilClose => State::UntilClose,
                    _ => State::Lost,
                };
                continue;
            }
        };
        let mut from = 0;
        while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
            let packet = segments.iter().rev().find(|(start, _)| *start <= from);
            let packet = packet.map(|(_, packet)| *packet);
            let item = |what| CapturedItem {
                kind,
                at: at + from as u64,
                packet,
                what,
            };
            let rest_of = |length: usize, part| {
                let bytes = rest.get(..length).unwrap_or(rest).to_vec();
                item(CapturedWhat::Rest { bytes, part })
            };
            match state {
                State::Body(left) => {
                    let count =
                        usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    items.push(rest_of(count, Part::Body));
                    from += count;
                    let left = left.saturating_sub(count as u64);
                    state = if left == 0 {
                        State::Begin
                    } else {
                        State::Body(left)
                    };
                }
                State::UntilClose => {
                    items.push(rest_of(rest.len(), Part::Body));
                    from = bytes.len();
                }
                State::Lost => {
                    let mut starts = segments.iter().map(|(start, _)| *start);
                    let found = starts.find(|start| {
                        *start >= from && bytes.get(*start..).is_some_and(|rest| begins(rest, kind))
                    });
                    let until = found.unwrap_or(bytes.len());
                    if until > from {
                        items.push(rest_of(until - from, Part::Unparsed));
                    }
                    from = until;
                    if found.is_some() {
                        state = State::Begin;
                    }
                }
                State::Begin => {
                    let is_interim = kind == MessageKind::Response && is_interim(rest);
                    let (exchange, to_head) = begin(&Start {
                        packet,
                        is_interim,
                        behind_gap,
                    });
                    behind_gap = false;
                    messages += 1;
                    let (length, next) = match extent(rest, kind, to_head) {
                        // What does not begin like a message stays with the one before it, in excess.
                        Extent::Known(length) if length <= rest.len() => {
                            let after = rest.get(length..).unwrap_or_default();
                            let is_next = messages < MOST_MESSAGES && begins(after, kind);
                            (if is_next { length } else { rest.len() }, State::Begin)
                        }
                        Extent::Known(length) => {
                            let left = length.saturating_sub(rest.len()) as u64;
                            (rest.len(), State::Body(left))
                        }
                        Extent::UntilClose => (rest.len(), State::UntilClose),
                        Extent::Unknown => (rest.len(), State::Lost),
                    };
                    let message = rest.get(..length).unwrap_or(rest).to_vec();
                    let mut dissection = Box::new(dissect(message, kind, to_head));
                    let is_last = from + length == bytes.len();
                    let ends_here = at + bytes.len() as u64 == half.length();
                    let mut is_cut = false;
                    if is_last && !(ends_here && half.end == TcpEnd::Fin) {
                        // Not its sender cut it, as far as can be seen.
                        dissection.faults.retain(|fault| {
                            let is_it = is_about_its_end(fault);
                            is_cut |= is_it;
                            !is_it
                        });
                    }
                    items.push(item(CapturedWhat::Message {
                        dissection,
                        exchange,
                        is_cut,
                    }));
                    from += length;
                    state = next;
                }
            }
        }
    }
    items
}

/// Whether the fault says that the message's sender stopped before its end.
const fn is_about_its_end(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::HeadCutShort | FaultKind::BodyCutShort | FaultKind::BadChunk
    )
}

/// Whether a response is a 1xx that another one follows: all but 101, behind which HTTP ends (RFC 9110 15.2).
fn is_interim(bytes: &[u8]) -> bool {
    let first_line = bytes.get(..64).unwrap_or(bytes).to_vec();
    let status = ResponseHead::dissect(first_line).status();
    status.is_some_and(|status| status.code() / 100 == 1 && status.code() != 101)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::export::{KnownBy, stream_json, stream_text};
    use crate::wire::Lang;

    const GET: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

    fn half(pieces: Vec<TcpPiece>, end: TcpEnd) -> TcpHalf {
        TcpHalf {
            pieces,
            has_beginning: true,
            end,
            ..TcpHalf::default()
        }
    }

    fn bytes(at: u64, text: &[u8], segments: &[(usize, usize)]) -> TcpPiece {
        TcpPiece::Bytes {
            at,
            bytes: text.to_vec(),
            segments: segments.to_vec(),
        }
    }

    fn missing(at: u64, length: u64, before: Option<usize>) -> TcpPiece {
        TcpPiece::Missing { at, length, before }
    }

    fn stream(client: Vec<TcpPiece>, server: Vec<TcpPiece>) -> TcpStream {
        TcpStream {
            number: 4,
            client: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            server: SocketAddr::from(([127, 0, 0, 1], 80)),
            known_by: KnownBy::Syn,
            packets: 9,
            from_client: half(client, TcpEnd::Fin),
            from_server: half(server, TcpEnd::Fin),
        }
    }

    /// Each item in a word: `request 1`, `body 5`, `missing 9`.
    fn outline(stream: &TcpStream) -> Vec<String> {
        let word = |item: &CapturedItem| match &item.what {
            CapturedWhat::Message {
                dissection,
                exchange,
                ..
            } => {
                let (name, length) = (dissection.kind.name(), dissection.bytes.len());
                let number = exchange.map_or("-".to_owned(), |number| number.to_string());
                let faults: Vec<_> = dissection
                    .faults
                    .iter()
                    .map(|one| one.kind.slug())
                    .collect();
                format!("{name} {number}: {length} {}", faults.join(" "))
                    .trim_end()
                    .to_owned()
            }
            CapturedWhat::Rest { bytes, part } => format!("{} {}", part.name(), bytes.len()),
            CapturedWhat::Missing(length) => format!("missing {length}"),
        };
        stream.items().iter().map(word).collect()
    }

    #[test]
    fn each_response_stands_behind_its_request() {
        let head = b"HEAD / HTTP/1.1\r\n\r\n";
        let requests = [GET, head, GET].concat();
        let to_head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        let short = b"HTTP/1.1 304 Not Modified\r\n\r\n";
        let early = b"HTTP/1.1 103 Early Hints\r\n\r\n";
        let responses = [&short[..], early, to_head, b"HTTP/1.0 200 OK\r\n\r\nhi"].concat();
        // All three requests came before the first response.
        let segments = [(0, 1), (GET.len(), 2), (GET.len() + head.len(), 3)];
        let pipelined = stream(
            vec![bytes(0, &requests, &segments)],
            vec![bytes(0, &responses, &[(0, 4), (90, 5)])],
        );
        let wanted = [
            "request 1: 18",
            "response 1: 29",
            "request 2: 19",
            "response 2: 28",
            "response 2: 38",
            "request 3: 18",
            "response 3: 21",
        ];
        assert_eq!(outline(&pipelined), wanted);
        let unasked = stream(Vec::new(), vec![bytes(0, short, &[(0, 1)])]);
        assert_eq!(outline(&unasked), ["response -: 29"]);
    }

    #[test]
    fn behind_a_gap_only_what_is_known_is_labelled() {
        let head = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 20\r\n\r\n";
        let begin = [&head[..], b"0123"].concat();
        let next = b"HTTP/1.0 304 Not Modified\r\n\r\n";
        let at = begin.len() as u64;
        // The gap lies in the body: 10 of 16 bytes.
        let behind = [&b"abcdef"[..], next].concat();
        let known = stream(
            vec![bytes(0, &[GET, GET].concat(), &[(0, 1), (18, 3)])],
            vec![
                bytes(0, &begin, &[(0, 2)]),
                missing(at, 10, Some(4)),
                bytes(at + 10, &behind, &[(0, 4), (6, 5)]),
            ],
        );
        let wanted = [
            "request 1: 18",
            "response 1: 65",
            "request 2: 18",
            "missing 10",
            "body 6",
            "response 2: 29",
        ];
        assert_eq!(
            outline(&known)[..],
            wanted.map(|line| line.replace("65", &at.to_string()))
        );
        // It reaches further than the body: labels begin anew with a segment that begins like a message.
        let lost = stream(
            vec![bytes(0, &[GET, GET].concat(), &[(0, 1), (18, 3)])],
            vec![
                bytes(0, &begin, &[(0, 2)]),
                missing(at, 30, Some(4)),
                bytes(at + 30, &behind, &[(0, 4), (6, 5)]),
            ],
        );
        let lines = outline(&lost);
        assert_eq!(lines[3..], ["missing 30", "unparsed 6", "response 2: 29"]);
        let text = stream_text(&lost, false, 256, Lang::En);
        let text = anstream::adapter::strip_str(&text).to_string();
        let sentence = format!(
            "\nmissing: 30 bytes at byte {at} of what the server sent are not in the capture, before packet 4\n"
        );
        assert!(text.contains(&sentence), "{text}");
        assert!(
            text.contains("\nstream 4, exchange 2\n\nrequest, 18 bytes\n"),
            "{text}"
        );
        let json = stream_json(&lost, false, 256);
        assert_eq!(json["items"][3]["what"], "missing");
        assert_eq!(json["items"][3]["length"], 30);
        assert_eq!(json["items"][4]["labels"][0]["part"], "unparsed");
        assert_eq!(json["items"][5]["exchange"], 2);
    }

    #[test]
    fn who_cut_a_message_is_blamed_for_it_and_nobody_else() {
        let cut = b"HTTP/1.0 200 OK\r\nContent-Length: 20\r\n\r\n0123";
        let server = vec![bytes(0, cut, &[(0, 2)])];
        let mut stream = stream(vec![bytes(0, GET, &[(0, 1)])], server);
        let length = cut.len();
        assert_eq!(
            outline(&stream)[1],
            format!("response 1: {length} body-cut-short")
        );
        stream.from_server.end = TcpEnd::Open;
        assert_eq!(outline(&stream)[1], format!("response 1: {length}"));
        let text = stream_text(&stream, false, 256, Lang::Zh);
        assert!(text.contains("这条消息在抓包里到此为止。"), "{text}");
        stream.from_server.end = TcpEnd::Fin;
        stream
            .from_server
            .pieces
            .push(missing(length as u64, 16, None));
        assert_eq!(
            outline(&stream)[1..],
            [format!("response 1: {length}"), "missing 16".to_owned()]
        );
    }

    #[test]
    fn what_is_not_http_is_counted_and_shown_when_asked_for() {
        let hello = b"\x16\x03\x01\x02\x00\x01";
        let stream = stream(
            vec![bytes(0, hello, &[(0, 1)])],
            vec![bytes(0, hello, &[(0, 2)])],
        );
        assert!(!stream.looks_like_http());
        let text = stream_text(&stream, false, 256, Lang::En);
        assert!(
            text.contains("6 bytes from the client and 6 from the server"),
            "{text}"
        );
        assert!(!text.contains("request"), "{text}");
        assert!(stream_text(&stream, true, 256, Lang::En).contains("request"));
        assert_eq!(stream_json(&stream, false, 256)["is_http"], false);
    }

    #[test]
    fn a_capture_from_the_middle_on_waits_for_a_message() {
        let text = [&b"</html>"[..], b"HTTP/1.0 304 Not Modified\r\n\r\n"].concat();
        let mut stream = stream(Vec::new(), vec![bytes(0, &text, &[(0, 1), (7, 2)])]);
        stream.from_server.has_beginning = false;
        assert!(stream.looks_like_http());
        assert_eq!(outline(&stream), ["unparsed 7", "response -: 29"]);
        let text = stream_text(&stream, false, 256, Lang::En);
        assert!(
            text.contains("in the middle of what the server sent"),
            "{text}"
        );
    }

    #[test]
    fn items_tile_what_was_sent_wherever_gaps_and_segments_are() {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let counted = b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.0 ";
        let text = [&counted[..], chunked, counted, b"HTTP/1.0 200 OK\r\n\r\nhi"].concat();
        for gap_at in 0..text.len() {
            for length in [0, 1, 7, 60] {
                let behind = text.len().min(gap_at + length);
                let mut pieces = Vec::new();
                if gap_at > 0 {
                    pieces.push(bytes(0, &text[..gap_at], &[(0, 2), (gap_at / 2, 3)]));
                }
                if behind > gap_at {
                    let length = (behind - gap_at) as u64;
                    pieces.push(missing(gap_at as u64, length, Some(4)));
                }
                if behind < text.len() {
                    pieces.push(bytes(behind as u64, &text[behind..], &[(0, 4)]));
                }
                let stream = stream(vec![bytes(0, GET, &[(0, 1)])], pieces);
                let mut end = 0;
                for item in stream.items() {
                    if item.kind == MessageKind::Request {
                        continue;
                    }
                    assert_eq!(item.at, end, "{gap_at}, {length}");
                    let (seen, count) = match &item.what {
                        CapturedWhat::Message { dissection, .. } => {
                            (Some(&dissection.bytes), dissection.bytes.len() as u64)
                        }
                        CapturedWhat::Rest { bytes, .. } => (Some(bytes), bytes.len() as u64),
                        CapturedWhat::Missing(length) => (None, *length),
                    };
                    if let Some(seen) = seen {
                        let start = usize::try_from(end).unwrap();
                        assert_eq!(seen[..], text[start..start + seen.len()]);
                    }
                    end += count;
                }
                assert_eq!(end, text.len() as u64, "{gap_at}, {length}");
                assert!(!stream_text(&stream, true, 8, Lang::En).is_empty());
            }
        }
    }
}
