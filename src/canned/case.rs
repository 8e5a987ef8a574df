//! A canned answer as a folder: which request it is for, its bytes, and their pacing.
//!
//! `NAME/response.http` is the answer, byte for byte. `NAME/request.http`, if it is there, says in its first line for
//! which method and target; a `*` stands for any, and without the file it is for every request. `NAME/canned.args` is
//! the pacing. Other files mean nothing here, so a folder of `fixtures/` can be used as it is.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Pacing, PacingError};
use crate::wire::RequestHead;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is called: its folder's name.
    pub name: String,
    /// For which requests.
    pub pattern: Pattern,
    /// The bytes.
    pub response: Vec<u8>,
    /// When they leave.
    pub pacing: Pacing,
}

/// Which requests a case is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// This method, in this case (RFC 1945 5.1.1); `None` for any.
    pub method: Option<Vec<u8>>,
    /// This target, byte for byte; `None` for any.
    pub target: Option<Vec<u8>>,
}

/// Why a folder gives no cases.
#[derive(Debug)]
#[non_exhaustive]
pub enum CaseError {
    /// A file or folder cannot be read.
    Io(PathBuf, io::Error),
    /// There is no `response.http` in the folder, nor in any folder in it.
    Empty(PathBuf),
    /// A `canned.args` has a line that says nothing.
    Pacing(PathBuf, PacingError),
    /// The first line of a `request.http` has no method and target.
    Pattern(PathBuf),
}

impl Case {
    /// The answer to every request, at once.
    #[must_use]
    pub fn new(name: impl Into<String>, response: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            pattern: Pattern::default(),
            response,
            pacing: Pacing::default(),
        }
    }

    /// The case in this folder.
    ///
    /// # Errors
    ///
    /// When there is no `response.http`, or a file beside it says nothing.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let at = |file: &str| folder.join(file);
        let io = |file: &'static str| move |error| CaseError::Io(folder.join(file), error);
        let response = fs::read(at(RESPONSE)).map_err(io(RESPONSE))?;
        let pattern = match present(fs::read(at(REQUEST))).map_err(io(REQUEST))? {
            None => Pattern::default(),
            Some(bytes) => Pattern::parse(&bytes).ok_or_else(|| CaseError::Pattern(at(REQUEST)))?,
        };
        let pacing = match present(fs::read_to_string(at(PACING))).map_err(io(PACING))? {
            None => Pacing::default(),
            Some(text) => {
                Pacing::parse(&text).map_err(|error| CaseError::Pacing(at(PACING), error))?
            }
        };
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            pattern,
            response,
            pacing,
        })
    }
}

/// The cases of a folder, by name: one for each folder in it that has a `response.http`, or the folder itself.
///
/// # Errors
///
/// When there is none, and as [`Case::read`].
pub fn read_cases(folder: &Path) -> Result<Vec<Case>, CaseError> {
    if folder.join(RESPONSE).is_file() {
        return Ok(vec![Case::read(folder)?]);
    }
    let io = |error| CaseError::Io(folder.to_owned(), error);
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.join(RESPONSE).is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    if folders.is_empty() {
        return Err(CaseError::Empty(folder.to_owned()));
    }
    folders.iter().map(|folder| Case::read(folder)).collect()
}

impl Pattern {
    /// The pattern that the first line of a request is.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let line = bytes.split(|octet| *octet == b'\n').next()?;
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let word = |word: &[u8]| (word != b"*").then(|| word.to_vec());
        Some(Self {
            method: word(words.next()?),
            target: word(words.next()?),
        })
    }

    /// Whether the request is one of those.
    #[must_use]
    pub fn matches(&self, request: &RequestHead) -> bool {
        let is = |wanted: &Option<Vec<u8>>, seen: &[u8]| {
            wanted.as_ref().is_none_or(|wanted| wanted == seen)
        };
        is(&self.method, request.method()) && is(&self.target, request.target())
    }
}

const REQUEST: &str = "request.http";
const RESPONSE: &str = "response.http";
const PACING: &str = "canned.args";

/// What was read, if the file is there.
fn present<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Empty(path) => write!(
                f,
                "{} has no case: put an answer's bytes into {}/NAME/response.http",
                path.display(),
                path.display()
            ),
            Self::Pacing(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Pattern(path) => write!(
                f,
                "{}: its first line should be a method and a target, such as `GET /a` or `* *`",
                path.display()
            ),
        }
    }
}

impl std::error::Error for CaseError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canned::End;

    #[test]
    fn a_pattern_is_a_method_and_a_target() {
        let request = RequestHead::dissect(b"GET /a HTTP/1.0\r\n\r\n".to_vec());
        for (line, matches) in [
            ("GET /a HTTP/1.0\r\n\r\n", true),
            ("GET /a", true),
            ("* /a", true),
            ("GET *", true),
            ("* *\n", true),
            ("get /a", false),
            ("GET /", false),
            ("POST *", false),
        ] {
            let pattern = Pattern::parse(line.as_bytes()).unwrap();
            assert_eq!(pattern.matches(&request), matches, "{line}");
        }
        assert_eq!(Pattern::parse(b"GET\r\n\r\n"), None);
        assert_eq!(Pattern::parse(b""), None);
    }

    #[test]
    fn folders_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(matches!(read_cases(path), Err(CaseError::Empty(_))));
        let write = |file: &str, text: &str| {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("b/response.http", "B");
        write("b/README.md", "means nothing");
        write("a/response.http", "A");
        write("a/request.http", "GET /a HTTP/1.0\r\n\r\n");
        write("a/canned.args", "--end=rst\n");
        write("nothing/README.md", "");
        let cases = read_cases(path).unwrap();
        let names: Vec<_> = cases.iter().map(|case| &*case.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(cases[0].pacing.end, End::Rst);
        assert_eq!(cases[1], Case::new("b", b"B".to_vec()));
        assert_eq!(read_cases(&path.join("b")).unwrap()[0], cases[1]);
        write("b/canned.args", "--end=soon");
        let error = read_cases(path).unwrap_err().to_string();
        assert!(
            error.contains("b/canned.args: line 1, `--end=soon`"),
            "{error}"
        );
        write("b/canned.args", "");
        write("b/request.http", "\r\n");
        let error = read_cases(path).unwrap_err();
        assert!(matches!(error, CaseError::Pattern(_)), "{error}");
    }
}
