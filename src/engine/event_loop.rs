//! The loop: one thread, one listener, one set of connections.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use rustix::io::Errno;

use super::conversation::{Conversation, Now, Work};
use super::peer::{Buffers, Outcome, Peer};
use super::peers::Peers;
use super::recorder::Recorder;
use super::service::{BodySink, Service, Wake};
use super::timers::Timers;
use super::workers::{Done, Mailbox, ReplyTo, Task, Workers};
use crate::clock::Clock;
use crate::record::Tap;
use crate::wire::{Protocol, ServerState};

/// The doors' tokens are the last but this one, downwards.
const WAKER: Token = Token(usize::MAX);

/// More doors than anybody needs.
pub(super) const MOST_DOORS: usize = 16;

/// Connections taken in one turn before the others get theirs.
const ACCEPTS_A_TURN: usize = 128;

/// A kept connection that has waited less than this is in use: its next request may be on the way,
/// and closing it would lose that.
const LONG_IDLE: Duration = Duration::from_millis(100);

/// How long accepting rests when there is no room, unless a connection closes before.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How far stopping has come.
pub(super) const RUNNING: u8 = 0;

/// One loop's listener of a door, and what is behind it.
pub(super) struct Entrance {
    /// `None` once stopping has begun.
    pub(super) listener: Option<TcpListener>,
    pub(super) service: Arc<dyn Service>,
    pub(super) protocol: Arc<Protocol>,
    /// Whether its connections are recorded.
    pub(super) is_tapped: bool,
    /// It had more when it was last asked.
    pub(super) acceptable: bool,
}

/// What every loop of an engine shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// For views that wait.
    pub(super) workers: Workers,
    /// For bodies.
    pub(super) writers: Workers,
    /// Connections a loop may have at once.
    pub(super) connections: usize,
    /// How long stopping waits for exchanges under way.
    pub(super) stop_time: Duration,
    /// Connections that were numbered so far.
    pub(super) opened: AtomicU64,
    /// `RUNNING`; 1 when stopping; 2 and more to end at once.
    pub(super) stage: Arc<AtomicU8>,
}

/// One loop.
pub(super) struct Loop {
    shared: Arc<Shared>,
    poll: Poll,
    doors: Vec<Entrance>,
    mailbox: Arc<Mailbox>,
    peers: Peers<Peer>,
    timers: Timers,
    /// Whose turn it is.
    queue: VecDeque<Token>,
    /// Accepting rests until then.
    resting: Option<Instant>,
    /// When stopping gives up on what is under way.
    stop_at: Option<Instant>,
    buffers: Buffers,
    /// Who waits for a buffer.
    starved: VecDeque<Token>,
    recorder: Recorder,
    /// For connections that are not recorded.
    nobody: Recorder,
    tap: Option<Box<dyn Tap>>,
}

