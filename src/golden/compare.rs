//! Two answers, byte for byte but for what is volatile: the first difference, its part, and why.
//!
//! Volatile places are cut out of both; what stands between them has to be equal. A difference is told by
//! its part, its offset and both bytes, with the lines around it. Nothing is ever taken as "near enough".

use std::fmt::Write as _;

use super::{End, Labelled, Place};
use crate::wire::{Escaped, Lang, Part, Span};

/// The first place where an answer is not what was expected.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mismatch {
    /// Which exchange of the case, from 1 on.
    pub exchange: usize,
    /// What was expected.
    pub expected: Labelled,
    /// What came.
    pub seen: Labelled,
    /// Where they part, in what was expected.
    pub expected_at: usize,
    /// The same place in what came; another offset only behind volatile parts.
    pub seen_at: usize,
    /// Why, from a closed list.
    pub cause: Cause,
    masks: (Vec<Span>, Vec<Span>),
}

/// Why an answer is not what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The case has no response yet.
    NoResponseFile,
    /// Not one byte came.
    NoAnswer(End),
    /// The bytes are right, but the server did not close in time.
    StaysOpen,
    /// The connection was broken off after the last byte.
    BrokenOff,
    /// It was closed, where the case wants a reset.
    NotBrokenOff,
    /// So many bytes are missing at the end.
    EndsEarly(usize),
    /// So many bytes follow the expected end.
    GoesOn(usize),
    /// One line ends with CR LF, the other with LF alone.
    LineEnd,
    /// A field that was expected is not there.
    FieldMissing(String),
    /// A field is there that was not expected.
    FieldExtra(String),
    /// Both have both fields, in another order.
    FieldOrder(String, String),
    /// One field's line differs.
    Field(String),
    /// The body differs at this byte of it, counted from 0.
    Body(usize),
    /// Anything else: this part differs.
    Part(Part),
}

/// The first difference between what was expected and what came; `None` when there is none.
///
/// ```
/// use blankline::golden::{Cause, Labelled, Place, compare};
/// let answer = |text: &[u8]| Labelled::responses(text, &Labelled::default());
/// let expected = answer(b"HTTP/1.0 200 OK\r\nDate: then\r\nAge: 1\r\n\r\n");
/// let seen = answer(b"HTTP/1.0 200 OK\r\nDate: a later one\r\nAge: 2\r\n\r\n");
/// let volatile = [Place::parse("Date").unwrap()];
/// let mismatch = compare(&expected, &seen, &volatile).unwrap();
/// assert_eq!(mismatch.cause, Cause::Field("Age".to_owned()));
/// assert_eq!((mismatch.expected_at, mismatch.seen_at), (34, 41));
/// ```
#[must_use]
pub fn compare(expected: &Labelled, seen: &Labelled, volatile: &[Place]) -> Option<Mismatch> {
    let masks = (masks(expected, volatile), masks(seen, volatile));
    let (expected_at, seen_at) =
        first_difference(&expected.bytes, &masks.0, &seen.bytes, &masks.1)?;
    let mut mismatch = Mismatch {
        exchange: 1,
        expected: expected.clone(),
        seen: seen.clone(),
        expected_at,
        seen_at,
        cause: Cause::NoResponseFile,
        masks,
    };
    mismatch.cause = mismatch.find_cause();
    Some(mismatch)
}

impl Mismatch {
    /// A mismatch that no byte shows: a file that is missing, or an end that is wrong.
    #[must_use]
    pub fn without_place(cause: Cause, expected: &Labelled, seen: &Labelled) -> Self {
        Self {
            exchange: 1,
            expected_at: expected.bytes.len(),
            seen_at: seen.bytes.len(),
            expected: expected.clone(),
            seen: seen.clone(),
            cause,
            masks: Default::default(),
        }
    }

