//! A page's feed: server-sent events over HTTP/1.0, a live body that the close ends.
//!
//! | event | data |
//! | --- | --- |
//! | `hello` | `{run, hidden, site, teaches}`: which run of the server this is, whether secrets are hidden, where it listens, and whom it teaches: nobody (null), `one` or a `class` |
//! | `exchange` | an exchange's line for the list, or a later stage of it; its id is where to read on |
//! | `missed` | `{count}`: so many fell out of the journal before they could be told |
//! | `clear` | forget everything |
//! | `lesson` | `{revision}`: something new can be asked for at `/lesson.json` and `/class.json` |
//! | `counts` | `{untold, dropped, held, most}`: connections not followed, exchanges that fell out, bytes |
//!
//! A feed holds nothing but its cursor, so a slow page costs no memory.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::journal::{Journal, News};
use super::lock;
use super::permits::Permits;
use crate::engine::{Source, Wake};
use crate::lessons::Classroom;

/// One page's feed.
#[derive(Debug)]
pub(super) struct Feed {
    journal: Arc<Mutex<Journal>>,
    permits: Arc<Permits>,
    site: SocketAddr,
    classroom: Option<Classroom>,
    page: u64,
    cursor: u64,
    is_greeted: bool,
    beats: u64,
    /// Connections not followed and exchanges dropped, as last told.
    lost: Option<(u64, u64)>,
    /// The classroom's revision, as last told.
    lesson: Option<u64>,
}

impl Feed {
    /// A feed that reads on after `last_event_id`, if that is one of this run's.
    pub(super) fn new(
        journal: Arc<Mutex<Journal>>,
        permits: Arc<Permits>,
        site: SocketAddr,
        classroom: Option<Classroom>,
        last_event_id: Option<&str>,
    ) -> Self {
        let (page, beats) = {
            let mut journal = lock(&journal);
            (journal.open_page(), journal.beats())
        };
        permits.open_page();
        let cursor = last_event_id.and_then(|id| {
            let (its_run, revision) = id.split_once('-')?;
            (its_run == run().to_string()).then(|| revision.parse().ok())?
        });
        Self {
            journal,
            permits,
            site,
            classroom,
            page,
            cursor: cursor.unwrap_or(0),
            is_greeted: false,
            beats,
            lost: None,
            lesson: None,
        }
    }

    /// The classroom's revision, if there is one. Not asked while the journal is locked: nobody waits for both.
    fn revision(&self) -> Option<u64> {
        Some(self.classroom.as_ref()?.room().revision())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        lock(&self.journal).close_page(self.page);
        self.permits.close_page();
    }
}

impl Source for Feed {
    fn pull(&mut self, out: &mut Vec<u8>) -> bool {
        let lesson = self.revision();
        let teaches = self.classroom.as_ref().map(whom);
        let journal = lock(&self.journal);
        let mut text = String::new();
        if !self.is_greeted {
            self.is_greeted = true;
            let site = json!({"host": reachable(self.site.ip()), "port": self.site.port()});
            let hello = json!({
                "run": run(),
                "hidden": journal.hides_secrets(),
                "site": site,
                "teaches": teaches,
            });
            // Writing to a String cannot fail, here and below.
            let _ = write!(text, "retry: 1000\nevent: hello\ndata: {hello}\n\n");
        }
        journal.read(&mut self.cursor, |news| {
            let _ = match news {
                News::Cleared => text.write_str("event: clear\ndata: {}\n\n"),
                News::Missed(count) => {
                    write!(text, "event: missed\ndata: {{\"count\":{count}}}\n\n")
                }
                News::Entry(revision, summary) => write!(
                    text,
                    "id: {}-{revision}\nevent: exchange\ndata: {summary}\n\n",
                    run()
                ),
            };
            text.len() < MOST_AT_ONCE
        });
        let (dropped, passed_over) = journal.lost();
        let untold = self.permits.untold() + passed_over;
        if self.lost != Some((untold, dropped)) {
            self.lost = Some((untold, dropped));
            let (held, most) = (journal.held(), journal.most());
            let counts = json!({"untold": untold, "dropped": dropped, "held": held, "most": most});
            let _ = write!(text, "event: counts\ndata: {counts}\n\n");
        }
        if let Some(revision) = lesson.filter(|_| self.lesson != lesson) {
            self.lesson = lesson;
            let _ = write!(text, "event: lesson\ndata: {{\"revision\":{revision}}}\n\n");
        }
        if self.beats != journal.beats() {
            self.beats = journal.beats();
            text.push_str(": still here\n\n");
        }
        out.extend_from_slice(text.as_bytes());
        false
    }

    fn wake_with(&mut self, wake: Wake) {
        let is_lesson_new = self.lesson != self.revision();
        let mut journal = lock(&self.journal);
        if is_lesson_new || journal.has_news(self.cursor) {
            wake.wake();
        }
        journal.wake_page_with(self.page, wake);
    }
}

/// Tells one run of the server from the next, so that a page that reconnects knows what it has.
fn run() -> u32 {
    std::process::id()
}

