//! Cookies in and out: the `Cookie` field's value taken apart, the `Set-Cookie` field's put together.
//!
//! Cookies are younger than RFC 1945 and their RFC was written after their use, so what Django 1.11
//! on Python 2.7 does is the rule here, quirks and all: `;` separates even inside quotes, an octal
//! escape is one byte, attributes stand in the order of the alphabet. Values are bytes; whether they
//! are UTF-8 is for whoever reads them.
//!
//! Nothing that could end a field, or start an attribute that nobody asked for, can get out: a value
//! is quoted, and whatever cannot be quoted is checked when it is given.

use std::borrow::Cow;

use super::{Edition, Fault, FaultKind, HttpDate, Span, is_token, is_token_octet};

/// One `name=value` of a `Cookie` field.
///
/// ```
/// use blankline::wire::{Span, parse_cookies};
/// let cookies = parse_cookies(br#"age=10; sex="\347\224\267""#);
/// assert_eq!(cookies[1].name, b"sex");
/// assert_eq!(cookies[1].value, "男".as_bytes());
/// assert_eq!(cookies[1].value_at, Span::new(12, 26)); // with its quotes
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name, stripped; empty where there is no `=`.
    pub name: Vec<u8>,
    /// The value, stripped and then unquoted.
    pub value: Vec<u8>,
    /// Where the name stands in the field's value.
    pub name_at: Span,
    /// Where the value stands in the field's value, its quotes and escapes included.
    pub value_at: Span,
}

/// Takes a `Cookie` field's value apart; every piece is kept, in order, also of equal names.
///
/// The pieces are what stands between semicolons, in quotes or not. The first `=` separates name
/// and value; without one the piece is a value with an empty name. White space is stripped off
/// both, and a piece that has neither is skipped. Names are not checked, and nothing is
/// percent-decoded.
///
/// ```
/// use blankline::wire::parse_cookies;
/// let names: Vec<_> = parse_cookies(b"a=1; b = 2 ;; c").into_iter().map(|c| c.name).collect();
/// assert_eq!(names, [&b"a"[..], b"b", b""]);
/// ```
#[must_use]
pub fn parse_cookies(field_value: &[u8]) -> Vec<Cookie> {
    let mut cookies = Vec::new();
    let mut start = 0;
    for piece in field_value.split(|&octet| octet == b';') {
        let end = start + piece.len();
        let equals = piece.iter().position(|&octet| octet == b'=');
        let (name, value) = match equals {
            Some(at) => (Span::new(start, start + at), Span::new(start + at + 1, end)),
            None => (Span::at(start), Span::new(start, end)),
        };
        start = end + 1;

        let name_at = strip(name, field_value);
        let value_at = strip(value, field_value);
        if !(name_at.is_empty() && value_at.is_empty()) {
            cookies.push(Cookie {
                name: name_at.of(field_value).to_vec(),
                value: unquote_cookie_value(value_at.of(field_value)).into_owned(),
                name_at,
                value_at,
            });
        }
    }
    cookies
}

/// The value of the cookie with this name; of several, the last.
///
/// ```
/// use blankline::wire::{cookie, parse_cookies};
/// let cookies = parse_cookies(b"a=1; a=2");
/// assert_eq!(cookie(&cookies, b"a"), Some(&b"2"[..]));
/// assert_eq!(cookie(&cookies, b"A"), None);
/// ```
#[must_use]
pub fn cookie<'a>(cookies: &'a [Cookie], name: &[u8]) -> Option<&'a [u8]> {
    let last = cookies.iter().rfind(|cookie| cookie.name == name)?;
    Some(&last.value)
}