    /// The part that was expected at the place, or, behind its end, the part that came.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        let label = self
            .expected
            .label_at(self.expected_at)
            .or_else(|| self.seen.label_at(self.seen_at));
        label.map(|label| label.part)
    }

    /// The field on whose line the place is, in what was expected or else in what came.
    #[must_use]
    pub fn field(&self) -> Option<String> {
        self.expected_field().or_else(|| self.seen_field())
    }

    /// The byte that was expected; `None` at the end.
    #[must_use]
    pub fn expected_byte(&self) -> Option<u8> {
        self.expected.bytes.get(self.expected_at).copied()
    }

    /// The byte that came; `None` at the end.
    #[must_use]
    pub fn seen_byte(&self) -> Option<u8> {
        self.seen.bytes.get(self.seen_at).copied()
    }

    /// The reason in one sentence.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        let line = |labelled: &Labelled, at| {
            Escaped(trimmed(labelled.line_at(at).of(&labelled.bytes))).to_string()
        };
        let expected = line(&self.expected, self.expected_at);
        let seen = line(&self.seen, self.seen_at);
        match (&self.cause, lang) {
            (Cause::NoResponseFile, Lang::En) => "There is no response.http to compare with; bless writes it, for you to read.".to_owned(),
            (Cause::NoResponseFile, Lang::Zh) => "没有可供比较的 response.http；bless 会写出它，写完请你过目。".to_owned(),
            (Cause::NoAnswer(End::TimedOut), Lang::En) => "Not one byte came within the time limit.".to_owned(),
            (Cause::NoAnswer(End::TimedOut), Lang::Zh) => "时限之内一个字节也没有收到。".to_owned(),
            (Cause::NoAnswer(_), Lang::En) => "The server closed without a byte of answer.".to_owned(),
            (Cause::NoAnswer(_), Lang::Zh) => "服务器一个字节也没回答就关闭了连接。".to_owned(),
            (Cause::StaysOpen, Lang::En) => "The bytes are right, but the server did not close within the time limit.".to_owned(),
            (Cause::StaysOpen, Lang::Zh) => "字节都对，但服务器没有在时限之内关闭连接。".to_owned(),
            (Cause::BrokenOff, Lang::En) => "The bytes are right, but the connection was reset instead of closed.".to_owned(),
            (Cause::BrokenOff, Lang::Zh) => "字节都对，但连接是被重置的，而不是正常关闭。".to_owned(),
            (Cause::NotBrokenOff, Lang::En) => "The bytes are right, but the connection was closed instead of reset.".to_owned(),
            (Cause::NotBrokenOff, Lang::Zh) => "字节都对，但连接是正常关闭的，而不是被重置。".to_owned(),
            (Cause::EndsEarly(count), Lang::En) => format!("The answer ends here; {count} more bytes were expected."),
            (Cause::EndsEarly(count), Lang::Zh) => format!("回答到这里就结束了，本应还有 {count} 字节。"),
            (Cause::GoesOn(count), Lang::En) => format!("The answer should end here, but {count} more bytes came."),
            (Cause::GoesOn(count), Lang::Zh) => format!("回答本应到此结束，却又来了 {count} 字节。"),
            (Cause::LineEnd, Lang::En) => "The text of the line is the same, but it ends in another way: CR LF on one side, LF alone on the other.".to_owned(),
            (Cause::LineEnd, Lang::Zh) => "这一行的文字相同，行尾却不同：一边是 CR LF，另一边只有 LF。".to_owned(),
            (Cause::FieldMissing(name), Lang::En) => format!("The field {name} is missing."),
            (Cause::FieldMissing(name), Lang::Zh) => format!("缺少字段 {name}。"),
            (Cause::FieldExtra(name), Lang::En) => format!("The field {name} was not expected."),
            (Cause::FieldExtra(name), Lang::Zh) => format!("多出了字段 {name}。"),
            (Cause::FieldOrder(wanted, came), Lang::En) => format!("The fields come in another order: {came} stands where {wanted} was expected."),
            (Cause::FieldOrder(wanted, came), Lang::Zh) => format!("字段的顺序不同：本应是 {wanted} 的地方是 {came}。"),
            (Cause::Field(_), Lang::En) => format!("Expected `{expected}`, but `{seen}` came."),
            (Cause::Field(_), Lang::Zh) => format!("应为 `{expected}`，收到的却是 `{seen}`。"),
            (Cause::Body(at), Lang::En) => format!("The body differs at its byte {at}, counted from 0."),
            (Cause::Body(at), Lang::Zh) => format!("主体在第 {at} 字节处不同（从 0 数起）。"),
            (Cause::Part(part), Lang::En) => format!("The {} differs: expected `{expected}`, but `{seen}` came.", part.name()),
            (Cause::Part(part), Lang::Zh) => format!("{} 不同：应为 `{expected}`，收到的却是 `{seen}`。", part.name()),
        }
    }

    /// Where it is and both bytes: `field-value of Date at byte 23: expected 2 (0x32), seen \r (0x0d)`.
    #[must_use]
    pub fn place(&self) -> String {
        if self.expected_byte().is_none() && self.seen_byte().is_none() {
            return format!("the end, after {} bytes", self.seen_at);
        }
        let part = self.part().map_or("end", Part::name);
        let of = self
            .field()
            .map(|name| format!(" of {name}"))
            .unwrap_or_default();
        let seen_at = if self.seen_at == self.expected_at {
            String::new()
        } else {
            format!(" (byte {} of what came)", self.seen_at)
        };
        let (expected, seen) = (byte(self.expected_byte()), byte(self.seen_byte()));
        format!(
            "{part}{of} at byte {}{seen_at}: expected {expected}, seen {seen}",
            self.expected_at
        )
    }

    /// The lines around it, with their line ends spelled out: `-` was expected, `+` came, and what both have
    /// starts with a blank. Each has its offset and its part; volatile bytes are drawn as `<...>`.
    #[must_use]
    pub fn diff(&self) -> String {
        let expected = lines(&self.expected, &self.masks.0, self.expected_at);
        let seen = lines(&self.seen, &self.masks.1, self.seen_at);
        let same = |a: &&Line, b: &&Line| a.content == b.content;
        let front = expected
            .iter()
            .zip(&seen)
            .take_while(|(a, b)| same(a, b))
            .count();
        let room = expected.len().min(seen.len()) - front;
        let back = expected
            .iter()
            .rev()
            .zip(seen.iter().rev())
            .take(room)
            .take_while(|(a, b)| same(a, b))
            .count();
        let rows = |lines: &[Line], sign: char| -> Vec<(char, Line)> {
            let changed = lines.get(front..lines.len() - back).unwrap_or_default();
            let cut = changed.len().saturating_sub(MOST_LINES);
            let mut rows: Vec<_> = changed
                .iter()
                .take(MOST_LINES)
                .map(|line| (sign, line.clone()))
                .collect();
            if cut > 0 {
                rows.push((
                    sign,
                    Line {
                        text: format!("... {cut} more lines"),
                        ..Line::default()
                    },
                ));
            }
            rows
        };
        let context = |lines: &[Line]| -> Vec<(char, Line)> {
            lines.iter().map(|line| (' ', line.clone())).collect()
        };
        let mut all = context(
            expected
                .get(front.saturating_sub(CONTEXT)..front)
                .unwrap_or_default(),
        );
        all.extend(rows(&expected, '-'));
        all.extend(rows(&seen, '+'));
        let after = expected.len() - back;
        all.extend(context(
            expected
                .get(after..(after + CONTEXT).min(expected.len()))
                .unwrap_or_default(),
        ));

        let widest = all
            .iter()
            .map(|(_, line)| line.text.len())
            .max()
            .unwrap_or(0);
        let digits = self
            .expected
            .bytes
            .len()
            .max(self.seen.bytes.len())
            .to_string()
            .len();
        let mut out = String::new();
        for (sign, line) in all {
            let row = format!(
                "{sign} {:>digits$}  {:<widest$}  {}",
                line.start, line.text, line.part
            );
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", row.trim_end());
        }
        out
    }

    fn expected_field(&self) -> Option<String> {
        name_at(&self.expected, self.expected_at)
    }

    fn seen_field(&self) -> Option<String> {
        name_at(&self.seen, self.seen_at)
    }

    fn find_cause(&self) -> Cause {
        let (expected, seen) = (&self.expected, &self.seen);
        if self.seen_byte().is_none() {
            return Cause::EndsEarly(expected.bytes.len() - self.expected_at);
        }
        let Some(label) = expected.label_at(self.expected_at) else {
            return Cause::GoesOn(seen.bytes.len() - self.seen_at);
        };
        let end = |labelled: &Labelled, at| {
            matches!(
                labelled.label_at(at).map(|label| label.part),
                Some(Part::LineEnd(_) | Part::BlankLine(_))
            )
        };
        if end(expected, self.expected_at) && end(seen, self.seen_at) {
            let text = |labelled: &Labelled, at| {
                trimmed(labelled.line_at(at).of(&labelled.bytes)).to_vec()
            };
            if text(expected, self.expected_at) == text(seen, self.seen_at) {
                return Cause::LineEnd;
            }
        }
        match (self.expected_field(), self.seen_field()) {
            (Some(wanted), Some(came)) if wanted.eq_ignore_ascii_case(&came) => {
                Cause::Field(wanted)
            }
            (Some(wanted), _) if !seen.has_field(wanted.as_bytes()) => Cause::FieldMissing(wanted),
            (_, Some(came)) if !expected.has_field(came.as_bytes()) => Cause::FieldExtra(came),
            (Some(wanted), Some(came)) => Cause::FieldOrder(wanted, came),
            // A field that is repeated may be there once and missing once.
            (Some(wanted), None) => Cause::FieldMissing(wanted),
            (None, Some(came)) => Cause::FieldExtra(came),
            (None, None) if label.part == Part::Body => {
                Cause::Body(self.expected_at - label.span.start)
            }
            (None, None) => Cause::Part(label.part),
        }
    }
}

