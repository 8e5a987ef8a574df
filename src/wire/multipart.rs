//! Bodies as `multipart/form-data` (RFC 7578, RFC 2046 5.1): bytes in, events out, no file and no socket.
//!
//! ```text
//! preamble CRLF                            means nothing, and is usually not there
//! --X CRLF                                 boundary; blanks may stand before the line end
//! Content-Disposition: form-data; ... CRLF a part's head
//! CRLF
//! content                                  part body: any bytes, a line end before the boundary not among them
//! CRLF --X-- CRLF                          the line end belongs to the boundary; two more dashes end the body
//! epilogue                                 means nothing either
//! ```
//!
//! A boundary is one at the start of a line only, and only if its line goes on with blanks, a line end or
//! two dashes; elsewhere it is content. (Django takes it anywhere, and so loses files that quote it.)
//!
//! The events of a body tile it: each byte stands in one event, in order. Reading is total: what follows
//! no rule is labelled `Unparsed`, becomes a fault, and the reading goes on at the next boundary. Each kind
//! of fault is told once, right before the event that it is about. How the body is cut into pieces changes
//! nothing but how content is cut.
//!
//! What may be content is never copied: a byte is handed out where it came in, or, if it had to be kept
//! since it might have been a boundary's, from our own copy of the boundary, which is what it then equals.
//! So no more is kept than one part's head, and no byte is looked for twice.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem::Finder;

use super::octets::is_blank;
use super::parameter::parameters;
use super::{Fault, FaultKind, Label, LineEnd, Part, PartHead, PartKind, Span};

/// What stands between the parts of a multipart body: 1 to 70 bytes of printable ASCII, the last no blank.
///
/// Seventy is RFC 2046's limit; Django takes 201, but programs send some 40. The RFC's list of characters
/// is shorter; one that is not on it can be found as well, so it is taken, as with Django.
///
/// ```
/// use blankline::wire::Boundary;
/// let boundary = Boundary::of(b"multipart/form-data; boundary=\"a b\"", 0).unwrap();
/// assert_eq!(boundary.octets(), b"a b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary(Vec<u8>);

impl Boundary {
    /// The boundary that a Content-Type names; the field's value stands at byte `offset` of its message.
    ///
    /// # Errors
    ///
    /// - [`FaultKind::NoBoundary`]: there is no such parameter; the whole value.
    /// - [`FaultKind::BadBoundary`]: it is empty, too long, has other bytes, ends with a blank, or its
    ///   closing quote is missing; its place.
    ///
    /// ```
    /// use blankline::wire::{Boundary, FaultKind, Span};
    /// let fault = Boundary::of(b"multipart/form-data", 40).unwrap_err();
    /// assert_eq!((fault.kind, fault.at), (FaultKind::NoBoundary, Span::new(40, 59)));
    /// ```
    pub fn of(content_type: &[u8], offset: usize) -> Result<Self, Fault> {
        let place = |at: Span| Span::new(offset + at.start, offset + at.end);
        let mut malformed = None;
        for parameter in parameters(content_type) {
            match parameter {
                Ok(it) if it.name.eq_ignore_ascii_case(b"boundary") => {
                    let is_good = it.value.len() <= MOST_BOUNDARY
                        && it.value.iter().all(|octet| (b' '..=b'~').contains(octet))
                        && it.value.last().is_some_and(|&octet| octet != b' ');
                    return if is_good {
                        Ok(Self(it.value.into_owned()))
                    } else {
                        Err(Fault::new(FaultKind::BadBoundary, place(it.value_at)))
                    };
                }
                Ok(_) => {}
                Err(at) => {
                    let word = at.of(content_type).get(..8).unwrap_or_default();
                    malformed =
                        malformed.or_else(|| word.eq_ignore_ascii_case(b"boundary").then_some(at));
                }
            }
        }
        Err(match malformed {
            Some(at) => Fault::new(FaultKind::BadBoundary, place(at)),
            None => Fault::new(
                FaultKind::NoBoundary,
                place(Span::new(0, content_type.len())),
            ),
        })
    }

    /// Its bytes, without the two dashes that stand before them in the body.
    ///
    /// ```
    /// use blankline::wire::Boundary;
    /// assert_eq!(Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap().octets(), b"X");
    /// ```
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// How much of a multipart body is taken. How long content may be is for who takes it to say.
///
/// ```
/// assert_eq!(blankline::wire::MultipartLimits::default().parts, 1_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    /// Parts: as many as Django takes fields.
    pub parts: usize,
    /// Bytes of one part's head, its blank line included: 1,024, as with Django.
    pub part_head_bytes: usize,
}

impl Default for MultipartLimits {
    fn default() -> Self {
        Self {
            parts: 1_000,
            part_head_bytes: 1_024,
        }
    }
}

/// What comes out of a multipart body. Those with bytes come in the order of their bytes, without a gap.
///
/// ```
/// use blankline::wire::{MultipartEvent, Part, Label, Span};
/// let event = MultipartEvent::Data { octets: b"hi", at: Span::new(80, 82) };
/// let label = Label { part: Part::PartBody, span: Span::new(80, 82) };
/// assert!(event.labels().eq([label]));
/// ```
#[derive(Clone, Debug)]
pub enum MultipartEvent<'a> {
    /// Bytes that are neither a head nor content: what they are, and where.
    Label(Label),
    /// Something is odd or wrong about what comes next; a body with a fault that refuses is not to be used.
    Fault(Fault),
    /// A part begins.
    Head(Box<PartHead>),
    /// Some of the part's content; never empty.
    Data {
        /// The bytes.
        octets: &'a [u8],
        /// Where they stand.
        at: Span,
    },
    /// The part is complete: a boundary follows. A part that is cut short never gets here.
    EndOfPart,
    /// The last boundary: no part follows.
    End,
}

impl MultipartEvent<'_> {
    /// The labels of the event's bytes; none if it has no bytes.
    ///
    /// ```
    /// assert_eq!(blankline::wire::MultipartEvent::End.labels().count(), 0);
    /// ```
    pub fn labels(&self) -> impl Iterator<Item = Label> {
        let (label, head) = match *self {
            Self::Label(label) => (Some(label), None),
            Self::Data { at: span, .. } => (
                Some(Label {
                    part: Part::PartBody,
                    span,
                }),
                None,
            ),
            Self::Head(ref head) => (None, Some(head)),
            Self::Fault(_) | Self::EndOfPart | Self::End => (None, None),
        };
        label
            .into_iter()
            .chain(head.into_iter().flat_map(|head| head.labels()))
    }
}

