//! `/redirect/`: the notes' 302 on a plain GET.

use crate::app::{Reply, Visit};

/// Sends the client to `/user/`.
pub(in crate::app) fn redirect(visit: &Visit<'_>) -> Reply {
    visit.redirect(b"/user/")
}
