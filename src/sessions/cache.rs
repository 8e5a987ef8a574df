//! The engine `cache`: sessions in the memory of this process, and nowhere else.
//!
//! Fast, and lost at a restart; when the memory is full, the session that was used longest ago ends early.

use super::codec::written;
use super::{
    Act, Data, Doing, Engine, Expiry, Kept, Limits, Loaded, Memory, Moment, Put, Said, Saved,
    SessionError, Store, StoreLog, is_plain, json,
};

/// Django's `django.contrib.sessions.backends.cache` on its local-memory cache.
///
/// The text is plain JSON: memory needs no signature. An entry's name is `django.contrib.sessions.cache` and the key.
#[derive(Debug)]
pub struct Cache {
    memory: Memory,
}

impl Cache {
    /// An empty memory.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            memory: Memory::new(limits),
        }
    }
}

impl Engine for Cache {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        Ok(read(&self.memory, PREFIX, key, now, log).map_or(Loaded::Unknown, Loaded::Found))
    }

    fn exists(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
        Ok(read(&self.memory, PREFIX, key, now, log).is_some())
    }

    fn save(
        &self,
        key: &str,
        data: &Data,
        put: Put,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Saved, SessionError> {
        let name = format!("{PREFIX}{key}");
        let ends = Expiry::of(data).date(now);
        let saved = written(data)
            .and_then(|text| self.memory.write(&name, &text, Some(put), ends, now))
            .map_err(|cause| SessionError::new(Doing::Save, PLACE, cause))?;
        let act = match saved {
            Saved::Taken => Act::Taken,
            Saved::Gone => Act::Gone,
            Saved::Done | Saved::Moved(_) => Act::Write,
        };
        log.note(Store::Memory, act, name, Said::Nothing);
        Ok(saved)
    }

    fn delete(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        remove(&self.memory, PREFIX, key, log);
        Ok(())
    }

    fn clear_expired(&self, _now: Moment, _log: &mut StoreLog) -> Result<u64, SessionError> {
        Ok(0)
    }

    fn list(
        &self,
        limit: usize,
        _now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        let all = self.memory.list(PREFIX, limit);
        log.note(Store::Memory, Act::Listed(all.len()), PREFIX, Said::Nothing);
        let kept = all.into_iter().map(|(name, text, ends)| Kept {
            key: name.strip_prefix(PREFIX).unwrap_or_default().to_owned(),
            data: json::read(text.as_bytes()),
            expires: Some(ends),
            bytes: text.len(),
        });
        Ok(kept.collect())
    }
}

/// Reads a session out of a memory, and notes it.
pub(super) fn read(
    memory: &Memory,
    prefix: &str,
    key: &str,
    now: Moment,
    log: &mut StoreLog,
) -> Option<Data> {
    if !is_plain(key) {
        log.note(Store::Memory, Act::Miss, key, Said::Nothing);
        return None;
    }
    let name = format!("{prefix}{key}");
    // What is in there was written by us.
    let found = memory
        .read(&name, now)
        .map(|text| json::read(text.as_bytes()));
    let act = match found {
        Some(Ok(_)) => Act::Hit,
        Some(Err(reason)) => Act::Refused(reason),
        None => Act::Miss,
    };
    log.note(Store::Memory, act, name, Said::Nothing);
    found?.ok()
}

/// Forgets a session, and notes it.
pub(super) fn remove(memory: &Memory, prefix: &str, key: &str, log: &mut StoreLog) {
    let name = format!("{prefix}{key}");
    memory.remove(&name);
    log.note(Store::Memory, Act::Delete, name, Said::Nothing);
}

/// Django's `KEY_PREFIX` of this engine.
pub(super) const PREFIX: &str = "django.contrib.sessions.cache";

/// What errors call it.
pub(super) const PLACE: &str = "memory";
