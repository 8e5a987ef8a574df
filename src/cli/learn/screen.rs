//! What the learner sees: one step a screen, or plain lines. Text in, text out; no terminal is asked.
//!
//! Widths are a terminal's columns: a Chinese character has two. Whatever a peer sent came here escaped.

use std::net::SocketAddr;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::lessons::prose::{self, join, plain};
use crate::lessons::report::{Mark, Report, reports};
use crate::lessons::{Judged, Learner, Room, Step, Texts};
use crate::wire::Lang;

/// What a screen is made for.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Columns.
    pub width: usize,
    /// Rows; 0 where nobody counts them.
    pub height: usize,
    /// The language.
    pub lang: Lang,
    /// Where the site is, and the live page.
    pub places: String,
    /// The site's address, which the lessons do not know.
    pub site: SocketAddr,
}

impl Frame {
    /// A text of a lesson with the address at which this site really is.
    fn here(&self, text: &str) -> String {
        prose::here(text, self.site)
    }
}

/// One row of a screen, with its style.
pub type Row = (Style, String);

const PLAIN: Style = Style::new();
const FAINT: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const COMMAND: Style = AnsiColor::Cyan.on_default();

/// The keys, below every screen.
const KEYS: [&str; 2] = [
    "h hint  n next  p previous  l list  j jump  r reset  s show  q quit",
    "h 提示  n 下一课  p 上一课  l 列表  j 跳转  r 重来  s 看字节  q 退出",
];

/// A step and what was seen last.
#[must_use]
pub fn lesson(room: &Room, learner: &Learner, frame: &Frame, message: &str) -> Vec<Row> {
    let Some(texts) = room.course().lessons().get(learner.lesson) else {
        return Vec::new();
    };
    let head = head(texts, learner, frame);
    let mut step = Vec::new();
    match learner
        .step(texts)
        .and_then(|index| Some((index, texts.text(frame.lang).steps.get(index)?)))
    {
        Some((index, current)) => {
            step.extend(task(texts, current, index, frame));
            step.extend(help(
                current,
                learner.hints.get(&index).copied().unwrap_or_default(),
                frame,
            ));
        }
        None => step.extend(
            wrap(say(frame.lang, DONE), "", frame.width)
                .into_iter()
                .map(|line| (GOOD, line)),
        ),
    }
    let verdict = learner
        .last
        .as_ref()
        .map_or_else(|| silence(frame), |judged| verdict(texts, judged, frame));
    let keys = vec![
        (PLAIN, message.to_owned()),
        (FAINT, say(frame.lang, KEYS).to_owned()),
    ];
    let mut intro = intro(texts, frame);
    if frame.height > 0 {
        // The text gives way to what is to be done and to what was seen.
        let used = head.len() + step.len() + verdict.len() + keys.len() + 3;
        let room = frame.height.saturating_sub(used);
        if intro.len() > room {
            intro.truncate(room.saturating_sub(1));
            intro.push((FAINT, "...".to_owned()));
        }
    }
    let blank = || vec![(PLAIN, String::new())];
    [head, intro, blank(), step, blank(), verdict, keys].concat()
}

/// What stands where the verdicts will be, for who has typed nothing yet.
fn silence(frame: &Frame) -> Vec<Row> {
    wrap(say(frame.lang, SILENCE), "", frame.width)
        .into_iter()
        .map(|line| (FAINT, line))
        .collect()
}

const SILENCE: [&str; 2] = [
    "Type in a second terminal: what arrives here is judged at once.",
    "请在另一个终端里输入命令，这边一收到就会评判。",
];

const DONE: [&str; 2] = [
    "This lesson is done. n goes on to the next one.",
    "这一课完成了。按 n 进入下一课。",
];

fn head(texts: &Texts, learner: &Learner, frame: &Frame) -> Vec<Row> {
    let text = texts.text(frame.lang);
    let star = if text.is_core { " ★" } else { "" };
    let ticks: String = texts
        .lesson()
        .steps
        .iter()
        .map(|step| {
            if learner.has_done(&text.number, &step.name) {
                "✓"
            } else {
                "·"
            }
        })
        .collect();
    let title = format!("{} · {}{star}  {ticks}", text.number, text.title);
    vec![
        (HEADING, cut(&title, frame.width)),
        (FAINT, cut(&frame.places, frame.width)),
    ]
}