/// A multipart body that is being read.
///
/// ```
/// use blankline::wire::{Boundary, Multipart, MultipartEvent, MultipartLimits};
/// # fn main() -> Result<(), blankline::wire::Fault> {
/// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0)?;
/// let mut multipart = Multipart::new(&boundary, 0, MultipartLimits::default());
/// let mut content = Vec::new();
/// let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhi\r\n--X--\r\n";
/// for mut piece in body.chunks(7) {
///     while let Some(event) = multipart.poll(&mut piece) {
///         match event {
///             MultipartEvent::Head(head) => assert_eq!(head.name(), b"a"),
///             MultipartEvent::Data { octets, .. } => content.extend_from_slice(octets),
///             MultipartEvent::Fault(fault) if fault.refuses() => return Err(fault),
///             _ => {}
///         }
///     }
/// }
/// assert!(multipart.finish().is_none());
/// assert_eq!(content, b"hi");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Multipart {
    /// CR LF, two dashes, the boundary, and the first of the two dashes that may follow.
    line: Vec<u8>,
    /// Finds the same from its LF on, without the last dash.
    finder: Finder<'static>,
    limits: MultipartLimits,
    /// Where the body starts.
    start: usize,
    /// The first byte that no event has had yet.
    position: usize,
    state: State,
    candidate: Candidate,
    /// A part's head, as far as it is here.
    head: Vec<u8>,
    parts: usize,
    /// The kind of the part under way.
    part: Option<PartKind>,
    events: VecDeque<MultipartEvent<'static>>,
    told: Vec<FaultKind>,
    #[cfg(test)]
    work: usize,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Text with this label, until there is a boundary.
    Text(Part),
    /// The rest of a boundary's line; `has_cr` says that its CR is here, still without an event.
    BoundaryLine { is_last: bool, has_cr: bool },
    /// A part's head.
    Head,
    /// Everything that is left has this label.
    Rest(Part),
}

/// Bytes that came, got no event yet, and may turn out to be a boundary: they equal `line[start..end]`, and
/// a CR follows them if `has_cr`. With `end` at 0 there are none.
///
/// `start` is 0 at a CR LF, 1 at an LF that has no CR, and 2 where a line starts without either: at the
/// start of the body and of a part's content.
#[derive(Clone, Copy, Debug, Default)]
struct Candidate {
    start: usize,
    end: usize,
    has_cr: bool,
}

impl Candidate {
    const LINE_START: Self = Self {
        start: 2,
        end: 2,
        has_cr: false,
    };
}

/// Bytes that turned out to be text: some that just came in, or those of a candidate that was none.
enum Text<'i> {
    Input(&'i [u8]),
    Kept(Range<usize>),
}

impl Multipart {
    /// A reader for a body that starts at byte `offset` of its message.
    ///
    /// ```
    /// use blankline::wire::{Boundary, Multipart, MultipartLimits};
    /// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
    /// assert_eq!(Multipart::new(&boundary, 100, MultipartLimits::default()).kept(), 0);
    /// ```
    #[must_use]
    pub fn new(boundary: &Boundary, offset: usize, limits: MultipartLimits) -> Self {
        let line = [b"\r\n--", boundary.octets(), b"-"].concat();
        let needle = line.get(1..line.len() - 1).unwrap_or_default();
        Self {
            finder: Finder::new(needle).into_owned(),
            line,
            limits,
            start: offset,
            position: offset,
            state: State::Text(Part::Preamble),
            candidate: Candidate::LINE_START,
            head: Vec::new(),
            parts: 0,
            part: None,
            events: VecDeque::new(),
            told: Vec::new(),
            #[cfg(test)]
            work: 0,
        }
    }

