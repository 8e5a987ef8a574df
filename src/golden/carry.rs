//! What a session carries: a part of one response becomes a part of the next requests.
//!
//! `carry.txt` has one rule a line, such as `Set-Cookie sessionid -> Cookie sessionid`. The value that the
//! server gave last takes the place of the one that was captured; a request without that part is sent as it
//! is. Only parts of a head can be carried into, so that no length has to be counted anew.

use super::place::lines;
use super::{Labelled, Place};
use crate::wire::Part;

/// One rule of `carry.txt`.
///
/// ```
/// use blankline::golden::Carry;
/// assert!(Carry::parse("Set-Cookie sessionid -> Cookie sessionid").is_ok());
/// assert!(Carry::parse("Set-Cookie sessionid").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    from: Place,
    to: Place,
}

/// What has been carried so far.
#[derive(Clone, Debug, Default)]
pub struct Carried(Vec<(Place, Vec<u8>)>);

impl Carry {
    /// Reads one rule.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from, to) = text
            .split_once("->")
            .ok_or_else(|| format!("`{text}` is no rule: write FROM -> TO, such as `Set-Cookie sessionid -> Cookie sessionid`"))?;
        let (from, to) = (Place::parse(from.trim())?, Place::parse(to.trim())?);
        if [Part::Body, Part::Excess]
            .iter()
            .any(|part| part.name() == to.to_string())
        {
            return Err(format!(
                "`{text}`: only a part of the head can be carried into, since a body has a length"
            ));
        }
        Ok(Self { from, to })
    }

    /// Reads a file of rules, one a line.
    ///
    /// # Errors
    ///
    /// The number of the line, from 1 on, and a sentence.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, (usize, String)> {
        lines(text)
            .map(|(number, line)| Self::parse(line).map_err(|sentence| (number, sentence)))
            .collect()
    }
}

impl Carried {
    /// Looks for what the rules want in this response.
    pub fn take(&mut self, rules: &[Carry], response: &Labelled) {
        for rule in rules {
            if let Some(at) = rule.from.spans(response).last() {
                self.0.retain(|(to, _)| *to != rule.to);
                self.0
                    .push((rule.to.clone(), at.of(&response.bytes).to_vec()));
            }
        }
    }

    /// The request with what has been carried in its place.
    #[must_use]
    pub fn into_request(&self, request: &[u8]) -> Vec<u8> {
        let mut bytes = request.to_vec();
        for (to, value) in &self.0 {
            let labelled = Labelled::requests(&bytes);
            // From the back, so that the places before stay true.
            for at in to.spans(&labelled).into_iter().rev() {
                bytes.splice(at.start..at.end, value.iter().copied());
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back() {
        let rules = Carry::parse_lines("# the session\nSet-Cookie sessionid -> Cookie sessionid\n")
            .unwrap();
        let mut carried = Carried::default();
        let request = b"GET / HTTP/1.0\r\nCookie: a=1; sessionid=old; b=2\r\n\r\n";
        assert_eq!(carried.into_request(request), request);
        let answer = |text: &[u8]| Labelled::responses(text, &Labelled::default());
        carried.take(
            &rules,
            &answer(b"HTTP/1.0 200 OK\r\nSet-Cookie: sessionid=newer; Path=/\r\n\r\n"),
        );
        carried.take(&rules, &answer(b"HTTP/1.0 200 OK\r\n\r\n"));
        assert_eq!(
            carried.into_request(request),
            b"GET / HTTP/1.0\r\nCookie: a=1; sessionid=newer; b=2\r\n\r\n"
        );
        let other = b"GET / HTTP/1.0\r\n\r\n";
        assert_eq!(carried.into_request(other), other);
    }

    #[test]
    fn a_body_is_not_carried_into() {
        assert!(Carry::parse("Set-Cookie a -> body").is_err());
        assert_eq!(Carry::parse_lines("\nDate\n").unwrap_err().0, 2);
    }
}
