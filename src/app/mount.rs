//! Where the site stands for one learner: Django's `SCRIPT_NAME`, for a class that shares one server.
//!
//! A path `/u/NAME/REST` is served as `/REST`. The prefix is cut before the table of URLs is asked, so no page knows of
//! it; and it is put in front again of every path of the site that an answer carries: a Location, a cookie's Path, a
//! link in a page. Pages that a lesson borrows (`lesson_urls.rs`) find their own paths in the same way. So nobody's cookies reach anybody else, and all that a learner has to do is to type the prefix.
//!
//! A path that only looks like it is served as it stands, which is a 404: there is no page below `/u/`.

use std::borrow::Cow;

use super::lesson_urls;
use crate::lessons::{self, BELOW};
use crate::wire::{SetCookie, encode_location};

/// A request's path, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// `/u/NAME` as the client wrote it; empty at the root.
    prefix: &'a [u8],
    /// The rest, not decoded: what the table of URLs is asked for.
    path: &'a [u8],
    own: OwnPaths,
}

/// The site's own paths, as one client has to ask for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPaths {
    /// `/u/NAME` as a field, a cookie's attribute, a page and a shell's quotes can hold it; empty at the root. As long
    /// as it needs no escape it is the client's spelling, which is what a client compares a cookie's Path with.
    prefix: Vec<u8>,
    /// Pages that also stand elsewhere, and are asked there: how their paths begin, and how they begin here.
    homes: Homes,
}

/// How a path of the site begins, and how it begins in a lesson; the first that fits counts.
pub type Homes = &'static [(&'static str, &'static str)];

impl<'a> Mount<'a> {
    /// Takes a path apart that is not decoded.
    #[must_use]
    pub fn of(path: &'a [u8]) -> Self {
        let (length, _) = lessons::mount(path);
        let (prefix, path) = path.split_at_checked(length).unwrap_or((b"", path));
        let own = OwnPaths {
            prefix: written(prefix),
            homes: lesson_urls::homes(path),
        };
        Self { prefix, path, own }
    }

    /// The path below the prefix, not decoded.
    #[must_use]
    pub const fn path(&self) -> &'a [u8] {
        self.path
    }

    /// The site's own paths, for this client.
    #[must_use]
    pub const fn own(&self) -> &OwnPaths {
        &self.own
    }

    /// The learner's name, decoded; none at the root.
    #[must_use]
    pub fn learner(&self) -> Option<String> {
        lessons::mount(self.prefix).1
    }

    /// Whether the path looks like a learner's and is none.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.own.prefix.is_empty() && self.path.starts_with(BELOW)
    }
}

impl OwnPaths {
    /// Whether every path is what it says.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.prefix.is_empty() && self.homes.is_empty()
    }

    /// A path of the site as the client has to ask for it; anything else as it is, and what has the prefix too.
    #[must_use]
    pub fn outside<'p>(&self, path: &'p [u8]) -> Cow<'p, [u8]> {
        let is_path = path.starts_with(b"/") && !path.starts_with(b"//");
        if self.is_plain() || !is_path {
            return Cow::Borrowed(path);
        }
        let moved = |(site, here): &(&str, &str)| {
            let rest = path.strip_prefix(site.as_bytes())?;
            Some([here.as_bytes(), rest].concat())
        };
        let path = match self.homes.iter().find_map(moved) {
            Some(path) => Cow::Owned(path),
            None => Cow::Borrowed(path),
        };
        let is_there = |rest: &[u8]| rest.starts_with(b"/");
        if path.strip_prefix(&*self.prefix).is_some_and(is_there) {
            return path;
        }
        Cow::Owned([&self.prefix, &*path].concat())
    }

    /// The same for the attributes of markup.
    #[must_use]
    pub fn in_markup(&self) -> Self {
        // A prefix is printable ASCII without quotation marks and angle brackets.
        let prefix = String::from_utf8_lossy(&self.prefix);
        Self {
            prefix: prefix.replace('&', "&amp;").into_bytes(),
            homes: self.homes,
        }
    }

    /// The same for the paths for which a cookie comes back.
    #[must_use]
    pub fn cookie(&self, cookie: SetCookie) -> SetCookie {
        match self.outside(cookie.path_octets()) {
            Cow::Borrowed(_) => cookie,
            // A prefix is written so that it fits into an attribute.
            Cow::Owned(path) => cookie.clone().path(&path).unwrap_or(cookie),
        }
    }
}

/// A prefix as it can be written anywhere.
fn written(prefix: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for octet in prefix {
        match octet {
            b';' => written.extend_from_slice(b"%3B"),
            b'\'' => written.extend_from_slice(b"%27"),
            octet => encode_location(&[*octet], &mut written),
        }
    }
    written
}

