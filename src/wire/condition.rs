//! Conditional GET: whether a resource is sent, or 304 says that the client's copy still holds.
//!
//! Which conditions count, and how dates compare, is the edition's choice. A condition that cannot
//! be used is ignored and named, never refused (RFC 1945 10.9). Only GET and HEAD are asked about
//! here; a POST has no such conditions in HTTP/1.0.

use super::{Edition, FaultKind, HttpDate, NotModifiedRule};

/// What a GET or HEAD request makes its answer depend on.
///
/// ```
/// use blankline::wire::{Conditions, Edition, HttpDate, Outcome, Validators};
/// let mtime = HttpDate::from_seconds(1_509_328_929);
/// let conditions = Conditions {
///     if_modified_since: Some(b"Mon, 30 Oct 2017 02:02:09 GMT"),
///     ..Conditions::default()
/// };
/// let file = Validators { last_modified: mtime, entity_tag: None };
/// let condition = conditions.evaluate(Edition::Notes, &file, mtime.plus(60));
/// assert_eq!(condition.outcome, Outcome::NotModified);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions<'a> {
    /// Whether the method is HEAD.
    pub is_head: bool,
    /// The value of If-Modified-Since, without the blanks around it.
    pub if_modified_since: Option<&'a [u8]>,
    /// The value of If-None-Match.
    pub if_none_match: Option<&'a [u8]>,
}

/// What the server knows about the resource that the conditions are about.
///
/// ```
/// use blankline::wire::{HttpDate, Validators};
/// let file = Validators { last_modified: HttpDate::from_seconds(0), entity_tag: Some(b"\"v1\"") };
/// assert_eq!(file.entity_tag, Some(&b"\"v1\""[..]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validators<'a> {
    /// When the resource last changed, also if that is in the future.
    pub last_modified: HttpDate,
    /// Its entity tag with the quotes, strong or weak, if it has one.
    pub entity_tag: Option<&'a [u8]>,
}

/// What the conditions come to, and why one of them was ignored.
///
/// ```
/// use blankline::wire::{Condition, FaultKind, Outcome};
/// let condition = Condition { outcome: Outcome::Proceed, fault: Some(FaultKind::BadDate) };
/// assert_eq!(condition.fault.map(FaultKind::slug), Some("bad-date"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What to answer.
    pub outcome: Outcome,
    /// Why If-Modified-Since was ignored, if it was; the fault's place is that field's value.
    pub fault: Option<FaultKind>,
}

/// Whether to answer as if there were no conditions.
///
/// ```
/// use blankline::wire::Outcome;
/// assert_ne!(Outcome::Proceed, Outcome::NotModified);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes: 200, or whatever a plain request would get.
    Proceed,
    /// No: 304, and no body.
    NotModified,
}

