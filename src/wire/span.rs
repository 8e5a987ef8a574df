//! A place in one message: byte offsets, half open, counted from 0.
//!
//! Spans never borrow. They name bytes of *one* message, and [`Span::of`] reads them out of that
//! message's bytes; asked of other bytes it gives what lies there, or nothing, and never panics.

/// The half-open range `start..end` of byte offsets in one message.
///
/// ```
/// use blankline::wire::Span;
/// let span = Span::new(4, 6);
/// assert_eq!(span.of(b"GET /a HTTP/1.0"), b"/a");
/// assert_eq!(span.len(), 2);
/// assert_eq!(span.of(b"GET"), b"");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just past the last byte; never less than `start`.
    pub end: usize,
}

impl Span {
    /// The span `start..end`; an `end` before `start` gives the empty span at `start`.
    ///
    /// ```
    /// assert!(blankline::wire::Span::new(3, 1).is_empty());
    /// ```
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        let end = if end < start { start } else { end };
        Self { start, end }
    }

    /// The empty span at `offset`: a place between two bytes.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Span::at(3).len(), 0);
    /// ```
    #[must_use]
    pub const fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// How many bytes it covers.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Span::new(1, 4).len(), 3);
    /// ```
    #[must_use]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers no byte.
    ///
    /// ```
    /// assert!(blankline::wire::Span::at(9).is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `message` that it names; empty where it reaches outside.
    ///
    /// ```
    /// assert_eq!(blankline::wire::Span::new(0, 3).of(b"GET /"), b"GET");
    /// ```
    #[must_use]
    pub fn of(self, message: &[u8]) -> &[u8] {
        message.get(self.start..self.end).unwrap_or_default()
    }
}
