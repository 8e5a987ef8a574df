//! When each connection wants to be looked at again, in order.
//!
//! A deadline that moves back is not moved here: the old one fires, the connection says that nothing
//! is due, and is put down again. So a kept connection costs nothing at each request.

use std::collections::BTreeSet;
use std::time::Instant;

use mio::Token;

/// Deadlines, the earliest first; at most one for each token.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, Token)>,
}

impl Timers {
    /// Arms, re-arms or disarms a token. `armed` is what its owner remembers of it.
    pub(super) fn set(
        &mut self,
        token: Token,
        armed: &mut Option<Instant>,
        wanted: Option<Instant>,
    ) {
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
    pub(super) fn clear(&mut self, token: Token, armed: &mut Option<Instant>) {
        if let Some(at) = armed.take() {
            self.due.remove(&(at, token));
        }
    }

    /// The earliest deadline.
    #[must_use]
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Takes out one token whose deadline has come; its owner must forget that it was armed.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Token> {
        let &(at, token) = self.due.first()?;
        if now < at {
            return None;
        }
        self.due.pop_first();
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn earlier_deadlines_replace_later_ones_and_later_ones_wait_their_turn() {
        #[allow(clippy::disallowed_methods, reason = "a test has to start somewhere")]
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut timers, token, mut armed) = (Timers::default(), Token(7), None);
        timers.set(token, &mut armed, Some(at(50)));
        timers.set(token, &mut armed, Some(at(80)));
        assert_eq!(timers.next(), Some(at(50)));
        timers.set(token, &mut armed, Some(at(20)));
        assert_eq!(timers.next(), Some(at(20)));
        assert_eq!(timers.expired(at(19)), None);
        assert_eq!(timers.expired(at(20)), Some(token));
        armed = None;
        timers.set(token, &mut armed, Some(at(90)));
        timers.set(token, &mut armed, None);
        assert_eq!((timers.next(), armed), (None, None));
    }
}
