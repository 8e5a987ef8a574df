//! Lessons 24 to 29 and 31: cookies out and back, and each attribute by itself.

use super::text::{Text, yes};
use crate::app::views::{cookies as site, session};
use crate::app::{Reply, Visit};
use crate::wire::{
    Cookie, Escaped, Fault, SetCookie, cookie, cookie_domain_matches, cookie_path_matches,
    decode_path, parse_cookies,
};

/// `/l/24`: a cookie for who has none.
pub(in crate::app) fn first(visit: &Visit<'_>) -> Reply {
    let sent = sent(visit);
    let age = cookie(&sent, b"age");
    let text = Text::new(visit).lines(came(&sent));
    match age {
        None => {
            let text = text.say([
                "No age came, so it is set: the next request will carry it.",
                "没有带来 age，于是设置它：下一个请求就会带上。",
            ]);
            setting(text.reply(), made(b"age", b"10", b"/"))
        }
        Some(age) => text
            .line("age", Escaped(age))
            .say([
                "It came back as a name and a value: Path stays with the client.",
                "带回来的只有名字和值：Path 留在客户端。",
            ])
            .reply(),
    }
}

/// `/l/25`: a cookie that lives as long as the query says.
pub(in crate::app) fn lifetime(visit: &Visit<'_>) -> Reply {
    let seconds = |name: &str| {
        let text = visit.parameter(name);
        text.map(|text| text.parse::<i64>()).transpose()
    };
    let (Ok(max_age), Ok(expires)) = (seconds("max_age"), seconds("expires")) else {
        return session::refused(
            visit,
            [
                "max_age and expires are whole numbers of seconds from now; they may be negative.",
                "max_age 和 expires 都是从现在起的整数秒，可以是负数。",
            ],
        );
    };
    let mut made = made(b"visit", b"1", b"/l/25");
    if let Some(seconds) = expires {
        made = made.map(|cookie| cookie.expires(visit.now.plus(seconds)));
    }
    if let Some(seconds) = max_age {
        made = made.map(|cookie| cookie.max_age(seconds));
    }
    let text = Text::new(visit)
        .lines(came(&sent(visit)))
        .say(match (max_age, expires) {
            (None, None) => [
                "Neither Max-Age nor expires: it ends with the browser.",
                "没有 Max-Age 和 expires：关掉浏览器就没了。",
            ],
            (Some(_), None) => [
                "Max-Age counts seconds; Django writes expires beside it for old browsers.",
                "Max-Age 按秒计算；Django 还会写上 expires，照顾旧浏览器。",
            ],
            (None, Some(_)) => [
                "expires is a date, read by the client's clock.",
                "expires 是一个日期，以客户端的时钟为准。",
            ],
            (Some(_), Some(_)) => [
                "Where both are there, Max-Age wins.",
                "两个都有时，以 Max-Age 为准。",
            ],
        });
    setting(text.reply(), made)
}

/// The three cookies of lesson 26, and their paths.
const PATHS: [(&str, &str); 3] = [
    ("root", "/"),
    ("user", "/l/26/user"),
    ("slash", "/l/26/user/"),
];

/// `/l/26/set`: three cookies, three paths.
pub(in crate::app) fn paths(visit: &Visit<'_>) -> Reply {
    let own = visit.mount.own();
    let shown = PATHS.map(|(name, path)| {
        let path = own.outside(path.as_bytes()).into_owned();
        (name, format!("Path={}", Escaped(&path)))
    });
    let reply = Text::new(visit).lines(shown).reply();
    PATHS.iter().fold(reply, |reply, (name, path)| {
        setting(reply, made(name.as_bytes(), b"1", path.as_bytes()))
    })
}

