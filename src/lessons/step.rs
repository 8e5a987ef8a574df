//! A `step` fence: what a learner is to do, how it is seen that he did, and what is said of it.
//!
//! ```text
//! do: Send the same request by hand.
//! nc: printf 'GET /raw HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8000
//! curl: # curl always adds fields of its own.
//! see: path /raw
//! see: no field User-Agent
//! hint: ...
//! near agent
//!   see: field User-Agent
//!   say: ...
//!   try: curl http://127.0.0.1:8000/raw
//!   rule: RFC 1945 10.15
//! pass: ...
//! rule: RFC 1945 5
//! ```
//!
//! One line says one thing; a key that stands again adds to itself: another check, another hint, another line of
//! a command or of a text. What is indented belongs to the near-miss above it. A way of doing it that is a
//! comment only says why there is none. A key or a check that nobody knows is an error with its line.

use super::check::Check;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name, unique in its lesson: letters, digits and hyphens.
    pub name: String,
    /// Where its fence begins, from 1 on.
    pub line: usize,
    /// What to do.
    pub task: String,
    /// How, with curl; a comment where curl cannot.
    pub curl: String,
    /// How, with any netcat; a comment where it cannot.
    pub nc: String,
    /// What has to hold of one exchange.
    pub signs: Vec<Check>,
    /// Help, in the order in which it is given.
    pub hints: Vec<String>,
    /// Wrong ways that are known.
    pub near: Vec<Near>,
    /// Why it passed.
    pub pass: String,
    /// The rule behind it.
    pub rule: String,
}

/// A wrong way that is known, and what is said to who takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// Its name, unique in its step.
    pub name: String,
    /// Where it begins, from 1 on.
    pub line: usize,
    /// How it is known: all have to hold of one exchange. The last one that has a place gives the place.
    pub signs: Vec<Check>,
    /// What is said.
    pub sentence: String,
    /// A command that takes it.
    pub command: String,
    /// The rule that it is about.
    pub rule: String,
}

/// What is wrong with a lesson, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line in its file, from 1 on.
    pub line: usize,
    /// What, in a sentence.
    pub sentence: String,
}

impl Step {
    /// Reads the lines of a fence that begins at `line` and is called `name`.
    ///
    /// # Errors
    ///
    /// The first line that says nothing, or what is missing.
    pub fn parse(name: &str, line: usize, text: &str) -> Result<Self, Complaint> {
        let at = |line: usize, sentence: String| Complaint { line, sentence };
        if !is_name(name) {
            let sentence =
                format!("`step {name}`: a step has a name of letters, digits and hyphens");
            return Err(at(line, sentence));
        }
        let mut step = Self {
            name: name.to_owned(),
            line,
            task: String::new(),
            curl: String::new(),
            nc: String::new(),
            signs: Vec::new(),
            hints: Vec::new(),
            near: Vec::new(),
            pass: String::new(),
            rule: String::new(),
        };
        for (index, content) in text.lines().enumerate() {
            let number = line + 1 + index;
            let is_indented = content.starts_with([' ', '\t']);
            let content = content.trim();
            if content.is_empty() {
                continue;
            }
            let taken = match step.near.last_mut() {
                Some(near) if is_indented => near.take(content),
                _ if is_indented => {
                    Err("nothing stands above it that it could belong to".to_owned())
                }
                _ => step.take(content, number),
            };
            taken.map_err(|sentence| at(number, format!("`{content}`: {sentence}")))?;
        }
        step.complete()?;
        Ok(step)
    }

    fn take(&mut self, content: &str, number: usize) -> Result<(), String> {
        if let Some(name) = content.strip_prefix("near ") {
            let name = name.trim();
            if !is_name(name) || self.near.iter().any(|near| near.name == name) {
                return Err(
                    "a near-miss has a name of its own, of letters, digits and hyphens".to_owned(),
                );
            }
            self.near.push(Near {
                name: name.to_owned(),
                line: number,
                signs: Vec::new(),
                sentence: String::new(),
                command: String::new(),
                rule: String::new(),
            });
            return Ok(());
        }
        let (key, value) = entry(content)?;
        match key {
            "do" => add(&mut self.task, value),
            "curl" => add(&mut self.curl, value),
            "nc" => add(&mut self.nc, value),
            "see" => self.signs.push(Check::parse(value)?),
            "hint" => self.hints.push(value.to_owned()),
            "pass" => add(&mut self.pass, value),
            "rule" => add(&mut self.rule, value),
            _ => return Err(unknown(key, "do, curl, nc, see, hint, near, pass, rule")),
        }
        Ok(())
    }

