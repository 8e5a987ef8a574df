//! What the lessons ask for at `/l/NN/...`, one file a topic; `lesson_urls.rs` has the table.
//!
//! Answers are short and made for a terminal: a sentence in both languages, and lines of `name: value`. What was sent
//! is escaped wherever it is shown. Where a page of the site does the same, the table has that page.

pub(in crate::app) mod bodies;
pub(in crate::app) mod caching;
pub(in crate::app) mod cookies;
pub(in crate::app) mod engines;
pub(in crate::app) mod parts;
pub(in crate::app) mod redirects;
pub(in crate::app) mod rows;
mod rule;
pub(in crate::app) mod sessions;
mod text;
pub(in crate::app) mod trust;
pub(in crate::app) mod zoo;

use super::raw;
use crate::app::{Reply, Visit};
use crate::wire::FaultKind;

/// A lesson's own place, for whatever is sent to it: the request's bytes, as `/raw` has them.
pub(in crate::app) fn place(visit: &Visit<'_>) -> Reply {
    let is_lesson = matches!(
        visit.captures.named("lesson"),
        [b't', b'1'..=b'3'] | [b'0'..=b'3', b'0'..=b'9'] | [b'4', b'0'..=b'4']
    );
    if is_lesson {
        raw::raw(visit)
    } else {
        visit.refuse_saying(FaultKind::NotFound, visit.head().target_at(), NUMBERS)
    }
}

const NUMBERS: [&str; 2] = [
    "The lessons have their places at /l/00 to /l/44 and at /l/t1 to /l/t3.",
    "各课的地址是 /l/00 到 /l/44，以及 /l/t1 到 /l/t3。",
];