/// A line of the diff.
#[derive(Clone, Debug, Default)]
struct Line {
    start: String,
    /// What is compared: its bytes, and `None` for each volatile part.
    content: Vec<Option<u8>>,
    text: String,
    part: String,
}

fn lines(labelled: &Labelled, masks: &[Span], at: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < labelled.bytes.len() {
        let line = labelled.line_at(start);
        let content = content(labelled, line, masks);
        let place = content_before(labelled, line, masks, at);
        let part = match labelled.label_at(line.start).map(|label| label.part) {
            Some(Part::FieldName) => name_at(labelled, line.start).unwrap_or_default(),
            Some(Part::HttpVersion) => "status-line".to_owned(),
            Some(part) => part.name().to_owned(),
            None => String::new(),
        };
        lines.push(Line {
            start: line.start.to_string(),
            text: shown(&content, place),
            content,
            part,
        });
        start = line.end;
    }
    lines
}

fn content(labelled: &Labelled, line: Span, masks: &[Span]) -> Vec<Option<u8>> {
    let mut content = Vec::new();
    let mut from = line.start;
    let octets = |start, end| {
        Span::new(start, end)
            .of(&labelled.bytes)
            .iter()
            .copied()
            .map(Some)
    };
    for mask in masks {
        // One that began on a line before goes on here.
        if mask.end < line.start || line.end <= mask.start {
            continue;
        }
        content.extend(octets(from, mask.start.max(from)));
        content.push(None);
        from = mask.end.clamp(line.start, line.end);
    }
    content.extend(octets(from, line.end));
    content
}

