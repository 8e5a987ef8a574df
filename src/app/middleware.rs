//! Django's `SessionMiddleware`: from the request's cookie to a page's session, and back to the answer's.
//!
//! A page whose row in the table has a session gets one; it loads nothing before it is used. Every other answer, a 404
//! and a 304 too, deletes a cookie that can be no key, as Django does, and costs a request without cookies nothing.
//! What to save and to send is decided by [`Session::finish`]; a store that fails makes a page of its own.

use super::views::cookies;
use super::{Reply, Visit, lesson};
use crate::clock::IdSource;
use crate::sessions::{
    Act, Action, Answer, Cause, Cookie, Django, Engine, Moment, SHORTEST_KEY, Seen, Session,
    SessionError, StoreLog, cookie_rule,
};
use crate::wire::{Edition, Fault, FaultKind, SameSite, SetCookie, Span, cookie, parse_cookies};

/// What makes the answer of a page with a session.
pub type SessionView = fn(&Visit<'_>, &mut Session<'_>) -> Result<Reply, SessionError>;

/// The answer of a page with a session, its cookie included.
pub(super) fn with_session(visit: &Visit<'_>, view: SessionView) -> Reply {
    // All of these pages look at their query.
    if let Err(fault) = visit.get() {
        return without_session(visit, visit.refuse_fault(fault));
    }
    let jar = Jar {
        name: &visit.settings.session_cookie,
        path: "/",
    };
    match visit.stores.sessions.engine() {
        Ok(engine) => with_engine(visit, engine, jar, |session| view(visit, session)),
        Err(error) => failed(visit, &error),
    }
}

/// The cookie that a session is found by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jar<'a> {
    /// Its name, a token.
    pub(super) name: &'a str,
    /// The paths for which it comes back.
    pub(super) path: &'a str,
}

/// The same with a session in this engine, found by this cookie.
pub(super) fn with_engine(
    visit: &Visit<'_>,
    engine: &dyn Engine,
    jar: Jar<'_>,
    view: impl FnOnce(&mut Session<'_>) -> Result<Reply, SessionError>,
) -> Reply {
    let stores = visit.stores;
    // Where ids come from chance they need no seed.
    let seed = match stores.ids {
        IdSource::Seed => visit.seed(),
        IdSource::System => Vec::new(),
    };
    let session_visit = crate::sessions::Visit {
        now: visit.moment(),
        ids: stores.ids,
        seed: &seed,
    };
    let cookie = sent(visit, jar.name);
    let mut session = Session::new(engine, cookie.as_deref(), session_visit);
    let answered = view(&mut session).and_then(|mut reply| {
        let answer = session.finish(django(visit), reply.status.code())?;
        carry(visit, &mut reply, answer, jar);
        Ok(reply)
    });
    let mut reply = answered.unwrap_or_else(|error| failed(visit, &error));
    reply.faults.extend(disbelieved(visit, session.log()));
    reply
}

/// The answer of a page without one: only a cookie that can be no key is deleted.
pub(super) fn without_session(visit: &Visit<'_>, mut reply: Reply) -> Reply {
    let mut fields = visit.head().fields_named(b"Cookie");
    let jar = Jar {
        name: &visit.settings.session_cookie,
        path: "/",
    };
    if fields.next().is_some() && sent(visit, jar.name).is_some_and(|key| key.len() < SHORTEST_KEY)
    {
        let seen = Seen {
            had_cookie: true,
            accessed: false,
            modified: false,
            is_empty: true,
        };
        let verdict = cookie_rule(django(visit), seen, reply.status.code());
        let cookie = match verdict.action {
            Action::Delete => Cookie::Delete,
            Action::Leave | Action::Save => Cookie::Leave,
        };
        let vary = verdict.vary;
        carry(visit, &mut reply, Answer { cookie, vary }, jar);
    }
    reply
}

impl Visit<'_> {
    /// The time as sessions keep it.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment::from_seconds(i64::try_from(self.now.seconds()).unwrap_or(i64::MAX))
    }

    /// Ends the session before the page is written, for pages that show how it ended; they answer 200.
    ///
    /// # Errors
    ///
    /// As [`Session::finish`].
    pub fn finish(&self, session: &mut Session<'_>) -> Result<Answer, SessionError> {
        session.finish(django(self), 200)
    }
}

/// Whose rule is followed.
const fn django(visit: &Visit<'_>) -> Django {
    if visit.settings.edition.sessions_are_of_today() {
        Django::V4_2
    } else {
        Django::V1_11
    }
}

