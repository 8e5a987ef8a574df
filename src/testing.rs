//! L5: servers for the tests of HTTP clients: on a free port of this machine, in the test's own process, stopped
//! when they are dropped; and assertions on the bytes that passed, by the names of their parts.
//!
//! ```
//! use blankline::testing::Server;
//!
//! let server = Server::frozen(&[])?;
//! let answer = server.send(b"GET /redirect/ HTTP/1.0\r\n\r\n")?;
//! answer.assert_part("status-code", "302").assert_part("Location", "/user/");
//!
//! // The same from the server's side: what the client really sent.
//! let exchange = server.exchange();
//! exchange.request.assert_part("method", "GET").assert_no_part("Host");
//! assert_eq!(exchange.response.bytes(), answer.bytes());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`canned`] has a server of wrong answers, to see what a client makes of them.
//!
//! Parts are named as in `volatile.txt` (see [`Place`]): `Location`, `Set-Cookie sessionid`, `body`. Assertions
//! panic, as a test wants it; starting and sending gives an error. The program itself uses nothing of this.

#![allow(
    clippy::panic,
    reason = "an assertion that fails panics: that is how Rust's tests are told"
)]

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

pub use crate::canned;
use crate::cli::{CliError, parse_serve_args};
use crate::engine::Background;
use crate::golden::{Delivery, Labelled, Place, compare, converse};
use crate::record::{Assembled, Assembler, Detail, Record, Tap};
use crate::wire::{Escaped, Lang};

/// A server that runs while this value lives.
pub struct Server {
    background: Background,
    records: Mutex<Records>,
    // Removed after the server has stopped: fields are dropped in this order.
    _data: TempDir,
}

/// One request and its response, as the server saw them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// What the client sent.
    pub request: Message,
    /// What the server sent.
    pub response: Message,
}

/// A message that passed: its bytes, each with a label.
#[derive(Clone, Debug)]
pub struct Message(Labelled);

struct Records {
    receiver: Receiver<Record>,
    assembler: Assembler,
}

impl Server {
    /// The lesson site with its clock stopped at Mon, 30 Oct 2017 02:02:09 GMT: the same request gets the same
    /// bytes each time. `flags` are those of `blankline serve`.
    ///
    /// # Errors
    ///
    /// When a flag means nothing, or the system gives no port, thread or folder.
    pub fn frozen(flags: &[&str]) -> io::Result<Self> {
        Self::start(std::iter::once(&"--frozen").chain(flags).copied())
    }

    /// The lesson site with the system's clock, its database and uploads in a temporary folder.
    ///
    /// # Errors
    ///
    /// As [`frozen`](Self::frozen).
    pub fn site(flags: &[&str]) -> io::Result<Self> {
        Self::start(flags.iter().copied())
    }

    fn start<'f>(flags: impl Iterator<Item = &'f str>) -> io::Result<Self> {
        let data = TempDir::new()?;
        let mut args = parse_serve_args(flags.map(OsString::from)).map_err(io::Error::other)?;
        args.store
            .data
            .get_or_insert_with(|| data.path().to_owned());
        let (sender, receiver) = channel();
        let background = args.background(None, || Some(Box::new(Sending(sender.clone()))));
        let background = background.map_err(|error| match error {
            CliError::Io { error, .. } => error,
            CliError::Usage(sentence) => io::Error::new(io::ErrorKind::InvalidInput, sentence),
            CliError::Store(error) => io::Error::other(error),
        })?;
        Ok(Self {
            background,
            records: Mutex::new(Records {
                receiver,
                assembler: Assembler::new(MOST_BYTES),
            }),
            _data: data,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.background.address()
    }

    /// The URL of a path, which starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Sends these bytes on a connection of their own and reads until the server closes, for at most 10 s.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub fn send(&self, request: &[u8]) -> io::Result<Message> {
        let pieces = Delivery::Whole.pieces(request);
        let (bytes, _) = converse(self.address(), &pieces, false, PATIENCE)?;
        Ok(Message(Labelled::responses(
            &bytes,
            &Labelled::requests(request),
        )))
    }

    /// The next exchange that is over, in the order in which they end; it is waited for, for at most 10 s.
    ///
    /// # Panics
    ///
    /// When there is none in that time.
    #[must_use]
    #[track_caller]
    pub fn exchange(&self) -> Exchange {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Ok(record) = records.receiver.recv_timeout(PATIENCE) else {
                panic!(
                    "no exchange ended within {} s: did the client ask {}?",
                    PATIENCE.as_secs(),
                    self.address()
                );
            };
            if let Some(Assembled::Exchange(transcript)) = records.assembler.take(&record) {
                let request = Labelled::requests(&transcript.request.bytes);
                let response = Labelled::responses(&transcript.response.bytes, &request);
                return Exchange {
                    request: Message(request),
                    response: Message(response),
                };
            }
        }
    }
}

impl Message {
    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The bytes with their labels.
    #[must_use]
    pub const fn labelled(&self) -> &Labelled {
        &self.0
    }

