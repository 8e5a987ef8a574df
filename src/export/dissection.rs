//! One whole message, request or response, with a label for every byte.
//!
//! It judges the message by itself: a server's limits, its methods and its pages are no part of it.

use super::chunks::chunk_notes;
use super::content::content;
use crate::wire::{
    Fault, FaultKind, Label, Opinion, Part, RequestHead, ResponseHead, Span, request_opinion,
    response_opinion,
};

/// Which of the two kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// From a client.
    Request,
    /// From a server.
    Response,
}

/// A message, its labels and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Dissection {
    /// Request or response.
    pub kind: MessageKind,
    /// The message's bytes.
    pub bytes: Vec<u8>,
    /// Labels that tile the bytes.
    pub labels: Vec<Label>,
    /// What is odd or wrong, in the order of reading.
    pub faults: Vec<Fault>,
    /// What httparse says of the head.
    pub opinion: Opinion,
}

impl MessageKind {
    /// What these bytes look like: only a response starts with its version (RFC 1945 6.1).
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"HTTP/") {
            Self::Response
        } else {
            Self::Request
        }
    }

    /// `request` or `response`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

impl Dissection {
    /// Dissects a request; in a form or a multipart body, its fields too.
    #[must_use]
    pub fn request(bytes: Vec<u8>) -> Self {
        let opinion = request_opinion(&bytes);
        let head = RequestHead::dissect_message(bytes);
        let mut anatomy = head.anatomy().clone();
        let mut faults = head.faults().to_vec();
        let body = anatomy.labels().find(|label| label.part == Part::Body);
        if let Some(body) = body {
            let (labels, more) = content(&head, body.span);
            anatomy.refine(labels);
            faults.extend(more);
        }
        Self {
            kind: MessageKind::Request,
            labels: anatomy.labels().collect(),
            faults,
            opinion,
            bytes: head.into_bytes(),
        }
    }

    /// Dissects a response to anything but a HEAD. One in chunks is body until the close, with a note that counts them.
    #[must_use]
    pub fn response(bytes: Vec<u8>) -> Self {
        let opinion = response_opinion(&bytes);
        let head = ResponseHead::dissect_message(bytes);
        let mut faults = head.faults().to_vec();
        let body = head
            .anatomy()
            .labels()
            .find(|label| label.part == Part::Body);
        if let Some(body) = body {
            let to_the_end = Span::new(body.span.start, head.bytes().len());
            faults.extend(chunk_notes(&head, to_the_end));
        }
        Self {
            kind: MessageKind::Response,
            labels: head.anatomy().labels().collect(),
            faults,
            opinion,
            bytes: head.into_bytes(),
        }
    }

    /// Dissects a response to a HEAD, which has no body whatever its fields say (RFC 1945 8.2).
    #[must_use]
    pub fn response_to_head(bytes: Vec<u8>) -> Self {
        let opinion = response_opinion(&bytes);
        let head = ResponseHead::dissect(bytes);
        let mut anatomy = head.anatomy().clone();
        let mut faults = head.faults().to_vec();
        let rest = Span::new(anatomy.end(), head.bytes().len());
        if !rest.is_empty() {
            anatomy.push(Part::Excess, rest.end);
            faults.push(Fault::new(FaultKind::ExcessBytes, rest).measured(rest.len() as u64, 0));
        }
        Self {
            kind: MessageKind::Response,
            labels: anatomy.labels().collect(),
            faults,
            opinion,
            bytes: head.into_bytes(),
        }
    }

    /// Whether one of the faults refuses the message.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.faults.iter().any(Fault::refuses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tile_every_message() {
        for bytes in [
            &b""[..],
            b"GET /",
            b"GET /\r\nmore",
            b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi!",
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi!",
            b"HTTP/1.0 200",
            b"HTTP/",
            b"\x00\xff\n\n\n",
        ] {
            for dissected in [
                Dissection::request(bytes.to_vec()),
                Dissection::response(bytes.to_vec()),
                Dissection::response_to_head(bytes.to_vec()),
            ] {
                let mut end = 0;
                for label in &dissected.labels {
                    assert_eq!(label.span.start, end, "{dissected:?}");
                    assert!(!label.span.is_empty(), "{dissected:?}");
                    end = label.span.end;
                }
                assert_eq!(end, bytes.len(), "{dissected:?}");
            }
        }
    }

    #[test]
    fn the_answer_to_a_head_has_no_body() {
        let bytes = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let last = |dissected: &Dissection| dissected.labels.last().map(|label| label.part);
        assert_eq!(
            last(&Dissection::response(bytes.to_vec())),
            Some(Part::Body)
        );
        let to_head = Dissection::response_to_head(bytes.to_vec());
        assert_eq!(last(&to_head), Some(Part::Excess));
        assert_eq!(to_head.faults[0].kind, FaultKind::ExcessBytes);
        let alone = Dissection::response_to_head(bytes[..bytes.len() - 2].to_vec());
        assert!(alone.faults.is_empty());
    }
}
