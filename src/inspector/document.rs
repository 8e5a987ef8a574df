//! One exchange as one JSON document: everything that the page shows of it.
//!
//! Messages are in the form of `blankline dissect --json`, and all offsets count from the message's first byte.
//! Of a body the first 4 KiB are in it; the files beside it have all that is kept.

use serde_json::{Value, json};

use super::commands;
use super::entry::{Entry, Stage, milliseconds};
use crate::export::{Dissection, dissection_json, fault_json};
use crate::record::{Event, Happening, Passage, Stream};
use crate::wire::{Fault, FaultKind, Opinion, Status};

/// The whole exchange.
pub(super) fn document(entry: &Entry) -> Value {
    let head = entry.head();
    let body = entry.request.bytes.get(head.anatomy().end()..);
    let dissection = Dissection::request(entry.request.bytes.clone());
    let mut request = message(&dissection, &entry.request);
    set(&mut request, "faults", faults_of(entry, &dissection));
    let response = (entry.response.length > 0).then(|| response(entry, head.is_method(b"HEAD")));
    let words = entry.words.iter();
    let is_whole = |stream: &Stream| stream.bytes.len() as u64 == stream.length;
    let request_is_whole = is_whole(&entry.request);
    let command = |command: Option<String>| command.filter(|_| request_is_whole);
    let (method, target) = entry.first_words();
    json!({
        "id": entry.id,
        "connection": entry.connection,
        "number": entry.number,
        "stage": entry.stage.name(),
        "method": method,
        "target": target,
        "status": entry.status.map(Status::code),
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

/// What is wrong with the request: the server's own list, which has its limits and its pages' word too; of what
/// is under way there is none yet, and what is missing there may still come.
fn faults_of(entry: &Entry, dissection: &Dissection) -> Value {
    let mut faults = match entry.stage {
        Stage::Done => entry.faults.clone(),
        _ if entry.request.bytes.is_empty() => Vec::new(),
        _ => dissection.faults.clone(),
    };
    if entry.stage == Stage::Open {
        faults.retain(|fault| !is_cut(fault));
    }
    faults.extend(entry.hint);
    faults.iter().map(fault_json).collect()
}

fn response(entry: &Entry, is_to_head: bool) -> Value {
    let bytes = entry.response.bytes.clone();
    let is_kept = bytes.len() as u64 == entry.response.length;
    let dissection = if is_to_head {
        Dissection::response_to_head(bytes)
    } else {
        Dissection::response(bytes)
    };
    let mut response = message(&dissection, &entry.response);
    // It is only cut short if it ended too early, and not because the rest is under way or was not kept.
    let is_over = is_kept && entry.stage != Stage::Open;
    let faults = dissection.faults.iter();
    let faults = faults.filter(|fault| is_over || !is_cut(fault));
    set(&mut response, "faults", faults.map(fault_json).collect());
    response
}

const fn is_cut(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::HeadCutShort | FaultKind::BodyCutShort
    )
}

fn message(dissection: &Dissection, stream: &Stream) -> Value {
    let mut value = dissection_json(dissection, BODY_BYTES);
    set(&mut value, "total", json!(stream.length));
    let (en, zh) = (dissection.opinion.to_string(), chinese(dissection.opinion));
    set(&mut value, "opinion", json!({"en": en, "zh": zh}));
    value
}

/// httparse's opinion in Chinese; its reason stays as it gave it.
fn chinese(opinion: Opinion) -> String {
    match opinion {
        Opinion::Accepts { fields, head_len } => {
            format!("httparse 接受这个 {head_len} 字节的首部，数出 {fields} 个字段。")
        }
        Opinion::Partial => "httparse 还在等：首部尚未结束。".to_owned(),
        Opinion::Refuses { error } => format!("httparse 拒绝这个首部，理由是：{error}。"),
    }
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
