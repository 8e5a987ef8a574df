//! The URL table: every page of the site in one place, and how a path finds its row.
//!
//! A pattern is literal text with captures in it: `{}` gives the view a positional argument, `{name}`
//! a named one (Python's `*args` and `**kwargs`), both one path segment long; `{name...}` takes the
//! rest of the path. The first row that fits wins.

use std::borrow::Cow;

use super::{Reply, Visit, views};
use crate::engine::Place;

/// One page.
pub struct Route {
    /// What its paths look like.
    pub pattern: &'static str,
    /// What other code calls it.
    pub name: &'static str,
    /// The methods it takes, as the Allow field lists them.
    pub allow: &'static str,
    /// Where its view runs.
    pub place: Place,
    /// What makes its answer.
    pub view: fn(&Visit<'_>) -> Reply,
    /// What it shows, in English and Chinese.
    pub about: [&'static str; 2],
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
    /// Whether it takes the method; HEAD is taken wherever GET is (RFC 1945 8.2).
    #[must_use]
    pub fn takes(&self, method: &[u8]) -> bool {
        self.allow
            .split(", ")
            .any(|allowed| allowed.as_bytes() == method)
    }
}

/// The table. Its texts make the front page.
pub const ROUTES: &[Route] = &[
    Route {
        pattern: "/",
        name: "home",
        allow: "GET, HEAD",
        place: Place::Loop,
        view: views::home::home,
        about: ["what there is", "网站目录"],
    },
    Route {
        pattern: "/raw",
        name: "raw",
        allow: "GET, HEAD, POST",
        place: Place::Loop,
        view: views::raw::raw,
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
        view: views::redirect::redirect,
        about: ["302 with a Location", "带 Location 的 302"],
    },
    Route {
        pattern: "/static/{path...}",
        name: "static",
        allow: "GET, HEAD",
        place: Place::Loop,
        view: views::files::static_file,
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
        view: views::files::hotlink,
        about: [
            "the same files, for pages of this site only",
            "同样的文件，只给本站的页面",
        ],
    },
];

/// Finds the first row that fits a percent-decoded path.
#[must_use]
pub fn find(path: &[u8]) -> Option<(&'static Route, Captures<'_>)> {
    ROUTES
        .iter()
        .find_map(|route| Some((route, capture(route.pattern, path)?)))
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
