//! States and logits against plain loops in f64.

use hypergraphql_models::layers::Masks;
use hypergraphql_models::pairs::{Messages, PairData, PairPredictor};
use hypergraphql_models::{NodeFeatures, Precision};
use hypergraphql_ops::Cpu;

use super::{NODES, Named, Rows, device, dot, matrix, network, rows, small, stirred, times, values};

const FEATURES: usize = 3;

/// Both ways of each connection with the embedding of its relation, and loops with the mean of what leads to the node.
fn pairs(data: &PairData, named: &Named) -> Vec<(usize, usize, Vec<f64>)> {
    let table = named.matrix("relations");
    let inverse = if data.options.directed { data.relations.len() } else { 0 };
    let mut all: Vec<(usize, usize, Vec<f64>)> = Vec::new();
    for c in &data.train {
        let (u, v, r) = (c.source as usize, c.target as usize, c.relation as usize);
        all.push((u, v, table[r].clone()));
        all.push((v, u, table[r + inverse].clone()));
    }
    for v in 0..data.nodes.len() {
        let to: Vec<Vec<f64>> = all.iter().filter(|pair| pair.1 == v && pair.0 != v).map(|pair| pair.2.clone()).collect();
        let mean = (0..table[0].len()).map(|i| to.iter().map(|e| e[i]).sum::<f64>() / to.len().max(1) as f64).collect();
        all.push((v, v, mean));
    }
    all
}

fn encode(data: &PairData, named: &Named, features: Option<&Rows>, layers: usize, heads: usize) -> Rows {
    let mut x = match features {
        Some(features) => features.iter().map(|row| named.linear("input", row)).collect(),
        None => named.matrix("embeddings"),
    };
    let pairs = pairs(data, named);
    for layer in 0..layers {
        let name = |part: &str| format!("layers.{layer}.{part}");
        let [source, target, pair, att] = ["source", "target", "pair", "att"].map(|part| named.matrix(&name(part)));
        let (bias, width) = (named.vector(&name("bias")), att[0].len());
        let score = |(u, v, e): &(usize, usize, Vec<f64>), h: usize| -> f64 {
            let [own, sent, edge] = [times(&x[*v], &target), times(&x[*u], &source), times(e, &pair)];
            let leaky = |s: f64| if s > 0.0 { s } else { 0.2 * s };
            (0..width).map(|c| h * width + c).map(|at| att[h][at - h * width] * leaky(own[at] + sent[at] + edge[at])).sum()
        };
        let next = (0..x.len()).map(|v| {
            let mut y = bias.clone();
            for h in 0..heads {
                let to: Vec<_> = pairs.iter().filter(|pair| pair.1 == v).collect();
                let total: f64 = to.iter().map(|pair| score(pair, h).exp()).sum();
                for pair in to {
                    let (share, sent) = (score(pair, h).exp() / total, times(&x[pair.0], &source));
                    (h * width..(h + 1) * width).for_each(|at| y[at] += share * sent[at]);
                }
            }
            let sum: Vec<f64> = x[v].iter().zip(&y).map(|(x, y)| x + y.max(0.0)).collect();
            let mean = sum.iter().sum::<f64>() / sum.len() as f64;
            let variance = sum.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / sum.len() as f64;
            let [gamma, beta] = ["gamma", "beta"].map(|part| named.vector(&format!("norms.{layer}.{part}")));
            (0..sum.len()).map(|i| gamma[i] * (sum[i] - mean) / (variance + 1e-5).sqrt() + beta[i]).collect()
        });
        x = next.collect();
    }
    x
}

