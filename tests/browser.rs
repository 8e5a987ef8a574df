//! A real browser, watched by a tap on the server. What counts is what the *server* saw: the requests that
//! the browser sent on its own.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};

use blankline::record::{Record, Tap};
use blankline::wire::Status;
use serde_json::json;
use support::browser::Browser;
use support::{Case, Chance, PATIENCE, Running, now};
use tempfile::TempDir;

/// One request as the server saw it, and the status that went out.
#[derive(Debug)]
struct Seen {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    status: Option<u16>,
}

impl Seen {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Hands on each exchange.
struct Watch(Sender<Seen>);

impl Tap for Watch {
    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            let Record::Exchange(exchange) = record else {
                continue;
            };
            let Some(head) = &exchange.head else { continue };
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            let fields = head.fields();
            // The test may be over already.
            let _over = self.0.send(Seen {
                method: text(head.method()),
                target: text(head.target()),
                fields: fields
                    .map(|field| (text(field.name), text(&field.value)))
                    .collect(),
                status: exchange.status.map(Status::code),
            });
        }
    }
}

/// A server, a browser, and what the one saw of the other.
struct Stage {
    browser: Browser,
    server: Running,
    seen: Receiver<Seen>,
    data: TempDir,
}

impl Stage {
    /// `None` when there is no browser here, and there need not be one.
    fn set(test: &str) -> Option<Self> {
        let browser = Browser::start(test)?;
        let (sender, seen) = channel();
        let data = TempDir::new().unwrap();
        let folder = format!("--data={}", data.path().display());
        let args = Case::own(&[&folder, "--password-iterations=1"]).serve_args();
        let server = Running::site(&args, || Some(Box::new(Watch(sender.clone()))));
        Some(Self {
            browser,
            server,
            seen,
            data,
        })
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.server.address)
    }

    /// Fills the form of `/user/register/` in, and sends it.
    fn register(&self, name: &str) {
        self.browser.script(&format!(
            "const form = document.forms[0]; form.elements.username.value = '{name}'; \
             form.elements.password.value = 'x'; form.submit(); return ''"
        ));
    }

    fn visit(&self, target: &str) {
        self.browser
            .command("url", &json!({ "url": self.url(target) }));
    }

    /// The next request with this method and target; others, such as a page's stylesheet, are passed.
    fn sees(&self, method: &str, target: &str) -> Seen {
        let deadline = now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(now());
            let seen = self
                .seen
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("the server never saw {method} {target}"));
            if seen.method == method && seen.target == target {
                return seen;
            }
        }
    }
}

#[test]
fn it_follows_the_302() {
    let Some(stage) = Stage::set("it_follows_the_302") else {
        return;
    };
    stage.visit("/redirect/");
    assert_eq!(stage.sees("GET", "/redirect/").status, Some(302));
    assert_eq!(stage.sees("GET", "/user/").status, Some(200));
    assert_eq!(stage.browser.url(), stage.url("/user/"));
}

