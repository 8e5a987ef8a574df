//! L2: what passed over a wire, rendered for people and for programs. Pure functions: values in, text or
//! bytes out.
//!
//! * [`exchange_lines`], [`hint_line`]: the console of `serve`
//! * [`Dissection`]: one message with every byte labelled, as rows ([`dissection_rows`]) or as JSON
//!   ([`dissection_json`]); [`dissect_messages`] and [`CurlTrace`] give several of them
//! * [`CaptureFile`], [`TcpStreams`]: a capture file's packets, put together again; [`stream_text`], [`stream_json`]: the
//!   messages in them
//! * [`pcapng`], [`Pcapng`]: connections as a capture, for `tshark` and Wireshark
//! * [`moment_lines`], [`transcript_lines`], [`hint_lines`]: the trace of `serve`, as text
//! * [`moment_event`], [`exchange_event`], [`hint_event`]: the same as JSON
//! * [`secrets`]: what is hidden from people who may look on
//! * [`editions_text`], [`editions_markdown`], [`editions_json`]: where the editions differ
//!
//! Text comes with terminal styles in it; whoever prints it to something that is no terminal takes
//! them out again (`anstream::adapter::strip_str`). Nothing that a peer sent gets into text unescaped,
//! so every escape sequence in it is ours.

mod capture_file;
mod capture_report;
mod captured;
mod chunks;
mod console;
mod content;
mod curl_trace;
mod dissection;
mod editions;
mod events;
mod hex;
mod json;
mod labels;
mod messages;
mod paint;
mod pcap;
mod secrets;
mod stream;
mod tcp;
mod trace;

pub use capture_file::{CaptureEnd, CaptureFile, CapturedPacket, NoCapture};
pub use capture_report::{stream_json, stream_text};
pub use captured::{CapturedItem, CapturedWhat};
pub use console::{exchange_lines, fault_lines, hint_line};
pub use curl_trace::{CurlConnection, CurlTrace, Untold};
pub use dissection::{Dissection, MessageKind};
pub use editions::{editions_json, editions_markdown, editions_text};
pub use events::{
    EVENT_VERSION, EventStyle, exchange_event, hint_event, listening_event, lost_event,
    moment_event,
};
pub use json::{dissection_json, fault_json};
pub use labels::dissection_rows;
pub use messages::dissect_messages;
pub use pcap::{Pcapng, pcapng};
pub use secrets::{MASK, hidden, masked, repeated, secrets};
pub use tcp::{KnownBy, TcpEnd, TcpHalf, TcpPiece, TcpStream, TcpStreams};
pub use trace::{TraceDetail, TraceStyle, hint_lines, moment_lines, transcript_lines};
