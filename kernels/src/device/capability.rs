//! What a device can store, compute and add atomically; errors name the device, the type and the nearest alternative.

use cubecl::features::{AtomicUsage, TypeUsage};
use cubecl::ir::{StorageType, Type};
use cubecl::prelude::*;

use super::buffer::storage_type;
use crate::element::DType;
use crate::error::KernelError;

/// Whether buffers can hold `dtype` and kernels can convert it to f32 and back.
pub fn can_store<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> bool {
    let usage = client.properties().type_usage(storage_type(dtype));
    dtype != DType::F64 && usage.is_superset(TypeUsage::Buffer | TypeUsage::Conversion)
}

/// Whether the device computes in `dtype` itself, which Burn's own ops need and these kernels do not.
pub fn can_compute<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> bool {
    dtype != DType::F64 && client.properties().type_usage(storage_type(dtype)).contains(TypeUsage::Arithmetic)
}

/// `Ok` when the kernels can store `dtype`.
///
/// # Errors
/// Names the device, the type and the nearest alternative.
pub fn check_storage<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    if can_store(client, dtype) { Ok(()) } else { Err(unsupported(client, dtype, "storage")) }
}

/// `Ok` when the device also computes in `dtype`.
///
/// # Errors
/// Names the device, the type and the nearest alternative.
pub fn check_arithmetic<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    check_storage(client, dtype)?;
    if can_compute(client, dtype) { Ok(()) } else { Err(unsupported(client, dtype, "arithmetic")) }
}

/// Whether the device adds f32 atomically.
pub fn can_add_atomically<R: Runtime>(client: &ComputeClient<R>) -> bool {
    let ty = Type::new(StorageType::Atomic(cubecl::ir::ElemType::Float(cubecl::ir::FloatKind::F32)));
    client.properties().atomic_type_usage(ty).contains(AtomicUsage::Add)
}

/// `Ok` when the device adds f32 atomically.
///
/// # Errors
/// Names the device and the deterministic variant.
pub fn check_atomic_add<R: Runtime>(client: &ComputeClient<R>) -> Result<(), KernelError> {
    if can_add_atomically(client) {
        return Ok(());
    }
    Err(KernelError::Unsupported {
        device: R::name(client).into(),
        dtype: "f32",
        use_: "atomic addition",
        alternative: "the deterministic variant (Scatter::Deterministic)",
    })
}

fn unsupported<R: Runtime>(client: &ComputeClient<R>, dtype: DType, use_: &'static str) -> KernelError {
    let alternative = match dtype {
        DType::BF16 if can_store(client, DType::F16) && can_compute(client, DType::F16) => "f16",
        _ => "f32",
    };
    KernelError::Unsupported { device: R::name(client).into(), dtype: dtype.name(), use_, alternative }
}
