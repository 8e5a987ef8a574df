//! L0: bytes and their meaning, both ways. No sockets, files, threads or clocks.

mod anatomy;
mod edition;
mod fault;
mod octets;
mod span;
mod status;

pub use anatomy::{Anatomy, Label, LineEnd, Part};
pub use edition::{Edition, NotModifiedRule};
pub use fault::{Fault, FaultKind, Lang, Verdict};
pub use octets::{Escaped, is_blank, is_token, is_token_octet, trim_blanks};
pub use span::Span;
pub use status::Status;
