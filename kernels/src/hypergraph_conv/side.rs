//! Which side of the passes the weight goes to.

/// The place of Θ among the two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThetaSide {
    /// X Θ first, both passes at width O.
    Input,
    /// Between the passes: first at width F, second at width O.
    Middle,
    /// After both passes, which run at width F.
    Output,
}

/// Floating-point operations that cost as much as moving one element: a bandwidth-bound pass runs at about 0.5 flop per byte,
/// a dense product at 10 to 50 (measured on CPUs and GPUs alike), so a moved element (4 bytes) weighs some 64 flops.
const FLOPS_PER_ELEMENT: usize = 64;

/// The side with the lowest estimated cost: 2·(dense rows)·F·O flops plus the elements that the two passes gather.
pub fn choose_side(rows: usize, cols: usize, nnz: usize, f: usize, o: usize) -> ThetaSide {
    let dense = |n: usize| 2usize.saturating_mul(n).saturating_mul(f).saturating_mul(o);
    let moved = |a: usize, b: usize| nnz.saturating_mul(a + b).saturating_mul(FLOPS_PER_ELEMENT);
    [
        (dense(rows).saturating_add(moved(o, o)), ThetaSide::Input),
        (dense(cols).saturating_add(moved(f, o)), ThetaSide::Middle),
        (dense(rows).saturating_add(moved(f, f)), ThetaSide::Output),
    ]
    .into_iter()
    .min_by_key(|c| c.0)
    .map_or(ThetaSide::Input, |c| c.1)
}

/// The side of the products of a backward pass that wants `products` of dX and dΘ, by the same costs: `Middle` multiplies at the
/// hyperedges, which gathers X (for dΘ) and the product (for dX) at width F; `Output` at the nodes, after both passes at width O.
pub fn backward_side(rows: usize, cols: usize, nnz: usize, f: usize, o: usize, products: usize) -> ThetaSide {
    let dense = |n: usize| (2 * products).saturating_mul(n).saturating_mul(f).saturating_mul(o);
    let moved = |width: usize| nnz.saturating_mul(width).saturating_mul(FLOPS_PER_ELEMENT);
    let middle = dense(cols).saturating_add(moved(o + f * products));
    if middle <= dense(rows).saturating_add(moved(2 * o)) { ThetaSide::Middle } else { ThetaSide::Output }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheaper_side_of_the_gradients_wins() {
        assert_eq!(backward_side(200_000, 1000, 300_000, 16, 128, 2), ThetaSide::Middle);
        assert_eq!(backward_side(200_000, 100_000, 2_000_000, 128, 128, 2), ThetaSide::Output);
        assert_eq!(backward_side(1000, 5000, 20_000, 1433, 16, 1), ThetaSide::Output);
    }

    #[test]
    fn the_cheaper_side_wins() {
        assert_eq!(choose_side(200_000, 100_000, 2_000_000, 128, 128), ThetaSide::Middle);
        assert_eq!(choose_side(1000, 5000, 20_000, 1433, 16), ThetaSide::Input);
        assert_eq!(choose_side(1000, 5000, 20_000, 16, 1433), ThetaSide::Output);
    }
}
