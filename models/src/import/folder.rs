//! The files of a Hugging Face folder and the reading of its JSON.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{ModelError, Result};

/// The sizes of a network.
pub const CONFIG: &str = "config.json";
/// The weights in one file.
pub const WEIGHTS: &str = "model.safetensors";
/// Which file has which tensor, where there are several.
pub const INDEX: &str = "model.safetensors.index.json";

/// Reads a JSON file.
///
/// # Errors
/// When it cannot be read or holds something else, with line and column.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(ModelError::read(path))?;
    serde_json::from_slice(&text).map_err(|e| ModelError::checkpoint(path, "JSON of a Hugging Face folder", e.to_string()))
}

/// The first names in a folder, for messages.
pub(super) fn listing(folder: &Path) -> String {
    const SHOWN: usize = 12;
    let Ok(entries) = std::fs::read_dir(folder) else { return "no such folder".to_owned() };
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    match names.len() {
        0 => return "an empty folder".to_owned(),
        n if n > SHOWN => {
            names.truncate(SHOWN);
            names.push("...".to_owned());
        }
        _ => {}
    }
    names.join(", ")
}
