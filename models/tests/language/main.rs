//! Language models: against plain loops, against `transformers`, with and without a cache, from good and bad folders.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod bert;
mod folder;
mod generation;
mod gradients;
mod llama;
mod loading;
#[path = "parity/compare.rs"]
mod parity;
mod reference;
mod text;
