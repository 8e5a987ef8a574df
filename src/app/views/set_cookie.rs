//! `/set_cookie`: a Set-Cookie line made from the query, one parameter an attribute, and each attribute
//! explained.
//!
//! The names are those of Django's `set_cookie`: `key`, `value`, `max_age`, `expires`, `path`, `domain`,
//! `secure`, `httponly`, `samesite`; `delete` makes it `delete_cookie`. Of equal names the last one counts.
//! Left empty, `path=` leaves the attribute out, which is `/` otherwise; a switch is on; and any other
//! parameter is as good as none. What a parameter says is either taken or refused with a caret under it; nothing is guessed,
//! and an unknown name is refused too, since it is most often a slip.

use crate::app::{Reply, Visit};
use crate::wire::{
    Fault, FaultKind, FormField, HttpDate, Lang, QueryDict, SameSite, SetCookie, Span,
};

/// The cookie, the line that sets it, and what each of its attributes means.
pub(in crate::app) fn set_cookie(visit: &Visit<'_>) -> Reply {
    let parameters = match Parameters::of(visit) {
        Ok(parameters) => parameters,
        Err(fault) => return visit.refuse_fault(fault),
    };
    match parse(&parameters) {
        Err((at, sentence)) => visit.refuse_saying(FaultKind::BadParameter, at, sentence),
        Ok(order) => {
            let mut reply = Reply::text(explain(visit, &order));
            reply.cookies.push(order.cookie);
            reply
        }
    }
}

/// A cookie, and what to say about it.
struct Order {
    cookie: SetCookie,
    sentences: Vec<[&'static str; 2]>,
}

/// What is wrong where, in English and Chinese.
type Refusal = (Span, [&'static str; 2]);

struct Parameters<'a> {
    all: QueryDict<'a>,
    /// The query, or the target when there is none.
    at: Span,
}

impl<'a> Parameters<'a> {
    fn of(visit: &'a Visit<'_>) -> Result<Self, Fault> {
        let at = visit.head().query_at();
        let all = visit.get()?;
        Ok(Self { all, at })
    }

    fn named(&self, name: &str) -> Option<&FormField<'a>> {
        self.all.field(name.as_bytes())
    }

    /// The same; an empty value is as good as none.
    fn filled(&self, name: &str) -> Option<&FormField<'a>> {
        self.named(name)
            .filter(|parameter| !parameter.value.is_empty())
    }

    fn switch(&self, name: &str) -> Result<bool, Refusal> {
        match self
            .named(name)
            .map(|parameter| (&*parameter.value, parameter.at()))
        {
            None | Some((b"0" | b"false" | b"off", _)) => Ok(false),
            Some((b"" | b"1" | b"true" | b"on", _)) => Ok(true),
            Some((_, at)) => Err((
                at,
                [
                    "A switch is on with 1, true, on or nothing, and off with 0, false or off.",
                    "开关参数：1、true、on 或空表示开，0、false、off 表示关。",
                ],
            )),
        }
    }
}

