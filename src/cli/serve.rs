//! `blankline serve`: the flags, what they make of a site and an engine, and the run itself.

use std::io::{self, ErrorKind, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgAction;
use clap::builder::FalseyValueParser;

use super::capture::Capture;
use super::class::{Class, LessonArgs};
use super::console::Console;
use super::inspect::{InspectorArgs, Page};
use super::signals::Signals;
use super::store_args::StoreArgs;
use super::trace::{Setting, TraceArgs};
use super::{CliError, Color, parse_lang};
use crate::app::files::Files;
use crate::app::password;
use crate::app::post::FormLimits;
use crate::app::stores::{StoreSettings, Stores};
use crate::app::{Settings, Site};
use crate::clock::Clock;
use crate::engine::{self, Background, Door, Engine, Listeners};
use crate::export::listening_event;
use crate::lessons::{Classroom, Watcher};
use crate::record::{Fan, Tap};
use crate::sessions::COOKIE_NAME;
use crate::wire::{
    Edition, FieldValue, HttpDate, Lang, Limits, MultipartLimits, Protocol, SetCookie,
};

/// The flags of `serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Address to listen on
    #[arg(
        long,
        env = "BLANKLINE_BIND",
        value_name = "ADDRESS",
        default_value = "127.0.0.1"
    )]
    pub bind: IpAddr,

    /// Port to listen on; 0 lets the system choose, and the first line says which
    #[arg(long, env = "BLANKLINE_PORT", value_name = "N", default_value_t = 8000)]
    pub port: u16,

    /// Fix the clock, so that every answer has the same bytes each time; alone it means the notes'
    /// own moment, Mon, 30 Oct 2017 02:02:09 GMT
    #[arg(
        long,
        env = "BLANKLINE_FROZEN",
        value_name = "HTTP-DATE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = NOTES_DATE,
        value_parser = parse_date,
    )]
    pub frozen: Option<HttpDate>,

    /// Whose HTTP to speak where the sources differ: notes, rfc1945 or rfc9110
    #[arg(
        long,
        env = "BLANKLINE_EDITION",
        value_name = "NAME",
        default_value = "notes"
    )]
    pub edition: Edition,

    /// Value of the Server field; an empty one sends no such field [default: blankline/VERSION]
    #[arg(long, env = "BLANKLINE_SERVER_HEADER", value_name = "S")]
    pub server_header: Option<String>,

    /// Folder for /static/ and /hotlink/; may be given several times, the first hit wins
    #[arg(
        long,
        env = "BLANKLINE_STATIC_DIR",
        value_name = "DIR",
        value_delimiter = ':'
    )]
    pub static_dir: Vec<PathBuf>,

    /// Where things are kept.
    #[command(flatten)]
    pub store: StoreArgs,

    /// Name of the session's cookie
    #[arg(
        long,
        env = "BLANKLINE_SESSION_COOKIE_NAME",
        value_name = "NAME",
        default_value = COOKIE_NAME,
        value_parser = parse_cookie_name
    )]
    pub session_cookie_name: String,

    /// Folder for the uploads [default: uploads in the data folder]
    #[arg(long, env = "BLANKLINE_UPLOAD_DIR", value_name = "DIR")]
    pub upload_dir: Option<PathBuf>,

    /// How often a password is hashed before it is stored
    #[arg(
        long,
        env = "BLANKLINE_PASSWORD_ITERATIONS",
        value_name = "N",
        default_value_t = password::ITERATIONS,
        value_parser = clap::value_parser!(u32).range(1..=10_000_000)
    )]
    pub password_iterations: u32,

    /// The language that comes first: en or zh
    #[arg(long, env = "BLANKLINE_LANG", value_name = "en|zh", default_value = "en", value_parser = parse_lang)]
    pub lang: Lang,

    /// Threads that each run a loop with a listener of its own
    #[arg(long, env = "BLANKLINE_LOOPS", value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub loops: usize,

    /// Threads for views that wait
    #[arg(long, env = "BLANKLINE_WORKERS", value_name = "N", default_value_t = 8, value_parser = at_least_one)]
    pub workers: usize,

    /// Requests that may wait for a worker
    #[arg(long, env = "BLANKLINE_QUEUE", value_name = "N", default_value_t = 512, value_parser = at_least_one)]
    pub queue: usize,

    /// Threads that write uploads to disk
    #[arg(long, env = "BLANKLINE_WRITERS", value_name = "N", default_value_t = 2, value_parser = at_least_one)]
    pub writers: usize,

    /// Whether to keep a connection when the client asks for it: on or off
    #[arg(
        long,
        env = "BLANKLINE_KEEP_ALIVE",
        value_name = "on|off",
        default_value = "on",
        value_parser = parse_switch,
        action = ArgAction::Set,
    )]
    pub keep_alive: bool,

    /// Whether /hotlink/ serves a request without a Referer: on or off
    #[arg(
        long,
        env = "BLANKLINE_HOTLINK_EMPTY",
        value_name = "on|off",
        default_value = "on",
        value_parser = parse_switch,
        action = ArgAction::Set,
    )]
    pub hotlink_empty: bool,

    /// Say nothing of exchanges, hints and stopping
    #[arg(long, env = "BLANKLINE_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,

    /// The live page.
    #[command(flatten)]
    pub inspector: InspectorArgs,

    /// The trace.
    #[command(flatten)]
    pub trace: TraceArgs,

    /// Write every packet of every connection to this file, for tshark and Wireshark (pcapng); needs no root
    #[arg(long, env = "BLANKLINE_PCAP", value_name = "FILE")]
    pub pcap: Option<PathBuf>,

    /// The lessons.
    #[command(flatten)]
    pub lessons: LessonArgs,

    /// The limits.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// One flag for each limit.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Bytes of a request's head, blank line included
    #[arg(
        long,
        env = "BLANKLINE_HEAD_BYTES",
        value_name = "BYTES",
        default_value_t = 16_384
    )]
    pub head_bytes: usize,

    /// Fields of a request's head
    #[arg(
        long,
        env = "BLANKLINE_FIELDS",
        value_name = "N",
        default_value_t = 100
    )]
    pub fields: usize,

    /// Bytes of a request target
    #[arg(
        long,
        env = "BLANKLINE_TARGET_BYTES",
        value_name = "BYTES",
        default_value_t = 2048
    )]
    pub target_bytes: usize,

    /// Bytes of a request's body
    #[arg(
        long,
        env = "BLANKLINE_MAX_BODY",
        value_name = "BYTES",
        default_value_t = 1_073_741_824
    )]
    pub max_body: u64,

    /// Bytes of a body that is held in memory, such as a form's
    #[arg(
        long,
        env = "BLANKLINE_FORM_BYTES",
        value_name = "BYTES",
        default_value_t = 2_621_440
    )]
    pub form_bytes: u64,

    /// Fields of a form or of a query
    #[arg(long, env = "BLANKLINE_FORM_FIELDS", value_name = "N", default_value_t = FormLimits::default().fields, value_parser = at_least_one)]
    pub form_fields: usize,

    /// Parts of a multipart form
    #[arg(long, env = "BLANKLINE_PARTS", value_name = "N", default_value_t = FormLimits::default().multipart.parts, value_parser = at_least_one)]
    pub parts: usize,

    /// Bytes of one part's head, blank line included
    #[arg(
        long,
        env = "BLANKLINE_PART_HEAD_BYTES",
        value_name = "BYTES",
        default_value_t = FormLimits::default().multipart.part_head_bytes,
        value_parser = at_least_one
    )]
    pub part_head_bytes: usize,

    /// Bytes that the upload folder may hold
    #[arg(
        long,
        env = "BLANKLINE_UPLOAD_QUOTA",
        value_name = "BYTES",
        default_value_t = 10_737_418_240
    )]
    pub upload_quota: u64,

    /// Seconds for a head, from its first byte to the blank line
    #[arg(long, env = "BLANKLINE_HEAD_TIME", value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub head_time: Duration,

    /// Seconds between two reads of a body
    #[arg(long, env = "BLANKLINE_BODY_TIME", value_name = "SECONDS", default_value = "30", value_parser = parse_seconds)]
    pub body_time: Duration,

    /// Seconds between two writes that the client takes
    #[arg(long, env = "BLANKLINE_WRITE_TIME", value_name = "SECONDS", default_value = "30", value_parser = parse_seconds)]
    pub write_time: Duration,

    /// Seconds between two requests of a kept connection
    #[arg(long, env = "BLANKLINE_KEEP_ALIVE_TIME", value_name = "SECONDS", default_value = "15", value_parser = parse_seconds)]
    pub keep_alive_time: Duration,

    /// Seconds for which a client that was answered early may go on sending
    #[arg(long, env = "BLANKLINE_LINGER_TIME", value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    pub linger_time: Duration,

    /// Bytes that it may go on sending
    #[arg(
        long,
        env = "BLANKLINE_LINGER_BYTES",
        value_name = "BYTES",
        default_value_t = 67_108_864
    )]
    pub linger_bytes: u64,

    /// Seconds of silence after which the console gives a hint
    #[arg(long, env = "BLANKLINE_HINT_TIME", value_name = "SECONDS", default_value = "3", value_parser = parse_seconds)]
    pub hint_time: Duration,

    /// Connections at once, in all loops together
    #[arg(long, env = "BLANKLINE_CONNECTIONS", value_name = "N", default_value_t = 16_384, value_parser = at_least_one)]
    pub connections: usize,

    /// Seconds for exchanges under way when the server is told to stop
    #[arg(long, env = "BLANKLINE_STOP_TIME", value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    pub stop_time: Duration,
}