#[test]
fn it_posts_a_form_and_follows_with_a_get() {
    let Some(stage) = Stage::set("it_posts_a_form_and_follows_with_a_get") else {
        return;
    };
    stage.visit("/user/register/");
    stage.register("男");
    let post = stage.sees("POST", "/user/register/");
    assert_eq!(post.status, Some(302));
    assert_eq!(post.field("Content-Length"), Some("29"));
    assert_eq!(
        post.field("Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(stage.sees("GET", "/user/").status, Some(200));
    // Reloading repeats the GET, and the form is not sent again.
    stage.browser.command("refresh", &json!({}));
    assert_eq!(stage.sees("GET", "/user/").status, Some(200));
    assert_eq!(stage.browser.url(), stage.url("/user/"));
    assert!(stage.browser.text().contains('男'), "the list has the name");
    // The name is taken now, and still in the form.
    stage.visit("/user/register/");
    stage.register("男");
    let again = stage.sees("POST", "/user/register/");
    assert_eq!(again.status, Some(200));
    let text = stage.browser.text();
    assert!(
        text.contains("UNIQUE constraint failed: User_user.username"),
        "{text}"
    );
    assert_eq!(
        stage
            .browser
            .script("return document.forms[0].elements.username.value"),
        "男"
    );
}

#[test]
fn it_chooses_a_file_sends_it_and_gets_it_back() {
    let Some(stage) = Stage::set("it_chooses_a_file_sends_it_and_gets_it_back") else {
        return;
    };
    let mut chance = Chance::new(3);
    let picture: Vec<u8> = (0..375_000)
        .flat_map(|_| chance.bits().to_le_bytes())
        .collect();
    let path = stage.data.path().join("头像.png");
    std::fs::write(&path, &picture).unwrap();
    stage.visit("/upload/");
    stage
        .browser
        .type_into("input[type=file]", &path.display().to_string());
    stage.browser.click("button");
    let post = stage.sees("POST", "/upload/");
    assert_eq!(post.status, Some(200));
    let content_type = post.field("Content-Type").unwrap();
    assert!(
        content_type.starts_with("multipart/form-data; boundary="),
        "{content_type}"
    );
    let text = stage.browser.text();
    assert!(text.contains("TemporaryUploadedFile"), "{text}");
    // What it downloads is what it sent.
    let script = "return fetch(document.querySelector('td a').href).then(a => a.arrayBuffer()).then(a => \
                  a.byteLength + ':' + new Uint8Array(a).reduce((sum, byte) => (sum * 31 + byte) % 65521, 0))";
    let sum = picture
        .iter()
        .fold(0_u32, |sum, byte| (sum * 31 + u32::from(*byte)) % 65521);
    assert_eq!(
        stage.browser.script(script),
        format!("{}:{sum}", picture.len())
    );
    // A form without a file is answered with what is missing.
    stage.visit("/upload/");
    stage.browser.click("button");
    assert_eq!(stage.sees("POST", "/upload/").status, Some(400));
    assert!(stage.browser.text().contains("no-file"));
}

#[test]
fn a_reload_posts_again_after_a_page_and_not_after_a_302() {
    let Some(stage) = Stage::set("a_reload_posts_again_after_a_page_and_not_after_a_302") else {
        return;
    };
    let count = || {
        stage
            .browser
            .script("return document.getElementById('count').innerText")
    };
    for (way, after_reload) in [("post", "2"), ("prg", "1")] {
        stage.visit(&format!("/counter/{way}/"));
        stage.browser.click("button");
        stage.sees("POST", &format!("/counter/{way}/"));
        assert_eq!(count(), "1", "{way}");
        stage.browser.command("refresh", &json!({}));
        assert_eq!(count(), after_reload, "{way}");
    }
}

#[test]
fn it_reads_back_what_it_sent() {
    let Some(stage) = Stage::set("it_reads_back_what_it_sent") else {
        return;
    };
    stage.visit("/echo/?q=男&q=a+b");
    stage.sees("GET", "/echo/?q=%E7%94%B7&q=a+b");
    let text = stage.browser.text();
    assert!(text.contains("q = \\xe7\\x94\\xb7"), "{text}");
    assert!(text.contains("q = a b"), "{text}");
    let script = "return fetch('/echo/?format=json', {method: 'POST', body: new URLSearchParams({q: '男'})})\
                  .then(answer => answer.json()).then(echo => echo.POST[0].name + '=' + echo.POST[0].value)";
    assert_eq!(stage.browser.script(script), "q=男");
}

#[test]
fn it_sends_the_same_29_bytes_by_get_and_by_post() {
    let Some(stage) = Stage::set("it_sends_the_same_29_bytes_by_get_and_by_post") else {
        return;
    };
    stage.visit("/getpost/");
    stage.browser.click("#get");
    stage.sees("GET", "/getpost/?username=admin&password=admin");
    assert!(stage.browser.text().contains("request.GET\n"));
    stage.browser.click("#post");
    let post = stage.sees("POST", "/getpost/");
    assert_eq!(post.field("Content-Length"), Some("29"));
    assert!(stage.browser.text().contains("request.POST\n"));
}

/// The trap of the notes, as a learner sees it: two on the page, one in the session.
#[test]
fn an_update_inside_the_cart_is_lost_before_the_learners_eyes() {
    let Some(stage) = Stage::set("an_update_inside_the_cart_is_lost_before_the_learners_eyes")
    else {
        return;
    };
    let count = || {
        let script = "return document.querySelector('.count').innerText";
        stage.browser.script(script)
    };
    let is_saved = || {
        let script = "return document.getElementById('saved').innerText";
        stage.browser.script(script)
    };
    let follow = |link: &str| stage.browser.click(&format!("a[href='{link}']"));
    stage.visit("/cart/");
    for (mode, saved, shown, kept) in [
        ("reassign", "True", "1", "1"),
        ("nested", "False", "2", "1"),
        ("modified", "True", "2", "2"),
        ("nested", "False", "3", "2"),
        ("reassign", "True", "3", "3"),
    ] {
        let add = format!("/cart/add/?goods=101&mode={mode}");
        follow(&add);
        assert_eq!(stage.sees("GET", &add).status, Some(200));
        assert_eq!(
            (count().as_str(), is_saved().as_str()),
            (shown, saved),
            "{mode}"
        );
        follow("/cart/");
        let read = stage.sees("GET", "/cart/");
        assert!(read.field("Cookie").unwrap().starts_with("sessionid="));
        assert_eq!(count(), kept, "{mode}");
    }
}

#[test]
fn it_logs_in_under_a_new_id_and_out_again() {
    let Some(stage) = Stage::set("it_logs_in_under_a_new_id_and_out_again") else {
        return;
    };
    stage.visit("/user/register/");
    stage.register("admin");
    stage.visit("/session/set/?key=age&value=10");
    stage.visit("/user/login/");
    let get = stage.sees("GET", "/user/login/");
    let planted = get.field("Cookie").unwrap().to_owned();
    stage.browser.type_into("#username", "admin");
    stage.browser.type_into("#password", "wrong");
    stage.browser.click("button");
    assert_eq!(stage.sees("POST", "/user/login/").status, Some(200));
    let text = stage.browser.text();
    assert!(
        text.contains("The user name or the password is wrong."),
        "{text}"
    );
    stage.browser.type_into("#password", "x");
    stage.browser.click("button");
    assert_eq!(stage.sees("POST", "/user/login/").status, Some(302));
    let user = stage.sees("GET", "/user/");
    assert_ne!(user.field("Cookie"), Some(planted.as_str()));
    assert_eq!(
        stage
            .browser
            .script("return document.getElementById('user').innerText"),
        "admin"
    );
    // No script can read the id.
    assert_eq!(stage.browser.script("return document.cookie"), "");
    stage.browser.click("a[href='/user/logout/']");
    assert_eq!(stage.sees("GET", "/user/logout/").status, Some(302));
    assert_eq!(stage.sees("GET", "/user/login/").status, Some(200));
    stage.visit("/user/");
    assert!(stage.browser.text().contains("You are not logged in."));
}

#[test]
fn it_keeps_the_three_cookies_and_brings_them_back() {
    let Some(stage) = Stage::set("it_keeps_the_three_cookies_and_brings_them_back") else {
        return;
    };
    stage.visit("/cookiedemo/");
    assert_eq!(stage.sees("GET", "/cookiedemo/").field("Cookie"), None);
    stage.visit("/cookiedemo/");
    let seen = stage.sees("GET", "/cookiedemo/");
    let cookies = sorted(seen.field("Cookie"));
    assert_eq!(cookies, ["age=10", "name=django", r#"sex="\347\224\267""#]);
    assert!(
        stage.browser.text().contains('男'),
        "the page shows it decoded"
    );
    // sex has Path=/cookiedemo/, so it stays at home.
    stage.visit("/user/");
    let seen = stage.sees("GET", "/user/");
    assert_eq!(sorted(seen.field("Cookie")), ["age=10", "name=django"]);
    stage.visit("/cookiedemo/history/3/");
    let seen = stage.sees("GET", "/cookiedemo/history/3/");
    let cookies = sorted(seen.field("Cookie"));
    assert_eq!(cookies, ["age=10", "name=django", r#"sex="\347\224\267""#]);
    stage.visit("/cookiedemo/history/");
    let seen = stage.sees("GET", "/cookiedemo/history/");
    assert!(sorted(seen.field("Cookie")).contains(&"history=3"));
}

fn sorted(field: Option<&str>) -> Vec<&str> {
    let mut cookies: Vec<&str> = field.unwrap_or_default().split("; ").collect();
    cookies.sort_unstable();
    cookies
}

#[test]
fn a_reload_revalidates_and_gets_304() {
    let Some(stage) = Stage::set("a_reload_revalidates_and_gets_304") else {
        return;
    };
    stage.visit("/static/hello.txt");
    let first = stage.sees("GET", "/static/hello.txt");
    assert_eq!(first.status, Some(200));
    assert_eq!(first.field("If-Modified-Since"), None);
    stage.browser.command("refresh", &json!({}));
    let again = stage.sees("GET", "/static/hello.txt");
    assert_eq!(again.status, Some(304));
    let since = again.field("If-Modified-Since");
    assert_eq!(since, Some("Mon, 23 Oct 2017 08:00:00 GMT"));
    assert_eq!(stage.browser.text().trim_end(), "hello, wire");
}

#[test]
fn a_link_of_this_site_passes_the_hotlink_check() {
    let Some(stage) = Stage::set("a_link_of_this_site_passes_the_hotlink_check") else {
        return;
    };
    stage.visit("/static/index.html");
    let image = stage.sees("GET", "/static/blankline.png");
    assert_eq!(image.status, Some(200));
    let page = stage.url("/static/index.html");
    assert_eq!(image.field("Referer"), Some(&*page));
    let script = "document.querySelector('main a').click()";
    stage
        .browser
        .command("execute/sync", &json!({ "script": script, "args": [] }));
    let image = stage.sees("GET", "/hotlink/blankline.png");
    assert_eq!(image.status, Some(200));
    assert_eq!(image.field("Referer"), Some(&*page));
}
