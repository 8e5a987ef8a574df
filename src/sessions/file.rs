//! The engine `file`: one file a session, as Django's, which may share the folder.
//!
//! `DIR/sessionid<key>`, for its owner only, holds the text and nothing else. It is written beside and then renamed,
//! so that a reader sees the old text or the new, and a kill of the process leaves one of them.
//!
//! A session ends so long after its file's time of change; the file is given the moment of the save, since time is an
//! argument here too. Django lets a session whose `set_expiry` is a number live for ever in this engine; here it
//! ends as with the other engines.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{
    Act, COOKIE_NAME, Cause, Codec, Corrupt, Data, Doing, Engine, Expiry, Kept, Loaded, Moment,
    Put, Said, Saved, SessionError, Store, StoreLog, is_plain,
};

/// Django's `django.contrib.sessions.backends.file`.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    codec: Codec,
}

/// A session file, read.
struct Found {
    data: Result<Data, Corrupt>,
    ends: Moment,
    bytes: usize,
}

impl Files {
    /// The engine of a folder (`SESSION_FILE_PATH`).
    ///
    /// # Errors
    ///
    /// When it is no folder.
    pub fn open(folder: &Path, codec: Codec) -> Result<Self, SessionError> {
        let files = Self {
            folder: folder.to_owned(),
            codec,
        };
        match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => Ok(files),
            Ok(_) => Err(files.failure(Doing::Open, &ErrorKind::NotADirectory.into())),
            Err(error) => Err(files.failure(Doing::Open, &error)),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{COOKIE_NAME}{key}"))
    }

    /// `None` when there is no such file.
    fn read(&self, path: &Path, now: Moment) -> io::Result<Option<Found>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let changed = Moment::from(file.metadata()?.modified()?);
        let mut octets = Vec::new();
        file.take(LARGEST_FILE).read_to_end(&mut octets)?;
        let data = match str::from_utf8(&octets) {
            // Django makes its files empty before it writes them.
            Ok("") => Ok(Data::new()),
            Ok(text) => self.codec.decode(text, None, now).map(|opened| opened.data),
            Err(_) => Err(Corrupt::NotText),
        };
        let expiry = data.as_ref().map_or(Expiry::Default, Expiry::of);
        Ok(Some(Found {
            data,
            ends: expiry.date(changed),
            bytes: octets.len(),
        }))
    }

    fn write(&self, path: &Path, text: &str, put: Put, now: Moment) -> io::Result<Saved> {
        if put == Put::Update && !path.try_exists()? {
            return Ok(Saved::Gone);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{name}_out_"))
            .tempfile_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_modified(now.system())?;
        let renamed = match put {
            Put::Create => file.persist_noclobber(path),
            Put::Update => file.persist(path),
        };
        match renamed {
            Ok(_) => Ok(Saved::Done),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Saved::Taken),
            Err(error) => Err(error.error),
        }
    }

    /// The keys of all files that are sessions, in order.
    fn keys(&self) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let key = name
                .to_str()
                .and_then(|name| name.strip_prefix(COOKIE_NAME));
            keys.extend(key.filter(|key| is_plain(key)).map(str::to_owned));
        }
        keys.sort();
        Ok(keys)
    }

    fn failure(&self, doing: Doing, error: &io::Error) -> SessionError {
        let text = error.to_string();
        let cause = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::Full(text),
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Cause::ReadOnly(text),
            _ => Cause::Failed(text),
        };
        SessionError::new(doing, self.folder.display().to_string(), cause)
    }
}

