//! `/user/register/` and `/user/`: a form, and where its answer leads.
//!
//! The form posts, the answer is a 302, and the client gets the page that it names: reloading that
//! page sends nothing a second time (Post/Redirect/Get). Nothing is stored yet.

use crate::app::{Reply, Visit};

/// GET: the form. POST: the notes' 302, whatever was filled in.
pub(in crate::app) fn register(visit: &Visit<'_>) -> Reply {
    if visit.head().is_method(b"POST") {
        return visit.redirect(b"/user/");
    }
    let page = visit
        .page(["Register", "注册"])
        .markup("<form method=\"post\" action=\"/user/register/\">\n<p><label for=\"username\">")
        .say("span", ["User name", "用户名"])
        .markup(
            "</label>\n<input id=\"username\" name=\"username\" autocomplete=\"username\"></p>\n\
             <p><label for=\"password\">",
        )
        .say("span", ["Password", "密码"])
        .markup(
            "</label>\n<input id=\"password\" name=\"password\" type=\"password\" \
             autocomplete=\"new-password\"></p>\n<p><button type=\"submit\">",
        )
        .say("span", ["Register", "注册"])
        .markup("</button></p>\n</form>\n")
        .say(
            "p",
            [
                "POST puts the form behind the blank line, not out of sight: anybody on the way can read \
                 it. The answer is a 302, and the client itself asks for the page that Location names.",
                "POST 把表单放在空行之后，但并没有藏起来：途中的任何人都能读到。\
                 回答是 302，客户端自己再去请求 Location 所指的页面。",
            ],
        );
    Reply::html(page.finish())
}

/// Where registering leads.
pub(in crate::app) fn user(visit: &Visit<'_>) -> Reply {
    let page = visit.page(["User", "用户"]).say(
        "p",
        [
            "This is the page that Location: /user/ names. If a form led here, there were two requests, \
             and reloading repeats only the second one.",
            "这就是 Location: /user/ 所指的页面。如果是提交表单到了这里，那么一共有两个请求，\
             刷新只会重复第二个。",
        ],
    );
    Reply::html(page.finish())
}
