//! GATv2.

use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_models::layers::{GatV2, GatV2Config, WeightStream};
use hypergraphql_models::{FeaturedPairs, Loops, NodeFeatures, PairGraph, Precision};
use hypergraphql_ops::{Cpu, HyperBackend};

use super::{Ad, Rows, add, assert_rows, check_gradients, device, matrix, rows, stirred, times, to_rows, values};

const NODES: usize = 6;
const FEATURES: usize = 5;
const WIDTH: usize = 3;
const HEADS: usize = 2;
const PAIR_FEATURES: usize = 4;

/// Not sorted, one pair twice, a loop, and node 5 that nothing leads to.
const PAIRS: [(u32, u32); 8] = [(0, 3), (1, 0), (0, 3), (5, 2), (2, 2), (4, 3), (3, 4), (2, 0)];

/// Pairs with their features, and loops where they are wanted.
fn all_pairs(loops: Loops, e: &Rows) -> Vec<(usize, usize, Vec<f64>)> {
    let mut all: Vec<_> = PAIRS.iter().zip(e).map(|((u, v), e)| (*u as usize, *v as usize, e.clone())).collect();
    if loops == Loops::Add {
        for v in 0..NODES {
            let to: Vec<_> = PAIRS.iter().zip(e).filter(|(pair, _)| pair.1 as usize == v).map(|(_, e)| e).collect();
            if !PAIRS.contains(&(v as u32, v as u32)) {
                let mut mean = vec![0.0; PAIR_FEATURES];
                to.iter().for_each(|e| add(&mut mean, 1.0 / to.len() as f64, e));
                all.push((v, v, mean));
            }
        }
    }
    all
}

fn expected<B: HyperBackend>(layer: &GatV2<B>, x: &Rows, pairs: &[(usize, usize, Vec<f64>)]) -> Rows {
    let [source, target] = [&layer.source, &layer.target].map(|w| to_rows(w.val()));
    let att = to_rows(layer.att.val());
    let (heads, width) = (att.len(), att[0].len());
    let own = |u: usize| times(&x[u], &source);
    let scores: Vec<Vec<f64>> = pairs
        .iter()
        .map(|(u, v, e)| {
            let mut sum = own(*u);
            add(&mut sum, 1.0, &times(&x[*v], &target));
            if let Some(w) = &layer.pair {
                add(&mut sum, 1.0, &times(e, &to_rows(w.val())));
            }
            let leaky = |s: f64| if s > 0.0 { s } else { layer.slope * s };
            (0..heads).map(|h| (0..width).map(|c| att[h][c] * leaky(sum[h * width + c])).sum()).collect()
        })
        .collect();
    (0..x.len())
        .map(|v| {
            let mut y = vec![0.0; if layer.concat { heads * width } else { width }];
            for h in 0..heads {
                let total: f64 = pairs.iter().zip(&scores).filter(|(p, _)| p.1 == v).map(|(_, s)| s[h].exp()).sum();
                for ((u, _, _), s) in pairs.iter().zip(&scores).filter(|(p, _)| p.1 == v) {
                    let (share, sent) = (s[h].exp() / total, &own(*u)[h * width..][..width]);
                    match layer.concat {
                        true => add(&mut y[h * width..][..width], share, sent),
                        false => add(&mut y, share / heads as f64, sent),
                    }
                }
            }
            if let Some(b) = &layer.bias {
                add(&mut y, 1.0, &values(b.val()));
            }
            y
        })
        .collect()
}

fn layer<B: HyperBackend>(heads: usize, pair_features: usize, concat: bool) -> GatV2<B> {
    let config = GatV2Config::new(FEATURES, WIDTH).with_heads(heads).with_pair_features(pair_features).with_concat(concat);
    stirred(config.init(&B::Device::default(), &mut WeightStream::new(1)).unwrap())
}

#[test]
fn it_equals_its_formula() {
    let (x, e) = (rows(NODES, FEATURES, 1), rows(PAIRS.len(), PAIR_FEATURES, 2));
    for loops in [Loops::Add, Loops::Keep] {
        let graph = PairGraph::<Cpu>::new(&PAIRS, NODES, loops, &device()).unwrap();
        let pairs = all_pairs(loops, &e);
        assert_eq!((graph.pairs(), graph.given()), (pairs.len(), PAIRS.len()));
        for heads in [1, HEADS] {
            for concat in [true, false] {
                for featured in [true, false] {
                    let layer = layer::<Cpu>(heads, if featured { PAIR_FEATURES } else { 0 }, concat);
                    let features = featured.then(|| matrix(&e, PAIR_FEATURES));
                    let nodes = NodeFeatures::Dense(matrix(&x, FEATURES));
                    let got = layer.forward(&nodes, &graph, features, Precision::F64).unwrap();
                    assert_rows(&to_rows(got), &expected(&layer, &x, &pairs), &format!("{loops:?}, {heads} heads, {concat}, {featured}"));
                }
            }
        }
    }
}

