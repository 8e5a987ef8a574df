//! What came of playing cases, as text, as one JSON document, as TAP 14 and as JUnit's XML.
//!
//! All four say the same of each play: the case, the delivery, how long it took, and what was wrong. What
//! a peer sent is escaped in each of them.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Delivery, Mismatch};
use crate::wire::{Escaped, Lang, Part};

/// One case, played once.
#[derive(Debug)]
pub struct Outcome {
    /// The case's name.
    pub case: String,
    /// How its bytes were delivered.
    pub delivery: Delivery,
    /// From the first connection to the end of the last.
    pub took: Duration,
    /// How it went.
    pub verdict: Verdict,
}

/// How a case went.
#[derive(Debug)]
pub enum Verdict {
    /// Every byte is as expected.
    Passed,
    /// Some are not.
    Failed(Box<Mismatch>),
    /// It could not be played: why, as a sentence.
    Broken(String),
}

/// Counts of the three verdicts.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    broken: usize,
}

impl Counts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            match outcome.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::Broken(_) => counts.broken += 1,
            }
        }
        counts
    }
}

/// The failures, each with its place, reason and diff, and a last line that counts.
#[must_use]
pub fn report_text(outcomes: &[Outcome], took: Duration, lang: Lang) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    for outcome in outcomes {
        match &outcome.verdict {
            Verdict::Passed => {}
            Verdict::Failed(mismatch) => {
                let _ = writeln!(
                    out,
                    "FAIL {} ({}), exchange {}",
                    outcome.case, outcome.delivery, mismatch.exchange
                );
                let _ = writeln!(out, "  {}", mismatch.place());
                let _ = writeln!(out, "  {}", mismatch.sentence(lang));
                for line in mismatch.diff().lines() {
                    let _ = writeln!(out, "    {line}");
                }
                out.push('\n');
            }
            Verdict::Broken(sentence) => {
                let _ = writeln!(
                    out,
                    "BROKEN {} ({})\n  {sentence}\n",
                    outcome.case, outcome.delivery
                );
            }
        }
    }
    let Counts {
        passed,
        failed,
        broken,
    } = Counts::of(outcomes);
    let seconds = took.as_secs_f64();
    let _ = match lang {
        Lang::En => writeln!(
            out,
            "{passed} passed, {failed} failed, {broken} could not be played, in {seconds:.2} s"
        ),
        Lang::Zh => writeln!(
            out,
            "{passed} 个通过，{failed} 个不符，{broken} 个无法进行，用时 {seconds:.2} 秒"
        ),
    };
    out
}

/// `{version, passed, failed, broken, seconds, results: [{case, delivery, verdict, seconds, ...}]}`.
#[must_use]
pub fn report_json(outcomes: &[Outcome], took: Duration) -> Value {
    let counts = Counts::of(outcomes);
    json!({
        "version": 1,
        "passed": counts.passed,
        "failed": counts.failed,
        "broken": counts.broken,
        "seconds": took.as_secs_f64(),
        "results": outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
    })
}

fn outcome_json(outcome: &Outcome) -> Value {
    let mut value = json!({
        "case": outcome.case,
        "delivery": outcome.delivery.to_string(),
        "verdict": match outcome.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::Broken(_) => "broken",
        },
        "seconds": outcome.took.as_secs_f64(),
    });
    let more = match &outcome.verdict {
        Verdict::Passed => return value,
        Verdict::Failed(mismatch) => json!({
            "exchange": mismatch.exchange,
            "part": mismatch.part().map(Part::name),
            "field": mismatch.field(),
            "expected_at": mismatch.expected_at,
            "seen_at": mismatch.seen_at,
            "expected_byte": mismatch.expected_byte(),
            "seen_byte": mismatch.seen_byte(),
            "reason": { "en": mismatch.sentence(Lang::En), "zh": mismatch.sentence(Lang::Zh) },
            "diff": mismatch.diff().lines().collect::<Vec<_>>(),
            "seen": Escaped(&mismatch.seen.bytes).to_string(),
        }),
        Verdict::Broken(sentence) => json!({ "reason": { "en": sentence } }),
    };
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), more) {
        object.extend(more);
    }
    value
}

/// The Test Anything Protocol, version 14, with a YAML block for each failure.
#[must_use]
pub fn report_tap(outcomes: &[Outcome], lang: Lang) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", outcomes.len());
    for (number, outcome) in (1..).zip(outcomes) {
        // A # would begin a directive.
        let name = format!("{} ({})", outcome.case, outcome.delivery)
            .replace('\\', "\\\\")
            .replace('#', "\\#");
        let (message, diff) = match &outcome.verdict {
            Verdict::Passed => {
                let _ = writeln!(out, "ok {number} - {name}");
                continue;
            }
            Verdict::Failed(mismatch) => (
                format!("{}. {}", mismatch.place(), mismatch.sentence(lang)),
                mismatch.diff(),
            ),
            Verdict::Broken(sentence) => (sentence.clone(), String::new()),
        };
        let _ = writeln!(
            out,
            "not ok {number} - {name}\n  ---\n  message: {}",
            json!(message)
        );
        if !diff.is_empty() {
            out.push_str("  diff: |\n");
            for line in diff.lines() {
                let _ = writeln!(out, "    |{line}");
            }
        }
        out.push_str("  ...\n");
    }
    out
}