/// How much of a line's content stands before this offset; `None` when it is on another line.
fn content_before(labelled: &Labelled, line: Span, masks: &[Span], at: usize) -> Option<usize> {
    let is_here = line.start <= at && at < line.end;
    is_here.then(|| content(labelled, Span::new(line.start, at), masks).len())
}

/// A line as text, at most about a terminal's width of it, the place of the difference in any case.
fn shown(content: &[Option<u8>], at: Option<usize>) -> String {
    let start = match at {
        Some(at) if at + MARGIN > MOST_BYTES => at.saturating_sub(MOST_BYTES / 2),
        _ => 0,
    };
    let end = (start + MOST_BYTES).min(content.len());
    let mut text = String::from(if start > 0 { "... " } else { "" });
    for piece in content.get(start..end).unwrap_or_default() {
        match piece {
            Some(octet) => text.push_str(&Escaped(&[*octet]).to_string()),
            None => text.push_str("<...>"),
        }
    }
    if end < content.len() {
        text.push_str(" ...");
    }
    text
}

/// The volatile spans of a message, in order and without overlaps.
fn masks(message: &Labelled, volatile: &[Place]) -> Vec<Span> {
    let mut spans: Vec<Span> = volatile
        .iter()
        .flat_map(|place| place.spans(message))
        .collect();
    spans.sort();
    let mut masks: Vec<Span> = Vec::new();
    for span in spans {
        match masks.last_mut() {
            Some(last) if span.start < last.end || span.start == last.start => {
                last.end = last.end.max(span.end)
            }
            _ => masks.push(span),
        }
    }
    masks
}

