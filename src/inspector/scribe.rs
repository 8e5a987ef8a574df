//! The scribe: the thread between the taps and the pages.
//!
//! It takes what the taps queued, and tells the pages at most twenty times a second, so that a burst costs the
//! loop a few wake-ups and not thousands. It also fills the bucket of permits, and lets the pages send a sign of
//! life every 15 s, by which a dead connection is noticed. When there is nothing to do it sleeps.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::journal::Journal;
use super::lock;
use super::permits::Permits;
use super::tap::Batch;

/// Between two tellings: soon enough for the eye.
const BETWEEN: Duration = Duration::from_millis(50);

/// Between two fillings of the bucket, while it is not full.
const FILLING: Duration = Duration::from_millis(100);

/// Between two signs of life: proxies and browsers give up after 30 s and more.
const BEAT: Duration = Duration::from_secs(15);

/// Batches taken under one lock, so that the loop never waits long for it.
const BATCHES: usize = 16;

/// Runs until the taps and the inspector are gone.
pub(super) fn run(batches: &Receiver<Batch>, journal: &Mutex<Journal>, permits: &Permits) {
    let start = instant();
    let (mut filled, mut told, mut beaten) = (start, start, start);
    let mut untold = 0;
    let mut has_news = false;
    loop {
        let now = instant();
        let mut due = BEAT.saturating_sub(now - beaten);
        if has_news {
            due = due.min(BETWEEN.saturating_sub(now - told));
        }
        if !permits.is_full() {
            due = due.min(FILLING);
        }
        let first = match batches.recv_timeout(due) {
            Ok(batch) => Some(batch),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let now = instant();
        let elapsed = now - filled;
        if permits.is_full() {
            filled = now;
        } else {
            filled += permits.refill(elapsed);
        }
        let mut journal = lock(journal);
        has_news |= first.is_some();
        for batch in first.into_iter().chain(batches.try_iter()).take(BATCHES) {
            for message in &batch.messages {
                journal.take(message);
            }
            drop(batch.messages);
            permits.release(batch.weight);
        }
        if untold != permits.untold() {
            untold = permits.untold();
            has_news = true;
        }
        let is_beat = now - beaten >= BEAT;
        if is_beat {
            beaten = now;
            journal.beat();
        }
        let is_due = has_news && now - told >= BETWEEN;
        if !is_due && !is_beat {
            continue;
        }
        journal.publish();
        let wakes = journal.wakes();
        drop(journal);
        (has_news, told) = (false, now);
        for wake in wakes {
            wake.wake();
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the clock of this thread's own loop, read once a round"
)]
fn instant() -> Instant {
    Instant::now()
}
