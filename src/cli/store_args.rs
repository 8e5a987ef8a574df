//! The flags that say where things are kept, shared by `serve` and by the commands that look into the same stores.

use std::path::PathBuf;

use crate::app::session_store::{EngineKind, SessionSettings, SessionStore};
use crate::app::stores::DEFAULT_FOLDER;
use crate::clock::IdSource;
use crate::sessions::Limits;

/// Where things are kept, and by which session engine.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreArgs {
    /// Folder for the database, the uploads and the secret key, made when it is missing; with --frozen a temporary
    /// one is made in it, or where the system has such folders [default: blankline-data]
    #[arg(long, env = "BLANKLINE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// What keeps the sessions: db, file, cache, cached_db, signed_cookies or redis
    #[arg(
        long,
        env = "BLANKLINE_SESSION_ENGINE",
        value_name = "NAME",
        default_value_t
    )]
    pub session_engine: EngineKind,

    /// Folder of the engine file [default: sessions in the data folder]
    #[arg(long, env = "BLANKLINE_SESSION_FILE_PATH", value_name = "DIR")]
    pub session_file_path: Option<PathBuf>,

    /// Server of the engine redis
    #[arg(
        long,
        env = "BLANKLINE_REDIS_URL",
        value_name = "URL",
        default_value = "redis://127.0.0.1:6379/0",
        hide_env_values = true
    )]
    pub redis_url: String,

    /// What signs the sessions; servers that share a store share it [default: a random one, kept in secret-key in
    /// the data folder; with --frozen `blankline --frozen`]
    #[arg(
        long,
        env = "BLANKLINE_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true,
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub secret_key: Option<String>,

    /// Bytes of memory for the sessions of the engines cache and cached_db
    #[arg(
        long,
        env = "BLANKLINE_SESSION_CACHE_BYTES",
        value_name = "BYTES",
        default_value_t = Limits::default().bytes
    )]
    pub session_cache_bytes: usize,

    /// Sessions in that memory; when it is full, the one used longest ago is forgotten
    #[arg(
        long,
        env = "BLANKLINE_SESSION_CACHE_ENTRIES",
        value_name = "N",
        default_value_t = Limits::default().entries,
        value_parser = super::serve::at_least_one
    )]
    pub session_cache_entries: usize,
}

impl StoreArgs {
    /// How sessions are kept.
    #[must_use]
    pub fn sessions(&self) -> SessionSettings {
        SessionSettings {
            engine: self.session_engine,
            file_path: self.session_file_path.clone(),
            redis_url: self.redis_url.clone(),
            secret_key: self.secret_key.clone(),
            memory: Limits {
                entries: self.session_cache_entries,
                bytes: self.session_cache_bytes,
            },
        }
    }

    /// The store of sessions that a server with these flags has.
    #[must_use]
    pub fn session_store(&self) -> SessionStore {
        let folder = self.data.clone();
        let folder = folder.unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
        SessionStore::new(self.sessions(), folder, IdSource::System)
    }
}