fn intro(texts: &Texts, frame: &Frame) -> Vec<Row> {
    let paragraphs = plain(&texts.text(frame.lang).intro);
    let mut rows = Vec::new();
    for paragraph in paragraphs.split("\n\n") {
        rows.push((PLAIN, String::new()));
        if paragraph.starts_with('|') || paragraph.starts_with("- ") {
            rows.extend(
                paragraph
                    .lines()
                    .map(|line| (PLAIN, cut(line, frame.width))),
            );
        } else {
            let text = join(paragraph);
            rows.extend(
                wrap(&text, "", frame.width)
                    .into_iter()
                    .map(|line| (PLAIN, line)),
            );
        }
    }
    rows
}

fn task(texts: &Texts, step: &Step, index: usize, frame: &Frame) -> Vec<Row> {
    let count = texts.lesson().steps.len();
    let title = match frame.lang {
        Lang::En => format!("Step {} of {count}: {}", index + 1, step.name),
        Lang::Zh => format!("第 {} 步，共 {count} 步：{}", index + 1, step.name),
    };
    let mut rows = vec![(HEADING, title)];
    rows.extend(
        wrap(&join(&frame.here(&step.task)), "  ", frame.width)
            .into_iter()
            .map(|line| (PLAIN, line)),
    );
    rows
}

/// The hints that were asked for; after the last of them both ways of doing it.
fn help(step: &Step, given: usize, frame: &Frame) -> Vec<Row> {
    let mut rows = Vec::new();
    for hint in step.hints.iter().take(given) {
        rows.extend(
            wrap(&frame.here(&format!("→ {hint}")), "  ", frame.width)
                .into_iter()
                .map(|line| (COMMAND, line)),
        );
    }
    if given > step.hints.len() {
        for (name, way) in ["curl", "nc"].iter().zip(step.ways()) {
            for (index, line) in frame.here(way).lines().enumerate() {
                let name = if index == 0 { name } else { "" };
                // A command is not cut into lines: it is there to be copied.
                rows.push((COMMAND, format!("  {name:<5} {line}")));
            }
        }
    }
    rows
}

fn verdict(texts: &Texts, judged: &Judged, frame: &Frame) -> Vec<Row> {
    let mut rows = Vec::new();
    for report in reports(texts, judged, frame.lang) {
        let lines = report.lines(&judged.seen, frame.lang);
        rows.extend(report_rows(&report, &lines, frame.width));
    }
    rows.push((PLAIN, String::new()));
    rows
}

fn report_rows(report: &Report, lines: &[String], width: usize) -> Vec<Row> {
    let style = match report.mark {
        Mark::Passed => GOOD,
        Mark::Near => BAD,
        Mark::NotYet | Mark::Aside => PLAIN,
    };
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            rows.extend(wrap(line, "", width).into_iter().map(|line| (style, line)));
        } else {
            rows.push((FAINT, cut(line, width)));
        }
    }
    rows
}

/// The lessons and how far each is done.
#[must_use]
pub fn list(room: &Room, learner: &Learner, frame: &Frame) -> Vec<Row> {
    let lessons = room.course().lessons();
    let row = |(index, texts): (usize, &Texts)| {
        let text = texts.text(frame.lang);
        let (done, all) = (learner.steps_done(texts), text.steps.len());
        let sign = if done == all { "✓" } else { " " };
        let here = if index == learner.lesson { ">" } else { " " };
        let star = if text.is_core { "★" } else { " " };
        let line = format!(
            "{here}{sign} {:>2} {star} {done}/{all}  {}",
            text.number, text.title
        );
        let style = if index == learner.lesson {
            HEADING
        } else {
            PLAIN
        };
        (style, line)
    };
    let rows: Vec<Row> = lessons.iter().enumerate().map(row).collect();
    // In two columns where one is too high.
    let half = rows.len().div_ceil(2);
    if frame.height == 0 || rows.len() + 2 <= frame.height || frame.width < 70 {
        return rows
            .into_iter()
            .map(|(style, line)| (style, cut(&line, frame.width)))
            .collect();
    }
    let column = frame.width / 2;
    let pair = |index: usize| {
        let text = |index: usize| rows.get(index).map_or("", |(_, line)| line.as_str());
        let left = cut(text(index), column.saturating_sub(2));
        let gap = column.saturating_sub(left.width());
        (
            PLAIN,
            format!(
                "{left}{}{}",
                " ".repeat(gap),
                cut(text(index + half), column)
            ),
        )
    };
    (0..half).map(pair).collect()
}

