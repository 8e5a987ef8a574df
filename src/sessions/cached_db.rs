//! The engine `cached_db`: the database, with a memory in front of it.
//!
//! Reading asks the memory, then the database, then fills the memory. Writing goes to the **database first, then
//! to the memory**; deleting too. The course notes have it the other way round (内存先写): then a database that
//! refuses, being full or away, would leave a session that this process believes in and that nobody else has,
//! and that ends with the process. Django's order never lets the memory know more than the database does.
//!
//! The memory is this process's own: of two processes on one database, one may see the other's change late.

use super::codec::written;
use super::{
    Act, Data, Database, Doing, Engine, Expiry, Kept, Limits, Loaded, Memory, Moment, Put, Said,
    Saved, SessionError, Store, StoreLog, cache, db,
};

/// Django's `django.contrib.sessions.backends.cached_db`.
#[derive(Debug)]
pub struct CachedDb {
    database: Database,
    memory: Memory,
}

impl CachedDb {
    /// A database with an empty memory in front.
    #[must_use]
    pub fn new(database: Database, limits: Limits) -> Self {
        Self {
            database,
            memory: Memory::new(limits),
        }
    }

    /// Puts into the memory what the database has. That the memory has no room for it is no error.
    fn keep(
        &self,
        key: &str,
        data: &Data,
        act: Act,
        ends: Moment,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<(), SessionError> {
        let name = format!("{PREFIX}{key}");
        let text =
            written(data).map_err(|cause| SessionError::new(Doing::Save, cache::PLACE, cause))?;
        if self.memory.write(&name, &text, None, ends, now).is_ok() {
            log.note(Store::Memory, act, name, Said::Nothing);
        } else {
            cache::remove(&self.memory, PREFIX, key, log);
        }
        Ok(())
    }
}

impl Engine for CachedDb {
    fn name(&self) -> &'static str {
        "cached_db"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        if let Some(data) = cache::read(&self.memory, PREFIX, key, now, log) {
            return Ok(Loaded::Found(data));
        }
        Ok(match self.database.fetch(key, now, log)? {
            db::Row::None => Loaded::Unknown,
            db::Row::Corrupt => Loaded::Corrupt,
            db::Row::Live(data, ends) => {
                self.keep(key, &data, Act::Fill, ends, now, log)?;
                Loaded::Found(data)
            }
        })
    }

    fn exists(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
        Ok(cache::read(&self.memory, PREFIX, key, now, log).is_some()
            || self.database.exists(key, now, log)?)
    }

    fn save(
        &self,
        key: &str,
        data: &Data,
        put: Put,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Saved, SessionError> {
        let saved = self.database.save(key, data, put, now, log)?;
        match saved {
            Saved::Done | Saved::Moved(_) => {
                let ends = Expiry::of(data).date(now);
                self.keep(key, data, Act::Write, ends, now, log)?;
            }
            // Another process deleted it; Django would go on reading its copy.
            Saved::Gone => cache::remove(&self.memory, PREFIX, key, log),
            Saved::Taken => {}
        }
        Ok(saved)
    }

    fn delete(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        self.database.delete(key, now, log)?;
        cache::remove(&self.memory, PREFIX, key, log);
        Ok(())
    }

    fn clear_expired(&self, now: Moment, log: &mut StoreLog) -> Result<u64, SessionError> {
        self.database.clear_expired(now, log)
    }

    fn list(
        &self,
        limit: usize,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        self.database.list(limit, now, log)
    }
}

/// Django's `KEY_PREFIX` of this engine.
const PREFIX: &str = "django.contrib.sessions.cached_db";