#[test]
fn its_gradients_are_right() {
    let graph = PairGraph::<Ad>::new(&PAIRS, NODES, Loops::Add, &device()).unwrap();
    let inputs = [rows(NODES, FEATURES, 1), rows(PAIRS.len(), PAIR_FEATURES, 2)];
    for concat in [true, false] {
        check_gradients(&layer::<Ad>(HEADS, PAIR_FEATURES, concat), &inputs, |layer, x| {
            layer.forward(&NodeFeatures::Dense(x[0].clone()), &graph, Some(x[1].clone()), Precision::F64).unwrap()
        });
    }
}

#[test]
fn a_clique_has_both_ways_of_each_pair_and_its_weight() {
    let h = Hypergraph::from_members(NODES, [vec![0, 1, 3], vec![1, 3], vec![4]], Duplicates::Error).unwrap();
    let h = h.with_hyperedge_weights(vec![2.0, 0.5, 1.0]).unwrap();
    let FeaturedPairs { graph, features } = FeaturedPairs::<Cpu>::clique(&h, &device()).unwrap();
    assert_eq!((graph.nodes(), graph.given(), graph.pairs()), (NODES, 6, 6 + NODES));
    let weights: Vec<f64> = [2.0, 2.0, 2.0, 2.0, 2.5, 2.5].iter().map(|w: &f64| w.ln_1p()).collect();
    let got = values(features.clone());
    assert!(got.iter().zip(&weights).all(|(g, w)| (g - w).abs() < 1e-6), "{got:?}");
    // 0-1, 0-3 and 1-3 both ways, loops with the means.
    let mean = |a: f64, b: f64| vec![f64::midpoint(a, b)];
    let [light, heavy] = [got[0], got[4]];
    let pairs = [(0, 1, light), (1, 0, light), (0, 3, light), (3, 0, light), (1, 3, heavy), (3, 1, heavy)].map(|(u, v, w)| (u, v, vec![w]));
    let loops = [mean(light, light), mean(light, heavy), vec![0.0], mean(light, heavy), vec![0.0], vec![0.0]];
    let pairs: Vec<_> = pairs.into_iter().chain(loops.into_iter().enumerate().map(|(v, e)| (v, v, e))).collect();
    let layer = layer::<Cpu>(HEADS, 1, true);
    let x = rows(NODES, FEATURES, 3);
    let y = layer.forward(&NodeFeatures::Dense(matrix(&x, FEATURES)), &graph, Some(features), Precision::F64).unwrap();
    assert_rows(&to_rows(y), &expected(&layer, &x, &pairs), "clique");
}

#[test]
fn graphs_without_pairs_and_misfits() {
    let layer = layer::<Cpu>(HEADS, 0, true);
    let x = rows(NODES, FEATURES, 1);
    let dense = |x: &Rows| NodeFeatures::Dense(matrix::<Cpu>(x, FEATURES));
    for loops in [Loops::Keep, Loops::Add] {
        let graph = PairGraph::<Cpu>::new(&[], NODES, loops, &device()).unwrap();
        let pairs: Vec<_> = (0..graph.pairs()).map(|v| (v, v, vec![])).collect();
        let got = layer.forward(&dense(&x), &graph, None, Precision::F64).unwrap();
        assert_rows(&to_rows(got), &expected(&layer, &x, &pairs), &format!("no pairs, {loops:?}"));
        let none = PairGraph::<Cpu>::new(&[], 0, loops, &device()).unwrap();
        let nobody = NodeFeatures::Dense(burn::tensor::Tensor::zeros([0, FEATURES], &device()));
        assert_eq!(layer.forward(&nobody, &none, None, Precision::F64).unwrap().dims(), [0, HEADS * WIDTH]);
    }
    let error = PairGraph::<Cpu>::new(&[(0, 1), (2, 6)], NODES, Loops::Keep, &device()).unwrap_err().to_string();
    assert_eq!(error, "node of a pair is 6, expected an id below 6");
    let graph = PairGraph::<Cpu>::new(&PAIRS, NODES, Loops::Keep, &device()).unwrap();
    let refused = |layer: &GatV2<Cpu>, x: Rows, e: Option<Rows>| {
        let e = e.map(|e| matrix(&e, e[0].len()));
        layer.forward(&dense(&x), &graph, e, Precision::F64).unwrap_err().to_string()
    };
    assert_eq!(refused(&layer, rows(5, FEATURES, 1), None), "node features has shape [5, 5], expected [6, 5]");
    let e = |count, width| Some(rows(count, width, 2));
    assert!(refused(&layer, x.clone(), e(8, 4)).starts_with("features of pairs is 4, expected none"));
    let featured = super::gat_v2::layer::<Cpu>(HEADS, PAIR_FEATURES, true);
    assert_eq!(refused(&featured, x.clone(), None), "features of pairs is none, expected 4 for each");
    assert_eq!(refused(&featured, x.clone(), e(8, 3)), "features of pairs has shape [8, 3], expected [8, 4]");
    assert_eq!(refused(&featured, x, e(7, 4)), "features of pairs has shape [7, 4], expected [8, 4]");
}
