//! One exchange of a learner, or a request that has stopped half-way, in the terms of the checks.
//!
//! Everything here is read off the bytes that passed: the request's, the response's, and when each piece came.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use crate::record::{Event, Happening, Open, Passage, Transcript};
use crate::wire::{BodyFraming, Fault, FaultKind, RequestHead, ResponseHead, Span, decode_path};

/// What a check looks at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its connection's number.
    pub connection: u64,
    /// Which exchange of its connection it is, from 1 on; 0 where there was no connection to us.
    pub number: u64,
    /// When its head was complete, or the silence was noticed.
    pub at: SystemTime,
    /// The name in `/u/NAME/...`, decoded.
    pub learner: Option<String>,
    /// The request: its head with labels, and what is kept of its body.
    pub request: RequestHead,
    /// The lesson of the page that was asked for, or of the page that sent us to the learner's own server.
    pub lesson: Option<String>,
    /// The path without `/u/NAME`, decoded.
    pub path: Vec<u8>,
    /// Where it stands in the request, as it was sent.
    pub path_at: Span,
    /// The response: its head with labels, and what is kept of its body.
    pub response: ResponseHead,
    /// Bytes of the response that went out.
    pub response_bytes: u64,
    /// Bytes of the request's body that came.
    pub body_bytes: u64,
    /// Everything odd, on either side of the blank line.
    pub faults: Vec<Fault>,
    /// Who spoke to whom, and whether it is over.
    pub kind: Kind,
    /// The pieces of the request, in order: the offset of the first byte, and when it came, since the connection was
    /// accepted.
    pub reads: Vec<(usize, Duration)>,
    /// Whether the client had closed its side before the first byte of the response.
    pub is_half_closed: bool,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The learner asked, and was answered.
    #[default]
    Exchange,
    /// The learner has stopped half-way, and the server waits.
    Waiting,
    /// We asked, and the learner answered; whether the learner's side closed then.
    Probe {
        /// Whether it did, in time.
        is_closed: bool,
    },
}

/// Which of the two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sent.
    Request,
    /// What the server sent.
    Response,
}

/// Some bytes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In which message.
    pub side: Side,
    /// Which of its bytes.
    pub span: Span,
}

impl Seen {
    /// A whole exchange, and the bytes that came behind it. They are the next request's, unless the server has said
    /// that they are nobody's or refused this one: then they are looked at together with it.
    #[must_use]
    pub fn exchange(transcript: &Transcript, behind: &[u8]) -> Self {
        let exchange = &transcript.exchange;
        let mut bytes = transcript.request.bytes.clone();
        let is_last = |fault: &Fault| fault.refuses() || fault.kind == FaultKind::ExcessBytes;
        let mut faults = exchange.head.iter().flat_map(|head| head.faults());
        if faults.any(is_last) || exchange.faults.iter().any(is_last) {
            bytes.extend_from_slice(behind);
        }
        let mut seen = Self::of(bytes, &transcript.timeline);
        seen.connection = exchange.connection;
        seen.number = transcript.number;
        seen.at = exchange.at;
        seen.response = ResponseHead::dissect(transcript.response.bytes.clone());
        seen.response_bytes = transcript.response.length;
        let head = seen.request.anatomy().end() as u64;
        seen.body_bytes = exchange.request_bytes.saturating_sub(head);
        // The reader's own faults know the limits and the edition, so they go first.
        let own = std::mem::take(&mut seen.faults);
        let reader = exchange.head.iter().flat_map(|head| head.faults());
        for fault in reader.chain(&exchange.faults).chain(&own) {
            if seen.faults.iter().all(|known| known.kind != fault.kind) {
                seen.faults.push(*fault);
            }
        }
        seen
    }

    /// A request that has stopped half-way, and the word that the console gave.
    #[must_use]
    pub fn waiting(connection: u64, open: &Open, at: SystemTime, hint: Fault) -> Self {
        let mut seen = Self::of(open.request.bytes.clone(), &open.timeline);
        seen.connection = connection;
        seen.number = open.exchanges + 1;
        seen.at = at;
        seen.kind = Kind::Waiting;
        let head = seen.request.anatomy().end() as u64;
        seen.body_bytes = open.request.length.saturating_sub(head);
        seen.faults.retain(|fault| !fault.refuses());
        seen.faults.insert(0, hint);
        seen
    }

    /// What the learner's own server answered to a request of ours.
    #[must_use]
    pub fn probe(request: &[u8], response: &[u8], is_closed: bool, at: SystemTime) -> Self {
        let mut seen = Self::of(request.to_vec(), &[]);
        seen.at = at;
        seen.kind = Kind::Probe { is_closed };
        seen.response = ResponseHead::dissect(response.to_vec());
        seen.response_bytes = response.len() as u64;
        // The whole message knows of a body that is too short or too long.
        let message = ResponseHead::dissect_message(response.to_vec());
        seen.faults = message.faults().to_vec();
        seen
    }

