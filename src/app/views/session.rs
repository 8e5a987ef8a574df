//! `/session/`: what is in the visitor's session, and everything that a page can do with it, step by step.
//!
//! Each page ends the session before it is written, so it can show what was saved, what the cookie became and what
//! the store was asked for, in the store's own language. GETs change things here because a lesson is typed that way;
//! every such page says that a site should not.

use serde_json::{Value, json};

use crate::app::page::Page;
use crate::app::{Reply, Visit};
use crate::sessions::{Answer, Cookie, Entry, Expiry, Moment, Said, Session, SessionError};
use crate::wire::{FaultKind, HttpDate};

/// Shows the session, which reads it and changes nothing.
pub(in crate::app) fn session(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    session.items()?;
    shown(visit, session, ["Your session", "你的会话"])
}

/// `/session/ACT/`: does one thing with it, then shows it.
pub(in crate::app) fn act(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    step(visit, session, visit.captures.named("act"))
}

/// Does the one thing that is called so, then shows the session.
pub(super) fn step(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
    act: &[u8],
) -> Result<Reply, SessionError> {
    let title = match act {
        b"set" => {
            let Some(key) = visit.parameter("key") else {
                return Ok(refused(visit, KEY));
            };
            session.set(&key, visit.parameter("value").unwrap_or_default())?;
            ["session[key] = value", "session[key] = value"]
        }
        b"get" => {
            let Some(key) = visit.parameter("key") else {
                return Ok(refused(visit, KEY));
            };
            if session.contains(&key)? {
                [
                    "session.get(key): it is there",
                    "session.get(key)：有这个键",
                ]
            } else {
                ["session.get(key): None", "session.get(key)：None"]
            }
        }
        b"del" => {
            let Some(key) = visit.parameter("key") else {
                return Ok(refused(visit, KEY));
            };
            if session.del(&key)? {
                ["del session[key]", "del session[key]"]
            } else {
                [
                    "del session[key]: there is none, in Python a KeyError",
                    "del session[key]：没有这个键，Python 会抛出 KeyError",
                ]
            }
        }
        b"clear" => {
            session.clear();
            [
                "session.clear(): empty, the id stays",
                "session.clear()：内容清空，id 不变",
            ]
        }
        b"flush" => {
            session.flush()?;
            [
                "session.flush(): deleted, the id too",
                "session.flush()：连同 id 一起删除",
            ]
        }
        b"cycle" => {
            session.cycle_key()?;
            [
                "session.cycle_key(): the same data, a new id",
                "session.cycle_key()：数据不变，换新 id",
            ]
        }
        b"expiry" => {
            let value = visit
                .parameter("value")
                .or_else(|| visit.parameter("seconds"));
            let value = value.unwrap_or_default();
            let Some(expiry) = expiry(&value) else {
                return Ok(refused(visit, VALUE));
            };
            session.set_expiry(expiry)?;
            ["session.set_expiry(value)", "session.set_expiry(value)"]
        }
        b"touch" => {
            let times = session.get("touched")?.and_then(Value::as_u64);
            session.set("touched", times.unwrap_or(0).saturating_add(1))?;
            return Ok(visit.redirect(b"/session/"));
        }
        _ => return Ok(visit.refuse(FaultKind::NotFound, visit.head().target_at())),
    };
    shown(visit, session, title)
}

/// What `value=` says to `set_expiry`: `None`, seconds, or a date in one of HTTP's forms.
fn expiry(value: &str) -> Option<Expiry> {
    if value == "None" {
        return Some(Expiry::Default);
    }
    match value.parse() {
        Ok(0) => Some(Expiry::BrowserClose),
        Ok(seconds) => Some(Expiry::Seconds(seconds)),
        Err(_) => {
            let date = HttpDate::parse(value.as_bytes())?;
            let seconds = i64::try_from(date.seconds()).ok()?;
            Some(Expiry::At(Moment::from_seconds(seconds)))
        }
    }
}

