//! When a session ends: the four settings of Django's `set_expiry`, kept among the session's own data.

use serde_json::Value;

use super::Moment;
use super::json::Data;

/// The argument of `set_expiry`. It counts from the last time the session was *changed*: reading renews nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Django's `None`: the site's setting, [`COOKIE_AGE`]. The course notes call it "never", which it is not.
    Default,
    /// Django's `0`: the cookie ends with the browser. The store keeps its row for [`COOKIE_AGE`] all the same.
    BrowserClose,
    /// So many seconds, not 0; a negative number is over at once.
    Seconds(i64),
    /// At that moment.
    At(Moment),
}

impl Expiry {
    /// What the data say. Whatever Python takes for false and whatever is no expiry at all is the default.
    #[must_use]
    pub fn of(data: &Data) -> Self {
        match data.get(NAME) {
            Some(Value::Number(number)) => match number.as_f64() {
                Some(0.0) => Self::BrowserClose,
                // Python keeps a fraction; a cookie's Max-Age has none.
                Some(float) => number
                    .as_i64()
                    .or_else(|| format!("{:.0}", float.trunc()).parse().ok())
                    .map_or(Self::Default, Self::Seconds),
                None => Self::Default,
            },
            Some(Value::String(date)) => Moment::parse(date).map_or(Self::Default, Self::At),
            _ => Self::Default,
        }
    }

    /// How the data keep it, under [`NAME`]; the default is kept by nothing being there.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self {
            Self::Default => None,
            Self::BrowserClose => Some(Value::from(0)),
            Self::Seconds(seconds) => Some(Value::from(seconds)),
            Self::At(moment) => Some(Value::from(moment.iso())),
        }
    }

    /// The seconds from `changed` until the end; 0 or less when it is over (`get_expiry_age`).
    #[must_use]
    pub fn age(self, changed: Moment) -> i64 {
        match self {
            Self::Default | Self::BrowserClose | Self::Seconds(0) => COOKIE_AGE,
            Self::Seconds(seconds) => seconds,
            Self::At(moment) => moment.seconds_since(changed),
        }
    }

    /// The moment of the end (`get_expiry_date`).
    #[must_use]
    pub fn date(self, changed: Moment) -> Moment {
        match self {
            Self::At(moment) => moment,
            _ => changed.plus(self.age(changed)),
        }
    }

    /// `Max-Age` of the cookie, in seconds; `None` for a cookie that ends with the browser.
    #[must_use]
    pub fn max_age(self, changed: Moment) -> Option<i64> {
        match self {
            Self::BrowserClose | Self::Seconds(0) => None,
            _ => Some(self.age(changed)),
        }
    }
}

/// Two weeks in seconds: Django's `SESSION_COOKIE_AGE`.
pub const COOKIE_AGE: i64 = 1_209_600;

/// The name among the session's data that keeps the expiry.
pub const NAME: &str = "_session_expiry";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_age_date_and_cookie() {
        let now = Moment::from_seconds(1000);
        let later = Moment::from_seconds(1007);
        for (expiry, value, age, max_age) in [
            (Expiry::Default, None, COOKIE_AGE, Some(COOKIE_AGE)),
            (Expiry::BrowserClose, Some("0"), COOKIE_AGE, None),
            (Expiry::Seconds(5), Some("5"), 5, Some(5)),
            (Expiry::Seconds(-5), Some("-5"), -5, Some(-5)),
            (
                Expiry::At(later),
                Some("\"1970-01-01T00:16:47+00:00\""),
                7,
                Some(7),
            ),
        ] {
            let kept = expiry.value();
            assert_eq!(kept.as_ref().map(Value::to_string).as_deref(), value);
            let data = Data::from_iter(kept.map(|kept| (NAME.to_owned(), kept)));
            assert_eq!(Expiry::of(&data), expiry);
            assert_eq!(expiry.age(now), age);
            assert_eq!(expiry.date(now), now.plus(age));
            assert_eq!(expiry.max_age(now), max_age);
        }
    }

    #[test]
    fn odd_values_are_read_as_python_takes_them() {
        for (value, expiry) in [
            ("null", Expiry::Default),
            ("\"\"", Expiry::Default),
            ("\"soon\"", Expiry::Default),
            ("[]", Expiry::Default),
            ("0.0", Expiry::BrowserClose),
            ("2.9", Expiry::Seconds(2)),
            ("1e300", Expiry::Default),
        ] {
            let value = serde_json::from_str(value).unwrap();
            let data = Data::from_iter([(NAME.to_owned(), value)]);
            assert_eq!(Expiry::of(&data), expiry);
        }
        let far = Expiry::Seconds(i64::MAX).date(Moment::from_seconds(0));
        assert_eq!(far.to_string(), "9999-12-31 23:59:59.999999");
    }
}
