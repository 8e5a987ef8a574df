//! `/cookiedemo/history/`: the browsing history in a cookie: newest first, no repeats, the last five.
//!
//! The cookie is the client's: it may come back as anything. What is not a list of goods is dropped, so
//! the next cookie is clean again.

use super::cookies;
use crate::app::{Reply, Visit};
use crate::wire::{FaultKind, SetCookie, cookie, parse_cookies};

/// What the client has looked at, as far as its cookie says.
pub(in crate::app) fn history(visit: &Visit<'_>) -> Reply {
    Reply::html(page(visit, &remembered(visit)))
}

/// Looks at goods, which puts them in front.
pub(in crate::app) fn goods(visit: &Visit<'_>) -> Reply {
    let Some(number) = goods_number(visit.captures.named("goods")) else {
        return visit.refuse_saying(
            FaultKind::BadParameter,
            visit.head().target_at(),
            [
                "Goods have a number of 1 to 6 digits.",
                "商品编号是 1 到 6 位数字。",
            ],
        );
    };
    let mut goods = vec![number];
    goods.extend(remembered(visit).into_iter().filter(|&old| old != number));
    goods.truncate(REMEMBERED);
    let list: Vec<_> = goods.iter().map(u32::to_string).collect();
    let mut reply = Reply::html(page(visit, &goods));
    reply.cookies = SetCookie::new(b"history", list.join(",").as_bytes())
        .and_then(|cookie| cookie.path(b"/cookiedemo/history/"))
        .into_iter()
        .collect();
    reply
}

/// How many goods a history has at most.
const REMEMBERED: usize = 5;

/// The goods of the request's cookie, newest first; what is no goods number is dropped.
fn remembered(visit: &Visit<'_>) -> Vec<u32> {
    let cookies = parse_cookies(&cookies::field(visit.head()));
    let list = cookie(&cookies, b"history").unwrap_or_default();
    let mut goods = Vec::new();
    for number in list.split(|&octet| octet == b',').filter_map(goods_number) {
        if goods.len() < REMEMBERED && !goods.contains(&number) {
            goods.push(number);
        }
    }
    goods
}

/// 1 to 6 digits.
fn goods_number(text: &[u8]) -> Option<u32> {
    let is_number = matches!(text.len(), 1..=6) && text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| is_number)?;
    text.parse().ok()
}

fn page(visit: &Visit<'_>, goods: &[u32]) -> String {
    let mut page = visit.page(["Browsing history", "浏览记录"]);
    if goods.is_empty() {
        page = page.say("p", ["Nothing has been looked at yet.", "还没有看过商品。"]);
    } else {
        page = page.markup("<ol>\n");
        for number in goods {
            page = link(page.markup("<li>"), *number).markup("</li>\n");
        }
        page = page.markup("</ol>\n");
    }
    page = page
        .say(
            "p",
            [
                "The cookie `history` keeps the last five, the newest first. It lives with the client, \
                 so it can be edited there: numbers are all that is believed of it.",
                "名为 history 的 cookie 记住最近五个，最新的在前。它存在客户端，可以被改动：\
                 服务器只相信其中的数字。",
            ],
        )
        .markup("<p>");
    for number in 1..=6 {
        page = link(page, number).markup("\n");
    }
    page.markup("</p>\n").finish()
}

fn link(page: crate::app::page::Page, number: u32) -> crate::app::page::Page {
    let number = number.to_string();
    page.markup("<a href=\"/cookiedemo/history/")
        .text(&number)
        .markup("/\">")
        .text(&number)
        .markup("</a>")
}
