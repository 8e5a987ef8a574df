//! The URL table: every page of the site in one place, and how a path finds its row.
//!
//! A pattern is literal text with captures in it: `{}` gives the view a positional argument, `{name}`
//! a named one (Python's `*args` and `**kwargs`), both one path segment long; `{name...}` takes the
//! rest of the path. The first row that fits wins.

use std::borrow::Cow;

use View::{Plain, WithSession};

use super::middleware::SessionView;
use super::{Reply, Visit, lesson_urls, views};
use crate::engine::Place;

/// One page.
pub struct Route {
    /// What its paths look like.
    pub pattern: &'static str,
    /// What other code calls it.
    pub name: &'static str,
    /// The methods it takes, as the Allow field lists them.
    pub allow: &'static str,
    /// Where its view runs. One with a session runs on a worker anyway where the sessions' engine waits.
    pub place: Place,
    /// Whether a multipart body goes to the disk as it comes; any other body is held in memory.
    pub streams: bool,
    /// What makes its answer.
    pub view: View,
    /// A target that shows it.
    pub example: &'static str,
    /// What it shows, in English and Chinese.
    pub about: [&'static str; 2],
}

/// What makes a page's answer.
#[derive(Clone, Copy)]
pub enum View {
    /// A page without a session.
    Plain(fn(&Visit<'_>) -> Reply),
    /// A page with one in its hands.
    WithSession(SessionView),
}

/// What a pattern captured, percent-decoded.
#[derive(Debug, Default)]
pub struct Captures<'a> {
    /// What `{}` captured, in order.
    pub args: Vec<Cow<'a, [u8]>>,
    /// What `{name}` captured.
    pub kwargs: Vec<(&'static str, Cow<'a, [u8]>)>,
}

impl Captures<'_> {
    /// The named capture; empty when there is none.
    #[must_use]
    pub fn named(&self, name: &str) -> &[u8] {
        let found = self.kwargs.iter().find(|(known, _)| *known == name);
        found.map_or(&[], |(_, value)| value)
    }
}

impl Route {
    /// Where its view runs, with sessions in an engine that waits or does not.
    #[must_use]
    pub const fn place(&self, sessions_wait: bool) -> Place {
        match self.view {
            WithSession(_) if sessions_wait => Place::Worker,
            _ => self.place,
        }
    }

