//! An answer of exact bytes that nobody checks: in pieces, with a pause before each, and then an end.
//!
//! A lesson about answers that break the rules needs one that does. Every other answer is held to what its head says
//! ([`Connection::respond`](crate::wire::Connection::respond)); this one goes out as it is, and ends the connection.
//! It knows no socket and no clock: the conversation asks what is due.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use crate::wire::{ResponseHead, Status};

/// Bytes to send, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pieces: VecDeque<(Duration, Cow<'static, [u8]>)>,
    end: ScriptEnd,
}

/// What comes after the last byte of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScriptEnd {
    /// The connection is closed, as after every HTTP/1.0 response.
    #[default]
    Fin,
    /// It is reset: bytes that the client has not read yet may be lost to it.
    Rst,
}

impl Script {
    /// These bytes at once, and then a FIN.
    #[must_use]
    pub fn of(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self::default().then(Duration::ZERO, bytes)
    }

    /// One more piece, so long after the one before has left. A piece without bytes is only its pause.
    #[must_use]
    pub fn then(mut self, pause: Duration, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        self.pieces.push_back((pause, bytes.into()));
        self
    }

    /// The same with this end.
    #[must_use]
    pub const fn ending(mut self, end: ScriptEnd) -> Self {
        self.end = end;
        self
    }

    /// All bytes, put together.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().flat_map(|(_, bytes)| bytes.iter());
        pieces.copied().collect()
    }

    /// The end.
    #[must_use]
    pub const fn end(&self) -> ScriptEnd {
        self.end
    }

    /// The status code, as far as the bytes have one.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        ResponseHead::dissect(self.bytes()).status()
    }

    /// How long to wait for the next piece, or nothing when all are taken.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.pieces.front().map(|(pause, _)| *pause)
    }

    /// Takes the next piece.
    pub(super) fn take(&mut self) -> Option<Cow<'static, [u8]>> {
        self.pieces.pop_front().map(|(_, bytes)| bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_off_the_bytes() {
        let script = Script::of(&b"HTTP/1.0 20"[..]).then(Duration::from_secs(1), &b"2 OK\r\n"[..]);
        assert_eq!(script.status().map(Status::code), Some(202));
        assert_eq!(script.bytes(), b"HTTP/1.0 202 OK\r\n");
        assert_eq!(Script::of(&b"hello\n"[..]).status(), None);
    }
}
