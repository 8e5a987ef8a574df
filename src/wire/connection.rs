//! One connection, without its socket: bytes and times in, events out.
//!
//! Four kinds of methods:
//!
//! * inputs: [`receive`](Connection::receive), [`received_body`](Connection::received_body),
//!   [`receive_eof`](Connection::receive_eof), [`handle_timeout`](Connection::handle_timeout);
//! * commands: [`respond`](Connection::respond), [`transmitted`](Connection::transmitted),
//!   [`refuse`](Connection::refuse) and others;
//! * outputs: [`poll_event`](Connection::poll_event) (ask until `None` after every input and command),
//!   [`poll_timeout`](Connection::poll_timeout);
//! * getters: [`client`](Connection::client), [`server`](Connection::server) and others.
//!
//! It holds only the received bytes that it could not use yet. The response's bytes never pass
//! through: whoever sends them says how many went out, so that a file can go by a shorter way. A long
//! body need not pass through either: whoever took it in says how many bytes came.

use std::sync::Arc;
use std::time::Instant;

use super::protocol::admit;
use super::{
    BodyFraming, ClientInput, ClientState, EncodedHead, Fault, FaultKind, HeadScan, Protocol,
    RequestHead, ServerInput, ServerState, Span,
};

/// What happened on a connection.
///
/// ```
/// use blankline::wire::{BodyFraming, Connection, Event, Protocol};
/// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
/// let mut connection = Connection::new(Protocol::default().into(), now);
/// connection.receive(b"GET / HTTP/1.0\r\n\r\n", now);
/// assert!(matches!(connection.poll_event(), Some(Event::Head(_, BodyFraming::None))));
/// assert!(matches!(connection.poll_event(), Some(Event::EndOfMessage)));
/// assert!(connection.poll_event().is_none());
/// ```
#[derive(Debug)]
pub enum Event {
    /// A head is complete and acceptable; its faults, if any, are notes.
    Head(Box<RequestHead>, BodyFraming),
    /// Bytes of the body; never empty.
    Data(Vec<u8>),
    /// The request is complete: respond.
    EndOfMessage,
    /// Something odd that changes nothing: for the console.
    Noted(Fault),
    /// The request is refused: respond with the lesson. The head is here as far as it came, unless
    /// an [`Event::Head`] gave it before.
    Rejected(Option<Box<RequestHead>>, Fault),
}

/// One connection's protocol, from accept to close.
///
/// ```
/// use blankline::wire::{ClientState, Connection, Protocol, ServerState};
/// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
/// let connection = Connection::new(Protocol::default().into(), now);
/// assert_eq!(connection.client(), ClientState::SendingHead);
/// assert_eq!(connection.server(), ServerState::Waiting);
/// ```
#[derive(Debug)]
pub struct Connection {
    protocol: Arc<Protocol>,
    /// Received and not yet used.
    buffer: Vec<u8>,
    /// Waits to be told; boxed, since most connections never have one.
    pending: Option<Box<Event>>,
    /// When the phase under way began: the connection, a request's first byte, the lingering.
    since: Instant,
    /// When a byte last moved.
    active: Instant,
    body_length: u64,
    body_left: u64,
    /// Of the response; while lingering, what may still be dropped.
    bytes_left: u64,
    scan: HeadScan,
    head_length: u32,
    client: ClientState,
    server: ServerState,
    flags: Flags,
}

/// Small facts about the message under way.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    eof: bool,
    end_of_message: bool,
    /// The client asked to keep the connection, and then: we agreed.
    keep: bool,
    is_head_request: bool,
    /// The response under way has no known end.
    is_open: bool,
    /// Not the connection's first request.
    is_kept: bool,
    hinted_line: bool,
    hinted: bool,
}

impl Connection {
    /// A connection that was just accepted.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let protocol = std::sync::Arc::new(Protocol::default());
    /// let connection = Connection::new(protocol.clone(), now);
    /// assert_eq!(connection.poll_timeout(), Some(now + protocol.limits.head_time));
    /// ```
    #[must_use]
    pub fn new(protocol: Arc<Protocol>, now: Instant) -> Self {
        Self {
            protocol,
            buffer: Vec::new(),
            pending: None,
            since: now,
            active: now,
            body_length: 0,
            body_left: 0,
            bytes_left: 0,
            scan: HeadScan::default(),
            head_length: 0,
            client: ClientState::SendingHead,
            server: ServerState::Waiting,
            flags: Flags::default(),
        }
    }

