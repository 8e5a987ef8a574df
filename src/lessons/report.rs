//! A verdict in words: what was seen, at which bytes, by which rule. For the console, for `/l/NN/check` and for the live page.

use super::classroom::{Judged, Room};
use super::judge::Verdict;
use super::notebook::Texts;
use super::seen::{Place, Seen, Side};
use super::step::Step;
use crate::wire::{Escaped, Fault, Lang, excerpt};

/// A verdict in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of the exchange.
    pub mark: Mark,
    /// The step that it is about; empty when the lesson was over.
    pub step: String,
    /// The near-miss, where it is one.
    pub near: String,
    /// What is said of it.
    pub sentence: String,
    /// The rule behind it; empty where there is none.
    pub rule: String,
    /// What was looked at.
    pub evidence: Vec<Evidence>,
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A step was done.
    Passed,
    /// A wrong way that is known.
    Near,
    /// Not right yet.
    NotYet,
    /// It is not about the step, or there is no step left.
    Aside,
}

/// One check, and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it wants.
    pub words: String,
    /// The bytes that decided.
    pub place: Option<Place>,
    /// What was there.
    pub saw: String,
}

impl Mark {
    /// The mark of a verdict.
    #[must_use]
    pub const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Passed(_) => Self::Passed,
            Verdict::Near { .. } => Self::Near,
            Verdict::NotYet { .. } => Self::NotYet,
            Verdict::Elsewhere { .. } | Verdict::Over => Self::Aside,
        }
    }

    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Near => "near",
            Self::NotYet => "not-yet",
            Self::Aside => "aside",
        }
    }

    /// A sign for people.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Near => "✗",
            Self::NotYet => "…",
            Self::Aside => "·",
        }
    }
}

/// The reports of an exchange: one for each step that it did, else one that says why it did none.
#[must_use]
pub fn reports(texts: &Texts, judged: &Judged, lang: Lang) -> Vec<Report> {
    let lesson = texts.text(lang);
    let seen = &judged.seen;
    let mark = Mark::of(&judged.verdict);
    let step = |index: &usize| lesson.steps.get(*index);
    match &*judged.verdict {
        Verdict::Passed(passed) => passed
            .iter()
            .filter_map(|passed| {
                let step = step(&passed.step)?;
                let evidence = step
                    .signs
                    .iter()
                    .zip(&passed.findings)
                    .map(|(sign, finding)| {
                        // What holds by not being there has no bytes to show.
                        let place = finding.place.filter(|place| !place.span.is_empty());
                        evidence(sign.words(lang), place, &finding.saw, seen)
                    });
                Some(Report {
                    mark,
                    step: step.name.clone(),
                    near: String::new(),
                    sentence: step.pass.clone(),
                    rule: step.rule.clone(),
                    evidence: evidence.collect(),
                })
            })
            .collect(),
        Verdict::Near {
            step: index,
            near,
            place,
        } => step(index)
            .and_then(|step| Some((step, step.near.get(*near)?)))
            .map(|(step, near)| Report {
                mark,
                step: step.name.clone(),
                near: near.name.clone(),
                sentence: near.sentence.clone(),
                rule: near.rule.clone(),
                evidence: place
                    .map(|place| evidence(String::new(), Some(place), "", seen))
                    .into_iter()
                    .collect(),
            })
            .into_iter()
            .collect(),
        Verdict::NotYet {
            step: index,
            sign,
            finding,
        }
        | Verdict::Elsewhere {
            step: index,
            sign,
            finding,
        } => {
            let is_elsewhere = matches!(&*judged.verdict, Verdict::Elsewhere { .. });
            let Some((step, sign)) =
                step(index).and_then(|step| Some((step, step.signs.get(*sign)?)))
            else {
                return Vec::new();
            };
            let wanted = sign.words(lang);
            let mut sentence = match (is_elsewhere, lang) {
                (false, Lang::En) => format!("Not yet. Still wanted: {wanted}."),
                (false, Lang::Zh) => format!("还没有完成。还需要：{wanted}。"),
                (true, Lang::En) => format!("This went somewhere else; the step wants: {wanted}."),
                (true, Lang::Zh) => format!("这个请求去了别处；这一步要的是：{wanted}。"),
            };
            let mut rule = String::new();
            let mut place = finding.place;
            // What the server itself refused says more than what the step misses.
            if let Some(fault) = refusal(seen) {
                sentence = format!("{} {sentence}", fault.sentence(lang));
                fault.kind.rule().clone_into(&mut rule);
                place = Some(Place {
                    side: seen.learners(),
                    span: fault.at,
                });
            }
            vec![Report {
                mark,
                step: step.name.clone(),
                near: String::new(),
                sentence,
                rule,
                evidence: vec![evidence(wanted, place, &finding.saw, seen)],
            }]
        }
        Verdict::Over => vec![Report {
            mark,
            step: String::new(),
            near: String::new(),
            sentence: match lang {
                Lang::En => "This lesson is done: every step of it has its tick.",
                Lang::Zh => "这一课已经完成：每一步都打了勾。",
            }
            .to_owned(),
            rule: String::new(),
            evidence: Vec::new(),
        }],
    }
}

