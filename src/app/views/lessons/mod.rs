//! What the lessons ask for at `/l/NN/...`, one file a topic; `lesson_urls.rs` has the table.
//!
//! Answers are short and made for a terminal: a sentence in both languages, and lines of `name: value`. What was sent
//! is escaped wherever it is shown. Where a page of the site does the same, the table has that page.

pub(in crate::app) mod bodies;
pub(in crate::app) mod caching;
pub(in crate::app) mod cookies;
pub(in crate::app) mod engines;
pub(in crate::app) mod parts;
pub(in crate::app) mod redirects;
pub(in crate::app) mod rows;
pub(in crate::app) mod sessions;
mod text;
pub(in crate::app) mod trust;
pub(in crate::app) mod zoo;

use super::raw;
use crate::app::{Reply, Visit};
use crate::wire::FaultKind;

/// A lesson's own place, for whatever is sent to it: the request's bytes, as `/raw` has them.
pub(in crate::app) fn place(visit: &Visit<'_>) -> Reply {
    let is_lesson = matches!(
        visit.captures.named("lesson"),
        [b't', b'1'..=b'3'] | [b'0'..=b'3', b'0'..=b'9'] | [b'4', b'0'..=b'4']
    );
    if is_lesson {
        raw::raw(visit)
    } else {
        visit.refuse_saying(FaultKind::NotFound, visit.head().target_at(), NUMBERS)
    }
}

const NUMBERS: [&str; 2] = [
    "The lessons have their places at /l/00 to /l/44 and at /l/t1 to /l/t3.",
    "各课的地址是 /l/00 到 /l/44，以及 /l/t1 到 /l/t3。",
];

#[cfg(test)]
mod tests {
    use crate::app::lesson_urls::ROUTES;
    use crate::app::testing::{Answer, ask, get, settings, site_with};
    use crate::app::{Settings, Site};
    use crate::wire::Lang;

    fn site() -> Site {
        site_with(settings(&[]))
    }

    fn asked(site: &Site, target: &str, cookie: &str) -> Answer {
        ask(
            site,
            &format!("GET {target} HTTP/1.0\r\nCookie: {cookie}\r\n\r\n"),
        )
    }

    /// The first cookie that was set, as it comes back.
    fn cookie(answer: &Answer) -> &str {
        let line = answer.fields("Set-Cookie")[0];
        line.split(';').next().unwrap()
    }

    #[test]
    fn every_lesson_has_a_place_in_both_forms() {
        let numbers = (0..=44).map(|number| format!("{number:02}"));
        for lesson in numbers.chain((1..=3).map(|number| format!("t{number}"))) {
            for target in [format!("/l/{lesson}"), format!("/l/{lesson}/")] {
                let answer = get(&target);
                assert!(matches!(answer.status(), "200" | "302"), "{target}");
                let posted = ask(
                    &site(),
                    &format!("POST {target} HTTP/1.0\r\nContent-Length: 0\r\n\r\n"),
                );
                assert!(matches!(posted.status(), "200" | "302" | "405"), "{target}");
            }
        }
        for target in [
            "/l/", "/l/45", "/l/1", "/l/001", "/l/t4", "/l/T1", "/l/00/x",
        ] {
            assert_eq!(get(target).status(), "404", "{target}");
        }
    }

    #[test]
    fn every_row_is_found_before_the_one_that_takes_all() {
        for route in ROUTES {
            let path = (route.pattern)
                .replace("{path...}", "hello.txt")
                .replace("{below...}", "x")
                .replace("{engine}", "cache");
            let path = path.replace(['{', '}'], "");
            let (found, _) = super::super::super::urls::find(path.as_bytes()).unwrap();
            assert_eq!(found.pattern, route.pattern, "{path}");
        }
    }

    #[test]
    fn a_borrowed_page_leads_to_itself() {
        for target in ["/l/10", "/l/30", "/l/34/", "/l/35/", "/l/36/"] {
            for prefix in ["", "/u/ann"] {
                let body = get(&format!("{prefix}{target}")).body;
                for strayed in ["=\"/cart", "=\"/session", "=\"/getpost", "=\"/cookiedemo"] {
                    assert!(!body.contains(strayed), "{strayed} in {prefix}{target}");
                }
                let lesson = &target[..5];
                if target != "/l/34/" {
                    assert!(body.contains(&format!("=\"{prefix}{lesson}")), "{body}");
                }
            }
        }
        let logged_out = get("/u/ann/l/34/logout/");
        assert_eq!(logged_out.field("Location"), "/u/ann/l/34/login/");
        // The page for those who are new stands at one place only.
        assert!(get("/l/34/login/").body.contains("=\"/user/register/\""));
        let history = get("/u/ann/l/30/3/");
        assert_eq!(history.field("Set-Cookie"), "history=3; Path=/u/ann/l/30/");
    }

    #[test]
    fn a_price_is_believed_unless_it_is_signed() {
        let site = site();
        let price = asked(&site, "/l/32", "");
        assert_eq!(price.field("Set-Cookie"), "price=100; Path=/l/32");
        let cheap = asked(&site, "/l/32/buy", "price=1");
        assert!(cheap.body.starts_with("charged: 1\n"));
        let signed = asked(&site, "/l/32/signed", "");
        let signed = cookie(&signed);
        let bought = asked(&site, "/l/32/buy?signed=1", signed);
        assert!(bought.body.starts_with("charged: 100\nsignature: ours\n"));
        for forged in [&*signed.replace("100", "1"), "price=1", ""] {
            let refused = asked(&site, "/l/32/buy?signed=1", forged);
            assert_eq!(refused.status(), "403", "{forged}");
        }
    }