    /// Input: bytes from the client.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HT", now);
    /// assert!(connection.poll_event().is_none());
    /// assert_eq!(connection.unused(), b"GET / HT");
    /// ```
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        if self.server == ServerState::Lingering {
            self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
            if self.bytes_left == 0 {
                self.over();
            }
            return;
        }
        if self.client == ClientState::Broken || self.server == ServerState::Closed {
            return;
        }
        if self.client == ClientState::SendingHead && self.buffer.is_empty() && self.flags.is_kept {
            self.since = now;
        }
        self.active = now;
        self.buffer.extend_from_slice(bytes);
    }

    /// Input: the client closed its side. It may still read: a request that is whole is answered.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ServerState};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive_eof();
    /// assert!(connection.poll_event().is_none());
    /// assert_eq!(connection.server(), ServerState::Closed);
    /// ```
    pub fn receive_eof(&mut self) {
        self.flags.eof = true;
        if self.server == ServerState::Lingering {
            self.over();
        }
        // A next request that came before the end is still to be answered.
        if self.client == ClientState::Broken
            || (self.client == ClientState::Done && self.buffer.is_empty())
        {
            self.client = self.client.after(ClientInput::Eof);
        }
    }

    /// Input: the connection is gone both ways (a reset, an error).
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ServerState};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive_reset();
    /// assert_eq!(connection.server(), ServerState::Closed);
    /// ```
    pub fn receive_reset(&mut self) {
        self.pending = None;
        self.over();
    }

    /// Input: time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    ///
    /// ```
    /// use blankline::wire::{Connection, Event, FaultKind, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HTTP/1.0\r\n", now);
    /// assert!(connection.poll_event().is_none());
    /// connection.handle_timeout(connection.poll_timeout().unwrap());
    /// let Some(Event::Noted(hint)) = connection.poll_event() else { panic!() };
    /// assert_eq!(hint.kind, FaultKind::HeadSilent);
    /// ```
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|at| now < at) {
            return;
        }
        let limits = &self.protocol.limits;
        let end = self.head_length as usize + self.buffer.len();
        match (self.server, self.client) {
            (ServerState::Sending, _) => {
                let at = Span::at(end);
                self.pending = Some(Box::new(Event::Noted(Fault::new(
                    FaultKind::WriteTimeout,
                    at,
                ))));
                self.over();
            }
            (ServerState::Waiting, ClientState::SendingHead) if self.buffer.is_empty() => {
                self.over()
            }
            (ServerState::Waiting, ClientState::SendingHead) => {
                if now >= self.since + limits.head_time {
                    let limit = u64::try_from(limits.head_time.as_millis()).unwrap_or(u64::MAX);
                    let fault =
                        Fault::new(FaultKind::HeadTimeout, Span::at(end)).measured(0, limit);
                    self.reject_head(fault);
                } else if self.is_within_line() {
                    self.flags.hinted_line = true;
                    self.note(Fault::new(FaultKind::LineSilent, Span::at(end)));
                } else {
                    self.flags.hinted = true;
                    self.note(Fault::new(FaultKind::HeadSilent, Span::at(end)));
                }
            }
            (ServerState::Waiting, ClientState::SendingBody) => {
                let (got, length) = (self.body_length - self.body_left, self.body_length);
                let offset = usize::try_from(got).unwrap_or(usize::MAX);
                let at = Span::at(end.saturating_add(offset));
                if now >= self.active + limits.body_time {
                    self.reject(
                        None,
                        Fault::new(FaultKind::BodyTimeout, at).measured(got, length),
                    );
                } else {
                    self.flags.hinted = true;
                    self.note(Fault::new(FaultKind::BodySilent, at).measured(got, length));
                }
            }
            _ => self.over(),
        }
    }

    /// Command: a response goes out, `body` bytes after its head. The connection is kept when the
    /// head says so; nothing else decides it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no response is owed, or the body is not as long as the head says.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ResponseWriter, ServerState, Status};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HTTP/1.0\r\n\r\n", now);
    /// while connection.poll_event().is_some() {}
    /// let head = ResponseWriter::new(Status::OK, "OK").content_length(2).finish();
    /// assert!(connection.respond(&head, 3, now).is_err());
    /// connection.respond(&head, 2, now).unwrap();
    /// connection.transmitted(head.bytes().len() as u64 + 2, now);
    /// assert_eq!(connection.server(), ServerState::Closed);
    /// ```
    pub fn respond(&mut self, head: &EncodedHead, body: u64, now: Instant) -> Result<(), Misuse> {
        if self.server != ServerState::MustRespond {
            return Err(Misuse::NoResponseOwed);
        }
        let bodiless = head.status().is_bodiless() || self.flags.is_head_request;
        let expected = if bodiless { Some(0) } else { head.length() };
        if expected.is_some_and(|length| length != body) {
            return Err(Misuse::LengthDiffers);
        }
        let ends_by_close = head.length().is_none() && !head.status().is_bodiless();
        if head.keeps_alive() && (ends_by_close || !self.flags.keep) {
            return Err(Misuse::CannotKeepAlive);
        }
        self.flags.keep = head.keeps_alive();
        self.begin_response(head.bytes().len() as u64 + body, now);
        Ok(())
    }

    /// Command: a response goes out whose body has no known end: [`extend`](Self::extend) says how many
    /// bytes there are to send by and by, [`finish`](Self::finish) that there will be no more, and the
    /// close shows it to the client (RFC 1945 7.2.2).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no response is owed, or the head promises a length, a kept connection or no body.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ResponseWriter, ServerState, Status};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HTTP/1.0\r\n\r\n", now);
    /// while connection.poll_event().is_some() {}
    /// let head = ResponseWriter::new(Status::OK, "OK").finish();
    /// connection.respond_open(&head, now).unwrap();
    /// connection.transmitted(head.bytes().len() as u64, now);
    /// assert_eq!(connection.server(), ServerState::Sending);
    /// connection.extend(5);
    /// assert_eq!(connection.unsent(), 5);
    /// connection.transmitted(5, now);
    /// connection.finish(now);
    /// assert_eq!(connection.server(), ServerState::Closed);
    /// ```
    pub fn respond_open(&mut self, head: &EncodedHead, now: Instant) -> Result<(), Misuse> {
        if self.server != ServerState::MustRespond {
            return Err(Misuse::NoResponseOwed);
        }
        if head.length().is_some() || head.status().is_bodiless() || self.flags.is_head_request {
            return Err(Misuse::LengthDiffers);
        }
        if head.keeps_alive() {
            return Err(Misuse::CannotKeepAlive);
        }
        self.flags.keep = false;
        self.flags.is_open = true;
        self.begin_response(head.bytes().len() as u64, now);
        Ok(())
    }

    /// Command: `bytes` more bytes of an open response are there to be sent.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.extend(5); // no response is open: nothing changes
    /// assert_eq!(connection.unsent(), 0);
    /// ```
    pub fn extend(&mut self, bytes: u64) {
        if self.flags.is_open && self.server == ServerState::Sending {
            self.bytes_left += bytes;
        }
    }

    /// Command: an open response gets no more bytes; those that are there still go out.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// Connection::new(Protocol::default().into(), now).finish(now); // nothing is open: nothing changes
    /// ```
    pub fn finish(&mut self, now: Instant) {
        if std::mem::take(&mut self.flags.is_open) {
            self.transmitted(0, now);
        }
    }

    fn begin_response(&mut self, bytes: u64, now: Instant) {
        self.server = self.server.after(ServerInput::Respond);
        self.active = now;
        self.bytes_left = bytes;
        if !self.flags.keep && self.client == ClientState::Done && !self.buffer.is_empty() {
            self.note_excess();
        }
        self.transmitted(0, now);
    }

    /// Command: bytes go out that nobody checks, as many as [`extend`](Self::extend) says until
    /// [`finish`](Self::finish); the connection ends with them. For lessons about answers that break the rules.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no response is owed.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ServerState};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"HEAD / HTTP/1.0\r\n\r\n", now);
    /// while connection.poll_event().is_some() {}
    /// connection.respond_unchecked(now).unwrap();
    /// connection.extend(7);
    /// connection.transmitted(7, now);
    /// connection.finish(now);
    /// assert_eq!(connection.server(), ServerState::Closed);
    /// ```
    pub fn respond_unchecked(&mut self, now: Instant) -> Result<(), Misuse> {
        if self.server != ServerState::MustRespond {
            return Err(Misuse::NoResponseOwed);
        }
        self.flags.keep = false;
        self.flags.is_open = true;
        self.begin_response(0, now);
        Ok(())
    }

    /// Command: `bytes` more bytes of the response went out.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.transmitted(0, now); // nothing is being sent: nothing changes
    /// assert_eq!(connection.unsent(), 0);
    /// ```
    pub fn transmitted(&mut self, bytes: u64, now: Instant) {
        if self.server != ServerState::Sending {
            return;
        }
        if bytes > 0 {
            self.active = now;
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        if self.bytes_left > 0 || self.flags.is_open {
            return;
        }
        let has_ended =
            self.flags.eof || (self.client == ClientState::Done && self.buffer.is_empty());
        if self.flags.keep && self.client == ClientState::Done {
            self.server = self.server.after(ServerInput::SentAndKeep);
            self.client = self.client.after(ClientInput::Next);
            self.scan = HeadScan::default();
            (self.head_length, self.body_length) = (0, 0);
            self.since = now;
            self.flags = Flags {
                eof: self.flags.eof,
                is_kept: true,
                ..Flags::default()
            };
        } else if has_ended {
            self.server = self.server.after(ServerInput::SentAndClose);
        } else {
            self.server = self.server.after(ServerInput::SentAndLinger);
            self.since = now;
            self.bytes_left = self.protocol.limits.linger_bytes;
            self.buffer = Vec::new();
        }
    }

    /// Input: `bytes` more bytes of the body came and went elsewhere: to a file, say. Only while
    /// [`body_left`](Self::body_left) says so many are still to come, and none of them is in
    /// [`unused`](Self::unused).
    ///
    /// ```
    /// use blankline::wire::{Connection, Event, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", now);
    /// assert!(matches!(connection.poll_event(), Some(Event::Head(..))));
    /// connection.received_body(3, now);
    /// assert!(matches!(connection.poll_event(), Some(Event::EndOfMessage)));
    /// ```
    pub fn received_body(&mut self, bytes: u64, now: Instant) {
        self.active = now;
        self.take_body(bytes);
    }

    /// Command: the request under way is refused by what its body says, or by who would have to take it.
    /// The lesson is asked for with [`Event::Rejected`]. Does nothing once a response is owed.
    ///
    /// ```
    /// use blankline::wire::{Connection, Event, Fault, FaultKind, Protocol, Span};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", now);
    /// assert!(matches!(connection.poll_event(), Some(Event::Head(..))));
    /// connection.refuse(Fault::new(FaultKind::BodyTooLarge, Span::default()));
    /// assert!(matches!(connection.poll_event(), Some(Event::Rejected(None, _))));
    /// ```
    pub fn refuse(&mut self, fault: Fault) {
        if self.server == ServerState::Waiting {
            self.flags.end_of_message = false;
            self.reject(None, fault);
        }
    }

    /// Output: the next event. After an input or a command, ask until there is none.
    ///
    /// ```
    /// use blankline::wire::{Connection, Event, FaultKind, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"POST / HTTP/1.0\r\n\r\n", now);
    /// let Some(Event::Rejected(Some(_), fault)) = connection.poll_event() else { panic!() };
    /// assert_eq!(fault.kind, FaultKind::LengthRequired);
    /// ```
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.pending.take() {
            return Some(*event);
        }
        match self.client {
            ClientState::SendingHead if self.server == ServerState::Waiting => self.poll_head(),
            ClientState::SendingBody => self.poll_body(),
            ClientState::Done | ClientState::Closed if self.flags.end_of_message => {
                self.flags.end_of_message = false;
                self.server = self.server.after(ServerInput::RequestEnded);
                Some(Event::EndOfMessage)
            }
            _ => None,
        }
    }

    /// Output: when to call [`handle_timeout`](Self::handle_timeout) if nothing happens before.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET", now); // a hint is due before the head's own time is over
    /// assert_eq!(connection.poll_timeout(), Some(now + Protocol::default().limits.hint_time));
    /// ```
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let limits = &self.protocol.limits;
        match (self.server, self.client) {
            (ServerState::Closed | ServerState::MustRespond, _) => None,
            (ServerState::Lingering, _) => Some(self.since + limits.linger_time),
            // It is not the client who has nothing to send.
            (ServerState::Sending, _) if self.bytes_left == 0 => None,
            (ServerState::Sending, _) => Some(self.active + limits.write_time),
            (ServerState::Waiting, ClientState::SendingHead) if self.buffer.is_empty() => {
                let idle = if self.flags.is_kept {
                    limits.keep_alive_time
                } else {
                    limits.head_time
                };
                Some(self.since + idle)
            }
            (ServerState::Waiting, ClientState::SendingHead) => {
                let hinted = if self.is_within_line() {
                    self.flags.hinted_line
                } else {
                    self.flags.hinted
                };
                let (end, hint) = (
                    self.since + limits.head_time,
                    self.active + limits.hint_time,
                );
                Some(if hinted { end } else { end.min(hint) })
            }
            (ServerState::Waiting, _) => {
                let (end, hint) = (
                    self.active + limits.body_time,
                    self.active + limits.hint_time,
                );
                Some(if self.flags.hinted {
                    end
                } else {
                    end.min(hint)
                })
            }
        }
    }

    /// What the client is doing.
    ///
    /// ```
    /// use blankline::wire::{ClientState, Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert_eq!(Connection::new(Protocol::default().into(), now).client(), ClientState::SendingHead);
    /// ```
    #[must_use]
    pub const fn client(&self) -> ClientState {
        self.client
    }

    /// What the server is doing.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ServerState};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert_eq!(Connection::new(Protocol::default().into(), now).server(), ServerState::Waiting);
    /// ```
    #[must_use]
    pub const fn server(&self) -> ServerState {
        self.server
    }

    /// Bytes that came and are not used yet: a head under way, or what follows a request.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert!(Connection::new(Protocol::default().into(), now).unused().is_empty());
    /// ```
    #[must_use]
    pub fn unused(&self) -> &[u8] {
        &self.buffer
    }

    /// Bytes of the response that did not go out yet.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert_eq!(Connection::new(Protocol::default().into(), now).unsent(), 0);
    /// ```
    #[must_use]
    pub const fn unsent(&self) -> u64 {
        if matches!(self.server, ServerState::Sending) {
            self.bytes_left
        } else {
            0
        }
    }

    /// Bytes of the request's body that are still to come.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert_eq!(Connection::new(Protocol::default().into(), now).body_left(), 0);
    /// ```
    #[must_use]
    pub const fn body_left(&self) -> u64 {
        if matches!(self.client, ClientState::SendingBody) {
            self.body_left
        } else {
            0
        }
    }

    /// Whether the response under way may say `Connection: keep-alive`: the request asked for it,
    /// came whole, and it is allowed here. Once the response is given: whether it said so.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", now);
    /// while connection.poll_event().is_some() {}
    /// assert!(connection.may_keep_alive());
    /// ```
    #[must_use]
    pub const fn may_keep_alive(&self) -> bool {
        self.flags.keep
    }

    /// Whether the connection ends with the last byte of the response under way, and the client has nothing
    /// more to send: its request is whole, and nothing came behind it.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol, ResponseWriter, Status};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"GET / HTTP/1.0\r\n\r\n", now);
    /// while connection.poll_event().is_some() {}
    /// connection.respond(&ResponseWriter::new(Status::OK, "OK").finish(), 0, now).unwrap();
    /// assert!(connection.ends_with_response());
    /// ```
    #[must_use]
    pub fn ends_with_response(&self) -> bool {
        let is_over = self.client == ClientState::Done && self.buffer.is_empty();
        !self.flags.is_open && !self.flags.keep && (self.flags.eof || is_over)
    }

    /// Whether the request under way has a body, behind which more could follow by mistake.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// let mut connection = Connection::new(Protocol::default().into(), now);
    /// connection.receive(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", now);
    /// while connection.poll_event().is_some() {}
    /// assert!(connection.had_body());
    /// ```
    #[must_use]
    pub const fn had_body(&self) -> bool {
        self.body_length > 0
    }

    /// Whether more bytes are welcome now. Not while a response is owed and a full head's worth of
    /// bytes waits already: then the client has to wait too.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert!(Connection::new(Protocol::default().into(), now).wants_bytes());
    /// ```
    #[must_use]
    pub fn wants_bytes(&self) -> bool {
        !self.flags.eof
            && (self.client != ClientState::Done
                || self.buffer.len() < self.protocol.limits.head_bytes)
    }

    /// Since when it is a kept connection that waits for its next request and has not one byte of it.
    ///
    /// ```
    /// use blankline::wire::{Connection, Protocol};
    /// # #[allow(clippy::disallowed_methods)] let now = std::time::Instant::now();
    /// assert_eq!(Connection::new(Protocol::default().into(), now).idle_since(), None);
    /// ```
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        let is_idle = self.server == ServerState::Waiting && self.buffer.is_empty();
        (self.flags.is_kept && is_idle && self.client == ClientState::SendingHead)
            .then_some(self.since)
    }

    fn is_within_line(&self) -> bool {
        !self.scan.has_first_line() || self.scan.is_within_line()
    }

    fn poll_head(&mut self) -> Option<Event> {
        if self.buffer.is_empty() {
            if self.flags.eof {
                self.client = self.client.after(ClientInput::Eof);
                self.over();
            }
            return None;
        }
        let limit = self.protocol.limits.head_bytes;
        let end = self.scan.advance(&self.buffer);
        match end {
            Some(end) if end <= limit => Some(self.take_head(end)),
            None if self.buffer.len() <= limit => {
                if self.flags.eof {
                    let at = Span::at(self.buffer.len());
                    self.reject_head(Fault::new(FaultKind::HeadCutShort, at));
                    return self.pending.take().map(|event| *event);
                }
                None
            }
            _ => {
                // However the bytes came in pieces, the same ones are looked at.
                self.buffer.truncate(limit);
                let fault = Fault::new(FaultKind::HeadTooLarge, Span::at(self.buffer.len()));
                self.reject_head(fault.measured(limit as u64, limit as u64));
                self.pending.take().map(|event| *event)
            }
        }
    }

    fn take_head(&mut self, end: usize) -> Event {
        let rest = if end == self.buffer.len() {
            Vec::new()
        } else {
            self.buffer.split_off(end)
        };
        let mut head = RequestHead::dissect(std::mem::replace(&mut self.buffer, rest));
        self.head_length = u32::try_from(end).unwrap_or(u32::MAX);
        self.flags.is_head_request = head.is_method(b"HEAD");
        match admit(&mut head, &self.protocol.limits) {
            Err(fault) => {
                head.report(fault);
                self.reject(Some(head), fault);
                match self.pending.take() {
                    Some(event) => *event,
                    None => Event::Noted(fault),
                }
            }
            Ok(framing) => {
                self.flags.keep = self.protocol.keep_alive && head.asks_keep_alive();
                if let BodyFraming::Length(length) = framing {
                    self.client = self.client.after(ClientInput::HeadWithBody);
                    // Told at once: the client is waiting at this moment.
                    if let Some(fault) = expectation(&head) {
                        self.note(fault);
                    }
                    (self.body_length, self.body_left) = (length, length);
                    self.flags.hinted = false;
                } else {
                    self.client = self.client.after(ClientInput::HeadWithoutBody);
                    self.flags.end_of_message = true;
                }
                Event::Head(Box::new(head), framing)
            }
        }
    }

    fn poll_body(&mut self) -> Option<Event> {
        if self.buffer.is_empty() {
            if self.flags.eof {
                let (got, length) = (self.body_length - self.body_left, self.body_length);
                let offset = usize::try_from(got).unwrap_or(usize::MAX);
                let at = Span::at((self.head_length as usize).saturating_add(offset));
                self.reject(
                    None,
                    Fault::new(FaultKind::BodyCutShort, at).measured(got, length),
                );
                return self.pending.take().map(|event| *event);
            }
            return None;
        }
        let left = usize::try_from(self.body_left).unwrap_or(usize::MAX);
        let rest = if left >= self.buffer.len() {
            Vec::new()
        } else {
            self.buffer.split_off(left)
        };
        let data = std::mem::replace(&mut self.buffer, rest);
        self.take_body(data.len() as u64);
        Some(Event::Data(data))
    }

    fn take_body(&mut self, bytes: u64) {
        self.body_left = self.body_left.saturating_sub(bytes);
        if self.body_left == 0 && self.client == ClientState::SendingBody {
            self.client = self.client.after(ClientInput::LastByte);
            self.flags.end_of_message = true;
        }
    }

    fn note(&mut self, fault: Fault) {
        self.pending = Some(Box::new(Event::Noted(fault)));
    }

    fn note_excess(&mut self) {
        let message_end = (self.head_length as usize)
            .saturating_add(usize::try_from(self.body_length).unwrap_or(usize::MAX));
        let excess = self.buffer.len();
        let at = Span::new(message_end, message_end.saturating_add(excess));
        self.note(Fault::new(FaultKind::ExcessBytes, at).measured(excess as u64, 0));
    }

    /// Refuses a request whose head is not taken yet.
    fn reject_head(&mut self, fault: Fault) {
        let mut head = RequestHead::dissect(std::mem::take(&mut self.buffer));
        head.report(fault);
        self.reject(Some(head), fault);
    }

    fn reject(&mut self, head: Option<RequestHead>, fault: Fault) {
        self.client = self.client.after(ClientInput::Refused);
        self.server = self.server.after(ServerInput::RequestEnded);
        self.flags.keep = false;
        self.buffer = Vec::new();
        self.pending = Some(Box::new(Event::Rejected(head.map(Box::new), fault)));
    }

    fn over(&mut self) {
        self.server = self.server.after(ServerInput::Over);
    }
}