fn parse(parameters: &Parameters<'_>) -> Result<Order, Refusal> {
    let is_unknown = |parameter: &&FormField<'_>| !NAMES.contains(&&*parameter.name);
    if let Some(unknown) = parameters.all.fields().iter().find(is_unknown) {
        return Err((unknown.at(), KNOWN));
    }
    let key = parameters.filled("key").ok_or((parameters.at, NAMELESS))?;
    let domain = parameters.filled("domain");
    let path = parameters.named("path");
    let path_text = path.map_or(&b"/"[..], |path| &path.value);
    // What follows is read for a deletion too, which has no use for it, so that a slip shows.
    let value = parameters.named("value").map_or(&b""[..], |it| &it.value);
    let max_age = parameters.filled("max_age").map(seconds).transpose()?;
    let expires = parameters.filled("expires").map(date).transpose()?;
    let same_site = parameters.filled("samesite").map(same_site).transpose()?;
    let http_only = parameters.switch("httponly")?;
    let secure = parameters.switch("secure")?;
    let is_deletion = parameters.switch("delete")?;

    let made = if is_deletion {
        SetCookie::delete(&key.value, b"", b"")
    } else {
        SetCookie::new(&key.value, value)
    };
    let mut cookie = made.map_err(|_| (key.at(), NOT_A_TOKEN))?;
    if let Some(domain) = domain {
        cookie = cookie
            .domain(&domain.value)
            .map_err(|_| (domain.at(), NOT_TEXT))?;
    }
    let path_at = path.map_or(parameters.at, |path| path.at());
    cookie = cookie.path(path_text).map_err(|_| (path_at, NOT_TEXT))?;
    let about_domain = domain.map_or(NO_DOMAIN, |_| DOMAIN);
    let about_path = match path_text {
        b"/" => PATH_ALL,
        b"" => NO_PATH,
        [b'/', ..] => PATH,
        _ => PATH_WITHOUT_SLASH,
    };
    if is_deletion {
        return Ok(Order {
            cookie,
            sentences: vec![DELETE, about_domain, about_path],
        });
    }

    // The sentences stand in the order of the attributes.
    let mut sentences = vec![VALUE, about_domain];
    if let Some(expires) = expires {
        cookie = cookie
            .expires_text(&expires.value)
            .map_err(|_| (expires.at(), NOT_TEXT))?;
    }
    if let Some(seconds) = max_age {
        cookie = cookie.max_age(seconds);
    }
    sentences.push(match (max_age, expires) {
        (Some(..=0), _) => MAX_AGE_OVER,
        (Some(_), None) => MAX_AGE,
        (Some(_), Some(_)) => MAX_AGE_WINS,
        (None, Some(_)) => EXPIRES,
        (None, None) => NO_LIFETIME,
    });
    if http_only {
        cookie = cookie.http_only();
        sentences.push(HTTP_ONLY);
    }
    sentences.push(about_path);
    if let Some(same_site) = same_site {
        cookie = cookie.same_site(same_site);
        sentences.push(match same_site {
            SameSite::Strict => STRICT,
            SameSite::Lax => LAX,
            SameSite::None => SAME_SITE_NONE,
        });
    }
    if secure {
        cookie = cookie.secure();
        sentences.push(SECURE);
    }
    Ok(Order { cookie, sentences })
}

fn seconds(parameter: &FormField<'_>) -> Result<i64, Refusal> {
    let text = str::from_utf8(&parameter.value).ok();
    // `parse` would take a plus sign, which a browser does not.
    let text = text.filter(|text| !text.starts_with('+'));
    text.and_then(|text| text.parse().ok()).ok_or((
        parameter.at(),
        [
            "max_age is a whole number of seconds; 0 and less end the cookie.",
            "max_age 是整数秒；0 和负数让 cookie 立即失效。",
        ],
    ))
}

/// The parameter as it is, if it is a date as HTTP or as a cookie writes it.
fn date<'a, 'b>(parameter: &'a FormField<'b>) -> Result<&'a FormField<'b>, Refusal> {
    let mut http_date = parameter.value.to_vec();
    // A cookie's date has hyphens where an HTTP-date has blanks: `Tue, 31-Oct-2017 01:26:37 GMT`.
    if let [
        _,
        _,
        _,
        b',',
        b' ',
        _,
        _,
        before @ b'-',
        _,
        _,
        _,
        after @ b'-',
        ..,
    ] = &mut *http_date
    {
        (*before, *after) = (b' ', b' ');
    }
    let read = HttpDate::parse(&parameter.value).or_else(|| HttpDate::parse(&http_date));
    read.map(|_| parameter).ok_or((
        parameter.at(),
        [
            "expires is a date such as Tue, 31-Oct-2017 01:26:37 GMT.",
            "expires 是一个日期，例如 Tue, 31-Oct-2017 01:26:37 GMT。",
        ],
    ))
}

fn same_site(parameter: &FormField<'_>) -> Result<SameSite, Refusal> {
    let all = [SameSite::Strict, SameSite::Lax, SameSite::None];
    let is_it = |it: &SameSite| it.name().as_bytes().eq_ignore_ascii_case(&parameter.value);
    all.into_iter().find(is_it).ok_or((
        parameter.at(),
        [
            "samesite is Strict, Lax or None.",
            "samesite 是 Strict、Lax 或 None。",
        ],
    ))
}