    /// The next event; takes from the front of `input` what it has seen. `None` when all of `input` is
    /// taken and more is needed.
    ///
    /// ```
    /// use blankline::wire::{Boundary, Multipart, MultipartEvent, MultipartLimits};
    /// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
    /// let mut multipart = Multipart::new(&boundary, 100, MultipartLimits::default());
    /// let mut input = &b"--X--"[..];
    /// assert!(matches!(multipart.poll(&mut input), Some(MultipartEvent::Label(_))));
    /// assert!(matches!(multipart.poll(&mut input), Some(MultipartEvent::End)));
    /// assert!(multipart.poll(&mut input).is_none() && input.is_empty());
    /// ```
    pub fn poll<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Option<MultipartEvent<'a>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let text = match self.state {
                State::Text(_) => self.text(input),
                State::BoundaryLine { is_last, has_cr } => {
                    self.boundary_line(is_last, has_cr, input);
                    None
                }
                State::Head => {
                    self.part_head(input);
                    None
                }
                State::Rest(_) => {
                    let rest = std::mem::take(input);
                    (!rest.is_empty()).then_some(Text::Input(rest))
                }
            };
            if let Some(text) = text {
                return Some(self.text_event(text));
            }
            if self.events.is_empty() && input.is_empty() {
                return None;
            }
        }
    }

    /// The events of the end, once all of the body was given to [`Multipart::poll`]; to be called until
    /// there are no more.
    ///
    /// ```
    /// use blankline::wire::{Boundary, FaultKind, Multipart, MultipartEvent, MultipartLimits};
    /// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
    /// let mut multipart = Multipart::new(&boundary, 100, MultipartLimits::default());
    /// let Some(MultipartEvent::Fault(fault)) = multipart.finish() else { panic!() };
    /// assert_eq!(fault.kind, FaultKind::BoundaryNotFound);
    /// assert!(multipart.finish().is_none());
    /// ```
    pub fn finish(&mut self) -> Option<MultipartEvent<'_>> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let candidate = self.candidate;
        match self.state {
            // The last line is a boundary without its end: no part is open, and none was closed well.
            State::Text(_) if candidate.end == self.boundary_end() => self.boundary(false),
            State::Text(_) if candidate.start < candidate.end => {
                self.candidate = Candidate::default();
                return Some(self.text_event(Text::Kept(candidate.start..candidate.end)));
            }
            State::Text(part) => {
                self.state = State::Rest(Part::Unparsed);
                let end = Span::at(self.position);
                match (part, self.part) {
                    (Part::Preamble, _) => {
                        let all = Span::new(self.start, self.position);
                        self.tell(Fault::new(FaultKind::BoundaryNotFound, all));
                    }
                    (_, Some(PartKind::File)) => self.tell(Fault::new(FaultKind::CutInFile, end)),
                    (_, Some(_)) => self.tell(Fault::new(FaultKind::CutInField, end)),
                    (_, None) => {}
                }
            }
            State::BoundaryLine { is_last, has_cr } => {
                let rest = if is_last {
                    Part::Epilogue
                } else {
                    Part::Unparsed
                };
                self.label(rest, usize::from(has_cr));
                self.state = State::Rest(rest);
                if !is_last {
                    self.tell(Fault::new(
                        FaultKind::CutInPartHead,
                        Span::at(self.position),
                    ));
                }
            }
            State::Head => self.part_head_is_cut(),
            State::Rest(_) => {}
        }
        self.events.pop_front()
    }

    /// How many bytes came in and stand in no event yet: fewer than a part's head may have, or than make a
    /// boundary and the line ends around it.
    ///
    /// ```
    /// use blankline::wire::{Boundary, Multipart, MultipartLimits};
    /// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
    /// let mut multipart = Multipart::new(&boundary, 0, MultipartLimits::default());
    /// assert!(multipart.poll(&mut &b"--"[..]).is_none());
    /// assert_eq!(multipart.kept(), 2);
    /// ```
    #[must_use]
    pub fn kept(&self) -> usize {
        let has_cr = matches!(self.state, State::BoundaryLine { has_cr: true, .. });
        let candidate = self.candidate;
        self.head.len()
            + (candidate.end - candidate.start)
            + usize::from(candidate.has_cr || has_cr)
    }

    /// Text up to what may be a boundary. `None` if a boundary was found, or more bytes are needed.
    fn text<'i>(&mut self, input: &mut &'i [u8]) -> Option<Text<'i>> {
        loop {
            if self.candidate.end == 0 {
                if input.is_empty() {
                    return None;
                }
                let (text, candidate, rest) = self.search(input);
                #[cfg(test)]
                {
                    self.work += input.len() - rest.len();
                }
                self.candidate = candidate;
                *input = rest;
                if !text.is_empty() {
                    return Some(Text::Input(text));
                }
            }
            let kept = self.compare(input)?;
            if !kept.is_empty() {
                return Some(Text::Kept(kept));
            }
        }
    }

    /// What is text for sure, what may be a boundary, and what comes after that.
    fn search<'i>(&self, input: &'i [u8]) -> (&'i [u8], Candidate, &'i [u8]) {
        let needle = self.finder.needle();
        let (line_feed, end) = match self.finder.find(input) {
            Some(line_feed) => (Some(line_feed), line_feed + needle.len()),
            None => {
                // Less than the needle at the end of the input; an LF is only its first byte.
                let tail = (input.len() + 1).saturating_sub(needle.len());
                let suspects = input.get(tail..).unwrap_or_default();
                let found = memchr::memrchr(b'\n', suspects).map(|at| tail + at);
                let begins = |&at: &usize| needle.starts_with(input.get(at..).unwrap_or_default());
                (found.filter(begins), input.len())
            }
        };
        // The CR before the LF, or the one that the input ends with.
        let before = line_feed.unwrap_or(end);
        let has_cr = before
            .checked_sub(1)
            .is_some_and(|at| input.get(at) == Some(&b'\r'));
        let text_end = before - usize::from(has_cr);
        let candidate = match (line_feed, has_cr) {
            (None, false) => Candidate::default(),
            _ => {
                let start = usize::from(!has_cr);
                Candidate {
                    start,
                    end: start + (end - text_end),
                    has_cr: false,
                }
            }
        };
        let text = input.get(..text_end).unwrap_or_default();
        (text, candidate, input.get(end..).unwrap_or_default())
    }

    /// Goes on with a candidate. Gives what turned out to be text; `None` if a boundary was found, or more
    /// bytes are needed.
    fn compare(&mut self, input: &mut &[u8]) -> Option<Range<usize>> {
        let boundary_end = self.boundary_end();
        while let Some((&octet, rest)) = input.split_first() {
            #[cfg(test)]
            {
                self.work += 1;
            }
            let Candidate { start, end, has_cr } = self.candidate;
            let goes_on = !has_cr && self.line.get(end) == Some(&octet);
            if end == boundary_end + 1 && octet == b'-' {
                *input = rest;
                self.boundary(true);
                return None;
            } else if goes_on {
                self.candidate.end += 1;
            } else if end == boundary_end && octet == b'\r' && !has_cr {
                self.candidate.has_cr = true;
            } else if end == boundary_end && (octet == b'\n' || (is_blank(octet) && !has_cr)) {
                self.boundary(false);
                return None;
            } else {
                // The CR may be the first byte of the next candidate.
                self.candidate = Candidate {
                    start: 0,
                    end: usize::from(has_cr),
                    has_cr: false,
                };
                return Some(start..end);
            }
            *input = rest;
        }
        None
    }

    /// The candidate is a boundary.
    fn boundary(&mut self, is_last: bool) {
        let Candidate { start, has_cr, .. } = std::mem::take(&mut self.candidate);
        self.state = State::BoundaryLine { is_last, has_cr };
        if start == 1 {
            let line_feed = Span::new(self.position, self.position + 1);
            self.tell(Fault::new(FaultKind::MultipartBareLf, line_feed));
        }
        if self.part.take().is_some() {
            self.events.push_back(MultipartEvent::EndOfPart);
        }
        let line_end = if start == 0 {
            LineEnd::CrLf
        } else {
            LineEnd::BareLf
        };
        self.label(Part::LineEnd(line_end), 2 - start);

        let dashes = if is_last { 2 } else { 0 };
        let length = self.boundary_end() - 2 + dashes;
        let at = Span::new(self.position, self.position + length);
        self.parts += usize::from(!is_last);
        let are_too_many = self.parts > self.limits.parts;
        if are_too_many {
            let fault = Fault::new(FaultKind::TooManyParts, at);
            self.tell(fault.measured(self.parts as u64, self.limits.parts as u64));
        }
        self.label(Part::Boundary, length);
        if is_last {
            self.events.push_back(MultipartEvent::End);
        } else if are_too_many {
            self.label(Part::Unparsed, usize::from(has_cr));
            self.state = State::Rest(Part::Unparsed);
        }
    }

    /// Blanks and a line end. On the line of the last boundary anything else is epilogue.
    fn boundary_line(&mut self, is_last: bool, mut has_cr: bool, input: &mut &[u8]) {
        if !has_cr {
            let blanks = input.iter().take_while(|&&octet| is_blank(octet)).count();
            self.label(Part::Whitespace, blanks);
            *input = input.get(blanks..).unwrap_or_default();
            if let Some(rest) = input.strip_prefix(b"\r") {
                *input = rest;
                has_cr = true;
            }
        }
        self.state = State::BoundaryLine { is_last, has_cr };
        let Some((&octet, rest)) = input.split_first() else {
            return;
        };
        let next = Span::new(self.position, self.position + 1);
        if octet == b'\n' {
            *input = rest;
            if !has_cr && !is_last {
                self.tell(Fault::new(FaultKind::MultipartBareLf, next));
            }
            let line_end = if has_cr {
                LineEnd::CrLf
            } else {
                LineEnd::BareLf
            };
            self.label(Part::LineEnd(line_end), line_end.octets().len());
            self.state = if is_last {
                State::Rest(Part::Epilogue)
            } else {
                State::Head
            };
        } else if is_last {
            self.label(Part::Epilogue, usize::from(has_cr));
            self.state = State::Rest(Part::Epilogue);
        } else {
            self.tell(Fault::new(FaultKind::TextAfterBoundary, next));
            self.label(Part::Unparsed, usize::from(has_cr));
            self.state = State::Text(Part::Unparsed);
        }
    }

    /// Keeps a head's lines until its blank line is here.
    fn part_head(&mut self, input: &mut &[u8]) {
        let limit = self.limits.part_head_bytes;
        loop {
            let room = limit - self.head.len();
            let window = input.get(..room).unwrap_or(input);
            let line_feed = memchr::memchr(b'\n', window);
            let taken = line_feed.map_or(window.len(), |at| at + 1);
            self.head
                .extend_from_slice(window.get(..taken).unwrap_or_default());
            *input = input.get(taken..).unwrap_or_default();
            if line_feed.is_none() {
                break;
            }
            if ends_with_blank_line(&self.head) {
                return self.part_begins();
            }
        }
        if self.head.len() == limit {
            let length = std::mem::take(&mut self.head).len();
            let at = Span::new(self.position, self.position + length);
            let fault = Fault::new(FaultKind::PartHeadTooLarge, at);
            self.tell(fault.measured(length as u64, limit as u64));
            self.label(Part::Unparsed, length);
            self.state = State::Text(Part::Unparsed);
        }
    }

    /// What is here of the last head is labelled as far as it goes. What its fields say is not judged, but
    /// whether its lines are fields is: a missing blank line is the likeliest mistake of all.
    fn part_head_is_cut(&mut self) {
        let head = PartHead::dissect(std::mem::take(&mut self.head), self.position);
        for fault in head.faults() {
            if matches!(
                fault.kind,
                FaultKind::BadPartLine | FaultKind::MultipartBareLf | FaultKind::CutInPartHead
            ) {
                self.tell(*fault);
            }
        }
        for Label { part, span } in head.labels() {
            self.label(part, span.len());
        }
        self.state = State::Rest(Part::Unparsed);
    }

    fn part_begins(&mut self) {
        let head = PartHead::dissect(std::mem::take(&mut self.head), self.position);
        for fault in head.faults() {
            self.tell(*fault);
        }
        self.position = head.at().end;
        self.part = Some(head.kind());
        self.state = State::Text(Part::PartBody);
        self.candidate = Candidate::LINE_START;
        self.events.push_back(MultipartEvent::Head(Box::new(head)));
    }

    fn text_event<'a>(&'a mut self, text: Text<'a>) -> MultipartEvent<'a> {
        let octets = match text {
            Text::Input(octets) => octets,
            Text::Kept(range) => self.line.get(range).unwrap_or_default(),
        };
        let span = Span::new(self.position, self.position + octets.len());
        self.position = span.end;
        match self.state {
            State::Text(Part::PartBody) => MultipartEvent::Data { octets, at: span },
            State::Text(part) | State::Rest(part) => MultipartEvent::Label(Label { part, span }),
            State::BoundaryLine { .. } | State::Head => MultipartEvent::Label(Label {
                part: Part::Unparsed,
                span,
            }),
        }
    }

    /// The next `length` bytes are this; nothing if there are none.
    fn label(&mut self, part: Part, length: usize) {
        let span = Span::new(self.position, self.position + length);
        self.position = span.end;
        if length > 0 {
            self.events
                .push_back(MultipartEvent::Label(Label { part, span }));
        }
    }

    /// Each kind of fault is told once, so a hostile body cannot make a long list.
    fn tell(&mut self, fault: Fault) {
        if !self.told.contains(&fault.kind) {
            self.told.push(fault.kind);
            self.events.push_back(MultipartEvent::Fault(fault));
        }
    }

    /// Where in `line` the boundary ends.
    fn boundary_end(&self) -> usize {
        self.line.len() - 1
    }
}

