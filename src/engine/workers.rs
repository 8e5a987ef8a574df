//! Threads for views that wait. The loop hands over whole requests and gets whole responses back.
//!
//! One queue, bounded: what does not fit is turned away at once. Each loop has a mailbox; a worker
//! puts the completion there and wakes that loop. The loop never waits for a worker, and a
//! completion whose connection is gone finds nobody and is dropped.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use mio::{Token, Waker};

use super::conversation::{Job, answer};
use super::service::{Response, Service};
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

/// A request and its response, back from a worker.
#[derive(Debug)]
pub(super) struct Completion {
    /// Whose it is.
    pub token: Token,
    /// The request.
    pub request: Job,
    /// The response.
    pub response: Response,
}

#[derive(Debug)]
struct Task {
    token: Token,
    request: Job,
    reply_to: Arc<Mailbox>,
}

impl Workers {
    /// Starts `count` threads (at least 1) with room for `places` waiting requests (at least 1).
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start<S: Service>(
        count: usize,
        places: usize,
        service: &Arc<S>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let places = places.max(1);
        let (queue, tasks) = sync_channel(places);
        let tasks = Arc::new(Mutex::new(tasks));
        for number in 0..count.max(1) {
            let (service, tasks) = (Arc::clone(service), Arc::clone(&tasks));
            let name = format!("worker-{number}");
            let thread = std::thread::Builder::new().name(name);
            thread.spawn(move || work(&*service, &tasks, clock))?;
        }
        Ok(Self { queue, places })
    }

    /// How many requests may wait.
    #[must_use]
    pub(super) const fn places(&self) -> usize {
        self.places
    }

    /// Puts a request into the queue.
    ///
    /// # Errors
    ///
    /// Gives the request back when the queue is full.
    pub(super) fn submit(
        &self,
        token: Token,
        request: Job,
        reply_to: &Arc<Mailbox>,
    ) -> Result<(), Job> {
        let task = Task {
            token,
            request,
            reply_to: Arc::clone(reply_to),
        };
        self.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(task) | TrySendError::Disconnected(task) => task.request,
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

    fn put(&self, completion: Completion) {
        self.completions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(completion);
        self.wake();
    }
}

fn work<S: Service>(service: &S, tasks: &Mutex<Receiver<Task>>, clock: Clock) {
    loop {
        // The lock is held only while waiting: the others wait for it instead of for the queue.
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Task {
            token,
            request,
            reply_to,
        }) = task
        else {
            return;
        };
        let response = answer(service, &request, HttpDate::from(clock.wall()));
        reply_to.put(Completion {
            token,
            request,
            response,
        });
    }
}
