//! StarE (Galkin et al. 2020).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Reduce, Scatter, aggregate, gather, scatter_add, swap_axes};
use serde::{Deserialize, Serialize};

use super::Masks;
use super::weights::{WeightStream, zeros};
use crate::error::{ModelError, Result};
use crate::precision::Precision;
use crate::statements::{Flow, Statements};

/// How an entity and a relation are composed, φ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Composition {
    /// Elementwise product (DistMult, Yang et al. 2015).
    #[default]
    Mult,
    /// Product of complex numbers, the first half of the features being real parts and the second imaginary ones (RotatE, Sun et al. 2019, without its unit
    /// length, as in StarE's code).
    Rotate,
}

impl std::fmt::Display for Composition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Mult { "mult" } else { "rotate" })
    }
}

impl std::str::FromStr for Composition {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "mult" => Ok(Self::Mult),
            "rotate" => Ok(Self::Rotate),
            _ => Err(ModelError::option("composition", s, "mult or rotate")),
        }
    }
}

impl Composition {
    /// φ(x, z).
    ///
    /// # Shapes
    /// x `[rows, F]`, z `[rows, F]` or `[1, F]` -> `[rows, F]`; F is even for [`Self::Rotate`].
    ///
    /// # Errors
    /// A type that the device lacks.
    pub fn compose<B: HyperBackend>(self, x: Tensor<B, 2>, z: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
        let [rows, features] = x.dims();
        if rows * features == 0 {
            return Ok(x);
        }
        if self == Self::Mult {
            return Ok(x * z);
        }
        // Real parts of all rows, then imaginary ones: halves of rows would be read element by element on the CPU.
        let half = features / 2;
        let parts = |t: Tensor<B, 2>| -> Result<_> {
            let rows = t.dims()[0];
            let parts = swap_axes(t.reshape([1, rows, 2, half]))?.reshape([2 * rows, half]);
            Ok((parts.clone().narrow(0, 0, rows), parts.narrow(0, rows, rows)))
        };
        let ((x_re, x_im), (z_re, z_im)) = (parts(x)?, parts(z)?);
        let re = x_re.clone() * z_re.clone() - x_im.clone() * z_im.clone();
        let im = x_re * z_im + x_im * z_re;
        Ok(swap_axes(Tensor::cat(vec![re, im], 0).reshape([1, 2, rows, half]))?.reshape([rows, features]))
    }
}

/// Sizes and options of [`StarE`].
#[derive(Config, Debug, PartialEq)]
pub struct StarEConfig {
    /// F, features of an entity and of a relation.
    pub features: usize,
    /// O, outputs of both.
    pub outputs: usize,
    /// φ
    #[config(default = "Composition::Mult")]
    pub composition: Composition,
    /// α, the share of the relation beside its qualifiers.
    #[config(default = 0.8)]
    pub alpha: f64,
    /// Whether there is a W_q: statements with qualifiers need it.
    #[config(default = true)]
    pub qualifiers: bool,
    /// Whether relations are updated for a next layer or a decoder.
    #[config(default = true)]
    pub update_relations: bool,
    /// Whether there is a bias.
    #[config(default = true)]
    pub bias: bool,
}

impl StarEConfig {
    /// A layer with Glorot weights from the stream and a bias of zeros.
    ///
    /// # Errors
    /// When a size is 0, a weight exceeds 2³¹ elements, α lies outside [0, 1], or [`Composition::Rotate`] meets an odd number of features.
    pub fn init<B: Backend>(&self, device: &B::Device, weights: &mut WeightStream) -> Result<StarE<B>> {
        let (features, outputs) = (self.features, self.outputs);
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(ModelError::option("alpha", self.alpha, "0 to 1"));
        }
        if self.composition == Composition::Rotate && !features.is_multiple_of(2) {
            return Err(ModelError::option("features of StarE with rotate", features, "an even number"));
        }
        Ok(StarE {
            to_tails: weights.glorot([features, outputs], device)?,
            to_heads: weights.glorot([features, outputs], device)?,
            to_self: weights.glorot([features, outputs], device)?,
            self_relation: weights.glorot([1, features], device)?,
            qualifier: self.qualifiers.then(|| weights.glorot([features, features], device)).transpose()?,
            relation: self.update_relations.then(|| weights.glorot([features, outputs], device)).transpose()?,
            bias: self.bias.then(|| zeros(outputs, device)),
            composition: self.composition,
            alpha: self.alpha,
        })
    }
}

