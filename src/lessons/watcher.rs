//! The tap that watches the learners: it puts their exchanges together and has them judged at once, on the loop.
//!
//! So the verdict is there before the same loop reads another request, and whoever asks for it right after an exchange
//! gets it.
//! It costs a learner's request some microseconds, and nobody runs a load test against a lesson.

use std::net::IpAddr;

use super::classroom::Classroom;
use super::seen::Seen;
use crate::record::{Assembled, Assembler, Detail, Record, SAMPLE_BYTES, Tap};

/// Watches the connections of one loop.
#[derive(Debug)]
pub struct Watcher {
    classroom: Classroom,
    assembler: Assembler,
}

/// Bytes that connections which are open may hold.
const HELD: usize = 64 * 1024 * 1024;

impl Watcher {
    /// A watcher for a classroom.
    #[must_use]
    pub const fn new(classroom: Classroom) -> Self {
        Self {
            classroom,
            assembler: Assembler::new(SAMPLE_BYTES).holding(HELD),
        }
    }

    fn see(&mut self, record: &Record) -> Option<(Seen, IpAddr)> {
        if let Record::Hint(hint) = record {
            let connection = self.assembler.number_of(hint.peer)?;
            let open = self.assembler.open(connection)?;
            let seen = Seen::waiting(connection, open, hint.at, hint.fault);
            return Some((seen, hint.peer.ip()));
        }
        match self.assembler.take(record)? {
            Assembled::Exchange(transcript) => {
                let exchange = &transcript.exchange;
                let open = self.assembler.open(exchange.connection);
                let behind = open.map_or(&[][..], |open| &open.request.bytes);
                Some((Seen::exchange(&transcript, behind), exchange.peer.ip()))
            }
            Assembled::Over(_) => None,
        }
    }
}

impl Tap for Watcher {
    fn detail(&self) -> Detail {
        Detail::Sample
    }

    fn is_prompt(&self) -> bool {
        true
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in std::mem::take(records) {
            if let Some((seen, from)) = self.see(&record) {
                self.classroom.room().see(seen, from);
            }
        }
    }
}
