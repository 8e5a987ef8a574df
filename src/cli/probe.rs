//! `blankline probe`: the roles turned round. You are the server; this asks, and grades what you answer byte for byte.
//!
//! The checks of `--see` are those of the lessons' steps, and the faults are those of `dissect`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::serve::parse_seconds;
use super::{CliError, Color, REFUSED, parse_lang, print};
use crate::clock::Clock;
use crate::export::{Dissection, dissection_rows, fault_lines};
use crate::golden::{End, converse};
use crate::lessons::{Check, Kind, Past, Seen};
use crate::wire::Lang;

/// The flags of `probe`.
#[derive(Clone, Debug, clap::Args)]
pub struct ProbeArgs {
    /// Your server, such as 127.0.0.1:9000 while `nc -l 9000` runs
    #[arg(value_name = "HOST:PORT")]
    server: String,

    /// The target that is asked for
    #[arg(
        long,
        env = "BLANKLINE_PROBE_TARGET",
        value_name = "TARGET",
        default_value = "/"
    )]
    target: String,

    /// File with the bytes to send instead of a GET
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    request: Option<PathBuf>,

    /// What has to be seen, such as `status 302` or `answer Location = /user/`; may be given several times
    #[arg(long, value_name = "CHECK")]
    see: Vec<String>,

    /// Seconds for the whole answer: it may be typed
    #[arg(long, env = "BLANKLINE_PROBE_TIME", value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    time: Duration,

    /// Ask a server on another machine: with its owner's leave
    #[arg(long)]
    allow_remote: bool,

    /// The language: en or zh
    #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
    lang: Lang,
}

/// Asks, shows each byte of the answer with its label, and what is wrong with it. The exit code is 1 when something is.
///
/// # Errors
///
/// When a check says nothing, the server is not on loopback, or cannot be reached.
pub fn probe(args: &ProbeArgs, color: Color) -> Result<ExitCode, CliError> {
    let mut checks = Vec::new();
    for text in &args.see {
        let check = Check::parse(text)
            .map_err(|error| CliError::Usage(format!("--see `{text}`: {error}")))?;
        checks.push(check);
    }
    let address = super::address(&args.server, args.allow_remote)?;
    let request = match &args.request {
        Some(path) => fs::read(path).map_err(|error| CliError::Io {
            doing: format!("cannot read {}", path.display()),
            error,
            hint: "",
        })?,
        None => format!(
            "GET {} HTTP/1.0\r\nHost: {}\r\n\r\n",
            args.target, args.server
        )
        .into_bytes(),
    };
    let (answer, end) =
        converse(address, &[&request], false, args.time).map_err(|error: io::Error| {
            CliError::Io {
                doing: format!("cannot ask {address}"),
                error,
                hint: "Is your server listening there? With netcat: nc -l 9000, or nc -l -p 9000.",
            }
        })?;
    let seen = Seen::probe(&request, &answer, end == End::Closed, Clock::System.wall());
    let (text, is_right) = grade(&seen, end, &checks, args.lang);
    print(&text, color)?;
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

/// The answer labelled, its faults, and the checks; whether nothing is wrong.
fn grade(seen: &Seen, end: End, checks: &[Check], lang: Lang) -> (String, bool) {
    let answer = seen.response.bytes();
    if answer.is_empty() {
        let nothing = match lang {
            Lang::En => "Nothing came back.\n",
            Lang::Zh => "什么也没有回来。\n",
        };
        return (nothing.to_owned(), false);
    }
    let mut text = dissection_rows(&Dissection::response(answer.to_vec()), SHOWN, lang);
    let mut is_right = true;
    if seen.response.status().is_none() && seen.response.anatomy().end() == 0 {
        is_right = false;
        text += match lang {
            Lang::En => {
                "\nThere is no status line, so all of it is body: an answer of HTTP/0.9 (RFC 1945 6).\n"
            }
            Lang::Zh => "\n没有状态行，所以全部都是主体：这是 HTTP/0.9 的回答（RFC 1945 6）。\n",
        };
    }
    if !matches!(seen.kind, Kind::Probe { is_closed: true }) {
        is_right = false;
        text += match (end, lang) {
            (End::Reset, Lang::En) => "\nThe connection was reset.\n",
            (End::Reset, Lang::Zh) => "\n连接被重置了。\n",
            (_, Lang::En) => {
                "\nThe connection is still open: after its answer an HTTP/1.0 server closes it (RFC 1945 1.3).\n"
            }
            (_, Lang::Zh) => {
                "\n连接还开着：HTTP/1.0 的服务器回答之后就关闭连接（RFC 1945 1.3）。\n"
            }
        };
    }
    for fault in &seen.faults {
        is_right = false;
        text.push('\n');
        fault_lines(&mut text, fault, answer, "", lang);
    }
    if !checks.is_empty() {
        text.push('\n');
    }
    for check in checks {
        let holds = check.look(seen, &Past::default()).holds;
        is_right &= holds;
        text += &format!("{} {}\n", if holds { "✓" } else { "✗" }, check.words(lang));
    }
    text += match (is_right, lang) {
        (true, Lang::En) => "\nRight, to the last byte.\n",
        (true, Lang::Zh) => "\n每个字节都对。\n",
        (false, Lang::En) => "\nNot right yet.\n",
        (false, Lang::Zh) => "\n还不对。\n",
    };
    (text, is_right)
}

/// Bytes of a body that are shown.
const SHOWN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(answer: &str, end: End, checks: &[&str]) -> (String, bool) {
        let is_closed = end == End::Closed;
        let seen = Seen::probe(
            b"GET / HTTP/1.0\r\n\r\n",
            answer.as_bytes(),
            is_closed,
            std::time::UNIX_EPOCH,
        );
        let checks: Vec<Check> = checks
            .iter()
            .map(|text| Check::parse(text).unwrap())
            .collect();
        let (text, is_right) = grade(&seen, end, &checks, Lang::En);
        (anstream::adapter::strip_str(&text).to_string(), is_right)
    }

    #[test]
    fn a_right_answer_is_right() {
        let answer = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let (text, is_right) = graded(answer, End::Closed, &["status 200", "answer-body = hello"]);
        assert!(is_right, "{text}");
        assert!(text.contains("status-code") && text.ends_with("Right, to the last byte.\n"));
    }

    #[test]
    fn each_wrong_answer_is_told_why() {
        for (answer, end, word) in [
            ("", End::Closed, "Nothing came back"),
            ("hello", End::Closed, "no status line"),
            (
                "HTTP/1.0 200 OK\nContent-Length: 5\n\nhello",
                End::Closed,
                "bare-lf at byte 15",
            ),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                End::Closed,
                "body-cut-short",
            ),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello!",
                End::Closed,
                "excess-bytes",
            ),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n",
                End::Closed,
                "head-cut-short",
            ),
            ("HTTP/1.0 abc OK\r\n\r\n", End::Closed, "bad-status"),
            ("HTTP/1.0 200 OK\r\n\r\nhello", End::TimedOut, "still open"),
            ("HTTP/1.0 200 OK\r\n\r\nhello", End::Reset, "reset"),
        ] {
            let (text, is_right) = graded(answer, end, &[]);
            assert!(!is_right && text.contains(word), "{answer}: {text}");
        }
        let (text, is_right) = graded("HTTP/1.0 200 OK\r\n\r\nhi", End::Closed, &["status 302"]);
        assert!(!is_right && text.contains("✗ status 302"), "{text}");
    }
}
