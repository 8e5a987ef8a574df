//! One contract for the six session engines, real servers and a real Django included.
//!
//! Each case runs on each engine. Redis is a server of the test's own, on a socket in a temporary folder; Django is
//! the one that `tests/run` puts under `target`, driven by `tests/sessions/peer.py`. Where they are missing, that is
//! said aloud, and is a failure where tools are required.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic in a test, or in a function that only tests call, is its report"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use blankline::clock::{Clock, IdSource};
use blankline::sessions::{
    Act, COOKIE_AGE, COOKIE_LIMIT, Cache, CachedDb, Cause, Codec, Cookie, Data, Database, Django,
    Engine, Expiry, Files, Limits, Loaded, Moment, Put, Redis, Saved, Session, SignedCookies,
    Store, StoreLog, Timeouts, Visit,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use support::stores::{RedisServer, django, has_django};
use support::{Chance, PATIENCE, has_tool};

const SECRET: &[u8] = b"peer-secret-key-for-comparison-only";

/// An engine, and a way around it.
struct Stand {
    engine: Box<dyn Engine>,
    place: Place,
}

/// Where the engine keeps its sessions; dropped after the engine.
enum Place {
    Database(TempDir),
    CachedDb(TempDir),
    Files(TempDir),
    Redis(RedisServer),
    Memory,
    Cookie,
}

impl Stand {
    fn new(place: Place) -> Self {
        Self {
            engine: place.open(),
            place,
        }
    }

    /// The same place, seen by another process, or after a restart.
    fn opened_again(&self) -> Box<dyn Engine> {
        self.place.open()
    }

    /// Whether the engine makes its own keys, which nobody can take back.
    fn is_cookie(&self) -> bool {
        matches!(self.place, Place::Cookie)
    }

    fn session<'r>(&'r self, cookie: Option<&str>, now: Moment) -> Session<'r> {
        session(&*self.engine, cookie, now)
    }

    /// A new session with these items, and its key.
    fn stored(&self, items: &Data, now: Moment) -> String {
        stored(&*self.engine, items, now)
    }
}

impl Place {
    fn open(&self) -> Box<dyn Engine> {
        let codec = || Codec::for_stores(SECRET);
        let database = |folder: &TempDir| Database::open(&file(folder), codec()).unwrap();
        match self {
            Self::Database(folder) => Box::new(database(folder)),
            Self::CachedDb(folder) => Box::new(CachedDb::new(database(folder), Limits::default())),
            Self::Files(folder) => Box::new(Files::open(folder.path(), codec()).unwrap()),
            Self::Redis(server) => Box::new(redis_engine(server)),
            Self::Memory => Box::new(Cache::new(Limits::default())),
            Self::Cookie => Box::new(SignedCookies::new(SECRET)),
        }
    }

    /// Puts something else under a key; false where nobody could.
    fn spoil(&self, key: &str, text: &str) -> bool {
        match self {
            Self::Database(folder) | Self::CachedDb(folder) => {
                let sql = "UPDATE django_session SET session_data = ?2 WHERE session_key = ?1";
                let connection = rusqlite::Connection::open(file(folder)).unwrap();
                assert_eq!(connection.execute(sql, [key, text]).unwrap(), 1);
            }
            Self::Files(folder) => {
                let path = folder.path().join(format!("sessionid{key}"));
                let changed = fs::metadata(&path).unwrap().modified().unwrap();
                fs::write(&path, text).unwrap();
                let file = fs::File::options().write(true).open(&path).unwrap();
                file.set_modified(changed).unwrap();
            }
            Self::Redis(server) => {
                let name = format!("django.contrib.sessions.cache{key}");
                server.tell(&["SET", &name, text]);
            }
            Self::Memory | Self::Cookie => return false,
        }
        true
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("db.sqlite3")
}

fn session<'r>(engine: &'r dyn Engine, cookie: Option<&str>, now: Moment) -> Session<'r> {
    let visit = Visit {
        now,
        ids: IdSource::System,
        seed: b"",
    };
    Session::new(engine, cookie, visit)
}

fn stored(engine: &dyn Engine, items: &Data, now: Moment) -> String {
    let mut session = session(engine, None, now);
    for (name, value) in items {
        session.set(name, value.clone()).unwrap();
    }
    session.save().unwrap();
    session.session_key().unwrap().to_owned()
}

fn data(value: Value) -> Data {
    match value {
        Value::Object(data) => data,
        other => panic!("{other} is no object"),
    }
}

fn cart() -> Data {
    data(
        json!({"user": {"username": "男\u{1f600}"}, "cart": {"b": 1, "a": [2.5, null, true]}, "n": -1}),
    )
}

