//! Our cookies, dates, queries and locations against Django's own results.
//!
//! `fixtures/vectors/django-1.11.json` holds what single functions of Django 1.11.29 on Python 2.7
//! returned: the pair that the course notes used. Each test reads one group of it and says how many
//! vectors it saw. Where we decide otherwise, the vector stands in a list here, with the reason, and
//! the test insists that we do differ. What is signed has today's formats, those of
//! `fixtures/vectors/django-4.2.json`.
//!
//! In the groups whose name ends in `_bytes`, and for the 256 cookie bytes, an argument is a byte
//! string whose bytes are written as the characters U+0000 to U+00FF.

#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use blankline::sessions::{Codec, Data, Moment, Signer};
use blankline::wire::{
    Conditions, Edition, FaultKind, HttpDate, Outcome, QueryDict, SetCookie, Validators, cookie,
    encode_location, parse_cookies, quote_cookie_value, unquote_cookie_value, urlencode,
};
use serde_json::Value;

/// The vector group of this name, from Django 1.11.
fn group(name: &str) -> Value {
    group_of("1.11", name)
}

fn group_of(django: &str, name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vectors");
    let text = std::fs::read_to_string(format!("{folder}/django-{django}.json")).unwrap();
    // Half of a surrogate pair, which Python 2 reads out of `%ED%A0%80` and no Rust string can
    // hold. `querydict_bytes` treats that vector by itself.
    assert_eq!(
        text.matches(r"\ud800").count(),
        usize::from(django == "1.11")
    );
    let text = text.replace(r"\ud800", r"\ufffd");
    let mut all: Value = serde_json::from_str(&text).unwrap();
    all.get_mut(name).unwrap().take()
}

/// The vectors of a group: argument and result of each call.
fn vectors(name: &str, count: usize) -> Vec<(Value, Value)> {
    vectors_of("1.11", name, count)
}

fn vectors_of(django: &str, name: &str, count: usize) -> Vec<(Value, Value)> {
    let vectors: Vec<(Value, Value)> = serde_json::from_value(group_of(django, name)).unwrap();
    assert_eq!(vectors.len(), count, "{name}");
    vectors
}

