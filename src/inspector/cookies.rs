//! Cookies and sessions told in words: what a response sets, and why a request brought what it did.
//!
//! The jar remembers the `Set-Cookie` fields that went by, so that a cookie that comes back can be traced to
//! the exchange that set it, and one that stays away to the path that does not match. It tells clients apart
//! by their address alone, so two browsers on one machine share it: the words say what was *set*, and never
//! what a browser *has*.

use std::net::IpAddr;

use super::entry::Entry;
use crate::wire::{Escaped, RequestHead, ResponseHead, cookie_path_matches, parse_cookies};

/// One sentence, in English and Chinese.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) en: String,
    pub(super) zh: String,
    /// Whether something changed: a cookie was set or deleted, a session began or ended.
    pub(super) is_news: bool,
}

/// The cookies that were set, oldest first.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    client: IpAddr,
    name: Vec<u8>,
    path: Vec<u8>,
    /// The exchange that set it.
    id: u64,
}

/// A `Set-Cookie` field, as far as it matters here.
#[derive(Debug, Default)]
struct Set {
    name: Vec<u8>,
    path: Option<Vec<u8>>,
    max_age: Option<i64>,
    expires: Option<Vec<u8>>,
    http_only: bool,
}

/// Cookies that the jar holds.
const MOST_COOKIES: usize = 256;

/// Sentences for one exchange: more than any lesson has.
const MOST_WORDS: usize = 24;

/// Django's name for the cookie of a session.
const SESSION: &[u8] = b"sessionid";

impl Words {
    fn told(en: String, zh: String) -> Self {
        let is_news = false;
        Self { en, zh, is_news }
    }

    fn news(en: String, zh: String) -> Self {
        let is_news = true;
        Self { en, zh, is_news }
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.en.len() + self.zh.len()
    }
}

impl Jar {
    /// What is to be said of an exchange that is over; the jar learns what it sets.
    pub(super) fn read(&mut self, entry: &Entry) -> Vec<Words> {
        let has = |octets: &[u8]| {
            octets
                .windows(6)
                .any(|six| six.eq_ignore_ascii_case(b"cookie"))
        };
        let mut words = Vec::new();
        if has(&entry.request.bytes) {
            self.read_request(entry, &entry.head(), &mut words);
        }
        if has(&entry.response.bytes) {
            let head = ResponseHead::dissect(entry.response.bytes.clone());
            for field in head.fields_named(b"Set-Cookie") {
                self.read_set(entry, &Set::parse(&field.value), &mut words);
            }
        }
        words.truncate(MOST_WORDS);
        words
    }

    fn read_request(&self, entry: &Entry, head: &RequestHead, words: &mut Vec<Words>) {
        let client = entry.client.ip();
        let sent: Vec<_> = head
            .fields_named(b"Cookie")
            .flat_map(|field| parse_cookies(&field.value))
            .collect();
        let path = head.path();
        let shown_path = Escaped(path);
        for cookie in &sent {
            let name = Escaped(&cookie.name);
            let known = self.of(client, &cookie.name);
            let fits = known
                .iter()
                .rev()
                .find(|known| cookie_path_matches(path, &known.path));
            words.push(match (fits, known.last()) {
                (Some(Known { id, path, .. }), _) => {
                    let path = Escaped(path);
                    Words::told(
                        format!("{name} came along because its path {path} matches {shown_path}; exchange {id} set it."),
                        format!("{name} 随请求一起来了：它的 Path 是 {path}，而 {shown_path} 在这个路径之下；它由第 {id} 次交换设置。"),
                    )
                }
                (None, Some(Known { id, path, .. })) => {
                    let path = Escaped(path);
                    Words::told(
                        format!("{name} came along although its path {path}, which exchange {id} set, does not match {shown_path}: a browser would have kept it back."),
                        format!("{name} 随请求一起来了，可第 {id} 次交换给它设的 Path 是 {path}，与 {shown_path} 不匹配：换作浏览器是不会发的。"),
                    )
                }
                (None, None) => Words::told(
                    format!("{name} came along; no exchange in this journal set it."),
                    format!("{name} 随请求一起来了；这份记录里没有哪次交换设置过它。"),
                ),
            });
        }
        if sent.is_empty() {
            return;
        }
        for known in &self.cookies {
            let is_absent = !sent.iter().any(|cookie| cookie.name == known.name);
            if known.client == client && is_absent && !cookie_path_matches(path, &known.path) {
                let (name, at, id) = (Escaped(&known.name), Escaped(&known.path), known.id);
                words.push(Words::told(
                    format!("{name} stayed away: its path {at} does not match {shown_path}; exchange {id} set it."),
                    format!("{name} 没有来：它的 Path 是 {at}，与 {shown_path} 不匹配；它由第 {id} 次交换设置。"),
                ));
            }
        }
    }