/// What a learner's path looks like, for the 404 of one that is none.
pub(super) const ABOUT: [&str; 2] = [
    "A path that starts with /u/ goes on with a learner's name and a slash: /u/NAME/raw is /raw. NAME has 1 to 32 bytes \
     of UTF-8 once %XX are decoded, has neither a slash nor a control character in it, and is not . or ..",
    "以 /u/ 开头的路径，后面要跟学员的名字和一个斜杠：/u/名字/raw 就是 /raw。名字在 %XX 解码后是 1 到 32 字节的 UTF-8，\
     其中不能有斜杠和控制字符，也不能是 . 或 ..",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{Answer, ask, get, settings, site_with};
    use crate::app::{Settings, Site};
    use crate::wire::Edition;

    fn parts(path: &str) -> (String, String) {
        let mount = Mount::of(path.as_bytes());
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        (text(&mount.own.prefix), text(mount.path))
    }

    fn pair(prefix: &str, path: &str) -> (String, String) {
        (prefix.to_owned(), path.to_owned())
    }

    #[test]
    fn a_prefix_is_cut_once_and_only_if_it_has_a_name() {
        let longest = "x".repeat(32);
        for (path, prefix, rest) in [
            ("/u/ann/raw", "/u/ann", "/raw"),
            ("/u/ann/", "/u/ann", "/"),
            ("/u/ann", "/u/ann", ""),
            ("/u/ann//raw", "/u/ann", "//raw"),
            ("/u/ann/u/bob/raw", "/u/ann", "/u/bob/raw"),
            ("/u/%E5%B0%8F/raw", "/u/%E5%B0%8F", "/raw"),
            ("/u/小/raw", "/u/%E5%B0%8F", "/raw"),
            ("/u/a;b'\"/raw", "/u/a%3Bb%27%22", "/raw"),
            ("/u/.../raw", "/u/...", "/raw"),
            (&format!("/u/{longest}/"), &format!("/u/{longest}"), "/"),
        ] {
            assert_eq!(parts(path), pair(prefix, rest), "{path}");
        }
        for path in [
            "/u/",
            "/u//raw",
            "/u/./raw",
            "/u/../raw",
            "/u/%2e%2E/raw",
            "/u/a%2fb/raw",
            "/u/a%00/raw",
            "/u/a%0d%0a/raw",
            "/u/%c2%85/raw",
            "/u/%ff/raw",
            &format!("/u/{longest}x/raw"),
        ] {
            assert_eq!(parts(path), pair("", path));
            let answer = get(path);
            assert_eq!(answer.status(), "404", "{path}");
            assert!(answer.body.contains("/u/名字/raw 就是 /raw"), "{path}");
        }
        for path in ["/u", "/user/", "/"] {
            assert_eq!(parts(path), pair("", path));
        }
        assert_eq!(get("/u").status(), "404");
    }

    #[test]
    fn every_page_is_where_it_is_for_one_learner_too() {
        for route in crate::app::urls::ROUTES {
            let there = get(&format!("/u/ann{}", route.example));
            let here = get(route.example);
            assert_eq!(there.status(), here.status(), "{}", route.name);
            for attribute in ["src=\"", "href=\"", "action=\""] {
                for value in there.body.split(attribute).skip(1) {
                    assert!(
                        value.starts_with("/u/ann/") || value.starts_with("data:,"),
                        "{value}"
                    );
                }
            }
        }
        assert_eq!(get("/u/ann/u/bob/raw").status(), "404");
    }

    #[test]
    fn locations_get_the_prefix() {
        for (target, location) in [
            ("/u/ann/redirect/", "/u/ann/user/"),
            ("/u/ann/redirect?a=b", "/u/ann/redirect/?a=b"),
            ("/u/ann", "/u/ann/"),
            ("/u/%E5%B0%8F/redirect/", "/u/%E5%B0%8F/user/"),
            ("/u/小/redirect", "/u/%E5%B0%8F/redirect/"),
        ] {
            assert_eq!(get(target).field("Location"), location, "{target}");
        }
        let strict = Settings {
            edition: Edition::Rfc1945,
            ..settings(&[])
        };
        let request = "GET /u/ann/redirect/ HTTP/1.0\r\nHost: h\r\n\r\n";
        let answer = ask(&site_with(strict), request);
        assert_eq!(answer.field("Location"), "http://h/u/ann/user/");
        assert!(answer.body.contains("<a href=\"http://h/u/ann/user/\">"));
    }

    /// The paths of the cookies that are set.
    fn paths(answer: &Answer) -> Vec<&str> {
        let cookies = answer.fields("Set-Cookie").into_iter();
        cookies
            .filter_map(|cookie| Some(cookie.split_once("Path=")?.1))
            .collect()
    }

    #[test]
    fn cookies_stay_with_their_learner() {
        let answer = get("/u/ann/cookiedemo/");
        assert_eq!(paths(&answer), ["/u/ann/", "/u/ann/", "/u/ann/cookiedemo/"]);
        let history = get("/u/a;b/cookiedemo/history/3/");
        assert_eq!(paths(&history), ["/u/a%3Bb/cookiedemo/history/"]);
        let session = get("/u/ann/session/set/?key=a&value=b");
        assert_eq!(paths(&session), ["/u/ann/"]);
        let site: Site = site_with(settings(&[]));
        let deleted = "GET /u/ann/raw HTTP/1.0\r\nCookie: sessionid=x\r\n\r\n";
        assert_eq!(paths(&ask(&site, deleted)), ["/u/ann/"]);
        // What a page says that it sends is what it sends.
        let shown = get("/u/ann/set_cookie?key=a&value=b");
        assert_eq!(shown.field("Set-Cookie"), "a=b; Path=/u/ann/");
        assert!(shown.body.starts_with("Set-Cookie: a=b; Path=/u/ann/\n"));
        // Without a Path a cookie belongs to the folder of its page, which is the learner's.
        let without = get("/u/ann/set_cookie?key=a&value=b&path=");
        assert_eq!(without.field("Set-Cookie"), "a=b");
    }
}
