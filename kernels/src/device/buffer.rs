//! Contiguous device arrays: floats of a run-time type, and u32 indices.

use std::marker::PhantomData;

use cubecl::ir::{ElemType, FloatKind, StorageType};
use cubecl::prelude::*;
use cubecl::server::Handle;

use crate::element::DType;
use crate::error::{KernelError, check_len};

/// Bytes of an array without elements: a zero-sized binding is an error on some devices.
const SMALLEST: usize = 64;

/// A contiguous array of floats on a device.
#[derive(Debug)]
pub struct Buf<R: Runtime> {
    handle: Handle,
    len: usize,
    dtype: DType,
    runtime: PhantomData<R>,
}

impl<R: Runtime> Clone for Buf<R> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), len: self.len, dtype: self.dtype, runtime: PhantomData }
    }
}

impl<R: Runtime> Buf<R> {
    /// Uninitialised memory for `len` elements.
    pub fn empty(client: &ComputeClient<R>, len: usize, dtype: DType) -> Self {
        Self { handle: allocate(client, len * dtype.bytes()), len, dtype, runtime: PhantomData }
    }

    /// Uploads f32 values.
    pub fn from_f32(client: &ComputeClient<R>, values: &[f32]) -> Self {
        Self { handle: upload(client, bytemuck::cast_slice(values)), len: values.len(), dtype: DType::F32, runtime: PhantomData }
    }

    /// Uploads the bytes of `dtype` values.
    ///
    /// # Errors
    /// A number of bytes that is no multiple of the size of one element.
    pub fn from_bytes(client: &ComputeClient<R>, bytes: &[u8], dtype: DType) -> Result<Self, KernelError> {
        let len = bytes.len() / dtype.bytes();
        check_len("upload", "bytes [len * size of an element]", "bytes", bytes.len(), len * dtype.bytes())?;
        Ok(Self { handle: upload(client, bytes), len, dtype, runtime: PhantomData })
    }

    /// Views an existing contiguous allocation.
    ///
    /// # Errors
    /// An allocation smaller than `len` elements.
    pub fn wrap(handle: Handle, len: usize, dtype: DType) -> Result<Self, KernelError> {
        let held = handle.size_in_used() as usize / dtype.bytes();
        if held < len {
            return Err(KernelError::Length { op: "wrap", argument: "handle", expected: len, got: held, contract: "handle [len]" });
        }
        Ok(Self { handle, len, dtype, runtime: PhantomData })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Type of an element.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The allocation.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The allocation, for another owner.
    pub fn into_handle(self) -> Handle {
        self.handle
    }

    /// The bytes of the elements, read back to the host: waits for the device.
    ///
    /// # Errors
    /// The message of the device when the read fails.
    pub fn read(&self, client: &ComputeClient<R>) -> Result<Vec<u8>, String> {
        if self.is_empty() {
            return Ok(vec![]);
        }
        let bytes = client.read_one(self.handle.clone()).map_err(|e| format!("{e:?}"))?;
        bytes.get(..self.len * self.dtype.bytes()).map(<[u8]>::to_vec).ok_or_else(|| "the device returned too few bytes".into())
    }

    /// As the argument of a kernel.
    pub fn arg(&self) -> ArrayArg<R> {
        // SAFETY: every constructor checks or allocates at least `len` elements of `dtype`.
        unsafe { ArrayArg::from_raw_parts(self.handle.clone(), self.len) }
    }
}

/// Checks the type of an argument.
///
/// # Errors
/// Names the op, the argument and both types.
pub(crate) fn check_type<R: Runtime>(op: &'static str, argument: &'static str, array: &Buf<R>, dtype: DType) -> Result<(), KernelError> {
    if array.dtype() == dtype {
        return Ok(());
    }
    Err(KernelError::Option { op, argument, got: array.dtype().name().into(), expected: dtype.name() })
}

/// A contiguous array of u32 indices on a device.
#[derive(Debug)]
pub struct Ids<R: Runtime> {
    handle: Handle,
    len: usize,
    runtime: PhantomData<R>,
}

impl<R: Runtime> Clone for Ids<R> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), len: self.len, runtime: PhantomData }
    }
}

impl<R: Runtime> Ids<R> {
    /// Uninitialised memory for `len` indices.
    pub fn empty(client: &ComputeClient<R>, len: usize) -> Self {
        Self { handle: allocate(client, len * 4), len, runtime: PhantomData }
    }

    /// Uploads indices.
    pub fn upload(client: &ComputeClient<R>, ids: &[u32]) -> Self {
        Self { handle: upload(client, bytemuck::cast_slice(ids)), len: ids.len(), runtime: PhantomData }
    }

    /// Indices that lie on the device already; nothing is copied.
    ///
    /// # Errors
    /// An allocation smaller than `len` indices.
    pub fn wrap(handle: Handle, len: usize) -> Result<Self, KernelError> {
        let held = handle.size_in_used() as usize / 4;
        if held < len {
            return Err(KernelError::Length { op: "wrap", argument: "handle", expected: len, got: held, contract: "handle [len]" });
        }
        Ok(Self { handle, len, runtime: PhantomData })
    }

    /// The memory that the indices begin at.
    pub fn into_handle(self) -> Handle {
        self.handle
    }

    /// Number of indices.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first `n`, or all where there are no more; nothing is copied.
    #[must_use]
    pub fn first(self, n: usize) -> Self {
        Self { len: self.len.min(n), ..self }
    }

    /// The indices, read back to the host: waits for the device.
    ///
    /// # Errors
    /// The message of the device when the read fails.
    pub fn read(&self, client: &ComputeClient<R>) -> Result<Vec<u32>, KernelError> {
        if self.is_empty() {
            return Ok(vec![]);
        }
        let failed = |message| KernelError::Read { what: "indices", message };
        let bytes = client.read_one(self.handle.clone()).map_err(|e| failed(format!("{e:?}")))?;
        let bytes = bytes.get(..self.len * 4).ok_or_else(|| failed("too few bytes".to_owned()))?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    /// The last index, if there is one, without the others: waits for the device.
    ///
    /// # Errors
    /// The message of the device when the read fails.
    pub(crate) fn last(&self, client: &ComputeClient<R>) -> Result<Option<u32>, KernelError> {
        if self.is_empty() {
            return Ok(None);
        }
        let spare = self.handle.size_in_used() - 4 * self.len as u64;
        let handle = self.handle.clone().offset_start(4 * (self.len as u64 - 1)).offset_end(spare);
        Self { handle, len: 1, runtime: PhantomData }.read(client).map(|ids| ids.first().copied())
    }

    /// Whether there are no indices.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// As the argument of a kernel.
    pub fn arg(&self) -> ArrayArg<R> {
        // SAFETY: every constructor allocates or checks for at least `len` indices.
        unsafe { ArrayArg::from_raw_parts(self.handle.clone(), self.len) }
    }
}

fn allocate<R: Runtime>(client: &ComputeClient<R>, bytes: usize) -> Handle {
    client.empty(if bytes == 0 { SMALLEST } else { bytes })
}

fn upload<R: Runtime>(client: &ComputeClient<R>, bytes: &[u8]) -> Handle {
    if bytes.is_empty() { allocate(client, 0) } else { client.create_from_slice(bytes) }
}

/// CubeCL's name of a storage type.
pub fn storage_type(dtype: DType) -> StorageType {
    StorageType::Scalar(ElemType::Float(match dtype {
        DType::F64 => FloatKind::F64,
        DType::F32 => FloatKind::F32,
        DType::F16 => FloatKind::F16,
        DType::BF16 => FloatKind::BF16,
    }))
}
