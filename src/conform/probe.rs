//! One probe on one connection: fill the placeholders in, send, and read until the server closes or is done.
//!
//! The answer is bytes and how they ended. A server that keeps the connection is not waited for beyond a silence,
//! and nothing is read beyond a limit.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::Row;
use crate::wire::{HttpDate, ResponseHead};

/// What probes need to know about the server's resources: the placeholders' values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// `{host}`: the authority, for Host fields and whole URIs.
    pub host: String,
    /// `{path}`: exists, and answers a GET with 200.
    pub path: String,
    /// `{missing}`: does not exist.
    pub missing: String,
    /// `{file}`: exists and has a Last-Modified. `{file-encoded}` is the same with its letters percent-encoded.
    pub file: String,
    /// `{post}`: takes a POST.
    pub post: String,
    /// `{redirect}`: answers with 301 or 302.
    pub redirect: String,
    /// `{modified}`, `{modified-850}`, `{modified-asctime}`: the file's Last-Modified in the three forms; `{before}` is
    /// a second earlier. Without it, rows that need it are moot.
    pub modified: Option<HttpDate>,
}

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub address: SocketAddr,
    /// The most that one probe may take.
    pub time: Duration,
    /// The most silence after the first byte.
    pub silence: Duration,
    /// Between one probe and the next.
    pub pause: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The bytes, at most 256 KiB.
    pub bytes: Vec<u8>,
    /// How they ended.
    pub ending: Ending,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server closed (FIN).
    Closed,
    /// The server reset the connection.
    Reset,
    /// The connection was still open when we stopped waiting.
    Open,
}

impl Resources {
    /// The bytes of a probe; `None` when it needs a date that the file does not have.
    #[must_use]
    pub fn fill(&self, send: &[u8]) -> Option<Vec<u8>> {
        let mut filled = Vec::new();
        let mut rest = send;
        while let Some(at) = rest.iter().position(|octet| *octet == b'{') {
            let (before, after) = rest.split_at(at);
            filled.extend_from_slice(before);
            let end = after.iter().position(|octet| *octet == b'}')?;
            let name = after.get(1..end).unwrap_or_default();
            filled.extend(self.value(std::str::from_utf8(name).unwrap_or_default())?);
            rest = after.get(end + 1..).unwrap_or_default();
        }
        filled.extend_from_slice(rest);
        Some(filled)
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let text = match name {
            "host" => self.host.clone(),
            "path" => self.path.clone(),
            "missing" => self.missing.clone(),
            "file" => self.file.clone(),
            "file-encoded" => encoded(&self.file),
            "post" => self.post.clone(),
            "redirect" => self.redirect.clone(),
            "long" => "a".repeat(LONG),
            "pause" => return Some(PAUSE.to_vec()),
            "modified" => imf(self.modified?),
            "modified-850" => rfc_850(&imf(self.modified?))?,
            "modified-asctime" => asctime(&imf(self.modified?))?,
            "before" => imf(self.modified?.plus(-1)),
            _ => return None,
        };
        Some(text.into_bytes())
    }
}

impl Answer {
    /// Whether it begins as a status line does.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes.starts_with(b"HTTP/")
    }

    /// Its head; of a body alone, one in which nothing is to be found.
    #[must_use]
    pub fn head(&self) -> ResponseHead {
        ResponseHead::dissect(self.bytes.clone())
    }

    /// Its status code, if it has one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = self.is_full().then(|| self.head().status()).flatten();
        status.map(crate::wire::Status::code)
    }
}

impl Settings {
    /// Sends a probe's bytes, as [`Resources::fill`] gives them, and reads the answer.
    ///
    /// # Errors
    ///
    /// When there is no connection to be had.
    pub fn ask(&self, row: &Row, bytes: &[u8]) -> io::Result<Answer> {
        let deadline = now() + self.time;
        let mut stream = TcpStream::connect_timeout(&self.address, self.time)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.time))?;
        let is_sent = send(&mut stream, bytes);
        if is_sent && row.half_close {
            // If it is gone already, the reading shows how.
            let _gone = stream.shutdown(Shutdown::Write);
        }
        Ok(self.read(&mut stream, deadline))
    }

    fn read(&self, stream: &mut TcpStream, deadline: Instant) -> Answer {
        let mut bytes = Vec::new();
        let mut piece = [0; 16 * 1024];
        let ending = loop {
            let left = deadline.saturating_duration_since(now());
            let most = if bytes.is_empty() {
                left
            } else {
                left.min(self.silence)
            };
            if most.is_zero() || bytes.len() >= MOST_BYTES {
                break Ending::Open;
            }
            if stream.set_read_timeout(Some(most)).is_err() {
                break Ending::Reset;
            }
            match stream.read(&mut piece) {
                Ok(0) => break Ending::Closed,
                Ok(count) => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => break Ending::Open,
                    _ => break Ending::Reset,
                },
            }
        };
        bytes.truncate(MOST_BYTES);
        Answer { bytes, ending }
    }
}

