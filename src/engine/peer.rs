//! A connection with its socket: one turn of reading, talking and writing.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustix::fs::sendfile;
use rustix::net::sockopt::{set_socket_linger, set_tcp_cork};
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

use super::conversation::{Conversation, Now, Transmit, Work};
use super::recorder::Recorder;
use super::service::Service;
use super::timers::Armed;
use crate::record::{Happening, SAMPLE_BYTES, SAMPLE_EXCHANGES};
use crate::wire::{ClientState, ServerState};

/// How many reads a connection gets in one turn, so that one fast uploader cannot starve the rest.
const READS_A_TURN: u32 = 4;

/// How many bytes a connection may write in one turn, for the same reason. A socket's buffer on
/// loopback holds some 2.5 MiB, so this is felt only by a very fast reader. 2 MiB: nginx's
/// `sendfile_max_chunk`.
const BYTES_A_TURN: u64 = 2 * 1024 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// What is said on it.
    pub conversation: Conversation,
    /// The client's address.
    pub address: SocketAddr,
    /// What `Timers` holds for it.
    pub(super) armed: Armed,
    /// The door by which it came in.
    pub door: u8,
    /// Whether it already waits for a turn.
    pub is_queued: bool,
    /// Whether it waits for a buffer.
    pub is_starved: bool,
    /// For its records; 0 while nobody wants any.
    number: u64,
    /// While its bytes are recorded: when it was accepted, and the states that were told.
    watched: Option<Box<Watched>>,
    stream: TcpStream,
    /// Edge-triggered readiness, remembered: after we stop reading on purpose no second event comes.
    readable: bool,
    writable: bool,
    /// The client's FIN is in the socket, so a short read does not mean that all is read.
    read_closed: bool,
    is_shut: bool,
    /// The client or the system broke it off.
    is_broken: bool,
    /// A file is going out, in full segments only (TCP_CORK).
    is_corked: bool,
    registered: Option<Interest>,
}

/// What a turn led to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Wait for the socket or the clock.
    Wait,
    /// There is more to do: another turn, after the others had theirs.
    Again,
    /// Something for another thread; wait for it, if it sends word.
    Work(Work),
    /// Wait for a buffer: all are on their way to a disk.
    Starved,
    /// The connection is over: drop it.
    Close,
}

impl Peer {
    /// A connection that was just accepted. A read is worth trying at once.
    #[must_use]
    pub(super) fn new(
        stream: TcpStream,
        address: SocketAddr,
        door: u8,
        conversation: Conversation,
    ) -> Self {
        Self {
            conversation,
            address,
            armed: None,
            door,
            is_queued: false,
            is_starved: false,
            number: 0,
            watched: None,
            stream,
            readable: true,
            writable: true,
            read_closed: false,
            is_shut: false,
            is_broken: false,
            is_corked: false,
            registered: None,
        }
    }

    /// Begins its records.
    pub(super) fn open(&mut self, number: u64, now: Now, recorder: &mut Recorder) {
        self.number = number;
        if recorder.wants_moments()
            && let Ok(server) = self.stream.local_addr()
        {
            self.watched = Some(Box::new(Watched {
                since: now.instant,
                states: None,
                is_sample: recorder.wants_a_sample(),
                received: 0,
                sent: 0,
                exchanges: 0,
            }));
            let client = self.address;
            self.tell(recorder, now, || Happening::Opened { client, server });
        }
    }

    /// Ends its records.
    pub(super) fn close(&mut self, now: Now, recorder: &mut Recorder) {
        self.tell(recorder, now, || {
            if self.is_broken {
                Happening::Reset
            } else {
                Happening::Closed
            }
        });
    }

    /// Records a moment, if this connection is watched.
    fn tell(&self, recorder: &mut Recorder, now: Now, what: impl FnOnce() -> Happening) {
        if let Some(watched) = &self.watched {
            let after = now.instant.saturating_duration_since(watched.since);
            recorder.moment(self.number, now, after, what(), 0);
        }
    }

