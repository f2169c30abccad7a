//! Checkpoints: a folder of `manifest.json`, `model.safetensors` and `training.safetensors`, replaced as a whole.

mod digest;
mod folder;
mod manifest;
mod params;
mod single;
mod tensors;

pub use digest::{digest, split_digest};
pub use folder::{check_place, is_checkpoint, probe, read, write};
pub use manifest::{DatasetPrint, FORMAT, Manifest, VERSION};
pub(crate) use params::{PARAMETER, stored};
pub use params::{Path, load, save};
pub(crate) use single::FileKind;
pub use tensors::{NamedTensors, StoredTensor};

/// File of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// File of the parameters of the best epoch: what predicts.
pub const MODEL: &str = "model.safetensors";
/// File of the current parameters and the moments of the optimiser: what a resumed training goes on with.
pub const TRAINING: &str = "training.safetensors";

/// What a checkpoint holds.
#[derive(Debug)]
pub struct Checkpoint {
    /// Everything but the tensors.
    pub manifest: Manifest,
    /// The parameters of the best epoch, by path.
    pub model: NamedTensors,
    /// `param/PATH`, `moment_1/PATH` and `moment_2/PATH` of the last epoch.
    pub training: NamedTensors,
}

impl Checkpoint {
    /// Of a network that no training of ours has changed: it predicts as it is, and a training goes on from its parameters.
    pub fn untrained(manifest: Manifest, model: NamedTensors) -> Self {
        let training = model.iter().map(|(name, tensor)| (format!("{PARAMETER}{name}"), tensor.clone())).collect();
        Self { manifest, model, training }
    }
}
