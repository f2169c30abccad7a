//! Burn's element types against those of the kernels.

use burn::tensor::DType as BurnDType;
use hypergraphql_kernels::DType;

/// The kernels' name of a Burn type; `None` where the kernels cannot store it.
pub fn kernel_dtype(dtype: BurnDType) -> Option<DType> {
    match dtype {
        BurnDType::F64 => Some(DType::F64),
        BurnDType::F32 => Some(DType::F32),
        BurnDType::F16 => Some(DType::F16),
        BurnDType::BF16 => Some(DType::BF16),
        _ => None,
    }
}

/// Burn's name of a type of the kernels.
pub fn burn_dtype(dtype: DType) -> BurnDType {
    match dtype {
        DType::F64 => BurnDType::F64,
        DType::F32 => BurnDType::F32,
        DType::F16 => BurnDType::F16,
        DType::BF16 => BurnDType::BF16,
    }
}
