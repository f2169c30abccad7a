//! A network and its training as one safetensors file: tensors in several parts, everything else as JSON in the metadata.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use hypergraphql_framework::io;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{NamedTensors, StoredTensor};
use crate::{ModelError, Result};

/// The longest header that safetensors reads.
const HEADER: u64 = 100_000_000;

/// A kind of file.
#[derive(Debug)]
pub(crate) struct FileKind {
    /// The name of the description in the metadata.
    pub head: &'static str,
    /// What such a file is, and what writes it.
    pub what: &'static str,
    /// Of the description, which has it as `version`.
    pub version: u32,
    /// What the names of the tensors of each part begin with.
    pub parts: &'static [&'static str],
}

/// What the description of any version has.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

impl FileKind {
    /// Writes a file beside its place, synced, and renames it, so that an older one is there until the new one is whole.
    ///
    /// # Errors
    /// When the system refuses or the description is longer than what can be read again; what stood there stands there still.
    pub(crate) fn write(&self, path: &Path, head: &impl Serialize, parts: &[&NamedTensors]) -> Result<()> {
        let failed = |error: &dyn std::fmt::Display| ModelError::checkpoint(path, "what safetensors can hold", error.to_string());
        let head = serde_json::to_string(head).map_err(|error| failed(&error))?;
        let named =
            self.parts.iter().zip(parts).flat_map(|(part, tensors)| tensors.iter().map(move |(name, t)| (format!("{part}{name}"), t)));
        let bytes: Vec<(String, &StoredTensor, Vec<u8>)> =
            named.map(|(name, t)| (name, t, t.values.iter().flat_map(|value| value.to_le_bytes()).collect())).collect();
        let views = bytes.iter().map(|(name, t, bytes)| Ok((name, TensorView::new(Dtype::F32, t.shape.clone(), bytes)?)));
        let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>().map_err(|error| failed(&error))?;
        let file = serialize(views, Some(HashMap::from([(self.head.to_owned(), head)]))).map_err(|error| failed(&error))?;
        let header = file.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        if header > HEADER {
            let expected = format!("a description of at most {HEADER} bytes, as safetensors are read with");
            return Err(ModelError::checkpoint(path, expected, format!("names and statements of {header} bytes")));
        }
        Ok(io::write_file(path, &file)?)
    }

    /// Reads a file: the description, and the tensors of each part.
    ///
    /// # Errors
    /// When it cannot be read, is cut, or is none of this kind and version.
    pub(crate) fn read<H: DeserializeOwned>(&self, path: &Path) -> Result<(H, Vec<NamedTensors>)> {
        let bytes = fs::read(path).map_err(ModelError::read(path))?;
        let broken = |error: safetensors::SafeTensorError| ModelError::checkpoint(path, "a whole safetensors file", error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let head = metadata.metadata().as_ref().and_then(|all| all.get(self.head));
        let head = head.ok_or_else(|| ModelError::checkpoint(path, self.what, "tensors of something else"))?;
        let unread = |error: serde_json::Error| {
            ModelError::checkpoint(path, format!("{}, with a description of version {}", self.what, self.version), error.to_string())
        };
        let Version { version } = serde_json::from_str(head).map_err(unread)?;
        if version != u64::from(self.version) {
            return Err(ModelError::checkpoint(path, format!("version {}", self.version), version.to_string()));
        }
        let mut parts = vec![NamedTensors::new(); self.parts.len()];
        for (name, view) in SafeTensors::deserialize(&bytes).map_err(broken)?.tensors() {
            let part = self.parts.iter().position(|part| name.starts_with(part)).filter(|_| view.dtype() == Dtype::F32);
            let expected = || format!("tensors of type F32 whose names begin with {}", self.parts.join(", "));
            let part = part.ok_or_else(|| ModelError::checkpoint(path, expected(), format!("{name} of type {:?}", view.dtype())))?;
            let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            parts[part].insert(name[self.parts[part].len()..].to_owned(), StoredTensor { shape: view.shape().to_vec(), values });
        }
        Ok((serde_json::from_str(head).map_err(unread)?, parts))
    }
}