    /// Records a read of so many bytes, if this connection is watched; `bytes` gives the first of them.
    fn tell_received(
        &mut self,
        recorder: &mut Recorder,
        now: Now,
        count: usize,
        bytes: impl FnOnce(usize) -> Vec<u8>,
    ) {
        if let Some(watched) = &mut self.watched {
            let (kept, missing) = watched.share(Side::Received, count);
            let after = now.instant.saturating_duration_since(watched.since);
            let what = Happening::Received(bytes(kept));
            recorder.moment(self.number, now, after, what, missing);
        }
    }

    /// Records what the two sides are doing, if that changed.
    fn tell_states(&mut self, recorder: &mut Recorder, now: Now) {
        let Some(watched) = &mut self.watched else {
            return;
        };
        let connection = self.conversation.connection();
        let states = Some((connection.client(), connection.server()));
        if watched.states != states {
            watched.states = states;
            let (client, server) = (connection.client(), connection.server());
            self.tell(recorder, now, || Happening::States { client, server });
        }
    }

    /// Remembers what the system said about the socket.
    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        self.read_closed |= event.is_read_closed() || event.is_error();
    }

    /// Reads, talks and writes until the socket has no more, the budget is used up, or it is over.
    pub(super) fn turn(
        &mut self,
        service: &dyn Service,
        now: Now,
        buffers: &mut Buffers,
        recorder: &mut Recorder,
    ) -> Outcome {
        let mut reads = 0;
        loop {
            let records = recorder.exchanges();
            let work = self.conversation.drive(service, self.address, now, records);
            self.tell_states(recorder, now);
            if let Some(work) = work {
                return Outcome::Work(work);
            }
            match self.write(now, &mut buffers.read, recorder) {
                Ok(Flow::Blocked) => {
                    // A client that will not read its answer until it has sent everything must be
                    // read from all the same.
                    if !self.readable {
                        return Outcome::Wait;
                    }
                }
                Ok(Flow::Budget) => return Outcome::Again,
                Ok(Flow::Progress) => {
                    self.record(now, recorder);
                    continue;
                }
                Ok(_) => {}
                Err(_) => self.break_off(),
            }
            if self.conversation.wants_reset() {
                self.reset();
            }
            self.record(now, recorder);
            match self.conversation.connection().server() {
                ServerState::Closed => return Outcome::Close,
                ServerState::Lingering if !self.is_shut => {
                    self.is_shut = true;
                    // An error here is the client's being gone, which the next read says too.
                    let _gone = self.stream.shutdown(Shutdown::Write);
                    self.tell(recorder, now, || Happening::SentEnd);
                }
                _ => {}
            }
            if !self.readable || !self.conversation.wants_bytes() {
                return Outcome::Wait;
            }
            if reads == READS_A_TURN {
                return Outcome::Again;
            }
            reads += 1;
            if self.conversation.awaited() == 0 {
                self.read(now, &mut buffers.read, recorder);
                continue;
            }
            let Some(mut chunk) = buffers.take() else {
                return Outcome::Starved;
            };
            let filled = self.fill(now, &mut chunk, recorder);
            if filled == 0 {
                buffers.give(chunk);
            } else if let Some(store) = self.conversation.take_in(chunk, filled, now.instant) {
                return Outcome::Work(Work::Store(store));
            }
        }
    }

    /// Reads what came while a worker was busy, so that nothing unread turns the close into a reset.
    pub(super) fn catch_up(&mut self, now: Now, buffer: &mut [u8], recorder: &mut Recorder) {
        if self.conversation.wants_bytes() {
            self.read(now, buffer, recorder);
        }
    }

    fn read(&mut self, now: Now, buffer: &mut [u8], recorder: &mut Recorder) {
        // What comes behind a head is kept until it is known where it goes: so little comes with it.
        let is_head = self.conversation.connection().client() == ClientState::SendingHead;
        let most = if is_head { HEAD_READ } else { READ_BUFFER };
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let count = self.read_once(now, buffer, recorder);
        if count > 0 {
            // A read that does not fill the buffer has emptied the socket, unless a FIN is in it
            // too; a socket that is not watched yet will say so when it is.
            self.readable = count == buffer.len() || self.read_closed;
            let bytes = buffer.get(..count).unwrap_or_default();
            self.conversation.receive(bytes, now.instant);
        }
    }

    /// Reads what there is of a body, straight into the buffer that goes to its sink.
    fn fill(&mut self, now: Now, chunk: &mut [u8], recorder: &mut Recorder) -> usize {
        let awaited = usize::try_from(self.conversation.awaited()).unwrap_or(usize::MAX);
        let room = awaited.min(chunk.len());
        let mut filled = 0;
        // Unlike in `read`, a read that does not fill the buffer is followed by another: more comes while
        // the first bytes are copied, and a fuller buffer costs fewer trips.
        while self.readable
            && let Some(rest @ [_, ..]) = chunk.get_mut(filled..room)
        {
            filled += self.read_once(now, rest, recorder);
        }
        filled
    }

    /// One read. 0 when it gave nothing; the conversation knows by then if that was the end.
    fn read_once(&mut self, now: Now, buffer: &mut [u8], recorder: &mut Recorder) -> usize {
        match self.stream.read(buffer) {
            Ok(0) => {
                self.readable = false;
                self.conversation.receive_eof();
                self.tell(recorder, now, || Happening::ReceivedEnd);
                0
            }
            Ok(count) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                self.tell_received(recorder, now, count, |kept| {
                    bytes.get(..kept).unwrap_or_default().to_vec()
                });
                count
            }
            Err(error) => {
                match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.readable = false,
                    _ => {
                        self.readable = false;
                        self.break_off();
                    }
                }
                0
            }
        }
    }

    fn break_off(&mut self) {
        self.is_broken = true;
        self.conversation.receive_reset();
    }

    /// Breaks the connection off from this side: with nothing to linger for, a close is a reset.
    fn reset(&mut self) {
        // Where the system cannot, the close is a FIN: an odd end all the same.
        let _fin = set_socket_linger(&self.stream, Some(Duration::ZERO));
        self.is_broken = true;
        self.conversation.reset();
    }

    /// Asks the system to say when the socket can go on, unless it was asked before.
    ///
    /// # Errors
    ///
    /// When the system has no room to watch one more.
    pub(super) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let mut wanted = Interest::READABLE;
        if self.conversation.connection().unsent() > 0 {
            wanted |= Interest::WRITABLE;
        }
        match self.registered {
            None => registry.register(&mut self.stream, token, wanted)?,
            Some(known) if known == known | wanted => return Ok(()),
            Some(_) => registry.reregister(&mut self.stream, token, wanted)?,
        }
        self.registered = Some(wanted);
        Ok(())
    }

    fn write(&mut self, now: Now, buffer: &mut [u8], recorder: &mut Recorder) -> io::Result<Flow> {
        self.conversation.pull(now.instant);
        let before = self.conversation.connection().unsent();
        // Where the close follows at once, the last bytes wait for its FIN (MSG_MORE) and both leave in
        // one segment: one less to be made and taken in. Where bytes could still come from the client,
        // a close would turn into a reset, and what waits would be lost: there nothing waits. Behind a body
        // more may come by mistake, so there the FIN is sent by a call of its own, which is never a reset.
        let ends = self.conversation.connection().ends_with_response();
        let is_behind_a_body = self.conversation.connection().had_body();
        let last = if ends {
            SendFlags::NOSIGNAL | SendFlags::MORE
        } else {
            SendFlags::NOSIGNAL
        };
        let mut left = BYTES_A_TURN;
        while self.conversation.connection().unsent() > 0 {
            if !self.writable {
                return Ok(Flow::Blocked);
            }
            if left == 0 {
                return Ok(Flow::Budget);
            }
            let Some(transmit) = self.conversation.poll_transmit() else {
                break;
            };
            if !self.is_corked && is_large_file(&transmit, buffer) {
                set_tcp_cork(&self.stream, true)?;
                self.is_corked = true;
            }
            match put(&self.stream, &transmit, left, last, buffer) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    left = left.saturating_sub(count);
                    if let Some(watched) = &mut self.watched {
                        let all = usize::try_from(count).unwrap_or(usize::MAX);
                        let (kept, missing) = watched.share(Side::Sent, all);
                        let after = now.instant.saturating_duration_since(watched.since);
                        let what = Happening::Sent(sent(&transmit, kept));
                        recorder.moment(self.number, now, after, what, missing);
                    }
                    self.conversation.transmitted(count, now.instant);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if ends && is_behind_a_body && before > 0 && self.conversation.connection().unsent() == 0 {
            // An error here is the client's being gone, which the close does not mind.
            let _gone = self.stream.shutdown(Shutdown::Write);
        }
        if self.is_corked && self.conversation.connection().server() != ServerState::Closed {
            // The close does this by itself; a connection that stays has to be told.
            set_tcp_cork(&self.stream, false)?;
            self.is_corked = false;
        }
        Ok(if before > 0 {
            Flow::Progress
        } else {
            Flow::Idle
        })
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the loop's clock, read again only while somebody watches"
    )]
    fn record(&mut self, now: Now, recorder: &mut Recorder) {
        let wanted = recorder.wants_all_exchanges() || self.watched.is_some();
        let record = self
            .conversation
            .poll_record(self.number, self.address, Instant::now, wanted);
        let Some(record) = record else {
            return;
        };
        recorder.record(record);
        if self
            .watched
            .as_mut()
            .is_some_and(|watched| watched.has_enough())
        {
            self.tell(recorder, now, || Happening::Unwatched);
            self.watched = None;
        }
    }
}

