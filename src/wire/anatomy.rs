//! Labels over bytes: what each byte of a message is.
//!
//! The invariant that everything hangs on: the labels of an [`Anatomy`] *tile* their message. They
//! start at 0, each begins where the one before ended, and none is empty. So only the ends are
//! kept, 8 bytes a label, and no gap or overlap can be written down at all.

use super::Span;

/// How a line ended.
///
/// ```
/// use blankline::wire::LineEnd;
/// assert_eq!(LineEnd::CrLf.octets(), b"\r\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// Carriage return and line feed: the end that RFC 1945 2.2 asks for.
    CrLf,
    /// A line feed alone: tolerated (RFC 1945 appendix B), and noted.
    BareLf,
}

impl LineEnd {
    /// The bytes of the line end.
    ///
    /// ```
    /// assert_eq!(blankline::wire::LineEnd::BareLf.octets(), b"\n");
    /// ```
    #[must_use]
    pub const fn octets(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::BareLf => b"\n",
        }
    }
}

/// What a run of bytes is: the vocabulary of the trace, the page, the lessons and the diff.
///
/// ```
/// use blankline::wire::{LineEnd, Part};
/// assert_eq!(Part::RequestTarget.name(), "request-target");
/// assert_eq!(Part::BlankLine(LineEnd::CrLf).name(), "blank-line");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// An empty line before the request line; ignored (RFC 9112 2.2).
    EmptyLine,
    /// The method (RFC 1945 5.1.1).
    Method,
    /// SP or HT between the words of a first line.
    Space,
    /// The request target (RFC 1945 5.1.2 calls it Request-URI).
    RequestTarget,
    /// `HTTP/` and two numbers (RFC 1945 3.1).
    HttpVersion,
    /// Three digits (RFC 1945 6.1.1).
    StatusCode,
    /// The words after the status code, for people only (RFC 1945 6.1.1).
    ReasonPhrase,
    /// A field's name (RFC 1945 4.2).
    FieldName,
    /// The colon right after a field's name.
    Colon,
    /// SP or HT around a field's value, or after a boundary; part of neither.
    Whitespace,
    /// A field's value, or one line of it when it is folded.
    FieldValue,
    /// A line end and the blanks after it inside a folded value (RFC 1945 2.2: read as one SP).
    ObsFold,
    /// The end of a line that had something in it.
    LineEnd(LineEnd),
    /// The empty line that ends the head: the one this project is named after.
    BlankLine(LineEnd),
    /// The body (RFC 1945 7.2).
    Body,
    /// A name in a form, still encoded (HTML 4.01 17.13.4).
    FormName,
    /// The `=` between a form's name and value.
    Equals,
    /// A value in a form, still encoded.
    FormValue,
    /// `&`, or `;`, between the fields of a form; several in a row if nothing stands between them.
    Separator,
    /// What stands before the first boundary of a multipart body; it means nothing (RFC 2046 5.1.1).
    Preamble,
    /// `--` and the boundary; with two more dashes, the end of a multipart body.
    Boundary,
    /// The content of one part of a multipart body.
    PartBody,
    /// What stands after the last boundary of a multipart body; it means nothing (RFC 2046 5.1.1).
    Epilogue,
    /// Bytes after the end of the message (RFC 1945 7.2.2 gives them no meaning).
    Excess,
    /// Bytes that no rule covers.
    Unparsed,
}

impl Part {
    /// The part's name in kebab-case, as traces and JSON show it.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Part::FieldName.name(), "field-name");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyLine => "empty-line",
            Self::Method => "method",
            Self::Space => "space",
            Self::RequestTarget => "request-target",
            Self::HttpVersion => "http-version",
            Self::StatusCode => "status-code",
            Self::ReasonPhrase => "reason-phrase",
            Self::FieldName => "field-name",
            Self::Colon => "colon",
            Self::Whitespace => "whitespace",
            Self::FieldValue => "field-value",
            Self::ObsFold => "obs-fold",
            Self::LineEnd(_) => "line-end",
            Self::BlankLine(_) => "blank-line",
            Self::Body => "body",
            Self::FormName => "form-name",
            Self::Equals => "equals",
            Self::FormValue => "form-value",
            Self::Separator => "separator",
            Self::Preamble => "preamble",
            Self::Boundary => "boundary",
            Self::PartBody => "part-body",
            Self::Epilogue => "epilogue",
            Self::Excess => "excess",
            Self::Unparsed => "unparsed",
        }
    }

    /// Whether it is content that may be of any length, so that who shows it may cut it short.
    ///
    /// ```
    /// use blankline::wire::Part;
    /// assert!(Part::Body.is_content() && !Part::FieldValue.is_content());
    /// ```
    #[must_use]
    pub const fn is_content(self) -> bool {
        matches!(
            self,
            Self::Body
                | Self::FormValue
                | Self::Preamble
                | Self::PartBody
                | Self::Epilogue
                | Self::Excess
                | Self::Unparsed
        )
    }
}

