//! One line of the list: an exchange, under way or over, with everything that the page can show of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::cookies::Words;
use crate::export::{MessageKind, hidden, repeated, secrets};
use crate::record::{Event, Open, Stream, Transcript};
use crate::wire::{Escaped, Fault, Lang, RequestHead, Status};

/// An exchange.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its number in the list, from 1 on.
    pub(super) id: u64,
    /// Its connection's number.
    pub(super) connection: u64,
    /// Which exchange of its connection it is, from 1 on.
    pub(super) number: u64,
    pub(super) stage: Stage,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    /// When the connection was accepted.
    pub(super) opened: SystemTime,
    pub(super) request: Stream,
    pub(super) response: Stream,
    pub(super) timeline: Vec<Event>,
    /// What the server found odd or wrong.
    pub(super) faults: Vec<Fault>,
    /// What the server would say to somebody who seems to be stuck.
    pub(super) hint: Option<Fault>,
    pub(super) status: Option<Status>,
    pub(super) took: Duration,
    /// What its cookies mean.
    pub(super) words: Vec<Words>,
}

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The request is still coming, or the response going out.
    Open,
    /// It was answered, or given up.
    Done,
    /// The connection ended before there was a whole request or an answer.
    Over,
}

impl Entry {
    /// What there is so far of the exchange under way on an open connection, or what was left when it ended.
    pub(super) fn of_open(
        id: u64,
        connection: u64,
        open: &Open,
        stage: Stage,
        hides_secrets: bool,
    ) -> Self {
        let mut entry = Self {
            id,
            connection,
            number: open.exchanges + 1,
            stage,
            client: open.client,
            server: open.server,
            opened: open.opened,
            request: open.request.clone(),
            response: open.response.clone(),
            timeline: open.timeline.clone(),
            faults: Vec::new(),
            hint: None,
            status: None,
            took: Duration::ZERO,
            words: Vec::new(),
        };
        entry.hide(hides_secrets);
        entry
    }

    /// A whole exchange.
    pub(super) fn of_transcript(id: u64, transcript: Transcript, hides_secrets: bool) -> Self {
        let exchange = transcript.exchange;
        let head = exchange.head.as_deref();
        let of_head = head.map_or(&[][..], RequestHead::faults);
        // Where bytes were only counted, the record still has the head.
        let mut request = transcript.request;
        let head = head.map_or(&[][..], RequestHead::bytes);
        if request.bytes.len() < head.len() && head.len() as u64 <= request.length {
            request.bytes = head.to_vec();
        }
        let mut entry = Self {
            id,
            connection: exchange.connection,
            number: transcript.number,
            stage: Stage::Done,
            client: exchange.peer,
            server: transcript.server,
            opened: transcript.opened,
            request,
            response: transcript.response,
            timeline: transcript.timeline,
            faults: [of_head, &exchange.faults].concat(),
            hint: None,
            status: exchange.status,
            took: exchange.took,
            words: Vec::new(),
        };
        entry.hide(hides_secrets);
        entry
    }

    fn hide(&mut self, hides_secrets: bool) {
        if !hides_secrets {
            return;
        }
        let (request, response) = (&self.request.bytes, &self.response.bytes);
        let in_request = secrets(request, MessageKind::Request);
        let mut in_response = secrets(response, MessageKind::Response);
        in_response.extend(repeated(response, request, &in_request));
        let response = hidden(response, &in_response);
        self.request.bytes = hidden(request, &in_request);
        self.response.bytes = response;
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        let events = self.timeline.capacity() * size_of::<Event>();
        let words: usize = self.words.iter().map(Words::weight).sum();
        let faults = self.faults.capacity() * size_of::<Fault>();
        let bytes = self.request.bytes.capacity() + self.response.bytes.capacity();
        size_of::<Self>() + events + words + faults + bytes
    }

    /// The request's head, as far as its bytes are kept.
    pub(super) fn head(&self) -> RequestHead {
        RequestHead::dissect(self.request.bytes.clone())
    }

    /// The request's method and target, escaped; of a request line that is not complete, nothing and what there is.
    pub(super) fn first_words(&self) -> (String, String) {
        let head = self.head();
        let escaped = |octets: &[u8]| {
            let shown = octets.get(..octets.len().min(SHOWN)).unwrap_or_default();
            Escaped(shown).to_string()
        };
        let target = if head.method().is_empty() {
            &self.request.bytes
        } else {
            head.target()
        };
        (escaped(head.method()), escaped(target))
    }

    /// Its line in the list, as the data of an event: JSON without a line end in it.
    pub(super) fn summary(&self) -> Arc<str> {
        let (method, target) = self.first_words();
        let slugs = self.faults.iter().map(|fault| fault.kind.slug());
        let hint = self
            .hint
            .map(|hint| json!({"en": hint.sentence(Lang::En), "zh": hint.sentence(Lang::Zh)}));
        let summary = json!({
            "id": self.id,
            "connection": self.connection,
            "number": self.number,
            "stage": self.stage.name(),
            "method": method,
            "target": target,
            "status": self.status.map(Status::code),
            "faults": slugs.collect::<Vec<_>>(),
            "refused": self.faults.iter().any(Fault::refuses),
            "in": self.request.length,
            "out": self.response.length,
            "took": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            "at": milliseconds(self.opened),
            "hint": hint,
            "told": self.words.iter().any(|words| words.is_news),
        });
        summary.to_string().into()
    }
}

impl Stage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Over => "over",
        }
    }
}

/// Since 1970, for a browser's `Date`.
pub(super) fn milliseconds(at: SystemTime) -> Value {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Bytes of a method or a target that the list shows.
const SHOWN: usize = 200;
