//! A lesson: one file of the notes, `NN-slug.md`, with `step` fences in it.
//!
//! ```text
//! # 02 · The blank line ★
//!
//! What it is about, in a paragraph or two.
//!
//! ## ...
//! ```
//!
//! The number is the file's, and the title's; a star behind the title puts the lesson into the core course. The
//! paragraphs before the first second-level heading are what the console shows above each step.

use super::step::{Complaint, Step, is_name};
use crate::wire::Lang;

/// A lesson in one language.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// `00` to `44`, or `t1`; what stands in its paths too.
    pub number: String,
    /// The rest of its file's name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Whether it belongs to the core course.
    pub is_core: bool,
    /// Its first paragraphs, as Markdown.
    pub intro: String,
    /// Its whole text, as Markdown.
    pub text: String,
    /// What there is to do, in order.
    pub steps: Vec<Step>,
}

/// A fenced block of Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence<'a> {
    /// Where it begins, from 1 on.
    pub line: usize,
    /// What stands behind its backticks.
    pub info: &'a str,
    /// Its lines.
    pub text: String,
}

impl Lesson {
    /// Reads a lesson from its file's name and text.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Complaint> {
        let complaint = |line: usize, sentence: &str| Complaint {
            line,
            sentence: sentence.to_owned(),
        };
        let (number, slug) = file_name(file).ok_or_else(|| {
            complaint(
                1,
                "a lesson's file is called NN-slug.md, with a number or t1, t2, ...",
            )
        })?;
        let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let title = title.and_then(|title| title.split_once('·'));
        let Some((_, title)) = title.filter(|(own, _)| own.trim().eq_ignore_ascii_case(number))
        else {
            return Err(complaint(
                1,
                "a lesson begins with `# NUMBER · TITLE`, the number as in its file's name",
            ));
        };
        let (title, is_core) = title
            .trim()
            .strip_suffix('★')
            .map_or((title.trim(), false), |title| (title.trim(), true));
        let mut steps: Vec<Step> = Vec::new();
        for fence in fences(text)? {
            let Some(name) = fence.info.strip_prefix("step") else {
                continue;
            };
            let step = Step::parse(name.trim(), fence.line, &fence.text)?;
            if steps.iter().any(|earlier| earlier.name == step.name) {
                return Err(complaint(fence.line, "two steps have this name"));
            }
            steps.push(step);
        }
        let lesson = Self {
            number: number.to_owned(),
            slug: slug.to_owned(),
            title: title.to_owned(),
            is_core,
            intro: intro(text),
            text: text.to_owned(),
            steps,
        };
        lesson.refers_to_itself()?;
        Ok(lesson)
    }

    /// Whether each step that a check speaks of is there.
    fn refers_to_itself(&self) -> Result<(), Complaint> {
        for step in &self.steps {
            let near = step.near.iter().flat_map(|near| &near.signs);
            let mut named = step
                .signs
                .iter()
                .chain(near)
                .flat_map(|check| check.steps());
            let stray = named.find(|name| {
                *name == step.name || self.steps.iter().all(|step| step.name != *name)
            });
            if let Some(stray) = stray {
                let sentence = format!(
                    "step {}: `after {stray}` names no other step of this lesson",
                    step.name
                );
                return Err(Complaint {
                    line: step.line,
                    sentence,
                });
            }
        }
        Ok(())
    }

    /// The place of a step in the list.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.name == name)
    }
}

/// A lesson in the languages that it is written in: at least one.
#[derive(Clone, Debug)]
pub struct Texts {
    en: Option<Lesson>,
    zh: Option<Lesson>,
}

impl Texts {
    /// In this language, or in the other.
    ///
    /// # Errors
    ///
    /// None of both is there, or their steps or checks differ: the place in the Chinese text.
    pub fn new(en: Option<Lesson>, zh: Option<Lesson>) -> Result<Self, Complaint> {
        if let (Some(en), Some(zh)) = (&en, &zh) {
            same(en, zh)?;
        }
        if en.is_none() && zh.is_none() {
            let sentence = "a lesson is written in one language at least".to_owned();
            return Err(Complaint { line: 1, sentence });
        }
        Ok(Self { en, zh })
    }

    /// In this language, or in the other one if it is not written in it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "`new` lets no empty pair through")]
    pub fn text(&self, lang: Lang) -> &Lesson {
        let (first, second) = match lang {
            Lang::En => (&self.en, &self.zh),
            Lang::Zh => (&self.zh, &self.en),
        };
        first
            .as_ref()
            .or(second.as_ref())
            .expect("a lesson has a text")
    }

    /// Whether it is written in this language.
    #[must_use]
    pub const fn is_in(&self, lang: Lang) -> bool {
        match lang {
            Lang::En => self.en.is_some(),
            Lang::Zh => self.zh.is_some(),
        }
    }

    /// What judges, in whatever language: steps and checks are the same in both.
    #[must_use]
    pub fn lesson(&self) -> &Lesson {
        self.text(Lang::En)
    }
}

