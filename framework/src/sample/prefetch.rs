//! Items of a sequence made ahead by threads, and taken in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::{Error, Result};

/// How much is made ahead, and by how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefetchOptions {
    /// Threads, at least 1.
    pub workers: usize,
    /// Items that may be ready or under way before they are taken, at least 1.
    pub ahead: usize,
}

impl Default for PrefetchOptions {
    /// Two threads and four items.
    fn default() -> Self {
        Self { workers: 2, ahead: 4 }
    }
}

/// Items `0..count`, in order, each made by a function of its number on one of some threads.
///
/// The first error ends the sequence. Threads stop at the end, at an error, and when this is dropped; a panic in the function goes on in the thread that takes.
#[derive(Debug)]
pub struct Prefetch<T> {
    shared: Arc<Shared<T>>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    count: usize,
    ahead: usize,
}

#[derive(Debug)]
struct State<T> {
    /// Next to be made.
    next: usize,
    taken: usize,
    ready: BTreeMap<usize, Made<T>>,
    stopped: bool,
}

/// An item, or the panic it ended in.
type Made<T> = Result<Result<T>, Box<dyn Any + Send>>;

impl<T: Send + 'static> Prefetch<T> {
    /// Starts making `count` items.
    ///
    /// # Errors
    /// When there are to be no threads or nothing ahead, or the system starts no thread.
    pub fn new(count: usize, options: PrefetchOptions, make: impl Fn(usize) -> Result<T> + Send + Sync + 'static) -> Result<Self> {
        let PrefetchOptions { workers, ahead } = options;
        for (what, number) in [("workers of a prefetch", workers), ("items ahead", ahead)] {
            if number == 0 {
                return Err(Error::invalid(what, "at least 1", "0"));
            }
        }
        let state = Mutex::new(State { next: 0, taken: 0, ready: BTreeMap::new(), stopped: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), count, ahead });
        // Made here, so that the threads that did start are stopped where the next one does not.
        let mut prefetch = Self { shared, workers: Vec::new() };
        let make = Arc::new(make);
        for _ in 0..workers.min(count) {
            let (shared, make) = (Arc::clone(&prefetch.shared), Arc::clone(&make));
            let started = thread::Builder::new().name("hgql-prefetch".to_owned()).spawn(move || shared.work(&*make));
            prefetch
                .workers
                .push(started.map_err(|e| Error::invalid("workers of a prefetch", "a thread that the system starts", e.to_string()))?);
        }
        Ok(prefetch)
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, make: &dyn Fn(usize) -> Result<T>) {
        let mut state = self.lock();
        loop {
            while !state.stopped && state.next < self.count && state.next >= state.taken + self.ahead {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.stopped || state.next >= self.count {
                return;
            }
            let item = state.next;
            state.next += 1;
            drop(state);
            let made = panic::catch_unwind(AssertUnwindSafe(|| make(item)));
            state = self.lock();
            state.ready.insert(item, made);
            self.changed.notify_all();
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let made = {
            let mut state = self.shared.lock();
            loop {
                if state.stopped || state.taken >= self.shared.count {
                    return None;
                }
                let wanted = state.taken;
                if let Some(made) = state.ready.remove(&wanted) {
                    state.taken += 1;
                    break made;
                }
                state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        };
        self.shared.changed.notify_all();
        match made {
            Ok(Ok(item)) => Some(Ok(item)),
            Ok(Err(error)) => {
                self.shared.stop();
                Some(Err(error))
            }
            Err(panicked) => {
                self.shared.stop();
                panic::resume_unwind(panicked)
            }
        }
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.shared.stop();
        for worker in self.workers.drain(..) {
            // What a worker panics with is caught in it.
            worker.join().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn options(workers: usize, ahead: usize) -> PrefetchOptions {
        PrefetchOptions { workers, ahead }
    }

    #[test]
    fn items_come_in_order_whatever_the_threads() {
        for (workers, ahead) in [(1, 1), (3, 2), (5, 40)] {
            let slow_when_even = |i: usize| {
                thread::sleep(Duration::from_micros(if i.is_multiple_of(2) { 300 } else { 0 }));
                Ok(i * i)
            };
            let items: Vec<usize> = Prefetch::new(37, options(workers, ahead), slow_when_even).unwrap().map(|x| x.unwrap()).collect();
            assert_eq!(items, (0..37).map(|i| i * i).collect::<Vec<_>>());
        }
        assert_eq!(Prefetch::new(0, options(2, 2), Ok).unwrap().count(), 0);
    }

    #[test]
    fn no_more_is_made_than_asked_for() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let mut items = Prefetch::new(1000, options(3, 4), move |i| Ok(count.fetch_add(1, Ordering::SeqCst).min(i))).unwrap();
        items.next().unwrap().unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(made.load(Ordering::SeqCst) <= 5, "{made:?}");
        drop(items);
        let at_drop = made.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20));
        assert_eq!(made.load(Ordering::SeqCst), at_drop, "threads have stopped");
        assert_eq!(Arc::strong_count(&made), 1, "and let go of what they held");
    }

    #[test]
    fn errors_and_panics_arrive_and_end_the_sequence() {
        let fails = |i: usize| if i == 5 { Err(Error::invalid("item", "no 5", "5")) } else { Ok(i) };
        let items: Vec<Result<usize>> = Prefetch::new(100, options(3, 4), fails).unwrap().collect();
        assert_eq!(items.len(), 6);
        assert!(items[5].as_ref().unwrap_err().to_string().contains("no 5"));
        let panics = |i: usize| if i == 2 { panic!("at two") } else { Ok(i) };
        let caught = panic::catch_unwind(|| Prefetch::new(10, options(2, 2), panics).unwrap().count());
        assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"at two"));
        assert!(Prefetch::new(1, options(0, 1), Ok).unwrap_err().to_string().contains("workers"));
        assert!(Prefetch::new(1, options(1, 0), Ok).is_err());
    }
}
