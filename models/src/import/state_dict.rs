//! A PyTorch state dict in safetensors files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use safetensors::tensor::TensorInfo;

use super::tensor_file::TensorFile;
use super::{folder, shards};
use crate::error::{ModelError, Result};
use crate::precision::Precision;

/// A tensor that was not taken yet.
#[derive(Debug)]
struct Entry {
    /// Which file it is in.
    file: usize,
    info: TensorInfo,
}

/// The tensors of safetensors files by name; each is taken once, so that what is left over is known. Values are read as they are taken.
#[derive(Debug)]
pub struct StateDict {
    path: PathBuf,
    /// What the files hold, taken or not, for messages.
    contents: String,
    files: Vec<TensorFile>,
    entries: BTreeMap<String, Entry>,
}

impl StateDict {
    /// Opens a file, as `safetensors.torch.save_file(model.state_dict(), path)` writes it.
    ///
    /// # Errors
    /// When the file cannot be read, is cut, or its header is damaged or claims more than the file holds.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(path, vec![TensorFile::open(path)?])
    }

    /// Opens the weights of a Hugging Face folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// When there are neither, a file is damaged as for [`open`](Self::open), a shard lies outside the folder, or the index and the shards disagree.
    pub fn open_folder(folder: &Path) -> Result<Self> {
        let whole = folder.join(folder::WEIGHTS);
        if whole.is_file() {
            return Self::open(&whole);
        }
        let index = shards::Index::read(folder)?;
        let files = index.files().iter().map(|file| TensorFile::open(file)).collect::<Result<Vec<_>>>()?;
        let dict = Self::of(index.path(), files)?;
        index.check(|name| dict.entries.get(name).map(|entry| dict.files[entry.file].path()))?;
        Ok(dict)
    }

    fn of(path: &Path, files: Vec<TensorFile>) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            for (name, info) in file.tensors() {
                if let Some(other) = entries.insert(name.clone(), Entry { file: number, info }) {
                    let found = format!("it in {} too", files[other.file].path().display());
                    return Err(ModelError::checkpoint(file.path(), format!("tensor {name} in one file"), found));
                }
            }
        }
        Ok(Self { path: path.into(), contents: listed(&entries), files, entries })
    }

    /// The file, or the index of the files.
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
        self.entries.get(name).map(|entry| entry.info.shape.as_slice())
    }

    /// Takes a tensor as f32, row-major.
    ///
    /// # Errors
    /// When there is none of that name, or it has another shape or is not of floating point.
    pub fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>> {
        let data = self.take_as(name, expected, Precision::F32)?;
        Ok(data.into_vec().expect("it was read as f32; another type is a bug"))
    }

    /// Takes a tensor in the type of `precision`, row-major.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_as(&mut self, name: &str, expected: &[usize], precision: Precision) -> Result<TensorData> {
        let Some(Entry { file, info }) = self.entries.get(name) else {
            return Err(ModelError::TensorMissing {
                path: self.path.clone(),
                name: name.into(),
                expected: expected.into(),
                present: self.contents.clone(),
            });
        };
        let file = &self.files[*file];
        let path = file.path().to_path_buf();
        if info.shape != expected {
            return Err(ModelError::TensorShape { path, name: name.into(), got: info.shape.clone(), expected: expected.into() });
        }
        let Some(data) = file.read(info, precision)? else {
            return Err(ModelError::TensorType { path, name: name.into(), got: format!("{:?}", info.dtype) });
        };
        self.entries.remove(name);
        Ok(data)
    }

    /// Drops the tensors that a reader may do without, as constants that are computed anew.
    pub fn ignore(&mut self, ignored: impl Fn(&str) -> bool) {
        self.entries.retain(|name, _| !ignored(name));
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
