//! `/cookiedemo/history/`: the browsing history in a cookie: newest first, no repeats, the last five.
//!
//! The cookie is the client's: it may come back as anything. What is not a list of goods is dropped, so
//! the next cookie is clean again.

use super::cookies;
use crate::app::page::Page;
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
                "The cookie named history keeps the last five, the newest first. It lives with the client, \
                 so it can be edited there: numbers are all that is believed of it.",
                "名为 history 的 cookie 记住最近五个，最新的在前。它存在客户端，可以被改动：\
                 服务器只相信其中的数字。",
            ],
        )
        .say("h2", ["Goods", "商品"])
        .markup("<p>");
    for number in 1..=6 {
        page = link(page, number).markup("\n");
    }
    page.markup("</p>\n").finish()
}

fn link(page: Page, number: u32) -> Page {
    let number = number.to_string();
    page.markup("<a href=\"/cookiedemo/history/")
        .text(&number)
        .markup("/\">")
        .text(&number)
        .markup("</a>")
}

#[cfg(test)]
mod tests {
    use crate::app::testing::{Answer, ask, settings, site_with};

    fn visit(goods: &str, cookie: &str) -> Answer {
        let target = format!("/cookiedemo/history/{goods}");
        let request = format!("GET {target} HTTP/1.0\r\nCookie: history={cookie}\r\n\r\n");
        ask(&site_with(settings(&[])), &request)
    }

    fn remembered(goods: &str, cookie: &str) -> String {
        let answer = visit(goods, cookie);
        let value = answer.field("Set-Cookie").strip_prefix("history=").unwrap();
        let value = value.strip_suffix("; Path=/cookiedemo/history/").unwrap();
        value.replace("\\054", ",").replace('"', "")
    }

    #[test]
    fn the_newest_is_first_without_repeats_and_five_are_kept() {
        assert_eq!(remembered("1/", ""), "1");
        assert_eq!(remembered("2/", "1"), "2,1");
        assert_eq!(remembered("1/", r#""2\0541""#), "1,2");
        assert_eq!(remembered("6/", r#""5\0544\0543\0542\0541""#), "6,5,4,3,2");
        assert_eq!(remembered("3/", r#""5\0544\0543\0542\0541""#), "3,5,4,2,1");
        assert_eq!(remembered("003/", "3,2"), "3,2");
        assert_eq!(remembered("999999/", "0"), "999999,0");
        let raw = visit("2/", "1");
        assert_eq!(
            raw.field("Set-Cookie"),
            r#"history="2\0541"; Path=/cookiedemo/history/"#
        );
    }

    #[test]
    fn a_tampered_cookie_is_cleaned() {
        assert_eq!(remembered("1/", "<b>,2,-3,4x,1234567,,+5, 6,7"), "1,2,7");
        assert_eq!(remembered("1/", &"9,".repeat(4000)), "1,9");
        assert_eq!(remembered("1/", "\"\\015\\012,2"), "1,2");
        let shown = visit("", "<b>,2,<script>");
        assert!(
            shown
                .body
                .contains("<ol>\n<li><a href=\"/cookiedemo/history/2/\">2</a></li>\n</ol>")
        );
        assert!(!shown.body.contains("<script>"));
        assert!(shown.fields("Set-Cookie").is_empty());
        assert!(
            visit("", "")
                .body
                .contains("Nothing has been looked at yet")
        );
    }

    #[test]
    fn goods_are_one_to_six_digits() {
        for goods in [
            "x/",
            "1234567/",
            "-1/",
            "%2b1/",
            "1.5/",
            "%EF%BC%91/",
            "1%00/",
        ] {
            let answer = visit(goods, "1");
            assert_eq!(answer.status(), "400", "{goods}");
            assert_eq!(answer.noticed, ["bad-parameter"]);
            assert!(answer.body.contains("1 to 6 digits"));
            assert!(answer.fields("Set-Cookie").is_empty());
        }
    }
}