/// `/l/26/user`, `/l/26/user/x`, `/l/26/username`: which of them came, and which should have.
pub(in crate::app) fn path(visit: &Visit<'_>) -> Reply {
    let (sent, path) = (sent(visit), visit.mount.path());
    let text = Text::new(visit)
        .line("path", Escaped(path))
        .lines(came(&sent))
        .gap();
    let rows = PATHS.map(|(name, of)| {
        let row = format!(
            "Path={of}, came {}, by RFC 6265 5.1.4 {}, by a plain prefix {}",
            yes(cookie(&sent, name.as_bytes()).is_some()),
            yes(cookie_path_matches(path, of.as_bytes())),
            yes(path.starts_with(of.as_bytes())),
        );
        (name, row)
    });
    text.lines(rows)
        .gap()
        .say([
            "A Path covers itself and what is below it after a slash, so /user does not cover /username. curl sends the \
             cookie of /user/ to /user as well; browsers and the RFC do not.",
            "Path 包括它自己，以及斜杠以下的路径，所以 /user 不包括 /username。curl 会把 /user/ 的 cookie 也发给 /user；\
             浏览器和 RFC 不会。",
        ])
        .reply()
}

/// `/l/27/set`: a cookie for a domain, or for this host alone.
pub(in crate::app) fn domain(visit: &Visit<'_>) -> Reply {
    let domain = visit.parameter("domain").unwrap_or_default();
    let value = if domain.is_empty() {
        "host-only"
    } else {
        &domain
    };
    let made = made(b"who", value.as_bytes(), b"/");
    let Ok(made) = made.and_then(|cookie| cookie.domain(domain.as_bytes())) else {
        return session::refused(
            visit,
            [
                "domain is printable ASCII without a semicolon, such as shop.test.",
                "domain 只能是可打印的 ASCII，不含分号，例如 shop.test。",
            ],
        );
    };
    let text = Text::new(visit)
        .line("Host", host(visit))
        .line("Domain", Escaped(domain.as_bytes()))
        .say([
            "A client refuses a Domain that does not cover the host that set it.",
            "如果 Domain 不包括设置它的主机，客户端会拒绝这个 cookie。",
        ]);
    setting(text.reply(), Ok(made))
}

/// `/l/27`: to which host this request went, and with which cookies.
pub(in crate::app) fn asked_host(visit: &Visit<'_>) -> Reply {
    Text::new(visit)
        .line("Host", host(visit))
        .lines(came(&sent(visit)))
        .reply()
}

/// `/l/28/set`.
pub(in crate::app) fn set(visit: &Visit<'_>) -> Reply {
    let text = Text::new(visit).say([
        "user=admin is set for /l/28/user and for nothing else.",
        "设置了 user=admin，只对 /l/28/user 有效。",
    ]);
    setting(text.reply(), made(b"user", b"admin", b"/l/28/user"))
}

/// `/l/28/del`: deletes it, for a path that may be another one.
pub(in crate::app) fn delete(visit: &Visit<'_>) -> Reply {
    let path = visit.parameter("path").unwrap_or_else(|| "/".to_owned());
    let Ok(made) = SetCookie::delete(b"user", path.as_bytes(), b"") else {
        return session::refused(
            visit,
            [
                "path is printable ASCII without a semicolon, such as /l/28/user.",
                "path 只能是可打印的 ASCII，不含分号，例如 /l/28/user。",
            ],
        );
    };
    let text = Text::new(visit)
        .line("Path", Escaped(path.as_bytes()))
        .say([
            "There is no message for deleting, only an empty cookie that has ended. It replaces the one of the same \
             name, Domain and Path, and no other.",
            "没有“删除”这种消息，只有一个已经过期的空 cookie。它只替换名字、Domain、Path 都相同的那一个。",
        ]);
    setting(text.reply(), Ok(made))
}

/// The cookies that came: `/l/28/user` and others.
pub(in crate::app) fn list(visit: &Visit<'_>) -> Reply {
    Text::new(visit).lines(came(&sent(visit))).reply()
}

/// `/l/29/octal`: as Python's SimpleCookie writes it.
pub(in crate::app) fn octal(visit: &Visit<'_>) -> Reply {
    value(visit, "男")
}

