//! What a query may use: time, memory, and its right to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::engine::QueryError;

/// Limits of one query, with what it has used of them.
#[derive(Debug)]
pub(crate) struct Limits {
    started: Instant,
    timeout: Option<Duration>,
    budget: u64,
    cancel: Option<Arc<AtomicBool>>,
    held: AtomicU64,
}

impl Limits {
    /// A query that begins now. Without a budget it may use half the memory of the machine, where that is known.
    pub(crate) fn new(timeout: Option<Duration>, budget: Option<u64>, cancel: Option<Arc<AtomicBool>>) -> Self {
        let budget = budget.or_else(|| memory_of_machine().map(|bytes| bytes / 2)).unwrap_or(u64::MAX);
        Self { started: Instant::now(), timeout, budget, cancel, held: AtomicU64::new(0) }
    }

    /// Time since the query began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// That the query may go on.
    pub(crate) fn check(&self, operator: &str) -> Result<(), QueryError> {
        if self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(QueryError::Cancelled { operator: operator.to_owned() });
        }
        match self.timeout {
            Some(after) if self.started.elapsed() >= after => Err(QueryError::Timeout { operator: operator.to_owned(), after }),
            _ => Ok(()),
        }
    }

    /// That so many bytes fit beside what is held.
    pub(crate) fn room(&self, operator: &str, wanted: u64) -> Result<(), QueryError> {
        match self.held.load(Ordering::Relaxed).saturating_add(wanted) > self.budget {
            true => Err(QueryError::Memory { operator: operator.to_owned(), wanted, budget: self.budget }),
            false => Ok(()),
        }
    }

    /// Counts bytes of a table as held.
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of a table as given back.
    pub(crate) fn release(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// `MemTotal` of Linux.
fn memory_of_machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_has_passed_names_the_operator() {
        let limits = Limits::new(Some(Duration::ZERO), None, None);
        let error = limits.check("Scan #3").unwrap_err();
        assert!(matches!(&error, QueryError::Timeout { operator, .. } if operator == "Scan #3"), "{error}");
        assert!(Limits::new(Some(Duration::from_secs(3600)), None, None).check("Scan #3").is_ok());
    }

    #[test]
    fn a_flag_ends_the_query() {
        let flag = Arc::new(AtomicBool::new(false));
        let limits = Limits::new(None, None, Some(Arc::clone(&flag)));
        assert!(limits.check("Join #1").is_ok());
        flag.store(true, Ordering::Relaxed);
        assert!(matches!(limits.check("Join #1"), Err(QueryError::Cancelled { .. })));
    }

    #[test]
    fn what_is_held_leaves_less_room() {
        let limits = Limits::new(None, Some(100), None);
        assert!(limits.room("Join #1", 100).is_ok());
        limits.hold(40);
        assert!(matches!(limits.room("Join #1", 61), Err(QueryError::Memory { wanted: 61, budget: 100, .. })));
        limits.release(40);
        assert!(limits.room("Join #1", 61).is_ok());
    }
}
