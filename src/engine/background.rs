//! An engine that runs on a thread of its own, for who has something else to do meanwhile: tests, and
//! checks that start a server to talk to.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use super::{Engine, Handle};

/// A running server; dropping it stops it at once.
#[derive(Debug)]
pub struct Background {
    address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Background {
    /// Starts it. Whoever connects from now on is served.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(engine: Engine) -> io::Result<Self> {
        let (address, handle) = (engine.address(), engine.handle());
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(|| engine.run())?;
        Ok(Self {
            address,
            handle,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Twice: nobody is left who waits for what is still under way.
        self.handle.stop();
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            // How it ended is of no use to who drops it.
            let _ended = thread.join();
        }
    }
}