/// What is kept of a connection whose bytes are recorded.
#[derive(Debug)]
struct Watched {
    since: Instant,
    states: Option<(ClientState, ServerState)>,
    /// Whether some of it is enough.
    is_sample: bool,
    /// Bytes of the exchange under way that were recorded.
    received: usize,
    sent: usize,
    /// Exchanges that were recorded.
    exchanges: u32,
}

#[derive(Clone, Copy)]
enum Side {
    Received,
    Sent,
}

impl Watched {
    /// How many of `count` bytes are recorded, and how many are not.
    fn share(&mut self, side: Side, count: usize) -> (usize, u64) {
        if !self.is_sample {
            return (count, 0);
        }
        let recorded = match side {
            Side::Received => &mut self.received,
            Side::Sent => &mut self.sent,
        };
        let kept = count.min(SAMPLE_BYTES.saturating_sub(*recorded));
        *recorded += kept;
        (kept, (count - kept) as u64)
    }

    /// An exchange is over. Whether that was the last one of the sample.
    fn has_enough(&mut self) -> bool {
        (self.received, self.sent) = (0, 0);
        self.exchanges = self.exchanges.saturating_add(1);
        self.is_sample && self.exchanges >= SAMPLE_EXCHANGES
    }
}

/// What a loop reads into, however many connections it has.
#[derive(Debug)]
pub(super) struct Buffers {
    /// For heads and short bodies.
    pub read: Box<[u8]>,
    /// For bodies on their way to a sink: those that are here, and how many may still be made.
    chunks: Vec<Vec<u8>>,
    unmade: usize,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            read: vec![0; READ_BUFFER].into_boxed_slice(),
            chunks: Vec::new(),
            unmade: CHUNKS,
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        if let Some(chunk) = self.chunks.pop() {
            return Some(chunk);
        }
        self.unmade = self.unmade.checked_sub(1)?;
        Some(vec![0; CHUNK])
    }

    /// How many could be taken now.
    pub(super) const fn free(&self) -> usize {
        self.chunks.len() + self.unmade
    }

    /// Takes a buffer back; one that was not made here is dropped.
    pub(super) fn give(&mut self, chunk: Vec<u8>) {
        if chunk.len() == CHUNK {
            self.chunks.push(chunk);
        }
    }
}