impl Conditions<'_> {
    /// Evaluates the conditions of a request whose plain answer would be 200 (RFC 1945 10.9a).
    ///
    /// In this order: HEAD has no conditions but in an edition where it has; If-None-Match, where
    /// there are entity tags, decides alone (RFC 9110 13.2.2); If-Modified-Since decides by the
    /// edition's rule. The `; length=N` that old Netscape browsers put after the date, and Django
    /// 1.11 still reads, makes it a bad date.
    ///
    /// ```
    /// use blankline::wire::{Conditions, Edition, FaultKind, HttpDate, Outcome, Validators};
    /// let now = HttpDate::from_seconds(1_509_328_929);
    /// let file = Validators { last_modified: now.plus(-60), entity_tag: None };
    /// let conditions = Conditions {
    ///     if_modified_since: Some(b"Mon, 21 Nov 2050 08:00:00 GMT"),
    ///     ..Conditions::default()
    /// };
    /// let rfc1945 = conditions.evaluate(Edition::Rfc1945, &file, now);
    /// assert_eq!(rfc1945.outcome, Outcome::Proceed);
    /// assert_eq!(rfc1945.fault, Some(FaultKind::FutureDate));
    /// let rfc9110 = conditions.evaluate(Edition::Rfc9110, &file, now);
    /// assert_eq!(rfc9110.outcome, Outcome::NotModified);
    /// ```
    #[must_use]
    pub fn evaluate(
        &self,
        edition: Edition,
        resource: &Validators<'_>,
        now: HttpDate,
    ) -> Condition {
        if self.is_head && !edition.head_is_conditional() {
            let ignored = self.if_modified_since.map(|_| FaultKind::ConditionalHead);
            return Condition::proceed(ignored);
        }
        if let Some(list) = self.if_none_match.filter(|_| edition.has_entity_tags()) {
            return Condition::not_modified_if(lists_tag(list, resource.entity_tag));
        }
        let Some(value) = self.if_modified_since else {
            return Condition::proceed(None);
        };
        let Some(date) = HttpDate::parse(value) else {
            return Condition::proceed(Some(FaultKind::BadDate));
        };
        match edition.not_modified_rule() {
            NotModifiedRule::Equal => Condition::not_modified_if(resource.last_modified == date),
            NotModifiedRule::NotNewerValidDate if date > now => {
                Condition::proceed(Some(FaultKind::FutureDate))
            }
            NotModifiedRule::NotNewerValidDate | NotModifiedRule::NotNewer => {
                Condition::not_modified_if(resource.last_modified <= date)
            }
        }
    }
}

impl Condition {
    const fn proceed(fault: Option<FaultKind>) -> Self {
        Self {
            outcome: Outcome::Proceed,
            fault,
        }
    }

    const fn not_modified_if(holds: bool) -> Self {
        Self {
            outcome: if holds {
                Outcome::NotModified
            } else {
                Outcome::Proceed
            },
            fault: None,
        }
    }
}

/// The date for the Last-Modified field: never later than the message's own Date (RFC 1945 10.10).
///
/// ```
/// use blankline::wire::{HttpDate, last_modified_to_send};
/// let now = HttpDate::from_seconds(1_509_328_929);
/// assert_eq!(last_modified_to_send(now.plus(9), now), now);
/// assert_eq!(last_modified_to_send(now.plus(-9), now), now.plus(-9));
/// ```
#[must_use]
pub fn last_modified_to_send(mtime: HttpDate, now: HttpDate) -> HttpDate {
    mtime.min(now)
}

/// Whether the list has the tag by weak comparison (RFC 9110 8.8.3.2), or is `*`, which any
/// resource matches. The list counts up to its first mistake.
fn lists_tag(list: &[u8], tag: Option<&[u8]>) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let Some(tag) = tag else { return false };
    let mut rest = list;
    loop {
        rest = match rest {
            [b' ' | b'\t' | b',', rest @ ..] => rest,
            [b'W', b'/', quoted @ ..] | quoted => {
                let Some((opaque, rest)) = split_quoted(quoted) else {
                    return false;
                };
                if opaque == tag.strip_prefix(b"W/").unwrap_or(tag) {
                    return true;
                }
                rest
            }
        };
    }
}

