//! The journal: what there is to show, newest last, bounded in bytes.
//!
//! Each change of an entry gets the next *revision*, and what is over falls out in the order of revisions when
//! the bytes run short. A page is a cursor, the last revision that it was told: reading on from there is all
//! that a newcomer (cursor 0), a slow page and one that reconnects need, and how many entries fell out behind
//! a cursor is how many it missed.
//!
//! A quarter of the bytes is for records on their way (`tap`), a quarter for what is open, half for what is over.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::cookies::Jar;
use super::entry::{Entry, Stage};
use super::tap::{Message, PIECE};
use crate::engine::Wake;
use crate::record::{Assembled, Assembler, Happening, Hint, Open, Record, Transcript};

/// Everything that can be shown.
#[derive(Debug)]
pub(super) struct Journal {
    assembler: Assembler,
    jar: Jar,
    hides_secrets: bool,
    /// Exchanges that are over, by revision.
    settled: BTreeMap<u64, Settled>,
    /// What `settled` weighs, and may weigh, in bytes.
    weight: usize,
    most: usize,
    /// Exchanges under way, by connection.
    live: BTreeMap<u64, Live>,
    /// The connections of those that changed since they were published.
    changed: BTreeSet<u64>,
    /// The last exchange that is over, of each connection that is open.
    last: BTreeMap<u64, u64>,
    /// Where each entry is.
    places: BTreeMap<u64, Place>,
    last_id: u64,
    revision: u64,
    /// What pages may read up to: a burst is told a few times, not thousands.
    published: u64,
    /// Revisions that fell out, oldest first: the newest of them.
    fallen: VecDeque<u64>,
    /// How many fell out in all.
    dropped: u64,
    /// Everything up to this revision was cleared away.
    cleared: u64,
    /// Connections that opened and could not be followed.
    passed_over: u64,
    pages: BTreeMap<u64, Option<Wake>>,
    last_page: u64,
    beat: u64,
}

#[derive(Debug)]
struct Settled {
    entry: Arc<Entry>,
    summary: Arc<str>,
    weight: usize,
}

/// An exchange under way.
#[derive(Debug)]
struct Live {
    id: u64,
    hint: Option<Hint>,
    /// As it was last told to the pages; `None` before that.
    told: Option<(u64, Arc<str>)>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Settled(u64),
    Live(u64),
}

/// What a cursor reads next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Forget everything.
    Cleared,
    /// So many entries fell out before they could be told.
    Missed(u64),
    /// An entry, or a later stage of one, by revision.
    Entry(u64, Arc<str>),
}

/// Revisions of fallen entries that are remembered: a page that missed more than these is told of these.
const FALLEN: usize = 65_536;

impl Journal {
    /// An empty one that may take so many bytes.
    pub(super) fn new(bytes: usize, hides_secrets: bool) -> Self {
        Self {
            assembler: Assembler::new(PIECE).holding(bytes / 4),
            jar: Jar::default(),
            hides_secrets,
            settled: BTreeMap::new(),
            weight: 0,
            most: bytes / 2,
            live: BTreeMap::new(),
            changed: BTreeSet::new(),
            last: BTreeMap::new(),
            places: BTreeMap::new(),
            last_id: 0,
            revision: 0,
            published: 0,
            fallen: VecDeque::new(),
            dropped: 0,
            cleared: 0,
            passed_over: 0,
            pages: BTreeMap::new(),
            last_page: 0,
            beat: 0,
        }
    }

    /// Takes what a tap told.
    pub(super) fn take(&mut self, message: &Message) {
        let assembled = match message {
            Message::Told(Record::Hint(hint)) => return self.take_hint(hint),
            Message::Told(Record::Moment(moment)) => {
                let assembled = self.assembler.take(&Record::Moment(Arc::clone(moment)));
                self.note(moment.connection, &moment.what);
                assembled.map(|assembled| (moment.connection, assembled))
            }
            Message::Told(record) => self
                .assembler
                .take(record)
                .map(|assembled| match assembled {
                    Assembled::Exchange(transcript) => (
                        transcript.exchange.connection,
                        Assembled::Exchange(transcript),
                    ),
                    over @ Assembled::Over(_) => (0, over),
                }),
            Message::Forget(connection) => {
                self.assembler.forget(*connection);
                self.last.remove(connection);
                if let Some(live) = self.remove_live(*connection) {
                    self.places.remove(&live.id);
                }
                return;
            }
        };
        match assembled {
            Some((connection, Assembled::Exchange(transcript))) => {
                self.finish(connection, *transcript);
            }
            Some((connection, Assembled::Over(open))) => self.end(connection, &open),
            None => {}
        }
    }