impl Loop {
    pub(super) fn new(
        shared: Arc<Shared>,
        mut doors: Vec<Entrance>,
        tap: Option<Box<dyn Tap>>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (index, door) in doors.iter_mut().enumerate() {
            if let Some(listener) = &mut door.listener {
                let registry = poll.registry();
                registry.register(listener, door_token(index), Interest::READABLE)?;
            }
        }
        let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), WAKER)?));
        Ok(Self {
            shared,
            poll,
            doors,
            mailbox,
            peers: Peers::default(),
            timers: Timers::new(instant()),
            queue: VecDeque::new(),
            resting: None,
            stop_at: None,
            buffers: Buffers::new(),
            starved: VecDeque::new(),
            recorder: Recorder::new(),
            nobody: Recorder::new(),
            tap,
        })
    }

    pub(super) fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    /// Runs until it is told to stop. The order of a round is the list atop `engine/mod.rs`.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut timeout = Some(Duration::ZERO);
        loop {
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = self.now();
            self.heed();
            for event in &events {
                match event.token() {
                    WAKER => self.completions(now),
                    token => match door_index(token).and_then(|door| self.doors.get_mut(door)) {
                        Some(door) => door.acceptable = true,
                        None => self.mark(token, event),
                    },
                }
            }
            for door in 0..self.doors.len() {
                self.accept(door, now);
            }
            self.turns(now);
            self.feed();
            self.expire(now);
            if self.is_over(now) {
                self.flush();
                return Ok(());
            }
            self.flush();
            timeout = self.timeout(now);
        }
    }

    fn now(&self) -> Now {
        Now {
            instant: instant(),
            wall: self.shared.clock.wall(),
            // The one that asks may have its place already.
            may_keep: 4 * (self.places_left() + 1) >= self.shared.connections,
        }
    }

    /// Nothing to wait for while a peer or the listener has more; else the earliest deadline.
    fn timeout(&self, now: Now) -> Option<Duration> {
        let is_called = self.doors.iter().any(|door| door.acceptable);
        let can_accept = is_called && self.resting.is_none() && self.has_room();
        if !self.queue.is_empty() || can_accept {
            return Some(Duration::ZERO);
        }
        let due = [self.timers.next(), self.resting, self.stop_at];
        let due = due.into_iter().flatten().min()?;
        Some(due.saturating_duration_since(now.instant))
    }

    fn accept(&mut self, at: usize, now: Now) {
        if self.resting.is_some_and(|until| until <= now.instant) {
            self.resting = None;
        }
        let is_called = self.doors.get(at).is_some_and(|door| door.acceptable);
        if !is_called || self.resting.is_some() {
            return;
        }
        for _ in 0..ACCEPTS_A_TURN {
            let evictable = if self.has_room() {
                None
            } else {
                self.evictable(now)
            };
            if !self.has_room() && evictable.is_none() {
                self.resting = Some(now.instant + ACCEPT_REST);
                return;
            }
            let Some(door) = self.doors.get_mut(at) else {
                return;
            };
            let Some(listener) = &door.listener else {
                return;
            };
            match listener.accept() {
                Ok((stream, address)) => {
                    // Only now is it certain that somebody wants the place.
                    if let Some(token) = evictable {
                        self.close(token, now);
                    }
                    self.admit(at, stream, address, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    door.acceptable = false;
                    return;
                }
                // The client gave up while it was queued: the next one is waiting.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) => {}
                Err(_) => {
                    // No descriptor, or no memory. One goes if it can; else all wait a moment.
                    let Some(token) = self.evictable(now) else {
                        self.resting = Some(now.instant + ACCEPT_REST);
                        return;
                    };
                    self.close(token, now);
                }
            }
        }
    }

    /// Tries the whole exchange before anything is set up for waiting: for most HTTP/1.0 requests
    /// accept, read, write and close is all there is.
    fn admit(&mut self, at: usize, stream: TcpStream, address: SocketAddr, now: Now) {
        let Some(door) = self.doors.get(at) else {
            return;
        };
        let conversation = Conversation::new(Arc::clone(&door.protocol), now.instant);
        let door_number = u8::try_from(at).unwrap_or(u8::MAX);
        let mut peer = Peer::new(stream, address, door_number, conversation);
        let recorder = door.recorder(&mut self.recorder, &mut self.nobody);
        if recorder.wants_any() {
            let number = self.shared.opened.fetch_add(1, Ordering::Relaxed) + 1;
            peer.open(number, now, recorder);
        }
        if !recorder.wants_moments() {
            recorder.pass_over();
        }
        let outcome = peer.turn(&*door.service, now, &mut self.buffers, recorder);
        if matches!(outcome, Outcome::Close) {
            peer.close(now, recorder);
        } else {
            let token = self.peers.insert(peer);
            self.settle(token, outcome, now);
        }
        self.flush_at_once();
    }

    fn mark(&mut self, token: Token, event: &mio::event::Event) {
        if let Some(peer) = self.peers.get_mut(token) {
            peer.mark(event);
            if !peer.is_starved {
                enqueue(&mut self.queue, token, peer);
            }
        }
    }

    fn turns(&mut self, now: Now) {
        for _ in 0..self.queue.len() {
            let Some(token) = self.queue.pop_front() else {
                return;
            };
            let Some(peer) = self.peers.get_mut(token) else {
                continue;
            };
            peer.is_queued = false;
            self.turn(token, now);
        }
    }

    fn turn(&mut self, token: Token, now: Now) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        let Some(door) = self.doors.get(usize::from(peer.door)) else {
            return;
        };
        let recorder = door.recorder(&mut self.recorder, &mut self.nobody);
        let outcome = peer.turn(&*door.service, now, &mut self.buffers, recorder);
        self.settle(token, outcome, now);
        self.flush_at_once();
    }

    /// Does what a turn led to.
    fn settle(&mut self, token: Token, outcome: Outcome, now: Now) {
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        match outcome {
            Outcome::Close => return self.close(token, now),
            Outcome::Again => enqueue(&mut self.queue, token, peer),
            Outcome::Work(work) => self.submit(token, work, now),
            Outcome::Starved => {
                peer.is_starved = true;
                // It is not the client who is slow.
                self.timers.clear(token, &mut peer.armed);
                return self.starved.push_back(token);
            }
            Outcome::Wait => {
                if peer.watch(self.poll.registry(), token).is_err() {
                    return self.close(token, now);
                }
                peer.conversation.wake_with(|| {
                    let mailbox = Arc::clone(&self.mailbox);
                    Wake(ReplyTo { token, mailbox })
                });
            }
        }
        if let Some(peer) = self.peers.get_mut(token) {
            let wanted = peer.conversation.poll_timeout();
            self.timers.set(token, &mut peer.armed, wanted);
        }
    }

    fn submit(&mut self, token: Token, work: Work, now: Now) {
        let mailbox = Arc::clone(&self.mailbox);
        let reply_to = ReplyTo { token, mailbox };
        let Shared {
            workers, writers, ..
        } = &*self.shared;
        let door = self.peers.get_mut(token).map(|peer| usize::from(peer.door));
        let Some(door) = door.and_then(|door| self.doors.get(door)) else {
            return;
        };
        let (submitted, places) = match work {
            Work::Answer(job) => {
                let service = Arc::clone(&door.service);
                (
                    workers.submit(Task::Answer(service, job, reply_to)),
                    workers.places(),
                )
            }
            Work::Store(store) => (
                writers.submit(Task::Store(store, reply_to)),
                writers.places(),
            ),
            Work::Discard(sink) => {
                self.discard(sink);
                if let Some(peer) = self.peers.get_mut(token) {
                    enqueue(&mut self.queue, token, peer);
                }
                return;
            }
        };
        let Some(peer) = self.peers.get_mut(token) else {
            return;
        };
        match submitted {
            Ok(()) => return,
            Err(Task::Answer(service, job, _)) => {
                peer.conversation
                    .turn_away(&*service, job.head, places, now);
            }
            Err(Task::Store(..) | Task::Discard(_)) => {
                peer.conversation.cannot_store(places, now.instant);
            }
        }
        enqueue(&mut self.queue, token, peer);
    }

    fn completions(&mut self, now: Now) {
        for completion in self.mailbox.take() {
            let token = completion.token;
            let peer = self.peers.get_mut(token);
            match (completion.done, peer) {
                (Done::Answered(request, response), Some(peer)) => {
                    let Some(door) = self.doors.get(usize::from(peer.door)) else {
                        continue;
                    };
                    let recorder = door.recorder(&mut self.recorder, &mut self.nobody);
                    peer.catch_up(now, &mut self.buffers.read, recorder);
                    peer.conversation
                        .complete(&*door.service, request.head, response, now);
                    enqueue(&mut self.queue, token, peer);
                }
                (Done::More, Some(peer)) => enqueue(&mut self.queue, token, peer),
                (Done::Answered(..) | Done::More, None) => {}
                (Done::Stored(stored), peer) => {
                    self.buffers.give(stored.octets);
                    match (stored.result, peer) {
                        (result, Some(peer)) => {
                            peer.conversation.stored(result, now.instant);
                            enqueue(&mut self.queue, token, peer);
                        }
                        (Ok(sink), None) => self.discard(sink),
                        (Err(_), None) => {}
                    }
                }
            }
        }
    }

    /// For each buffer that is free, the next who waits for one gets a turn.
    fn feed(&mut self) {
        for _ in 0..self.buffers.free() {
            let Some(token) = self.starved.pop_front() else {
                return;
            };
            if let Some(peer) = self.peers.get_mut(token) {
                peer.is_starved = false;
                enqueue(&mut self.queue, token, peer);
            }
        }
    }

    fn discard(&self, sink: Box<dyn BodySink>) {
        // Dropped here if there is no place for it there: late, but not never.
        let _late = self.shared.writers.submit(Task::Discard(sink));
    }

    fn expire(&mut self, now: Now) {
        while let Some(token) = self.timers.expired(now.instant) {
            let Some(peer) = self.peers.get_mut(token) else {
                continue;
            };
            peer.armed = None;
            peer.conversation.handle_timeout(now.instant);
            self.turn(token, now);
        }
    }

    fn close(&mut self, token: Token, now: Now) {
        if let Some(mut peer) = self.peers.remove(token) {
            // Of a connection that is not recorded it tells nothing.
            peer.close(now, &mut self.recorder);
            if let Some(sink) = peer.conversation.abandon() {
                self.discard(sink);
            }
            self.timers.clear(token, &mut peer.armed);
            // There is room again, and a descriptor.
            self.resting = None;
        }
    }

    fn places_left(&self) -> usize {
        self.shared.connections.saturating_sub(self.peers.len())
    }

    fn has_room(&self) -> bool {
        self.places_left() > 0
    }

    /// The kept connection that has been idle longest, if it has been so for a while.
    fn evictable(&self, now: Now) -> Option<Token> {
        let since = |peer: &Peer| peer.conversation.connection().idle_since();
        let idle = self
            .peers
            .iter()
            .filter_map(|(token, peer)| Some((since(peer)?, token)));
        let (since, token) = idle.min()?;
        (since + LONG_IDLE <= now.instant).then_some(token)
    }

    /// Stopping: no new connections, idle ones go, exchanges under way get their time.
    fn is_over(&mut self, now: Now) -> bool {
        let stage = self.shared.stage.load(Ordering::Acquire);
        if stage == RUNNING {
            return false;
        }
        for door in &mut self.doors {
            (door.listener, door.acceptable) = (None, false);
        }
        let stop_at = *self
            .stop_at
            .get_or_insert(now.instant + self.shared.stop_time);
        let is_idle = |peer: &Peer| {
            let connection = peer.conversation.connection();
            let is_waiting = connection.server() == ServerState::Waiting
                && connection.unused().is_empty()
                && !peer.conversation.is_underway();
            is_waiting || peer.conversation.is_live()
        };
        let idle: Vec<Token> = self
            .peers
            .iter()
            .filter(|(_, peer)| is_idle(peer))
            .map(|(token, _)| token)
            .collect();
        for token in idle {
            self.close(token, now);
        }
        stage > 1 || self.peers.is_empty() || stop_at <= now.instant
    }

    /// Asks the tap what it wants, before anything is accepted.
    fn heed(&mut self) {
        if let Some(tap) = &self.tap {
            self.recorder.heed(tap.detail(), tap.wants_all_exchanges());
        }
    }

    /// Tells a tap that cannot wait for the end of the round: several connections may be over by then.
    fn flush_at_once(&mut self) {
        if self.tap.as_ref().is_some_and(|tap| tap.is_prompt()) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let Some(tap) = &mut self.tap else {
            return;
        };
        if let Some(records) = self.recorder.records() {
            tap.take(records);
        }
        match self.recorder.passed_over() {
            0 => {}
            connections => tap.pass_over(connections),
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the loop's clock, read once a round"
)]
fn instant() -> Instant {
    Instant::now()
}

