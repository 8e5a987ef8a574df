//! L0: bytes and their meaning, both ways. No sockets, files, threads or clocks.
//!
//! Read in this order: `span`, `anatomy`, `fault` (the vocabulary); `scan`, `head`, `dissect`, `target`, `framing`
//! (bytes in); `form`, `part_head`, `multipart` (what is in a query or a body); `status`, `response` (bytes out);
//! `date`, `cookie`, `condition` (field values); `state`, `protocol`, `connection` (a conversation over time);
//! `edition` (where the sources differ); `opinion` (httparse's).

mod anatomy;
mod condition;
mod connection;
mod cookie;
mod date;
mod dissect;
mod edition;
mod excerpt;
mod fault;
mod form;
mod framing;
mod head;
mod multipart;
mod octets;
mod opinion;
mod parameter;
mod part_head;
mod protocol;
mod response;
mod scan;
mod span;
mod state;
mod status;
mod target;

pub use anatomy::{Anatomy, Label, LineEnd, Part};
pub use condition::{Condition, Conditions, Outcome, Validators, last_modified_to_send};
pub use connection::{Connection, Event, Misuse};
pub use cookie::{
    Cookie, SameSite, SetCookie, cookie, cookie_domain_matches, cookie_path_matches, parse_cookies,
    quote_cookie_value, unquote_cookie_value,
};
pub use date::HttpDate;
pub use dissect::{RequestHead, ResponseHead, dissect_request, dissect_response};
pub use edition::{Edition, NotModifiedRule};
pub use excerpt::{Excerpt, excerpt};
pub use fault::{Fault, FaultKind, Lang, Verdict};
pub use form::{FormField, MOST_FORM_FIELDS, QueryDict, decode_form, urlencode};
pub use framing::{BodyFraming, has_token};
pub use head::{Field, Version};
pub use multipart::{
    Boundary, DissectedMultipart, DissectedPart, Multipart, MultipartEvent, MultipartLimits,
    dissect_multipart, dissect_multipart_within,
};
pub use octets::{
    Escaped, is_blank, is_token, is_token_octet, plain_length, token_length, trim_blanks,
};
pub use opinion::{Opinion, request_opinion, response_opinion};
pub use part_head::{PartHead, PartKind};
pub use protocol::{Limits, Protocol};
pub use response::{EncodedHead, FieldName, FieldValue, ResponseWriter};
pub use scan::{HeadScan, is_simple_request_line};
pub use span::Span;
pub use state::{
    CLIENT_TRANSITIONS, ClientInput, ClientState, SERVER_TRANSITIONS, ServerInput, ServerState,
    Transition,
};
pub use status::Status;
pub use target::{Target, decode_path, encode_location};
