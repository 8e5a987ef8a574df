//! The upload folder: names made harmless, a quota, and files that are there whole or not at all.
//!
//! * A file is written once, under a hidden name in the folder itself (`.part-...`), and gets its name by a
//!   rename. Dropping it before that removes it.
//! * What a killed server left is removed by the next start. A file that another server is writing into the
//!   same folder is locked (`flock`), and so is left alone.
//! * The client's name is a wish. [`FileName`] says what became of it and why.
//!
//! Everything here waits for a disk: on workers and writers only, but for [`Uploads::reserve`].

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use tempfile::{Builder, NamedTempFile};

/// The upload folder.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    quota: u64,
    /// Bytes that are there, and those that are promised to uploads under way.
    used: AtomicU64,
    /// Whether a file replaces one of the same name: in a frozen run, where the same request has to have the
    /// same answer each time.
    replaces: bool,
}

/// Room for an upload under way. Dropping it gives back what was not used.
#[derive(Debug)]
pub struct Room {
    uploads: Arc<Uploads>,
    bytes: u64,
}

/// What a client's file name became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// Everything before the last dot; not empty.
    stem: String,
    /// From the last dot on; may be empty.
    extension: String,
    /// What was done to it, in this order, each once.
    pub changes: Vec<NameChange>,
}

/// Something that was done to a client's file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameChange {
    /// It was not UTF-8: U+FFFD stands for what is none.
    NotText,
    /// Everything up to its last slash or backslash was taken away.
    Path,
    /// Control characters, NUL among them, were taken away.
    Control,
    /// Blanks and dots at its ends were taken away.
    Ends,
    /// A character or a word that some system reserves became an underscore.
    Reserved,
    /// Nothing was left.
    Empty,
    /// It was cut to what a folder can hold.
    TooLong,
}

