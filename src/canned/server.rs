//! The listener, its threads, and what they have received.
//!
//! A thread accepts, and one more for each connection plays its turn. Everything that they share is in [`Shared`],
//! behind one lock; every change of it is told, so whoever waits does so with a deadline and is not late.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::log::Log;
use super::turn::turn;
use super::{Case, CaseError, Received, read_cases};

/// A server that is about to start: what it answers, and where.
#[derive(Clone, Debug)]
pub struct Server {
    cases: Vec<Case>,
    address: SocketAddr,
    connections: usize,
    once: bool,
    log: Option<(PathBuf, usize)>,
}

impl Server {
    /// Answers with the first of these cases whose pattern fits, on loopback and a port of the system's choice.
    #[must_use]
    pub fn new(cases: Vec<Case>) -> Self {
        Self {
            cases,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            connections: 64,
            once: false,
            log: None,
        }
    }

    /// Answers with the cases of a folder.
    ///
    /// # Errors
    ///
    /// As [`read_cases`].
    pub fn open(folder: &Path) -> Result<Self, CaseError> {
        read_cases(folder).map(Self::new)
    }

    /// Listens here. Nothing protects it from strangers.
    #[must_use]
    pub const fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// How many connections at once, at least 1; further ones wait. 64 unless set.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// Stops after the first connection that was answered with a case.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Writes what comes, and what leaves, into this folder, at most `most` cases.
    #[must_use]
    pub fn log(mut self, folder: PathBuf, most: usize) -> Self {
        self.log = Some((folder, most));
        self
    }

    /// Listens, and answers until it is dropped.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, or the log's folder not be made.
    pub fn start(self) -> io::Result<Running> {
        let log = match self.log {
            None => None,
            Some((folder, most)) => Some(Log::open(folder, most)?),
        };
        let listener = TcpListener::bind(self.address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            cases: self.cases,
            once: self.once,
            connections: self.connections,
            state: Mutex::new(State {
                log,
                ..State::default()
            }),
            changed: Condvar::new(),
            address,
        });
        let accepting = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("canned".to_owned())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Running {
            shared,
            thread: Some(thread),
        })
    }
}

