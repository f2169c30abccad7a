//! From the tokens of names to the states of slots.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{
    Direction, HyperBackend, Incidence, Index, Reduce, Scatter, aggregate, gather, rms_norm, scatter_add, segment_softmax,
};

use super::config::HypergraphTransformerConfig;
use super::facts::FactGraph;
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::layers::{LayerNorm, Masks, Mlp, MlpConfig, WeightStream};
use crate::precision::Precision;
use crate::transformer::Projection;
use crate::transformer::projection::ones;

/// γ and η at first.
const ROLE_SHARE: f64 = 0.2;
/// The last maps of perceptrons beside a sum begin with this part of their weights.
const BESIDE: f64 = 0.3;

/// Tokens as names and queries see them: `u_t = rms_norm(E[t]) W_eᵀ`. That both are made of the same vectors is what lets a query find a name that it has never met.
#[derive(Module, Debug)]
pub struct TokenStates<B: Backend> {
    /// Weight of the norm, `[d]`.
    pub norm: Param<Tensor<B, 1>>,
    /// W_e `[d_g, d]`, near the identity where d = d_g.
    pub map: Projection<B>,
    /// Added to the mean square.
    pub epsilon: f64,
}

impl<B: Backend> TokenStates<B> {
    /// For embeddings of width `d`.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, d: usize, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        Ok(Self { norm: ones(d, device), map: Projection::near_identity([d, c.width], 1, device, weights)?, epsilon: 1e-6 })
    }
}

impl<B: HyperBackend> TokenStates<B> {
    /// The states of tokens.
    ///
    /// # Shapes
    /// embeddings `[T, d]` -> u `[T, d_g]`, in the type of `precision`
    ///
    /// # Errors
    /// When the embeddings are not d wide.
    pub fn forward(&self, embeddings: Tensor<B, 2>, precision: Precision) -> Result<Tensor<B, 2>> {
        let normed = rms_norm(precision.cast(embeddings), precision.cast(self.norm.val()), self.epsilon)?;
        Ok(self.map.forward(normed, precision))
    }
}

/// Names as vectors: heads of attention pool the states of a name's tokens, so that a new entity needs no training.
///
/// ```text
/// b_(h,j) = softmax_j( s_h · (u_j W_kᵀ + pos_j) )        y = [ Σ_j b_(1,j) u_j ; … ; Σ_j b_(H,j) u_j ]
/// x_v = y_v W_nᵀ      r = y_r W_rᵀ      ρ_p = y_p W_ρᵀ        of entities, relations and roles
/// ```
///
/// Heads that look at different places tell the order of tokens.
#[derive(Module, Debug)]
pub struct NameEncoder<B: Backend> {
    /// W_k `[d_g, d_g]`
    pub key: Projection<B>,
    /// pos `[J, d_g]`
    pub places: Param<Tensor<B, 2>>,
    /// s `[H, d_g]`
    pub seeds: Projection<B>,
    /// W_n `[d_g, H·d_g]`
    pub entity: Projection<B>,
    /// W_r `[d_g, H·d_g]`
    pub relation: Projection<B>,
    /// W_ρ `[d_g, H·d_g]`
    pub role: Projection<B>,
}

/// What [`NameEncoder`] makes of names.
#[derive(Debug, Clone)]
pub struct NameStates<B: Backend> {
    /// x `[P, d_g]`
    pub entities: Tensor<B, 2>,
    /// r `[R, d_g]`
    pub relations: Tensor<B, 2>,
    /// ρ `[Q, d_g]`
    pub roles: Tensor<B, 2>,
}

impl<B: Backend> NameEncoder<B> {
    /// With weights from the stream.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (width, heads) = (c.width, c.name_heads);
        let key = Projection::glorot([width, width], device, weights)?;
        let places = weights.uniform([c.name_places, width], 3f64.sqrt(), device)?;
        let seeds = Projection { weight: weights.uniform([heads, width], (3.0 / width as f64).sqrt(), device)?, bias: None };
        let mut map = || Projection::near_identity([heads * width, width], heads, device, weights);
        Ok(Self { key, places, seeds, entity: map()?, relation: map()?, role: map()? })
    }
}

