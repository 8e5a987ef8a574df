//! Session data as the text that a row, a file, a Redis value or a cookie holds: Django 4.2's `signing.dumps`.
//!
//! `b64url(json):b62(time):b64url(hmac)`, without `=`; a `.` in front says that the JSON went through zlib, which
//! is done where it saves more than one byte. Django with the same secret key reads what is written here, and
//! the other way round. Django 1.11's older formats are not read.

use std::io::Read as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::json::{self, Data};
use super::{Cause, Corrupt, Moment, Signer, lock};

/// Encodes and decodes with one signer.
#[derive(Debug)]
pub struct Codec {
    signer: Signer,
    /// Compressors to use again: to make one costs more than to compress a session.
    compressors: Mutex<Vec<Compress>>,
}

/// Decoded text.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The session's data.
    pub data: Data,
    /// When they were signed, in whole seconds.
    pub signed_at: Moment,
}

impl Codec {
    /// The codec of one salt.
    #[must_use]
    pub fn new(secret: &[u8], salt: &str) -> Self {
        Self {
            signer: Signer::new(secret, salt),
            compressors: Mutex::default(),
        }
    }

    /// The codec of the engines that keep data on the server: `django.contrib.sessions.SessionStore`.
    #[must_use]
    pub fn for_stores(secret: &[u8]) -> Self {
        Self::new(secret, "django.contrib.sessions.SessionStore")
    }

    /// The codec of the engine `signed_cookies`, whose salt is its own: a row's text is worth nothing as a cookie.
    #[must_use]
    pub fn for_cookies(secret: &[u8]) -> Self {
        Self::new(secret, "django.contrib.sessions.backends.signed_cookies")
    }

    /// The data, written and signed.
    ///
    /// ```
    /// use blankline::sessions::{Codec, Moment};
    ///
    /// let codec = Codec::for_stores(b"peer-secret-key-for-comparison-only");
    /// let now = Moment::from_seconds(1_509_328_929);
    /// let text = codec.encode(&Default::default(), now).unwrap();
    /// assert_eq!(text, "e30:1e8zOz:cZu4Qs8JHefOo0ohZk2p7Hq2XGRyXNPoJkQx60SbVxM");
    /// ```
    ///
    /// # Errors
    ///
    /// [`Cause::TooDeep`] and [`Cause::TooLarge`]: nobody could read it back.
    pub fn encode(&self, data: &Data, now: Moment) -> Result<String, Cause> {
        let text = written(data)?;
        let packed = self.compress(text.as_bytes());
        let mut value = String::new();
        match packed.filter(|packed| packed.len() + 1 < text.len()) {
            Some(packed) => {
                value.push('.');
                URL_SAFE_NO_PAD.encode_string(packed, &mut value);
            }
            None => URL_SAFE_NO_PAD.encode_string(&text, &mut value),
        }
        Ok(self.signer.sign_at(&value, now))
    }

    /// The data of text that was signed with our key, at most `max_age` seconds ago where that is given.
    ///
    /// # Errors
    ///
    /// The first reason not to believe it.
    pub fn decode(&self, text: &str, max_age: Option<i64>, now: Moment) -> Result<Opened, Corrupt> {
        let (value, signed_at) = self.signer.unsign_at(text, max_age, now)?;
        let data = json::read(&unpacked(value)?)?;
        Ok(Opened { data, signed_at })
    }

    /// What can be read in such a text without the key: the JSON in front of time and signature, which nobody has
    /// checked. `None` where there is none.
    #[must_use]
    pub fn payload(text: &str) -> Option<Vec<u8>> {
        let (value, _) = text.split_once(':')?;
        unpacked(value).ok()
    }

    /// `zlib.compress(text)`. `None` when that is not shorter, or did not work, which costs nothing but room.
    fn compress(&self, text: &[u8]) -> Option<Vec<u8>> {
        let reused = lock(&self.compressors).pop();
        let mut compressor = reused.unwrap_or_else(|| Compress::new(Compression::default(), true));
        let mut packed = Vec::with_capacity(text.len());
        let status = compressor.compress_vec(text, &mut packed, FlushCompress::Finish);
        compressor.reset();
        lock(&self.compressors).push(compressor);
        matches!(status, Ok(Status::StreamEnd)).then_some(packed)
    }
}

/// What stands before the signature, as JSON again.
fn unpacked(value: &str) -> Result<Vec<u8>, Corrupt> {
    let (is_packed, value) = match value.strip_prefix('.') {
        Some(value) => (true, value),
        None => (false, value),
    };
    let octets = URL_SAFE_NO_PAD
        .decode(value)
        .map_err(|_| Corrupt::NotBase64)?;
    if is_packed {
        decompressed(&octets)
    } else {
        Ok(octets)
    }
}

