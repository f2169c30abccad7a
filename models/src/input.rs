//! What a network reads: a hypergraph with features.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::{Int, Tensor, TensorData};
use hypergraphql_framework::sample::Batch;
use hypergraphql_framework::{Features, Relations};
use hypergraphql_ops::{HyperBackend, Incidence, SparseMatrix, sparse_conv};

use crate::error::{ModelError, Result};
use crate::layers::LayerKind;
use crate::node_statements::NodeStatements;
use crate::pair_graph::FeaturedPairs;
use crate::precision::Precision;
use crate::structures::Structures;
use crate::typed::{Kind, TypedHyperedges};

/// Features of the nodes `[N, F]`, dense or sparse.
#[derive(Debug, Clone)]
pub enum NodeFeatures<B: HyperBackend> {
    /// `[N, F]`
    Dense(Tensor<B, 2>),
    /// `[N, F]` with constant values; takes the type of the weights that it meets.
    Sparse(SparseMatrix<B>),
}

impl<B: HyperBackend> NodeFeatures<B> {
    /// Uploads the features of a data set; none where it has none.
    ///
    /// # Errors
    /// Sizes that 32-bit indices or the device cannot hold.
    pub fn of(features: &Features, device: &B::Device) -> Result<Option<Self>> {
        Ok(match features {
            Features::Sparse(x) => Some(Self::Sparse(SparseMatrix::from_sprs(x, device)?)),
            Features::Dense(x) => {
                let values: Vec<f32> = x.iter().copied().collect();
                Some(Self::Dense(Tensor::from_data(TensorData::new(values, [x.nrows(), x.ncols()]), device)))
            }
            Features::None => None,
        })
    }

