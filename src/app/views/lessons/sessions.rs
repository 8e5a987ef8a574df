//! Lessons 33 and 36: when a session begins, and when it ends.

use super::text::{Text, yes};
use crate::app::views::session;
use crate::app::{Reply, Visit};
use crate::sessions::{Session, SessionError};
use crate::wire::Escaped;

/// `/l/33`: a GET leaves the session alone, a POST writes into it.
pub(in crate::app) fn begin(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    if !visit.head().is_method(b"POST") {
        return Ok(Text::new(visit)
            .line("touched", yes(false))
            .say([
                "Nobody asked for the session, so there is none: no row, no Set-Cookie. POST a user to begin one.",
                "没有人用到会话，所以也没有会话：没有记录，也没有 Set-Cookie。POST 一个 user 来开始会话。",
            ])
            .reply());
    }
    let post = match visit.post() {
        Ok(post) => post,
        Err(fault) => return Ok(visit.refuse_fault(fault)),
    };
    let user = post.text("user", visit.settings.edition);
    let user = user.unwrap_or_else(|| "admin".into()).into_owned();
    session.set("user", user.clone())?;
    Ok(Text::new(visit)
        .line("request.session['user']", Escaped(user.as_bytes()))
        .say([
            "The session was written, so it has an id now, and the id a cookie.",
            "写了会话，它才有了 id，这个 id 放在 cookie 里。",
        ])
        .reply())
}

/// `/l/36?seconds=N`: `set_expiry` with it; without a number, the session as it is.
pub(in crate::app) fn expiry(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    if visit.parameter("seconds").is_none() {
        return session::session(visit, session);
    }
    session::step(visit, session, b"expiry")
}