/// The value of a session's cookie; of several, the last. What is not UTF-8 is no key that we made.
fn sent(visit: &Visit<'_>, name: &str) -> Option<String> {
    let cookies = parse_cookies(&cookies::field(visit.head()));
    let value = cookie(&cookies, name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Puts the session's part into the answer. Its cookie comes after the view's own.
fn carry(visit: &Visit<'_>, reply: &mut Reply, answer: Answer, jar: Jar<'_>) {
    reply.varies_by_cookie |= answer.vary;
    let (name, path) = (jar.name.as_bytes(), jar.path.as_bytes());
    let cookie = match answer.cookie {
        Cookie::Leave => return,
        Cookie::Delete => SetCookie::delete(name, path, b""),
        Cookie::Set { key, max_age } => {
            let cookie = SetCookie::new(name, key.as_bytes());
            let cookie = cookie.and_then(|cookie| cookie.http_only().path(path));
            cookie.map(|cookie| match max_age {
                Some(seconds) => cookie.max_age(seconds),
                None => cookie,
            })
        }
    };
    // The name was checked when the server was started.
    reply
        .cookies
        .extend(cookie.map(|cookie| lax(cookie, visit.settings.edition)));
}

/// Today's browsers take a cookie without SameSite for a lax one; today's Django says so itself.
fn lax(cookie: SetCookie, edition: Edition) -> SetCookie {
    if edition.sessions_are_of_today() {
        cookie.same_site(SameSite::Lax)
    } else {
        cookie
    }
}

/// The page for a store that failed: 503, or 400 where the same request would fail again.
pub(super) fn failed(visit: &Visit<'_>, error: &SessionError) -> Reply {
    let kind = match error.cause {
        Cause::TooLarge { .. } | Cause::TooDeep | Cause::Interrupted => FaultKind::SessionNotSaved,
        _ => FaultKind::SessionStoreUnavailable,
    };
    let lang = visit.settings.lang;
    let sentences = [lang, lang.other()].map(|lang| error.sentence(lang) + "\n");
    let fault = Fault::new(kind, visit.head().target_at());
    let message = visit.head().bytes();
    let mut reply = lesson::lesson(visit.settings, message, &fault, &sentences.concat());
    reply.faults.push(fault);
    reply
}

/// The note for a session that was not believed: once, however often it was read.
fn disbelieved(visit: &Visit<'_>, log: &StoreLog) -> Option<Fault> {
    let mut entries = log.entries().iter();
    entries.find(|entry| matches!(entry.act, Act::Refused(_)))?;
    let mut fields = visit.head().fields_named(b"Cookie");
    let at = fields.next().map_or(Span::at(0), |field| field.value_at);
    Some(Fault::new(FaultKind::SessionCorrupt, at))
}

#[cfg(test)]
mod tests {
    use crate::app::Settings;
    use crate::app::session_store::EngineKind;
    use crate::app::testing::{Answer, ask, settings, site_with, site_with_engine};
    use crate::app::urls::ROUTES;
    use crate::engine::Place;
    use crate::wire::Edition;

    /// What a new site in this edition answers to a GET with this cookie.
    fn asked(edition: Edition, target: &str, cookie: &str) -> Answer {
        let site = site_with(Settings {
            edition,
            ..settings(&[])
        });
        ask(
            &site,
            &format!("GET {target} HTTP/1.0\r\nCookie: {cookie}\r\n\r\n"),
        )
    }

    #[test]
    fn a_cookie_that_can_be_no_key_is_deleted_by_every_answer() {
        for target in ["/", "/redirect/", "/nope", "/static/hello.txt", "/user"] {
            let deleted = asked(Edition::Notes, target, "sessionid=short");
            assert_eq!(
                deleted.field("Set-Cookie"),
                "sessionid=; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/",
                "{target}"
            );
            assert!(deleted.fields("Vary").is_empty(), "{target}");
            let today = asked(Edition::Rfc9110, target, "sessionid=");
            assert!(today.field("Set-Cookie").ends_with("; SameSite=Lax"));
            assert_eq!(today.field("Vary"), "Cookie", "{target}");
            // Long enough, so nobody looks whether there is such a session.
            let left = asked(Edition::Notes, target, "sessionid=12345678; age=1");
            assert!(left.fields("Set-Cookie").is_empty(), "{target}");
        }
    }

    #[test]
    fn the_place_follows_from_the_engine() {
        for route in ROUTES {
            let is_with_session = matches!(route.view, crate::app::urls::View::WithSession(_));
            assert_eq!(route.place(false), route.place, "{}", route.name);
            if is_with_session {
                assert_eq!(route.place(true), Place::Worker, "{}", route.name);
            } else {
                assert_eq!(route.place(true), route.place, "{}", route.name);
            }
        }
        // Users are in a database whatever the sessions are in.
        for name in ["login", "user", "register"] {
            let route = ROUTES.iter().find(|route| route.name == name).unwrap();
            assert_eq!(route.place(false), Place::Worker, "{name}");
        }
    }

    #[test]
    fn a_store_that_does_not_answer_is_a_503_that_says_so() {
        let site = site_with_engine(settings(&[]), EngineKind::Redis);
        let session = ask(&site, "GET /session/set/?key=a HTTP/1.0\r\n\r\n");
        assert_eq!(session.status(), "503");
        assert_eq!(session.noticed, ["session-store-unavailable"]);
        assert!(session.body.contains("(redis 127.0.0.1:1, db 0) failed: "));
        assert!(session.body.contains("会自动重试"));
        assert!(session.fields("Set-Cookie").is_empty());
        let other = ask(&site, "GET /raw HTTP/1.0\r\n\r\n");
        assert_eq!(other.status(), "200");
    }

    #[test]
    fn a_session_that_is_not_believed_is_a_note() {
        let site = site_with_engine(settings(&[]), EngineKind::SignedCookies);
        let forged = "GET /cart/ HTTP/1.0\r\nCookie: sessionid=e30:1e8zOz:forged\r\n\r\n";
        let answer = ask(&site, forged);
        assert_eq!(answer.status(), "200");
        assert_eq!(answer.noticed, ["session-corrupt"]);
    }
}