fn explain(visit: &Visit<'_>, order: &Order) -> String {
    let mut line = b"Set-Cookie: ".to_vec();
    let cookie = visit.mount.own().cookie(order.cookie.clone());
    cookie.encode(visit.settings.edition, visit.now, &mut line);
    // A cookie is written in printable ASCII.
    let mut text = String::from_utf8_lossy(&line).into_owned();
    text.push('\n');
    let indices = match visit.settings.lang {
        Lang::En => [0, 1],
        Lang::Zh => [1, 0],
    };
    for sentence in &order.sentences {
        text.push('\n');
        for index in indices {
            text.push_str(sentence.get(index).unwrap_or(&""));
            text.push('\n');
        }
    }
    text
}

const NAMES: &[&[u8]] = &[
    b"key",
    b"value",
    b"max_age",
    b"expires",
    b"path",
    b"domain",
    b"secure",
    b"httponly",
    b"samesite",
    b"delete",
];

const KNOWN: [&str; 2] = [
    "The parameters are key, value, max_age, expires, path, domain, secure, httponly, samesite, delete.",
    "参数有 key、value、max_age、expires、path、domain、secure、httponly、samesite、delete。",
];
const NAMELESS: [&str; 2] = ["A cookie needs a name: key=...", "cookie 要有名字：key=..."];
const NOT_A_TOKEN: [&str; 2] = [
    "A cookie's name is a token: letters, digits and !#$%&'*+-.^_`|~ only.",
    "cookie 的名字是一个 token：只能有字母、数字和 !#$%&'*+-.^_`|~。",
];
const NOT_TEXT: [&str; 2] = [
    "An attribute's value is printable ASCII without a semicolon, which would start the next attribute.",
    "属性的值只能是可打印的 ASCII，不能有分号：分号会开始下一个属性。",
];