    fn read_set(&mut self, entry: &Entry, set: &Set, words: &mut Vec<Words>) {
        let name = Escaped(&set.name);
        let client = entry.client.ip();
        // Without a Path the cookie belongs to the folder of the request's path (RFC 6265 5.1.4).
        let path = match &set.path {
            Some(path) => path.clone(),
            None => folder(entry.head().path()),
        };
        let is_its =
            |known: &Known| known.client == client && known.name == set.name && known.path == path;
        let known = self.cookies.iter().any(is_its);
        self.cookies.retain(|known| !is_its(known));
        let is_session = set.name == SESSION;
        if set.is_over() {
            words.push(if is_session {
                Words::news(
                    "The session ends: sessionid is set to nothing, with a date that has passed."
                        .to_owned(),
                    "会话结束：sessionid 被设成空值，日期也已过去。".to_owned(),
                )
            } else {
                Words::news(
                    format!("{name} is deleted: it is set again, with a lifetime that is over."),
                    format!("{name} 被删除：重新设置一次，寿命却已结束。"),
                )
            });
            return;
        }
        let shown_path = Escaped(&path);
        let (life_en, life_zh) = set.life();
        let (hidden_en, hidden_zh) = if set.http_only {
            (", and no script can read it", "，脚本读不到它")
        } else {
            ("", "")
        };
        words.push(match (is_session, known) {
            (true, false) => Words::news(
                format!("A session begins: sessionid is set {life_en}, for {shown_path} and below{hidden_en}."),
                format!("会话开始：设置 sessionid，{life_zh}，用于 {shown_path} 及其下{hidden_zh}。"),
            ),
            (true, true) => Words::news(
                format!("The session goes on: sessionid is set again {life_en}{hidden_en}."),
                format!("会话继续：再次设置 sessionid，{life_zh}{hidden_zh}。"),
            ),
            (false, false) => Words::news(
                format!("{name} is set {life_en}, for {shown_path} and below{hidden_en}."),
                format!("设置 {name}，{life_zh}，用于 {shown_path} 及其下{hidden_zh}。"),
            ),
            (false, true) => Words::news(
                format!("{name} is set again {life_en}, for {shown_path} and below{hidden_en}."),
                format!("再次设置 {name}，{life_zh}，用于 {shown_path} 及其下{hidden_zh}。"),
            ),
        });
        if self.cookies.len() == MOST_COOKIES {
            self.cookies.remove(0);
        }
        self.cookies.push(Known {
            client,
            name: set.name.clone(),
            path,
            id: entry.id,
        });
    }

    fn of(&self, client: IpAddr, name: &[u8]) -> Vec<&Known> {
        let its = |known: &&Known| known.client == client && known.name == name;
        self.cookies.iter().filter(its).collect()
    }
}

impl Set {
    fn parse(value: &[u8]) -> Self {
        let mut pieces = value.split(|&octet| octet == b';').map(|piece| {
            let piece = piece.trim_ascii();
            let at = piece.iter().position(|&octet| octet == b'=');
            at.and_then(|at| piece.split_at_checked(at))
                .map_or((piece, &b""[..]), |(name, value)| {
                    (name, value.get(1..).unwrap_or_default())
                })
        });
        let mut set = Self {
            name: pieces.next().unwrap_or_default().0.to_vec(),
            ..Self::default()
        };
        for (name, value) in pieces {
            match name.to_ascii_lowercase().as_slice() {
                b"path" if value.starts_with(b"/") => set.path = Some(value.to_vec()),
                b"max-age" => {
                    set.max_age = str::from_utf8(value)
                        .ok()
                        .and_then(|text| text.parse().ok());
                }
                b"expires" => set.expires = Some(value.to_vec()),
                b"httponly" => set.http_only = true,
                _ => {}
            }
        }
        set
    }

    /// Whether it deletes the cookie: Max-Age is 0 or less, or it has no Max-Age and expired in 1970.
    fn is_over(&self) -> bool {
        match (self.max_age, &self.expires) {
            (Some(seconds), _) => seconds <= 0,
            (None, Some(date)) => date.windows(4).any(|four| four == b"1970"),
            (None, None) => false,
        }
    }