/// a, score and types of a pair.
fn logits(named: &Named, directed: bool, u: &[f64], v: &[f64]) -> (f64, f64, Vec<f64>) {
    let part = |name: &str| format!("scorer.{name}");
    let q = |h: &[f64]| times(h, &named.matrix(&part("source")));
    let k = if directed {
        times(v, &named.matrix(&part("target")))
    } else {
        q(v).iter().zip(named.vector(&part("diagonal"))).map(|(q, d)| q * d).collect()
    };
    let degree = named.matrix(&part("degree"));
    let (b, c) = (times(u, &degree)[0], *times(v, &degree).last().unwrap());
    let a = dot(&q(u), &k) / (u.len() as f64).sqrt() + b + c;
    let product = u.iter().zip(v).map(|(u, v)| u * v);
    let both: Vec<f64> = match directed {
        true => product.chain(u.iter().copied()).chain(v.iter().copied()).collect(),
        false => product.chain(u.iter().zip(v).map(|(u, v)| u + v)).collect(),
    };
    let hidden: Vec<f64> = named.linear(&part("trunk"), &both).into_iter().map(|x| x.max(0.0)).collect();
    (a, a + named.linear(&part("score"), &hidden)[0], named.linear(&part("types"), &hidden))
}

#[test]
fn states_and_logits_are_those_of_plain_loops() {
    let near =
        |got: f64, expected: f64, what: &str| assert!((got - expected).abs() < 1e-9 * expected.abs().max(1.0), "{what}: {got}, {expected}");
    for directed in [false, true] {
        for layers in [1, 2] {
            let data = small(directed);
            assert_eq!(data.nodes.len(), NODES);
            for featured in [false, true] {
                let mut config = network(&data).with_width(6).with_layers(layers).with_features(if featured { FEATURES } else { 0 });
                config.directed = directed;
                let model: PairPredictor<Cpu> = stirred(config.init(&device(), 1).unwrap());
                let named = Named::of(&model);
                assert_eq!((named.has("embeddings"), named.has("scorer.target")), (!featured, directed));
                let x = featured.then(|| rows(NODES, FEATURES, 4));
                let features = x.as_ref().map(|x| NodeFeatures::Dense(matrix::<Cpu>(x, FEATURES)));
                let messages = Messages::new(&data.train, &config, &device()).unwrap();
                let states = model.encode(&messages, features.as_ref(), Precision::F64, &Masks::none()).unwrap();
                let expected = encode(&data, &named, x.as_ref(), layers, config.heads);
                let what = format!("directed {directed}, {layers} layers, features {featured}");
                values(states.clone()).iter().zip(expected.iter().flatten()).for_each(|(got, expected)| near(*got, *expected, &what));

                let asked = [(0, 1), (6, 2), (3, 5), (1, 0), (4, 4)];
                let found = model.scorer.forward(&states, &asked, Precision::F64, &Masks::none()).unwrap();
                let [candidate, score, types] = [values(found.candidate), values(found.score), values(found.types.unwrap())];
                let [s, t] = model.scorer.tables(states, Precision::F64).map(values);
                for (i, (u, v)) in asked.iter().map(|&(u, v)| (u as usize, v as usize)).enumerate() {
                    let (a, of_score, of_types) = logits(&named, directed, &expected[u], &expected[v]);
                    near(candidate[i], a, &what);
                    near(score[i], of_score, &what);
                    types
                        .chunks(of_types.len())
                        .nth(i)
                        .unwrap()
                        .iter()
                        .zip(&of_types)
                        .for_each(|(got, expected)| near(*got, *expected, &what));
                    near(dot(&s[u * 8..][..8], &t[v * 8..][..8]), a, "the tables that are searched");
                }
                assert_eq!((score[0] - score[3]).abs() < 1e-12, !directed, "{what}: (0, 1) and (1, 0)");
                let nothing = model.scorer.forward(&matrix(&expected, 6), &[], Precision::F64, &Masks::none()).unwrap();
                assert_eq!((nothing.score.dims(), nothing.types.unwrap().dims()), ([0], [0, data.types.len()]));
                assert!(model.scorer.forward(&matrix(&expected, 6), &[(0, 7)], Precision::F64, &Masks::none()).is_err());
            }
        }
    }
}
