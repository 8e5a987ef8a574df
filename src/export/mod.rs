//! L2: what passed over a wire, rendered for people and for programs. Pure functions: values in, text or
//! bytes out.
//!
//! * [`exchange_lines`], [`hint_line`]: the console of `serve`
//! * [`Dissection`]: one message with every byte labelled, as rows ([`dissection_rows`]) or as JSON
//!   ([`dissection_json`])
//! * [`pcapng`], [`Pcapng`]: connections as a capture, for `tshark` and Wireshark
//! * [`editions_text`], [`editions_markdown`], [`editions_json`]: where the editions differ
//!
//! Text comes with terminal styles in it; whoever prints it to something that is no terminal takes
//! them out again (`anstream::adapter::strip_str`). Nothing that a peer sent gets into text unescaped,
//! so every escape sequence in it is ours.

mod console;
mod dissection;
mod editions;
mod json;
mod labels;
mod paint;
mod pcap;

pub use console::{exchange_lines, fault_lines, hint_line};
pub use dissection::{Dissection, MessageKind};
pub use editions::{editions_json, editions_markdown, editions_text};
pub use json::dissection_json;
pub use labels::dissection_rows;
pub use pcap::{Pcapng, pcapng};