    /// Whether it takes the method; HEAD is taken wherever GET is (RFC 1945 8.2).
    #[must_use]
    pub fn takes(&self, method: &[u8]) -> bool {
        let mut methods = self.allow.as_bytes().split(|&octet| octet == b',');
        methods.any(|allowed| allowed.trim_ascii() == method)
    }
}

/// The table. Its texts make the front page.
pub const ROUTES: &[Route] = &[
    Route {
        pattern: "/",
        name: "home",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::home::home),
        example: "/",
        about: ["what there is", "网站目录"],
    },
    Route {
        pattern: "/raw",
        name: "raw",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: Plain(views::raw::raw),
        example: "/raw",
        about: [
            "your request's own bytes, sent back",
            "原样返回你的请求字节",
        ],
    },
    Route {
        pattern: "/redirect/",
        name: "redirect",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::redirect::redirect),
        example: "/redirect/",
        about: ["302 with a Location", "带 Location 的 302"],
    },
    Route {
        pattern: "/user/register/",
        name: "register",
        allow: "GET, HEAD, POST",
        place: Place::Worker,
        streams: false,
        view: Plain(views::user::register),
        example: "/user/register/",
        about: [
            "a form, and a 302 when it is posted",
            "一个表单，提交后回答 302",
        ],
    },
    Route {
        pattern: "/user/",
        name: "user",
        allow: "GET, HEAD",
        place: Place::Worker,
        streams: false,
        view: WithSession(views::user::user),
        example: "/user/",
        about: ["where the 302 leads", "302 所指的页面"],
    },
    Route {
        pattern: "/cookiedemo/",
        name: "cookiedemo",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: Plain(views::cookies::cookiedemo),
        example: "/cookiedemo/",
        about: [
            "three cookies out, and those that came back",
            "发出三个 cookie，并显示带回来的 cookie",
        ],
    },
    Route {
        pattern: "/cookiedemo/history/",
        name: "history",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::history::history),
        example: "/cookiedemo/history/",
        about: [
            "what you looked at, kept in a cookie",
            "存在 cookie 里的浏览记录",
        ],
    },
    Route {
        pattern: "/cookiedemo/history/{goods}/",
        name: "goods",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::history::goods),
        example: "/cookiedemo/history/3/",
        about: [
            "look at goods by number, 1 to 6 digits",
            "按编号浏览商品，编号 1 到 6 位数字",
        ],
    },
    Route {
        pattern: "/user/login/",
        name: "login",
        allow: "GET, HEAD, POST",
        place: Place::Worker,
        streams: false,
        view: WithSession(views::login::login),
        example: "/user/login/",
        about: [
            "a user in the session, under a new session id; fixation=1 keeps the old one",
            "把用户放进会话，并换一个新的会话 id；fixation=1 保留旧 id",
        ],
    },
    Route {
        pattern: "/user/logout/",
        name: "logout",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::login::logout),
        example: "/user/logout/",
        about: ["the user out of the session again", "把用户从会话里删掉"],
    },
    Route {
        pattern: "/session/",
        name: "session",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::session::session),
        example: "/session/",
        about: [
            "your session, its cookie, and what the store was asked; format=json",
            "你的会话、它的 cookie，以及向存储问了什么；format=json",
        ],
    },
    Route {
        pattern: "/session/{act}/",
        name: "session_act",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::session::act),
        example: "/session/get/?key=age",
        about: [
            "set, get, del, clear, flush, cycle, expiry, touch: one step with the session",
            "set、get、del、clear、flush、cycle、expiry、touch：对会话做一步操作",
        ],
    },
    Route {
        pattern: "/cart/",
        name: "cart",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::cart::cart),
        example: "/cart/",
        about: ["a shopping cart in the session", "放在会话里的购物车"],
    },
    Route {
        pattern: "/cart/{act}/",
        name: "cart_change",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::cart::change),
        example: "/cart/add/?goods=101&mode=nested",
        about: [
            "add and remove; mode=nested loses an update, mode=reassign and mode=modified keep it",
            "add 和 remove；mode=nested 会丢失修改，mode=reassign 和 mode=modified 不会",
        ],
    },
    Route {
        pattern: "/remember/",
        name: "remember",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: WithSession(views::remember::remember),
        example: "/remember/?q=1",
        about: [
            "what the browser sent with its last five visits, kept in the session",
            "浏览器最近五次访问发送的信息，记在会话里",
        ],
    },
    Route {
        pattern: "/getpost/",
        name: "getpost",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: Plain(views::getpost::getpost),
        example: "/getpost/?username=admin&password=admin",
        about: [
            "the same 29 bytes in the request line and behind the blank line",
            "同样的 29 个字节，一次在请求行里，一次在空行之后",
        ],
    },
    Route {
        pattern: "/counter/{way}/",
        name: "counter",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: Plain(views::getpost::counter),
        example: "/counter/post/",
        about: [
            "what a reload does after a POST, at /counter/post/ and with a 302 at /counter/prg/",
            "POST 之后刷新会怎样：/counter/post/ 直接回答，/counter/prg/ 先 302",
        ],
    },
    Route {
        pattern: "/echo/",
        name: "echo",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        streams: false,
        view: Plain(views::echo::echo),
        example: "/echo/?q=a+b&format=json",
        about: [
            "query, form, files, cookies and fields, each with its place; format=json",
            "查询串、表单、文件、cookie、字段，以及各自的位置；format=json",
        ],
    },
    Route {
        pattern: "/upload/",
        name: "upload",
        allow: "GET, HEAD, POST",
        place: Place::Worker,
        streams: true,
        view: Plain(views::upload::upload),
        example: "/upload/",
        about: [
            "a file in a multipart body, and what became of its name",
            "multipart 主体里的文件，以及它的名字变成了什么",
        ],
    },
    Route {
        pattern: "/uploads/{name}",
        name: "uploaded",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::upload::uploaded),
        example: "/uploads/a1509328929000.png",
        about: [
            "a file that was sent, back as an attachment",
            "把上传的文件作为附件取回",
        ],
    },
    Route {
        pattern: "/set_cookie",
        name: "set_cookie",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::set_cookie::set_cookie),
        example: "/set_cookie?key=name&value=django&max_age=600",
        about: [
            "a Set-Cookie made from key, value, max_age, expires, path, domain, secure, httponly, samesite, delete",
            "用 key、value、max_age、expires、path、domain、secure、httponly、samesite、delete 组成一个 Set-Cookie",
        ],
    },
    Route {
        pattern: "/args/{}/{}/",
        name: "args",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::arguments::args),
        example: "/args/2017/10/",
        about: [
            "what a view is given by place: *args",
            "按位置传给视图的参数：*args",
        ],
    },
    Route {
        pattern: "/kwargs/{year}/{month}/",
        name: "kwargs",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::arguments::kwargs),
        example: "/kwargs/2017/10/",
        about: [
            "what a view is given by name: **kwargs",
            "按名字传给视图的参数：**kwargs",
        ],
    },
    Route {
        pattern: "/static/{path...}",
        name: "static",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::files::static_file),
        example: "/static/hello.txt",
        about: [
            "files with Last-Modified, 304 and Cache-Control",
            "带 Last-Modified、304、Cache-Control 的静态文件",
        ],
    },
    Route {
        pattern: "/hotlink/{path...}",
        name: "hotlink",
        allow: "GET, HEAD",
        place: Place::Loop,
        streams: false,
        view: Plain(views::files::hotlink),
        example: "/hotlink/blankline.png",
        about: [
            "the same files, for pages of this site only",
            "同样的文件，只给本站的页面",
        ],
    },
];