/// One read's worth of a head: as much as one may have unless told otherwise.
const HEAD_READ: usize = 16 * 1024;

/// One read's worth of bytes.
const READ_BUFFER: usize = 64 * 1024;

/// What goes to a sink at once: large enough to be worth the way to another thread, small enough to
/// stay in a core's cache between the read and the write.
const CHUNK: usize = 512 * 1024;

/// How many such buffers a loop has: 4 MiB, for any number of uploads.
const CHUNKS: usize = 8;

enum Flow {
    /// Nothing was to be written.
    Idle,
    /// Everything was written.
    Progress,
    /// The socket takes no more.
    Blocked,
    /// The turn's share is used up.
    Budget,
}

/// Writes once, at most `most` bytes of a file; with the flags of `last` what ends the response.
fn put(
    stream: &TcpStream,
    transmit: &Transmit<'_>,
    most: u64,
    last: SendFlags,
    buffer: &mut [u8],
) -> io::Result<u64> {
    let count = match transmit {
        Transmit::Bytes([whole, []] | [[], whole]) => send(stream, whole, last)?,
        Transmit::Bytes([first, second]) => {
            let slices = [IoSlice::new(first), IoSlice::new(second)];
            sendmsg(stream, &slices, &mut SendAncillaryBuffer::default(), last)?
        }
        Transmit::File {
            head,
            file,
            offset,
            length,
        } => match small_file(head, file, *offset, *length, buffer) {
            Some(whole) => send(stream, whole, last)?,
            // The cork holds the head until the first bytes of the file: they leave together.
            None if !head.is_empty() => send(stream, head, SendFlags::NOSIGNAL)?,
            None => {
                let mut offset = *offset;
                let most = usize::try_from((*length).min(most)).unwrap_or(usize::MAX);
                sendfile(stream, file, Some(&mut offset), most)?
            }
        },
    };
    Ok(count as u64)
}

