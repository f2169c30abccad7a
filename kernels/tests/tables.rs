//! The ops that an executor of queries needs beside the relational ones, exact: the host forms against the definitions, and the CubeCL forms through
//! `Relations` on a Vulkan device (lavapipe where there is no GPU).
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use hypergraphql_kernels::mark::{self, Test};
use hypergraphql_kernels::{KernelError, concat, search_sorted, take};

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 31
    }

    fn below(&mut self, n: usize, limit: u64) -> Vec<u32> {
        (0..n).map(|_| (self.next() % limit) as u32).collect()
    }
}

/// Lengths around the blocks of every form, and below them.
const LENGTHS: [usize; 7] = [0, 1, 2, 33, 257, 2049, 9_001];

/// Arrays that are sorted within ranges, with ranges of them, of which the third has all and some are empty or end before they start.
fn ranges(r: &mut Numbers, n: usize, m: usize) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let cut = (r.next() as usize % (n + 1), n);
    let mut x = r.below(n, 40);
    x[..cut.0].sort_unstable();
    x[cut.0..].sort_unstable();
    let parts = [(0, cut.0), (cut.0, n), (0, 0), (cut.0, cut.0), (n, 0), (cut.0 / 2, cut.0)];
    let of: Vec<(usize, usize)> = (0..m).map(|_| parts[r.next() as usize % parts.len()]).collect();
    (x, of.iter().map(|p| p.0 as u32).collect(), of.iter().map(|p| p.1 as u32).collect())
}

#[test]
fn host_forms_are_the_definitions() {
    let mut r = Numbers(11);
    for n in LENGTHS {
        for m in LENGTHS {
            let (x, index) = (r.below(n, 7), r.below(m, n as u64 + 3));
            assert_eq!(take::host::take(&x, &index), take::reference::take(&x, &index), "take {m} of {n}");
            assert_eq!(concat::host::concat(&x, &index), concat::reference::concat(&x, &index), "concat {n} {m}");
        }
        let (x, z) = (r.below(n, 3), r.below(n, 3));
        for test in Test::ALL {
            assert_eq!(mark::host::pairs(&x, &z, test).unwrap(), mark::reference::pairs(&x, &z, test), "{test:?} {n}");
        }
        assert_eq!(mark::host::within(&x, 1..2), mark::reference::within(&x, 1..2), "within {n}");
        assert_eq!(mark::host::firsts(&x), mark::reference::firsts(&x), "firsts {n}");
        for m in [0, 1, 300] {
            let (x, low, high) = ranges(&mut r, n, m);
            let needles = r.below(m, 41);
            let want = search_sorted::reference::search_ranges(&x, &low, &high, &needles);
            assert_eq!(search_sorted::host::search_ranges(&x, &low, &high, &needles).unwrap(), want, "{m} ranges of {n}");
        }
    }
}

#[test]
fn wrong_lengths_are_errors() {
    let text = |e: KernelError| e.to_string();
    assert!(text(mark::host::pairs(&[1, 2], &[1], Test::Less).unwrap_err()).contains("mark: z has 1 elements, expected 2"));
    let error = search_sorted::host::search_ranges(&[1], &[0, 0], &[1, 1], &[1]).unwrap_err();
    assert!(text(error).contains("search_ranges: low has 2 elements, expected 1"));
}

#[cfg(feature = "vulkan")]
mod on_a_device {
    use cubecl::prelude::*;
    use cubecl::wgpu::{WgpuDevice, WgpuRuntime};
    use hypergraphql_kernels::relations::{Column, Launcher, Relations};
    use hypergraphql_kernels::{extend, scan, sort};

    use super::*;