/// 400 for a query in which something is missing or means nothing.
pub(super) fn refused(visit: &Visit<'_>, sentence: [&'static str; 2]) -> Reply {
    let at = visit.head().target_at();
    visit.refuse_saying(FaultKind::BadParameter, at, sentence)
}

const KEY: [&str; 2] = [
    "This page wants key=NAME in its query.",
    "这个页面的查询串里要有 key=名字。",
];

const VALUE: [&str; 2] = [
    "This page wants value=None, value=0, value=SECONDS or value=HTTP-DATE in its query (in lesson 36: seconds=).",
    "这个页面的查询串里要有 value=None、value=0、value=秒数 或 value=HTTP 日期（在第 36 课里写 seconds=）。",
];

/// Ends the session, and shows it.
fn shown(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
    title: [&'static str; 2],
) -> Result<Reply, SessionError> {
    let (accessed, modified) = (session.accessed(), session.modified());
    let answer = visit.finish(session)?;
    let expiry = session.expiry()?;
    let lines = Lines {
        engine: visit.stores.sessions.kind().name(),
        accessed,
        modified,
        age: expiry.age(visit.moment()),
        expiry,
        answer: &answer,
    };
    let items = session.items()?.clone();
    let (key, log) = (
        session.session_key(),
        visit.stores.sessions.shown(session.log()),
    );
    if visit.wants_json() {
        return Ok(Reply::json(&json!({
            "engine": lines.engine,
            "session_key": key,
            "accessed": accessed,
            "modified": modified,
            "saved": is_saved(&answer),
            "cookie": lines.cookie(),
            "vary": answer.vary,
            "expiry": expiry.value(),
            "expiry_age": lines.age,
            "items": items,
            "log": log.iter().map(entry).collect::<Vec<_>>(),
        })));
    }
    let mut page = visit.page(title);
    page = lines.table(page, key);
    if items.is_empty() {
        page = page.say("p", ["There is nothing in it.", "里面什么也没有。"]);
    } else {
        page = page.table(&[["key", "键"], ["value", "值"]]);
        for (name, value) in &items {
            page = page
                .markup("<tr><td><code>")
                .text(name)
                .markup("</code></td><td><code>")
                .text(value.to_string())
                .markup("</code></td></tr>\n");
        }
        page = page.markup("</tbody>\n</table>\n");
    }
    Ok(Reply::html(links(store_log(page, &log), &LINKS).finish()))
}

/// The store's log of this exchange.
pub(super) fn store_log(page: Page, log: &[Entry]) -> Page {
    let page = page.say("h2", ["What the store was asked", "存储做了哪些操作"]);
    if log.is_empty() {
        return page.say(
            "p",
            [
                "Nothing: no session was read or written.",
                "没有操作：这次没有读写会话。",
            ],
        );
    }
    let page = page.markup("<pre id=\"log\"><code>");
    let page = log
        .iter()
        .fold(page, |page, entry| page.text(format!("{entry}\n")));
    page.markup("</code></pre>\n")
}

/// Whether the session was written, which is when its cookie is sent.
pub(super) const fn is_saved(answer: &Answer) -> bool {
    matches!(answer.cookie, Cookie::Set { .. })
}

/// What can be done, and that a site should not do it like this.
pub(super) fn links(page: Page, links: &[&'static str]) -> Page {
    let entry = |page: Page, link: &&'static str| {
        page.markup("<li><a href=\"")
            .text(link)
            .markup("\"><code>")
            .path(link)
            .markup("</code></a></li>\n")
    };
    let page = links.iter().fold(page.markup("<ul>\n"), entry);
    page.markup("</ul>\n").say("p", GETS_CHANGE)
}

/// What every page says that changes something on a GET.
pub(super) const GETS_CHANGE: [&str; 2] = [
    "These links change the session by GET, so that a lesson can be typed. A site should not: a prefetch, \
     or an <img> on any other site, would do it too.",
    "为了方便练习，这些链接用 GET 改动会话。真实的网站不应该这样：一次预取，\
     或者任何别的网站上的一个 <img>，都能触发改动。",
];

/// The facts about a session, one a row.
struct Lines<'a> {
    engine: &'static str,
    accessed: bool,
    modified: bool,
    expiry: Expiry,
    age: i64,
    answer: &'a Answer,
}