/// What is new after an exchange, as plain lines; the steps are those at hand before and after it. Another exchange may
/// have come since.
#[must_use]
pub fn news(
    texts: &Texts,
    judged: &Judged,
    [before, now]: [Option<usize>; 2],
    frame: &Frame,
) -> Vec<Row> {
    let mut rows = verdict(texts, judged, frame);
    if now != before {
        match now.and_then(|index| Some((index, texts.text(frame.lang).steps.get(index)?))) {
            Some((index, step)) => {
                rows.extend(task(texts, step, index, frame));
                rows.extend(help(step, usize::MAX, frame));
            }
            None => rows.push((GOOD, say(frame.lang, OVER).to_owned())),
        }
    }
    rows
}

const OVER: [&str; 2] = ["This lesson is done.", "这一课完成了。"];

/// A lesson's beginning, as plain lines: everything, since nobody can press a key for more.
#[must_use]
pub fn opening(room: &Room, learner: &Learner, frame: &Frame) -> Vec<Row> {
    let Some(texts) = room.course().lessons().get(learner.lesson) else {
        return Vec::new();
    };
    let mut rows = head(texts, learner, frame);
    rows.extend(intro(texts, frame));
    rows.push((PLAIN, String::new()));
    if let Some(index) = learner.step(texts)
        && let Some(step) = texts.text(frame.lang).steps.get(index)
    {
        rows.extend(task(texts, step, index, frame));
        rows.extend(help(step, usize::MAX, frame));
        if learner.last.is_none() {
            rows.extend(silence(frame));
        }
    }
    rows
}

pub(super) fn say(lang: Lang, [en, zh]: [&'static str; 2]) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// Cuts a text into lines, at blanks and beside wide characters; no line begins with a mark that closes.
fn wrap(text: &str, indent: &str, width: usize) -> Vec<String> {
    let width = width.max(indent.len() + 8);
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    let mut is_empty = true;
    for word in words(text) {
        let is_blank = word == " ";
        let fits = line.width() + word.trim_end().width() <= width;
        if !fits && !is_empty {
            lines.push(line.trim_end().to_owned());
            line = indent.to_owned();
            is_empty = true;
        }
        if !(is_blank && is_empty) {
            line.push_str(word);
            is_empty = false;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Marks that stay with the character before them.
const CLOSING: &str = "，。；：？！、）》」』”’";

/// Words, blanks, and wide characters one by one, each with the marks behind it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let is_alone = |letter: char| letter == ' ' || letter.width() == Some(2);
        let begins = is_alone(letter) || before.is_some_and(is_alone);
        if begins && !CLOSING.contains(letter) && at > start {
            words.extend(text.get(start..at));
            start = at;
        }
    }
    words.extend(text.get(start..).filter(|word| !word.is_empty()));
    words
}

/// At most so many columns of a line.
fn cut(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut short = String::new();
    for letter in line.chars() {
        if short.width() + letter.width().unwrap_or(0) + 1 > width {
            break;
        }
        short.push(letter);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::lessons::{Classroom, Course};

    #[test]
    fn text_is_cut_at_blanks_and_between_wide_characters() {
        assert_eq!(wrap("one two three", "", 8), ["one two", "three"]);
        assert_eq!(
            wrap("请求就是一行文字。", "", 8),
            ["请求就是", "一行文", "字。"]
        );
        assert_eq!(wrap("a b", "  ", 40), ["  a b"]);
        for line in wrap(
            "服务器在看到空行之前什么也不回答，这不是挂起，而是等待 CR LF CR LF。",
            "  ",
            24,
        ) {
            assert!(line.width() <= 24, "{line}");
        }
        assert_eq!(cut("请求行 GET", 7), "请求行…");
        assert_eq!(cut("short", 5), "short");
    }

    #[test]
    fn every_lesson_fits_its_screen_in_both_languages() {
        let course = Arc::new(Course::built_in().unwrap());
        let classroom = Classroom::of_one(Arc::clone(&course), SystemTime::UNIX_EPOCH);
        for lang in [Lang::En, Lang::Zh] {
            for lesson in 0..course.lessons().len() {
                let mut room = classroom.room();
                room.open("", lesson);
                let frame = Frame {
                    width: 80,
                    height: 24,
                    lang,
                    places: "http://127.0.0.1:8000/".to_owned(),
                    site: SocketAddr::from(([127, 0, 0, 1], 8000)),
                };
                let rows = super::lesson(&room, room.learner("").unwrap(), &frame, "");
                let number = &course.lessons()[lesson].lesson().number;
                assert!(rows.len() <= 24, "{number} {lang:?}: {} rows", rows.len());
                for (_, line) in rows {
                    assert!(line.width() <= 80, "{number} {lang:?}: {line}");
                }
            }
        }
    }
}
