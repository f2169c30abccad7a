//! `Incidence`: the incidence matrix of a hypergraph on a device, with its degrees.

mod degrees;

use std::fmt;
use std::sync::{Arc, OnceLock};

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::Hypergraph;
use hypergraphql_kernels::{CsrPair, Direction};

use crate::arguments::supports_pattern;
use crate::backend::HyperBackend;
use crate::error::{OpError, Result};
use crate::index::{Index, IndexParts};
use crate::kernel_config::HyperedgeKernel;
pub(crate) use degrees::NegativeDegree;
use degrees::{Degrees, operator};

/// The incidence matrix H `[N, M]` of a hypergraph in both orders, with the scales of the convolutions, uploaded once.
///
/// A clone shares everything.
pub struct Incidence<B: HyperBackend> {
    inner: Arc<Parts<B::Sparse, B::Scale, B::Device>>,
    kernel: HyperedgeKernel,
}

/// Independent of autodiff, so that `inner` shares it.
struct Parts<P, S, D> {
    hypergraph: Hypergraph,
    pair: Arc<CsrPair>,
    pattern: P,
    node_index: OnceLock<Arc<IndexParts<P, D>>>,
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
    /// D_v / d_v in a part of a whole, where d_v is the degree in the part.
    pub(crate) sum_share: Option<S>,
    /// Row sums of H W B^-1 H^T.
    pub(crate) sum_row_sums: S,
    /// Those of the symmetric form, where every degree has a square root.
    pub(crate) symmetric: Result<SymmetricScales<S>, NegativeDegree>,
    /// Those of UniGNN's form, where every degree and every mean of degrees has a square root.
    pub(crate) unignn: Result<UniGnnScales<S>, NegativeDegree>,
}

pub(crate) struct UniGnnScales<S> {
    /// D_v^-1/2; √D_v / d_v in a part of a whole.
    pub(crate) output: S,
    /// w_e / (B_e √E_e), E_e the mean degree of the members.
    pub(crate) edge_mean_inverse_sqrt: S,
    /// Row sums of D^-1/2 H W B^-1 E^-1/2 H^T.
    pub(crate) row_sums: S,
}

pub(crate) struct SymmetricScales<S> {
    /// D_v^-1/2
    pub(crate) input: S,
    /// D_v^-1/2; √D_v / d_v in a part of a whole.
    pub(crate) output: S,
    /// Row sums of D^-1/2 H W B^-1 H^T D^-1/2.
    pub(crate) row_sums: S,
}

impl<B: HyperBackend> Incidence<B> {
    /// Builds both orders and the scales and uploads them, in O(Z + N + M).
    ///
    /// # Errors
    /// Sizes that 32-bit indices cannot hold.
    pub fn new(h: &Hypergraph, device: &B::Device) -> Result<Self> {
        Self::with_degrees(h, None, device)
    }

    /// Of a part of a larger hypergraph, drawn for a mini-batch, whose nodes have the degrees D_v in the whole and d_v here: `hypergraph_conv` then estimates what it
    /// would give in the whole. Means over hyperedges and members are those of the part; a sum over a node's hyperedges is multiplied by D_v / d_v; and the square
    /// roots are of D_v, so that `D^-1/2 …` becomes `√D_v / d_v …`. Where all hyperedges of a node and all their members are in the part, the node's row is that of the
    /// whole.
    ///
    /// # Errors
    /// As [`Incidence::new`], and when there is not one degree per node.
    pub fn of_part(h: &Hypergraph, degrees: &[f64], device: &B::Device) -> Result<Self> {
        if degrees.len() != h.nodes() {
            let (expected, got) = (format!("[{}]", h.nodes()), format!("[{}]", degrees.len()));
            return Err(OpError::Shape { op: "Incidence::of_part", argument: "degrees", expected, got, contract: "degrees [N]" });
        }
        Self::with_degrees(h, Some(degrees), device)
    }

    fn with_degrees(h: &Hypergraph, whole: Option<&[f64]>, device: &B::Device) -> Result<Self> {
        let csr = h.node_major();
        let weights = h.incidence_weights().map(<[f64]>::to_vec);
        let pair = CsrPair::new(csr.ptr().to_vec(), csr.col().to_vec(), h.hyperedges(), weights)?;
        let degrees = Degrees::new(&pair, h.hyperedge_weights(), whole);
        let up = |values: Vec<f64>| B::scale(values.into(), device);
        let roots = degrees.node_inverse_sqrt.as_ref().map_err(|&e| e);
        let means = degrees.edge_mean_inverse_sqrt.as_ref().map_err(|&e| e);
        let root = roots.map(|sqrt| up(sqrt.clone()));
        let shares = degrees.shares.as_ref();
        let output = root.clone().map(|root| shares.map_or(root, |s| up(s.sqrt.clone())));
        let scales = NodeAndEdgeScales {
            symmetric: roots.and_then(|sqrt| {
                Ok(SymmetricScales { row_sums: up(degrees.symmetric_row_sums(&pair, sqrt)), input: root?, output: output.clone()? })
            }),
            unignn: roots.and_then(|sqrt| {
                let row_sums = up(operator(&pair, |_| 1.0, means?, |v| shares.map_or(sqrt[v], |s| s.sqrt[v])));
                Ok(UniGnnScales { row_sums, output: output.clone()?, edge_mean_inverse_sqrt: up(means?.clone()) })
            }),
            row_sums: up(degrees.row_sums(&pair)),
            sum_row_sums: up(degrees.sum_row_sums(&pair)),
            sum_share: shares.map(|s| up(s.sum.clone())),
            node_inverse: up(degrees.node_inverse),
            edge_weight_inverse: up(degrees.edge_weight_inverse),
        };
        let (nodes, hyperedges, nnz) = (pair.rows(), pair.cols(), pair.nnz());
        supports_pattern::<B>(&pair, device)?;
        let pair = Arc::new(pair);
        let pattern = B::sparse(Arc::clone(&pair), device);
        let hypergraph = h.clone();
        let inner = Arc::new(Parts {
            hypergraph,
            pair,
            pattern,
            node_index: OnceLock::new(),
            scales,
            nodes,
            hyperedges,
            nnz,
            device: device.clone(),
        });
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

    /// The hypergraph itself, on the host; its arrays are shared with the one that this was made of. Expansions are made from it.
    pub fn hypergraph(&self) -> &Hypergraph {
        &self.inner.hypergraph
    }

    /// The node of every incidence, in node-major order: [`scatter_add`](crate::scatter_add) by it sums features of incidences in their nodes. Made at the first
    /// call.
    ///
    /// # Errors
    /// Sizes that the device cannot hold.
    pub fn node_index(&self) -> Result<Index<B>> {
        if let Some(parts) = self.inner.node_index.get() {
            return Ok(Index::of(Arc::clone(parts)));
        }
        let view = self.inner.pair.view(Direction::ToRows);
        let nodes: Vec<u32> = (0..view.rows()).flat_map(|v| view.range(v).map(move |_| v as u32)).collect();
        let parts = Index::<B>::new(&nodes, self.nodes(), self.device())?.parts();
        Ok(Index::of(Arc::clone(self.inner.node_index.get_or_init(|| parts))))
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
