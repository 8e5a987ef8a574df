//! The table of users, in SQLite: a name that is unique, and a password that nobody can read back.
//!
//! Whether a name is free is decided by the table's UNIQUE and by nothing before it: of two registrations
//! at once, exactly one wins. What the database then says becomes [`UserError::Exists`] here, in one place,
//! which is the exchange of exceptions that the course notes teach.
//!
//! Everything here waits for a disk: on workers only.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, ffi};

use super::password;

/// The table of users.
#[derive(Debug)]
pub struct Users {
    path: PathBuf,
    iterations: u32,
    /// Opened at first use, so that a site that registers nobody has no database open.
    connection: Mutex<Option<Connection>>,
}

/// Why a user was not registered or found.
#[derive(Debug, PartialEq, Eq)]
pub enum UserError {
    /// The name is taken; the database's own words are kept for the lesson.
    Exists(String),
    /// The database failed, in its words.
    Storage(String),
}

impl Users {
    /// In the database file at `path`, which is made when it is missing; passwords are hashed so many times.
    #[must_use]
    pub const fn new(path: PathBuf, iterations: u32) -> Self {
        Self {
            path,
            iterations,
            connection: Mutex::new(None),
        }
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the database now, to see whether that works.
    ///
    /// # Errors
    ///
    /// [`UserError::Storage`].
    pub fn open(&self) -> Result<(), UserError> {
        self.with(|_| Ok(()))
    }

    /// Registers a user.
    ///
    /// # Errors
    ///
    /// [`UserError::Exists`] when the name is taken, [`UserError::Storage`] when the database fails.
    pub fn register(&self, name: &str, password: &str, salt: &str) -> Result<(), UserError> {
        // Before the lock: others need not wait for it.
        let encoded = password::encode(password, salt, self.iterations);
        self.with(|connection| {
            let mut insert = connection
                .prepare_cached("INSERT INTO User_user (username, password) VALUES (?1, ?2)")?;
            insert.execute([name, &encoded]).map(|_| ())
        })
    }

    /// Whether there is a user of this name with this password.
    ///
    /// # Errors
    ///
    /// [`UserError::Storage`].
    pub fn check(&self, name: &str, password: &str) -> Result<bool, UserError> {
        let encoded = self.with(|connection| {
            let mut select =
                connection.prepare_cached("SELECT password FROM User_user WHERE username = ?1")?;
            select
                .query_row([name], |row| row.get::<_, String>(0))
                .optional()
        })?;
        // A name that is not there takes as long as one that is.
        let nobody = || password::encode("", "nobody", self.iterations);
        Ok(match encoded {
            Some(encoded) => password::verify(password, &encoded),
            None => {
                let _took_as_long = password::verify(password, &nobody());
                false
            }
        })
    }

    /// The names of the first `most` users, in the order of their registration, and how many there are.
    ///
    /// # Errors
    ///
    /// [`UserError::Storage`].
    pub fn list(&self, most: u32) -> Result<(Vec<String>, u64), UserError> {
        self.with(|connection| {
            let count: i64 =
                connection.query_row("SELECT count(*) FROM User_user", [], |row| row.get(0))?;
            let mut select =
                connection.prepare_cached("SELECT username FROM User_user ORDER BY id LIMIT ?1")?;
            let names = select.query_map([most], |row| row.get(0))?;
            Ok((names.collect::<Result<_, _>>()?, count.unsigned_abs()))
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, UserError> {
        let mut connection = self.lock();
        if connection.is_none() {
            *connection = Some(open(&self.path).map_err(exchange)?);
        }
        match &*connection {
            Some(connection) => work(connection).map_err(exchange),
            None => Err(UserError::Storage(String::new())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // With a WAL, readers and the one writer do not wait for each other.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(TABLE)?;
    Ok(connection)
}

/// The one place where the database's error becomes the site's.
fn exchange(error: rusqlite::Error) -> UserError {
    match error {
        rusqlite::Error::SqliteFailure(
            ffi::Error {
                code: ErrorCode::ConstraintViolation,
                extended_code: ffi::SQLITE_CONSTRAINT_UNIQUE,
            },
            Some(words),
        ) => UserError::Exists(words),
        other => UserError::Storage(other.to_string()),
    }
}

/// Django's table for the notes' app `User` and its model `user`.
const TABLE: &str = r#"CREATE TABLE IF NOT EXISTS "User_user" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "username" varchar(150) NOT NULL UNIQUE,
    "password" varchar(128) NOT NULL
)"#;

/// How long to wait for another process that writes; as Python's sqlite3.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn users() -> (Users, TempDir) {
        let folder = TempDir::new().unwrap();
        (Users::new(folder.path().join("db.sqlite3"), 1), folder)
    }

    #[test]
    fn a_name_is_registered_once_and_the_database_says_so() {
        let (users, _folder) = users();
        users.register("admin", "admin", "salt").unwrap();
        let again = users.register("admin", "other", "salt").unwrap_err();
        let words = "UNIQUE constraint failed: User_user.username";
        assert_eq!(again, UserError::Exists(words.to_owned()));
        users.register("男", "", "salt").unwrap();
        let names = vec!["admin".to_owned(), "男".to_owned()];
        assert_eq!(users.list(10).unwrap(), (names, 2));
        assert_eq!(users.list(1).unwrap().0.len(), 1);
    }

    #[test]
    fn of_many_at_once_exactly_one_wins() {
        let (users, folder) = users();
        users.open().unwrap();
        // Another process on the same file is another connection.
        let other = Users::new(folder.path().join("db.sqlite3"), 1);
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..16)
                .map(|n| {
                    let users = if n % 2 == 0 { &users } else { &other };
                    scope.spawn(move || users.register("admin", &n.to_string(), "salt").is_ok())
                })
                .collect();
            let won = tries.into_iter().map(|one| one.join().unwrap());
            won.filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        assert_eq!(users.list(10).unwrap().1, 1);
    }

    #[test]
    fn a_password_is_checked_and_not_kept() {
        let (users, folder) = users();
        users.register("admin", "correct horse", "salt").unwrap();
        assert!(users.check("admin", "correct horse").unwrap());
        assert!(!users.check("admin", "correct").unwrap());
        assert!(!users.check("nobody", "correct horse").unwrap());
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("correct horse"));
        }
    }

    #[test]
    fn what_is_no_database_is_an_error_and_not_a_panic() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("db.sqlite3");
        std::fs::write(
            &path,
            "this is no database, and longer than its header would be".repeat(9),
        )
        .unwrap();
        let users = Users::new(path, 1);
        assert!(matches!(users.open(), Err(UserError::Storage(_))));
        let missing = Users::new(folder.path().join("no/such/db"), 1);
        assert!(matches!(missing.open(), Err(UserError::Storage(_))));
    }
}
