//! `blankline dissect`: labels every byte of a message from a file or from standard input.
//!
//! This file reads and prints; the rendering is `export`'s. It looks at the message alone: the limits
//! and the pages of `serve` play no part.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{CliError, Color, REFUSED, parse_lang, print};
use crate::export::{Dissection, MessageKind, dissection_json, dissection_rows};
use crate::wire::Lang;

/// The flags of `dissect`.
#[derive(Clone, Debug, clap::Args)]
pub struct DissectArgs {
    /// File with one request or response, at most 256 MiB; - reads standard input
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
    let dissection = dissected(args, read(&args.file)?);
    let text = if args.json {
        format!("{:#}\n", dissection_json(&dissection, args.body_bytes))
    } else {
        dissection_rows(&dissection, args.body_bytes, args.lang)
    };
    print(&text, color)?;
    Ok(if dissection.is_refused() {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

fn dissected(args: &DissectArgs, bytes: Vec<u8>) -> Dissection {
    let kind = match (args.request, args.response) {
        (true, _) => MessageKind::Request,
        (_, true) => MessageKind::Response,
        _ => MessageKind::of(&bytes),
    };
    match kind {
        _ if args.to_head => Dissection::response_to_head(bytes),
        MessageKind::Request => Dissection::request(bytes),
        MessageKind::Response => Dissection::response(bytes),
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
