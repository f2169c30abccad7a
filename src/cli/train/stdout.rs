//! What a training does when the reader of its output goes away: hours of work are not thrown away for a line.

use std::cell::Cell;

use super::progress;
use crate::cli::error::CliError;

/// Stdout, as long as somebody reads it.
#[derive(Debug)]
pub(super) struct Stdout {
    /// Whether the training leaves its results in a folder, so that it goes on without a reader. Else it stops as at Ctrl-C.
    goes_on: bool,
    gone: Cell<bool>,
}

impl Stdout {
    pub(super) fn new(goes_on: bool) -> Self {
        Self { goes_on, gone: Cell::new(false) }
    }

    /// Prints, or does nothing once the reader has gone.
    pub(super) fn print(&self, print: impl FnOnce() -> Result<(), CliError>) -> Result<(), CliError> {
        if self.gone.get() {
            return Ok(());
        }
        match print() {
            Err(CliError::BrokenPipe) => {
                self.gone.set(true);
                if !self.goes_on {
                    progress::interrupt();
                }
                Ok(())
            }
            done => done,
        }
    }
}
