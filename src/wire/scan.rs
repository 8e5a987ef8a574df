//! Finding where a request's head ends, without looking at any byte twice.
//!
//! A head ends at its blank line. A Simple-Request (HTTP/0.9) is one line and ends with it, so the
//! scan judges the first line as soon as that is complete: without a version at its end there is
//! no blank line to wait for. The scan only finds the end; what the bytes are, `dissect` says.

use super::octets::is_blank;

/// How far the search for the end of a head has come.
///
/// ```
/// use blankline::wire::HeadScan;
/// let mut scan = HeadScan::default();
/// assert_eq!(scan.advance(b"GET / HTTP/1.0\r\n"), None);
/// assert_eq!(scan.advance(b"GET / HTTP/1.0\r\n\r\nbody"), Some(18));
/// assert_eq!(HeadScan::default().advance(b"GET /\r\n"), Some(7));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadScan {
    /// Everything before this offset has been looked at.
    scanned: u32,
    /// Where the line under way starts.
    line_start: u32,
    /// Whether the first line that is not empty is complete.
    seen_first_line: bool,
}

impl HeadScan {
    /// Goes on where it stopped, over the same message with more bytes at its end, and gives the
    /// length of the head once that is complete. Empty lines before the first are part of it.
    ///
    /// ```
    /// use blankline::wire::HeadScan;
    /// let mut scan = HeadScan::default();
    /// let bytes = b"\r\nGET / HTTP/1.0\nA: b\n\n";
    /// let ends: Vec<_> = (1..=bytes.len()).filter_map(|n| scan.advance(&bytes[..n])).collect();
    /// assert_eq!(ends, [bytes.len()]);
    /// ```
    pub fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        let scanned = self.scanned as usize;
        let unseen = bytes.get(scanned..).unwrap_or_default();
        for found in memchr::memchr_iter(b'\n', unseen) {
            let line_feed = scanned + found;
            let line = bytes
                .get(self.line_start as usize..line_feed)
                .unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.line_start = offset(line_feed + 1);
            let ends_head = if self.seen_first_line {
                line.is_empty()
            } else {
                self.seen_first_line = !line.is_empty();
                !line.is_empty() && is_simple_request_line(line)
            };
            if ends_head {
                self.scanned = self.line_start;
                return Some(line_feed + 1);
            }
        }
        self.scanned = offset(bytes.len());
        None
    }

    /// Whether the request line is complete, so that what is awaited is the blank line.
    ///
    /// ```
    /// use blankline::wire::HeadScan;
    /// let mut scan = HeadScan::default();
    /// scan.advance(b"GET / HT");
    /// assert!(!scan.has_first_line());
    /// ```
    #[must_use]
    pub const fn has_first_line(&self) -> bool {
        self.seen_first_line
    }

    /// Whether the line under way has bytes already.
    ///
    /// ```
    /// use blankline::wire::HeadScan;
    /// let mut scan = HeadScan::default();
    /// scan.advance(b"GET / HTTP/1.0\r\nHo");
    /// assert!(scan.is_within_line());
    /// ```
    #[must_use]
    pub const fn is_within_line(&self) -> bool {
        self.line_start < self.scanned
    }
}

/// Whether a first line, without its line end, is a whole message: one or two words, the last of
/// which is no version. Three words are meant as a request line even when the version is wrong.
///
/// ```
/// use blankline::wire::is_simple_request_line;
/// assert!(is_simple_request_line(b"GET /l/05"));
/// assert!(is_simple_request_line(b"hello"));
/// assert!(!is_simple_request_line(b"GET HTTP/1.0"));
/// assert!(!is_simple_request_line(b"GET / FOO/1.0"));
/// ```
#[must_use]
pub fn is_simple_request_line(line: &[u8]) -> bool {
    let mut words = line
        .split(|&octet| is_blank(octet))
        .filter(|word| !word.is_empty());
    let (first, second) = (words.next(), words.next());
    words.next().is_none() && !second.or(first).is_some_and(looks_like_version)
}

/// Whether a word starts with `HTTP/`, in any case (RFC 1945 2.1).
pub(super) fn looks_like_version(word: &[u8]) -> bool {
    word.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
}

/// Heads are bounded far below 4 GiB; an offset past that stays at the largest that fits.
fn offset(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
