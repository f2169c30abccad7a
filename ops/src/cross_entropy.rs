//! `cross_entropy`: the loss of classes and of next tokens.

use std::fmt;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::cross_entropy::{CONTRACT, NO_TARGET, check_targets};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;

/// The class of each row, on a device. A clone shares everything.
pub struct Targets<B: HyperBackend> {
    ids: B::Ids,
    rows: usize,
    counted: usize,
    classes: usize,
    device: B::Device,
}

impl<B: HyperBackend> Targets<B> {
    /// Uploads the class of each row; rows without one (padding, masked nodes) have the loss 0 and pass no gradient.
    ///
    /// # Errors
    /// A class `>= classes`, with its place.
    pub fn new(targets: &[Option<u32>], classes: usize, device: &B::Device) -> Result<Self> {
        let ids: Vec<u32> = targets.iter().map(|t| t.unwrap_or(NO_TARGET)).collect();
        check_targets(&ids, classes)?;
        let counted = targets.iter().flatten().count();
        Ok(Self { ids: B::ids(ids, device), rows: targets.len(), counted, classes, device: device.clone() })
    }

    /// T, the number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Rows that have a class: what a mean loss divides by.
    pub fn counted(&self) -> usize {
        self.counted
    }

    /// V, the number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Where they lie.
    pub fn device(&self) -> &B::Device {
        &self.device
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Targets<Autodiff<B, C>> {
    /// The same targets for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Targets<B> {
        let Self { ids, rows, counted, classes, device } = self;
        Targets { ids: ids.clone(), rows: *rows, counted: *counted, classes: *classes, device: device.clone() }
    }
}

impl<B: HyperBackend> Clone for Targets<B> {
    fn clone(&self) -> Self {
        let Self { ids, rows, counted, classes, device } = self;
        Self { ids: ids.clone(), rows: *rows, counted: *counted, classes: *classes, device: device.clone() }
    }
}

impl<B: HyperBackend> fmt::Debug for Targets<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, counted, classes, device, .. } = self;
        write!(f, "Targets({counted} of {rows} rows, {classes} classes, {device:?})")
    }
}

/// y_t = ln Σ_v exp(x_(t,v)) − x_(t, target_t) per row, 0 for a row without a target; the probabilities are never stored.
///
/// Sums in f32 (f64 for f64). For the mean, divide the sum by [`Targets::counted`].
///
/// # Shapes
/// x `[T, V]`; result `[T]`.
///
/// # Errors
/// A shape or device that disagrees with the targets, or a type that the device lacks.
pub fn cross_entropy<B: HyperBackend>(x: Tensor<B, 2>, targets: &Targets<B>) -> Result<Tensor<B, 1>> {
    Arguments::new("cross_entropy", CONTRACT, &targets.device, "x", &x, [Some(targets.rows), Some(targets.classes)])?;
    let (loss, _) = B::cross_entropy(x.into_primitive().tensor(), &targets.ids);
    Ok(Tensor::from_primitive(TensorPrimitive::Float(loss)))
}
