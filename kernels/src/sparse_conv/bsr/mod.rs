//! BSR: a sparse matrix in dense blocks of b × b, b = 16, 32 or 64, where it has entries; products by blocks, dense times dense.
//!
//! ```text
//! Y_I = Σ_{blocks J of block row I} A_IJ · X_J   (A X),      X_J the rows J·b .. J·b + b of X
//! Y_J = Σ_{blocks I of block column J} A_IJ^T · X_I   (A^T X)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | blocks | `[rows / b, cols / b]` | which blocks hold an entry, as a [`CsrPair`]; both directions share the values |
//! | values | `[blocks, b, b]` | zero where there is no entry and beyond the last row and column; repeated entries are added |
//! | X | `[cols, F]` or `[rows, F]` | |
//! | Y | `[rows, F]` or `[cols, F]` | |
//!
//! 2·stored·F operations for stored = blocks·b², whatever the number of entries; moves stored·4 bytes and blocks·b·F elements. Sums in f32 (f64 for
//! f64). Deterministic. The backward pass of A X is A^T X by the same blocks, read transposed; the entries are constants.
//!
//! A zero of a block is multiplied like an entry: where X is infinite or NaN, so are all rows of the blocks that read it.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
#[cfg(feature = "cube")]
mod upload;

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::Order;
use crate::csr::{CsrPair, Direction, View};
use crate::element::Acc;
use crate::error::KernelError;

#[cfg(feature = "cube")]
pub use upload::DeviceBlocks;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "A [rows, cols] in blocks, x [cols, F] or [rows, F], bias [F]";

/// Rows and columns of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlockSize {
    /// 16 × 16
    B16,
    /// 32 × 32
    B32,
    /// 64 × 64
    B64,
}

impl BlockSize {
    /// All sizes, the smallest first.
    pub const ALL: [Self; 3] = [Self::B16, Self::B32, Self::B64];

    /// b
    pub const fn side(self) -> usize {
        match self {
            Self::B16 => 16,
            Self::B32 => 32,
            Self::B64 => 64,
        }
    }
}

/// How many blocks of one size hold an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocking {
    /// Their size.
    pub size: BlockSize,
    /// Their number.
    pub blocks: usize,
    /// Entries of the matrix.
    pub nnz: usize,
}

impl Blocking {
    /// Counts the blocks of `view` in O(nnz + cols / b).
    pub fn of(view: &View, size: BlockSize) -> Self {
        let blocks = each_block_row(view, size).map(|(_, columns)| columns.len()).sum();
        Self { size, blocks, nnz: view.nnz() }
    }

    /// Numbers in the blocks.
    pub fn stored(&self) -> usize {
        self.blocks * self.size.side() * self.size.side()
    }

    /// The share of them that are entries; 0 where there are none.
    pub fn density(&self) -> f64 {
        self.nnz as f64 / self.stored().max(1) as f64
    }
}

/// The block rows of `view` in order, each with its block columns, ascending.
fn each_block_row<'a>(view: &'a View, size: BlockSize) -> impl Iterator<Item = (usize, Vec<u32>)> + 'a {
    let b = size.side();
    let mut last = vec![u32::MAX; view.cols.div_ceil(b)];
    (0..view.rows().div_ceil(b)).map(move |block_row| {
        let rows = block_row * b..view.rows().min(block_row * b + b);
        let entries = view.ptr[rows.start] as usize..view.ptr[rows.end] as usize;
        let mut columns = Vec::new();
        for &col in &view.col[entries] {
            let column = col / b as u32;
            // A block row is never u32::MAX: there are at most so many rows, and b of them in each.
            if std::mem::replace(&mut last[column as usize], block_row as u32) != block_row as u32 {
                columns.push(column);
            }
        }
        columns.sort_unstable();
        (block_row, columns)
    })
}

/// When blocks are worth it, and of which size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockRule {
    /// The size; `None` takes the one whose products are estimated to take least time.
    pub size: Option<BlockSize>,
    /// The density from which on products by blocks are taken to be faster than by entries.
    pub density_threshold: f64,
}

impl Default for BlockRule {
    fn default() -> Self {
        Self { size: None, density_threshold: DENSITY_THRESHOLD }
    }
}

/// The density above which blocks win on one core of a CPU with AVX-512, for 16 to 128 features in f32: the two take equally long at 0.22 to 0.27 in blocks of
/// 32 and 64, at 0.25 to 0.36 in blocks of 16. See docs/kernels.md.
pub const DENSITY_THRESHOLD: f64 = 0.25;

