//! The relational ops, exact: the host forms against the definitions, and the CubeCL forms on a Vulkan device (lavapipe where there is no GPU).
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use hypergraphql_kernels::search_sorted::Side;
use hypergraphql_kernels::segment_reduce::Fold;
use hypergraphql_kernels::{KernelError, compact, distinct, extend, intersect, scan, search_sorted, segment_reduce, sort, top_k};

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 31
    }

    fn below(&mut self, n: usize, limit: u64) -> Vec<u32> {
        (0..n).map(|_| (self.next() % limit) as u32).collect()
    }

    fn ascending(&mut self, n: usize, limit: u64) -> Vec<u32> {
        let mut x = self.below(n, limit);
        x.sort_unstable();
        x
    }

    fn set(&mut self, n: usize, limit: u64) -> Vec<u32> {
        let mut x = self.ascending(n, limit);
        x.dedup();
        x
    }
}

/// Lengths around the blocks of every form, and below them.
const LENGTHS: [usize; 9] = [0, 1, 2, 33, 255, 2047, 2048, 2049, 70_003];

/// The numbers of an array stay below these.
const LIMITS: [u64; 3] = [3, 1000, 1 << 32];

/// Ranges, of which some are empty and some end before they start.
fn ranges(r: &mut Numbers, n: usize) -> (Vec<u32>, Vec<u32>) {
    let low = r.below(n, 1000);
    let high = low.iter().map(|&l| (u64::from(l) + r.next() % 12).saturating_sub(3) as u32).collect();
    (low, high)
}

fn pointers(r: &mut Numbers, segments: usize, n: usize) -> Vec<u32> {
    let mut ptr: Vec<u32> = r.below(segments.saturating_sub(1), n as u64 + 1);
    ptr.extend([0, n as u32]);
    ptr.sort_unstable();
    ptr
}

#[test]
fn host_forms_are_the_definitions() {
    let mut r = Numbers(3);
    for n in LENGTHS.into_iter().chain([140_001]) {
        for limit in LIMITS {
            let (x, payload) = (r.below(n, limit), r.below(n, 1 << 32));
            let what = format!("{n} below {limit}");
            assert_eq!(scan::host::scan(&x), scan::reference::scan(&x), "scan of {what}");
            assert_eq!(scan::host::total(&x), x.iter().map(|&x| u64::from(x)).sum::<u64>(), "total of {what}");
            assert_eq!(sort::host::sort_by_key(&x, &payload), sort::reference::sort(&x, &payload), "sort of {what}");
            assert_eq!(sort::host::sort(&x), sort::reference::sort(&x, &payload).0, "keys of {what}");
            let long: Vec<u64> = x.iter().zip(&payload).map(|(&x, &p)| u64::from(x) << 32 | u64::from(p % 5)).collect();
            assert_eq!(sort::host::sort_by_key(&long, &payload), sort::reference::sort(&long, &payload), "u64 of {what}");
            assert_eq!(compact::host::compact(&payload, &x).unwrap(), compact::reference::compact(&payload, &x), "compact by {what}");
            let sorted = r.ascending(n, limit);
            assert_eq!(distinct::host::distinct(&sorted), distinct::reference::distinct(&sorted), "distinct of {what}");
            for k in [0, 1, 7, n / 2, n, n + 9] {
                assert_eq!(top_k::host::top_k(&x, k), top_k::reference::top_k(&x, k), "top {k} of {what}");
            }
            let ptr = pointers(&mut r, n / 7 + 1, n);
            for fold in Fold::ALL {
                let want = segment_reduce::reference::segment_reduce(&ptr, &x, fold);
                assert_eq!(segment_reduce::host::segment_reduce(&ptr, &x, fold).unwrap(), want, "{fold:?} of {what}");
            }
        }
        let (low, high) = ranges(&mut r, n);
        assert_eq!(extend::host::extend(&low, &high).unwrap(), extend::reference::extend(&low, &high), "extend {n}");
    }
}

