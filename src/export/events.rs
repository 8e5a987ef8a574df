//! The JSON trace: one event a line, for programs. `notes/trace-json.md` is the reference.
//!
//! Each event has `v`, the version of the schema, and `event`, its kind. A key may be added under the same
//! version; a change of meaning gets a new one. Labels and faults are those of `dissect --json`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::json::{fault_json, labels_json};
use super::secrets::{masked, overlap};
use super::stream::{Message, Reading, length, request, requests, response};
use crate::record::{Exchange, Happening, Hint, Moment, Open, Transcript};
use crate::wire::{Lang, RequestHead, Span};

/// The version of the schema.
pub const EVENT_VERSION: u32 = 1;

/// How events are written.
#[derive(Clone, Copy, Debug)]
pub struct EventStyle {
    /// Bytes of a read or a write, and of a body, whose text is given; the others are counted.
    pub body_bytes: usize,
    /// Whether secrets are hidden ([`secrets`](super::secrets)).
    pub hides_secrets: bool,
}

/// `listening`: the server is ready at `url`.
#[must_use]
pub fn listening_event(url: &str) -> Value {
    json!({ "v": EVENT_VERSION, "event": "listening", "url": url })
}

/// `lost`: so many records are missing before this event, since they came too fast. Connections that were
/// open then are not told of any more, except for their exchanges.
#[must_use]
pub fn lost_event(records: u64) -> Value {
    json!({ "v": EVENT_VERSION, "event": "lost", "records": records })
}

/// `opened`, `received`, `sent`, `half-close`, `states` or `closed`; `open` is the connection with this
/// moment in it.
#[must_use]
pub fn moment_event(moment: &Moment, open: &Open, style: &EventStyle) -> Value {
    let (kind, more) = match &moment.what {
        Happening::Opened { client, server } => {
            let (client, server) = (client.to_string(), server.to_string());
            ("opened", json!({ "client": client, "server": server }))
        }
        Happening::Received(bytes) => {
            let end = length(&open.request);
            let messages = requests(open, style.reading());
            let place = Span::new(end.saturating_sub(bytes.len()), end);
            ("received", passed(place, bytes, &messages, style))
        }
        Happening::Sent(bytes) => {
            let end = length(&open.response);
            let message = response(&open.response, &open.request, style.reading());
            let place = Span::new(end.saturating_sub(bytes.len()), end);
            ("sent", passed(place, bytes, &[message], style))
        }
        Happening::ReceivedEnd => ("half-close", json!({ "by": "client" })),
        Happening::SentEnd => ("half-close", json!({ "by": "server" })),
        Happening::States { client, server } => {
            let (client, server) = (format!("{client:?}"), format!("{server:?}"));
            ("states", json!({ "client": client, "server": server }))
        }
        // Only a sample ends so, and events are made of everything.
        Happening::Unwatched => ("unwatched", json!({})),
        Happening::Closed => ("closed", json!({ "how": "whole" })),
        Happening::Reset => ("closed", json!({ "how": "broken" })),
    };
    let after = Some(moment.after);
    with(event(kind, Some(moment.connection), moment.at, after), more)
}

/// `exchange`: a request and its response are over. Without a transcript the response's bytes are not
/// known, and of the request no more than its head.
#[must_use]
pub fn exchange_event(
    exchange: &Exchange,
    transcript: Option<&Transcript>,
    style: &EventStyle,
) -> Value {
    let reading = Reading {
        with_content: true,
        ..style.reading()
    };
    let head = exchange.head.as_deref();
    let faults = head.map_or(&[][..], RequestHead::faults).iter();
    let request = match transcript {
        Some(Transcript { request: whole, .. }) => {
            request(0, whole.bytes.clone(), length(whole), reading)
        }
        None => {
            let bytes = head.map_or(&[][..], RequestHead::bytes);
            request(0, bytes.to_vec(), bytes.len(), reading)
        }
    };
    let response =
        transcript.map(|transcript| response(&transcript.response, &transcript.request, reading));
    let events = transcript.map_or(&[][..], |transcript| &transcript.timeline);
    let after = events.last().map(|event| event.after);
    with(
        event("exchange", Some(exchange.connection), exchange.at, after),
        json!({
            "number": transcript.map(|transcript| transcript.number),
            "client": exchange.peer.to_string(),
            "status": exchange.status.map(|status| status.code()),
            "took_us": micros(exchange.took),
            "request": message(Some(&request), exchange.request_bytes, style),
            "response": message(response.as_ref(), exchange.bytes, style),
            "faults": faults.chain(&exchange.faults).map(fault_json).collect::<Vec<_>>(),
        }),
    )
}

