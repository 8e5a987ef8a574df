//! Puts records together again: for each exchange the bytes of both messages, and when each piece passed.
//!
//! Records of one loop come in order, and an [`Exchange`] says how many bytes each message had, so the
//! streams of a connection are cut there. What is kept of a message's bytes is bounded, and so is what is
//! kept of all open connections together; how many bytes there were is always told. A timeline has at most
//! [`PIECES`] reads and writes: those after them are told as one with the last of their direction.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Exchange, Happening, Moment, Record};

/// One exchange with its bytes.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// What the exchange meant.
    pub exchange: Arc<Exchange>,
    /// Our address, as the client saw it.
    pub server: SocketAddr,
    /// When the connection was accepted.
    pub opened: SystemTime,
    /// Which exchange of its connection this is, from 1 on.
    pub number: u64,
    /// What came from the client for it, and bytes after it that belong to nothing.
    pub request: Stream,
    /// What went to the client.
    pub response: Stream,
    /// What happened, in order.
    pub timeline: Vec<Event>,
}

/// Bytes of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The first of them.
    pub bytes: Vec<u8>,
    /// How many there were.
    pub length: u64,
}

/// One thing that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Wall time, which may be frozen.
    pub at: SystemTime,
    /// Since the connection was accepted.
    pub after: Duration,
    /// What.
    pub what: Passage,
}

/// What a timeline tells: a [`Happening`] with places in a message instead of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// One read gave so many bytes, from this offset of the request on.
    Received {
        /// The first one's offset.
        offset: u64,
        /// How many.
        count: u64,
    },
    /// One write took so many bytes, from this offset of the response on.
    Sent {
        /// The first one's offset.
        offset: u64,
        /// How many.
        count: u64,
    },
    /// Anything else.
    Happened(Happening),
}

/// A connection whose exchange under way is not over.
#[derive(Clone, Debug)]
pub struct Open {
    /// The client's address.
    pub client: SocketAddr,
    /// Ours.
    pub server: SocketAddr,
    /// When it was accepted.
    pub opened: SystemTime,
    /// Exchanges that are over.
    pub exchanges: u64,
    /// What came since the last exchange.
    pub request: Stream,
    /// What went out since then.
    pub response: Stream,
    /// What happened since then.
    pub timeline: Vec<Event>,
}

/// What a record completed.
#[derive(Debug)]
pub enum Assembled {
    /// An exchange; the connection may go on.
    Exchange(Box<Transcript>),
    /// A connection that is over, with what came after its last exchange.
    Over(Box<Open>),
}

/// Puts the records of any number of connections together.
#[derive(Debug)]
pub struct Assembler {
    open: BTreeMap<u64, Open>,
    most: usize,
    /// What all of `open` may weigh, and what it weighs, in bytes.
    most_held: usize,
    held: usize,
}

/// Reads and writes that one exchange's timeline tells one by one.
pub const PIECES: usize = 256;

impl Assembler {
    /// Keeps at most `most` bytes of each message.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            most,
            most_held: usize::MAX,
            held: 0,
        }
    }

    /// The same with a bound, in bytes, on what is held of all open connections. Where it is reached, bytes
    /// are counted and not kept, and a connection that opens is passed over.
    #[must_use]
    pub const fn holding(mut self, most_held: usize) -> Self {
        self.most_held = most_held;
        self
    }

    /// What is held of all open connections, in bytes.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// A connection that is open, by its number.
    #[must_use]
    pub fn open(&self, connection: u64) -> Option<&Open> {
        self.open.get(&connection)
    }

    /// The number of the open connection of this client.
    #[must_use]
    pub fn number_of(&self, client: SocketAddr) -> Option<u64> {
        let mut open = self.open.iter().rev();
        open.find_map(|(number, open)| (open.client == client).then_some(*number))
    }

    /// Takes the next record. Those of a connection whose beginning was not told are passed over.
    pub fn take(&mut self, record: &Record) -> Option<Assembled> {
        match record {
            Record::Moment(moment) => self.moment(moment),
            Record::Exchange(exchange) => {
                let open = self.open.get_mut(&exchange.connection)?;
                let before = open.weight();
                let transcript = open.cut(exchange);
                self.held = self.held + open.weight() - before;
                Some(Assembled::Exchange(Box::new(transcript)))
            }
            Record::Hint(_) => None,
        }
    }

    fn moment(&mut self, moment: &Moment) -> Option<Assembled> {
        if let Happening::Opened { client, server } = moment.what
            && self.held < self.most_held
        {
            let open = Open {
                client,
                server,
                opened: moment.at,
                exchanges: 0,
                request: Stream::default(),
                response: Stream::default(),
                timeline: Vec::new(),
            };
            self.held += open.weight();
            self.open.insert(moment.connection, open);
        }
        let open = self.open.get_mut(&moment.connection)?;
        let before = open.weight();
        if self.held < self.most_held {
            open.add(moment, self.most, PIECES);
        } else {
            open.add(moment, 0, 0);
        }
        self.held = self.held + open.weight() - before;
        if matches!(moment.what, Happening::Closed | Happening::Reset) {
            return self.forget(moment.connection).map(Assembled::Over);
        }
        None
    }

    /// Gives a connection up: its later records will be passed over.
    pub fn forget(&mut self, connection: u64) -> Option<Box<Open>> {
        let open = self.open.remove(&connection)?;
        self.held -= open.weight();
        Some(Box::new(open))
    }
}

