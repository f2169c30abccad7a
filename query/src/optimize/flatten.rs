//! Triple patterns that are joined stand in one list; what is joined with nothing stands alone.

use crate::algebra::Pattern;

/// `Join(Bgp, Bgp)` is one `Bgp`, a join with the empty `Bgp` is the other side.
pub(super) fn flatten(pattern: &mut Pattern) {
    if let Pattern::Join(left, right) = pattern {
        let empty = |side: &Pattern| matches!(side, Pattern::Bgp(triples) if triples.is_empty());
        let joined = match (left.as_mut(), right.as_mut()) {
            (Pattern::Bgp(a), Pattern::Bgp(b)) => {
                a.append(b);
                Pattern::Bgp(std::mem::take(a))
            }
            (a, b) if empty(b) => std::mem::replace(a, Pattern::Core),
            (a, b) if empty(a) => std::mem::replace(b, Pattern::Core),
            _ => return,
        };
        *pattern = joined;
    }
}
