//! The rows of a sparse matrix as work for cubes: those of usual length whole, hubs in pieces whose sums are added in order.

use cubecl::prelude::*;

use super::buffer::Ids;

/// Runs of places, one for each cube.
#[derive(Debug, Clone)]
pub(crate) struct Tiles<R: Runtime> {
    pub(crate) len: usize,
    /// Three numbers each: its row, or for pieces of hubs the number of the piece; its first place; its number of places.
    pub(crate) runs: Ids<R>,
}

/// The same on the host.
#[derive(Default)]
pub(crate) struct HostTiles(Vec<u32>);

impl HostTiles {
    pub(crate) fn len(&self) -> usize {
        self.0.len() / 3
    }

    pub(crate) fn push(&mut self, key: usize, start: usize, end: usize) {
        self.0.extend([key as u32, start as u32, (end - start) as u32]);
    }

    pub(crate) fn upload<R: Runtime>(&self, client: &ComputeClient<R>) -> Tiles<R> {
        Tiles { len: self.len(), runs: Ids::upload(client, &self.0) }
    }
}

/// All rows of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct CutRows<R: Runtime> {
    /// Rows of up to a piece, whole, also those without any place.
    pub(crate) whole: Tiles<R>,
    /// The pieces of the others.
    pub(crate) pieces: Tiles<R>,
    /// Those others.
    pub(crate) hubs: Ids<R>,
    /// The bounds of their pieces.
    pub(crate) bounds: Ids<R>,
}

impl<R: Runtime> CutRows<R> {
    /// Cuts the rows that `ptr` bounds into pieces of at most `piece` places.
    pub(crate) fn upload(client: &ComputeClient<R>, ptr: &[u32], piece: usize) -> Self {
        let (mut whole, mut pieces) = (HostTiles::default(), HostTiles::default());
        let (mut hubs, mut bounds) = (vec![], vec![0]);
        for (row, places) in ptr.windows(2).enumerate() {
            let (start, end) = (places[0] as usize, places[1] as usize);
            if end - start <= piece {
                whole.push(row, start, end);
                continue;
            }
            for at in (start..end).step_by(piece) {
                pieces.push(pieces.len(), at, end.min(at + piece));
            }
            hubs.push(row as u32);
            bounds.push(pieces.len() as u32);
        }
        Self {
            whole: whole.upload(client),
            pieces: pieces.upload(client),
            hubs: Ids::upload(client, &hubs),
            bounds: Ids::upload(client, &bounds),
        }
    }
}