#[test]
fn host_searches_are_the_definitions() {
    let mut r = Numbers(5);
    for (n, m) in [(0, 5), (5, 0), (1, 1), (300, 1000), (5000, 300), (2000, 2000)] {
        for limit in LIMITS {
            let (x, needles) = (r.ascending(n, limit), r.below(m, limit));
            let mut both = needles.clone();
            both.sort_unstable();
            for needles in [needles, both] {
                for side in [Side::Left, Side::Right] {
                    let want = search_sorted::reference::search_sorted(&x, &needles, side);
                    assert_eq!(search_sorted::host::search_sorted(&x, &needles, side), want, "{n} {m} {limit} {side:?}");
                }
            }
            let (a, b) = (r.set(n, limit.min(4000)), r.set(m, limit.min(4000)));
            assert_eq!(intersect::host::intersect(&a, &b), intersect::reference::intersect(&a, &b), "{n} {m} {limit}");
        }
    }
}

/// One key over and over, two halves, descending, a bucket that takes nearly all.
#[test]
fn sorts_survive_what_is_hard_for_buckets() {
    let n = 200_000u32;
    let skewed = |i: u32| if i.is_multiple_of(1000) { i.wrapping_mul(2_654_435_761) } else { 5 + i % 3 };
    for keys in
        [vec![7; n as usize], (0..n).map(|i| (i % 2) << 31).collect(), (0..n).rev().collect(), (0..n).map(skewed).collect::<Vec<_>>()]
    {
        let payload: Vec<u32> = (0..n).collect();
        assert_eq!(sort::host::sort_by_key(&keys, &payload), sort::reference::sort(&keys, &payload));
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut r = Numbers(7);
    let (x, payload) = (r.below(500_000, 1 << 20), r.below(500_000, 1 << 32));
    let all = || (scan::host::scan(&x), sort::host::sort_by_key(&x, &payload), top_k::host::top_k(&x, 1000));
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{threads} threads");
    }
}

#[test]
fn what_cannot_be_is_named() {
    let text = |e: KernelError| e.to_string();
    assert!(text(compact::host::compact(&[1, 2], &[1]).unwrap_err()).contains("compact: flag has 1 elements, expected 2"));
    assert!(text(extend::host::extend(&[0], &[]).unwrap_err()).contains("extend: high has 0 elements, expected 1"));
    let error = text(extend::host::extend(&[0, 0], &[u32::MAX, 1]).unwrap_err());
    assert!(error.contains("outputs of extend: 4294967296 exceeds the limit"), "{error}");
    for (ptr, wrong) in [(&[][..], "ptr has 0 elements"), (&[1, 3], "row 0"), (&[0, 3, 2, 3], "row 2"), (&[0, 2], "row 1")] {
        let error = text(segment_reduce::host::segment_reduce(ptr, &[1, 2, 3], Fold::Sum).unwrap_err());
        assert!(error.contains(wrong), "{error}");
    }
}

#[cfg(feature = "vulkan")]
mod device {
    use cubecl::prelude::*;
    use cubecl::wgpu::{WgpuDevice, WgpuRuntime};
    use hypergraphql_kernels::device::{Ids, panics};

    use super::*;

    type Client = ComputeClient<WgpuRuntime>;

