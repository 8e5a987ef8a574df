//! L2: the only `mio`, the only threads. Moves bytes between sockets and what is behind its doors; knows no
//! URL.
//!
//! One round of the loop, in this order:
//!
//! 1. poll, until the earliest timer; without waiting when a peer still has something to do;
//! 2. read the clock, once, and ask the tap what it wants;
//! 3. mark readiness and take completions in (flags and queues only);
//! 4. accept, and try each new exchange at once, whole;
//! 5. one turn for each queued peer;
//! 6. timers;
//! 7. stopping;
//! 8. hand the records to the tap.
//!
//! A request's way: `accept` → `Peer::turn` → `Conversation::drive` → `Connection::poll_event` →
//! `Service::respond` (here or on a worker) → `Conversation::poll_transmit` → `write`.
//!
//! A long body's way: `Service::intake` names a sink → `Peer::fill` → a writer → the sink, piece by piece,
//! one piece at a time. While it is there nothing is read, so the client can be no faster than the disk.

mod background;
mod conversation;
mod event_loop;
mod listener;
mod peer;
mod peers;
mod recorder;
mod script;
mod service;
mod timers;
mod workers;

pub use background::Background;
pub use conversation::{Conversation, Job, Now, Store, Stored, Transmit, Work, answer};
pub use script::{Script, ScriptEnd};
pub use service::{Body, BodySink, Intake, Place, Request, Response, Service, Source, Wake};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use mio::net::TcpListener;

use self::event_loop::{Entrance, Loop, MOST_DOORS, RUNNING, Shared};
use self::workers::{Mailbox, Workers};
use crate::clock::Clock;
use crate::record::Tap;
use crate::wire::Protocol;

/// How an engine runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// What connections are held to.
    pub protocol: Protocol,
    /// Where wall time comes from.
    pub clock: Clock,
    /// Loops, each a thread with its own listener and connections; at least 1.
    pub loops: usize,
    /// Threads for views that wait; at least 1.
    pub workers: usize,
    /// Requests that may wait for a worker; at least 1.
    pub queue: usize,
    /// Threads that write bodies to disk; at least 1.
    pub writers: usize,
    /// Connections in all. Lowered to what the system's limit on descriptors leaves room for.
    pub connections: usize,
    /// How long stopping waits for exchanges under way.
    pub stop_time: Duration,
}

/// Where clients come in, and to whom.
pub struct Door {
    /// Where.
    pub listeners: Listeners,
    /// To whom.
    pub service: Arc<dyn Service>,
    /// What its connections are held to.
    pub protocol: Protocol,
    /// Whether the taps are told of them.
    pub is_tapped: bool,
}

/// A server that does not run yet.
pub struct Engine {
    loops: Vec<Loop>,
    address: SocketAddr,
    handle: Handle,
}

/// Stops a running engine, from any thread.
#[derive(Clone, Debug)]
pub struct Handle {
    stage: Arc<AtomicU8>,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// Open listeners, one for each loop, that nobody accepts from yet. What needs to know the real port
/// can be made between this and the engine.
#[derive(Debug)]
pub struct Listeners {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

impl Listeners {
    /// Opens them.
    ///
    /// # Errors
    ///
    /// What the system says: the port is in use, the address is not ours, no permission.
    pub fn open(settings: &Settings) -> io::Result<Self> {
        Self::open_at(settings.address, settings.loops.max(1))
    }

    /// Opens `loops` of them, at least 1, at this address. Loops beyond these do without.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_at(mut address: SocketAddr, loops: usize) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for _ in 0..loops {
            let listener = listener::listen(address, loops > 1)?;
            // The first listener may have been given its port: the others share it.
            address = listener.local_addr()?;
            listeners.push(listener);
        }
        Ok(Self { listeners, address })
    }