    #[test]
    fn an_engine_keeps_or_forgets_over_a_restart() {
        for (engine, is_kept) in [
            ("db", true),
            ("file", true),
            ("cache", false),
            ("cached_db", true),
            ("signed_cookies", true),
        ] {
            let site = site();
            let set = asked(&site, &format!("/l/37/{engine}/set/?key=k&value=v"), "");
            let key = cookie(&set).to_owned();
            let path = format!("Path=/l/37/{engine}/");
            assert!(set.field("Set-Cookie").ends_with(&path), "{engine}");
            let get = |site: &Site| asked(site, &format!("/l/37/{engine}/get/?key=k"), &key).body;
            assert!(get(&site).contains("session['k']: \"v\"\n"), "{engine}");
            asked(&site, &format!("/l/37/{engine}/restart/"), "");
            let after = get(&site);
            assert_eq!(after.contains("session['k']: \"v\"\n"), is_kept, "{after}");
            if engine == "cached_db" {
                let lines: Vec<_> = after
                    .lines()
                    .filter(|line| line.starts_with("log"))
                    .collect();
                assert_eq!(lines.len(), 3, "{after}");
                assert!(lines[0].starts_with("log 1: memory miss"), "{after}");
                assert!(lines[1].starts_with("log 2: database hit"), "{after}");
                assert!(lines[2].starts_with("log 3: memory fill"), "{after}");
            }
        }
    }

    #[test]
    fn a_signed_session_can_be_read_but_not_changed_and_logout_takes_nothing_back() {
        let site = site();
        let login = asked(&site, "/l/38/login/?user=a", "");
        let sent = cookie(&login).to_owned();
        let shown = asked(&site, "/l/38/", &sent).body;
        assert!(shown.contains("payload: {\"user\":\"a\"}\nsignature: holds\n"));
        let flipped = sent.replacen("eyJ", "eyK", 1);
        let refused = asked(&site, "/l/38/", &flipped).body;
        assert!(
            refused.contains("signature: does not hold\nuser: None\n"),
            "{refused}"
        );
        let logout = asked(&site, "/l/38/logout/", &sent);
        assert!(
            logout
                .field("Set-Cookie")
                .contains("Max-Age=0; Path=/l/38/")
        );
        assert_eq!(asked(&site, "/l/38/", &sent).body, shown);
    }

    #[test]
    fn rows_expire_and_are_cleared() {
        let site = site();
        let expired = asked(&site, "/l/40/expire/", "");
        assert_eq!(cookie(&expired), "rows=3.2");
        let cleared = asked(&site, "/l/40/clearsessions/", cookie(&expired));
        assert_eq!(cookie(&cleared), "rows=3.0");
        for odd in [
            "rows=x",
            "rows=70000.1",
            "rows=999.1000",
            "rows=-1.0",
            "rows=1",
        ] {
            let body = asked(&site, "/l/40/", odd).body;
            assert!(body.starts_with("rows: 5 (5 live, 0 expired)\n"), "{odd}");
        }
        let full = asked(&site, "/l/40/expire/", "rows=999.999");
        assert_eq!(cookie(&full), "rows=997.999");
    }

    #[test]
    fn a_session_begins_with_a_post() {
        let site = site();
        let get = asked(&site, "/l/33", "");
        assert!(get.fields("Set-Cookie").is_empty() && get.fields("Vary").is_empty());
        let post = ask(
            &site,
            "POST /l/33 HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nuser=anna",
        );
        assert!(post.body.starts_with("request.session['user']: anna\n"));
        assert!(post.field("Set-Cookie").starts_with("sessionid="));
    }

    #[test]
    fn riddles_are_in_their_order_and_tell_nothing() {
        let slugs = [
            "short",
            "lf",
            "no-blank-line",
            "duplicate",
            "reset",
            "nine",
            "drip",
            "long",
        ];
        for (number, slug) in (1..).zip(slugs) {
            let riddle = get(&format!("/l/t3/{number}"));
            assert_eq!(riddle.body, get(&format!("/l/zoo/{slug}")).body);
            assert!(!riddle.body.contains(slug) || slug == "drip", "{slug}");
            let right = get(&format!("/l/t3/{number}?guess={slug}")).body;
            assert!(right.starts_with("right\n对\n"), "{right}");
            let wrong = get(&format!("/l/t3/{number}?guess={}", slugs[number % 8])).body;
            assert!(wrong.starts_with("wrong"), "{wrong}");
        }
    }

    #[test]
    fn chinese_comes_first_where_it_is_asked_for() {
        let zh = site_with(Settings {
            lang: Lang::Zh,
            ..settings(&[])
        });
        let body = ask(&zh, "GET /l/17/target HTTP/1.0\r\n\r\n").body;
        assert!(body.starts_with("这一页是你自己来请求的"));
    }

    #[test]
    fn nothing_that_was_sent_reaches_a_terminal_as_it_is() {
        let odd = "x%1b%5b2J%0d%0aSet-Cookie:y";
        let site = site();
        for target in [
            format!("/l/25?max_age={odd}"),
            format!("/l/27/set?domain={odd}"),
            format!("/l/28/del?path={odd}"),
            format!("/l/31/why?cookie=root&url=/{odd}"),
            format!("/l/37/cache/set/?key={odd}&value={odd}"),
            format!("/l/38/login/?user={odd}"),
            format!("/l/39/?key={odd}&value={odd}"),
            format!("/l/t3/1?guess={odd}"),
            format!("/l/26/user/{odd}"),
        ] {
            let answer = asked(&site, &target, "a=\"\\033[2J\"; price=\x1b[2J");
            let text = format!("{}{}", answer.head, answer.body);
            assert!(!text.contains('\x1b'), "{target}: {text}");
            let cookies = answer.fields("Set-Cookie");
            assert!(!cookies.iter().any(|cookie| cookie.starts_with('y')));
        }
    }
}
