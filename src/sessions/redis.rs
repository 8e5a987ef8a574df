//! The engine `redis`: sessions on a Redis server, which ends them by itself.
//!
//! Django's `cache` engine on its Redis cache, made readable: the name is `django.contrib.sessions.cache<key>`, without
//! the cache's own `:1:` in front, and the value is the text that a row would have, where Django's cache keeps a
//! pickle, which only Python should read.
//!
//! A save is one command: `SET name value EX seconds NX` makes a new one, `XX` changes one that is there. `SETEX`
//! could not say either, and asking first costs a round trip and proves nothing.
//!
//! A server that does not answer is asked again by later requests, but not by each: after a failure nobody tries for
//! a while, and every session is [`Cause::Unavailable`] at once. Nobody sleeps.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use ::redis::{
    Client, Cmd, Connection, ConnectionLike as _, IntoConnectionInfo as _, RedisError, Value,
};

use super::{
    Act, Cause, Codec, Corrupt, Data, Doing, Engine, Expiry, Kept, Loaded, Moment, Opened, Put,
    Said, Saved, SessionError, Store, StoreLog, is_plain, lock,
};

/// Sessions on a Redis server.
pub struct Redis {
    client: Client,
    /// Where it is, without a password.
    place: String,
    timeouts: Timeouts,
    codec: Codec,
    pool: Mutex<Pool>,
}

/// How long a thread waits for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a new connection.
    pub connect: Duration,
    /// For each read and each write.
    pub answer: Duration,
}

impl Default for Timeouts {
    /// A second for each.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            answer: Duration::from_secs(1),
        }
    }
}

#[derive(Default)]
struct Pool {
    /// Connections that nobody uses now: as many as threads ever asked at once.
    idle: Vec<Connection>,
    failure: Option<Failure>,
}

/// The last attempt failed.
struct Failure {
    /// When.
    at: Moment,
    /// How many have failed since one went well.
    count: u32,
    /// Why.
    why: String,
}

impl Redis {
    /// The engine of a server, by its URL: `redis://127.0.0.1:6379/0`, `redis+unix:///run/redis.sock?db=0`. Nobody is
    /// called before the first session is.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn new(url: &str, timeouts: Timeouts, codec: Codec) -> Result<Self, SessionError> {
        let client = || {
            let info = url.into_connection_info()?;
            let settings = info.redis_settings().clone().set_skip_set_lib_name();
            // A large session would wait for the acknowledgement of its own first part.
            let tcp = info.tcp_settings().clone().set_nodelay(true);
            Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp))
        };
        let client = client().map_err(|error| {
            // The URL may hold a password.
            SessionError::new(Doing::Open, "redis", Cause::Failed(error.to_string()))
        })?;
        let info = client.get_connection_info();
        let place = format!("redis {}, db {}", info.addr(), info.redis_settings().db());
        Ok(Self {
            client,
            place,
            timeouts,
            codec,
            pool: Mutex::default(),
        })
    }

    /// Sends one command and reads its answer.
    fn ask(&self, doing: Doing, octets: &[u8], now: Moment) -> Result<Value, SessionError> {
        let idle = lock(&self.pool).idle.pop();
        if let Some(connection) = idle {
            match self.ask_on(connection, octets) {
                // The server was started anew since; none of our commands does harm when it is done twice.
                Err(error) if error.is_connection_dropped() => {}
                Err(error) => return Err(self.failure(doing, &error, now)),
                Ok(value) => return Ok(value),
            }
        }
        let asked = self
            .connect(now)?
            .and_then(|connection| self.ask_on(connection, octets));
        asked.map_err(|error| self.failure(doing, &error, now))
    }

    /// The connection goes back into the pool unless it is broken.
    fn ask_on(&self, mut connection: Connection, octets: &[u8]) -> Result<Value, RedisError> {
        let answer = connection
            .req_packed_command(octets)
            .and_then(Value::extract_error);
        if connection.is_open() && !answer.as_ref().is_err_and(is_about_the_connection) {
            let mut pool = lock(&self.pool);
            pool.idle.push(connection);
            pool.failure = None;
        }
        match answer {
            // Somebody keeps a list under our name: a value all the same, and none that we can read.
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(Value::Array(Vec::new())),
            answer => answer,
        }
    }

    /// A new connection, or the reason why none is tried now.
    fn connect(&self, now: Moment) -> Result<Result<Connection, RedisError>, SessionError> {
        if let Some(failure) = &lock(&self.pool).failure
            && failure.holds(now)
        {
            let cause = Cause::Unavailable(failure.why.clone());
            return Err(SessionError::new(Doing::Open, self.place.clone(), cause));
        }
        let open = || {
            let connection = self
                .client
                .get_connection_with_timeout(self.timeouts.connect)?;
            connection.set_read_timeout(Some(self.timeouts.answer))?;
            connection.set_write_timeout(Some(self.timeouts.answer))?;
            Ok(connection)
        };
        Ok(open())
    }

    /// The error in our words; when it is about the connection, the next attempt is put off.
    fn failure(&self, doing: Doing, error: &RedisError, now: Moment) -> SessionError {
        let text = error.to_string();
        if is_about_the_connection(error) {
            let mut pool = lock(&self.pool);
            pool.idle.clear();
            let count = match &pool.failure {
                // Others failed while this attempt was under way: that is one failure.
                Some(failure) if failure.holds(now) || now <= failure.at => failure.count,
                Some(failure) => failure.count.saturating_add(1),
                None => 1,
            };
            let why = text.clone();
            pool.failure = Some(Failure {
                at: now,
                count,
                why,
            });
        }
        let cause = match error.code() {
            Some("OOM") => Cause::Full(text),
            Some("READONLY") => Cause::ReadOnly(text),
            _ => Cause::Unavailable(text),
        };
        SessionError::new(doing, self.place.clone(), cause)
    }

    /// What a value holds, when it ends, and how long it is.
    fn opened(&self, value: &Value, now: Moment) -> Result<(Data, Moment, usize), Corrupt> {
        let Value::BulkString(octets) = value else {
            return Err(Corrupt::NotText);
        };
        let text = str::from_utf8(octets).map_err(|_| Corrupt::NotText)?;
        let Opened { data, signed_at } = self.codec.decode(text, None, now)?;
        // The server ends it by its own clock, which is not the one that `now` is read from.
        let ends = Expiry::of(&data).date(signed_at);
        Ok((data, ends, text.len()))
    }
}

