//! The relational ops on arrays of indices: what joins, groupings and orders are made of. Exact, without gradient, each a function of the
//! narrow waist with its arguments checked; the formulas stand in `kernels::<op>`.

use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::error::check_len;
use hypergraphql_kernels::search_sorted::Side;
use hypergraphql_kernels::segment_reduce::Fold;
use hypergraphql_kernels::{compact as compacting, extend as extending, segment_reduce as reducing, sort as sorting};

use crate::backend::{HyperBackend, Records};
use crate::error::Result;
use crate::ids::Ids;

/// y_0 = 0, y_(i+1) = y_i + x_i: the pointers of counts; sums wrap at 2^32 ([`total`] is exact).
///
/// # Shapes
/// x `[n]`; result `[n + 1]`.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn scan<B: HyperBackend>(x: &Ids<B>) -> Result<Ids<B>> {
    Ok(x.on(B::scan(&x.inner, &x.device)?))
}

/// Σ x, exact; waits for the device.
///
/// # Errors
/// A read that fails.
pub fn total<B: HyperBackend>(x: &Ids<B>) -> Result<u64> {
    Ok(B::total(&x.inner, &x.device)?)
}

/// Keys in ascending order with their payload; equal keys stay in order.
///
/// # Shapes
/// keys `[n]`, payload `[n]`; results likewise.
///
/// # Errors
/// Unequal lengths, different devices, more elements than 32-bit indices hold.
pub fn sort_by_key<B: HyperBackend>(keys: Ids<B>, payload: Ids<B>) -> Result<(Ids<B>, Ids<B>)> {
    check_len("sort", sorting::CONTRACT, "payload", payload.len(), keys.len())?;
    keys.check("sort", "payload", &payload)?;
    let device = keys.device.clone();
    let sorted = B::sort(Records { low: keys.inner, high: None, payload: Some(payload.inner) }, &device)?;
    let kept = sorted.payload.unwrap_or_else(|| B::ids(vec![], &device));
    Ok((Ids { inner: sorted.low, device: device.clone() }, Ids { inner: kept, device }))
}

/// Keys in ascending order.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn sort<B: HyperBackend>(keys: Ids<B>) -> Result<Ids<B>> {
    let Ids { inner, device } = keys;
    let sorted = B::sort(Records { low: inner, high: None, payload: None }, &device)?;
    Ok(Ids { inner: sorted.low, device })
}

/// Keys of 64 bits, given as their lower and upper words, in ascending order with their payload, if there is one; equal keys stay in order.
///
/// # Errors
/// Unequal lengths, different devices, more elements than 32-bit indices hold.
pub fn sort_long<B: HyperBackend>(low: Ids<B>, high: Ids<B>, payload: Option<Ids<B>>) -> Result<Records<Ids<B>>> {
    for (argument, array) in [("high", Some(&high)), ("payload", payload.as_ref())] {
        if let Some(array) = array {
            check_len("sort", sorting::CONTRACT, argument, array.len(), low.len())?;
            low.check("sort", argument, array)?;
        }
    }
    let device = low.device.clone();
    let sorted = B::sort(Records { low: low.inner, high: Some(high.inner), payload: payload.map(|p| p.inner) }, &device)?;
    let on = |inner| Ids { inner, device: device.clone() };
    Ok(Records { low: on(sorted.low), high: sorted.high.map(on), payload: sorted.payload.map(on) })
}

/// Where each needle would stand in x: before (`Left`) or after (`Right`) the elements that equal it.
///
/// # Shapes
/// x `[n]` ascending, needles `[m]` in any order; result `[m]`.
///
/// # Errors
/// Different devices, or more elements than 32-bit indices hold.
pub fn search_sorted<B: HyperBackend>(x: &Ids<B>, needles: &Ids<B>, side: Side) -> Result<Ids<B>> {
    x.check("search_sorted", "needles", needles)?;
    Ok(x.on(B::search_sorted(&x.inner, &needles.inner, side, &x.device)?))
}

/// For every position p with low_i <= p < high_i the pair (i, p), rows in order: count, scan, fill.
///
/// # Shapes
/// low, high `[n]`; rows and positions `[T]`, T = Σ max(high − low, 0).
///
/// # Errors
/// Unequal lengths, different devices, more outputs than 32-bit indices hold, a read that fails.
pub fn extend<B: HyperBackend>(low: &Ids<B>, high: &Ids<B>) -> Result<(Ids<B>, Ids<B>)> {
    check_len("extend", extending::CONTRACT, "high", high.len(), low.len())?;
    low.check("extend", "high", high)?;
    Ok(low.both(B::extend(&low.inner, &high.inner, &low.device)?))
}

/// The positions in a and in b of the elements that both have.
///
/// # Shapes
/// a `[n]` and b `[m]` strictly ascending; results `[t]`.
///
/// # Errors
/// Different devices, or a read that fails.
pub fn intersect<B: HyperBackend>(a: &Ids<B>, b: &Ids<B>) -> Result<(Ids<B>, Ids<B>)> {
    a.check("intersect", "b", b)?;
    Ok(a.both(B::intersect(&a.inner, &b.inner, &a.device)?))
}

/// The elements whose flag is not 0, in order.
///
/// # Shapes
/// x, flag `[n]`; result `[t]`.
///
/// # Errors
/// Unequal lengths, different devices, a read that fails.
pub fn compact<B: HyperBackend>(x: &Ids<B>, flag: &Ids<B>) -> Result<Ids<B>> {
    check_len("compact", compacting::CONTRACT, "flag", flag.len(), x.len())?;
    x.check("compact", "flag", flag)?;
    Ok(x.on(B::compact(&x.inner, &flag.inner, &x.device)?))
}

/// The elements of a sorted array without repeats, and the pointers of the runs of each: the segments of a group-by.
///
/// # Shapes
/// x `[n]` ascending; results `[t]` and `[t + 1]`.
///
/// # Errors
/// A read that fails.
pub fn distinct<B: HyperBackend>(x: &Ids<B>) -> Result<(Ids<B>, Ids<B>)> {
    Ok(x.both(B::distinct(&x.inner, &x.device)?))
}

/// The sum (mod 2^32), the least or the largest of each segment ptr_s..ptr_(s+1) of x.
///
/// # Shapes
/// ptr `[s + 1]` from 0 to n, ascending, as of [`distinct`] and [`scan`]; x `[n]`; result `[s]`.
///
/// # Errors
/// No pointers, different devices, and on the CPU pointers out of order; a device reads no element past the end of x, and else trusts them.
pub fn segment_reduce<B: HyperBackend>(ptr: &Ids<B>, x: &Ids<B>, fold: Fold) -> Result<Ids<B>> {
    if ptr.is_empty() {
        let (op, contract) = ("segment_reduce", reducing::CONTRACT);
        return Err(KernelError::Length { op, argument: "ptr", expected: 1, got: 0, contract }.into());
    }
    ptr.check("segment_reduce", "x", x)?;
    Ok(x.on(B::segment_reduce(&ptr.inner, &x.inner, fold, &x.device)?))
}

/// The positions of the k largest keys, largest first; of equal keys the earlier.
///
/// # Shapes
/// keys `[n]`; result `[min(k, n)]`.
///
/// # Errors
/// More elements than 32-bit indices hold.
pub fn top_k<B: HyperBackend>(keys: &Ids<B>, k: usize) -> Result<Ids<B>> {
    Ok(keys.on(B::top_k(&keys.inner, k, &keys.device)?))
}
