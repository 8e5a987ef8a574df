//! L2: lessons: the notes as exercises, judged by the bytes that a learner really sent.
//!
//! Read `step` (what a lesson asks), `check` (the closed list of what can be seen), `seen` (an exchange in those
//! terms), `judge` (which steps it does, or how near it came), `classroom` (who is where), `watcher` (the tap).
//! `notebook` and `course` read the notes, and `prose` takes the Markdown off; `progress` is the file that outlives the
//! program; `report` puts verdicts into words; `spreadsheet` makes cells that are no formulas.
//!
//! A verdict is never part of the response under study.

mod check;
mod classroom;
mod course;
mod judge;
mod notebook;
pub mod progress;
pub mod prose;
pub mod report;
mod seen;
pub mod spreadsheet;
mod step;
mod watcher;

pub use check::{Check, Finding};
pub use classroom::{Classroom, Done, Judged, Learner, Room, Told};
pub use course::{Course, CourseError};
pub use judge::{Passed, Past, Verdict, judge};
pub use notebook::{Fence, Lesson, Texts, fences, file_name};
pub use seen::{BELOW, Kind, Place, Seen, Side, mount};
pub use step::{Complaint, Near, Step, is_command};
pub use watcher::Watcher;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::golden::{End, converse};

/// Asks a learner's own server, and waits until it closes, for so long at most: what came, and whether it closed.
///
/// # Errors
///
/// When there is no connection.
pub fn ask_back(
    address: SocketAddr,
    request: &[u8],
    patience: Duration,
) -> io::Result<(Vec<u8>, bool)> {
    let (answer, end) = converse(address, &[request], false, patience)?;
    Ok((answer, end == End::Closed))
}
