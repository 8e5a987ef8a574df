//! A plain blocking client: sends raw bytes as they are cut, reads until the server closes.
//!
//! It reads while it sends, so that neither side can wait for the other, and it has a time limit for the
//! whole connection. It understands nothing of what it carries.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Carried, Case, Delivery, Labelled};

/// What a server sent on one connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// What was sent to it: the case's request with what was carried into it.
    pub request: Labelled,
    /// Its bytes.
    pub response: Labelled,
    /// How the connection ended.
    pub end: End,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The server closed it.
    Closed,
    /// It was broken off (RST).
    Reset,
    /// Neither happened before the time limit.
    TimedOut,
}

/// Plays a case: one connection for each exchange, one after the other. A connection lasts at most as long as the case
/// says, or `time_limit` where it says nothing.
///
/// # Errors
///
/// When there is no connection, or the system fails in another way than by breaking it off.
pub fn play(
    case: &Case,
    address: SocketAddr,
    delivery: Delivery,
    time_limit: Duration,
) -> io::Result<Vec<Answer>> {
    let mut carried = Carried::default();
    let mut answers = Vec::new();
    for exchange in &case.exchanges {
        let request = carried.into_request(&exchange.request);
        let delivery = if exchange.sends_too_much() {
            Delivery::Whole
        } else {
            delivery
        };
        let (bytes, end) = converse(
            address,
            &delivery.pieces(&request),
            case.half_close,
            case.time_limit.unwrap_or(time_limit),
        )?;
        let request = Labelled::requests(&request);
        let response = Labelled::responses(&bytes, &request);
        carried.take(&case.carry, &response);
        answers.push(Answer {
            request,
            response,
            end,
        });
    }
    Ok(answers)
}

/// Sends the pieces, each in a write of its own, closes the sending side if that is asked for, and reads
/// until the connection ends.
///
/// # Errors
///
/// As [`play`].
pub fn converse(
    address: SocketAddr,
    pieces: &[&[u8]],
    half_close: bool,
    time_limit: Duration,
) -> io::Result<(Vec<u8>, End)> {
    let deadline = now() + time_limit;
    let stream = TcpStream::connect_timeout(&address, time_limit)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(time_limit))?;
    std::thread::scope(|scope| {
        scope.spawn(|| send(&stream, pieces, half_close));
        let received = receive(&stream, deadline);
        // A sender that is still at it has nobody to send to.
        let _gone = stream.shutdown(Shutdown::Both);
        received
    })
}

/// A server may answer and close before it has read everything: that is its right and no error here.
fn send(mut stream: &TcpStream, pieces: &[&[u8]], half_close: bool) {
    let sent = pieces.iter().try_for_each(|piece| stream.write_all(piece));
    if sent.is_ok() && half_close {
        let _gone = stream.shutdown(Shutdown::Write);
    }
}

fn receive(mut stream: &TcpStream, deadline: Instant) -> io::Result<(Vec<u8>, End)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return Ok((bytes, End::TimedOut));
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((bytes, End::Closed)),
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                    return Ok((bytes, End::Reset));
                }
                _ => return Err(error),
            },
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a client that waits has to look at a clock; nothing but its deadline depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server for one connection, and where it is.
    fn server(work: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || work(listener.accept().unwrap().0));
        address
    }

    #[test]
    fn it_sends_all_and_reads_to_the_end() {
        let address = server(|mut stream| {
            let mut asked = Vec::new();
            stream.read_to_end(&mut asked).unwrap();
            stream.write_all(&asked).unwrap();
        });
        let patience = Duration::from_secs(30);
        let (bytes, end) = converse(address, &[b"a", b"bc"], true, patience).unwrap();
        assert_eq!((&bytes[..], end), (&b"abc"[..], End::Closed));
    }

    #[test]
    fn a_server_that_never_closes_meets_the_limit() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let address = server(move |mut stream| {
            stream.write_all(b"so far").unwrap();
            let _over = held.recv();
        });
        let (bytes, end) = converse(address, &[b"x"], false, Duration::from_millis(200)).unwrap();
        assert_eq!((&bytes[..], end), (&b"so far"[..], End::TimedOut));
        drop(hold);
    }

    #[test]
    fn more_than_the_sockets_hold_is_no_deadlock() {
        let address = server(|mut stream| {
            // It answers at length before it reads.
            stream.write_all(&vec![b'y'; 8 << 20]).unwrap();
            std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
        });
        let request = vec![b'x'; 8 << 20];
        let (bytes, end) = converse(address, &[&request], true, Duration::from_secs(30)).unwrap();
        assert_eq!((bytes.len(), end), (8 << 20, End::Closed));
    }
}
