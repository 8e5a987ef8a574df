//! A short answer for a terminal: sentences in both languages, and lines of `name: value`.

use std::fmt::{Display, Write as _};

use crate::app::{Reply, Visit};
use crate::wire::Lang;

/// An answer under way.
#[derive(Debug)]
pub(super) struct Text {
    lang: Lang,
    text: String,
}

impl Text {
    /// Nothing yet.
    pub(super) const fn new(visit: &Visit<'_>) -> Self {
        Self {
            lang: visit.settings.lang,
            text: String::new(),
        }
    }

    /// A sentence, in English and Chinese.
    pub(super) fn say(mut self, sentence: [&str; 2]) -> Self {
        let [en, zh] = sentence;
        let (first, second) = match self.lang {
            Lang::En => (en, zh),
            Lang::Zh => (zh, en),
        };
        for line in [first, second] {
            self.text.push_str(line);
            self.text.push('\n');
        }
        self
    }

    /// One line. A value that came from outside is to be escaped.
    pub(super) fn line(mut self, name: impl Display, value: impl Display) -> Self {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{name}: {value}");
        self
    }

    /// Many of them.
    pub(super) fn lines<N: Display, V: Display>(
        self,
        lines: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let lines = lines.into_iter();
        lines.fold(self, |text, (name, value)| text.line(name, value))
    }

    /// An empty line.
    pub(super) fn gap(mut self) -> Self {
        self.text.push('\n');
        self
    }

    /// What there is so far.
    pub(super) fn into_string(self) -> String {
        self.text
    }

    /// A 200 with it.
    pub(super) fn reply(self) -> Reply {
        Reply::text(self.text)
    }
}

/// `yes` and `no`, for lines.
pub(super) const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
