//! The console of `serve`: one line an exchange, and under it one sentence for each thing that was odd.
//!
//! ```text
//! 02:02:09Z  127.0.0.1:52144  GET /user/ HTTP/1.0                        200     1843 B     112 us
//! 02:02:11Z  127.0.0.1:52150  GET /a b HTTP/1.0                          400      512 B      84 us
//!     bad-target at byte 4: Between the method and the version stands ... (RFC 1945 5.1.2)
//!       GET /a b HTTP/1.0\r\n
//!           ^^^^
//! ```
//!
//! The time is the one that the Date field said (UTC). What refuses a request stands before what is
//! only noted. Every line is bounded, whatever the peer sent, and what it sent is escaped.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::SystemTime;

use super::MessageKind;
use super::paint::{FAINT, NOTE, of_fault, of_status, paint};
use super::secrets::{hidden, secrets};
use crate::record::{Exchange, Hint};
use crate::wire::{Escaped, Fault, FaultKind, HttpDate, Lang, RequestHead, excerpt};

/// Adds an exchange's lines to `out`, each with its line end; with [`secrets`](super::secrets) or without.
pub fn exchange_lines(out: &mut String, exchange: &Exchange, lang: Lang, hides_secrets: bool) {
    let start = start(exchange.at, &exchange.peer);
    let head = shown_head(exchange, hides_secrets);
    let line = request_line(&head);
    let status = exchange
        .status
        .map_or_else(|| "-".to_owned(), |status| format!("{:03}", status.code()));
    let status = paint(of_status(exchange.status), format_args!("{status:>3}"));
    let sizes = format!(
        "{:>8} B {:>7} us",
        exchange.bytes,
        exchange.took.as_micros()
    );
    let sizes = paint(FAINT, sizes);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "{start}  {line:<LINE_WIDTH$}  {status} {sizes}");

    exchange_faults(out, exchange, &head, INDENT, lang);
}

/// An exchange's head as it may be shown.
pub(super) fn shown_head(exchange: &Exchange, hides_secrets: bool) -> Cow<'_, [u8]> {
    let head = exchange.head.as_deref().map_or(&[][..], RequestHead::bytes);
    if hides_secrets {
        Cow::Owned(hidden(head, &secrets(head, MessageKind::Request)))
    } else {
        Cow::Borrowed(head)
    }
}

/// Adds the lines of an exchange's faults to `out`, refusals first. `message` is the head as it may be
/// shown.
pub(super) fn exchange_faults(
    out: &mut String,
    exchange: &Exchange,
    message: &[u8],
    indent: &str,
    lang: Lang,
) {
    let of_head = exchange
        .head
        .as_deref()
        .map_or(&[][..], RequestHead::faults);
    let faults = || of_head.iter().chain(&exchange.faults);
    let (refusals, notes) = (
        faults().filter(|fault| fault.refuses()),
        faults().filter(|fault| !fault.refuses()),
    );
    for fault in refusals.chain(notes) {
        let shown = if is_about_bytes(fault.kind) {
            message
        } else {
            &[]
        };
        fault_lines(out, fault, shown, indent, lang);
    }
}

/// Adds a hint's line to `out`, with its line end.
pub fn hint_line(out: &mut String, hint: &Hint, lang: Lang) {
    let start = start(hint.at, &hint.peer);
    let _ = writeln!(out, "{start}  {}", paint(NOTE, hint.fault.sentence(lang)));
}

/// Adds a fault's lines to `out`: what, where, why, by which rule, and below it the line of `message`
/// that it is about, with its bytes marked. Without the message's bytes the sentence stands alone.
pub fn fault_lines(out: &mut String, fault: &Fault, message: &[u8], indent: &str, lang: Lang) {
    let style = of_fault(fault);
    let (slug, at) = (paint(style, fault.kind.slug()), fault.at.start);
    let (sentence, rule) = (fault.sentence(lang), fault.kind.rule());
    let _ = match lang {
        Lang::En => {
            let rule = paint(FAINT, format_args!("({rule})"));
            writeln!(out, "{indent}{slug} at byte {at}: {sentence} {rule}")
        }
        Lang::Zh => {
            let rule = paint(FAINT, format_args!("（{rule}）"));
            writeln!(out, "{indent}{slug}，字节 {at}：{sentence}{rule}")
        }
    };
    if fault.at.start > message.len() {
        return;
    }
    if let Some(excerpt) = excerpt(message, fault.at) {
        let blanks = excerpt.caret.len() - excerpt.caret.trim_start().len();
        let caret = paint(style, excerpt.caret.trim_start());
        let _ = writeln!(out, "{indent}  {}", excerpt.line);
        let _ = writeln!(out, "{indent}  {:blanks$}{caret}", "");
    }
}

/// Whether the fault is about how some bytes are written, so that marking them helps. What the line
/// above shows already, or what stands in no one place, is not marked.
const fn is_about_bytes(kind: FaultKind) -> bool {
    !matches!(
        kind,
        FaultKind::NotFound
            | FaultKind::OutsideRoot
            | FaultKind::MethodNotAllowed
            | FaultKind::ServerBusy
            | FaultKind::ServerError
            | FaultKind::SimpleRequest
            | FaultKind::TargetTooLong
            | FaultKind::HeadTooLarge
            | FaultKind::BodyCutShort
            | FaultKind::BodyTimeout
            | FaultKind::BodySilent
            | FaultKind::ExcessBytes
            | FaultKind::WriteTimeout
            | FaultKind::ConnectionReset
    )
}