/// A server that runs; it stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The connections that are over, in the order in which they ended: the last thousand of them.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.iter().cloned().collect()
    }

    /// Takes the oldest connection that is over and was not taken yet, and waits for one for at most `patience`.
    /// `None` when none came, or the server has ended.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Option<Received> {
        let state = self.shared.state();
        let waits = |state: &mut State| state.received.is_empty() && !state.is_over;
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, patience, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.received.pop_front()
    }

    /// Waits until it has ended by itself, for at most `patience`; whether it has.
    #[must_use]
    pub fn is_over(&self, patience: Duration) -> bool {
        let state = self.shared.state();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, patience, |state| !state.is_over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_over
    }

    /// Stops it, and says what made it stop before that, such as a log that could not be written.
    ///
    /// # Errors
    ///
    /// What went wrong first.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.shared.stop();
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the accepting thread panicked")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Who wants to know asks `stop`.
        let _ended = self.end();
    }
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    cases: Vec<Case>,
    once: bool,
    connections: usize,
    address: SocketAddr,
    state: Mutex<State>,
    /// Told at every change of the state.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_stopped: bool,
    is_over: bool,
    open: BTreeMap<u64, TcpStream>,
    received: VecDeque<Received>,
    log: Option<Log>,
    error: Option<io::Error>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn accept(&self, listener: &TcpListener) -> io::Result<()> {
        thread::scope(|scope| {
            for number in 0.. {
                let Ok((stream, client)) = listener.accept() else {
                    // That connection is gone, or there are no descriptors: a breath, and the next.
                    if !self.wait(BREATH) {
                        return;
                    }
                    continue;
                };
                if !self.has_room() {
                    return;
                }
                // Without a second handle it could not be stopped, so it is not begun.
                let Ok(handle) = stream.try_clone() else {
                    continue;
                };
                self.change(|state| {
                    state.open.insert(number, handle);
                });
                let turn = move || self.turn(number, stream, client);
                if thread::Builder::new().spawn_scoped(scope, turn).is_err() {
                    self.change(|state| {
                        state.open.remove(&number);
                    });
                }
            }
        });
        self.change(|state| state.is_over = true);
        self.state().error.take().map_or(Ok(()), Err)
    }

    fn turn(&self, number: u64, stream: TcpStream, client: SocketAddr) {
        let received = turn(stream, client, &self.cases, &|time| self.wait(time));
        let ends = self.once && received.as_ref().is_some_and(|seen| seen.case.is_some());
        self.change(|state| {
            state.open.remove(&number);
            let Some(received) = received else { return };
            let log = state.log.as_mut();
            if let Some(Err(error)) = log.map(|log| log.write(&received)) {
                state.error.get_or_insert(error);
            }
            if state.received.len() == MOST_RECEIVED {
                state.received.pop_front();
            }
            state.received.push_back(received);
        });
        if ends || self.state().error.is_some() {
            self.stop();
        }
    }

    /// Waits for this time; whether the server still runs then.
    fn wait(&self, time: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), time, |state| !state.is_stopped);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_stopped
    }

    /// Waits for room for one more connection; false when the server is stopped.
    fn has_room(&self) -> bool {
        let is_full = |state: &mut State| state.open.len() >= self.connections && !state.is_stopped;
        let waited = self.changed.wait_while(self.state(), is_full);
        !waited.unwrap_or_else(PoisonError::into_inner).is_stopped
    }

    fn stop(&self) {
        self.change(|state| {
            state.is_stopped = true;
            for stream in state.open.values() {
                // It may be gone already.
                let _gone = stream.shutdown(Shutdown::Both);
            }
        });
        // The accepting thread looks at the state when somebody comes.
        let _refused = TcpStream::connect_timeout(&self.door(), BREATH);
    }

    /// An address at which the listener can be reached from here.
    fn door(&self) -> SocketAddr {
        let mut door = self.address;
        if door.ip().is_unspecified() {
            door.set_ip(match door {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        door
    }
}

/// Connections that are remembered.
const MOST_RECEIVED: usize = 1000;

/// Between two tries at what may go better soon.
const BREATH: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::canned::{ClientEnd, Pacing};

    const PATIENCE: Duration = Duration::from_secs(60);

    fn case(name: &str, response: &str, flags: &str) -> Case {
        let mut case = Case::new(name, response.as_bytes().to_vec());
        case.pacing = Pacing::parse(flags).unwrap();
        case
    }

    fn ask(address: SocketAddr, request: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map(|_| answer)
    }

    #[test]
    fn the_first_case_that_fits_is_sent_as_it_is() {
        let mut only = case("only", "not HTTP\0", "");
        only.pattern = crate::canned::Pattern::parse(b"GET /only").unwrap();
        let mut post = case("post", "POSTED", "--split=2\n--pause=0.01");
        post.pattern = crate::canned::Pattern::parse(b"POST *").unwrap();
        let running = Server::new(vec![only, post]).start().unwrap();
        let ask = |request| ask(running.address(), request).unwrap();
        assert_eq!(ask("GET /only HTTP/1.1\r\n\r\n"), b"not HTTP\0");
        let post = "POST /x HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(ask(post), b"POSTED");
        assert_eq!(ask("GET /none HTTP/1.0\r\n\r\n"), b"");
        let next = || running.next(PATIENCE).unwrap();
        assert_eq!(next().case.as_deref(), Some("only"));
        let received = next();
        assert_eq!(received.bytes, post.as_bytes());
        assert_eq!(received.sent, b"POSTED");
        assert_eq!(received.client_end, ClientEnd::Closed);
        assert_eq!(next().case, None);
        running.stop().unwrap();
    }

    #[test]
    fn a_reset_and_a_cut_reach_the_client() {
        let cut = Server::new(vec![case("cut", "HTTP/1.0 200", "--cut=4\n--delay=0.01")]);
        let cut = cut.start().unwrap();
        assert_eq!(ask(cut.address(), "GET /\r\n").unwrap(), b"HTTP");
        assert_eq!(cut.next(PATIENCE).unwrap().sent, b"HTTP");
        let reset = Server::new(vec![case("reset", "", "--end=rst")]);
        let reset = reset.start().unwrap();
        let error = ask(reset.address(), "GET / HTTP/1.0\r\n\r\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_server_that_never_answers_can_be_stopped() {
        let running = Server::new(vec![case("never", "late", "--delay=3000\n--end=never")]);
        let running = running.start().unwrap();
        let mut client = TcpStream::connect(running.address()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        assert!(!running.is_over(Duration::from_millis(1)));
        running.stop().unwrap();
        let mut answer = Vec::new();
        let _reset = client.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }

    #[test]
    fn once_is_one_answer_and_the_log_has_it() {
        let folder = tempfile::tempdir().unwrap();
        for run in 1..=2 {
            let mut only = case("a", "A", "");
            only.pattern = crate::canned::Pattern::parse(b"* /a").unwrap();
            let server = Server::new(vec![only]).once().connections(1);
            let running = server.log(folder.path().to_owned(), 5).start().unwrap();
            let address = running.address();
            assert_eq!(ask(address, "GET /b HTTP/1.0\r\n\r\n").unwrap(), b"");
            assert_eq!(ask(address, "GET /a HTTP/1.0\r\n\r\n").unwrap(), b"A");
            assert!(running.is_over(PATIENCE));
            assert_eq!(running.received().len(), 2, "run {run}");
        }
        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(read("0001-no-case/request.http"), "GET /b HTTP/1.0\r\n\r\n");
        assert_eq!(read("0004-a/request.http"), "GET /a HTTP/1.0\r\n\r\n");
        assert_eq!(read("0004-a/response.http"), "A");
    }
}
