//! A PyTorch state dict in a safetensors file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::{ModelError, Result};

/// A tensor of the file, not yet converted.
#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The tensors of a safetensors file by name; each is taken once, so that what is left over is known.
#[derive(Debug)]
pub struct StateDict {
    path: PathBuf,
    /// What the file holds, taken or not, for messages.
    contents: String,
    entries: BTreeMap<String, Entry>,
}

impl StateDict {
    /// Reads a file, as `safetensors.torch.save_file(model.state_dict(), path)` writes it.
    ///
    /// # Errors
    /// When the file cannot be read, is cut, or its header is damaged or claims more than the file holds.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(ModelError::read(path))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| ModelError::SafeTensors { path: path.into(), reason: format!("{e} ({} bytes)", bytes.len()) })?;
        let entry = |t: TensorView<'_>| Entry { dtype: t.dtype(), shape: t.shape().to_vec(), bytes: t.data().to_vec() };
        let entries: BTreeMap<_, _> = file.tensors().into_iter().map(|(name, t)| (name, entry(t))).collect();
        Ok(Self { path: path.into(), contents: listed(&entries), entries })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first names of the file, for messages.
    pub fn contents(&self) -> &str {
        &self.contents
    }

    /// Names not yet taken, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The shape of a tensor not yet taken.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Takes a tensor as f32, row-major.
    ///
    /// # Errors
    /// When there is none of that name, or it has another shape or is not of floating point.
    pub fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>> {
        let Some(entry) = self.entries.get(name) else {
            return Err(ModelError::TensorMissing {
                path: self.path.clone(),
                name: name.into(),
                expected: expected.into(),
                present: self.contents.clone(),
            });
        };
        if entry.shape != expected {
            return Err(ModelError::TensorShape {
                path: self.path.clone(),
                name: name.into(),
                got: entry.shape.clone(),
                expected: expected.into(),
            });
        }
        let Some(values) = to_f32(entry) else {
            return Err(ModelError::TensorType { path: self.path.clone(), name: name.into(), got: format!("{:?}", entry.dtype) });
        };
        self.entries.remove(name);
        Ok(values)
    }

    /// Checks that every tensor was taken.
    ///
    /// # Errors
    /// Names those that were not.
    pub fn finish(self) -> Result<()> {
        if self.entries.is_empty() { Ok(()) } else { Err(ModelError::TensorsLeft { names: listed(&self.entries), path: self.path }) }
    }
}

/// The first names, for a message.
fn listed(entries: &BTreeMap<String, Entry>) -> String {
    const SHOWN: usize = 12;
    let mut names: Vec<&str> = entries.keys().map(String::as_str).take(SHOWN).collect();
    match entries.len() {
        0 => names.push("no tensors"),
        n if n > SHOWN => names.push("..."),
        _ => {}
    }
    names.join(", ")
}

fn to_f32(entry: &Entry) -> Option<Vec<f32>> {
    let bytes = entry.bytes.as_slice();
    Some(match entry.dtype {
        Dtype::F64 => words(bytes).map(|w| f64::from_le_bytes(w) as f32).collect(),
        Dtype::F32 => words(bytes).map(f32::from_le_bytes).collect(),
        Dtype::F16 => words(bytes).map(|w| f16::from_le_bytes(w).to_f32()).collect(),
        Dtype::BF16 => words(bytes).map(|w| bf16::from_le_bytes(w).to_f32()).collect(),
        _ => return None,
    })
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}