fn refusal(seen: &Seen) -> Option<&Fault> {
    seen.faults.iter().find(|fault| fault.refuses())
}

fn evidence(words: String, place: Option<Place>, saw: &str, seen: &Seen) -> Evidence {
    let bytes = place.map(|place| seen.bytes(place));
    let saw = match bytes {
        Some(bytes) if saw.is_empty() => {
            let shown = bytes.get(..SHOWN).unwrap_or(bytes);
            let more = if shown.len() < bytes.len() { "..." } else { "" };
            format!("{}{more}", Escaped(shown))
        }
        _ => saw.to_owned(),
    };
    Evidence { words, place, saw }
}

/// Bytes of a place that are shown.
const SHOWN: usize = 60;

impl Report {
    /// As lines of plain text.
    #[must_use]
    pub fn lines(&self, seen: &Seen, lang: Lang) -> Vec<String> {
        let step = match (self.step.as_str(), self.near.as_str()) {
            ("", _) => String::new(),
            (step, "") => format!("{step}: "),
            (step, near) => format!("{step} ({near}): "),
        };
        let rule = if self.rule.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.rule)
        };
        let mut lines = vec![format!(
            "{} {step}{}{rule}",
            self.mark.sign(),
            self.sentence.replace('\n', " ")
        )];
        for evidence in &self.evidence {
            if self.mark == Mark::Passed {
                lines.push(format!("    {}", self.line_of(evidence, lang)));
                continue;
            }
            let Some(place) = evidence.place else {
                if !evidence.saw.is_empty() {
                    lines.push(format!("    {}", self.line_of(evidence, lang)));
                }
                continue;
            };
            lines.push(format!("    {}", at(place, lang)));
            let message = match place.side {
                Side::Request => seen.request.bytes(),
                Side::Response => seen.response.bytes(),
            };
            if let Some(shown) = excerpt(message, place.span) {
                lines.push(format!("      {}", shown.line));
                lines.push(format!("      {}", shown.caret));
            }
        }
        lines
    }

    fn line_of(&self, evidence: &Evidence, lang: Lang) -> String {
        let place = evidence
            .place
            .map(|place| format!("  {}", at(place, lang)))
            .unwrap_or_default();
        let saw = if evidence.saw.is_empty() {
            String::new()
        } else {
            format!("  {}", evidence.saw)
        };
        format!("{}{place}{saw}", evidence.words)
    }
}

/// What stands at `/l/NN/check`: the steps of a lesson with their ticks, what is to be done, and what was seen last.
#[must_use]
pub fn page(room: &Room, name: &str, lesson: usize, lang: Lang) -> String {
    let Some(texts) = room.course().lessons().get(lesson) else {
        return String::new();
    };
    let text = texts.text(lang);
    let mut page = format!("{} · {}\n\n", text.number, text.title);
    let learner = room.learner(name);
    let has_done =
        |step: &Step| learner.is_some_and(|learner| learner.has_done(&text.number, &step.name));
    let mut is_next = true;
    for step in &text.steps {
        let is_done = has_done(step);
        let sign = if is_done { "✓" } else { "·" };
        page += &format!("{sign} {}\n", step.name);
        // The others wait until this one is done.
        if !is_done && std::mem::take(&mut is_next) {
            page += &format!("  {}\n", step.task.replace('\n', "\n  "));
        }
    }
    let last = learner
        .filter(|learner| learner.lesson == lesson)
        .and_then(|learner| learner.last.as_ref());
    if let Some(judged) = last {
        page.push('\n');
        for report in reports(texts, judged, lang) {
            for line in report.lines(&judged.seen, lang) {
                page += &format!("{line}\n");
            }
        }
    }
    page
}

/// Where some bytes are.
#[must_use]
pub fn at(place: Place, lang: Lang) -> String {
    let (start, last) = (
        place.span.start,
        place.span.end.saturating_sub(1).max(place.span.start),
    );
    let bytes = if start == last {
        start.to_string()
    } else {
        format!("{start}-{last}")
    };
    match (place.side, lang) {
        (Side::Request, Lang::En) => format!("request, byte {bytes}:"),
        (Side::Request, Lang::Zh) => format!("请求，第 {bytes} 字节："),
        (Side::Response, Lang::En) => format!("response, byte {bytes}:"),
        (Side::Response, Lang::Zh) => format!("响应，第 {bytes} 字节："),
    }
}
