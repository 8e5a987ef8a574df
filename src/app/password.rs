//! Passwords as Django keeps them: `pbkdf2_sha256$iterations$salt$hash`, which Django itself can check.
//!
//! The work is a quarter of a second on purpose, so it is done on a worker and never on the loop.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pbkdf2::hmac::{Hmac, KeyInit as _, Mac as _};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;

/// Django 4.2's default.
pub const ITERATIONS: u32 = 600_000;

/// Characters of a salt, out of letters and digits: 128 bits and a little, as Django's.
pub const SALT_LENGTH: usize = 22;

/// What is kept of a password. `salt` has no `$` in it.
#[must_use]
pub fn encode(password: &str, salt: &str, iterations: u32) -> String {
    let hash = STANDARD.encode(hash(password, salt, iterations));
    format!("{ALGORITHM}${iterations}${salt}${hash}")
}

/// Whether this is the password of which that was kept. What Django's other hashers wrote is nobody's.
#[must_use]
pub fn verify(password: &str, encoded: &str) -> bool {
    let mut parts = encoded.splitn(4, '$');
    let (Some(ALGORITHM), Some(iterations), Some(salt), Some(expected)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(iterations), Ok(expected)) = (iterations.parse(), STANDARD.decode(expected)) else {
        return false;
    };
    (1..=MOST_ITERATIONS).contains(&iterations)
        && is_equal(&hash(password, salt, iterations), &expected)
}

fn hash(password: &str, salt: &str, iterations: u32) -> [u8; 32] {
    let mut hash = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut hash);
    hash
}

/// Compares in a time that does not tell where they differ: by their codes under one key, which the crate
/// does for us.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let code =
        |octets: &[u8]| Hmac::<Sha256>::new_from_slice(b"").map(|code| code.chain_update(octets));
    match (code(one), code(other)) {
        (Ok(one), Ok(other)) => one.verify_slice(&other.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

const ALGORITHM: &str = "pbkdf2_sha256";

/// A row that asks for more is damaged, or somebody's way to keep a worker busy.
const MOST_ITERATIONS: u32 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn django_made_this_one() {
        // django.contrib.auth.hashers.make_password("admin", "seasalt", "pbkdf2_sha256") with 4.2's count,
        // and the test vector of its own suite (tests/auth_tests/test_hashers.py, "lètmein", "seasalt").
        let encoded = encode("lètmein", "seasalt", 600_000);
        let known = "pbkdf2_sha256$600000$seasalt$OAXyhAQ/4ZDA9V5RMExt3C1OwQdUpLZ99vm1McFlLRA=";
        assert_eq!(encoded, known);
        assert!(verify("lètmein", known));
        assert!(!verify("letmein", known));
    }

    #[test]
    fn what_is_no_such_hash_is_nobodys() {
        for encoded in [
            "",
            "admin",
            "md5$1$salt$AAAA",
            "pbkdf2_sha256$0$salt$AAAA",
            "pbkdf2_sha256$many$salt$AAAA",
            "pbkdf2_sha256$4000000000$salt$AAAA",
            "pbkdf2_sha256$1$salt",
            "pbkdf2_sha256$1$salt$not base64",
        ] {
            assert!(!verify("admin", encoded), "{encoded}");
        }
    }
}