/// An address that a client on this machine can use.
pub(super) fn reachable(ip: IpAddr) -> IpAddr {
    if ip.is_unspecified() {
        return Ipv4Addr::LOCALHOST.into();
    }
    ip
}

fn whom(classroom: &Classroom) -> &'static str {
    if classroom.room().is_class() {
        "class"
    } else {
        "one"
    }
}

/// Bytes of one pull: the socket takes what it takes, and the next pull reads on.
const MOST_AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::journal::tests::connection;
    use super::super::lesson::tests::{ask, course};
    use super::*;

    fn feed(journal: &Arc<Mutex<Journal>>, last: Option<&str>) -> Feed {
        let permits = Arc::new(Permits::new(1 << 20));
        let site = SocketAddr::from(([0, 0, 0, 0], 8000));
        Feed::new(Arc::clone(journal), permits, site, None, last)
    }

    fn pull(feed: &mut Feed) -> String {
        let mut out = Vec::new();
        assert!(!feed.pull(&mut out), "a feed has no end of its own");
        String::from_utf8(out).unwrap()
    }

    fn add(journal: &Mutex<Journal>, number: u64) {
        let mut journal = lock(journal);
        for message in connection(number, "GET /<b>\u{1} HTTP/1.0\r\n\r\n", "") {
            journal.take(&message);
        }
        journal.publish();
    }

    #[test]
    fn a_feed_greets_tells_and_says_where_to_read_on() {
        let journal = Arc::new(Mutex::new(Journal::new(1 << 20, false)));
        add(&journal, 1);
        let mut first = feed(&journal, None);
        let text = pull(&mut first);
        let hello = format!("event: hello\ndata: {{\"run\":{}", run());
        assert!(text.contains(&hello), "{text}");
        assert!(
            text.contains("\"host\":\"127.0.0.1\",\"port\":8000"),
            "{text}"
        );
        assert!(
            text.contains("event: counts\ndata: {\"untold\":0"),
            "{text}"
        );
        // One line of data, and nothing that a peer sent unescaped.
        assert!(text.contains(r#""target":"/<b>\\x01""#), "{text}");
        assert_eq!(pull(&mut first), "");
        let last = text
            .split("id: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned();
        add(&journal, 2);
        let again = pull(&mut feed(&journal, Some(&last)));
        assert!(
            again.contains("\"id\":2") && !again.contains("\"id\":1,"),
            "{again}"
        );
        // Another run's place says nothing here.
        let other = pull(&mut feed(&journal, Some("0-7")));
        assert!(other.contains("\"id\":1,"), "{other}");
    }

    #[test]
    fn a_slow_page_is_told_what_it_missed_and_costs_nothing() {
        let journal = Arc::new(Mutex::new(Journal::new(1 << 16, false)));
        add(&journal, 1);
        let mut slow = feed(&journal, None);
        pull(&mut slow);
        for number in 2..500 {
            add(&journal, number);
        }
        let text = pull(&mut slow);
        let (dropped, _) = lock(&journal).lost();
        let missed = format!("event: missed\ndata: {{\"count\":{}}}\n\n", dropped - 1);
        assert!(text.starts_with(&missed), "{text}");
    }

    #[test]
    fn a_long_story_is_told_in_pieces() {
        let journal = Arc::new(Mutex::new(Journal::new(1 << 24, false)));
        for number in 1..=1000 {
            add(&journal, number);
        }
        let mut feed = feed(&journal, None);
        let mut pieces = 0;
        let mut told = 0;
        while told < 1000 {
            let piece = pull(&mut feed);
            assert!(piece.len() < MOST_AT_ONCE + 4096);
            told += piece.matches("event: exchange").count();
            pieces += 1;
        }
        assert!(pieces > 2);
    }

    #[test]
    fn a_beat_is_a_comment() {
        let journal = Arc::new(Mutex::new(Journal::new(1 << 20, false)));
        let mut feed = feed(&journal, None);
        pull(&mut feed);
        lock(&journal).beat();
        assert_eq!(pull(&mut feed), ": still here\n\n");
    }

    #[test]
    fn a_lesson_is_told_when_it_has_changed() {
        let journal = Arc::new(Mutex::new(Journal::new(1 << 20, false)));
        let classroom = Classroom::of_many(course(), 9);
        let permits = Arc::new(Permits::new(1 << 20));
        let site = SocketAddr::from(([127, 0, 0, 1], 8000));
        let own = Some(classroom.clone());
        let mut feed = Feed::new(Arc::clone(&journal), permits, site, own, None);
        let text = pull(&mut feed);
        assert!(text.contains("\"teaches\":\"class\""), "{text}");
        assert!(
            text.contains("event: lesson\ndata: {\"revision\":0}\n\n"),
            "{text}"
        );
        assert_eq!(pull(&mut feed), "");
        let request = "GET /u/ann/raw HTTP/1.0\r\n\r\n";
        ask(&mut classroom.room(), request, "", UNIX_EPOCH);
        assert_eq!(pull(&mut feed), "event: lesson\ndata: {\"revision\":1}\n\n");
    }
}
