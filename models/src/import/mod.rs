//! Reading networks trained in Python: `state_dict` is the file, `torch` maps its names to the layers.

mod state_dict;
mod torch;

pub use state_dict::StateDict;
pub use torch::{import_classifier, import_layer, infer_config};