    /// Something happened on a connection that may begin an exchange, and in any case changes it.
    fn note(&mut self, connection: u64, what: &Happening) {
        if self.assembler.open(connection).is_none() {
            if matches!(what, Happening::Opened { .. }) {
                self.passed_over += 1;
            }
            return;
        }
        let begins = matches!(what, Happening::Opened { .. } | Happening::Received(_));
        if let Some(live) = self.live.get_mut(&connection) {
            // A byte is an answer to whatever was hinted.
            if matches!(what, Happening::Received(_)) {
                live.hint = None;
            }
        } else if begins {
            self.last_id += 1;
            let id = self.last_id;
            self.places.insert(id, Place::Live(connection));
            let (hint, told) = (None, None);
            self.live.insert(connection, Live { id, hint, told });
        } else {
            return;
        }
        self.changed.insert(connection);
    }

    fn take_hint(&mut self, hint: &Hint) {
        let is_its = |connection: &u64| {
            let open = self.assembler.open(*connection);
            open.is_some_and(|open| open.client == hint.peer)
        };
        let connection = self.live.keys().copied().find(is_its);
        if let Some(connection) = connection
            && let Some(live) = self.live.get_mut(&connection)
        {
            live.hint = Some(Hint {
                at: hint.at,
                peer: hint.peer,
                fault: hint.fault,
                so_far: Vec::new(),
            });
            self.changed.insert(connection);
        }
    }

    /// A request was answered or given up.
    fn finish(&mut self, connection: u64, transcript: Transcript) {
        let id = match self.remove_live(connection) {
            Some(live) => live.id,
            None => {
                self.last_id += 1;
                self.last_id
            }
        };
        let mut entry = Entry::of_transcript(id, transcript, self.hides_secrets);
        entry.words = self.jar.read(&entry);
        self.last.insert(connection, id);
        self.settle(entry);
        // The next request may have come with this one.
        if let Some(open) = self.assembler.open(connection)
            && open.request.length > 0
        {
            self.note(connection, &Happening::Received(Vec::new()));
        }
    }

    /// A connection is over: what it still says belongs to its last exchange, or to one that never was.
    fn end(&mut self, connection: u64, open: &Open) {
        let last = self.last.remove(&connection);
        if let Some(live) = self.remove_live(connection) {
            let id = live.id;
            let mut entry = Entry::of_open(id, connection, open, Stage::Over, self.hides_secrets);
            entry.hint = live.hint.map(|hint| hint.fault);
            return self.settle(entry);
        }
        let place = last.and_then(|id| self.places.get(&id));
        if let Some(&Place::Settled(revision)) = place
            && let Some(settled) = self.settled.remove(&revision)
        {
            self.weight -= settled.weight;
            let mut entry = Arc::unwrap_or_clone(settled.entry);
            entry.timeline.extend_from_slice(&open.timeline);
            self.settle(entry);
        }
    }

    fn settle(&mut self, mut entry: Entry) {
        entry.timeline.shrink_to_fit();
        entry.request.bytes.shrink_to_fit();
        entry.response.bytes.shrink_to_fit();
        self.revision += 1;
        self.places.insert(entry.id, Place::Settled(self.revision));
        let summary = entry.summary();
        let weight = entry.weight() + summary.len() + size_of::<Settled>();
        self.weight += weight;
        let entry = Arc::new(entry);
        self.settled.insert(
            self.revision,
            Settled {
                entry,
                summary,
                weight,
            },
        );
        while self.weight > self.most
            && let Some((revision, fallen)) = self.settled.pop_first()
        {
            self.weight -= fallen.weight;
            self.places.remove(&fallen.entry.id);
            self.dropped += 1;
            if self.fallen.len() == FALLEN {
                self.fallen.pop_front();
            }
            self.fallen.push_back(revision);
        }
    }

    fn remove_live(&mut self, connection: u64) -> Option<Live> {
        self.changed.remove(&connection);
        self.live.remove(&connection)
    }

    /// Gives everything under way that changed its next revision, and lets the pages read up to here.
    pub(super) fn publish(&mut self) {
        for connection in std::mem::take(&mut self.changed) {
            let Some(entry) = self.entry_of_live(connection) else {
                continue;
            };
            let summary = entry.summary();
            self.revision += 1;
            if let Some(live) = self.live.get_mut(&connection) {
                live.told = Some((self.revision, summary));
            }
        }
        self.published = self.revision;
    }

