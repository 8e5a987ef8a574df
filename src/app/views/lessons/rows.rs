//! Lesson 40: expired rows stay until somebody clears them.
//!
//! The lesson's table is two numbers in a cookie, live rows and expired ones, so that nobody else's sessions are
//! touched and nothing is kept here.

use super::cookies::{made, sent, setting};
use super::text::Text;
use crate::app::{Reply, Visit};
use crate::wire::{FaultKind, cookie};

/// How many rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rows {
    live: u16,
    expired: u16,
}

impl Rows {
    /// Those of the request's cookie; five live ones if there is none that can be read.
    fn of(visit: &Visit<'_>) -> Self {
        let sent = sent(visit);
        let text = cookie(&sent, NAME).and_then(|value| str::from_utf8(value).ok());
        let read = |text: &str| {
            let (live, expired) = text.split_once('.')?;
            let (live, expired) = (live.parse().ok()?, expired.parse().ok()?);
            Some(Self { live, expired })
        };
        let known = text
            .and_then(read)
            .filter(|rows| rows.live.max(rows.expired) <= MOST);
        known.unwrap_or(Self {
            live: 5,
            expired: 0,
        })
    }

    fn words(self) -> String {
        let Self { live, expired } = self;
        format!("{} ({live} live, {expired} expired)", live + expired)
    }
}

const NAME: &[u8] = b"rows";

/// More rows than that are none of ours.
const MOST: u16 = 999;

/// `/l/40`: how many there are.
pub(in crate::app) fn rows(visit: &Visit<'_>) -> Reply {
    Text::new(visit)
        .line("rows", Rows::of(visit).words())
        .say([
            "The lesson keeps these two numbers in your cookie. /l/40/expire/ lets two rows expire, and \
             /l/40/clearsessions/ deletes the expired ones, as blankline clearsessions does with the real table.",
            "这一课把这两个数字存在你的 cookie 里。/l/40/expire/ 让两行过期，/l/40/clearsessions/ 删除过期的行，\
             就像 blankline clearsessions 对真正的表做的那样。",
        ])
        .reply()
}

/// `/l/40/expire/` and `/l/40/clearsessions/`: the rows before and after.
pub(in crate::app) fn change(visit: &Visit<'_>) -> Reply {
    let before = Rows::of(visit);
    let (after, sentence) = match visit.captures.named("act") {
        b"expire" => {
            let over = before.live.min(2);
            let after = Rows {
                live: before.live - over,
                expired: (before.expired + over).min(MOST),
            };
            (
                after,
                [
                    "Their time is over, and they are still there: nothing vanishes by itself.",
                    "时间到了，行还在：过期的数据不会自己消失。",
                ],
            )
        }
        b"clearsessions" => (
            Rows {
                expired: 0,
                ..before
            },
            [
                "The expired rows were deleted, because somebody asked for it.",
                "过期的行删掉了，因为有人来清理。",
            ],
        ),
        _ => return visit.refuse(FaultKind::NotFound, visit.head().target_at()),
    };
    let text = Text::new(visit)
        .line("before", before.words())
        .line("after", after.words())
        .say(sentence);
    let value = format!("{}.{}", after.live, after.expired);
    setting(text.reply(), made(NAME, value.as_bytes(), b"/l/40"))
}
