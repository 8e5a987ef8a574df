//! The trace of `serve`: what passes, as it passes.
//!
//! ```text
//! * #1 +0.000 s  127.0.0.1:40000 connected to 127.0.0.1:8000
//! > #1 +1.203 s  read 24 bytes, from byte 0 on
//! >      0  GET /user/ HTTP/1.0\r\n
//! >     21  Hos
//! < #1 +3.871 s  wrote 187 bytes, from byte 0 on
//! <      0  HTTP/1.0 302 Found\r\n
//! * #1 +3.871 s  exchange 1: 302, 46 bytes in, 187 bytes out, 112 us
//! ```
//!
//! The arrows are curl's: `>` from the client, `<` from the server, `*` neither. A block begins with its
//! connection's number and the time since that was accepted; blocks of several connections alternate, and
//! no block is torn. Offsets count from the start of the message. A row ends where a line of the message
//! does, and a long line goes on in the next row, so rows are bounded; what the peer sent is escaped.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use super::console::{exchange_faults, shown_head, time_of_day};
use super::hex::{ROW_BYTES, Row, hex, rows_of};
use super::paint::{FAINT, HEADING, NOTE, PLAIN, Style, of_part, of_status, paint};
use super::secrets::{MASK, masked, overlap};
use super::stream::{Message, Reading, length, requests, response};
use crate::record::{Happening, Hint, Moment, Open, Transcript};
use crate::wire::{Label, Lang, Part, Span};

/// How much of the bytes a trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceDetail {
    /// Heads; of bodies, how long they are.
    Head,
    /// Bodies too.
    Full,
    /// All of it in hexadecimal, with the name of each part.
    Hex,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug)]
pub struct TraceStyle {
    /// How much of the bytes.
    pub detail: TraceDetail,
    /// Bytes of a body that are shown; the others are counted.
    pub body_bytes: usize,
    /// Whether secrets are hidden ([`secrets`](super::secrets)).
    pub hides_secrets: bool,
    /// The language of the words.
    pub lang: Lang,
}

/// Adds what happened to `out`; `open` is the connection with this moment in it.
pub fn moment_lines(out: &mut String, moment: &Moment, open: &Open, style: &TraceStyle) {
    let (connection, after) = (moment.connection, moment.after);
    let zh = style.lang == Lang::Zh;
    let says = |out: &mut String, words: &dyn Display| {
        let start = start('*', connection, Some(after));
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "{start}  {words}");
    };
    match &moment.what {
        Happening::Opened { client, server } => {
            let at = paint(FAINT, time_of_day(moment.at));
            let verb = if zh { "连到" } else { "connected to" };
            says(out, &format_args!("{client} {verb} {server}  {at}"));
        }
        Happening::Received(bytes) => {
            let end = length(&open.request);
            let read = Span::new(end.saturating_sub(bytes.len()), end);
            let arrow = Arrow('>', start('>', connection, Some(after)));
            passed(out, &arrow, read, &requests(open, style.reading()), style);
        }
        Happening::Sent(bytes) => {
            let end = length(&open.response);
            let written = Span::new(end.saturating_sub(bytes.len()), end);
            let arrow = Arrow('<', start('<', connection, Some(after)));
            let message = response(&open.response, &open.request, style.reading());
            passed(out, &arrow, written, &[message], style);
        }
        Happening::ReceivedEnd => says(
            out,
            &if zh {
                "客户端关闭了自己的发送方向（FIN）"
            } else {
                "the client closed its sending side (FIN)"
            },
        ),
        Happening::SentEnd => says(
            out,
            &if zh {
                "服务器关闭了自己的发送方向（FIN），但还在读"
            } else {
                "the server closed its sending side (FIN) and still reads"
            },
        ),
        Happening::Unwatched => {}
        Happening::States { client, server } => {
            let words = if zh {
                format!("客户端 {client:?}，服务器 {server:?}")
            } else {
                format!("client {client:?}, server {server:?}")
            };
            says(out, &paint(FAINT, words));
        }
        Happening::Closed => says(
            out,
            &if zh {
                "服务器发完后关闭了连接"
            } else {
                "the server closed the connection, after everything was sent"
            },
        ),
        Happening::Reset => says(
            out,
            &if zh {
                "连接中断了：对方断开（RST），或者服务器没发完就放弃了"
            } else {
                "the connection broke off: reset by the other side (RST), or given up before all was sent"
            },
        ),
    }
}