    /// How long it lives.
    fn life(&self) -> (String, String) {
        match (self.max_age, &self.expires) {
            (Some(seconds), _) => (
                format!("for {seconds} seconds (Max-Age)"),
                format!("存活 {seconds} 秒（Max-Age）"),
            ),
            (None, Some(date)) => {
                let date = Escaped(date);
                (format!("until {date}"), format!("存活到 {date}"))
            }
            (None, None) => (
                "until the browser is closed".to_owned(),
                "存活到浏览器关闭".to_owned(),
            ),
        }
    }
}

/// The path up to its last slash, without that.
fn folder(path: &[u8]) -> Vec<u8> {
    match path.iter().rposition(|&octet| octet == b'/') {
        None | Some(0) => b"/".to_vec(),
        Some(last) => path.get(..last).unwrap_or_default().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::entry::Stage;
    use super::*;
    use crate::record::Stream;

    fn entry(id: u64, request: &str, response: &str) -> Entry {
        let stream = |text: &str| Stream {
            bytes: text.as_bytes().to_vec(),
            length: text.len() as u64,
        };
        let address = "127.0.0.1:40000".parse().unwrap();
        Entry {
            id,
            connection: id,
            number: 1,
            stage: Stage::Done,
            client: address,
            server: address,
            opened: UNIX_EPOCH,
            request: stream(request),
            response: stream(response),
            timeline: Vec::new(),
            faults: Vec::new(),
            hint: None,
            status: None,
            took: Duration::ZERO,
            words: Vec::new(),
        }
    }

    fn english(words: &[Words]) -> Vec<&str> {
        words.iter().map(|words| words.en.as_str()).collect()
    }

    #[test]
    fn a_cookie_is_followed_from_its_setting_to_its_return() {
        let mut jar = Jar::default();
        let set = entry(
            1,
            "GET /cookiedemo/ HTTP/1.0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nSet-Cookie: age=10; Path=/\r\n\
             Set-Cookie: name=django; expires=x; Max-Age=600; Path=/\r\n\
             Set-Cookie: sex=m; Path=/cookiedemo/\r\n\r\n",
        );
        let words = jar.read(&set);
        assert_eq!(
            english(&words),
            [
                "age is set until the browser is closed, for / and below.",
                "name is set for 600 seconds (Max-Age), for / and below.",
                "sex is set until the browser is closed, for /cookiedemo/ and below.",
            ]
        );
        assert!(words[0].is_news);
        let back = entry(2, "GET /user/ HTTP/1.0\r\nCookie: age=10; b=c\r\n\r\n", "");
        assert_eq!(
            english(&jar.read(&back)),
            [
                "age came along because its path / matches /user/; exchange 1 set it.",
                "b came along; no exchange in this journal set it.",
                "sex stayed away: its path /cookiedemo/ does not match /user/; exchange 1 set it.",
            ]
        );
        let odd = entry(3, "GET /user/ HTTP/1.0\r\nCookie: sex=m\r\n\r\n", "");
        assert!(
            jar.read(&odd)[0]
                .en
                .contains("although its path /cookiedemo/")
        );
    }

    #[test]
    fn a_session_begins_goes_on_and_ends() {
        let mut jar = Jar::default();
        let mut told = |set: &str| {
            let response =
                format!("HTTP/1.0 200 OK\r\nSet-Cookie: sessionid={set}; Path=/\r\n\r\n");
            let words = jar.read(&entry(1, "GET / HTTP/1.0\r\n\r\n", &response));
            words[0].en.clone()
        };
        assert!(told("abc; HttpOnly; Max-Age=1209600").starts_with("A session begins"));
        assert!(told("abd; HttpOnly").starts_with("The session goes on"));
        assert!(
            told("; Max-Age=0; expires=Thu, 01-Jan-1970 00:00:00 GMT")
                .starts_with("The session ends")
        );
    }

    #[test]
    fn a_folder_has_no_slash_at_its_end() {
        assert_eq!(folder(b"/a/b/c"), b"/a/b");
        assert_eq!(folder(b"/a"), b"/");
    }

    #[test]
    fn what_the_jar_holds_is_bounded() {
        let mut jar = Jar::default();
        for id in 0..400 {
            let response = format!("HTTP/1.0 200 OK\r\nSet-Cookie: c{id}=1; Path=/\r\n\r\n");
            jar.read(&entry(id, "GET / HTTP/1.0\r\n\r\n", &response));
        }
        assert_eq!(jar.cookies.len(), MOST_COOKIES);
    }
}