/// Now in whole seconds, in real time, which is Redis's.
fn now() -> Moment {
    Moment::from_seconds(Moment::from(Clock::System.wall()).seconds())
}

fn temporary() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The engine of a server, which is waited for as long as a test waits.
fn redis_engine(server: &RedisServer) -> Redis {
    let timeouts = Timeouts {
        connect: PATIENCE,
        answer: PATIENCE,
    };
    Redis::new(&server.url(), timeouts, Codec::for_stores(SECRET)).unwrap()
}

/// Runs each case on each engine.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        contract!(db: Some(super::Place::Database(super::temporary())); $($case),+);
        contract!(file: Some(super::Place::Files(super::temporary())); $($case),+);
        contract!(cache: Some(super::Place::Memory); $($case),+);
        contract!(cached_db: Some(super::Place::CachedDb(super::temporary())); $($case),+);
        contract!(signed_cookies: Some(super::Place::Cookie); $($case),+);
        contract!(redis: super::has_tool("redis", "redis-server")
            .then(|| super::Place::Redis(super::RedisServer::start())); $($case),+);
    };
    ($engine:ident: $place:expr; $($case:ident),+) => {
        mod $engine {
            $(#[test]
            fn $case() {
                let place: Option<super::Place> = $place;
                if let Some(place) = place {
                    let stand = super::Stand::new(place);
                    assert_eq!(stand.engine.name(), stringify!($engine));
                    super::$case(&stand);
                }
            })+
        }
    };
}

contract! {
    what_is_saved_is_loaded,
    unknown_keys_are_not_adopted,
    sessions_end,
    a_key_is_taken_once,
    a_deleted_session_is_not_brought_back,
    keys_are_cycled,
    flush_deletes,
    clear_keeps_the_key,
    threads_do_not_disturb_each_other,
    corrupt_is_empty_and_keeps_its_key,
    too_much_is_an_error_and_changes_nothing,
    expired_sessions_are_cleared,
    a_restart_is_survived,
    the_log_tells,
}

fn what_is_saved_is_loaded(stand: &Stand) {
    let now = now();
    let key = stand.stored(&cart(), now);
    if !stand.is_cookie() {
        assert_eq!(key.len(), 32);
        assert!(
            stand
                .engine
                .exists(&key, now, &mut StoreLog::default())
                .unwrap()
        );
    }
    let mut again = stand.session(Some(&key), now);
    assert_eq!(again.items().unwrap(), &cart());
    assert_eq!(Vec::from_iter(again.keys().unwrap()), ["user", "cart", "n"]);
    again.set("n", 2).unwrap();
    again.save().unwrap();
    let key = again.session_key().unwrap().to_owned();
    let mut third = stand.session(Some(&key), now);
    assert_eq!(third.get("n").unwrap(), Some(&2.into()));
    assert_eq!(third.session_key(), Some(key.as_str()));
}

fn unknown_keys_are_not_adopted(stand: &Stand) {
    let long = "a".repeat(10_000);
    for key in [
        "nobodyknowsthiskey0123456789abcd",
        "../../../../etc/passwd",
        "abcdefgh\0ijkl",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
        "' OR 1=1; --",
        "*?[a-z]*",
        "a:b:c\r\nDEL",
        "会话会话会话",
        &long,
    ] {
        let mut session = stand.session(Some(key), now());
        assert_eq!(session.get("user").unwrap(), None, "{key}");
        assert_ne!(session.session_key(), Some(key));
        session.set("user", "admin").unwrap();
        session.save().unwrap();
        let new = session.session_key().unwrap().to_owned();
        assert_ne!(new, key);
        let mut log = StoreLog::default();
        assert!(!stand.engine.exists(key, now(), &mut log).unwrap());
        let mut after = stand.session(Some(&new), now());
        assert_eq!(after.get("user").unwrap(), Some(&"admin".into()));
    }
}

fn sessions_end(stand: &Stand) {
    let now = now();
    let lives = |key: &str, later| {
        let mut session = stand.session(Some(key), now.plus(later));
        let lives = session.contains("a").unwrap();
        assert_eq!(session.session_key() == Some(key), lives);
        lives
    };
    for (expiry, age) in [
        (Expiry::Default, COOKIE_AGE),
        (Expiry::BrowserClose, COOKIE_AGE),
        (Expiry::Seconds(5), 5),
        (Expiry::At(now.plus(7)), 7),
        (Expiry::Seconds(-5), 0),
    ] {
        let items = [("a".to_owned(), 1.into())];
        let expiry = expiry
            .value()
            .map(|value| ("_session_expiry".to_owned(), value));
        let key = stand.stored(&items.into_iter().chain(expiry).collect(), now);
        // The data of a signed cookie live for two weeks, whatever they say.
        let age = if stand.is_cookie() {
            COOKIE_AGE + 1
        } else {
            age
        };
        assert!(age == 0 || lives(&key, age - 1));
        assert!(!lives(&key, age));
        assert!(!lives(&key, age + 1));
    }
}