impl LimitArgs {
    const fn form(&self) -> FormLimits {
        FormLimits {
            fields: self.form_fields,
            multipart: MultipartLimits {
                parts: self.parts,
                part_head_bytes: self.part_head_bytes,
            },
        }
    }
}

/// What `--frozen` alone means: the moment of the notes' own 302.
pub const NOTES_DATE: &str = "Mon, 30 Oct 2017 02:02:09 GMT";

impl ServeArgs {
    /// The engine's settings.
    ///
    /// # Errors
    ///
    /// A usage error when the flags do not go together.
    pub fn engine_settings(&self) -> Result<engine::Settings, CliError> {
        if self.frozen.is_some() && !self.bind.is_loopback() {
            return Err(CliError::Usage(format!(
                "--frozen makes everything predictable, so it only listens on loopback, not on {}",
                self.bind
            )));
        }
        Ok(engine::Settings {
            address: SocketAddr::new(self.bind, self.port),
            protocol: self.protocol(),
            clock: self.clock(),
            loops: self.loops,
            workers: self.workers,
            queue: self.queue,
            writers: self.writers,
            connections: self.limits.connections,
            stop_time: self.limits.stop_time,
        })
    }

    /// What connections are held to.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        let limits = &self.limits;
        Protocol {
            edition: self.edition,
            keep_alive: self.keep_alive,
            limits: Limits {
                head_bytes: limits.head_bytes,
                fields: limits.fields,
                target_bytes: limits.target_bytes,
                body_bytes: limits.max_body,
                head_time: limits.head_time,
                body_time: limits.body_time,
                write_time: limits.write_time,
                keep_alive_time: limits.keep_alive_time,
                linger_time: limits.linger_time,
                linger_bytes: limits.linger_bytes,
                hint_time: limits.hint_time,
            },
        }
    }

    /// What the trace has to know.
    #[must_use]
    pub const fn setting(&self) -> Setting {
        Setting {
            head_bytes: self.limits.head_bytes,
            is_reachable: !self.bind.is_loopback(),
            lang: self.lang,
        }
    }

    /// The site, for a server that listens at `address`.
    ///
    /// # Errors
    ///
    /// A usage error for a Server value that cannot stand in a field, an input/output error for a
    /// static folder that cannot be opened.
    pub fn site(&self, address: SocketAddr) -> Result<Site, CliError> {
        let own = concat!("blankline/", env!("CARGO_PKG_VERSION"));
        let server = match self.server_header.as_deref().unwrap_or(own) {
            "" => None,
            text => Some(FieldValue::new(text.as_bytes().to_vec()).map_err(|_| {
                CliError::Usage(
                    "--server-header: a control character cannot stand in a field".to_owned(),
                )
            })?),
        };
        let files = Files::new(&self.static_dir).map_err(|(folder, error)| CliError::Io {
            doing: format!("cannot open the static folder {}", folder.display()),
            error,
            hint: "--static-dir names a folder that exists and may be read.",
        })?;
        let settings = Settings {
            edition: self.edition,
            lang: self.lang,
            server,
            files,
            hotlink_without_referer: self.hotlink_empty,
            form_bytes: self.limits.form_bytes,
            form: self.limits.form(),
            session_cookie: self.session_cookie_name.clone(),
            host: address.to_string(),
        };
        let stores = Stores::open(&self.store_settings()).map_err(|(folder, error)| {
            CliError::Io {
                doing: format!("cannot use the folder {}", folder.display()),
                error,
                hint: "--data names the folder for the database and the uploads, --upload-dir another one for \
                       the uploads; this user has to be able to write there.",
            }
        })?;
        Ok(Site::new(settings, stores))
    }

    /// Serves the site on a port of the system's choice, until what is returned is dropped. The site
    /// believes that it listens at the flags' own address, so that its bytes do not depend on the port. Taps are
    /// the caller's affair, also the one that watches a classroom.
    ///
    /// # Errors
    ///
    /// As [`engine_settings`](Self::engine_settings) and [`site`](Self::site), and when the system gives no port
    /// or no thread.
    pub fn background(
        &self,
        classroom: Option<&Classroom>,
        tap: impl FnMut() -> Option<Box<dyn Tap>>,
    ) -> Result<Background, CliError> {
        let mut settings = self.engine_settings()?;
        let site = Arc::new(
            self.site(settings.address)?
                .with_classroom(classroom.cloned()),
        );
        settings.address.set_port(0);
        let listeners =
            Listeners::open(&settings).map_err(|error| cannot_listen(settings.address, error))?;
        let doors = vec![Door {
            listeners,
            service: site,
            protocol: settings.protocol.clone(),
            is_tapped: true,
        }];
        let engine = Engine::new(doors, &settings, tap).map_err(failed)?;
        Background::start(engine).map_err(failed)
    }

    fn store_settings(&self) -> StoreSettings {
        StoreSettings {
            data: self.store.data.clone(),
            upload_folder: self.upload_dir.clone(),
            upload_quota: self.limits.upload_quota,
            iterations: self.password_iterations,
            sessions: self.store.sessions(),
            clock: self.clock(),
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.frozen
            .map_or(Clock::System, |date| Clock::Frozen(date.seconds()))
    }
}

