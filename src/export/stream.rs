//! The bytes of one direction, as far as they came, cut into messages and labelled.
//!
//! A trace shows a read when it arrives and not when its message is whole, so the labels here are those
//! of a message in the making: a line without its end is `Unparsed` until the end comes.
//!
//! What follows a request is the next request if the first asked for the connection to be kept, else it
//! is excess. While the server lingers it drops what comes, and all of it is excess.

use super::MessageKind;
use super::content::content;
use super::secrets::{repeated, secrets};
use crate::record::{Happening, Open, Passage, Stream};
use crate::wire::{
    Anatomy, BodyFraming, Label, Part, RequestHead, ResponseHead, ServerState, Span,
};

/// One message of a stream.
#[derive(Debug)]
pub(super) struct Message {
    /// Where it starts in the stream.
    pub start: usize,
    /// Its first bytes, as far as they are kept.
    pub bytes: Vec<u8>,
    /// Labels that tile it as far as it came; those that are not kept too.
    pub labels: Vec<Label>,
    /// Where its head ends, so far.
    pub head_end: usize,
    /// Whether the blank line came, or whatever else ends the head.
    pub is_complete: bool,
    /// What is to be hidden in it.
    pub secrets: Vec<Span>,
}

/// What is made of a stream's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Whether the fields in a body are labelled.
    pub with_content: bool,
    /// Whether secrets are looked for.
    pub hides_secrets: bool,
}

impl Message {
    /// Where it ends, so far.
    pub(super) fn end(&self) -> usize {
        self.labels.last().map_or(0, |label| label.span.end)
    }

    /// Whether this is the label of a line that has no end yet.
    pub(super) fn is_open(&self, label: Label) -> bool {
        !self.is_complete && label.part == Part::Unparsed && label.span.end == self.end()
    }

    fn hiding(mut self, kind: MessageKind, reading: Reading) -> Self {
        if reading.hides_secrets {
            self.secrets = secrets(&self.bytes, kind);
        }
        self
    }

    /// Hides what was secret in the request too.
    fn hiding_again(mut self, request: &Stream, reading: Reading) -> Self {
        if reading.hides_secrets {
            let found = secrets(&request.bytes, MessageKind::Request);
            let again = repeated(&self.bytes, &request.bytes, &found);
            self.secrets.extend(again);
            self.secrets.sort_by_key(|place| (place.start, place.end));
        }
        self
    }
}

/// The messages that came from the client since the last exchange.
pub(super) fn requests(open: &Open, reading: Reading) -> Vec<Message> {
    if is_lingering(open) {
        let mut anatomy = Anatomy::default();
        anatomy.push(Part::Excess, length(&open.request));
        let dropped = Message {
            start: 0,
            bytes: open.request.bytes.clone(),
            labels: anatomy.labels().collect(),
            head_end: 0,
            is_complete: true,
            secrets: Vec::new(),
        };
        return vec![dropped.hiding(MessageKind::Request, reading)];
    }
    let mut messages = Vec::new();
    let (mut start, end) = (0, length(&open.request));
    while start < end {
        let bytes = open.request.bytes.get(start..).unwrap_or_default();
        let message = request(start, bytes.to_vec(), end - start, reading);
        start += message.end();
        messages.push(message);
    }
    messages
}

/// One request that begins with these bytes, with `total` bytes after its start.
pub(super) fn request(start: usize, bytes: Vec<u8>, total: usize, reading: Reading) -> Message {
    let head = RequestHead::dissect(bytes);
    let mut anatomy = head.anatomy().clone();
    let head_end = anatomy.end();
    if head.is_complete() {
        let framing = head.framing().unwrap_or(BodyFraming::None);
        let length = match framing {
            BodyFraming::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
            BodyFraming::None | BodyFraming::UntilClose => 0,
        };
        let body_end = head_end.saturating_add(length).min(total);
        anatomy.push(Part::Body, body_end);
        if reading.with_content {
            let kept = body_end.min(head.bytes().len()).max(head_end);
            anatomy.refine(content(&head, Span::new(head_end, kept)).0);
        }
        if !head.asks_keep_alive() {
            anatomy.push(Part::Excess, total);
        }
    } else {
        anatomy.push(Part::Unparsed, total);
    }
    let message = Message {
        start,
        is_complete: head.is_complete(),
        bytes: head.into_bytes(),
        labels: anatomy.labels().collect(),
        head_end,
        secrets: Vec::new(),
    };
    message.hiding(MessageKind::Request, reading)
}

/// A response of which `stream` is the beginning, to a request of which that is.
pub(super) fn response(stream: &Stream, request: &Stream, reading: Reading) -> Message {
    let head = ResponseHead::dissect(stream.bytes.clone());
    let mut anatomy = head.anatomy().clone();
    let head_end = anatomy.end();
    let part = if head.is_complete() {
        Part::Body
    } else {
        Part::Unparsed
    };
    anatomy.push(part, length(stream));
    let message = Message {
        start: 0,
        is_complete: head.is_complete(),
        bytes: head.into_bytes(),
        labels: anatomy.labels().collect(),
        head_end,
        secrets: Vec::new(),
    };
    message
        .hiding(MessageKind::Response, reading)
        .hiding_again(request, reading)
}

fn is_lingering(open: &Open) -> bool {
    let states = open.timeline.iter().rev().find_map(|event| {
        if let Passage::Happened(Happening::States { server, .. }) = event.what {
            Some(server)
        } else {
            None
        }
    });
    states == Some(ServerState::Lingering)
}

/// How many bytes there were, as an offset.
pub(super) fn length(stream: &Stream) -> usize {
    usize::try_from(stream.length).unwrap_or(usize::MAX)
}