/// One label: a part and the bytes that it covers.
///
/// ```
/// use blankline::wire::{Label, Part, Span};
/// let label = Label { part: Part::Method, span: Span::new(0, 3) };
/// assert_eq!(label.span.of(b"GET /"), b"GET");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// What the bytes are.
    pub part: Part,
    /// Where they stand; never empty.
    pub span: Span,
}

/// The labels of one message, tiling it from byte 0.
///
/// ```
/// use blankline::wire::{Anatomy, Part};
/// let mut anatomy = Anatomy::default();
/// anatomy.push(Part::Method, 3);
/// anatomy.push(Part::Space, 4);
/// anatomy.push(Part::Space, 4); // empty: not a label
/// let names: Vec<_> = anatomy.labels().map(|label| label.part.name()).collect();
/// assert_eq!(names, ["method", "space"]);
/// assert_eq!(anatomy.end(), 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    end: u32,
    part: Part,
}

impl Anatomy {
    /// Room for `labels` labels, so that a head of usual size is labelled without growing.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Anatomy::with_capacity(64).end(), 0);
    /// ```
    #[must_use]
    pub fn with_capacity(labels: usize) -> Self {
        Self {
            marks: Vec::with_capacity(labels),
        }
    }

    /// Labels the bytes from the end of the last label up to `end` as `part`; nothing if that is
    /// empty. Offsets past 4 GiB are kept at the largest that fits.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, Part};
    /// let mut anatomy = Anatomy::default();
    /// anatomy.push(Part::Body, 10);
    /// assert_eq!(anatomy.labels().next().map(|l| l.span.len()), Some(10));
    /// ```
    #[inline]
    pub fn push(&mut self, part: Part, end: usize) {
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        if self.marks.last().map_or(0, |mark| mark.end) < end {
            self.marks.push(Mark { end, part });
        }
    }