fn a_key_is_taken_once(stand: &Stand) {
    let (key, log) = ("abcdefghijklmnopqrstuvwxyz012345", &mut StoreLog::default());
    let (one, two) = (data(json!({"n": 1})), data(json!({"n": 2})));
    let mut save = |data, put| stand.engine.save(key, data, put, now(), log).unwrap();
    if stand.is_cookie() {
        assert!(matches!(save(&one, Put::Create), Saved::Moved(_)));
        return;
    }
    assert_eq!(save(&one, Put::Update), Saved::Gone);
    assert_eq!(save(&one, Put::Create), Saved::Done);
    assert_eq!(save(&two, Put::Create), Saved::Taken);
    let load = |log: &mut StoreLog| stand.engine.load(key, now(), log).unwrap();
    assert_eq!(load(log), Loaded::Found(one));
    let mut save = |data, put| stand.engine.save(key, data, put, now(), log).unwrap();
    assert_eq!(save(&two, Put::Update), Saved::Done);
    assert_eq!(load(log), Loaded::Found(two));
}

fn a_deleted_session_is_not_brought_back(stand: &Stand) {
    let key = stand.stored(&cart(), now());
    let mut slow = stand.session(Some(&key), now());
    slow.set("n", 2).unwrap();
    stand.session(Some(&key), now()).flush().unwrap();
    let saved = slow.save();
    if stand.is_cookie() {
        saved.unwrap();
    } else {
        assert_eq!(saved.unwrap_err().cause, Cause::Interrupted);
        let log = &mut StoreLog::default();
        assert!(!stand.engine.exists(&key, now(), log).unwrap());
    }
}

fn keys_are_cycled(stand: &Stand) {
    let old = stand.stored(&cart(), now().plus(-1));
    let mut login = stand.session(Some(&old), now());
    login.cycle_key().unwrap();
    assert!(login.modified());
    let new = login.session_key().unwrap().to_owned();
    assert_ne!(new, old);
    let mut after = stand.session(Some(&new), now());
    assert_eq!(after.items().unwrap(), &cart());
    let mut late = stand.session(Some(&old), now());
    assert_eq!(late.items().unwrap().is_empty(), !stand.is_cookie());
    // Without a session there is nothing to keep, and there is one afterwards.
    let mut first = stand.session(None, now());
    first.cycle_key().unwrap();
    assert!(first.session_key().is_some());
}

fn flush_deletes(stand: &Stand) {
    let key = stand.stored(&cart(), now());
    let mut logout = stand.session(Some(&key), now());
    logout.flush().unwrap();
    assert!(logout.is_empty());
    assert_eq!(logout.session_key(), None);
    // What the client has cannot be taken back.
    let mut late = stand.session(Some(&key), now());
    assert_eq!(late.items().unwrap().is_empty(), !stand.is_cookie());
    // A session can begin anew in the same request.
    logout.set("n", 3).unwrap();
    logout.save().unwrap();
    assert_ne!(logout.session_key().unwrap(), key);
}

fn clear_keeps_the_key(stand: &Stand) {
    let key = stand.stored(&cart(), now());
    let mut session = stand.session(Some(&key), now());
    session.clear();
    assert!(
        session.log().entries().is_empty(),
        "nothing is read for that"
    );
    session.save().unwrap();
    if !stand.is_cookie() {
        assert_eq!(session.session_key(), Some(key.as_str()));
    }
    let key = session.session_key().unwrap().to_owned();
    let mut after = stand.session(Some(&key), now());
    assert!(after.items().unwrap().is_empty());
    assert_eq!(after.session_key(), Some(key.as_str()));
}

fn threads_do_not_disturb_each_other(stand: &Stand) {
    let shared = stand.stored(&data(json!({"n": -1})), now());
    let other_process = stand.opened_again();
    let is_shared = !matches!(stand.place, Place::Memory | Place::CachedDb(_));
    let keys = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let engine = if is_shared && thread % 2 == 1 {
                    &*other_process
                } else {
                    &*stand.engine
                };
                let shared = &shared;
                scope.spawn(move || {
                    let mut keys = Vec::new();
                    for n in 0..10 {
                        let item = data(json!({"thread": thread, "n": n}));
                        keys.push((stored(engine, &item, now()), item));
                        let mut session = session(engine, Some(shared), now());
                        session.set("n", n).unwrap();
                        session.save().unwrap();
                    }
                    keys
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect::<Vec<_>>()
    });
    assert_eq!(keys.len(), 80);
    for (key, item) in keys {
        assert_eq!(stand.session(Some(&key), now()).items().unwrap(), &item);
    }
    if !stand.is_cookie() {
        // Somebody's last word, whole.
        let mut session = stand.session(Some(&shared), now());
        assert_eq!(session.get("n").unwrap(), Some(&9.into()));
    }
}

