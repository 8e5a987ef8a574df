//! HTTP-date (RFC 1945 3.3): a moment in whole seconds, read from three forms, written in one.
//!
//! Dates out are written by the `httpdate` crate. Dates in are read here, because what is accepted
//! is Django's choice: any weekday, any case of the month, and a two-digit year means 1970 to 2069.
//! No clock is read here: now is an argument, everywhere.

use std::fmt;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use super::Edition;

/// A moment in whole seconds, from 1 January 1970 to the end of the year 9999, in GMT.
///
/// Those are the years for which every form has its fixed length; a moment outside becomes the
/// nearest end. Dates order as the moments do.
///
/// ```
/// use blankline::wire::HttpDate;
/// let date = HttpDate::parse(b"Monday, 30-Oct-17 02:02:09 GMT");
/// assert_eq!(date, Some(HttpDate::from_seconds(1_509_328_929)));
/// assert_eq!(date.unwrap().to_string(), "Mon, 30 Oct 2017 02:02:09 GMT");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(u64);

impl HttpDate {
    /// How many bytes a written date has, in either form.
    ///
    /// ```
    /// assert_eq!(blankline::wire::HttpDate::LEN, "Thu, 01 Jan 1970 00:00:00 GMT".len());
    /// ```
    pub const LEN: usize = 29;

    /// The moment `seconds` after the start of 1970; the last second of 9999 if that is later.
    ///
    /// ```
    /// use blankline::wire::HttpDate;
    /// assert_eq!(HttpDate::from_seconds(u64::MAX).to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
    /// ```
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(if seconds > LAST_SECOND {
            LAST_SECOND
        } else {
            seconds
        })
    }

    /// Seconds since the start of 1970.
    ///
    /// ```
    /// assert_eq!(blankline::wire::HttpDate::from_seconds(7).seconds(), 7);
    /// ```
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This moment, `seconds` later, or earlier if that is negative; kept within the range.
    ///
    /// ```
    /// use blankline::wire::HttpDate;
    /// assert_eq!(HttpDate::from_seconds(10).plus(-3).seconds(), 7);
    /// assert_eq!(HttpDate::from_seconds(10).plus(i64::MIN).seconds(), 0);
    /// ```
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add_signed(seconds))
    }

    /// Reads any of the three forms of RFC 1945 3.3; `None` for everything else.
    ///
    /// Accepted is what Django's `parse_http_date` accepts: three word characters of any kind as
    /// weekday (six to nine in the RFC 850 form), the month in any case, `GMT` in capitals, two
    /// digits everywhere but in `Wed Nov  1`, no leap second, no blanks around it. A year below 70
    /// is in the 2000s and one below 100 in the 1900s, even if written with four digits. A date
    /// before 1970 is a date like any other, and is read as the first second of 1970.
    ///
    /// ```
    /// use blankline::wire::HttpDate;
    /// let date = HttpDate::parse(b"Sun Nov  6 08:49:37 1994");
    /// assert_eq!(date, HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT"));
    /// assert_eq!(date, HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT"));
    /// assert_eq!(HttpDate::parse(b"Sun, 06-Nov-1994 08:49:37 GMT"), None); // a cookie's date
    /// assert_eq!(HttpDate::parse(b"yesterday"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        rfc1123(Text(text))
            .or_else(|| rfc850(Text(text)))
            .or_else(|| asctime(Text(text)))
    }

    /// The date in the one form that is ever sent (RFC 1945 3.3: the one of RFC 1123).
    ///
    /// ```
    /// use blankline::wire::HttpDate;
    /// assert_eq!(&HttpDate::from_seconds(0).octets(), b"Thu, 01 Jan 1970 00:00:00 GMT");
    /// ```
    #[must_use]
    pub fn octets(self) -> [u8; Self::LEN] {
        let mut octets = [b' '; Self::LEN];
        // Cannot fail: up to the year 9999, which the constructor ensures, these are 29 bytes.
        let _ = write!(octets.as_mut_slice(), "{self}");
        octets
    }

    /// The date as a cookie's `expires` has it: with hyphens, as Netscape defined it, or as an
    /// HTTP-date, by [`Edition::cookie_date_has_hyphens`].
    ///
    /// ```
    /// use blankline::wire::{Edition, HttpDate};
    /// let date = HttpDate::from_seconds(1_509_413_197);
    /// assert_eq!(&date.cookie_octets(Edition::Notes), b"Tue, 31-Oct-2017 01:26:37 GMT");
    /// assert_eq!(&date.cookie_octets(Edition::Rfc9110), b"Tue, 31 Oct 2017 01:26:37 GMT");
    /// ```
    #[must_use]
    pub fn cookie_octets(self, edition: Edition) -> [u8; Self::LEN] {
        let mut octets = self.octets();
        if edition.cookie_date_has_hyphens() {
            // `Tue, 31 Oct 2017`: the blanks before and after the month.
            octets[7] = b'-';
            octets[11] = b'-';
        }
        octets
    }
}

