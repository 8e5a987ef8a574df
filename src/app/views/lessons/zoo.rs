//! Lesson T3 and `/l/14/short`, `/l/14/long`: answers that break a rule each, on purpose.
//!
//! They are scripts of exact bytes. At `/l/zoo/NAME` each has its name; at `/l/t3/1` to `/l/t3/8` the same answers are
//! there to be guessed.

use std::time::Duration;

use super::text::Text;
use crate::app::{Reply, Visit};
use crate::engine::{Body, Script, ScriptEnd};
use crate::wire::{FaultKind, Status};

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Short,
    Lf,
    NoBlankLine,
    Duplicate,
    Reset,
    Nine,
    Drip,
    Long,
}

impl Broken {
    /// In the order of lesson T3.
    const ALL: [Self; 8] = [
        Self::Short,
        Self::Lf,
        Self::NoBlankLine,
        Self::Duplicate,
        Self::Reset,
        Self::Nine,
        Self::Drip,
        Self::Long,
    ];

    const fn slug(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Lf => "lf",
            Self::NoBlankLine => "no-blank-line",
            Self::Duplicate => "duplicate",
            Self::Reset => "reset",
            Self::Nine => "nine",
            Self::Drip => "drip",
            Self::Long => "long",
        }
    }

    /// What is to be seen of it, and which rule it is.
    const fn why(self) -> [&'static str; 2] {
        match self {
            Self::Short => [
                "Content-Length says 5, and the connection ends after 3 (RFC 1945 7.2.2).",
                "Content-Length 声明 5 字节，可是发了 3 字节连接就断了（RFC 1945 7.2.2）。",
            ],
            Self::Lf => [
                "Its lines end with LF alone; a head's lines end with CR LF (RFC 1945 2.2).",
                "每一行只用 LF 结尾；首部的行应以 CR LF 结尾（RFC 1945 2.2）。",
            ],
            Self::NoBlankLine => [
                "No blank line stands between the head and the body (RFC 1945 6).",
                "首部和主体之间没有空行（RFC 1945 6）。",
            ],
            Self::Duplicate => [
                "It has two Content-Length fields, 6 and 4: nobody can tell where the body ends.",
                "有两个 Content-Length，一个是 6，一个是 4：谁也说不清主体到哪里结束。",
            ],
            Self::Reset => [
                "After 3 of 12 bytes the connection is reset (RST) and not closed (FIN).",
                "12 字节只发了 3 字节，连接就被重置（RST），而不是正常关闭（FIN）。",
            ],
            Self::Nine => [
                "No status line and no fields: a Simple-Response, though the request named a version (RFC 1945 6).",
                "没有状态行，也没有字段：请求写了版本，却回了一个 Simple-Response（RFC 1945 6）。",
            ],
            Self::Drip => [
                "Nothing is wrong with the bytes: they come four a second.",
                "字节没有错：只是每秒只来四个。",
            ],
            Self::Long => [
                "Content-Length says 3, and 5 bytes come (RFC 1945 7.2.2).",
                "Content-Length 声明 3 字节，却来了 5 字节（RFC 1945 7.2.2）。",
            ],
        }
    }

    fn script(self, visit: &Visit<'_>) -> Script {
        let head = |end: &str, lengths: &[&str]| {
            let date = visit.now.octets();
            let date = String::from_utf8_lossy(&date);
            let mut lines = vec![
                "HTTP/1.0 200 OK".to_owned(),
                format!("Date: {date}"),
                "Content-Type: text/plain".to_owned(),
            ];
            lines.extend(
                lengths
                    .iter()
                    .map(|length| format!("Content-Length: {length}")),
            );
            lines
                .iter()
                .fold(String::new(), |head, line| head + line + end)
        };
        let whole =
            |end, lengths, body: &str| Script::of((head(end, lengths) + end + body).into_bytes());
        match self {
            Self::Short => whole("\r\n", &["5"], "abc"),
            Self::Lf => whole("\n", &["6"], "hello\n"),
            Self::NoBlankLine => Script::of((head("\r\n", &["6"]) + "hello\n").into_bytes()),
            Self::Duplicate => whole("\r\n", &["6", "4"], "hello\n"),
            Self::Reset => whole("\r\n", &["12"], "abc")
                .then(REST, b"".as_slice())
                .ending(ScriptEnd::Rst),
            Self::Nine => Script::of(b"hello\n".as_slice()),
            Self::Drip => {
                let head = whole("\r\n", &["12"], "");
                let drops = b"drip drip...".chunks(1);
                drops.fold(head, |script, drop| script.then(DROP, drop))
            }
            Self::Long => whole("\r\n", &["3"], "abcde"),
        }
    }
}

/// Between the last byte and the reset, so that the client has read what came.
const REST: Duration = Duration::from_millis(50);

/// From one byte of the drip to the next.
const DROP: Duration = Duration::from_millis(250);

/// `/l/zoo/NAME`: the answer that breaks the rule of this name.
pub(in crate::app) fn named(visit: &Visit<'_>) -> Reply {
    let name = visit.captures.named("name");
    let found = Broken::ALL
        .into_iter()
        .find(|it| it.slug().as_bytes() == name);
    match found {
        Some(broken) => scripted(visit, broken),
        None => visit.refuse_saying(FaultKind::NotFound, visit.head().target_at(), SLUGS),
    }
}

/// `/l/t3/N`: the answer, or with `guess=NAME` whether that is what it breaks.
pub(in crate::app) fn riddle(visit: &Visit<'_>) -> Reply {
    let number = str::from_utf8(visit.captures.named("number")).ok();
    let index = number.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
    let Some(broken) = index.and_then(|index| Broken::ALL.get(index).copied()) else {
        let numbers = [
            "The riddles are /l/t3/1 to /l/t3/8.",
            "谜题是 /l/t3/1 到 /l/t3/8。",
        ];
        return visit.refuse_saying(FaultKind::NotFound, visit.head().target_at(), numbers);
    };
    let Some(guess) = visit.parameter("guess") else {
        return scripted(visit, broken);
    };
    if !Broken::ALL.iter().any(|it| it.slug() == guess) {
        return super::super::session::refused(visit, SLUGS);
    }
    let text = Text::new(visit);
    if guess == broken.slug() {
        return text.say(["right", "对"]).say(broken.why()).reply();
    }
    text.say([
        "wrong: look at the bytes again, and at curl's exit code.",
        "不对：再看看字节，再看看 curl 的退出码。",
    ])
    .reply()
}

/// `/l/14/short`.
pub(in crate::app) fn short(visit: &Visit<'_>) -> Reply {
    scripted(visit, Broken::Short)
}

/// `/l/14/long`.
pub(in crate::app) fn long(visit: &Visit<'_>) -> Reply {
    scripted(visit, Broken::Long)
}

fn scripted(visit: &Visit<'_>, broken: Broken) -> Reply {
    let mut reply = Reply::new(Status::OK);
    reply.body = Body::Scripted(Box::new(broken.script(visit)));
    reply
}

const SLUGS: [&str; 2] = [
    "The names are short, lf, no-blank-line, duplicate, reset, nine, drip and long.",
    "名字有 short、lf、no-blank-line、duplicate、reset、nine、drip 和 long。",
];
