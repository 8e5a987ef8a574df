//! A probe as data: a row of `notes/rfc1945.md`, the bytes that ask for it, and what may come back.

use super::check::Check;
use crate::wire::Lang;

/// One probe of a row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The row's name in `notes/rfc1945.md`.
    pub id: &'static str,
    /// Which of the row's probes; empty when it has one.
    pub name: &'static str,
    /// What to send, with placeholders such as `{path}` ([`super::Resources`]). At each `{pause}` one write ends,
    /// and the next begins a moment later.
    pub send: &'static [u8],
    /// Whether the sending side is closed after the last byte.
    pub half_close: bool,
    /// When the answer says something about the row.
    pub asked: Asked,
    /// What has to hold by RFC 1945.
    pub strict: &'static [Check],
    /// What has to hold by RFC 9110 and RFC 9112. Nothing in the list: they leave it open.
    pub modern: &'static [Check],
    /// The rule, in English.
    pub en: &'static str,
    /// The rule, in Chinese.
    pub zh: &'static str,
}

/// When an answer says something about the row; else both verdicts are moot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Always.
    Always,
    /// With one of these status codes only.
    With(&'static [u16]),
    /// With any but these: the resource, and not the rule, is what they are about.
    Without(&'static [u16]),
}

impl Row {
    /// A probe whose answer always says something.
    pub(super) const fn new(
        (id, name): (&'static str, &'static str),
        send: &'static [u8],
        strict: &'static [Check],
        modern: &'static [Check],
        (en, zh): (&'static str, &'static str),
    ) -> Self {
        Self {
            id,
            name,
            send,
            half_close: false,
            asked: Asked::Always,
            strict,
            modern,
            en,
            zh,
        }
    }

    pub(super) const fn asked(mut self, asked: Asked) -> Self {
        self.asked = asked;
        self
    }

    pub(super) const fn half_close(mut self) -> Self {
        self.half_close = true;
        self
    }

    /// `SYN-04`, or `BOD-03.negative`: its name in a report, and its folder in the evidence.
    #[must_use]
    pub fn label(&self) -> String {
        match self.name {
            "" => self.id.to_owned(),
            name => format!("{}.{name}", self.id),
        }
    }

    /// The rule in this language.
    #[must_use]
    pub const fn why(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

impl Asked {
    /// Whether an answer with this status says something.
    #[must_use]
    pub fn answers(self, status: Option<u16>) -> bool {
        match (self, status) {
            (Self::Always, _) | (Self::Without(_), None) => true,
            (Self::With(_), None) => false,
            (Self::With(codes), Some(status)) => codes.contains(&status),
            (Self::Without(codes), Some(status)) => !codes.contains(&status),
        }
    }
}
