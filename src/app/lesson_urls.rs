//! The lessons' own table of URLs: every `/l/NN/...`, and whose page of the site a lesson borrows.
//!
//! Below `/l/` a slash at the end means nothing, so that a place has one page however it is typed. The first row that
//! fits wins; the last one is every lesson's own place. A borrowed page finds its own paths in the lesson ([`homes`]),
//! by the same mechanism as a learner's prefix.

use super::middleware::SessionView;
use super::mount::Homes;
use super::urls::{Captures, Route, View, capture};
use super::views::lessons::{
    bodies, caching, cookies, engines, parts, place, redirects, rows, sessions, trust, zoo,
};
use super::views::{cart, echo, files, getpost, history, learning, login, session};
use super::{Reply, Visit};
use crate::engine::Place;

/// A page that only reads.
const fn get(pattern: &'static str, view: fn(&Visit<'_>) -> Reply) -> Route {
    row(pattern, "GET, HEAD", View::Plain(view))
}

/// One that also takes a body.
const fn post(pattern: &'static str, view: fn(&Visit<'_>) -> Reply) -> Route {
    row(pattern, "GET, HEAD, POST", View::Plain(view))
}

/// One with a session.
const fn with_session(pattern: &'static str, view: SessionView) -> Route {
    row(pattern, "GET, HEAD", View::WithSession(view))
}

const fn row(pattern: &'static str, allow: &'static str, view: View) -> Route {
    Route {
        pattern,
        name: pattern,
        allow,
        place: Place::Loop,
        streams: false,
        view,
        example: pattern,
        about: ["", ""],
    }
}

/// The same on a worker, since it waits.
const fn waiting(route: Route) -> Route {
    Route {
        place: Place::Worker,
        ..route
    }
}

/// The same with the parts of a multipart body going to the disk as they come.
const fn streaming(route: Route) -> Route {
    Route {
        streams: true,
        ..waiting(route)
    }
}

/// The table.
pub(super) const ROUTES: &[Route] = &[
    get("/l/{lesson}/check", learning::check),
    waiting(get("/l/t1/probe", learning::probe)),
    get("/l/05/nine", bodies::nine),
    get("/l/06/away", redirects::away),
    get("/l/07", bodies::short),
    post("/l/08", echo::echo),
    post("/l/10", getpost::getpost),
    post("/l/11", bodies::declared),
    post("/l/13/{code}", bodies::status),
    post("/l/14", bodies::lost),
    get("/l/14/length", bodies::with_length),
    get("/l/14/close", bodies::with_close),
    get("/l/14/short", zoo::short),
    get("/l/14/long", zoo::long),
    post("/l/16", bodies::count),
    get("/l/17", redirects::hop),
    get("/l/17/target", redirects::target),
    post("/l/18", redirects::form),
    post("/l/18/done", redirects::done),
    post("/l/18/again", redirects::again),
    post("/l/19", redirects::for_ever),
    get("/l/19/rfc", redirects::first),
    get("/l/19/rfc/{hop}", redirects::next),
    streaming(post("/l/20", parts::parts)),
    streaming(post("/l/21", parts::parts)),
    streaming(post("/l/22", parts::parts)),
    streaming(post("/l/23", parts::parts)),
    get("/l/24", cookies::first),
    get("/l/25", cookies::lifetime),
    get("/l/26/set", cookies::paths),
    get("/l/26/user", cookies::path),
    get("/l/26/user/{below...}", cookies::path),
    get("/l/26/username", cookies::path),
    get("/l/27", cookies::asked_host),
    get("/l/27/set", cookies::domain),
    get("/l/28/set", cookies::set),
    get("/l/28/del", cookies::delete),
    get("/l/28/user", cookies::list),
    get("/l/29", cookies::values),
    get("/l/29/octal", cookies::octal),
    get("/l/29/percent", cookies::percent),
    get("/l/30", history::history),
    get("/l/30/{goods}", history::goods),
    get("/l/31", cookies::table),
    get("/l/31/why", cookies::why),
    get("/l/32", trust::price),
    waiting(get("/l/32/buy", trust::buy)),
    waiting(get("/l/32/signed", trust::signed)),
    row(
        "/l/33",
        "GET, HEAD, POST",
        View::WithSession(sessions::begin),
    ),
    with_session("/l/34", session::session),
    waiting(row(
        "/l/34/login",
        "GET, HEAD, POST",
        View::WithSession(login::login),
    )),
    with_session("/l/34/logout", login::logout),
    with_session("/l/34/{act}", session::act),
    with_session("/l/35", cart::cart),
    with_session("/l/35/{act}", cart::change),
    with_session("/l/36", sessions::expiry),
    with_session("/l/36/{act}", session::act),
    waiting(get("/l/37/{engine}/{act}", engines::step)),
    waiting(get("/l/38", engines::signed)),
    waiting(get("/l/38/{act}", engines::signed_step)),
    waiting(post("/l/39", engines::resp)),
    get("/l/40", rows::rows),
    get("/l/40/{act}", rows::change),
    get("/l/41/file", caching::file),
    get("/l/42/file", caching::file),
    get("/l/43/static/{path...}", files::static_file),
    get("/l/43/{kind}", caching::cache),
    get("/l/44", caching::gallery),
    get("/l/44/x.png", caching::picture),
    get("/l/zoo/{name}", zoo::named),
    get("/l/t3/{number}", zoo::riddle),
    post("/l/{lesson}", place),
];

/// Finds the first row that fits a percent-decoded path.
pub(super) fn find(path: &[u8]) -> Option<(&'static Route, Captures<'_>)> {
    let fits = |path| {
        let mut routes = ROUTES.iter();
        routes.find_map(|route| Some((route, capture(route.pattern, path)?)))
    };
    // As it is first: a file's path may end with a slash that means something.
    fits(path).or_else(|| fits(path.strip_suffix(b"/")?))
}

/// Where the paths of a borrowed page are in the lesson that this path is in.
pub(super) fn homes(path: &[u8]) -> Homes {
    let lesson = path.strip_prefix(b"/l/").and_then(|rest| rest.get(..2));
    let found = HOMES
        .iter()
        .find(|(name, _)| lesson == Some(name.as_bytes()));
    found.map_or(&[], |(_, homes)| homes)
}

const HOMES: &[(&str, Homes)] = &[
    ("10", &[("/getpost/", "/l/10")]),
    ("30", &[("/cookiedemo/history/", "/l/30/")]),
    (
        "34",
        &[
            // It has no place in the lesson.
            ("/user/register/", "/user/register/"),
            ("/user/", "/l/34/"),
            ("/session/", "/l/34/"),
        ],
    ),
    ("35", &[("/cart/", "/l/35/")]),
    (
        "36",
        &[
            ("/session/expiry/?value=", "/l/36/?seconds="),
            ("/session/", "/l/36/"),
        ],
    ),
];