    /// The device, or `None` with a line on stderr when there is no Vulkan adapter.
    fn device(test: &str) -> Option<Box<dyn Relations>> {
        let client = std::panic::catch_unwind(|| WgpuRuntime::client(&WgpuDevice::DefaultDevice)).ok();
        if client.is_none() {
            eprintln!("SKIPPED {test}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
        }
        client.map(|client| Box::new(Launcher::new(client)) as Box<dyn Relations>)
    }

    #[test]
    fn a_device_gives_what_the_definitions_say() {
        let Some(device) = device("a_device_gives_what_the_definitions_say") else { return };
        let mut r = Numbers(13);
        let up = |x: &[u32]| device.upload(x).unwrap();
        let down = |x: &Column| device.read(x).unwrap();
        let two = |(a, b): (Column, Column)| (down(&a), down(&b));
        for n in LENGTHS {
            for m in [0, 1, 777] {
                let (x, index) = (r.below(n, 7), r.below(m, n as u64 + 3));
                assert_eq!(down(&device.take(&up(&x), &up(&index)).unwrap()), take::reference::take(&x, &index), "take {m} of {n}");
                assert_eq!(down(&device.concat(&up(&x), &up(&index)).unwrap()), concat::reference::concat(&x, &index), "concat {n} {m}");
                let (x, low, high) = ranges(&mut r, n, m);
                let needles = r.below(m, 41);
                let got = device.search_ranges(&up(&x), (&up(&low), &up(&high)), &up(&needles)).unwrap();
                assert_eq!(two(got), search_sorted::reference::search_ranges(&x, &low, &high, &needles), "{m} ranges of {n}");
            }
            let (x, z) = (r.below(n, 3), r.below(n, 3));
            for test in Test::ALL {
                assert_eq!(down(&device.pairs(&up(&x), &up(&z), test).unwrap()), mark::reference::pairs(&x, &z, test), "{test:?} {n}");
            }
            let flags = device.within(&up(&x), 1..2).unwrap();
            assert_eq!(down(&flags), mark::reference::within(&x, 1..2), "within {n}");
            let kept: Vec<u32> = (0..n as u32).filter(|&i| x[i as usize] == 1).collect();
            assert_eq!(down(&device.positions(&flags).unwrap()), kept, "positions {n}");
            assert_eq!(down(&device.firsts(&up(&x)).unwrap()), mark::reference::firsts(&x), "firsts {n}");
            let keys: Vec<u64> = x.iter().zip(&z).map(|(&high, &low)| u64::from(high) << 32 | u64::from(low)).collect();
            let places: Vec<u32> = (0..n as u32).collect();
            let order = device.order(&up(&z), Some(&up(&x))).unwrap();
            assert_eq!(down(&order), sort::reference::sort(&keys, &places).1, "order {n}");
            // One range has all: a hub.
            let (low, mut high) = (vec![0; n], x.clone());
            high.iter_mut().take(1).for_each(|high| *high = 5000);
            let (counts, total) = device.counts(&up(&low), &up(&high)).unwrap();
            assert_eq!(total, high.iter().map(|&h| u64::from(h)).sum::<u64>());
            let expanded = device.expand(&up(&low), &counts, total).unwrap();
            assert_eq!(two(expanded), extend::reference::extend(&low, &high), "expand {n}");
            let ptr = device.scan(&up(&high)).unwrap();
            assert_eq!(down(&ptr), scan::reference::scan(&high), "scan {n}");
            let ones = up(&vec![1; total as usize]);
            assert_eq!(down(&device.sums(&ptr, &ones).unwrap()), high, "sums {n}");
            assert_eq!(down(&device.first(&up(&x), 5).unwrap()), x[..n.min(5)], "first of {n}");
        }
    }

    #[test]
    fn a_column_of_another_device_is_refused() {
        let Some(device) = device("a_column_of_another_device_is_refused") else { return };
        let error = device.read(&Column::new((), 3)).unwrap_err().to_string();
        assert!(error.contains("read: a column is of another device, expected one of this device"), "{error}");
        let error = device.pairs(&device.upload(&[1, 2]).unwrap(), &device.upload(&[1]).unwrap(), Test::Less).unwrap_err();
        assert!(error.to_string().contains("z has 1 elements, expected 2"), "{error}");
    }
}