/// Appends a value as it stands in a `Set-Cookie` field: bare if it is made of token characters or
/// empty, else in quotes, with `\"`, `\\`, and `\ooo` for commas, semicolons, controls and every
/// byte above 126. A colon is bare where the edition has it so.
///
/// ```
/// use blankline::wire::{Edition, quote_cookie_value};
/// let quoted = |value: &str, edition| {
///     let mut out = Vec::new();
///     quote_cookie_value(value.as_bytes(), edition, &mut out);
///     String::from_utf8(out).unwrap()
/// };
/// assert_eq!(quoted("3,2 男", Edition::Notes), r#""3\0542 \347\224\267""#);
/// assert_eq!(quoted("a:b", Edition::Notes), r#""a:b""#);
/// assert_eq!(quoted("a:b", Edition::Rfc9110), "a:b");
/// ```
pub fn quote_cookie_value(value: &[u8], edition: Edition, out: &mut Vec<u8>) {
    let is_bare =
        |octet| is_token_octet(octet) || (octet == b':' && edition.colon_in_cookie_value_is_bare());
    if value.iter().copied().all(is_bare) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for &octet in value {
        match octet {
            b'"' | b'\\' => out.extend([b'\\', octet]),
            b',' | b';' | ..b' ' | 0x7F.. => out.extend([
                b'\\',
                b'0' + (octet >> 6),
                b'0' + (octet >> 3 & 7),
                b'0' + (octet & 7),
            ]),
            _ => out.push(octet),
        }
    }
    out.push(b'"');
}

/// Takes the quotes and escapes off a value; a value that is not in quotes stays as it is.
///
/// `\ooo`, from `\000` to `\377`, is that byte, and before anything else `\` only says: take the
/// next one as it is (so `\400` is `400`). A `\` that has nothing after it stays.
///
/// ```
/// use blankline::wire::unquote_cookie_value;
/// assert_eq!(&*unquote_cookie_value(br#""\347\224\267""#), "男".as_bytes());
/// assert_eq!(&*unquote_cookie_value(br#""a\"b""#), br#"a"b"#);
/// assert_eq!(&*unquote_cookie_value(br#"a\"b"#), br#"a\"b"#);
/// ```
#[must_use]
pub fn unquote_cookie_value(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inside @ .., b'"'] = value else {
        return Cow::Borrowed(value);
    };
    if !inside.contains(&b'\\') {
        return Cow::Borrowed(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut rest = inside;
    loop {
        rest = match rest {
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                rest @ ..,
            ] => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', octet, rest @ ..] | [octet, rest @ ..] => {
                plain.push(*octet);
                rest
            }
            [] => return Cow::Owned(plain),
        };
    }
}

/// When a browser sends a cookie along with requests from other sites (RFC 6265bis 4.1.2.7).
///
/// ```
/// assert_eq!(blankline::wire::SameSite::Lax.name(), "Lax");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// Only when the user follows a link.
    Lax,
    /// Always; browsers demand `Secure` beside it.
    None,
}

