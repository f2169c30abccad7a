//! What two states say of a pair: whether it is connected, and how.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use hypergraphql_ops::{HyperBackend, Index, gather};

use super::network::PairConfig;
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::layers::{Linear, Masks, WeightStream};
use crate::precision::Precision;

/// Two heads over the states h of two nodes, and a first one that a search can follow:
///
/// ```text
/// a(u, v) = ⟨ h_u W_q , h_v W_k ⟩ / √F + b_u + c_v         b = h w_b, c = h w_c: which nodes have many connections
/// g(u, v) = relu( W [ h_u ⊙ h_v ; h_u + h_v ] + w )        directed: [ h_u ⊙ h_v ; h_u ; h_v ]
/// score   = a(u, v) + ⟨w_s, g(u, v)⟩ + b_s                 types = W_t g(u, v) + b_t
/// ```
///
/// Where direction is of no account, W_k = W_q diag(d) and c = b, so that a(u, v) = a(v, u), and so are the others. The first head is an inner product
/// ⟨s_u, t_v⟩ of a row for u and a row for v ([`PairScorer::tables`]), so that the best partners of a node are found without scoring every pair; the score itself then
/// puts the ones found in order.
#[derive(Module, Debug)]
pub struct PairScorer<B: Backend> {
    /// W_q `[F, F]`
    pub source: Param<Tensor<B, 2>>,
    /// W_k `[F, F]`, in directed data.
    pub target: Option<Param<Tensor<B, 2>>>,
    /// d `[F]`, where there is no W_k; ones at first.
    pub diagonal: Option<Param<Tensor<B, 1>>>,
    /// w_b, in directed data w_b and w_c `[F, 1 or 2]`
    pub degree: Param<Tensor<B, 2>>,
    /// W and w, from 2 F inputs (directed: 3 F) to F.
    pub trunk: Linear<B>,
    /// w_s and b_s
    pub score: Linear<B>,
    /// W_t and b_t, where types are told apart.
    pub types: Option<Linear<B>>,
}

/// What the heads say of P pairs, in f32 (f64 for [`Precision::F64`]).
#[derive(Debug, Clone)]
pub struct PairLogits<B: Backend> {
    /// a `[P]`
    pub candidate: Tensor<B, 1>,
    /// score `[P]`; its sigmoid is the probability of a connection where one of two pairs is connected.
    pub score: Tensor<B, 1>,
    /// `[P, C]`, where types are told apart.
    pub types: Option<Tensor<B, 2>>,
}

impl<B: Backend> PairScorer<B> {
    /// With weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements.
    pub fn new(config: &PairConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (width, directed) = (config.width, config.directed);
        Ok(Self {
            source: weights.glorot([width, width], device)?,
            target: directed.then(|| weights.glorot([width, width], device)).transpose()?,
            diagonal: (!directed).then(|| Param::from_tensor(Tensor::ones([width], (device, DType::F32)))),
            degree: weights.glorot([width, if directed { 2 } else { 1 }], device)?,
            trunk: Linear::new(if directed { 3 * width } else { 2 * width }, width, device, weights)?,
            score: Linear::new(width, 1, device, weights)?,
            types: (config.types > 0).then(|| Linear::new(width, config.types, device, weights)).transpose()?,
        })
    }
}

impl<B: HyperBackend> PairScorer<B> {
    /// s and t of every node: a(u, v) = ⟨s_u, t_v⟩.
    ///
    /// # Shapes
    /// states `[N, F]`, in any type -> twice [N, F + 2], in the type of `precision`
    pub fn tables(&self, states: Tensor<B, 2>, precision: Precision) -> [Tensor<B, 2>; 2] {
        let states = precision.cast(states);
        let [nodes, width] = states.dims();
        let q = states.clone().matmul(precision.cast(self.source.val())); // [N, F]
        let k = match (&self.target, &self.diagonal) {
            (Some(target), _) => states.clone().matmul(precision.cast(target.val())), // [N, F]
            (None, Some(d)) if nodes > 0 => q.clone() * precision.cast(d.val()).unsqueeze(),
            (None, _) => q.clone(),
        };
        let degree = states.matmul(precision.cast(self.degree.val())); // [N, 1] or [N, 2]
        let ones = Tensor::ones([nodes, 1], (&degree.device(), degree.dtype()));
        let last = degree.dims()[1] - 1;
        let s = Tensor::cat(vec![q.div_scalar((width as f64).sqrt()), degree.clone().narrow(1, 0, 1), ones.clone()], 1);
        [s, Tensor::cat(vec![k, ones, degree.narrow(1, last, 1)], 1)]
    }

    /// The logits of pairs of nodes.
    ///
    /// # Shapes
    /// states `[N, F]`, in any type, P pairs -> `[P]`, `[P]` and `[P, C]`
    ///
    /// # Errors
    /// A node that there is not, or a type that the device lacks.
    pub fn forward(&self, states: &Tensor<B, 2>, pairs: &[(u32, u32)], precision: Precision, masks: &Masks) -> Result<PairLogits<B>> {
        let states = precision.cast(states.clone()); // [N, F]
        let (device, [nodes, _], count) = (states.device(), states.dims(), pairs.len());
        let (sources, targets): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
        let [u, v] = [Index::new(&sources, nodes, &device)?, Index::new(&targets, nodes, &device)?];
        let wide = (&device, precision.wide().dtype());
        if pairs.is_empty() {
            let types = self.types.as_ref().map(|types| Tensor::zeros([0, types.bias.dims()[0]], wide));
            return Ok(PairLogits { candidate: Tensor::zeros([0], wide), score: Tensor::zeros([0], wide), types });
        }
        let [s, t] = self.tables(states.clone(), precision);
        let product = precision.widen(gather(s, &u)?) * precision.widen(gather(t, &v)?); // [P, F + 2]
        let candidate = product.sum_dim(1).reshape([count]); // [P]
        let (hu, hv) = (gather(states.clone(), &u)?, gather(states, &v)?); // [P, F]
        let both = match self.target {
            Some(_) => vec![hu.clone() * hv.clone(), hu, hv],
            None => vec![hu.clone() * hv.clone(), hu + hv],
        };
        let hidden = masks.drop_out(relu(self.trunk.forward(&NodeFeatures::Dense(Tensor::cat(both, 1)), precision)?))?; // [P, F]
        let hidden = NodeFeatures::Dense(hidden);
        let rest = precision.widen(self.score.forward(&hidden, precision)?).reshape([count]); // [P]
        let types = self.types.as_ref().map(|types| types.forward(&hidden, precision)).transpose()?; // [P, C]
        Ok(PairLogits { score: candidate.clone() + rest, candidate, types: types.map(|types| precision.widen(types)) })
    }
}
