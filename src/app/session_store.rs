//! Which engine keeps the sessions, and how it comes to be: the first page that needs it opens it.
//!
//! A store that cannot be opened costs the pages with sessions and no others; each of them tries again, so nothing
//! has to be started anew when the disk or the server is back. The secret key that signs what is kept is made once
//! and kept beside the database, so that sessions survive a restart.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::clock::{IdSource, LETTERS_AND_DIGITS};
use crate::sessions::{
    Cache, CachedDb, Cause, Codec, Database, Doing, Engine, Entry, Files, Limits, Redis, Said,
    SessionError, SignedCookies, StoreLog, Timeouts,
};

/// The engines, by the last word of Django's `SESSION_ENGINE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The table `django_session`.
    #[default]
    Db,
    /// One file a session.
    File,
    /// The memory of this process.
    Cache,
    /// The table, with the memory in front of it.
    CachedDb,
    /// The client's own cookie.
    SignedCookies,
    /// A Redis server, by Django's `cache` engine.
    Redis,
}

impl EngineKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Db,
        Self::File,
        Self::Cache,
        Self::CachedDb,
        Self::SignedCookies,
        Self::Redis,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Db => "db",
            Self::File => "file",
            Self::Cache => "cache",
            Self::CachedDb => "cached_db",
            Self::SignedCookies => "signed_cookies",
            Self::Redis => "redis",
        }
    }

    /// Whether asking it may mean to wait for a disk or for a server.
    #[must_use]
    pub const fn waits(self) -> bool {
        !matches!(self, Self::Cache | Self::SignedCookies)
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| {
            format!("`{name}` is no engine: db, file, cache, cached_db, signed_cookies or redis")
        })
    }
}

/// How sessions are kept.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// By which engine.
    pub engine: EngineKind,
    /// The folder of the engine `file`; `None` is `sessions` in the data folder.
    pub file_path: Option<PathBuf>,
    /// The server of the engine `redis`.
    pub redis_url: String,
    /// What signs the sessions; `None` is a key of our own, in the data folder.
    pub secret_key: Option<String>,
    /// How much memory `cache` and `cached_db` take.
    pub memory: Limits,
}

/// The store of sessions, opened when it is first asked for.
#[derive(Debug)]
pub struct SessionStore {
    settings: SessionSettings,
    folder: PathBuf,
    ids: IdSource,
    opened: OnceLock<Box<dyn Engine>>,
}

impl SessionStore {
    /// A store that keeps its database and its secret key in this folder. Where ids can be guessed, so can the key: it
    /// is [`FROZEN_SECRET`] then.
    #[must_use]
    pub const fn new(settings: SessionSettings, folder: PathBuf, ids: IdSource) -> Self {
        Self {
            settings,
            folder,
            ids,
            opened: OnceLock::new(),
        }
    }

    /// Which engine it is.
    #[must_use]
    pub const fn kind(&self) -> EngineKind {
        self.settings.engine
    }

    /// The engine.
    ///
    /// # Errors
    ///
    /// When it cannot be opened. The next call tries again.
    pub fn engine(&self) -> Result<&dyn Engine, SessionError> {
        if let Some(engine) = self.opened.get() {
            return Ok(&**engine);
        }
        let opened = self.open()?;
        // Of two that were opened at the same time one is kept; nobody has used the other.
        Ok(&**self.opened.get_or_init(|| opened))
    }

    /// A log for a page: a file under the data folder is named from there, wherever that folder is.
    #[must_use]
    pub fn shown(&self, log: &StoreLog) -> Vec<Entry> {
        let shown = |entry: &Entry| {
            let mut entry = entry.clone();
            if let Said::Path(path) = &mut entry.said
                && let Ok(inside) = Path::new(path).strip_prefix(&self.folder)
            {
                *path = inside.display().to_string();
            }
            entry
        };
        log.entries().iter().map(shown).collect()
    }

    fn open(&self) -> Result<Box<dyn Engine>, SessionError> {
        let settings = &self.settings;
        fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, &error))?;
        let codec = || Ok(Codec::for_stores(&self.secret()?));
        let database = || Database::open(&self.folder.join("db.sqlite3"), codec()?);
        Ok(match settings.engine {
            EngineKind::Db => Box::new(database()?),
            EngineKind::File => {
                let folder = settings.file_path.clone();
                let folder = folder.unwrap_or_else(|| self.folder.join("sessions"));
                fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
                Box::new(Files::open(&folder, codec()?)?)
            }
            EngineKind::Cache => Box::new(Cache::new(settings.memory)),
            EngineKind::CachedDb => Box::new(CachedDb::new(database()?, settings.memory)),
            EngineKind::SignedCookies => Box::new(SignedCookies::new(&self.secret()?)),
            EngineKind::Redis => Box::new(Redis::new(
                &settings.redis_url,
                Timeouts::default(),
                codec()?,
            )?),
        })
    }

    /// The key that signs what is kept.
    ///
    /// # Errors
    ///
    /// When the file that it is kept in can be neither read nor made.
    pub fn secret(&self) -> Result<Vec<u8>, SessionError> {
        match (&self.settings.secret_key, self.ids) {
            (Some(key), _) => Ok(key.clone().into_bytes()),
            (None, IdSource::Seed) => Ok(FROZEN_SECRET.to_vec()),
            (None, IdSource::System) => kept_secret(&self.folder.join(SECRET_FILE)),
        }
    }
}

