//! What a token asks of a memory.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{Direction, HyperBackend, Incidence, Index, Reduce, aggregate, gather, rms_norm, swiglu};

use super::config::HypergraphTransformerConfig;
use super::coverage::Prefix;
use crate::error::Result;
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::projection::ones;
use crate::transformer::{LlamaConfig, Projection};

/// Gates begin at this part of what keeps the deviation of their scores at 1, half open.
const SOFT: f64 = 0.5;
/// The gated part begins with this part of its weights.
const BESIDE: f64 = 0.3;

/// Queries: the sum of the states of a question's tokens, each as open as what the decoder makes of it says, once for each half of a key.
///
/// ```text
/// n_j = rms_norm(block(h)_j)      g_(j,a) = σ( n_j · w_a )      2C gates a
/// t_j = [ Σ_(a≤C) g_(j,a) u_j W_aᵀ ; Σ_(a>C) g_(j,a) u_j W_aᵀ ] (1 + n_j W_mᵀ)
/// p_i = rms_norm( Σ_(j≤i) t_j )      q_i = rms_norm( p_i + swiglu( p_i W_gᵀ, p_i W_uᵀ ) W_dᵀ ) W_qᵀ
/// ```
///
/// One half asks for what a fact says itself, the other for what it says of members that are told elsewhere; gates sort the tokens. A query of the hidden state alone,
/// `rms_norm(h) W_qᵀ`, must find in it every token of the question, which a decoder that was not trained for that does not keep. Where decoding goes on, a sequence
/// remembers its sum.
#[derive(Module, Debug)]
pub struct QueryHead<B: Backend> {
    /// Weight of the norm of what the reader's block sees, `[d]`.
    pub norm: Param<Tensor<B, 1>>,
    /// w `[2C, d]`
    pub gates: Projection<B>,
    /// W_a of the first half, side by side, `[Hm·d_h / 2, C·d_g]`
    pub told: Projection<B>,
    /// W_a of the second half, `[Hm·d_h / 2, C·d_g]`
    pub heard: Projection<B>,
    /// W_m `[Hm·d_h, d]`, zeros at first.
    pub modulation: Projection<B>,
    /// Weight of the norm of the sum, `[Hm·d_h]`.
    pub sum_norm: Param<Tensor<B, 1>>,
    /// W_g `[Hm·d_h, Hm·d_h]`
    pub gate: Projection<B>,
    /// W_u `[Hm·d_h, Hm·d_h]`
    pub up: Projection<B>,
    /// W_d `[Hm·d_h, Hm·d_h]`
    pub down: Projection<B>,
    /// Weight of the norm before W_q, `[Hm·d_h]`.
    pub output_norm: Param<Tensor<B, 1>>,
    /// W_q `[Hm·d_h, Hm·d_h]`
    pub output: Projection<B>,
    /// Added to the mean square by the norms.
    pub epsilon: f64,
}

impl<B: Backend> QueryHead<B> {
    /// For a decoder of width d.
    ///
    /// # Errors
    /// Sizes outside their domains.
    pub fn new(c: &HypergraphTransformerConfig, base: &LlamaConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let (d, all, out) = (base.hidden_size, c.query_gates * c.width, c.heads * c.head_width);
        Ok(Self {
            norm: ones(d, device),
            gates: Projection::spread([d, 2 * c.query_gates], device, weights)?.scaled(SOFT),
            told: Projection::near_identity([all, out / 2], c.query_gates, device, weights)?,
            heard: Projection::near_identity([all, out / 2], c.query_gates, device, weights)?,
            modulation: Projection::spread([d, out], device, weights)?.scaled(0.0),
            sum_norm: ones(out, device),
            gate: Projection::spread([out, out], device, weights)?,
            up: Projection::spread([out, out], device, weights)?,
            down: Projection::spread([out, out], device, weights)?.scaled(BESIDE),
            output_norm: ones(out, device),
            output: Projection::near_identity([out, out], 1, device, weights)?,
            epsilon: base.rms_norm_eps,
        })
    }
}

/// What the sequences of a generation have asked so far: their tokens, and by memory layer the sums of [`QueryHead`], a row for each sequence, and the gates of all
/// tokens.
#[derive(Debug, Clone)]
pub struct AskedCache<B: Backend> {
    prefixes: Vec<Prefix>,
    states: usize,
    layers: Vec<Option<[Tensor<B, 2>; 2]>>,
}

