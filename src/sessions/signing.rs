//! Django 4.2's signatures: `value:signature` and `value:time:signature`, HMAC-SHA256.
//!
//! A signature shows that whoever made it has the secret key. It hides nothing: the value can be read by all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{Corrupt, Moment};

/// Signs with one key for one purpose, which the salt names: what was signed for one purpose is worth nothing for
/// another. Django's `Signer` and `TimestampSigner` in one.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key is mixed in already, so that each signature starts from here.
    mac: Hmac<Sha256>,
}

impl Signer {
    /// The signer of a secret key and a salt (`django.utils.crypto.salted_hmac`): the key of the HMAC is
    /// SHA-256 of salt, `signer` and secret key.
    ///
    /// ```
    /// use blankline::sessions::Signer;
    ///
    /// let signer = Signer::new(b"peer-secret-key-for-comparison-only", "django.core.signing.Signer");
    /// let signed = signer.sign("abc");
    /// assert_eq!(signed, "abc:4IhTZyHVgGezt9vC_iW04wwiRvI8kLtvl6E2ujCGXaI");
    /// assert_eq!(signer.unsign(&signed), Ok("abc"));
    /// ```
    #[must_use]
    pub fn new(secret: &[u8], salt: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update("signer");
        hash.update(secret);
        let digest: [u8; 32] = hash.finalize().into();
        // HMAC fills a short key up with zeros (RFC 2104 2), and a key of a whole block cannot be refused.
        let mut key = [0; 64];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        Self {
            mac: Hmac::new(&key.into()),
        }
    }

    /// The signer of `set_signed_cookie(name, ..., salt)`; the salt is `""` where none is given.
    #[must_use]
    pub fn for_cookie(secret: &[u8], name: &str, salt: &str) -> Self {
        let secret = [b"django.http.cookies", secret].concat();
        Self::new(&secret, &format!("{name}{salt}"))
    }

    /// `value:signature`.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(value.as_bytes());
        let signature = mac.finalize().into_bytes();
        let mut signed = String::with_capacity(value.len() + 44);
        signed.push_str(value);
        signed.push(':');
        URL_SAFE_NO_PAD.encode_string(signature, &mut signed);
        signed
    }

    /// The value before the last `:`, when the signature behind it is ours. How long the comparison takes says
    /// nothing of how much of a forged signature is right.
    ///
    /// # Errors
    ///
    /// [`Corrupt::NoSignature`], [`Corrupt::WrongSignature`].
    pub fn unsign<'s>(&self, signed: &'s str) -> Result<&'s str, Corrupt> {
        let (value, signature) = signed.rsplit_once(':').ok_or(Corrupt::NoSignature)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| Corrupt::WrongSignature)?;
        let mut mac = self.mac.clone();
        mac.update(value.as_bytes());
        mac.verify_slice(&signature)
            .map_err(|_| Corrupt::WrongSignature)?;
        Ok(value)
    }

    /// `value:time:signature`, the time in whole seconds and base 62; it is signed too.
    #[must_use]
    pub fn sign_at(&self, value: &str, now: Moment) -> String {
        self.sign(&format!("{value}:{}", base62(now.seconds())))
    }

    /// The value and the moment at which it was signed. With `max_age`, in seconds, nothing older is taken.
    ///
    /// # Errors
    ///
    /// Those of [`unsign`](Self::unsign), [`Corrupt::BadTime`], [`Corrupt::TooOld`].
    pub fn unsign_at<'s>(
        &self,
        signed: &'s str,
        max_age: Option<i64>,
        now: Moment,
    ) -> Result<(&'s str, Moment), Corrupt> {
        let (value, time) = self
            .unsign(signed)?
            .rsplit_once(':')
            .ok_or(Corrupt::BadTime)?;
        let signed_at = Moment::from_seconds(from_base62(time).ok_or(Corrupt::BadTime)?);
        if max_age.is_some_and(|age| now > signed_at.plus(age)) {
            return Err(Corrupt::TooOld);
        }
        Ok((value, signed_at))
    }
}

/// Django's `b62_encode`.
fn base62(number: i64) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 || digits.is_empty() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        digits.extend(BASE62.get(digit));
        rest /= 62;
    }
    if number < 0 {
        digits.push(b'-');
    }
    digits
        .iter()
        .rev()
        .map(|&digit| char::from(digit))
        .collect()
}

/// Django's `b62_decode`; `None` for what is no number, or none of 64 bits.
fn from_base62(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.bytes().try_fold(0_i64, |number, octet| {
        let digit = BASE62.iter().position(|&digit| digit == octet)?;
        number
            .checked_mul(62)?
            .checked_add(i64::try_from(digit).ok()?)
    })?;
    Some(if is_negative { -number } else { number })
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new(b"secret", "salt")
    }

    #[test]
    fn base_62_goes_both_ways() {
        for (number, text) in [
            (0, "0"),
            (61, "z"),
            (62, "10"),
            (-62, "-10"),
            (1_509_328_929, "1e8zOz"),
        ] {
            assert_eq!(base62(number), text);
            assert_eq!(from_base62(text), Some(number));
        }
        for text in ["", "-", "!", "zzzzzzzzzzzzz", "1 "] {
            assert_eq!(from_base62(text), None, "{text}");
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let now = Moment::from_seconds(1_509_328_929);
        let signed = signer().sign_at("abc", now);
        assert_eq!(signer().unsign_at(&signed, None, now), Ok(("abc", now)));
        for at in 0..signed.len() {
            let mut octets = signed.clone().into_bytes();
            octets[at] ^= 1;
            let forged = String::from_utf8(octets).unwrap();
            assert!(signer().unsign_at(&forged, None, now).is_err(), "{forged}");
        }
        for forged in [
            String::new(),
            "abc".to_owned(),
            format!("{signed}="),
            format!("{signed}A"),
        ] {
            assert!(signer().unsign(&forged).is_err(), "{forged}");
        }
    }

    #[test]
    fn another_key_or_salt_is_another_signature() {
        let signed = signer().sign("abc");
        for other in [
            Signer::new(b"secret", "other"),
            Signer::new(b"other", "salt"),
        ] {
            assert_eq!(other.unsign(&signed), Err(Corrupt::WrongSignature));
        }
    }

    #[test]
    fn age_is_counted_from_the_signature() {
        let now = Moment::from_seconds(1000);
        let signed = signer().sign_at("abc", now);
        let at = |later| signer().unsign_at(&signed, Some(10), now.plus(later));
        assert!(at(0).is_ok());
        assert!(at(10).is_ok());
        assert_eq!(at(11), Err(Corrupt::TooOld));
        assert!(signer().unsign_at(&signed, None, now.plus(11)).is_ok());
        // Signed without a time, by the same key and for the same purpose.
        let signed = signer().sign("abc");
        assert_eq!(
            signer().unsign_at(&signed, None, now),
            Err(Corrupt::BadTime)
        );
    }
}
