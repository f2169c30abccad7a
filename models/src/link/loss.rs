//! The loss of questions that have several answers.

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, Index, Scatter, Targets, cross_entropy, gather, scatter_add};

use super::candidates::Candidates;
use super::predictor::{Encoded, LinkPredictor, compare};
use super::queries::{Query, Question};
use crate::error::Result;
use crate::layers::Masks;
use crate::precision::Precision;

/// What the scores of a step are compared with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Objective<'a> {
    /// Entities that stand for all of them; `None`: all themselves.
    pub(super) candidates: Option<&'a Candidates>,
    /// ε, the share of the right that all entities have together.
    pub(super) smoothing: f64,
}

/// The mean over questions of each one's cross entropy with its answers A, which share the right equally, and with all N entities, which have ε of it
/// (label smoothing, Szegedy et al. 2016):
///
/// ```text
/// L(q) = log Σ_v w_v exp(s_v) − (1 − ε) mean_{a in A} s_a − ε Σ_v w_v s_v / N            s_v = ⟨h, x_v⟩ + b_v
///      = CE(s + log w, a_1) + ⟨h, x_{a_1} − (1 − ε) mean_A x − ε Σ_v w_v x_v / N⟩ + the same of b
/// ```
///
/// over all entities with w = 1, or over candidates, where w is how many entities one stands for. The second form reads the `[Q, N]` scores once, in the
/// fused op, however many answers there are.
///
/// # Errors
/// A question with an entity or a relation that there is not, or a type that the device lacks.
pub(super) fn loss<B: HyperBackend>(
    model: &LinkPredictor<B>,
    encoded: &Encoded<B>,
    questions: &[&Question<'_>],
    objective: Objective<'_>,
    precision: Precision,
    masks: &Masks,
) -> Result<Tensor<B, 1>> {
    let Objective { candidates, smoothing } = objective;
    let (device, entities) = (encoded.entities.device(), encoded.entities.dims()[0]);
    let numbers = |values: &[f32]| Tensor::<B, 1>::from_data(values, (&device, precision.wide().dtype()));
    let asked: Vec<Query<'_>> = questions.iter().map(|question| question.query).collect();
    let place = |answer: u32| candidates.map_or(answer, |candidates| candidates.place(answer));
    let first: Vec<u32> = questions.iter().map(|question| place(question.answers[0])).collect();
    let answers: Vec<u32> = questions.iter().flat_map(|question| question.answers.iter().map(|&answer| place(answer))).collect();
    let owners: Vec<u32> = (0..).zip(questions).flat_map(|(at, question)| question.answers.iter().map(move |_| at)).collect();
    let shares: Vec<f32> = questions.iter().map(|question| (1.0 - smoothing) as f32 / question.answers.len() as f32).collect();
    let share: Tensor<B, 2> = numbers(&shares).unsqueeze_dim(1); // [Q, 1]

    let states = model.states(encoded, &asked, precision, masks)?; // [Q, F]
    let bias: Tensor<B, 2> = precision.widen(model.bias.val()).unsqueeze_dim(1); // [N, 1]
    let (table, bias, weights) = match candidates {
        None => (encoded.entities.clone(), bias, None),
        Some(candidates) => {
            let index = Index::new(&candidates.ids, entities, &device)?;
            (gather(encoded.entities.clone(), &index)?, gather(bias, &index)?, Some(numbers(&candidates.weights()))) // [C, F], [C, 1], [C]
        }
    };
    let rows = table.dims()[0];
    let own_bias: Tensor<B, 1> = bias.clone().squeeze_dim(1);
    let raised = weights.iter().fold(own_bias, |bias, weights| bias + weights.clone().log());
    let targets: Vec<Option<u32>> = first.iter().copied().map(Some).collect();
    let own = cross_entropy(compare(states.clone(), table.clone(), raised, precision), &Targets::new(&targets, rows, &device)?)?; // [Q]
    let (first, answers, owners) =
        (Index::new(&first, rows, &device)?, Index::new(&answers, rows, &device)?, Index::new(&owners, questions.len(), &device)?);
    let everywhere = |x: Tensor<B, 2>| match &weights {
        None => x.mean_dim(0),
        Some(weights) => weights.clone().div_scalar(entities as f64).unsqueeze::<2>().matmul(x),
    };
    let difference = |x: Tensor<B, 2>| -> Result<Tensor<B, 2>> {
        let sums = scatter_add(precision.widen(gather(x.clone(), &answers)?), &owners, Scatter::Deterministic)?;
        let left = precision.widen(gather(x.clone(), &first)?) - sums * share.clone();
        Ok(if smoothing == 0.0 { left } else { left - everywhere(precision.widen(x)).mul_scalar(smoothing) })
    };
    let (table, bias) = (difference(table)?, difference(bias)?); // [Q, F], [Q, 1]
    let loss = own.unsqueeze_dim(1) + (precision.widen(states) * table).sum_dim(1) + bias; // [Q, 1]
    Ok(loss.mean())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found")]

    use burn::module::Param;
    use hypergraphql_ops::{Cpu, CpuDevice};

    use super::super::predictor::LinkConfig;
    use super::*;

    #[test]
    fn the_loss_is_what_plain_sums_say() {
        let (device, none) = (CpuDevice::default(), Masks::none());
        let mut model = LinkConfig::new(7, 2).with_width(8).with_heads(2).with_layers(0).init::<Cpu>(&device, 5).unwrap();
        let bias = Tensor::<Cpu, 1>::from_data([0.5, -1.0, 0.0, 2.0, 0.25, -0.5, 1.0], &device);
        model.bias = Param::from_tensor(bias);
        let question =
            |entity, qualifiers, answers: &[u32]| Question { query: Query { entity, relation: 1, qualifiers }, answers: answers.to_vec() };
        let questions = [question(0, &[][..], &[3]), question(2, &[(0, 5)], &[0, 3, 6]), question(1, &[], &[2, 4])];
        let asked: Vec<Query<'_>> = questions.iter().map(|question| question.query).collect();
        // By how many entities each one stands for.
        let expected = |scores: &[f32], weights: &[f64; 7], smoothing: f64| {
            let of = |(row, question): (&[f32], &Question<'_>)| {
                let weighted = |f: fn(f64) -> f64| weights.iter().zip(row).map(|(w, score)| w * f(f64::from(*score))).sum::<f64>();
                let right: f64 = question.answers.iter().map(|&answer| f64::from(row[answer as usize])).sum();
                weighted(f64::exp).ln() - (1.0 - smoothing) * right / question.answers.len() as f64 - smoothing * weighted(|s| s) / 7.0
            };
            scores.chunks(7).zip(&questions).map(of).sum::<f64>() / 3.0
        };
        let borrowed: Vec<&Question<'_>> = questions.iter().collect();
        // Entities 1 and 5 are no answers: both are drawn, or one that stands for both.
        let drawn = [7, 1].map(|negatives| Candidates::draw(&borrowed, 7, negatives, 3, 0));
        let chosen = drawn[1].ids[5];
        assert!([1, 5].contains(&chosen));
        let mut one = [1.0; 7];
        (one[1], one[5]) = (0.0, 0.0);
        one[chosen as usize] = 2.0;
        // In bf16 the product with all entities rounds scores to 8 bits, that with the answers does not.
        for (precision, bound) in [(Precision::F32, 1e-5), (Precision::Bf16, 2e-2)] {
            let table = |values: &Param<Tensor<Cpu, 2>>| precision.cast(values.val());
            let encoded = Encoded { entities: table(&model.entities), relations: table(&model.relations) };
            let scores: Vec<f32> = model.scores(&encoded, &asked, precision, &none).unwrap().into_data().iter::<f32>().collect();
            for (candidates, weights) in [(None, &[1.0; 7]), (Some(&drawn[0]), &[1.0; 7]), (Some(&drawn[1]), &one)] {
                for smoothing in [0.0, 0.3] {
                    let objective = Objective { candidates, smoothing };
                    let found: f32 = loss(&model, &encoded, &borrowed, objective, precision, &none).unwrap().into_scalar();
                    let expected = expected(&scores, weights, smoothing);
                    let off = (f64::from(found) - expected).abs();
                    assert!(off < bound, "{precision:?}, {weights:?}, {smoothing}: {found} and {expected}");
                }
            }
        }
    }
}
