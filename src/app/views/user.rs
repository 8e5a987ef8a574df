//! `/user/register/` and `/user/`: a form, a user with a unique name, and where a success leads.
//!
//! The form posts, a success is a 302, and the client asks for the page that it names: reloading that page
//! sends nothing a second time (Post/Redirect/Get). What could not be done is no success, so it is no 302
//! either: a 200 with the form, which still has the name in it, and a sentence that says why.

use serde_json::json;

use super::login;
use crate::app::page::Page;
use crate::app::users::UserError;
use crate::app::{Reply, Visit};
use crate::clock::LETTERS_AND_DIGITS;
use crate::sessions::{Session, SessionError};
use crate::wire::FaultKind;

/// GET: the form. POST: a new user and the notes' 302, or the form again.
pub(in crate::app) fn register(visit: &Visit<'_>) -> Reply {
    if !visit.head().is_method(b"POST") {
        return Reply::html(form(visit.page(TITLE), b"").finish());
    }
    let post = match visit.post() {
        Ok(post) => post,
        Err(fault) => return visit.refuse_fault(fault),
    };
    let edition = visit.settings.edition;
    let name = post.text("username", edition).unwrap_or_default();
    let password = post.text("password", edition).unwrap_or_default();
    if let Some(problem) = problem(&name, &password) {
        let page = visit.page(TITLE).say("p", problem);
        return Reply::html(form(page, name.as_bytes()).finish());
    }
    let salt = (visit.stores.ids).text(&visit.seed(), LETTERS_AND_DIGITS, SALT_LENGTH);
    let registered = match salt {
        Ok(salt) => visit.stores.users.register(&name, &password, &salt),
        Err(error) => Err(UserError::Storage(error.to_string())),
    };
    match registered {
        Ok(()) => visit.redirect(b"/user/"),
        Err(UserError::Exists(words)) => {
            let page = visit
                .page(TITLE)
                .say(
                    "p",
                    [
                        "This name is taken. The database said so, by its UNIQUE, and the site made \
                         UserExists of it:",
                        "这个用户名已被占用。是数据库用 UNIQUE 约束发现的，网站把它转换成了 UserExists：",
                    ],
                )
                .markup("<pre><code>")
                .text(words)
                .markup("</code></pre>\n");
            Reply::html(form(page, name.as_bytes()).finish())
        }
        Err(UserError::Storage(words)) => storage_failed(visit, &words),
    }
}

/// Who is registered, and which of them is logged in.
pub(in crate::app) fn user(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    let (names, count) = match visit.stores.users.list(MOST_LISTED) {
        Ok(listed) => listed,
        Err(UserError::Exists(words) | UserError::Storage(words)) => {
            return Ok(storage_failed(visit, &words));
        }
    };
    let logged_in = login::user(session)?;
    if visit.wants_json() {
        let document = json!({ "user": logged_in, "users": names, "count": count });
        return Ok(Reply::json(&document));
    }
    let mut page = visit.page(["Users", "用户"]).say(
        "p",
        [
            "This is the page that Location: /user/ names. If a form led here, there were two requests, \
             and reloading repeats only the second one.",
            "这就是 Location: /user/ 所指的页面。如果是提交表单到了这里，那么一共有两个请求，\
             刷新只会重复第二个。",
        ],
    );
    page = match &logged_in {
        Some(name) => page
            .markup("<p>")
            .say("span", ["Logged in:", "已登录："])
            .markup("<strong id=\"user\">")
            .text(name)
            .markup("</strong></p>\n"),
        None => page.say("p", ["You are not logged in.", "你还没有登录。"]),
    };
    if names.is_empty() {
        page = page.say("p", ["Nobody is registered yet.", "还没有人注册。"]);
    } else {
        page = page.markup("<ol>\n");
        for name in &names {
            page = page.markup("<li>").text(name).markup("</li>\n");
        }
        page = page.markup("</ol>\n");
        if count > names.len() as u64 {
            let more = count - names.len() as u64;
            page = page.markup("<p>+ ").text(more.to_string()).markup("</p>\n");
        }
    }
    Ok(Reply::html(
        page.markup("<p><a href=\"/user/register/\">")
            .say("span", ["Register", "注册"])
            .markup("</a></p>\n<p><a href=\"/user/login/\">")
            .say("span", ["Log in", "登录"])
            .markup("</a></p>\n<p><a href=\"/user/logout/\">")
            .say("span", ["Log out", "退出登录"])
            .markup("</a></p>\n")
            .finish(),
    ))
}

/// 503: the database could not be asked.
pub(super) fn storage_failed(visit: &Visit<'_>, words: &str) -> Reply {
    let at = visit.head().target_at();
    visit.refuse_with_words(FaultKind::StorageFailed, at, words)
}

