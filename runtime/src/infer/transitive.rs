//! The transitive closure of a relation: strongly connected components in reverse topological order (Tarjan, 1972), and for each the union of what
//! its successors reach (Nuutila, 1995).

use hypergraphql_framework::store::Id;

use super::InferError;
use super::evaluate::Watch;
use super::pairs::{pack, sort, unpack};

/// Pairs between two looks at the limits.
const LOOK: usize = 1 << 20;

/// The least transitive relation that contains these pairs, which ascend; the result ascends, too.
pub(crate) fn transitive_closure(pairs: &[u64], watch: Watch<'_>) -> Result<Vec<u64>, InferError> {
    let graph = Graph::new(pairs);
    let components = graph.components();
    let mut reached: Vec<Vec<u32>> = vec![vec![]; components.members.len()];
    let mut marks = vec![u32::MAX; components.members.len()];
    let (mut closure, mut looked) = (vec![], 0);
    let mut held = 0u64;
    // Components are found after all that they reach.
    for component in 0..components.members.len() {
        let mut reach = vec![];
        let mut cyclic = false;
        for &node in &components.members[component] {
            for &next in graph.successors(node) {
                let to = components.of[next as usize] as usize;
                cyclic |= to == component;
                if to != component && marks[to] != component as u32 {
                    marks[to] = component as u32;
                    reach.push(to as u32);
                    for &further in &reached[to] {
                        if marks[further as usize] != component as u32 {
                            marks[further as usize] = component as u32;
                            reach.push(further);
                        }
                    }
                }
            }
        }
        if cyclic {
            reach.push(component as u32);
        }
        for &node in &components.members[component] {
            let subject = graph.names[node as usize];
            for &to in &reach {
                closure.extend(components.members[to as usize].iter().map(|&object| pack(subject, graph.names[object as usize])));
            }
        }
        held += 4 * reach.len() as u64;
        reached[component] = reach;
        if closure.len() >= looked + LOOK {
            looked = closure.len();
            watch(held + 8 * looked as u64)?;
        }
    }
    sort(&mut closure);
    Ok(closure)
}

/// A relation as adjacency lists of numbers.
struct Graph {
    names: Vec<Id>,
    offsets: Vec<usize>,
    next: Vec<u32>,
}

impl Graph {
    fn new(pairs: &[u64]) -> Self {
        let mut names: Vec<Id> = pairs.iter().map(|pair| unpack(*pair)).flat_map(|(s, o)| [s, o]).collect();
        names.sort_unstable();
        names.dedup();
        let number = |id: Id| names.partition_point(|name| *name < id) as u32;
        let next = pairs.iter().map(|pair| number(unpack(*pair).1)).collect();
        let offsets = names.iter().map(|name| pairs.partition_point(|pair| unpack(*pair).0 < *name)).chain([pairs.len()]).collect();
        Self { names, offsets, next }
    }

    fn successors(&self, node: u32) -> &[u32] {
        &self.next[self.offsets[node as usize]..self.offsets[node as usize + 1]]
    }

    /// Tarjan's algorithm with a stack of its own, because relations can be as deep as they are long.
    fn components(&self) -> Components {
        const NEW: u32 = u32::MAX;
        let nodes = self.names.len();
        let (mut order, mut low, mut of) = (vec![NEW; nodes], vec![0u32; nodes], vec![NEW; nodes]);
        let (mut members, mut stack, mut path, mut count) = (vec![], vec![], vec![], 0);
        for root in 0..nodes as u32 {
            if order[root as usize] != NEW {
                continue;
            }
            path.push((root, 0));
            while let Some((node, at)) = path.last_mut() {
                let (here, this) = (*node as usize, *node);
                if *at == 0 {
                    (order[here], low[here]) = (count, count);
                    count += 1;
                    stack.push(this);
                }
                if let Some(&next) = self.successors(this).get(*at) {
                    *at += 1;
                    if order[next as usize] == NEW {
                        path.push((next, 0));
                    } else if of[next as usize] == NEW {
                        low[here] = low[here].min(order[next as usize]);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    low[*parent as usize] = low[*parent as usize].min(low[here]);
                }
                if low[here] == order[here] {
                    let start = stack.iter().rposition(|node| *node == this).unwrap_or(0);
                    let component: Vec<u32> = stack.split_off(start);
                    component.iter().for_each(|node| of[*node as usize] = members.len() as u32);
                    members.push(component);
                }
            }
        }
        Components { of, members }
    }
}

/// The strongly connected components, each after all that it reaches.
struct Components {
    of: Vec<u32>,
    members: Vec<Vec<u32>>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn by_composition(pairs: &BTreeSet<(u32, u32)>) -> BTreeSet<(u32, u32)> {
        let mut all = pairs.clone();
        loop {
            let longer: Vec<_> =
                all.iter().flat_map(|&(a, b)| pairs.iter().filter(move |(c, _)| b == *c).map(move |&(_, d)| (a, d))).collect();
            let before = all.len();
            all.extend(longer);
            if all.len() == before {
                return all;
            }
        }
    }

    proptest! {
        #[test]
        fn is_what_repeated_composition_finds(pairs in prop::collection::btree_set((1u32..13, 1u32..13), 0..30)) {
            let packed: Vec<u64> = pairs.iter().map(|&(a, b)| pack(a, b)).collect();
            let found = transitive_closure(&packed, &|_| Ok(())).unwrap();
            let expected: Vec<u64> = by_composition(&pairs).into_iter().map(|(a, b)| pack(a, b)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack_and_a_limit_ends_it() {
        let chain: Vec<u64> = (1..3_000).map(|i| pack(i, i + 1)).collect();
        assert_eq!(transitive_closure(&chain, &|_| Ok(())).unwrap().len(), 2_999 * 3_000 / 2);
        let stop = |bytes: u64| if bytes > 1 << 20 { Err(InferError::Stopped("too large".into())) } else { Ok(()) };
        assert!(matches!(transitive_closure(&chain, &stop), Err(InferError::Stopped(_))));
    }
}
