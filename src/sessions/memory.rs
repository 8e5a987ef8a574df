//! A bounded memory of named texts, shared by threads: Django's local-memory cache.
//!
//! When it is full, what was used longest ago is dropped. It knows nothing of sessions, and is lost with the
//! process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Cause, Moment, Put, Saved, lock};

/// How much a memory may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many entries, 1 or more. Django's own default is 300.
    pub entries: usize,
    /// How many bytes, names and 128 for each entry included.
    pub bytes: usize,
}

impl Default for Limits {
    /// 10,000 entries, 64 MiB.
    fn default() -> Self {
        Self {
            entries: 10_000,
            bytes: 64 << 20,
        }
    }
}

/// Texts by name, each with an end.
#[derive(Debug)]
pub struct Memory {
    limits: Limits,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    slots: BTreeMap<String, Slot>,
    /// The names by their last use, oldest first.
    uses: BTreeMap<u64, String>,
    /// The number of the last use.
    last: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    text: Arc<str>,
    ends: Moment,
    used: u64,
}

impl Memory {
    /// An empty memory.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            inside: Mutex::default(),
        }
    }

    /// The text of this name, if it has not ended; that is a use.
    pub(super) fn read(&self, name: &str, now: Moment) -> Option<Arc<str>> {
        let mut inside = lock(&self.inside);
        inside.drop_if_over(name, now);
        inside.touch(name)
    }

    /// Keeps a text until `ends`. With `put`, only if the name is new, or only if it is there.
    pub(super) fn write(
        &self,
        name: &str,
        text: &str,
        put: Option<Put>,
        ends: Moment,
        now: Moment,
    ) -> Result<Saved, Cause> {
        let bytes = size(name, text);
        if bytes > self.limits.bytes {
            return Err(Cause::TooLarge {
                bytes,
                limit: self.limits.bytes,
            });
        }
        let mut inside = lock(&self.inside);
        inside.drop_if_over(name, now);
        match (put, inside.slots.contains_key(name)) {
            (Some(Put::Create), true) => return Ok(Saved::Taken),
            (Some(Put::Update), false) => return Ok(Saved::Gone),
            _ => {}
        }
        inside.remove(name);
        inside.last += 1;
        let used = inside.last;
        let slot = Slot {
            text: Arc::from(text),
            ends,
            used,
        };
        inside.slots.insert(name.to_owned(), slot);
        inside.uses.insert(used, name.to_owned());
        inside.bytes += bytes;
        while inside.bytes > self.limits.bytes || inside.slots.len() > self.limits.entries.max(1) {
            let Some((_, oldest)) = inside.uses.pop_first() else {
                break;
            };
            inside.remove(&oldest);
        }
        Ok(Saved::Done)
    }

    /// Forgets a name.
    pub(super) fn remove(&self, name: &str) {
        lock(&self.inside).remove(name);
    }

    /// At most `limit` of the names that start with `prefix`, with text and end; that is no use.
    pub(super) fn list(&self, prefix: &str, limit: usize) -> Vec<(String, Arc<str>, Moment)> {
        let inside = lock(&self.inside);
        let named = inside.slots.range(prefix.to_owned()..);
        named
            .take_while(|(name, _)| name.starts_with(prefix))
            .take(limit)
            .map(|(name, slot)| (name.clone(), Arc::clone(&slot.text), slot.ends))
            .collect()
    }
}

impl Inside {
    fn drop_if_over(&mut self, name: &str, now: Moment) {
        if self.slots.get(name).is_some_and(|slot| slot.ends <= now) {
            self.remove(name);
        }
    }

    fn touch(&mut self, name: &str) -> Option<Arc<str>> {
        let slot = self.slots.get_mut(name)?;
        self.last += 1;
        if let Some(name) = self.uses.remove(&slot.used) {
            self.uses.insert(self.last, name);
        }
        slot.used = self.last;
        Some(Arc::clone(&slot.text))
    }

    fn remove(&mut self, name: &str) {
        if let Some(slot) = self.slots.remove(name) {
            self.uses.remove(&slot.used);
            self.bytes -= size(name, &slot.text);
        }
    }
}

/// The name is kept twice.
fn size(name: &str, text: &str) -> usize {
    2 * name.len() + text.len() + OVERHEAD
}

/// What an entry costs besides its bytes, about.
const OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(seconds)
    }

    fn memory(entries: usize, bytes: usize) -> Memory {
        Memory::new(Limits { entries, bytes })
    }

    fn names(memory: &Memory) -> Vec<String> {
        let all = memory.list("", usize::MAX);
        let inside = lock(&memory.inside);
        assert_eq!(inside.slots.len(), inside.uses.len());
        let bytes: usize = all.iter().map(|(name, text, _)| size(name, text)).sum();
        assert_eq!(inside.bytes, bytes);
        all.into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn the_one_that_was_used_longest_ago_makes_room() {
        let memory = memory(3, 10_000);
        for name in ["a", "b", "c"] {
            memory.write(name, "1", None, at(9), at(0)).unwrap();
        }
        assert_eq!(memory.read("a", at(0)).as_deref(), Some("1"));
        memory.write("d", "1", None, at(9), at(0)).unwrap();
        assert_eq!(names(&memory), ["a", "c", "d"]);
        memory.write("c", "2", None, at(9), at(0)).unwrap();
        memory.write("e", "1", None, at(9), at(0)).unwrap();
        assert_eq!(names(&memory), ["c", "d", "e"]);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let memory = memory(100, 3 * size("a", "12345"));
        for name in ["a", "b", "c", "d"] {
            memory.write(name, "12345", None, at(9), at(0)).unwrap();
        }
        assert_eq!(names(&memory), ["b", "c", "d"]);
        memory
            .write("c", &"x".repeat(100), None, at(9), at(0))
            .unwrap();
        assert_eq!(names(&memory), ["c", "d"]);
        let error = memory.write("c", &"x".repeat(900), None, at(9), at(0));
        assert!(matches!(error, Err(Cause::TooLarge { .. })));
        assert_eq!(names(&memory), ["c", "d"], "what was there stays");
    }

    #[test]
    fn what_has_ended_is_gone() {
        let memory = memory(10, 10_000);
        let write = |put, now| memory.write("a", "1", put, at(10), at(now)).unwrap();
        assert_eq!(write(Some(Put::Update), 0), Saved::Gone);
        assert_eq!(write(Some(Put::Create), 0), Saved::Done);
        assert_eq!(write(Some(Put::Create), 9), Saved::Taken);
        assert!(memory.read("a", at(9)).is_some());
        assert!(memory.read("a", at(10)).is_none());
        assert_eq!(write(Some(Put::Update), 10), Saved::Gone);
        assert_eq!(write(Some(Put::Create), 10), Saved::Done);
        memory.remove("a");
        assert_eq!(names(&memory), [""; 0]);
    }
}