/// The first `count` bytes of what was to be sent, for the record. A file's are read again; where it has
/// changed meanwhile, so has what the record says.
fn sent(transmit: &Transmit<'_>, count: usize) -> Vec<u8> {
    match transmit {
        Transmit::Bytes(runs) => {
            let mut bytes = runs.concat();
            bytes.truncate(count);
            bytes
        }
        Transmit::File {
            head, file, offset, ..
        } => {
            let of_head = count.min(head.len());
            let mut bytes = head.get(..of_head).unwrap_or_default().to_vec();
            bytes.resize(count, 0);
            // What cannot be read again stays zero: the count is right all the same.
            let _changed =
                file.read_exact_at(bytes.get_mut(of_head..).unwrap_or_default(), *offset);
            bytes
        }
    }
}

/// Whether this is the start of a file that does not fit into the buffer.
fn is_large_file(transmit: &Transmit<'_>, buffer: &[u8]) -> bool {
    match transmit {
        Transmit::Bytes(_) => false,
        Transmit::File { head, length, .. } => {
            !head.is_empty() && (head.len() as u64).saturating_add(*length) > buffer.len() as u64
        }
    }
}

/// The head and the rest of a file behind it, when both fit into the buffer: for a small file two
/// copies are quicker than what `sendfile` does to avoid them. A file that is shorter by now than it
/// was when the head was written is left to `sendfile`, which finds its end.
fn small_file<'a>(
    head: &[u8],
    file: &File,
    offset: u64,
    length: u64,
    buffer: &'a mut [u8],
) -> Option<&'a [u8]> {
    let length = usize::try_from(length).ok()?;
    let whole = buffer.get_mut(..head.len().checked_add(length)?)?;
    let (front, back) = whole.split_at_mut_checked(head.len())?;
    front.copy_from_slice(head);
    file.read_exact_at(back, offset).ok()?;
    Some(whole)
}