/// Whether two texts ask the same of the learner.
fn same(en: &Lesson, zh: &Lesson) -> Result<(), Complaint> {
    let differ = |line: usize, what: &str| {
        let sentence = format!("the English text has other {what}");
        Err(Complaint { line, sentence })
    };
    let names = |lesson: &Lesson| -> Vec<String> {
        lesson.steps.iter().map(|step| step.name.clone()).collect()
    };
    if names(en) != names(zh) || en.is_core != zh.is_core {
        return differ(1, "steps, or another star");
    }
    for (en, zh) in en.steps.iter().zip(&zh.steps) {
        if en.signs != zh.signs {
            return differ(zh.line, "checks here");
        }
        let near = |step: &Step| -> Vec<_> {
            let near = step.near.iter();
            near.map(|near| (near.name.clone(), near.signs.clone()))
                .collect()
        };
        if near(en) != near(zh) || en.hints.len() != zh.hints.len() {
            return differ(zh.line, "near-misses or hints here");
        }
    }
    Ok(())
}

/// A file's number and slug.
#[must_use]
pub fn file_name(file: &str) -> Option<(&str, &str)> {
    let (number, slug) = file.strip_suffix(".md")?.split_once('-')?;
    let digits = number.strip_prefix('t').unwrap_or(number);
    let is_number = !digits.is_empty()
        && digits.len() <= 3
        && digits.bytes().all(|octet| octet.is_ascii_digit());
    (is_number && is_name(slug)).then_some((number, slug))
}

/// The fenced blocks of a Markdown text.
///
/// # Errors
///
/// A block that never ends.
pub fn fences(text: &str) -> Result<Vec<Fence<'_>>, Complaint> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Fence {
                    line: index + 1,
                    info: info.trim(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some(fence)) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {}
        }
    }
    match open {
        None => Ok(fences),
        Some(fence) => Err(Complaint {
            line: fence.line,
            sentence: "a block that never ends".to_owned(),
        }),
    }
}

/// The paragraphs before the first second-level heading, without blocks.
fn intro(text: &str) -> String {
    let lines = text
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("## ") && *line != "---");
    let mut is_fenced = false;
    let mut intro = String::new();
    for line in lines {
        let is_fence = line.starts_with("```");
        if !is_fence && !is_fenced {
            intro.push_str(line);
            intro.push('\n');
        }
        is_fenced ^= is_fence;
    }
    intro.trim().to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::lessons) const TEXT: &str = "\
# 00 · First bytes ★

A request is text.
Nothing else is sent.

## Do

```step hello
do: Send it.
curl: curl -s http://127.0.0.1:8000/raw
nc: printf 'GET /raw HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000
see: path /raw
see: version 1.0
hint: one
near elsewhere
  see: path /row
  say: There is no row.
  try: curl -s http://127.0.0.1:8000/row
  rule: RFC 1945 5.1.2
pass: Good.
rule: RFC 1945 5
```

```step again
do: Once more.
curl: curl -s http://127.0.0.1:8000/raw
nc: # not with nc
see: path /raw
see: after hello
hint: one
pass: Good.
rule: RFC 1945 5
```
";

    #[test]
    fn a_lesson_is_its_title_its_intro_and_its_steps() {
        let lesson = Lesson::parse("00-first-bytes.md", TEXT).unwrap();
        assert_eq!(
            (lesson.number.as_str(), lesson.slug.as_str()),
            ("00", "first-bytes")
        );
        assert_eq!(
            (lesson.title.as_str(), lesson.is_core),
            ("First bytes", true)
        );
        assert_eq!(lesson.intro, "A request is text.\nNothing else is sent.");
        assert_eq!(lesson.step("again"), Some(1));
    }

    #[test]
    fn what_is_wrong_with_a_lesson_has_its_line() {
        for (from, to, line) in [
            ("# 00", "# 01", 1),
            ("step again", "step hello", 24),
            ("after hello", "after again", 24),
            ("after hello", "after nobody", 24),
            ("see: version 1.0", "see: version 3", 13),
            ("Once more.\ncurl", "Once more.\nkurl", 26),
        ] {
            let complaint =
                Lesson::parse("00-first-bytes.md", &TEXT.replace(from, to)).unwrap_err();
            assert_eq!(complaint.line, line, "{to}: {complaint:?}");
        }
        assert!(Lesson::parse("first-bytes.md", TEXT).is_err());
        assert!(Lesson::parse("00-first-bytes.md", TEXT.trim_end().trim_end_matches('`')).is_err());
    }

    #[test]
    fn both_languages_ask_the_same() {
        let lesson = |text: &str| Some(Lesson::parse("00-first-bytes.md", text).unwrap());
        let other = TEXT.replace("Good.", "很好。");
        let texts = Texts::new(lesson(TEXT), lesson(&other)).unwrap();
        assert_eq!(texts.text(Lang::Zh).steps[0].pass, "很好。");
        for (from, to) in [
            ("version 1.0", "version 1.1"),
            ("near elsewhere", "near away"),
            (" ★", ""),
        ] {
            assert!(Texts::new(lesson(TEXT), lesson(&other.replace(from, to))).is_err());
        }
        assert!(Texts::new(None, None).is_err());
        let alone = Texts::new(None, lesson(&other)).unwrap();
        assert_eq!(alone.text(Lang::En).steps[0].pass, "很好。");
    }
}
