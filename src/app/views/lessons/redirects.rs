//! Lessons 06, 17, 18 and 19: redirects, one hop, after a form, and without an end.

use super::text::Text;
use crate::app::{Reply, Visit};
use crate::wire::{Escaped, FaultKind};

/// `/l/06/away`: to `/l/06`, to see which version the client's second request has.
pub(in crate::app) fn away(visit: &Visit<'_>) -> Reply {
    visit.redirect(b"/l/06")
}

/// `/l/17`: to its target.
pub(in crate::app) fn hop(visit: &Visit<'_>) -> Reply {
    visit.redirect(b"/l/17/target")
}

/// `/l/17/target`.
pub(in crate::app) fn target(visit: &Visit<'_>) -> Reply {
    Text::new(visit)
        .say([
            "You asked for this page yourself: the server only named it, in Location.",
            "这一页是你自己来请求的：服务器只是在 Location 里告诉了你地址。",
        ])
        .reply()
}

/// `/l/18`: a form, and where its POST leads.
pub(in crate::app) fn form(visit: &Visit<'_>) -> Reply {
    if visit.head().is_method(b"POST") {
        return visit.redirect(b"/l/18/done");
    }
    let page = visit
        .page(["Post, redirect, get", "POST、重定向、GET"])
        .markup(
            "<form method=\"post\" action=\"/l/18\">\n<p><input name=\"name\" aria-label=\"name\">\n\
             <button type=\"submit\">POST</button></p>\n</form>\n",
        );
    Reply::html(page.finish())
}

/// `/l/18/done`: by which method it was asked for.
pub(in crate::app) fn done(visit: &Visit<'_>) -> Reply {
    let head = visit.head();
    Text::new(visit)
        .line("method", Escaped(head.method()))
        .line("body", format!("{} bytes", visit.request.body.len()))
        .say(if head.is_method(b"POST") {
            [
                "A 302 after a POST is followed by a GET. Your client posted again, perhaps because of -X POST.",
                "POST 之后的 302 应该用 GET 去取。你的客户端又 POST 了一次，也许是因为 -X POST。",
            ]
        } else {
            [
                "The form went to /l/18, and this is only its answer: reload it as often as you like.",
                "表单交给了 /l/18，这里只是结果页：刷新多少次都没关系。",
            ]
        })
        .reply()
}

/// `/l/18/again`: a POST that is answered with a page.
pub(in crate::app) fn again(visit: &Visit<'_>) -> Reply {
    Text::new(visit)
        .line("method", Escaped(visit.head().method()))
        .say([
            "A POST that is answered with a page: to reload it is to post once more.",
            "POST 直接得到页面：刷新这一页，就是再提交一次。",
        ])
        .reply()
}

/// `/l/19`: to itself.
pub(in crate::app) fn for_ever(visit: &Visit<'_>) -> Reply {
    visit.redirect(b"/l/19")
}

/// `/l/19/rfc`: the first of six hops.
pub(in crate::app) fn first(visit: &Visit<'_>) -> Reply {
    visit.redirect(b"/l/19/rfc/1")
}

/// `/l/19/rfc/N`: the next hop, or the end.
pub(in crate::app) fn next(visit: &Visit<'_>) -> Reply {
    match visit.captures.named("hop") {
        [hop @ b'1'..=b'5'] => visit.redirect(&[b"/l/19/rfc/", &[*hop + 1][..]].concat()),
        b"6" => Text::new(visit)
            .say([
                "Six redirects: one more than RFC 1945 9.3 lets a client follow by itself.",
                "一共重定向了六次：比 RFC 1945 9.3 允许客户端自动跟随的多一次。",
            ])
            .reply(),
        _ => visit.refuse(FaultKind::NotFound, visit.head().target_at()),
    }
}
