//! `/cookiedemo/`: the notes' three cookies go out, and what the client sent back is shown.
//!
//! A form's `name` and `age` take the place of the notes' own. The attributes never come back: a Cookie field
//! has names and values only.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::app::{Reply, Visit};
use crate::wire::{Cookie, Fault, FaultKind, RequestHead, SetCookie, Span, parse_cookies};

/// GET: what came back, and the three cookies. POST: the three cookies on the way to the GET.
pub(in crate::app) fn cookiedemo(visit: &Visit<'_>) -> Reply {
    let post = match visit.post() {
        Ok(post) => post,
        Err(fault) => return visit.refuse_fault(fault),
    };
    let [age, name] = [&b"age"[..], b"name"].map(|field| post.get(field));
    if [age, name]
        .into_iter()
        .flatten()
        .any(|value| value.len() > MOST_VALUE)
    {
        return visit.refuse_saying(
            FaultKind::BadParameter,
            Span::at(visit.head().bytes().len()),
            [
                "A value has 1,024 bytes at most here: clients drop a cookie of more than 4,096, and quoted a byte \
                 may become four.",
                "这里的值最多 1024 字节：超过 4096 字节的 cookie 会被客户端丢弃，而一个字节加引号转义后可能变成四个。",
            ],
        );
    }
    let mut reply = if visit.head().is_method(b"POST") {
        visit.redirect(b"/cookiedemo/")
    } else {
        Reply::html(page(visit))
    };
    // A value is quoted, so that it cannot leave its field; the tests see all three.
    reply.cookies = three(age.unwrap_or(b"10"), name.unwrap_or(b"django")).unwrap_or_default();
    reply
}

/// Bytes of a cookie's value.
const MOST_VALUE: usize = 1_024;

/// The request's Cookie field. Two of them are joined by a comma, as Python's WSGI does with any field,
/// which makes the second one part of the first one's last value.
pub(in crate::app) fn field(head: &RequestHead) -> Cow<'_, [u8]> {
    let mut joined = Cow::Borrowed(&b""[..]);
    for (index, field) in head.fields_named(b"Cookie").enumerate() {
        if index == 0 {
            joined = field.value;
        } else {
            let joined = joined.to_mut();
            joined.push(b',');
            joined.extend_from_slice(&field.value);
        }
    }
    joined
}

/// The notes' cookies, in the notes' order.
fn three(age: &[u8], name: &[u8]) -> Result<Vec<SetCookie>, Fault> {
    Ok(vec![
        SetCookie::new(b"age", age)?.path(b"/")?,
        SetCookie::new(b"name", name)?.max_age(600).path(b"/")?,
        SetCookie::new(b"sex", "男".as_bytes())?.path(b"/cookiedemo/")?,
    ])
}

fn page(visit: &Visit<'_>) -> String {
    let field = field(visit.head());
    let cookies = parse_cookies(&field);
    let page = visit.page(["Cookies, out and back", "cookie 的一去一回"]);
    let page = if cookies.is_empty() {
        page.say(
            "p",
            [
                "No cookie came with this request. Three were set by its answer: ask again.",
                "这个请求没有带来 cookie。它的回答设置了三个：请再请求一次。",
            ],
        )
    } else {
        let mut page = page.table(&[
            ["name", "名字"],
            ["value, decoded", "解码后的值"],
            ["bytes on the wire", "线上的字节"],
        ]);
        for (index, cookie) in cookies.iter().enumerate() {
            let is_lost = is_overwritten(cookie, cookies.get(index + 1..).unwrap_or_default());
            let raw = as_on_the_wire(cookie.value_at.of(&field));
            page = page
                .markup(if is_lost {
                    "<tr class=\"lost\"><td><code>"
                } else {
                    "<tr><td><code>"
                })
                .text(&cookie.name)
                .markup("</code></td><td>")
                .text(&cookie.value)
                .markup("</td><td><code>")
                .text(raw)
                .markup("</code></td></tr>\n");
        }
        page.markup("</tbody>\n</table>\n").say(
            "p",
            [
                "Of equal names the last one counts, as in Django; the others are struck out. \
                 Path, Max-Age and expires stay with the client.",
                "同名的以最后一个为准（与 Django 相同），其余的划掉。\
                 Path、Max-Age、expires 留在客户端，不会发回来。",
            ],
        )
    };
    page.markup("<form method=\"post\" action=\"/cookiedemo/\">\n<p><button type=\"submit\">")
        .say("span", ["Set them by POST and 302", "用 POST 和 302 设置"])
        .markup("</button></p>\n</form>\n")
        .finish()
}

