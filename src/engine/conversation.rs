//! A connection and a site, talking: everything between the bytes and the views but the socket.
//!
//! Bytes and times go in, work for other threads and the bytes to send come out. The loop drives it with
//! a socket; the golden tests drive it without one, so that both run the same code.

use std::cell::RefCell;
use std::fs::File;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::script::{Script, ScriptEnd};
use super::service::{Body, BodySink, Intake, Place, Request, Response, Service, Source, Wake};
use crate::record::{Exchange, Hint, Record};
use crate::wire::{
    BodyFraming, Connection, EncodedHead, Event, Fault, FaultKind, HttpDate, Protocol, RequestHead,
    ServerState, Span, Status,
};

/// What a turn needs to know of the world.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For timers.
    pub instant: Instant,
    /// For dates.
    pub wall: SystemTime,
    /// Whether connections may be kept. When places run short each is needed for somebody new, and a
    /// client that hears so in its answer is better off than one whose kept connection is closed.
    pub may_keep: bool,
}

/// One connection's exchanges, one after the other.
#[derive(Debug)]
pub struct Conversation {
    connection: Connection,
    /// The exchange under way; boxed, so that an idle connection is small.
    exchange: Option<Box<Underway>>,
}

/// A whole request on its way to a worker, and back with its response.
pub type Job = Box<Request>;

/// What is not done on the loop.
#[derive(Debug)]
pub enum Work {
    /// Answer this, and bring the response to [`Conversation::complete`].
    Answer(Job),
    /// Let the sink take these bytes, and bring what came of it to [`Conversation::stored`].
    Store(Store),
    /// Drop this: it may have a file to remove.
    Discard(Box<dyn BodySink>),
}

/// A piece of a body on its way to its sink.
#[derive(Debug)]
pub struct Store {
    sink: Box<dyn BodySink>,
    /// The first `filled` of these.
    octets: Vec<u8>,
    filled: usize,
    /// Whether it is the last piece.
    ends: bool,
}

/// What came of a piece.
#[derive(Debug)]
pub struct Stored {
    /// The sink, ready for more; or why the request is refused.
    pub result: Result<Box<dyn BodySink>, Fault>,
    /// The buffer, to be used again.
    pub octets: Vec<u8>,
}

impl Store {
    /// Does it. May wait for a disk.
    #[must_use]
    pub fn run(self) -> Stored {
        let Self {
            mut sink,
            octets,
            filled,
            ends,
        } = self;
        let bytes = octets.get(..filled).unwrap_or_default();
        let taken = catch_unwind(AssertUnwindSafe(|| {
            sink.take(bytes)?;
            if ends { sink.finish() } else { Ok(()) }
        }));
        let taken =
            taken.unwrap_or_else(|_| Err(Fault::new(FaultKind::ServerError, Span::default())));
        Stored {
            result: taken.map(|()| sink),
            octets,
        }
    }

    /// Gives the sink back: there was nobody to do it.
    #[must_use]
    pub fn undone(self) -> Box<dyn BodySink> {
        self.sink
    }
}

