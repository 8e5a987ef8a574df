//! L1: what passed over a wire, as values, and where they go.
//!
//! The engine makes records only while a tap is attached, only those that the tap wants, and hands them
//! over once a turn. An [`Exchange`] says what a request and its response meant; the [`Moment`]s of a
//! connection have its very bytes, in the order and the pieces in which they passed. Whoever wants both
//! cuts the bytes where the exchanges say.

mod transcript;

pub use transcript::{Assembled, Assembler, Event, Open, PIECES, Passage, Stream, Transcript};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::wire::{ClientState, Fault, RequestHead, ServerState, Status};

/// Something that happened on a connection, told after the fact. A clone is another handle on the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Record {
    /// A request came, and a response went out or was given up.
    Exchange(Arc<Exchange>),
    /// A message is under way and the client seems to be stuck.
    Hint(Arc<Hint>),
    /// Bytes passed, or a side opened or closed.
    Moment(Arc<Moment>),
}

/// One request and what became of it.
#[derive(Debug)]
pub struct Exchange {
    /// Its connection's number.
    pub connection: u64,
    /// Wall time when the request's head was complete, or refused.
    pub at: SystemTime,
    /// The client's address.
    pub peer: SocketAddr,
    /// The request's head, as far as it came.
    pub head: Option<Box<RequestHead>>,
    /// Everything odd about the exchange that is not among the head's own faults.
    pub faults: Vec<Fault>,
    /// Bytes of the request, head and body, as far as they were taken for it. What came behind it belongs
    /// to the next request or to none.
    pub request_bytes: u64,
    /// The status that was sent; `None` when nothing was.
    pub status: Option<Status>,
    /// Bytes of the response that went out, head and body.
    pub bytes: u64,
    /// From the head's last byte in to the response's last byte out.
    pub took: Duration,
}

/// A word to somebody who is typing.
#[derive(Debug)]
pub struct Hint {
    /// Wall time when it was given.
    pub at: SystemTime,
    /// The client's address.
    pub peer: SocketAddr,
    /// What it waits for.
    pub fault: Fault,
    /// What came of the message so far, if it is still a head.
    pub so_far: Vec<u8>,
}

/// One thing that happened to a connection, in the order in which it did.
#[derive(Debug)]
pub struct Moment {
    /// The connection's number: from 1 on, never used again while the server runs.
    pub connection: u64,
    /// Wall time, which may be frozen.
    pub at: SystemTime,
    /// Since the connection was accepted, by a clock that is never frozen and never goes back.
    pub after: Duration,
    /// What.
    pub what: Happening,
    /// Bytes of a read or a write that are not here: they are more than a [`Sample`](Detail::Sample) has.
    pub missing: u64,
}

/// What can happen to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// It was accepted.
    Opened {
        /// The client's address.
        client: SocketAddr,
        /// Ours, as the client sees it.
        server: SocketAddr,
    },
    /// One read gave these bytes; never empty.
    Received(Vec<u8>),
    /// One write took these bytes; never empty.
    Sent(Vec<u8>),
    /// The client closed its side (FIN).
    ReceivedEnd,
    /// We closed our side and still listen (FIN).
    SentEnd,
    /// What the two sides are doing changed.
    States {
        /// The client's side.
        client: ClientState,
        /// Ours.
        server: ServerState,
    },
    /// It goes on and is not told any further: it has had as many exchanges as a [`Sample`](Detail::Sample) has.
    Unwatched,
    /// It is over: we closed it (FIN). Whether all was sent by then is for the exchange to say.
    Closed,
    /// It is over: the client, or the system, broke it off (RST).
    Reset,
}

/// How much a tap wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing, for now.
    Nothing,
    /// Exchanges and hints.
    Exchanges,
    /// Moments too, but of each message only the first [`SAMPLE_BYTES`], and of each connection only the first
    /// [`SAMPLE_EXCHANGES`]: enough to look at, and of no weight beside a download or a load test.
    Sample,
    /// Moments too: every byte is copied for it.
    Wire,
}

/// Bytes of one message in a sample: as many as anybody looks at.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Exchanges of one connection in a sample.
pub const SAMPLE_EXCHANGES: u32 = 256;

/// A place where records go.
pub trait Tap: Send {
    /// What it wants of the connections that are accepted from now on, asked once a turn. A connection is
    /// told whole or not at all: one that was open before a tap began to want moments gives it none, and
    /// one that gave some goes on giving them to its end.
    fn detail(&self) -> Detail {
        Detail::Exchanges
    }

    /// Whether it wants the exchanges and hints of connections whose moments it is not given.
    fn wants_all_exchanges(&self) -> bool {
        true
    }

    /// Whether it has to hear of an exchange before its loop reads the next connection's request, and not only at
    /// the end of the round.
    fn is_prompt(&self) -> bool {
        false
    }

    /// Takes all records out of `records`, some of which it may not have asked for. Called on the loop's
    /// thread: it must not wait.
    fn take(&mut self, records: &mut Vec<Record>);

    /// So many connections were accepted since the last turn whose moments nobody wanted.
    fn pass_over(&mut self, _connections: u64) {}
}

/// Several taps as one.
#[derive(Default)]
pub struct Fan(pub Vec<Box<dyn Tap>>);

impl Tap for Fan {
    fn detail(&self) -> Detail {
        let details = self.0.iter().map(|tap| tap.detail());
        details.max().unwrap_or(Detail::Nothing)
    }

    fn wants_all_exchanges(&self) -> bool {
        self.0.iter().any(|tap| tap.wants_all_exchanges())
    }

    fn is_prompt(&self) -> bool {
        self.0.iter().any(|tap| tap.is_prompt())
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        if let Some((last, others)) = self.0.split_last_mut() {
            for tap in others {
                tap.take(&mut records.clone());
            }
            last.take(records);
        }
        records.clear();
    }

    fn pass_over(&mut self, connections: u64) {
        for tap in &mut self.0 {
            tap.pass_over(connections);
        }
    }
}

/// Records for the tests of whoever takes them.
#[cfg(test)]
pub(crate) mod samples {
    use std::time::UNIX_EPOCH;

    use super::*;

    pub(crate) fn moment(connection: u64, what: Happening) -> Record {
        Record::Moment(Arc::new(Moment {
            connection,
            at: UNIX_EPOCH,
            after: Duration::ZERO,
            what,
            missing: 0,
        }))
    }

    pub(crate) fn opened(connection: u64) -> Record {
        let address = SocketAddr::from(([127, 0, 0, 1], 8000));
        let (client, server) = (address, address);
        moment(connection, Happening::Opened { client, server })
    }

    pub(crate) fn received(connection: u64, bytes: &[u8]) -> Record {
        moment(connection, Happening::Received(bytes.to_vec()))
    }
}