impl BlockRule {
    /// The blocks that this rule takes for `pair`.
    pub fn choose(&self, pair: &CsrPair) -> Blocking {
        let of = |size| Blocking::of(&pair.view(Direction::ToRows), size);
        match self.size {
            Some(size) => of(size),
            // Of equal ones the largest.
            None => {
                let sizes = BlockSize::ALL.into_iter().rev().map(of);
                sizes.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or_else(|| of(BlockSize::B16))
            }
        }
    }

    /// Whether `blocking` is dense enough.
    pub fn takes(&self, blocking: &Blocking) -> bool {
        blocking.blocks > 0 && blocking.density() >= self.density_threshold
    }
}

/// What a product takes, in numbers of a large block, as measured on the CPU.
fn cost(blocking: &Blocking) -> f64 {
    let each = match blocking.size {
        BlockSize::B16 => 1.4,
        BlockSize::B32 => 1.05,
        BlockSize::B64 => 1.0,
    };
    each * blocking.stored() as f64
}

/// A sparse matrix in blocks.
#[derive(Debug)]
pub struct Bsr {
    pair: Arc<CsrPair>,
    size: BlockSize,
    blocks: CsrPair,
    single: OnceLock<Vec<f32>>,
    double: OnceLock<Vec<f64>>,
}

impl Bsr {
    /// Finds the blocks that hold an entry, in O(nnz + blocks log blocks).
    ///
    /// # Errors
    /// More numbers in the blocks than 32-bit indices can tell apart.
    pub fn new(pair: Arc<CsrPair>, size: BlockSize) -> Result<Self, KernelError> {
        let (view, b) = (pair.view(Direction::ToRows), size.side());
        let (mut ptr, mut col, most) = (vec![0], Vec::new(), u32::MAX as usize / (b * b));
        for (_, columns) in each_block_row(&view, size) {
            col.extend(columns);
            if col.len() > most {
                return Err(KernelError::TooLarge {
                    what: "numbers in the blocks of a sparse matrix",
                    got: col.len() * b * b,
                    limit: most * b * b,
                });
            }
            ptr.push(col.len() as u32);
        }
        let blocks = CsrPair::new(ptr, col, view.cols.div_ceil(b), None)?;
        Ok(Self { size, blocks, single: OnceLock::new(), double: OnceLock::new(), pair })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.pair.rows()
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.pair.cols()
    }

    /// Size of the blocks.
    pub fn size(&self) -> BlockSize {
        self.size
    }

    /// Number and density of the blocks.
    pub fn blocking(&self) -> Blocking {
        Blocking { size: self.size, blocks: self.blocks.nnz(), nnz: self.pair.nnz() }
    }

    /// The cheaper order of a product with a weight `[f, o]`; see [`super::choose_order`].
    pub fn order(&self, direction: Direction, f: usize, o: usize) -> Order {
        choose_order(self.inputs(direction), self.outputs(direction), self.blocking().stored(), f, o)
    }

    /// Outputs of a pass in `direction`.
    pub fn outputs(&self, direction: Direction) -> usize {
        self.pair.outputs(direction)
    }

    /// Inputs of a pass in `direction`.
    pub fn inputs(&self, direction: Direction) -> usize {
        self.pair.outputs(direction.reverse())
    }

    /// The blocks as the entries of a matrix; the position of a block is that of its values.
    pub(crate) fn view(&self, direction: Direction) -> View<'_> {
        self.blocks.view(direction)
    }

    /// The values `[blocks, b, b]`, f32 or f64; made at the first use of each.
    pub(crate) fn values<A: Acc>(&self) -> &[A] {
        if size_of::<A>() == size_of::<f64>() {
            bytemuck::cast_slice(self.double.get_or_init(|| self.fill(|v| v)))
        } else {
            bytemuck::cast_slice(self.single.get_or_init(|| self.fill(|v| v as f32)))
        }
    }

    /// Adds each entry to its place.
    fn fill<A: Acc>(&self, round: impl Fn(f64) -> A + Sync) -> Vec<A> {
        let (entries, blocks, b) = (self.pair.view(Direction::ToRows), self.view(Direction::ToRows), self.size.side());
        let mut values = vec![A::ZERO; self.blocks.nnz() * b * b];
        let (mut rest, mut parts) = (&mut values[..], Vec::with_capacity(blocks.rows()));
        for block_row in 0..blocks.rows() {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(blocks.range(block_row).len() * b * b);
            parts.push((block_row, own));
            rest = after;
        }
        parts.into_par_iter().for_each(|(block_row, own)| {
            let columns = &blocks.col[blocks.range(block_row)];
            for row in block_row * b..entries.rows().min(block_row * b + b) {
                for k in entries.range(row) {
                    let col = entries.col[k] as usize;
                    let block = columns.partition_point(|&column| (column as usize) < col / b);
                    own[(block * b + row % b) * b + col % b] += round(entries.value(k));
                }
            }
        });
        values
    }
}