/// `/l/29/percent`: as JavaScript writes it.
pub(in crate::app) fn percent(visit: &Visit<'_>) -> Reply {
    value(visit, "%E7%94%B7")
}

fn value(visit: &Visit<'_>, value: &str) -> Reply {
    let made = SetCookie::new(b"sex", value.as_bytes());
    let mut line = Vec::new();
    if let Ok(cookie) = &made {
        cookie.encode(visit.settings.edition, visit.now, &mut line);
    }
    let text = Text::new(visit).line("Set-Cookie", String::from_utf8_lossy(&line));
    setting(text.reply(), made)
}

/// `/l/29`: what came, as it came and read in both ways.
pub(in crate::app) fn values(visit: &Visit<'_>) -> Reply {
    let field = site::field(visit.head());
    let cookies = parse_cookies(&field);
    let mut text = Text::new(visit).line("cookies", cookies.len());
    for cookie in &cookies {
        let raw = cookie.value_at.of(&field);
        let percent = decode_path(raw);
        text = text
            .gap()
            .line("name", Escaped(&cookie.name))
            .line("  as sent", site::as_on_the_wire(raw))
            .line("  octal undone", shown(&cookie.value))
            .line("  percent undone", shown(&percent));
        // What a client is asked to keep, name and value together (RFC 6265 6.1).
        let bytes = cookie.name.len() + raw.len();
        if bytes > 4096 {
            text = text.line("  bytes", format!("{bytes}, over 4096"));
        }
    }
    text.reply()
}

/// Text where it is text, without what a terminal would obey.
fn shown(octets: &[u8]) -> String {
    match str::from_utf8(octets) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => Escaped(octets).to_string(),
    }
}

/// A cookie of lesson 31.
struct Known {
    name: &'static str,
    path: &'static str,
    domain: &'static str,
    is_secure: bool,
    is_expired: bool,
}

/// The cookies that a client has in lesson 31; empty domains are the host's own.
const KNOWN: [Known; 5] = [
    Known {
        name: "root",
        path: "/",
        domain: "",
        is_secure: false,
        is_expired: false,
    },
    Known {
        name: "user",
        path: "/user",
        domain: "",
        is_secure: false,
        is_expired: false,
    },
    Known {
        name: "secure",
        path: "/",
        domain: "",
        is_secure: true,
        is_expired: false,
    },
    Known {
        name: "dead",
        path: "/",
        domain: "",
        is_secure: false,
        is_expired: true,
    },
    Known {
        name: "other",
        path: "/",
        domain: "other.test",
        is_secure: false,
        is_expired: false,
    },
];

impl Known {
    fn attributes(&self) -> String {
        let Self { path, domain, .. } = self;
        let mut text = format!("Path={path}");
        if !domain.is_empty() {
            text = text + "; Domain=" + domain;
        }
        if self.is_secure {
            text += "; Secure";
        }
        if self.is_expired {
            text += "; Max-Age=0";
        }
        text
    }

    /// Why it is not sent there, if it is not: what a client asks first counts.
    fn obstacle(&self, url: &Url<'_>) -> Option<&'static str> {
        let is_elsewhere = match (self.domain, url.host) {
            ("", host) => host.is_some_and(|host| !host.eq_ignore_ascii_case(HOST)),
            (domain, host) => !cookie_domain_matches(host.unwrap_or(HOST), domain.as_bytes()),
        };
        let obstacles = [
            ("expired", self.is_expired),
            ("domain", is_elsewhere),
            ("path", !cookie_path_matches(url.path, self.path.as_bytes())),
            ("secure", self.is_secure && !url.is_secure),
        ];
        let first = obstacles.into_iter().find(|(_, holds)| *holds);
        first.map(|(obstacle, _)| obstacle)
    }
}

/// The host that set the cookies of lesson 31.
const HOST: &[u8] = b"shop.test";

/// Where a request would go.
struct Url<'a> {
    is_secure: bool,
    /// `None` is the host that set the cookies.
    host: Option<&'a [u8]>,
    path: &'a [u8],
}