impl SameSite {
    /// The attribute's value.
    ///
    /// ```
    /// assert_eq!(blankline::wire::SameSite::Strict.name(), "Strict");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// The value of one `Set-Cookie` field.
///
/// It has the attributes it was given and no others (but see [`SetCookie::max_age`]), always in
/// Django's order: Domain, expires, HttpOnly, Max-Age, Path, SameSite, Secure.
///
/// ```
/// use blankline::wire::{Edition, Fault, HttpDate, SetCookie};
/// # fn main() -> Result<(), Fault> {
/// let now = HttpDate::parse(b"Tue, 31 Oct 2017 01:16:37 GMT").unwrap_or_default();
/// let written = |cookie: SetCookie| {
///     let mut out = Vec::new();
///     cookie.encode(Edition::Notes, now, &mut out);
///     String::from_utf8_lossy(&out).into_owned()
/// };
/// let age = SetCookie::new(b"age", b"10")?.path(b"/")?;
/// assert_eq!(written(age), "age=10; Path=/");
///
/// let name = SetCookie::new(b"name", b"django")?.max_age(600).path(b"/")?;
/// assert_eq!(
///     written(name),
///     "name=django; expires=Tue, 31-Oct-2017 01:26:37 GMT; Max-Age=600; Path=/"
/// );
///
/// let sex = SetCookie::new(b"sex", "男".as_bytes())?.path(b"/cookiedemo/")?;
/// assert_eq!(written(sex), r#"sex="\347\224\267"; Path=/cookiedemo/"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    name: Vec<u8>,
    value: Vec<u8>,
    domain: Vec<u8>,
    expires: Option<Expires>,
    http_only: bool,
    max_age: Option<i64>,
    path: Vec<u8>,
    same_site: Option<SameSite>,
    secure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expires {
    At(HttpDate),
    Text(Vec<u8>),
}

impl SetCookie {
    /// A cookie without attributes. The value may be any bytes.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadParameter`] if the name is not a token. (Django on Python 2.7 sets a cookie
    /// `None=None` then.)
    ///
    /// ```
    /// use blankline::wire::SetCookie;
    /// assert!(SetCookie::new(b"a", b"any; \r\n bytes").is_ok());
    /// assert!(SetCookie::new(b"a b", b"").is_err());
    /// ```
    pub fn new(name: &[u8], value: &[u8]) -> Result<Self, Fault> {
        if !is_token(name) {
            return Err(BAD_PARAMETER);
        }
        Ok(Self {
            name: name.to_vec(),
            value: value.to_vec(),
            domain: Vec::new(),
            expires: None,
            http_only: false,
            max_age: None,
            path: Vec::new(),
            same_site: None,
            secure: false,
        })
    }

    /// The cookie that makes a browser forget one: empty, and expired since 1970. Path and domain
    /// must be those with which it was set, or the browser keeps it; empty ones are left out.
    ///
    /// # Errors
    ///
    /// Those of [`SetCookie::new`], [`SetCookie::path`] and [`SetCookie::domain`].
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::delete(b"k", b"/", b"").unwrap();
    /// cookie.encode(Edition::Notes, HttpDate::from_seconds(1_509_328_929), &mut out);
    /// assert_eq!(out, b"k=; expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0; Path=/");
    /// ```
    pub fn delete(name: &[u8], path: &[u8], domain: &[u8]) -> Result<Self, Fault> {
        let cookie = Self::new(name, b"")?.path(path)?.domain(domain)?;
        Ok(cookie.max_age(0).expires(HttpDate::from_seconds(0)))
    }

