//! `serve --trace` and `--trace-json`: the flags, and what follows connections for them.
//!
//! This file keeps what is known of open connections; the text is `export`'s, the thread and its queue are
//! the console's. After records were lost, connections that were open are followed no further: their
//! offsets would be wrong. Their exchanges still get a line each.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::FalseyValueParser;

use super::CliError;
use super::console::{Console, Lines, Scribe};
use crate::export::{
    EventStyle, TraceDetail, TraceStyle, exchange_event, exchange_lines, hint_event, hint_lines,
    lost_event, moment_event, moment_lines, transcript_lines,
};
use crate::record::{
    Assembled, Assembler, Detail, Exchange, Hint, Moment, Open, Record, Transcript,
};
use crate::wire::Lang;

/// The flags of the trace.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Trace")]
pub struct TraceArgs {
    /// What stderr shows of the wire: off, line (one an exchange), head (every head as it comes), full
    /// (bodies too) or hex
    #[arg(
        long,
        env = "BLANKLINE_TRACE",
        value_name = "MODE",
        default_value = "line",
        hide_possible_values = true
    )]
    pub trace: TraceMode,

    /// Bytes of a body that the trace shows; the others are counted
    #[arg(
        long,
        env = "BLANKLINE_TRACE_BODY",
        value_name = "BYTES",
        default_value_t = 1024
    )]
    pub trace_body: usize,

    /// Write the trace to this file as well, one JSON event a line; - is stdout, which then has nothing else
    #[arg(long, env = "BLANKLINE_TRACE_JSON", value_name = "FILE")]
    pub trace_json: Option<PathBuf>,

    /// Show passwords and session ids in the trace and on the live page also where other machines can reach the server
    #[arg(long, env = "BLANKLINE_SHOW_SECRETS", value_parser = FalseyValueParser::new())]
    pub show_secrets: bool,
}

/// How much stderr shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceMode {
    /// Nothing of exchanges.
    Off,
    /// One line an exchange.
    Line,
    /// Heads as they come, and how long bodies are.
    Head,
    /// Bodies too.
    Full,
    /// All of it in hexadecimal.
    Hex,
}

/// What a trace has to know of the server.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Bytes that a head may have.
    pub head_bytes: usize,
    /// Whether other machines can reach it: then passwords and session ids are hidden.
    pub is_reachable: bool,
    /// The language of the words.
    pub lang: Lang,
}

impl TraceArgs {
    /// Starts what writes to `out`, stderr as a rule.
    ///
    /// # Errors
    ///
    /// When the system has no thread for it.
    pub fn console(
        &self,
        out: impl Write + Send + 'static,
        setting: Setting,
        with_styles: bool,
    ) -> io::Result<Console> {
        let lines = |detail| Lines {
            lang: setting.lang,
            detail,
            hides_secrets: self.hides_secrets(setting),
        };
        let detail = match self.trace {
            TraceMode::Off => return Console::start(out, lines(Detail::Nothing), with_styles),
            TraceMode::Line => return Console::start(out, lines(Detail::Exchanges), with_styles),
            TraceMode::Head => TraceDetail::Head,
            TraceMode::Full => TraceDetail::Full,
            TraceMode::Hex => TraceDetail::Hex,
        };
        let pen = TextPen(TraceStyle {
            detail,
            body_bytes: self.trace_body,
            hides_secrets: self.hides_secrets(setting),
            lang: setting.lang,
        });
        Console::start(out, self.follower(setting, pen), with_styles)
    }

    /// Starts the JSON trace, if there is to be one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or the system has no thread.
    pub fn json(&self, setting: Setting) -> Result<Option<Console>, CliError> {
        let Some(path) = &self.trace_json else {
            return Ok(None);
        };
        let failed = |error| CliError::Io {
            doing: format!("cannot write the trace to {}", path.display()),
            error,
            hint: "--trace-json names a file in a folder that exists; a dash is stdout.",
        };
        let out: Box<dyn Write + Send> = if self.traces_to_stdout() {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(failed)?)
        };
        let pen = JsonPen(EventStyle {
            body_bytes: self.trace_body,
            hides_secrets: self.hides_secrets(setting),
        });
        // JSON has no styles to take out.
        let console = Console::start(out, self.follower(setting, pen), true);
        console.map(Some).map_err(failed)
    }

    /// Whether stdout is the JSON trace's.
    #[must_use]
    pub fn traces_to_stdout(&self) -> bool {
        let path = self.trace_json.as_ref();
        path.is_some_and(|path| path.as_os_str() == "-")
    }

    /// Whether passwords and session ids are hidden.
    #[must_use]
    pub const fn hides_secrets(&self, setting: Setting) -> bool {
        setting.is_reachable && !self.show_secrets
    }

    const fn follower<P>(&self, setting: Setting, pen: P) -> Follower<P> {
        Follower {
            assembler: Assembler::new(setting.head_bytes.saturating_add(self.trace_body)),
            most: setting.head_bytes.saturating_add(self.trace_body),
            pen,
        }
    }
}

