//! A dissected message as one JSON document, for programs.
//!
//! Offsets are bytes from 0, ends are exclusive. Strange bytes are escaped in `text` (see
//! [`Escaped`]) and whole in `hex`.

use serde_json::{Value, json};

use super::Dissection;
use crate::wire::{Escaped, Fault, Label, Lang, Span, Verdict};

/// `{kind, length, labels, faults, opinion}`. Of a body, and of what follows it, `text` and `hex` have
/// at most the first `body_bytes` bytes, and `omitted` counts the others.
#[must_use]
pub fn dissection_json(dissection: &Dissection, body_bytes: usize) -> Value {
    let labels = dissection.labels.iter();
    json!({
        "kind": dissection.kind.name(),
        "length": dissection.bytes.len(),
        "labels": labels
            .map(|label| label_json(*label, &dissection.bytes, body_bytes))
            .collect::<Vec<_>>(),
        "faults": dissection.faults.iter().map(fault_json).collect::<Vec<_>>(),
        "opinion": dissection.opinion.to_string(),
    })
}

fn label_json(label: Label, message: &[u8], body_bytes: usize) -> Value {
    let Label { part, span } = label;
    let is_cut = part.is_content();
    let most = if is_cut { body_bytes } else { span.len() };
    let shown = Span::new(span.start, span.start + span.len().min(most));
    let octets = shown.of(message);
    let mut value = json!({
        "part": part.name(),
        "start": span.start,
        "end": span.end,
        "text": Escaped(octets).to_string(),
        "hex": octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>(),
    });
    if let (Some(object), true) = (value.as_object_mut(), shown != span) {
        object.insert("omitted".to_owned(), json!(span.len() - shown.len()));
    }
    value
}

/// `{slug, verdict, status, start, end, rule, lesson, sentence: {en, zh}, seen, limit}`.
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