impl Uploads {
    /// Opens the folder, makes it when it is missing, and removes what a killed server left in it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(folder: &Path, quota: u64, replaces: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut used = 0_u64;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let is_part = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(PART.as_bytes());
            if is_part && is_abandoned(&entry.path()) {
                // Somebody else may have removed it first.
                let _gone = fs::remove_file(entry.path());
            } else if let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                used = used.saturating_add(metadata.len());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            quota,
            used: AtomicU64::new(used),
            replaces,
        })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The most bytes that it may hold.
    #[must_use]
    pub const fn quota(&self) -> u64 {
        self.quota
    }

    /// Keeps room for so many bytes.
    ///
    /// # Errors
    ///
    /// How many bytes it would hold with these, when that is more than its quota.
    pub fn reserve(self: &Arc<Self>, bytes: u64) -> Result<Room, u64> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        // From here on, dropping it takes them back.
        let room = Room {
            uploads: Arc::clone(self),
            bytes,
        };
        let wanted = before.saturating_add(bytes);
        if wanted > self.quota {
            Err(wanted)
        } else {
            Ok(room)
        }
    }

    /// A new hidden file in the folder; it is removed when it is dropped.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn begin(&self) -> io::Result<NamedTempFile> {
        let file = Builder::new().prefix(PART).tempfile_in(&self.folder)?;
        flock(file.as_file(), FlockOperation::NonBlockingLockExclusive)?;
        Ok(file)
    }

    /// Gives a file its name, with the time in milliseconds before the last dot, as the course notes do, so
    /// that equal names do not collide. Two in the same millisecond do not either: the name is only taken if
    /// it is free, and else the next millisecond's is tried.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn keep(
        &self,
        mut file: NamedTempFile,
        name: &FileName,
        milliseconds: u64,
        room: &mut Room,
    ) -> io::Result<String> {
        let length = file.as_file().metadata()?.len();
        for later in 0..TRIES {
            let stored = name.stamped(milliseconds.saturating_add(later));
            let path = self.folder.join(&stored);
            let kept = if self.replaces {
                file.persist(path)
            } else {
                file.persist_noclobber(path)
            };
            match kept {
                Ok(_) => {
                    // What is kept is used from now on, and no longer promised.
                    room.bytes = room.bytes.saturating_sub(length);
                    return Ok(stored);
                }
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                    file = error.file;
                }
                Err(error) => return Err(error.error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes a file again that was kept just now.
    pub fn remove(&self, stored: &str) {
        let path = self.folder.join(stored);
        if let Ok(metadata) = path.metadata()
            && fs::remove_file(path).is_ok()
        {
            self.used.fetch_sub(metadata.len(), Ordering::Relaxed);
        }
    }

    /// The same as [`keep`](Self::keep) for a file that is in memory: it is written in chunks of 64 KiB, as Django's `chunks()`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn keep_bytes(
        &self,
        bytes: &[u8],
        name: &FileName,
        milliseconds: u64,
        room: &mut Room,
    ) -> io::Result<String> {
        let mut file = self.begin()?;
        for chunk in bytes.chunks(CHUNK) {
            file.write_all(chunk)?;
        }
        self.keep(file, name, milliseconds, room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.uploads.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl FileName {
    /// Makes a client's name harmless.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let mut changes = Vec::new();
        let mut changed = |is_other: bool, change| {
            if is_other {
                changes.push(change);
            }
        };
        let text = String::from_utf8_lossy(name);
        changed(text.as_bytes() != name, NameChange::NotText);
        let base = text.rsplit(['/', '\\']).next().unwrap_or_default();
        changed(base.len() != text.len(), NameChange::Path);
        let plain: String = base.chars().filter(|it| !it.is_control()).collect();
        changed(plain.len() != base.len(), NameChange::Control);
        let trimmed = trim(&plain);
        changed(trimmed.len() != plain.len(), NameChange::Ends);
        let mut free: String = trimmed
            .chars()
            .map(|it| if RESERVED.contains(it) { '_' } else { it })
            .collect();
        let first = free.split('.').next().unwrap_or_default();
        if DEVICES
            .iter()
            .any(|device| device.eq_ignore_ascii_case(first))
        {
            free.insert(0, '_');
        }
        changed(free != trimmed, NameChange::Reserved);
        changed(free.is_empty(), NameChange::Empty);
        if free.is_empty() {
            "file".clone_into(&mut free);
        }
        let dot = free.rfind('.').filter(|&at| at > 0).unwrap_or(free.len());
        let (stem, extension) = free.split_at(dot);
        let (stem, extension) = (cut(stem, MOST_STEM), cut(extension, MOST_EXTENSION));
        changed(
            stem.len() + extension.len() < free.len(),
            NameChange::TooLong,
        );
        Self {
            stem: stem.to_owned(),
            extension: extension.to_owned(),
            changes,
        }
    }

    /// With a time in milliseconds before its last dot.
    #[must_use]
    pub fn stamped(&self, milliseconds: u64) -> String {
        format!("{}{milliseconds}{}", self.stem, self.extension)
    }
}

impl NameChange {
    /// What was done and why, in English and Chinese.
    #[must_use]
    pub const fn words(self) -> [&'static str; 2] {
        match self {
            Self::NotText => [
                "it was not UTF-8, so a replacement character stands for each wrong byte",
                "它不是 UTF-8，错误的字节换成了替代字符",
            ],
            Self::Path => [
                "the path before it was taken away: where a file goes is for the server to say",
                "去掉了前面的路径：文件放在哪里由服务器决定",
            ],
            Self::Control => [
                "control characters were taken out of it",
                "去掉了其中的控制字符",
            ],
            Self::Ends => [
                "blanks and dots at its ends were taken away: a dot in front hides a file",
                "去掉了首尾的空白和点：以点开头的文件是隐藏文件",
            ],
            Self::Reserved => [
                "what some system reserves became an underscore",
                "某些系统保留的字符或名字换成了下划线",
            ],
            Self::Empty => [
                "nothing was left of it, so it is called file",
                "名字什么都没剩下，所以叫做 file",
            ],
            Self::TooLong => [
                "it was cut to what a folder can hold, and its extension kept",
                "名字太长，截短到目录能容纳的长度，扩展名保留",
            ],
        }
    }
}

/// Without blanks at its ends, dots in front and behind.
fn trim(name: &str) -> &str {
    name.trim_matches(|it: char| it.is_whitespace() || it == '.')
}

/// At most `most` bytes from the start, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Whether nobody writes into this file any more.
fn is_abandoned(path: &Path) -> bool {
    File::open(path)
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// How the names of files under way begin; the dot also keeps them from being served.
const PART: &str = ".part-";

/// Bytes of a chunk: Django's `UploadedFile.DEFAULT_CHUNK_SIZE`.
pub const CHUNK: usize = 64 * 1024;

/// Names tried before giving up: so many uploads of one name in one millisecond.
const TRIES: u64 = 1_000;

/// With 20 digits between them, stem and extension fit into the 255 bytes that a folder allows.
const MOST_STEM: usize = 200;
const MOST_EXTENSION: usize = 32;

/// Characters that Windows has for other uses; the slashes are gone before.
const RESERVED: &str = "<>:\"|?*";

/// Names that are devices on Windows, whatever their extension.
const DEVICES: &[&str] = &[
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8",
    "COM9", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn uploads(quota: u64) -> (Arc<Uploads>, TempDir) {
        let folder = TempDir::new().unwrap();
        let uploads = Uploads::open(&folder.path().join("up"), quota, false).unwrap();
        (Arc::new(uploads), folder)
    }

    fn names(uploads: &Uploads) -> Vec<String> {
        let entries = fs::read_dir(uploads.folder()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_made_harmless_and_it_is_said_how() {
        use NameChange::*;
        for (name, stamped, changes) in [
            (&b"a.png"[..], "a7.png", &[][..]),
            (b"a.tar.gz", "a.tar7.gz", &[]),
            (b"README", "README7", &[]),
            ("图 片.png".as_bytes(), "图 片7.png", &[]),
            (b"../../x", "x7", &[Path]),
            (b"C:\\dir\\x.png", "x7.png", &[Path]),
            (b"/etc/passwd", "passwd7", &[Path]),
            (b"dir/", "file7", &[Path, Empty]),
            (b"..", "file7", &[Ends, Empty]),
            (b"", "file7", &[Empty]),
            (b".htaccess", "htaccess7", &[Ends]),
            (b" a.png. ", "a7.png", &[Ends]),
            (b"a\0b\r\n.png", "ab7.png", &[Control]),
            (b"a\x7f.png", "a7.png", &[Control]),
            (b"a\xff.png", "a\u{FFFD}7.png", &[NotText]),
            (b"a:b|c.png", "a_b_c7.png", &[Reserved]),
            (b"nul.png", "_nul7.png", &[Reserved]),
            (b"CON", "_CON7", &[Reserved]),
            (b"console.log", "console7.log", &[]),
        ] {
            let made = FileName::of(name);
            assert_eq!(made.stamped(7), stamped, "{}", name.escape_ascii());
            assert_eq!(made.changes, changes, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
        for long in ["x".repeat(300), "男".repeat(100)] {
            let name = FileName::of(format!("{long}.png").as_bytes());
            let stored = name.stamped(u64::MAX);
            assert!(stored.len() <= 255, "{}", stored.len());
            assert!(stored.ends_with("5.png"));
            assert_eq!(name.changes, [NameChange::TooLong]);
        }
        let dots = FileName::of(format!("a.{}", "x".repeat(300)).as_bytes());
        assert!(dots.stamped(u64::MAX).len() <= 255);
    }

    #[test]
    fn equal_names_do_not_collide_in_the_same_millisecond_either() {
        let (uploads, _folder) = uploads(1_000);
        let name = FileName::of(b"a.png");
        let mut room = uploads.reserve(30).unwrap();
        for text in ["one", "two", "three"] {
            uploads
                .keep_bytes(text.as_bytes(), &name, 5, &mut room)
                .unwrap();
        }
        assert_eq!(names(&uploads), ["a5.png", "a6.png", "a7.png"]);
        let read = |name: &str| fs::read_to_string(uploads.folder().join(name)).unwrap();
        assert_eq!((&*read("a5.png"), &*read("a7.png")), ("one", "three"));
    }

    #[test]
    fn in_a_frozen_run_the_same_again_replaces() {
        let folder = TempDir::new().unwrap();
        let uploads = Arc::new(Uploads::open(folder.path(), 1_000, true).unwrap());
        let mut room = uploads.reserve(30).unwrap();
        for text in ["one", "two"] {
            let name = FileName::of(b"a.png");
            uploads
                .keep_bytes(text.as_bytes(), &name, 5, &mut room)
                .unwrap();
        }
        assert_eq!(names(&uploads), ["a5.png"]);
    }

    #[test]
    fn what_is_dropped_before_it_has_a_name_is_gone() {
        let (uploads, _folder) = uploads(1_000);
        let mut file = uploads.begin().unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(&uploads).len(), 1);
        drop(file);
        assert!(names(&uploads).is_empty());
    }

    #[test]
    fn the_next_start_removes_what_a_killed_one_left_and_nothing_else() {
        let (uploads, _folder) = uploads(1_000);
        fs::write(uploads.folder().join(".part-abandoned"), "half").unwrap();
        fs::write(uploads.folder().join("kept.png"), "whole").unwrap();
        let under_way = uploads.begin().unwrap();
        let again = Uploads::open(uploads.folder(), 1_000, false).unwrap();
        let left = names(&again);
        assert_eq!(left.len(), 2);
        assert!(left.contains(&"kept.png".to_owned()));
        assert!(under_way.path().exists());
        assert_eq!(again.used.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn the_quota_counts_what_is_there_and_what_is_under_way() {
        let (uploads, _folder) = uploads(10);
        let mut first = uploads.reserve(6).unwrap();
        assert_eq!(uploads.reserve(6).unwrap_err(), 12);
        let name = FileName::of(b"a");
        uploads.keep_bytes(b"abc", &name, 1, &mut first).unwrap();
        drop(first);
        assert_eq!(uploads.used.load(Ordering::Relaxed), 3);
        drop(uploads.reserve(7).unwrap());
        assert_eq!(uploads.reserve(8).unwrap_err(), 11);
        assert_eq!(uploads.used.load(Ordering::Relaxed), 3);
    }
}
