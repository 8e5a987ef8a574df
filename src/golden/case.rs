//! Cases on disk: one folder a case, its files exact bytes, their presence what is asserted.
//!
//! The format is that of `fixtures/README.md`; `volatile.txt` and `carry.txt` are read here and mean
//! what `place` and `carry` say. A `volatile.txt` holds for its folder and all folders below it; a `time-limit.txt`
//! for its case alone.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::place::lines;
use super::{Carry, Place};
use crate::wire::{FaultKind, dissect_request};

/// One folder: a server, and what is said to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// Its path below the folder that was asked for, with `/` between the names.
    pub name: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// The flags of `blankline serve`, from `serve.args`.
    pub args: Vec<String>,
    /// Whether the client closes its sending side after its last byte.
    pub half_close: bool,
    /// Whether the server ends the connection with a reset, and not with a FIN.
    pub reset: bool,
    /// Whether it needs a server that nobody else has spoken to.
    pub alone: bool,
    /// How long each of its connections may last, from `time-limit.txt`: above 0 and at most a day. `None` leaves that
    /// to whoever plays it.
    pub time_limit: Option<Duration>,
    /// Parts of responses that may have any bytes.
    pub volatile: Vec<Place>,
    /// What goes from a response into the next requests.
    pub carry: Vec<Carry>,
    /// What is said, one connection after the other.
    pub exchanges: Vec<Exchange>,
}

/// One connection's bytes, both ways.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// Everything that the client sends.
    pub request: Vec<u8>,
    /// Everything that the server is to send until it closes; `None` while the file is missing.
    pub response: Option<Vec<u8>>,
    /// Where the response is kept.
    pub response_path: PathBuf,
}

/// A folder that could not be read as cases.
#[derive(Debug)]
#[non_exhaustive]
pub struct CaseError {
    /// The file or folder.
    pub path: PathBuf,
    /// The line, from 1 on, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub error: io::Error,
}

/// All cases below a folder, at any depth, in the order of their names. The folder may be a case itself.
///
/// # Errors
///
/// When something cannot be read, or a file has a line that means nothing, or there is no case at all.
pub fn cases(root: &Path) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    walk(root, root, &[], &mut cases)?;
    if cases.is_empty() {
        return Err(CaseError {
            path: root.to_owned(),
            line: None,
            error: io::Error::new(
                io::ErrorKind::NotFound,
                "there is no case in it: a folder with request.http",
            ),
        });
    }
    Ok(cases)
}

/// Whether a folder is a case.
#[must_use]
pub fn is_case(folder: &Path) -> bool {
    ["request.http", "1.request.http"]
        .iter()
        .any(|name| folder.join(name).is_file())
}

impl Exchange {
    /// Whether bytes follow the end of the last message that is answered. The server closes when it has
    /// answered, and a byte that comes after that makes the client's system drop the answer: such a
    /// request is sent in one write or not at all.
    #[must_use]
    pub fn sends_too_much(&self) -> bool {
        let head = dissect_request(&self.request);
        head.refusal().is_none()
            && !head.asks_keep_alive()
            && head
                .faults()
                .iter()
                .any(|fault| fault.kind == FaultKind::ExcessBytes)
    }
}

fn walk(
    root: &Path,
    folder: &Path,
    inherited: &[Place],
    cases: &mut Vec<Case>,
) -> Result<(), CaseError> {
    let mut volatile = inherited.to_vec();
    volatile.extend(read_lines(
        &folder.join("volatile.txt"),
        Place::parse_lines,
    )?);
    if is_case(folder) {
        cases.push(case(root, folder, volatile)?);
        return Ok(());
    }
    let at = |error| CaseError {
        path: folder.to_owned(),
        line: None,
        error,
    };
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    folders
        .iter()
        .try_for_each(|below| walk(root, below, &volatile, cases))
}

fn case(root: &Path, folder: &Path, volatile: Vec<Place>) -> Result<Case, CaseError> {
    let has = |name: &str| folder.join(name).exists();
    let below = folder.strip_prefix(root).unwrap_or(folder);
    let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    let name = if names.is_empty() {
        folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    } else {
        names.join("/")
    };
    let mut exchanges = Vec::new();
    if has("request.http") {
        exchanges.push(exchange(folder, "")?);
    } else {
        for number in 1.. {
            let stem = format!("{number}.");
            if !has(&format!("{stem}request.http")) {
                break;
            }
            exchanges.push(exchange(folder, &stem)?);
        }
    }
    let args = read(&folder.join("serve.args"))?.unwrap_or_default();
    Ok(Case {
        name,
        args: String::from_utf8_lossy(&args)
            .lines()
            .map(str::to_owned)
            .collect(),
        half_close: has("half-close"),
        reset: has("reset"),
        alone: has("alone"),
        time_limit: read_lines(&folder.join("time-limit.txt"), time_limit)?.pop(),
        volatile,
        carry: read_lines(&folder.join("carry.txt"), Carry::parse_lines)?,
        exchanges,
        folder: folder.to_owned(),
    })
}