/// One store of each engine, for lessons that compare them; they keep their files apart from the site's own.
#[derive(Debug)]
pub struct EveryStore {
    settings: SessionSettings,
    folder: PathBuf,
    ids: IdSource,
    stores: Mutex<[Arc<SessionStore>; EngineKind::ALL.len()]>,
}

impl EveryStore {
    /// Stores with these settings but for the engine, in this folder.
    #[must_use]
    pub fn new(settings: SessionSettings, folder: PathBuf, ids: IdSource) -> Self {
        let settings = SessionSettings {
            file_path: None,
            ..settings
        };
        let one = |engine| Arc::new(store(&settings, engine, &folder, ids));
        let stores = Mutex::new(EngineKind::ALL.map(one));
        Self {
            settings,
            folder,
            ids,
            stores,
        }
    }

    /// The store of this engine.
    #[must_use]
    pub fn of(&self, engine: EngineKind) -> Arc<SessionStore> {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let found = stores.iter().find(|store| store.kind() == engine);
        found.map_or_else(|| Arc::new(self.new_store(engine)), Arc::clone)
    }

    /// Forgets what this engine has in memory, as a restart of the server would.
    pub fn restart(&self, engine: EngineKind) {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        for store in stores.iter_mut().filter(|store| store.kind() == engine) {
            *store = Arc::new(self.new_store(engine));
        }
    }

    fn new_store(&self, engine: EngineKind) -> SessionStore {
        store(&self.settings, engine, &self.folder, self.ids)
    }
}

fn store(
    settings: &SessionSettings,
    engine: EngineKind,
    folder: &Path,
    ids: IdSource,
) -> SessionStore {
    let settings = SessionSettings {
        engine,
        ..settings.clone()
    };
    SessionStore::new(settings, folder.to_owned(), ids)
}

/// The secret key of a frozen run, which everybody may know: its cookies are the same everywhere.
pub const FROZEN_SECRET: &[u8] = b"blankline --frozen";

/// The file of the secret key, in the data folder.
pub const SECRET_FILE: &str = "secret-key";

/// The key in this file, which is made for its owner only when it is missing. Of several processes that make it
/// at once, one does.
fn kept_secret(path: &Path) -> Result<Vec<u8>, SessionError> {
    let fail = |error: std::io::Error| failed(path, &error);
    match fs::read_to_string(path) {
        Ok(key) if key.trim().is_empty() => {
            return Err(SessionError {
                doing: Doing::Open,
                on: path.display().to_string(),
                cause: Cause::Damaged("there is no key in it".to_owned()),
            });
        }
        Ok(key) => return Ok(key.trim().as_bytes().to_vec()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(fail(error)),
    }
    let key = IdSource::System.text(b"", LETTERS_AND_DIGITS, SECRET_LENGTH);
    let key = key.map_err(fail)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    writeln!(file, "{key}").map_err(fail)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key.into_bytes()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => kept_secret(path),
        Err(error) => Err(fail(error.error)),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> SessionError {
    let text = error.to_string();
    SessionError {
        doing: Doing::Open,
        on: path.display().to_string(),
        cause: match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Cause::Full(text)
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Cause::ReadOnly(text),
            _ => Cause::Failed(text),
        },
    }
}

/// Characters of a secret key: as many as `startproject` gives.
const SECRET_LENGTH: usize = 50;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_secret_key_is_made_once_and_for_its_owner() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(SECRET_FILE);
        let keys: Vec<_> = std::thread::scope(|scope| {
            let many: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| kept_secret(&path).unwrap()))
                .collect();
            many.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(keys[0].len(), SECRET_LENGTH);
        assert!(keys.iter().all(|key| *key == keys[0]));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&path, "\n").unwrap();
        assert!(matches!(
            kept_secret(&path).unwrap_err().cause,
            Cause::Damaged(_)
        ));
    }

    #[test]
    fn a_store_that_could_not_be_opened_is_tried_again() {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        for kind in [EngineKind::Db, EngineKind::File, EngineKind::CachedDb] {
            let settings = SessionSettings {
                engine: kind,
                file_path: Some(data.join("file/sessions")),
                redis_url: String::new(),
                secret_key: None,
                memory: Limits::default(),
            };
            fs::write(&data, "no folder").unwrap();
            let store = SessionStore::new(settings, data.clone(), IdSource::System);
            assert!(store.engine().is_err(), "{kind}");
            fs::remove_file(&data).unwrap();
            fs::create_dir(&data).unwrap();
            assert_eq!(store.engine().unwrap().name(), kind.name());
            fs::remove_dir_all(&data).unwrap();
        }
    }

    #[test]
    fn every_engine_has_its_name() {
        for kind in EngineKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert!("memcached".parse::<EngineKind>().is_err());
    }
}