impl<B: HyperBackend> NameEncoder<B> {
    /// The states of all names.
    ///
    /// # Shapes
    /// u `[T, d_g]` of the tokens of all names; results in [`NameStates`], in the type of `precision`
    ///
    /// # Errors
    /// When the facts have other tokens or places.
    pub fn forward(&self, u: Tensor<B, 2>, graph: &FactGraph<B>, precision: Precision) -> Result<NameStates<B>> {
        let places = gather(precision.cast(self.places.val()), &graph.places)?; // [T, d_g]
        let scores = self.seeds.forward(self.key.forward(u.clone(), precision) + places, precision); // [T, H]
        let names = graph.names.incidence();
        let shares = segment_softmax(scores, names, Direction::ToCols)?; // [T, H]
        let [tokens, heads] = shares.dims();
        let pooled = (0..heads).map(|head| {
            let share = shares.clone().narrow(1, head, 1).reshape([tokens]);
            aggregate(u.clone(), names, Direction::ToCols, Reduce::Sum, Some(share))
        });
        let pooled = Tensor::cat(pooled.collect::<Result<Vec<_>, _>>()?, 1); // [P + R + Q, H*d_g]
        let (relations, roles) = (graph.entities, graph.entities + graph.relations);
        let part = |start, count, map: &Projection<B>| map.forward(pooled.clone().narrow(0, start, count), precision);
        Ok(NameStates {
            entities: part(0, graph.entities, &self.entity),
            relations: part(relations, graph.relations, &self.relation),
            roles: part(roles, graph.roles, &self.role),
        })
    }
}

/// Facts as slots: for each member what the fact says of it, and what the members beside it are told by their other facts.
///
/// ```text
/// m_(e,i)  = (x_(v_i) W_xᵀ) (1 + γ ρ_(p_i))
/// zb_(e,i) = LN( r_e + c_(e,i) + MLP_e[ r_e ; c_(e,i) ] )      c_(e,i) = Σ_(j≠i) m_(e,j)
/// t_(e,i)  = LN( (zb_(e,i) + ρ_(p_i)) W_zᵀ )                   what e tells of v_i
/// n_(e,i)  = mean over the other places (e', i') of v_i, e' ≠ e, of t_(e',i')          0 where there is none
/// zh_(e,i) = LN( h_(e,i) + MLP_v( h_(e,i) ) )                  h_(e,i) = Σ_(j≠i) n_(e,j) (1 + η ρ_(p_j))
/// ```
///
/// A slot knows nothing of its own member, so that it can be asked for it (leave one out): neither zb nor zh has it. Sums stand beside the perceptrons, maps begin near
/// the identity and γ and η at 0.2: a fact then begins as the sum of its names, which a query of the same names finds, and training need not discover that. What is
/// told elsewhere is kept apart, in a half of the key of its own: added to zb it is lost among the names. Costs O(S d_g² + Σ k² d_g) for facts of k members. After StarE
/// (Galkin et al. 2020, arXiv:2009.10847); the modulation is FiLM's (Perez et al. 2018, arXiv:1709.07871).
#[derive(Module, Debug)]
pub struct FactEncoder<B: Backend> {
    /// γ `[1]`
    pub role_share: Param<Tensor<B, 1>>,
    /// η `[1]`
    pub heard_share: Param<Tensor<B, 1>>,
    /// W_x `[d_g, d_g]`
    pub member: Projection<B>,
    /// MLP_e
    pub fact: Mlp<B>,
    /// LN of zb.
    pub fact_norm: LayerNorm<B>,
    /// W_z `[d_g, d_g]`
    pub message: Projection<B>,
    /// LN of t.
    pub message_norm: LayerNorm<B>,
    /// MLP_v
    pub heard: Mlp<B>,
    /// LN of zh.
    pub heard_norm: LayerNorm<B>,
    message_passing: bool,
}

/// What memory layers read of S slots.
#[derive(Debug, Clone)]
pub struct SlotStates<B: Backend> {
    /// zb `[S, d_g]`
    pub facts: Tensor<B, 2>,
    /// zh `[S, d_g]`; zeros without message passing.
    pub heard: Tensor<B, 2>,
    /// ρ of the asked member `[S, d_g]`
    pub roles: Tensor<B, 2>,
    /// x of the asked member `[S, d_g]`
    pub entities: Tensor<B, 2>,
}