impl Failure {
    /// Whether it is too early to try again: 0.1 s after the first failure, twice as long after each, 10 s at most.
    /// A clock that stands still, as under `--frozen`, or that was put back holds nobody off.
    fn holds(&self, now: Moment) -> bool {
        let shift = self.count.saturating_sub(1).min(7);
        let pause = Duration::from_millis((100 << shift).min(10_000));
        let since = now.system().duration_since(self.at.system());
        since.is_ok_and(|since| !since.is_zero() && since < pause)
    }
}

/// What a server is told when a session with these data is saved for the first time, and when it is read again: the very
/// bytes, for a lesson without a server.
///
/// # Errors
///
/// When the data cannot be encoded.
///
/// ```
/// use blankline::sessions::{Codec, Data, Moment, redis_commands};
///
/// let codec = Codec::for_stores(b"secret");
/// let [set, get] = redis_commands(&codec, "k", &Data::new(), Moment::from_seconds(0)).unwrap();
/// assert!(set.starts_with(b"*6\r\n$3\r\nSET\r\n"));
/// assert_eq!(get, b"*2\r\n$3\r\nGET\r\n$30\r\ndjango.contrib.sessions.cachek\r\n");
/// ```
pub fn redis_commands(
    codec: &Codec,
    key: &str,
    data: &Data,
    now: Moment,
) -> Result<[Vec<u8>; 2], Cause> {
    let (name, text) = (named(key), codec.encode(data, now)?);
    let seconds = Expiry::of(data).age(now).min(LONGEST);
    Ok([set(&name, &text, seconds, Put::Create), get(&name)])
}

fn set(name: &str, text: &str, seconds: i64, put: Put) -> Vec<u8> {
    let when = match put {
        Put::Create => "NX",
        Put::Update => "XX",
    };
    command(&["SET", name, text, "EX", &seconds.to_string(), when])
}

fn get(name: &str) -> Vec<u8> {
    command(&["GET", name])
}