fn first_difference(
    expected: &[u8],
    wanted: &[Span],
    seen: &[u8],
    came: &[Span],
) -> Option<(usize, usize)> {
    let (mut wanted, mut came) = (wanted.iter(), came.iter());
    let (mut expected_at, mut seen_at) = (0, 0);
    loop {
        let (wanted_mask, came_mask) = (wanted.next(), came.next());
        let wanted_end = wanted_mask.map_or(expected.len(), |mask| mask.start);
        let came_end = came_mask.map_or(seen.len(), |mask| mask.start);
        let a = Span::new(expected_at, wanted_end).of(expected);
        let b = Span::new(seen_at, came_end).of(seen);
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        if same < a.len() || same < b.len() {
            return Some((expected_at + same, seen_at + same));
        }
        match (wanted_mask, came_mask) {
            (None, None) => return None,
            (Some(wanted), Some(came)) => (expected_at, seen_at) = (wanted.end, came.end),
            _ => return Some((wanted_end, came_end)),
        }
    }
}

fn name_at(labelled: &Labelled, at: usize) -> Option<String> {
    labelled.field_at(at).map(|name| Escaped(name).to_string())
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn byte(octet: Option<u8>) -> String {
    match octet {
        None => "the end".to_owned(),
        Some(octet @ b'!'..=b'~') => format!("{} (0x{octet:02x})", char::from(octet)),
        Some(b' ') => "SP (0x20)".to_owned(),
        Some(octet) => format!("{} (0x{octet:02x})", Escaped(&[octet])),
    }
}

/// Lines that both sides have, shown before and after the difference.
const CONTEXT: usize = 2;

/// Lines of one side that are shown.
const MOST_LINES: usize = 12;

/// Bytes of a line that are shown.
const MOST_BYTES: usize = 100;

/// Bytes of a line that should be seen behind the difference.
const MARGIN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Labelled {
        Labelled::responses(text.as_bytes(), &Labelled::default())
    }

    fn cause(expected: &str, seen: &str) -> Option<Cause> {
        compare(&answer(expected), &answer(seen), &[]).map(|mismatch| mismatch.cause)
    }

    const OK: &str = "HTTP/1.0 200 OK\r\nA: 1\r\nB: 2\r\n\r\nbody";

    #[test]
    fn every_cause_has_its_case() {
        let is = |seen: &str, expected: Cause| {
            assert_eq!(cause(OK, seen), Some(expected), "{seen:?}");
        };
        assert_eq!(cause(OK, OK), None);
        is("", Cause::EndsEarly(OK.len()));
        is(&OK[..20], Cause::EndsEarly(OK.len() - 20));
        is(&format!("{OK}!"), Cause::GoesOn(1));
        is(&OK.replacen("\r\n", "\n", 1), Cause::LineEnd);
        is(
            &OK.replace("A: 1\r\n", ""),
            Cause::FieldMissing("A".to_owned()),
        );
        is(
            &OK.replace("A: 1\r\n", "A: 1\r\nX: 2\r\n"),
            Cause::FieldExtra("X".to_owned()),
        );
        is(
            "HTTP/1.0 200 OK\r\nB: 2\r\nA: 1\r\n\r\nbody",
            Cause::FieldOrder("A".to_owned(), "B".to_owned()),
        );
        is(&OK.replace("B: 2", "B: 3"), Cause::Field("B".to_owned()));
        is(&OK.replace("body", "boxy"), Cause::Body(2));
        is(&OK.replace("200", "201"), Cause::Part(Part::StatusCode));
    }

    #[test]
    fn it_says_where_and_shows_both() {
        let mismatch = compare(&answer(OK), &answer(&OK.replace("B: 2", "B: 3")), &[]).unwrap();
        assert_eq!(
            mismatch.place(),
            "field-value of B at byte 26: expected 2 (0x32), seen 3 (0x33)"
        );
        assert_eq!(
            mismatch.sentence(Lang::En),
            "Expected `B: 2`, but `B: 3` came."
        );
        assert!(mismatch.sentence(Lang::Zh).contains("应为 `B: 2`"));
        let diff = [
            r"   0  HTTP/1.0 200 OK\r\n  status-line",
            r"  17  A: 1\r\n             A",
            r"- 23  B: 2\r\n             B",
            r"+ 23  B: 3\r\n             B",
            r"  29  \r\n                 blank-line",
            r"  31  body                 body",
        ];
        let diff = format!("{}\n", diff.join("\n"));
        assert_eq!(mismatch.diff(), diff);
    }

    #[test]
    fn volatile_parts_may_have_any_bytes_of_any_length() {
        let volatile = [Place::parse("A").unwrap(), Place::parse("body").unwrap()];
        let seen = OK
            .replace("A: 1", "A: another")
            .replace("body", "more than it was");
        assert!(compare(&answer(OK), &answer(&seen), &volatile).is_none());
        // What is not there is not volatile.
        let missing =
            compare(&answer(OK), &answer(&OK.replace("A: 1\r\n", "")), &volatile).unwrap();
        assert_eq!(missing.cause, Cause::FieldMissing("A".to_owned()));
        let other = compare(
            &answer(OK),
            &answer(&seen.replace("B: 2", "B: 3")),
            &volatile,
        )
        .unwrap();
        assert!(
            other.place().contains("(byte 32 of what came)"),
            "{}",
            other.place()
        );
        assert!(other.diff().contains("A: <...>\\r\\n"), "{}", other.diff());
    }

    #[test]
    fn any_two_answers_have_a_report() {
        let volatile = [
            Place::parse("A").unwrap(),
            Place::parse("body").unwrap(),
            Place::parse("reason-phrase").unwrap(),
        ];
        let mut answers: Vec<String> = (0..=OK.len())
            .step_by(3)
            .map(|end| OK[..end].to_owned())
            .collect();
        answers.extend((0..OK.len()).step_by(2).map(|at| {
            let mut answer = OK.to_owned();
            answer.insert(at, '\n');
            answer
        }));
        for expected in &answers {
            for seen in &answers {
                for volatile in [&[][..], &volatile] {
                    let mismatch = compare(&answer(expected), &answer(seen), volatile);
                    if volatile.is_empty() {
                        assert_eq!(
                            mismatch.is_none(),
                            expected == seen,
                            "{expected:?} {seen:?}"
                        );
                    }
                    if let Some(mismatch) = mismatch {
                        assert!(!mismatch.diff().is_empty(), "{expected:?} {seen:?}");
                        assert!(!mismatch.place().is_empty());
                        assert!(!mismatch.sentence(Lang::Zh).is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_shown_where_it_differs() {
        let body = format!(
            "HTTP/1.0 200 OK\r\n\r\n{}x{}",
            "a".repeat(5_000),
            "b".repeat(500)
        );
        let mismatch = compare(&answer(&body), &answer(&body.replace('x', "y")), &[]).unwrap();
        let diff = mismatch.diff();
        assert!(
            diff.contains("ax") && diff.contains("ay") && diff.len() < 600,
            "{diff}"
        );
    }
}
