//! Runs a test so that it can neither take the others down nor hold them up: a panic is a failure, and so is too long a time.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps panics quiet; what they say is in the failure of their test.
pub(crate) fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        PLACE.with_borrow_mut(|place| *place = info.location().map_or_else(String::new, |location| format!(" at {location}")));
    }));
}

/// What `work` gives; a panic or the end of the time is its error. A test that does not end keeps its thread.
pub(crate) fn run<T: Send + 'static>(timeout: Duration, work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    let caught = move || {
        let result = panic::catch_unwind(AssertUnwindSafe(work));
        // The receiver is gone when the time was over.
        let _ = sender.send(result.unwrap_or_else(|payload| Err(panicked(&*payload))));
    };
    // As much stack as a main thread has.
    thread::Builder::new().stack_size(8 << 20).spawn(caught).map_err(|error| format!("no thread for the test: {error}"))?;
    receiver.recv_timeout(timeout).unwrap_or_else(|_| Err(format!("no end after {} s", timeout.as_secs_f64())))
}

fn panicked(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    format!("panicked{}: {}", PLACE.take(), text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_endless_work_are_errors() {
        let second = Duration::from_secs(1);
        assert_eq!(run(second, || Ok(3)), Ok(3));
        let why = run::<()>(second, || panic!("no {}", "luck")).expect_err("a panic");
        assert!(why.starts_with("panicked") && why.ends_with(": no luck"), "{why}");
        let why = run(Duration::from_millis(10), || {
            thread::sleep(Duration::from_secs(2));
            Ok(())
        });
        assert_eq!(why, Err("no end after 0.01 s".to_owned()));
    }
}
