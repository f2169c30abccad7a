//! What holds for every batch of every hypergraph.

use proptest::prelude::*;

use super::{Batch, Fanout, Limit, NeighbourSampler, Prefetch, PrefetchOptions, shuffled};
use crate::{Duplicates, Hypergraph};

const NODES: u32 = 23;

fn hypergraph() -> impl Strategy<Value = (Hypergraph, Vec<u32>)> {
    let hyperedges = prop::collection::vec(prop::collection::vec(0..NODES, 1..9), 1..19);
    (hyperedges, prop::collection::vec(0..NODES, 0..7)).prop_map(|(members, mut seeds)| {
        let mut pairs: Vec<(u32, u32)> = members.iter().zip(0..).flat_map(|(m, e)| m.iter().map(move |v| (*v, e))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let weights: Vec<f64> = pairs.iter().map(|(v, e)| 1.0 + f64::from(v * 31 + e)).collect();
        let h = Hypergraph::from_weighted_pairs(NODES as usize, members.len(), &pairs, &weights, Duplicates::Error).unwrap();
        let h = h.with_hyperedge_weights((0..members.len()).map(|e| 0.25 + e as f64).collect()).unwrap();
        seeds.sort_unstable();
        seeds.dedup();
        seeds.reverse();
        (h, seeds)
    })
}

fn limit() -> impl Strategy<Value = String> {
    prop_oneof![Just("all".to_owned()), (1..5_u32).prop_map(|n| n.to_string())]
}

fn fanout() -> impl Strategy<Value = Fanout> {
    let hop = (limit(), limit()).prop_map(|(e, v)| format!("{e}x{v}"));
    prop::collection::vec(hop, 1..4).prop_map(|hops| hops.join(",").parse().unwrap())
}

/// (node, hyperedge, weight) with ids of the whole.
fn incidences(batch: &Batch) -> Vec<(u32, u32, f64)> {
    let weights = batch.hypergraph.incidence_weights().unwrap_or_default();
    batch.hypergraph.pairs().zip(weights).map(|((v, e), w)| (batch.nodes[v as usize], batch.hyperedges[e as usize], *w)).collect()
}

fn at_least(limit: Limit, degree: usize) -> usize {
    limit.map_or(degree, |l| degree.min(l.get() as usize))
}

proptest! {
    #[test]
    fn a_batch_is_a_part_of_the_whole((h, seeds) in hypergraph(), fanout in fanout(), epoch in 0..3_u64, number in 0..3_u64) {
        let batch = NeighbourSampler::new(h.clone(), fanout.clone(), 9).sample(&seeds, epoch, number).unwrap();
        prop_assert_eq!(&batch.nodes[..batch.seeds], &seeds[..]);
        for ids in [&batch.nodes, &batch.hyperedges] {
            let mut distinct = ids.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), ids.len());
        }
        for (v, e, w) in incidences(&batch) {
            prop_assert!(h.node_major().row(v as usize).contains(&e));
            prop_assert_eq!(w, 1.0 + f64::from(v * 31 + e));
        }
        for (e, w) in batch.hyperedges.iter().zip(batch.hypergraph.hyperedge_weights().unwrap()) {
            prop_assert_eq!(*w, 0.25 + f64::from(*e));
        }
        for (v, d) in batch.nodes.iter().zip(&batch.degrees) {
            let degree: f64 = h.node_major().row(*v as usize).iter().map(|e| (0.25 + f64::from(*e)) * (1.0 + f64::from(v * 31 + e))).sum();
            prop_assert!((degree - d).abs() < 1e-9);
        }
        // The seeds have at least what the first hop takes for them, and no hyperedge is empty.
        for (local, v) in seeds.iter().enumerate() {
            let [of, got] = [h.node_major().degree(*v as usize), batch.hypergraph.node_major().degree(local)];
            prop_assert!(got >= at_least(fanout.hops()[0].hyperedges, of) && got <= of);
        }
        for (local, e) in batch.hyperedges.iter().enumerate() {
            let [of, got] = [h.edge_major().degree(*e as usize), batch.hypergraph.edge_major().degree(local)];
            let least = fanout.hops().iter().map(|hop| at_least(hop.members, of)).min().unwrap();
            prop_assert!(got >= least && got <= of);
        }
    }

    #[test]
    fn whole_hops_reach_all_that_so_many_layers_read((h, seeds) in hypergraph(), hops in 1..4_usize) {
        let fanout = vec!["all"; hops].join(",").parse().unwrap();
        let batch = NeighbourSampler::new(h.clone(), fanout, 9).sample(&seeds, 0, 0).unwrap();
        let mut inside: Vec<u32> = seeds.clone();
        let mut found = incidences(&batch);
        found.sort_by_key(|(v, e, _)| (*v, *e));
        for hop in 1..=hops {
            let mut reached: Vec<u32> = inside.iter().flat_map(|v| h.node_major().row(*v as usize)).copied().collect();
            reached.sort_unstable();
            reached.dedup();
            // The last hop ends at the members of its hyperedges.
            let mut expected: Vec<(u32, u32)> = reached.iter().flat_map(|e| h.edge_major().row(*e as usize).iter().map(|v| (*v, *e))).collect();
            expected.sort_unstable();
            if hop == hops {
                prop_assert_eq!(found.iter().map(|(v, e, _)| (*v, *e)).collect::<Vec<_>>(), expected.clone());
            }
            inside.extend(expected.into_iter().map(|(v, _)| v));
            inside.sort_unstable();
            inside.dedup();
        }
    }

    #[test]
    fn threads_change_nothing((h, _) in hypergraph(), fanout in fanout(), workers in 1..4_usize) {
        let seeds = shuffled(&(0..NODES).collect::<Vec<_>>(), 4, 1);
        let sampler = NeighbourSampler::new(h, fanout, 9);
        let batches: Vec<Vec<u32>> = seeds.chunks(5).map(<[u32]>::to_vec).collect();
        let expected: Vec<Batch> = batches.iter().zip(0..).map(|(s, i)| sampler.sample(s, 1, i).unwrap()).collect();
        let make = move |i: usize| sampler.sample(&batches[i], 1, i as u64);
        let found = Prefetch::new(5, PrefetchOptions { workers, ahead: 2 }, make).unwrap();
        prop_assert_eq!(found.map(|b| b.unwrap()).collect::<Vec<_>>(), expected);
    }
}
