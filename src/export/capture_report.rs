//! A captured stream for people and for programs: who spoke with whom, the messages with their labels, and in words what the
//! capture lacks.
//!
//! A stream in which neither side begins like HTTP is only counted, unless it is asked for.

use serde_json::{Value, json};

use super::json::{dissection_json, labels_json};
use super::labels::{dissection_rows, label_rows};
use super::paint::{FAINT, HEADING, NOTE, paint};
use super::{CapturedItem, CapturedWhat, KnownBy, MessageKind, TcpEnd, TcpHalf, TcpStream};
use crate::wire::{Label, Lang, Part, Span};

/// A stream as text: who spoke with whom, then its items. One that does not look like HTTP is only counted, unless
/// `anyway`.
#[must_use]
pub fn stream_text(stream: &TcpStream, anyway: bool, body_bytes: usize, lang: Lang) -> String {
    let mut out = paint(HEADING, heading(stream, lang)) + "\n";
    for (half, kind) in [
        (&stream.from_client, MessageKind::Request),
        (&stream.from_server, MessageKind::Response),
    ] {
        for sentence in notes(half, kind, lang) {
            out.push_str(&(paint(NOTE, sentence) + "\n"));
        }
    }
    if stream.from_client.end == TcpEnd::Open && stream.from_server.end == TcpEnd::Open {
        out.push_str(&(paint(NOTE, stays_open(lang)) + "\n"));
    }
    if !anyway && !stream.looks_like_http() {
        out.push_str(&(paint(FAINT, not_http(stream, lang)) + "\n"));
        return out;
    }
    let mut exchange = None;
    for item in stream.items() {
        out.push('\n');
        match &item.what {
            CapturedWhat::Message {
                dissection,
                exchange: own,
                is_cut,
            } => {
                if *own != exchange || own.is_none() {
                    exchange = *own;
                    out.push_str(
                        &(paint(HEADING, exchange_heading(stream.number, *own, lang)) + "\n\n"),
                    );
                }
                out.push_str(&dissection_rows(dissection, body_bytes, lang));
                if *is_cut {
                    out.push_str(&(paint(NOTE, cut_here(lang)) + "\n"));
                }
            }
            CapturedWhat::Rest { bytes, part } => {
                out.push_str(
                    &(paint(HEADING, rest_heading(&item, bytes.len(), *part, lang)) + "\n\n"),
                );
                let label = Label {
                    part: *part,
                    span: Span::new(0, bytes.len()),
                };
                let rows = label_rows(&[label], bytes, body_bytes, lang);
                out.push_str(rows.trim_end_matches('\n'));
                out.push('\n');
            }
            CapturedWhat::Missing(length) => {
                out.push_str(&(paint(NOTE, missing(&item, *length, lang)) + "\n"));
            }
        }
    }
    out
}

/// A stream as JSON: `{stream, client, server, client_known_by, packets, is_http, from_client, from_server, items}`.
///
/// Of each side `{has_beginning, end, repeated, differing}`; of each item `{what, from, at, packet}`, and of a message
/// `exchange`, `is_cut` and what [`dissection_json`] has, of a rest its `labels`, of what is missing its `length`.
#[must_use]
pub fn stream_json(stream: &TcpStream, anyway: bool, body_bytes: usize) -> Value {
    let is_http = stream.looks_like_http();
    let half = |half: &TcpHalf| {
        json!({
            "has_beginning": half.has_beginning,
            "end": end_name(half.end),
            "bytes": half.length(),
            "repeated": half.repeated,
            "differing": half.differing,
        })
    };
    let items = if is_http || anyway {
        stream.items()
    } else {
        Vec::new()
    };
    let items: Vec<Value> = items
        .iter()
        .map(|item| item_json(item, body_bytes))
        .collect();
    json!({
        "stream": stream.number,
        "client": stream.client.to_string(),
        "server": stream.server.to_string(),
        "client_known_by": match stream.known_by {
            KnownBy::Syn => "syn",
            KnownBy::FirstBytes => "first-bytes",
            KnownBy::Port => "port",
        },
        "packets": stream.packets,
        "is_http": is_http,
        "from_client": half(&stream.from_client),
        "from_server": half(&stream.from_server),
        "items": items,
    })
}

fn item_json(item: &CapturedItem, body_bytes: usize) -> Value {
    let (what, more) = match &item.what {
        CapturedWhat::Message {
            dissection,
            exchange,
            is_cut,
        } => {
            let mut value = dissection_json(dissection, body_bytes);
            if let Some(object) = value.as_object_mut() {
                object.insert("exchange".to_owned(), json!(exchange));
                object.insert("is_cut".to_owned(), json!(is_cut));
            }
            ("message", value)
        }
        CapturedWhat::Rest { bytes, part } => {
            let label = Label {
                part: *part,
                span: Span::new(0, bytes.len()),
            };
            let labels = labels_json(&[label], bytes, body_bytes, &[]);
            ("rest", json!({ "length": bytes.len(), "labels": labels }))
        }
        CapturedWhat::Missing(length) => ("missing", json!({ "length": length })),
    };
    let mut value = json!({
        "what": what,
        "from": match item.kind {
            MessageKind::Request => "client",
            MessageKind::Response => "server",
        },
        "at": item.at,
        "packet": item.packet,
    });
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), more) {
        object.extend(more);
    }
    value
}

const fn end_name(end: TcpEnd) -> &'static str {
    match end {
        TcpEnd::Open => "open",
        TcpEnd::Fin => "fin",
        TcpEnd::Reset => "reset",
    }
}