fn corrupt_is_empty_and_keeps_its_key(stand: &Stand) {
    let good = Codec::for_stores(SECRET).encode(&cart(), now()).unwrap();
    let foreign = Codec::for_stores(b"another key")
        .encode(&cart(), now())
        .unwrap();
    let rubbish = [
        "x",
        ":",
        "a:b:c",
        "\u{1b}[31m男",
        foreign.as_str(),
        good.get(1..).unwrap(),
    ];
    for text in rubbish {
        let key = stand.stored(&cart(), now());
        if stand.place.spoil(&key, text) {
            let engine = stand.opened_again();
            let mut session = session(&*engine, Some(&key), now());
            assert!(session.items().unwrap().is_empty(), "{text}");
            assert_eq!(session.session_key(), Some(key.as_str()));
            let acts: Vec<Act> = session
                .log()
                .entries()
                .iter()
                .map(|entry| entry.act)
                .collect();
            assert!(matches!(acts.last(), Some(Act::Refused(_))), "{acts:?}");
            let kept = engine.list(9, now(), &mut StoreLog::default()).unwrap();
            assert!(
                kept.iter()
                    .any(|kept| kept.key == key && kept.data.is_err())
            );
            // The next write mends it.
            session.set("n", 1).unwrap();
            session.save().unwrap();
            assert_eq!(session.session_key(), Some(key.as_str()));
        } else if stand.is_cookie() {
            let mut session = stand.session(
                Some(&format!("{text}{text}{text}{text}{text}{text}{text}{text}")),
                now(),
            );
            assert!(session.items().unwrap().is_empty());
            assert!(session.modified(), "a new cookie at once");
            assert!(matches!(session.log().entries()[0].act, Act::Refused(_)));
        }
    }
}

fn too_much_is_an_error_and_changes_nothing(stand: &Stand) {
    let key = stand.stored(&cart(), now());
    let mut session = stand.session(Some(&key), now());
    // Letters that repeat themselves late, so that no zlib makes them few.
    let mut state = 1_u64;
    let noise: String = (0..1 << 20)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b'a' + u8::try_from(state % 26).unwrap())
        })
        .collect();
    session.set("noise", noise.as_str()).unwrap();
    let error = session.save().unwrap_err();
    assert!(matches!(error.cause, Cause::TooLarge { .. }), "{error}");
    let mut after = stand.session(Some(&key), now());
    assert_eq!(after.items().unwrap(), &cart());
    // What one engine takes, a cookie does not.
    session.set("noise", noise.get(..5000).unwrap()).unwrap();
    let saved = session.save();
    if stand.is_cookie() {
        let cause = saved.unwrap_err().cause;
        assert!(matches!(
            cause,
            Cause::TooLarge {
                limit: COOKIE_LIMIT,
                ..
            }
        ));
    } else {
        saved.unwrap();
    }
    let mut nested = Value::Null;
    for _ in 0..200 {
        nested = json!([nested]);
    }
    session.set("noise", nested).unwrap();
    assert_eq!(session.save().unwrap_err().cause, Cause::TooDeep);
}

fn expired_sessions_are_cleared(stand: &Stand) {
    let now = now();
    let short = stand.stored(&data(json!({"a": 1, "_session_expiry": 100})), now);
    let long = stand.stored(&cart(), now);
    let log = &mut StoreLog::default();
    let keys = |log: &mut StoreLog| -> BTreeSet<String> {
        let kept = stand.engine.list(9, now, log).unwrap();
        kept.into_iter()
            .map(|kept| {
                assert!(kept.data.is_ok() && kept.bytes > 0);
                let age = if kept.key == short { 100 } else { COOKIE_AGE };
                assert_eq!(kept.expires, Some(now.plus(age)));
                kept.key
            })
            .collect()
    };
    let both = BTreeSet::from([short.clone(), long.clone()]);
    assert_eq!(
        keys(log),
        if stand.is_cookie() {
            BTreeSet::new()
        } else {
            both
        }
    );
    assert_eq!(
        stand.engine.list(1, now, log).unwrap().len(),
        usize::from(!stand.is_cookie())
    );
    assert_eq!(stand.engine.clear_expired(now.plus(99), log).unwrap(), 0);
    let cleared = stand.engine.clear_expired(now.plus(101), log).unwrap();
    let forgets_by_itself = matches!(stand.place, Place::Memory | Place::Cookie | Place::Redis(_));
    assert_eq!(cleared, u64::from(!forgets_by_itself));
    if !forgets_by_itself {
        assert_eq!(keys(log), BTreeSet::from([long]));
    }
}

