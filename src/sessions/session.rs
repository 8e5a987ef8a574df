//! The session of one visitor during one request: Django's `SessionBase`.
//!
//! * The data are loaded at the first use, and saved after the view, when the view changed them.
//! * Only a change of the session's own items marks it as modified. A change inside a value does not: see
//!   [`Session::get_mut`], the trap of the course notes.
//! * A key that the store does not know is never adopted. The first write makes a new one.
//!
//! It writes no field: [`Session::finish`] says what the answer must carry.

use serde_json::Value;

use super::expiry::NAME;
use super::{
    Action, Cause, Data, Django, Doing, Engine, Expiry, Loaded, Moment, Put, Saved, Seen,
    SessionError, StoreLog, cookie_rule,
};
use crate::clock::{IdSource, LOWER_AND_DIGITS};

/// What a page has in its hands.
#[derive(Debug)]
pub struct Session<'r> {
    engine: &'r dyn Engine,
    visit: Visit<'r>,
    had_cookie: bool,
    key: Option<String>,
    data: Option<Data>,
    accessed: bool,
    modified: bool,
    /// How many keys were made in this request.
    made: u64,
    /// What the answer must carry, once that is decided.
    ended: Option<Answer>,
    log: StoreLog,
}

/// What a session must know of the request.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'r> {
    /// When it is handled.
    pub now: Moment,
    /// Where new keys come from.
    pub ids: IdSource,
    /// The request's bytes, out of which [`IdSource::Seed`] makes keys.
    pub seed: &'r [u8],
}

/// What the answer must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What to do with the cookie.
    pub cookie: Cookie,
    /// Whether to send `Vary: Cookie`.
    pub vary: bool,
}

/// What to do with the session's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// No `Set-Cookie`.
    Leave,
    /// The field that deletes it.
    Delete,
    /// This key.
    Set {
        /// The cookie's value.
        key: String,
        /// In seconds, and `expires` with it; neither for a cookie that ends with the browser.
        max_age: Option<i64>,
    },
}

impl<'r> Session<'r> {
    /// The session of a request with this cookie. Nothing is read yet. A value shorter than 8 bytes is no key.
    #[must_use]
    pub fn new(engine: &'r dyn Engine, cookie: Option<&str>, visit: Visit<'r>) -> Self {
        Self {
            engine,
            visit,
            had_cookie: cookie.is_some(),
            key: cookie
                .filter(|key| key.len() >= SHORTEST_KEY)
                .map(str::to_owned),
            data: None,
            accessed: false,
            modified: false,
            made: 0,
            ended: None,
            log: StoreLog::default(),
        }
    }

    /// The value of a name.
    ///
    /// # Errors
    ///
    /// Of this and of all methods that need the data: when the store cannot be read, or, where it wants a new
    /// session at once ([`Loaded::Renew`]), written.
    pub fn get(&mut self, name: &str) -> Result<Option<&Value>, SessionError> {
        Ok(self.loaded()?.get(name))
    }

