//! Generation with a memory.

use burn::tensor::Tensor;
use hypergraphql_ops::HyperBackend;

use super::context::{MemoryCache, MemoryContext};
use super::copy::Names;
use super::layer::{Memory, MemoryRead};
use super::model::{HypergraphTransformer, Reading};
use crate::error::Result;
use crate::transformer::{Decoder, Evidence, TokenBatch, host, last};

/// Probabilities below this are equal: their logarithm stays finite.
const LEAST: f64 = 1e-30;

/// A decoder that reads a memory, for [`generate`](crate::transformer::generate()). Where the copy head is on, logits are logarithms of p.
#[derive(Debug)]
pub struct MemoryDecoder<'a, B: HyperBackend> {
    model: &'a HypergraphTransformer<B>,
    context: &'a MemoryContext<B>,
    memory: Option<&'a Memory<B>>,
    names: &'a Names,
    cache: MemoryCache<B>,
    running: Vec<Running>,
}

/// A sequence that goes on.
#[derive(Debug, Clone, Default)]
struct Running {
    /// What has been said after the prompt.
    text: Vec<u32>,
    /// Sums of weights by slot, over the rows that answered.
    read: Vec<(u32, f64)>,
    rows: usize,
}

/// What the last memory layer read at the rows that answer: by row the kept slots of all heads with weights that, with the null slot's, sum to 1.
struct LastRead {
    slots: Vec<u32>,
    weights: Vec<f32>,
    heads: usize,
    kept: usize,
}

impl<'a, B: HyperBackend> MemoryDecoder<'a, B> {
    /// With an empty cache; without a memory it is the decoder alone. `names` are those of the entities of the memory's facts.
    pub fn new(
        model: &'a HypergraphTransformer<B>,
        context: &'a MemoryContext<B>,
        memory: Option<&'a Memory<B>>,
        names: &'a Names,
    ) -> Self {
        Self { model, context, memory, names, cache: context.cache(), running: Vec::new() }
    }

    fn read(&mut self, batch: &TokenBatch) -> Result<Vec<f32>> {
        let precision = self.context.precision();
        let mut read = None;
        let rows = batch.last_rows();
        // A prompt reads where it is answered, at its last token, and so does every token of the answer.
        let reading = self.memory.map(|memory| Reading::new(memory, batch, &rows, self.context.device())).transpose()?;
        let h = self.model.hidden(batch, self.context, Some(&mut self.cache), reading.as_ref(), &mut |next| read = Some(next))?;
        let h = last(h, batch)?; // [S, d]
        let logits = host(self.model.base.logits(h.clone(), precision));
        let (Some(memory), Some(read)) = (self.memory, read) else { return Ok(logits) };
        let read = LastRead::new(read);
        let null = Tensor::from_data(read.null().as_slice(), self.context.device());
        let shares: Vec<f32> = self.model.copy.share(h, null, precision).into_data().iter::<f32>().collect();
        let vocabulary = logits.len() / rows.len();
        let mut mixed = Vec::with_capacity(logits.len());
        for (row, (running, &share)) in self.running.iter_mut().zip(&shares).enumerate() {
            let slots = read.of(row);
            running.take(&slots);
            let entities: Vec<u32> = slots.iter().map(|&(slot, _)| memory.facts.list().entity_of()[slot as usize]).collect();
            let proposals = self.names.proposals(&entities, &running.text);
            let proposed: f64 = proposals.iter().zip(&slots).filter(|(token, _)| token.is_some()).map(|(_, slot)| slot.1).sum();
            let mut p = softmax(&logits[row * vocabulary..(row + 1) * vocabulary]);
            if proposed > 0.0 {
                p.iter_mut().for_each(|p| *p *= 1.0 - f64::from(share));
                for (token, &(_, weight)) in proposals.iter().zip(&slots) {
                    if let Some(token) = token {
                        p[*token as usize] += f64::from(share) * weight / proposed;
                    }
                }
            }
            // What is no number stays none, for the sampler to find.
            mixed.extend(p.into_iter().map(|p| if p < LEAST { LEAST } else { p }.ln() as f32));
        }
        Ok(mixed)
    }
}

