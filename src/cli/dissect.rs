//! `blankline dissect`: labels every byte of the messages in a file or on standard input: one, several in a row, what
//! curl traced, or what passed in a capture.
//!
//! This file reads and prints; the rendering is `export`'s. It looks at the message alone: the limits
//! and the pages of `serve` play no part.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{CliError, Color, REFUSED, parse_lang, print};
use serde_json::{Value, json};

use crate::export::{
    CaptureEnd, CaptureFile, CapturedWhat, CurlTrace, Dissection, MessageKind, TcpStream,
    TcpStreams, Untold, dissect_messages, dissection_json, dissection_rows, stream_json,
    stream_text,
};
use crate::wire::Lang;

/// The flags of `dissect`.
#[derive(Clone, Debug, clap::Args)]
pub struct DissectArgs {
    /// File with a request or a response, or several in a row, or a trace of curl's (--trace, --trace-ascii); at most
    /// 256 MiB; - reads standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,

    /// Capture file, pcap or pcapng, instead: each TCP stream's messages; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "request", "response", "to_head"])]
    pub pcap: Option<PathBuf>,

    /// Of the capture only this stream, as tshark's tcp.stream counts them, whatever is in it
    #[arg(long, value_name = "N", requires = "pcap")]
    pub stream: Option<usize>,

    /// Bytes that a capture may have: it is held in memory
    #[arg(
        long,
        env = "BLANKLINE_DISSECT_PCAP_BYTES",
        value_name = "BYTES",
        default_value_t = MOST_BYTES
    )]
    pub pcap_bytes: u64,

    /// Read it as a request [default: a response if it starts with HTTP/, else a request]
    #[arg(long, conflicts_with_all = ["response", "to_head"])]
    pub request: bool,

    /// Read it as a response
    #[arg(long)]
    pub response: bool,

    /// Read it as the response to a HEAD, which has no body
    #[arg(long)]
    pub to_head: bool,

    /// Print one JSON document
    #[arg(long)]
    pub json: bool,

    /// Bytes of a body that are shown; the others are counted
    #[arg(
        long,
        env = "BLANKLINE_DISSECT_BODY_BYTES",
        value_name = "N",
        default_value_t = 256
    )]
    pub body_bytes: usize,

    /// The language of the faults: en or zh
    #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
    pub lang: Lang,
}

/// Prints the dissection. The exit code is 1 when a fault refuses a message, 3 when a part of the file is not shown
/// because it cannot be read.
///
/// # Errors
///
/// When the file cannot be read or is too long, or standard output takes nothing.
pub fn dissect(args: &DissectArgs, color: Color) -> Result<ExitCode, CliError> {
    if let Some(file) = &args.pcap {
        return captured(args, file, color);
    }
    let Found {
        connections,
        untold,
    } = dissected(args, read(&args.file, MOST_BYTES, "")?);
    let json = |connection: Option<u64>, dissection| {
        let mut value = dissection_json(dissection, args.body_bytes);
        if let (Some(connection), Some(object)) = (connection, value.as_object_mut()) {
            object.insert("connection".to_owned(), Value::from(connection));
        }
        value
    };
    let dissections = connections
        .iter()
        .flat_map(|(connection, all)| all.iter().map(move |one| (*connection, one)));
    let text = if args.json {
        let mut all: Vec<Value> = dissections
            .clone()
            .map(|(connection, one)| json(connection, one))
            .collect();
        let one = if all.len() == 1 { all.pop() } else { None };
        format!("{:#}\n", one.unwrap_or_else(|| Value::from(all)))
    } else {
        let rows = |(connection, all): &(Option<u64>, Vec<Dissection>)| {
            let rows = all
                .iter()
                .map(|one| dissection_rows(one, args.body_bytes, args.lang));
            let rows = rows.collect::<Vec<_>>().join("\n");
            match connection {
                Some(connection) if connections.len() > 1 => {
                    format!("{}\n\n{rows}", connection_heading(*connection, args.lang))
                }
                _ => rows,
            }
        };
        connections.iter().map(rows).collect::<Vec<_>>().join("\n")
    };
    print(&text, color)?;
    if let Some(untold) = untold {
        anstream::eprintln!("{}", left_out(untold, args.lang));
        return Ok(ExitCode::from(UNREADABLE));
    }
    Ok(verdict(dissections.map(|(_, one)| one)))
}