/// A whole multipart body, dissected.
///
/// ```
/// use blankline::wire::{Boundary, dissect_multipart};
/// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
/// let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhi\r\n--X--\r\n";
/// let dissected = dissect_multipart(body, &boundary, 0);
/// assert_eq!(dissected.parts[0].head.name(), b"a");
/// assert_eq!(dissected.parts[0].content_at.of(body), b"hi");
/// assert!(dissected.faults.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct DissectedMultipart {
    /// What each byte is, without a gap; for [`Anatomy::refine`](super::Anatomy::refine).
    pub labels: Vec<Label>,
    /// The parts, in order.
    pub parts: Vec<DissectedPart>,
    /// What is odd or wrong: the first fault of each kind.
    pub faults: Vec<Fault>,
}

/// One part of a dissected body.
///
/// ```
/// use blankline::wire::{Boundary, dissect_multipart};
/// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
/// let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhi";
/// assert!(!dissect_multipart(body, &boundary, 0).parts[0].is_complete);
/// ```
#[derive(Clone, Debug)]
pub struct DissectedPart {
    /// Its head.
    pub head: PartHead,
    /// Where its content stands in the message.
    pub content_at: Span,
    /// Whether a boundary follows.
    pub is_complete: bool,
}

/// Reads a whole body that starts at byte `offset` of its message, with the usual limits.
///
/// ```
/// use blankline::wire::{Boundary, FaultKind, dissect_multipart};
/// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
/// let dissected = dissect_multipart(b"--Y--", &boundary, 100);
/// assert_eq!(dissected.faults[0].kind, FaultKind::BoundaryNotFound);
/// assert_eq!(dissected.labels[0].part.name(), "preamble");
/// ```
#[must_use]
pub fn dissect_multipart(body: &[u8], boundary: &Boundary, offset: usize) -> DissectedMultipart {
    dissect_multipart_within(body, boundary, offset, MultipartLimits::default())
}

