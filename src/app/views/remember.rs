//! `/remember/`: the notes' demo, 记住浏览器发送的所有的信息: what the browser sent with each visit, kept in the session.
//!
//! Bounded in every direction: the last five visits, twenty pairs of each kind, a hundred characters of each text.
//! What a form calls a password is not kept, and the session's own cookie neither: it would hold itself.

use serde_json::{Map, Value, json};

use super::cookies;
use super::session::GETS_CHANGE;
use crate::app::page::Page;
use crate::app::post::Post;
use crate::app::{Reply, Visit};
use crate::sessions::{Session, SessionError};
use crate::wire::{QueryDict, parse_cookies};

/// Remembers this visit, and shows all that are remembered, the newest first.
pub(in crate::app) fn remember(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    let (query, post) = match (visit.get(), visit.post()) {
        (Ok(query), Ok(post)) => (query, post),
        (Err(fault), _) | (_, Err(fault)) => return Ok(visit.refuse_fault(fault)),
    };
    let head = visit.head();
    let agent = head.field(b"User-Agent").unwrap_or_default();
    let now = json!({
        "method": short(&String::from_utf8_lossy(head.method())),
        "path": short(&String::from_utf8_lossy(head.path())),
        "GET": pairs(texts(visit, &query)),
        "POST": pairs(match &post {
            Post::None => Vec::new(),
            Post::Urlencoded(form) => texts(visit, form),
            Post::Multipart(form) => form
                .fields()
                .map(|(part, value)| (lossy(part.head.name()), lossy(value)))
                .collect(),
        }),
        "COOKIES": pairs(sent_cookies(visit)),
        "User-Agent": short(&lossy(&agent)),
    });
    let before = session.get(NAME)?.and_then(Value::as_array);
    let mut visits = vec![now];
    visits.extend(before.into_iter().flatten().take(MOST_VISITS - 1).cloned());
    session.set(NAME, visits.clone())?;
    if visit.wants_json() {
        return Ok(Reply::json(&json!({ NAME: visits })));
    }
    let page = visit
        .page(["What you sent", "你发送过的信息"])
        .say(
            "p",
            [
                "The last five visits with this session's cookie, the newest first. Without the cookie nobody here \
                 knows you.",
                "带着这个会话 cookie 的最近五次访问，新的在前。没有这个 cookie，服务器就不认识你。",
            ],
        );
    let page = visits.iter().fold(page, section);
    Ok(Reply::html(
        page.markup("<form method=\"post\" action=\"/remember/\">\n<p><label for=\"note\">")
            .say("span", ["A note", "留言"])
            .markup("</label>\n<input id=\"note\" name=\"note\"></p>\n<p><button type=\"submit\">")
            .say("span", ["Remember", "记住"])
            .markup("</button></p>\n</form>\n")
            .say("p", GETS_CHANGE)
            .finish(),
    ))
}

fn section(page: Page, visit: &Value) -> Page {
    let mut page = page
        .markup("<section>\n<h2><code>")
        .text(format!("{} {}", word(visit, "method"), word(visit, "path")))
        .markup("</code></h2>\n")
        .table(&[["what", "项目"], ["value", "值"]]);
    let one = (
        "User-Agent".to_owned(),
        word(visit, "User-Agent").to_owned(),
    );
    let mut rows = vec![one];
    for kind in ["GET", "POST", "COOKIES"] {
        let pairs = visit.get(kind).and_then(Value::as_object);
        for (name, value) in pairs.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            rows.push((format!("{kind}['{name}']"), value));
        }
    }
    for (what, value) in rows {
        page = page
            .markup("<tr><td><code>")
            .text(what)
            .markup("</code></td><td><code>")
            .text(value)
            .markup("</code></td></tr>\n");
    }
    page.markup("</tbody>\n</table>\n</section>\n")
}

fn word<'v>(visit: &'v Value, name: &str) -> &'v str {
    visit.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn texts(visit: &Visit<'_>, dict: &QueryDict<'_>) -> Vec<(String, String)> {
    let fields = dict.fields().iter();
    fields
        .map(|field| {
            let value = field.value_text(visit.settings.edition).into_owned();
            (lossy(&field.name), value)
        })
        .collect()
}

fn sent_cookies(visit: &Visit<'_>) -> Vec<(String, String)> {
    let own = visit.settings.session_cookie.as_bytes();
    let cookies = parse_cookies(&cookies::field(visit.head()));
    let others = cookies.iter().filter(|cookie| cookie.name != own);
    others
        .map(|cookie| (lossy(&cookie.name), lossy(&cookie.value)))
        .collect()
}

/// As much of these as is kept; of equal names the last.
fn pairs(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let kept = pairs.into_iter().take(MOST_PAIRS);
    kept.map(|(name, value)| {
        let is_secret = name.to_ascii_lowercase().contains("password");
        let value = if is_secret {
            "***".to_owned()
        } else {
            short(&value)
        };
        (short(&name), Value::String(value))
    })
    .collect()
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn short(text: &str) -> String {
    text.chars().take(MOST_TEXT).collect()
}

/// The key in the session.
const NAME: &str = "visits";

const MOST_VISITS: usize = 5;
const MOST_PAIRS: usize = 20;

/// Characters.
const MOST_TEXT: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::app::testing::{ask, settings, site_with};

    #[test]
    fn what_is_remembered_is_bounded_and_no_secret() {
        let site = site_with(settings(&[]));
        let query: String = (0..30)
            .map(|n| format!("k{n}={}&", "男".repeat(20)))
            .collect();
        let mut cookie = String::new();
        for _ in 0..8 {
            let request = format!(
                "GET /remember/?{query}format=json HTTP/1.0\r\nUser-Agent: {}\r\n{cookie}\r\n",
                "x".repeat(500)
            );
            let answer = ask(&site, &request);
            let set = answer.field("Set-Cookie").split(';').next().unwrap();
            cookie = format!("Cookie: {set}; other=1\r\n");
            assert!(answer.body.len() < 30_000);
        }
        let form = "Password=x&note=hello";
        let request = format!(
            "POST /remember/?format=json HTTP/1.0\r\n{cookie}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let body = ask(&site, &request).body;
        let document: Value = serde_json::from_str(&body).unwrap();
        let visits = document["visits"].as_array().unwrap();
        assert_eq!(visits.len(), super::MOST_VISITS);
        assert_eq!(visits[0]["POST"]["Password"], "***");
        assert_eq!(visits[0]["POST"]["note"], "hello");
        // The session's own cookie would hold itself in the engine signed_cookies.
        assert_eq!(visits[0]["COOKIES"].as_object().unwrap().len(), 1);
        assert_eq!(
            visits[1]["GET"].as_object().unwrap().len(),
            super::MOST_PAIRS
        );
        let agent = visits[1]["User-Agent"].as_str().unwrap();
        assert_eq!(agent.len(), super::MOST_TEXT);
    }
}
