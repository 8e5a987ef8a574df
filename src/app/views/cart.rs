//! `/cart/`: a shopping cart in the session, and the notes' trap that loses an update before the learner's eyes.
//!
//! `session['cart']['101']['count'] += 1` changes a dictionary inside the session and tells nobody (`mode=nested`), so
//! nothing is saved. Setting the whole cart again (`reassign`) or saying it (`modified`) keeps the change. The page
//! shows this request's own copy, and beside it whether that was saved.

use serde_json::{Map, Value, json};

use super::session::{is_saved, links, python, refused, store_log};
use crate::app::{Reply, Visit};
use crate::sessions::{Session, SessionError};
use crate::wire::FaultKind;

/// The cart.
pub(in crate::app) fn cart(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    shown(visit, session, None)
}

/// `/cart/add/` and `/cart/remove/`: one more of these goods, or none of them.
pub(in crate::app) fn change(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
) -> Result<Reply, SessionError> {
    let goods = visit.parameter("goods").unwrap_or_default();
    let is_number = (1..=9).contains(&goods.len()) && goods.bytes().all(|c| c.is_ascii_digit());
    if !is_number {
        return Ok(refused(
            visit,
            [
                "This page wants goods=NUMBER in its query, of 1 to 9 digits, such as goods=101.",
                "这个页面的查询串里要有 goods=商品编号，1 到 9 位数字，例如 goods=101。",
            ],
        ));
    }
    let step = match visit.captures.named("act") {
        b"add" => {
            let named = visit.parameter("mode");
            let Some(mode) = Mode::named(named.as_deref().unwrap_or("reassign")) else {
                return Ok(refused(
                    visit,
                    [
                        "mode is nested, reassign or modified.",
                        "mode 只能是 nested、reassign 或 modified。",
                    ],
                ));
            };
            if !add(session, &goods, mode)? {
                return Ok(refused(
                    visit,
                    [
                        "A cart takes 100 different goods at most.",
                        "购物车最多放 100 种商品。",
                    ],
                ));
            }
            mode.code()
        }
        b"remove" => {
            remove(session, &goods)?;
            REMOVED
        }
        _ => return Ok(visit.refuse(FaultKind::NotFound, visit.head().target_at())),
    };
    shown(visit, session, Some(step))
}

/// How a cart is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Inside the dictionary only.
    Nested,
    /// And then the whole cart is put into the session again.
    Reassign,
    /// Inside the dictionary, and `session.modified = True`.
    Modified,
}

impl Mode {
    fn named(name: &str) -> Option<Self> {
        match name {
            "nested" => Some(Self::Nested),
            "reassign" => Some(Self::Reassign),
            "modified" => Some(Self::Modified),
            _ => None,
        }
    }

    /// The same in Python, once the goods are in the cart.
    const fn code(self) -> &'static str {
        match self {
            Self::Nested => "session['cart'][goods]['count'] += 1",
            Self::Reassign => {
                "cart = session['cart']\ncart[goods]['count'] += 1\nsession['cart'] = cart"
            }
            Self::Modified => "session['cart'][goods]['count'] += 1\nsession.modified = True",
        }
    }
}

const REMOVED: &str = "cart = session['cart']\ndel cart[goods]\nsession['cart'] = cart";

/// The notes' five steps; false when the cart is full. What is no cart, since somebody set it by hand, is made one.
fn add(session: &mut Session<'_>, goods: &str, mode: Mode) -> Result<bool, SessionError> {
    let has_cart = session.get(NAME)?.is_some_and(Value::is_object);
    if !has_cart {
        session.set(NAME, json!({}))?;
    }
    let Some(Value::Object(cart)) = session.get_mut(NAME)? else {
        return Ok(false);
    };
    if !cart.contains_key(goods) && cart.len() >= MOST_GOODS {
        return Ok(false);
    }
    let count = count(cart.get(goods)) + 1;
    cart.insert(
        goods.to_owned(),
        json!({ "goodsid": goods, "count": count }),
    );
    match mode {
        Mode::Nested => {}
        Mode::Reassign => {
            let whole = cart.clone();
            session.set(NAME, whole)?;
        }
        Mode::Modified => session.set_modified(true),
    }
    Ok(true)
}

fn remove(session: &mut Session<'_>, goods: &str) -> Result<(), SessionError> {
    let Some(Value::Object(cart)) = session.get_mut(NAME)? else {
        return Ok(());
    };
    if cart.shift_remove(goods).is_some() {
        let whole = cart.clone();
        session.set(NAME, whole)?;
    }
    Ok(())
}

/// How many of some goods there are.
fn count(line: Option<&Value>) -> u32 {
    let count = line.and_then(|line| line.get("count")?.as_u64());
    // One more must still fit.
    count.map_or(0, |count| u32::try_from(count).unwrap_or(0).min(999_999))
}

