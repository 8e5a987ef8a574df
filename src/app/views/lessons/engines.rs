//! Lessons 37, 38 and 39: the same session in each engine, with the store's log; one that the client keeps; and what
//! a Redis server is told.

use std::fmt::Display;
use std::str::FromStr as _;

use serde_json::Value;

use super::text::Text;
use crate::app::middleware::{Jar, failed, with_engine};
use crate::app::session_store::{EngineKind, SessionStore};
use crate::app::views::{cookies as site, raw, session as page};
use crate::app::{Reply, Visit};
use crate::engine::Body;
use crate::sessions::{Codec, Data, Session, SessionError, redis_commands};
use crate::wire::{Escaped, FaultKind, Status, cookie, parse_cookies};

/// `/l/37/ENGINE/ACT/`: one step with a session in that engine.
pub(in crate::app) fn step(visit: &Visit<'_>) -> Reply {
    let engine = str::from_utf8(visit.captures.named("engine")).unwrap_or_default();
    let Ok(kind) = EngineKind::from_str(engine) else {
        return missing(visit, ENGINES);
    };
    if visit.captures.named("act") == b"restart" {
        visit.stores.engines.restart(kind);
        return Text::new(visit)
            .line("engine", kind)
            .say([
                "What this engine had in memory is forgotten, as after a restart of the server.",
                "这个引擎放在内存里的东西都忘掉了，就像服务器重启过一样。",
            ])
            .reply();
    }
    let (name, path) = (format!("s_{kind}"), format!("/l/37/{kind}/"));
    let jar = Jar {
        name: &name,
        path: &path,
    };
    let reply = in_store(visit, kind, jar, |store, session| {
        let key = visit.parameter("key").unwrap_or_default();
        match visit.captures.named("act") {
            b"set" => session.set(&key, visit.parameter("value").unwrap_or_default())?,
            b"get" => {}
            _ => return Ok(missing(visit, ACTS)),
        }
        let value = session.get(&key)?.map(Value::to_string);
        let value = value.unwrap_or_else(|| "None".to_owned());
        let answer = visit.finish(session)?;
        let key = format!("session['{}']", Escaped(key.as_bytes()));
        Ok(Text::new(visit)
            .line("engine", kind)
            .line(key, Escaped(value.as_bytes()))
            .line("saved", page::python(page::is_saved(&answer)))
            .gap()
            .lines(logged(store, session))
            .reply())
    });
    if kind == EngineKind::Redis && reply.status == Status::SERVICE_UNAVAILABLE {
        with_advice(reply)
    } else {
        reply
    }
}

/// The same with how to come by a server; only this lesson's readers may have none.
fn with_advice(mut reply: Reply) -> Reply {
    if let Body::Bytes(text) = &mut reply.body {
        text.to_mut().extend_from_slice(ADVICE.as_bytes());
    }
    reply
}

const ADVICE: &str = "\n\
    redis-server --port 6379 starts a server; blankline serve --redis-url=redis://127.0.0.1:6379/0 asks it.\n\
    redis-server --port 6379 可以启动一个；blankline serve --redis-url=redis://127.0.0.1:6379/0 会去连它。\n";

/// A line for each time that the store was asked.
fn logged(store: &SessionStore, session: &Session<'_>) -> Vec<(String, impl Display + use<>)> {
    let entries = store.shown(session.log()).into_iter();
    (1..)
        .zip(entries)
        .map(|(number, entry)| (format!("log {number}"), entry))
        .collect()
}

fn missing(visit: &Visit<'_>, sentence: [&'static str; 2]) -> Reply {
    visit.refuse_saying(FaultKind::NotFound, visit.head().target_at(), sentence)
}

const ENGINES: [&str; 2] = [
    "The engines are db, file, cache, cached_db, signed_cookies and redis.",
    "引擎有 db、file、cache、cached_db、signed_cookies 和 redis。",
];

const ACTS: [&str; 2] = [
    "The steps are set, get and restart.",
    "可以做的步骤有 set、get 和 restart。",
];

/// A view with a session in the lesson's store of this engine.
fn in_store(
    visit: &Visit<'_>,
    kind: EngineKind,
    jar: Jar<'_>,
    view: impl FnOnce(&SessionStore, &mut Session<'_>) -> Result<Reply, SessionError>,
) -> Reply {
    let store = visit.stores.engines.of(kind);
    match store.engine() {
        Ok(engine) => with_engine(visit, engine, jar, |session| view(&store, session)),
        Err(error) => failed(visit, &error),
    }
}

/// The cookie of lesson 38.
const SIGNED: Jar<'static> = Jar {
    name: "s_signed",
    path: "/l/38/",
};

