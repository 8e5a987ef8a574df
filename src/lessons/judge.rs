//! The judge: which steps of a lesson an exchange does, or how near it came.
//!
//! An exchange is held against every step that is not done yet, in whatever order the learner takes them, and may do
//! several. Only if it does none are the known near-misses asked, and only then the checks one by one.

use std::collections::VecDeque;
use std::time::SystemTime;

use super::check::{Check, Finding};
use super::notebook::Lesson;
use super::seen::{Kind, Place, Seen, bare, deletes, scope};
use super::step::Step;

/// What was before an exchange, as far as checks ask for it: since the lesson began.
#[derive(Clone, Debug, Default)]
pub struct Past {
    before: VecDeque<Before>,
    done: Vec<(String, SystemTime)>,
}

/// What is remembered of an exchange.
#[derive(Clone, Debug)]
struct Before {
    connection: u64,
    /// Without a slash at its end.
    path: Vec<u8>,
    /// As it was sent.
    target: Vec<u8>,
    essence: u64,
    /// The fields of the answer, names in lower case.
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Exchanges that are remembered.
const REMEMBERED: usize = 64;

/// Bytes of an answer's fields that are remembered of one exchange.
const REMEMBERED_BYTES: usize = 4096;

/// What became of an exchange. Steps and near-misses are places in the lesson's lists, so that a verdict has no language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did these steps.
    Passed(Vec<Passed>),
    /// It is a wrong way that is known.
    Near {
        /// The step.
        step: usize,
        /// Which of its near-misses.
        near: usize,
        /// The bytes that tell.
        place: Option<Place>,
    },
    /// It is about the step, and this check does not hold.
    NotYet {
        /// The step.
        step: usize,
        /// Which of its checks.
        sign: usize,
        /// What was there.
        finding: Finding,
    },
    /// It went somewhere else than the step wants.
    Elsewhere {
        /// The step.
        step: usize,
        /// Which of its checks.
        sign: usize,
        /// Where it went.
        finding: Finding,
    },
    /// The lesson was done before.
    Over,
}

/// A step that was done, and how it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The step.
    pub step: usize,
    /// One finding for each of its checks.
    pub findings: Vec<Finding>,
}

/// Judges an exchange. `is_done` says of each step whether it was done before.
#[must_use]
pub fn judge(
    lesson: &Lesson,
    is_done: impl Fn(&Step) -> bool,
    seen: &Seen,
    past: &Past,
) -> Verdict {
    let open: Vec<(usize, &Step)> = lesson
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| !is_done(step))
        .collect();
    let passed: Vec<Passed> = open
        .iter()
        .filter_map(|(index, step)| {
            let findings = holding(&step.signs, seen, past)?;
            Some(Passed {
                step: *index,
                findings,
            })
        })
        .collect();
    if !passed.is_empty() {
        return Verdict::Passed(passed);
    }
    for (step, wanted) in &open {
        for (near, known) in wanted.near.iter().enumerate() {
            if let Some(findings) = holding(&known.signs, seen, past) {
                let place = findings.iter().rev().find_map(|finding| finding.place);
                return Verdict::Near {
                    step: *step,
                    near,
                    place,
                };
            }
        }
    }
    // Which of the open steps it was meant for: the first that wants this place, else the first.
    let fits = |(_, step): &&(usize, &Step)| {
        let mut places = step.signs.iter().filter(|sign| sign.is_about_place());
        places.all(|sign| sign.look(seen, past).holds)
    };
    let Some((step, wanted)) = open.iter().find(fits).or(open.first()) else {
        return Verdict::Over;
    };
    let findings = wanted.signs.iter().map(|sign| sign.look(seen, past));
    let failing = findings.enumerate().find(|(_, finding)| !finding.holds);
    let (sign, finding) = failing.unwrap_or_else(|| (0, Finding::default()));
    let is_place = wanted.signs.get(sign).is_some_and(Check::is_about_place);
    if is_place {
        Verdict::Elsewhere {
            step: *step,
            sign,
            finding,
        }
    } else {
        Verdict::NotYet {
            step: *step,
            sign,
            finding,
        }
    }
}

