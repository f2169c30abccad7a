//! `hypergraph_conv`: hypergraph convolution.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::hypergraph_conv::{CONTRACT, Scales};

use crate::arguments::Arguments;
use crate::backend::{Bias, HyperBackend};
use crate::error::{OpError, Result};
use crate::incidence::{Incidence, NegativeDegree};
use crate::kernel_config::{HyperedgeKernel, KernelConfig};

/// How the two passes are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// D^-1 H W B^-1 H^T (Bai et al. 2019, arXiv:1901.08150; Gao et al. 2022, doi:10.1109/TPAMI.2022.3182052).
    Row,
    /// D^-1/2 H W B^-1 H^T D^-1/2 (Feng et al. 2019, arXiv:1809.09401).
    Symmetric,
    /// H W B^-1 H^T: the sum of the means of the hyperedges (UniGIN and UniSAGE of Huang and Yang 2021, arXiv:2105.00956).
    Sum,
    /// D^-1/2 H W B^-1 E^-1/2 H^T with E_e = Σ_v h_ve D_v / B_e, the mean degree of the members (UniGCN, ibid.).
    UniGnn,
}

/// Where the bias is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BiasPlace {
    /// To X Θ, before the passes, so that each row receives it times the operator's row sum (HGNN, HGNN+).
    Input,
    /// After the passes (Bai et al.).
    Output,
}

/// Options of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvConfig {
    /// The operator.
    pub normalisation: Normalisation,
    /// Where the bias is added.
    pub bias: BiasPlace,
}

/// Smooths node features over the hyperedges: `Y = S_out H W B^-1 H^T S_in (X Θ) + c ⊗ bias`.
///
/// In two passes or in one, as [`Incidence::with_kernel`] says.
///
/// D_v = Σ_e w_e h_ve and B_e = Σ_v h_ve; a degree of 0 gives 0. Negative degrees, which negative
/// weights make, have no square root: the symmetric form and UniGNN's refuse them. Θ is applied on the cheaper side of the passes.
///
/// # Shapes
/// x `[N, F]`, theta `[F, O]` (none: O = F), bias `[O]`; result `[N, O]`.
///
/// # Errors
/// Shapes, types or devices that disagree, a type that the device lacks, or a negative degree where its square root is taken.
pub fn hypergraph_conv<B: HyperBackend>(
    x: Tensor<B, 2>,
    incidence: &Incidence<B>,
    theta: Option<Tensor<B, 2>>,
    bias: Option<Tensor<B, 1>>,
    config: ConvConfig,
) -> Result<Tensor<B, 2>> {
    let [_, f] = x.dims();
    let o = theta.as_ref().map_or(f, |t| t.dims()[1]);
    let arguments = Arguments::new("hypergraph_conv", CONTRACT, incidence.device(), "X", &x, [Some(incidence.nodes()), None])?;
    arguments.check_some("theta", theta.as_ref(), [Some(f), None])?;
    arguments.check_some("bias", bias.as_ref(), [Some(o)])?;
    arguments.room("outputs", [incidence.nodes(), o])?;
    arguments.room("features of hyperedges", [incidence.hyperedges(), f.max(o)])?;
    let s = incidence.scales();
    let negative = |e: &NegativeDegree| OpError::NegativeDegree { of: e.of, index: e.index, degree: e.degree.to_string() };
    let middle = Some(s.edge_weight_inverse.clone());
    let (scales, row_sums) = match config.normalisation {
        Normalisation::Row => (Scales { input: None, middle, output: Some(s.node_inverse.clone()) }, &s.row_sums),
        Normalisation::Sum => (Scales { input: None, middle, output: s.sum_share.clone() }, &s.sum_row_sums),
        Normalisation::Symmetric => {
            let symmetric = s.symmetric.as_ref().map_err(negative)?;
            (Scales { input: Some(symmetric.input.clone()), middle, output: Some(symmetric.output.clone()) }, &symmetric.row_sums)
        }
        Normalisation::UniGnn => {
            let unignn = s.unignn.as_ref().map_err(negative)?;
            let middle = Some(unignn.edge_mean_inverse_sqrt.clone());
            (Scales { input: None, middle, output: Some(unignn.output.clone()) }, &unignn.row_sums)
        }
    };
    let sizes = [incidence.nodes(), incidence.hyperedges(), incidence.nnz(), f.min(o)];
    let kernel = KernelConfig::hyperedge::<B>(incidence.kernel(), incidence.device(), arguments.dtype().name(), sizes);
    // Burn's products panic on empty tensors on some devices.
    if kernel == HyperedgeKernel::Fused && incidence.nodes() * f * o > 0 {
        return Ok(fused(x, incidence, &scales, theta, bias, config.bias));
    }
    let bias = bias.map(|b| Bias {
        row: b.into_primitive().tensor(),
        scale: match config.bias {
            BiasPlace::Input => Some(row_sums.clone()),
            BiasPlace::Output => None,
        },
    });
    let theta = theta.map(|t| t.into_primitive().tensor());
    let y = B::hypergraph_conv(incidence.pattern(), &scales, x.into_primitive().tensor(), theta, bias); // [N, O]
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y)))
}

/// Both passes as one kernel, after the product with Θ.
fn fused<B: HyperBackend>(
    x: Tensor<B, 2>,
    incidence: &Incidence<B>,
    scales: &Scales<B::Scale>,
    theta: Option<Tensor<B, 2>>,
    bias: Option<Tensor<B, 1>>,
    place: BiasPlace,
) -> Tensor<B, 2> {
    let x = match theta {
        Some(theta) => x.matmul(theta),
        None => x,
    }; // [N, O]
    let (before, after) = match place {
        BiasPlace::Input => (bias, None),
        BiasPlace::Output => (None, bias),
    };
    let add = |x: Tensor<B, 2>, bias: Option<Tensor<B, 1>>| bias.map_or(x.clone(), |b| x + b.unsqueeze());
    let y = B::fused_passes(incidence.pattern(), scales, add(x, before).into_primitive().tensor());
    add(Tensor::from_primitive(TensorPrimitive::Float(y)), after)
}