impl<B: Backend> FactEncoder<B> {
    /// With weights from the stream.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let width = c.width;
        let share = || Param::from_tensor(Tensor::from_data([ROLE_SHARE as f32], device));
        let mut beside = |inputs| -> Result<Mlp<B>> {
            let mut mlp = MlpConfig::new(inputs, 2 * width, width).with_norm(false).init(device, weights)?;
            if let Some(last) = mlp.linears.last_mut() {
                last.weight = last.weight.clone().map(|w| w.mul_scalar(BESIDE).detach().require_grad());
            }
            Ok(mlp)
        };
        let (fact, heard) = (beside(2 * width)?, beside(width)?);
        Ok(Self {
            role_share: share(),
            heard_share: share(),
            member: Projection::near_identity([width, width], 1, device, weights)?,
            fact,
            fact_norm: LayerNorm::new(width, device),
            message: Projection::near_identity([width, width], 1, device, weights)?,
            message_norm: LayerNorm::new(width, device),
            heard,
            heard_norm: LayerNorm::new(width, device),
            message_passing: c.message_passing,
        })
    }
}

impl<B: HyperBackend> FactEncoder<B> {
    /// The states of all slots.
    ///
    /// # Shapes
    /// Results in [`SlotStates`], in the type of `precision`
    ///
    /// # Errors
    /// When the names are not those of the facts.
    pub fn forward(&self, names: &NameStates<B>, graph: &FactGraph<B>, precision: Precision) -> Result<SlotStates<B>> {
        let relations = gather(gather(names.relations.clone(), &graph.relation_of)?, &graph.fact_of)?; // [S, d_g]
        let roles = gather(names.roles.clone(), &graph.role_of)?; // [S, d_g]
        let entities = gather(names.entities.clone(), &graph.entity_of)?; // [S, d_g]
        let modulated = |x: Tensor<B, 2>, share: &Param<Tensor<B, 1>>| x * (roles.clone() * one(share, precision)).add_scalar(1.0);
        let members = modulated(self.member.forward(entities.clone(), precision), &self.role_share);
        let told = beside_each(members, &graph.others)?; // c [S, d_g]
        let beside = NodeFeatures::Dense(Tensor::cat(vec![relations.clone(), told.clone()], 1)); // [S, 2*d_g]
        let beside = self.fact.forward(&beside, precision, &Masks::none())?;
        let facts = precision.cast(self.fact_norm.forward(relations + told + beside, precision));
        let heard = if self.message_passing {
            let message = self.message.forward(facts.clone() + roles.clone(), precision);
            let message = precision.cast(self.message_norm.forward(message, precision)); // t [S, d_g]
            let heard = beside_each(modulated(elsewhere(message, graph, precision)?, &self.heard_share), &graph.others)?; // h
            let beside = self.heard.forward(&NodeFeatures::Dense(heard.clone()), precision, &Masks::none())?;
            precision.cast(self.heard_norm.forward(heard + beside, precision))
        } else {
            facts.zeros_like()
        };
        Ok(SlotStates { facts, heard, roles, entities })
    }
}

/// Of the entity of each slot the mean of the messages from the places that it has in other facts: the sum over all its places less those in this fact, `[S, d_g]`.
fn elsewhere<B: HyperBackend>(messages: Tensor<B, 2>, graph: &FactGraph<B>, precision: Precision) -> Result<Tensor<B, 2>> {
    let all = of_group(messages.clone(), &graph.entity_of)?;
    let own = match &graph.own {
        Some(own) => of_group(messages, own)?,
        None => messages,
    };
    // Of an entity in no other fact both sums are the same.
    Ok((all - own) / precision.cast(graph.elsewhere.clone()))
}

/// For each slot the sum over the other slots of its fact, `[S, d_g]`.
fn beside_each<B: HyperBackend>(x: Tensor<B, 2>, others: &Incidence<B>) -> Result<Tensor<B, 2>> {
    if others.nnz() == 0 {
        return Ok(x.zeros_like());
    }
    Ok(aggregate(x, others, Direction::ToRows, Reduce::Sum, None)?)
}

/// A number as `[1, 1]`.
fn one<B: Backend>(number: &Param<Tensor<B, 1>>, precision: Precision) -> Tensor<B, 2> {
    precision.cast(number.val()).unsqueeze()
}

/// To every row the sum of the rows of its group.
fn of_group<B: HyperBackend>(x: Tensor<B, 2>, group: &Index<B>) -> Result<Tensor<B, 2>> {
    Ok(gather(scatter_add(x, group, Scatter::Deterministic)?, group)?)
}