/// Our own code broke the protocol: a bug, never the peer's fault.
///
/// ```
/// assert!(blankline::wire::Misuse::LengthDiffers.to_string().contains("Content-Length"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// A response was given when none was owed.
    NoResponseOwed,
    /// The body is not as long as its Content-Length says.
    LengthDiffers,
    /// The head says `Connection: keep-alive` to a client that did not ask, or without a length.
    CannotKeepAlive,
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoResponseOwed => "a response was given when none was owed",
            Self::LengthDiffers => "the body is not as long as its Content-Length says",
            Self::CannotKeepAlive => {
                "keep-alive was answered to a client that did not ask, or without a length"
            }
        })
    }
}

impl std::error::Error for Misuse {}

/// Where a client says that it waits for a 1xx response, which it will not get (RFC 1945 9.1).
fn expectation(head: &RequestHead) -> Option<Fault> {
    let expect = head.fields_named(b"Expect").next()?;
    super::has_token(&expect.value, b"100-continue")
        .then(|| Fault::new(FaultKind::ExpectContinue, expect.value_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{FieldName, FieldValue, ResponseWriter, Status};

    /// What `nc -N` does with two requests in a file while the first is with a worker.
    #[test]
    fn an_end_that_comes_before_the_answer_leaves_the_next_request_standing() {
        #[allow(clippy::disallowed_methods, reason = "a test has to start somewhere")]
        let now = Instant::now();
        let mut connection = Connection::new(Arc::default(), now);
        let one = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
        connection.receive(&one.repeat(2), now);
        assert!(matches!(connection.poll_event(), Some(Event::Head(..))));
        assert!(matches!(connection.poll_event(), Some(Event::EndOfMessage)));
        connection.receive_eof();
        for _ in 0..2 {
            let head = ResponseWriter::new(Status::OK, "OK")
                .content_length(0)
                .field(FieldName::CONNECTION, &FieldValue::constant("keep-alive"))
                .finish();
            connection.respond(&head, 0, now).unwrap();
            connection.transmitted(head.bytes().len() as u64, now);
            while connection.poll_event().is_some() {}
        }
        assert_eq!(connection.server(), ServerState::Closed);
    }
}
