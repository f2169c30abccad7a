//! The seeded generator behind everything drawn: ChaCha8, the same on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What is drawn; each has a stream of its own, so that one seed gives independent features, splits and hypergraphs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Features = 1,
    Split = 2,
    Hypergraph = 3,
    Encoding = 4,
    Order = 5,
    Neighbours = 6,
    Clusters = 7,
    Negatives = 8,
}

/// The generator of one batch of an epoch: a function of these numbers alone, so that it does not matter which thread draws it, or after which other batches.
pub(crate) fn of_batch(seed: u64, epoch: u64, batch: u64, stream: Stream) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    for (part, number) in key.chunks_exact_mut(8).zip([seed, epoch, batch, stream as u64]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The generator of this seed and stream.
pub(crate) fn seeded(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    rng
}