fn a_restart_is_survived(stand: &Stand) {
    let key = stand.stored(&cart(), now());
    let again = stand.opened_again();
    let mut session = session(&*again, Some(&key), now());
    let is_memory = matches!(stand.place, Place::Memory);
    assert_eq!(session.items().unwrap().is_empty(), is_memory);
}

fn the_log_tells(stand: &Stand) {
    let acts = |session: &Session<'_>| -> Vec<(Store, Act)> {
        let entries = session.log().entries().iter();
        entries.map(|entry| (entry.store, entry.act)).collect()
    };
    let mut first = stand.session(None, now());
    first.set("n", 1).unwrap();
    first.save().unwrap();
    let key = first.session_key().unwrap().to_owned();
    let again = stand.opened_again();
    let memory = matches!(stand.place, Place::Memory);
    let engine = if memory { &*stand.engine } else { &*again };
    let mut second = session(engine, Some(&key), now());
    second.get("n").unwrap();
    let mut third = session(engine, Some(&key), now());
    third.get("n").unwrap();
    third.flush().unwrap();
    let store = match stand.place {
        Place::Database(_) => Store::Database,
        Place::Files(_) => Store::Files,
        Place::Redis(_) => Store::Redis,
        Place::Memory => Store::Memory,
        Place::Cookie => {
            assert_eq!(acts(&first), [(Store::Cookie, Act::Write)]);
            assert_eq!(acts(&second), [(Store::Cookie, Act::Hit)]);
            let revoked = (Store::Cookie, Act::CannotRevoke);
            assert_eq!(acts(&third), [(Store::Cookie, Act::Hit), revoked]);
            return;
        }
        Place::CachedDb(_) => {
            let (memory, database) = (Store::Memory, Store::Database);
            assert_eq!(acts(&first), [(database, Act::Write), (memory, Act::Write)]);
            assert_eq!(
                acts(&second),
                [
                    (memory, Act::Miss),
                    (database, Act::Hit),
                    (memory, Act::Fill)
                ]
            );
            assert_eq!(
                acts(&third),
                [
                    (memory, Act::Hit),
                    (database, Act::Delete),
                    (memory, Act::Delete)
                ]
            );
            return;
        }
    };
    assert_eq!(acts(&first), [(store, Act::Write)]);
    assert_eq!(acts(&second), [(store, Act::Hit)]);
    assert_eq!(acts(&third), [(store, Act::Hit), (store, Act::Delete)]);
    let lines: Vec<String> = [&first, &third]
        .iter()
        .flat_map(|session| session.log().entries())
        .map(ToString::to_string)
        .collect();
    let told = match stand.place {
        Place::Database(_) => ["INSERT INTO django_session", "SELECT ", "DELETE FROM"],
        Place::Files(_) => ["sessionid", "sessionid", "sessionid"],
        Place::Redis(_) => [
            r"*6\r\n$3\r\nSET\r\n$61\r\ndjango.contrib.sessions.cache",
            r"*2\r\n$3\r\nGET\r\n$61\r\ndjango.contrib.sessions.cache",
            r"*2\r\n$3\r\nDEL\r\n$61\r\ndjango.contrib.sessions.cache",
        ],
        _ => ["django.contrib.sessions.cache"; 3],
    };
    for (line, told) in lines.iter().zip(told) {
        assert!(line.contains(told), "{line}");
        assert!(line.contains(&key), "{line}");
    }
}

/// What another process deleted is believed in until the next write, and no longer.
#[test]
fn cached_db_forgets_what_the_database_lost() {
    let stand = Stand::new(Place::CachedDb(temporary()));
    let key = stand.stored(&cart(), now());
    let other = stand.opened_again();
    session(&*other, Some(&key), now()).flush().unwrap();
    let mut late = stand.session(Some(&key), now());
    late.set("n", 1).unwrap();
    assert_eq!(late.save().unwrap_err().cause, Cause::Interrupted);
    let mut after = stand.session(Some(&key), now());
    assert!(after.items().unwrap().is_empty());
}

/// After their time, and after any doubt, these two give the visitor a new session at once, though nothing was written.
#[test]
fn file_and_signed_cookies_renew_on_reading() {
    for place in [Place::Files(temporary()), Place::Cookie] {
        let stand = Stand::new(place);
        let old = stand.stored(&cart(), now());
        let late = now().plus(COOKIE_AGE + 1);
        let mut session = stand.session(Some(&old), late);
        assert!(!session.contains("user").unwrap());
        let new = session.session_key().unwrap().to_owned();
        assert_ne!(new, old);
        let answer = session.finish(Django::V1_11, 200).unwrap();
        assert!(answer.vary);
        let Cookie::Set { key, max_age } = answer.cookie else {
            panic!("{answer:?}");
        };
        assert_eq!((key, max_age), (new.clone(), Some(COOKIE_AGE)));
        let mut after = stand.session(Some(&new), late);
        assert!(after.items().unwrap().is_empty());
        assert_eq!(after.session_key(), Some(new.as_str()));
    }
}

