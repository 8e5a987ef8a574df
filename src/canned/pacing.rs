//! When a canned answer's bytes leave, and how the connection ends: the flags of `canned.args`.
//!
//! A pacing cuts an answer into pieces with a pause before each. It knows no socket and no clock.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// How an answer is sent. Without any flag: at once, in one piece, and then a FIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// `--delay=SECONDS`: the wait before the first byte.
    pub delay: Duration,
    /// `--drip=N`: N bytes a second, at least 1.
    pub drip: Option<u32>,
    /// `--split=N,N`: offsets at which one write ends and another begins, in rising order.
    pub split: Vec<usize>,
    /// `--pause=SECONDS`: the wait at each offset of `split`; 0.05 unless set.
    pub pause: Duration,
    /// `--cut=N`: only the first N bytes are sent.
    pub cut: Option<usize>,
    /// `--end=fin|rst|never`: what comes after the last byte.
    pub end: End,
}

/// What comes after the last byte that is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The sending side is closed, as after every HTTP/1.0 response.
    #[default]
    Fin,
    /// The connection is reset: bytes that the client has not read yet may be lost to it.
    Rst,
    /// Nothing: the connection stays open until the client closes it.
    Never,
}

/// A line of `canned.args` that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacingError {
    /// The line's number, from 1 on.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What it should be.
    pub wanted: &'static str,
}

/// The next bytes to send, after a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// How long to wait first.
    pub(super) pause: Duration,
    /// Which bytes of the answer.
    pub(super) bytes: Range<usize>,
}

impl Pacing {
    /// Reads flags, one a line; empty lines say nothing.
    ///
    /// # Errors
    ///
    /// The first line that is no flag, or has a value out of its range: times are 0 to 3600 seconds.
    pub fn parse(text: &str) -> Result<Self, PacingError> {
        let mut pacing = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() {
                pacing.set(line).map_err(|wanted| PacingError {
                    line: number,
                    text: line.to_owned(),
                    wanted,
                })?;
            }
        }
        Ok(pacing)
    }

    fn set(&mut self, line: &str) -> Result<(), &'static str> {
        let (flag, value) = line.split_once('=').ok_or(FLAGS)?;
        match flag {
            "--delay" => self.delay = seconds(value)?,
            "--pause" => self.pause = seconds(value)?,
            "--drip" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                self.drip = Some(number.ok_or("--drip=N sends N bytes a second, at least 1")?);
            }
            "--split" => {
                let offsets: Result<Vec<usize>, _> = value.split(',').map(str::parse).collect();
                self.split = offsets
                    .ok()
                    .filter(|offsets| offsets.is_sorted())
                    .ok_or("--split=3,17 has offsets in rising order")?;
            }
            "--cut" => {
                let number = value.parse().ok();
                self.cut = Some(number.ok_or("--cut=N sends the first N bytes only")?);
            }
            "--end" => {
                self.end = match value {
                    "fin" => End::Fin,
                    "rst" => End::Rst,
                    "never" => End::Never,
                    _ => return Err("--end is fin, rst or never"),
                };
            }
            _ => return Err(FLAGS),
        }
        Ok(())
    }

    /// The pieces of an answer of `length` bytes, in order; none is empty.
    pub(super) fn pieces(&self, length: usize) -> impl Iterator<Item = Piece> {
        let end = self.cut.unwrap_or(length).min(length);
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at;
            if start == end {
                return None;
            }
            let (step, beat) = self.step();
            let split = self.split.iter().copied().find(|split| *split > start);
            at = split
                .unwrap_or(end)
                .min(start.saturating_add(step))
                .min(end);
            let pause = match start {
                0 => self.delay,
                _ if self.split.contains(&start) => self.pause.max(beat),
                _ => beat,
            };
            Some(Piece {
                pause,
                bytes: start..at,
            })
        })
    }

    /// The most bytes of a piece, and the time from one piece to the next.
    fn step(&self) -> (usize, Duration) {
        match self.drip {
            None => (usize::MAX, Duration::ZERO),
            Some(rate) => {
                let step = (rate / BEATS).max(1);
                let beat = Duration::from_secs(1) * step / rate.max(1);
                (usize::try_from(step).unwrap_or(usize::MAX), beat)
            }
        }
    }
}

/// Pieces a second of a drip that is faster than that.
const BEATS: u32 = 20;

const FLAGS: &str =
    "the flags are --delay=, --drip=, --split=, --pause=, --cut= and --end=, one a line";

/// An hour: who waits longer writes `--end=never`.
const MOST_SECONDS: f64 = 3600.0;

fn seconds(value: &str) -> Result<Duration, &'static str> {
    let seconds = value
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=MOST_SECONDS).contains(seconds));
    let seconds = seconds.ok_or("a time is 0 to 3600 seconds, such as 2 or 0.5")?;
    Ok(Duration::from_secs_f64(seconds))
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            drip: None,
            split: Vec::new(),
            // Longer than a client that is reading needs to come back for more.
            pause: Duration::from_millis(50),
            cut: None,
            end: End::Fin,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Never => "never",
        })
    }
}

impl fmt::Display for PacingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, text, wanted } = self;
        write!(f, "line {line}, `{}`: {wanted}", text.escape_debug())
    }
}

impl std::error::Error for PacingError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(flags: &str, length: usize) -> Vec<(u64, Range<usize>)> {
        let pacing = Pacing::parse(flags).unwrap();
        let pieces = pacing.pieces(length);
        pieces
            .map(|piece| {
                let pause = u64::try_from(piece.pause.as_millis()).unwrap();
                (pause, piece.bytes)
            })
            .collect()
    }

    #[test]
    fn pieces_tile_what_is_sent() {
        assert_eq!(pieces("", 9), [(0, 0..9)]);
        assert_eq!(pieces("", 0), []);
        assert_eq!(pieces("--cut=4\n--delay=0.5\n", 9), [(500, 0..4)]);
        assert_eq!(pieces("--cut=0\n--end=never", 9), []);
        assert_eq!(pieces("--cut=99", 9), [(0, 0..9)]);
        assert_eq!(
            pieces("--split=3,7,99\n--pause=0.1", 9),
            [(0, 0..3), (100, 3..7), (100, 7..9)]
        );
        assert_eq!(
            pieces("--drip=10", 3),
            [(0, 0..1), (100, 1..2), (100, 2..3)]
        );
        assert_eq!(pieces("--drip=100", 10), [(0, 0..5), (50, 5..10)]);
        assert_eq!(
            pieces("--drip=100\n--split=2", 8),
            [(0, 0..2), (50, 2..7), (50, 7..8)]
        );
    }

    #[test]
    fn a_flag_that_says_nothing_is_told() {
        for (text, line) in [
            ("--drip=0", 1),
            ("\n--drip", 2),
            ("--delay=-1", 1),
            ("--delay=NaN", 1),
            ("--split=7,3", 1),
            ("--split=", 1),
            ("--cut=x", 1),
            ("--end=fin\n--end=maybe", 2),
            ("--speed=9", 1),
        ] {
            let error = Pacing::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }
}
