//! `serve`'s live page: its flags, its door, and what becomes of it when its port is taken.
//!
//! The page is on loopback only, whatever `--bind` says: it shows everything, and asks nobody who they are.

use std::net::{Ipv4Addr, SocketAddr};

use clap::builder::FalseyValueParser;

use super::CliError;
use crate::engine::{Door, Listeners};
use crate::inspector::{Inspector, Settings};
use crate::lessons::Classroom;
use crate::record::Tap;
use crate::wire::Protocol;

/// The flags of the live page. Whether it hides secrets is the trace's `--show-secrets` to say.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Live page")]
pub struct InspectorArgs {
    /// Port of the live page that shows every byte, on 127.0.0.1 [default: 8001, or 0 with --port 0]
    #[arg(long, env = "BLANKLINE_INSPECTOR_PORT", value_name = "N")]
    pub inspector_port: Option<u16>,

    /// Do without the live page
    #[arg(long, env = "BLANKLINE_NO_INSPECTOR", value_parser = FalseyValueParser::new())]
    pub no_inspector: bool,

    /// Bytes that the live page may remember
    #[arg(
        long,
        env = "BLANKLINE_JOURNAL_BYTES",
        value_name = "BYTES",
        default_value_t = 16_777_216
    )]
    pub journal_bytes: usize,
}

/// A live page that has its door.
#[derive(Debug)]
pub struct Page {
    inspector: Inspector,
    address: SocketAddr,
}

/// Where the page is, unless something else is asked for.
const PORT: u16 = 8001;

impl InspectorArgs {
    /// Opens the page of a server that listens at `site`, whose `--port` was `port`. There is none when there is
    /// to be none; or when its port is taken and nobody asked for that port, which is said on stderr.
    ///
    /// # Errors
    ///
    /// When the port that was asked for cannot be had, or the system has no thread.
    pub fn open(
        &self,
        port: u16,
        site: SocketAddr,
        hides_secrets: bool,
        classroom: Option<&Classroom>,
    ) -> Result<Option<(Door, Page)>, CliError> {
        if self.no_inspector {
            return Ok(None);
        }
        let usual = if port == 0 { 0 } else { PORT };
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, self.inspector_port.unwrap_or(usual)));
        let listeners = match Listeners::open_at(wanted, 1) {
            Ok(listeners) => listeners,
            Err(error) if self.inspector_port.is_none() => {
                anstream::eprintln!("no live page: cannot listen on {wanted}: {error}. {INSTEAD}");
                return Ok(None);
            }
            Err(error) => {
                return Err(CliError::Io {
                    doing: format!("cannot open the live page on {wanted}"),
                    error,
                    hint: INSTEAD,
                });
            }
        };
        let address = listeners.address();
        let inspector = Inspector::start(Settings {
            address,
            site,
            journal_bytes: self.journal_bytes,
            hides_secrets,
            classroom: classroom.cloned(),
        });
        let inspector = inspector.map_err(|error| CliError::Io {
            doing: "cannot start the live page".to_owned(),
            error,
            hint: "",
        })?;
        let door = Door {
            listeners,
            service: inspector.service(),
            protocol: Protocol::default(),
            is_tapped: false,
        };
        Ok(Some((door, Page { inspector, address })))
    }
}

impl Page {
    /// A tap for one loop.
    #[must_use]
    pub fn tap(&self) -> Box<dyn Tap> {
        self.inspector.tap()
    }

    /// Where it is, with the real port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

const INSTEAD: &str =
    "Take another port with --inspector-port (0 lets the system choose), or say --no-inspector.";
