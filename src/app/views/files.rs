//! `/static/` and `/hotlink/`: files by hand, as the notes do them.
//!
//! Look the file up, compare its time with If-Modified-Since, answer 304 or the file. `/hotlink/` is
//! the same behind a look at the Referer, which keeps out pages, not people: anybody can forge it.

use std::borrow::Cow;

use crate::app::files::{Content, Found, content_type};
use crate::app::{Reply, Visit};
use crate::engine::Body;
use crate::wire::{Conditions, Fault, FaultKind, FieldValue, Outcome, Span, Status, Validators};

/// A file, or 304 when the client has it already.
pub(in crate::app) fn static_file(visit: &Visit<'_>) -> Reply {
    file_at(visit, visit.captures.named("path"))
}

/// The file at this path.
fn file_at(visit: &Visit<'_>, path: &[u8]) -> Reply {
    match visit.settings.files.find(path) {
        Err(kind) => visit.refuse(kind, visit.head().target_at()),
        Ok(found) => serve(visit, path, found),
    }
}

/// The same for pages of this site only.
pub(in crate::app) fn hotlink(visit: &Visit<'_>) -> Reply {
    for_own_pages(visit, visit.captures.named("path"))
}

/// The file at this path, for pages of this site only.
pub(super) fn for_own_pages(visit: &Visit<'_>, path: &[u8]) -> Reply {
    // An empty one says as little as none.
    let mut referers = visit.head().fields_named(b"Referer");
    let referer = referers.next().filter(|field| !field.value.is_empty());
    let (is_ours, at) = match &referer {
        None => (
            visit.settings.hotlink_without_referer,
            visit.head().target_at(),
        ),
        Some(field) => (is_own_page(visit, &field.value), field.value_at),
    };
    if is_ours {
        file_at(visit, path)
    } else {
        visit.refuse(FaultKind::ForeignReferer, at)
    }
}

/// A file that was found, or 304.
pub(super) fn serve(visit: &Visit<'_>, path: &[u8], found: Found) -> Reply {
    let head = visit.head();
    let edition = visit.settings.edition;
    let entity_tag = if edition.has_entity_tags() {
        let tag = format!("\"{:x}-{:x}\"", found.last_modified.seconds(), found.length);
        FieldValue::new(tag.into_bytes()).ok()
    } else {
        None
    };
    let since = head.fields_named(b"If-Modified-Since").next();
    let none_match = head.field(b"If-None-Match");
    let conditions = Conditions {
        is_head: head.is_method(b"HEAD"),
        if_modified_since: since.as_ref().map(|field| &*field.value),
        if_none_match: none_match.as_deref(),
    };
    let file = Validators {
        last_modified: found.last_modified,
        entity_tag: entity_tag.as_ref().map(FieldValue::octets),
    };
    let condition = conditions.evaluate(edition, &file, visit.now);
    let mut reply = Reply::new(match condition.outcome {
        Outcome::NotModified => Status::NOT_MODIFIED,
        Outcome::Proceed => Status::OK,
    });
    reply.last_modified = Some(found.last_modified);
    reply.entity_tag = entity_tag;
    reply.content_type = Some(content_type(path));
    reply.cache_control = Some(NO_CACHE);
    reply.body = match (condition.outcome, found.content) {
        (Outcome::NotModified, _) => Body::EMPTY,
        (_, Content::Embedded(bytes)) => Body::Bytes(Cow::Borrowed(bytes)),
        (_, Content::File(file)) => Body::File {
            file,
            length: found.length,
        },
    };
    let at = since
        .as_ref()
        .map_or(Span::default(), |field| field.value_at);
    reply
        .faults
        .extend(condition.fault.map(|kind| Fault::new(kind, at)));
    reply
}

/// Store it, but ask before each use: so that the 304 can be seen every time.
const NO_CACHE: FieldValue = FieldValue::constant("no-cache");

/// Whether a Referer names a page of this site: an absolute URI with our host, or a relative one,
/// which is resolved against the request's own (RFC 1945 10.13).
fn is_own_page(visit: &Visit<'_>, referer: &[u8]) -> bool {
    let authority =
        strip_scheme(referer, b"http://").or_else(|| strip_scheme(referer, b"https://"));
    let Some(rest) = authority else {
        let end = referer
            .iter()
            .position(|octet| matches!(octet, b':' | b'/' | b'?' | b'#'));
        let has_scheme = end.is_some_and(|at| referer.get(at) == Some(&b':'));
        return !has_scheme && !referer.starts_with(b"//");
    };
    let end = rest
        .iter()
        .position(|octet| matches!(octet, b'/' | b'?' | b'#'));
    let theirs = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let ours = visit.head().field(b"Host");
    let ours = ours.as_deref().unwrap_or(visit.settings.host.as_bytes());
    let without_port = |host| <[u8]>::strip_suffix(host, b":80").unwrap_or(host);
    without_port(theirs).eq_ignore_ascii_case(without_port(ours))
}

