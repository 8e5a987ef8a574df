//! SIGINT and SIGTERM: the first lets exchanges under way finish, the second ends at once.
//!
//! The thread that waits for them lives as long as the [`Signals`] value; after that the process has
//! nothing left of it but signal-hook's own handlers, which do nothing.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;

use super::console::Voice;
use crate::engine::Handle;
use crate::wire::Lang;

/// Signals that stop an engine, until this is dropped.
#[derive(Debug)]
pub struct Signals {
    waiting: iterator::Handle,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Waits for signals from now on. What happens is said with `voice`, if there is one.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn stop(
        engine: Handle,
        voice: Option<Voice>,
        lang: Lang,
        patience: Duration,
    ) -> io::Result<Self> {
        let mut signals = iterator::Signals::new([SIGINT, SIGTERM])?;
        let waiting = signals.handle();
        let thread = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for (earlier, _) in signals.forever().enumerate() {
                    engine.stop();
                    if let Some(voice) = &voice {
                        voice.say(word(earlier, lang, patience));
                    }
                }
            })?;
        Ok(Self {
            waiting,
            thread: Some(thread),
        })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.waiting.close();
        if let Some(thread) = self.thread.take() {
            // It cannot fail but by a panic, which the panic itself has told.
            let _panicked = thread.join();
        }
    }
}

/// What is said when a signal comes, `earlier` others before it.
fn word(earlier: usize, lang: Lang, patience: Duration) -> String {
    let seconds = patience.as_secs_f64();
    match (earlier, lang) {
        (0, Lang::En) => format!(
            "stopping: exchanges under way have {seconds} s to finish; a second signal ends them at once"
        ),
        (0, Lang::Zh) => {
            format!("正在停止：进行中的请求还有 {seconds} 秒完成；再发一次信号则立即结束")
        }
        (_, Lang::En) => "ending at once".to_owned(),
        (_, Lang::Zh) => "立即结束".to_owned(),
    }
}
