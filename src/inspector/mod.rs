//! L3: the live page: every byte of every exchange, labelled, as it happens.
//!
//! ```text
//! loop --tap--> queue --scribe--> journal <--pages-- the page's own door, on the same loop
//! ```
//!
//! * [`tap`](Inspector::tap): what the loop tells. It never waits: it decides which connections are followed,
//!   and counts the others.
//! * `scribe`: a thread that puts the records together, keeps the journal, and wakes the pages.
//! * `journal`: what there is to show, bounded in bytes. A page is a cursor into it: who is slow, late or comes
//!   back reads on from where it was, and is told how many it missed.
//! * [`service`](Inspector::service): the few URLs of the page. Its connections are not tapped.
//!
//! While no page is open at most some 50 connections a second are followed, so that whoever comes after the
//! first `curl` finds it, and a load test costs nothing; while one is open, some 500 (see `permits`). What was
//! not followed, or fell out of the journal, is counted and shown.
//!
//! With a classroom the page has a *lesson side* (`lesson`), and the teacher of a class a page of who is where
//! (`class`). Both are told by the feed that there is something new, and ask for it.
//!
//! The page is plain files in `page/`: no build, no framework, no request to any other host.

mod capture;
mod class;
mod commands;
mod cookies;
mod document;
mod entry;
mod feed;
mod glossary;
mod journal;
mod lesson;
mod pages;
mod permits;
mod scribe;
mod tap;

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Service;
use crate::lessons::Classroom;
use crate::record::Tap;
use journal::Journal;
use pages::Pages;
use permits::Permits;
use tap::{Batch, InspectorTap, QUEUE};

/// How the inspector runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its own door listens, with the real port: what a Host field has to say.
    pub address: SocketAddr,
    /// Where the server listens that is looked into.
    pub site: SocketAddr,
    /// Bytes that everything it remembers may take.
    pub journal_bytes: usize,
    /// Whether passwords, session ids and the like are written over with `*` before they are kept.
    pub hides_secrets: bool,
    /// The learners whose exchanges these are, if somebody is taught.
    pub classroom: Option<Classroom>,
}

/// A running inspector.
#[derive(Debug)]
pub struct Inspector {
    journal: Arc<Mutex<Journal>>,
    permits: Arc<Permits>,
    queue: SyncSender<Batch>,
    settings: Settings,
}

impl Inspector {
    /// Starts its thread, which ends when the inspector and its taps are gone.
    ///
    /// # Errors
    ///
    /// When the system has no thread for it.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let journal = Journal::new(settings.journal_bytes, settings.hides_secrets);
        let journal = Arc::new(Mutex::new(journal));
        let permits = Arc::new(Permits::new(settings.journal_bytes));
        let (queue, batches) = sync_channel(QUEUE);
        let (its_journal, its_permits) = (Arc::clone(&journal), Arc::clone(&permits));
        std::thread::Builder::new()
            .name("inspector".to_owned())
            .spawn(move || scribe::run(&batches, &its_journal, &its_permits))?;
        if let Some(classroom) = &settings.classroom {
            let queue = queue.clone();
            classroom.room().listen(move |_| {
                // A batch of nothing has the scribe wake the pages. Full: it is going to anyway.
                let _full = queue.try_send(Batch::default());
            });
        }
        Ok(Self {
            journal,
            permits,
            queue,
            settings,
        })
    }

    /// A tap for one loop.
    #[must_use]
    pub fn tap(&self) -> Box<dyn Tap> {
        Box::new(InspectorTap::new(
            Arc::clone(&self.permits),
            self.queue.clone(),
        ))
    }

    /// What answers at its door.
    #[must_use]
    pub fn service(&self) -> Arc<dyn Service> {
        Arc::new(Pages::new(
            Arc::clone(&self.journal),
            Arc::clone(&self.permits),
            &self.settings,
        ))
    }
}

/// The journal, also after a panic: what it shows is better than nothing.
fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}