/// The findings, if all hold. What says nothing of waiting or of a probe is about exchanges.
fn holding(signs: &[Check], seen: &Seen, past: &Past) -> Option<Vec<Finding>> {
    if signs.iter().any(Check::is_about_waiting) != (seen.kind == Kind::Waiting)
        || signs.iter().any(Check::is_about_a_probe) != matches!(seen.kind, Kind::Probe { .. })
    {
        return None;
    }
    let findings: Vec<Finding> = signs.iter().map(|sign| sign.look(seen, past)).collect();
    findings
        .iter()
        .all(|finding| finding.holds)
        .then_some(findings)
}

impl Past {
    /// Remembers an exchange that is over.
    pub fn remember(&mut self, seen: &Seen) {
        if seen.kind != Kind::Exchange {
            return;
        }
        let mut room = REMEMBERED_BYTES;
        let mut fields = Vec::new();
        for field in seen.response.fields() {
            let Some(rest) = room.checked_sub(field.name.len() + field.value.len()) else {
                break;
            };
            room = rest;
            fields.push((field.name.to_ascii_lowercase(), field.value.into_owned()));
        }
        if self.before.len() == REMEMBERED {
            self.before.pop_front();
        }
        self.before.push_back(Before {
            connection: seen.connection,
            path: bare(&seen.path).to_vec(),
            target: seen.request.target().to_vec(),
            essence: seen.essence(),
            fields,
        });
    }

    /// Remembers that a step was done.
    pub fn tick(&mut self, step: &str, at: SystemTime) {
        self.done.push((step.to_owned(), at));
    }

    /// What this cookie was set to, and by which exchange, the latest first; deletions are none.
    pub(super) fn cookies(&self, name: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
        self.set(name).map(|(at, set)| {
            let value = set.split(|&octet| octet == b';').next();
            (at, value.unwrap_or_default().trim_ascii())
        })
    }

    /// The Path and the Domain with which this cookie was set.
    pub(super) fn scopes(&self, name: &[u8]) -> impl Iterator<Item = [Option<Vec<u8>>; 2]> {
        self.set(name).map(|(_, set)| scope(set))
    }

    /// What stood behind this cookie's `=`, and in which exchange, the latest first; deletions are left out.
    fn set(&self, name: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
        let all = self.before.iter().enumerate().rev();
        all.flat_map(move |(at, before)| {
            let fields = before.fields.iter().rev();
            fields.filter_map(move |(known, value)| {
                let value = (known == b"set-cookie").then(|| value.strip_prefix(name))??;
                let set = value.strip_prefix(b"=")?;
                (!deletes(set)).then_some((at, set))
            })
        })
    }

    /// Whether this path was asked for after that exchange.
    pub(super) fn asked_after(&self, at: usize, path: &[u8]) -> bool {
        self.before
            .iter()
            .skip(at + 1)
            .any(|before| before.path == path)
    }

    /// The values of this field in earlier answers, the latest first.
    pub(super) fn answers(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let name = name.to_ascii_lowercase();
        let fields = self
            .before
            .iter()
            .rev()
            .flat_map(|before| before.fields.iter().rev());
        fields
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| &**value)
    }

    /// How many requests in a row, up to one for this target, were for the Location of the answer before them.
    pub(super) fn hops(&self, target: &[u8]) -> usize {
        let mut target = target;
        let mut hops = 0;
        for before in self.before.iter().rev() {
            let location = before.fields.iter().find(|(name, _)| name == b"location");
            if location.map(|(_, location)| without_host(location)) != Some(target) {
                break;
            }
            target = &before.target;
            hops += 1;
        }
        hops
    }

    pub(super) fn last_connection(&self) -> Option<u64> {
        self.before.back().map(|before| before.connection)
    }

    /// When this step was done.
    pub(super) fn done(&self, step: &str) -> Option<SystemTime> {
        let mut done = self.done.iter().rev();
        done.find(|(name, _)| name == step).map(|(_, at)| *at)
    }

    /// Whether an earlier request was the same.
    pub(super) fn has(&self, essence: u64) -> bool {
        self.before.iter().any(|before| before.essence == essence)
    }

    /// How often this path was asked for.
    pub(super) fn times(&self, path: &[u8]) -> usize {
        let path = bare(path);
        self.before
            .iter()
            .filter(|before| before.path == path)
            .count()
    }
}

