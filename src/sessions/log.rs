//! The store log: what a session asked of which store, in order, for pages to show.
//!
//! It only notes; nothing is decided by it. One log belongs to one session of one request.

use std::fmt;

use super::Corrupt;
use crate::wire::Lang;

/// The entries of one request, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreLog {
    entries: Vec<Entry>,
}

/// One touch of one store.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The store, which is not always the engine: `cached_db` has two.
    pub store: Store,
    /// What was done, and what came of it.
    pub act: Act,
    /// The name that was touched, as the store has it; empty where no single one was.
    pub name: String,
    /// What the store was told, in its own language.
    pub said: Said,
}

/// A place where sessions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The SQLite database.
    Database,
    /// The folder of session files.
    Files,
    /// The memory of this process.
    Memory,
    /// The Redis server.
    Redis,
    /// The client's own cookie.
    Cookie,
}

/// What was done, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Read, and it was there.
    Hit,
    /// Read, and it was not there.
    Miss,
    /// Read, and its time was over.
    Expired,
    /// Read, and not believed.
    Refused(Corrupt),
    /// A copy was put into the faster store after the slower one had it.
    Fill,
    /// Written.
    Write,
    /// Not written: to be made new, and there is one already.
    Taken,
    /// Not written: to be changed, and it is gone.
    Gone,
    /// Deleted, or was not there.
    Delete,
    /// Not deleted: the data are with the client, who can send them again.
    CannotRevoke,
    /// So many expired ones deleted.
    Cleared(u64),
    /// So many listed.
    Listed(usize),
}

/// What a store was told, in its own language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A store without a language.
    Nothing,
    /// SQL, with `?1` where a value goes.
    Sql(&'static str),
    /// The bytes of Redis commands (RESP).
    Resp(Vec<u8>),
    /// The path of a file.
    Path(String),
}

impl StoreLog {
    /// What was noted, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn note(&mut self, store: Store, act: Act, name: impl Into<String>, said: Said) {
        self.entries.push(Entry {
            store,
            act,
            name: name.into(),
            said,
        });
    }
}

impl Store {
    /// Its word in the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Files => "files",
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Cookie => "cookie",
        }
    }
}

impl Act {
    /// Its word in the log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Expired => "expired",
            Self::Refused(_) => "refused",
            Self::Fill => "fill",
            Self::Write => "write",
            Self::Taken => "taken",
            Self::Gone => "gone",
            Self::Delete => "delete",
            Self::CannotRevoke => "cannot-revoke",
            Self::Cleared(_) => "cleared",
            Self::Listed(_) => "listed",
        }
    }
}

/// One line: `database hit k3l2...: SELECT ...`. Bytes outside printable ASCII are escaped, and what is long is cut.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.store.word(), self.act.word())?;
        match self.act {
            Act::Refused(reason) => write!(f, " ({})", reason.sentence(Lang::En))?,
            Act::Cleared(count) => write!(f, " {count}")?,
            Act::Listed(count) => write!(f, " {count}")?,
            _ => {}
        }
        if !self.name.is_empty() {
            write!(f, " {}", Short(self.name.as_bytes()))?;
        }
        match &self.said {
            Said::Nothing => Ok(()),
            Said::Sql(sql) => write!(f, ": {sql}"),
            Said::Resp(octets) => write!(f, ": {}", Short(octets)),
            Said::Path(path) => write!(f, ": {}", Short(path.as_bytes())),
        }
    }
}

/// Bytes, escaped, of which only the start is shown when they are many.
struct Short<'b>(&'b [u8]);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..MOST_SHOWN) {
            Some(start) if start.len() < self.0.len() => write!(f, "{}...", start.escape_ascii()),
            _ => write!(f, "{}", self.0.escape_ascii()),
        }
    }
}

/// Enough for a command with a small session in it.
const MOST_SHOWN: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_whatever_was_touched() {
        let mut log = StoreLog::default();
        let refused = Act::Refused(Corrupt::NotJson);
        log.note(Store::Cookie, refused, "a\nb\u{1b}", Said::Nothing);
        let get = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n".to_vec();
        log.note(Store::Redis, Act::Hit, "a", Said::Resp(get));
        log.note(Store::Database, Act::Cleared(3), "", Said::Sql("DELETE"));
        log.note(Store::Files, Act::Miss, "a".repeat(9999), Said::Nothing);
        let lines: Vec<String> = log.entries().iter().map(Entry::to_string).collect();
        assert_eq!(
            lines,
            [
                r"cookie refused (the data are not JSON) a\nb\x1b",
                r"redis hit a: *2\r\n$3\r\nGET\r\n$1\r\na\r\n",
                "database cleared 3: DELETE",
                &format!("files miss {}...", "a".repeat(MOST_SHOWN)),
            ]
        );
    }
}
