//! `Ids`: an array of indices on a device, and the same as a tensor of Burn.

use std::fmt;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;

use burn::tensor::{AllocationProperty, Bytes, DType, Int, Tensor, TensorData};

use crate::backend::HyperBackend;
use crate::error::{OpError, Result};

/// Indices `[n]` as a tensor of Burn, of type u32 whatever the back end's own integers are.
pub type IdTensor<B> = Tensor<B, 1, Int>;

/// Indices that somebody has on the host, a column of an answer say, as a tensor. On the CPU they are not copied: the tensor holds on to their owner, and
/// an op that would write into it copies first. To other devices they are uploaded.
pub fn id_tensor<B: HyperBackend>(ids: impl AsRef<[u32]> + Send + 'static, device: &B::Device) -> IdTensor<B> {
    let len = ids.as_ref().len();
    Tensor::from_data(TensorData::from_bytes(shared(Owner(ids)), [len], DType::U32), (device, DType::U32))
}

/// The bytes of indices, kept by their owner.
pub(crate) fn shared<T: AsRef<[u32]> + Send + 'static>(owner: Owner<T>) -> Bytes {
    Bytes::from_shared(bytes::Bytes::from_owner(owner), AllocationProperty::Native)
}

/// An owner of indices, seen as bytes.
pub(crate) struct Owner<T>(pub(crate) T);

impl<T: AsRef<[u32]>> AsRef<[u8]> for Owner<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(self.0.as_ref())
    }
}

/// Indices `[n]` of 32 bits on a device: the columns of a relation. A clone shares them.
pub struct Ids<B: HyperBackend> {
    pub(crate) inner: B::Ids,
    pub(crate) device: B::Device,
}

impl<B: HyperBackend> Ids<B> {
    /// Uploads indices.
    pub fn new(values: Vec<u32>, device: &B::Device) -> Self {
        Self { inner: B::ids(values, device), device: device.clone() }
    }

    /// n
    pub fn len(&self) -> usize {
        B::ids_len(&self.inner)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where they lie.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// The indices; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    pub fn read(&self) -> Result<Vec<u32>> {
        Ok(B::read_ids(&self.inner, &self.device)?)
    }

    /// The indices as a tensor; nothing is copied.
    pub fn into_tensor(self) -> IdTensor<B> {
        Tensor::from_primitive(B::ids_into_int(self.inner, &self.device))
    }

    /// A tensor of type u32 as indices. It is not copied, unless it is on the CPU and shared with other tensors.
    ///
    /// # Errors
    /// [`OpError::Type`] for integers of another type: cast them with `Tensor::cast`, which is exact where none is negative or too large.
    pub fn from_tensor(tensor: IdTensor<B>) -> Result<Self> {
        if tensor.dtype() != DType::U32 {
            let got = format!("{:?}", tensor.dtype());
            return Err(OpError::Type { op: "from_tensor", argument: "tensor", expected: "U32".to_owned(), got });
        }
        let device = tensor.device();
        Ok(Self { inner: B::int_into_ids(tensor.into_primitive()), device })
    }

    pub(crate) fn on(&self, inner: B::Ids) -> Self {
        Self { inner, device: self.device.clone() }
    }

    pub(crate) fn both(&self, (a, b): (B::Ids, B::Ids)) -> (Self, Self) {
        (self.on(a), self.on(b))
    }

    /// Checks that `other` lies on the same device.
    pub(crate) fn check(&self, op: &'static str, argument: &'static str, other: &Self) -> Result<()> {
        if self.device == other.device {
            return Ok(());
        }
        Err(OpError::Device { op, argument, expected: format!("{:?}", self.device), got: format!("{:?}", other.device) })
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Ids<Autodiff<B, C>> {
    /// The same indices for ops without autodiff; nothing is copied.
    pub fn inner(&self) -> Ids<B> {
        Ids { inner: self.inner.clone(), device: self.device.clone() }
    }
}

impl<B: HyperBackend> Clone for Ids<B> {
    fn clone(&self) -> Self {
        self.on(self.inner.clone())
    }
}

impl<B: HyperBackend> fmt::Debug for Ids<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ids({}, {:?})", self.len(), self.device)
    }
}
