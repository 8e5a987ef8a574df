//! Files for the site: several folders, the first hit wins, then the files in the binary.
//!
//! * A path may not leave its folder: not by `..`, not by a link, not by a hidden name. Opening goes
//!   through `openat2` with RESOLVE_BENEATH, so the system itself refuses what leaves, link or not. A
//!   link that stays inside is followed; on a system without `openat2` none is.
//! * A file's time and length are asked for at each request, so an edit shows at once. What is kept
//!   is the open file: as long as the path still names the same device and inode, it was opened
//!   safely before, and one `stat` is all that a 304 costs. An inode cannot be given to another file
//!   while we hold it open. A deleted file that is kept goes when it is asked for again, or when
//!   others push it out.
//!
//! Not here: listings of folders, and what HTTP makes of a file (`views/files.rs`).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat, openat2, statat,
};
use rustix::io::Errno;

use crate::wire::{FaultKind, FieldValue, HttpDate};

/// Where files are looked for.
#[derive(Debug)]
pub struct Files {
    folders: Vec<Folder>,
    /// What comes after the folders.
    embedded: &'static [(&'static str, &'static [u8])],
    /// The most recently used last.
    opened: Mutex<Vec<Opened>>,
}

/// A file that was found.
#[derive(Debug)]
pub struct Found {
    /// When it last changed.
    pub last_modified: HttpDate,
    /// Its length in bytes.
    pub length: u64,
    /// Its bytes.
    pub content: Content,
}

/// Where a found file's bytes are.
#[derive(Debug)]
pub enum Content {
    /// In the binary.
    Embedded(&'static [u8]),
    /// In an open file.
    File(Arc<File>),
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    descriptor: OwnedFd,
}

#[derive(Debug)]
struct Opened {
    folder: usize,
    path: Vec<u8>,
    identity: (u64, u64),
    file: Arc<File>,
}

impl Files {
    /// Looks in these folders, in this order, before the embedded files.
    ///
    /// # Errors
    ///
    /// The first folder that cannot be opened, and why.
    pub fn new(folders: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        Self::with(folders, EMBEDDED)
    }

    /// Looks in this folder and nowhere else.
    ///
    /// # Errors
    ///
    /// The folder, if it cannot be opened, and why.
    pub fn only(folder: PathBuf) -> Result<Self, (PathBuf, io::Error)> {
        Self::with(&[folder], &[])
    }

    fn with(
        folders: &[PathBuf],
        embedded: &'static [(&'static str, &'static [u8])],
    ) -> Result<Self, (PathBuf, io::Error)> {
        let open_folder = |path: &PathBuf| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            match open(path, flags, Mode::empty()) {
                Ok(descriptor) => Ok(Folder {
                    path: path.clone(),
                    descriptor,
                }),
                Err(error) => Err((path.clone(), error.into())),
            }
        };
        Ok(Self {
            folders: folders.iter().map(open_folder).collect::<Result<_, _>>()?,
            embedded,
            opened: Mutex::default(),
        })
    }

