//! `Incidence`: the incidence matrix of a hypergraph on a device, with its degrees.

mod degrees;

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::Hypergraph;
use hypergraphql_kernels::CsrPair;

use crate::arguments::supports_pattern;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::kernel_config::HyperedgeKernel;
use degrees::Degrees;
pub(crate) use degrees::NegativeDegree;

/// The incidence matrix H `[N, M]` of a hypergraph in both orders, with the scales of the convolutions, uploaded once.
///
/// A clone shares everything.
pub struct Incidence<B: HyperBackend> {
    inner: Arc<Parts<B::Sparse, B::Scale, B::Device>>,
    kernel: HyperedgeKernel,
}

/// Independent of autodiff, so that `inner` shares it.
struct Parts<P, S, D> {
    pattern: P,
    scales: NodeAndEdgeScales<S>,
    nodes: usize,
    hyperedges: usize,
    nnz: usize,
    device: D,
}

/// The diagonal factors of the convolutions; 0 where a degree is 0.
pub(crate) struct NodeAndEdgeScales<S> {
    /// 1 / D_v, D_v = Σ_e w_e h_ve
    pub(crate) node_inverse: S,
    /// w_e / B_e, B_e = Σ_v h_ve
    pub(crate) edge_weight_inverse: S,
    /// Row sums of D^-1 H W B^-1 H^T.
    pub(crate) row_sums: S,
    /// Those of the symmetric form, where every degree has a square root.
    pub(crate) symmetric: Result<SymmetricScales<S>, NegativeDegree>,
}

pub(crate) struct SymmetricScales<S> {
    /// D_v^-1/2
    pub(crate) node_inverse_sqrt: S,
    /// Row sums of D^-1/2 H W B^-1 H^T D^-1/2.
    pub(crate) row_sums: S,
}

impl<B: HyperBackend> Incidence<B> {
    /// Builds both orders and the scales and uploads them, in O(Z + N + M).
    ///
    /// # Errors
    /// Sizes that 32-bit indices cannot hold.
    pub fn new(h: &Hypergraph, device: &B::Device) -> Result<Self> {
        let csr = h.node_major();
        let weights = h.incidence_weights().map(<[f64]>::to_vec);
        let pair = CsrPair::new(csr.ptr().to_vec(), csr.col().to_vec(), h.hyperedges(), weights)?;
        let degrees = Degrees::new(&pair, h.hyperedge_weights());
        let up = |values: Vec<f64>| B::scale(values.into(), device);
        let symmetric = degrees
            .node_inverse_sqrt
            .as_ref()
            .map_err(|&e| e)
            .map(|sqrt| SymmetricScales { row_sums: up(degrees.symmetric_row_sums(&pair, sqrt)), node_inverse_sqrt: up(sqrt.clone()) });
        let scales = NodeAndEdgeScales {
            symmetric,
            row_sums: up(degrees.row_sums(&pair)),
            node_inverse: up(degrees.node_inverse),
            edge_weight_inverse: up(degrees.edge_weight_inverse),
        };
        let (nodes, hyperedges, nnz) = (pair.rows(), pair.cols(), pair.nnz());
        supports_pattern::<B>(&pair, device)?;
        let pattern = B::sparse(Arc::new(pair), device);
        let inner = Arc::new(Parts { pattern, scales, nodes, hyperedges, nnz, device: device.clone() });
        Ok(Self { inner, kernel: HyperedgeKernel::Auto })
    }

    /// The same incidence, over which `hypergraph_conv` runs as `kernel` says.
    #[must_use]
    pub fn with_kernel(self, kernel: HyperedgeKernel) -> Self {
        Self { kernel, ..self }
    }

    /// How `hypergraph_conv` runs over it.
    pub fn kernel(&self) -> HyperedgeKernel {
        self.kernel
    }

    /// N, the number of nodes.
    pub fn nodes(&self) -> usize {
        self.inner.nodes
    }

    /// M, the number of hyperedges.
    pub fn hyperedges(&self) -> usize {
        self.inner.hyperedges
    }

    /// Z, the number of incidences.
    pub fn nnz(&self) -> usize {
        self.inner.nnz
    }

    /// Where it lies.
    pub fn device(&self) -> &B::Device {
        &self.inner.device
    }

    pub(crate) fn pattern(&self) -> &B::Sparse {
        &self.inner.pattern
    }

    pub(crate) fn scales(&self) -> &NodeAndEdgeScales<B::Scale> {
        &self.inner.scales
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Incidence<Autodiff<B, C>> {
    /// The same incidence for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Incidence<B> {
        Incidence { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> Clone for Incidence<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kernel: self.kernel }
    }
}

impl<B: HyperBackend> fmt::Debug for Incidence<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { nodes, hyperedges, nnz, device, .. } = &*self.inner;
        write!(f, "Incidence({nodes} nodes, {hyperedges} hyperedges, {nnz} incidences, {device:?})")
    }
}
