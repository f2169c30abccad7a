//! Named f32 tensors on the host, to and from safetensors.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::{ModelError, Result};

/// Tensors by name, in the order of the names.
pub type NamedTensors = BTreeMap<String, StoredTensor>;

/// A tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTensor {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f32>,
}

pub(super) fn to_bytes(tensors: &NamedTensors, path: &Path) -> Result<Vec<u8>> {
    let bytes = |t: &StoredTensor| t.values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let data: Vec<(&String, &StoredTensor, Vec<u8>)> = tensors.iter().map(|(n, t)| (n, t, bytes(t))).collect();
    let failed = |e: safetensors::SafeTensorError| ModelError::checkpoint(path, "tensors that safetensors can hold", e.to_string());
    let views = data.iter().map(|(name, t, bytes)| Ok((*name, TensorView::new(Dtype::F32, t.shape.clone(), bytes)?)));
    let views: Vec<(&String, TensorView<'_>)> = views.collect::<Result<_, _>>().map_err(failed)?;
    serialize(views, None).map_err(failed)
}

pub(super) fn from_bytes(bytes: &[u8], path: &Path) -> Result<NamedTensors> {
    let broken = |e: safetensors::SafeTensorError| ModelError::checkpoint(path, "a whole safetensors file", e.to_string());
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut tensors = NamedTensors::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(ModelError::checkpoint(path, format!("F32 values in {name}"), format!("{:?}", view.dtype())));
        }
        let (values, _) = view.data().as_chunks::<4>();
        let values = values.iter().map(|b| f32::from_le_bytes(*b)).collect();
        tensors.insert(name, StoredTensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}
