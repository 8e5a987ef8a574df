//! Files for the site: several folders, the first hit wins, then the files in the binary.
//!
//! * A path may not leave its folder: not by `..`, not by a link, not by a hidden name. Opening goes
//!   through `openat2` with RESOLVE_BENEATH, so the system itself refuses what leaves, link or not.
//! * A file's time and length are asked for at each request, so an edit shows at once. What is kept
//!   is the open file: as long as the path still names the same device and inode, it was opened
//!   safely before, and one `stat` is all that a 304 costs. An inode cannot be given to another file
//!   while we hold it open.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2, statat,
};
use rustix::io::Errno;

use crate::wire::{FaultKind, HttpDate};

/// Where files are looked for.
#[derive(Debug)]
pub struct Files {
    folders: Vec<Folder>,
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
        embedded(path).ok_or(FaultKind::NotFound)
    }

    /// The file that we hold open for this path, if the path still names it.
    fn find_opened(&self, index: usize, folder: &Folder, path: &[u8]) -> Option<Found> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
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
        // NONBLOCK: opening a pipe must not wait for somebody at its other end.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut result = openat2(&folder.descriptor, path, flags, Mode::empty(), resolve);
        if matches!(result, Err(Errno::MFILE | Errno::NFILE)) {
            // Our own kept files are the first to go.
            self.opened
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
            result = openat2(&folder.descriptor, path, flags, Mode::empty(), resolve);
        }
        let descriptor = match result {
            Ok(descriptor) => descriptor,
            Err(Errno::XDEV | Errno::LOOP) => return Err(FaultKind::OutsideRoot),
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
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
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
}

/// The content type by the path's extension; text is taken to be UTF-8.
#[must_use]
pub fn content_type(path: &[u8]) -> &'static str {
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
    known.map_or("application/octet-stream", |(_, content_type)| content_type)
}

/// Files that may be held open at once: enough for a page and its parts, far from any limit.
const KEPT_OPEN: usize = 16;

/// When the embedded files last changed, as far as anybody is told: Mon, 23 Oct 2017 08:00:00 GMT, a
/// week before the notes' own date, so that golden bytes do not depend on a build.
pub const EMBEDDED_MODIFIED: HttpDate = HttpDate::from_seconds(1_508_745_600);

/// The files in the binary.
const EMBEDDED: &[(&str, &[u8])] = &[
    ("blankline.png", include_bytes!("site/blankline.png")),
    ("hello.txt", include_bytes!("site/hello.txt")),
    ("index.html", include_bytes!("site/index.html")),
    ("site.css", include_bytes!("site/site.css")),
];

const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("http", "message/http"),
    ("json", "application/json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("ico", "image/vnd.microsoft.icon"),
    ("pdf", "application/pdf"),
    ("wasm", "application/wasm"),
    ("woff2", "font/woff2"),
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

fn embedded(path: &[u8]) -> Option<Found> {
    let (_, bytes) = EMBEDDED
        .iter()
        .find(|(known, _)| known.as_bytes() == path)?;
    Some(Found {
        last_modified: EMBEDDED_MODIFIED,
        length: bytes.len() as u64,
        content: Content::Embedded(bytes),
    })
}

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
