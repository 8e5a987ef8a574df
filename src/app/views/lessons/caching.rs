//! Lessons 41 to 44: a file with a date, fields for caches, and a picture that looks at the Referer.

use super::text::Text;
use crate::app::files::{Content, Found};
use crate::app::views::files;
use crate::app::{Reply, Visit};
use crate::wire::{FaultKind, FieldName, FieldValue, HttpDate};

const FILE: &[u8] = b"This file has not changed since Mon, 23 Oct 2017 08:00:00 GMT.\n\
    \xe8\xbf\x99\xe4\xb8\xaa\xe6\x96\x87\xe4\xbb\xb6\xe6\xb2\xa1\xe6\x9c\x89\xe5\x86\x8d\xe6\x94\xb9\xe8\xbf\x87\xe3\x80\x82\n";

/// `/l/41/file` and `/l/42/file`: a text that never changes, and its 304.
pub(in crate::app) fn file(visit: &Visit<'_>) -> Reply {
    let found = Found {
        last_modified: HttpDate::from_seconds(1_508_745_600),
        length: FILE.len() as u64,
        content: Content::Embedded(FILE),
    };
    files::serve(visit, b"file.txt", found)
}

/// `/l/43/KIND`: a text with one field for caches.
pub(in crate::app) fn cache(visit: &Visit<'_>) -> Reply {
    let (control, sentence) = match visit.captures.named("kind") {
        b"no-store" => (
            Some(FieldValue::constant("no-store")),
            [
                "no-store: no cache keeps this, not even yours.",
                "no-store：任何缓存都不保存，你自己的也不行。",
            ],
        ),
        b"no-cache" => (
            Some(FieldValue::constant("no-cache")),
            [
                "no-cache: keep it, but ask before each use. It does not mean: do not store.",
                "no-cache：可以保存，但每次用之前都要问一声。它不是“不保存”的意思。",
            ],
        ),
        b"max-age" => (
            Some(FieldValue::constant("max-age=60")),
            [
                "max-age=60: for a minute nobody has to ask.",
                "max-age=60：一分钟之内不用再问。",
            ],
        ),
        b"expires" => (
            None,
            [
                "Expires: the same as a date, as HTTP/1.0 says it. This one is a minute from now.",
                "Expires：用日期表达同样的意思，这是 HTTP/1.0 的写法。这里是一分钟之后。",
            ],
        ),
        b"pragma" => (
            None,
            [
                "Pragma: no-cache is meant for requests (RFC 1945 10.12); in an answer it promises nothing.",
                "Pragma: no-cache 是给请求用的（RFC 1945 10.12）；放在回答里什么也保证不了。",
            ],
        ),
        _ => return visit.refuse(FaultKind::NotFound, visit.head().target_at()),
    };
    let mut reply = Text::new(visit).say(sentence).reply();
    reply.cache_control = control;
    let field = match visit.captures.named("kind") {
        b"expires" => {
            let date = visit.now.plus(60).octets().to_vec();
            FieldValue::new(date)
                .ok()
                .map(|date| (FieldName::EXPIRES, date))
        }
        b"pragma" => Some((FieldName::PRAGMA, FieldValue::constant("no-cache"))),
        _ => None,
    };
    reply.more.extend(field);
    reply
}

/// `/l/44/x.png`: a picture for pages of this site only.
pub(in crate::app) fn picture(visit: &Visit<'_>) -> Reply {
    files::for_own_pages(visit, b"blankline.png")
}

/// `/l/44`: a page that shows it.
pub(in crate::app) fn gallery(visit: &Visit<'_>) -> Reply {
    let page = visit
        .page(["A picture and its Referer", "图片与 Referer"])
        .markup("<p><img src=\"/l/44/x.png\" alt=\"blankline\"></p>\n")
        .say(
            "p",
            [
                "Your browser asked for the picture with this page's address in its Referer field. Anybody can write \
                 the same: curl -e.",
                "浏览器请求图片时，会把本页的地址写进 Referer。可是谁都能这样写：curl -e。",
            ],
        );
    Reply::html(page.finish())
}
