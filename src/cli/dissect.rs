//! `blankline dissect`: labels every byte of the messages in a file or on standard input: one, several in a row, or what
//! curl traced.
//!
//! This file reads and prints; the rendering is `export`'s. It looks at the message alone: the limits
//! and the pages of `serve` play no part.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{CliError, Color, REFUSED, parse_lang, print};
use serde_json::Value;

use crate::export::{
    CurlTrace, Dissection, MessageKind, dissect_messages, dissection_json, dissection_rows,
};
use crate::wire::Lang;

/// The flags of `dissect`.
#[derive(Clone, Debug, clap::Args)]
pub struct DissectArgs {
    /// File with a request or a response, or several in a row, or a trace of curl's (--trace, --trace-ascii); at most
    /// 256 MiB; - reads standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,

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

/// Prints the dissection. The exit code is 1 when a fault refuses the message.
///
/// # Errors
///
/// When the file cannot be read or is too long, or standard output takes nothing.
pub fn dissect(args: &DissectArgs, color: Color) -> Result<ExitCode, CliError> {
    let dissections = dissected(args, read(&args.file)?);
    let json = |dissection| dissection_json(dissection, args.body_bytes);
    let text = match dissections.as_slice() {
        [one] if args.json => format!("{:#}\n", json(one)),
        all if args.json => format!("{:#}\n", Value::from_iter(all.iter().map(json))),
        all => {
            let rows = |one| dissection_rows(one, args.body_bytes, args.lang);
            all.iter().map(rows).collect::<Vec<_>>().join("\n")
        }
    };
    print(&text, color)?;
    Ok(if dissections.iter().any(Dissection::is_refused) {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

fn dissected(args: &DissectArgs, bytes: Vec<u8>) -> Vec<Dissection> {
    let kind = match (args.request, args.response) {
        (true, _) => MessageKind::Request,
        (_, true) => MessageKind::Response,
        _ if args.to_head => MessageKind::Response,
        _ => match CurlTrace::parse(&bytes) {
            Some(trace) => {
                if trace.is_lossy {
                    anstream::eprintln!("{}", lossy(args.lang));
                }
                return trace.dissect();
            }
            None => MessageKind::of(&bytes),
        },
    };
    if args.to_head {
        vec![Dissection::response_to_head(bytes)]
    } else {
        dissect_messages(bytes, kind)
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

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let is_stdin = file.as_os_str() == "-";
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let bytes = if is_stdin {
        read_bounded(io::stdin().lock(), 0)
    } else {
        File::open(file).and_then(|file| {
            let length = file.metadata()?.len();
            read_bounded(file, length)
        })
    };
    bytes.map_err(|error| CliError::Io {
        doing: format!("cannot read {name}"),
        hint: match error.kind() {
            io::ErrorKind::NotFound => "Is the name right? A dash reads standard input.",
            io::ErrorKind::IsADirectory => "Name a file with one message in it.",
            _ => "",
        },
        error,
    })
}

/// Reads to the end; `expected` bytes have room at once, so that no byte is copied for want of it.
fn read_bounded(source: impl Read, expected: u64) -> io::Result<Vec<u8>> {
    let expected = usize::try_from(expected.min(MOST_BYTES)).unwrap_or_default();
    // One more shows that it is the end.
    let mut bytes = Vec::with_capacity(expected + 1);
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it has more than 256 MiB"));
    }
    Ok(bytes)
}

/// 256 MiB: it is held in memory, and nobody reads the rows of more.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
