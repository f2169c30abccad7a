//! validate -> tile and spans -> candidates -> merge in rounds -> finish.

use cubecl::prelude::*;

use super::cube::{self, CHUNK, SizesLaunch, Tile};
use super::{CONTRACT, KnnConfig, Metric};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, units};
use crate::device::{Buf, Ids, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "knn";

/// Queries of a block and items of a tile, from the most to the least shared memory.
const TILES: [(usize, usize); 11] =
    [(64, 64), (64, 32), (32, 64), (32, 32), (16, 64), (16, 32), (8, 64), (8, 32), (8, 16), (4, 16), (1, 16)];

/// More shared memory than this in a cube leaves a multiprocessor too few cubes.
const SHARED: usize = 48 << 10;

/// Units along one axis of a cube, at most.
const SIDE: usize = 16;

/// Cubes that keep any device busy.
const CUBES: usize = 1024;

/// Tiles of a span, at least: a shorter one costs more to merge than to score.
const TILES_OF_SPAN: usize = 8;

/// Loop iterations of a unit over a span, at most: software devices end a longer loop early.
const TRIPS: usize = 40_000;

/// q `[Q, D]`, x `[N, D]` -> the items `[Q, k]` and their scores `[Q, k]`, f32.
///
/// # Errors
/// What [`KnnConfig::check`] refuses, a k whose lists do not fit the shared memory of the device, arrays of unequal types, a storage type that
/// the device lacks, sizes over 32 bits.
pub fn knn<R: Runtime>(client: &ComputeClient<R>, c: KnnConfig, q: &Buf<R>, x: &Buf<R>) -> Result<(Ids<R>, Buf<R>), KernelError> {
    c.check(q.len(), x.len())?;
    knn_of_groups(client, c, 1, q, x)
}

/// `groups` searches of the same sizes at once, each over items of its own: q `[groups, Q, D]`, x `[groups, N, D]` -> the items
/// `[groups, Q, k]`, numbered within their group, and their scores.
///
/// # Errors
/// As [`knn`].
pub(crate) fn knn_of_groups<R: Runtime>(
    client: &ComputeClient<R>,
    c: KnnConfig,
    groups: usize,
    q: &Buf<R>,
    x: &Buf<R>,
) -> Result<(Ids<R>, Buf<R>), KernelError> {
    capability::check_storage(client, q.dtype())?;
    for (argument, array, rows) in [("q", q, c.queries), ("x", x, c.items)] {
        check_len(OP, CONTRACT, argument, array.len(), groups.saturating_mul(rows).saturating_mul(c.width))?;
    }
    c.check_k()?;
    check_type(OP, "x", x, q.dtype())?;
    check_index_space(&[("queries", q), ("items", x)])?;
    let queries = groups * c.queries;
    check_room(client, "results", queries.saturating_mul(c.k), 4)?;
    let (items, scores) = (Ids::empty(client, queries * c.k), Buf::empty(client, queries * c.k, DType::F32));
    if items.is_empty() {
        return Ok((items, scores));
    }
    let tile = tile_of(client, c)?;
    let blocks_of_group = c.queries.div_ceil(tile.own);
    let blocks = groups * blocks_of_group;
    let span = tiles_of_span(c, tile, blocks) * tile.other;
    let mut spans = c.items.div_ceil(span);
    let places = queries.saturating_mul(tile.capacity);
    check_room(client, "candidates", spans.saturating_mul(places), 4)?;
    let lists = |spans: usize| (Ids::empty(client, spans * places), Ids::empty(client, spans * places));
    let (mut keys, mut ids) = lists(spans);
    // SAFETY: the config was checked against both inputs; keys and ids hold the places of every span and query; the kernel guards every query,
    // item and feature, and all units of a cube reach every barrier.
    unsafe {
        cube::candidates::launch_unchecked::<R>(
            client,
            cube_count(client, spans * blocks),
            CubeDim::new_2d(tile.lanes as u32, tile.rows as u32),
            q.arg(),
            x.arg(),
            keys.arg(),
            ids.arg(),
            SizesLaunch::new(c.queries, c.items, c.width, span, blocks_of_group),
            blocks,
            spans * blocks,
            tile,
            storage_type(q.dtype()),
        );
    }
    let units = units(client);
    while spans > 1 {
        let (total, fewer) = (spans * places, spans.div_ceil(2));
        let (to_keys, to_ids) = lists(fewer);
        // SAFETY: keys and ids hold `total` places, those of `spans` spans, and what is written those of half as many; the kernel guards the place.
        unsafe {
            cube::merge::launch_unchecked::<R>(
                client,
                cube_count(client, total.div_ceil(units as usize)),
                CubeDim::new_1d(units),
                keys.arg(),
                ids.arg(),
                to_keys.arg(),
                to_ids.arg(),
                queries,
                spans,
                tile.capacity,
                total,
            );
        }
        (keys, ids, spans) = (to_keys, to_ids, fewer);
    }
    // SAFETY: one span is left, whose lists have at least k places; the outputs hold Q·k, which the kernel guards.
    unsafe {
        cube::finish::launch_unchecked::<R>(
            client,
            cube_count(client, items.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            keys.arg(),
            ids.arg(),
            items.arg(),
            scores.arg(),
            tile.capacity,
            c.k,
            items.len(),
            tile.squared,
        );
    }
    Ok((items, scores))
}

/// The largest blocks that the device holds beside lists of k places.
fn tile_of<R: Runtime>(client: &ComputeClient<R>, c: KnnConfig) -> Result<Tile, KernelError> {
    let (shared, units) = (client.properties().hardware.max_shared_memory_size, units(client) as usize);
    let tiles = TILES.map(|(own, other)| {
        let (lanes, rows) = (other.min(SIDE), own.min(SIDE));
        Tile { own, other, lanes, rows, capacity: c.k.next_power_of_two().max(SIDE), squared: c.metric == Metric::SquaredL2 }
    });
    let fits = |t: &&Tile| t.bytes() <= shared.min(SHARED) && t.lanes * t.rows <= units;
    let wasted = |t: &&Tile| t.own > c.queries.next_power_of_two().max(8);
    tiles.iter().filter(|t| !wasted(t)).find(fits).copied().ok_or_else(|| KernelError::Option {
        op: OP,
        argument: "k",
        got: format!("{} on {}, which has {shared} bytes of shared memory", c.k, R::name(client)),
        expected: "up to 1024 on every device, or the CPU, which takes any",
    })
}

/// Tiles of a span: enough spans for every multiprocessor, and few enough trips for every device.
fn tiles_of_span(c: KnnConfig, tile: Tile, blocks: usize) -> usize {
    let (owned, others, places) = (tile.own / tile.rows, tile.other / tile.lanes, tile.capacity / tile.lanes);
    let search = tile.capacity.ilog2() as usize + 1;
    let trips = c.width.next_multiple_of(CHUNK) + owned * (others * (tile.other + search) + places * tile.other) + 1;
    let wanted = c.items.div_ceil(tile.other).div_ceil(CUBES.div_ceil(blocks));
    wanted.max(TILES_OF_SPAN).min((TRIPS / trips).max(1))
}