impl<B: HyperBackend> AskedCache<B> {
    /// Nothing read yet, for so many memory layers.
    pub fn new(layers: usize) -> Self {
        Self { prefixes: Vec::new(), states: 0, layers: vec![None; layers] }
    }

    /// Adds new tokens, by sequence, and gives those of all.
    pub(super) fn read(&mut self, new: &[Prefix]) -> Vec<Prefix> {
        self.prefixes.resize_with(new.len(), Prefix::default);
        for (known, new) in self.prefixes.iter_mut().zip(new) {
            known.ids.extend(&new.ids);
            known.states.extend(new.states.iter().map(|state| state + self.states as u32));
        }
        self.states += new.iter().map(|new| new.ids.len()).sum::<usize>();
        self.prefixes.clone()
    }

    /// Adds the sums and appends the gates of new tokens and gives those of all.
    pub(super) fn extend(&mut self, layer: usize, [sums, gates]: [Tensor<B, 2>; 2]) -> [Tensor<B, 2>; 2] {
        let all = match self.layers[layer].take() {
            Some([known, before]) => [known + sums, Tensor::cat(vec![before, gates], 0)],
            None => [sums, gates],
        };
        self.layers[layer] = Some(all.clone());
        all
    }

    /// Keeps these sequences. The gates of the others' tokens stay: nothing points to them any more.
    pub(super) fn keep(&mut self, kept: &[bool]) -> Result<()> {
        let rows: Vec<u32> = (0..).zip(kept).filter(|(_, kept)| **kept).map(|(row, _)| row).collect();
        let mut flags = kept.iter();
        self.prefixes.retain(|_| flags.next().copied().unwrap_or(false));
        for layer in &mut self.layers {
            if let Some([sums, gates]) = layer.take().filter(|_| !rows.is_empty()) {
                let index = Index::new(&rows, kept.len(), &sums.device())?;
                *layer = Some([gather(sums, &index)?, gates]);
            }
        }
        Ok(())
    }
}

impl<B: HyperBackend> QueryHead<B> {
    /// n of every token.
    ///
    /// # Shapes
    /// h `[N, d]`, what the reader's block sees -> `[N, d]`, in the type of `precision`
    ///
    /// # Errors
    /// When h is not d wide.
    pub fn normed(&self, h: Tensor<B, 2>, precision: Precision) -> Result<Tensor<B, 2>> {
        Ok(rms_norm(precision.cast(h), precision.cast(self.norm.val()), self.epsilon)?)
    }

    /// Σ_(j≤i) t_j of the rows that read.
    ///
    /// # Shapes
    /// n `[N, d]`, u `[N, d_g]`, prefixes `[n, N]`, for each row the tokens of its sequence up to it -> `[n, Hm·d_h]`, in the type of `precision`
    ///
    /// # Errors
    /// When n, u and prefixes are of other tokens.
    pub fn sums(&self, n: Tensor<B, 2>, u: &Tensor<B, 2>, prefixes: &Incidence<B>, precision: Precision) -> Result<Tensor<B, 2>> {
        let gates = sigmoid(self.gates.forward(n.clone(), precision)); // [N, 2C]
        let count = gates.dims()[1] / 2;
        let half = |first: usize, map: &Projection<B>| {
            let open = (first..first + count).map(|a| u.clone() * gates.clone().narrow(1, a, 1));
            map.forward(Tensor::cat(open.collect(), 1), precision) // [N, C*d_g] -> [N, Hm*d_h/2]
        };
        let t = Tensor::cat(vec![half(0, &self.told), half(count, &self.heard)], 1); // [N, Hm*d_h]
        let t = t * self.modulation.forward(n, precision).add_scalar(1.0);
        Ok(aggregate(t, prefixes, Direction::ToRows, Reduce::Sum, None)?)
    }

    /// q of rows.
    ///
    /// # Shapes
    /// sums `[n, Hm·d_h]` -> `[n, Hm·d_h]`, in the type of `precision`
    ///
    /// # Errors
    /// When the rows are of another query head's shape.
    pub fn queries(&self, sums: Tensor<B, 2>, precision: Precision) -> Result<Tensor<B, 2>> {
        let p = rms_norm(sums, precision.cast(self.sum_norm.val()), self.epsilon)?;
        let gated = swiglu(self.gate.forward(p.clone(), precision), self.up.forward(p.clone(), precision))?;
        let p = p + self.down.forward(gated, precision);
        let normed = rms_norm(p, precision.cast(self.output_norm.val()), self.epsilon)?;
        Ok(self.output.forward(normed, precision))
    }
}
