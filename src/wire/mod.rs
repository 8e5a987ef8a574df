//! L0: bytes and their meaning, both ways. No sockets, files, threads or clocks.

mod anatomy;
mod condition;
mod cookie;
mod date;
mod edition;
mod fault;
mod octets;
mod opinion;
mod span;
mod status;
mod target;

pub use anatomy::{Anatomy, Label, LineEnd, Part};
pub use condition::{Condition, Conditions, Outcome, Validators, last_modified_to_send};
pub use cookie::{
    Cookie, SameSite, SetCookie, cookie, parse_cookies, quote_cookie_value, unquote_cookie_value,
};
pub use date::HttpDate;
pub use edition::{Edition, NotModifiedRule};
pub use fault::{Fault, FaultKind, Lang, Verdict};
pub use octets::{Escaped, is_blank, is_token, is_token_octet, trim_blanks};
pub use opinion::{Opinion, request_opinion, response_opinion};
pub use span::Span;
pub use status::Status;
pub use target::{Target, decode_form, decode_path, encode_location, query_pairs};
