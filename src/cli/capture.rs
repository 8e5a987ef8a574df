//! `serve --pcap FILE`: records on their way from the loops to a capture file.
//!
//! Loops must not wait for a disk, so what they tell goes through a queue that is bounded in bytes to a thread
//! of its own. It writes all that waits at once, in whole blocks, so that whoever follows the file sees each
//! packet soon. When there is no room a record is dropped and counted; its connection then ends in the capture,
//! with a comment that says so, and what comes of it later is dropped too: a capture may end early, but it has
//! no gap. Losses, and a disk that takes no more, are told on the console; serving goes on.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::time::Duration;

use super::CliError;
use super::console::Voice;
use crate::export::Pcapng;
use crate::record::{Detail, Happening, Record, Tap};
use crate::wire::Lang;

/// A running capture. Give its taps away, and [`finish`](Capture::finish) it after them.
#[derive(Debug)]
pub struct Capture {
    queue: Sender<Batch>,
    shared: Arc<Shared>,
    /// Ends when the thread has written everything.
    written: Receiver<()>,
}

/// What the taps and the thread both know.
#[derive(Debug, Default)]
struct Shared {
    /// Bytes that wait in the queue.
    waiting: AtomicUsize,
    /// The file takes no more.
    is_broken: AtomicBool,
}

/// What one tap was told in one turn.
#[derive(Debug, Default)]
struct Batch {
    records: Vec<Record>,
    /// What these records weigh.
    weight: usize,
    /// Connections that lost a record after these.
    cut: Vec<u64>,
    /// Records that were dropped.
    lost: u64,
}

struct CaptureTap {
    queue: Sender<Batch>,
    shared: Arc<Shared>,
    /// The most that may wait.
    most: usize,
    /// Connections that are open and have lost a record.
    cut: BTreeSet<u64>,
}

impl Capture {
    /// Creates the file, or empties it, writes its head and starts the thread. Comments and what is said of
    /// the capture are in `lang`; it is said by `voice`, or on stderr.
    ///
    /// # Errors
    ///
    /// An input/output error when the file cannot be created or takes nothing.
    pub fn start(path: &Path, lang: Lang, voice: Option<Voice>) -> Result<Self, CliError> {
        let cannot = |error| CliError::Io {
            doing: format!("cannot write the capture {}", path.display()),
            error,
            hint: "--pcap names a file that may be written, in a folder that exists, on a disk with room.",
        };
        let mut file = File::create(path).map_err(cannot)?;
        let mut packets = Pcapng::new(lang);
        let head = packets.bytes();
        file.write_all(&head).map_err(cannot)?;
        let (queue, batches) = channel();
        let (writing, written) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            file,
            whole: head.len() as u64,
            packets,
            path: path.to_owned(),
            lang,
            voice,
            shared: Arc::clone(&shared),
        };
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || {
                // Held until the thread ends, however it ends.
                let _writing: std::sync::mpsc::SyncSender<()> = writing;
                writer.run(&batches);
            })
            .map_err(cannot)?;
        Ok(Self {
            queue,
            shared,
            written,
        })
    }

    /// A tap for one loop.
    #[must_use]
    pub fn tap(&self) -> Box<dyn Tap> {
        Box::new(CaptureTap {
            queue: self.queue.clone(),
            shared: Arc::clone(&self.shared),
            most: QUEUE_BYTES,
            cut: BTreeSet::new(),
        })
    }

    /// Waits until all is written, but not longer than `patience`. Taps must be gone before.
    pub fn finish(self, patience: Duration) {
        let Self { queue, written, .. } = self;
        drop(queue);
        // The thread sends nothing: its end ends the waiting.
        let _ended_or_stuck = written.recv_timeout(patience);
    }
}

impl Tap for CaptureTap {
    fn detail(&self) -> Detail {
        if self.shared.is_broken.load(Ordering::Relaxed) {
            Detail::Nothing
        } else {
            Detail::Wire
        }
    }

    fn take(&mut self, records: &mut Vec<Record>) {
        let mut batch = Batch::default();
        for record in records.drain(..) {
            if is_shown(&record) {
                self.add(record, &mut batch);
            }
        }
        if !batch.records.is_empty() || batch.lost > 0 {
            // Without a thread there is no file either.
            let _ended = self.queue.send(batch);
        }
    }
}

