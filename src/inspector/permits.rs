//! How many connections may be followed, and what was not: the numbers that loops, scribe and pages share.
//!
//! The rule: a bucket of permits, one for each connection that is followed. With no page open it holds 50 and
//! gets 50 a second; with a page open, 1,000 and 500 a second. Following a connection costs copies of its bytes
//! on the loop and a thread's time, so this is what keeps a load test from paying for a page; no human reads
//! faster.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The shared numbers. All are counters that may be a moment late.
#[derive(Debug)]
pub(super) struct Permits {
    left: AtomicU32,
    pages: AtomicU32,
    /// Connections that were not followed, or not to their end.
    untold: AtomicU64,
    /// Bytes of records on their way to the scribe, and how many there may be.
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// Permits that the bucket holds, and gets in a second.
struct Rate {
    capacity: u32,
    a_second: u32,
}

const NO_PAGE: Rate = Rate {
    capacity: 50,
    a_second: 50,
};
const WITH_PAGE: Rate = Rate {
    capacity: 1000,
    a_second: 500,
};

impl Permits {
    pub(super) const fn new(journal_bytes: usize) -> Self {
        Self {
            left: AtomicU32::new(NO_PAGE.capacity),
            pages: AtomicU32::new(0),
            untold: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            most_waiting: journal_bytes / 4,
        }
    }

    /// Whether there is one.
    pub(super) fn has_any(&self) -> bool {
        self.left.load(Ordering::Relaxed) > 0
    }

    /// Takes one, if there is one.
    pub(super) fn take(&self) -> bool {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        taken.is_ok()
    }

    /// Adds what `elapsed` brings; how much of it was used up, the rest being less than one permit.
    pub(super) fn refill(&self, elapsed: Duration) -> Duration {
        let rate = self.rate();
        let interval = Duration::from_secs(1) / rate.a_second;
        let whole = u32::try_from(elapsed.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
        if whole > 0 {
            let add = |left: u32| Some(left.saturating_add(whole).min(rate.capacity));
            // It is always some, so this cannot fail.
            let _before = self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
        interval.saturating_mul(whole)
    }

    /// Whether the bucket is full, so that nothing is missed by not refilling it.
    pub(super) fn is_full(&self) -> bool {
        self.left.load(Ordering::Relaxed) >= self.rate().capacity
    }

    /// A page was opened: it starts with a full bucket.
    pub(super) fn open_page(&self) {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.left.fetch_max(WITH_PAGE.capacity, Ordering::Relaxed);
    }

    /// A page was closed.
    pub(super) fn close_page(&self) {
        if self.pages.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.left.fetch_min(NO_PAGE.capacity, Ordering::Relaxed);
        }
    }

    fn rate(&self) -> Rate {
        if self.pages.load(Ordering::Relaxed) > 0 {
            WITH_PAGE
        } else {
            NO_PAGE
        }
    }

    /// So many connections more were not followed.
    pub(super) fn add_untold(&self, connections: u64) {
        self.untold.fetch_add(connections, Ordering::Relaxed);
    }

    /// Connections that were not followed.
    pub(super) fn untold(&self) -> u64 {
        self.untold.load(Ordering::Relaxed)
    }

    /// Whether so many bytes of a message more may wait for the scribe; they do, if so. A quarter of the room is
    /// for what says that there were bytes, when they find none.
    pub(super) fn admit_piece(&self, bytes: usize) -> bool {
        self.admit_up_to(self.most_waiting / 4 * 3, bytes)
    }

    /// The same for everything else.
    pub(super) fn admit(&self, bytes: usize) -> bool {
        self.admit_up_to(self.most_waiting, bytes)
    }

    fn admit_up_to(&self, most: usize, bytes: usize) -> bool {
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= most;
        if !fits {
            self.release(bytes);
        }
        fits
    }

    /// So many bytes wait no longer.
    pub(super) fn release(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_load_test_uses_the_bucket_up_and_time_fills_it() {
        let permits = Permits::new(0);
        assert!(permits.is_full());
        let taken = (0..1000).filter(|_| permits.take()).count();
        assert_eq!((taken, permits.has_any()), (50, false));
        assert_eq!(permits.refill(SECOND / 1000), Duration::ZERO);
        assert_eq!(permits.refill(SECOND / 10), SECOND / 10);
        assert_eq!((0..1000).filter(|_| permits.take()).count(), 5);
        permits.refill(100 * SECOND);
        assert!(permits.is_full());
    }

    #[test]
    fn a_page_may_see_a_thousand_at_once_and_leaves_no_trace() {
        let permits = Permits::new(0);
        permits.open_page();
        permits.open_page();
        permits.close_page();
        assert_eq!((0..2000).filter(|_| permits.take()).count(), 1000);
        permits.refill(SECOND);
        permits.close_page();
        assert_eq!((0..2000).filter(|_| permits.take()).count(), 50);
    }

    #[test]
    fn what_waits_is_bounded() {
        let permits = Permits::new(400);
        assert!(permits.admit_piece(75));
        assert!(!permits.admit_piece(1));
        assert!(permits.admit(25));
        assert!(!permits.admit(1));
        permits.release(100);
        assert!(permits.admit_piece(1));
    }
}
