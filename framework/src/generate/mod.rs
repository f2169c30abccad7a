//! Seeded hypergraphs: power-law, stochastic block and uniform.

mod power_law;
mod stochastic_block;
mod uniform;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub use power_law::power_law;
pub use stochastic_block::{StochasticBlock, stochastic_block};
pub use uniform::uniform;

use crate::hypergraph::build::check_size;
use crate::{Error, Result};

/// `size` distinct ids below `n`, by rejection where it is quick: few of them, and half the ids or more left over.
fn sample(n: usize, size: usize, members: &mut Vec<u32>, rng: &mut ChaCha8Rng) {
    members.clear();
    if size <= 32 && 2 * size <= n {
        while members.len() < size {
            let id = rng.random_range(0..n as u32);
            if !members.contains(&id) {
                members.push(id);
            }
        }
    } else {
        members.extend(rand::seq::index::sample(rng, n, size).into_iter().map(|i| i as u32));
    }
}

/// Refuses sizes that 32-bit ids cannot count, before anything is drawn.
fn check(nodes: usize, hyperedges: usize, most_incidences: Option<usize>) -> Result<()> {
    check_size("nodes", nodes)?;
    check_size("hyperedges", hyperedges)?;
    match most_incidences.filter(|z| u32::try_from(*z).is_ok()) {
        Some(_) => Ok(()),
        None => Err(Error::invalid("number of incidences", format!("at most {}", u32::MAX), "more".to_owned())),
    }
}
