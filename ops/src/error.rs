//! The crate's one error type.

use hypergraphql_kernels::KernelError;

/// Result of every fallible function of this crate.
pub type Result<T, E = OpError> = std::result::Result<T, E>;

/// Why an op refused its arguments.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpError {
    /// A tensor does not have the shape that the op's contract gives it.
    #[error("{op}: {argument} has shape {got}, expected {expected}; the contract is {contract}")]
    Shape {
        /// The op.
        op: &'static str,
        /// The argument at fault.
        argument: &'static str,
        /// The shape that the contract gives; `_` stands for any size.
        expected: String,
        /// The shape found.
        got: String,
        /// Shapes of the op, as in its documentation.
        contract: &'static str,
    },
    /// A tensor of another type than the first argument, or of a type that no kernel stores.
    #[error("{op}: {argument} is {got}, expected {expected}; cast it with Tensor::cast")]
    Type {
        /// The op.
        op: &'static str,
        /// The argument at fault.
        argument: &'static str,
        /// The types allowed.
        expected: String,
        /// The type found.
        got: String,
    },
    /// A tensor on another device than the sparse pattern or the first argument.
    #[error("{op}: {argument} is on device {got}, expected {expected}; move it with Tensor::to_device")]
    Device {
        /// The op.
        op: &'static str,
        /// The argument at fault.
        argument: &'static str,
        /// The device of the others.
        expected: String,
        /// The device found.
        got: String,
    },
    /// A form of a convolution that takes the square root of a degree which has none.
    #[error(
        "hypergraph_conv: {of} {index} has degree {degree}, and this form takes its square root; make the weights that sum to it positive or use \
         Normalisation::Row"
    )]
    NegativeDegree {
        /// `node`, or `hyperedge` for the mean degree of its members.
        of: &'static str,
        /// The first such node or hyperedge.
        index: usize,
        /// Its degree, Σ_e w_e h_ve of a node.
        degree: String,
    },
    /// What the kernels refuse: sizes, indices, options, types that the device lacks.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}
