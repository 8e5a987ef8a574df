//! What a loop remembers for its tap, and how much of it: with no tap attached nothing is made or copied.
//!
//! A connection is told whole or not at all: what the tap wants when it is accepted holds until it closes.

use std::sync::Arc;
use std::time::Duration;

use super::conversation::Now;
use crate::record::{Detail, Happening, Moment, Record};

/// The records of one turn.
#[derive(Debug)]
pub(super) struct Recorder {
    /// There while somebody wants any.
    records: Option<Vec<Record>>,
    wants_wire: bool,
    /// Connections that were accepted and are not watched, since the last turn.
    passed_over: u64,
}

impl Recorder {
    /// For nobody yet.
    pub(super) const fn new() -> Self {
        Self {
            records: None,
            wants_wire: false,
            passed_over: 0,
        }
    }

    /// What the tap wants of the connections that are accepted from now on.
    pub(super) fn heed(&mut self, detail: Detail) {
        self.wants_wire = detail >= Detail::Wire;
        if detail != Detail::Nothing {
            self.records.get_or_insert_default();
        } else if self.records.as_ref().is_some_and(Vec::is_empty) {
            self.records = None;
        }
    }

    /// A connection was accepted that is not watched.
    pub(super) const fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    /// How many there were since the last turn.
    pub(super) const fn passed_over(&mut self) -> u64 {
        std::mem::replace(&mut self.passed_over, 0)
    }

    /// Whether anything is wanted.
    pub(super) const fn wants_any(&self) -> bool {
        self.records.is_some()
    }

    /// Whether moments are wanted.
    pub(super) const fn wants_wire(&self) -> bool {
        self.wants_wire
    }

    /// Everything since the last turn, if there is anything.
    pub(super) fn records(&mut self) -> Option<&mut Vec<Record>> {
        self.records.as_mut().filter(|records| !records.is_empty())
    }

    /// Where a conversation puts what it has to tell.
    pub(super) const fn exchanges(&mut self) -> &mut Option<Vec<Record>> {
        &mut self.records
    }

    /// Remembers a record, wanted now or since its connection was accepted.
    pub(super) fn record(&mut self, record: Record) {
        self.records.get_or_insert_default().push(record);
    }

    /// Remembers a moment of a connection that is watched.
    pub(super) fn moment(&mut self, connection: u64, now: Now, after: Duration, what: Happening) {
        self.record(Record::Moment(Arc::new(Moment {
            connection,
            at: now.wall,
            after,
            what,
        })));
    }
}
