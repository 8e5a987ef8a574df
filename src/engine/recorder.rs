//! What a loop remembers for its tap, and how much of it: with no tap attached nothing is made or copied.
//!
//! A connection is told from its beginning or not at all: what the tap wants when it is accepted holds until it
//! closes, or until a sample of it is complete.

use std::sync::Arc;
use std::time::Duration;

use super::conversation::Now;
use crate::record::{Detail, Happening, Moment, Record};

/// The records of one turn.
#[derive(Debug)]
pub(super) struct Recorder {
    /// There while somebody wants any.
    records: Option<Vec<Record>>,
    detail: Detail,
    /// Those of connections that are not watched, too.
    all_exchanges: bool,
    /// Connections that were accepted and are not watched, since the last turn.
    passed_over: u64,
}

impl Recorder {
    /// For nobody yet.
    pub(super) const fn new() -> Self {
        Self {
            records: None,
            detail: Detail::Nothing,
            all_exchanges: false,
            passed_over: 0,
        }
    }

    /// What the tap wants of the connections that are accepted from now on.
    pub(super) fn heed(&mut self, detail: Detail, all_exchanges: bool) {
        self.detail = detail;
        self.all_exchanges = all_exchanges && detail >= Detail::Exchanges;
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

    /// Whether the exchanges of every connection are wanted.
    pub(super) const fn wants_all_exchanges(&self) -> bool {
        self.all_exchanges
    }

    /// Whether moments are wanted.
    pub(super) fn wants_moments(&self) -> bool {
        self.detail >= Detail::Sample
    }

    /// Whether some of them are enough.
    pub(super) fn wants_a_sample(&self) -> bool {
        self.detail == Detail::Sample
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
    pub(super) fn moment(
        &mut self,
        connection: u64,
        now: Now,
        after: Duration,
        what: Happening,
        missing: u64,
    ) {
        self.record(Record::Moment(Arc::new(Moment {
            connection,
            at: now.wall,
            after,
            what,
            missing,
        })));
    }
}
