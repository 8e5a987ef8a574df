//! The engine `db`: Django's table `django_session` in an SQLite file, which Django itself may share.
//!
//! One connection writes, behind a lock, since SQLite has one writer at a time anyway and waiting for a lock is
//! better than trying again and again. It reads too while nobody writes, since it knows the pages that it wrote; any number
//! of others read beside it. Other processes are waited for with SQLite's busy
//! timeout. The journal is a WAL with `synchronous=NORMAL`: each save is in the system's hands before it returns, so
//! it survives the kill of this process, at no `fsync` a save; a power cut may undo the last ones, but not
//! damage the file.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row as SqlRow, params};

use super::{
    Act, Cause, Codec, Corrupt, Data, Doing, Engine, Expiry, Kept, Loaded, Moment, Put, Said,
    Saved, SessionError, Store, StoreLog, is_plain, lock,
};

/// Django's `django.contrib.sessions.backends.db`.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
    codec: Codec,
    writer: Mutex<Connection>,
    /// Connections that nobody uses now: there are as many as threads ever read at once.
    readers: Mutex<Vec<Connection>>,
}

/// What the table has under a key.
pub(super) enum Row {
    /// None, or none that lives.
    None,
    /// One that cannot be read.
    Corrupt,
    /// The data, and when they end.
    Live(Data, Moment),
}