/// JUnit's XML, as build servers read it.
#[must_use]
pub fn report_junit(outcomes: &[Outcome], took: Duration, lang: Lang) -> String {
    let counts = Counts::of(outcomes);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"blankline golden\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">\n",
        outcomes.len(),
        counts.failed,
        counts.broken,
        took.as_secs_f64(),
    );
    for outcome in outcomes {
        let (class, name) = outcome.case.rsplit_once('/').unwrap_or(("", &outcome.case));
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{} ({})\" time=\"{:.3}\"",
            xml(class),
            xml(name),
            outcome.delivery,
            outcome.took.as_secs_f64(),
        );
        let _ = match &outcome.verdict {
            Verdict::Passed => writeln!(out, "/>"),
            Verdict::Failed(mismatch) => writeln!(
                out,
                ">\n    <failure message=\"{}\">{}\n{}</failure>\n  </testcase>",
                xml(&mismatch.sentence(lang)),
                xml(&mismatch.place()),
                xml(&mismatch.diff()),
            ),
            Verdict::Broken(sentence) => writeln!(
                out,
                ">\n    <error message=\"{}\"/>\n  </testcase>",
                xml(sentence)
            ),
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text for XML 1.0, which has no control characters.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{Labelled, compare};

    fn outcomes() -> Vec<Outcome> {
        let answer = |text: &[u8]| Labelled::responses(text, &Labelled::default());
        let mismatch = compare(
            &answer(b"HTTP/1.0 200 OK\r\n\r\na<b"),
            &answer(b"HTTP/1.0 200 OK\r\n\r\na&\x1b"),
            &[],
        );
        let outcome = |case: &str, verdict| Outcome {
            case: case.to_owned(),
            delivery: Delivery::Whole,
            took: Duration::from_millis(5),
            verdict,
        };
        vec![
            outcome("topic/fine", Verdict::Passed),
            outcome(
                "topic/wrong#1",
                Verdict::Failed(Box::new(mismatch.unwrap())),
            ),
            outcome(
                "gone",
                Verdict::Broken("cannot connect: \"refused\"".to_owned()),
            ),
        ]
    }

    #[test]
    fn text_shows_failures_and_counts() {
        let text = report_text(&outcomes(), Duration::from_secs(1), Lang::En);
        assert!(text.starts_with("FAIL topic/wrong#1 (whole), exchange 1\n  body at byte 20: expected < (0x3c), seen & (0x26)\n"), "{text}");
        assert!(text.contains(r"    + 19  a&\x1b"), "{text}");
        assert!(text.ends_with("\n1 passed, 1 failed, 1 could not be played, in 1.00 s\n"));
        assert!(report_text(&outcomes(), Duration::ZERO, Lang::Zh).contains("1 个不符"));
    }

    #[test]
    fn json_has_both_languages_and_the_bytes() {
        let json = report_json(&outcomes(), Duration::from_secs(1));
        assert_eq!(
            (&json["passed"], &json["failed"], &json["broken"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let wrong = &json["results"][1];
        assert_eq!(wrong["part"], "body");
        assert_eq!(wrong["seen_byte"], 0x26);
        assert!(wrong["reason"]["zh"].as_str().unwrap().contains("主体"));
    }

    #[test]
    fn tap_and_junit_escape_what_means_something_there() {
        let tap = report_tap(&outcomes(), Lang::En);
        assert!(tap.starts_with("TAP version 14\n1..3\nok 1 - topic/fine (whole)\nnot ok 2 - topic/wrong\\#1 (whole)\n  ---\n  message: \""), "{tap}");
        assert!(
            tap.contains("message: \"cannot connect: \\\"refused\\\"\"\n  ...\n"),
            "{tap}"
        );
        let junit = report_junit(&outcomes(), Duration::from_secs(1), Lang::En);
        assert!(
            junit.contains("<testcase classname=\"topic\" name=\"fine (whole)\" time=\"0.005\"/>"),
            "{junit}"
        );
        assert!(
            junit.contains("a&lt;b") && junit.contains("tests=\"3\" failures=\"1\" errors=\"1\""),
            "{junit}"
        );
        assert!(!junit.contains('\u{1b}'));
    }
}
