//! The tap: from the loop to the scribe, without waiting.
//!
//! It follows a connection when there is a permit for it, whole. Pieces too long to be shown are cut here, so
//! that a download does not travel through memory twice; when the scribe is behind, bytes are only counted, and
//! when even that does not fit, connections are given up. What is given up is counted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::permits::Permits;
use crate::record::{Detail, Happening, Moment, Record, SAMPLE_BYTES, Tap};

/// What one turn of a loop told.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    /// What it weighs, in bytes, for `Permits::release`.
    pub(super) weight: usize,
}

/// What the scribe is told.
pub(super) enum Message {
    /// A record of a connection that is followed.
    Told(Record),
    /// This connection is followed no longer: something of it was lost.
    Forget(u64),
}

/// Batches that may wait; what they weigh is bounded too. A scribe that gets no turn for a while, on a machine that
/// has too much to do, should lose nothing by it.
pub(super) const QUEUE: usize = 4096;

/// Bytes of one read or write that travel: as many as are kept of a message.
pub(super) const PIECE: usize = SAMPLE_BYTES;

/// A message without its bytes, roughly.
const MESSAGE: usize = 256;

pub(super) struct InspectorTap {
    permits: Arc<Permits>,
    queue: SyncSender<Batch>,
    followed: BTreeSet<u64>,
    /// To be forgotten as soon as the queue takes something.
    given_up: Vec<Message>,
}

impl InspectorTap {
    pub(super) const fn new(permits: Arc<Permits>, queue: SyncSender<Batch>) -> Self {
        Self {
            permits,
            queue,
            followed: BTreeSet::new(),
            given_up: Vec::new(),
        }
    }

    /// What of a record goes on, if anything.
    fn message(&mut self, record: Record, weight: &mut usize) -> Option<Message> {
        let moment = match &record {
            // A hint names no connection; it is for those that are open, so there must be some.
            Record::Hint(_) => return (!self.followed.is_empty()).then_some(Message::Told(record)),
            Record::Exchange(exchange) => {
                let is_followed = self.followed.contains(&exchange.connection);
                return is_followed.then_some(Message::Told(record));
            }
            Record::Moment(moment) => moment,
        };
        let connection = moment.connection;
        let is_followed = match &moment.what {
            Happening::Opened { .. } if self.permits.take() => self.followed.insert(connection),
            Happening::Opened { .. } => {
                self.permits.add_untold(1);
                false
            }
            Happening::Closed | Happening::Reset => self.followed.remove(&connection),
            Happening::Unwatched => {
                // What it does from here on is not told.
                self.permits.add_untold(1);
                let was_followed = self.followed.remove(&connection);
                return was_followed.then_some(Message::Forget(connection));
            }
            _ => self.followed.contains(&connection),
        };
        if !is_followed {
            return None;
        }
        let (Happening::Received(bytes) | Happening::Sent(bytes)) = &moment.what else {
            return Some(Message::Told(record));
        };
        let wanted = bytes.len().min(PIECE);
        let kept = if self.permits.admit_piece(wanted) {
            wanted
        } else {
            0
        };
        *weight += kept;
        if kept == bytes.len() && moment.missing == 0 {
            return Some(Message::Told(record));
        }
        let first = bytes.get(..kept).unwrap_or_default().to_vec();
        let missing = (bytes.len() - kept) as u64 + moment.missing;
        let what = match &moment.what {
            Happening::Received(_) => Happening::Received(first),
            _ => Happening::Sent(first),
        };
        let cut = Moment {
            connection,
            at: moment.at,
            after: moment.after,
            what,
            missing,
        };
        Some(Message::Told(Record::Moment(Arc::new(cut))))
    }

    fn give_up(&mut self, batch: Batch) {
        self.permits.release(batch.weight);
        let mut lost = BTreeSet::new();
        for message in batch.messages {
            lost.extend(match message {
                Message::Told(Record::Moment(moment)) => Some(moment.connection),
                Message::Told(Record::Exchange(exchange)) => Some(exchange.connection),
                Message::Told(_) => None,
                Message::Forget(connection) => Some(connection),
            });
        }
        self.permits.add_untold(lost.len() as u64);
        for connection in lost {
            self.followed.remove(&connection);
            self.given_up.push(Message::Forget(connection));
        }
    }
}