/// The JSON of data that are not too much for a session.
pub(super) fn written(data: &Data) -> Result<String, Cause> {
    let text = json::write(data).ok_or(Cause::TooDeep)?;
    if text.len() > LARGEST {
        return Err(Cause::TooLarge {
            bytes: text.len(),
            limit: LARGEST,
        });
    }
    Ok(text)
}

fn decompressed(packed: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let limit = LARGEST_UNPACKED + 1;
    let mut text = Vec::new();
    ZlibDecoder::new(packed)
        .take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_end(&mut text)
        .map_err(|_| Corrupt::NotZlib)?;
    if text.len() >= limit {
        return Err(Corrupt::TooLarge);
    }
    Ok(text)
}

/// The most bytes of JSON that one session may be: it is read and written whole, in each request.
pub const LARGEST: usize = 1 << 20;

/// The most that we unpack: Django has no limit, so its rows get more room than ours.
const LARGEST_UNPACKED: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn data(text: &str) -> Data {
        json::read(text.as_bytes()).unwrap()
    }

    const NOW: i64 = 1_509_328_929;

    #[test]
    fn what_is_encoded_is_decoded() {
        let codec = Codec::for_stores(b"secret");
        let now = Moment::from_seconds(NOW);
        let long = format!(r#"{{"x": "{}"}}"#, "男y".repeat(1000));
        for (text, is_packed) in [("{}", false), (r#"{"a": [1, 2.5]}"#, false), (&long, true)] {
            // Twice: a compressor that is used again starts anew.
            for _ in 0..2 {
                let text = data(text);
                let encoded = codec.encode(&text, now).unwrap();
                assert_eq!(encoded.starts_with('.'), is_packed);
                let opened = codec.decode(&encoded, None, now).unwrap();
                assert_eq!((opened.data, opened.signed_at), (text, now));
            }
        }
    }

    /// With 11 letters the JSON has 19 bytes and its zlib 18, which is not worth the dot; Python says so too.
    #[test]
    fn only_what_saves_more_than_a_byte_is_packed() {
        let codec = Codec::for_stores(b"secret");
        for (letters, is_packed) in [(10, false), (11, false), (12, true)] {
            let text = data(&format!(r#"{{"x":"{}"}}"#, "y".repeat(letters)));
            let encoded = codec.encode(&text, Moment::from_seconds(NOW)).unwrap();
            assert_eq!(encoded.starts_with('.'), is_packed, "{letters}");
        }
    }

    #[test]
    fn signed_rubbish_is_corrupt_and_each_kind_has_its_name() {
        let codec = Codec::for_stores(b"secret");
        let now = Moment::from_seconds(NOW);
        let mut bomb = Vec::new();
        let blanks = vec![b' '; LARGEST_UNPACKED + 1];
        flate2::read::ZlibEncoder::new(blanks.as_slice(), Compression::fast())
            .read_to_end(&mut bomb)
            .unwrap();
        for (value, reason) in [
            ("*".to_owned(), Corrupt::NotBase64),
            ("e30=".to_owned(), Corrupt::NotBase64),
            (".e30".to_owned(), Corrupt::NotZlib),
            (URL_SAFE_NO_PAD.encode("{"), Corrupt::NotJson),
            (URL_SAFE_NO_PAD.encode("[]"), Corrupt::NotAnObject),
            (
                format!(".{}", URL_SAFE_NO_PAD.encode(bomb)),
                Corrupt::TooLarge,
            ),
        ] {
            let text = codec.signer.sign_at(&value, now);
            assert_eq!(codec.decode(&text, None, now), Err(reason));
        }
        let row = codec.encode(&Data::new(), now).unwrap();
        let cookies = Codec::for_cookies(b"secret");
        assert_eq!(
            cookies.decode(&row, None, now),
            Err(Corrupt::WrongSignature)
        );
        let cookie = cookies.encode(&Data::new(), now).unwrap();
        let at = |later| cookies.decode(&cookie, Some(10), now.plus(later));
        assert!(at(10).is_ok());
        assert_eq!(at(11), Err(Corrupt::TooOld));
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        let codec = Codec::for_stores(b"secret");
        let now = Moment::from_seconds(NOW);
        let mut large = Data::new();
        large.insert("x".to_owned(), Value::from("x".repeat(LARGEST - 8)));
        assert!(codec.encode(&large, now).is_ok());
        large.insert("x".to_owned(), Value::from("x".repeat(LARGEST - 7)));
        let error = codec.encode(&large, now);
        assert!(matches!(error, Err(Cause::TooLarge { bytes, .. }) if bytes == LARGEST + 1));
    }
}