/// Neither the client nor a connection has anything to show.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("place", &self.place)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Engine for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        if !is_plain(key) {
            log.note(Store::Redis, Act::Miss, key, Said::Nothing);
            return Ok(Loaded::Unknown);
        }
        let name = named(key);
        let octets = get(&name);
        let value = self.ask(Doing::Load, &octets, now)?;
        let (act, loaded) = match &value {
            Value::Nil => (Act::Miss, Loaded::Unknown),
            value => match self.opened(value, now) {
                Ok((_, ends, _)) if ends <= now => (Act::Expired, Loaded::Unknown),
                Ok((data, ..)) => (Act::Hit, Loaded::Found(data)),
                Err(reason) => (Act::Refused(reason), Loaded::Corrupt),
            },
        };
        log.note(Store::Redis, act, name, Said::Resp(octets));
        Ok(loaded)
    }

    fn exists(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
        let name = named(key);
        let octets = command(&["EXISTS", &name]);
        let is_there = self.ask(Doing::Load, &octets, now)? == Value::Int(1);
        let act = if is_there { Act::Hit } else { Act::Miss };
        log.note(Store::Redis, act, name, Said::Resp(octets));
        Ok(is_there)
    }

    fn save(
        &self,
        key: &str,
        data: &Data,
        put: Put,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Saved, SessionError> {
        let name = named(key);
        let text = self
            .codec
            .encode(data, now)
            .map_err(|cause| SessionError::new(Doing::Save, self.place.clone(), cause))?;
        let seconds = Expiry::of(data).age(now).min(LONGEST);
        let octets = match (seconds > 0, put) {
            (true, put) => set(&name, &text, seconds, put),
            // It is over at once, and Redis takes no such time.
            (false, Put::Create) => command(&["EXISTS", &name]),
            (false, Put::Update) => command(&["DEL", &name]),
        };
        let answer = self.ask(Doing::Save, &octets, now)?;
        let (act, saved) = match (answer, put) {
            (Value::Okay, _) => (Act::Write, Saved::Done),
            (Value::Nil | Value::Int(1), Put::Create) => (Act::Taken, Saved::Taken),
            (Value::Nil | Value::Int(0), Put::Update) => (Act::Gone, Saved::Gone),
            (Value::Int(_), _) => (Act::Delete, Saved::Done),
            (other, _) => {
                let cause = Cause::Failed(format!("{other:?} is no answer to this command"));
                return Err(SessionError::new(Doing::Save, self.place.clone(), cause));
            }
        };
        log.note(Store::Redis, act, name, Said::Resp(octets));
        Ok(saved)
    }

    fn delete(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        let name = named(key);
        let octets = command(&["DEL", &name]);
        self.ask(Doing::Delete, &octets, now)?;
        log.note(Store::Redis, Act::Delete, name, Said::Resp(octets));
        Ok(())
    }

    fn clear_expired(&self, _now: Moment, _log: &mut StoreLog) -> Result<u64, SessionError> {
        Ok(0)
    }

    /// Looks through the whole server: for pages, not for each request.
    fn list(
        &self,
        limit: usize,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        let (mut names, mut said) = (Vec::new(), Vec::new());
        let mut cursor = "0".to_owned();
        loop {
            let scan = command(&["SCAN", &cursor, "MATCH", &named("*"), "COUNT", "1000"]);
            let answer = self.ask(Doing::List, &scan, now)?;
            said.extend(scan);
            let page: (String, Vec<String>) = ::redis::from_redis_value(answer)
                .map_err(|error| self.failure(Doing::List, &error.into(), now))?;
            cursor = page.0;
            names.extend(page.1);
            if cursor == "0" {
                break;
            }
        }
        // SCAN may tell the same name twice, and in any order.
        names.sort();
        names.dedup();
        names.truncate(limit);
        let mut all = Vec::new();
        for name in &names {
            let get = command(&["GET", name]);
            let value = self.ask(Doing::List, &get, now)?;
            said.extend(get);
            let opened = match value {
                Value::Nil => continue,
                value => self.opened(&value, now),
            };
            all.push(Kept {
                key: name.strip_prefix(PREFIX).unwrap_or_default().to_owned(),
                expires: opened.as_ref().ok().map(|opened| opened.1),
                bytes: opened.as_ref().map_or(0, |opened| opened.2),
                data: opened.map(|opened| opened.0),
            });
        }
        let act = Act::Listed(all.len());
        log.note(Store::Redis, act, named("*"), Said::Resp(said));
        Ok(all)
    }
}

/// The bytes of a command: an array of its words.
fn command(words: &[&str]) -> Vec<u8> {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.get_packed_command()
}

fn named(key: &str) -> String {
    format!("{PREFIX}{key}")
}

