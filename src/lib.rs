//! blankline: a raw HTTP/1.0 server that shows every byte.
//!
//! **A message is bytes with labels.** The reader labels every byte that it takes in, the writer every
//! byte that it puts out; whatever is shown of an exchange is a function of labelled bytes.
//!
//! Read bottom-up; a module imports only what stands above it here (`notes/architecture.md`):
//!
//! * L0 [`wire`]: bytes and their meaning, without sockets, files, threads or clocks; [`clock`]: wall time
//! * L1 [`record`]: what passed over a wire, as values
//! * L2 [`engine`]: the loop, the workers, the sockets; [`export`]: records and messages, rendered;
//!   [`sessions`]: Django's sessions and their six engines; [`canned`]: exact bytes, to test
//!   clients; [`conform`]: what RFC 1945 asks, asked of any server; [`lessons`]: the notes as exercises
//! * L3 [`app`]: the lesson site; [`inspector`]: the live page that shows every byte; [`golden`]: cases on disk, played and compared
//! * L4 [`cli`]: the command line
//! * L5 [`testing`]: servers for other people's tests, with assertions on parts
//!
//! Absent on purpose: HTTP/1.1 and later, TLS, a router that hides the URL table, a response that adds
//! fields of its own, `unsafe`.

pub mod app;
pub mod canned;
pub mod cli;
pub mod clock;
pub mod conform;
pub mod engine;
pub mod export;
pub mod golden;
pub mod inspector;
pub mod lessons;
pub mod record;
pub mod sessions;
pub mod testing;
pub mod wire;
