//! Everything that the site keeps between requests, and where.
//!
//! A folder (`--data`) holds the database and, unless told otherwise, the uploads. A frozen run starts
//! empty in a temporary folder, inside that one if it is named, which goes when the server does.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::UNIX_EPOCH;

use tempfile::TempDir;

use super::files::Files;
use super::session_store::{EveryStore, SessionSettings, SessionStore};
use super::uploads::Uploads;
use super::users::Users;
use crate::clock::{Clock, IdSource};

/// Where stores are, and how they are held.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The folder for all of them. Under a frozen clock, where to make the temporary one: `None` is where the
    /// system has such folders.
    pub data: Option<PathBuf>,
    /// The upload folder; `None` is `uploads` in the data folder.
    pub upload_folder: Option<PathBuf>,
    /// The most bytes in it.
    pub upload_quota: u64,
    /// How often a password is hashed, at least once.
    pub iterations: u32,
    /// How sessions are kept.
    pub sessions: SessionSettings,
    /// Where the time comes from; under a frozen one ids are a function of the request.
    pub clock: Clock,
}

/// What the site keeps.
#[derive(Debug)]
pub struct Stores {
    /// Who registered.
    pub users: Users,
    /// What is remembered of a visitor.
    pub sessions: SessionStore,
    /// The same in each engine, for the lesson that compares them.
    pub engines: EveryStore,
    /// Files that were sent.
    pub uploads: Arc<Uploads>,
    /// The same files, to be sent back.
    pub uploaded: Files,
    /// How often each of the two counting pages was posted to: first, the one that answers at once.
    pub posts: [AtomicU64; 2],
    /// Where salts and ids come from.
    pub ids: IdSource,
    clock: Clock,
    /// Removed when this is dropped.
    _temporary: Option<TempDir>,
}

impl Stores {
    /// Opens them, and makes the folders that are missing.
    ///
    /// # Errors
    ///
    /// The first folder that cannot be had, and why.
    pub fn open(settings: &StoreSettings) -> Result<Self, (PathBuf, io::Error)> {
        let is_frozen = matches!(settings.clock, Clock::Frozen(_));
        let named = settings.data.clone();
        let mut folder = match (named, is_frozen) {
            (Some(folder), _) => folder,
            (None, true) => std::env::temp_dir(),
            (None, false) => PathBuf::from(DEFAULT_FOLDER),
        };
        fs::create_dir_all(&folder).map_err(|error| (folder.clone(), error))?;
        let temporary = is_frozen
            .then(|| TempDir::with_prefix_in("blankline-", &folder))
            .transpose()
            .map_err(|error| (folder.clone(), error))?;
        if let Some(temporary) = &temporary {
            temporary.path().clone_into(&mut folder);
        }
        let upload_folder = settings.upload_folder.clone();
        let upload_folder = upload_folder.unwrap_or_else(|| folder.join("uploads"));
        let uploads = Uploads::open(&upload_folder, settings.upload_quota, is_frozen)
            .map_err(|error| (upload_folder.clone(), error))?;
        let ids = if is_frozen {
            IdSource::Seed
        } else {
            IdSource::System
        };
        Ok(Self {
            engines: EveryStore::new(settings.sessions.clone(), folder.join("lesson-37"), ids),
            sessions: SessionStore::new(settings.sessions.clone(), folder.clone(), ids),
            users: Users::new(folder.join("db.sqlite3"), settings.iterations),
            uploads: Arc::new(uploads),
            uploaded: Files::only(upload_folder)?,
            posts: [const { AtomicU64::new(0) }; 2],
            ids,
            clock: settings.clock,
            _temporary: temporary,
        })
    }

    /// The time in milliseconds since 1970.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        let since = self.clock.wall().duration_since(UNIX_EPOCH);
        u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The folder that is used unless another one is named, in the folder where the server was started.
pub const DEFAULT_FOLDER: &str = "blankline-data";
