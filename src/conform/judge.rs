//! Verdicts: a row's checks over its answer, and a whole survey of a server, probe after probe.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;

use super::check::{Check, Reference};
use super::probe::{Answer, Ending, Resources, Settings, without_pauses};
use super::{ROWS, Row};
use crate::wire::HttpDate;

/// What one document says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It allows it.
    Pass,
    /// It does not: this check is the first that fails.
    Fail(Check),
    /// The answer says nothing about the row.
    Moot,
}

/// A probe, what came, and both verdicts.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The probe.
    pub row: &'static Row,
    /// What was sent; empty when the probe needs a date that `{file}` does not have.
    pub sent: Vec<u8>,
    /// What came.
    pub answer: Answer,
    /// By RFC 1945.
    pub strict: Verdict,
    /// By RFC 9110 and RFC 9112.
    pub modern: Verdict,
}

/// A server being asked: an iterator over its verdicts, in the order of the rows.
#[derive(Debug)]
pub struct Survey {
    settings: Settings,
    resources: Resources,
    reference: Reference,
    rows: Vec<&'static Row>,
}

impl Verdict {
    /// `pass`, `fail` or `moot`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Moot => "moot",
        }
    }
}

impl Survey {
    /// Makes ready to ask the rows with these names (`BOD-03`) or labels (`BOD-03.negative`), all of them without any: one
    /// GET of `{file}` tells its Last-Modified.
    ///
    /// # Errors
    ///
    /// When there is no connection to be had.
    pub fn start(
        settings: Settings,
        mut resources: Resources,
        only: &[String],
    ) -> io::Result<Self> {
        let is_wanted = |row: &&Row| {
            let names = [row.id.to_owned(), row.label()];
            only.is_empty() || only.iter().any(|wanted| names.contains(wanted))
        };
        let file = resources.fill(GET_FILE.send).unwrap_or_default();
        let file = settings.ask(&GET_FILE, &file)?;
        let modified = file
            .head()
            .field(b"Last-Modified")
            .map(std::borrow::Cow::into_owned);
        let is_there = file.status() == Some(200);
        resources.modified = modified
            .filter(|_| is_there)
            .and_then(|value| HttpDate::parse(&value));
        Ok(Self {
            settings,
            resources,
            reference: Reference { file: file.bytes },
            rows: ROWS.iter().filter(is_wanted).rev().collect(),
        })
    }

    /// How many probes are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn judge(&self, row: &'static Row) -> io::Result<Judged> {
        let Some(bytes) = self.resources.fill(row.send) else {
            return Ok(Judged {
                row,
                sent: Vec::new(),
                answer: Answer {
                    bytes: Vec::new(),
                    ending: Ending::Open,
                },
                strict: Verdict::Moot,
                modern: Verdict::Moot,
            });
        };
        // Nobody wakes this thread: it is the pause between two probes.
        thread::park_timeout(self.settings.pause);
        let answer = self.settings.ask(row, &bytes)?;
        let verdict = |checks: &[Check]| match checks {
            _ if !row.asked.answers(answer.status()) => Verdict::Moot,
            checks => {
                let fails = |check: &&Check| !check.holds(&answer, &self.reference);
                let failed = checks.iter().find(fails);
                failed.map_or(Verdict::Pass, |check| Verdict::Fail(*check))
            }
        };
        Ok(Judged {
            row,
            sent: without_pauses(&bytes),
            strict: verdict(row.strict),
            modern: verdict(row.modern),
            answer,
        })
    }
}

impl Iterator for Survey {
    type Item = io::Result<Judged>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.pop().map(|row| self.judge(row))
    }
}

impl Judged {
    /// Whether one of the two documents allows the answer, or it says nothing.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        !matches!(
            (self.strict, self.modern),
            (Verdict::Fail(_), Verdict::Fail(_))
        )
    }

    /// Keeps what was sent and what came in a case folder below `folder`, named by the row's label.
    ///
    /// # Errors
    ///
    /// When the folder or a file cannot be written.
    pub fn keep(&self, folder: &Path) -> io::Result<()> {
        let case = folder.join(self.row.label());
        fs::create_dir_all(&case)?;
        fs::write(case.join("request.http"), &self.sent)?;
        fs::write(case.join("response.http"), &self.answer.bytes)?;
        if self.row.half_close {
            fs::write(case.join("half-close"), "")?;
        }
        Ok(())
    }
}

/// What the survey itself asks first.
const GET_FILE: Row = Row::new(
    ("", ""),
    b"GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n",
    &[],
    &[],
    ("", ""),
);