/// 1 when a fault refuses one of the messages.
fn verdict<'d>(mut dissections: impl Iterator<Item = &'d Dissection>) -> ExitCode {
    if dissections.any(Dissection::is_refused) {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints the messages of a capture, stream by stream. What stands before a place where the file is broken is shown; then
/// the exit code is 3.
fn captured(args: &DissectArgs, file: &Path, color: Color) -> Result<ExitCode, CliError> {
    let hint =
        "--pcap-bytes takes more; or cut it first: tshark -r FILE -Y 'tcp.stream==0' -w PART.";
    let bytes = read(file, args.pcap_bytes, hint)?;
    let capture = CaptureFile::parse(&bytes).map_err(|reason| CliError::Io {
        doing: format!("cannot read {} as a capture", name(file)),
        error: io::Error::new(io::ErrorKind::InvalidData, reason),
        hint: "--pcap takes pcap and pcapng, as tcpdump, tshark and serve --pcap write them; without it, one message or several, or a trace of curl's.",
    })?;
    let found = TcpStreams::of(&capture.packets);
    let shown: Vec<&TcpStream> = match args.stream {
        None => found.streams.iter().collect(),
        Some(number) => match found.streams.get(number) {
            Some(stream) => vec![stream],
            None => {
                let count = found.streams.len();
                return Err(CliError::Usage(format!(
                    "--stream {number}: there is no such stream; {} has {count}, counted from 0",
                    name(file)
                )));
            }
        },
    };
    let anyway = args.stream.is_some();
    if args.json {
        let streams = shown
            .iter()
            .map(|stream| stream_json(stream, anyway, args.body_bytes));
        let (end, at) = match &capture.end {
            CaptureEnd::Whole => ("whole", None),
            CaptureEnd::Cut(at) => ("cut", Some(at)),
            CaptureEnd::Broken(at, _) => ("broken", Some(at)),
        };
        let document = json!({
            "packets": capture.packets.len(),
            "other_packets": found.other_packets,
            "fragments": found.fragments,
            "unknown_link": found.unknown_link.map(|(link, _)| link),
            "end": end,
            "end_at": at,
            "streams": streams.collect::<Vec<_>>(),
        });
        print(&format!("{document:#}\n"), color)?;
    } else {
        for (number, stream) in shown.iter().enumerate() {
            let between = if number > 0 { "\n" } else { "" };
            let text = stream_text(stream, anyway, args.body_bytes, args.lang);
            print(&format!("{between}{text}"), color)?;
        }
    }
    for sentence in shortcomings(&found, &capture.end, args.lang) {
        anstream::eprintln!("blankline: {}: {sentence}", name(file));
    }
    if matches!(capture.end, CaptureEnd::Broken(..)) {
        return Ok(ExitCode::from(UNREADABLE));
    }
    let items: Vec<_> = shown
        .iter()
        .filter(|stream| anyway || stream.looks_like_http())
        .flat_map(|stream| stream.items())
        .collect();
    Ok(verdict(items.iter().filter_map(|item| match &item.what {
        CapturedWhat::Message { dissection, .. } => Some(&**dissection),
        _ => None,
    })))
}

/// What is in the file and not shown, a sentence each.
fn shortcomings(found: &TcpStreams, end: &CaptureEnd, lang: Lang) -> Vec<String> {
    let mut all = Vec::new();
    if found.streams.is_empty() {
        all.push(match lang {
            Lang::En => "there is no TCP in it".to_owned(),
            Lang::Zh => "里面没有 TCP".to_owned(),
        });
    }
    if let Some((link, count)) = found.unknown_link {
        all.push(match lang {
            Lang::En => format!(
                "link type {link} is not known here, so {count} packets are left out (known: Ethernet, Linux cooked, raw IP, loopback)"
            ),
            Lang::Zh => format!(
                "不认识链路类型 {link}，略去 {count} 个包（认识的有：以太网、Linux cooked、原始 IP、回环）"
            ),
        });
    }
    if found.fragments > 0 {
        let count = found.fragments;
        all.push(match lang {
            Lang::En => {
                format!("fragments of IP packets are not put together: {count} are left out")
            }
            Lang::Zh => format!("IP 分片不会拼回去：略去 {count} 个"),
        });
    }
    match (end, lang) {
        (CaptureEnd::Whole, _) => {}
        (CaptureEnd::Cut(at), Lang::En) => all.push(format!(
            "the file ends in the middle of what begins at byte {at}; all before it is shown"
        )),
        (CaptureEnd::Cut(at), Lang::Zh) => {
            all.push(format!("文件在字节 {at} 开始的那一项中间就断了；此前的都已显示"));
        }
        (CaptureEnd::Broken(at, reason), Lang::En) => all.push(format!(
            "it is broken at byte {at} ({reason}); all before it is shown. Capture anew, or save what tshark can read: tshark -r FILE -w NEW"
        )),
        (CaptureEnd::Broken(at, reason), Lang::Zh) => all.push(format!(
            "文件在字节 {at} 处坏了（{reason}）；此前的都已显示。请重新抓包，或者把 tshark 读得出的部分另存：tshark -r FILE -w NEW"
        )),
    }
    all
}

/// What a file gave.
struct Found {
    /// Messages by connection, where that is known.
    connections: Vec<(Option<u64>, Vec<Dissection>)>,
    untold: Option<Untold>,
}

fn dissected(args: &DissectArgs, bytes: Vec<u8>) -> Found {
    let kind = match (args.request, args.response) {
        (true, _) => MessageKind::Request,
        (_, true) => MessageKind::Response,
        _ if args.to_head => MessageKind::Response,
        _ => match CurlTrace::parse(&bytes) {
            Some(trace) => {
                if trace.is_lossy {
                    anstream::eprintln!("{}", lossy(args.lang));
                }
                let connections = trace.connections.into_iter();
                return Found {
                    connections: connections.map(|one| (one.id, one.dissect())).collect(),
                    untold: trace.untold,
                };
            }
            None => MessageKind::of(&bytes),
        },
    };
    let all = if args.to_head {
        vec![Dissection::response_to_head(bytes)]
    } else {
        dissect_messages(bytes, kind)
    };
    Found {
        connections: vec![(None, all)],
        untold: None,
    }
}

fn connection_heading(connection: u64, lang: Lang) -> String {
    match lang {
        Lang::En => format!("connection {connection}"),
        Lang::Zh => format!("连接 {connection}"),
    }
}

/// Where a trace has bytes that may be of one connection or of another.
fn left_out(untold: Untold, lang: Lang) -> String {
    let Untold { line, bytes } = untold;
    match lang {
        Lang::En => format!(
            "blankline: from line {line} on, two connections are busy and this trace does not say whose bytes are whose: {bytes} bytes are not shown. --trace-ids (curl 8.2 or later) tells them apart; so does curl without -Z"
        ),
        Lang::Zh => format!(
            "blankline：从第 {line} 行起有两个连接同时在用，这份记录没说哪些字节是谁的：{bytes} 字节没有显示。用 --trace-ids（curl 8.2 起）可以分清；不用 -Z 也可以"
        ),
    }
}

/// What `--trace-ascii` cannot show.
const fn lossy(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "blankline: this is a --trace-ascii, in which a dot may have been another byte; --trace keeps them all"
        }
        Lang::Zh => {
            "blankline：这是 --trace-ascii 的记录，其中的点可能原是别的字节；--trace 才会全部保留"
        }
    }
}