    /// Where they listen, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Engine {
    /// Starts the workers and sets up the loops. `tap` makes one tap for each loop.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for events with; or when there is no door, or more
    /// than sixteen.
    pub fn new(
        doors: Vec<Door>,
        settings: &Settings,
        mut tap: impl FnMut() -> Option<Box<dyn Tap>>,
    ) -> io::Result<Self> {
        let address = match doors.first() {
            Some(first) if doors.len() <= MOST_DOORS => first.listeners.address(),
            _ => return Err(io::Error::other("a server has 1 to 16 doors")),
        };
        let wanted = (settings.connections as u64).saturating_add(SPARE_DESCRIPTORS);
        let descriptors = event_loop::raise_descriptors(wanted);
        let room =
            usize::try_from(descriptors.saturating_sub(SPARE_DESCRIPTORS)).unwrap_or(usize::MAX);
        let stage = Arc::new(AtomicU8::new(RUNNING));
        let pool = |name: &str, threads: usize, places: usize, niceness: i32| {
            Workers::start(name, threads, places, niceness, settings.clock)
        };
        let loops = settings.loops.max(1);
        let shared = Arc::new(Shared {
            workers: pool("worker", settings.workers, settings.queue, 0)?,
            writers: pool("writer", settings.writers, PIECES, WRITERS_STAND_BACK)?,
            clock: settings.clock,
            connections: (settings.connections.min(room) / loops).max(1),
            stop_time: settings.stop_time,
            opened: AtomicU64::new(0),
            stage: Arc::clone(&stage),
        });
        let loops: Vec<Loop> = deal(doors, loops)
            .into_iter()
            .map(|entrances| Loop::new(Arc::clone(&shared), entrances, tap()))
            .collect::<io::Result<_>>()?;
        let mailboxes = loops.iter().map(Loop::mailbox).collect();
        Ok(Self {
            loops,
            address,
            handle: Handle { stage, mailboxes },
        })
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// For stopping it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until it is stopped; the first loop on this thread, the others on theirs.
    ///
    /// # Errors
    ///
    /// When a loop can no longer wait for events; the others are then stopped too.
    pub fn run(self) -> io::Result<()> {
        let handle = self.handle;
        let mut loops = self.loops.into_iter();
        let Some(first) = loops.next() else {
            return Ok(());
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = loops
                .map(|other| {
                    let handle = &handle;
                    scope.spawn(move || run_one(other, handle))
                })
                .collect();
            let mut result = run_one(first, &handle);
            for other in others {
                let ended = other
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a loop panicked")));
                result = result.and(ended);
            }
            result
        })
    }
}

impl Handle {
    /// The first call stops accepting and lets exchanges under way finish; the second ends at once.
    pub fn stop(&self) {
        // More than two calls mean no more than two.
        let _full = self
            .stage
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |stage| {
                stage.checked_add(1)
            });
        for mailbox in &self.mailboxes {
            mailbox.wake();
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8000)),
            protocol: Protocol::default(),
            clock: Clock::System,
            loops: 1,
            workers: 8,
            queue: 512,
            writers: 2,
            connections: 16_384,
            stop_time: Duration::from_secs(5),
        }
    }
}

/// Descriptors that connections may not take: standard streams, listeners, polls, wakers, the site's
/// open files and databases.
const SPARE_DESCRIPTORS: u64 = 40;

/// Pieces of bodies that may wait for a writer. The long ones are limited by their buffers, so this is felt
/// only when a thousand short uploads come at once.
const PIECES: usize = 1024;

/// How far a writer stands back for the loop where they share a core: a long body can wait, and who only wants
/// a small page should not have to. Without it, the page took twice as long beside an upload.
const WRITERS_STAND_BACK: i32 = 10;

/// Gives each loop its listener of each door.
fn deal(doors: Vec<Door>, loops: usize) -> Vec<Vec<Entrance>> {
    let mut dealt: Vec<Vec<Entrance>> = (0..loops).map(|_| Vec::new()).collect();
    for door in doors {
        let protocol = Arc::new(door.protocol);
        let mut listeners = door.listeners.listeners.into_iter();
        for entrances in &mut dealt {
            let listener = listeners.next();
            entrances.push(Entrance {
                acceptable: listener.is_some(),
                listener,
                service: Arc::clone(&door.service),
                protocol: Arc::clone(&protocol),
                is_tapped: door.is_tapped,
            });
        }
    }
    dealt
}

/// A loop that cannot go on takes the others with it: half a server would be a riddle.
fn run_one(one: Loop, handle: &Handle) -> io::Result<()> {
    let result = one.run();
    if result.is_err() {
        handle.stop();
    }
    result
}