    /// The value of a name in this request's own copy, to be changed. Nobody is told of the change, just as
    /// `session['cart']['a']['n'] = 2` tells nobody in Python: unless something else marks the session as modified, it
    /// is not saved, and lost. [`set_modified`](Self::set_modified) or [`set`](Self::set) with the whole value keep it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_mut(&mut self, name: &str) -> Result<Option<&mut Value>, SessionError> {
        Ok(self.loaded()?.get_mut(name))
    }

    /// Whether there is such a name.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn contains(&mut self, name: &str) -> Result<bool, SessionError> {
        Ok(self.loaded()?.contains_key(name))
    }

    /// The names, in the order in which they were first set.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn keys(&mut self) -> Result<impl Iterator<Item = &str>, SessionError> {
        Ok(self.loaded()?.keys().map(String::as_str))
    }

    /// All that is in it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn items(&mut self) -> Result<&Data, SessionError> {
        Ok(self.loaded()?)
    }

    /// `session[name] = value`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<(), SessionError> {
        self.loaded()?.insert(name.to_owned(), value.into());
        self.modified = true;
        Ok(())
    }

    /// `del session[name]`; false where Python has a `KeyError`, and then nothing is modified.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn del(&mut self, name: &str) -> Result<bool, SessionError> {
        Ok(self.pop(name)?.is_some())
    }

    /// Takes a value out; nothing is modified when there is none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn pop(&mut self, name: &str) -> Result<Option<Value>, SessionError> {
        // The order of the others stays.
        let value = self.loaded()?.shift_remove(name);
        self.modified |= value.is_some();
        Ok(value)
    }

    /// Forgets all items, the expiry among them, without reading them first. The key stays, and an empty
    /// session is saved.
    pub fn clear(&mut self) {
        self.data = Some(Data::new());
        self.accessed = true;
        self.modified = true;
    }

    /// Forgets all items and the key, and deletes the session from its store: a logout.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.clear();
        if let Some(key) = self.key.take() {
            self.engine.delete(&key, self.visit.now, &mut self.log)?;
        }
        Ok(())
    }

    /// Gives the same data a new key and deletes the old one: a login, so that a key that somebody knew before is
    /// worth nothing after.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    pub fn cycle_key(&mut self) -> Result<(), SessionError> {
        self.loaded()?;
        let old = self.key.take();
        self.create()?;
        match old {
            Some(old) if self.key.as_ref() != Some(&old) => {
                self.engine.delete(&old, self.visit.now, &mut self.log)
            }
            _ => Ok(()),
        }
    }

    /// The key, or `None` before the first save. Asking is no access.
    #[must_use]
    pub fn session_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// When the session is to end, kept among its data.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn set_expiry(&mut self, expiry: Expiry) -> Result<(), SessionError> {
        match expiry.value() {
            Some(value) => self.set(NAME, value),
            None => self.del(NAME).map(|_| ()),
        }
    }

    /// When it is to end.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn expiry(&mut self) -> Result<Expiry, SessionError> {
        Ok(Expiry::of(self.loaded()?))
    }

    /// Whether the data were read or replaced in this request.
    #[must_use]
    pub const fn accessed(&self) -> bool {
        self.accessed
    }

    /// Whether they were changed, or said to be.
    #[must_use]
    pub const fn modified(&self) -> bool {
        self.modified
    }

    /// Says that they were changed, or that they were not: `session.modified = True`.
    pub const fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    /// Whether there is neither a key nor data; data that were not loaded count as none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_none() && self.data.as_ref().is_none_or(Data::is_empty)
    }

    /// Saves the session whole, under a new key if it has none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written, takes no such data, or has deleted the session meanwhile
    /// ([`Cause::Interrupted`]).
    pub fn save(&mut self) -> Result<(), SessionError> {
        self.loaded()?;
        let Some(key) = &self.key else {
            return self.create();
        };
        let (key, data) = (key.as_str(), self.data.get_or_insert_default());
        let saved = self
            .engine
            .save(key, data, Put::Update, self.visit.now, &mut self.log)?;
        match saved {
            Saved::Done => Ok(()),
            Saved::Moved(key) => {
                self.key = Some(key);
                Ok(())
            }
            Saved::Gone | Saved::Taken => Err(self.interrupted()),
        }
    }

    /// Ends the request: saves the session if the view changed it and the answer is no failure, and says what
    /// the answer must carry. A request ends once: asked again, it says the same again, so a page that shows what was
    /// saved may end it before it is written.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub fn finish(&mut self, django: Django, status: u16) -> Result<Answer, SessionError> {
        if let Some(answer) = &self.ended {
            return Ok(answer.clone());
        }
        let seen = Seen {
            had_cookie: self.had_cookie,
            accessed: self.accessed,
            modified: self.modified,
            is_empty: self.is_empty(),
        };
        let verdict = cookie_rule(django, seen, status);
        let cookie = match verdict.action {
            Action::Leave => Cookie::Leave,
            Action::Delete => Cookie::Delete,
            Action::Save => {
                let max_age = self.expiry()?.max_age(self.visit.now);
                self.save()?;
                match self.key.clone() {
                    Some(key) => Cookie::Set { key, max_age },
                    None => Cookie::Leave,
                }
            }
        };
        let answer = Answer {
            cookie,
            vary: verdict.vary,
        };
        self.ended = Some(answer.clone());
        Ok(answer)
    }

    /// What was asked of which store so far.
    #[must_use]
    pub const fn log(&self) -> &StoreLog {
        &self.log
    }

    /// The data, loaded if they are not yet; that is an access.
    fn loaded(&mut self) -> Result<&mut Data, SessionError> {
        self.accessed = true;
        if self.data.is_none()
            && let Some(key) = &self.key
        {
            let loaded = self.engine.load(key, self.visit.now, &mut self.log)?;
            match loaded {
                Loaded::Found(data) => self.data = Some(data),
                Loaded::Corrupt => {}
                Loaded::Unknown => self.key = None,
                Loaded::Renew => {
                    self.key = None;
                    self.create()?;
                }
            }
        }
        Ok(self.data.get_or_insert_default())
    }

    /// Saves what there is under a new key. Django asks first whether the key is free; here the write itself says so,
    /// which is one question less and leaves no moment between the two.
    fn create(&mut self) -> Result<(), SessionError> {
        let now = self.visit.now;
        for _ in 0..ATTEMPTS {
            let key = self.new_key()?;
            let data = self.data.get_or_insert_default();
            let mut saved = self
                .engine
                .save(&key, data, Put::Create, now, &mut self.log)?;
            // The same request was here before, and made the same key: it gets the same answer (`--frozen`).
            if saved == Saved::Taken && self.visit.ids == IdSource::Seed {
                saved = self
                    .engine
                    .save(&key, data, Put::Update, now, &mut self.log)?;
            }
            let key = match saved {
                Saved::Done => key,
                Saved::Moved(key) => key,
                Saved::Taken | Saved::Gone => continue,
            };
            self.key = Some(key);
            self.modified = true;
            return Ok(());
        }
        let text = format!("{ATTEMPTS} new keys in a row were taken");
        Err(self.failed(text))
    }

    /// 32 of a-z and 0-9; the n-th of a request has a seed of its own.
    fn new_key(&mut self) -> Result<String, SessionError> {
        let Visit { ids, seed, .. } = self.visit;
        let mut whole = Vec::new();
        if ids == IdSource::Seed {
            whole.extend_from_slice(seed);
            whole.extend_from_slice(b" sessionid ");
            whole.extend_from_slice(&self.made.to_be_bytes());
        }
        self.made += 1;
        ids.text(&whole, LOWER_AND_DIGITS, LENGTH)
            .map_err(|error| self.failed(error.to_string()))
    }

    fn failed(&self, text: String) -> SessionError {
        SessionError::new(Doing::Save, self.engine.name(), Cause::Failed(text))
    }

    fn interrupted(&self) -> SessionError {
        SessionError::new(Doing::Save, self.engine.name(), Cause::Interrupted)
    }
}