/// The server goes away and comes back; nobody has to start this process again.
#[test]
fn redis_that_comes_back_is_found_again() {
    if !has_tool("redis_that_comes_back_is_found_again", "redis-server") {
        return;
    }
    let mut server = RedisServer::start();
    let engine = redis_engine(&server);
    let start = now();
    stored(&engine, &cart(), start);
    server.stop();
    let mut session = session(&engine, None, start);
    session.set("n", 1).unwrap();
    let error = session.save().unwrap_err();
    assert!(error.is_temporary(), "{error}");
    server.start_again();
    let held = engine.load("abcdefgh", start, &mut StoreLog::default());
    // On a clock that stands still nobody is held off; on one that runs, later requests find it.
    assert_eq!(held.unwrap(), Loaded::Unknown);
    stored(&engine, &cart(), start.plus(60));
    // A connection that was cut while nobody used it is replaced within the same request.
    server.stop();
    server.start_again();
    stored(&engine, &cart(), start.plus(61));
}

#[test]
fn redis_ends_sessions_by_itself() {
    if !has_tool("redis_ends_sessions_by_itself", "redis-server") {
        return;
    }
    let server = RedisServer::start();
    let engine = redis_engine(&server);
    for (expiry, ttl) in [(1000, 1000), (0, COOKIE_AGE)] {
        let items = data(json!({"a": 1, "_session_expiry": expiry}));
        let name = format!(
            "django.contrib.sessions.cache{}",
            stored(&engine, &items, now())
        );
        let ::redis::Value::Int(seen) = server.tell(&["TTL", &name]) else {
            panic!("no time to live");
        };
        assert!((ttl - 60..=ttl).contains(&seen), "{seen}");
    }
    // A list under our name is not ours.
    server.tell(&["LPUSH", "django.contrib.sessions.cacheabcdefgh", "x"]);
    let log = &mut StoreLog::default();
    assert_eq!(
        engine.load("abcdefgh", now(), log).unwrap(),
        Loaded::Corrupt
    );
    assert_eq!(engine.list(9, now(), log).unwrap().len(), 3);
    // No room: the server's words.
    server.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    let mut full = session(&engine, None, now());
    full.set("a", 1).unwrap();
    let error = full.save().unwrap_err();
    assert!(matches!(error.cause, Cause::Full(_)), "{error}");
}

/// What a child writes until it is killed: one line a session, after its save has returned.
#[test]
fn a_writer_that_waits_to_be_killed() {
    let Some(folder) = std::env::var_os("BLANKLINE_TEST_WRITER") else {
        return;
    };
    let folder = Path::new(&folder);
    let codec = || Codec::for_stores(SECRET);
    let database = Database::open(&folder.join("db.sqlite3"), codec()).unwrap();
    let files = Files::open(folder, codec()).unwrap();
    let mut stdout = std::io::stdout().lock();
    for n in 0_u64.. {
        let items = data(json!({"n": n, "noise": "x".repeat(usize::try_from(n % 3000).unwrap())}));
        let (row, file) = (
            stored(&database, &items, now()),
            stored(&files, &items, now()),
        );
        writeln!(stdout, "saved {n} {row} {file}").unwrap();
    }
}