impl Engine for Files {
    fn name(&self) -> &'static str {
        "file"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        if !is_plain(key) {
            log.note(Store::Files, Act::Miss, key, Said::Nothing);
            return Ok(Loaded::Unknown);
        }
        let path = self.path(key);
        let found = self
            .read(&path, now)
            .map_err(|error| self.failure(Doing::Load, &error))?;
        let (act, loaded) = match found {
            None => (Act::Miss, Loaded::Unknown),
            Some(found) if found.ends <= now => (Act::Expired, Loaded::Renew),
            Some(found) => match found.data {
                Ok(data) => (Act::Hit, Loaded::Found(data)),
                Err(reason) => (Act::Refused(reason), Loaded::Corrupt),
            },
        };
        log.note(Store::Files, act, key, said(&path));
        if loaded == Loaded::Renew {
            self.delete(key, now, log)?;
        }
        Ok(loaded)
    }

    fn exists(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
        let path = self.path(key);
        let is_there = is_plain(key) && path.is_file();
        let act = if is_there { Act::Hit } else { Act::Miss };
        log.note(Store::Files, act, key, Said::Nothing);
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
        let path = self.path(key);
        let saved = if is_plain(key) {
            let on = || self.folder.display().to_string();
            let text = self
                .codec
                .encode(data, now)
                .map_err(|cause| SessionError::new(Doing::Save, on(), cause))?;
            self.write(&path, &text, put, now)
                .map_err(|error| self.failure(Doing::Save, &error))?
        } else {
            Saved::Gone
        };
        let act = match saved {
            Saved::Taken => Act::Taken,
            Saved::Gone => Act::Gone,
            Saved::Done | Saved::Moved(_) => Act::Write,
        };
        log.note(Store::Files, act, key, said(&path));
        Ok(saved)
    }

    fn delete(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        let path = self.path(key);
        if is_plain(key) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(self.failure(Doing::Delete, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        log.note(Store::Files, Act::Delete, key, said(&path));
        Ok(())
    }

    fn clear_expired(&self, now: Moment, log: &mut StoreLog) -> Result<u64, SessionError> {
        let fail = |error| self.failure(Doing::Clear, &error);
        let mut count = 0;
        for key in self.keys().map_err(fail)? {
            let path = self.path(&key);
            let found = self.read(&path, now).map_err(fail)?;
            if found.is_some_and(|found| found.ends <= now) {
                self.delete(&key, now, log)?;
                count += 1;
            }
        }
        log.note(Store::Files, Act::Cleared(count), "", said(&self.folder));
        Ok(count)
    }

    fn list(
        &self,
        limit: usize,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        let fail = |error| self.failure(Doing::List, &error);
        let mut all = Vec::new();
        for key in self.keys().map_err(fail)?.into_iter().take(limit) {
            if let Some(found) = self.read(&self.path(&key), now).map_err(fail)? {
                all.push(Kept {
                    key,
                    expires: Some(found.ends),
                    data: found.data,
                    bytes: found.bytes,
                });
            }
        }
        log.note(Store::Files, Act::Listed(all.len()), "", said(&self.folder));
        Ok(all)
    }
}

fn said(path: &Path) -> Said {
    Said::Path(path.display().to_string())
}

/// More than our own files ever have; a larger one is cut, and then its signature is wrong.
const LARGEST_FILE: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";

    fn now() -> Moment {
        Moment::from_seconds(1_509_328_929)
    }

    #[test]
    fn a_file_is_named_closed_to_others_and_dated() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path(), Codec::for_stores(b"secret")).unwrap();
        let log = &mut StoreLog::default();
        for put in [Put::Create, Put::Update] {
            let saved = files.save(KEY, &Data::new(), put, now(), log).unwrap();
            assert_eq!(saved, Saved::Done);
            let names: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(names, [format!("sessionid{KEY}").as_str()]);
            let metadata = fs::metadata(files.path(KEY)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
            assert_eq!(Moment::from(metadata.modified().unwrap()), now());
            let text = fs::read_to_string(files.path(KEY)).unwrap();
            assert!(text.starts_with("e30:1e8zOz:"), "{text}");
        }
    }

    #[test]
    fn no_key_leaves_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("sessionida");
        fs::create_dir(&folder).unwrap();
        let files = Files::open(&folder, Codec::for_stores(b"secret")).unwrap();
        let log = &mut StoreLog::default();
        fs::write(outer.path().join("outside"), "kept").unwrap();
        let long = "a".repeat(10_000);
        for key in [
            "/../../outside",
            "a/../../outside",
            "../x",
            "a\0bcdefghi",
            "ABCDEFGHIJ",
            "",
            &long,
        ] {
            assert_eq!(files.load(key, now(), log).unwrap(), Loaded::Unknown);
            assert!(!files.exists(key, now(), log).unwrap());
            for put in [Put::Create, Put::Update] {
                let saved = files.save(key, &Data::new(), put, now(), log).unwrap();
                assert_eq!(saved, Saved::Gone);
            }
            files.delete(key, now(), log).unwrap();
        }
        assert_eq!(fs::read(outer.path().join("outside")).unwrap(), b"kept");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_file_is_an_empty_session_and_others_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path(), Codec::for_stores(b"secret")).unwrap();
        let log = &mut StoreLog::default();
        for name in [
            "sessionid",
            "sessionidabcdefgh_out_x",
            "other",
            &format!("sessionid{KEY}"),
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let late = Moment::from_seconds(100_000_000_000);
        assert_eq!(files.list(9, now(), log).unwrap().len(), 1);
        assert_eq!(
            files.load(KEY, now(), log).unwrap(),
            Loaded::Found(Data::new())
        );
        assert_eq!(files.clear_expired(late, log).unwrap(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        fs::write(files.path(KEY), b"\xff").unwrap();
        assert_eq!(files.load(KEY, now(), log).unwrap(), Loaded::Corrupt);
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_to_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let codec = || Codec::for_stores(b"secret");
        let error = Files::open(&folder.path().join("no"), codec()).unwrap_err();
        assert!(matches!(error.cause, Cause::Failed(_)), "{error}");
        let files = Files::open(folder.path(), codec()).unwrap();
        drop(folder);
        let log = &mut StoreLog::default();
        let error = files.save(KEY, &Data::new(), Put::Create, now(), log);
        assert_eq!(error.unwrap_err().doing, Doing::Save);
    }
}
