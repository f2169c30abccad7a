//! A perceptron of pairs of a node and a hyperedge, combined in the node.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Incidence, Reduce, Scatter, aggregate, edge_score, scatter_add};

use super::weights::WeightStream;
use super::{Combine, LayerNorm, Linear, Masks, Mlp, MlpConfig};
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::precision::Precision;

/// Sizes of [`Pairs`].
#[derive(Config, Debug, PartialEq)]
pub struct PairsConfig {
    /// F, features of a node, of a hyperedge and of a message.
    pub width: usize,
    /// Number of linear maps, at least 1.
    #[config(default = 1)]
    pub layers: usize,
}

impl PairsConfig {
    /// A perceptron with weights from the stream.
    ///
    /// # Errors
    /// When F is 0 or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<Pairs<B>> {
        let width = self.width;
        // Drawn as one map of 2 F inputs and cut in two.
        let whole: Linear<B> = Linear::new(width.saturating_mul(2), width, device, weights)?;
        let part = |from: usize| burn::module::Param::from_tensor(whole.weight.val().narrow(0, from, width).detach());
        let (node, edge) = (Linear { weight: part(0), bias: whole.bias.clone() }, part(width));
        let deep = self.layers > 1;
        let rest = deep.then(|| MlpConfig::new(width, width, width).with_layers(self.layers - 1).init(device, weights)).transpose()?;
        Ok(Pairs { node, edge, norm: deep.then(|| LayerNorm::new(width, device)), rest })
    }
}

/// Messages of a perceptron on pairs, combined in each node:
///
/// ```text
/// m_v = combine_{e of v} MLP([x_v ; z_e])        [x ; z] W_1 + b = (x W_x + b) + z W_z
/// ```
///
/// The first map is applied to nodes and hyperedges apart, and the last one, which is linear as the combination is, to what was combined: one map costs 2·nnz·F,
/// and no array of incidences times features is made. Two maps keep the F hidden features of every incidence for the gradient.
#[derive(Module, Debug)]
pub struct Pairs<B: Backend> {
    /// W_x `[F, F]` and b
    pub node: Linear<B>,
    /// W_z `[F, F]`
    pub edge: burn::module::Param<Tensor<B, 2>>,
    /// Of the hidden features, where there are any.
    pub norm: Option<LayerNorm<B>>,
    /// The maps after the first.
    pub rest: Option<Mlp<B>>,
}

impl<B: HyperBackend> Pairs<B> {
    /// Combines the messages.
    ///
    /// # Shapes
    /// x `[N, F]`, z `[M, F]` -> `[N, F]`, in the type of `precision`
    ///
    /// # Errors
    /// When x or z is not F wide or does not fit the incidences.
    pub fn forward(
        &self,
        x: Tensor<B, 2>,
        z: Tensor<B, 2>,
        incidence: &Incidence<B>,
        combine: Combine,
        precision: Precision,
        masks: &Masks,
    ) -> Result<Tensor<B, 2>> {
        let own = self.node.forward(&NodeFeatures::Dense(x), precision)?; // [N, F]
        let hyperedges = z.matmul(precision.cast(self.edge.val())); // [M, F]
        let ones = Tensor::ones([incidence.hyperedges(), 1], (&hyperedges.device(), precision.dtype()));
        let count = aggregate(ones, incidence, Direction::ToRows, combine.reduce(), None)?; // [N, 1]
        let (Some(rest), Some(norm)) = (&self.rest, &self.norm) else {
            return Ok(own * count + aggregate(hyperedges, incidence, Direction::ToRows, combine.reduce(), None)?);
        };
        let hidden = edge_score(own, hyperedges, incidence, 0.0)?; // [Z, F], a ReLU
        let hidden = masks.drop_out(precision.cast(norm.forward(hidden, precision)))?;
        let hidden = rest.before_last(hidden, precision, masks)?;
        let sums = scatter_add(hidden, &incidence.node_index()?, Scatter::Deterministic)?; // [N, F]
        let combined = match combine {
            Combine::Sum => sums,
            Combine::Mean => {
                let ones = Tensor::ones([incidence.hyperedges(), 1], (&sums.device(), precision.dtype()));
                let degree = aggregate(ones, incidence, Direction::ToRows, Reduce::Sum, None)?; // [N, 1]
                sums / degree.clamp_min(1.0)
            }
        };
        let Some(last) = rest.linears.last() else { return Ok(combined) };
        Ok(combined.matmul(precision.cast(last.weight.val())) + precision.cast(last.bias.val()).unsqueeze::<2>() * count)
    }
}