/// `hint`: a client seems to be stuck; its connection's number, if that is known.
#[must_use]
pub fn hint_event(hint: &Hint, connection: Option<u64>) -> Value {
    let sentence = |lang| hint.fault.sentence(lang);
    with(
        event("hint", connection, hint.at, None),
        json!({
            "client": hint.peer.to_string(),
            "slug": hint.fault.kind.slug(),
            "sentence": { "en": sentence(Lang::En), "zh": sentence(Lang::Zh) },
        }),
    )
}

impl EventStyle {
    const fn reading(&self) -> Reading {
        Reading {
            with_content: false,
            hides_secrets: self.hides_secrets,
        }
    }
}

/// How long a message was, and its labels.
fn message(message: Option<&Message>, length: u64, style: &EventStyle) -> Value {
    let labels = message.map(|message| {
        labels_json(
            &message.labels,
            &message.bytes,
            style.body_bytes,
            &message.secrets,
        )
    });
    json!({ "length": length, "labels": labels.unwrap_or_default() })
}

/// Bytes that passed at once, at a place in a stream.
fn passed(place: Span, bytes: &[u8], messages: &[Message], style: &EventStyle) -> Value {
    let shown = bytes.len().min(style.body_bytes);
    let end = place.start + shown;
    let here = Span::new(place.start, end);
    let secrets: Vec<Span> = messages
        .iter()
        .flat_map(|message| {
            let places = message.secrets.iter();
            places.map(|at| Span::new(message.start + at.start, message.start + at.end))
        })
        .filter(|secret| overlap(*secret, here))
        .map(|secret| {
            // From places in the stream to places in these bytes.
            let start = secret.start.max(place.start) - place.start;
            Span::new(start, secret.end.min(end) - place.start)
        })
        .collect();
    // Of what is not kept nobody knows whether it is a secret.
    let kept: usize = messages
        .iter()
        .map(|message| message.start + message.bytes.len())
        .max()
        .unwrap_or(0);
    let shown = if style.hides_secrets {
        shown.min(kept.saturating_sub(place.start))
    } else {
        shown
    };
    let mut value = json!({
        "start": place.start,
        "end": place.end,
        "text": masked(bytes, Span::new(0, shown), &secrets),
    });
    if let Some(object) = value.as_object_mut() {
        if !secrets.is_empty() {
            object.insert("masked".to_owned(), json!(true));
        }
        if shown < bytes.len() {
            object.insert("omitted".to_owned(), json!(bytes.len() - shown));
        }
    }
    value
}

fn event(kind: &str, connection: Option<u64>, at: SystemTime, after: Option<Duration>) -> Value {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut event = json!({ "v": EVENT_VERSION, "event": kind });
    if let Some(object) = event.as_object_mut() {
        if let Some(connection) = connection {
            object.insert("connection".to_owned(), json!(connection));
        }
        object.insert("at".to_owned(), json!(seconds.as_secs_f64()));
        if let Some(after) = after {
            object.insert("after_us".to_owned(), json!(micros(after)));
        }
    }
    event
}

fn with(mut event: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (event.as_object_mut(), more) {
        object.extend(more);
    }
    event
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