const VALUE: [&str; 2] = [
    "name=value: the only part that ever comes back. A value that is no token is put in quotes, its commas, semicolons and bytes above 126 as \\ooo, as Python does.",
    "name=value：只有这一部分会被发回来。值如果不是 token 就加引号，其中的逗号、分号和大于 126 的字节写成 \\ooo，与 Python 相同。",
];
const DELETE: [&str; 2] = [
    "There is no message for deleting: this is an empty cookie that ended in 1970. It replaces one of the same name, Path and Domain only; the other parameters are not used.",
    "没有“删除”这种消息：这是一个 1970 年就过期的空 cookie。它只替换名字、Path、Domain 都相同的那一个；其他参数用不到。",
];
const DOMAIN: [&str; 2] = [
    "Domain: sent to this host and to the hosts below it; a browser refuses a domain that does not cover the host that set it.",
    "Domain：发给这个主机和它下面的主机；如果它不包括设置 cookie 的主机，浏览器会拒绝。",
];
const NO_DOMAIN: [&str; 2] = [
    "No Domain: sent to this very host only.",
    "没有 Domain：只发给这一个主机。",
];
const MAX_AGE: [&str; 2] = [
    "Max-Age: the cookie lives this many seconds; expires says the same as a date, for browsers that knew only that.",
    "Max-Age：cookie 存活的秒数；expires 用日期表示同一时刻，给只认识它的浏览器。",
];
const MAX_AGE_WINS: [&str; 2] = [
    "Max-Age: the cookie lives this many seconds; it wins over expires, which is sent as you gave it.",
    "Max-Age：cookie 存活的秒数；它优先于 expires，后者按你给的原样发送。",
];
const MAX_AGE_OVER: [&str; 2] = [
    "Max-Age of 0 or less: the cookie ends at once, which is how one is deleted.",
    "Max-Age 为 0 或负数：cookie 立即失效，删除就是这样做的。",
];
const EXPIRES: [&str; 2] = [
    "expires: the cookie lives until this date by the client's clock; a date that has passed ends it at once.",
    "expires：按客户端的时钟，cookie 活到这个日期；已经过去的日期让它立即失效。",
];
const NO_LIFETIME: [&str; 2] = [
    "Neither Max-Age nor expires: it ends when the browser is closed.",
    "没有 Max-Age 和 expires：浏览器关闭时失效。",
];
const HTTP_ONLY: [&str; 2] = [
    "HttpOnly: scripts in a page cannot read it; it is sent all the same.",
    "HttpOnly：页面里的脚本读不到它；照样会发送。",
];
const PATH_ALL: [&str; 2] = [
    "Path=/: sent with requests for every path of the host.",
    "Path=/：请求这个主机的任何路径都会带上。",
];
const PATH: [&str; 2] = [
    "Path: sent with requests for this path and for what lies below it; /user covers /user/x but not /username.",
    "Path：请求这个路径和它下面的路径时带上；/user 包括 /user/x，但不包括 /username。",
];
const PATH_WITHOUT_SLASH: [&str; 2] = [
    "Path does not start with a slash, so browsers ignore it and take the folder of this page.",
    "Path 没有以斜杠开头，所以浏览器忽略它，改用这个页面所在的目录。",
];
const NO_PATH: [&str; 2] = [
    "No Path: sent for the folder of the page that set it, which is / here.",
    "没有 Path：对设置它的页面所在的目录有效，这里是 /。",
];
const STRICT: [&str; 2] = [
    "SameSite=Strict: never sent with a request that another site caused.",
    "SameSite=Strict：由别的网站引起的请求都不带它。",
];
const LAX: [&str; 2] = [
    "SameSite=Lax: from another site, sent only when a link is followed.",
    "SameSite=Lax：从别的网站来时，只有点链接才带上。",
];
const SAME_SITE_NONE: [&str; 2] = [
    "SameSite=None: sent with requests from any site; browsers demand Secure beside it.",
    "SameSite=None：任何网站引起的请求都带上；浏览器要求同时有 Secure。",
];
const SECURE: [&str; 2] = [
    "Secure: sent over TLS only. This server has none, but browsers make an exception for localhost.",
    "Secure：只通过 TLS 发送。这个服务器没有 TLS，但浏览器对 localhost 破例。",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Settings;
    use crate::app::testing::{ask, get, settings, site_with};
    use crate::wire::Edition;

    /// The line that a query makes.
    fn line(query: &str) -> String {
        let answer = get(&format!("/set_cookie?{query}"));
        assert_eq!(answer.status(), "200", "{query}: {}", answer.body);
        let line = answer.field("Set-Cookie").to_owned();
        assert!(answer.body.starts_with(&format!("Set-Cookie: {line}\n\n")));
        line
    }

    /// The bytes above the carets of a refusal.
    fn guilty(query: &str) -> String {
        let answer = get(&format!("/set_cookie{query}"));
        assert_eq!(answer.status(), "400", "{query}");
        assert_eq!(answer.noticed, ["bad-parameter"]);
        assert!(answer.fields("Set-Cookie").is_empty());
        let lines: Vec<_> = answer.body.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.trim_start().starts_with('^'))
            .unwrap();
        let carets = lines[at];
        let start = carets.len() - carets.trim_start().len();
        lines[at - 1][start..carets.len()].to_owned()
    }

    #[test]
    fn each_parameter_is_an_attribute() {
        for (query, wanted) in [
            ("key=k", "k=; Path=/"),
            ("key=k&value=v", "k=v; Path=/"),
            ("key=k&value=a+b%3B", "k=\"a b\\073\"; Path=/"),
            ("key=k&value=%E7%94%B7", "k=\"\\347\\224\\267\"; Path=/"),
            ("key=k&path=", "k="),
            ("key=k&path=/user", "k=; Path=/user"),
            ("key=k&domain=.shop.test", "k=; Domain=.shop.test; Path=/"),
            ("key=k&secure", "k=; Path=/; secure"),
            ("key=k&httponly=on", "k=; httponly; Path=/"),
            ("key=k&secure=0&httponly=off", "k=; Path=/"),
            ("key=k&samesite=lax", "k=; Path=/; SameSite=Lax"),
            (
                "key=k&samesite=None;secure=1",
                "k=; Path=/; SameSite=None; secure",
            ),
            (
                "key=k&max_age=600",
                "k=; expires=Mon, 30-Oct-2017 02:12:09 GMT; Max-Age=600; Path=/",
            ),
            (
                "key=k&max_age=-1",
                "k=; expires=Mon, 30-Oct-2017 02:02:08 GMT; Max-Age=-1; Path=/",
            ),
            (
                "key=k&expires=Tue,%2031-Oct-2017%2001:26:37%20GMT",
                "k=; expires=Tue, 31-Oct-2017 01:26:37 GMT; Path=/",
            ),
            (
                "key=k&max_age=5&expires=Tue,+31+Oct+2017+01:26:37+GMT",
                "k=; expires=Tue, 31 Oct 2017 01:26:37 GMT; Max-Age=5; Path=/",
            ),
            ("key=k&max_age=&expires=&domain=&samesite=", "k=; Path=/"),
            ("key=a&key=k&value=1&value=2", "k=2; Path=/"),
            (
                "key=k&delete&path=/a&domain=shop.test",
                "k=; Domain=shop.test; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/a",
            ),
            (
                "key=k&delete=1&value=v&max_age=5&secure=1&path=",
                "k=; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0",
            ),
        ] {
            assert_eq!(line(query), wanted, "{query}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_at_its_bytes() {
        for (query, wanted) in [
            ("", "/set_cookie"),
            ("?", " "),
            ("?value=v", "value=v"),
            ("?key=", "key="),
            ("?value=v&key=a%20b&path=/", "key=a%20b"),
            ("?key=a%0d%0aX:1", "key=a%0d%0aX:1"),
            ("?key=k&maxage=5", "maxage=5"),
            ("?key=k&max_age=soon", "max_age=soon"),
            ("?key=k&max_age=%2B5", "max_age=%2B5"),
            (
                "?key=k&max_age=99999999999999999999",
                "max_age=99999999999999999999",
            ),
            ("?key=k&max_age=1.5;value=v", "max_age=1.5"),
            ("?key=k&expires=tomorrow", "expires=tomorrow"),
            (
                "?key=k&expires=Tue,+31-Oct-2017+01:26:37+GMT%0d%0aX:1",
                "expires=Tue,+31-Oct-2017+01:26:37+GMT%0d%0aX:1",
            ),
            ("?key=k&path=/%3B+secure", "path=/%3B+secure"),
            ("?key=k&path=%E7%94%B7", "path=%E7%94%B7"),
            ("?key=k&domain=a%00", "domain=a%00"),
            ("?key=k&secure=perhaps", "secure=perhaps"),
            ("?key=k&samesite=Loose", "samesite=Loose"),
            ("?key=k&delete=yes", "delete=yes"),
            ("?key=k&delete&max_age=soon", "max_age=soon"),
        ] {
            assert_eq!(guilty(query), wanted, "{query}");
        }
    }

    #[test]
    fn no_byte_gets_out_of_its_line() {
        for octet in 0..=u8::MAX {
            for name in [
                "key", "value", "expires", "path", "domain", "samesite", "max_age", "x%0a",
            ] {
                let answer = get(&format!("/set_cookie?key=k&{name}=a%{octet:02x}b"));
                assert!(answer.fields("Set-Cookie").len() <= 1);
                for line in answer.head.split("\r\n") {
                    assert!(
                        line.bytes().all(|octet| matches!(octet, b' '..=b'~')),
                        "{line:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_body_is_not_looked_at() {
        let site = site_with(settings(&[]));
        let request = "POST /set_cookie HTTP/1.0\r\nContent-Length: 5\r\n\r\nkey=k";
        assert_eq!(ask(&site, request).status(), "405");
    }

    #[test]
    fn the_edition_decides_dates_and_spelling() {
        let site = site_with(Settings {
            edition: Edition::Rfc9110,
            ..settings(&[])
        });
        let request = "GET /set_cookie?key=k&max_age=1&secure&httponly HTTP/1.0\r\n\r\n";
        assert_eq!(
            ask(&site, request).field("Set-Cookie"),
            "k=; expires=Mon, 30 Oct 2017 02:02:10 GMT; HttpOnly; Max-Age=1; Path=/; Secure"
        );
    }

    #[test]
    fn each_attribute_has_its_sentence() {
        let body =
            get("/set_cookie?key=k&secure&httponly&samesite=lax&domain=a.test&max_age=1").body;
        for [en, zh] in [VALUE, DOMAIN, MAX_AGE, HTTP_ONLY, PATH_ALL, LAX, SECURE] {
            assert!(body.contains(&format!("\n{en}\n{zh}\n")), "{en}");
        }
        let deletion = get("/set_cookie?key=k&delete&path=user").body;
        for [en, _] in [DELETE, NO_DOMAIN, PATH_WITHOUT_SLASH] {
            assert!(deletion.contains(en));
        }
    }
}
