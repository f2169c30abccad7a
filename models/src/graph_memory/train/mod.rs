//! The training of a HypergraphQL transformer: its `config` with `presets`, the `setup` of one from nothing, what each step reads in `lesson`, the steps in `trainer`, how
//! much they compute in `work`, and the `checkpoint` that it goes on from.

mod checkpoint;
mod config;
mod lesson;
mod presets;
mod setup;
mod trainer;
mod work;

pub use checkpoint::{FILE, MemoryCheckpoint};
pub use config::{MemoryTrainConfig, StageConfig, Told};
pub use lesson::{Lesson, told};
pub use presets::Preset;
pub use trainer::{MemoryEvaluation, MemoryProgress, MemorySetup, MemoryTrainer, Stage, StepLosses};
pub use work::StepWork;
