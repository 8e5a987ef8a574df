//! A moment as Django keeps it: microseconds, always UTC, years 1 to 9999.
//!
//! It is written in the two ways that a session's rows and data need, and read back. HTTP's own dates are
//! `wire`'s; this file knows no header.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970-01-01 00:00:00 UTC, negative before it; never outside the years 1 to 9999, which
/// are all that Python's `datetime` has.
///
/// ```
/// use blankline::sessions::Moment;
///
/// let moment = Moment::from_seconds(1_509_328_929);
/// assert_eq!(moment.to_string(), "2017-10-30 02:02:09");
/// assert_eq!(moment.iso(), "2017-10-30T02:02:09+00:00");
/// assert_eq!(Moment::parse("2017-10-30 10:02:09+08:00"), Some(moment));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// This many seconds after the start of 1970.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS))
    }

    /// Whole seconds since the start of 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// The moment this many seconds later; earlier when it is negative.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// Whole seconds from `earlier` until this moment, rounded down as Python's `timedelta` is.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(MICROS)
    }

    /// As Python's `isoformat` writes it with a zone; Django 4.2 keeps a date so in the session's own data.
    #[must_use]
    pub fn iso(self) -> String {
        format!("{}+00:00", self.written('T'))
    }

    /// Reads what `isoformat` and `str` write: a fraction of up to six digits and a zone may be there; without
    /// a zone it is UTC. `None` for everything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_once(['T', ' '])?;
        let (year, month, day) = three(day, '-')?;
        let zone_at = time.find(['+', '-', 'Z']).unwrap_or(time.len());
        let (time, zone) = time.split_at_checked(zone_at)?;
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let (hour, minute, second) = three(clock, ':')?;
        let is_real = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !is_real || fraction.is_empty() || fraction.len() > 6 {
            return None;
        }
        let micros = number(&format!("{fraction:0<6}"))?;
        let seconds = days_before(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
        Some(Self::from_micros(
            (seconds - offset(zone)?) * MICROS + micros,
        ))
    }

    /// The same moment for the system's calls.
    pub(super) fn system(self) -> SystemTime {
        let distance = Duration::from_micros(self.0.unsigned_abs());
        let there = if self.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        there.unwrap_or(UNIX_EPOCH)
    }

    fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(FIRST, LAST))
    }

    /// As Python writes it: no fraction when that is zero, else six digits.
    fn written(self, between: char) -> String {
        let (days, second) = (
            self.seconds().div_euclid(86400),
            self.seconds().rem_euclid(86400),
        );
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text =
            format!("{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}");
        let micros = self.0.rem_euclid(MICROS);
        if micros != 0 {
            text.push_str(&format!(".{micros:06}"));
        }
        text
    }
}

/// As Django keeps it in SQLite: `2026-12-06 20:20:50.931851`, in UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(' '))
    }
}

/// The system's moment, cut to microseconds.
impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let micros = |distance: Duration| i64::try_from(distance.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(error) => -micros(error.duration()),
        })
    }
}

/// The date of a day counted from the start of 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The days from the start of 1970 to a date: the inverse of [`civil`].
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Seconds east of UTC: nothing, `Z`, or `+08:00`.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let seconds = number(hours)? * 3600 + number(minutes)? * 60;
    Some(if sign == "-" { -seconds } else { seconds })
}

fn three(text: &str, between: char) -> Option<(i64, i64, i64)> {
    let mut numbers = text.split(between).map(number);
    let three = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(three)
}

/// A number of one to six digits, and nothing else.
fn number(text: &str) -> Option<i64> {
    let is_plain =
        (1..=6).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}

const MICROS: i64 = 1_000_000;

/// 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999.
const FIRST: i64 = -62_135_596_800 * MICROS;
const LAST: i64 = 253_402_300_800 * MICROS - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_as_python_does() {
        for (micros, text) in [
            (0, "1970-01-01 00:00:00"),
            (-1, "1969-12-31 23:59:59.999999"),
            (1_796_588_450_931_851, "2026-12-06 20:20:50.931851"),
            (951_782_400_000_010, "2000-02-29 00:00:00.000010"),
            (FIRST, "0001-01-01 00:00:00"),
            (LAST, "9999-12-31 23:59:59.999999"),
        ] {
            assert_eq!(Moment(micros).to_string(), text);
            assert_eq!(Moment::parse(text), Some(Moment(micros)), "{text}");
            assert_eq!(Moment::parse(&Moment(micros).iso()), Some(Moment(micros)));
            let there = Moment(micros).system();
            assert_eq!(Moment::from(there), Moment(micros));
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "2026-12-06",
            "2026-02-29 00:00:00",
            "2026-13-01 00:00:00",
            "2026-12-06 24:00:00",
            "2026-12-06 00:00",
            "2026-12-06 00:00:00.",
            "2026-12-06 00:00:00.1234567",
            "2026-12-06 00:00:00+",
            "2026-12-06 00:00:00+0800",
            "+026-12-06 00:00:00",
            "年-12-06 00:00:00",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        let half = Moment::parse("2026-12-06T00:00:00.5-01:30").unwrap();
        assert_eq!(half.to_string(), "2026-12-06 01:30:00.500000");
    }

    #[test]
    fn time_does_not_run_over_its_ends() {
        let now = Moment::from_seconds(0);
        assert_eq!(now.plus(i64::MAX), Moment(LAST));
        assert_eq!(now.plus(i64::MIN), Moment(FIRST));
        assert_eq!(Moment(-1).seconds_since(now), -1);
        assert_eq!(Moment(1_999_999).seconds_since(now), 1);
    }
}
