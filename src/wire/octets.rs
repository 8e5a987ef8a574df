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
