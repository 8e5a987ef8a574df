//! `blankline canned`: exact bytes for testing clients. The server is `canned`'s; this file has its flags and prints what
//! came.

use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::CliError;
use crate::canned::{CaseError, ClientEnd, Received, Server};
use crate::wire::Escaped;

/// The flags of `canned`.
#[derive(Clone, Debug, clap::Args)]
pub struct CannedArgs {
    /// Folder of cases, NAME/response.http, or one case
    pub dir: PathBuf,

    /// Address to listen on
    #[arg(
        long,
        env = "BLANKLINE_CANNED_BIND",
        value_name = "ADDRESS",
        default_value = "127.0.0.1"
    )]
    pub bind: IpAddr,

    /// Port to listen on; 0 lets the system choose, and the first line says which
    #[arg(
        long,
        env = "BLANKLINE_CANNED_PORT",
        value_name = "N",
        default_value_t = 8000
    )]
    pub port: u16,

    /// Listen where other machines can reach it, if --bind says so
    #[arg(long)]
    pub allow_remote: bool,

    /// Stop after the first request that a case answers
    #[arg(long)]
    pub once: bool,

    /// Connections at once; further ones wait
    #[arg(
        long,
        env = "BLANKLINE_CANNED_CONNECTIONS",
        value_name = "N",
        default_value_t = 64
    )]
    pub connections: usize,

    /// Folder in which each connection is kept as a case, with what the client really sent
    #[arg(long, env = "BLANKLINE_CANNED_LOG", value_name = "DIR")]
    pub log: Option<PathBuf>,

    /// Cases that are kept there
    #[arg(
        long,
        env = "BLANKLINE_CANNED_LOG_CASES",
        value_name = "N",
        default_value_t = 1000
    )]
    pub log_cases: usize,
}

/// Serves until it has answered once, with `--once`, or a signal ends it.
///
/// # Errors
///
/// When the folder has no case, the address is not loopback, or the port cannot be had.
pub fn canned(args: &CannedArgs) -> Result<(), CliError> {
    if !args.bind.is_loopback() && !args.allow_remote {
        return Err(CliError::Usage(format!(
            "{} is not loopback: with --allow-remote, other machines may be answered too",
            args.bind
        )));
    }
    let address = SocketAddr::new(args.bind, args.port);
    let server = Server::open(&args.dir).map_err(unreadable)?;
    let mut server = server.at(address).connections(args.connections);
    if args.once {
        server = server.once();
    }
    if let Some(folder) = &args.log {
        server = server.log(folder.clone(), args.log_cases);
    }
    let running = server.start().map_err(|error| CliError::Io {
        doing: format!("cannot listen on {address}, or not write the log"),
        error,
        hint: "--port takes another port (0 lets the system choose), --log another folder.",
    })?;
    let mut out = io::stdout();
    // Whoever started us may have closed our stdout; that is no reason not to serve.
    let _closed =
        writeln!(out, "listening on http://{}/", running.address()).and_then(|()| out.flush());
    while let Some(received) = received(&running) {
        anstream::eprintln!("{}", line(&received));
    }
    running.stop().map_err(|error| CliError::Io {
        doing: "cannot write the log".to_owned(),
        error,
        hint: "Is there room, and may this user write there?",
    })
}

fn received(running: &crate::canned::Running) -> Option<Received> {
    loop {
        let received = running.next(Duration::from_secs(3600));
        if received.is_some() || running.is_over(Duration::ZERO) {
            return received;
        }
    }
}

/// One line on a connection: who sent what, what left, and how the client took it.
fn line(received: &Received) -> String {
    let first = received.bytes.split(|octet| *octet == b'\n').next();
    let first = first.unwrap_or_default().trim_ascii_end();
    let shown = first.get(..MOST_SHOWN).unwrap_or(first);
    let what = match &received.case {
        None => "no case fits: closed without a byte".to_owned(),
        Some(case) => format!("{case}: {} bytes sent", received.sent.len()),
    };
    let end = match received.client_end {
        ClientEnd::Closed => "the client closed",
        ClientEnd::Reset => "the client reset",
        ClientEnd::Open => "the client was still there",
    };
    let (client, length) = (received.client, received.bytes.len());
    format!(
        "{client}  {}  ({length} bytes)  {what}, {end}",
        Escaped(shown)
    )
}

/// Bytes of a request's first line on the console.
const MOST_SHOWN: usize = 200;

fn unreadable(error: CaseError) -> CliError {
    match error {
        CaseError::Io(path, error) => CliError::Io {
            doing: format!("cannot read {}", path.display()),
            error,
            hint: "DIR is a folder of cases, NAME/response.http.",
        },
        other => CliError::Usage(other.to_string()),
    }
}
