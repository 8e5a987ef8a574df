//! The console: records on their way from the loops to stderr.
//!
//! Loops must not wait for a terminal, so what they tell goes through a bounded queue to a thread of
//! its own, which writes all that waits in the queue at once. When the queue is full a record is
//! dropped and counted, and the console says so as soon as it has room again. At the end everything in
//! the queue is still written, for as long as the terminal takes it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::export::{exchange_lines, hint_line};
use crate::record::{Record, Tap};
use crate::wire::Lang;

/// A running console. Give its taps and its voices away, and [`finish`](Console::finish) it after them.
#[derive(Debug)]
pub struct Console {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
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
}

struct ConsoleTap {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl Console {
    /// Starts the thread; it writes to `out`, with or without terminal styles.
    ///
    /// # Errors
    ///
    /// When the system has no thread for it.
    pub fn start(
        out: impl Write + Send + 'static,
        lang: Lang,
        with_styles: bool,
    ) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let (writing, written) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                // Held until the thread ends, however it ends.
                let _writing: SyncSender<()> = writing;
                write_all(out, &messages, &counter, lang, with_styles);
            })?;
        Ok(Self {
            queue,
            lost,
            written,
        })
    }

    /// A tap for one loop.
    #[must_use]
    pub fn tap(&self) -> Box<dyn Tap> {
        Box::new(ConsoleTap {
            queue: self.queue.clone(),
            lost: Arc::clone(&self.lost),
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
    fn take(&mut self, records: &mut Vec<Record>) {
        for record in records.drain(..) {
            // Which bytes passed is for others to tell.
            if matches!(record, Record::Moment(_)) {
                continue;
            }
            if self.queue.try_send(Message::Told(record)).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Writes until the last sender is gone.
fn write_all(
    mut out: impl Write,
    messages: &Receiver<Message>,
    lost: &AtomicU64,
    lang: Lang,
    with_styles: bool,
) {
    let mut text = String::new();
    let mut is_open = true;
    while is_open {
        match messages.recv() {
            Ok(first) => {
                for message in std::iter::once(first)
                    .chain(messages.try_iter())
                    .take(QUEUE)
                {
                    add(&mut text, message, lang);
                }
            }
            // Something may have been lost since the last batch.
            Err(_) => is_open = false,
        }
        text.push_str(&loss(lost.swap(0, Ordering::Relaxed), lang));
        // A closed stderr is no reason to stop serving.
        let _closed = if with_styles {
            out.write_all(text.as_bytes())
        } else {
            let plain = anstream::adapter::strip_str(&text).to_string();
            out.write_all(plain.as_bytes())
        };
        text.clear();
    }
}

fn add(text: &mut String, message: Message, lang: Lang) {
    match message {
        Message::Told(Record::Exchange(exchange)) => exchange_lines(text, &exchange, lang),
        Message::Told(Record::Hint(hint)) => hint_line(text, &hint, lang),
        Message::Told(Record::Moment(_)) => {}
        Message::Said(line) => {
            text.push_str(&line);
            text.push('\n');
        }
    }
}

/// What is said of lost records.
fn loss(lost: u64, lang: Lang) -> String {
    match (lost, lang) {
        (0, _) => String::new(),
        (_, Lang::En) => {
            format!("({lost} exchanges are missing here: more came than the console could show)\n")
        }
        (_, Lang::Zh) => format!("（此处缺少 {lost} 次请求：来得太快，控制台显示不过来）\n"),
    }
}

/// Records that may wait. One has some 2 KB, so a queue that is full has some 4 MB; and a thread that
/// gets no turn for 20 ms loses nothing at 100,000 exchanges a second.
const QUEUE: usize = 2048;

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

    #[test]
    fn everything_in_the_queue_is_written_before_the_end() {
        let screen = Screen::default();
        let console = Console::start(screen.clone(), Lang::En, false).unwrap();
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
        let console = Console::start(screen.clone(), Lang::En, true).unwrap();
        console.tap().take(&mut vec![hint()]);
        console.finish(PATIENCE);
        assert!(screen.text().contains("\x1b[36mStill"), "{}", screen.text());
    }

    #[test]
    fn a_full_queue_drops_counts_and_says_so() {
        let screen = Screen::default();
        let console = Console::start(screen.clone(), Lang::En, false).unwrap();
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
        let console = Console::start(screen.clone(), Lang::En, false).unwrap();
        console.tap().take(&mut vec![hint()]);
        console.finish(Duration::from_millis(1));
        drop(shut);
    }
}
