//! Labels and faults as JSON, for `dissect --json` and the JSON trace alike; and a dissected message as
//! one document.
//!
//! Offsets are bytes from 0, ends are exclusive. Strange bytes are escaped in `text` (see
//! [`Escaped`](crate::wire::Escaped)) and whole in `hex`. `notes/trace-json.md` is the reference.

use serde_json::{Value, json};

use super::Dissection;
use super::secrets::{masked, overlap};
use crate::wire::{Fault, Label, Lang, Span, Verdict};

/// `{kind, length, labels, faults, opinion}`. Of content, `text` and `hex` have at most the first
/// `body_bytes` bytes, and `omitted` counts the others.
#[must_use]
pub fn dissection_json(dissection: &Dissection, body_bytes: usize) -> Value {
    json!({
        "kind": dissection.kind.name(),
        "length": dissection.bytes.len(),
        "labels": labels_json(&dissection.labels, &dissection.bytes, body_bytes, &[]),
        "faults": dissection.faults.iter().map(fault_json).collect::<Vec<_>>(),
        "opinion": dissection.opinion.to_string(),
    })
}

/// A list of `{part, start, end, text, hex, omitted, masked}`; the last two where there is something to
/// say. `message` may end before the labels do.
pub(super) fn labels_json(
    labels: &[Label],
    message: &[u8],
    body_bytes: usize,
    secrets: &[Span],
) -> Vec<Value> {
    let label = |label: &Label| label_json(*label, message, body_bytes, secrets);
    labels.iter().map(label).collect()
}

fn label_json(label: Label, message: &[u8], body_bytes: usize, secrets: &[Span]) -> Value {
    let Label { part, span } = label;
    let most = if part.is_content() {
        body_bytes
    } else {
        span.len()
    };
    let kept = message.len().saturating_sub(span.start);
    let shown = Span::new(span.start, span.start + span.len().min(most).min(kept));
    let is_masked = secrets.iter().any(|secret| overlap(*secret, shown));
    let mut value = json!({
        "part": part.name(),
        "start": span.start,
        "end": span.end,
        "text": masked(message, shown, secrets),
    });
    if let Some(object) = value.as_object_mut() {
        if is_masked {
            object.insert("masked".to_owned(), json!(true));
        } else {
            object.insert("hex".to_owned(), json!(hex(shown.of(message))));
        }
        if shown != span {
            object.insert("omitted".to_owned(), json!(span.len() - shown.len()));
        }
    }
    value
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// `{slug, verdict, status, start, end, rule, lesson, sentence, seen, limit}`.
#[must_use]
pub fn fault_json(fault: &Fault) -> Value {
    let (verdict, status) = match fault.kind.verdict() {
        Verdict::Note => ("note", None),
        Verdict::Refuse(status) => ("refuse", Some(status)),
    };
    json!({
        "slug": fault.kind.slug(),
        "verdict": verdict,
        "status": status,
        "start": fault.at.start,
        "end": fault.at.end,
        "rule": fault.kind.rule(),
        "lesson": fault.kind.lesson(),
        "sentence": { "en": fault.sentence(Lang::En), "zh": fault.sentence(Lang::Zh) },
        "seen": fault.measure.map(|(seen, _)| seen),
        "limit": fault.measure.map(|(_, limit)| limit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_rows_say() {
        let bytes = b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nh\xff!".to_vec();
        let value = dissection_json(&Dissection::request(bytes), 1);
        assert_eq!(value["kind"], "request");
        assert_eq!(value["length"], 41);
        let labels = value["labels"].as_array().unwrap();
        assert_eq!(
            labels[0],
            json!({"part": "method", "start": 0, "end": 4, "text": "POST", "hex": "504f5354"})
        );
        assert_eq!(
            labels[labels.len() - 2],
            json!({"part": "body", "start": 38, "end": 40, "text": "h", "hex": "68", "omitted": 1})
        );
        let fault = &value["faults"][0];
        assert_eq!(fault["slug"], "excess-bytes");
        assert_eq!(fault["verdict"], "note");
        assert_eq!(fault["status"], Value::Null);
        assert_eq!((&fault["start"], &fault["seen"]), (&json!(40), &json!(1)));
        assert!(value["opinion"].as_str().unwrap().contains("accepts"));
    }
}