impl Open {
    /// What it weighs, in bytes: what is kept of it, and its place.
    fn weight(&self) -> usize {
        let events = self.timeline.len() * size_of::<Event>();
        size_of::<Self>() + events + self.request.bytes.len() + self.response.bytes.len()
    }

    fn add(&mut self, moment: &Moment, most: usize, pieces: usize) {
        let what = match &moment.what {
            Happening::Received(bytes) => {
                let (offset, count) = self.request.add(bytes, moment.missing, most);
                Passage::Received { offset, count }
            }
            Happening::Sent(bytes) => {
                let (offset, count) = self.response.add(bytes, moment.missing, most);
                Passage::Sent { offset, count }
            }
            other => Passage::Happened(other.clone()),
        };
        let is_full = self.timeline.len() >= pieces;
        if is_full
            && self
                .timeline
                .iter_mut()
                .rev()
                .any(|event| event.what.extend(&what))
        {
            return;
        }
        self.timeline.push(Event {
            at: moment.at,
            after: moment.after,
            what,
        });
    }

    /// Takes a whole exchange out. Bytes of the next request that came with this one stay.
    fn cut(&mut self, exchange: &Arc<Exchange>) -> Transcript {
        self.exchanges += 1;
        Transcript {
            exchange: Arc::clone(exchange),
            server: self.server,
            opened: self.opened,
            number: self.exchanges,
            request: self.request.cut(exchange.request_bytes),
            response: self.response.cut(exchange.bytes),
            timeline: std::mem::take(&mut self.timeline),
        }
    }
}

impl Passage {
    /// Takes `next` in, if it tells of the bytes right behind these.
    fn extend(&mut self, next: &Self) -> bool {
        match (self, next) {
            (
                Self::Received { offset, count },
                Self::Received {
                    offset: at,
                    count: more,
                },
            )
            | (
                Self::Sent { offset, count },
                Self::Sent {
                    offset: at,
                    count: more,
                },
            ) if *offset + *count == *at => {
                *count += more;
                true
            }
            _ => false,
        }
    }
}

impl Stream {
    /// Adds bytes and so many more that are missing; says at which offset they begin and how many they are.
    fn add(&mut self, bytes: &[u8], missing: u64, most: usize) -> (u64, u64) {
        let (offset, count) = (self.length, bytes.len() as u64 + missing);
        let room = most.saturating_sub(self.bytes.len());
        // Where a byte is missing already, a later one must not take its place.
        if self.bytes.len() as u64 == self.length {
            self.bytes.extend(bytes.iter().take(room));
        }
        self.length += count;
        (offset, count)
    }