/// `/l/38/ACT/`: login and logout with a session that the client keeps.
pub(in crate::app) fn signed_step(visit: &Visit<'_>) -> Reply {
    in_store(visit, EngineKind::SignedCookies, SIGNED, |_, session| {
        let text = match visit.captures.named("act") {
            b"login" => {
                let user = visit.parameter("user").unwrap_or_else(|| "a".to_owned());
                session.set("user", user.clone())?;
                Text::new(visit)
                    .line("user", Escaped(user.as_bytes()))
                    .say([
                        "The session itself is in the cookie; the server keeps nothing.",
                        "会话本身就在 cookie 里；服务器什么都没有存。",
                    ])
            }
            b"logout" => {
                session.flush()?;
                Text::new(visit).say([
                    "The cookie is deleted, and that is all: whoever kept a copy can send it again.",
                    "只是删除了 cookie：谁留了一份，谁就还能再发来。",
                ])
            }
            _ => {
                return Ok(missing(
                    visit,
                    [
                        "The steps are login and logout.",
                        "可以做的步骤有 login 和 logout。",
                    ],
                ));
            }
        };
        Ok(text.reply())
    })
}

/// `/l/38`: what is in the cookie, whether it is ours, and who is logged in.
pub(in crate::app) fn signed(visit: &Visit<'_>) -> Reply {
    in_store(visit, EngineKind::SignedCookies, SIGNED, |_, session| {
        let cookies = parse_cookies(&site::field(visit.head()));
        let Some(sent) = cookie(&cookies, SIGNED.name.as_bytes()) else {
            return Ok(Text::new(visit).line("cookie", "none").reply());
        };
        let sent = String::from_utf8_lossy(sent).into_owned();
        let codec = Codec::for_cookies(
            &visit
                .stores
                .engines
                .of(EngineKind::SignedCookies)
                .secret()?,
        );
        let opened = codec.decode(&sent, None, visit.moment());
        let user = session.get("user")?.map(Value::to_string);
        let payload = Codec::payload(&sent).unwrap_or_default();
        Ok(Text::new(visit)
            .line("cookie", Escaped(sent.as_bytes()))
            .line("payload", Escaped(&payload))
            .line(
                "signature",
                if opened.is_ok() {
                    "holds"
                } else {
                    "does not hold"
                },
            )
            .line(
                "user",
                Escaped(user.unwrap_or_else(|| "None".to_owned()).as_bytes()),
            )
            .say([
                "Signed is not encrypted: the payload was read without the key.",
                "签名不是加密：不用密钥就能读出内容。",
            ])
            .reply())
    })
}

/// `/l/39`: the bytes that the engine `redis` sends to save a session and to read it again.
pub(in crate::app) fn resp(visit: &Visit<'_>) -> Reply {
    let Some(key) = visit.parameter("key") else {
        return raw::raw(visit);
    };
    let mut data = Data::new();
    data.insert(key, visit.parameter("value").unwrap_or_default().into());
    let secret = match visit.stores.sessions.secret() {
        Ok(secret) => secret,
        Err(error) => return failed(visit, &error),
    };
    let codec = Codec::for_stores(&secret);
    let Ok([set, get]) = redis_commands(&codec, SESSION_KEY, &data, visit.moment()) else {
        return page::refused(visit, ["Keep less in a session.", "会话里请少放一些。"]);
    };
    let text = Text::new(visit).say([
        "Redis speaks lines that end with CR LF too: *N elements, $N bytes, then the bytes.",
        "Redis 的协议也是以 CR LF 结尾的行：*N 个元素，$N 个字节，然后是这些字节。",
    ]);
    [("SET", set), ("GET", get)]
        .into_iter()
        .fold(text, |text, (name, octets)| {
            let lines = octets.split_inclusive(|&octet| octet == b'\n');
            text.gap().lines(lines.map(|line| (name, Escaped(line))))
        })
        .reply()
}

/// The session's key in lesson 39: as long as a real one.
const SESSION_KEY: &str = "l39l39l39l39l39l39l39l39l39l39l3";
