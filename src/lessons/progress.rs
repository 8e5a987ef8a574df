//! Progress as a plain text file: a line for each step that was done, the oldest first.
//!
//! ```text
//! # blankline progress 1
//! 00 by-hand - Mon, 30 Oct 2017 02:02:09 GMT
//! 02 two-enters ann Mon, 30 Oct 2017 02:03:41 GMT
//! ```
//!
//! Lesson, step, learner (percent-encoded; `-` for the one without a name) and HTTP-date. A line is added when a step is
//! done, and a file that was cut off in the middle of one loses no other. Lines that say nothing are passed over, so
//! that a file can be edited.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::classroom::Done;
use crate::wire::{HttpDate, decode_path};

/// The first line of a file.
pub const TITLE: &str = "# blankline progress 1\n";

/// What each learner had done, by name.
#[must_use]
pub fn read(text: &str) -> BTreeMap<String, Done> {
    let mut learners: BTreeMap<String, Done> = BTreeMap::new();
    let whole = text
        .rfind('\n')
        .map_or("", |end| text.get(..end).unwrap_or_default());
    for line in whole.lines() {
        let mut words = line.splitn(4, ' ');
        let (Some(lesson), Some(step), Some(name)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Some(date) = words
            .next()
            .and_then(|date| HttpDate::parse(date.trim().as_bytes()))
        else {
            continue;
        };
        let name = if name == NOBODY {
            String::new()
        } else {
            String::from_utf8_lossy(&decode_path(name.as_bytes())).into_owned()
        };
        let at = UNIX_EPOCH + Duration::from_secs(date.seconds());
        let done = learners.entry(name).or_default();
        done.entry((lesson.to_owned(), step.to_owned()))
            .or_insert(at);
    }
    learners
}

/// What stands for the one without a name.
const NOBODY: &str = "-";

/// The line for a step that was done.
#[must_use]
pub fn line(at: SystemTime, lesson: &str, step: &str, learner: &str) -> String {
    let mut name = String::new();
    for octet in learner.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'.') {
            name.push(char::from(octet));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(name, "%{octet:02X}");
        }
    }
    if name.is_empty() {
        name.push_str(NOBODY);
    }
    let date = date(at).octets();
    format!(
        "{lesson} {step} {name} {}\n",
        String::from_utf8_lossy(&date)
    )
}

/// A moment as an HTTP-date; one second is as fine as it gets.
#[must_use]
pub fn date(at: SystemTime) -> HttpDate {
    HttpDate::from_seconds(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// A whole file.
#[must_use]
pub fn write(learners: &BTreeMap<String, Done>) -> String {
    let mut lines: Vec<(SystemTime, String)> = Vec::new();
    for (name, done) in learners {
        lines.extend(
            done.iter()
                .map(|((lesson, step), at)| (*at, line(*at, lesson, step, name))),
        );
    }
    lines.sort();
    lines
        .into_iter()
        .fold(TITLE.to_owned(), |text, (_, line)| text + &line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let at = UNIX_EPOCH + Duration::from_secs(1_509_328_929);
        let mut learners = BTreeMap::new();
        for name in ["", "-", "小 明", "a%b\n"] {
            let step = ("00".to_owned(), "hello".to_owned());
            learners.insert(name.to_owned(), Done::from([(step, at)]));
        }
        let text = write(&learners);
        assert_eq!(read(&text), learners, "{text}");
        assert_eq!(text.lines().count(), 5);
    }

    #[test]
    fn a_cut_or_strange_line_costs_nothing_else() {
        let good = "00 one - Mon, 30 Oct 2017 02:02:09 GMT";
        let text = format!("{TITLE}nonsense\n\n00 two - yesterday\n{good}\n00 three - Mon, 30 Oct");
        assert_eq!(read(&text)[""].len(), 1);
        assert_eq!(read(good).len(), 0);
    }
}
