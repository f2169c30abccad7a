//! StarE and a transformer: which entity answers a question.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation};
use hypergraphql_ops::{HyperBackend, Index, gather};

use super::decoder::LinkDecoder;
use super::queries::Query;
use crate::error::{ModelError, Result};
use crate::layers::{Composition, LayerNorm, Masks, StarE, StarEConfig, WeightStream, zeros};
use crate::precision::Precision;
use crate::statements::Statements;

/// Sizes and options of [`LinkPredictor`].
#[derive(Config, Debug, PartialEq)]
pub struct LinkConfig {
    /// N, the number of entities.
    pub entities: usize,
    /// R, the number of relations without their inverses.
    pub relations: usize,
    /// F, the width of embeddings and of everything that is made of them.
    #[config(default = 200)]
    pub width: usize,
    /// Layers of StarE; 0: the decoder reads the embeddings themselves.
    #[config(default = 1)]
    pub layers: usize,
    /// How an entity and a relation are composed.
    #[config(default = "Composition::Rotate")]
    pub composition: Composition,
    /// The share of a relation beside its qualifiers.
    #[config(default = 0.8)]
    pub alpha: f64,
    /// Layers of the transformer.
    #[config(default = 2)]
    pub decoder_layers: usize,
    /// Heads of its attention; they divide the width.
    #[config(default = 4)]
    pub heads: usize,
    /// Width between its two linear maps.
    #[config(default = 512)]
    pub feed_forward: usize,
    /// Qualifiers of a question that the transformer reads, the first ones; StarE reads all.
    #[config(default = 6)]
    pub max_qualifiers: usize,
    /// Probability of dropping an activation in training.
    #[config(default = 0.2)]
    pub dropout: f64,
}

impl LinkConfig {
    /// Tokens of the longest question.
    pub fn places(&self) -> usize {
        2 + 2 * self.max_qualifiers
    }

    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        let limit = |what, got: usize, range: std::ops::RangeInclusive<usize>| {
            let expected = format!("{} to {}", range.start(), range.end());
            if range.contains(&got) { Ok(()) } else { Err(ModelError::option(what, got, expected)) }
        };
        limit("entities", self.entities, 1..=u32::MAX as usize / 2)?;
        limit("relations", self.relations, 1..=u32::MAX as usize / 2)?;
        limit("hidden", self.width, 1..=1 << 16)?;
        limit("layers", self.layers, 0..=64)?;
        limit("decoder-layers", self.decoder_layers, 0..=64)?;
        limit("feed-forward", self.feed_forward, 1..=1 << 20)?;
        limit("max-qualifiers", self.max_qualifiers, 0..=1000)?;
        if self.heads == 0 || !self.width.is_multiple_of(self.heads) {
            return Err(ModelError::option("heads", self.heads, format!("a number that divides the hidden width {}", self.width)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(ModelError::option("dropout", self.dropout, "0 to below 1"));
        }
        Ok(())
    }

    /// A predictor with weights from a seed.
    ///
    /// # Errors
    /// An option outside its domain, or a weight of more than 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, seed: u64) -> Result<LinkPredictor<B>> {
        self.check()?;
        let mut weights = WeightStream::new(seed);
        let stare = StarEConfig::new(self.width, self.width).with_composition(self.composition).with_alpha(self.alpha);
        let layers = (0..self.layers).map(|_| stare.init(device, &mut weights)).collect::<Result<Vec<_>>>()?;
        let bound = (self.width as f64).sqrt().recip();
        Ok(LinkPredictor {
            entities: weights.uniform([self.entities, self.width], bound, device)?,
            relations: weights.uniform([2 * self.relations, self.width], bound, device)?,
            norms: layers.iter().map(|_| LayerNorm::new(self.width, device)).collect(),
            layers,
            decoder: LinkDecoder::new(self, device, &mut weights)?,
            bias: zeros(self.entities, device),
            config: self.clone(),
        })
    }
}

/// The model of StarE (Galkin et al. 2020, arXiv:2009.10847) for completing statements:
///
/// ```text
/// x, z  = StarE layers, each with  x = tanh(LN(x'))         from embeddings of entities and of relations with their inverses
/// h     = decoder(x_s, z_r, z_q1, x_u1, z_q2, x_u2, …)      of a question (s, r, ?, (q_i, u_i)); of (?, r, o, …) with o and the inverse of r
/// score = ⟨h, x_v⟩ + b_v                                    of every entity v
/// ```
///
/// The paper has a batch norm where there is a layer norm here, whose result does not depend on the batch. The last layer of relations has no use but in the
/// decoder.
#[derive(Module, Debug)]
pub struct LinkPredictor<B: Backend> {
    /// `[N, F]`
    pub entities: Param<Tensor<B, 2>>,
    /// [2·R, F], relations and then their inverses.
    pub relations: Param<Tensor<B, 2>>,
    layers: Vec<StarE<B>>,
    norms: Vec<LayerNorm<B>>,
    decoder: LinkDecoder<B>,
    /// `[N]`
    pub bias: Param<Tensor<B, 1>>,
    #[module(skip)]
    config: LinkConfig,
}

/// What the encoder makes of the graph.
#[derive(Debug, Clone)]
pub struct Encoded<B: Backend> {
    /// `[N, F]`
    pub entities: Tensor<B, 2>,
    /// [2·R, F]
    pub relations: Tensor<B, 2>,
}