/// Follows connections, and has a pen write what happens.
struct Follower<P> {
    assembler: Assembler,
    most: usize,
    pen: P,
}

/// What writes a trace.
trait Pen: Send + 'static {
    fn moment(&self, out: &mut String, moment: &Moment, open: &Open);
    fn transcript(&self, out: &mut String, transcript: &Transcript);
    /// An exchange whose bytes are not known.
    fn exchange(&self, out: &mut String, exchange: &Exchange);
    fn hint(&self, out: &mut String, hint: &Hint, connection: Option<u64>);
    fn lost(&self, out: &mut String, lost: u64);
}

impl<P: Pen> Scribe for Follower<P> {
    fn detail(&self) -> Detail {
        Detail::Wire
    }

    fn tell(&mut self, out: &mut String, record: &Record) {
        let assembled = self.assembler.take(record);
        match (record, &assembled) {
            (Record::Moment(moment), Some(Assembled::Over(open))) => {
                self.pen.moment(out, moment, open);
            }
            (Record::Moment(moment), _) => {
                if let Some(open) = self.assembler.open(moment.connection) {
                    self.pen.moment(out, moment, open);
                }
            }
            (Record::Exchange(_), Some(Assembled::Exchange(transcript))) => {
                self.pen.transcript(out, transcript);
            }
            (Record::Exchange(exchange), _) => self.pen.exchange(out, exchange),
            (Record::Hint(hint), _) => {
                let connection = self.assembler.number_of(hint.peer);
                self.pen.hint(out, hint, connection);
            }
        }
    }

    fn lost(&mut self, out: &mut String, lost: u64) {
        self.pen.lost(out, lost);
    }

    fn gap(&mut self) {
        self.assembler = Assembler::new(self.most);
    }
}

struct TextPen(TraceStyle);

impl Pen for TextPen {
    fn moment(&self, out: &mut String, moment: &Moment, open: &Open) {
        moment_lines(out, moment, open, &self.0);
    }

    fn transcript(&self, out: &mut String, transcript: &Transcript) {
        transcript_lines(out, transcript, &self.0);
    }

    fn exchange(&self, out: &mut String, exchange: &Exchange) {
        exchange_lines(out, exchange, self.0.lang, self.0.hides_secrets);
    }

    fn hint(&self, out: &mut String, hint: &Hint, connection: Option<u64>) {
        hint_lines(out, hint, connection, self.0.lang);
    }

    fn lost(&self, out: &mut String, lost: u64) {
        *out += &match self.0.lang {
            Lang::En => format!(
                "(missing here: {lost} records; more came than could be shown, and connections that were open get one line an exchange)\n"
            ),
            Lang::Zh => format!(
                "（此处缺少 {lost} 条记录：来得太快，显示不过来；当时已打开的连接每次请求只显示一行）\n"
            ),
        };
    }
}

struct JsonPen(EventStyle);

impl Pen for JsonPen {
    fn moment(&self, out: &mut String, moment: &Moment, open: &Open) {
        line(out, &moment_event(moment, open, &self.0));
    }

    fn transcript(&self, out: &mut String, transcript: &Transcript) {
        let event = exchange_event(&transcript.exchange, Some(transcript), &self.0);
        line(out, &event);
    }

    fn exchange(&self, out: &mut String, exchange: &Exchange) {
        line(out, &exchange_event(exchange, None, &self.0));
    }

    fn hint(&self, out: &mut String, hint: &Hint, connection: Option<u64>) {
        line(out, &hint_event(hint, connection));
    }

    fn lost(&self, out: &mut String, lost: u64) {
        line(out, &lost_event(lost));
    }
}

fn line(out: &mut String, event: &impl ToString) {
    *out += &event.to_string();
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::cli::parse_serve_args;
    use crate::record::samples::{opened, received};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_loss_only_what_is_whole_is_followed() {
        let args = parse_serve_args(["--trace=head".into()]).unwrap();
        let paper = Paper::default();
        let console = args.trace.console(paper.clone(), args.setting(), false);
        let console = console.unwrap();
        let mut tap = console.tap();
        // One read that no queue has room for.
        let large = vec![0; 20 * 1024 * 1024];
        tap.take(&mut vec![
            opened(1),
            received(1, b"GET /one"),
            received(1, &large),
            received(1, b"unknown place"),
            opened(2),
            received(2, b"GET /two"),
        ]);
        drop(tap);
        console.finish(Duration::from_secs(60));
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("(missing here: 1 records;"), "{text}");
        assert!(
            text.contains("GET /one\n") && text.contains("GET /two\n"),
            "{text}"
        );
        assert!(!text.contains("unknown place"), "{text}");
    }
}
