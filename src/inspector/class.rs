//! The class at a glance: who is at which step, and who is stuck for how long; as JSON and as a table.
//!
//! Names are what strangers typed. JSON has them as text and the table as cells; nothing here is markup.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::lessons::report::Mark;
use crate::lessons::spreadsheet::cell;
use crate::lessons::{Learner, Room, Texts};
use crate::wire::HttpDate;

/// One learner's line.
struct Row<'a> {
    name: &'a str,
    lesson: &'a str,
    /// The step at hand; empty when the lesson is done.
    step: &'a str,
    /// Steps that are done and that there are, of the core course.
    core: (usize, usize),
    /// The same of all lessons.
    all: (usize, usize),
    /// Seconds since something was done.
    stuck: u64,
    /// Seconds since anything was seen.
    quiet: u64,
    /// What became of the last exchange; empty before there is one.
    mark: &'static str,
}

/// The class, who is stuck longest first.
pub(super) fn class_json(room: &Room, now: HttpDate) -> Value {
    let learners = rows(room, now).into_iter().map(|row| {
        json!({
            "name": row.name,
            "lesson": row.lesson,
            "step": row.step,
            "core": {"done": row.core.0, "of": row.core.1},
            "all": {"done": row.all.0, "of": row.all.1},
            "stuck": row.stuck,
            "quiet": row.quiet,
            "mark": row.mark,
        })
    });
    json!({
        "revision": room.revision(),
        "most": room.most(),
        "turned_away": room.turned_away(),
        "learners": learners.collect::<Vec<_>>(),
    })
}

/// The same as a table of comma-separated values (RFC 4180), times in seconds.
pub(super) fn class_csv(room: &Room, now: HttpDate) -> String {
    let mut text = String::from(
        "learner,lesson,step,core_done,core_of,all_done,all_of,stuck_for,quiet_for,last\r\n",
    );
    for row in rows(room, now) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{},{},{}\r\n",
            cell(row.name),
            cell(row.lesson),
            cell(row.step),
            row.core.0,
            row.core.1,
            row.all.0,
            row.all.1,
            row.stuck,
            row.quiet,
            row.mark
        );
    }
    text
}

fn rows(room: &Room, now: HttpDate) -> Vec<Row<'_>> {
    let now = UNIX_EPOCH + Duration::from_secs(now.seconds());
    let since = |then: SystemTime| now.duration_since(then).unwrap_or_default().as_secs();
    let lessons = room.course().lessons();
    let mut rows: Vec<Row<'_>> = room
        .learners()
        .map(|(name, learner)| {
            let texts = lessons.get(learner.lesson);
            let step = texts.and_then(|texts| {
                let step = learner.step(texts)?;
                texts.lesson().steps.get(step)
            });
            let last = learner.last.as_ref();
            Row {
                name,
                lesson: texts.map_or("", |texts| &texts.lesson().number),
                step: step.map_or("", |step| &step.name),
                core: done(learner, lessons, |texts| texts.lesson().is_core),
                all: done(learner, lessons, |_| true),
                stuck: since(learner.moved),
                quiet: since(learner.seen),
                mark: last.map_or("", |judged| Mark::of(&judged.verdict).name()),
            }
        })
        .collect();
    rows.sort_by_key(|row| Reverse(row.stuck));
    rows
}

/// How many steps of these lessons are done, and how many there are.
fn done(learner: &Learner, lessons: &[Texts], counts: impl Fn(&Texts) -> bool) -> (usize, usize) {
    let lessons = lessons.iter().filter(|texts| counts(texts));
    lessons.fold((0, 0), |(done, all), texts| {
        let steps = texts.lesson().steps.len();
        (done + learner.steps_done(texts), all + steps)
    })
}

#[cfg(test)]
mod tests {
    use super::super::lesson::tests::{ask, course};
    use super::*;
    use crate::lessons::Classroom;

    const OK: &str = "HTTP/1.0 200 OK\r\n\r\n";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn who_is_stuck_longest_comes_first_with_what_is_done() {
        let classroom = Classroom::of_many(course(), 2);
        let mut room = classroom.room();
        for (target, seconds) in [
            ("/u/ann/l/00", 100),
            ("/u/bob/l/01", 150),
            ("/u/ann/raw", 200),
            ("/u/bob/raw?", 260),
            ("/u/bob/elsewhere", 300),
            ("/u/late/l/00", 310),
        ] {
            let request = format!("GET {target} HTTP/1.0\r\n\r\n");
            ask(&mut room, &request, OK, at(seconds));
        }
        let class = class_json(&room, HttpDate::from_seconds(400));
        assert_eq!(
            (&class["most"], &class["turned_away"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(
            class["learners"],
            json!([
                {"name": "ann", "lesson": "00", "step": "again", "core": {"done": 1, "of": 2},
                 "all": {"done": 1, "of": 4}, "stuck": 200, "quiet": 200, "mark": "passed"},
                {"name": "bob", "lesson": "01", "step": "again", "core": {"done": 0, "of": 2},
                 "all": {"done": 1, "of": 4}, "stuck": 140, "quiet": 100, "mark": "aside"},
            ])
        );
        // A clock that goes back makes nobody wait less than nothing.
        let class = class_json(&room, HttpDate::from_seconds(0));
        assert_eq!(class["learners"][0]["stuck"], 0);
    }

    #[test]
    fn whatever_a_name_is_it_stays_one_cell() {
        let classroom = Classroom::of_many(course(), 9);
        let mut room = classroom.room();
        for name in [
            "<script>",
            "a%22,=1",
            "=cmd",
            "%E2%80%AEnna",
            &"x".repeat(32),
        ] {
            let request = format!("GET /u/{name}/l/00 HTTP/1.0\r\n\r\n");
            ask(&mut room, &request, OK, at(0));
        }
        let table = class_csv(&room, HttpDate::from_seconds(7));
        let mut lines = table.split("\r\n");
        assert!(lines.next().unwrap().starts_with("learner,lesson,step,"));
        let rest = "\"00\",\"hello\",0,2,0,4,7,7,aside";
        for name in [
            "\"<script>\"",
            "\"'=cmd\"",
            "\"a\"\",=1\"",
            "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
            "\"\u{202e}nna\"",
        ] {
            assert_eq!(lines.next().unwrap(), format!("{name},{rest}"));
        }
        assert_eq!((lines.next(), lines.next()), (Some(""), None));
    }
}
