//! `/getpost/` and `/counter/.../`: what differs between GET and POST, and what a reload does.
//!
//! The same 29 bytes stand once in the request line and once behind the blank line. And a browser's reload
//! does its last request again: after a POST that answered with a page it posts once more; after one that
//! answered with a 302 (Post/Redirect/Get) it only asks for the page.

use std::sync::atomic::Ordering;

use crate::app::page::Page;
use crate::app::post::Post;
use crate::app::{Reply, Visit};
use crate::wire::{FaultKind, FormField, QueryDict};

/// Shows the form's bytes where they stood.
pub(in crate::app) fn getpost(visit: &Visit<'_>) -> Reply {
    let (get, post) = match (visit.get(), visit.post()) {
        (Ok(get), Ok(post)) => (get, post),
        (Err(fault), _) | (_, Err(fault)) => return visit.refuse_fault(fault),
    };
    let mut page = visit.page(["GET against POST", "GET 与 POST 的区别"]);
    page = dict(page, "request.GET", &get);
    if let Post::Urlencoded(form) = &post {
        page = dict(page, "request.POST", form);
    }
    let page = page
        .say(
            "p",
            [
                "Both forms below send username=admin&password=admin, 29 bytes: the first in the request line, \
                 where it ends up in histories and logs, the second behind the blank line. Neither is hidden.",
                "下面两个表单发送的都是 username=admin&password=admin，29 个字节：第一个放在请求行里，\
                 会留在历史记录和日志中；第二个放在空行之后。两者都没有隐藏。",
            ],
        )
        .markup(
            "<form method=\"get\" action=\"/getpost/\">\n\
             <input type=\"hidden\" name=\"username\" value=\"admin\">\n\
             <input type=\"hidden\" name=\"password\" value=\"admin\">\n\
             <p><button type=\"submit\" id=\"get\">GET</button></p>\n</form>\n\
             <form method=\"post\" action=\"/getpost/\">\n\
             <input type=\"hidden\" name=\"username\" value=\"admin\">\n\
             <input type=\"hidden\" name=\"password\" value=\"admin\">\n\
             <p><button type=\"submit\" id=\"post\">POST</button></p>\n</form>\n",
        );
    Reply::html(page.finish())
}

/// A QueryDict, with the place of each value in the message.
fn dict(page: Page, name: &'static str, dict: &QueryDict<'_>) -> Page {
    let fields = dict.fields();
    if fields.is_empty() {
        return page
            .markup("<p><code>")
            .text(name)
            .markup("</code>: <code>QueryDict {}</code></p>\n");
    }
    let page = page
        .markup("<h2><code>")
        .text(name)
        .markup("</code></h2>\n")
        .table(&[
            ["name", "名字"],
            ["value", "值"],
            ["bytes of the message", "消息中的字节"],
        ]);
    let row = |page: Page, field: &FormField<'_>| {
        let at = field.at();
        page.markup("<tr><td><code>")
            .text(&field.name)
            .markup("</code></td><td><code>")
            .text(&field.value)
            .markup("</code></td><td><code>")
            .text(format!("{}-{}", at.start, at.end))
            .markup("</code></td></tr>\n")
    };
    fields.iter().fold(page, row).markup("</tbody>\n</table>\n")
}

/// A page that counts the POSTs to it: `post` answers them with the page, `prg` with a 302 to it.
pub(in crate::app) fn counter(visit: &Visit<'_>) -> Reply {
    let [at_once, redirected] = &visit.stores.posts;
    let (posts, redirects) = match visit.captures.named("way") {
        b"post" => (at_once, false),
        b"prg" => (redirected, true),
        _ => return visit.refuse(FaultKind::NotFound, visit.head().target_at()),
    };
    let mut count = posts.load(Ordering::Relaxed);
    if visit.head().is_method(b"POST") {
        count = posts.fetch_add(1, Ordering::Relaxed) + 1;
        if redirects {
            return visit.redirect(b"/counter/prg/");
        }
    }
    let page = visit
        .page(["How often was this posted?", "这里被提交了几次？"])
        .markup("<p><strong id=\"count\">")
        .text(count.to_string())
        .markup("</strong></p>\n")
        .markup(if redirects {
            "<form method=\"post\" action=\"/counter/prg/\">\n<p><button type=\"submit\">"
        } else {
            "<form method=\"post\" action=\"/counter/post/\">\n<p><button type=\"submit\">"
        })
        .say("span", ["Post", "提交"])
        .markup("</button></p>\n</form>\n");
    let page = if redirects {
        page.say(
            "p",
            [
                "The POST was answered with a 302, and this page came by a GET: reload it, and nothing is counted.",
                "POST 得到的回答是 302，这个页面是用 GET 取来的：刷新它，不会再计数。",
            ],
        )
    } else {
        page.say(
            "p",
            [
                "The POST itself was answered with this page: reload it, and the browser posts again.",
                "POST 的回答就是这个页面：刷新它，浏览器会再提交一次。",
            ],
        )
    };
    Reply::html(page.finish())
}

#[cfg(test)]
mod tests {
    use crate::app::testing::{ask, settings, site_with};

    const FORM: &str = "username=admin&password=admin";

    #[test]
    fn the_same_bytes_stand_at_two_places() {
        let site = site_with(settings(&[]));
        let get = format!("GET /getpost/?{FORM} HTTP/1.0\r\n\r\n");
        let post = format!(
            "POST /getpost/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 29\r\n\r\n{FORM}"
        );
        for request in [get, post] {
            let at = request.find(FORM).unwrap();
            let body = ask(&site, &request).body;
            for span in [
                format!("{at}-{}", at + 14),
                format!("{}-{}", at + 15, at + 29),
            ] {
                assert!(
                    body.contains(&format!("<code>{span}</code>")),
                    "{span} in {body}"
                );
            }
        }
    }

    #[test]
    fn a_reload_counts_after_a_page_and_not_after_a_302() {
        let site = site_with(settings(&[]));
        let ask = |method: &str, way: &str| {
            let request = format!("{method} /counter/{way}/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
            ask(&site, &request)
        };
        let count = |way: &str, method: &str| {
            let body = ask(method, way).body;
            let (_, rest) = body.split_once("<strong id=\"count\">").unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        assert_eq!(count("post", "POST"), "1");
        assert_eq!(count("post", "POST"), "2");
        let answer = ask("POST", "prg");
        assert_eq!(
            (answer.status(), answer.field("Location")),
            ("302", "/counter/prg/")
        );
        for _ in 0..2 {
            assert_eq!(count("prg", "GET"), "1");
        }
        assert_eq!(ask("GET", "other").status(), "404");
    }
}