/// Sends the bytes, in pieces where they say so; false when the server takes no more.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.windows(PAUSE.len()).position(|window| window == PAUSE) {
        let (piece, after) = rest.split_at(at);
        if stream.write_all(piece).is_err() {
            return false;
        }
        // Nobody wakes this thread: it is a pause, in which the server may read what it has.
        thread::park_timeout(BETWEEN_PIECES);
        rest = after.get(PAUSE.len()..).unwrap_or_default();
    }
    stream.write_all(rest).is_ok()
}

/// What is really sent of filled bytes.
pub(super) fn without_pauses(bytes: &[u8]) -> Vec<u8> {
    let mut sent = bytes.to_vec();
    while let Some(at) = sent.windows(PAUSE.len()).position(|window| window == PAUSE) {
        sent.drain(at..at + PAUSE.len());
    }
    sent
}

/// Where one write ends, between filled bytes: no probe has these in it otherwise.
const PAUSE: &[u8] = b"\0pause\0";

const BETWEEN_PIECES: Duration = Duration::from_millis(50);

/// 256 KiB: no more is needed to judge an answer.
const MOST_BYTES: usize = 256 * 1024;

/// A target that is longer than servers like: 8 KiB is a common limit for a line.
const LONG: usize = 9000;

#[allow(
    clippy::disallowed_methods,
    reason = "a blocking probe is its own loop, and needs a deadline"
)]
fn now() -> Instant {
    Instant::now()
}

fn imf(date: HttpDate) -> String {
    String::from_utf8_lossy(&date.octets()).into_owned()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sunday, 06-Nov-94 08:49:37 GMT`.
fn rfc_850(imf: &str) -> Option<String> {
    let words: Vec<&str> = imf.split(' ').collect();
    let [day, number, month, year, time, zone] = words.as_slice() else {
        return None;
    };
    let rest = match *day {
        "Tue," => "sday",
        "Wed," => "nesday",
        "Thu," => "rsday",
        "Sat," => "urday",
        _ => "day",
    };
    let (day, year) = (day.trim_end_matches(','), year.get(2..)?);
    Some(format!(
        "{day}{rest}, {number}-{month}-{year} {time} {zone}"
    ))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `Sun Nov  6 08:49:37 1994`.
fn asctime(imf: &str) -> Option<String> {
    let words: Vec<&str> = imf.split(' ').collect();
    let [day, number, month, year, time, _] = words.as_slice() else {
        return None;
    };
    let (day, number) = (day.trim_end_matches(','), number.trim_start_matches('0'));
    Some(format!("{day} {month} {number:>2} {time} {year}"))
}

/// The path with its letters and digits percent-encoded.
fn encoded(path: &str) -> String {
    let mut encoded = String::new();
    for character in path.chars() {
        if character.is_ascii_alphanumeric() {
            encoded += &format!("%{:02X}", u32::from(character));
        } else {
            encoded.push(character);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let mut resources = Resources {
            host: "h:1".to_owned(),
            path: "/".to_owned(),
            missing: "/no".to_owned(),
            file: "/a.b".to_owned(),
            post: "/p".to_owned(),
            redirect: "/r".to_owned(),
            modified: HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT"),
        };
        let fill = |resources: &Resources, send: &str| {
            let filled = resources.fill(send.as_bytes());
            filled.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        for (send, filled) in [
            ("GET {path} {host}", "GET / h:1"),
            ("{file-encoded}", "/%61.%62"),
            ("{modified-850}", "Sunday, 06-Nov-94 08:49:37 GMT"),
            ("{modified-asctime}", "Sun Nov  6 08:49:37 1994"),
            ("{before}", "Sun, 06 Nov 1994 08:49:36 GMT"),
        ] {
            assert_eq!(fill(&resources, send).as_deref(), Some(filled));
            let date = HttpDate::parse(filled.as_bytes());
            assert!(!send.contains("modified-") || date == resources.modified);
        }
        assert_eq!(
            without_pauses(&resources.fill(b"a{pause}b").unwrap()),
            b"ab"
        );
        assert_eq!(fill(&resources, "{what}"), None);
        resources.modified = None;
        assert_eq!(fill(&resources, "{modified}"), None);
    }

    #[test]
    fn each_day_has_its_long_name() {
        for day in 0..7 {
            let date = HttpDate::from_seconds(day * 86_400);
            let long = rfc_850(&imf(date)).unwrap();
            assert_eq!(HttpDate::parse(long.as_bytes()), Some(date), "{long}");
        }
    }
}