    /// Takes the first `length` bytes out.
    fn cut(&mut self, length: u64) -> Self {
        let length = length.min(self.length);
        let kept = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        let rest = self.bytes.split_off(kept);
        let first = std::mem::replace(&mut self.bytes, rest);
        self.length -= length;
        Self {
            bytes: first,
            length,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::record::samples::{moment, opened, received};

    fn exchange(request_bytes: u64, bytes: u64) -> Record {
        Record::Exchange(Arc::new(Exchange {
            connection: 7,
            at: UNIX_EPOCH,
            peer: SocketAddr::from(([127, 0, 0, 1], 8000)),
            head: None,
            faults: Vec::new(),
            request_bytes,
            status: None,
            bytes,
            took: Duration::ZERO,
        }))
    }

    #[test]
    fn streams_are_cut_where_the_exchanges_say() {
        let mut assembler = Assembler::new(100);
        for record in [
            opened(7),
            received(7, b"one"),
            received(7, b"twot"),
            moment(7, Happening::Sent(b"ONE".to_vec())),
        ] {
            assert!(assembler.take(&record).is_none());
        }
        let Some(Assembled::Exchange(first)) = assembler.take(&exchange(3, 3)) else {
            panic!()
        };
        assert_eq!(first.request.bytes, b"one");
        assert_eq!(first.response.bytes, b"ONE");
        assert_eq!(first.number, 1);
        assert_eq!(assembler.open(7).unwrap().request.bytes, b"twot");
        let Some(Assembled::Exchange(second)) = assembler.take(&exchange(3, 0)) else {
            panic!()
        };
        assert_eq!((&*second.request.bytes, second.number), (&b"two"[..], 2));
        let Some(Assembled::Over(over)) = assembler.take(&moment(7, Happening::Closed)) else {
            panic!()
        };
        assert_eq!(over.request.bytes, b"t");
        assert!(assembler.open(7).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_there_was_is_counted() {
        let mut assembler = Assembler::new(4);
        for record in [opened(7), received(7, b"abcdef"), received(7, b"gh")] {
            assert!(assembler.take(&record).is_none());
        }
        let open = assembler.open(7).unwrap();
        assert_eq!(
            (&*open.request.bytes, open.request.length),
            (&b"abcd"[..], 8)
        );
        let places: Vec<_> = open
            .timeline
            .iter()
            .map(|event| event.what.clone())
            .collect();
        assert_eq!(
            places[1..],
            [
                Passage::Received {
                    offset: 0,
                    count: 6
                },
                Passage::Received {
                    offset: 6,
                    count: 2
                },
            ]
        );
        let Some(Assembled::Exchange(whole)) = assembler.take(&exchange(8, 0)) else {
            panic!()
        };
        assert_eq!((whole.request.bytes.len(), whole.request.length), (4, 8));
    }

    #[test]
    fn what_is_held_of_all_open_connections_is_bounded() {
        let mut assembler = Assembler::new(100).holding(size_of::<Open>() + size_of::<Event>() + 1);
        for record in [opened(7), received(7, b"abc"), received(7, b"def")] {
            assert!(assembler.take(&record).is_none());
        }
        // The first piece found room, the second did not: its bytes are counted.
        let open = assembler.open(7).unwrap();
        assert_eq!(
            (&*open.request.bytes, open.request.length),
            (&b"abc"[..], 6)
        );
        let held = assembler.held();
        assembler.forget(7).unwrap();
        assert!(held > 0 && assembler.held() == 0);
        assert!(assembler.take(&received(7, b"g")).is_none());
    }

    #[test]
    fn a_long_timeline_tells_its_end_in_one_piece() {
        let mut assembler = Assembler::new(1);
        assembler.take(&opened(7));
        for _ in 0..PIECES * 2 {
            assembler.take(&received(7, b"abc"));
            assembler.take(&moment(7, Happening::Sent(b"d".to_vec())));
        }
        let timeline = &assembler.open(7).unwrap().timeline;
        assert_eq!(timeline.len(), PIECES);
        let bytes: u64 = timeline
            .iter()
            .map(|event| match event.what {
                Passage::Received { count, .. } => count,
                _ => 0,
            })
            .sum();
        assert_eq!(bytes, 6 * PIECES as u64);
    }

    #[test]
    fn a_cut_piece_is_counted_whole() {
        let mut assembler = Assembler::new(100);
        assembler.take(&opened(7));
        assembler.take(&Record::Moment(Arc::new(Moment {
            connection: 7,
            at: UNIX_EPOCH,
            after: Duration::ZERO,
            what: Happening::Received(b"ab".to_vec()),
            missing: 5,
        })));
        assembler.take(&received(7, b"z"));
        let request = &assembler.open(7).unwrap().request;
        assert_eq!((&*request.bytes, request.length), (&b"ab"[..], 8));
    }

    #[test]
    fn a_connection_that_was_open_before_is_passed_over() {
        let mut assembler = Assembler::new(4);
        assert!(assembler.take(&received(7, b"a")).is_none());
        assert!(assembler.take(&exchange(1, 0)).is_none());
    }
}