    /// N, the number of nodes.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(x) => x.dims()[0],
            Self::Sparse(x) => x.rows(),
        }
    }

    /// F, the number of features of a node.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(x) => x.dims()[1],
            Self::Sparse(x) => x.cols(),
        }
    }

    /// Dense features in the type of activations; sparse ones have no type of their own.
    pub fn cast(self, precision: Precision) -> Self {
        match self {
            Self::Dense(x) => Self::Dense(precision.cast(x)),
            Self::Sparse(x) => Self::Sparse(x),
        }
    }

    /// The features of these nodes, in this order: dense ones are gathered on the device, sparse ones cut on the host. For batches: it has no gradient.
    ///
    /// # Shapes
    /// `[N, F]`, nodes `[n]` -> `[n, F]`
    ///
    /// # Errors
    /// A node that is not there.
    pub fn select(&self, nodes: &[u32]) -> Result<Self> {
        let count = self.rows();
        if let Some(node) = nodes.iter().find(|v| **v as usize >= count) {
            return Err(ModelError::option("node of a batch", node, format!("a node below {count}")));
        }
        match self {
            Self::Dense(x) => {
                let index: Vec<i64> = nodes.iter().map(|v| i64::from(*v)).collect();
                let index = Tensor::<B, 1, Int>::from_data(TensorData::new(index, [nodes.len()]), &x.device());
                // Burn's own: an `Index` would also sort the transpose, which is as long as all nodes.
                Ok(Self::Dense(x.clone().select(0, index))) // [n, F]
            }
            Self::Sparse(x) => Ok(Self::Sparse(x.select_rows(nodes)?)),
        }
    }

    /// X Θ, in the type of Θ.
    ///
    /// # Shapes
    /// X `[N, F]`, Θ `[F, O]` -> `[N, O]`
    ///
    /// # Errors
    /// When Θ has not F rows.
    pub fn times(&self, theta: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
        self.check_width(theta.dims()[0])?;
        match self {
            Self::Dense(x) => Ok(x.clone().cast(theta.dtype()).matmul(theta)), // [N, O]
            Self::Sparse(x) => Ok(sparse_conv(x, theta, None, None)?),         // [N, O]
        }
    }

    pub(crate) fn check_width(&self, expected: usize) -> Result<()> {
        if self.width() == expected {
            return Ok(());
        }
        Err(ModelError::shape("node features", &[self.rows(), self.width()], &[self.rows(), expected]))
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> NodeFeatures<Autodiff<B, C>> {
    /// The same features without gradients; nothing is copied.
    pub fn inner(&self) -> NodeFeatures<B> {
        match self {
            Self::Dense(x) => NodeFeatures::Dense(x.clone().inner()),
            Self::Sparse(x) => NodeFeatures::Sparse(x.inner()),
        }
    }
}

/// A hypergraph of N nodes and M hyperedges with features; cheap to clone.
#[derive(Debug, Clone)]
pub struct GraphInput<B: HyperBackend> {
    /// H, with its weights and degrees.
    pub incidence: Incidence<B>,
    /// `[N, F]`
    pub features: NodeFeatures<B>,
    /// `[M, F]`; attention takes the mean of the members' features where it is `None`, other layers ignore it.
    pub hyperedge_features: Option<Tensor<B, 2>>,
    /// x⁰ `[N, F]`, what a deep network began with; UniGCNII and ED-HNN mix it in again, other layers ignore it.
    pub initial_features: Option<Tensor<B, 2>>,
    /// What some layers read besides the incidences; clones share it.
    structures: Arc<Structures<B>>,
}

impl<B: HyperBackend> GraphInput<B> {
    /// A hypergraph with features of its nodes.
    ///
    /// # Errors
    /// When there are not as many rows of features as nodes.
    pub fn new(incidence: Incidence<B>, features: NodeFeatures<B>) -> Result<Self> {
        let nodes = incidence.nodes();
        if features.rows() != nodes {
            let width = features.width();
            return Err(ModelError::shape("node features", &[features.rows(), width], &[nodes, width]));
        }
        let structures = Arc::new(Structures::untyped());
        Ok(Self { incidence, features, hyperedge_features: None, initial_features: None, structures })
    }

    /// The same with features of the hyperedges, for the first layer of attention.
    ///
    /// # Errors
    /// When they are not `[M, F]`.
    pub fn with_hyperedge_features(mut self, z: Tensor<B, 2>) -> Result<Self> {
        let expected = [self.incidence.hyperedges(), self.features.width()];
        if z.dims() != expected {
            return Err(ModelError::shape("hyperedge features", &z.dims(), &expected));
        }
        self.hyperedge_features = Some(z);
        Ok(self)
    }

    /// The same with features that the layers mix in again.
    ///
    /// # Errors
    /// When there are not as many rows as nodes.
    pub fn with_initial_features(mut self, x: Tensor<B, 2>) -> Result<Self> {
        let [rows, width] = x.dims();
        if rows != self.incidence.nodes() {
            return Err(ModelError::shape("initial features", &[rows, width], &[self.incidence.nodes(), width]));
        }
        self.initial_features = Some(x);
        Ok(self)
    }

    /// The same with the relations of the hyperedges and the kinds of incidences that a network knows, for the relational layer and StarE. Without this, all
    /// incidences are of one kind.
    #[must_use]
    pub fn with_types(self, relations: Option<Relations>, kinds: Vec<Kind>) -> Self {
        Self { structures: Arc::new(Structures::of_types(relations, kinds)), ..self }
    }

    /// Makes what layers of this kind read besides the incidences, which otherwise their first call does.
    ///
    /// # Errors
    /// When the device or 32-bit ids cannot hold it, or an incidence is of a kind that the network does not know.
    pub fn make_ready_for(&self, layer: LayerKind) -> Result<()> {
        match layer {
            LayerKind::GatV2 => self.pairs().map(|_| ()),
            LayerKind::Relational => self.typed().map(|_| ()),
            LayerKind::StarE => self.statements().map(|_| ()),
            _ => Ok(()),
        }
    }

    pub(crate) fn pairs(&self) -> Result<&FeaturedPairs<B>> {
        self.structures.pairs(&self.incidence)
    }

    pub(crate) fn typed(&self) -> Result<&TypedHyperedges<B>> {
        self.structures.typed(&self.incidence)
    }

    pub(crate) fn statements(&self) -> Result<&NodeStatements<B>> {
        self.structures.statements(&self.incidence)
    }

    /// x⁰ of this shape.
    pub(crate) fn initial(&self, shape: [usize; 2]) -> Result<Tensor<B, 2>> {
        match &self.initial_features {
            Some(x) if x.dims() == shape => Ok(x.clone()),
            Some(x) => Err(ModelError::shape("initial features", &x.dims(), &shape)),
            None => Err(ModelError::option("initial features", "none", "what GraphInput::with_initial_features takes")),
        }
    }

    /// The input of a batch that was drawn from the hypergraph of these features; see [`Incidence::of_part`].
    ///
    /// # Errors
    /// A node of the batch that has no features here.
    pub fn of_batch(batch: &Batch, features: &NodeFeatures<B>, device: &B::Device) -> Result<Self> {
        Self::new(Incidence::of_part(&batch.hypergraph, &batch.degrees, device)?, features.select(&batch.nodes)?)
    }

    /// The same hypergraph with the output of a layer as features.
    pub fn hidden(&self, x: Tensor<B, 2>) -> Self {
        let (incidence, initial_features) = (self.incidence.clone(), self.initial_features.clone());
        let structures = Arc::clone(&self.structures);
        Self { incidence, features: NodeFeatures::Dense(x), hyperedge_features: None, initial_features, structures }
    }

    /// Dense features in the type of activations; once before training instead of in every forward pass.
    pub fn cast(self, precision: Precision) -> Self {
        Self {
            incidence: self.incidence,
            features: self.features.cast(precision),
            hyperedge_features: self.hyperedge_features.map(|z| precision.cast(z)),
            initial_features: self.initial_features.map(|x| precision.cast(x)),
            structures: self.structures,
        }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> GraphInput<Autodiff<B, C>> {
    /// The same input without gradients, for evaluation; nothing is copied.
    pub fn inner(&self) -> GraphInput<B> {
        GraphInput {
            incidence: self.incidence.inner(),
            features: self.features.inner(),
            hyperedge_features: self.hyperedge_features.clone().map(Tensor::inner),
            initial_features: self.initial_features.clone().map(Tensor::inner),
            structures: Arc::new(self.structures.inner()),
        }
    }
}
