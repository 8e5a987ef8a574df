//! How a request's bytes are cut into writes. It must never matter, so that is worth a test.

use std::fmt;
use std::str::FromStr;

/// How the bytes are delivered.
///
/// ```
/// use blankline::golden::Delivery;
/// let lines: Delivery = "lines".parse().unwrap();
/// assert_eq!(lines.pieces(b"GET /\r\n\r\n"), [&b"GET /\r\n"[..], b"\r\n"]);
/// assert_eq!("random:7".parse(), Ok(Delivery::Random(7)));
/// assert!("slowly".parse::<Delivery>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// In one write.
    Whole,
    /// Each byte in a write of its own.
    Bytes,
    /// Each line, with its line end, in a write of its own.
    Lines,
    /// In pieces of random length; the same seed cuts the same way.
    Random(u64),
}

impl Delivery {
    /// The ways that `all` means, in order.
    #[must_use]
    pub const fn all() -> [Self; 4] {
        [
            Self::Whole,
            Self::Bytes,
            Self::Lines,
            Self::Random(DEFAULT_SEED),
        ]
    }

    /// `bytes`, cut. No piece is empty.
    #[must_use]
    pub fn pieces(self, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            _ if bytes.is_empty() => Vec::new(),
            Self::Whole => vec![bytes],
            Self::Bytes => bytes.chunks(1).collect(),
            Self::Lines => bytes.split_inclusive(|&octet| octet == b'\n').collect(),
            Self::Random(seed) => random_pieces(bytes, seed),
        }
    }
}

/// Most pieces are short, some are long.
fn random_pieces(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    // Marsaglia's xorshift; a state of 0 would stay 0.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) % bound
    };
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let longest = match below(5) {
            0 => 1,
            1 => 3,
            2 => 20,
            3 => 200,
            _ => 5000,
        };
        let length = usize::try_from(1 + below(longest)).unwrap_or(1);
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

impl FromStr for Delivery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "whole" => Ok(Self::Whole),
            "bytes" => Ok(Self::Bytes),
            "lines" => Ok(Self::Lines),
            "random" => Ok(Self::Random(DEFAULT_SEED)),
            _ => text
                .strip_prefix("random:")
                .and_then(|seed| seed.parse().ok())
                .map(Self::Random)
                .ok_or_else(|| {
                    format!(
                        "`{text}` is no delivery: whole, bytes, lines, random, random:SEED or all"
                    )
                }),
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Bytes => f.write_str("bytes"),
            Self::Lines => f.write_str("lines"),
            Self::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

/// The number of the RFC: a seed that is easy to remember.
const DEFAULT_SEED: u64 = 1945;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_delivery_loses_a_byte() {
        let bytes: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        for delivery in Delivery::all() {
            let pieces = delivery.pieces(&bytes);
            assert_eq!(pieces.concat(), bytes, "{delivery}");
            assert!(pieces.iter().all(|piece| !piece.is_empty()), "{delivery}");
            assert_eq!(delivery.to_string().parse(), Ok(delivery));
            assert!(delivery.pieces(b"").is_empty());
        }
    }

    #[test]
    fn a_seed_cuts_the_same_way_and_another_seed_another() {
        let bytes = [b'x'; 2_000];
        let cut = |seed| Delivery::Random(seed).pieces(&bytes).len();
        assert_eq!(cut(3), cut(3));
        assert!((0..9).any(|seed| cut(seed) != cut(3)));
    }
}
