//! L2: the session of a visitor, in Django's encodings, kept by one of six engines.
//!
//! Plain blocking code for worker threads. Time is an argument, ids come from `clock`, and there is no HTTP
//! here: [`Session::finish`] says what to do with the cookie, and others write its field.
//!
//! Reading order: [`Moment`], [`Expiry`] and [`json`] are values; [`Signer`] and [`Codec`] turn data into text;
//! [`Engine`] is what a store must do, and six files do it; [`Session`] is what a page has in its hands.

pub mod json;

mod cache;
mod cached_db;
mod codec;
mod cookie_rule;
mod corrupt;
mod db;
mod error;
mod expiry;
mod file;
mod log;
mod memory;
mod moment;
mod redis;
mod session;
mod signed_cookies;
mod signing;

use std::fmt;

pub use cache::Cache;
pub use cached_db::CachedDb;
pub use codec::{Codec, LARGEST, Opened};
pub use cookie_rule::{Action, Django, Seen, Verdict, cookie_rule};
pub use corrupt::Corrupt;
pub use db::Database;
pub use error::{Cause, Doing, SessionError};
pub use expiry::{COOKIE_AGE, Expiry, NAME as EXPIRY_NAME};
pub use file::Files;
pub use json::Data;
pub use log::{Act, Entry, Said, Store, StoreLog};
pub use memory::{Limits, Memory};
pub use moment::Moment;
pub use session::{Answer, Cookie, SHORTEST_KEY, Session, Visit};
pub use signed_cookies::{COOKIE_LIMIT, SignedCookies};
pub use signing::Signer;

pub use self::redis::{Redis, Timeouts, redis_commands};

/// The name of the session's cookie; the file engine's names begin with it.
pub const COOKIE_NAME: &str = "sessionid";

/// A store of sessions, and how it is asked. Many threads may ask one at the same time.
///
/// Every method tells the log what it did. A key may be anything that a client sent; one that no engine would
/// make is unknown, not an error. The errors of all methods are those of the world: a full disk, a server that
/// does not answer.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Django's name of it: the last word of `SESSION_ENGINE`.
    fn name(&self) -> &'static str;

    /// Reads a session.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError>;

    /// Whether there is something under this key, live or not.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn exists(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<bool, SessionError>;

    /// Writes a session whole. When this returns `Done` or `Moved`, a kill of the process does not lose it (but
    /// for the memory of the process itself).
    ///
    /// # Errors
    ///
    /// When the store cannot be written, or the data are more than it takes; what was there before stays.
    fn save(
        &self,
        key: &str,
        data: &Data,
        put: Put,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Saved, SessionError>;

    /// Deletes a session, if it is there.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    fn delete(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<(), SessionError>;

    /// Deletes the expired sessions and says how many: `manage.py clearsessions`. Stores that forget by themselves
    /// do nothing.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    fn clear_expired(&self, now: Moment, log: &mut StoreLog) -> Result<u64, SessionError>;

    /// At most `limit` of the sessions that are kept, expired ones too, by their keys.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn list(
        &self,
        limit: usize,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError>;
}

/// What came of a load.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// These data.
    Found(Data),
    /// Nothing that lives. The key is never adopted.
    Unknown,
    /// Something that cannot be read, the log says why: an empty session that keeps its key.
    Corrupt,
    /// Nothing usable, and the engine wants a new session made at once, cookie and all: Django's `file` after its
    /// time, and its `signed_cookies` after any doubt.
    Renew,
}

/// How to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// There must be none under this key yet (`must_create`).
    Create,
    /// There must be one.
    Update,
}

/// What came of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is there.
    Done,
    /// It is there, and this is its key from now on: the engine makes its own.
    Moved(String),
    /// Nothing was written: there is one under this key (Django's `CreateError`).
    Taken,
    /// Nothing was written: there is none under this key (Django's `UpdateError`).
    Gone,
}

/// A session as a store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// What it holds, or why that cannot be read.
    pub data: Result<Data, Corrupt>,
    /// When it ends; `None` where nothing readable says so.
    pub expires: Option<Moment>,
    /// How many bytes its text has in the store.
    pub bytes: usize,
}

/// Whether an engine could have made this key: 8 to 40 of a-z and 0-9. Ours have 32; the table's column has 40.
fn is_plain(key: &str) -> bool {
    (8..=40).contains(&key.len())
        && key
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit())
}

/// A lock whose holder panicked is taken all the same: what it guards is whole after each step.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
