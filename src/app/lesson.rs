//! The body of a refusal: what is wrong, where, by which rule, and what to do, in both languages.
//!
//! ```text
//! 400 bad-target at byte 4
//! Between the method and the version stands one target with no spaces in it; ... (RFC 1945 5.1.2)
//! ...the same in Chinese...
//!
//!   GET /a b HTTP/1.0\r\n
//!       ^^^^
//!
//! Sending the same bytes again will get the same answer.
//! ```

use std::fmt::Write as _;

use super::{Reply, Settings, TEXT};
use crate::wire::{Fault, FaultKind, Lang, Status, Verdict, excerpt};

/// The refusal for a fault in a message, of which as much is here as is known; `more` is what only the page
/// knows, in whole lines, or empty.
pub(super) fn lesson(settings: &Settings, message: &[u8], fault: &Fault, more: &str) -> Reply {
    let status = settings
        .edition
        .status(fault.kind)
        .unwrap_or(Status::BAD_REQUEST);
    let mut text = format!(
        "{} {} at byte {}\n",
        status.code(),
        fault.kind.slug(),
        fault.at.start
    );
    // Writing to a String cannot fail.
    for lang in [settings.lang, settings.lang.other()] {
        let _ = writeln!(text, "{} ({})", fault.sentence(lang), fault.kind.rule());
    }
    if fault.at.start <= message.len()
        && let Some(excerpt) = excerpt(message, fault.at)
    {
        let _ = write!(text, "\n  {}\n  {}\n", excerpt.line, excerpt.caret);
    }
    text.push('\n');
    if !more.is_empty() {
        text.push_str(more);
        text.push('\n');
    }
    for lang in [settings.lang, settings.lang.other()] {
        text.push_str(outlook(fault.kind, lang));
        text.push('\n');
    }
    Reply::new(status).with_body(TEXT, text)
}

/// Whether it is temporary or permanent, which an error's body should say (RFC 1945 9.4 and 9.5).
const fn outlook(kind: FaultKind, lang: Lang) -> &'static str {
    match (kind.verdict(), lang) {
        (Verdict::Refuse(408 | 503), Lang::En) => {
            "This is temporary: the same request may succeed in a moment."
        }
        (Verdict::Refuse(408 | 503), Lang::Zh) => "这是暂时的：同样的请求稍后可能成功。",
        (Verdict::Refuse(500), Lang::En) => "Nobody knows whether it would work again.",
        (Verdict::Refuse(500), Lang::Zh) => "再试一次能否成功，不得而知。",
        (_, Lang::En) => "This is permanent: the same bytes will get the same answer.",
        (_, Lang::Zh) => "这是永久的：同样的字节会得到同样的回答。",
    }
}