    /// The same as this learner's, in this lesson.
    #[must_use]
    pub fn of_learner(mut self, learner: Option<String>, lesson: &str) -> Self {
        self.learner = learner;
        self.lesson = Some(lesson.to_owned());
        self
    }

    /// The message that the learner wrote, in which the faults are.
    #[must_use]
    pub const fn learners(&self) -> Side {
        match self.kind {
            Kind::Exchange | Kind::Waiting => Side::Request,
            Kind::Probe { .. } => Side::Response,
        }
    }

    fn of(request: Vec<u8>, timeline: &[Event]) -> Self {
        let request = RequestHead::dissect(request);
        let target = request.target_at();
        // A target that is refused has no path; what it was meant to be can be read all the same.
        let meant = request
            .target()
            .split(|octet| b"?#".contains(octet))
            .next()
            .unwrap_or_default();
        let is_valid = !request.path().is_empty();
        let whole = if is_valid { request.path() } else { meant };
        let (mount, learner) = mount(whole);
        let path = whole.get(mount..).unwrap_or_default();
        // A whole URI's path ends where the query begins, or with the target.
        let end = match request.query() {
            _ if !is_valid => target.start + whole.len(),
            Some(_) => request.query_at().start.saturating_sub(1),
            None => target.end,
        };
        let path_at = Span::new(end.saturating_sub(path.len()).max(target.start), end);
        let mut reads = Vec::new();
        let mut is_half_closed = false;
        let mut is_answered = false;
        for event in timeline {
            match &event.what {
                Passage::Received { offset, .. } if !is_answered => {
                    reads.push((usize::try_from(*offset).unwrap_or(usize::MAX), event.after));
                }
                Passage::Sent { .. } => is_answered = true,
                Passage::Happened(Happening::ReceivedEnd) => {
                    is_half_closed |= !is_answered;
                }
                _ => {}
            }
        }
        let path = decode_path(path).into_owned();
        Self {
            connection: 0,
            number: 0,
            at: SystemTime::UNIX_EPOCH,
            learner,
            lesson: lesson_of(&path).map(str::to_owned),
            path,
            path_at,
            faults: request.faults().to_vec(),
            response: ResponseHead::dissect(Vec::new()),
            response_bytes: 0,
            body_bytes: 0,
            kind: Kind::Exchange,
            reads,
            is_half_closed,
            request,
        }
    }

    /// Where the request's body stands, as far as it is kept.
    #[must_use]
    pub fn body_at(&self) -> Span {
        let bytes = self.request.bytes().len();
        let start = self.request.anatomy().end().min(bytes);
        let length = match self.request.framing() {
            Ok(BodyFraming::Length(length)) => usize::try_from(length).unwrap_or(usize::MAX),
            Ok(BodyFraming::None) => 0,
            Ok(BodyFraming::UntilClose) | Err(_) => usize::MAX,
        };
        Span::new(start, start.saturating_add(length).min(bytes))
    }

    /// Where the response's body stands, as far as it is kept.
    #[must_use]
    pub fn answer_body_at(&self) -> Span {
        let bytes = self.response.bytes().len();
        Span::new(self.response.anatomy().end().min(bytes), bytes)
    }

    /// The bytes of a place.
    #[must_use]
    pub fn bytes(&self, place: Place) -> &[u8] {
        place.span.of(match place.side {
            Side::Request => self.request.bytes(),
            Side::Response => self.response.bytes(),
        })
    }

    /// The longest wait for a piece of the request that begins at such an offset.
    #[must_use]
    pub fn longest_gap(&self, is_wanted: impl Fn(usize) -> bool) -> Duration {
        let pairs = self.reads.iter().zip(self.reads.iter().skip(1));
        let wanted = pairs.filter(|(_, (at, _))| is_wanted(*at));
        let gaps = wanted.map(|((_, one), (_, next))| next.saturating_sub(*one));
        gaps.max().unwrap_or_default()
    }

    /// What makes two requests the same to whoever repeats one: method, target and body, in a few bytes.
    #[must_use]
    pub fn essence(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let body = self.body_at().of(self.request.bytes());
        (
            self.request.method(),
            self.request.target(),
            body,
            self.body_bytes,
        )
            .hash(&mut hasher);
        hasher.finish()
    }
}

/// The lesson that a path `/l/NN` or `/l/NN/...` names.
fn lesson_of(path: &[u8]) -> Option<&str> {
    let rest = path.strip_prefix(b"/l/")?;
    let number = rest.split(|&octet| octet == b'/').next()?;
    str::from_utf8(number).ok()
}