impl Tap for InspectorTap {
    fn detail(&self) -> Detail {
        if self.permits.has_any() {
            Detail::Sample
        } else {
            Detail::Nothing
        }
    }

    fn wants_all_exchanges(&self) -> bool {
        false
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        let mut weight = 0;
        let mut messages = std::mem::take(&mut self.given_up);
        let forgotten = messages.len();
        for record in records.drain(..) {
            messages.extend(self.message(record, &mut weight));
        }
        if messages.is_empty() {
            return;
        }
        let places = messages.len() * MESSAGE;
        let fits = self.permits.admit(places);
        if fits {
            weight += places;
        }
        let batch = Batch { messages, weight };
        let rejected = if fits {
            self.queue.try_send(batch).err().map(|error| match error {
                TrySendError::Full(batch) | TrySendError::Disconnected(batch) => batch,
            })
        } else {
            Some(batch)
        };
        if let Some(mut batch) = rejected {
            let before: Vec<Message> = batch.messages.drain(..forgotten).collect();
            self.give_up(batch);
            self.given_up.extend(before);
        }
    }

    fn pass_over(&mut self, connections: u64) {
        self.permits.add_untold(connections);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use super::*;
    use crate::record::samples::{moment, opened};

    fn tap(bytes: usize, places: usize) -> (InspectorTap, Receiver<Batch>, Arc<Permits>) {
        let permits = Arc::new(Permits::new(bytes));
        let (queue, batches) = sync_channel(places);
        let tap = InspectorTap::new(Arc::clone(&permits), queue);
        (tap, batches, permits)
    }

    #[test]
    fn only_connections_with_a_permit_are_followed_and_the_others_counted() {
        let (mut tap, batches, permits) = tap(1 << 20, 8);
        assert_eq!(tap.detail(), Detail::Sample);
        tap.take(&mut (1..=60).map(opened).collect());
        assert_eq!(batches.recv().unwrap().messages.len(), 50);
        assert_eq!((permits.untold(), tap.detail()), (10, Detail::Nothing));
        tap.take(&mut vec![
            moment(60, Happening::Closed),
            moment(50, Happening::Closed),
        ]);
        assert_eq!(batches.recv().unwrap().messages.len(), 1);
        tap.pass_over(7);
        assert_eq!(permits.untold(), 17);
    }

    #[test]
    fn a_long_piece_is_cut_and_counted() {
        let (mut tap, batches, _) = tap(1 << 20, 8);
        let piece = moment(1, Happening::Sent(vec![b'x'; PIECE + 5]));
        tap.take(&mut vec![opened(1), piece]);
        let batch = batches.recv().unwrap();
        let Message::Told(Record::Moment(moment)) = &batch.messages[1] else {
            panic!()
        };
        assert!(matches!(&moment.what, Happening::Sent(bytes) if bytes.len() == PIECE));
        assert_eq!(moment.missing, 5);
    }

    #[test]
    fn a_connection_that_is_watched_no_longer_is_forgotten_and_counted() {
        let (mut tap, batches, permits) = tap(1 << 20, 8);
        tap.take(&mut vec![opened(1), moment(1, Happening::Unwatched)]);
        let batch = batches.recv().unwrap();
        assert!(matches!(batch.messages[1], Message::Forget(1)));
        assert_eq!(permits.untold(), 1);
    }

    #[test]
    fn a_full_queue_gives_connections_up_and_says_so_later() {
        let (mut tap, batches, permits) = tap(1 << 20, 1);
        tap.take(&mut vec![opened(1)]);
        tap.take(&mut vec![opened(2)]);
        assert_eq!(permits.untold(), 1);
        batches.recv().unwrap();
        tap.take(&mut vec![opened(3), moment(2, Happening::SentEnd)]);
        let batch = batches.recv().unwrap();
        assert!(matches!(
            batch.messages[..],
            [Message::Forget(2), Message::Told(_)]
        ));
        // Nothing is left to wait for.
        permits.release(batch.weight);
    }
}
