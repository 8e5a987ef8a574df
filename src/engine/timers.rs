//! When each connection wants to be looked at again, in order.
//!
//! A deadline that moves back is not moved here: the old one fires, the connection says that nothing
//! is due, and is put down again. So a kept connection costs nothing at each request. Deadlines are
//! kept as whole microseconds since the loop began, half the size of an `Instant`: with ten thousand
//! idle connections they are a good part of what each one costs.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use mio::Token;

/// Deadlines, the earliest first; at most one for each token.
#[derive(Debug)]
pub(super) struct Timers {
    start: Instant,
    due: BTreeSet<(NonZeroU64, Token)>,
}

/// What the owner of a token remembers of its deadline.
pub(super) type Armed = Option<NonZeroU64>;

impl Timers {
    /// No deadlines; none will lie before `start`.
    pub(super) const fn new(start: Instant) -> Self {
        Self {
            start,
            due: BTreeSet::new(),
        }
    }

    /// Arms, re-arms or disarms a token.
    pub(super) fn set(&mut self, token: Token, armed: &mut Armed, wanted: Option<Instant>) {
        // Rounded up: a timer may be a microsecond late, but never early.
        let wanted = wanted.map(|at| self.tick(at).saturating_add(1));
        match (*armed, wanted) {
            (Some(at), Some(wanted)) if at <= wanted => {}
            (_, Some(wanted)) => {
                self.clear(token, armed);
                self.due.insert((wanted, token));
                *armed = Some(wanted);
            }
            (_, None) => self.clear(token, armed),
        }
    }

    /// Disarms a token.
    pub(super) fn clear(&mut self, token: Token, armed: &mut Armed) {
        if let Some(at) = armed.take() {
            self.due.remove(&(at, token));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        let &(at, _) = self.due.first()?;
        Some(self.start + Duration::from_micros(at.get()))
    }

    /// Takes out one token whose deadline has come; its owner must forget that it was armed.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Token> {
        let &(at, token) = self.due.first()?;
        if self.tick(now) < at {
            return None;
        }
        self.due.pop_first();
        Some(token)
    }

    fn tick(&self, at: Instant) -> NonZeroU64 {
        let micros = at.saturating_duration_since(self.start).as_micros();
        u64::try_from(micros)
            .ok()
            .and_then(NonZeroU64::new)
            .unwrap_or(NonZeroU64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_deadlines_replace_later_ones_and_later_ones_wait_their_turn() {
        #[allow(clippy::disallowed_methods, reason = "a test has to start somewhere")]
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut timers, token, mut armed) = (Timers::new(start), Token(7), None);
        timers.set(token, &mut armed, Some(at(50)));
        timers.set(token, &mut armed, Some(at(80)));
        assert_eq!(timers.next(), Some(at(50) + Duration::from_micros(1)));
        timers.set(token, &mut armed, Some(at(20)));
        assert_eq!(timers.next(), Some(at(20) + Duration::from_micros(1)));
        assert_eq!(timers.expired(at(20)), None);
        assert_eq!(timers.expired(at(21)), Some(token));
        armed = None;
        timers.set(token, &mut armed, Some(at(90)));
        timers.set(token, &mut armed, None);
        assert_eq!((timers.next(), armed), (None, None));
    }
}