impl<B: HyperBackend> LinkPredictor<B> {
    /// Entities and relations in the light of the statements.
    ///
    /// # Errors
    /// When the statements are of other entities or relations, or a type that the device lacks.
    pub fn encode(&self, statements: &Statements<B>, precision: Precision, masks: &Masks) -> Result<Encoded<B>> {
        let (mut x, mut z) = (precision.cast(self.entities.val()), precision.cast(self.relations.val()));
        for (layer, norm) in self.layers.iter().zip(&self.norms) {
            let (y, updated) = layer.forward(x, z.clone(), statements, precision, masks)?;
            x = masks.drop_out(activation::tanh(precision.cast(norm.forward(y, precision))))?; // [N, F]
            z = updated.unwrap_or(z); // [2*R, F]
        }
        Ok(Encoded { entities: x, relations: z })
    }

    /// The scores of all entities as answers to questions; as a softmax they are probabilities.
    ///
    /// # Shapes
    /// Q questions -> `[Q, N]`, in the wide type of `precision`
    ///
    /// # Errors
    /// A question with an entity or a relation that there is not, or a type that the device lacks.
    pub fn scores(&self, encoded: &Encoded<B>, questions: &[Query<'_>], precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let states = self.states(encoded, questions, precision, masks)?;
        Ok(compare(states, encoded.entities.clone(), precision.widen(self.bias.val()), precision))
    }

    /// h: what the decoder makes of questions.
    ///
    /// # Shapes
    /// Q questions -> `[Q, F]`, in the type of `precision`
    ///
    /// # Errors
    /// Those of [`Self::scores`].
    pub(super) fn states(
        &self,
        encoded: &Encoded<B>,
        questions: &[Query<'_>],
        precision: Precision,
        masks: &Masks,
    ) -> Result<Tensor<B, 2>> {
        let device = encoded.entities.device();
        if questions.is_empty() {
            return Ok(Tensor::zeros([0, self.config.width], (&device, precision.dtype())));
        }
        let read = |query: &Query<'_>| query.qualifiers.len().min(self.config.max_qualifiers);
        // Questions of the same length go through the decoder together, which therefore needs no padding.
        let mut order: Vec<usize> = (0..questions.len()).collect();
        order.sort_by_key(|&at| read(&questions[at]));
        let tokens = self.tokens(encoded, order.iter().map(|&at| &questions[at]))?; // [T, F]
        let (mut states, mut start) = (Vec::new(), 0);
        for group in order.chunk_by(|&a, &b| read(&questions[a]) == read(&questions[b])) {
            let length = 2 + 2 * read(&questions[group[0]]);
            let rows = group.len() * length;
            let tokens = tokens.clone().narrow(0, start, rows).reshape([group.len(), length, self.config.width]);
            states.push(self.decoder.forward(tokens, precision, masks)?);
            start += rows;
        }
        let mut place = vec![0; order.len()];
        (0..).zip(&order).for_each(|(at, &question)| place[question] = at);
        Ok(gather(Tensor::cat(states, 0), &Index::new(&place, order.len(), &device)?)?)
    }

    /// The tokens of questions, one question after the other: entity, relation, and the relation and the entity of each qualifier that is read. Each table is
    /// read by one gather, whose gradient is as large as the table.
    ///
    /// # Shapes
    /// -> `[T, F]` with T tokens in all
    fn tokens<'q>(&self, encoded: &Encoded<B>, questions: impl Iterator<Item = &'q Query<'q>>) -> Result<Tensor<B, 2>> {
        let (mut entities, mut relations, mut order) = (vec![], vec![], vec![]);
        for query in questions {
            let pairs = query.qualifiers.iter().take(self.config.max_qualifiers);
            // 2·i: entity i; 2·i + 1: relation i.
            let mut at = 2 * entities.len() as u32;
            order.extend([at, at + 1]);
            entities.push(query.entity);
            relations.push(query.relation);
            for &(relation, entity) in pairs {
                at += 2;
                order.extend([at + 1, at]);
                entities.push(entity);
                relations.push(relation);
            }
        }
        let count = entities.len();
        let places: Vec<u32> = order.iter().map(|at| at / 2 + (at % 2) * count as u32).collect();
        let device = encoded.entities.device();
        let of = |table: &Tensor<B, 2>, ids: &[u32]| gather(table.clone(), &Index::new(ids, table.dims()[0], &device)?);
        let both = Tensor::cat(vec![of(&encoded.entities, &entities)?, of(&encoded.relations, &relations)?], 0); // [T, F]
        Ok(gather(both, &Index::new(&places, 2 * count, &device)?)?)
    }

    /// Sizes and options.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }
}

/// The score of entities beside the states of questions.
///
/// # Shapes
/// h `[Q, F]`, x `[C, F]`, wide b `[C]` -> `[Q, C]`, in the wide type of `precision`
pub(super) fn compare<B: HyperBackend>(
    states: Tensor<B, 2>,
    table: Tensor<B, 2>,
    bias: Tensor<B, 1>,
    precision: Precision,
) -> Tensor<B, 2> {
    precision.widen(states.matmul(table.transpose())) + bias.unsqueeze()
}