    /// How many seconds the cookie lives; 0 and less end it. Writes `Max-Age`, and also `expires`
    /// as that moment if none was set, for browsers that knew only the latter.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().max_age(1);
    /// cookie.encode(Edition::Rfc9110, HttpDate::from_seconds(0), &mut out);
    /// assert_eq!(out, b"k=v; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=1");
    /// ```
    #[must_use]
    pub fn max_age(mut self, seconds: i64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// The moment at which the cookie ends. Writes `expires` alone.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().expires(HttpDate::from_seconds(1));
    /// cookie.encode(Edition::Notes, HttpDate::from_seconds(0), &mut out);
    /// assert_eq!(out, b"k=v; expires=Thu, 01-Jan-1970 00:00:01 GMT");
    /// ```
    #[must_use]
    pub fn expires(mut self, date: HttpDate) -> Self {
        self.expires = Some(Expires::At(date));
        self
    }

    /// An `expires` that is written as it stands, date or not; empty text takes it out.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadParameter`] if it holds a `;` or anything but printable ASCII.
    ///
    /// ```
    /// use blankline::wire::SetCookie;
    /// assert!(SetCookie::new(b"k", b"v").unwrap().expires_text(b"tomorrow").is_ok());
    /// assert!(SetCookie::new(b"k", b"v").unwrap().expires_text(b"a\r\nb").is_err());
    /// ```
    pub fn expires_text(mut self, text: &[u8]) -> Result<Self, Fault> {
        let text = attribute(text)?;
        self.expires = (!text.is_empty()).then_some(Expires::Text(text));
        Ok(self)
    }

    /// The paths for which the cookie is sent back; empty leaves the attribute out, which means
    /// the folder of the page that set it.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadParameter`] if it holds a `;` or anything but printable ASCII.
    ///
    /// ```
    /// use blankline::wire::SetCookie;
    /// assert!(SetCookie::new(b"k", b"v").unwrap().path(b"/; Domain=evil").is_err());
    /// ```
    pub fn path(mut self, path: &[u8]) -> Result<Self, Fault> {
        self.path = attribute(path)?;
        Ok(self)
    }

    /// The Path attribute; empty where it is left out.
    ///
    /// ```
    /// use blankline::wire::SetCookie;
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().path(b"/user").unwrap();
    /// assert_eq!(cookie.path_octets(), b"/user");
    /// ```
    #[must_use]
    pub fn path_octets(&self) -> &[u8] {
        &self.path
    }

    /// The hosts to which the cookie is sent back; empty leaves the attribute out, which means
    /// this host alone.
    ///
    /// # Errors
    ///
    /// [`FaultKind::BadParameter`] if it holds a `;` or anything but printable ASCII.
    ///
    /// ```
    /// use blankline::wire::SetCookie;
    /// assert!(SetCookie::new(b"k", b"v").unwrap().domain(b".example.com").is_ok());
    /// ```
    pub fn domain(mut self, domain: &[u8]) -> Result<Self, Fault> {
        self.domain = attribute(domain)?;
        Ok(self)
    }

    /// Sent back over TLS only.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().secure();
    /// cookie.encode(Edition::Rfc9110, HttpDate::default(), &mut out);
    /// assert_eq!(out, b"k=v; Secure");
    /// ```
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Hidden from the page's scripts.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().http_only();
    /// cookie.encode(Edition::Notes, HttpDate::default(), &mut out);
    /// assert_eq!(out, b"k=v; httponly");
    /// ```
    #[must_use]
    pub fn http_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    /// What happens on requests from other sites. Written in every edition when it is asked for,
    /// though the notes' Django did not know it.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SameSite, SetCookie};
    /// let mut out = Vec::new();
    /// let cookie = SetCookie::new(b"k", b"v").unwrap().same_site(SameSite::Lax);
    /// cookie.encode(Edition::Notes, HttpDate::default(), &mut out);
    /// assert_eq!(out, b"k=v; SameSite=Lax");
    /// ```
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Appends the field's value. `now` is the moment from which `Max-Age` counts.
    ///
    /// The edition decides the form of the date and the spelling of the attributes without a value:
    /// Python 2.7 wrote `httponly` and `secure`, which browsers read in any case.
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate, SetCookie};
    /// let mut out = b"Set-Cookie: ".to_vec();
    /// let cookie = SetCookie::new(b"k", b"a b").unwrap();
    /// cookie.encode(Edition::Notes, HttpDate::default(), &mut out);
    /// assert_eq!(out, b"Set-Cookie: k=\"a b\"");
    /// ```
    pub fn encode(&self, edition: Edition, now: HttpDate, out: &mut Vec<u8>) {
        let (http_only, secure): (&[u8], &[u8]) = match edition {
            Edition::Notes | Edition::Rfc1945 => (b"; httponly", b"; secure"),
            Edition::Rfc9110 => (b"; HttpOnly", b"; Secure"),
        };
        out.extend_from_slice(&self.name);
        out.push(b'=');
        quote_cookie_value(&self.value, edition, out);
        if !self.domain.is_empty() {
            out.extend_from_slice(b"; Domain=");
            out.extend_from_slice(&self.domain);
        }
        match (&self.expires, self.max_age) {
            (Some(Expires::Text(text)), _) => {
                out.extend_from_slice(b"; expires=");
                out.extend_from_slice(text);
            }
            (Some(Expires::At(date)), _) => {
                out.extend_from_slice(b"; expires=");
                out.extend_from_slice(&date.cookie_octets(edition));
            }
            (None, Some(seconds)) => {
                out.extend_from_slice(b"; expires=");
                out.extend_from_slice(&now.plus(seconds).cookie_octets(edition));
            }
            (None, None) => {}
        }
        if self.http_only {
            out.extend_from_slice(http_only);
        }
        if let Some(seconds) = self.max_age {
            out.extend_from_slice(b"; Max-Age=");
            out.extend_from_slice(seconds.to_string().as_bytes());
        }
        if !self.path.is_empty() {
            out.extend_from_slice(b"; Path=");
            out.extend_from_slice(&self.path);
        }
        if let Some(same_site) = self.same_site {
            out.extend_from_slice(b"; SameSite=");
            out.extend_from_slice(same_site.name().as_bytes());
        }
        if self.secure {
            out.extend_from_slice(secure);
        }
    }
}

/// An attribute's value, if it can neither end the field nor start another attribute.
fn attribute(value: &[u8]) -> Result<Vec<u8>, Fault> {
    if value.iter().all(|&o| matches!(o, b' '..=b'~') && o != b';') {
        Ok(value.to_vec())
    } else {
        Err(BAD_PARAMETER)
    }
}

/// `span` without the white space at both its ends; at its start if there is nothing else.
fn strip(span: Span, message: &[u8]) -> Span {
    // What Python 2 strips; Rust's own `trim_ascii` leaves the vertical tab.
    let is_white = |octet: &&u8| matches!(octet, b' ' | b'\t'..=b'\r');
    let octets = span.of(message);
    let before = octets.iter().take_while(is_white).count();
    let after = octets.iter().rev().take_while(is_white).count();
    if before == octets.len() {
        return Span::at(span.start);
    }
    Span::new(span.start + before, span.end - after)
}

/// The place is empty: the bytes are our own site's, or stand elsewhere in the request.
const BAD_PARAMETER: Fault = Fault::new(FaultKind::BadParameter, Span::at(0));

/// Whether a cookie with this Path goes with a request for this path (RFC 6265 5.1.4).
///
/// ```
/// use blankline::wire::cookie_path_matches;
/// assert!(cookie_path_matches(b"/user/x", b"/user"));
/// assert!(!cookie_path_matches(b"/username", b"/user"));
/// ```
#[must_use]
pub fn cookie_path_matches(path: &[u8], cookie_path: &[u8]) -> bool {
    match path.strip_prefix(cookie_path) {
        None => false,
        Some([] | [b'/', ..]) => true,
        Some(_) => cookie_path.ends_with(b"/"),
    }
}

/// Whether a cookie with this Domain goes to this host (RFC 6265 5.1.3); a leading dot means nothing.
///
/// ```
/// use blankline::wire::cookie_domain_matches;
/// assert!(cookie_domain_matches(b"www.shop.test", b"shop.test"));
/// assert!(!cookie_domain_matches(b"eshop.test", b"shop.test"));
/// ```
#[must_use]
pub fn cookie_domain_matches(host: &[u8], domain: &[u8]) -> bool {
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    let Some((before, end)) = host
        .len()
        .checked_sub(domain.len())
        .and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    end.eq_ignore_ascii_case(domain) && (before.is_empty() || before.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cookie: &SetCookie, edition: Edition) -> String {
        let mut out = Vec::new();
        cookie.encode(edition, HttpDate::from_seconds(1_509_328_929), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spans_name_what_was_read() {
        let field_value = br#" a = 1;b="x y" ;; c ;=d; e ="#;
        let seen: Vec<_> = parse_cookies(field_value)
            .iter()
            .map(|c| (c.name_at.of(field_value), c.value_at.of(field_value)))
            .collect();
        let wanted: [(&[u8], &[u8]); 5] = [
            (b"a", b"1"),
            (b"b", br#""x y""#),
            (b"", b"c"),
            (b"", b"d"),
            (b"e", b""),
        ];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn quoting_is_undone_by_unquoting_for_every_pair_of_bytes() {
        for pair in 0..=u16::MAX {
            let value = pair.to_be_bytes();
            let mut quoted = Vec::new();
            quote_cookie_value(&value, Edition::Notes, &mut quoted);
            assert!(
                quoted
                    .iter()
                    .all(|o| matches!(o, b' '..=b'~') && *o != b';')
            );
            assert_eq!(*unquote_cookie_value(&quoted), value);
        }
    }

    #[test]
    fn all_attributes_stand_in_djangos_order() {
        let cookie = SetCookie::new(b"k", b"v")
            .and_then(|c| c.secure().same_site(SameSite::None).path(b"/a"))
            .and_then(|c| c.max_age(-1).http_only().domain(b".example.com"))
            .unwrap();
        assert_eq!(
            written(&cookie, Edition::Notes),
            "k=v; Domain=.example.com; expires=Mon, 30-Oct-2017 02:02:08 GMT; httponly; \
             Max-Age=-1; Path=/a; SameSite=None; secure"
        );
        assert_eq!(
            written(&cookie, Edition::Rfc1945),
            written(&cookie, Edition::Notes)
        );
        assert_eq!(
            written(&cookie, Edition::Rfc9110),
            "k=v; Domain=.example.com; expires=Mon, 30 Oct 2017 02:02:08 GMT; HttpOnly; \
             Max-Age=-1; Path=/a; SameSite=None; Secure"
        );
    }

    #[test]
    fn an_expires_that_was_set_is_kept_beside_max_age() {
        let cookie = SetCookie::new(b"k", b"v").unwrap().max_age(5);
        let text = cookie.clone().expires_text(b"whenever").unwrap();
        assert_eq!(
            written(&text, Edition::Notes),
            "k=v; expires=whenever; Max-Age=5"
        );
        let empty = text.expires_text(b"").unwrap();
        assert_eq!(
            written(&empty, Edition::Notes),
            written(&cookie, Edition::Notes)
        );
    }

    #[test]
    fn a_life_beyond_the_calendar_ends_with_it() {
        let cookie = SetCookie::new(b"k", b"v").unwrap().max_age(i64::MAX);
        assert_eq!(
            written(&cookie, Edition::Notes),
            format!(
                "k=v; expires=Fri, 31-Dec-9999 23:59:59 GMT; Max-Age={}",
                i64::MAX
            )
        );
    }

    #[test]
    fn nothing_that_ends_a_field_or_an_attribute_gets_in() {
        let cookie = SetCookie::new(b"k", b"v").unwrap();
        for octet in (0..=u8::MAX).filter(|o| !(b' '..=b'~').contains(o) || *o == b';') {
            let bad = [b'/', octet, b'a'];
            assert_eq!(cookie.clone().path(&bad), Err(BAD_PARAMETER));
            assert_eq!(cookie.clone().domain(&bad), Err(BAD_PARAMETER));
            assert_eq!(cookie.clone().expires_text(&bad), Err(BAD_PARAMETER));
            assert_eq!(SetCookie::new(&bad, b"v"), Err(BAD_PARAMETER));
        }
    }

    #[test]
    fn a_path_covers_itself_and_what_is_below_it() {
        for (path, cookie, is_sent) in [
            ("/user", "/", true),
            ("/user", "/user", true),
            ("/user/", "/user", true),
            ("/user/x", "/user", true),
            ("/username", "/user", false),
            ("/user", "/user/", false),
            ("/user/x", "/user/", true),
            ("/", "/user", false),
        ] {
            let matches = cookie_path_matches(path.as_bytes(), cookie.as_bytes());
            assert_eq!(matches, is_sent, "{cookie} for {path}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it() {
        for (host, domain, is_sent) in [
            ("shop.test", "shop.test", true),
            ("www.SHOP.test", ".shop.test", true),
            ("eshop.test", "shop.test", false),
            ("shop.test", "www.shop.test", false),
        ] {
            let matches = cookie_domain_matches(host.as_bytes(), domain.as_bytes());
            assert_eq!(matches, is_sent, "{domain} for {host}");
        }
    }
}
