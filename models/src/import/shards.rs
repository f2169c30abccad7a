//! `model.safetensors.index.json`: which file of a folder has which tensor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::folder;
use crate::error::{ModelError, Result};

#[derive(Deserialize)]
struct Raw {
    weight_map: BTreeMap<String, String>,
}

/// The index of a sharded model, with its files checked to lie in the folder.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    /// The file of each tensor.
    weights: BTreeMap<String, PathBuf>,
    files: Vec<PathBuf>,
}

impl Index {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(folder::INDEX);
        if !path.is_file() {
            let expected = format!("{} or {}", folder::WEIGHTS, folder::INDEX);
            return Err(ModelError::checkpoint(folder, expected, folder::listing(folder)));
        }
        let Raw { weight_map } = folder::json(&path)?;
        let mut weights = BTreeMap::new();
        for (tensor, file) in weight_map {
            let name = Path::new(&file);
            // One plain name: no folder, no root, no way up.
            if !matches!(name.components().collect::<Vec<_>>().as_slice(), [Component::Normal(only)] if *only == name.as_os_str()) {
                return Err(ModelError::checkpoint(&path, format!("{tensor} in a file of this folder"), format!("{file:?}")));
            }
            weights.insert(tensor, folder.join(name));
        }
        let files: BTreeSet<&PathBuf> = weights.values().collect();
        let files = files.into_iter().cloned().collect();
        Ok(Self { path, weights, files })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Checks that every tensor is where the index has it.
    pub(super) fn check<'a>(&self, file_of: impl Fn(&str) -> Option<&'a Path>) -> Result<()> {
        for (tensor, file) in &self.weights {
            let found = match file_of(tensor) {
                Some(found) if found == file => continue,
                Some(found) => format!("it in {}", found.display()),
                None => "no such tensor".to_owned(),
            };
            return Err(ModelError::checkpoint(&self.path, format!("{tensor} in {}", file.display()), found));
        }
        Ok(())
    }
}