/// Serves until a signal stops it.
///
/// # Errors
///
/// As `Ready::new`.
pub fn serve(args: &ServeArgs, color: Color) -> Result<(), CliError> {
    let class = Class::open(&args.lessons, args.clock().wall())?;
    let ready = Ready::new(args, color, class.as_ref().map(Class::classroom))?;
    if !args.bind.is_loopback() {
        anstream::eprintln!("{}", warning(args.bind));
    }
    let voice = ready.watchers.console.as_ref().map(Console::voice);
    let signals = Signals::stop(
        ready.engine.handle(),
        voice,
        args.lang,
        args.limits.stop_time,
    );
    let signals = signals.map_err(failed)?;
    if let Some(json) = &ready.watchers.json {
        json.voice().say(listening_event(&ready.url).to_string());
    }
    if !args.trace.traces_to_stdout() {
        let mut listening = format!("listening on {}\n", ready.url);
        if let Some(page) = &ready.page {
            listening += &format!("inspector on {}\n", page.url());
            if class.is_some() {
                listening += &format!("class on {}class\n", page.url());
            }
        }
        let mut out = io::stdout();
        // Whoever started us may have closed our stdout; that is no reason not to serve.
        let _closed = out
            .write_all(listening.as_bytes())
            .and_then(|()| out.flush());
    }
    let Ready {
        engine, watchers, ..
    } = ready;
    let result = engine.run().map_err(failed);
    drop(signals);
    watchers.finish(args.limits.stop_time);
    if let Some(class) = class {
        class.finish();
    }
    result
}