impl CaptureTap {
    fn add(&mut self, record: Record, batch: &mut Batch) {
        let connection = connection(&record);
        let is_cut = connection.is_some_and(|number| self.cut.contains(&number));
        let weight = weight(&record);
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        if !is_cut && waiting.saturating_add(weight) <= self.most {
            self.shared.waiting.fetch_add(weight, Ordering::Relaxed);
            batch.weight += weight;
            batch.records.push(record);
            return;
        }
        batch.lost += 1;
        let Some(number) = connection else {
            return;
        };
        if !is_cut {
            batch.cut.push(number);
        }
        if is_last(&record) {
            self.cut.remove(&number);
        } else {
            self.cut.insert(number);
        }
    }
}

/// Whether the capture has a place for it.
fn is_shown(record: &Record) -> bool {
    match record {
        Record::Moment(moment) => !matches!(moment.what, Happening::States { .. }),
        Record::Exchange(_) | Record::Hint(_) => true,
    }
}

fn is_last(record: &Record) -> bool {
    match record {
        Record::Moment(moment) => matches!(moment.what, Happening::Closed | Happening::Reset),
        Record::Exchange(_) | Record::Hint(_) => false,
    }
}

fn connection(record: &Record) -> Option<u64> {
    match record {
        Record::Moment(moment) => Some(moment.connection),
        Record::Exchange(exchange) => Some(exchange.connection),
        Record::Hint(_) => None,
    }
}

/// Bytes of memory that a record keeps, nearly.
fn weight(record: &Record) -> usize {
    let bytes = match record {
        Record::Moment(moment) => match &moment.what {
            Happening::Received(bytes) | Happening::Sent(bytes) => bytes.len(),
            _ => 0,
        },
        Record::Exchange(exchange) => exchange
            .head
            .as_ref()
            .map_or(0, |head| EXCHANGE_BYTES.saturating_add(head.bytes().len())),
        Record::Hint(hint) => hint.so_far.len(),
    };
    bytes.saturating_add(RECORD_BYTES)
}

/// The thread's own.
struct Writer {
    file: File,
    /// Bytes of the file, whole blocks only.
    whole: u64,
    packets: Pcapng,
    path: PathBuf,
    lang: Lang,
    voice: Option<Voice>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Writes until the last sender is gone.
    fn run(mut self, batches: &Receiver<Batch>) {
        let mut lost = 0;
        let mut blocks = Vec::new();
        while let Ok(first) = batches.recv() {
            for batch in std::iter::once(first).chain(batches.try_iter()) {
                if lost == 0 && batch.lost > 0 {
                    self.say(&falls_behind(&self.path, self.lang));
                }
                lost += batch.lost;
                self.encode(&batch, &mut blocks);
                self.shared
                    .waiting
                    .fetch_sub(batch.weight, Ordering::Relaxed);
                if blocks.len() >= PIECE {
                    break;
                }
            }
            if let Err(error) = self.write(&blocks) {
                self.shared.is_broken.store(true, Ordering::Relaxed);
                self.say(&takes_no_more(&self.path, &error, self.lang));
                return;
            }
            blocks.clear();
        }
        if lost > 0 {
            self.say(&loss(lost, &self.path, self.lang));
        }
    }

    fn encode(&mut self, batch: &Batch, blocks: &mut Vec<u8>) {
        for record in &batch.records {
            self.packets.take(record);
        }
        for connection in &batch.cut {
            self.packets.cut(*connection);
        }
        blocks.append(&mut self.packets.bytes());
    }

    fn write(&mut self, blocks: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(blocks);
        if written.is_ok() {
            self.whole += blocks.len() as u64;
        } else {
            // Half a block would be a complaint in every tool; what is no file has no length.
            let _no_file = self.file.set_len(self.whole);
        }
        written
    }

    fn say(&self, line: &str) {
        match &self.voice {
            Some(voice) => voice.say(line),
            None => anstream::eprintln!("{line}"),
        }
    }
}

fn falls_behind(path: &Path, lang: Lang) -> String {
    let path = path.display();
    match lang {
        Lang::En => format!(
            "(the capture cannot keep up: connections are cut short in {path}, or are not in it)"
        ),
        Lang::Zh => format!("（抓包跟不上：{path} 里有些连接只有开头，有些根本没有）"),
    }
}

