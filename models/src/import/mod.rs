//! Reading networks trained in Python: `state_dict` has the tensors of one file or of a Hugging Face `folder` with its `shards`, `tensor_file`
//! reads them, `fields` those of its configuration, `torch` maps the names of hypergraph layers.

pub(crate) mod fields;
pub mod folder;
mod shards;
mod state_dict;
mod tensor_file;
mod torch;

pub use state_dict::StateDict;
pub use torch::{import_classifier, import_layer, infer_config};
