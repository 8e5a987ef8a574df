//! `/static/` and `/hotlink/`: files by hand, as the notes do them.
//!
//! Look the file up, compare its time with If-Modified-Since, answer 304 or the file. `/hotlink/` is
//! the same behind a look at the Referer, which keeps out pages, not people: anybody can forge it.

use std::borrow::Cow;

use crate::app::files::{Content, Found, content_type};
use crate::app::{Reply, Visit};
use crate::engine::Body;
use crate::wire::{Conditions, Fault, FaultKind, FieldValue, Outcome, Span, Status, Validators};

/// A file, or 304 when the client has it already.
pub(in crate::app) fn static_file(visit: &Visit<'_>) -> Reply {
    let path = visit.captures.named("path");
    match visit.settings.files.find(path) {
        Err(kind) => visit.refuse(kind, visit.head().target_at()),
        Ok(found) => serve(visit, path, found),
    }
}

/// The same for pages of this site only.
pub(in crate::app) fn hotlink(visit: &Visit<'_>) -> Reply {
    let referer = visit.head().fields_named(b"Referer").next();
    let (is_ours, at) = match &referer {
        None => (
            visit.settings.hotlink_without_referer,
            visit.head().target_at(),
        ),
        Some(field) => (is_own_page(visit, &field.value), field.value_at),
    };
    if is_ours {
        static_file(visit)
    } else {
        visit.refuse(FaultKind::ForeignReferer, at)
    }
}

fn serve(visit: &Visit<'_>, path: &[u8], found: Found) -> Reply {
    let head = visit.head();
    let edition = visit.settings.edition;
    let entity_tag = if edition.has_entity_tags() {
        let tag = format!("\"{:x}-{:x}\"", found.last_modified.seconds(), found.length);
        FieldValue::new(tag.into_bytes()).ok()
    } else {
        None
    };
    let since = head.fields_named(b"If-Modified-Since").next();
    let none_match = head.field(b"If-None-Match");
    let conditions = Conditions {
        is_head: head.is_method(b"HEAD"),
        if_modified_since: since.as_ref().map(|field| &*field.value),
        if_none_match: none_match.as_deref(),
    };
    let file = Validators {
        last_modified: found.last_modified,
        entity_tag: entity_tag.as_ref().map(FieldValue::octets),
    };
    let condition = conditions.evaluate(edition, &file, visit.now);
    let mut reply = Reply::new(match condition.outcome {
        Outcome::NotModified => Status::NOT_MODIFIED,
        Outcome::Proceed => Status::OK,
    });
    reply.last_modified = Some(found.last_modified);
    reply.entity_tag = entity_tag;
    reply.content_type = Some(Cow::Borrowed(content_type(path)));
    // Store it, but ask before each use: so that the 304 can be seen every time.
    reply.cache_control = Some("no-cache");
    reply.body = match (condition.outcome, found.content) {
        (Outcome::NotModified, _) => Body::EMPTY,
        (_, Content::Embedded(bytes)) => Body::Bytes(Cow::Borrowed(bytes)),
        (_, Content::File(file)) => Body::File {
            file,
            length: found.length,
        },
    };
    let at = since
        .as_ref()
        .map_or(Span::default(), |field| field.value_at);
    reply
        .faults
        .extend(condition.fault.map(|kind| Fault::new(kind, at)));
    reply
}

/// Whether a Referer names a page of this site: an absolute URI with our host, or a relative one,
/// which is resolved against the request's own (RFC 1945 10.13).
fn is_own_page(visit: &Visit<'_>, referer: &[u8]) -> bool {
    let without_scheme = referer
        .strip_prefix(b"http://")
        .or_else(|| referer.strip_prefix(b"https://"));
    let Some(rest) = without_scheme else {
        let scheme = referer
            .iter()
            .position(|octet| matches!(octet, b':' | b'/'));
        return !referer.starts_with(b"//")
            && scheme.is_none_or(|at| referer.get(at) != Some(&b':'));
    };
    let end = rest
        .iter()
        .position(|octet| matches!(octet, b'/' | b'?' | b'#'));
    let host = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let ours = visit.head().field(b"Host");
    let ours = ours.as_deref().unwrap_or(visit.settings.host.as_bytes());
    host.eq_ignore_ascii_case(ours)
}