fn is_about_the_connection(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

/// Django's `KEY_PREFIX` of the engine `cache`.
const PREFIX: &str = "django.contrib.sessions.cache";

/// Ten thousand years in seconds: Redis refuses times that its 64 bits of milliseconds cannot hold.
const LONGEST: i64 = 315_360_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_its_words() {
        assert_eq!(
            command(&["SET", "a\r\n", "男", "EX", "5", "NX"]),
            "*6\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$3\r\n男\r\n$2\r\nEX\r\n$1\r\n5\r\n$2\r\nNX\r\n"
                .as_bytes()
        );
    }

    #[test]
    fn a_failure_holds_for_longer_each_time_and_not_on_a_clock_that_stands() {
        let at = |millis: i64| {
            Moment::from(std::time::UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs()))
        };
        let holds = |count, millis: i64| {
            let why = String::new();
            Failure {
                at: at(1000),
                count,
                why,
            }
            .holds(at(1000 + millis))
        };
        assert!(!holds(1, 0));
        assert!(holds(1, 99) && !holds(1, 100));
        assert!(holds(2, 199) && !holds(2, 200));
        assert!(holds(99, 9_999) && !holds(99, 10_000));
        assert!(!holds(99, -1), "the clock was put back");
    }

    #[test]
    fn a_server_that_is_away_is_tried_only_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("redis+unix://{}/no.sock", folder.path().display());
        let codec = Codec::for_stores(b"secret");
        let redis = Redis::new(&url, Timeouts::default(), codec).unwrap();
        let log = &mut StoreLog::default();
        let now = Moment::from_seconds(1_509_328_929);
        let later = |millis: u64| Moment::from(now.system() + Duration::from_millis(millis));
        let mut load = |now| redis.load("abcdefgh", now, log).unwrap_err();
        let first = load(now);
        assert!(first.is_temporary(), "{first}");
        assert_eq!(first.doing, Doing::Load);
        let held = load(later(50));
        assert_eq!(held.doing, Doing::Open);
        assert_eq!(held.cause, first.cause, "the reason is still the first one");
        assert_eq!(load(later(100)).doing, Doing::Load);
        assert_eq!(load(later(299)).doing, Doing::Open);
        assert_eq!(load(later(300)).doing, Doing::Load);
    }

    #[test]
    fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redis.sock");
        let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
        // With a database other than 0 something is said before the first command.
        for db in [0, 1] {
            let url = format!("redis+unix://{}?db={db}", path.display());
            let timeouts = Timeouts {
                connect: Duration::from_millis(20),
                answer: Duration::from_millis(20),
            };
            let redis = Redis::new(&url, timeouts, Codec::for_stores(b"secret")).unwrap();
            let now = Moment::from_seconds(1_509_328_929);
            let error = redis.load("abcdefgh", now, &mut StoreLog::default());
            assert!(error.unwrap_err().is_temporary());
            assert!(
                lock(&redis.pool).idle.is_empty(),
                "a late answer would be the next one's"
            );
        }
    }

    #[test]
    fn many_that_fail_at_once_are_one_failure() {
        let url = "redis://127.0.0.1:1/";
        let redis = Redis::new(url, Timeouts::default(), Codec::for_stores(b"secret")).unwrap();
        let now = Moment::from_seconds(1_509_328_929);
        let error = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        let count = |now| {
            redis.failure(Doing::Load, &error, now);
            lock(&redis.pool)
                .failure
                .as_ref()
                .map(|failure| failure.count)
        };
        let later = |millis: u64| Moment::from(now.system() + Duration::from_millis(millis));
        assert_eq!(count(now), Some(1));
        assert_eq!(count(later(1)), Some(1));
        assert_eq!(count(now), Some(1));
        assert_eq!(count(later(200)), Some(2));
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let url = "redis://user:hush@127.0.0.1:1/3";
        let codec = Codec::for_stores(b"secret");
        let redis = Redis::new(url, Timeouts::default(), codec).unwrap();
        let log = &mut StoreLog::default();
        let error = redis.load("abcdefgh", Moment::from_seconds(0), log);
        let texts = [format!("{redis:?}"), error.unwrap_err().to_string()];
        assert!(
            texts.iter().all(|text| text.contains("127.0.0.1:1, db 3")),
            "{texts:?}"
        );
        assert!(!texts.iter().any(|text| text.contains("hush")), "{texts:?}");
    }
}
