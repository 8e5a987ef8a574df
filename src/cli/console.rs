//! The console: records on their way from the loops to stderr, or to a file.
//!
//! Loops must not wait for a terminal, so what they tell goes through a queue to a thread of its own,
//! where a [`Scribe`] makes text of it; all that waits in the queue is written at once. The queue is
//! bounded in records and in bytes. When it is full a record is dropped and counted, and the console says
//! so as soon as it has room again. At the end everything in the queue is still written, for as long as
//! the terminal takes it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::export::{exchange_lines, hint_line};
use crate::record::{Detail, Happening, Record, Tap};
use crate::wire::Lang;

/// Makes text of what a console is told, in the order in which it was told.
pub trait Scribe: Send + 'static {
    /// What it wants to be told.
    fn detail(&self) -> Detail;

    /// Adds a record to `out`, in whole lines.
    fn tell(&mut self, out: &mut String, record: &Record);

    /// Adds what is to be said of `lost` records, at least one, that are missing.
    fn lost(&mut self, out: &mut String, lost: u64);

    /// Records are missing between the last one told and the next: what is known of open connections is
    /// no longer whole.
    fn gap(&mut self) {}
}

/// One line an exchange: the usual console.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The language of the sentences.
    pub lang: Lang,
    /// What it tells of.
    pub detail: Detail,
    /// Whether secrets are hidden ([`secrets`](crate::export::secrets)).
    pub hides_secrets: bool,
}

/// A running console. Give its taps and its voices away, and [`finish`](Console::finish) it after them.
#[derive(Debug)]
pub struct Console {
    queue: SyncSender<Message>,
    detail: Detail,
    toll: Arc<Toll>,
    /// Ends when the thread has written everything.
    written: Receiver<()>,
}

/// A way to say a line on the console; it never waits.
#[derive(Clone, Debug)]
pub struct Voice {
    queue: SyncSender<Message>,
}

#[derive(Debug)]
enum Message {
    Told(Record),
    Said(String),
    Gap,
}

/// What the taps and the thread count together.
#[derive(Debug, Default)]
struct Toll {
    lost: AtomicU64,
    /// Bytes of moments in the queue.
    waiting: AtomicUsize,
}

struct ConsoleTap {
    queue: SyncSender<Message>,
    detail: Detail,
    toll: Arc<Toll>,
    /// Whether a record was lost since the last one that was sent.
    has_gap: bool,
}

impl Console {
    /// Starts the thread; it writes to `out`, with or without terminal styles.
    ///
    /// # Errors
    ///
    /// When the system has no thread for it.
    pub fn start(
        out: impl Write + Send + 'static,
        scribe: impl Scribe,
        with_styles: bool,
    ) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let (writing, written) = sync_channel(1);
        let detail = scribe.detail();
        let toll = Arc::new(Toll::default());
        let mut desk = Desk {
            out,
            scribe,
            toll: Arc::clone(&toll),
            with_styles,
            text: String::new(),
        };
        std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                // Held until the thread ends, however it ends.
                let _writing: SyncSender<()> = writing;
                desk.work(&messages);
            })?;
        Ok(Self {
            queue,
            detail,
            toll,
            written,
        })
    }

    /// A tap for one loop.
    #[must_use]
    pub fn tap(&self) -> Box<dyn Tap> {
        Box::new(ConsoleTap {
            queue: self.queue.clone(),
            detail: self.detail,
            toll: Arc::clone(&self.toll),
            has_gap: false,
        })
    }

    /// For words that are about no exchange.
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice {
            queue: self.queue.clone(),
        }
    }

    /// Waits until all is written, but not longer than `patience`: a terminal that takes nothing must
    /// not keep the process. Taps and voices must be gone before.
    pub fn finish(self, patience: Duration) {
        let Self { queue, written, .. } = self;
        drop(queue);
        // The thread sends nothing: its end ends the waiting.
        let _ended_or_stuck = written.recv_timeout(patience);
    }
}

impl Voice {
    /// Says a line, unless the queue is full.
    pub fn say(&self, line: impl Into<String>) {
        // A full queue means that nobody reads.
        let _full = self.queue.try_send(Message::Said(line.into()));
    }
}

impl Tap for ConsoleTap {
    fn detail(&self) -> Detail {
        self.detail
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            // Another tap may have wanted more.
            let wanted = match record {
                Record::Moment(_) => Detail::Wire,
                Record::Exchange(_) | Record::Hint(_) => Detail::Exchanges,
            };
            if self.detail >= wanted && !self.send(record) {
                self.toll.lost.fetch_add(1, Ordering::Relaxed);
                self.has_gap = true;
            }
        }
    }
}

impl ConsoleTap {
    /// Whether there was room for it.
    fn send(&mut self, record: Record) -> bool {
        let weight = weight(&record);
        if self.toll.waiting.load(Ordering::Relaxed) + weight > MOST_WAITING {
            return false;
        }
        if self.has_gap && self.queue.try_send(Message::Gap).is_err() {
            return false;
        }
        self.has_gap = false;
        // Before it is sent, since the thread takes it off again.
        self.toll.waiting.fetch_add(weight, Ordering::Relaxed);
        let is_sent = self.queue.try_send(Message::Told(record)).is_ok();
        if !is_sent {
            self.toll.waiting.fetch_sub(weight, Ordering::Relaxed);
        }
        is_sent
    }
}

/// How many bytes of a message it holds.
fn weight(record: &Record) -> usize {
    match record {
        Record::Moment(moment) => match &moment.what {
            Happening::Received(bytes) | Happening::Sent(bytes) => bytes.len(),
            _ => 0,
        },
        Record::Exchange(_) | Record::Hint(_) => 0,
    }
}

