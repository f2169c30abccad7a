//! Pooling.

use hypergraphql_models::layers::pooling::{AttentionPoolConfig, Batch, max_pool, mean_pool, set_pool};
use hypergraphql_models::layers::{Masks, PmaConfig, WeightStream};
use hypergraphql_models::{NodeFeatures, Precision};
use hypergraphql_ops::Cpu;

use super::{Ad, Rows, add, assert_rows, check_gradients, device, matrix, rows, stirred, times, to_rows, values};

const FEATURES: usize = 5;
const OUTPUTS: usize = 4;
const GRAPHS: usize = 4;

/// Not in the order of hypergraphs; hypergraph 1 has no nodes, hypergraph 3 has one.
const OF: [u32; 7] = [2, 0, 2, 2, 3, 0, 2];

fn nodes_of(graph: usize) -> Vec<usize> {
    (0..OF.len()).filter(|v| OF[*v] as usize == graph).collect()
}

#[test]
fn means_and_largest_values_of_each_hypergraph() {
    let (x, batch) = (rows(OF.len(), FEATURES, 1), Batch::<Cpu>::new(&OF, GRAPHS, &device()).unwrap());
    assert_eq!((batch.nodes(), batch.graphs()), (7, 4));
    let expected = |fold: &dyn Fn(&[f64]) -> f64| -> Rows {
        let column = |g: usize, f: usize| nodes_of(g).into_iter().map(|v| x[v][f]).collect::<Vec<_>>();
        (0..GRAPHS).map(|g| (0..FEATURES).map(|f| fold(&column(g, f))).collect()).collect()
    };
    let mean = expected(&|c| c.iter().sum::<f64>() / c.len().max(1) as f64);
    let max = expected(&|c| if c.is_empty() { 0.0 } else { c.iter().copied().fold(f64::NEG_INFINITY, f64::max) });
    assert_rows(&to_rows(mean_pool(matrix(&x, FEATURES), &batch).unwrap()), &mean, "mean");
    assert_rows(&to_rows(max_pool(matrix(&x, FEATURES), &batch).unwrap()), &max, "max");
    let error = Batch::<Cpu>::new(&OF, 3, &device()).unwrap_err().to_string();
    assert_eq!(error, "hypergraph of a node is 3, expected a number below 3");
}

#[test]
fn gated_attention_equals_its_formula() {
    let (x, batch) = (rows(OF.len(), FEATURES, 1), Batch::<Cpu>::new(&OF, GRAPHS, &device()).unwrap());
    let pool = stirred(AttentionPoolConfig::new(FEATURES, OUTPUTS).init::<Cpu>(&device(), &mut WeightStream::new(1)).unwrap());
    let got = pool.forward(&NodeFeatures::Dense(matrix(&x, FEATURES)), &batch, Precision::F64).unwrap();
    let [gate, value] = [&pool.gate, &pool.value].map(|l| (to_rows(l.weight.val()), values(l.bias.val())));
    let expected: Rows = (0..GRAPHS)
        .map(|g| {
            let score = |v: usize| (times(&x[v], &gate.0)[0] + gate.1[0]).exp();
            let total: f64 = nodes_of(g).into_iter().map(score).sum();
            let mut y = vec![0.0; OUTPUTS];
            for v in nodes_of(g) {
                let mut own = times(&x[v], &value.0);
                add(&mut own, 1.0, &value.1);
                own.iter_mut().for_each(|o| *o = o.tanh());
                add(&mut y, score(v) / total, &own);
            }
            y
        })
        .collect();
    assert_rows(&to_rows(got), &expected, "gated attention");
    let none = Batch::<Cpu>::new(&[], 2, &device()).unwrap();
    let nobody = NodeFeatures::Dense(burn::tensor::Tensor::<Cpu, 2>::zeros([0, FEATURES], &device()));
    assert_eq!(values(pool.forward(&nobody, &none, Precision::F64).unwrap()), vec![0.0; 2 * OUTPUTS]);
    let few = NodeFeatures::Dense(matrix(&rows(6, FEATURES, 1), FEATURES));
    assert!(pool.forward(&few, &batch, Precision::F64).unwrap_err().to_string().contains("expected [7, 5]"));
}

#[test]
fn a_set_gives_the_same_in_any_batch_and_an_empty_one_the_seed() {
    let pma = stirred(PmaConfig::new(FEATURES, OUTPUTS).with_heads(2).init::<Cpu>(&device(), &mut WeightStream::new(1)).unwrap());
    let x = rows(OF.len(), FEATURES, 1);
    let pool = |x: &Rows, of: &[u32], graphs| {
        let batch = Batch::<Cpu>::new(of, graphs, &device()).unwrap();
        let features = NodeFeatures::Dense(matrix(x, FEATURES));
        to_rows(set_pool(&pma, &features, &batch, Precision::F64, &Masks::none()).unwrap())
    };
    let all = pool(&x, &OF, GRAPHS);
    for g in [0, 2, 3] {
        let own: Rows = nodes_of(g).into_iter().map(|v| x[v].clone()).collect();
        assert_rows(&pool(&own, &vec![0; own.len()], 1), &vec![all[g].clone()], "alone");
    }
    // Layer norm of the seed, and so on: what does not depend on any node.
    let other = pool(&rows(OF.len(), FEATURES, 8), &OF, GRAPHS);
    assert_rows(&vec![all[1].clone()], &vec![other[1].clone()], "empty");
    assert!(all[1].iter().all(|v| v.is_finite()) && all[1].iter().any(|v| v.abs() > 1e-3));
}

#[test]
fn gradients_are_right() {
    let batch = Batch::<Ad>::new(&OF, GRAPHS, &device()).unwrap();
    let x = [rows(OF.len(), FEATURES, 1)];
    let pool = stirred(AttentionPoolConfig::new(FEATURES, OUTPUTS).init::<Ad>(&device(), &mut WeightStream::new(1)).unwrap());
    check_gradients(&pool, &x, |pool, x| {
        let attention = pool.forward(&NodeFeatures::Dense(x[0].clone()), &batch, Precision::F64).unwrap();
        let mean = mean_pool(x[0].clone(), &batch).unwrap();
        burn::tensor::Tensor::cat(vec![attention, mean, max_pool(x[0].clone(), &batch).unwrap()], 1)
    });
}