/// Adds an exchange that is over to `out`: one line, and what was odd about it.
pub fn transcript_lines(out: &mut String, transcript: &Transcript, style: &TraceStyle) {
    let exchange = &transcript.exchange;
    let status = exchange
        .status
        .map_or_else(|| "-".to_owned(), |status| format!("{:03}", status.code()));
    let status = paint(of_status(exchange.status), status);
    let (number, taken, sent) = (transcript.number, exchange.request_bytes, exchange.bytes);
    let took = exchange.took.as_micros();
    let after = transcript.timeline.last().map(|event| event.after);
    let start = start('*', exchange.connection, after);
    let _ = match style.lang {
        Lang::En => writeln!(
            out,
            "{start}  exchange {number}: {status}, {} in, {} out, {took} us",
            bytes(taken),
            bytes(sent)
        ),
        Lang::Zh => writeln!(
            out,
            "{start}  第 {number} 次请求：{status}，收 {taken} 字节，发 {sent} 字节，{took} us"
        ),
    };
    let head = shown_head(exchange, style.hides_secrets);
    exchange_faults(out, exchange, &head, "*      ", style.lang);
}

/// Adds a hint to `out`, for the connection of this number if that is known.
pub fn hint_lines(out: &mut String, hint: &Hint, connection: Option<u64>, lang: Lang) {
    let sentence = paint(NOTE, hint.fault.sentence(lang));
    let _ = match connection {
        Some(number) => writeln!(out, "{}  {sentence}", start('*', number, None)),
        None => writeln!(out, "{} {}  {sentence}", paint(HEADING, '*'), hint.peer),
    };
}

impl TraceStyle {
    const fn reading(&self) -> Reading {
        Reading {
            with_content: matches!(self.detail, TraceDetail::Hex),
            hides_secrets: self.hides_secrets,
        }
    }

    /// Up to where a message is shown.
    fn shown_end(&self, message: &Message) -> usize {
        match self.detail {
            TraceDetail::Head => message.head_end,
            TraceDetail::Full | TraceDetail::Hex => {
                message.head_end.saturating_add(self.body_bytes)
            }
        }
        .min(message.bytes.len())
    }
}

/// A direction's sign, and how its block begins.
struct Arrow(char, String);

/// Bytes that passed at once, at a place in a stream.
fn passed(out: &mut String, arrow: &Arrow, place: Span, messages: &[Message], style: &TraceStyle) {
    let Arrow(sign, start) = arrow;
    let count = place.len();
    let first = messages
        .iter()
        .rfind(|message| message.start <= place.start)
        .map_or(0, |message| place.start - message.start);
    let words = match (sign, style.lang) {
        ('>', Lang::En) => format!("read {}, from byte {first} on", bytes(count as u64)),
        (_, Lang::En) => format!("wrote {}, from byte {first} on", bytes(count as u64)),
        ('>', Lang::Zh) => format!("读到 {count} 字节，从字节 {first} 起"),
        (_, Lang::Zh) => format!("写出 {count} 字节，从字节 {first} 起"),
    };
    let _ = writeln!(out, "{start}  {}", paint(FAINT, words));
    for message in messages {
        let end = message.start + message.end();
        if !overlap(place, Span::new(message.start, end)) {
            continue;
        }
        let at = Span::new(
            place.start.saturating_sub(message.start),
            place.end.min(end) - message.start,
        );
        let shown = Span::new(at.start, at.end.min(style.shown_end(message)).max(at.start));
        if style.detail == TraceDetail::Hex {
            hex_rows(out, *sign, message, shown);
        } else {
            text_rows(out, *sign, message, shown);
        }
        omission(out, *sign, message, Span::new(shown.end, at.end), style);
    }
}

/// The bytes at `shown`, a row for each line.
fn text_rows(out: &mut String, sign: char, message: &Message, shown: Span) {
    let mut is_row_open = false;
    for label in &message.labels {
        let Some(at) = common(label.span, shown) else {
            continue;
        };
        let style = style_of(message, *label);
        let octets = at.of(&message.bytes);
        let mut start = at.start;
        let lines = octets.split_inclusive(|&octet| octet == b'\n');
        for piece in lines.flat_map(|line| line.chunks(TEXT_BYTES)) {
            let end = start + piece.len();
            if !is_row_open {
                row_start(out, sign, start);
            }
            let text = masked(&message.bytes, Span::new(start, end), &message.secrets);
            *out += &paint(style, text);
            is_row_open = !piece.ends_with(b"\n") && piece.len() < TEXT_BYTES;
            if !is_row_open {
                out.push('\n');
            }
            start = end;
        }
    }
    if is_row_open {
        out.push('\n');
    }
}

