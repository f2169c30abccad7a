//! The crate's one error type.

use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

/// What can go wrong when a network is built, run or read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// An operation refused its arguments.
    #[error(transparent)]
    Op(#[from] hypergraphql_ops::OpError),
    /// The device cannot store the precision asked for.
    #[error(transparent)]
    Unsupported(hypergraphql_ops::KernelError),
    /// A hypergraph, dataset or split is not what it should be.
    #[error(transparent)]
    Framework(#[from] hypergraphql_framework::Error),
    /// A checkpoint cannot be used.
    #[error("checkpoint {path}: expected {expected}, found {found}", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What was wanted of it.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// The loss is no number any more.
    #[error("the loss of epoch {epoch} is {loss}; use a lower learning rate than {lr}, --clip 1 or --precision f32")]
    Loss {
        /// The epoch, from 1.
        epoch: usize,
        /// Its loss.
        loss: f32,
        /// Its learning rate.
        lr: f64,
    },
    /// A tensor of a training step is no number any more.
    #[error("step {step}: {tensor} is no number any more; the last checkpoint is good: go on from it with a lower learning rate than {lr}")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// The tensor.
        tensor: String,
        /// The learning rate of the step.
        lr: f64,
    },
    /// Gradients are not finite at any loss scale.
    #[error("the gradients of epoch {epoch} are not finite even at loss scale {loss_scale:e}; use --precision bf16 or f32")]
    Gradient {
        /// The epoch, from 1.
        epoch: usize,
        /// The scale that was reached.
        loss_scale: f32,
    },
    /// Training would not fit into memory.
    #[error(
        "training needs about {needed_mib} MiB of memory, {available_mib} MiB are available; lower --hidden, or train all the same with --force"
    )]
    Memory {
        /// The estimate.
        needed_mib: u64,
        /// What the system can give.
        available_mib: u64,
    },
    /// An option outside its range.
    #[error("{what} is {got}, expected {expected}")]
    Option {
        /// The option at fault.
        what: &'static str,
        /// The value found.
        got: String,
        /// The values allowed.
        expected: String,
    },
    /// A matrix that does not fit the network.
    #[error("{what} has shape {got:?}, expected {expected:?}")]
    Shape {
        /// The matrix at fault.
        what: &'static str,
        /// The shape found.
        got: Vec<usize>,
        /// The shape that the network takes.
        expected: Vec<usize>,
    },
    /// A file cannot be read.
    #[error("{path}: cannot read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{path}: cannot write: {source}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A checkpoint would replace something that is none.
    #[error("{path}: expected nothing, an empty folder or a checkpoint to replace, found {found}; move it away or choose another folder", path = path.display())]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// A manifest that would be too large to be read again.
    #[error("the manifest of the checkpoint has {bytes} bytes, expected at most {limit}; train fewer --runs or --epochs at a time")]
    ManifestSize {
        /// Its size.
        bytes: u64,
        /// The largest that is read.
        limit: u64,
    },
    /// A safetensors file is damaged.
    #[error("{path}: not a whole safetensors file: {reason}; write it again with safetensors.torch.save_file", path = path.display())]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A state dict lacks a tensor.
    #[error("{path}: no tensor {name}, expected one of shape {expected:?}; the file has {present}", path = path.display())]
    TensorMissing {
        /// The file.
        path: PathBuf,
        /// The name looked for.
        name: String,
        /// Its shape in the file.
        expected: Vec<usize>,
        /// The names in the file.
        present: String,
    },
    /// A tensor of a state dict has another shape than the network's.
    #[error("{path}: tensor {name} has shape {got:?}, expected {expected:?}; build the network with the sizes of the file", path = path.display())]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        got: Vec<usize>,
        /// The shape that the network takes.
        expected: Vec<usize>,
    },
    /// A tensor of a state dict is not of floating point.
    #[error("{path}: tensor {name} is of type {got}, expected F64, F32, F16 or BF16", path = path.display())]
    TensorType {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        got: String,
    },
    /// A state dict has tensors that the network does not.
    #[error("{path}: the network has no place for {names}; choose the layer and options that the file was trained with", path = path.display())]
    TensorsLeft {
        /// The file.
        path: PathBuf,
        /// The names left over.
        names: String,
    },
    /// A sequence of tokens that the network cannot read.
    #[error("{what} has {got} tokens, expected {expected}")]
    Tokens {
        /// The sequence at fault.
        what: String,
        /// Its length.
        got: usize,
        /// The lengths allowed, and what to do.
        expected: String,
    },
    /// A token that the network has no embedding for.
    #[error("{what}: token {id} is outside the vocabulary of {vocabulary} tokens; use the tokenizer that the model was trained with")]
    Token {
        /// The sequence at fault.
        what: String,
        /// The token.
        id: u32,
        /// Tokens of the network.
        vocabulary: usize,
    },
    /// A state dict has another number of layers than the network.
    #[error("{path}: {got} layers named *{weight} ({names}), expected {expected}", path = path.display())]
    LayerCount {
        /// The file.
        path: PathBuf,
        /// Layers found.
        got: usize,
        /// The tensor that every layer has.
        weight: &'static str,
        /// Their names.
        names: String,
        /// Layers of the network.
        expected: usize,
    },
}

impl ModelError {
    pub(crate) fn checkpoint(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Checkpoint { path: path.to_path_buf(), expected: expected.into(), found: found.into() }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { path: path.to_path_buf(), source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Write { path: path.to_path_buf(), source }
    }

    /// An option outside its range.
    pub fn option(what: &'static str, got: impl ToString, expected: impl Into<String>) -> Self {
        Self::Option { what, got: got.to_string(), expected: expected.into() }
    }

    /// A matrix of another shape than expected.
    pub fn shape(what: &'static str, got: &[usize], expected: &[usize]) -> Self {
        Self::Shape { what, got: got.to_vec(), expected: expected.to_vec() }
    }
}
