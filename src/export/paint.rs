//! Which style means what, for the console and the rows alike.
//!
//! Only the sixteen colours that a terminal's theme defines, and of those none that is pale on white
//! or dark on black; what recedes is faint instead of grey. Colour repeats what the words say already.

use std::fmt::Display;

use anstyle::AnsiColor;
pub(super) use anstyle::Style;

use crate::wire::{Fault, Part, Status};

/// What is like all other text.
pub(super) const PLAIN: Style = Style::new();

/// What recedes: times, peers, sizes, rules.
pub(super) const FAINT: Style = Style::new().dimmed();

/// A fault that refuses a message, and its carets.
pub(super) const REFUSAL: Style = AnsiColor::Red.on_default().bold();

/// A fault that is only noted, a hint, and their carets.
pub(super) const NOTE: Style = AnsiColor::Cyan.on_default();

/// A heading.
pub(super) const HEADING: Style = Style::new().bold();

/// `text` in a style, and back to none after it.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A fault's style.
pub(super) const fn of_fault(fault: &Fault) -> Style {
    if fault.refuses() { REFUSAL } else { NOTE }
}

/// A status code's style, by its class.
pub(super) const fn of_status(status: Option<Status>) -> Style {
    match status {
        None => FAINT,
        Some(status) => match status.code() / 100 {
            2 => AnsiColor::Green.on_default(),
            3 => AnsiColor::Cyan.on_default(),
            4 => AnsiColor::Magenta.on_default(),
            _ => REFUSAL,
        },
    }
}

/// The style of a part's bytes.
pub(super) const fn of_part(part: Part) -> Style {
    match part {
        Part::Method | Part::StatusCode => Style::new().bold(),
        Part::RequestTarget | Part::ReasonPhrase => AnsiColor::Cyan.on_default(),
        Part::FieldName | Part::FormName => AnsiColor::Green.on_default(),
        Part::HttpVersion | Part::Boundary => AnsiColor::Magenta.on_default(),
        // The line that the project is named after.
        Part::BlankLine(_) => AnsiColor::Magenta.on_default().bold(),
        Part::FieldValue | Part::Body | Part::FormValue | Part::PartBody => Style::new(),
        Part::Space
        | Part::Colon
        | Part::Whitespace
        | Part::LineEnd(_)
        | Part::EmptyLine
        | Part::Equals
        | Part::Separator
        | Part::Preamble
        | Part::Epilogue => FAINT,
        Part::ObsFold | Part::Excess | Part::Unparsed => AnsiColor::Red.on_default(),
    }
}
