//! `/user/login/` and `/user/logout/`: a user in the session, and whose id that session has.
//!
//! A login gives the session a new id, as `django.contrib.auth` does: who knew the old one, perhaps because he
//! planted it, is not logged in. The course notes leave the id as it is; `fixation=1` does so too, to show what
//! that costs. A logout takes the user out of the session and nothing else, as in the notes.

use serde_json::{Value, json};

use super::user::storage_failed;
use crate::app::page::Page;
use crate::app::users::UserError;
use crate::app::{Reply, Visit};
use crate::sessions::{Session, SessionError};

/// GET: the form. POST: the user is in the session, and 302; or the form again.
pub(in crate::app) fn login(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    if !visit.head().is_method(b"POST") {
        let user = user(session)?;
        if visit.wants_json() {
            return Ok(Reply::json(&json!({ "user": user })));
        }
        return Ok(Reply::html(form(visit.page(TITLE), "").finish()));
    }
    let post = match visit.post() {
        Ok(post) => post,
        Err(fault) => return Ok(visit.refuse_fault(fault)),
    };
    let edition = visit.settings.edition;
    let name = post.text("username", edition).unwrap_or_default();
    let password = post.text("password", edition).unwrap_or_default();
    // Hashing a longer one would keep a worker busy; nobody has one.
    let checked = if password.len() > super::user::MOST_PASSWORD {
        Ok(false)
    } else {
        visit.stores.users.check(&name, &password)
    };
    match checked {
        Ok(true) => {}
        Ok(false) => return Ok(wrong(visit, &name)),
        Err(UserError::Exists(words) | UserError::Storage(words)) => {
            return Ok(storage_failed(visit, &words));
        }
    }
    let keeps_id = visit.parameter("fixation").as_deref() == Some("1")
        || post.text("fixation", edition).as_deref() == Some("1");
    if !keeps_id {
        match user(session)? {
            // What the one before left behind is not for this one.
            Some(other) if other != *name => session.flush()?,
            _ => session.cycle_key()?,
        }
    }
    session.set(USER, name.into_owned())?;
    Ok(visit.redirect(b"/user/"))
}

/// `del session['user']`, if there is one, and 302 to the form.
pub(in crate::app) fn logout(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    session.del(USER)?;
    Ok(visit.redirect(b"/user/login/"))
}

/// Who is logged in.
pub(super) fn user(session: &mut Session<'_>) -> Result<Option<String>, SessionError> {
    let user = session.get(USER)?.and_then(Value::as_str);
    Ok(user.map(str::to_owned))
}

/// The form again. Which of the two was wrong is not said: that would tell who is registered.
fn wrong(visit: &Visit<'_>, name: &str) -> Reply {
    if visit.wants_json() {
        return Reply::json(&json!({ "user": null, "wrong": true }));
    }
    let page = visit.page(TITLE).say(
        "p",
        [
            "The user name or the password is wrong.",
            "用户名或密码不正确。",
        ],
    );
    Reply::html(form(page, name).finish())
}

fn form(page: Page, name: &str) -> Page {
    page.markup("<form method=\"post\" action=\"/user/login/\">\n<p><label for=\"username\">")
        .say("span", ["User name", "用户名"])
        .markup("</label>\n<input id=\"username\" name=\"username\" autocomplete=\"username\" value=\"")
        .text(name)
        .markup("\"></p>\n<p><label for=\"password\">")
        .say("span", ["Password", "密码"])
        .markup(
            "</label>\n<input id=\"password\" name=\"password\" type=\"password\" \
             autocomplete=\"current-password\"></p>\n\
             <p><input id=\"fixation\" name=\"fixation\" type=\"checkbox\" value=\"1\">\n\
             <label for=\"fixation\">",
        )
        .say(
            "span",
            [
                "keep the session's id, as the notes do (session fixation)",
                "保留原来的会话 id，像笔记里那样（会话固定攻击）",
            ],
        )
        .markup("</label></p>\n<p><button type=\"submit\">")
        .say("span", TITLE)
        .markup("</button></p>\n</form>\n<p><a href=\"/user/register/\">")
        .say("span", ["Register", "注册"])
        .markup("</a></p>\n")
        .say(
            "p",
            [
                "A login gives the session a new id. Whoever knew the old one, because he planted it in this browser, \
                 is then not logged in with you.",
                "登录时会话换一个新 id。如果有人事先把旧 id 塞进了这个浏览器，他也不会跟着你一起登录。",
            ],
        )
}

const TITLE: [&str; 2] = ["Log in", "登录"];

/// The key of the user's name in the session, as in the notes.
const USER: &str = "user";
