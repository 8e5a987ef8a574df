//! Lessons 20 to 23: the parts of a multipart body, each with its place; files are stored as `/upload/` stores them.

use super::text::Text;
use crate::app::intake::{MultipartSink, Received};
use crate::app::views::{raw, upload};
use crate::app::{Reply, Visit};
use crate::wire::{Escaped, Fault};

/// The parts that came, in the order of the body.
pub(in crate::app) fn parts(visit: &Visit<'_>) -> Reply {
    if !visit.head().is_method(b"POST") {
        return raw::raw(visit);
    }
    let received = visit.request.sink.take().and_then(MultipartSink::received);
    let Some(received) = received else {
        return Text::new(visit)
            .line("parts", 0)
            .say([
                "This body has no parts: only Content-Type: multipart/form-data; boundary=... has.",
                "这个主体没有分成部分：只有 Content-Type: multipart/form-data; boundary=... 才有。",
            ])
            .reply();
    };
    match listed(visit, received) {
        Ok(reply) => reply,
        Err(fault) => visit.refuse_fault(fault),
    }
}

fn listed(visit: &Visit<'_>, received: Received) -> Result<Reply, Fault> {
    let Received {
        fields,
        files,
        notes,
        mut room,
    } = received;
    // Places in the message; the body begins behind the head.
    let head = visit.head().bytes().len();
    let mut parts: Vec<(usize, String)> = Vec::new();
    for field in &fields {
        let (at, bytes) = (field.value_at.start, field.value.len());
        let name = Escaped(field.head.name());
        let offset = at.saturating_sub(head);
        parts.push((
            at,
            format!("name=\"{name}\", {bytes} bytes from byte {offset} of the body"),
        ));
    }
    for (about, _, stored_as) in upload::keep(visit, files, &mut room)? {
        let (name, sent) = (Escaped(&about.field), Escaped(&about.client_name));
        let (bytes, offset) = (about.length, about.start.saturating_sub(head));
        let part = format!(
            "name=\"{name}\", filename=\"{sent}\", stored as {stored_as}, {bytes} bytes from byte {offset} of the body"
        );
        parts.push((about.start, part));
    }
    parts.sort();
    let numbered = (1..).zip(&parts);
    let mut reply = Text::new(visit)
        .line("parts", parts.len())
        .lines(numbered.map(|(number, (_, part))| (format!("part {number}"), part)))
        .reply();
    reply.faults.extend(notes);
    Ok(reply)
}
