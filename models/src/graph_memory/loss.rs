//! The losses of a training.

use burn::tensor::{Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, Index, Targets, cross_entropy, gather};
use serde::{Deserialize, Serialize};

use super::batch::QuestionBatch;
use super::context::MemoryContext;
use super::copy::Names;
use super::encoder::SlotStates;
use super::facts::FactGraph;
use super::layer::MemoryRead;
use super::model::{HypergraphTransformer, Reading};
use crate::error::{ModelError, Result};
use crate::precision::Precision;

/// Keeps logarithms and quotients finite.
const TINY: f64 = 1e-9;
/// The least weight that a loss knows: a gold slot that was not kept cannot be read better.
const UNREAD: f64 = 1e-5;
/// Added to the scores of slots that are not gold.
const APART: f32 = -1e4;
/// Slots that a step predicts links of.
const LINKS: usize = 256;

/// The factors of the losses beside that of the answers, which has 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossWeights {
    /// Of the retrieval of gold slots.
    pub retrieval: f64,
    /// Of the link prediction. Facts drawn at random have no links that others tell, so that it is 0 unless asked for.
    pub link: f64,
    /// Of the null slot in questions that no fact answers. About their share among the questions: much more makes refusals of what could be answered.
    pub null: f64,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self { retrieval: 1.0, link: 0.0, null: 0.25 }
    }
}

/// The losses of a step, `[1]` each, in f32 (f64 for [`Precision::F64`]).
#[derive(Debug, Clone)]
pub struct Losses<B: HyperBackend> {
    /// What is minimised: the weighted sum.
    pub total: Tensor<B, 1>,
    /// The mean of −ln p over the tokens of the answers.
    pub answer: Tensor<B, 1>,
    /// The mean of −ln of the mass on gold slots over rows of questions that a fact answers: half before the top-k, among all slots, half as they are read.
    pub retrieval: Tensor<B, 1>,
    /// The mean of −ln of the null slot's mass over rows of all other questions.
    pub null: Tensor<B, 1>,
    /// The mean of −ln p(v_i | zb_(e,i)) over slots, among the entities of the step; 0 where its weight is 0.
    pub link: Tensor<B, 1>,
}

/// What the questions of a step are about.
#[derive(Debug)]
pub struct Asking<'a, B: HyperBackend> {
    /// The facts.
    pub graph: &'a FactGraph<B>,
    /// The names of their entities.
    pub names: &'a Names,
}

impl<B: HyperBackend> HypergraphTransformer<B> {
    /// The losses of questions about one memory, with teacher forcing.
    ///
    /// # Errors
    /// As [`hidden`](Self::hidden) and [`encode`](Self::encode).
    pub fn losses(
        &self,
        batch: &QuestionBatch,
        asking: &Asking<'_, B>,
        context: &MemoryContext<B>,
        weights: LossWeights,
    ) -> Result<Losses<B>> {
        let (precision, device, count) = (context.precision(), context.device(), asking.graph.list().slots());
        if let Some(&slot) = batch.questions.iter().flat_map(|asked| &asked.gold).find(|slot| **slot as usize >= count) {
            return Err(ModelError::option("gold slot of a question", slot, format!("a number below {count}, the slots of the memory")));
        }
        let slots = self.slots(asking.graph, precision)?;
        let memory = self.memory(&slots, asking.graph, precision)?;
        let mut reads = Vec::with_capacity(self.layers.len());
        let rows = Index::new(&batch.rows, batch.tokens.ids().len(), device)?;
        let reading = Reading::new(&memory, &batch.tokens, &batch.rows, device)?;
        let h = self.hidden(&batch.tokens, context, None, Some(&reading), &mut |read| reads.push(read))?;
        let h = gather(h, &rows)?; // [n, d]
        let (Some(read), Some(layer), Some(keys)) = (reads.pop(), self.layers.last(), memory.layers.last()) else {
            unreachable!("a configuration has a memory layer, as its check says; this is a bug");
        };
        let answer = self.answer_loss(h, batch, asking, &read, context)?;
        let scores = layer.scores(read.queries.clone(), keys, precision); // [Hm, n, 1 + S]
        let found = retrieval_loss(scores, batch, precision);
        let [kept, null] = reading_losses(&read, batch, precision)?;
        let retrieval = (found + kept).div_scalar(2.0);
        let link = match weights.link > 0.0 {
            true => self.link_loss(&slots, asking, precision)?,
            false => answer.zeros_like().detach(),
        };
        let weighted = |loss: &Tensor<B, 1>, weight: f64| loss.clone().mul_scalar(weight);
        let total =
            answer.clone() + weighted(&retrieval, weights.retrieval) + weighted(&null, weights.null) + weighted(&link, weights.link);
        Ok(Losses { total, answer, retrieval, null, link })
    }