/// The same with limits of one's own.
///
/// ```
/// use blankline::wire::{Boundary, FaultKind, MultipartLimits, dissect_multipart_within};
/// let boundary = Boundary::of(b"multipart/form-data; boundary=X", 0).unwrap();
/// let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhi\r\n--X--\r\n";
/// let limits = MultipartLimits { part_head_bytes: 20, ..MultipartLimits::default() };
/// let dissected = dissect_multipart_within(body, &boundary, 0, limits);
/// assert_eq!(dissected.faults[0].kind, FaultKind::PartHeadTooLarge);
/// ```
#[must_use]
pub fn dissect_multipart_within(
    body: &[u8],
    boundary: &Boundary,
    offset: usize,
    limits: MultipartLimits,
) -> DissectedMultipart {
    let mut multipart = Multipart::new(boundary, offset, limits);
    let mut dissected = DissectedMultipart::default();
    let mut input = body;
    while let Some(event) = multipart.poll(&mut input) {
        dissected.take(event);
    }
    while let Some(event) = multipart.finish() {
        dissected.take(event);
    }
    dissected
}

impl DissectedMultipart {
    fn take(&mut self, event: MultipartEvent<'_>) {
        for label in event.labels() {
            match self.labels.last_mut() {
                Some(last) if last.part == label.part && comes_in_pieces(label.part) => {
                    last.span.end = label.span.end;
                }
                _ => self.labels.push(label),
            }
        }
        match event {
            MultipartEvent::Fault(fault) => self.faults.push(fault),
            MultipartEvent::Head(head) => self.parts.push(DissectedPart {
                content_at: Span::at(head.at().end),
                head: *head,
                is_complete: false,
            }),
            MultipartEvent::Data { at, .. } => {
                if let Some(part) = self.parts.last_mut() {
                    part.content_at.end = at.end;
                }
            }
            MultipartEvent::EndOfPart => {
                if let Some(part) = self.parts.last_mut() {
                    part.is_complete = true;
                }
            }
            MultipartEvent::Label(_) | MultipartEvent::End => {}
        }
    }
}

/// Whether a part's bytes may be cut where the body was cut: content, and the blanks after a boundary.
const fn comes_in_pieces(part: Part) -> bool {
    part.is_content() || matches!(part, Part::Whitespace)
}

/// Whether the last line, which has just ended, is empty.
fn ends_with_blank_line(head: &[u8]) -> bool {
    let lines = head.strip_suffix(b"\n").unwrap_or(head);
    let lines = lines.strip_suffix(b"\r").unwrap_or(lines);
    lines.is_empty() || lines.ends_with(b"\n")
}