/// The second in which the time lies; the ends of the range for a time outside.
impl From<SystemTime> for HttpDate {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Self::from_seconds(since.map_or(0, |since| since.as_secs()))
    }
}

impl From<HttpDate> for SystemTime {
    fn from(date: HttpDate) -> Self {
        Self::UNIX_EPOCH + Duration::from_secs(date.0)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        httpdate::HttpDate::from(SystemTime::from(*self)).fmt(f)
    }
}

/// `Mon, 30 Oct 2017 02:02:09 GMT`
fn rfc1123(mut text: Text<'_>) -> Option<HttpDate> {
    text.word(3, 3)?;
    text.literal(b", ")?;
    let day = text.number(2)?;
    text.literal(b" ")?;
    let month = text.month()?;
    text.literal(b" ")?;
    let year = text.number(4)?;
    text.literal(b" ")?;
    let clock = text.clock()?;
    text.literal(b" GMT")?;
    text.end()?;
    moment(year, month, day, clock)
}

/// `Monday, 30-Oct-17 02:02:09 GMT`
fn rfc850(mut text: Text<'_>) -> Option<HttpDate> {
    text.word(6, 9)?;
    text.literal(b", ")?;
    let day = text.number(2)?;
    text.literal(b"-")?;
    let month = text.month()?;
    text.literal(b"-")?;
    let year = text.number(2)?;
    text.literal(b" ")?;
    let clock = text.clock()?;
    text.literal(b" GMT")?;
    text.end()?;
    moment(year, month, day, clock)
}

/// `Mon Oct 30 02:02:09 2017`, or `Wed Nov  1 02:02:09 2017`
fn asctime(mut text: Text<'_>) -> Option<HttpDate> {
    text.word(3, 3)?;
    text.literal(b" ")?;
    let month = text.month()?;
    text.literal(b" ")?;
    let digits = if text.literal(b" ").is_some() { 1 } else { 2 };
    let day = text.number(digits)?;
    text.literal(b" ")?;
    let clock = text.clock()?;
    text.literal(b" ")?;
    let year = text.number(4)?;
    text.end()?;
    moment(year, month, day, clock)
}

/// What is left of a date to read; each method takes what it names off the front, or gives `None`.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// A whole run of `least` to `most` letters, digits and underscores: a `\w` of Django's.
    fn word(&mut self, least: usize, most: usize) -> Option<&'a [u8]> {
        let is_word = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'_';
        let len = self.0.iter().take_while(|octet| is_word(octet)).count();
        if !(least..=most).contains(&len) {
            return None;
        }
        let (word, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(word)
    }

    /// Exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |value, octet| {
            octet
                .is_ascii_digit()
                .then(|| value * 10 + u64::from(octet - b'0'))
        })
    }

    /// A month's name, as the number of months before it.
    fn month(&mut self) -> Option<usize> {
        let name = self.word(3, 3)?;
        MONTHS
            .iter()
            .position(|month| name.eq_ignore_ascii_case(month))
    }

    /// `02:02:09`, as seconds after midnight.
    fn clock(&mut self) -> Option<u64> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// The moment of a day in the calendar; `None` if the month has no such day.