/// Where the thread works.
struct Desk<W, S> {
    out: W,
    scribe: S,
    toll: Arc<Toll>,
    with_styles: bool,
    text: String,
}

impl<W: Write, S: Scribe> Desk<W, S> {
    /// Writes until the last sender is gone.
    fn work(&mut self, messages: &Receiver<Message>) {
        let mut is_open = true;
        while is_open {
            match messages.recv() {
                Ok(first) => {
                    for message in std::iter::once(first)
                        .chain(messages.try_iter())
                        .take(QUEUE)
                    {
                        self.add(message);
                    }
                }
                // Something may have been lost since the last batch.
                Err(_) => is_open = false,
            }
            let lost = self.toll.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.scribe.lost(&mut self.text, lost);
            }
            self.write();
        }
    }

    fn add(&mut self, message: Message) {
        match message {
            Message::Told(record) => {
                self.scribe.tell(&mut self.text, &record);
                self.toll
                    .waiting
                    .fetch_sub(weight(&record), Ordering::Relaxed);
            }
            Message::Gap => self.scribe.gap(),
            Message::Said(line) => {
                self.text.push_str(&line);
                self.text.push('\n');
            }
        }
        if self.text.len() > MOST_TEXT {
            self.write();
        }
    }

    fn write(&mut self) {
        // A closed stderr is no reason to stop serving.
        let _closed = if self.with_styles {
            self.out.write_all(self.text.as_bytes())
        } else {
            let plain = anstream::adapter::strip_str(&self.text).to_string();
            self.out.write_all(plain.as_bytes())
        };
        self.text.clear();
    }
}

impl Scribe for Lines {
    fn detail(&self) -> Detail {
        self.detail
    }

    fn tell(&mut self, out: &mut String, record: &Record) {
        match record {
            Record::Exchange(exchange) => {
                exchange_lines(out, exchange, self.lang, self.hides_secrets);
            }
            Record::Hint(hint) => hint_line(out, hint, self.lang),
            Record::Moment(_) => {}
        }
    }

    fn lost(&mut self, out: &mut String, lost: u64) {
        *out += &match self.lang {
            Lang::En => format!(
                "({lost} exchanges are missing here: more came than the console could show)\n"
            ),
            Lang::Zh => format!("（此处缺少 {lost} 次请求：来得太快，控制台显示不过来）\n"),
        };
    }
}

/// Records that may wait. One has some 2 KB, so a queue that is full has some 4 MB; and a thread that
/// gets no turn for 20 ms loses nothing at 100,000 exchanges a second.
const QUEUE: usize = 2048;

/// Bytes of moments that may wait: a trace of the largest files holds no more than this.
const MOST_WAITING: usize = 16 * 1024 * 1024;

/// Text that may wait for the end of a batch.
const MOST_TEXT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Hint;
    use crate::wire::{Fault, FaultKind, Span};
    use std::sync::Mutex;
    use std::time::UNIX_EPOCH;

    /// Shared bytes behind a gate: writing waits for whoever holds the lock.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Screen {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn hint() -> Record {
        Record::Hint(Arc::new(Hint {
            at: UNIX_EPOCH,
            peer: "127.0.0.1:40000".parse().unwrap(),
            fault: Fault::new(FaultKind::HeadSilent, Span::at(16)),
            so_far: Vec::new(),
        }))
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    const LINES: Lines = Lines {
        lang: Lang::En,
        detail: Detail::Exchanges,
        hides_secrets: false,
    };

    #[test]
    fn everything_in_the_queue_is_written_before_the_end() {
        let screen = Screen::default();
        let console = Console::start(screen.clone(), LINES, false).unwrap();
        let mut tap = console.tap();
        let mut records: Vec<Record> = (0..100).map(|_| hint()).collect();
        tap.take(&mut records);
        assert!(records.is_empty());
        drop(tap);
        console.voice().say("the last word");
        console.finish(PATIENCE);
        let text = screen.text();
        assert_eq!(
            text.matches("Still waiting for the blank line").count(),
            100
        );
        assert!(text.ends_with("the last word\n"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn styles_are_written_when_asked_for() {
        let screen = Screen::default();
        let console = Console::start(screen.clone(), LINES, true).unwrap();
        console.tap().take(&mut vec![hint()]);
        console.finish(PATIENCE);
        assert!(screen.text().contains("\x1b[36mStill"), "{}", screen.text());
    }

    #[test]
    fn a_full_queue_drops_counts_and_says_so() {
        let screen = Screen::default();
        let console = Console::start(screen.clone(), LINES, false).unwrap();
        let mut tap = console.tap();
        {
            let _shut = screen.0.lock().unwrap();
            // The thread can hold one queueful while it waits for the screen; the queue another.
            tap.take(&mut (0..2 * QUEUE + 1000).map(|_| hint()).collect());
        }
        drop(tap);
        console.finish(PATIENCE);
        let text = screen.text();
        let shown = text.matches("Still waiting").count();
        let lost: usize = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix('(')?
                    .split(' ')
                    .next()?
                    .parse::<usize>()
                    .ok()
            })
            .sum();
        assert!(lost >= 1000, "{lost} lost, {shown} shown");
        assert_eq!(shown + lost, 2 * QUEUE + 1000);
    }

    #[test]
    fn a_screen_that_takes_nothing_does_not_keep_us() {
        let screen = Screen::default();
        let shut = screen.0.lock().unwrap();
        let console = Console::start(screen.clone(), LINES, false).unwrap();
        console.tap().take(&mut vec![hint()]);
        console.finish(Duration::from_millis(1));
        drop(shut);
    }
}
