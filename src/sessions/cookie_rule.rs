//! What happens to the cookie after the view: the decision of Django's `SessionMiddleware.process_response`.
//!
//! A pure function, since the whole table of cases hangs on four facts and the status.

/// Whose rule: they differ in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Django {
    /// Of the course notes: no `Vary` with a deleted cookie, and only the status 500 keeps from saving.
    V1_11,
    /// Of today: `Vary` with a deleted cookie, and every 5xx keeps from saving.
    V4_2,
}

/// What is known of the session when the view is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The request had the session's cookie, whatever was in it.
    pub had_cookie: bool,
    /// The view read the data, or replaced them.
    pub accessed: bool,
    /// The view changed the data, or said so.
    pub modified: bool,
    /// There is neither a key nor data.
    pub is_empty: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// With the session and its cookie.
    pub action: Action,
    /// Whether the answer depends on the cookie: `Vary: Cookie`.
    pub vary: bool,
}

/// What to do with the session and its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Leave,
    /// Tell the client to delete the cookie.
    Delete,
    /// Save the session, and send its key with a fresh expiry.
    Save,
}

/// The decision, for an answer with this status.
#[must_use]
pub const fn cookie_rule(django: Django, seen: Seen, status: u16) -> Verdict {
    if seen.had_cookie && seen.is_empty {
        return Verdict {
            action: Action::Delete,
            vary: matches!(django, Django::V4_2),
        };
    }
    let is_failure = match django {
        Django::V1_11 => status == 500,
        Django::V4_2 => status >= 500,
    };
    let action = if seen.modified && !seen.is_empty && !is_failure {
        Action::Save
    } else {
        Action::Leave
    };
    Verdict {
        action,
        vary: seen.accessed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All 16 combinations of the facts; the rows of Django's table are played by a session in `session.rs`.
    #[test]
    fn every_combination_has_one_answer() {
        for bits in 0_u8..16 {
            let seen = Seen {
                had_cookie: bits & 1 != 0,
                accessed: bits & 2 != 0,
                modified: bits & 4 != 0,
                is_empty: bits & 8 != 0,
            };
            for (django, status) in [
                (Django::V1_11, 200),
                (Django::V1_11, 500),
                (Django::V1_11, 503),
                (Django::V4_2, 200),
                (Django::V4_2, 500),
                (Django::V4_2, 503),
            ] {
                let verdict = cookie_rule(django, seen, status);
                let saves = status == 200 || (status == 503 && django == Django::V1_11);
                let (action, vary) = match (seen.had_cookie, seen.is_empty, seen.modified) {
                    (true, true, _) => (Action::Delete, django == Django::V4_2),
                    (_, false, true) if saves => (Action::Save, seen.accessed),
                    _ => (Action::Leave, seen.accessed),
                };
                assert_eq!(
                    verdict,
                    Verdict { action, vary },
                    "{django:?} {seen:?} {status}"
                );
            }
        }
    }
}