impl Entrance {
    /// The recorder for its connections.
    const fn recorder<'a>(
        &self,
        recorder: &'a mut Recorder,
        nobody: &'a mut Recorder,
    ) -> &'a mut Recorder {
        if self.is_tapped { recorder } else { nobody }
    }
}

const fn door_token(index: usize) -> Token {
    Token(usize::MAX - 1 - index)
}

/// Which door's token this is, if it is one's: peers' tokens are far below.
fn door_index(token: Token) -> Option<usize> {
    let index = (usize::MAX - 1).checked_sub(token.0)?;
    (index < MOST_DOORS).then_some(index)
}

fn enqueue(queue: &mut VecDeque<Token>, token: Token, peer: &mut Peer) {
    if !peer.is_queued {
        peer.is_queued = true;
        queue.push_back(token);
    }
}

/// Raises this process's soft limit on descriptors towards `wanted`, and says how many it may have.
pub(super) fn raise_descriptors(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let (Some(soft), hard) = (limit.current, limit.maximum) else {
        return wanted;
    };
    let raised = wanted.min(hard.unwrap_or(wanted));
    if raised <= soft {
        return soft;
    }
    let new = Rlimit {
        current: Some(raised),
        maximum: hard,
    };
    match setrlimit(Resource::Nofile, new) {
        Ok(()) => raised,
        Err(Errno::PERM | _) => soft,
    }
}