fn strip_scheme<'a>(uri: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = uri.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, UNIX_EPOCH};

    use tempfile::TempDir;

    use crate::app::testing::{Answer, ask, get, now, settings, site_with};
    use crate::app::{Settings, Site};
    use crate::wire::Edition;

    /// Mon, 23 Oct 2017 08:00:00 GMT, as the embedded files.
    const MODIFIED: u64 = 1_508_745_600;

    /// A site with `a.txt` in a folder, last changed at `seconds`.
    fn site(edition: Edition, seconds: u64) -> (Site, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "some text").unwrap();
        set_time(&path, seconds);
        let settings = Settings {
            edition,
            ..settings(&[folder.path().to_owned()])
        };
        (site_with(settings), folder)
    }

    fn set_time(path: &std::path::Path, seconds: u64) {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    }

    fn asked(site: &Site, method: &str, field: &str) -> Answer {
        ask(
            site,
            &format!("{method} /static/a.txt HTTP/1.0\r\n{field}\r\n"),
        )
    }

    #[test]
    fn a_file_has_its_time_type_and_length() {
        let (site, _folder) = site(Edition::Notes, MODIFIED);
        let answer = asked(&site, "GET", "");
        assert_eq!(
            answer.head,
            "HTTP/1.0 200 OK\r\n\
             Date: Mon, 30 Oct 2017 02:02:09 GMT\r\n\
             Last-Modified: Mon, 23 Oct 2017 08:00:00 GMT\r\n\
             X-Frame-Options: SAMEORIGIN\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Length: 9\r\n\
             Cache-Control: no-cache\r\n\r\n"
        );
        assert_eq!(answer.body, "some text");
        let head = asked(&site, "HEAD", "");
        assert_eq!((head.head, head.body), (answer.head, String::new()));
        assert_eq!(get("/static/hello.txt").body, "hello, wire\n");
    }

    #[test]
    fn if_modified_since_is_as_the_edition_has_it() {
        let equal = "If-Modified-Since: Mon, 23 Oct 2017 08:00:00 GMT\r\n";
        let older = "If-Modified-Since: Mon, 23 Oct 2017 07:59:59 GMT\r\n";
        let newer = "If-Modified-Since: Mon, 23 Oct 2017 08:00:01 GMT\r\n";
        let future = "If-Modified-Since: Mon, 21 Nov 2050 08:00:00 GMT\r\n";
        let junk = "If-Modified-Since: yesterday\r\n";
        for (edition, field, wanted) in [
            (Edition::Notes, equal, "304"),
            (Edition::Notes, older, "200"),
            (Edition::Notes, newer, "200"),
            (Edition::Notes, junk, "200"),
            (Edition::Rfc1945, equal, "304"),
            (Edition::Rfc1945, older, "200"),
            (Edition::Rfc1945, newer, "304"),
            (Edition::Rfc1945, future, "200"),
            (Edition::Rfc9110, newer, "304"),
            (Edition::Rfc9110, future, "304"),
        ] {
            let (site, _folder) = site(edition, MODIFIED);
            let answer = asked(&site, "GET", field);
            assert_eq!(answer.status(), wanted, "{edition:?} {field}");
            if wanted == "304" {
                assert_eq!(answer.body, "");
                assert!(answer.fields("Content-Type").is_empty());
            }
        }
        let (site, _folder) = site(Edition::Notes, MODIFIED);
        assert_eq!(asked(&site, "GET", junk).noticed, ["bad-date"]);
        let head = asked(&site, "HEAD", equal);
        assert_eq!(
            (head.status(), &*head.noticed),
            ("200", &["conditional-head"][..])
        );
    }

    #[test]
    fn an_entity_tag_comes_back_in_one_edition() {
        let (site, folder) = site(Edition::Rfc9110, MODIFIED);
        let tag = asked(&site, "GET", "").field("ETag").to_owned();
        let field = format!("If-None-Match: {tag}\r\n");
        assert_eq!(asked(&site, "GET", &field).status(), "304");
        assert_eq!(asked(&site, "HEAD", &field).status(), "304");
        fs::write(folder.path().join("a.txt"), "another length").unwrap();
        assert_eq!(asked(&site, "GET", &field).status(), "200");
    }

    #[test]
    fn no_file_is_newer_than_its_answer() {
        let (site, _folder) = site(Edition::Notes, now().seconds() + 1000);
        let answer = asked(&site, "GET", "");
        assert_eq!(answer.field("Last-Modified"), answer.field("Date"));
    }

    #[test]
    fn an_edit_ends_the_304() {
        let (site, folder) = site(Edition::Notes, MODIFIED);
        let field = "If-Modified-Since: Mon, 23 Oct 2017 08:00:00 GMT\r\n";
        assert_eq!(asked(&site, "GET", field).status(), "304");
        let path = folder.path().join("a.txt");
        fs::write(&path, "edited").unwrap();
        set_time(&path, MODIFIED + 1);
        assert_eq!(asked(&site, "GET", field).body, "edited");
        fs::remove_file(&path).unwrap();
        assert_eq!(asked(&site, "GET", field).status(), "404");
    }

    #[test]
    fn what_leaves_the_folder_is_refused_with_its_lesson() {
        for target in [
            "/static/../Cargo.toml",
            "/static/%2e%2e/Cargo.toml",
            "/static/%2E%2e%2fCargo.toml",
            "/static/..%5cCargo.toml",
            "/static/.git/config",
            "/static/a.txt%00.png",
            "/hotlink/../Cargo.toml",
        ] {
            let answer = get(target);
            assert_eq!(answer.status(), "404", "{target}");
            assert_eq!(answer.noticed, ["outside-root"], "{target}");
        }
        for target in [
            "/static/",
            "/static//hello.txt",
            "/static/hello.txt/",
            "/static/%252e%252e/a",
        ] {
            assert_eq!(get(target).noticed, ["not-found"], "{target}");
        }
    }

    #[test]
    fn hotlinks_are_for_own_pages() {
        let site = site_with(settings(&[]));
        let strict = site_with(Settings {
            hotlink_without_referer: false,
            ..settings(&[])
        });
        let get = |site: &Site, fields: &str| {
            let request = format!("GET /hotlink/hello.txt HTTP/1.0\r\n{fields}\r\n");
            ask(site, &request).status().to_owned()
        };
        for (fields, wanted) in [
            (
                "Host: shop.test:8000\r\nReferer: http://shop.test:8000/static/index.html\r\n",
                "200",
            ),
            (
                "Host: shop.test:8000\r\nReferer: HTTP://SHOP.test:8000\r\n",
                "200",
            ),
            (
                "Host: shop.test\r\nReferer: http://shop.test:80/\r\n",
                "200",
            ),
            ("Host: shop.test\r\nReferer: https://shop.test?x\r\n", "200"),
            ("Referer: http://127.0.0.1:8000/\r\n", "200"),
            ("Referer: /static/index.html\r\n", "200"),
            (
                "Host: shop.test\r\nReferer: http://shop.test.evil.test/\r\n",
                "403",
            ),
            (
                "Host: shop.test\r\nReferer: http://shop.test@evil.test/\r\n",
                "403",
            ),
            (
                "Host: shop.test\r\nReferer: http://evil.test/http://shop.test/\r\n",
                "403",
            ),
            (
                "Host: shop.test\r\nReferer: http://shop.test:8000/\r\n",
                "403",
            ),
            (
                "Host: shop.test\r\nReferer: http://shop.test:80000/\r\n",
                "403",
            ),
            ("Host: shop.test\r\nReferer: //evil.test/\r\n", "403"),
            ("Host: shop.test\r\nReferer: about:blank\r\n", "403"),
            ("Host: shop.test\r\nReferer: http:///\r\n", "403"),
        ] {
            assert_eq!(get(&site, fields), wanted, "{fields}");
            assert_eq!(get(&strict, fields), wanted, "{fields}");
        }
        for fields in ["", "Referer:\r\n"] {
            assert_eq!(get(&site, fields), "200", "{fields}");
            assert_eq!(get(&strict, fields), "403", "{fields}");
        }
    }

    #[test]
    fn a_foreign_referer_is_shown() {
        let site = site_with(settings(&[]));
        let request = "GET /hotlink/hello.txt HTTP/1.0\r\nReferer: http://evil.test/\r\n\r\n";
        let answer = ask(&site, request);
        assert_eq!(answer.noticed, ["foreign-referer"]);
        assert!(
            answer
                .body
                .contains("  Referer: http://evil.test/\\r\\n\n           ^^^^^^^^^^^^^^^^^\n")
        );
    }
}
