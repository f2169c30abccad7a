//! Panics of device threads, which CubeCL 0.10 swallows: a kernel that does not compile panics on a thread named "DSD-*"
//! ("DSU-*" under Fusion), and flush and read then return `Ok` with stale memory. The hook records them; check after every sync.

use std::sync::{Mutex, Once, PoisonError};

static INSTALLED: Once = Once::new();
static RECORDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The prefixes of the names of device threads: CubeCL's own, and those of Burn's Fusion.
const DEVICE_THREADS: [&str; 2] = ["DSD-", "DSU-"];

/// Installs the hook, once per process; the hook that was there before still runs.
pub fn install() {
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default();
            if DEVICE_THREADS.iter().any(|prefix| name.starts_with(prefix)) {
                RECORDED.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name}: {info}"));
            }
            previous(info);
        }));
    });
}

/// The panics of device threads since the last call; empty when all is well or [`install`] was never called.
pub fn take() -> Vec<String> {
    std::mem::take(&mut *RECORDED.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_on_a_device_thread_is_recorded_and_others_are_not() {
        super::install();
        let panics = |name: &str| {
            let thread = std::thread::Builder::new().name(name.into()).spawn(|| panic!("kernel failed"));
            assert!(thread.unwrap().join().is_err());
        };
        panics("DSD-test");
        panics("DSU-test");
        panics("other");
        let taken = super::take();
        assert!(taken.iter().any(|p| p.starts_with("DSD-test") && p.contains("kernel failed")), "{taken:?}");
        assert!(taken.iter().any(|p| p.starts_with("DSU-test")), "{taken:?}");
        assert!(!taken.iter().any(|p| p.starts_with("other")), "{taken:?}");
    }
}
