//! The loss of questions that have several answers.

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, Index, Scatter, Targets, cross_entropy, gather, scatter_add};

use super::predictor::{Encoded, LinkPredictor};
use super::queries::{Query, Question};
use crate::error::Result;
use crate::layers::Masks;
use crate::precision::Precision;

/// The mean over questions of each one's cross entropy with its answers A, which share the right equally:
///
/// ```text
/// L(q) = log Σ_v exp(s_v) − mean_{a in A} s_a                        s_v = ⟨h, x_v⟩ + b_v
///      = CE(s, a_1) + ⟨h, x_{a_1} − mean_A x⟩ + b_{a_1} − mean_A b
/// ```
///
/// The second form reads the `[Q, N]` scores once, in the fused op, however many answers there are.
///
/// # Errors
/// A question with an entity or a relation that there is not, or a type that the device lacks.
pub(super) fn loss<B: HyperBackend>(
    model: &LinkPredictor<B>,
    encoded: &Encoded<B>,
    questions: &[&Question<'_>],
    precision: Precision,
    masks: &Masks,
) -> Result<Tensor<B, 1>> {
    let (device, entities) = (encoded.entities.device(), encoded.entities.dims()[0]);
    let asked: Vec<Query<'_>> = questions.iter().map(|question| question.query).collect();
    let first: Vec<u32> = questions.iter().map(|question| question.answers[0]).collect();
    let answers: Vec<u32> = questions.iter().flat_map(|question| question.answers.iter().copied()).collect();
    let owners: Vec<u32> = (0..).zip(questions).flat_map(|(at, question)| question.answers.iter().map(move |_| at)).collect();
    let shares: Vec<f32> = questions.iter().map(|question| 1.0 / question.answers.len() as f32).collect();
    let share: Tensor<B, 2> = Tensor::<B, 1>::from_data(shares.as_slice(), (&device, precision.wide().dtype())).unsqueeze_dim(1); // [Q, 1]

    let states = model.states(encoded, &asked, precision, masks)?; // [Q, F]
    let targets: Vec<Option<u32>> = first.iter().copied().map(Some).collect();
    let own = cross_entropy(model.compare(encoded, states.clone(), precision), &Targets::new(&targets, entities, &device)?)?; // [Q]
    let (first, answers, owners) =
        (Index::new(&first, entities, &device)?, Index::new(&answers, entities, &device)?, Index::new(&owners, questions.len(), &device)?);
    let difference = |x: Tensor<B, 2>| -> Result<Tensor<B, 2>> {
        let sums = scatter_add(precision.widen(gather(x.clone(), &answers)?), &owners, Scatter::Deterministic)?;
        Ok(precision.widen(gather(x, &first)?) - sums * share.clone())
    };
    let entities = difference(encoded.entities.clone())?; // [Q, F]
    let bias = difference(model.bias.val().unsqueeze_dim(1))?; // [Q, 1]
    let loss = own.unsqueeze_dim(1) + (precision.widen(states) * entities).sum_dim(1) + bias; // [Q, 1]
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
    fn the_loss_is_the_mean_over_answers_of_the_cross_entropies() {
        let (device, none) = (CpuDevice::default(), Masks::none());
        let mut model = LinkConfig::new(7, 2).with_width(8).with_heads(2).with_layers(0).init::<Cpu>(&device, 5).unwrap();
        let bias = Tensor::<Cpu, 1>::from_data([0.5, -1.0, 0.0, 2.0, 0.25, -0.5, 1.0], &device);
        model.bias = Param::from_tensor(bias);
        let question =
            |entity, qualifiers, answers: &[u32]| Question { query: Query { entity, relation: 1, qualifiers }, answers: answers.to_vec() };
        let questions = [question(0, &[][..], &[3]), question(2, &[(0, 5)], &[0, 3, 6]), question(1, &[], &[2, 4])];
        let asked: Vec<Query<'_>> = questions.iter().map(|question| question.query).collect();
        let of = |(row, question): (&[f32], &Question<'_>)| {
            let total: f64 = row.iter().map(|score| f64::from(*score).exp()).sum();
            let right: f64 = question.answers.iter().map(|&answer| f64::from(row[answer as usize])).sum();
            total.ln() - right / question.answers.len() as f64
        };
        // In bf16 the product with all entities rounds scores to 8 bits, that with the answers does not.
        for (precision, bound) in [(Precision::F32, 1e-5), (Precision::Bf16, 2e-2)] {
            let table = |values: &Param<Tensor<Cpu, 2>>| precision.cast(values.val());
            let encoded = Encoded { entities: table(&model.entities), relations: table(&model.relations) };
            let scores: Vec<f32> = model.scores(&encoded, &asked, precision, &none).unwrap().into_data().iter::<f32>().collect();
            let expected = scores.chunks(7).zip(&questions).map(of).sum::<f64>() / 3.0;
            let borrowed: Vec<&Question<'_>> = questions.iter().collect();
            let found: f32 = loss(&model, &encoded, &borrowed, precision, &none).unwrap().into_scalar();
            assert!((f64::from(found) - expected).abs() < bound, "{precision:?}: {found} and {expected}");
        }
    }
}
