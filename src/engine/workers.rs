//! Threads for what waits: views that ask a disk or a database, and bodies on their way to a disk.
//!
//! A pool has one queue, bounded: what does not fit is turned away at once. Each loop has a mailbox; a
//! worker puts the completion there and wakes that loop. The loop never waits for a worker, and a
//! completion whose connection is gone finds nobody and is dropped.
//!
//! The kinds of work are the variants of `Task`, and there are no others. Views and bodies have a pool
//! each, so that neither can starve the other.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use mio::{Token, Waker};
use rustix::process::setpriority_process;

use super::conversation::{Job, Store, Stored, answer};
use super::service::{BodySink, Response, Service};
use crate::clock::Clock;
use crate::wire::HttpDate;

/// The queue to the threads. Dropping it lets each thread end after the job it is at; nobody waits for
/// that, so a view that hangs cannot keep a server from stopping.
#[derive(Debug)]
pub(super) struct Workers {
    queue: SyncSender<Task>,
    places: usize,
}

/// A loop's mailbox.
#[derive(Debug)]
pub(super) struct Mailbox {
    completions: Mutex<Vec<Completion>>,
    waker: Waker,
}

/// What comes back from a worker, and whose it is.
#[derive(Debug)]
pub(super) struct Completion {
    pub token: Token,
    pub done: Done,
}

/// Work that was done.
#[derive(Debug)]
pub(super) enum Done {
    /// A request, and its response.
    Answered(Job, Response),
    /// A piece of a body.
    Stored(Stored),
    /// Nothing: a live body has more to send.
    More,
}

/// Work to do.
pub(super) enum Task {
    /// Answer a request.
    Answer(Arc<dyn Service>, Job, ReplyTo),
    /// Let a sink take a piece of a body.
    Store(Store, ReplyTo),
    /// Drop a sink, and with it a file perhaps.
    Discard(Box<dyn BodySink>),
}

/// Where a completion goes.
#[derive(Clone, Debug)]
pub(super) struct ReplyTo {
    pub token: Token,
    pub mailbox: Arc<Mailbox>,
}

impl ReplyTo {
    pub(super) fn send(&self, done: Done) {
        let token = self.token;
        self.mailbox.put(Completion { token, done });
    }
}

impl Workers {
    /// Starts `count` threads (at least 1) with room for `places` pieces of work (at least 1), which stand back
    /// for others on the same core by `niceness`.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start(
        name: &str,
        count: usize,
        places: usize,
        niceness: i32,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let places = places.max(1);
        let (queue, tasks) = sync_channel(places);
        let tasks = Arc::new(Mutex::new(tasks));
        for number in 0..count.max(1) {
            let tasks = Arc::clone(&tasks);
            let name = format!("{name}-{number}");
            let thread = std::thread::Builder::new().name(name);
            thread.spawn(move || work(&tasks, niceness, clock))?;
        }
        Ok(Self { queue, places })
    }

    /// How many requests may wait.
    #[must_use]
    pub(super) const fn places(&self) -> usize {
        self.places
    }

    /// Puts work into the queue.
    ///
    /// # Errors
    ///
    /// Gives it back when the queue is full.
    pub(super) fn submit(&self, task: Task) -> Result<(), Task> {
        self.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(task) | TrySendError::Disconnected(task) => task,
        })
    }
}

impl Mailbox {
    /// An empty mailbox whose arrivals wake the loop of `waker`.
    #[must_use]
    pub(super) const fn new(waker: Waker) -> Self {
        Self {
            completions: Mutex::new(Vec::new()),
            waker,
        }
    }

    /// Wakes the loop without a letter.
    pub(super) fn wake(&self) {
        // The only error is that the loop is gone, and then there is nobody to wake.
        let _gone = self.waker.wake();
    }

    /// Takes everything that has arrived.
    #[must_use]
    pub(super) fn take(&self) -> Vec<Completion> {
        std::mem::take(
            &mut *self
                .completions
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Where something lies already, the loop has been woken for it and has not looked yet.
    fn put(&self, completion: Completion) {
        let mut completions = self
            .completions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let was_empty = completions.is_empty();
        completions.push(completion);
        drop(completions);
        if was_empty {
            self.wake();
        }
    }
}

fn work(tasks: &Mutex<Receiver<Task>>, niceness: i32, clock: Clock) {
    // For Linux this is about the calling thread alone. Without the right to it, it stays as it was.
    let _as_it_was = setpriority_process(None, niceness);
    loop {
        // The lock is held only while waiting: the others wait for it instead of for the queue.
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else {
            return;
        };
        let (done, reply_to) = match task {
            Task::Answer(service, request, reply_to) => {
                let response = answer(&*service, &request, HttpDate::from(clock.wall()));
                // Whatever the view left of it is dropped here, where waiting is allowed.
                drop(request.sink.take());
                (Done::Answered(request, response), reply_to)
            }
            Task::Store(store, reply_to) => (Done::Stored(store.run()), reply_to),
            Task::Discard(sink) => {
                drop(sink);
                continue;
            }
        };
        reply_to.send(done);
    }
}