/// A path without the slash at its end, which is no difference here: the lessons' pages take both.
pub(super) fn bare(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

/// What else than its name says which cookie it is: Path and Domain, as its attributes have them.
pub(super) fn scope(attributes: &[u8]) -> [Option<Vec<u8>>; 2] {
    ["path=", "domain="].map(|wanted| {
        let mut attributes = attributes.split(|&octet| octet == b';').skip(1);
        attributes.find_map(|attribute| {
            let (name, value) = attribute.trim_ascii().split_at_checked(wanted.len())?;
            // A dot before a domain means nothing (RFC 6265 5.2.3).
            let value = value.strip_prefix(b".").unwrap_or(value);
            let is_it = name.eq_ignore_ascii_case(wanted.as_bytes());
            is_it.then(|| value.to_vec())
        })
    })
}

/// Whether a cookie's attributes delete it.
pub(super) fn deletes(attributes: &[u8]) -> bool {
    let mut attributes = attributes
        .split(|&octet| octet == b';')
        .map(<[u8]>::trim_ascii);
    attributes.any(|attribute| attribute.eq_ignore_ascii_case(b"Max-Age=0"))
}

/// How many bytes of a path, not decoded, are `/u/NAME`, and the name, decoded: one segment of a path that no client
/// takes for something else. A path that only looks like it has no such prefix.
#[must_use]
pub fn mount(path: &[u8]) -> (usize, Option<String>) {
    let name = path.strip_prefix(BELOW).map(|rest| {
        let end = rest.iter().position(|&octet| octet == b'/');
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    let decoded = name.and_then(|name| String::from_utf8(decode_path(name).into_owned()).ok());
    match (name, decoded.filter(|decoded| is_name(decoded))) {
        (Some(name), Some(learner)) => (BELOW.len() + name.len(), Some(learner)),
        _ => (0, None),
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len())
        && !matches!(name, "." | "..")
        && !name.chars().any(|c| c == '/' || c.is_control())
}

/// Below this path each learner of a class has a site.
pub const BELOW: &[u8] = b"/u/";

/// Bytes of a learner's name.
const NAME_BYTES: usize = 32;

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::record::{Exchange, Stream};

    /// An exchange of these bytes, its request in two pieces half a second apart.
    pub(in crate::lessons) fn seen(request: &str, response: &str) -> Seen {
        seen_in_two(request, response, 1)
    }

    /// The same, with the second piece from this offset on.
    pub(in crate::lessons) fn seen_in_two(request: &str, response: &str, at: u64) -> Seen {
        let head = RequestHead::dissect(request.as_bytes().to_vec());
        let address = SocketAddr::from(([127, 0, 0, 1], 8000));
        let event = |milliseconds, what| Event {
            at: SystemTime::UNIX_EPOCH,
            after: Duration::from_millis(milliseconds),
            what,
        };
        let received = |offset, count| Passage::Received { offset, count };
        let stream = |bytes: &str| Stream {
            bytes: bytes.as_bytes().to_vec(),
            length: bytes.len() as u64,
        };
        Seen::exchange(
            &Transcript {
                exchange: Arc::new(Exchange {
                    connection: 7,
                    at: SystemTime::UNIX_EPOCH + Duration::from_secs(100),
                    peer: address,
                    head: Some(Box::new(head)),
                    faults: Vec::new(),
                    request_bytes: request.len() as u64,
                    status: None,
                    bytes: response.len() as u64,
                    took: Duration::ZERO,
                }),
                server: address,
                opened: SystemTime::UNIX_EPOCH,
                number: 1,
                request: stream(request),
                response: stream(response),
                timeline: vec![
                    event(0, received(0, at)),
                    event(500, received(at, request.len() as u64 - at)),
                    event(510, Passage::Happened(Happening::ReceivedEnd)),
                    event(
                        511,
                        Passage::Sent {
                            offset: 0,
                            count: 1,
                        },
                    ),
                ],
            },
            &[],
        )
    }

    #[test]
    fn a_learners_prefix_is_no_part_of_the_path() {
        let seen = seen("GET /u/%E5%B0%8F/l/02?a HTTP/1.0\r\n\r\n", "");
        assert_eq!(seen.learner.as_deref(), Some("小"));
        assert_eq!(seen.path, b"/l/02");
        assert_eq!(seen.path_at.of(seen.request.bytes()), b"/l/02");
        let plain = super::tests::seen("GET http://h/l/02 HTTP/1.0\r\n\r\n", "");
        assert_eq!((plain.learner, &*plain.path), (None, &b"/l/02"[..]));
        assert_eq!(plain.path_at.of(plain.request.bytes()), b"/l/02");
    }

    #[test]
    fn a_target_that_is_refused_still_says_whose_it_is() {
        let seen = seen("GET /u/ann/l/08?a=1#top HTTP/1.0\r\n\r\n", "");
        assert_eq!(
            (seen.learner.as_deref(), &*seen.path),
            (Some("ann"), &b"/l/08"[..])
        );
        assert_eq!(seen.path_at.of(seen.request.bytes()), b"/l/08");
    }

    #[test]
    fn pieces_are_timed_until_the_answer_begins() {
        let seen = seen("GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n");
        assert_eq!(seen.longest_gap(|_| true), Duration::from_millis(500));
        assert_eq!(seen.longest_gap(|at| at == 1), Duration::from_millis(500));
        assert_eq!(seen.longest_gap(|at| at == 2), Duration::ZERO);
        assert_eq!((seen.connection, seen.number), (7, 1));
        assert!(seen.is_half_closed && seen.kind == Kind::Exchange);
    }
}
