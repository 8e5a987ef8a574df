//! One exchange as a capture: its records made again from what is kept, for `export`'s pcapng.

use std::sync::Arc;

use super::entry::{Entry, Stage};
use crate::export::Pcapng;
use crate::record::{Exchange, Happening, Moment, Passage, Record, Stream};
use crate::wire::{Fault, Lang};

/// A pcapng file. Where a byte was not kept the capture ends, and says so.
pub(super) fn capture(entry: &Entry) -> Vec<u8> {
    let mut file = Pcapng::new(Lang::En);
    let moment = |after, what| {
        Record::Moment(Arc::new(Moment {
            connection: entry.connection,
            at: entry.opened + after,
            after,
            what,
            missing: 0,
        }))
    };
    // An exchange on a kept connection begins in its middle, but a capture needs a handshake.
    let begins = entry.timeline.first().map(|event| event.after);
    file.take(&moment(
        begins.unwrap_or_default(),
        Happening::Opened {
            client: entry.client,
            server: entry.server,
        },
    ));
    let mut is_told = entry.stage != Stage::Done;
    for event in &entry.timeline {
        let bytes_of = |stream: &Stream, offset: u64, count: u64| {
            let start = usize::try_from(offset).ok()?;
            let end = start.checked_add(usize::try_from(count).ok()?)?;
            Some(stream.bytes.get(start..end)?.to_vec())
        };
        let what = match &event.what {
            Passage::Received { offset, count } => {
                bytes_of(&entry.request, *offset, *count).map(Happening::Received)
            }
            Passage::Sent { offset, count } => {
                bytes_of(&entry.response, *offset, *count).map(Happening::Sent)
            }
            Passage::Happened(Happening::Opened { .. }) => continue,
            Passage::Happened(happening) => Some(happening.clone()),
        };
        let Some(what) = what else {
            file.cut(entry.connection);
            break;
        };
        let is_end = matches!(
            what,
            Happening::SentEnd | Happening::Closed | Happening::Reset
        );
        if is_end && !is_told {
            is_told = true;
            file.take(&exchange(entry));
        }
        file.take(&moment(event.after, what));
    }
    file.bytes()
}

/// The record that puts the faults into the packets' comments.
fn exchange(entry: &Entry) -> Record {
    let head = entry.head();
    let is_new = |fault: &&Fault| !head.faults().contains(fault);
    Record::Exchange(Arc::new(Exchange {
        connection: entry.connection,
        at: entry.opened,
        peer: entry.client,
        faults: entry.faults.iter().filter(is_new).copied().collect(),
        head: Some(Box::new(head)),
        request_bytes: entry.request.length,
        status: entry.status,
        bytes: entry.response.length,
        took: entry.took,
    }))
}