    /// The folders, in the order in which they are looked through.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|folder| folder.path.as_path())
    }

    /// Finds the file at a percent-decoded path, which has no slash in front.
    ///
    /// # Errors
    ///
    /// `OutsideRoot` for a path that tries to leave or names something hidden, `NotFound` for one that
    /// names no file, `ServerError` when the system has no descriptor for it.
    pub fn find(&self, path: &[u8]) -> Result<Found, FaultKind> {
        check(path)?;
        for (index, folder) in self.folders.iter().enumerate() {
            if let Some(found) = self.find_opened(index, folder, path) {
                return Ok(found);
            }
            if let Some(found) = self.open(index, folder, path)? {
                return Ok(found);
            }
        }
        self.embedded(path).ok_or(FaultKind::NotFound)
    }

    fn embedded(&self, path: &[u8]) -> Option<Found> {
        let mut embedded = self.embedded.iter();
        let (_, bytes) = embedded.find(|(known, _)| known.as_bytes() == path)?;
        Some(Found {
            last_modified: EMBEDDED_MODIFIED,
            length: bytes.len() as u64,
            content: Content::Embedded(bytes),
        })
    }

    /// The file that we hold open for this path, if the path still names it.
    fn find_opened(&self, index: usize, folder: &Folder, path: &[u8]) -> Option<Found> {
        let mut opened = self.kept();
        let is_it = |known: &Opened| known.folder == index && known.path == path;
        let at = opened.iter().rposition(is_it)?;
        let stat = statat(&folder.descriptor, path, AtFlags::empty());
        match stat {
            Ok(stat)
                if opened
                    .get(at)
                    .is_some_and(|known| known.identity == identity(&stat)) =>
            {
                let found = opened.get(at).map(|known| found(&stat, &known.file));
                if at + 1 < opened.len() {
                    let known = opened.remove(at);
                    opened.push(known);
                }
                found
            }
            _ => {
                opened.remove(at);
                None
            }
        }
    }

    fn open(&self, index: usize, folder: &Folder, path: &[u8]) -> Result<Option<Found>, FaultKind> {
        let mut result = open_beneath(&folder.descriptor, path);
        if matches!(result, Err(Errno::MFILE | Errno::NFILE)) {
            // Our own kept files are the first to go.
            self.kept().clear();
            result = open_beneath(&folder.descriptor, path);
        }
        let descriptor = match result {
            Ok(descriptor) => descriptor,
            Err(Errno::XDEV) => return Err(FaultKind::OutsideRoot),
            Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => return Err(FaultKind::ServerError),
            Err(_) => return Ok(None),
        };
        let Ok(stat) = fstat(&descriptor) else {
            return Ok(None);
        };
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        let file = Arc::new(File::from(descriptor));
        let found = found(&stat, &file);
        let mut opened = self.kept();
        if opened.len() >= KEPT_OPEN {
            opened.remove(0);
        }
        opened.push(Opened {
            folder: index,
            path: path.to_vec(),
            identity: identity(&stat),
            file,
        });
        Ok(Some(found))
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The content type by the path's extension; text is taken to be UTF-8.
#[must_use]
pub fn content_type(path: &[u8]) -> FieldValue {
    let name = path
        .rsplit(|&octet| octet == b'/')
        .next()
        .unwrap_or_default();
    let extension = name.iter().rposition(|&octet| octet == b'.');
    let extension = extension
        .and_then(|dot| name.get(dot + 1..))
        .unwrap_or_default();
    let known = TYPES
        .iter()
        .find(|(known, _)| extension.eq_ignore_ascii_case(known.as_bytes()));
    known.map_or(OCTETS, |(_, content_type)| content_type.clone())
}

/// Files that may be held open at once: enough for a page and its parts, far from any limit.
const KEPT_OPEN: usize = 16;

/// When the embedded files last changed, as far as anybody is told: Mon, 23 Oct 2017 08:00:00 GMT, a
/// week before the notes' own date, so that golden bytes do not depend on a build. It is moved on by
/// hand when a released file changes, or browsers would keep the old one.
pub const EMBEDDED_MODIFIED: HttpDate = HttpDate::from_seconds(1_508_745_600);

/// The files in the binary.
const EMBEDDED: &[(&str, &[u8])] = &[
    ("blankline.png", include_bytes!("site/blankline.png")),
    ("hello.txt", include_bytes!("site/hello.txt")),
    ("index.html", include_bytes!("site/index.html")),
    ("site.css", include_bytes!("site/site.css")),
];

/// What a file is of which nothing is known (RFC 1945 7.2.1).
const OCTETS: FieldValue = FieldValue::constant("application/octet-stream");

const TYPES: &[(&str, FieldValue)] = &[
    ("html", FieldValue::constant("text/html; charset=utf-8")),
    ("htm", FieldValue::constant("text/html; charset=utf-8")),
    ("css", FieldValue::constant("text/css; charset=utf-8")),
    ("js", FieldValue::constant("text/javascript; charset=utf-8")),
    ("txt", FieldValue::constant("text/plain; charset=utf-8")),
    ("md", FieldValue::constant("text/markdown; charset=utf-8")),
    ("http", FieldValue::constant("message/http")),
    ("json", FieldValue::constant("application/json")),
    ("svg", FieldValue::constant("image/svg+xml")),
    ("png", FieldValue::constant("image/png")),
    ("jpg", FieldValue::constant("image/jpeg")),
    ("jpeg", FieldValue::constant("image/jpeg")),
    ("gif", FieldValue::constant("image/gif")),
    ("webp", FieldValue::constant("image/webp")),
    ("ico", FieldValue::constant("image/vnd.microsoft.icon")),
    ("pdf", FieldValue::constant("application/pdf")),
    ("wasm", FieldValue::constant("application/wasm")),
    ("woff2", FieldValue::constant("font/woff2")),
];

/// Refuses what could leave a folder before the system is asked at all.
fn check(path: &[u8]) -> Result<(), FaultKind> {
    if path.iter().any(|octet| matches!(octet, 0 | b'\\')) {
        return Err(FaultKind::OutsideRoot);
    }
    for segment in path.split(|&octet| octet == b'/') {
        match segment {
            [] => return Err(FaultKind::NotFound),
            [b'.', ..] => return Err(FaultKind::OutsideRoot),
            _ => {}
        }
    }
    Ok(())
}

/// Opens a path, which [`check`] has passed, for reading, if it stays beneath the folder.
///
/// `XDEV` is the answer to one that does not.
fn open_beneath(folder: &OwnedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut result = Err(Errno::AGAIN);
    // AGAIN: something was renamed meanwhile, and the system will not vouch for a `..` in a link.
    for _ in 0..RENAMED_MEANWHILE {
        if !matches!(result, Err(Errno::AGAIN)) {
            break;
        }
        result = openat2(folder, path, OPEN, Mode::empty(), resolve);
    }
    match result {
        // An old system has no such call, and some containers forbid it.
        Err(Errno::NOSYS | Errno::PERM) => open_without_links(folder, path),
        result => result,
    }
}

/// The same without `openat2`: one segment at a time, following no link at all.
fn open_without_links(folder: &OwnedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    let through = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut segments = path.split(|&octet| octet == b'/').peekable();
    let mut reached: Option<OwnedFd> = None;
    while let Some(segment) = segments.next() {
        let flags = match segments.peek() {
            Some(_) => through,
            None => OPEN | OFlags::NOFOLLOW,
        };
        let from = reached.as_ref().unwrap_or(folder).as_fd();
        reached = Some(openat(from, segment, flags, Mode::empty())?);
    }
    reached.ok_or(Errno::NOENT)
}

/// For reading. NONBLOCK: opening a pipe must not wait for somebody at its other end.
const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

/// How often to try again when the folders change under us; each try is a race lost by microseconds.
const RENAMED_MEANWHILE: usize = 8;

fn found(stat: &Stat, file: &Arc<File>) -> Found {
    Found {
        last_modified: HttpDate::from_seconds(u64::try_from(stat.st_mtime).unwrap_or(0)),
        length: u64::try_from(stat.st_size).unwrap_or(0),
        content: Content::File(Arc::clone(file)),
    }
}

const fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    /// A folder with these files in it.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn files(folders: &[&TempDir]) -> Files {
        let paths: Vec<_> = folders
            .iter()
            .map(|folder| folder.path().to_owned())
            .collect();
        Files::new(&paths).unwrap()
    }

    /// What is found at a path: its text, or the fault's slug.
    fn text(files: &Files, path: &str) -> String {
        match files.find(path.as_bytes()) {
            Err(kind) => kind.slug().to_owned(),
            Ok(found) => match found.content {
                Content::Embedded(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Content::File(file) => {
                    let mut bytes = vec![0; usize::try_from(found.length).unwrap()];
                    file.read_exact_at(&mut bytes, 0).unwrap();
                    String::from_utf8(bytes).unwrap()
                }
            },
        }
    }

    #[test]
    fn the_first_folder_wins_and_the_binary_comes_last() {
        let first = folder(&[("a.txt", "first a")]);
        let second = folder(&[("a.txt", "second a"), ("b/c.txt", "second c")]);
        let files = files(&[&first, &second]);
        assert_eq!(text(&files, "a.txt"), "first a");
        assert_eq!(text(&files, "b/c.txt"), "second c");
        assert_eq!(text(&files, "hello.txt"), "hello, wire\n");
        assert_eq!(text(&files, "d.txt"), "not-found");
        // A file that appears further in front is seen, even when the one behind it is held open.
        fs::create_dir(first.path().join("b")).unwrap();
        fs::write(first.path().join("b/c.txt"), "first c").unwrap();
        assert_eq!(text(&files, "b/c.txt"), "first c");
        fs::write(second.path().join("hello.txt"), "mine").unwrap();
        assert_eq!(text(&files, "hello.txt"), "mine");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = folder(&[("file", "")]);
        for name in ["nowhere", "file"] {
            let path = folder.path().join(name);
            let (named, _) = Files::new(std::slice::from_ref(&path)).unwrap_err();
            assert_eq!(named, path);
        }
    }

    #[test]
    fn edits_show_at_once() {
        let folder = folder(&[("a", "one")]);
        let (path, files) = (folder.path().join("a"), files(&[&folder]));
        assert_eq!(text(&files, "a"), "one");
        fs::write(&path, "longer than that").unwrap();
        assert_eq!(text(&files, "a"), "longer than that");
        fs::write(&path, "x").unwrap();
        assert_eq!(text(&files, "a"), "x");
        fs::write(&path, "").unwrap();
        assert_eq!(text(&files, "a"), "");
        fs::remove_file(&path).unwrap();
        assert_eq!(text(&files, "a"), "not-found");
        fs::write(&path, "back").unwrap();
        assert_eq!(text(&files, "a"), "back");
        // As editors save: a new file is renamed over the old one.
        fs::write(folder.path().join("a.new"), "renamed").unwrap();
        fs::rename(folder.path().join("a.new"), &path).unwrap();
        assert_eq!(text(&files, "a"), "renamed");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(text(&files, "a"), "not-found");
    }

    #[test]
    fn a_files_time_is_its_own() {
        let folder = folder(&[("a", "one")]);
        let (path, files) = (folder.path().join("a"), files(&[&folder]));
        let opened = File::options().write(true).open(path).unwrap();
        for seconds in [1_508_745_600, 1, 4_000_000_000] {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            opened.set_modified(time).unwrap();
            let found = files.find(b"a").unwrap();
            assert_eq!(found.last_modified.seconds(), seconds);
        }
        assert_eq!(
            files.find(b"site.css").unwrap().last_modified,
            EMBEDDED_MODIFIED
        );
    }

    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        let outside = folder(&[("secret", "secret")]);
        let root = folder(&[("a.txt", "a"), ("b/c.txt", "c"), (".git/config", "hidden")]);
        let link = |to: &Path, name: &str| symlink(to, root.path().join(name)).unwrap();
        link(Path::new("a.txt"), "inside");
        link(Path::new("../a.txt"), "b/up");
        link(Path::new("b"), "folder");
        link(&outside.path().join("secret"), "absolute");
        link(&root.path().join("a.txt"), "absolute-inside");
        let escape = Path::new("..")
            .join(outside.path().file_name().unwrap())
            .join("secret");
        link(&escape, "relative");
        link(outside.path(), "linked");
        link(Path::new("linked"), "twice");
        link(Path::new("circle"), "circle");
        link(Path::new("nowhere"), "dangling");
        let files = files(&[&root]);
        for (path, wanted) in [
            ("inside", "a"),
            ("b/up", "a"),
            ("folder/c.txt", "c"),
            ("absolute", "outside-root"),
            ("absolute-inside", "outside-root"),
            ("relative", "outside-root"),
            ("linked/secret", "outside-root"),
            ("twice/secret", "outside-root"),
            ("circle", "not-found"),
            ("dangling", "not-found"),
        ] {
            for _ in 0..2 {
                assert_eq!(text(&files, path), wanted, "{path}");
            }
        }
        // A path that we hold open is turned into a link that leaves.
        assert_eq!(text(&files, "a.txt"), "a");
        fs::remove_file(root.path().join("a.txt")).unwrap();
        link(&outside.path().join("secret"), "a.txt");
        assert_eq!(text(&files, "a.txt"), "outside-root");
        assert_eq!(text(&files, "inside"), "outside-root");
    }

    #[test]
    fn without_openat2_no_link_is_followed() {
        let root = folder(&[("a/b/c.txt", "c")]);
        symlink("a", root.path().join("linked")).unwrap();
        symlink("a/b/c.txt", root.path().join("link")).unwrap();
        let descriptor = &files(&[&root]).folders[0].descriptor;
        let opened = File::from(open_without_links(descriptor, b"a/b/c.txt").unwrap());
        assert_eq!(opened.metadata().unwrap().len(), 1);
        assert_eq!(
            open_without_links(descriptor, b"link").unwrap_err(),
            Errno::LOOP
        );
        for path in [&b"linked/b/c.txt"[..], b"a/b/c.txt/d"] {
            assert_eq!(
                open_without_links(descriptor, path).unwrap_err(),
                Errno::NOTDIR
            );
        }
    }

    #[test]
    fn paths_that_leave_or_hide_are_refused() {
        let root = folder(&[("a.txt", "a"), (".env", "secret"), ("b/.env", "secret")]);
        let files = files(&[&root]);
        for path in [
            "..",
            ".",
            "../a.txt",
            "b/../a.txt",
            "b/..",
            ".env",
            "b/.env",
            "...",
            "a.txt\0",
            "a\\b",
            "..\\a.txt",
            "\0",
        ] {
            assert_eq!(text(&files, path), "outside-root", "{path:?}");
        }
        for path in [
            "", "/", "/a.txt", "//a.txt", "a.txt/", "b//c", "b", "b/", "a.txt/x", "%2e%2e",
        ] {
            assert_eq!(text(&files, path), "not-found", "{path:?}");
        }
        assert_eq!(text(&files, &"x".repeat(300)), "not-found");
        assert_eq!(text(&files, &"x/".repeat(3000)), "not-found");
    }

    #[test]
    fn only_files_are_files() {
        let root = folder(&[("b/c", "")]);
        // Opening it for reading would wait for a writer that never comes.
        let fifo = rustix::fs::CWD;
        rustix::fs::mkfifoat(fifo, root.path().join("fifo"), Mode::RUSR | Mode::WUSR).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        let files = files(&[&root]);
        for path in ["fifo", "socket", "b"] {
            assert_eq!(text(&files, path), "not-found", "{path}");
        }
    }

    #[test]
    fn more_files_than_are_kept_open_are_all_served() {
        let names: Vec<_> = (0..3 * KEPT_OPEN).map(|n| format!("{n}.txt")).collect();
        let all: Vec<_> = names.iter().map(|name| (&**name, &**name)).collect();
        let root = folder(&all);
        let files = files(&[&root]);
        for _ in 0..2 {
            for name in &names {
                assert_eq!(text(&files, name), *name);
                assert_eq!(text(&files, "0.txt"), "0.txt");
            }
        }
        assert_eq!(files.kept().len(), KEPT_OPEN);
        // The file asked for all the time stayed: it is the last, and is there once.
        let is_first = |opened: &&Opened| opened.path == b"0.txt";
        assert_eq!(files.kept().iter().filter(is_first).count(), 1);
        assert!(files.kept().last().is_some_and(|last| is_first(&last)));
    }

    #[test]
    fn extensions_tell_the_type() {
        for (path, wanted) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a/b.PNG", "image/png"),
            ("a.tar.css", "text/css; charset=utf-8"),
            ("a", "application/octet-stream"),
            ("a.b/c", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(
                content_type(path.as_bytes()).octets(),
                wanted.as_bytes(),
                "{path}"
            );
        }
    }

    #[test]
    fn the_embedded_site_is_whole() {
        let files = files(&[]);
        assert_eq!(text(&files, "hello.txt").len(), 12);
        let page = text(&files, "index.html");
        for part in ["site.css", "blankline.png"] {
            assert!(page.contains(&format!("/static/{part}")));
            assert_ne!(text(&files, part), "not-found");
        }
        assert!(
            !page.contains("://"),
            "the page asks another host for something"
        );
        assert!(!text(&files, "site.css").contains("url("));
    }
}