fn is_overwritten(cookie: &Cookie, later: &[Cookie]) -> bool {
    later.iter().any(|other| other.name == cookie.name)
}

/// Printable ASCII as it is, so that a cookie's own backslashes are not doubled; other bytes as `\xHH`.
pub(super) fn as_on_the_wire(octets: &[u8]) -> String {
    let mut shown = String::new();
    for &octet in octets {
        if matches!(octet, b' '..=b'~') {
            shown.push(char::from(octet));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{octet:02x}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use crate::app::testing::{Answer, ask, ask_at, settings, site_with};
    use crate::wire::HttpDate;

    fn with_cookie(fields: &str) -> Answer {
        let request = format!("GET /cookiedemo/ HTTP/1.0\r\n{fields}\r\n");
        ask(&site_with(settings(&[])), &request)
    }

    #[test]
    fn the_notes_cookies_are_set_by_get_and_by_post() {
        let now = HttpDate::parse(b"Tue, 31 Oct 2017 01:16:37 GMT").unwrap();
        let site = site_with(settings(&[]));
        for (method, status) in [("GET", "200"), ("POST", "302")] {
            let request = format!("{method} /cookiedemo/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
            let answer = ask_at(&site, &request, now);
            assert_eq!(answer.status(), status);
            assert!(answer.fields("Vary").is_empty());
            assert_eq!(
                answer.fields("Set-Cookie"),
                [
                    "age=10; Path=/",
                    "name=django; expires=Tue, 31-Oct-2017 01:26:37 GMT; Max-Age=600; Path=/",
                    r#"sex="\347\224\267"; Path=/cookiedemo/"#,
                ]
            );
            let last_lines = "Path=/cookiedemo/\r\n\r\n";
            assert!(answer.head.ends_with(last_lines), "Set-Cookie comes last");
        }
    }

    #[test]
    fn a_form_takes_the_place_of_the_notes_values() {
        let form = "name=%E7%94%B7%0d%0aX:1&age=7";
        let request = format!(
            "POST /cookiedemo/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let answer = ask(&site_with(settings(&[])), &request);
        let cookies = answer.fields("Set-Cookie");
        assert_eq!(cookies[0], "age=7; Path=/");
        assert!(
            cookies[1].starts_with(r#"name="\347\224\267\015\012X:1"; "#),
            "{}",
            cookies[1]
        );
        let long = format!("name={}", "x".repeat(1025));
        let request = format!(
            "POST /cookiedemo/ HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{long}",
            long.len()
        );
        assert_eq!(ask(&site_with(settings(&[])), &request).status(), "400");
    }

    #[test]
    fn what_came_back_is_shown_decoded_and_as_it_came() {
        let answer = with_cookie("Cookie: sex=\"\\347\\224\\267\"; age=10; name=django\r\n");
        let row = "<tr><td><code>sex</code></td><td>男</td>\
                   <td><code>&quot;\\347\\224\\267&quot;</code></td></tr>";
        assert!(answer.body.contains(row), "{}", answer.body);
        assert!(answer.body.contains("<td>django</td>"));
        assert!(with_cookie("").body.contains("No cookie came"));
    }

    #[test]
    fn of_equal_names_the_last_one_stays() {
        let body = with_cookie("Cookie: a=1; a=2\r\n").body;
        assert!(body.contains("<tr class=\"lost\"><td><code>a</code></td><td>1</td>"));
        assert!(body.contains("<tr><td><code>a</code></td><td>2</td>"));
    }

    #[test]
    fn two_fields_are_joined_as_wsgi_joins_them() {
        let body = with_cookie("Cookie: a=1\r\nCookie: b=2\r\n").body;
        assert!(body.contains("<td><code>a</code></td><td>1,b=2</td>"));
    }

    #[test]
    fn no_cookie_becomes_markup() {
        let body = with_cookie("Cookie: <b>=<script>; x=\"\\074i\\076\\000\"; y=男\r\n").body;
        assert!(body.contains("<td>&lt;i&gt;\u{FFFD}</td>"));
        assert!(body.contains("<code>\\xe7\\x94\\xb7</code>"));
        assert!(!body.contains("<script>") && !body.contains("<b>") && !body.contains("<i>"));
    }
}
