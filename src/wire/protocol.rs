//! What a server holds its connections to: the edition, keep-alive, every limit; and how a complete head is
//! judged by them.

use std::time::Duration;

use super::{BodyFraming, Edition, Fault, FaultKind, RequestHead, Span};

/// What a server holds its connections to.
///
/// ```
/// use blankline::wire::Protocol;
/// let protocol = Protocol::default();
/// assert!(protocol.keep_alive);
/// assert_eq!(protocol.limits.target_bytes, 2048);
/// ```
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Whose HTTP is spoken.
    pub edition: Edition,
    /// Whether a connection is kept when the client asks for it.
    pub keep_alive: bool,
    /// Every limit on sizes, counts and times.
    pub limits: Limits,
}

/// Limits on one connection.
///
/// ```
/// assert_eq!(blankline::wire::Limits::default().head_bytes, 16 * 1024);
/// ```
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a head, blank line included. 16 KiB: IIS has 16, Tomcat and Apache 8 KiB a line.
    pub head_bytes: usize,
    /// Fields of a head. 100, as CPython's http.client.
    pub fields: usize,
    /// Bytes of a request target. 2,048: the course notes' "2k", a limit of browsers and not of HTTP.
    pub target_bytes: usize,
    /// Bytes of a request's body. 1 GiB: nginx has 1 MiB and Apache 1 GiB. What a site holds in memory is
    /// limited by the site.
    pub body_bytes: u64,
    /// From the connection (or the first byte of a later request) to the blank line. 60 s: people type.
    pub head_time: Duration,
    /// Between two reads of a body. 30 s.
    pub body_time: Duration,
    /// Between two writes that took a byte. 30 s.
    pub write_time: Duration,
    /// Between two requests of a kept connection. 15 s.
    pub keep_alive_time: Duration,
    /// How long a refused client may go on sending. 5 s, as nginx's `lingering_timeout`.
    pub linger_time: Duration,
    /// How many bytes of it are read and dropped. 64 MiB: a refused upload is small beside that.
    pub linger_bytes: u64,
    /// How long a message may be silent before the console gives a hint. 3 s.
    pub hint_time: Duration,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            edition: Edition::default(),
            keep_alive: true,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 16 * 1024,
            fields: 100,
            target_bytes: 2048,
            body_bytes: 1024 * 1024 * 1024,
            head_time: Duration::from_secs(60),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            keep_alive_time: Duration::from_secs(15),
            linger_time: Duration::from_secs(5),
            linger_bytes: 64 * 1024 * 1024,
            hint_time: Duration::from_secs(3),
        }
    }
}

/// The methods of RFC 1945 8 that this server has; the others of appendix D are answered 501.
const METHODS: [&[u8]; 3] = [b"GET", b"HEAD", b"POST"];

/// Judges a complete head: the first reason to refuse it, or how its body is framed.
pub(super) fn admit(head: &mut RequestHead, limits: &Limits) -> Result<BodyFraming, Fault> {
    if let Some(fault) = head.refusal() {
        return Err(fault);
    }
    let (target, fields) = (head.target().len(), head.field_count());
    if target > limits.target_bytes {
        let fault = Fault::new(FaultKind::TargetTooLong, head.target_at());
        return Err(fault.measured(target as u64, limits.target_bytes as u64));
    }
    if fields > limits.fields {
        let at = head
            .fields()
            .nth(limits.fields)
            .map_or(Span::default(), |field| field.name_at);
        let fault = Fault::new(FaultKind::TooManyFields, at);
        return Err(fault.measured(fields as u64, limits.fields as u64));
    }
    if !METHODS.contains(&head.method()) {
        let is_misspelt = METHODS
            .iter()
            .any(|method| method.eq_ignore_ascii_case(head.method()));
        let kind = if is_misspelt {
            FaultKind::MethodCase
        } else {
            FaultKind::UnknownMethod
        };
        let fault = Fault::new(kind, head.method_at());
        head.report(fault);
        // `curl -T -` sends a method that is unknown here, and chunks besides: both are worth a word.
        if let Err(also) = head.framing() {
            head.report(also);
        }
        return Err(fault);
    }
    let framing = head.framing()?;
    if let BodyFraming::Length(length) = framing
        && length > limits.body_bytes
    {
        let fault = Fault::new(FaultKind::BodyTooLarge, head.length_at());
        return Err(fault.measured(length, limits.body_bytes));
    }
    Ok(framing)
}