    /// Labels several runs at once, each up to its end; as many pushes, but quicker.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, LineEnd, Part};
    /// let mut anatomy = Anatomy::default();
    /// // `A:` and a line end: the value is empty, so it gets no label.
    /// anatomy.push_all([
    ///     (Part::FieldName, 1),
    ///     (Part::Colon, 2),
    ///     (Part::FieldValue, 2),
    ///     (Part::LineEnd(LineEnd::CrLf), 4),
    /// ]);
    /// assert_eq!(anatomy.labels().count(), 3);
    /// ```
    #[inline(always)]
    pub fn push_all<const N: usize>(&mut self, labels: [(Part, usize); N]) {
        let mut before = self.end();
        let mut fits = labels
            .last()
            .is_none_or(|&(_, end)| u32::try_from(end).is_ok());
        for (_, end) in labels {
            fits &= before < end;
            before = end;
        }
        if fits {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "the ends rise to the last, which fits"
            )]
            let mark = |(part, end): (Part, usize)| Mark {
                end: end as u32,
                part,
            };
            self.marks.extend_from_slice(&labels.map(mark));
        } else {
            for (part, end) in labels {
                self.push(part, end);
            }
        }
    }

    /// Takes the last label away, so that its bytes can be labelled anew.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, Part};
    /// let mut anatomy = Anatomy::default();
    /// anatomy.push(Part::Space, 2);
    /// anatomy.pop();
    /// assert_eq!(anatomy.end(), 0);
    /// ```
    pub fn pop(&mut self) {
        self.marks.pop();
    }

    /// Puts finer labels in the place of those that cover the same bytes: a form's, or a multipart
    /// body's, for one `Body`. They have to tile a run of bytes; a label that they cover in part keeps
    /// the rest of its bytes. Nothing happens if they start behind the last label.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, Edition, Part, QueryDict};
    /// let mut anatomy = Anatomy::default();
    /// anatomy.push_all([(Part::Method, 4), (Part::Body, 7), (Part::Excess, 9)]);
    /// let form = QueryDict::parse(b"a=1", 4, Edition::Notes).unwrap();
    /// anatomy.refine(form.labels());
    /// let ends: Vec<_> = anatomy.labels().map(|label| (label.part.name(), label.span.end)).collect();
    /// assert_eq!(
    ///     ends,
    ///     [("method", 4), ("form-name", 5), ("equals", 6), ("form-value", 7), ("excess", 9)]
    /// );
    /// ```
    pub fn refine(&mut self, labels: impl IntoIterator<Item = Label>) {
        let mut finer = Self::default();
        let mut start = None;
        for label in labels {
            start.get_or_insert(label.span.start);
            finer.push(label.part, label.span.end);
        }
        let Some(start) = start.filter(|&start| start < self.end()) else {
            return;
        };
        let first = self.index_at(start);
        let last = self.index_at(finer.end());
        if let Some(label) = self.at(start).filter(|label| label.span.start < start) {
            let mut cut = Self::default();
            cut.push(label.part, start);
            finer.marks.splice(..0, cut.marks);
        }
        self.marks.splice(first..last, finer.marks);
    }

    /// The offset where the last label ends: how many bytes are labelled.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Anatomy::default().end(), 0);
    /// ```
    #[must_use]
    pub fn end(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.end as usize)
    }

    /// The labels in the order of their bytes.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, Part, Span};
    /// let mut anatomy = Anatomy::default();
    /// anatomy.push(Part::Method, 3);
    /// anatomy.push(Part::Space, 4);
    /// assert_eq!(anatomy.labels().last().map(|l| l.span), Some(Span::new(3, 4)));
    /// ```
    pub fn labels(&self) -> impl Iterator<Item = Label> + '_ {
        let mut start = 0;
        self.marks.iter().map(move |mark| {
            let span = Span::new(start, mark.end as usize);
            start = span.end;
            Label {
                part: mark.part,
                span,
            }
        })
    }

    /// The label of the byte at `offset`, if it is labelled.
    ///
    /// ```
    /// use blankline::wire::{Anatomy, Part};
    /// let mut anatomy = Anatomy::default();
    /// anatomy.push(Part::Method, 3);
    /// assert_eq!(anatomy.at(2).map(|l| l.part), Some(Part::Method));
    /// assert_eq!(anatomy.at(3), None);
    /// ```
    #[must_use]
    pub fn at(&self, offset: usize) -> Option<Label> {
        let index = self.index_at(offset);
        let mark = self.marks.get(index)?;
        let start = index
            .checked_sub(1)
            .and_then(|before| self.marks.get(before));
        Some(Label {
            part: mark.part,
            span: Span::new(start.map_or(0, |mark| mark.end as usize), mark.end as usize),
        })
    }
    /// How many labels end at `offset` or before it.
    fn index_at(&self, offset: usize) -> usize {
        self.marks
            .partition_point(|mark| mark.end as usize <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method to 4, body to 10, excess to 12, with these labels put in.
    fn refined(start: usize, ends: &[(Part, usize)]) -> Vec<(Part, usize)> {
        let mut anatomy = Anatomy::default();
        anatomy.push_all([(Part::Method, 4), (Part::Body, 10), (Part::Excess, 12)]);
        let mut start = start;
        anatomy.refine(ends.iter().map(|&(part, end)| {
            let span = Span::new(start, end);
            start = end;
            Label { part, span }
        }));
        anatomy
            .labels()
            .map(|label| (label.part, label.span.end))
            .collect()
    }

    #[test]
    fn finer_labels_take_the_place_of_their_bytes_alone() {
        use Part::*;
        let before = [(Method, 4), (Body, 10), (Excess, 12)];
        for (start, finer, wanted) in [
            (
                4,
                &[(FormName, 6), (FormValue, 10)][..],
                &[(Method, 4), (FormName, 6), (FormValue, 10), (Excess, 12)][..],
            ),
            (
                5,
                &[(FormName, 8)],
                &[
                    (Method, 4),
                    (Body, 5),
                    (FormName, 8),
                    (Body, 10),
                    (Excess, 12),
                ],
            ),
            (
                4,
                &[(FormName, 8)],
                &[(Method, 4), (FormName, 8), (Body, 10), (Excess, 12)],
            ),
            (
                5,
                &[(FormName, 11)],
                &[(Method, 4), (Body, 5), (FormName, 11), (Excess, 12)],
            ),
            (0, &[(FormName, 12)], &[(FormName, 12)]),
            (
                11,
                &[(FormName, 14)],
                &[(Method, 4), (Body, 10), (Excess, 11), (FormName, 14)],
            ),
            (12, &[(FormName, 14)], &before),
            (4, &[], &before),
        ] {
            assert_eq!(refined(start, finer), wanted, "from {start}: {finer:?}");
        }
    }
}