/// What an absolute URI is to the server that it names: a path and a query.
fn without_host(location: &[u8]) -> &[u8] {
    let path = location.strip_prefix(b"http://").and_then(|rest| {
        let slash = rest.iter().position(|&octet| octet == b'/')?;
        rest.get(slash..)
    });
    path.unwrap_or(location)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::notebook::tests::TEXT;
    use crate::lessons::seen::tests::seen;

    fn lesson() -> Lesson {
        Lesson::parse("00-first-bytes.md", TEXT).unwrap()
    }

    fn judged(request: &str, done: &[&str], past: &Past) -> Verdict {
        let seen = seen(request, "HTTP/1.0 200 OK\r\n\r\n");
        judge(
            &lesson(),
            |step| done.contains(&step.name.as_str()),
            &seen,
            past,
        )
    }

    #[test]
    fn an_exchange_does_every_open_step_that_it_fits() {
        let right = "GET /raw HTTP/1.0\r\n\r\n";
        let Verdict::Passed(passed) = judged(right, &[], &Past::default()) else {
            panic!()
        };
        // `again` wants to come after `hello`, and an exchange does not come after itself.
        assert_eq!(passed.iter().map(|one| one.step).collect::<Vec<_>>(), [0]);
        let mut past = Past::default();
        past.tick("hello", SystemTime::UNIX_EPOCH);
        let Verdict::Passed(passed) = judged(right, &["hello"], &past) else {
            panic!()
        };
        assert_eq!(passed[0].step, 1);
        assert_eq!(judged(right, &["hello", "again"], &past), Verdict::Over);
    }

    #[test]
    fn a_known_wrong_way_is_told_with_its_bytes() {
        let text = TEXT.replace(
            "near elsewhere\n  see: path /row",
            "near elsewhere\n  see: path /row\n  see: version 1.1",
        );
        let lesson = Lesson::parse("00-first-bytes.md", &text).unwrap();
        let seen = seen("GET /row HTTP/1.1\r\n\r\n", "");
        let verdict = judge(&lesson, |_| false, &seen, &Past::default());
        let Verdict::Near {
            step: 0,
            near: 0,
            place: Some(place),
        } = verdict
        else {
            panic!("{verdict:?}")
        };
        assert_eq!(seen.bytes(place), b"HTTP/1.1");
    }

    #[test]
    fn what_is_nearly_right_is_told_what_is_missing() {
        let Verdict::NotYet {
            step: 0,
            sign: 1,
            finding,
        } = judged("GET /raw HTTP/1.1\r\n\r\n", &[], &Past::default())
        else {
            panic!()
        };
        assert!(finding.place.is_some());
        assert!(matches!(
            judged("GET /elsewhere HTTP/1.0\r\n\r\n", &[], &Past::default()),
            Verdict::Elsewhere {
                step: 0,
                sign: 0,
                ..
            }
        ));
    }

    #[test]
    fn a_silence_does_no_step_that_does_not_speak_of_it() {
        let mut waiting = seen("GET /raw HTTP/1.0\r\n", "");
        waiting.kind = Kind::Waiting;
        let verdict = judge(&lesson(), |_| false, &waiting, &Past::default());
        assert!(!matches!(verdict, Verdict::Passed(_)));
    }

    #[test]
    fn redirects_are_counted_as_far_as_they_were_followed() {
        let mut past = Past::default();
        for (target, location) in [
            ("/0", "/1"),
            ("/a", "/b"),
            ("/b", "http://h/c"),
            ("/c", "/d"),
        ] {
            let answer = format!("HTTP/1.0 302 Found\r\nLocation: {location}\r\n\r\n");
            past.remember(&seen(&format!("GET {target} HTTP/1.0\r\n\r\n"), &answer));
        }
        assert_eq!((past.hops(b"/d"), past.hops(b"/c")), (3, 0));
    }

    #[test]
    fn the_past_is_bounded() {
        let mut past = Past::default();
        let answer = format!(
            "HTTP/1.0 200 OK\r\nX: {}\r\nLocation: /late\r\n\r\n",
            "x".repeat(5000)
        );
        let long = seen("GET /a HTTP/1.0\r\n\r\n", &answer);
        for _ in 0..REMEMBERED + 5 {
            past.remember(&long);
        }
        assert_eq!(past.times(b"/a"), REMEMBERED);
        assert_eq!(past.hops(b"/late"), 0);
    }
}
