//! The losses against plain loops, and their gradients against central differences.

use burn::module::Module;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_models::Precision;
use hypergraphql_models::layers::Masks;
use hypergraphql_models::pairs::{Messages, PairBatch, PairData, PairLogits, PairLosses, PairPredictor, PairWeights, losses};
use hypergraphql_ops::Cpu;

use super::parameters::{Ad, Nudge, gradients};
use super::{device, network, small, stirred, values};

const STEP: f64 = 1e-5;
const WEIGHTS: PairWeights = PairWeights { candidate: 0.4, types: 0.7 };

/// Three connections of two pairs, of the same pair twice, and five negatives.
fn batch(data: &PairData) -> PairBatch {
    let asked = data.train.iter().filter(|c| c.ends() == data.train[0].ends() || **c == data.train[4]);
    let mut batch = PairBatch::of(asked, data);
    assert!(batch.positives >= 2 && batch.rows.len() > 2);
    batch.pairs.extend([(0, 6), (2, 6), (1, 2), (0, 3), (5, 6)]);
    batch
}

fn of(model: &PairPredictor<Ad>, data: &PairData) -> PairLosses<Ad> {
    let batch = batch(data);
    let asked: Vec<_> = batch.pairs[..batch.positives].iter().map(|&(u, v)| (u.min(v), u.max(v))).collect();
    let messages = Messages::new(data.train.iter().filter(|c| !asked.contains(&c.ends())), model.config(), &device()).unwrap();
    let states = model.encode(&messages, None, Precision::F64, &Masks::none()).unwrap();
    losses(&model.scorer.forward(&states, &batch.pairs, Precision::F64, &Masks::none()).unwrap(), &batch, WEIGHTS).unwrap()
}

#[test]
fn gradients_are_central_differences() {
    for directed in [false, true] {
        let data = small(directed);
        let model: PairPredictor<Ad> = stirred(network(&data).with_width(6).init(&device(), 1).unwrap());
        let tape = of(&model, &data).total.backward();
        let (mut moved, mut counted) = (0, 0);
        for (parameter, gradient) in gradients(&model, &tape).iter().enumerate() {
            assert!(!gradient.is_empty(), "parameter {parameter} has no gradient");
            for element in [0, gradient.len() / 3, gradient.len() / 2, gradient.len() - 1] {
                let at = |step| values(of(&model.clone().map(&mut Nudge { parameter, element, step, at: 0 }), &data).total)[0];
                let (got, expected) = (gradient[element], (at(STEP) - at(-STEP)) / (2.0 * STEP));
                let near = (got - expected).abs() < 1e-6 * (1.0 + expected.abs());
                assert!(near, "directed {directed}, parameter {parameter}, element {element}: {got}, by differences {expected}");
                (moved, counted) = (moved + usize::from(got != 0.0), counted + 1);
            }
        }
        assert!(moved * 10 > counted * 7, "{moved} of {counted} gradients are not zero");
    }
}

#[test]
fn the_losses_are_those_of_plain_loops() {
    let data = small(false);
    let batch = batch(&data);
    let tensor = |values: Vec<f64>| Tensor::<Cpu, 1>::from_data(TensorData::new(values.clone(), [values.len()]), (&device(), DType::F64));
    let count = batch.pairs.len();
    // Large ones, which an exponential alone would not survive.
    let score: Vec<f64> = (0..count).map(|i| (i as f64 * 1.3).sin() * if i % 3 == 0 { 900.0 } else { 2.0 }).collect();
    let candidate: Vec<f64> = (0..count).map(|i| (i as f64 * 0.7).cos()).collect();
    let types: Vec<Vec<f64>> = (0..count).map(|i| (0..3).map(|c| ((i * 3 + c) as f64).sin()).collect()).collect();
    let logits = PairLogits {
        candidate: tensor(candidate.clone()),
        score: tensor(score.clone()),
        types: Some(Tensor::from_data(TensorData::new(types.concat(), [count, 3]), (&device(), DType::F64))),
    };
    let found = losses(&logits, &batch, WEIGHTS).unwrap();
    let binary = |scores: &[f64]| {
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let (positives, negatives) = scores.split_at(batch.positives);
        let mean = |all: &[f64], sign: f64| all.iter().map(|s| softplus(sign * s)).sum::<f64>() / all.len() as f64;
        0.5 * (mean(positives, -1.0) + mean(negatives, 1.0))
    };
    let class = |(row, class): (&u32, &u32)| {
        let row = &types[*row as usize];
        row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[*class as usize]
    };
    let of_types = batch.rows.iter().zip(&batch.types).map(class).sum::<f64>() / batch.rows.len() as f64;
    let [total, edge, found_candidate, found_types] = [found.total, found.edge, found.candidate, found.types].map(|x| values(x)[0]);
    for (got, expected) in [
        (edge, binary(&score)),
        (found_candidate, binary(&candidate)),
        (found_types, of_types),
        (total, binary(&score) + 0.4 * binary(&candidate) + 0.7 * of_types),
    ] {
        assert!((got - expected).abs() < 1e-9 * expected.max(1.0), "{got}, expected {expected}");
    }
    let untyped = PairLogits { types: None, ..logits.clone() };
    assert_eq!(values(losses(&untyped, &batch, WEIGHTS).unwrap().types), [0.0]);
    for positives in [0, count] {
        let error = losses(&logits, &PairBatch { positives, ..batch.clone() }, WEIGHTS).unwrap_err().to_string();
        assert!(error.starts_with(&format!("connected pairs of a batch is {positives} of {count}")), "{error}");
    }
    assert!(losses(&logits, &PairBatch { pairs: vec![(0, 1)], ..batch }, WEIGHTS).is_err());
}