/// A server that listens and is not running yet, and whoever watches it.
pub(super) struct Ready {
    /// The server.
    pub(super) engine: Engine,
    /// Where it is.
    pub(super) url: String,
    /// The live page, if there is one.
    pub(super) page: Option<Page>,
    /// Whoever watches it.
    pub(super) watchers: Watchers,
}

/// What has to be written to its end when the server is over.
pub(super) struct Watchers {
    console: Option<Console>,
    json: Option<Console>,
    capture: Option<Capture>,
}

impl Ready {
    /// Opens everything that the flags ask for; with a classroom, whoever comes is a learner.
    ///
    /// # Errors
    ///
    /// As [`ServeArgs::engine_settings`] and [`ServeArgs::site`], and when a port or the capture cannot be had.
    pub(super) fn new(
        args: &ServeArgs,
        color: Color,
        classroom: Option<&Classroom>,
    ) -> Result<Self, CliError> {
        let settings = args.engine_settings()?;
        let listeners =
            Listeners::open(&settings).map_err(|error| cannot_listen(settings.address, error))?;
        let site_address = listeners.address();
        let site = Arc::new(args.site(site_address)?.with_classroom(classroom.cloned()));
        let console = if args.quiet {
            None
        } else {
            let styles = color.styles(&io::stderr());
            let console = args.trace.console(io::stderr(), args.setting(), styles);
            Some(console.map_err(failed)?)
        };
        let json = args.trace.json(args.setting())?;
        let voice = console.as_ref().map(Console::voice);
        let capture = args
            .pcap
            .as_deref()
            .map(|path| Capture::start(path, args.lang, voice))
            .transpose()?;
        let mut doors = vec![Door {
            listeners,
            service: site,
            protocol: settings.protocol.clone(),
            is_tapped: true,
        }];
        let page = args.inspector.open(
            args.port,
            site_address,
            args.trace.hides_secrets(args.setting()),
            classroom,
        )?;
        let page = page.map(|(door, page)| {
            doors.push(door);
            page
        });
        let tap = || {
            let consoles = [&console, &json].into_iter().flatten();
            // The watcher is first, so that a verdict is there when the live page hears of its exchange.
            let taps = classroom
                .map(|classroom| Box::new(Watcher::new(classroom.clone())) as Box<dyn Tap>)
                .into_iter()
                .chain(consoles.map(Console::tap))
                .chain(capture.as_ref().map(Capture::tap))
                .chain(page.as_ref().map(Page::tap));
            fan(taps.collect())
        };
        let engine = Engine::new(doors, &settings, tap).map_err(failed)?;
        Ok(Self {
            engine,
            url: format!("http://{site_address}/"),
            page,
            watchers: Watchers {
                console,
                json,
                capture,
            },
        })
    }
}