impl<'a> Url<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (is_secure, rest) = match (
            text.strip_prefix(b"https://"),
            text.strip_prefix(b"http://"),
        ) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ if text.starts_with(b"/") => {
                let path = without_query(text);
                return Some(Self {
                    is_secure: false,
                    host: None,
                    path,
                });
            }
            _ => return None,
        };
        let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?'));
        let (authority, path) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        let host = authority.split(|&octet| octet == b':').next();
        Some(Self {
            is_secure,
            host,
            path: match without_query(path) {
                [] => b"/",
                path => path,
            },
        })
    }
}

fn without_query(path: &[u8]) -> &[u8] {
    path.split(|&octet| octet == b'?')
        .next()
        .unwrap_or_default()
}

/// `/l/31`: the cookies that the questions are about. None is set.
pub(in crate::app) fn table(visit: &Visit<'_>) -> Reply {
    Text::new(visit)
        .say([
            "A client has these cookies, all set by shop.test. /l/31/why?cookie=NAME&url=PATH says whether one is sent.",
            "客户端有下面这些 cookie，都是 shop.test 设置的。/l/31/why?cookie=名字&url=路径 会说明某一个发不发。",
        ])
        .lines(KNOWN.iter().map(|known| (known.name, known.attributes())))
        .reply()
}

/// `/l/31/why`: whether one of them is sent with a request for a URL, and why not.
pub(in crate::app) fn why(visit: &Visit<'_>) -> Reply {
    let name = visit.parameter("cookie").unwrap_or_default();
    let known = KNOWN.iter().find(|known| known.name == name);
    let url = visit.parameter("url").unwrap_or_default();
    let (Some(known), Some(url)) = (known, Url::parse(url.as_bytes())) else {
        return session::refused(
            visit,
            [
                "This page wants cookie=root, user, secure, dead or other, and url=/PATH or url=https://HOST/PATH.",
                "这个页面的查询串里要有 cookie=root、user、secure、dead 或 other，以及 url=/路径 或 url=https://主机/路径。",
            ],
        );
    };
    let obstacle = known.obstacle(&url);
    let mut text = Text::new(visit)
        .line("cookie", format!("{}; {}", known.name, known.attributes()))
        .line("sent", yes(obstacle.is_none()))
        .line("because of", obstacle.unwrap_or("nothing against it"));
    if let Some(guess) = visit.parameter("guess") {
        text = text.say(if guess == yes(obstacle.is_none()) {
            ["your guess: right", "你的猜测：对"]
        } else {
            ["your guess: wrong", "你的猜测：错"]
        });
    }
    text.reply()
}

/// The cookies of the request.
pub(super) fn sent(visit: &Visit<'_>) -> Vec<Cookie> {
    parse_cookies(&site::field(visit.head()))
}

/// A line for each cookie that came, after one that says how many.
pub(super) fn came(cookies: &[Cookie]) -> Vec<(String, String)> {
    let count = ("cookies".to_owned(), cookies.len().to_string());
    let each = cookies.iter().map(|cookie| {
        let name = format!("  {}", Escaped(&cookie.name));
        (name, Escaped(&cookie.value).to_string())
    });
    [count].into_iter().chain(each).collect()
}

/// A cookie with a path.
pub(super) fn made(name: &[u8], value: &[u8], path: &[u8]) -> Result<SetCookie, Fault> {
    SetCookie::new(name, value)?.path(path)
}

/// The same answer with a cookie in it.
pub(super) fn setting(mut reply: Reply, cookie: Result<SetCookie, Fault>) -> Reply {
    reply.cookies.extend(cookie);
    reply
}

fn host(visit: &Visit<'_>) -> String {
    let host = visit.head().field(b"Host");
    Escaped(&host.unwrap_or_default()).to_string()
}