/// RFC 2046 5.1.1.
const MOST_BOUNDARY: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(text: &str) -> Boundary {
        let content_type = format!("multipart/form-data; boundary={text}");
        Boundary::of(content_type.as_bytes(), 0).unwrap()
    }

    fn dissect(body: &[u8]) -> DissectedMultipart {
        dissect_multipart(body, &boundary("X"), 0)
    }

    /// A part's head, as curl and browsers write it.
    fn head(name: &str, file_name: Option<&str>) -> Vec<u8> {
        let file = file_name.map_or(String::new(), |name| format!("; filename=\"{name}\""));
        format!("Content-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes()
    }

    const HEAD: &str = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
    const FILE: &str = "Content-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n";

    /// `{a}` is a field's head and `{f}` a file's.
    fn body(text: &str) -> Vec<u8> {
        text.replace("{a}", HEAD).replace("{f}", FILE).into_bytes()
    }

    /// A body, the contents of its parts in order (`None`: cut short), and its faults in order.
    type Case = (Vec<u8>, Vec<Option<&'static str>>, Vec<FaultKind>);

    fn cases() -> Vec<Case> {
        use FaultKind::*;
        [
            ("--X\r\n{a}hi\r\n--X--\r\n", &[Some("hi")][..], &[][..]),
            ("--X\r\n{a}hi\r\n--X--", &[Some("hi")], &[]),
            ("--X\r\n{a}hi\r\n--X\r\n{f}\x00\r\n\r\n--X--\r\n", &[Some("hi"), Some("\x00\r\n")], &[]),
            ("--X--\r\n", &[], &[]),
            // Nothing between the head and the boundary: with its line end, and without.
            ("--X\r\n{a}\r\n--X--\r\n", &[Some("")], &[]),
            ("--X\r\n{a}--X--\r\n", &[Some("")], &[]),
            // Around the boundaries.
            ("pre\r\namble\r\n--X\r\n{a}hi\r\n--X--\r\nepi\r\n--X\r\nlogue", &[Some("hi")], &[]),
            ("\r\n--X\r\n{a}hi\r\n--X--", &[Some("hi")], &[]),
            ("--X \t\r\n{a}hi\r\n--X-- \r\n", &[Some("hi")], &[]),
            ("--X\r\n{a}hi\r\n--X--epilogue", &[Some("hi")], &[]),
            ("--X\r\n{a}hi\r\n--X--\n", &[Some("hi")], &[]),
            ("--X\r\n{a}hi\r\n--X--\rx", &[Some("hi")], &[]),
            ("--X\r\n{a}hi\r\n--X--\r", &[Some("hi")], &[]),
            // What looks like a boundary and is content.
            (
                "--X\r\n{f}a--X\r\n--Xy\r\n--X-\r\n-X\r\r\n--X\rz\n--Xy\r\n--\r\n--X--\r\n",
                &[Some("a--X\r\n--Xy\r\n--X-\r\n-X\r\r\n--X\rz\n--Xy\r\n--")],
                &[],
            ),
            ("--X\r\n{f}\r\r\n--X--", &[Some("\r")], &[]),
            ("--X\r\n{f}\r\n\r\n--X--", &[Some("\r\n")], &[]),
            ("--X\r\n{f}--X\r\r\n--X--", &[Some("--X\r")], &[]),
            ("--X\r\n{f}\r\n-\r\n--X--", &[Some("\r\n-")], &[]),
            // What is refused.
            ("", &[], &[BoundaryNotFound]),
            ("--Y\r\n{a}hi\r\n--Y--\r\n", &[], &[BoundaryNotFound]),
            (" --X\r\n{a}hi", &[], &[BoundaryNotFound]),
            ("--X", &[], &[CutInPartHead]),
            ("--X\r", &[], &[CutInPartHead]),
            ("--X\r\n", &[], &[CutInPartHead]),
            ("--X\r\nContent-Dis", &[], &[CutInPartHead]),
            ("--X\r\n{a}hi\r\n--X\r\n", &[Some("hi")], &[CutInPartHead]),
            ("--X\r\n{a}hi\r\n--X", &[Some("hi")], &[CutInPartHead]),
            ("--X\r\n{a}hi", &[None], &[CutInField]),
            ("--X\r\n{a}hi\r\n--", &[None], &[CutInField]),
            ("--X\r\n{a}hi--X--\r\n", &[None], &[CutInField]),
            ("--X\r\n{a}", &[None], &[CutInField]),
            ("--X\r\n{f}hi\r\n", &[None], &[CutInFile]),
            ("--X\r\n{f}hi\r\n--X-", &[None], &[CutInFile]),
            ("--X\n{a}hi\r\n--X--\r\n", &[Some("hi")], &[MultipartBareLf]),
            ("--X\r\n{a}hi\n--X--\r\n", &[Some("hi")], &[MultipartBareLf]),
            ("--X\nContent-Disposition: form-data; name=a\n\nhi\n--X--\n", &[Some("hi")], &[MultipartBareLf]),
            ("--X junk\r\n{a}hi\r\n--X\r\n{a}ho\r\n--X--", &[Some("ho")], &[TextAfterBoundary]),
            ("--X \rjunk\r\n--X\r\n{a}ho\r\n--X--", &[Some("ho")], &[TextAfterBoundary]),
            ("--X\r\n\r\nhi\r\n--X--", &[Some("hi")], &[PartWithoutName]),
            (
                "--X\r\nContent-Disposition: form-data; name=a\r\nhi\r\n--X--\r\n",
                &[],
                &[BadPartLine, CutInPartHead],
            ),
            (
                "--X\r\nContent-Disposition: form-data; name=a\r\nhi\r\n\r\nho\r\n--X--\r\n",
                &[Some("ho")],
                &[BadPartLine],
            ),
            (
                "--X\r\nContent-Disposition: form-data; name=a; filename*=UTF-8''b\r\n\r\nhi\r\n--X--",
                &[Some("hi")],
                &[FileNameStar],
            ),
        ]
        .into_iter()
        .map(|(text, contents, faults)| (body(text), contents.to_vec(), faults.to_vec()))
        .collect()
    }

    /// Everything that can be seen of a body, read in pieces that end where `cuts` says.
    fn read(body: &[u8], limits: MultipartLimits, mut piece: impl FnMut() -> usize) -> Seen {
        let boundary = boundary("X");
        let mut multipart = Multipart::new(&boundary, 100, limits);
        let mut seen = Seen::default();
        let mut rest = body;
        let most = limits.part_head_bytes.max(boundary.octets().len() + 6);
        while !rest.is_empty() {
            let (mut input, after) = rest.split_at(piece().clamp(1, rest.len()));
            rest = after;
            while let Some(event) = multipart.poll(&mut input) {
                seen.take(event, body);
            }
            assert!(input.is_empty());
            assert!(multipart.kept() <= most, "{} bytes kept", multipart.kept());
        }
        while let Some(event) = multipart.finish() {
            seen.take(event, body);
        }
        assert_eq!(multipart.kept(), 0);
        seen.work = multipart.work;
        seen.events.push("finished".to_owned());
        seen.check(body);
        seen
    }

    #[derive(Default)]
    struct Seen {
        dissected: DissectedMultipart,
        contents: Vec<Vec<u8>>,
        /// The events without those of content and its like, which come in pieces.
        events: Vec<String>,
        end: usize,
        work: usize,
    }

    impl Seen {
        fn take(&mut self, event: MultipartEvent<'_>, body: &[u8]) {
            for label in event.labels() {
                assert_eq!(
                    label.span.start,
                    self.end.max(100),
                    "a gap before {event:?}"
                );
                assert!(!label.span.is_empty());
                self.end = label.span.end;
            }
            match &event {
                MultipartEvent::Label(label) if comes_in_pieces(label.part) => {}
                MultipartEvent::Data { octets, at } => {
                    assert!(!octets.is_empty());
                    assert_eq!(*octets, &body[at.start - 100..at.end - 100]);
                    self.contents.last_mut().unwrap().extend_from_slice(octets);
                }
                MultipartEvent::Head(head) => {
                    assert_eq!(
                        head.bytes(),
                        &body[head.at().start - 100..head.at().end - 100]
                    );
                    self.contents.push(Vec::new());
                    self.events
                        .push(format!("{:?} {:?}", head.name(), head.file_name()));
                }
                other => self.events.push(format!("{other:?}")),
            }
            self.dissected.take(event);
        }

        fn check(&self, body: &[u8]) {
            assert_eq!(
                self.end.max(100) - 100,
                body.len(),
                "a byte without a label"
            );
            for part in &self.dissected.parts {
                assert_eq!(part.head.at().end, part.content_at.start);
            }
            for fault in &self.dissected.faults {
                assert!(
                    fault.at.start >= 100 && fault.at.end <= 100 + body.len(),
                    "{fault:?}"
                );
            }
        }

        fn same_as(&self, other: &Self) -> bool {
            self.events == other.events
                && self.contents == other.contents
                && self.dissected.labels == other.dissected.labels
                && self.dissected.faults == other.dissected.faults
        }
    }

    /// Chance with a seed (xorshift).
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % bound as u64).unwrap()
        }
    }

    /// Whole, byte by byte and in random pieces.
    fn read_in_every_way(body: &[u8], limits: MultipartLimits, chance: &mut Chance) -> Seen {
        let whole = read(body, limits, || usize::MAX);
        let bytewise = read(body, limits, || 1);
        let pieces = read(body, limits, || 1 + chance.below(9));
        for (cut, how) in [(bytewise, "byte by byte"), (pieces, "in pieces")] {
            assert!(
                whole.same_as(&cut),
                "{how}: {}\n{:#?}\n{:#?}",
                body.escape_ascii(),
                (&whole.events, &whole.dissected.labels),
                (&cut.events, &cut.dissected.labels),
            );
        }
        whole
    }

    #[test]
    fn contents_and_faults_in_whatever_pieces() {
        let mut chance = Chance(20_171_030);
        for (body, contents, faults) in cases() {
            let seen = read_in_every_way(&body, MultipartLimits::default(), &mut chance);
            let parts = seen.dissected.parts.iter().zip(&seen.contents);
            let parts: Vec<_> = parts
                .map(|(part, content)| part.is_complete.then(|| String::from_utf8_lossy(content)))
                .collect();
            assert_eq!(
                parts.iter().map(Option::as_deref).collect::<Vec<_>>(),
                contents,
                "{}",
                body.escape_ascii()
            );
            let kinds: Vec<_> = seen
                .dissected
                .faults
                .iter()
                .map(|fault| fault.kind)
                .collect();
            assert_eq!(kinds, faults, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn mutated_bodies_are_read_alike_in_whatever_pieces() {
        let mut chance = Chance(1);
        let cases = cases();
        let words: [&[u8]; 9] = [
            b"\r",
            b"\n",
            b"\r\n",
            b"-",
            b"X",
            b"\r\n--X",
            b"\n--X",
            b"--X--",
            HEAD.as_bytes(),
        ];
        let mut told = std::collections::BTreeSet::new();
        for round in 0..8_000 {
            let limits = MultipartLimits {
                parts: 1 + round % 3,
                part_head_bytes: 80,
            };
            let mut body = cases[round % cases.len()].0.clone();
            for _ in 0..1 + chance.below(4) {
                let at = chance.below(body.len() + 1);
                let to = (at + chance.below(4)).min(body.len());
                let word = words[chance.below(words.len())];
                let word = if chance.below(3) == 0 { b"" } else { word };
                body.splice(at..to, word.iter().copied());
            }
            let seen = read_in_every_way(&body, limits, &mut chance);
            told.extend(seen.dissected.faults.iter().map(|fault| fault.kind));
        }
        // The mutations reach every fault that depends on where lines and boundaries are.
        use FaultKind::*;
        for kind in [
            BoundaryNotFound,
            CutInPartHead,
            CutInField,
            CutInFile,
            MultipartBareLf,
            TextAfterBoundary,
            BadPartLine,
            PartHeadTooLarge,
            PartWithoutName,
            TooManyParts,
            BadDisposition,
        ] {
            assert!(told.contains(&kind), "{kind:?} never came");
        }
    }

    /// Every body of six of these words, against the rules said in another way: split into lines.
    #[test]
    fn boundaries_are_whole_lines() {
        let words: [&[u8]; 7] = [b"\r\n", b"--X", b"--", b"\r", b"y", b" ", b"\n"];
        for number in 0..words.len().pow(6) {
            let mut rest = number;
            let mut text = Vec::new();
            for _ in 0..6 {
                text.extend_from_slice(words[rest % words.len()]);
                rest /= words.len();
            }
            let body = [b"--X\r\n", HEAD.as_bytes(), &text].concat();
            let dissected = dissect(&body);
            let start = body.len() - text.len();
            let content = first_boundary(&text);
            let seen = dissected.parts[0].content_at;
            let wanted = Span::new(start, start + content.unwrap_or(text.len()));
            let is_cut = content.is_none();
            assert_eq!(
                (seen, dissected.parts[0].is_complete),
                (wanted, !is_cut),
                "{}",
                text.escape_ascii()
            );
        }
    }

    /// Where the content before the first boundary ends.
    fn first_boundary(text: &[u8]) -> Option<usize> {
        (0..text.len()).find_map(|at| {
            let line = text[at..].strip_prefix(b"--X")?;
            let goes_on = line.starts_with(b"--")
                || line.is_empty()
                || line == b"\r"
                || [&b" "[..], b"\r\n", b"\n"]
                    .iter()
                    .any(|end| line.starts_with(end));
            let before = &text[..at];
            let end = match before {
                [] => Some(0),
                [.., b'\r', b'\n'] => Some(at - 2),
                [.., b'\n'] => Some(at - 1),
                _ => None,
            };
            end.filter(|_| goes_on)
        })
    }

    /// What DJANGO does with the same bodies, where we do the same.
    #[test]
    fn as_django_does() {
        // [0813] An empty file name with content is an ordinary field.
        let text = [&b"--X\r\n"[..], &head("f", Some("")), b"hi\r\n--X--\r\n"].concat();
        assert_eq!(dissect(&text).parts[0].head.kind(), PartKind::NoFile);
        // A name may be empty; equal names come in order.
        let text = [
            &b"--X\r\n"[..],
            &head("", None),
            b"1\r\n--X\r\n",
            &head("", None),
            b"2\r\n--X--",
        ]
        .concat();
        let dissected = dissect(&text);
        let contents: Vec<_> = dissected
            .parts
            .iter()
            .map(|part| part.content_at.of(&text))
            .collect();
        assert_eq!(contents, [b"1", b"2"]);
        // [0853] A head of 1,100 bytes is too large, one of 1,024 is not.
        for (filler, is_taken) in [(1_100, false), (1_024, true), (1_025, false)] {
            let length = head("a", None).len() + "X: \r\n".len();
            let line = format!("X: {}\r\n", "x".repeat(filler - length));
            let text = [
                b"--X\r\n",
                line.as_bytes(),
                &head("a", None),
                b"hi\r\n--X--\r\n",
            ]
            .concat();
            let dissected = dissect(&text);
            assert_eq!(dissected.parts.len(), usize::from(is_taken));
            let fault = Fault::new(FaultKind::PartHeadTooLarge, Span::new(5, 1_029));
            let fault = fault.measured(1_024, 1_024);
            assert_eq!(
                dissected.faults,
                if is_taken { vec![] } else { vec![fault] }
            );
        }
        // [0880] 1,000 fields are taken, and 1,001 are not.
        for (count, is_taken) in [(1_000, true), (1_001, false)] {
            let part = [b"--X\r\n", &head("a", None)[..], b"\r\n"].concat();
            let text = [&part.repeat(count)[..], b"--X--"].concat();
            let dissected = dissect(&text);
            assert_eq!(dissected.parts.len(), 1_000);
            let kinds: Vec<_> = dissected
                .faults
                .iter()
                .map(|fault| (fault.kind, fault.measure))
                .collect();
            let refusal = (FaultKind::TooManyParts, Some((1_001, 1_000)));
            assert_eq!(kinds, if is_taken { vec![] } else { vec![refusal] });
        }
    }

    #[test]
    fn every_byte_has_its_label() {
        let text = body("pre\r\n--X \r\n{a}hi\r\n--X--\r\nepi");
        let labels = dissect(&text).labels.into_iter();
        let seen: Vec<_> = labels
            .map(|label| {
                (
                    label.part.name(),
                    String::from_utf8_lossy(label.span.of(&text)).into_owned(),
                )
            })
            .collect();
        let seen: Vec<_> = seen
            .iter()
            .map(|(part, text)| (*part, text.as_str()))
            .collect();
        let wanted = [
            ("preamble", "pre"),
            ("line-end", "\r\n"),
            ("boundary", "--X"),
            ("whitespace", " "),
            ("line-end", "\r\n"),
            ("field-name", "Content-Disposition"),
            ("colon", ":"),
            ("whitespace", " "),
            ("field-value", "form-data; name=\"a\""),
            ("line-end", "\r\n"),
            ("blank-line", "\r\n"),
            ("part-body", "hi"),
            ("line-end", "\r\n"),
            ("boundary", "--X--"),
            ("line-end", "\r\n"),
            ("epilogue", "epi"),
        ];
        assert_eq!(seen, wanted);
    }

    #[test]
    fn content_is_handed_out_where_it_came_in() {
        let boundary = boundary("X");
        let mut multipart = Multipart::new(&boundary, 0, MultipartLimits::default());
        let text = body("--X\r\n{f}some content\r\n--X--");
        let mut input = &text[..];
        let mut ours = 0;
        while let Some(event) = multipart.poll(&mut input) {
            if let MultipartEvent::Data { octets, .. } = event {
                assert!(text.as_ptr_range().contains(&octets.as_ptr()));
                ours += octets.len();
            }
        }
        assert_eq!(ours, "some content".len());
    }

    /// Bodies that are made to be slow: no byte is looked at more than a few times.
    #[test]
    fn near_boundaries_cost_no_more_than_their_bytes() {
        let mut chance = Chance(7);
        for unit in [
            "\r\n--",
            "\r\n--Xy",
            "\r\n--X-",
            "\r\n--X\r",
            "\n--Xy",
            "\r",
            "\n",
            "\r\n",
            "-",
            "\r\n--X--\r\n",
        ] {
            for count in [1_000, 10_000] {
                let content = unit.repeat(count);
                let text = [&body("--X\r\n{f}")[..], content.as_bytes(), b"\r\n--X--"].concat();
                for most in [usize::MAX, 1, 16, 4_096] {
                    let mut piece = || {
                        if most == usize::MAX {
                            most
                        } else {
                            1 + chance.below(most)
                        }
                    };
                    let seen = read(&text, MultipartLimits::default(), &mut piece);
                    assert!(
                        seen.work <= 3 * text.len() + 100,
                        "{unit:?}: {} for {}",
                        seen.work,
                        text.len()
                    );
                }
            }
        }
    }

    #[test]
    fn boundaries_of_a_content_type() {
        let of = |text: &str| Boundary::of(text.as_bytes(), 40);
        let long = "x".repeat(70);
        for (text, octets) in [
            ("multipart/form-data; boundary=X", "X"),
            (
                "multipart/form-data; charset=utf-8; BOUNDARY=\"a=b;c\" ; x",
                "a=b;c",
            ),
            (
                "multipart/form-data;boundary=----WebKitFormBoundaryA1",
                "----WebKitFormBoundaryA1",
            ),
            (&format!("multipart/form-data; boundary={long}"), &long),
        ] {
            assert_eq!(of(text).unwrap().octets(), octets.as_bytes());
        }
        use FaultKind::*;
        for (text, kind, place) in [
            ("multipart/form-data", NoBoundary, "multipart/form-data"),
            (
                "multipart/form-data; bound=X",
                NoBoundary,
                "multipart/form-data; bound=X",
            ),
            ("multipart/form-data; boundary", BadBoundary, "boundary"),
            ("multipart/form-data; boundary=", BadBoundary, ""),
            ("multipart/form-data; boundary=\"\"", BadBoundary, ""),
            (
                "multipart/form-data; boundary=\"a ",
                BadBoundary,
                "boundary=\"a ",
            ),
            ("multipart/form-data; boundary=\"a \"", BadBoundary, "a "),
            ("multipart/form-data; boundary=男", BadBoundary, "男"),
            (
                "multipart/form-data; boundary=\"a\r\nb\"",
                BadBoundary,
                "a\r\nb",
            ),
            (
                &format!("multipart/form-data; boundary={long}y"),
                BadBoundary,
                &format!("{long}y"),
            ),
        ] {
            let fault = of(text).unwrap_err();
            let at = Span::new(fault.at.start - 40, fault.at.end - 40);
            assert_eq!(
                (fault.kind, at.of(text.as_bytes())),
                (kind, place.as_bytes()),
                "{text}"
            );
        }
    }
}
