//! `/`: what there is.

use crate::app::{Reply, Visit};

/// The list of pages.
pub(in crate::app) fn home(_visit: &Visit<'_>) -> Reply {
    Reply::html("<h1>blankline</h1>\n")
}
