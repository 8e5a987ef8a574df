//! L0: the one door to wall time. Everything else is handed the time as an argument.
//!
//! What does not live here: `Instant::now`, which the loop reads once a turn (`engine`), and chance,
//! which nothing needs yet.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where wall time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// Always this moment, in seconds since 1970: for golden bytes.
    Frozen(u64),
}

impl Clock {
    /// The wall time now.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one door to the system's wall clock"
    )]
    pub fn wall(self) -> SystemTime {
        match self {
            Self::System => SystemTime::now(),
            Self::Frozen(seconds) => UNIX_EPOCH + Duration::from_secs(seconds),
        }
    }
}