impl Watchers {
    /// Waits until it is written, for so long at most.
    pub(super) fn finish(self, patience: Duration) {
        if let Some(capture) = self.capture {
            capture.finish(patience);
        }
        for console in [self.console, self.json].into_iter().flatten() {
            console.finish(patience);
        }
    }
}

/// Several taps as one; none when there are none, so that nothing is recorded.
fn fan(mut taps: Vec<Box<dyn Tap>>) -> Option<Box<dyn Tap>> {
    match taps.len() {
        0 | 1 => taps.pop(),
        _ => Some(Box::new(Fan(taps))),
    }
}

pub(super) fn failed(error: io::Error) -> CliError {
    CliError::Io {
        doing: "cannot serve any longer".to_owned(),
        error,
        hint: "",
    }
}

fn cannot_listen(address: SocketAddr, error: io::Error) -> CliError {
    CliError::Io {
        doing: format!("cannot listen on {address}"),
        hint: match error.kind() {
            ErrorKind::AddrInUse => {
                "Another program has this port: stop it, or take another one with --port (0 lets the system choose)."
            }
            ErrorKind::PermissionDenied => {
                "Ports below 1024 need permission: take another one with --port, such as 8000."
            }
            ErrorKind::AddrNotAvailable => {
                "--bind takes an address of this machine, such as 127.0.0.1."
            }
            _ => "",
        },
        error,
    }
}

pub(super) fn warning(bind: IpAddr) -> String {
    format!(
        "warning: {bind} is not loopback, so other machines can reach this server; it is made for lessons, not for the internet"
    )
}

fn parse_date(text: &str) -> Result<HttpDate, String> {
    HttpDate::parse(text.as_bytes())
        .ok_or_else(|| format!("`{text}` is no HTTP-date, such as `{NOTES_DATE}`"))
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{text}` is neither on nor off")),
    }
}

/// Seconds, with a fraction if need be, above 0 and at most a day.
pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0 && *seconds <= 86_400.0);
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        format!("`{text}` is no time: seconds above 0 and up to 86400, such as 60 or 0.5")
    })
}

fn parse_cookie_name(text: &str) -> Result<String, String> {
    match SetCookie::new(text.as_bytes(), b"") {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!(
            "`{text}` is no cookie's name: letters, digits and !#$%&'*+-.^_`|~ only"
        )),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`{text}` is no number of at least 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_get_no_port_has_its_advice() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        for (kind, word) in [
            (ErrorKind::AddrInUse, "Another program"),
            (ErrorKind::PermissionDenied, "below 1024"),
            (ErrorKind::AddrNotAvailable, "this machine"),
        ] {
            let sentence = cannot_listen(address, kind.into()).to_string();
            assert!(sentence.starts_with("cannot listen on 127.0.0.1:80: "));
            assert!(sentence.contains(word), "{sentence}");
        }
    }

    #[test]
    fn seconds_may_have_a_fraction_and_are_above_zero() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "1e9", "NaN", "inf", "a minute", ""] {
            assert!(parse_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