/// What is to be sent next.
#[derive(Debug)]
pub enum Transmit<'a> {
    /// These bytes, one run after the other; either may be empty.
    Bytes([&'a [u8]; 2]),
    /// The rest of the head (perhaps empty), then `length` bytes of the file from `offset`.
    File {
        /// The rest of the head.
        head: &'a [u8],
        /// The file.
        file: &'a File,
        /// Where in the file, in bytes.
        offset: u64,
        /// How many bytes are left of it.
        length: u64,
    },
}

/// A request from its head on, and its response until the last byte.
#[derive(Debug)]
struct Underway {
    at: SystemTime,
    started: Instant,
    head: Option<Box<RequestHead>>,
    body: Vec<u8>,
    /// Of the body, as far as it came.
    body_bytes: u64,
    sink: Option<Box<dyn BodySink>>,
    /// The sink is away with a piece of the body.
    is_storing: bool,
    faults: Vec<Fault>,
    outbound: Option<Outbound>,
}

#[derive(Debug)]
struct Outbound {
    status: Option<Status>,
    head: Vec<u8>,
    body: Body,
    /// Of head and body together.
    sent: u64,
    /// When the last piece of a script was due, or its first one asked for.
    since: Instant,
    /// What was pulled of a live body or a script and is being sent, and how much of it went before.
    pulled: Vec<u8>,
    pulled_before: u64,
}

impl Conversation {
    /// For a connection that was just accepted.
    #[must_use]
    pub fn new(protocol: Arc<Protocol>, now: Instant) -> Self {
        Self {
            connection: Connection::new(protocol, now),
            exchange: None,
        }
    }

    /// The protocol's view of it.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Input: bytes from the client. [`drive`](Self::drive) next.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        self.connection.receive(bytes, now);
    }

    /// Input: the client closed its side. [`drive`](Self::drive) next.
    pub fn receive_eof(&mut self) {
        self.connection.receive_eof();
    }

    /// Input: time has passed. [`drive`](Self::drive) next.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.connection.handle_timeout(now);
    }

    /// Input: the connection is gone both ways.
    pub fn receive_reset(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            let end = exchange.head.as_ref().map_or(0, |head| head.bytes().len());
            let fault = Fault::new(FaultKind::ConnectionReset, Span::at(end));
            exchange.faults.push(fault);
        }
        self.connection.receive_reset();
    }

    /// Works on everything that came in, until there is nothing more or something that another thread
    /// has to do. A request that nobody takes goes to [`turn_away`](Self::turn_away).
    pub fn drive<S: Service + ?Sized>(
        &mut self,
        service: &S,
        peer: SocketAddr,
        now: Now,
        records: &mut Option<Vec<Record>>,
    ) -> Option<Work> {
        while !self.is_storing()
            && let Some(event) = self.connection.poll_event()
        {
            match event {
                Event::Head(head, framing) => self.begin(service, head, framing, now),
                Event::Data(data) => match &mut self.exchange {
                    Some(exchange) if exchange.sink.is_some() => {
                        let filled = data.len();
                        return self.store(data, filled).map(Work::Store);
                    }
                    Some(exchange) => exchange.add(data),
                    None => {}
                },
                Event::EndOfMessage => {
                    let Some(request) = self.request(peer, now.may_keep) else {
                        continue;
                    };
                    match service.place(&request.head) {
                        Place::Worker => return Some(Work::Answer(Box::new(request))),
                        Place::Loop => {
                            let response = answer(service, &request, HttpDate::from(now.wall));
                            self.complete(service, request.head, response, now);
                        }
                    }
                }
                Event::Noted(fault) => match (&mut self.exchange, &mut *records) {
                    // While a message is under way it is a hint, which is of use at once or never.
                    (Some(exchange), _) if self.connection.server() != ServerState::Waiting => {
                        exchange.faults.push(fault);
                    }
                    (_, Some(records)) => records.push(Record::Hint(Arc::new(Hint {
                        at: now.wall,
                        peer,
                        fault,
                        so_far: self.connection.unused().to_vec(),
                    }))),
                    (_, None) => {}
                },
                Event::Rejected(head, fault) => {
                    let exchange = self
                        .exchange
                        .get_or_insert_with(|| Underway::new(None, now));
                    match head {
                        Some(head) => exchange.head = Some(head),
                        None => exchange.faults.push(fault),
                    }
                    let sink = exchange.sink.take();
                    self.refuse(service, &fault, now);
                    if let Some(sink) = sink {
                        return Some(Work::Discard(sink));
                    }
                }
            }
        }
        None
    }

    fn begin<S: Service + ?Sized>(
        &mut self,
        service: &S,
        head: Box<RequestHead>,
        framing: BodyFraming,
        now: Now,
    ) {
        let intake = match framing {
            BodyFraming::Length(length) => service.intake(&head, length),
            BodyFraming::None | BodyFraming::UntilClose => Ok(Intake::Memory),
        };
        let exchange = self.exchange.insert(Underway::new(Some(head), now));
        match intake {
            Ok(Intake::Memory) => {}
            Ok(Intake::Stream(sink)) => exchange.sink = Some(sink),
            Err(fault) => self.connection.refuse(fault),
        }
    }

    /// How many bytes of a body are still to come for a sink that is ready for them; 0 when there is no
    /// such body. They may be read into a buffer and given to [`take_in`](Self::take_in).
    #[must_use]
    pub fn awaited(&self) -> u64 {
        let waits = |exchange: &Underway| exchange.sink.is_some();
        if self.exchange.as_deref().is_some_and(waits) {
            self.connection.body_left()
        } else {
            0
        }
    }

    /// Input: the first `filled` bytes of the buffer came for the sink, at least one and at most
    /// [`awaited`](Self::awaited).
    pub fn take_in(&mut self, octets: Vec<u8>, filled: usize, now: Instant) -> Option<Store> {
        self.connection.received_body(filled as u64, now);
        self.store(octets, filled)
    }

    /// Input: a piece of the body is with its sink. [`drive`](Self::drive) next.
    pub fn stored(&mut self, result: Result<Box<dyn BodySink>, Fault>, now: Instant) {
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        exchange.is_storing = false;
        // The client was not slow while nobody read.
        self.connection.received_body(0, now);
        match result {
            Ok(sink) => exchange.sink = Some(sink),
            Err(fault) => self.connection.refuse(fault),
        }
    }

    /// The sink, when the connection is over: it has to be dropped where waiting is allowed.
    pub fn abandon(&mut self) -> Option<Box<dyn BodySink>> {
        self.exchange.as_mut()?.sink.take()
    }

    fn store(&mut self, octets: Vec<u8>, filled: usize) -> Option<Store> {
        let exchange = self.exchange.as_mut()?;
        let sink = exchange.sink.take()?;
        exchange.is_storing = true;
        exchange.body_bytes += filled as u64;
        Some(Store {
            sink,
            octets,
            filled,
            ends: self.connection.body_left() == 0,
        })
    }

    fn is_storing(&self) -> bool {
        let stores = |exchange: &Underway| exchange.is_storing;
        self.exchange.as_deref().is_some_and(stores)
    }

    /// Whether more bytes are welcome now; not while the sink is busy, so that the client waits too.
    #[must_use]
    pub fn wants_bytes(&self) -> bool {
        !self.is_storing() && self.connection.wants_bytes()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) if nothing happens before. While the sink is
    /// busy it is not the client who is slow; and a script says itself when it goes on.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_storing() {
            return None;
        }
        let is_waiting = self.connection.unsent() == 0;
        let script = self.script().filter(|_| is_waiting);
        match script.and_then(|(script, since)| Some(since + script.pause()?)) {
            None => self.connection.poll_timeout(),
            due => due,
        }
    }

    /// A request is answered; its head comes back for the record.
    pub fn complete<S: Service + ?Sized>(
        &mut self,
        service: &S,
        head: Box<RequestHead>,
        response: Response,
        now: Now,
    ) {
        self.take_back(head);
        if let Err(fault) = self.send(response, now) {
            self.refuse(service, &fault, now);
        }
    }

    /// Nobody is free to store a piece of a body: all `places` in the queue are taken. [`drive`](Self::drive)
    /// next.
    pub fn cannot_store(&mut self, places: usize, now: Instant) {
        let at = self
            .exchange
            .as_ref()
            .and_then(|exchange| exchange.head.as_ref())
            .map_or(Span::default(), |head| head.target_at());
        let fault = Fault::new(FaultKind::ServerBusy, at).measured(0, places as u64);
        self.stored(Err(fault), now);
    }

    /// No worker is free to answer a request: all `places` in the queue are taken.
    pub fn turn_away<S: Service + ?Sized>(
        &mut self,
        service: &S,
        head: Box<RequestHead>,
        places: usize,
        now: Now,
    ) {
        let fault = Fault::new(FaultKind::ServerBusy, head.target_at()).measured(0, places as u64);
        self.take_back(head);
        if let Some(exchange) = &mut self.exchange {
            exchange.faults.push(fault);
        }
        self.refuse(service, &fault, now);
    }

    fn take_back(&mut self, head: Box<RequestHead>) {
        if let Some(exchange) = &mut self.exchange {
            exchange.head = Some(head);
        }
    }

    fn refuse<S: Service + ?Sized>(&mut self, service: &S, fault: &Fault, now: Now) {
        let empty;
        let head = match self
            .exchange
            .as_ref()
            .and_then(|exchange| exchange.head.as_deref())
        {
            Some(head) => head,
            None => {
                empty = RequestHead::dissect(Vec::new());
                &empty
            }
        };
        let response = service.refuse(head, fault, HttpDate::from(now.wall));
        if self.send(response, now).is_err() {
            // A lesson that cannot be sent leaves nothing to say.
            self.connection.receive_reset();
        }
    }

    /// Output: what to send next, if anything.
    #[must_use]
    pub fn poll_transmit(&self) -> Option<Transmit<'_>> {
        let outbound = self.exchange.as_ref()?.outbound.as_ref()?;
        let (head, sent) = (outbound.head.as_slice(), outbound.sent);
        let head_length = head.len() as u64;
        let head = head.get(usize::try_from(sent).ok()?..).unwrap_or_default();
        let body_sent = sent.saturating_sub(head_length);
        Some(match &outbound.body {
            Body::Live(_) | Body::Scripted(_) => {
                let start = body_sent.saturating_sub(outbound.pulled_before);
                let rest = outbound.pulled.get(usize::try_from(start).ok()?..);
                Transmit::Bytes([head, rest.unwrap_or_default()])
            }
            Body::Bytes(body) => {
                let body = body
                    .get(usize::try_from(body_sent).ok()?..)
                    .unwrap_or_default();
                Transmit::Bytes([head, body])
            }
            Body::File { file, length } => Transmit::File {
                head,
                file,
                offset: body_sent,
                length: length.saturating_sub(body_sent),
            },
        })
    }

    /// Asks a live body or a script for more, once everything that it gave before is sent.
    pub fn pull(&mut self, now: Instant) {
        if self.connection.unsent() > 0 {
            return;
        }
        self.play(now);
        let Some((pulled, pulled_before, source)) = self.live() else {
            return;
        };
        *pulled_before += pulled.len() as u64;
        pulled.clear();
        let is_over = source.pull(pulled);
        let more = pulled.len() as u64;
        self.connection.extend(more);
        if is_over {
            self.connection.finish(now);
        }
    }

    /// Takes what is due of a script; at its end with a FIN the connection is finished.
    fn play(&mut self, now: Instant) {
        let Some(Outbound {
            body: Body::Scripted(script),
            since,
            pulled,
            pulled_before,
            ..
        }) = self.outbound()
        else {
            return;
        };
        let Some(pause) = script.pause() else {
            if script.end() == ScriptEnd::Fin {
                self.connection.finish(now);
            }
            return;
        };
        if now < *since + pause {
            return;
        }
        *since = now;
        *pulled_before += pulled.len() as u64;
        *pulled = script.take().unwrap_or_default().into_owned();
        let more = pulled.len() as u64;
        self.connection.extend(more);
    }

    /// Whether a script has come to its end, and that is a reset: [`reset`](Self::reset) it.
    #[must_use]
    pub fn wants_reset(&self) -> bool {
        let is_played = |script: &Script| script.pause().is_none();
        self.connection.unsent() == 0
            && self
                .script()
                .is_some_and(|(script, _)| script.end() == ScriptEnd::Rst && is_played(script))
    }

    /// Input: the connection was broken off from this side.
    pub fn reset(&mut self) {
        self.connection.receive_reset();
    }

    /// The script under way, and since when its next pause runs.
    fn script(&self) -> Option<(&Script, Instant)> {
        match self.exchange.as_ref()?.outbound.as_ref()? {
            Outbound {
                body: Body::Scripted(script),
                since,
                ..
            } => Some((script, *since)),
            _ => None,
        }
    }

    fn outbound(&mut self) -> Option<&mut Outbound> {
        self.exchange.as_mut()?.outbound.as_mut()
    }

    /// Whom to wake when a live body has more.
    pub fn wake_with(&mut self, wake: impl FnOnce() -> Wake) {
        if let Some((_, _, source)) = self.live() {
            source.wake_with(wake());
        }
    }

    /// Whether a live body is under way: it may never end.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let outbound = self
            .exchange
            .as_ref()
            .and_then(|exchange| exchange.outbound.as_ref());
        outbound.is_some_and(|outbound| matches!(outbound.body, Body::Live(_)))
    }

    fn live(&mut self) -> Option<(&mut Vec<u8>, &mut u64, &mut dyn Source)> {
        match self.outbound()? {
            Outbound {
                body: Body::Live(source),
                pulled,
                pulled_before,
                ..
            } => Some((pulled, pulled_before, &mut **source)),
            _ => None,
        }
    }

    /// Input: `bytes` more bytes went out. [`drive`](Self::drive) next, once all of them did.
    pub fn transmitted(&mut self, bytes: u64, now: Instant) {
        if let Some(Underway {
            outbound: Some(outbound),
            ..
        }) = self.exchange.as_deref_mut()
        {
            outbound.sent += bytes;
        }
        self.connection.transmitted(bytes, now);
    }

    /// Whether a request is under way: its head came, and it is not answered yet.
    #[must_use]
    pub const fn is_underway(&self) -> bool {
        self.exchange.is_some()
    }

    /// Output: the exchange that has ended, if one has and somebody wants to know.
    pub fn poll_record(
        &mut self,
        connection: u64,
        peer: SocketAddr,
        ended: impl Fn() -> Instant,
        wanted: bool,
    ) -> Option<Record> {
        if matches!(
            self.connection.server(),
            ServerState::Sending | ServerState::MustRespond
        ) {
            return None;
        }
        let is_closed = self.connection.server() == ServerState::Closed;
        let is_ended = |exchange: &mut Box<Underway>| exchange.outbound.is_some() || is_closed;
        let Underway {
            at,
            started,
            head,
            body_bytes,
            faults,
            outbound,
            ..
        } = *self.exchange.take_if(is_ended)?;
        if !wanted {
            return None;
        }
        let head_bytes = head.as_ref().map_or(0, |head| head.bytes().len()) as u64;
        Some(Record::Exchange(Arc::new(Exchange {
            connection,
            at,
            peer,
            head,
            faults,
            request_bytes: head_bytes + body_bytes,
            status: outbound.as_ref().and_then(|outbound| outbound.status),
            bytes: outbound.as_ref().map_or(0, |outbound| outbound.sent),
            took: ended().saturating_duration_since(started),
        })))
    }

    fn request(&mut self, peer: SocketAddr, may_keep: bool) -> Option<Request> {
        let exchange = self.exchange.as_mut()?;
        Some(Request {
            head: exchange.head.take()?,
            body: std::mem::take(&mut exchange.body),
            sink: RefCell::new(exchange.sink.take()),
            peer,
            may_keep_alive: may_keep && self.connection.may_keep_alive(),
        })
    }

    fn send(&mut self, response: Response, now: Now) -> Result<(), Fault> {
        let Response { head, body, faults } = response;
        let responded = match &body {
            Body::Live(_) => self.connection.respond_open(&head, now.instant),
            Body::Scripted(_) => self.connection.respond_unchecked(now.instant),
            Body::Bytes(_) | Body::File { .. } => {
                self.connection.respond(&head, body.length(), now.instant)
            }
        };
        let exchange = self
            .exchange
            .get_or_insert_with(|| Underway::new(None, now));
        exchange.faults.extend(faults);
        responded.map_err(|_| Fault::new(FaultKind::ServerError, Span::default()))?;
        let (status, head) = match &body {
            Body::Scripted(script) => (script.status(), Vec::new()),
            _ => (Some(head.status()), EncodedHead::into_bytes(head)),
        };
        exchange.outbound = Some(Outbound {
            status,
            head,
            body,
            since: now.instant,
            sent: 0,
            pulled: Vec::new(),
            pulled_before: 0,
        });
        Ok(())
    }
}