/// A quoted string without escapes off the front (commas in it are part of it), quotes included.
fn split_quoted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = octets.strip_prefix(b"\"")?;
    let closing = inside.iter().position(|&octet| octet == b'"')?;
    octets.split_at_checked(closing + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file changed at 02:02:09, and now is a minute later.
    const MTIME: HttpDate = HttpDate::from_seconds(1_509_328_929);
    const NOW: HttpDate = HttpDate::from_seconds(1_509_328_989);
    const FILE: Validators<'_> = Validators {
        last_modified: MTIME,
        entity_tag: Some(b"\"v1\""),
    };

    fn since(is_head: bool, date: HttpDate) -> [(Outcome, Option<FaultKind>); 3] {
        let value = date.octets();
        Edition::ALL.map(|edition| {
            let conditions = Conditions {
                is_head,
                if_modified_since: Some(&value),
                if_none_match: None,
            };
            let condition = conditions.evaluate(edition, &FILE, NOW);
            (condition.outcome, condition.fault)
        })
    }

    const PROCEED: (Outcome, Option<FaultKind>) = (Outcome::Proceed, None);
    const NOT_MODIFIED: (Outcome, Option<FaultKind>) = (Outcome::NotModified, None);

    #[test]
    fn each_edition_compares_dates_by_its_rule() {
        assert_eq!(since(false, MTIME), [NOT_MODIFIED; 3]);
        assert_eq!(since(false, MTIME.plus(-1)), [PROCEED; 3]);
        assert_eq!(
            since(false, MTIME.plus(1)),
            [PROCEED, NOT_MODIFIED, NOT_MODIFIED]
        );
        assert_eq!(since(false, NOW), [PROCEED, NOT_MODIFIED, NOT_MODIFIED]);
        let future = (Outcome::Proceed, Some(FaultKind::FutureDate));
        assert_eq!(since(false, NOW.plus(1)), [PROCEED, future, NOT_MODIFIED]);
    }

    #[test]
    fn head_is_conditional_in_rfc9110_alone() {
        let ignored = (Outcome::Proceed, Some(FaultKind::ConditionalHead));
        assert_eq!(since(true, MTIME), [ignored, ignored, NOT_MODIFIED]);
    }

    #[test]
    fn all_three_forms_of_a_date_come_to_the_same() {
        for value in [
            &b"Mon, 30 Oct 2017 02:02:09 GMT"[..],
            b"Monday, 30-Oct-17 02:02:09 GMT",
            b"Mon Oct 30 02:02:09 2017",
        ] {
            let conditions = Conditions {
                if_modified_since: Some(value),
                ..Conditions::default()
            };
            for edition in Edition::ALL {
                let condition = conditions.evaluate(edition, &FILE, NOW);
                assert_eq!(condition.outcome, Outcome::NotModified);
            }
        }
    }

    #[test]
    fn a_bad_date_is_named_and_ignored() {
        for value in [
            &b"yesterday"[..],
            b"",
            b"Mon, 30 Oct 2017 02:02:09 GMT; length=13",
        ] {
            let conditions = Conditions {
                if_modified_since: Some(value),
                ..Conditions::default()
            };
            for edition in Edition::ALL {
                let condition = conditions.evaluate(edition, &FILE, NOW);
                assert_eq!(condition, Condition::proceed(Some(FaultKind::BadDate)));
            }
        }
    }

    #[test]
    fn entity_tags_compare_weakly() {
        for (list, listed) in [
            (&br#""v1""#[..], true),
            (br#"W/"v1""#, true),
            (br#""v0", "a,b" ,W/"v1""#, true),
            (b"\"v0\",,\t\"v1\"", true),
            (b" * ", true),
            (br#""v0""#, false),
            (br#""v0,"v1""#, false), // the first tag is `v0,` and a mistake follows
            (b"v1", false),
            (br#""v1"#, false),
            (br#"w/"v1""#, false),
            (b"", false),
        ] {
            assert_eq!(
                lists_tag(list, FILE.entity_tag),
                listed,
                "{}",
                list.escape_ascii()
            );
        }
        assert!(lists_tag(br#""v1""#, Some(br#"W/"v1""#)));
        assert!(lists_tag(b"*", None));
        assert!(!lists_tag(br#""v1""#, None));
    }

    #[test]
    fn a_tag_wins_over_a_date_where_there_are_tags() {
        let date = MTIME.octets();
        let conditions = Conditions {
            is_head: false,
            if_modified_since: Some(&date),
            if_none_match: Some(br#""v0""#),
        };
        let outcomes = Edition::ALL.map(|edition| conditions.evaluate(edition, &FILE, NOW).outcome);
        assert_eq!(
            outcomes,
            [Outcome::NotModified, Outcome::NotModified, Outcome::Proceed]
        );
    }

    #[test]
    fn a_request_without_conditions_proceeds() {
        for edition in Edition::ALL {
            let condition = Conditions::default().evaluate(edition, &FILE, NOW);
            assert_eq!(condition, Condition::proceed(None));
        }
    }
}
