//! L3: cases on disk: played against a server, compared byte for byte, captured, blessed.
//!
//! * [`cases`], [`Case`]: folders of raw bytes, as `fixtures/README.md` describes them
//! * [`Delivery`]: how a request's bytes are cut into writes
//! * [`play`], [`converse`]: a plain blocking client
//! * [`Labelled`]: one direction of a connection, message after message, with labels
//! * [`Place`]: a part of a message by its name, for masks (`volatile.txt`) and for what a session carries
//!   ([`Carry`], `carry.txt`)
//! * [`compare`], [`Mismatch`]: the first byte that differs, its part, and why
//! * [`Outcome`] and its reports: text, JSON, TAP, JUnit
//! * [`import_editor`], [`import_visible`]: other people's request files, made raw
//!
//! Raw bytes are canonical: nothing here adds, changes or leaves out a byte that a case has, but for the
//! values that `carry.txt` names. It knows no server of ours; who starts one is `cli`.

mod carry;
mod case;
mod compare;
mod delivery;
mod import;
mod labelled;
mod place;
mod play;
mod report;

pub use carry::{Carried, Carry};
pub use case::{Case, CaseError, Exchange, cases, is_case};
pub use compare::{Cause, Mismatch, compare};
pub use delivery::Delivery;
pub use import::{Imported, import_editor, import_visible};
pub use labelled::Labelled;
pub use place::Place;
pub use play::{Answer, End, converse, play};
pub use report::{Outcome, Verdict, report_json, report_junit, report_tap, report_text};