    /// Whether there is something after this cursor.
    pub(super) const fn has_news(&self, cursor: u64) -> bool {
        self.published > cursor
    }

    fn entry_of_live(&self, connection: u64) -> Option<Entry> {
        let live = self.live.get(&connection)?;
        let open = self.assembler.open(connection)?;
        let stage = Stage::Open;
        let mut entry = Entry::of_open(live.id, connection, open, stage, self.hides_secrets);
        entry.hint = live.hint.as_ref().map(|hint| hint.fault);
        Some(entry)
    }

    /// The entry with this number, if it is still here.
    pub(super) fn entry(&self, id: u64) -> Option<Arc<Entry>> {
        match *self.places.get(&id)? {
            Place::Settled(revision) => Some(Arc::clone(&self.settled.get(&revision)?.entry)),
            Place::Live(connection) => self.entry_of_live(connection).map(Arc::new),
        }
    }

    /// What there is after a cursor, which moves on; `false` from `tell` ends the reading early.
    pub(super) fn read(&self, cursor: &mut u64, mut tell: impl FnMut(News) -> bool) {
        if *cursor > 0 && *cursor < self.cleared {
            tell(News::Cleared);
        }
        *cursor = (*cursor).max(self.cleared);
        // A newcomer missed nothing: it is told how many fell out in all.
        let missed = self.fallen.len() - self.fallen.partition_point(|fallen| fallen <= cursor);
        if *cursor > self.cleared && missed > 0 {
            tell(News::Missed(missed as u64));
        }
        *cursor = (*cursor).max(self.fallen.back().copied().unwrap_or(0));
        let settled = self.settled.range(*cursor + 1..);
        let mut settled = settled
            .map(|(revision, settled)| (*revision, &settled.summary))
            .take_while(|(revision, _)| *revision <= self.published)
            .peekable();
        let live = self.live.values().filter_map(|live| live.told.as_ref());
        let mut live: Vec<_> = live
            .map(|(revision, summary)| (*revision, summary))
            .filter(|(revision, _)| revision > cursor)
            .collect();
        live.sort_unstable_by_key(|(revision, _)| Reverse(*revision));
        loop {
            let next = match (settled.peek(), live.last()) {
                (Some(one), Some(other)) if one.0 > other.0 => live.pop(),
                (Some(_), _) => settled.next(),
                (None, _) => live.pop(),
            };
            let Some((revision, summary)) = next else {
                *cursor = (*cursor).max(self.published);
                return;
            };
            *cursor = revision;
            if !tell(News::Entry(revision, Arc::clone(summary))) {
                return;
            }
        }
    }

    /// Forgets everything that is over.
    pub(super) fn clear(&mut self) {
        self.revision += 1;
        self.cleared = self.revision;
        self.settled.clear();
        self.fallen.clear();
        self.last.clear();
        (self.weight, self.dropped) = (0, 0);
        self.places
            .retain(|_, place| matches!(place, Place::Live(_)));
        self.jar = Jar::default();
        // What is under way is told anew.
        self.changed.extend(self.live.keys());
        self.publish();
    }

    /// Entries that fell out, and connections that found no room.
    pub(super) const fn lost(&self) -> (u64, u64) {
        (self.dropped, self.passed_over)
    }

    /// Whether secrets are written over.
    pub(super) const fn hides_secrets(&self) -> bool {
        self.hides_secrets
    }

    /// Bytes that what is over may take.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Bytes that are held.
    pub(super) const fn held(&self) -> usize {
        self.weight + self.assembler.held()
    }

    /// A page begins to read; its number.
    pub(super) fn open_page(&mut self) -> u64 {
        self.last_page += 1;
        self.pages.insert(self.last_page, None);
        self.last_page
    }

    /// How to wake it.
    pub(super) fn wake_page_with(&mut self, page: u64, wake: Wake) {
        self.pages.insert(page, Some(wake));
    }

    /// It is gone.
    pub(super) fn close_page(&mut self, page: u64) {
        self.pages.remove(&page);
    }

    /// Whom to wake when there is something to read.
    pub(super) fn wakes(&self) -> Vec<Wake> {
        self.pages.values().flatten().cloned().collect()
    }

    /// Lets every page send a sign of life.
    pub(super) const fn beat(&mut self) {
        self.beat += 1;
    }