fn exchange(folder: &Path, stem: &str) -> Result<Exchange, CaseError> {
    let response_path = folder.join(format!("{stem}response.http"));
    Ok(Exchange {
        request: read(&folder.join(format!("{stem}request.http")))?.unwrap_or_default(),
        response: read(&response_path)?,
        response_path,
    })
}

/// A file's bytes; `None` when it is not there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, CaseError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CaseError {
            path: path.to_owned(),
            line: None,
            error,
        }),
    }
}

fn read_lines<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<Vec<T>, (usize, String)>,
) -> Result<Vec<T>, CaseError> {
    let Some(bytes) = read(path)? else {
        return Ok(Vec::new());
    };
    parse(&String::from_utf8_lossy(&bytes)).map_err(|(line, sentence)| CaseError {
        path: path.to_owned(),
        line: Some(line),
        error: io::Error::new(io::ErrorKind::InvalidData, sentence),
    })
}

/// Seconds, in the only line that is no comment. A file without such a line limits nothing, and says so.
fn time_limit(text: &str) -> Result<Vec<Duration>, (usize, String)> {
    let mut limits = Vec::new();
    for (number, line) in lines(text) {
        let seconds = line.parse::<f64>().ok();
        match seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS) {
            Some(seconds) if limits.is_empty() => limits.push(Duration::from_secs_f64(seconds)),
            Some(_) => {
                let sentence = "one time is enough: the line above has one already";
                return Err((number, sentence.to_owned()));
            }
            None => {
                let line = line.escape_debug();
                let sentence = format!(
                    "`{line}` is no time limit: seconds above 0 and up to 86400, such as 60 or 0.5"
                );
                return Err((number, sentence));
            }
        }
    }
    if limits.is_empty() {
        let sentence = "there is no time limit in it: seconds, such as 60 or 0.5";
        return Err((1, sentence.to_owned()));
    }
    Ok(limits)
}

/// A day, as with every flag that is a time.
const MOST_SECONDS: f64 = 86_400.0;

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.error)
    }
}

impl std::error::Error for CaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_cases_and_masks_hold_below() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("volatile.txt", "Date\n");
        put("b/one/request.http", "GET / HTTP/1.0\r\n\r\n");
        put("b/one/volatile.txt", "Server\n");
        put("b/one/half-close", "");
        put("b/one/reset", "");
        put("a/request.http", "");
        put("c/1.request.http", "x");
        put("c/2.request.http", "y");
        put("c/2.response.http", "z");
        put("c/serve.args", "--lang=zh\n");
        let cases = cases(root.path()).unwrap();
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a", "b/one", "c"]);
        assert_eq!(cases[1].volatile.len(), 2);
        assert!(cases[1].half_close && !cases[0].half_close);
        assert!(cases[1].reset && !cases[0].reset);
        assert_eq!(cases[2].args, ["--lang=zh"]);
        assert_eq!(cases[2].exchanges[0].response, None);
        assert_eq!(cases[2].exchanges[1].response.as_deref(), Some(&b"z"[..]));
        put("b/one/volatile.txt", "Date\n/.*/ x\n");
        let error = super::cases(root.path()).unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(super::cases(&root.path().join("none")).is_err());
    }

    #[test]
    fn a_case_has_its_own_time_limit_and_a_bad_one_is_an_error_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("time-limit.txt");
        fs::write(root.path().join("request.http"), "GET / HTTP/1.0\r\n\r\n").unwrap();
        let limit = || cases(root.path()).map(|cases| cases[0].time_limit);
        assert_eq!(limit().unwrap(), None);
        for (text, seconds) in [("0.5\n", 0.5), ("# slow on purpose\n\n  60\n", 60.0)] {
            fs::write(&file, text).unwrap();
            assert_eq!(limit().unwrap(), Some(Duration::from_secs_f64(seconds)));
        }
        for (text, line) in [
            ("", 1),
            ("# soon\n", 1),
            ("# soon\nsoon\n", 2),
            ("0\n", 1),
            ("1e9", 1),
            ("NaN", 1),
            ("1\n2\n", 2),
        ] {
            fs::write(&file, text).unwrap();
            let error = limit().unwrap_err();
            assert_eq!(error.line, Some(line), "{text:?}");
            let sentence = error.to_string();
            assert!(
                sentence.contains(&format!("time-limit.txt, line {line}: ")),
                "{sentence}"
            );
        }
    }
}
