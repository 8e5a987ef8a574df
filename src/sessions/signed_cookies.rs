//! The engine `signed_cookies`: the session is its own key, and the client keeps it.
//!
//! Signed is not encrypted: whoever has the cookie reads the data. And nothing can be taken back: after `flush` an
//! old cookie is as good as before, until it is two weeks old. `set_expiry` ends the client's cookie, not the data.

use super::{
    Act, COOKIE_AGE, COOKIE_NAME, Cause, Codec, Data, Doing, Engine, Kept, Loaded, Moment, Put,
    Said, Saved, SessionError, Store, StoreLog,
};

/// Django's `django.contrib.sessions.backends.signed_cookies`. There is no store.
#[derive(Debug)]
pub struct SignedCookies {
    codec: Codec,
}

impl SignedCookies {
    /// The engine of this secret key.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            codec: Codec::for_cookies(secret),
        }
    }
}

impl Engine for SignedCookies {
    fn name(&self) -> &'static str {
        "signed_cookies"
    }

    fn load(&self, key: &str, now: Moment, log: &mut StoreLog) -> Result<Loaded, SessionError> {
        let opened = self.codec.decode(key, Some(COOKIE_AGE), now);
        let (act, loaded) = match opened {
            Ok(opened) => (Act::Hit, Loaded::Found(opened.data)),
            Err(reason) => (Act::Refused(reason), Loaded::Renew),
        };
        log.note(Store::Cookie, act, key, Said::Nothing);
        Ok(loaded)
    }

    /// Never: nothing is kept.
    fn exists(&self, _key: &str, _now: Moment, _log: &mut StoreLog) -> Result<bool, SessionError> {
        Ok(false)
    }

    /// The key that is asked for means nothing, and whether there was one neither.
    fn save(
        &self,
        _key: &str,
        data: &Data,
        _put: Put,
        now: Moment,
        log: &mut StoreLog,
    ) -> Result<Saved, SessionError> {
        let fail = |cause| SessionError::new(Doing::Save, "cookie", cause);
        let text = self.codec.encode(data, now).map_err(fail)?;
        let bytes = COOKIE_NAME.len() + 1 + text.len();
        if bytes > COOKIE_LIMIT {
            return Err(fail(Cause::TooLarge {
                bytes,
                limit: COOKIE_LIMIT,
            }));
        }
        log.note(Store::Cookie, Act::Write, text.as_str(), Said::Nothing);
        Ok(Saved::Moved(text))
    }

    fn delete(&self, key: &str, _now: Moment, log: &mut StoreLog) -> Result<(), SessionError> {
        log.note(Store::Cookie, Act::CannotRevoke, key, Said::Nothing);
        Ok(())
    }

    fn clear_expired(&self, _now: Moment, _log: &mut StoreLog) -> Result<u64, SessionError> {
        Ok(0)
    }

    fn list(
        &self,
        _limit: usize,
        _now: Moment,
        _log: &mut StoreLog,
    ) -> Result<Vec<Kept>, SessionError> {
        Ok(Vec::new())
    }
}

/// How long `name=value` may be: what every browser must keep of a cookie (RFC 6265 6.1). Browsers drop a longer
/// one without a word, so Django's user is logged out and nobody knows why; here it is an error.
pub const COOKIE_LIMIT: usize = 4096;