impl Lines<'_> {
    const fn cookie(&self) -> &'static str {
        match self.answer.cookie {
            Cookie::Leave => "none",
            Cookie::Delete => "deleted",
            Cookie::Set { .. } => "set",
        }
    }

    fn setting(&self) -> String {
        match self.expiry {
            Expiry::Default => "None".to_owned(),
            Expiry::BrowserClose => "0".to_owned(),
            Expiry::Seconds(seconds) => seconds.to_string(),
            Expiry::At(moment) => moment.iso(),
        }
    }

    fn table(&self, page: Page, key: Option<&str>) -> Page {
        let rows = [
            (["engine", "引擎"], self.engine.to_owned()),
            (
                ["session_key", "session_key"],
                key.unwrap_or("None").to_owned(),
            ),
            (["accessed", "accessed（读过）"], python(self.accessed)),
            (["modified", "modified（改过）"], python(self.modified)),
            (["saved", "saved（已保存）"], python(is_saved(self.answer))),
            (
                ["Set-Cookie of this answer", "本次回答的 Set-Cookie"],
                self.cookie().to_owned(),
            ),
            (["set_expiry", "set_expiry"], self.setting()),
            (
                [
                    "ends so many seconds after its last save",
                    "最后一次保存之后多少秒过期",
                ],
                self.age.to_string(),
            ),
        ];
        let page = page.table(&[["what", "项目"], ["value", "值"]]);
        let row = |page: Page, (what, value): ([&'static str; 2], String)| {
            page.markup("<tr><td>")
                .say("span", what)
                .markup("</td><td><code>")
                .text(value)
                .markup("</code></td></tr>\n")
        };
        let page = rows.into_iter().fold(page, row);
        page.markup("</tbody>\n</table>\n")
    }
}

/// True and False as Python writes them.
pub(super) fn python(is_so: bool) -> String {
    if is_so { "True" } else { "False" }.to_owned()
}

/// An entry of the store's log as JSON.
fn entry(entry: &Entry) -> Value {
    json!({
        "store": entry.store.word(),
        "act": entry.act.word(),
        "name": entry.name,
        "said": match &entry.said {
            Said::Nothing => Value::Null,
            Said::Sql(sql) => (*sql).into(),
            Said::Resp(octets) => octets.escape_ascii().to_string().into(),
            Said::Path(path) => path.as_str().into(),
        },
    })
}

/// What can be done, as the page offers it.
const LINKS: [&str; 11] = [
    "/session/",
    "/session/set/?key=age&value=10",
    "/session/get/?key=age",
    "/session/del/?key=age",
    "/session/clear/",
    "/session/flush/",
    "/session/cycle/",
    "/session/expiry/?value=None",
    "/session/expiry/?value=0",
    "/session/expiry/?value=5",
    "/session/touch/",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_none_seconds_or_a_date() {
        let at = Moment::from_seconds(1_509_328_929);
        for (value, wanted) in [
            ("None", Some(Expiry::Default)),
            ("0", Some(Expiry::BrowserClose)),
            ("5", Some(Expiry::Seconds(5))),
            ("-5", Some(Expiry::Seconds(-5))),
            ("Mon, 30 Oct 2017 02:02:09 GMT", Some(Expiry::At(at))),
            ("Mon Oct 30 02:02:09 2017", Some(Expiry::At(at))),
            ("none", None),
            ("", None),
            ("5.5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(expiry(value), wanted, "{value}");
        }
    }
}
