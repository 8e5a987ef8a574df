//! What the engine asks of a site: where a request is to be answered, and the answer.
//!
//! The engine knows no URL. The site sees a whole request and gives a whole response; it never
//! sees a socket.

use std::borrow::Cow;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::wire::{EncodedHead, Fault, HttpDate, RequestHead};

/// A site that answers requests.
pub trait Service: Send + Sync + 'static {
    /// Where this request is to be answered.
    fn place(&self, head: &RequestHead) -> Place;

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

/// A whole request.
#[derive(Debug)]
pub struct Request {
    /// Its head.
    pub head: Box<RequestHead>,
    /// Its body; empty when it has none.
    pub body: Vec<u8>,
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
}

impl Body {
    /// No body.
    pub const EMPTY: Self = Self::Bytes(Cow::Borrowed(b""));

    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}
