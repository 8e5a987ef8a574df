//! L2: a server of exact bytes, for testing clients.
//!
//! It answers a request with the bytes of a file, and adds none: the answer may be cut short, have the wrong
//! length, end in a reset or never come. A folder of [`Case`]s says which request gets which bytes, and a
//! case's [`Pacing`] when they leave; what the clients sent is kept, and may be logged as cases again. It
//! takes the place of `while true; do nc -l < file; done`.
//!
//! One blocking thread a connection, and a bounded number of them: it stands in front of the one client that
//! is being tested. It is no part of the engine, which exists to send right answers.
//!
//! ```
//! use blankline::canned::{Case, Server};
//! use std::io::{Read, Write};
//!
//! let case = Case::new("hello", b"HTTP/1.0 200 OK\r\n\r\nhello, wire\n".to_vec());
//! let running = Server::new(vec![case]).start()?;
//! let mut client = std::net::TcpStream::connect(running.address())?;
//! client.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
//! let mut answer = Vec::new();
//! client.read_to_end(&mut answer)?;
//! assert!(answer.ends_with(b"hello, wire\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod case;
mod log;
mod pacing;
mod server;
mod turn;

pub use case::{Case, CaseError, Pattern, read_cases};
pub use pacing::{End, Pacing, PacingError};
pub use server::{Running, Server};
pub use turn::{ClientEnd, Received};
