//! L2: asks any server what RFC 1945 asks of servers, and gives two verdicts: a strict one by RFC 1945, and a modern
//! one by RFC 9110 and RFC 9112.
//!
//! Read in this order: `row` (a probe is data: bytes to send, and lists of checks), `check` (the closed list of them),
//! `rows` (all probes) and `not_asked` (what no probe can decide), `probe` (one connection: send, read, stop), `judge` (verdicts), `report` (text and JSON).
//!
//! It is bounded in all it does: the probes are few and small, one connection at a time, with a pause between them and
//! a deadline for each. It never guesses: an answer from which nothing can be learned is `moot`, not good.

mod check;
mod judge;
mod not_asked;
mod probe;
mod report;
mod row;
mod rows;

pub use check::{Check, Reference};
pub use judge::{Judged, Survey, Verdict};
pub use not_asked::NOT_ASKED;
pub use probe::{Answer, Ending, Resources, Settings};
pub use report::{judged_text, status_line, summary, survey_json};
pub use row::{Asked, Row};
pub use rows::ROWS;
