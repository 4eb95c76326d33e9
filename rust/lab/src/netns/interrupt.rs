//! Ctrl-C and its like, as something that can be asked.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// Set when the user wants the program to end. Whoever waits asks it often, returns an error, and so
/// lets everything be cleaned up on the way out.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    set: Arc<AtomicBool>,
}

/// The user asked the program to end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("interrupted; everything that was set up has been removed")]
pub struct Interrupted;

impl Interrupt {
    /// Takes over SIGINT, SIGTERM and SIGHUP: the first sets the flag, the second ends the program
    /// at once (with `mptcp-lab cleanup` left to do).
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn install() -> io::Result<Interrupt> {
        let set = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order, so that the first signal finds the flag still clear.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&set))?;
            flag::register(signal, Arc::clone(&set))?;
        }
        Ok(Interrupt { set })
    }

    /// Sets it without a signal.
    pub fn set(&self) {
        self.set.store(true, Ordering::Release);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// An error if it is set, for use with `?`.
    ///
    /// # Errors
    /// [`Interrupted`] when it is set.
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.is_set() { Err(Interrupted) } else { Ok(()) }
    }
}
