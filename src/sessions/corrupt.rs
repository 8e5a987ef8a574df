//! Why what a store gave was not believed.
//!
//! It is a value for the store log and never an error: as in Django, a session that cannot be read is an
//! empty session, and the visitor starts anew.

use crate::wire::Lang;

/// The first check that stored or signed text did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrupt {
    /// No `:` stands before a signature.
    NoSignature,
    /// The signature is not the one that our secret key gives: other bytes, another key or another salt.
    WrongSignature,
    /// The signature is right, but what should be its time is not a number in base 62.
    BadTime,
    /// It was signed longer ago than it may live.
    TooOld,
    /// The data are not base64 in the alphabet of URLs.
    NotBase64,
    /// A leading `.` promises zlib, and the data are not.
    NotZlib,
    /// They unpack to more than a session may have.
    TooLarge,
    /// They are not JSON that we can read.
    NotJson,
    /// They are JSON, but not an object.
    NotAnObject,
    /// The store's value is not text, or its date not a date.
    NotText,
}

impl Corrupt {
    /// What is wrong, as one sentence without its full stop.
    #[must_use]
    pub const fn sentence(self, lang: Lang) -> &'static str {
        let [en, zh] = match self {
            Self::NoSignature => ["there is no signature after a colon", "冒号后面没有签名"],
            Self::WrongSignature => [
                "the signature is not what our secret key gives",
                "签名与我们的密钥算出来的不一致",
            ],
            Self::BadTime => [
                "the time of signing is not a number in base 62",
                "签名时间不是六十二进制数",
            ],
            Self::TooOld => ["it was signed too long ago", "签名的时间太早，已经过期"],
            Self::NotBase64 => ["the data are not base64", "数据不是 base64"],
            Self::NotZlib => [
                "it starts with a dot, but the data are not zlib",
                "开头有点号，数据却不是 zlib 格式",
            ],
            Self::TooLarge => ["it unpacks to too many bytes", "解压之后太大"],
            Self::NotJson => ["the data are not JSON", "数据不是 JSON"],
            Self::NotAnObject => [
                "the data are JSON, but not an object",
                "数据是 JSON，但不是对象",
            ],
            Self::NotText => [
                "the stored value is not the text that belongs there",
                "存储里的值不是应有的文本",
            ],
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}
