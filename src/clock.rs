//! L0: the only doors to wall time and to chance. Everything else is handed both as arguments.
//!
//! What does not live here: `Instant::now`, which the loop reads once a turn (`engine`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

/// Where wall time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's.
    System,
    /// Always this moment, in seconds since 1970: for golden bytes.
    Frozen(u64),
}

impl Clock {
    /// The wall time now.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one door to the system's wall clock"
    )]
    pub fn wall(self) -> SystemTime {
        match self {
            Self::System => SystemTime::now(),
            Self::Frozen(seconds) => UNIX_EPOCH + Duration::from_secs(seconds),
        }
    }
}

/// Where session ids, salts and the like come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// The system's random source: what it gives cannot be guessed.
    System,
    /// A function of the seed, which is the request's bytes and what the id is for: the same request gives the
    /// same id, in any order (`--frozen`). Anybody can guess it.
    Seed,
}

impl IdSource {
    /// `length` characters out of `alphabet`, which has 1 to 256 of them; each is as likely as any other.
    ///
    /// # Errors
    ///
    /// When the system's random source gives nothing.
    pub fn text(self, seed: &[u8], alphabet: &[u8], length: usize) -> std::io::Result<String> {
        let mut text = String::with_capacity(length);
        // A byte at or above the last whole multiple of the alphabet's size would favour its start.
        let size = alphabet.len().clamp(1, 256);
        let fair = 256 - 256 % size;
        let mut round = 0_u64;
        while text.len() < length {
            for octet in self.block(seed, round)? {
                let octet = usize::from(octet);
                if let Some(&character) = alphabet.get(octet % size)
                    && octet < fair
                    && text.len() < length
                {
                    text.push(char::from(character));
                }
            }
            round += 1;
        }
        Ok(text)
    }

    fn block(self, seed: &[u8], round: u64) -> std::io::Result<[u8; 32]> {
        match self {
            Self::System => {
                let mut block = [0; 32];
                getrandom::fill(&mut block)?;
                Ok(block)
            }
            Self::Seed => {
                let mut hash = Sha256::new();
                hash.update(round.to_be_bytes());
                hash.update(seed);
                Ok(hash.finalize().into())
            }
        }
    }
}

/// The characters of Django's session ids (`django.utils.crypto.get_random_string`).
pub const LOWER_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The characters of Django's password salts.
pub const LETTERS_AND_DIGITS: &[u8] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_id_and_another_seed_another() {
        let id = |seed: &[u8]| IdSource::Seed.text(seed, LOWER_AND_DIGITS, 32).unwrap();
        assert_eq!(id(b"GET / HTTP/1.0"), id(b"GET / HTTP/1.0"));
        assert_ne!(id(b"GET / HTTP/1.0"), id(b"GET /a HTTP/1.0"));
        assert!(
            id(b"")
                .bytes()
                .all(|octet| LOWER_AND_DIGITS.contains(&octet))
        );
        assert_eq!(
            IdSource::Seed.text(b"", b"a", 100).unwrap(),
            "a".repeat(100)
        );
    }

    #[test]
    fn the_system_gives_all_characters_and_never_the_same_id() {
        let id = || IdSource::System.text(b"", LOWER_AND_DIGITS, 2000).unwrap();
        let (one, other) = (id(), id());
        assert_ne!(one, other);
        assert!(
            LOWER_AND_DIGITS
                .iter()
                .all(|&octet| one.contains(char::from(octet)))
        );
    }
}