    fn client(test: &str) -> Option<Client> {
        panics::install();
        let client = std::panic::catch_unwind(|| WgpuRuntime::client(&WgpuDevice::DefaultDevice)).ok();
        if client.is_none() {
            eprintln!("SKIPPED {test}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
        }
        client
    }

    fn down(client: &Client, x: &Ids<WgpuRuntime>) -> Vec<u32> {
        let x = x.read(client).unwrap();
        let failed = panics::take();
        assert!(failed.is_empty(), "device threads panicked: {failed:?}");
        x
    }

    #[test]
    fn device_forms_of_arrays_are_the_definitions() {
        let Some(client) = &client("device_forms_of_arrays_are_the_definitions") else { return };
        let up = |x: &[u32]| Ids::<WgpuRuntime>::upload(client, x);
        let mut r = Numbers(3);
        for n in LENGTHS {
            for limit in LIMITS {
                let (x, payload) = (r.below(n, limit), r.below(n, 1 << 32));
                let what = format!("{n} below {limit}");
                assert_eq!(down(client, &scan::launch::scan(client, &up(&x)).unwrap()), scan::reference::scan(&x), "scan of {what}");
                assert_eq!(scan::launch::total(client, &up(&x)).unwrap(), scan::host::total(&x), "total of {what}");
                let (keys, sorted) = (up(&x), sort::reference::sort(&x, &payload));
                let by_key = sort::launch::Sorted { low: keys.clone(), high: None, payload: Some(up(&payload)) };
                let got = sort::launch::sort(client, &by_key).unwrap();
                assert_eq!(down(client, &got.low), sorted.0, "keys of {what}");
                assert_eq!(down(client, &got.payload.unwrap()), sorted.1, "payload of {what}");
                assert_eq!(down(client, &keys), x, "the keys of the caller");
                let kept = compact::launch::compact(client, &up(&payload), &up(&x)).unwrap();
                assert_eq!(down(client, &kept), compact::reference::compact(&payload, &x), "compact by {what}");
                let ascending = r.ascending(n, limit);
                let (y, ptr) = distinct::launch::distinct(client, &up(&ascending)).unwrap();
                assert_eq!((down(client, &y), down(client, &ptr)), distinct::reference::distinct(&ascending), "distinct of {what}");
                for k in [0, 7, n + 9] {
                    let got = top_k::launch::top_k(client, &up(&x), k).unwrap();
                    assert_eq!(down(client, &got), top_k::reference::top_k(&x, k), "top {k} of {what}");
                }
                let ptr = pointers(&mut r, n / 7 + 1, n);
                for fold in Fold::ALL {
                    let got = segment_reduce::launch::segment_reduce(client, &up(&ptr), &up(&x), fold).unwrap();
                    assert_eq!(down(client, &got), segment_reduce::reference::segment_reduce(&ptr, &x, fold), "{fold:?} of {what}");
                }
            }
            let (low, high) = ranges(&mut r, n);
            let (row, position) = extend::launch::extend(client, &up(&low), &up(&high)).unwrap();
            assert_eq!((down(client, &row), down(client, &position)), extend::reference::extend(&low, &high), "extend {n}");
        }
    }

    #[test]
    fn device_forms_of_long_keys_and_searches_are_the_definitions() {
        let Some(client) = &client("device_forms_of_long_keys_and_searches_are_the_definitions") else { return };
        let up = |x: &[u32]| Ids::<WgpuRuntime>::upload(client, x);
        let mut r = Numbers(11);
        for n in [1, 2, 300, 5003] {
            let (low, high, payload) = (r.below(n, 50), r.below(n, 1 << 32), r.below(n, 1 << 32));
            let keys: Vec<u64> = low.iter().zip(&high).map(|(&l, &h)| u64::from(h % 4) << 32 | u64::from(l)).collect();
            let want = sort::reference::sort(&keys, &payload);
            let words = |shift: u32, keys: &[u64]| keys.iter().map(|k| (k >> shift) as u32).collect::<Vec<u32>>();
            let arrays = sort::launch::Sorted { low: up(&low), high: Some(up(&words(32, &keys))), payload: Some(up(&payload)) };
            let got = sort::launch::sort(client, &arrays).unwrap();
            assert_eq!(down(client, &got.low), words(0, &want.0), "low words of {n}");
            assert_eq!(down(client, &got.high.unwrap()), words(32, &want.0), "high words of {n}");
            assert_eq!(down(client, &got.payload.unwrap()), want.1, "payload of {n}");
        }
        for (n, m) in [(0, 5), (5, 0), (1, 1), (300, 1000), (5000, 300)] {
            for limit in LIMITS {
                let (x, needles) = (r.ascending(n, limit), r.below(m, limit));
                for side in [Side::Left, Side::Right] {
                    let got = search_sorted::launch::search_sorted(client, &up(&x), &up(&needles), side).unwrap();
                    let want = search_sorted::reference::search_sorted(&x, &needles, side);
                    assert_eq!(down(client, &got), want, "{n} {m} {limit} {side:?}");
                }
                let (a, b) = (r.set(n, limit.min(4000)), r.set(m, limit.min(4000)));
                let (i, j) = intersect::launch::intersect(client, &up(&a), &up(&b)).unwrap();
                assert_eq!((down(client, &i), down(client, &j)), intersect::reference::intersect(&a, &b), "{n} {m} {limit}");
            }
        }
        let error = extend::launch::extend(client, &up(&[0, 0]), &up(&[u32::MAX, 9])).unwrap_err().to_string();
        assert!(error.contains("outputs of extend: 4294967304 exceeds the limit"), "{error}");
    }
}