fn moment(year: u64, month: usize, day: u64, clock: u64) -> Option<HttpDate> {
    let year = match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if is_leap { 29 } else { 28 };
    let lengths: [u64; 12] = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1..=*lengths.get(month)?).contains(&day) {
        return None;
    }
    let full_years = year - 1;
    let days = full_years * 365 + full_years / 4 - full_years / 100
        + full_years / 400
        + lengths.iter().take(month).sum::<u64>()
        + (day - 1);
    Some(HttpDate::from_seconds(
        (days * 86_400 + clock).saturating_sub(DAYS_BEFORE_1970 * 86_400),
    ))
}

/// 31 December 9999, 23:59:59: the last second whose year has four digits.
const LAST_SECOND: u64 = 253_402_300_799;

/// From 1 January of the year 1, in the calendar of today, to 1 January 1970.
const DAYS_BEFORE_1970: u64 = 719_162;

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments spread over all years: a step that shares no factor with a day or a year.
    fn moments() -> impl Iterator<Item = HttpDate> {
        (0..=LAST_SECOND)
            .step_by(86_400 * 97 + 3_607)
            .map(HttpDate::from_seconds)
    }

    #[test]
    fn what_is_written_is_read_back_by_us_and_by_httpdate() {
        let mut count = 0;
        for date in moments() {
            let octets = date.octets();
            assert_eq!(HttpDate::parse(&octets), Some(date));
            let text = std::str::from_utf8(&octets).unwrap();
            let other = httpdate::parse_http_date(text).unwrap();
            assert_eq!(HttpDate::from(other), date, "{text}");
            count += 1;
        }
        assert!(count > 30_000, "{count}");
    }

    #[test]
    fn the_older_forms_are_read_as_httpdate_reads_them() {
        for text in [
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Wednesday, 29-Feb-68 23:59:59 GMT",
            "Tue Feb 29 00:00:00 2000",
        ] {
            let other = httpdate::parse_http_date(text).unwrap();
            assert_eq!(
                HttpDate::parse(text.as_bytes()),
                Some(other.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn days_that_the_calendar_lacks_are_no_dates() {
        for text in [
            "Thu, 29 Feb 1900 00:00:00 GMT",
            "Wed, 29 Feb 2017 00:00:00 GMT",
            "Mon, 00 Oct 2017 02:02:09 GMT",
            "Mon, 32 Oct 2017 02:02:09 GMT",
            "Sat, 31 Apr 2017 02:02:09 GMT",
            "Mon, 30 Okt 2017 02:02:09 GMT",
            "Mon, 30 Oct 2017 02:60:09 GMT",
            "Mon Oct  0 02:02:09 2017",
        ] {
            assert_eq!(HttpDate::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn no_shortened_or_lengthened_date_is_a_date() {
        for whole in [
            "Mon, 30 Oct 2017 02:02:09 GMT",
            "Monday, 30-Oct-17 02:02:09 GMT",
            "Mon Oct 30 02:02:09 2017",
        ] {
            for len in 0..whole.len() {
                assert_eq!(
                    HttpDate::parse(&whole.as_bytes()[..len]),
                    None,
                    "{whole} to {len}"
                );
            }
            assert_eq!(HttpDate::parse(format!("{whole} ").as_bytes()), None);
        }
    }

    #[test]
    fn times_outside_the_range_become_its_ends() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(HttpDate::from(before).seconds(), 0);
        let late = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND + 1);
        assert_eq!(HttpDate::from(late).seconds(), LAST_SECOND);
        let halfway = SystemTime::UNIX_EPOCH + Duration::from_millis(1_999);
        assert_eq!(HttpDate::from(halfway).seconds(), 1);
    }
}
