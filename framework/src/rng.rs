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
}

/// The generator of this seed and stream.
pub(crate) fn seeded(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream as u64);
    rng
}