impl<B: HyperBackend> Decoder for MemoryDecoder<'_, B> {
    fn vocabulary(&self) -> usize {
        self.model.base.embedding.dims()[0]
    }

    fn places(&self) -> usize {
        self.context.decoder.places()
    }

    fn prefill(&mut self, prompts: &TokenBatch) -> Result<Vec<f32>> {
        self.cache = self.context.cache();
        self.running = vec![Running::default(); prompts.sequences()];
        self.read(prompts)
    }

    fn step(&mut self, tokens: Vec<u32>) -> Result<Vec<f32>> {
        self.running.iter_mut().zip(&tokens).for_each(|(running, &token)| running.text.push(token));
        let batch = TokenBatch::step(tokens, &self.cache.sequences())?;
        self.read(&batch)
    }

    fn keep(&mut self, kept: &[bool]) -> Result<()> {
        self.cache.keep(kept)?;
        let mut flags = kept.iter();
        self.running.retain(|_| flags.next().copied().unwrap_or(false));
        Ok(())
    }

    fn evidence(&self, row: usize) -> Vec<Evidence> {
        self.running.get(row).map_or_else(Vec::new, Running::evidence)
    }
}

impl Running {
    fn take(&mut self, slots: &[(u32, f64)]) {
        self.rows += 1;
        for &(slot, weight) in slots {
            match self.read.iter_mut().find(|known| known.0 == slot) {
                Some(known) => known.1 += weight,
                None => self.read.push((slot, weight)),
            }
        }
    }

    /// The mean weight of each slot that was kept, by falling weight.
    fn evidence(&self) -> Vec<Evidence> {
        let mean = |&(slot, sum): &(u32, f64)| Evidence { slot, weight: sum / self.rows.max(1) as f64 };
        let mut evidence: Vec<Evidence> = self.read.iter().map(mean).collect();
        evidence.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.slot.cmp(&b.slot)));
        evidence
    }
}

impl LastRead {
    fn new<B: HyperBackend>(read: MemoryRead<B>) -> Self {
        let [_, heads, rows, columns] = read.weights.dims();
        let (all_slots, kept) = (read.slots, columns - 1);
        let all_weights: Vec<f32> = read.weights.into_data().iter::<f32>().collect();
        let (mut slots, mut weights) = (Vec::new(), Vec::new());
        for row in 0..rows {
            for head in 0..heads {
                let at = head * rows + row;
                slots.extend_from_slice(&all_slots[at * kept..(at + 1) * kept]);
                weights.extend_from_slice(&all_weights[at * columns..(at + 1) * columns]);
            }
        }
        Self { slots, weights, heads, kept }
    }

    /// The mean weight of the null slot of each row.
    fn null(&self) -> Vec<f32> {
        let columns = self.kept + 1;
        self.weights.chunks_exact(self.heads * columns).map(|row| row.iter().step_by(columns).sum::<f32>() / self.heads as f32).collect()
    }

    /// The kept slots of a row, head after head, with their share of the mean over heads.
    fn of(&self, row: usize) -> Vec<(u32, f64)> {
        let (kept, columns) = (self.kept, self.kept + 1);
        let slots = &self.slots[row * self.heads * kept..(row + 1) * self.heads * kept];
        let weights = &self.weights[row * self.heads * columns..(row + 1) * self.heads * columns];
        let weights = weights.chunks_exact(columns).flat_map(|head| &head[1..]);
        slots.iter().copied().zip(weights.map(|&weight| f64::from(weight) / self.heads as f64)).collect()
    }
}

/// The probabilities of logits.
fn softmax(logits: &[f32]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut p: Vec<f64> = logits.iter().map(|x| f64::from(x - most).exp()).collect();
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p
}