/// Asks the site. A view that panics is our fault, and costs one 500 and not the loop.
pub fn answer<S: Service + ?Sized>(service: &S, request: &Request, now: HttpDate) -> Response {
    catch_unwind(AssertUnwindSafe(|| service.respond(request, now))).unwrap_or_else(|_| {
        let fault = Fault::new(FaultKind::ServerError, request.head.target_at());
        let mut response = service.refuse(&request.head, &fault, now);
        response.faults.push(fault);
        response
    })
}

impl Underway {
    fn new(head: Option<Box<RequestHead>>, now: Now) -> Box<Self> {
        Box::new(Self {
            at: now.wall,
            started: now.instant,
            head,
            body: Vec::new(),
            body_bytes: 0,
            sink: None,
            is_storing: false,
            faults: Vec::new(),
            outbound: None,
        })
    }

    fn add(&mut self, data: Vec<u8>) {
        self.body_bytes += data.len() as u64;
        if self.body.is_empty() {
            self.body = data;
        } else {
            self.body.extend_from_slice(&data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten thousand idle connections are to cost at most 256 bytes each, socket, timer and the table
    /// of connections included; this is the greatest part of it.
    #[test]
    fn an_idle_conversation_is_small() {
        assert!(
            size_of::<Conversation>() <= 144,
            "{}",
            size_of::<Conversation>()
        );
    }
}
