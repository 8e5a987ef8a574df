//! One exchange as one JSON document: everything that the page shows of it.
//!
//! Messages are in the form of `blankline dissect --json`, and all offsets count from the message's first byte.
//! Of a body the first 4 KiB are in it; the files beside it have all that is kept.

use serde_json::{Value, json};

use super::commands;
use super::entry::{Entry, Stage, milliseconds};
use crate::export::{Dissection, dissection_json, fault_json};
use crate::record::{Event, Happening, Passage, Stream};
use crate::wire::{Fault, FaultKind};

/// The whole exchange.
pub(super) fn document(entry: &Entry) -> Value {
    let head = entry.head();
    let body = entry.request.bytes.get(head.anatomy().end()..);
    let mut request = message(
        Dissection::request(entry.request.bytes.clone()),
        &entry.request,
    );
    // The server's own list has its limits and its pages' word too; of what is not over there is none yet.
    let of_wire: Vec<Fault> = if entry.stage == Stage::Done {
        entry.faults.clone()
    } else {
        let is_early = |kind| matches!(kind, FaultKind::HeadCutShort | FaultKind::BodyCutShort);
        let mut found = Dissection::request(entry.request.bytes.clone()).faults;
        found.retain(|fault| entry.stage == Stage::Over || !is_early(fault.kind));
        found.extend(entry.hint);
        if entry.request.bytes.is_empty() {
            found.clear();
        }
        found
    };
    set(
        &mut request,
        "faults",
        of_wire.iter().map(fault_json).collect(),
    );
    let response = (entry.response.length > 0).then(|| {
        let bytes = entry.response.bytes.clone();
        let dissection = if head.is_method(b"HEAD") {
            Dissection::response_to_head(bytes)
        } else {
            Dissection::response(bytes)
        };
        let is_part = entry.response.bytes.len() as u64 != entry.response.length
            || entry.stage != Stage::Done;
        let mut faults = dissection.faults.clone();
        faults.retain(|fault| !(is_part && fault.kind == FaultKind::BodyCutShort));
        let mut response = message(dissection, &entry.response);
        set(
            &mut response,
            "faults",
            faults.iter().map(fault_json).collect(),
        );
        response
    });
    let words = entry.words.iter();
    let is_whole = |stream: &Stream| stream.bytes.len() as u64 == stream.length;
    let request_is_whole = is_whole(&entry.request);
    let command = |command: Option<String>| command.filter(|_| request_is_whole);
    json!({
        "id": entry.id,
        "connection": entry.connection,
        "number": entry.number,
        "stage": entry.stage.name(),
        "client": entry.client.to_string(),
        "server": entry.server.to_string(),
        "at": milliseconds(entry.opened),
        "took": u64::try_from(entry.took.as_micros()).unwrap_or(u64::MAX),
        "request": request,
        "response": response,
        "timeline": entry.timeline.iter().map(event).collect::<Vec<_>>(),
        "words": words.map(|words| json!({"en": words.en, "zh": words.zh})).collect::<Vec<_>>(),
        "whole": request_is_whole && is_whole(&entry.response),
        "netcat": command(commands::netcat(&entry.request.bytes, entry.server)),
        "curl": command(commands::curl(&head, body.unwrap_or_default(), entry.server)),
    })
}

fn message(dissection: Dissection, stream: &Stream) -> Value {
    let mut value = dissection_json(&dissection, BODY_BYTES);
    set(&mut value, "total", json!(stream.length));
    value
}

fn set(value: &mut Value, key: &str, member: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), member);
    }
}

/// `{after, what, ...}`, `after` in microseconds since the connection was accepted.
fn event(event: &Event) -> Value {
    let after = u64::try_from(event.after.as_micros()).unwrap_or(u64::MAX);
    let plain = |what: &str| json!({"after": after, "what": what});
    match &event.what {
        Passage::Received { offset, count } => {
            json!({"after": after, "what": "received", "offset": offset, "count": count})
        }
        Passage::Sent { offset, count } => {
            json!({"after": after, "what": "sent", "offset": offset, "count": count})
        }
        Passage::Happened(Happening::States { client, server }) => json!({
            "after": after,
            "what": "states",
            "client": format!("{client:?}"),
            "server": format!("{server:?}"),
        }),
        Passage::Happened(happening) => plain(match happening {
            Happening::Opened { .. } => "opened",
            Happening::ReceivedEnd => "received-end",
            Happening::SentEnd => "sent-end",
            Happening::Closed => "closed",
            // What has bytes or states stands above.
            _ => "reset",
        }),
    }
}

/// Bytes of a body that the page shows one by one.
const BODY_BYTES: usize = 4096;
