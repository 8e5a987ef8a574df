//! `/raw`: the request's own bytes, sent back. Nothing is decoded, reordered or left out.

use std::borrow::Cow;

use crate::app::{Reply, TEXT, Visit};
use crate::engine::Body;
use crate::wire::Status;

/// The head and the body as they came.
pub(in crate::app) fn raw(visit: &Visit<'_>) -> Reply {
    let mut reply = Reply::new(Status::OK);
    reply.content_type = Some(TEXT);
    reply.body = Body::Bytes(Cow::Owned(
        [visit.head().bytes(), &visit.request.body].concat(),
    ));
    reply
}
