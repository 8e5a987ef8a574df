//! What the engine asks of a site: where a request is to be answered, and the answer.
//!
//! The engine knows no URL. The site sees a whole request and gives a whole response; it never
//! sees a socket.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Debug;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use super::script::Script;
use super::workers::{Done, ReplyTo};
use crate::wire::{EncodedHead, Fault, HttpDate, RequestHead};

/// A site that answers requests.
pub trait Service: Send + Sync + 'static {
    /// Where this request is to be answered.
    fn place(&self, head: &RequestHead) -> Place;

    /// Where a body of `length` bytes goes, which is more than 0. Asked on the loop: it must not wait.
    ///
    /// # Errors
    ///
    /// The fault that refuses the request before its body came.
    fn intake(&self, _head: &RequestHead, _length: u64) -> Result<Intake, Fault> {
        Ok(Intake::Memory)
    }

    /// Answers a request.
    fn respond(&self, request: &Request, now: HttpDate) -> Response;

    /// Answers a request that is refused because of `fault`: the lesson. `head` is as far as it came.
    fn refuse(&self, head: &RequestHead, fault: &Fault, now: HttpDate) -> Response;
}

/// Where a view runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the loop: it only touches memory or an open file.
    Loop,
    /// On a worker: it may wait for a disk, a database or a lot of arithmetic.
    Worker,
}

/// Where a request's body goes.
#[derive(Debug)]
pub enum Intake {
    /// Into memory, whole: [`Request::body`].
    Memory,
    /// Piece by piece to a sink, which comes back as [`Request::sink`].
    Stream(Box<dyn BodySink>),
}

/// Takes a body in, piece by piece, on threads that may wait for a disk.
///
/// Dropping it before the end must leave nothing behind; that, too, is done on such a thread.
pub trait BodySink: Any + Send + Debug {
    /// Takes the next bytes, at least one.
    ///
    /// # Errors
    ///
    /// The fault that refuses the request; the sink is then dropped.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// The last byte was taken.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    fn finish(&mut self) -> Result<(), Fault>;
}

/// A whole request.
#[derive(Debug)]
pub struct Request {
    /// Its head.
    pub head: Box<RequestHead>,
    /// Its body; empty when it has none, or when a sink took it.
    pub body: Vec<u8>,
    /// What took its body, finished. The view takes it out; one that answers on the loop has to.
    pub sink: RefCell<Option<Box<dyn BodySink>>>,
    /// The client's address.
    pub peer: SocketAddr,
    /// Whether the response may say `Connection: keep-alive`, if it says its length too.
    pub may_keep_alive: bool,
}

/// A whole response.
#[derive(Debug)]
pub struct Response {
    /// Its head, encoded.
    pub head: EncodedHead,
    /// Its body; empty for a HEAD, a 204 or a 304.
    pub body: Body,
    /// What the site noticed about the request, for the console.
    pub faults: Vec<Fault>,
}

/// A response's body.
#[derive(Debug)]
pub enum Body {
    /// Bytes in memory.
    Bytes(Cow<'static, [u8]>),
    /// The first `length` bytes of an open file; they go out without passing through our memory.
    File {
        /// The file, open for reading.
        file: Arc<File>,
        /// How many of its bytes.
        length: u64,
    },
    /// Bytes that come by and by; the head says no length, and the close ends it.
    Live(Box<dyn Source>),
    /// Exact bytes, status line and all, that nobody checks; the head is not sent. The connection ends with them.
    Scripted(Box<Script>),
}

/// Where a live body comes from. Asked on the loop: it must not wait.
pub trait Source: Send + Debug {
    /// Appends what there is to send now, which may be nothing. Whether that is all there will ever be.
    fn pull(&mut self, out: &mut Vec<u8>) -> bool;

    /// Whom to wake when there is more, and at once if there is already.
    fn wake_with(&mut self, wake: Wake);
}

/// Wakes a connection whose body is live.
#[derive(Clone, Debug)]
pub struct Wake(pub(super) ReplyTo);

impl Wake {
    /// There is more to send. May be called from any thread, and late: then nobody is there to wake.
    pub fn wake(&self) {
        self.0.send(Done::More);
    }
}

impl Body {
    /// No body.
    pub const EMPTY: Self = Self::Bytes(Cow::Borrowed(b""));

    /// How many bytes it has; of a live or a scripted one nobody asks, and this says 0.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
            Self::Live(_) | Self::Scripted(_) => 0,
        }
    }
}