/// A file's name, for people.
fn name(file: &Path) -> String {
    if file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

/// Reads a file of at most so many bytes; `hint` says what to do with a longer one.
fn read(file: &Path, most: u64, hint: &'static str) -> Result<Vec<u8>, CliError> {
    let bytes = if file.as_os_str() == "-" {
        read_bounded(io::stdin().lock(), 0, most)
    } else {
        File::open(file).and_then(|file| {
            let length = file.metadata()?.len();
            read_bounded(file, length, most)
        })
    };
    bytes.map_err(|error| CliError::Io {
        doing: format!("cannot read {}", name(file)),
        hint: match error.kind() {
            io::ErrorKind::NotFound => "Is the name right? A dash reads standard input.",
            io::ErrorKind::IsADirectory => "Name a file with one message in it.",
            io::ErrorKind::FileTooLarge => hint,
            _ => "",
        },
        error,
    })
}

/// Reads to the end; `expected` bytes have room at once, so that no byte is copied for want of it.
fn read_bounded(source: impl io::Read, expected: u64, most: u64) -> io::Result<Vec<u8>> {
    let expected = usize::try_from(expected.min(most)).unwrap_or_default();
    // One more shows that it is the end.
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let sentence = match most {
            MOST_BYTES => "it has more than 256 MiB".to_owned(),
            most => format!("it has more than {most} bytes"),
        };
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, sentence));
    }
    Ok(bytes)
}

/// 256 MiB: it is held in memory, and nobody reads the rows of more.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The exit code when something in the file cannot be read; what can be is shown.
const UNREADABLE: u8 = 3;