    /// How many signs of life there were.
    pub(super) const fn beats(&self) -> u64 {
        self.beat
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::record::{Exchange, Moment};
    use crate::wire::{Fault, FaultKind, RequestHead, Span, Status};

    /// The records of a connection on which this request was answered so.
    pub(in crate::inspector) fn connection(
        number: u64,
        request: &str,
        response: &str,
    ) -> Vec<Message> {
        let mut messages = vec![
            opened(number),
            moment(number, Happening::Received(request.as_bytes().to_vec())),
            moment(number, Happening::Sent(response.as_bytes().to_vec())),
        ];
        messages.push(exchange(number, request.len(), response.len()));
        messages.push(moment(number, Happening::Closed));
        messages
    }

    fn client() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 40_000))
    }

    fn moment(connection: u64, what: Happening) -> Message {
        Message::Told(Record::Moment(Arc::new(Moment {
            connection,
            at: UNIX_EPOCH,
            after: Duration::ZERO,
            what,
            missing: 0,
        })))
    }

    fn opened(number: u64) -> Message {
        let (client, server) = (client(), client());
        moment(number, Happening::Opened { client, server })
    }

    fn exchange(connection: u64, request: usize, response: usize) -> Message {
        Message::Told(Record::Exchange(Arc::new(Exchange {
            connection,
            at: UNIX_EPOCH,
            peer: client(),
            head: Some(Box::new(RequestHead::dissect(
                b"GET / HTTP/1.0\r\n\r\n".to_vec(),
            ))),
            faults: Vec::new(),
            request_bytes: request as u64,
            status: Some(Status::OK),
            bytes: response as u64,
            took: Duration::ZERO,
        })))
    }

    fn take(journal: &mut Journal, messages: &[Message]) {
        for message in messages {
            journal.take(message);
        }
        journal.publish();
    }

    fn read(journal: &Journal, cursor: &mut u64) -> Vec<String> {
        let mut news = Vec::new();
        journal.read(cursor, |one| {
            news.push(match one {
                News::Entry(_, summary) => {
                    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
                    let (id, stage) = (&summary["id"], summary["stage"].as_str().unwrap());
                    format!("{id} {stage} {}", summary["target"].as_str().unwrap())
                }
                other => format!("{other:?}"),
            });
            true
        });
        news
    }

    const GET: &str = "GET /a HTTP/1.0\r\n\r\n";

    #[test]
    fn an_exchange_is_told_while_it_is_typed_and_when_it_is_over() {
        let mut journal = Journal::new(1 << 20, false);
        let mut cursor = 0;
        take(&mut journal, &[opened(1)]);
        assert_eq!(read(&journal, &mut cursor), ["1 open "]);
        let typed = moment(1, Happening::Received(b"GET /a HTTP/1.0\r\n".to_vec()));
        take(&mut journal, &[typed]);
        assert_eq!(read(&journal, &mut cursor), ["1 open /a"]);
        assert!(read(&journal, &mut cursor).is_empty());
        let end = moment(1, Happening::Received(b"\r\n".to_vec()));
        take(&mut journal, &[end, exchange(1, GET.len(), 0)]);
        assert_eq!(read(&journal, &mut cursor), ["1 done /a"]);
        // What the connection still does belongs to its last exchange.
        take(&mut journal, &[moment(1, Happening::Closed)]);
        assert_eq!(read(&journal, &mut cursor), ["1 done /a"]);
        assert_eq!(journal.entry(1).unwrap().timeline.len(), 4);
        assert!(!journal.has_news(cursor));
    }

    #[test]
    fn a_kept_connection_has_an_entry_for_each_request() {
        let mut journal = Journal::new(1 << 20, false);
        let both = format!("{GET}{GET}");
        let came = moment(1, Happening::Received(both.into_bytes()));
        take(&mut journal, &[opened(1), came, exchange(1, GET.len(), 0)]);
        assert_eq!(read(&journal, &mut 0), ["1 done /a", "2 open /a"]);
        take(&mut journal, &[exchange(1, GET.len(), 0)]);
        assert_eq!(read(&journal, &mut 0), ["1 done /a", "2 done /a"]);
        assert_eq!(journal.entry(2).unwrap().number, 2);
    }

    #[test]
    fn a_connection_that_ends_early_is_told_too() {
        let mut journal = Journal::new(1 << 20, false);
        let came = moment(1, Happening::Received(b"GET /b".to_vec()));
        take(
            &mut journal,
            &[opened(1), came, moment(1, Happening::Reset)],
        );
        assert_eq!(read(&journal, &mut 0), ["1 over GET /b"]);
    }

    #[test]
    fn a_hint_goes_to_the_one_it_is_for_and_a_byte_takes_it_back() {
        let mut journal = Journal::new(1 << 20, false);
        let hint = Message::Told(Record::Hint(Arc::new(Hint {
            at: UNIX_EPOCH,
            peer: client(),
            fault: Fault::new(FaultKind::HeadSilent, Span::at(0)),
            so_far: Vec::new(),
        })));
        take(&mut journal, &[opened(1), hint]);
        assert!(journal.entry(1).unwrap().hint.is_some());
        take(
            &mut journal,
            &[moment(1, Happening::Received(b"G".to_vec()))],
        );
        assert!(journal.entry(1).unwrap().hint.is_none());
    }

    #[test]
    fn what_falls_out_is_counted_and_a_slow_page_told() {
        let mut journal = Journal::new(1 << 16, false);
        let (mut quick, mut slow) = (0, 0);
        take(&mut journal, &connection(1, GET, "HTTP/1.0 200 OK\r\n\r\n"));
        read(&journal, &mut slow);
        let mut seen = 0;
        for number in 2..=200 {
            take(
                &mut journal,
                &connection(number, GET, "HTTP/1.0 200 OK\r\n\r\n"),
            );
            assert!(journal.weight <= journal.most);
            let news = read(&journal, &mut quick);
            assert!(
                !news.iter().any(|one| one.starts_with("Missed")),
                "{news:?}"
            );
            seen += news.len();
        }
        assert_eq!(seen, 200);
        let here = journal.settled.len() as u64;
        assert_eq!(journal.lost().0, 200 - here);
        let news = read(&journal, &mut slow);
        // It had seen the first one.
        assert_eq!(news[0], format!("Missed({})", 200 - here - 1));
        assert_eq!(news.len() as u64, here + 1);
        assert!(read(&journal, &mut slow).is_empty());
        // A newcomer gets what there is, and missed nothing.
        assert_eq!(read(&journal, &mut 0).len() as u64, here);
        assert!(journal.entry(1).is_none() && journal.entry(200).is_some());
    }

    #[test]
    fn a_read_that_stops_goes_on_where_it_was() {
        let mut journal = Journal::new(1 << 20, false);
        for number in 1..=5 {
            take(&mut journal, &connection(number, GET, ""));
        }
        take(&mut journal, &[opened(6)]);
        let (mut cursor, mut seen) = (0, 0);
        while journal.has_news(cursor) {
            journal.read(&mut cursor, |_| {
                seen += 1;
                false
            });
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn clearing_forgets_what_is_over_and_keeps_what_is_under_way() {
        let mut journal = Journal::new(1 << 20, false);
        let mut cursor = 0;
        take(&mut journal, &connection(1, GET, ""));
        take(&mut journal, &[opened(2)]);
        read(&journal, &mut cursor);
        journal.clear();
        assert_eq!(read(&journal, &mut cursor), ["Cleared", "2 open "]);
        assert_eq!(read(&journal, &mut 0), ["2 open "]);
        assert!(journal.entry(1).is_none());
        assert_eq!(journal.weight, 0);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let mut journal = Journal::new(1 << 20, false);
        take(&mut journal, &[opened(1), Message::Forget(1)]);
        take(
            &mut journal,
            &[moment(1, Happening::Received(b"G".to_vec()))],
        );
        assert!(read(&journal, &mut 0).is_empty());
        assert_eq!(journal.held(), 0);
    }

    #[test]
    fn secrets_are_never_kept() {
        let mut journal = Journal::new(1 << 20, true);
        let request = "GET /?password=abc HTTP/1.0\r\n\r\n";
        take(&mut journal, &connection(1, request, ""));
        assert_eq!(read(&journal, &mut 0), ["1 done /?password=***"]);
        let came = moment(2, Happening::Received(request.as_bytes().to_vec()));
        take(&mut journal, &[opened(2), came]);
        assert_eq!(read(&journal, &mut 0)[1], "2 open /?password=***");
    }

    #[test]
    fn connections_that_find_no_room_are_counted() {
        let mut journal = Journal::new(4096, false);
        let many: Vec<Message> = (1..=100).map(opened).collect();
        take(&mut journal, &many);
        assert!(journal.lost().1 > 80, "{:?}", journal.lost());
        assert!(journal.held() <= 4096);
    }
}
