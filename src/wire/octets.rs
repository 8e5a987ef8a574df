//! Classes of bytes (RFC 1945 2.2), and the one way in which strange bytes are shown to people.

use std::fmt;

/// Whether the byte may stand in a token: a method or a field name (RFC 1945 2.2).
///
/// ```
/// use blankline::wire::is_token_octet;
/// assert!(is_token_octet(b'-') && is_token_octet(b'_'));
/// assert!(!is_token_octet(b':') && !is_token_octet(b' ') && !is_token_octet(0xE7));
/// ```
#[inline]
#[must_use]
pub const fn is_token_octet(octet: u8) -> bool {
    // The index of a u8 into 256 entries cannot be out of range.
    #[allow(clippy::indexing_slicing, reason = "a u8 indexes a table of 256")]
    TOKEN[octet as usize]
}

/// Whether every byte is a token byte and there is at least one.
///
/// ```
/// assert!(blankline::wire::is_token(b"Content-Length"));
/// assert!(!blankline::wire::is_token(b""));
/// ```
#[must_use]
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| is_token_octet(octet))
}

/// SP or HT.
///
/// ```
/// assert!(blankline::wire::is_blank(b'\t') && !blankline::wire::is_blank(b'\n'));
/// ```
#[inline]
#[must_use]
pub const fn is_blank(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

/// The bytes without the SP and HT at both ends.
///
/// ```
/// assert_eq!(blankline::wire::trim_blanks(b" \ta b "), b"a b");
/// ```
#[must_use]
pub fn trim_blanks(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets {
        if !is_blank(*first) {
            break;
        }
        octets = rest;
    }
    while let [rest @ .., last] = octets {
        if !is_blank(*last) {
            break;
        }
        octets = rest;
    }
    octets
}

/// How many bytes from the start are plain text: HT and the bytes from SP to `~`. What stops it is a
/// control character (a line end, usually), DEL or a byte above 127.
///
/// ```
/// assert_eq!(blankline::wire::plain_length(b"text/html\r\n"), 9);
/// ```
#[inline]
#[must_use]
pub fn plain_length(octets: &[u8]) -> usize {
    let is_strange = |octet: u8| (octet < b' ' && octet != b'\t') || octet >= 0x7F;
    // Without a branch between them, the compiler compares sixteen bytes at once. HT stops this round
    // too, so that it has only two comparisons.
    let (runs, _) = octets.as_chunks::<16>();
    let may_stop = |run: &&[u8; 16]| {
        run.iter()
            .fold(false, |stop, &octet| stop | !(b' '..0x7F).contains(&octet))
    };
    let plain = 16 * runs.iter().take_while(|run| !may_stop(run)).count();
    let suspects = |run| !at_least(run, b' ') & HIGH | at_least(run, 0x7F) | (run & HIGH);
    let rest = octets.get(plain..).unwrap_or_default();
    plain + span_length(rest, suspects, |octet| !is_strange(octet))
}

/// How many bytes from the start are token bytes (RFC 1945 2.2).
///
/// ```
/// assert_eq!(blankline::wire::token_length(b"Content-Length: 3"), 14);
/// ```
#[inline]
#[must_use]
pub fn token_length(octets: &[u8]) -> usize {
    name_length(octets).0
}

/// As [`token_length`], and whether an underscore is among them.
#[inline]
pub(super) fn name_length(octets: &[u8]) -> (usize, bool) {
    // Letters and hyphens make nearly all names; the table is asked about any other byte.
    let suspects = |run: u64| {
        let lower = run | (HIGH >> 2); // `A` and `a` differ in this bit alone
        let is_letter = at_least(lower, b'a') & !at_least(lower, b'z' + 1);
        let is_hyphen = !at_least(run ^ (ONES * u64::from(b'-')), 1);
        !(is_letter | is_hyphen) & HIGH | (run & HIGH)
    };
    let mut has_underscore = false;
    let length = span_length(octets, suspects, |octet| {
        has_underscore |= octet == b'_';
        is_token_octet(octet)
    });
    (length, has_underscore)
}

/// How many bytes from the start `is_in` accepts, eight at a time. `suspects` marks, by the high bit of
/// each of eight bytes, at least those that are not accepted; `is_in` has the last word on the first.
#[inline]
fn span_length(
    octets: &[u8],
    suspects: impl Fn(u64) -> u64,
    mut is_in: impl FnMut(u8) -> bool,
) -> usize {
    let mut length = 0;
    loop {
        let rest = octets.get(length..).unwrap_or_default();
        let Some(run) = rest.first_chunk::<8>() else {
            let stop = rest.iter().position(|&octet| !is_in(octet));
            return length + stop.unwrap_or(rest.len());
        };
        let suspects = suspects(u64::from_le_bytes(*run));
        if suspects == 0 {
            length += 8;
            continue;
        }
        let first = suspects.trailing_zeros() as usize / 8;
        length += first;
        match run.get(first) {
            Some(&octet) if is_in(octet) => length += 1,
            _ => return length,
        }
    }
}

/// Eight bytes with only their high bits.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Eight times the byte 1.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The high bit of each byte whose low seven bits are at least `bound` (1 to 0x80). Nothing is carried
/// from one byte into the next, so it is exact.
#[inline]
const fn at_least(run: u64, bound: u8) -> u64 {
    ((run & !HIGH) + ONES * (0x80 - bound as u64)) & HIGH
}

/// Bytes as people may safely see them: printable ASCII as it is, `\r`, `\n`, `\t` and `\\` by
/// their C names, every other byte as `\xHH`. No terminal obeys what it prints.
///
/// ```
/// use blankline::wire::Escaped;
/// assert_eq!(Escaped(b"a\r\n\x1b[2J\xff").to_string(), r"a\r\n\x1b[2J\xff");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &octet in self.0 {
            match octet {
                b'\r' => f.write_str("\\r")?,
                b'\n' => f.write_str("\\n")?,
                b'\t' => f.write_str("\\t")?,
                b'\\' => f.write_str("\\\\")?,
                b' '..=b'~' => f.write_str(char::from(octet).encode_utf8(&mut [0; 4]))?,
                _ => write!(f, "\\x{octet:02x}")?,
            }
        }
        Ok(())
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, where a mistake is an error"
)]
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let octets = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut index = 0;
    while index < octets.len() {
        table[octets[index] as usize] = true;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The clever ones against the obvious ones: every byte at every place of every short length.
    #[test]
    fn lengths_agree_with_a_byte_by_byte_search() {
        for octet in 0..=255 {
            for length in 0..20 {
                for at in 0..length {
                    for fill in *b"a-Z_ 9~\t" {
                        let mut octets = vec![fill; length];
                        octets[at] = octet;
                        let stop = |is_in: fn(u8) -> bool| {
                            octets.iter().position(|&o| !is_in(o)).unwrap_or(length)
                        };
                        assert_eq!(token_length(&octets), stop(is_token_octet), "{octets:?}");
                        let plain = stop(|o| o == b'\t' || (b' '..=b'~').contains(&o));
                        assert_eq!(plain_length(&octets), plain, "{octets:?}");
                    }
                }
            }
        }
    }
}
