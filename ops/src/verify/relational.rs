//! Cases of the relational ops: exact, and the same whatever float type is asked for.

use hypergraphql_kernels::dropout::mix;
use hypergraphql_kernels::search_sorted::Side;
use hypergraphql_kernels::segment_reduce::Fold;
use hypergraphql_kernels::{
    compact as compacting, distinct as distinguishing, extend as extending, intersect as intersecting, scan as scanning,
    search_sorted as searching, segment_reduce as reducing, sort as sorting, top_k as ranking,
};

use super::suite::Suite;
use crate::backend::HyperBackend;
use crate::ids::Ids;
use crate::relational::{
    compact, distinct, extend, intersect, scan, search_sorted, segment_reduce, sort, sort_by_key, sort_long, top_k, total,
};

/// Lengths around the blocks of every form.
const LENGTHS: [usize; 6] = [0, 1, 33, 2048, 2049, 70_003];

/// `n` numbers below `limit`.
fn below(n: usize, limit: u64, seed: u32) -> Vec<u32> {
    (0..n as u32).map(|i| ((u64::from(mix(i.wrapping_mul(0x9e37_79b9) ^ mix(seed))) * limit) >> 32) as u32).collect()
}

fn ascending(n: usize, limit: u64, seed: u32) -> Vec<u32> {
    let mut x = below(n, limit, seed);
    x.sort_unstable();
    x
}

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for n in LENGTHS {
        for limit in [3, 1000, 1 << 32] {
            arrays(suite, n, limit);
        }
        let low = below(n, 1000, 1);
        let high: Vec<u32> = low.iter().zip(below(n, 12, 2)).map(|(&l, d)| (l + d).saturating_sub(3)).collect();
        suite.exact("extend", format!("{n}"), |up| {
            let (row, position) = extend(&up(&low), &up(&high))?;
            let want = extending::reference::extend(&low, &high);
            Ok(vec![(row, want.0), (position, want.1)])
        });
    }
    for (n, m) in [(0, 5), (5, 0), (1, 1), (300, 1000), (5000, 300)] {
        for limit in [3, 1000, 1 << 32] {
            searches(suite, n, m, limit);
        }
    }
}

fn arrays<B: HyperBackend>(suite: &mut Suite<B>, n: usize, limit: u64) {
    let name = || format!("{n} below {limit}");
    let (x, payload, rising) = (below(n, limit, 3), below(n, 1 << 32, 4), ascending(n, limit, 5));
    let mut ptr: Vec<u32> = below(n / 7, n as u64 + 1, 6);
    ptr.extend([0, n as u32]);
    ptr.sort_unstable();
    suite.exact("scan", name(), |up| Ok(vec![(scan(&up(&x))?, scanning::reference::scan(&x))]));
    suite.exact("ids", format!("through a tensor, {}", name()), |up| {
        let there = up(&x).into_tensor();
        // A tensor that is shared, and one that is a view into another; Burn's view of nothing forgets its type.
        let tail = if n == 0 { there.clone() } else { there.clone().slice(n / 3..n) };
        Ok(vec![(Ids::from_tensor(tail)?, x[n / 3..].to_vec()), (Ids::from_tensor(there)?, x.clone())])
    });
    suite.exact("scan", format!("total of {}", name()), |up| {
        let words = |sum: u64| vec![sum as u32, (sum >> 32) as u32];
        let want = words(x.iter().map(|&x| u64::from(x)).sum());
        Ok(vec![(up(&words(total(&up(&x))?)), want)])
    });
    suite.exact("sort", name(), |up| {
        let want = sorting::reference::sort(&x, &payload);
        let (keys, moved) = sort_by_key(up(&x), up(&payload))?;
        Ok(vec![(sort(up(&x))?, want.0.clone()), (keys, want.0), (moved, want.1)])
    });
    suite.exact("sort", format!("long keys of {}", name()), |up| {
        let long: Vec<u64> = payload.iter().zip(&x).map(|(&low, &high)| u64::from(high) << 32 | u64::from(low)).collect();
        let order: Vec<u32> = (0..n as u32).collect();
        let want = sorting::reference::sort(&long, &order);
        let got = sort_long(up(&payload), up(&x), Some(up(&order)))?;
        let word = |shift: u32| want.0.iter().map(|k| (k >> shift) as u32).collect::<Vec<_>>();
        let expected = [(Some(got.low), word(0)), (got.high, word(32)), (got.payload, want.1.clone())];
        Ok(expected.into_iter().filter_map(|(got, want)| got.map(|got| (got, want))).collect())
    });
    suite.exact("compact", name(), |up| Ok(vec![(compact(&up(&payload), &up(&x))?, compacting::reference::compact(&payload, &x))]));
    suite.exact("distinct", name(), |up| {
        let ((y, starts), want) = (distinct(&up(&rising))?, distinguishing::reference::distinct(&rising));
        Ok(vec![(y, want.0), (starts, want.1)])
    });
    for k in [0, 7, n + 9] {
        suite.exact("top_k", format!("{k} of {}", name()), |up| Ok(vec![(top_k(&up(&x), k)?, ranking::reference::top_k(&x, k))]));
    }
    for fold in Fold::ALL {
        suite.exact("segment_reduce", format!("{fold:?} of {}", name()), |up| {
            Ok(vec![(segment_reduce(&up(&ptr), &up(&x), fold)?, reducing::reference::segment_reduce(&ptr, &x, fold))])
        });
    }
}

fn searches<B: HyperBackend>(suite: &mut Suite<B>, n: usize, m: usize, limit: u64) {
    let (x, needles) = (ascending(n, limit, 7), below(m, limit, 8));
    for side in [Side::Left, Side::Right] {
        suite.exact("search_sorted", format!("{m} in {n} below {limit}, {side:?}"), |up| {
            let want = searching::reference::search_sorted(&x, &needles, side);
            Ok(vec![(search_sorted(&up(&x), &up(&needles), side)?, want)])
        });
    }
    let set = |n, seed| {
        let mut x = ascending(n, limit.min(4000), seed);
        x.dedup();
        x
    };
    let (a, b) = (set(n, 9), set(m, 10));
    suite.exact("intersect", format!("{n} and {m} below {limit}"), |up| {
        let ((of_a, of_b), want) = (intersect(&up(&a), &up(&b))?, intersecting::reference::intersect(&a, &b));
        Ok(vec![(of_a, want.0), (of_b, want.1)])
    });
}

/// What an exact case gives: results, each with what it must be.
pub(super) type Exact<B> = Vec<(Ids<B>, Vec<u32>)>;