/// Finds the first row that fits a percent-decoded path.
#[must_use]
pub fn find(path: &[u8]) -> Option<(&'static Route, Captures<'_>)> {
    if path.starts_with(b"/l/") {
        return lesson_urls::find(path);
    }
    // Most rows differ within a byte or two, long before a capture; only the others are taken apart.
    let starts_alike = |route: &&Route| {
        let literal = route.pattern.bytes().take_while(|&octet| octet != b'{');
        literal.zip(path).all(|(ours, &theirs)| ours == theirs)
    };
    let mut candidates = ROUTES.iter().filter(starts_alike);
    candidates.find_map(|route| Some((route, capture(route.pattern, path)?)))
}

/// Matches a path against a pattern.
#[must_use]
pub fn capture<'a>(pattern: &'static str, path: &'a [u8]) -> Option<Captures<'a>> {
    let mut captures = Captures::default();
    let (mut pattern, mut path) = (pattern, path);
    while let Some((literal, rest)) = pattern.split_once('{') {
        path = path.strip_prefix(literal.as_bytes())?;
        let (name, after) = rest.split_once('}')?;
        let is_rest = name.ends_with("...");
        let end = path.iter().position(|&octet| octet == b'/' && !is_rest);
        let (segment, remaining) = path.split_at(end.unwrap_or(path.len()));
        if segment.is_empty() && !is_rest {
            return None;
        }
        match name.trim_end_matches('.') {
            "" => captures.args.push(Cow::Borrowed(segment)),
            name => captures.kwargs.push((name, Cow::Borrowed(segment))),
        }
        (pattern, path) = (after, remaining);
    }
    (path == pattern.as_bytes()).then_some(captures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_positional_named_or_the_rest() {
        let found = capture("/a/{}/b/{x}/{rest...}", b"/a/1/b/2/c/d").unwrap();
        assert_eq!(found.args, [&b"1"[..]]);
        assert_eq!(found.named("x"), b"2");
        assert_eq!(found.named("rest"), b"c/d");
        assert_eq!(found.named("y"), b"");
    }

    #[test]
    fn a_segment_is_never_empty_and_nothing_may_be_left_over() {
        assert!(capture("/a/{}/", b"/a//").is_none());
        assert!(capture("/a/{}/", b"/a/1/2").is_none());
        assert!(capture("/a/", b"/a").is_none());
        assert!(capture("/s/{p...}", b"/s/").is_some());
    }

    #[test]
    fn every_example_leads_to_its_row() {
        for route in ROUTES {
            let path = route.example.split('?').next().unwrap();
            assert_eq!(find(path.as_bytes()).unwrap().0.name, route.name);
            // The front page puts it between single quotes, and into a printf format.
            assert!(!route.example.contains(['\'', '\\']));
        }
    }

    #[test]
    fn names_and_patterns_differ() {
        for (index, route) in ROUTES.iter().enumerate() {
            for other in &ROUTES[..index] {
                assert!(
                    route.name != other.name && route.pattern != other.pattern,
                    "{}",
                    route.name
                );
            }
        }
    }
}