/// The bytes at `shown`, 16 a row; rows that are all alike are one `*`.
fn hex_rows(out: &mut String, sign: char, message: &Message, shown: Span) {
    let mut before: Option<(Part, &[u8])> = None;
    let mut is_folding = false;
    for label in &message.labels {
        let Some(at) = common(label.span, shown) else {
            continue;
        };
        let piece = Label { span: at, ..*label };
        for row in rows_of(piece, usize::MAX) {
            let octets = row.span.of(&message.bytes);
            let same = Some((row.part, octets));
            if same == before && octets.len() == ROW_BYTES && row.span.end < at.end {
                if !is_folding {
                    let _ = writeln!(out, "{}      {}", paint(HEADING, sign), paint(FAINT, '*'));
                }
                is_folding = true;
                continue;
            }
            (before, is_folding) = (same, false);
            row_start(out, sign, row.span.start);
            let (digits, text) = cells(&row, message);
            let name = if row.is_first { row.part.name() } else { "" };
            let cells = format!("{digits:<48} {text:<16}  {name}");
            let _ = writeln!(
                out,
                "{}",
                paint(style_of(message, *label), cells.trim_end())
            );
        }
    }
}

/// A row's bytes in hexadecimal, and as text of one sign a byte.
fn cells(row: &Row, message: &Message) -> (String, String) {
    let octets = row.span.of(&message.bytes);
    let (mut digits, mut text) = (String::new(), String::new());
    for (at, &octet) in (row.span.start..).zip(octets) {
        let place = Span::new(at, at + 1);
        if message.secrets.iter().any(|secret| overlap(*secret, place)) {
            digits.extend([MASK, MASK, ' ']);
            text.push(MASK);
        } else {
            digits += &hex(&[octet]);
            text.push(if (b' '..=b'~').contains(&octet) {
                char::from(octet)
            } else {
                '.'
            });
        }
    }
    (digits, text)
}

/// What is said of bytes that are not shown.
fn omission(out: &mut String, sign: char, message: &Message, at: Span, style: &TraceStyle) {
    let excess_start = message
        .labels
        .iter()
        .find(|label| label.part == Part::Excess)
        .map_or(message.end(), |label| label.span.start);
    let flag = match style.detail {
        TraceDetail::Head => "--trace full",
        TraceDetail::Full | TraceDetail::Hex => "--trace-body",
    };
    for (whole, what) in [
        (Span::new(0, excess_start), Part::Body),
        (Span::new(excess_start, message.end()), Part::Excess),
    ] {
        let Some(place) = common(whole, at) else {
            continue;
        };
        let count = place.len();
        let words = match (style.lang, what) {
            (Lang::En, Part::Excess) => {
                format!("{} in excess, not shown ({flag})", bytes(count as u64))
            }
            (Lang::En, _) => format!("{} of the body, not shown ({flag})", bytes(count as u64)),
            (Lang::Zh, Part::Excess) => format!("多余的 {count} 字节未显示（{flag}）"),
            (Lang::Zh, _) => format!("主体的 {count} 字节未显示（{flag}）"),
        };
        row_start(out, sign, place.start);
        let _ = writeln!(out, "{}", paint(FAINT, words));
    }
}

/// A label's style. A line that somebody is still typing is no mistake.
fn style_of(message: &Message, label: Label) -> Style {
    if message.is_open(label) {
        PLAIN
    } else {
        of_part(label.part)
    }
}

fn common(one: Span, other: Span) -> Option<Span> {
    overlap(one, other).then(|| Span::new(one.start.max(other.start), one.end.min(other.end)))
}

fn row_start(out: &mut String, sign: char, offset: usize) {
    let offset = paint(FAINT, format_args!("{offset:>6}"));
    let _ = write!(out, "{} {offset}  ", paint(HEADING, sign));
}

/// How every block begins.
fn start(sign: char, connection: u64, after: Option<Duration>) -> String {
    let sign = paint(HEADING, sign);
    match after {
        None => format!("{sign} #{connection}"),
        Some(after) => {
            let after = paint(FAINT, format_args!("+{:.3} s", after.as_secs_f64()));
            format!("{sign} #{connection} {after}")
        }
    }
}

fn bytes(count: u64) -> String {
    let unit = if count == 1 { "byte" } else { "bytes" };
    format!("{count} {unit}")
}

/// Bytes of a line in one row: a long cookie fits, and no row is endless.
const TEXT_BYTES: usize = 512;
