//! One connection from its first byte to its last: read the request, find its case, send as its pacing says.
//!
//! A request that never becomes whole is answered too, when the client closes its sending side or says nothing for
//! [`SILENCE`]: what a client does with an answer is the question here, not whether it deserves one.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::{Case, End};
use crate::wire::{BodyFraming, HeadScan, RequestHead};

/// What one connection brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The client's address.
    pub client: SocketAddr,
    /// The case that was sent; `None` when no pattern fitted, and the connection was closed without a byte.
    pub case: Option<String>,
    /// Everything that the client sent, its first mebibyte.
    pub bytes: Vec<u8>,
    /// What left of the case's bytes. The client may not have read all of it.
    pub sent: Vec<u8>,
    /// How the client's side ended.
    pub client_end: ClientEnd,
}

/// How the client's side of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEnd {
    /// It closed (FIN), before or after us.
    Closed,
    /// It broke the connection off (RST).
    Reset,
    /// It did neither before we gave up or were stopped.
    Open,
}

/// A wait that may be cut short: whether the server still runs after it.
pub(super) type Wait<'a> = &'a dyn Fn(Duration) -> bool;

/// Plays one connection; `None` when the client never sent a byte, as browsers do that connect in advance.
pub(super) fn turn(
    stream: TcpStream,
    client: SocketAddr,
    cases: &[Case],
    wait: Wait<'_>,
) -> Option<Received> {
    let mut turn = Turn {
        stream,
        bytes: Vec::new(),
        end: ClientEnd::Open,
    };
    // A socket that takes no options is about to fail at something that will be told.
    let _ignored = turn.stream.set_nodelay(true);
    let _ignored = turn.stream.set_write_timeout(Some(SILENCE));
    turn.read_request();
    if turn.bytes.is_empty() {
        return None;
    }
    let request = RequestHead::dissect(turn.bytes.clone());
    let case = cases.iter().find(|case| case.pattern.matches(&request));
    let sent = match case {
        None => Vec::new(),
        Some(case) => turn.send(case, wait),
    };
    turn.finish(case.map_or(End::Fin, |case| case.pacing.end));
    Some(Received {
        client,
        case: case.map(|case| case.name.clone()),
        bytes: turn.bytes,
        sent,
        client_end: turn.end,
    })
}

struct Turn {
    stream: TcpStream,
    bytes: Vec<u8>,
    end: ClientEnd,
}

impl Turn {
    /// Reads until the request is whole, or nothing more comes.
    fn read_request(&mut self) {
        let _ignored = self.stream.set_read_timeout(Some(SILENCE));
        let mut scan = HeadScan::default();
        let mut head_end = None;
        loop {
            if head_end.is_none() {
                head_end = scan.advance(&self.bytes);
            }
            let whole = head_end.map(|end| end.saturating_add(self.body_length(end)));
            let is_whole = whole.is_some_and(|whole| self.bytes.len() >= whole);
            if is_whole || self.bytes.len() >= MOST_BYTES || !self.read() {
                return;
            }
        }
    }

    fn body_length(&self, head_end: usize) -> usize {
        let head = self.bytes.get(..head_end).unwrap_or_default().to_vec();
        match RequestHead::dissect(head).framing() {
            Ok(BodyFraming::Length(length)) => usize::try_from(length).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// One read; whether the client may send more.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.end = ClientEnd::Closed,
                Ok(count) => {
                    let room = MOST_BYTES.saturating_sub(self.bytes.len());
                    let taken = buffer.get(..count.min(room)).unwrap_or_default();
                    self.bytes.extend_from_slice(taken);
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => self.note(&error),
            }
            return false;
        }
    }

    fn note(&mut self, error: &io::Error) {
        let is_reset = [
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::ConnectionAborted,
        ];
        if is_reset.contains(&error.kind()) {
            self.end = ClientEnd::Reset;
        }
    }

    /// Sends what the pacing says, and returns what left.
    fn send(&mut self, case: &Case, wait: Wait<'_>) -> Vec<u8> {
        let mut sent = 0;
        for piece in case.pacing.pieces(case.response.len()) {
            if !piece.pause.is_zero() && !wait(piece.pause) {
                break;
            }
            let bytes = case.response.get(piece.bytes.clone()).unwrap_or_default();
            if let Err(error) = self.stream.write_all(bytes) {
                self.note(&error);
                break;
            }
            sent = piece.bytes.end;
        }
        case.response.get(..sent).unwrap_or_default().to_vec()
    }

    fn finish(&mut self, end: End) {
        match end {
            End::Rst => {
                // A close that does not linger at all is a reset.
                let _ignored = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                return;
            }
            End::Fin => {
                let _ignored = self.stream.shutdown(Shutdown::Write);
                let _ignored = self.stream.set_read_timeout(Some(LINGER));
            }
            End::Never => {
                let _ignored = self.stream.set_read_timeout(None);
            }
        }
        // A client that has closed its side already has nothing more to say, but `never` waits for its reset.
        let mut may_send_more = self.end == ClientEnd::Open;
        while may_send_more {
            may_send_more = self.read();
        }
    }
}

/// A mebibyte: what is kept of a connection's bytes.
const MOST_BYTES: usize = 1 << 20;

/// After so much silence a request is taken as it is, and a client that takes no bytes is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a client may take to close after us.
const LINGER: Duration = Duration::from_secs(5);