    fn answer_loss(
        &self,
        h: Tensor<B, 2>,
        batch: &QuestionBatch,
        asking: &Asking<'_, B>,
        read: &MemoryRead<B>,
        context: &MemoryContext<B>,
    ) -> Result<Tensor<B, 1>> {
        let (precision, device, n) = (context.precision(), context.device(), batch.len());
        let logits = self.base.logits(h.clone(), precision); // [n, V]
        let targets: Vec<Option<u32>> = batch.targets.iter().copied().map(Some).collect();
        let targets = Targets::new(&targets, logits.dims()[1], device)?;
        let spoken = cross_entropy(logits, &targets)?.neg().exp(); // p_LM of the target, [n]
        let [_, heads, _, columns] = read.weights.dims();
        let kept = columns - 1;
        let weights = precision.widen(read.weights.clone().swap_dims(1, 2).reshape([n, heads * columns])); // [n, Hm*(K + 1)]
        let slots = &read.slots;
        let mut masks = [(); 3].map(|()| vec![0f32; n * heads * columns]);
        for row in 0..n {
            let of_head = |head: usize| &slots[(head * n + row) * kept..(head * n + row + 1) * kept];
            let entities: Vec<u32> = (0..heads).flat_map(of_head).map(|&slot| asking.graph.list().entity_of()[slot as usize]).collect();
            let proposals = asking.names.proposals(&entities, batch.text(row));
            for (at, proposal) in proposals.into_iter().enumerate() {
                let column = row * heads * columns + at / kept.max(1) * columns + 1 + at % kept.max(1);
                masks[0][column] = f32::from(proposal.is_some());
                masks[1][column] = f32::from(proposal == Some(batch.targets[row]));
            }
            (0..heads).for_each(|head| masks[2][(row * heads + head) * columns] = (heads as f32).recip());
        }
        let sums = masks.map(|mask| {
            let mask = Tensor::<B, 2>::from_data(TensorData::new(mask, [n, heads * columns]), (device, precision.wide().dtype()));
            (weights.clone() * mask).sum_dim(1).reshape([n])
        });
        let [proposed, right, null] = sums; // [n]
        let share = self.copy.share(h, null, precision);
        let copied = right / proposed.add_scalar(TINY);
        let p = spoken.clone() + share * (copied - spoken);
        Ok(p.add_scalar(TINY).log().neg().mean())
    }

    fn link_loss(&self, slots: &SlotStates<B>, asking: &Asking<'_, B>, precision: Precision) -> Result<Tensor<B, 1>> {
        let (count, device) = (asking.graph.list().slots(), slots.facts.device());
        let taken: Vec<u32> = (0..count).step_by(count.div_ceil(LINKS)).map(|slot| slot as u32).collect();
        let mut entities: Vec<u32> = taken.iter().map(|&slot| asking.graph.list().entity_of()[slot as usize]).collect();
        let of_slot = entities.clone();
        entities.sort_unstable();
        entities.dedup();
        let place = |entity: &u32| entities.binary_search(entity).ok().map(|at| at as u32);
        let targets = Targets::new(&of_slot.iter().map(place).collect::<Vec<_>>(), entities.len(), &device)?;
        // A slot that has the entity stands for it.
        let mut first = vec![0u32; entities.len()];
        of_slot.iter().zip(&taken).rev().for_each(|(entity, &slot)| first[entities.binary_search(entity).unwrap_or(0)] = slot);
        let facts = gather(slots.facts.clone(), &Index::new(&taken, count, &device)?)?; // [t, d_g]
        let candidates = gather(slots.entities.clone(), &Index::new(&first, count, &device)?)?; // [c, d_g]
        let width = candidates.dims()[1] as f64;
        let scores = precision.widen(self.link.forward(facts, precision).matmul(candidates.transpose())).div_scalar(width.sqrt());
        Ok(cross_entropy(scores, &targets)?.mean())
    }
}