/// The length of Django's keys.
const LENGTH: usize = 32;

/// A cookie's value with fewer bytes is no key: Django's own bound.
pub const SHORTEST_KEY: usize = 8;

/// With 32 characters of 36, even two keys in a row that are taken mean that chance is broken.
const ATTEMPTS: u32 = 100;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::sessions::{COOKIE_AGE, Cache, Kept, Limits};

    fn engine() -> Cache {
        Cache::new(Limits::default())
    }

    fn visit(seed: &[u8]) -> Visit<'_> {
        Visit {
            now: Moment::from_seconds(1_509_328_929),
            ids: IdSource::Seed,
            seed,
        }
    }

    /// A session that is in the store already, with one item.
    fn stored(engine: &Cache) -> String {
        let mut session = Session::new(engine, None, visit(b"before"));
        session.set("a", 1).unwrap();
        session.save().unwrap();
        session.session_key().unwrap().to_owned()
    }

    /// What the view does, and the answer to it with this cookie; `{}` in it stands for a live key.
    fn played(
        django: Django,
        cookie: Option<&str>,
        status: u16,
        view: impl Fn(&mut Session<'_>),
    ) -> (Cookie, bool) {
        let engine = engine();
        let live = stored(&engine);
        let cookie = cookie.map(|cookie| cookie.replace("LIVE", &live));
        let mut session = Session::new(&engine, cookie.as_deref(), visit(b"request"));
        view(&mut session);
        let answer = session.finish(django, status).unwrap();
        let cookie = match answer.cookie {
            // Which one does not matter here, but whether it is the one that came.
            Cookie::Set { key, max_age } if key == live => Cookie::Set {
                key: "same".to_owned(),
                max_age,
            },
            Cookie::Set { max_age, .. } => Cookie::Set {
                key: "new".to_owned(),
                max_age,
            },
            other => other,
        };
        (cookie, answer.vary)
    }

    fn sent(key: &str) -> Cookie {
        Cookie::Set {
            key: key.to_owned(),
            max_age: Some(COOKIE_AGE),
        }
    }

    const LIVE: Option<&str> = Some("LIVE");
    const UNKNOWN: Option<&str> = Some("nobodyknowsthiskey0123456789abcd");
    const BOTH: [Django; 2] = [Django::V1_11, Django::V4_2];

    #[test]
    fn not_touched() {
        for django in BOTH {
            for cookie in [None, LIVE, UNKNOWN] {
                let answer = played(django, cookie, 200, |_| {});
                assert_eq!(answer, (Cookie::Leave, false));
            }
        }
    }

    #[test]
    fn a_request_ends_once() {
        let engine = engine();
        let mut session = Session::new(&engine, None, visit(b"request"));
        session.set("a", 1).unwrap();
        let answer = session.finish(Django::V1_11, 200).unwrap();
        session.set("a", 2).unwrap();
        assert_eq!(session.finish(Django::V1_11, 500).unwrap(), answer);
        let writes = session.log().entries().iter();
        let writes = writes.filter(|entry| entry.act == super::super::Act::Write);
        assert_eq!(writes.count(), 1);
    }

    #[test]
    fn read() {
        for django in BOTH {
            for cookie in [None, LIVE] {
                for view in [
                    |session: &mut Session<'_>| assert!(session.get("a").is_ok()),
                    |session: &mut Session<'_>| assert_eq!(session.get("none").unwrap(), None),
                    |session: &mut Session<'_>| assert!(session.contains("a").is_ok()),
                    |session: &mut Session<'_>| assert!(session.keys().is_ok()),
                ] {
                    let answer = played(django, cookie, 200, view);
                    assert_eq!(answer, (Cookie::Leave, true));
                }
            }
        }
    }

    #[test]
    fn the_key_was_read() {
        let answer = played(Django::V4_2, LIVE, 200, |session| {
            assert_eq!(session.session_key().unwrap().len(), 32);
        });
        assert_eq!(answer, (Cookie::Leave, false));
    }

    #[test]
    fn an_item_was_set_or_deleted_or_all_were_cleared() {
        for django in BOTH {
            for view in [
                |session: &mut Session<'_>| session.set("a", 2).unwrap(),
                |session: &mut Session<'_>| assert!(session.del("a").unwrap()),
                |session: &mut Session<'_>| session.clear(),
                |session: &mut Session<'_>| {
                    session.get("a").unwrap();
                    session.set_modified(true);
                },
            ] {
                assert_eq!(played(django, LIVE, 200, view), (sent("same"), true));
            }
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_deleted_and_modifies_nothing() {
        let answer = played(Django::V4_2, LIVE, 200, |session| {
            assert!(!session.del("none").unwrap());
            assert_eq!(session.pop("none").unwrap(), None);
        });
        assert_eq!(answer, (Cookie::Leave, true));
    }

    #[test]
    fn a_nested_change_is_lost_unless_somebody_is_told() {
        let cart = || serde_json::json!({"a": {"n": 1}});
        for (is_told, is_assigned, kept) in [(false, false, 1), (true, false, 2), (false, true, 2)]
        {
            let engine = engine();
            let mut first = Session::new(&engine, None, visit(b"first"));
            first.set("cart", cart()).unwrap();
            first.save().unwrap();
            let key = first.session_key().unwrap();
            let mut second = Session::new(&engine, Some(key), visit(b"second"));
            *second
                .get_mut("cart")
                .unwrap()
                .unwrap()
                .pointer_mut("/a/n")
                .unwrap() = 2.into();
            // In this request, the change is seen.
            let changed = second.get("cart").unwrap().cloned().unwrap();
            assert_eq!(changed["a"]["n"], 2);
            assert!(!second.modified());
            if is_told {
                second.set_modified(true);
            }
            if is_assigned {
                second.set("cart", changed).unwrap();
            }
            let answer = second.finish(Django::V1_11, 200).unwrap();
            assert_eq!(answer.cookie == Cookie::Leave, kept == 1);
            assert!(answer.vary);
            let mut third = Session::new(&engine, Some(key), visit(b"third"));
            assert_eq!(third.get("cart").unwrap().unwrap()["a"]["n"], kept);
        }
    }

    #[test]
    fn the_first_write_makes_a_new_key_and_an_unknown_one_is_not_adopted() {
        for django in BOTH {
            for cookie in [None, UNKNOWN] {
                let view = |session: &mut Session<'_>| session.set("a", 2).unwrap();
                assert_eq!(played(django, cookie, 200, view), (sent("new"), true));
            }
        }
    }

    #[test]
    fn a_cycled_key_is_new_and_the_old_one_is_gone() {
        for django in BOTH {
            let view = |session: &mut Session<'_>| session.cycle_key().unwrap();
            assert_eq!(played(django, LIVE, 200, view), (sent("new"), true));
        }
        let engine = engine();
        let old = stored(&engine);
        let mut session = Session::new(&engine, Some(&old), visit(b"login"));
        session.cycle_key().unwrap();
        let new = session.session_key().unwrap();
        assert_ne!(new, old);
        let mut after = Session::new(&engine, Some(new), visit(b"after"));
        assert_eq!(after.get("a").unwrap(), Some(&1.into()));
        let mut late = Session::new(&engine, Some(&old), visit(b"late"));
        assert_eq!(late.get("a").unwrap(), None);
        assert_eq!(late.session_key(), None);
    }

    #[test]
    fn flush_with_a_cookie_and_reading_an_unknown_one_delete_the_cookie() {
        let flush = |session: &mut Session<'_>| session.flush().unwrap();
        let read = |session: &mut Session<'_>| assert!(session.contains("a").is_ok());
        for (django, vary) in [(Django::V1_11, false), (Django::V4_2, true)] {
            assert_eq!(played(django, LIVE, 200, flush), (Cookie::Delete, vary));
            assert_eq!(played(django, UNKNOWN, 200, read), (Cookie::Delete, vary));
            // Even when the answer is a failure.
            assert_eq!(played(django, UNKNOWN, 500, read), (Cookie::Delete, vary));
        }
    }

    #[test]
    fn a_short_key_is_deleted_even_if_nobody_looked() {
        for (django, vary) in [(Django::V1_11, false), (Django::V4_2, true)] {
            for (cookie, status) in [("", 200), ("short", 404), ("1234567", 304)] {
                let answer = played(django, Some(cookie), status, |_| {});
                assert_eq!(answer, (Cookie::Delete, vary));
            }
        }
        let answer = played(Django::V4_2, Some("12345678"), 200, |_| {});
        assert_eq!(answer, (Cookie::Leave, false));
    }

    #[test]
    fn nothing_comes_of_nothing_without_a_cookie() {
        for django in BOTH {
            for view in [
                |session: &mut Session<'_>| session.flush().unwrap(),
                |session: &mut Session<'_>| session.clear(),
                |session: &mut Session<'_>| {
                    session.set("a", 1).unwrap();
                    session.del("a").unwrap();
                },
            ] {
                assert_eq!(played(django, None, 200, view), (Cookie::Leave, true));
            }
            let view = |session: &mut Session<'_>| session.set_modified(true);
            assert_eq!(played(django, None, 200, view), (Cookie::Leave, false));
        }
    }

    #[test]
    fn a_failure_is_not_saved() {
        let view = |session: &mut Session<'_>| session.set("a", 2).unwrap();
        for django in BOTH {
            assert_eq!(played(django, LIVE, 500, view), (Cookie::Leave, true));
            assert_eq!(played(django, LIVE, 404, view), (sent("same"), true));
        }
        let saved = played(Django::V1_11, LIVE, 503, view);
        assert_eq!(saved, (sent("same"), true));
        let not_saved = played(Django::V4_2, LIVE, 503, view);
        assert_eq!(not_saved, (Cookie::Leave, true));
    }

    #[test]
    fn clear_leaves_an_empty_row_that_stays_valid() {
        let engine = engine();
        let key = stored(&engine);
        let mut session = Session::new(&engine, Some(&key), visit(b"clear"));
        session.clear();
        assert_eq!(
            session.finish(Django::V1_11, 200).unwrap().cookie,
            sent(&key)
        );
        let mut after = Session::new(&engine, Some(&key), visit(b"read"));
        assert!(after.items().unwrap().is_empty());
        let answer = after.finish(Django::V1_11, 200).unwrap();
        assert_eq!((answer.cookie, answer.vary), (Cookie::Leave, true));
    }

    #[test]
    fn each_expiry_has_its_cookie() {
        let until = Moment::from_seconds(1_509_328_929 + 60);
        for (expiry, max_age) in [
            (Expiry::Default, Some(COOKIE_AGE)),
            (Expiry::BrowserClose, None),
            (Expiry::Seconds(5), Some(5)),
            (Expiry::Seconds(-5), Some(-5)),
            (Expiry::At(until), Some(60)),
        ] {
            let (cookie, _) = played(Django::V4_2, LIVE, 200, |session| {
                session.set("a", 2).unwrap();
                session.set_expiry(expiry).unwrap();
                assert_eq!(session.expiry().unwrap(), expiry);
            });
            let key = "same".to_owned();
            assert_eq!(cookie, Cookie::Set { key, max_age });
        }
        // The default is kept by nothing, and taking it back where nothing is modifies nothing.
        let view = |session: &mut Session<'_>| session.set_expiry(Expiry::Default).unwrap();
        assert_eq!(played(Django::V4_2, LIVE, 200, view), (Cookie::Leave, true));
    }

    #[test]
    fn a_session_that_was_deleted_meanwhile_is_not_brought_back() {
        let engine = engine();
        let key = stored(&engine);
        let mut slow = Session::new(&engine, Some(&key), visit(b"slow"));
        slow.set("a", 2).unwrap();
        Session::new(&engine, Some(&key), visit(b"logout"))
            .flush()
            .unwrap();
        let error = slow.finish(Django::V4_2, 200).unwrap_err();
        assert_eq!(error.cause, Cause::Interrupted);
    }

    #[test]
    fn the_same_request_makes_the_same_key_again() {
        let engine = engine();
        let ask = |seed: &[u8]| {
            let mut session = Session::new(&engine, None, visit(seed));
            session.set("a", 1).unwrap();
            session.save().unwrap();
            session.session_key().unwrap().to_owned()
        };
        assert_eq!(ask(b"one"), ask(b"one"));
        assert_ne!(ask(b"one"), ask(b"other"));
        // Two keys of one request differ.
        let mut session = Session::new(&engine, None, visit(b"one"));
        session.cycle_key().unwrap();
        let first = session.session_key().unwrap().to_owned();
        session.cycle_key().unwrap();
        assert_ne!(session.session_key(), Some(first.as_str()));
    }

    /// A store in which the first keys that are tried are taken.
    #[derive(Debug)]
    struct Crowded {
        taken: AtomicU32,
        inner: Cache,
    }

    impl Engine for Crowded {
        fn name(&self) -> &'static str {
            "crowded"
        }

        fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
            self.inner.load(key, now, log)
        }

        fn exists(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
            self.inner.exists(key, now, log)
        }

        fn save(
            &self,
            key: &str,
            data: &Data,
            put: Put,
            now: Moment,
            log: &mut StoreLog,
        ) -> Result<Saved, SessionError> {
            let left = self.taken.load(Ordering::Relaxed);
            if left > 0 {
                self.taken.store(left - 1, Ordering::Relaxed);
                return Ok(Saved::Taken);
            }
            self.inner.save(key, data, put, now, log)
        }

        fn delete(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
            self.inner.delete(key, now, log)
        }

        fn clear_expired(&self, now: Moment, log: &mut StoreLog) -> Result<u64, SessionError> {
            self.inner.clear_expired(now, log)
        }

        fn list(
            &self,
            limit: usize,
            now: Moment,
            log: &mut StoreLog,
        ) -> Result<Vec<Kept>, SessionError> {
            self.inner.list(limit, now, log)
        }
    }

    #[test]
    fn a_taken_key_means_another_one_and_not_for_ever() {
        for (taken, is_saved) in [(3, true), (ATTEMPTS - 1, true), (ATTEMPTS, false)] {
            let engine = Crowded {
                taken: AtomicU32::new(taken),
                inner: engine(),
            };
            let visit = Visit {
                ids: IdSource::System,
                ..visit(b"")
            };
            let mut session = Session::new(&engine, None, visit);
            session.set("a", 1).unwrap();
            assert_eq!(session.save().is_ok(), is_saved);
            assert_eq!(session.session_key().is_some(), is_saved);
        }
    }

    #[test]
    fn the_data_are_loaded_once_and_only_if_somebody_looks() {
        let engine = engine();
        let key = stored(&engine);
        let mut session = Session::new(&engine, Some(&key), visit(b"request"));
        assert!(session.log().entries().is_empty());
        for _ in 0..3 {
            assert!(session.contains("a").unwrap());
        }
        assert_eq!(session.log().entries().len(), 1);
        let mut names = Session::new(&engine, None, visit(b"request"));
        for name in ["z", "a", "m"] {
            names.set(name, 1).unwrap();
        }
        assert_eq!(names.pop("z").unwrap(), Some(1.into()));
        assert_eq!(Vec::from_iter(names.keys().unwrap()), ["a", "m"]);
    }
}