#[test]
fn what_was_saved_survives_a_kill() {
    let folder = temporary();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_writer_that_waits_to_be_killed", "--nocapture"])
        .env("BLANKLINE_TEST_WRITER", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut saved = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.split(' ').skip_while(|word| *word != "saved").skip(1);
        if let (Some(n), Some(row), Some(file)) = (words.next(), words.next(), words.next()) {
            saved.push((n.parse::<u64>().unwrap(), row.to_owned(), file.to_owned()));
        }
        if saved.len() == 500 {
            // SIGKILL, in the middle of whatever it does; what it said before is read to the end.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    // The last line may be cut.
    saved.retain(|(_, row, file)| row.len() == 32 && file.len() == 32);
    assert!(saved.len() >= 499, "{}", saved.len());
    let path = folder.path().join("db.sqlite3");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let check: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let codec = || Codec::for_stores(SECRET);
    let database = Database::open(&path, codec()).unwrap();
    let files = Files::open(folder.path(), codec()).unwrap();
    for (n, row, file) in saved {
        for (engine, key) in [(&database as &dyn Engine, row), (&files, file)] {
            let mut session = session(engine, Some(&key), now());
            assert_eq!(session.get("n").unwrap(), Some(&n.into()));
        }
    }
}

/// We read what Django writes, and Django reads what we write.
fn is_shared_with_django(place: Place) {
    let stand = Stand::new(place);
    if !has_django(&format!("is_shared_with_django ({})", stand.engine.name())) {
        return;
    }
    match &stand.place {
        Place::Database(folder) | Place::Files(folder) => compare(&stand, folder.path()),
        _ => compare(&stand, temporary().path()),
    }
}

fn compare(stand: &Stand, folder: &Path) {
    let noise = "男y".repeat(1000);
    let items = [
        cart(),
        data(json!({})),
        data(json!({"noise": noise})),
        data(json!({"f": [1e16, 1e-5, 0.1, -0.0, 5e-324, 1.7976931348623157e308]})),
        data(json!({"s": "\u{0}\u{7f}\"\\/\u{2028}\u{1f600}", "_session_expiry": 600})),
        data(json!({"_session_expiry": now().plus(600).iso()})),
    ];
    let name = stand.engine.name();
    let writes: Vec<Value> = items.iter().map(|item| json!({"write": item})).collect();
    let written = django(name, folder, &json!(writes));
    assert_eq!(written.len(), items.len());
    for (answer, item) in written.iter().zip(&items) {
        let key = answer["key"].as_str().unwrap();
        let mut session = stand.session(Some(key), now());
        assert_eq!(session.items().unwrap(), item);
        assert_eq!(session.session_key(), Some(key));
        // And change it.
        session.set("ours", "也").unwrap();
        session.save().unwrap();
    }
    let real = Moment::from(Clock::System.wall());
    let keys: Vec<String> = items
        .iter()
        .map(|item| {
            let mut session = stand.session(None, real);
            for (name, value) in item {
                session.set(name, value.clone()).unwrap();
            }
            session.set_modified(true);
            session.cycle_key().unwrap();
            session.session_key().unwrap().to_owned()
        })
        .collect();
    let changed = written.iter().map(|answer| answer["key"].as_str().unwrap());
    let reads: Vec<Value> = keys
        .iter()
        .map(String::as_str)
        .chain(changed)
        .map(|key| json!({"read": key}))
        .collect();
    let read = django(name, folder, &json!(reads));
    for (at, answer) in read.iter().enumerate() {
        let mut item = items[at % items.len()].clone();
        // Our change of a cookie is in another cookie.
        if at >= items.len() && !stand.is_cookie() {
            item.insert("ours".to_owned(), "也".into());
        }
        assert_eq!(answer["data"], Value::Object(item), "{name}");
        if at < items.len() {
            let age = answer["age"].as_i64().unwrap();
            let wanted = Expiry::of(&items[at]).age(real);
            assert!((wanted - 60..=wanted).contains(&age), "{age} {wanted}");
        }
    }
}

/// A file that Django's own migration made has the same table, and is as good to us.
#[test]
fn the_table_is_what_djangos_migration_makes() {
    let schema = |folder: &TempDir| -> Vec<String> {
        let connection = rusqlite::Connection::open(file(folder)).unwrap();
        let sql = "SELECT sql FROM sqlite_master WHERE tbl_name = 'django_session' AND sql IS NOT NULL ORDER BY sql";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    if !has_django("the_table_is_what_djangos_migration_makes") {
        return;
    }
    let theirs = temporary();
    let item = json!({"write": {"a": 1}});
    let answers = django("db", theirs.path(), &json!([item]));
    let made = schema(&theirs);
    assert_eq!(made.len(), 2);
    let stand = Stand::new(Place::Database(theirs));
    let key = answers[0]["key"].as_str().unwrap();
    let mut session = stand.session(Some(key), now());
    assert_eq!(session.get("a").unwrap(), Some(&1.into()));
    let fresh = Stand::new(Place::Database(temporary()));
    let Place::Database(folder) = &fresh.place else {
        panic!("not a database");
    };
    assert_eq!(schema(folder), made);
}

#[test]
fn rows_are_shared_with_django() {
    is_shared_with_django(Place::Database(temporary()));
}

#[test]
fn files_are_shared_with_django() {
    is_shared_with_django(Place::Files(temporary()));
}

#[test]
fn signed_cookies_are_shared_with_django() {
    is_shared_with_django(Place::Cookie);
}

/// What a session is before a view plays with it: the same in `peer.py`.
fn live() -> Data {
    data(json!({"a": 1, "cart": {"x": {"n": 1}}}))
}

/// One step of a view, as in `peer.py`.
fn step(session: &mut Session<'_>, step: &Value) {
    let name = |at: usize| step[at].as_str().unwrap();
    match name(0) {
        "get" => drop(session.get(name(1)).unwrap().cloned()),
        "set" => session.set(name(1), step[2].clone()).unwrap(),
        "del" => assert!(session.del(name(1)).is_ok()),
        "pop" => drop(session.pop(name(1)).unwrap()),
        "nested" => {
            if let Some(cart) = session.get_mut("cart").unwrap() {
                let n = cart.pointer_mut("/x/n").unwrap();
                *n = (n.as_i64().unwrap() + 1).into();
            }
        }
        "modified" => session.set_modified(true),
        "expiry" => {
            let expiry = match step[1].as_i64() {
                None => Expiry::Default,
                Some(0) => Expiry::BrowserClose,
                Some(seconds) => Expiry::Seconds(seconds),
            };
            session.set_expiry(expiry).unwrap();
        }
        "key" => drop(session.session_key().map(str::to_owned)),
        "clear" => session.clear(),
        "flush" => session.flush().unwrap(),
        "cycle_key" => session.cycle_key().unwrap(),
        "keys" => assert!(session.keys().is_ok()),
        other => panic!("no step {other}"),
    }
}

/// What became of the cookie, of Vary and of the data, as `peer.py` answers it.
fn played(stand: &Stand, play: &Value) -> Value {
    let now = Moment::from(Clock::System.wall());
    let key = stand.stored(&live(), now);
    let cookie = play["cookie"].as_str();
    let cookie = cookie.map(|cookie| cookie.replace("LIVE", &key));
    let mut view = stand.session(cookie.as_deref(), now);
    for one in play["play"].as_array().unwrap() {
        step(&mut view, one);
    }
    let status = u16::try_from(play["status"].as_u64().unwrap()).unwrap();
    let answer = view.finish(Django::V4_2, status);
    let found = |key: &str| Value::Object(stand.session(Some(key), now).items().unwrap().clone());
    let answer = match answer {
        Err(error) if error.cause == Cause::Interrupted => {
            return json!({"interrupted": true, "live": found(&key)});
        }
        answer => answer.unwrap(),
    };
    let mut seen = json!({"vary": answer.vary, "live": found(&key)});
    match answer.cookie {
        Cookie::Leave => seen["cookie"] = "leave".into(),
        Cookie::Delete => seen["cookie"] = "delete".into(),
        Cookie::Set { key: new, max_age } => {
            seen["cookie"] = if new == key { "same" } else { "new" }.into();
            seen["max_age"] = max_age.into();
            seen["data"] = found(&new);
        }
    }
    seen
}

/// Any view does to a session what it does to Django's: the cookie, `Vary`, and what is kept.
fn plays_as_with_django(place: Place, seed: u64) {
    let stand = Stand::new(place);
    if !has_django(&format!("plays_as_with_django ({})", stand.engine.name())) {
        return;
    }
    let steps = [
        json!(["get", "a"]),
        json!(["get", "none"]),
        json!(["set", "a", 2]),
        json!(["set", "b", {"男": [1.5]}]),
        json!(["del", "a"]),
        json!(["pop", "cart"]),
        json!(["pop", "none"]),
        json!(["nested"]),
        json!(["modified"]),
        json!(["clear"]),
        json!(["flush"]),
        json!(["cycle_key"]),
        json!(["key"]),
        json!(["keys"]),
        json!(["expiry", null]),
        json!(["expiry", 0]),
        json!(["expiry", 5000]),
        json!(["expiry", -5]),
    ];
    let cookies = [
        None,
        Some("LIVE"),
        Some("nobodyknowsthiskey0123456789abcd"),
        Some("short"),
        Some(""),
    ];
    let mut chance = Chance::new(seed);
    let plays: Vec<Value> = (0..400)
        .map(|_| {
            let cookie = *chance.one_of(&cookies);
            let mut view: Vec<&Value> = Vec::new();
            for _ in 0..chance.below(5) {
                view.push(chance.one_of(&steps));
            }
            let status = *chance.one_of(&[200, 302, 404, 500, 503]);
            json!({"play": view, "cookie": cookie, "status": status})
        })
        .collect();
    let folder = temporary();
    let theirs = django(stand.engine.name(), folder.path(), &json!(plays));
    assert_eq!(theirs.len(), plays.len());
    for (play, theirs) in plays.iter().zip(theirs) {
        assert_eq!(played(&stand, play), theirs, "{play}");
    }
}

#[test]
fn views_play_with_rows_as_with_django() {
    plays_as_with_django(Place::Database(temporary()), 1);
}

#[test]
fn views_play_with_files_as_with_django() {
    plays_as_with_django(Place::Files(temporary()), 2);
}

#[test]
fn views_play_with_signed_cookies_as_with_django() {
    plays_as_with_django(Place::Cookie, 3);
}