fn loss(lost: u64, path: &Path, lang: Lang) -> String {
    let path = path.display();
    match lang {
        Lang::En => {
            format!("({lost} records are missing in {path}: more passed than could be written)")
        }
        Lang::Zh => format!("（{path} 里少了 {lost} 条记录：来得太快，写不过来）"),
    }
}

fn takes_no_more(path: &Path, error: &io::Error, lang: Lang) -> String {
    let path = path.display();
    match lang {
        Lang::En => format!(
            "the capture {path} ends here: it cannot be written: {error}. Serving goes on without it."
        ),
        Lang::Zh => format!("抓包文件 {path} 到此为止：写不进去（{error}）。服务照常进行。"),
    }
}

/// Bytes that may wait for the disk: a second of a fast one's pause.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What is written at once, if that much waits.
const PIECE: usize = 1024 * 1024;

/// What a record keeps beside the bytes that passed.
const RECORD_BYTES: usize = 256;

/// What an exchange keeps beside that: labels, fields, faults.
const EXCHANGE_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{moment, opened};

    fn received(connection: u64, count: usize) -> Record {
        moment(connection, Happening::Received(vec![b'x'; count]))
    }

    fn tap(most: usize) -> (CaptureTap, Receiver<Batch>) {
        let (queue, batches) = channel();
        let tap = CaptureTap {
            queue,
            shared: Arc::default(),
            most,
            cut: BTreeSet::new(),
        };
        (tap, batches)
    }

    #[test]
    fn a_full_queue_cuts_connections_and_leaves_no_gap() {
        let (mut tap, batches) = tap(4000);
        tap.take(&mut vec![
            opened(1),
            opened(2),
            received(1, 5000),
            // There would be room for these, but something is missing before them.
            received(1, 1),
            received(2, 1),
            moment(1, Happening::Closed),
        ]);
        let batch = batches.recv().unwrap();
        let kept: Vec<_> = batch.records.iter().map(connection).collect();
        assert_eq!(kept, [Some(1), Some(2), Some(2)]);
        assert_eq!((&*batch.cut, batch.lost), (&[1][..], 3));
        assert_eq!(batch.weight, tap.shared.waiting.load(Ordering::Relaxed));
        // A number is never used again, so nothing is kept of it.
        assert!(tap.cut.is_empty());
    }

    #[test]
    fn what_waits_is_bounded_and_room_comes_back() {
        let (mut tap, batches) = tap(10_000);
        for number in 1..100 {
            tap.take(&mut vec![opened(number), received(number, 1000)]);
            assert!(tap.shared.waiting.load(Ordering::Relaxed) <= 10_000);
        }
        let (weight, lost) = batches.try_iter().fold((0, 0), |(weight, lost), batch| {
            (weight + batch.weight, lost + batch.lost)
        });
        assert!(lost > 150, "{lost}");
        tap.shared.waiting.fetch_sub(weight, Ordering::Relaxed);
        tap.take(&mut vec![opened(100), received(100, 1000)]);
        assert_eq!(batches.recv().unwrap().records.len(), 2);
    }

    #[test]
    fn states_take_no_room() {
        use crate::wire::{ClientState, ServerState};
        let (mut tap, batches) = tap(1000);
        let (client, server) = (ClientState::Done, ServerState::Waiting);
        tap.take(&mut vec![moment(1, Happening::States { client, server })]);
        assert!(batches.try_recv().is_err());
    }

    #[test]
    fn the_head_is_in_the_file_at_once_and_the_rest_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let capture = Capture::start(&path, Lang::En, None).unwrap();
        let head = std::fs::read(&path).unwrap();
        assert_eq!(head, Pcapng::new(Lang::En).bytes());
        let records = [opened(1), received(1, 10), moment(1, Happening::Closed)];
        capture.tap().take(&mut records.to_vec());
        capture.finish(Duration::from_secs(60));
        let whole = crate::export::pcapng(&records, Lang::En);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_told_with_advice() {
        for path in ["/no/such/folder/a.pcapng", "/dev/full"] {
            let error = Capture::start(Path::new(path), Lang::En, None).unwrap_err();
            let sentence = error.to_string();
            assert!(
                sentence.starts_with(&format!("cannot write the capture {path}: ")),
                "{sentence}"
            );
            assert!(sentence.contains("--pcap"), "{sentence}");
        }
    }
}