// Words

fn heading(stream: &TcpStream, lang: Lang) -> String {
    let (number, client, server) = (stream.number, stream.client, stream.server);
    let packets = stream.packets;
    match lang {
        Lang::En => {
            let known = match stream.known_by {
                KnownBy::Syn => "the client by its SYN",
                KnownBy::FirstBytes => "the client by the first bytes",
                KnownBy::Port => "the client by its port, which is a guess",
            };
            let word = if packets == 1 { "packet" } else { "packets" };
            format!("stream {number}: {client} to {server}, {packets} {word}; {known}")
        }
        Lang::Zh => {
            let known = match stream.known_by {
                KnownBy::Syn => "客户端由 SYN 得知",
                KnownBy::FirstBytes => "客户端由最初的字节得知",
                KnownBy::Port => "客户端是按端口猜的",
            };
            format!("流 {number}：{client} 到 {server}，{packets} 个包；{known}")
        }
    }
}

fn exchange_heading(stream: usize, exchange: Option<usize>, lang: Lang) -> String {
    match (exchange, lang) {
        (Some(exchange), Lang::En) => format!("stream {stream}, exchange {exchange}"),
        (None, Lang::En) => format!("stream {stream}, a response to no request that is here"),
        (Some(exchange), Lang::Zh) => format!("流 {stream}，第 {exchange} 次交换"),
        (None, Lang::Zh) => format!("流 {stream}，一个响应，抓包里没有它的请求"),
    }
}

const fn side(kind: MessageKind, lang: Lang) -> &'static str {
    match (kind, lang) {
        (MessageKind::Request, Lang::En) => "the client",
        (MessageKind::Response, Lang::En) => "the server",
        (MessageKind::Request, Lang::Zh) => "客户端",
        (MessageKind::Response, Lang::Zh) => "服务器",
    }
}

/// What is odd about a side as a whole.
fn notes(half: &TcpHalf, kind: MessageKind, lang: Lang) -> Vec<String> {
    let side = side(kind, lang);
    let mut notes = Vec::new();
    if !half.has_beginning {
        notes.push(match lang {
            Lang::En => format!(
                "the capture begins in the middle of what {side} sent: what came before is not in it"
            ),
            Lang::Zh => format!("抓包从{side}发送的内容中途开始：更早的不在里面"),
        });
    }
    if half.differing > 0 {
        let (differing, repeated) = (half.differing, half.repeated);
        notes.push(match lang {
            Lang::En => format!(
                "{repeated} bytes of what {side} sent came more than once, {differing} of them with another value; the first ones are shown"
            ),
            Lang::Zh => format!(
                "{side}发送的内容里有 {repeated} 字节来了不止一次，其中 {differing} 字节的值不同；显示的是最先来的"
            ),
        });
    }
    if half.end == TcpEnd::Reset {
        notes.push(match lang {
            Lang::En => format!("{side} sent no FIN: the connection was broken off by a RST"),
            Lang::Zh => format!("{side}没有发 FIN：连接是被 RST 打断的"),
        });
    }
    notes
}

const fn stays_open(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "the end of this connection is not in the capture",
        Lang::Zh => "这条连接的结尾不在抓包里",
    }
}

const fn cut_here(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "The capture has no more of this message.",
        Lang::Zh => "这条消息在抓包里到此为止。",
    }
}

fn not_http(stream: &TcpStream, lang: Lang) -> String {
    let (number, sent, received) = (
        stream.number,
        stream.from_client.length(),
        stream.from_server.length(),
    );
    match lang {
        Lang::En => format!(
            "neither side begins like HTTP: {sent} bytes from the client and {received} from the server are not shown (--stream {number} shows them)"
        ),
        Lang::Zh => format!(
            "两边都不像 HTTP：客户端的 {sent} 字节和服务器的 {received} 字节没有显示（--stream {number} 可以显示）"
        ),
    }
}

fn rest_heading(item: &CapturedItem, length: usize, part: Part, lang: Lang) -> String {
    let (at, side) = (item.at, side(item.kind, lang));
    match (part, lang) {
        (Part::Body, Lang::En) => {
            format!("the body goes on, at byte {at} of what {side} sent: {length} bytes")
        }
        (_, Lang::En) => format!(
            "at byte {at} of what {side} sent: {length} bytes of which nobody can tell what they are"
        ),
        (Part::Body, Lang::Zh) => {
            format!("主体的后续，从{side}发送的第 {at} 字节起：{length} 字节")
        }
        (_, Lang::Zh) => {
            format!("从{side}发送的第 {at} 字节起：{length} 字节，无从得知是什么")
        }
    }
}

fn missing(item: &CapturedItem, length: u64, lang: Lang) -> String {
    let (at, side) = (item.at, side(item.kind, lang));
    match (item.packet, lang) {
        (Some(packet), Lang::En) => format!(
            "missing: {length} bytes at byte {at} of what {side} sent are not in the capture, before packet {packet}"
        ),
        (None, Lang::En) => format!(
            "missing: {length} bytes at byte {at} of what {side} sent are not in the capture, and none follows"
        ),
        (Some(packet), Lang::Zh) => {
            format!(
                "缺失：{side}发送的内容从第 {at} 字节起有 {length} 字节不在抓包里，位于包 {packet} 之前"
            )
        }
        (None, Lang::Zh) => {
            format!(
                "缺失：{side}发送的内容从第 {at} 字节起有 {length} 字节不在抓包里，其后再无内容"
            )
        }
    }
}