/// Ends the session, and shows this request's copy of the cart; `code` is what was done to it.
fn shown(
    visit: &Visit<'_>,
    session: &mut Session<'_>,
    code: Option<&'static str>,
) -> Result<Reply, SessionError> {
    let cart = match session.get(NAME)? {
        Some(Value::Object(cart)) => cart.clone(),
        _ => Map::new(),
    };
    let modified = session.modified();
    let saved = is_saved(&visit.finish(session)?);
    // The trap: something was done to what is shown, and nothing was kept of it.
    let is_lost = !saved && code.is_some_and(|code| code == Mode::Nested.code());
    if visit.wants_json() {
        return Ok(Reply::json(&json!({
            "cart": cart,
            "modified": modified,
            "saved": saved,
            "lost": is_lost,
        })));
    }
    let mut page = visit.page(["Cart", "购物车"]);
    if let Some(code) = code {
        page = page
            .markup("<pre><code>")
            .text(code)
            .markup("</code></pre>\n");
    }
    if cart.is_empty() {
        page = page.say("p", ["The cart is empty.", "购物车是空的。"]);
    } else {
        page = page.table(&[["goods", "商品"], ["how many", "数量"]]);
        for (goods, line) in &cart {
            page = page
                .markup("<tr><td><code>")
                .text(goods)
                .markup("</code></td><td class=\"count\">")
                .text(count(Some(line)).to_string())
                .markup("</td></tr>\n");
        }
        page = page.markup("</tbody>\n</table>\n");
    }
    page = page
        .markup("<p><code>session.modified = <span id=\"modified\">")
        .text(python(modified))
        .markup("</span></code>, ")
        .say("span", ["saved:", "已保存："])
        .markup("<code id=\"saved\">")
        .text(python(saved))
        .markup("</code></p>\n");
    if is_lost {
        page = page.say(
            "p",
            [
                "Look at the number, then ask for /cart/: it is what it was before. The dictionary inside the session \
                 was changed; the session itself was not, so nobody saved it.",
                "记住现在的数量，再打开 /cart/：又变回原来的数量了。改的是会话里面的那个字典，\
                 会话对象本身没有变，所以没有保存。",
            ],
        );
    }
    let log = visit.stores.sessions.shown(session.log());
    Ok(Reply::html(links(store_log(page, &log), &LINKS).finish()))
}

/// The key of the cart in the session.
const NAME: &str = "cart";

/// Different goods in a cart.
const MOST_GOODS: usize = 100;

/// What can be done, as the page offers it.
const LINKS: [&str; 5] = [
    "/cart/",
    "/cart/add/?goods=101&mode=nested",
    "/cart/add/?goods=101&mode=reassign",
    "/cart/add/?goods=101&mode=modified",
    "/cart/remove/?goods=101",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::app::Site;
    use crate::app::testing::{ask, settings, site_with};

    /// Asks as JSON, with the cookie of the first write.
    fn asked(site: &Site, cookie: &mut String, target: &str) -> Value {
        let join = if target.contains('?') { '&' } else { '?' };
        let answer = ask(
            site,
            &format!("GET {target}{join}format=json HTTP/1.0\r\n{cookie}\r\n"),
        );
        if let [set] = answer.fields("Set-Cookie")[..] {
            *cookie = format!("Cookie: {}\r\n", set.split(';').next().unwrap());
        }
        serde_json::from_str(&answer.body).unwrap()
    }

    #[test]
    fn what_is_kept_depends_on_how_it_was_said() {
        let (site, mut cookie) = (site_with(settings(&[])), String::new());
        let mut step = |target: &str| {
            let shown = asked(&site, &mut cookie, target);
            let kept = asked(&site, &mut cookie, "/cart/");
            let count = |answer: &Value| answer["cart"]["101"]["count"].clone();
            (count(&shown), shown["saved"] == json!(true), count(&kept))
        };
        let one = |n: u32| json!(n);
        // The first one is kept: the cart itself was put into the session.
        let add = |mode: &str| format!("/cart/add/?goods=101&mode={mode}");
        assert_eq!(step(&add("nested")), (one(1), true, one(1)));
        assert_eq!(step(&add("nested")), (one(2), false, one(1)));
        assert_eq!(step(&add("modified")), (one(2), true, one(2)));
        assert_eq!(step(&add("reassign")), (one(3), true, one(3)));
        assert_eq!(step("/cart/add/?goods=101"), (one(4), true, one(4)));
        let gone = (Value::Null, true, Value::Null);
        assert_eq!(step("/cart/remove/?goods=101"), gone);
        assert!(!step("/cart/remove/?goods=101").1);
    }

    #[test]
    fn a_cart_has_an_end() {
        let (site, mut cookie) = (site_with(settings(&[])), String::new());
        for goods in 0..super::MOST_GOODS {
            asked(&site, &mut cookie, &format!("/cart/add/?goods={goods}"));
        }
        let full = |goods: &str| {
            let request = format!("GET /cart/add/?goods={goods} HTTP/1.0\r\n{cookie}\r\n");
            ask(&site, &request)
        };
        assert_eq!(full("100").status(), "400");
        assert_eq!(full("99").status(), "200");
        for wrong in ["", "a", "-1", "1234567890", "%31%30%00"] {
            assert_eq!(full(wrong).status(), "400", "{wrong}");
        }
    }
}