    /// The bytes of a part wherever it is, such as each `Set-Cookie`.
    ///
    /// # Panics
    ///
    /// When the name names no part.
    #[must_use]
    #[track_caller]
    pub fn part(&self, name: &str) -> Vec<&[u8]> {
        match Place::parse(name) {
            Ok(place) => place
                .spans(&self.0)
                .into_iter()
                .map(|span| span.of(&self.0.bytes))
                .collect(),
            Err(sentence) => panic!("{sentence}"),
        }
    }

    /// Some part of this name has these bytes.
    ///
    /// # Panics
    ///
    /// When none has.
    #[track_caller]
    pub fn assert_part(&self, name: &str, expected: impl AsRef<[u8]>) -> &Self {
        let (expected, seen) = (expected.as_ref(), self.part(name));
        if !seen.contains(&expected) {
            let seen: Vec<String> = seen
                .iter()
                .map(|bytes| format!("`{}`", Escaped(bytes)))
                .collect();
            let seen = if seen.is_empty() {
                "nothing".to_owned()
            } else {
                seen.join(" and ")
            };
            panic!(
                "{name} should be `{}`, but there is {seen}\n{}",
                Escaped(expected),
                self.shown()
            );
        }
        self
    }

    /// There is no part of this name.
    ///
    /// # Panics
    ///
    /// When there is one.
    #[track_caller]
    pub fn assert_no_part(&self, name: &str) -> &Self {
        if let Some(seen) = self.part(name).first() {
            panic!(
                "there should be no {name}, but there is `{}`\n{}",
                Escaped(seen),
                self.shown()
            );
        }
        self
    }

    /// Every byte is as expected, but for the parts that are named as volatile.
    ///
    /// # Panics
    ///
    /// When one is not; the message has its part, its place and the lines around it.
    #[track_caller]
    pub fn assert_bytes(&self, expected: &[u8], volatile: &[&str]) -> &Self {
        let places: Result<Vec<Place>, String> =
            volatile.iter().map(|name| Place::parse(name)).collect();
        let places = places.unwrap_or_else(|sentence| panic!("{sentence}"));
        // Labelled alike: what the bytes start with tells which of the two it is.
        let expected = if self.bytes().starts_with(b"HTTP/") {
            Labelled::responses(expected, &Labelled::default())
        } else {
            Labelled::requests(expected)
        };
        if let Some(mismatch) = compare(&expected, &self.0, &places) {
            panic!(
                "{}\n{}\n{}",
                mismatch.place(),
                mismatch.sentence(Lang::En),
                mismatch.diff()
            );
        }
        self
    }

    fn shown(&self) -> String {
        let lines = self
            .bytes()
            .split_inclusive(|&octet| octet == b'\n')
            .take(MOST_LINES);
        lines.map(|line| format!("  {}\n", Escaped(line))).collect()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

/// A tap that passes everything on; a channel without a bound never makes the loop wait.
struct Sending(Sender<Record>);

impl Tap for Sending {
    fn detail(&self) -> Detail {
        Detail::Wire
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            // A test that does not listen any more does not want it.
            let _unwanted = self.0.send(record);
        }
    }
}

/// Longer than an exchange on one machine takes, and shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a message that are kept.
const MOST_BYTES: usize = 64 << 20;

/// Lines of a message that a failed assertion shows.
const MOST_LINES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_see_the_same_bytes() {
        let server = Server::frozen(&["--server-header=test/1"]).unwrap();
        let request = b"GET /redirect/ HTTP/1.0\r\nHost: x\r\n\r\n";
        let answer = server.send(request).unwrap();
        answer
            .assert_part("Server", "test/1")
            .assert_no_part("Set-Cookie");
        let exchange = server.exchange();
        exchange
            .request
            .assert_bytes(request, &[])
            .assert_part("Host", "x");
        exchange.response.assert_bytes(answer.bytes(), &[]);
        let later = String::from_utf8(answer.bytes().to_vec())
            .unwrap()
            .replace("2017", "2027");
        answer.assert_bytes(later.as_bytes(), &["Date"]);
    }

    #[test]
    fn assertions_can_fail_and_say_why() {
        let server = Server::site(&[]).unwrap();
        let answer = server.send(b"GET /redirect/ HTTP/1.0\r\n\r\n").unwrap();
        let says = |assert: &(dyn Fn() + std::panic::RefUnwindSafe)| {
            let panic = std::panic::catch_unwind(assert).unwrap_err();
            *panic.downcast::<String>().unwrap()
        };
        let said = says(&|| {
            answer.assert_part("Location", "/elsewhere/");
        });
        assert!(said.starts_with("Location should be `/elsewhere/`, but there is `/user/`\n  HTTP/1.0 302 Found\\r\\n\n"), "{said}");
        assert!(
            says(&|| {
                answer.assert_no_part("Location");
            })
            .starts_with("there should be no Location")
        );
        assert!(
            says(&|| {
                answer.assert_part("Loc ati on", "");
            })
            .contains("names no part")
        );
        let said = says(&|| {
            answer.assert_bytes(b"HTTP/1.0 200 OK\r\n\r\n", &[]);
        });
        assert!(
            said.starts_with("status-code at byte 9: expected 2 (0x32), seen 3 (0x33)\n"),
            "{said}"
        );
        assert!(Server::frozen(&["--no-such-flag"]).is_err());
    }
}