/// Why a name or a password is not taken, if it is not.
fn problem(name: &str, password: &str) -> Option<[&'static str; 2]> {
    let length = name.chars().count();
    if name.trim().is_empty() {
        return Some([
            "A user needs a name: a form field called username with something in it.",
            "用户要有名字：表单里要有一个不为空的 username 字段。",
        ]);
    }
    if length > MOST_NAME {
        return Some([
            "A name has 150 characters at most.",
            "用户名最多 150 个字符。",
        ]);
    }
    if name.chars().any(char::is_control) {
        return Some([
            "A name has no control characters in it.",
            "用户名里不能有控制字符。",
        ]);
    }
    if password.is_empty() {
        return Some([
            "A user needs a password: a form field called password with something in it.",
            "用户要有密码：表单里要有一个不为空的 password 字段。",
        ]);
    }
    if password.len() > MOST_PASSWORD {
        return Some([
            "A password has 4,096 bytes at most: hashing a longer one would keep a worker busy.",
            "密码最多 4096 字节：更长的密码会让工作线程算太久。",
        ]);
    }
    None
}

fn form(page: Page, name: &[u8]) -> Page {
    page.markup("<form method=\"post\" action=\"/user/register/\">\n<p><label for=\"username\">")
        .say("span", ["User name", "用户名"])
        .markup("</label>\n<input id=\"username\" name=\"username\" autocomplete=\"username\" value=\"")
        .text(name)
        .markup("\"></p>\n<p><label for=\"password\">")
        .say("span", ["Password", "密码"])
        .markup(
            "</label>\n<input id=\"password\" name=\"password\" type=\"password\" \
             autocomplete=\"new-password\"></p>\n<p><button type=\"submit\">",
        )
        .say("span", TITLE)
        .markup("</button></p>\n</form>\n")
        .say(
            "p",
            [
                "POST puts the form behind the blank line, not out of sight: anybody on the way can read \
                 it. The answer is a 302, and the client itself asks for the page that Location names.",
                "POST 把表单放在空行之后，但并没有藏起来：途中的任何人都能读到。\
                 回答是 302，客户端自己再去请求 Location 所指的页面。",
            ],
        )
}

const TITLE: [&str; 2] = ["Register", "注册"];

/// Characters of a name: as many as Django's own users have.
const MOST_NAME: usize = 150;

/// Bytes of a password: Django's forms have the same limit.
pub(super) const MOST_PASSWORD: usize = 4096;

/// Characters of a salt.
const SALT_LENGTH: usize = crate::app::password::SALT_LENGTH;

/// Names on one page.
const MOST_LISTED: u32 = 100;

#[cfg(test)]
mod tests {
    use crate::app::Site;
    use crate::app::testing::{Answer, ask, settings, site_with};

    fn post(site: &Site, form: &str) -> Answer {
        let length = form.len();
        let request = format!(
            "POST /user/register/ HTTP/1.0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        );
        ask(site, &request)
    }

    #[test]
    fn a_user_is_registered_once_and_listed() {
        let site = site_with(settings(&[]));
        let first = post(&site, "username=admin&password=admin");
        assert_eq!((first.status(), first.field("Location")), ("302", "/user/"));
        let again = post(&site, "username=admin&password=other");
        assert_eq!(again.status(), "200");
        assert!(
            again
                .body
                .contains("UNIQUE constraint failed: User_user.username")
        );
        assert!(again.body.contains("value=\"admin\""));
        let list = ask(&site, "GET /user/ HTTP/1.0\r\n\r\n").body;
        assert!(list.contains("<li>admin</li>"), "{list}");
    }

    #[test]
    fn what_is_missing_or_too_long_is_said_in_the_form() {
        let site = site_with(settings(&[]));
        for (form, word) in [
            ("", "needs a name"),
            ("username=+&password=x", "needs a name"),
            ("password=x", "needs a name"),
            ("username=a", "needs a password"),
            ("username=a&password=", "needs a password"),
            ("username=a%00&password=x", "control characters"),
            (&format!("username={}&password=x", "男".repeat(151)), "150"),
            (
                &format!("username=a&password={}", "x".repeat(4097)),
                "4,096",
            ),
        ] {
            let answer = post(&site, form);
            assert_eq!(answer.status(), "200", "{form}");
            assert!(answer.body.contains(word), "{form}: {}", answer.body);
        }
        assert!(site.stores().users.list(10).unwrap().0.is_empty());
        assert_eq!(
            post(&site, &format!("username={}&password=x", "男".repeat(150))).status(),
            "302"
        );
    }

    #[test]
    fn a_name_stays_text() {
        let site = site_with(settings(&[]));
        post(&site, "username=%3Cb%3E%22&password=x");
        let list = ask(&site, "GET /user/ HTTP/1.0\r\n\r\n").body;
        assert!(list.contains("<li>&lt;b&gt;&quot;</li>"), "{list}");
    }

    #[test]
    fn a_form_that_is_not_one_registers_nobody() {
        let site = site_with(settings(&[]));
        let request =
            "POST /user/register/ HTTP/1.0\r\nContent-Length: 21\r\n\r\nusername=a&password=b";
        assert!(ask(&site, request).body.contains("needs a name"));
    }
}