/// The cheaper order, by operations: `stored` numbers meet each feature once, and the weight meets each row of its side.
pub(crate) fn choose_order(inputs: usize, outputs: usize, stored: usize, f: usize, o: usize) -> Order {
    let cost =
        |dense_rows: usize, width: usize| dense_rows.saturating_mul(f).saturating_mul(o).saturating_add(stored.saturating_mul(width));
    if cost(inputs, o) <= cost(outputs, f) { Order::WeightFirst } else { Order::PassFirst }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bsr(rows: usize, cols: usize, size: BlockSize, keep: impl Fn(usize, usize) -> bool) -> (Arc<CsrPair>, Bsr) {
        let (mut ptr, mut col) = (vec![0], vec![]);
        for r in 0..rows {
            col.extend((0..cols).filter(|&c| keep(r, c)).map(|c| c as u32));
            ptr.push(col.len() as u32);
        }
        let values = (0..col.len()).map(|k| k as f64 + 1.0).collect();
        let pair = Arc::new(CsrPair::new(ptr, col, cols, Some(values)).unwrap());
        (pair.clone(), Bsr::new(pair, size).unwrap())
    }

    #[test]
    fn every_entry_has_its_place_and_all_else_is_zero() {
        for size in BlockSize::ALL {
            let (pair, bsr) = bsr(75, 133, size, |r, c| (r * 7 + c * 3) % 11 == 0 && (r / 20 + c / 40) % 2 == 0);
            let (b, blocks, view) = (size.side(), bsr.view(Direction::ToRows), pair.view(Direction::ToRows));
            let mut left: f64 = bsr.values::<f64>().iter().sum();
            for r in 0..pair.rows() {
                for k in view.range(r) {
                    let (c, own) = (view.col[k] as usize, blocks.range(r / b));
                    let at = own.start + blocks.col[own].iter().position(|&column| column as usize == c / b).unwrap();
                    assert_eq!(bsr.values::<f64>()[at * b * b + r % b * b + c % b], view.value(k));
                    left -= view.value(k);
                }
            }
            assert_eq!(left, 0.0);
            assert_eq!(bsr.values::<f32>().iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), bsr.values::<f64>());
            assert_eq!(bsr.blocking(), Blocking::of(&view, size));
        }
    }

    #[test]
    fn repeated_entries_are_added() {
        let pair = Arc::new(CsrPair::new(vec![0, 0, 3], vec![2, 1, 2], 5, Some(vec![1.0, 2.0, 4.0])).unwrap());
        let bsr = Bsr::new(pair, BlockSize::B16).unwrap();
        assert_eq!(bsr.values::<f32>()[16..20], [0.0, 2.0, 5.0, 0.0]);
        assert_eq!(bsr.blocking().density(), 3.0 / 256.0);
    }

    #[test]
    fn the_rule_takes_the_size_that_fits_the_pattern() {
        let rule = BlockRule::default();
        let diagonal = |b: usize| bsr(256, 256, BlockSize::B16, move |r, c| r / b == c / b).0;
        for (pair, size) in [(diagonal(16), BlockSize::B16), (diagonal(32), BlockSize::B32), (diagonal(128), BlockSize::B64)] {
            let blocking = rule.choose(&pair);
            assert_eq!((blocking.size, blocking.density()), (size, 1.0));
            assert!(rule.takes(&blocking));
            assert_eq!(BlockRule { size: Some(BlockSize::B64), ..rule }.choose(&pair).size, BlockSize::B64);
        }
        let thin = rule.choose(&bsr(256, 256, BlockSize::B16, |r, c| r == c).0);
        assert!(!rule.takes(&thin), "{thin:?}");
        assert!(BlockRule { density_threshold: 0.0, ..rule }.takes(&thin));
        let nothing = CsrPair::new(vec![0; 4], vec![], 9, None).unwrap();
        assert!(!BlockRule { density_threshold: 0.0, ..rule }.takes(&rule.choose(&nothing)));
    }
}