/// The mean −ln of the mass on gold slots among all, of rows of questions that a fact answers.
fn retrieval_loss<B: HyperBackend>(scores: Tensor<B, 3>, batch: &QuestionBatch, precision: Precision) -> Tensor<B, 1> {
    let ([heads, n, columns], device) = (scores.dims(), scores.device());
    let mut apart = vec![APART; n * columns];
    for row in 0..n {
        let gold = &batch.question(row).gold;
        gold.iter().for_each(|&slot| apart[row * columns + 1 + slot as usize] = 0.0);
    }
    let dtype = precision.wide().dtype();
    let apart = Tensor::<B, 2>::from_data(TensorData::new(apart, [n, columns]), (&device, dtype)).unsqueeze::<3>();
    let loss = (log_sum_exp(scores.clone()) - log_sum_exp(scores + apart)).sum_dim(0).div_scalar(heads as f64).reshape([n]);
    mean_of(loss, |row| !batch.question(row).gold.is_empty(), precision)
}

/// The mean −ln of the weight that gold slots were read with, of rows of questions that a fact answers, and of the null slot's weight, of all others.
fn reading_losses<B: HyperBackend>(read: &MemoryRead<B>, batch: &QuestionBatch, precision: Precision) -> Result<[Tensor<B, 1>; 2]> {
    let ([_, heads, n, columns], device) = (read.weights.dims(), read.weights.device());
    let (kept, slots) = (columns - 1, &read.slots);
    let mut wanted = vec![0f32; heads * n * columns];
    for (at, row) in wanted.chunks_exact_mut(columns).enumerate() {
        let gold = &batch.question(at % n).gold;
        row[0] = f32::from(gold.is_empty());
        for (wanted, slot) in row[1..].iter_mut().zip(&slots[at * kept..(at + 1) * kept]) {
            *wanted = f32::from(gold.contains(slot));
        }
    }
    let wanted = Tensor::<B, 4>::from_data(TensorData::new(wanted, [1, heads, n, columns]), (&device, precision.wide().dtype()));
    let weight = (precision.widen(read.weights.clone()) * wanted).sum_dim(3); // [1, Hm, n, 1]
    let loss = weight.add_scalar(UNREAD).log().neg().sum_dim(1).div_scalar(heads as f64).reshape([n]);
    let is_asked = |row: usize| !batch.question(row).gold.is_empty();
    Ok([mean_of(loss.clone(), is_asked, precision), mean_of(loss, |row| !is_asked(row), precision)])
}

/// The mean of the rows that count, `[n]` -> `[1]`; 0 where none does.
fn mean_of<B: HyperBackend>(loss: Tensor<B, 1>, counts: impl Fn(usize) -> bool, precision: Precision) -> Tensor<B, 1> {
    let (n, device) = (loss.dims()[0], loss.device());
    let share: Vec<f32> = (0..n).map(|row| f32::from(counts(row))).collect();
    let counted = share.iter().sum::<f32>().max(1.0);
    let share = Tensor::<B, 1>::from_data(TensorData::new(share, [n]), (&device, precision.wide().dtype()));
    (loss * share).sum().div_scalar(counted)
}

/// ln Σ exp over the last axis, `[a, b, c]` -> `[a, b, 1]`.
fn log_sum_exp<B: HyperBackend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    let most = x.clone().max_dim(2).detach();
    (x - most.clone()).exp().sum_dim(2).log() + most
}