/// When and who, as every line starts.
fn start(at: SystemTime, peer: &std::net::SocketAddr) -> String {
    // An IPv4 peer on loopback has 15 characters as a rule: five digits of port.
    paint(
        FAINT,
        format_args!("{}  {:<15}", time_of_day(at), peer.to_string()),
    )
}

/// `02:02:09Z`.
pub(super) fn time_of_day(at: SystemTime) -> String {
    let seconds = HttpDate::from(at).seconds();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}Z")
}

/// The request line, escaped and cut; `-` when nothing came.
fn request_line(head: &[u8]) -> String {
    let is_line_end = |&octet: &u8| octet == b'\r' || octet == b'\n';
    let mut lines = head.split(|octet| is_line_end(octet));
    let line = lines.find(|line| !line.is_empty()).unwrap_or(b"-");
    match line.get(..LINE_BYTES) {
        Some(cut) if line.len() > LINE_BYTES => format!("{}...", Escaped(cut)),
        _ => Escaped(line).to_string(),
    }
}

const INDENT: &str = "    ";

/// Columns for a request line; a longer one moves its own numbers to the right, and no one else's.
const LINE_WIDTH: usize = 40;

/// Bytes of a request line that are shown. Most are shorter, and a terminal's width is of this order.
const LINE_BYTES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Span, Status, dissect_request};
    use std::time::{Duration, UNIX_EPOCH};

    fn exchange(bytes: &[u8], status: u16, faults: Vec<Fault>) -> Exchange {
        Exchange {
            connection: 1,
            request_bytes: 0,
            at: UNIX_EPOCH + Duration::from_secs(1_509_328_929),
            peer: "127.0.0.1:52144".parse().unwrap(),
            head: Some(Box::new(dissect_request(bytes))),
            faults,
            status: Some(Status::new(status)),
            bytes: 187,
            took: Duration::from_micros(84),
        }
    }

    fn plain(exchange: &Exchange, lang: Lang) -> String {
        let mut out = String::new();
        exchange_lines(&mut out, exchange, lang, false);
        anstream::adapter::strip_str(&out).to_string()
    }

    #[test]
    fn an_exchange_is_one_line() {
        assert_eq!(
            plain(
                &exchange(b"GET /user/ HTTP/1.0\r\n\r\n", 200, vec![]),
                Lang::En
            ),
            "02:02:09Z  127.0.0.1:52144  GET /user/ HTTP/1.0                       200      187 B      84 us\n"
        );
    }

    #[test]
    fn faults_stand_below_refusals_first() {
        let bytes = b"GET /a b HTTP/1.0\nX_A: 1\r\n\r\n";
        let shown = plain(&exchange(bytes, 400, vec![]), Lang::En);
        let slugs: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.strip_prefix(INDENT)?.split(" at byte ").next())
            .filter(|slug| !slug.contains(' '))
            .collect();
        assert_eq!(slugs, ["bad-target", "bare-lf", "underscore-in-name"]);
        assert!(
            shown.contains("      GET /a b HTTP/1.0\\n\n          ^^^^\n"),
            "{shown}"
        );
        assert!(shown.contains("(RFC 1945 5.1.2)"), "{shown}");

        let chinese = plain(&exchange(bytes, 400, vec![]), Lang::Zh);
        assert!(
            chinese.contains("    bad-target，字节 4：方法"),
            "{chinese}"
        );
    }

    #[test]
    fn what_the_peer_sent_is_escaped_and_cut() {
        let mut bytes = b"\r\nGET /\x1b[2J\xff HTTP/1.0\r\nX: \x1b]0;hi\x07\r\n\r\n".to_vec();
        let mut out = String::new();
        exchange_lines(&mut out, &exchange(&bytes, 400, vec![]), Lang::En, false);
        assert!(out.contains(r"GET /\x1b[2J\xff HTTP/1.0"), "{out}");
        let ours = [
            "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[35m", "\x1b[36m",
        ];
        let rest = ours.iter().fold(out, |out, ours| out.replace(ours, ""));
        assert!(!rest.contains('\x1b'), "{rest:?}");

        bytes = [&b"GET /"[..], &b"\xff".repeat(9000)].concat();
        let shown = plain(&exchange(&bytes, 431, vec![]), Lang::En);
        let longest = shown.lines().map(str::len).max().unwrap();
        assert!(longest < 600, "{longest}");
    }

    #[test]
    fn a_place_outside_the_head_has_no_excerpt() {
        let bytes = b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n";
        let reset = Fault::new(FaultKind::ConnectionReset, Span::at(bytes.len()));
        let shown = plain(&exchange(bytes, 200, vec![reset]), Lang::En);
        assert!(shown.contains("connection-reset at byte 38"), "{shown}");
        assert!(
            !shown.contains('^') || shown.contains("body-cut-short"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_known_is_shown_as_nothing() {
        let mut nothing = exchange(b"", 400, vec![]);
        (nothing.head, nothing.status) = (None, None);
        let shown = plain(&nothing, Lang::En);
        assert!(shown.contains("127.0.0.1:52144  -  "), "{shown}");
        assert_eq!(shown.lines().count(), 1);
    }

    #[test]
    fn a_hint_is_one_line() {
        let hint = Hint {
            at: UNIX_EPOCH + Duration::from_secs(86_399),
            peer: "[::1]:9".parse().unwrap(),
            fault: Fault::new(FaultKind::HeadSilent, Span::at(16)),
            so_far: b"GET / HTTP/1.0\r\n".to_vec(),
        };
        let mut out = String::new();
        hint_line(&mut out, &hint, Lang::En);
        assert_eq!(
            anstream::adapter::strip_str(&out).to_string(),
            "23:59:59Z  [::1]:9          Still waiting for the blank line: press Enter once more.\n"
        );
    }
}
