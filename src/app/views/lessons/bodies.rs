//! Lessons 07, 11, 13, 14 and 16: heads without bodies, bodies and their lengths, and what a status says of them.

use super::text::Text;
use crate::app::views::raw;
use crate::app::{Reply, TEXT, Visit};
use crate::engine::{Body, Script};
use crate::wire::{Escaped, FaultKind, FieldName, FieldValue, Status};

/// `/l/07`: a text whose head is the same for GET and HEAD.
pub(in crate::app) fn short(_visit: &Visit<'_>) -> Reply {
    Reply::text(
        "A HEAD gets this page's head and not these words.\nHEAD 得到的是本页的首部，没有这些文字。\n",
    )
}

/// `/l/11`: how many bytes were declared, how many came, and which.
pub(in crate::app) fn declared(visit: &Visit<'_>) -> Reply {
    if !visit.head().is_method(b"POST") {
        return raw::raw(visit);
    }
    let body = &visit.request.body;
    let length = visit.head().field(b"Content-Length").unwrap_or_default();
    let (got, declared) = (body.len(), Escaped(&length));
    Text::new(visit)
        .say([
            &format!("got {got} bytes, declared {declared}"),
            &format!("收到 {got} 字节，声明了 {declared} 字节"),
        ])
        .line("body", format!("\"{}\"", Escaped(body)))
        .reply()
}

/// `/l/16`: how many bytes came.
pub(in crate::app) fn count(visit: &Visit<'_>) -> Reply {
    if !visit.head().is_method(b"POST") {
        return raw::raw(visit);
    }
    let got = visit.request.body.len();
    let sentences = [format!("{got} bytes"), format!("{got} 字节")];
    Text::new(visit)
        .say([&*sentences[0], &*sentences[1]])
        .reply()
}

/// `/l/13/CODE`: an answer with this status.
pub(in crate::app) fn status(visit: &Visit<'_>) -> Reply {
    let code = visit.captures.named("code");
    let code = str::from_utf8(code).ok().and_then(|code| code.parse().ok());
    let status = code.map(Status::new);
    let Some(status) = status.filter(|status| status.is_rfc1945()) else {
        let at = visit.head().target_at();
        return visit.refuse_saying(FaultKind::NotFound, at, CODES);
    };
    if matches!(status, Status::MOVED_PERMANENTLY | Status::FOUND) {
        return visit.redirect_with(status, b"/l/13/200");
    }
    let (code, phrase) = (status.code(), status.phrase());
    let mut reply = Reply::new(status).with_body(TEXT, format!("{code} {phrase}\n"));
    if status.is_bodiless() {
        reply.body = Body::EMPTY;
    }
    if status == Status::UNAUTHORIZED {
        let challenge = FieldValue::constant("Basic realm=\"lesson 13\"");
        reply.more.push((FieldName::WWW_AUTHENTICATE, challenge));
    }
    reply
}

const CODES: [&str; 2] = [
    "The codes here are those of RFC 1945: 200 201 202 204 301 302 304 400 401 403 404 500 501 502 503.",
    "这里有 RFC 1945 的全部状态码：200 201 202 204 301 302 304 400 401 403 404 500 501 502 503。",
];

/// Twelve bytes.
const TWELVE: &str = "hello world\n";

/// `/l/14/length`: they end where the head says.
pub(in crate::app) fn with_length(_visit: &Visit<'_>) -> Reply {
    Reply::text(TWELVE)
}

/// `/l/14/close`: they end where the connection does.
pub(in crate::app) fn with_close(_visit: &Visit<'_>) -> Reply {
    let mut reply = Reply::text(TWELVE);
    reply.ends_by_close = true;
    reply
}

/// `/l/14?lost=N`: how many bytes were lost?
pub(in crate::app) fn lost(visit: &Visit<'_>) -> Reply {
    let Some(guess) = visit.parameter("lost") else {
        return raw::raw(visit);
    };
    let verdict = if guess == "2" {
        ["right: 2", "对：2"]
    } else {
        ["wrong: it is not so many", "错：不是这么多"]
    };
    Text::new(visit)
        .say(verdict)
        .say([
            "/l/14/short says 5 bytes and sends 3: 2 never came. /l/14/long says 3 and sends 5: the client stops \
             reading, and the last 2 are lost without a word.",
            "/l/14/short 声明 5 字节，只发 3 字节：有 2 字节根本没来。/l/14/long 声明 3 字节，却发了 5 字节：\
             客户端读够就停，最后 2 字节悄悄丢了。",
        ])
        .reply()
}

/// `/l/05/nine`: HTTP/0.9, a body and nothing else, whatever was asked.
pub(in crate::app) fn nine(_visit: &Visit<'_>) -> Reply {
    let mut reply = Reply::new(Status::OK);
    let body = "no status line, no fields: HTTP/0.9\n没有状态行，也没有字段：HTTP/0.9\n";
    reply.body = Body::Scripted(Box::new(Script::of(body.as_bytes())));
    reply
}