impl Database {
    /// Opens the file, and makes it and Django's table where they are missing.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, made or written, or is something else.
    pub fn open(path: &Path, codec: Codec) -> Result<Self, SessionError> {
        let _turn = wait_for_the_turn(path)
            .map_err(|error| failed(path, Doing::Open, Cause::Failed(error.to_string())))?;
        let open = || {
            let connection = connect(path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch(TABLE)?;
            Ok(connection)
        };
        let writer = open().map_err(|error| failure(path, Doing::Open, &error))?;
        Ok(Self {
            path: path.to_owned(),
            codec,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
        })
    }

    /// Reads a row that lives.
    pub(super) fn fetch(
        &self,
        key: &str,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Row, SessionError> {
        if !is_plain(key) {
            log.note(Store::Database, Act::Miss, key, Said::Nothing);
            return Ok(Row::None);
        }
        let found = self.read(Doing::Load, |connection| {
            connection
                .prepare_cached(SELECT)?
                .query_row(params![key, now.to_string()], |row| {
                    Ok(self.opened(row, 0, now).map(|data| (data, date(row, 1))))
                })
                .optional()
        })?;
        let (act, row) = match found {
            None => (Act::Miss, Row::None),
            Some(Ok((data, Some(ends)))) => (Act::Hit, Row::Live(data, ends)),
            Some(Ok((_, None))) => (Act::Refused(Corrupt::NotText), Row::Corrupt),
            Some(Err(reason)) => (Act::Refused(reason), Row::Corrupt),
        };
        log.note(Store::Database, act, key, Said::Sql(SELECT));
        Ok(row)
    }

    /// The data in a column of a row.
    fn opened(&self, row: &SqlRow<'_>, column: usize, now: Moment) -> Result<Data, Corrupt> {
        let text = text(row, column).ok_or(Corrupt::NotText)?;
        self.codec.decode(text, None, now).map(|opened| opened.data)
    }

    fn read<T>(
        &self,
        doing: Doing,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SessionError> {
        let fail = |error| failure(&self.path, doing, &error);
        // What it wrote it still has in memory; the others have to read it again.
        if let Ok(writer) = self.writer.try_lock() {
            return work(&writer).map_err(fail);
        }
        let idle = lock(&self.readers).pop();
        let connection = idle.map_or_else(|| connect(&self.path), Ok).map_err(fail)?;
        let done = work(&connection).map_err(fail);
        lock(&self.readers).push(connection);
        done
    }

    /// Runs one statement, its own transaction, and says how many rows it changed.
    fn write(&self, sql: &'static str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
        lock(&self.writer).prepare_cached(sql)?.execute(values)
    }
}

impl Engine for Database {
    fn name(&self) -> &'static str {
        "db"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        Ok(match self.fetch(key, now, log)? {
            Row::None => Loaded::Unknown,
            Row::Corrupt => Loaded::Corrupt,
            Row::Live(data, _) => Loaded::Found(data),
        })
    }

    fn exists(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<bool, SessionError> {
        let is_there = self.read(Doing::Load, |connection| {
            connection.prepare_cached(EXISTS)?.exists([key])
        })?;
        let act = if is_there { Act::Hit } else { Act::Miss };
        log.note(Store::Database, act, key, Said::Sql(EXISTS));
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
        let text = self
            .codec
            .encode(data, now)
            .map_err(|cause| failed(&self.path, Doing::Save, cause))?;
        let ends = Expiry::of(data).date(now).to_string();
        let (sql, is_new) = match put {
            Put::Create => (INSERT, true),
            Put::Update => (UPDATE, false),
        };
        let saved = match self.write(sql, params![key, text, ends]) {
            Ok(0) => Saved::Gone,
            Ok(_) => Saved::Done,
            Err(error) if is_new && is_collision(&error) => Saved::Taken,
            Err(error) => return Err(failure(&self.path, Doing::Save, &error)),
        };
        let act = match saved {
            Saved::Taken => Act::Taken,
            Saved::Gone => Act::Gone,
            Saved::Done | Saved::Moved(_) => Act::Write,
        };
        log.note(Store::Database, act, key, Said::Sql(sql));
        Ok(saved)
    }

    fn delete(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        self.write(DELETE, [key])
            .map_err(|error| failure(&self.path, Doing::Delete, &error))?;
        log.note(Store::Database, Act::Delete, key, Said::Sql(DELETE));
        Ok(())
    }

    fn clear_expired(&self, now: Moment, log: &mut StoreLog) -> Result<u64, SessionError> {
        let count = self
            .write(CLEAR, [now.to_string()])
            .map_err(|error| failure(&self.path, Doing::Clear, &error))?;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        log.note(Store::Database, Act::Cleared(count), "", Said::Sql(CLEAR));
        Ok(count)
    }

    fn list(
        &self,
        limit: usize,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let kept = self.read(Doing::List, |connection| {
            let mut statement = connection.prepare_cached(LIST)?;
            let rows = statement.query_map([most], |row| {
                Ok(Kept {
                    key: text(row, 0).unwrap_or_default().to_owned(),
                    data: self.opened(row, 1, now),
                    expires: date(row, 2),
                    bytes: text(row, 1).unwrap_or_default().len(),
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<Kept>>>()
        })?;
        let act = Act::Listed(kept.len());
        log.note(Store::Database, act, "", Said::Sql(LIST));
        Ok(kept)
    }
}

/// A lock on the folder, held while a file is opened. SQLite's busy timeout does not wait when two change a new file
/// to a WAL at the same time: one of them is told at once that the file is locked.
fn wait_for_the_turn(path: &Path) -> io::Result<File> {
    let folder = path.parent().filter(|folder| folder != &Path::new(""));
    let folder = File::open(folder.unwrap_or(Path::new(".")))?;
    folder.lock()?;
    Ok(folder)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// A column that should be text; SQLite keeps anything anywhere.
fn text<'r>(row: &'r SqlRow<'_>, column: usize) -> Option<&'r str> {
    row.get_ref(column).ok()?.as_str().ok()
}

fn date(row: &SqlRow<'_>, column: usize) -> Option<Moment> {
    Moment::parse(text(row, column)?)
}

fn is_collision(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

fn failure(path: &Path, doing: Doing, error: &rusqlite::Error) -> SessionError {
    let text = error.to_string();
    let cause = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Cause::Busy(text),
        Some(ErrorCode::DiskFull) => Cause::Full(text),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Cause::ReadOnly(text),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Cause::Damaged(text),
        _ => Cause::Failed(text),
    };
    failed(path, doing, cause)
}

fn failed(path: &Path, doing: Doing, cause: Cause) -> SessionError {
    SessionError::new(doing, path.display().to_string(), cause)
}

/// Django's own default.
const PATIENCE: Duration = Duration::from_secs(5);

/// What Django's migration `sessions.0001_initial` makes of an SQLite file.
const TABLE: &str = r#"
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
CREATE INDEX IF NOT EXISTS "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
"#;

/// Dates are text, and compared as text.
const SELECT: &str = "SELECT session_data, expire_date FROM django_session WHERE session_key = ?1 AND expire_date > ?2";
const EXISTS: &str = "SELECT 1 FROM django_session WHERE session_key = ?1 LIMIT 1";
const INSERT: &str =
    "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (?1, ?2, ?3)";
const UPDATE: &str =
    "UPDATE django_session SET session_data = ?2, expire_date = ?3 WHERE session_key = ?1";
const DELETE: &str = "DELETE FROM django_session WHERE session_key = ?1";
const CLEAR: &str = "DELETE FROM django_session WHERE expire_date < ?1";
const LIST: &str = "SELECT session_key, session_data, expire_date FROM django_session ORDER BY session_key LIMIT ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Lang;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";

    fn now() -> Moment {
        Moment::from_seconds(1_509_328_929)
    }

    fn open(path: &Path) -> Database {
        Database::open(path, Codec::for_stores(b"secret")).unwrap()
    }

    #[test]
    fn the_schema_is_djangos_to_the_letter() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder.path().join("db.sqlite3"));
        let writer = lock(&database.writer);
        let mut all = writer
            .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC")
            .unwrap();
        let all: Vec<String> = all
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            all,
            [
                r#"CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL)"#,
                r#"CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")"#,
            ]
        );
    }

    #[test]
    fn a_full_and_a_read_only_disk_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let database = open(&path);
        let log = &mut StoreLog::default();
        let mut data = Data::new();
        assert_eq!(
            database.save(KEY, &data, Put::Create, now(), log).unwrap(),
            Saved::Done
        );
        lock(&database.writer)
            .pragma_update(None, "max_page_count", 5)
            .unwrap();
        let noise: String = (0_u32..20_000)
            .map(|n| char::from_u32(0x4E00 + n.wrapping_mul(2_654_435_761) % 20_000).unwrap())
            .collect();
        data.insert("x".to_owned(), noise.into());
        let error = database
            .save(KEY, &data, Put::Update, now(), log)
            .unwrap_err();
        assert!(matches!(error.cause, Cause::Full(_)), "{error}");
        for lang in [Lang::En, Lang::Zh] {
            assert!(error.sentence(lang).contains(path.to_str().unwrap()));
        }
        // The old row stays, and a smaller one can be written.
        assert_eq!(
            database.load(KEY, now(), log).unwrap(),
            Loaded::Found(Data::new())
        );
        lock(&database.writer)
            .pragma_update(None, "query_only", true)
            .unwrap();
        let error = database.delete(KEY, now(), log).unwrap_err();
        assert!(matches!(error.cause, Cause::ReadOnly(_)), "{error}");
    }

    #[test]
    fn another_writer_is_waited_for_and_then_it_is_an_error_for_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let database = open(&path);
        lock(&database.writer)
            .busy_timeout(Duration::from_millis(1))
            .unwrap();
        let other = connect(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let log = &mut StoreLog::default();
        let save = |log: &mut StoreLog| database.save(KEY, &Data::new(), Put::Create, now(), log);
        let error = save(log).unwrap_err();
        assert!(matches!(error.cause, Cause::Busy(_)), "{error}");
        assert!(error.is_temporary());
        // Readers do not mind a writer.
        assert_eq!(database.load(KEY, now(), log).unwrap(), Loaded::Unknown);
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(save(log).unwrap(), Saved::Done);
    }

    #[test]
    fn many_may_open_a_new_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let key = format!("abcdefgh{n}");
                    let log = &mut StoreLog::default();
                    let saved = open(path).save(&key, &Data::new(), Put::Create, now(), log);
                    assert_eq!(saved.unwrap(), Saved::Done);
                });
            }
        });
        let kept = open(&path).list(99, now(), &mut StoreLog::default());
        assert_eq!(kept.unwrap().len(), 8);
    }

    #[test]
    fn what_is_no_database_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        std::fs::write(&path, "not a database, but long enough to be taken for one").unwrap();
        let codec = || Codec::for_stores(b"secret");
        let error = Database::open(&path, codec()).unwrap_err();
        assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
        let error = Database::open(&folder.path().join("no/db"), codec()).unwrap_err();
        assert!(matches!(error.cause, Cause::Failed(_)), "{error}");
    }

    #[test]
    fn a_row_with_anything_in_it_is_corrupt() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder.path().join("db.sqlite3"));
        for (data, ends, reason) in [
            ("x'ff00'", "'2099-01-01 00:00:00'", Corrupt::NotText),
            ("17", "'2099-01-01 00:00:00'", Corrupt::NoSignature),
            ("''", "'2099-01-01 00:00:00'", Corrupt::NoSignature),
            ("'a:b'", "'2099-01-01 00:00:00'", Corrupt::WrongSignature),
            (
                "'e30:1e8zOz:cZu4Qs8JHefOo0ohZk2p7Hq2XGRyXNPoJkQx60SbVxM'",
                "'zzzz'",
                Corrupt::WrongSignature,
            ),
        ] {
            lock(&database.writer)
                .execute_batch(&format!(
                    "REPLACE INTO django_session VALUES ('{KEY}', {data}, {ends})"
                ))
                .unwrap();
            let mut log = StoreLog::default();
            assert_eq!(
                database.load(KEY, now(), &mut log).unwrap(),
                Loaded::Corrupt
            );
            assert_eq!(log.entries()[0].act, Act::Refused(reason));
            let kept = database.list(9, now(), &mut log).unwrap();
            assert_eq!(kept[0].data, Err(reason));
        }
    }
}
