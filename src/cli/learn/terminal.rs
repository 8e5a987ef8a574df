//! The terminal: keys one by one, its size, and its state put back when we leave.
//!
//! Signals stay signals: Ctrl-C ends the program the usual way. Only lines and echo are switched off.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::sync::mpsc::Sender;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::screen::Row;
use super::session::Input;
use crate::cli::Color;

/// The learner's terminal, or whatever stands in its place.
#[derive(Debug)]
pub struct Terminal {
    /// How it was, if its keys are read one by one.
    before: Option<Termios>,
    is_screen: bool,
    with_styles: bool,
}

impl Terminal {
    /// Takes the terminal over, if there is one at both ends and it can do more than print.
    #[must_use]
    pub fn new(color: Color) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let is_screen = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb;
        let before = if is_screen {
            tcgetattr(io::stdin()).ok()
        } else {
            None
        };
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes
                .local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO);
            // A terminal that refuses gives its keys a line at a time.
            let _refused = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        }
        Self {
            before,
            is_screen,
            with_styles: color.styles(&io::stdout()),
        }
    }

    /// Whether screens can be drawn.
    #[must_use]
    pub const fn is_screen(&self) -> bool {
        self.is_screen
    }

    /// Columns and rows; 80 columns and no rows where nobody knows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        if !self.is_screen {
            return (80, 0);
        }
        let size = tcgetwinsize(io::stdout()).ok();
        let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        size.filter(|(columns, rows)| *columns > 0 && *rows > 0)
            .unwrap_or((80, 24))
    }

    /// Shows rows: on a clear screen, or below what is there. Whoever stopped reading had enough.
    pub fn show(&self, rows: &[Row]) {
        let mut text = String::new();
        if self.is_screen {
            text.push_str("\x1b[H\x1b[2J");
        }
        for (style, line) in rows {
            if self.with_styles {
                text += &format!("{style}{line}{style:#}\n");
            } else {
                text += &format!("{line}\n");
            }
        }
        if self.is_screen && text.ends_with('\n') {
            // A line end in the last row would move the first one out of sight.
            text.pop();
        }
        let mut out = io::stdout().lock();
        let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Sends each key, until nothing more comes. The thread waits for the next key when the program ends, and ends with it.
    ///
    /// # Errors
    ///
    /// When the system has no thread.
    pub fn listen(inputs: Sender<Input>) -> io::Result<()> {
        std::thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || {
                let mut key = [0];
                let mut keys = io::stdin().lock();
                while keys.read(&mut key).is_ok_and(|count| count == 1) {
                    if inputs.send(Input::Key(key[0])).is_err() {
                        return;
                    }
                }
            })?;
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _refused = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
        if self.is_screen {
            // The shell's prompt begins a line of its own.
            let mut out = io::stdout().lock();
            let _closed = out.write_all(b"\n").and_then(|()| out.flush());
        }
    }
}
