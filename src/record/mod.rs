//! L1: what passed over a wire, as values, and where they go.
//!
//! The engine makes records only while a tap is attached, and hands them over once a turn.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::wire::{Fault, RequestHead, Status};

/// Something that happened on a connection, told after the fact.
#[derive(Debug)]
#[non_exhaustive]
pub enum Record {
    /// A request came, and a response went out or was given up.
    Exchange(Box<Exchange>),
    /// A message is under way and the client seems to be stuck.
    Hint(Box<Hint>),
}

/// One request and what became of it.
#[derive(Debug)]
pub struct Exchange {
    /// Wall time when the request's head was complete, or refused.
    pub at: SystemTime,
    /// The client's address.
    pub peer: SocketAddr,
    /// The request's head, as far as it came.
    pub head: Option<Box<RequestHead>>,
    /// Everything odd about the exchange that is not among the head's own faults.
    pub faults: Vec<Fault>,
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

/// A place where records go.
pub trait Tap: Send {
    /// Takes all records out of `records`. Called on the loop's thread: it must not wait.
    fn take(&mut self, records: &mut Vec<Record>);
}