/// The bytes of an argument that was a byte string.
fn latin1(argument: &Value) -> Vec<u8> {
    let text = argument.as_str().unwrap();
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

/// The moment of an argument in seconds, fractions cut off.
fn date(argument: &Value) -> HttpDate {
    let since = Duration::from_secs_f64(argument.as_f64().unwrap());
    HttpDate::from(SystemTime::UNIX_EPOCH + since)
}

fn now() -> HttpDate {
    date(&group("now"))
}

fn written(cookie: &SetCookie) -> String {
    let mut out = Vec::new();
    cookie.encode(Edition::Notes, now(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn http_date() {
    for (seconds, text) in vectors("http_date", 7) {
        assert_eq!(date(&seconds).to_string(), text);
        assert_eq!(date(&seconds).octets(), text.as_str().unwrap().as_bytes());
    }
}

#[test]
fn cookie_date() {
    for (seconds, text) in vectors("cookie_date", 7) {
        let octets = date(&seconds).cookie_octets(Edition::Notes);
        assert_eq!(octets, text.as_str().unwrap().as_bytes());
    }
}

#[test]
fn parse_http_date() {
    /// Text, what we make of it, and why not the same as Django.
    const OURS: [(&str, Option<u64>, &str); 2] = [
        (
            "Mon, 30 Oct 1901 02:02:09 GMT",
            Some(0),
            "our moments start with 1970: no file that is served is older",
        ),
        (
            "Mon, 30 Oct 2017 02:02:09 GMT\n",
            None,
            "a `$` of Python's matches before a last LF, and no field's value ends with one",
        ),
    ];
    let mut differing = 0;
    for (text, seconds) in vectors("parse_http_date", 32) {
        let seen = HttpDate::parse(text.as_str().unwrap().as_bytes()).map(HttpDate::seconds);
        match OURS.iter().find(|(ours, ..)| text == *ours) {
            Some((_, ours, reason)) => {
                assert_eq!(seen, *ours, "{text}: {reason}");
                assert_ne!(Value::from(seen), seconds, "{text}");
                differing += 1;
            }
            None => assert_eq!(Value::from(seen), seconds, "{text}"),
        }
    }
    assert_eq!(differing, OURS.len());
}

#[test]
fn was_modified_since() {
    /// If-Modified-Since, and why it does not mean 304 as with Django.
    const OURS: [(&str, &str); 3] = [
        ("Mon, 30 Oct 2017 02:02:09 GMT; length=13", SUFFIX),
        ("Mon, 30 Oct 2017 02:02:09 GMT; LENGTH=13", SUFFIX),
        ("Mon, 30 Oct 2017 02:02:09 GMT; length=013", SUFFIX),
    ];
    const SUFFIX: &str = "a length after the date is Netscape's, and in no RFC: a bad date";
    let file = Validators {
        last_modified: now(),
        entity_tag: None,
    };
    let mut differing = 0;
    for (value, modified) in vectors("was_modified_since mtime=now+0.7 size=13", 15) {
        let conditions = Conditions {
            if_modified_since: value.as_str().map(str::as_bytes),
            ..Conditions::default()
        };
        // Django compares as RFC 9110 does, whatever its own clock says.
        let seen = conditions.evaluate(Edition::Rfc9110, &file, now());
        match OURS.iter().find(|(ours, _)| value == *ours) {
            Some((_, reason)) => {
                assert_eq!(modified, false, "{value}");
                assert_eq!(seen.outcome, Outcome::Proceed, "{value}: {reason}");
                assert_eq!(seen.fault, Some(FaultKind::BadDate), "{value}: {reason}");
                differing += 1;
            }
            None => assert_eq!(modified, seen.outcome == Outcome::Proceed, "{value}"),
        }
    }
    assert_eq!(differing, OURS.len());
}

#[test]
fn cookie_value_of_byte() {
    for (byte, quoted) in vectors("cookie_value_of_byte", 256) {
        let mut seen = Vec::new();
        quote_cookie_value(&latin1(&byte), Edition::Notes, &mut seen);
        assert_eq!(seen, quoted.as_str().unwrap().as_bytes());
        assert_eq!(*unquote_cookie_value(&seen), latin1(&byte));
    }
}

#[test]
fn set_cookie() {
    for (value, field_value) in vectors("set_cookie", 17) {
        let value = value.as_str().unwrap().as_bytes();
        let cookie = SetCookie::new(b"k", value).unwrap().path(b"/").unwrap();
        assert_eq!(written(&cookie), field_value);
    }
}

#[test]
fn set_cookie_with_max_age() {
    let cookie = SetCookie::new(b"k", b"v")
        .unwrap()
        .max_age(600)
        .path(b"/")
        .unwrap();
    assert_eq!(written(&cookie), group("set_cookie max_age=600 now"));
}

#[test]
fn parse_cookie_bytes() {
    for (field_value, wanted) in vectors("parse_cookie_bytes", 26) {
        let cookies = parse_cookies(&latin1(&field_value));
        let seen: BTreeMap<String, String> = cookies
            .iter()
            .map(|one| {
                let last = cookie(&cookies, &one.name).unwrap();
                (decoded(&one.name), decoded(last))
            })
            .collect();
        let wanted: Vec<(String, String)> = serde_json::from_value(wanted).unwrap();
        assert_eq!(seen, wanted.into_iter().collect(), "{field_value}");
    }
}

/// Text as Django decodes a cookie.
fn decoded(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Which Django an edition follows in forms.
const FORMS: [(&str, Edition); 2] = [("1.11", Edition::Notes), ("4.2", Edition::Rfc9110)];

#[test]
fn querydict_bytes() {
    /// Django, query, what we make of the value of `a`, and why not the same.
    const OURS: [(&str, &str, &str, &str); 2] = [
        (
            "1.11",
            "a=%ED%A0%80",
            "\u{ED}\u{A0}\u{80}",
            "half of a surrogate pair is no UTF-8, though Python 2 takes it for it",
        ),
        (
            "4.2",
            "a=\u{FF}&b=%E4%B8%AD",
            "\u{FFFD}",
            "one raw byte that is no UTF-8 does not make Latin-1 of the other fields",
        ),
    ];
    let (mut compared, mut differing) = (0, 0);
    for (django, edition) in FORMS {
        for (query, wanted) in vectors_of(django, "querydict_bytes", 33) {
            let query_bytes = latin1(&query);
            let form = QueryDict::parse(&query_bytes, 0, edition).unwrap();
            let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for field in form.fields() {
                compared += 1;
                let values = seen.entry(field.name_text().into_owned()).or_default();
                values.push(field.value_text(edition).into_owned());
                let last = form.getlist(&field.name).last();
                assert_eq!(form.get(&field.name), last, "{query}");
            }
            let wanted: Vec<(String, Vec<String>)> = serde_json::from_value(wanted).unwrap();
            let wanted: BTreeMap<String, Vec<String>> = wanted.into_iter().collect();
            let ours = OURS
                .iter()
                .find(|(of, at, ..)| *of == django && query == *at);
            if let Some((_, _, ours, reason)) = ours {
                assert_eq!(seen["a"], [*ours], "{query}: {reason}");
                assert_ne!(seen, wanted, "{query}");
                differing += 1;
            } else {
                assert_eq!(seen, wanted, "{django} {query}");
            }
        }
    }
    assert_eq!((compared, differing), (37 + 36, OURS.len()));
}

#[test]
fn querydict_urlencode() {
    /// A value that 4.2 encodes otherwise, and why we do not.
    const TILDE: (&str, &str) = (
        "a=%E4%B8%AD%26%3D%2B%3B%2F%3F%25~-_.%2A",
        "since RFC 3986 a tilde need not be encoded, and may be; we write it as the notes' Django does",
    );
    let mut differing = 0;
    for (django, _) in FORMS {
        for (lists, wanted) in vectors_of(django, "querydict_urlencode", 5) {
            let lists: BTreeMap<String, Vec<String>> = serde_json::from_value(lists).unwrap();
            let pairs = lists
                .iter()
                .flat_map(|(name, values)| values.iter().map(move |v| (name, v)));
            let seen = urlencode(pairs);
            let wanted = wanted.as_str().unwrap();
            if django == "4.2" && wanted == TILDE.0 {
                assert_eq!(decoded(&seen), wanted.replace('~', "%7E"), "{}", TILDE.1);
                differing += 1;
            } else {
                assert_eq!(decoded(&seen), wanted, "{django}");
            }
        }
    }
    assert_eq!(differing, 1);
}

#[test]
fn iri_to_uri() {
    for (iri, uri) in vectors("iri_to_uri", 7) {
        let mut seen = Vec::new();
        encode_location(iri.as_str().unwrap().as_bytes(), &mut seen);
        assert_eq!(decoded(&seen), uri.as_str().unwrap());
    }
}

/// The vector group of this name of Django 4.2.
fn group_of_4_2(name: &str) -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/vectors/django-4.2.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut all: Value = serde_json::from_str(&text).unwrap();
    all.get_mut(name).unwrap().take()
}

/// The secret key and the moment of all vectors that are signed.
fn signed_with() -> (Vec<u8>, Moment) {
    let secret = group_of_4_2("SECRET_KEY");
    let now = group_of_4_2("now").as_i64().unwrap();
    (
        secret.as_str().unwrap().as_bytes().to_vec(),
        Moment::from_seconds(now),
    )
}

#[test]
fn signers_of_4_2() {
    let (secret, now) = signed_with();
    let signed = Signer::new(&secret, "django.core.signing.Signer").sign("abc");
    assert_eq!(signed, group_of_4_2("Signer.sign(\"abc\")"));
    let signer = Signer::new(&secret, "django.core.signing.TimestampSigner");
    let signed = signer.sign_at("abc", now);
    assert_eq!(signed, group_of_4_2("TimestampSigner.sign(\"abc\")"));
    assert_eq!(signer.unsign_at(&signed, Some(0), now), Ok(("abc", now)));
}

#[test]
fn set_signed_cookie_of_4_2() {
    let (secret, now) = signed_with();
    let signer = Signer::for_cookie(&secret, "k", "");
    let signed = signer.sign_at("abc", now);
    let field = group_of_4_2("set_signed_cookie(\"k\", \"abc\")");
    assert_eq!(format!("k={signed}; Path=/"), field);
}

#[test]
fn session_of_4_2() {
    let (secret, now) = signed_with();
    let vectors: Vec<BTreeMap<String, Value>> =
        serde_json::from_value(group_of_4_2("session")).unwrap();
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        let data: Data = serde_json::from_value(vector["data"].clone()).unwrap();
        for (name, salt) in [
            ("db", "django.contrib.sessions.SessionStore"),
            ("file", "django.contrib.sessions.SessionStore"),
            (
                "signed_cookies",
                "django.contrib.sessions.backends.signed_cookies",
            ),
            ("signing.dumps compress", "django.core.signing"),
        ] {
            let codec = Codec::new(&secret, salt);
            let text = vector[name].as_str().unwrap();
            let opened = codec.decode(text, Some(0), now).unwrap();
            assert_eq!((opened.data, opened.signed_at), (data.clone(), now));
            // The vectors' file has its names in another order than they were set in.
            let order = codec.decode(text, None, now).unwrap().data;
            assert_eq!(codec.encode(&order, now).unwrap(), text, "{name}");
        }
        let text = vector["signing.dumps"].as_str().unwrap();
        let codec = Codec::new(&secret, "django.core.signing");
        assert_eq!(codec.decode(text, None, now).unwrap().data, data);
    }
}
