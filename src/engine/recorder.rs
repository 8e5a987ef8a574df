//! What a loop remembers for its tap, and how much of it: with no tap attached nothing is made or copied.

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
}

impl Recorder {
    /// For nobody yet.
    pub(super) const fn new() -> Self {
        Self {
            records: None,
            wants_wire: false,
        }
    }

    /// From now on, what the tap wants.
    pub(super) fn heed(&mut self, detail: Detail) {
        self.wants_wire = detail >= Detail::Wire;
        if detail == Detail::Nothing {
            self.records = None;
        } else if self.records.is_none() {
            self.records = Some(Vec::new());
        }
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

    /// Remembers a moment.
    pub(super) fn moment(&mut self, connection: u64, now: Now, after: Duration, what: Happening) {
        if let Some(records) = &mut self.records {
            records.push(Record::Moment(Arc::new(Moment {
                connection,
                at: now.wall,
                after,
                what,
            })));
        }
    }
}