/// StarE of Galkin et al. 2020 (arXiv:2009.10847, equations 4 to 7), a graph convolution whose messages know the qualifiers of their statement:
///
/// ```text
/// h_i = W_q Σ_{(q, u) of i} φ(x_u, z_q)                     0 without qualifiers
/// γ_i = α z_r + (1 − α) h_i                                 r the relation of i, or its inverse r + R
/// y_v = 1/3 ( W_tails Σ_{i = (u, r, v)} c_i φ(x_u, γ_i)  +  W_heads Σ_{i = (v, r, u)} c'_i φ(x_u, γ'_i)  +  W_self φ(x_v, z_self) ) + b
/// z'_r = W_rel z_r
/// ```
///
/// φ is [`Composition`]. c = 1 / √(messages that u sends · messages that v receives), in each direction for itself; StarE's code counts those that they send
/// twice, which drops the messages to entities that send none. Dropout falls on the sums of both directions, as there. The activation after the layer is the
/// network's.
///
/// Costs 8·S·F + 3·Q·F multiply-adds for the messages, 3·N·F·O + T·F² + 2·R·F·O for the maps (T statements with qualifiers); memory O(S·F + Q·F + N·(F + O)).
#[derive(Module, Debug)]
pub struct StarE<B: Backend> {
    /// W_tails `[F, O]`
    pub to_tails: Param<Tensor<B, 2>>,
    /// W_heads `[F, O]`
    pub to_heads: Param<Tensor<B, 2>>,
    /// W_self `[F, O]`
    pub to_self: Param<Tensor<B, 2>>,
    /// z_self `[1, F]`
    pub self_relation: Param<Tensor<B, 2>>,
    /// W_q `[F, F]`, or none where there are no qualifiers.
    pub qualifier: Option<Param<Tensor<B, 2>>>,
    /// W_rel `[F, O]`, or none where no relations come out.
    pub relation: Option<Param<Tensor<B, 2>>>,
    /// b `[O]`
    pub bias: Option<Param<Tensor<B, 1>>>,
    /// φ
    pub composition: Composition,
    /// α
    pub alpha: f64,
}

impl<B: HyperBackend> StarE<B> {
    /// Applies the layer: new entities, and new relations where the layer has W_rel.
    ///
    /// # Shapes
    /// x `[N, F]`, z [2·R, F] (relations, then their inverses) -> `[N, O]` and [2·R, O], in the type of `precision`
    ///
    /// # Errors
    /// When x or z does not fit the statements or the layer, or statements have qualifiers and the layer has no W_q.
    pub fn forward(
        &self,
        x: Tensor<B, 2>,
        z: Tensor<B, 2>,
        statements: &Statements<B>,
        precision: Precision,
        masks: &Masks,
    ) -> Result<(Tensor<B, 2>, Option<Tensor<B, 2>>)> {
        let [features, outputs] = self.to_self.dims();
        check("entities", &x, [statements.nodes, features])?;
        check("relations and their inverses", &z, [2 * statements.relations, features])?;
        let (x, z) = (precision.cast(x), precision.cast(z));
        let updated = match &self.relation {
            Some(relation) if statements.relations > 0 => Some(z.clone().matmul(precision.cast(relation.val()))), // [2*R, O]
            Some(_) => Some(Tensor::zeros([0, outputs], (&z.device(), precision.dtype()))),
            None => None,
        };
        if statements.nodes == 0 {
            return Ok((Tensor::zeros([0, outputs], (&x.device(), precision.dtype())), updated));
        }
        let own = self.composition.compose(x.clone(), precision.cast(self.self_relation.val()))?; // [N, F]
        let mut y = own.matmul(precision.cast(self.to_self.val())); // [N, O]
        if !statements.is_empty() {
            let qualified = self.qualified(&x, &z, statements, precision)?; // [S, F]
            let shares = z.mul_scalar(self.alpha); // [2*R, F]
            for (flow, weight) in [(&statements.forward, &self.to_tails), (&statements.inverse, &self.to_heads)] {
                let sums = self.sums(&x, &shares, qualified.as_ref(), flow)?; // [N, F]
                y = y + masks.drop_out(sums.matmul(precision.cast(weight.val())))?;
            }
        }
        let y = y.div_scalar(3.0);
        Ok((self.bias.as_ref().map_or(y.clone(), |bias| y + precision.cast(bias.val()).unsqueeze()), updated))
    }

    /// (1 − α) h `[S, F]`, where there are qualifiers.
    fn qualified(
        &self,
        x: &Tensor<B, 2>,
        z: &Tensor<B, 2>,
        statements: &Statements<B>,
        precision: Precision,
    ) -> Result<Option<Tensor<B, 2>>> {
        let Some(qualifiers) = &statements.qualifiers else { return Ok(None) };
        let expected = "a layer with StarEConfig::qualifiers, as statements have some";
        let weight = self.qualifier.as_ref().ok_or_else(|| ModelError::option("W_q of StarE", "none", expected))?;
        let pairs = self.composition.compose(gather(x.clone(), &qualifiers.entities)?, gather(z.clone(), &qualifiers.relations)?)?; // [Q, F]
        let sums = scatter_add(pairs, &qualifiers.of, Scatter::Deterministic)?; // [T, F]
        let h = sums.matmul(precision.cast(weight.val())).mul_scalar(1.0 - self.alpha); // [T, F]
        Ok(Some(scatter_add(h, &qualifiers.statements, Scatter::Deterministic)?)) // [S, F]
    }

    /// Σ c φ(x_u, γ) of one direction `[N, F]`; `shares` is α z.
    fn sums(&self, x: &Tensor<B, 2>, shares: &Tensor<B, 2>, qualified: Option<&Tensor<B, 2>>, flow: &Flow<B>) -> Result<Tensor<B, 2>> {
        let relations = gather(shares.clone(), &flow.relations)?; // [S, F]
        let relations = qualified.map_or(relations.clone(), |h| relations + h.clone());
        let messages = self.composition.compose(gather(x.clone(), &flow.senders)?, relations)?; // [S, F]
        Ok(aggregate(messages, &flow.receivers, Direction::ToRows, Reduce::Sum, None)?)
    }
}

fn check<B: Backend>(what: &'static str, tensor: &Tensor<B, 2>, expected: [usize; 2]) -> Result<()> {
    if tensor.dims() == expected { Ok(()) } else { Err(ModelError::shape(what, &tensor.dims(), &expected)) }
}