    /// Whether nothing is missing without which a step cannot be taught.
    fn complete(&self) -> Result<(), Complaint> {
        let wants = [
            ("do", !self.task.is_empty()),
            ("curl", !self.curl.is_empty()),
            ("nc", !self.nc.is_empty()),
            ("see", !self.signs.is_empty()),
            ("hint", !self.hints.is_empty()),
            ("pass", !self.pass.is_empty()),
            ("rule", !self.rule.is_empty()),
        ];
        missing(&format!("step {}", self.name), self.line, &wants)?;
        if !self.ways().iter().any(|way| is_command(way)) {
            let sentence = format!("step {}: neither curl nor nc can do it", self.name);
            return Err(Complaint {
                line: self.line,
                sentence,
            });
        }
        for near in &self.near {
            let wants = [
                ("see", !near.signs.is_empty()),
                ("say", !near.sentence.is_empty()),
                ("try", is_command(&near.command)),
                ("rule", !near.rule.is_empty()),
            ];
            missing(&format!("near {}", near.name), near.line, &wants)?;
        }
        Ok(())
    }

    /// The two ways, curl's first.
    #[must_use]
    pub fn ways(&self) -> [&str; 2] {
        [&self.curl, &self.nc]
    }
}

impl Near {
    fn take(&mut self, content: &str) -> Result<(), String> {
        let (key, value) = entry(content)?;
        match key {
            "see" => self.signs.push(Check::parse(value)?),
            "say" => add(&mut self.sentence, value),
            "try" => add(&mut self.command, value),
            "rule" => add(&mut self.rule, value),
            _ => return Err(unknown(key, "see, say, try, rule")),
        }
        Ok(())
    }
}

/// Whether there is a line in it that is no comment.
#[must_use]
pub fn is_command(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| !line.is_empty() && !line.starts_with('#'))
}

fn entry(content: &str) -> Result<(&str, &str), String> {
    let (key, value) = content
        .split_once(':')
        .ok_or("a line is a key, a colon and a text")?;
    let value = value.trim();
    if value.is_empty() {
        return Err("nothing stands behind the colon".to_owned());
    }
    Ok((key, value))
}

fn unknown(key: &str, known: &str) -> String {
    format!("`{key}` is no key; the keys here are {known}")
}

fn add(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

fn missing(whose: &str, line: usize, wants: &[(&str, bool)]) -> Result<(), Complaint> {
    let lacking: Vec<&str> = wants
        .iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(key, _)| *key)
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let sentence = format!("{whose}: nothing says `{}`", lacking.join("`, `"));
    Err(Complaint { line, sentence })
}

pub(super) fn is_name(name: &str) -> bool {
    let is_fine = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    !name.is_empty() && name.len() <= 40 && name.bytes().all(is_fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
do: Send it.
curl: curl -s http://127.0.0.1:8000/raw
nc: # first line
nc: printf 'GET /raw HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 8000
see: path /raw
hint: one
hint: two
near agent
  see: field User-Agent
  say: curl adds it.
  try: curl -s http://127.0.0.1:8000/raw
  rule: RFC 1945 10.15
pass: Good.
rule: RFC 1945 5
";

    #[test]
    fn a_fence_is_read_line_by_line() {
        let step = Step::parse("by-hand", 10, WHOLE).unwrap();
        assert_eq!(step.hints, ["one", "two"]);
        assert_eq!(step.nc.lines().count(), 2);
        assert_eq!(
            (step.near[0].name.as_str(), step.near[0].line),
            ("agent", 18)
        );
        assert_eq!(step.rule, "RFC 1945 5");
    }

    #[test]
    fn what_is_wrong_has_its_line_and_a_sentence() {
        for (from, to, line, word) in [
            ("hint: one", "hind: one", 16, "`hind` is no key"),
            ("see: path /raw", "see: paht /raw", 15, "paht"),
            ("  say: curl", "say: curl", 20, "`say` is no key"),
            ("pass: Good.", "pass:", 23, "behind the colon"),
            ("pass: Good.\n", "", 10, "`pass`"),
            ("near agent", "near An agent", 18, "name"),
            ("  try: curl -s http", "  try: # curl -s http", 18, "`try`"),
        ] {
            let complaint = Step::parse("by-hand", 10, &WHOLE.replace(from, to)).unwrap_err();
            assert_eq!(complaint.line, line, "{to}: {complaint:?}");
            assert!(complaint.sentence.contains(word), "{complaint:?}");
        }
        assert!(Step::parse("By hand", 1, WHOLE).is_err());
        let nobody = WHOLE
            .replace("curl: ", "curl: # ")
            .replace("nc: printf", "nc: # printf");
        assert!(Step::parse("x", 1, &nobody).is_err());
    }
}
