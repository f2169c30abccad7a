//! `Relations`: what the relational ops do on a device, behind one object-safe trait, so that an executor of queries need not be generic over CubeCL's
//! runtimes. A [`Column`] lies on the device and is opaque; [`Relations::read`] alone brings it back. `launcher.rs` is the one implementation, over the launchers of
//! the ops' folders.

#[cfg(feature = "cube")]
mod launcher;

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::error::KernelError;
use crate::mark::Test;

#[cfg(feature = "cube")]
pub use launcher::Launcher;

type Result<T> = std::result::Result<T, KernelError>;

/// An array of u32 indices on a device; a clone shares it.
#[derive(Clone)]
pub struct Column {
    #[cfg_attr(not(feature = "cube"), expect(dead_code, reason = "only a device looks into its columns"))]
    inner: Arc<dyn Any + Send + Sync>,
    len: usize,
}

impl Column {
    /// Of what a device knows it by.
    pub fn new<T: Any + Send + Sync>(inner: T, len: usize) -> Self {
        Self { inner: Arc::new(inner), len }
    }

    /// Number of indices.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} on a device)", self.len)
    }
}

/// The relational ops of one device. Results are on it, launches are not waited for; what says so waits.
///
/// # Errors
/// All fail on a column of another device, on arrays of another length than the op's contract says, and where a result is larger than 32-bit indices or
/// one array of the device hold ([`KernelError::TooLarge`], [`KernelError::OutOfMemory`], before anything is launched).
pub trait Relations: Send + Sync {
    /// Bytes of the largest array that the device can have.
    fn largest_array(&self) -> u64;

    /// Copies indices to the device.
    fn upload(&self, ids: &[u32]) -> Result<Column>;

    /// The indices; waits for the device, and fails where a kernel did not compile or run.
    fn read(&self, x: &Column) -> Result<Vec<u32>>;

    /// The first `n`, or all where there are no more; nothing is copied.
    fn first(&self, x: &Column, n: usize) -> Result<Column>;

    /// `take`: x `[n]`, index `[m]` -> `[m]`.
    fn take(&self, x: &Column, index: &Column) -> Result<Column>;

    /// x `[n]`, then y `[m]` -> `[n + m]`.
    fn concat(&self, x: &Column, y: &Column) -> Result<Column>;

    /// `search_sorted` on both sides: x `[n]` ascending, needles `[m]` -> where those that equal each needle begin and end, `[m]` each.
    fn search(&self, x: &Column, needles: &Column) -> Result<(Column, Column)>;

    /// `search_sorted` within a range per needle: x `[n]`, low, high, needles `[m]` -> begin and end, `[m]` each.
    fn search_ranges(&self, x: &Column, range: (&Column, &Column), needles: &Column) -> Result<(Column, Column)>;

    /// Lengths of ranges, low, high `[n]` -> `[n]`, and their exact sum; waits.
    fn counts(&self, low: &Column, high: &Column) -> Result<(Column, u64)>;

    /// `extend`: low and counts `[n]` with their sum -> (row, position) of each element of the ranges.
    fn expand(&self, low: &Column, counts: &Column, outputs: u64) -> Result<(Column, Column)>;

    /// `scan`: x `[n]` -> `[n + 1]`.
    fn scan(&self, x: &Column) -> Result<Column>;

    /// `segment_reduce`: ptr `[s + 1]`, x `[n]` -> sums `[s]`.
    fn sums(&self, ptr: &Column, x: &Column) -> Result<Column>;

    /// `mark`: a test on pairs, x, z `[n]` -> flag `[n]`.
    fn pairs(&self, x: &Column, z: &Column, test: Test) -> Result<Column>;

    /// `mark`: which elements lie within a range.
    fn within(&self, x: &Column, range: Range<u32>) -> Result<Column>;

    /// `mark`: where runs of equal elements begin.
    fn firsts(&self, x: &Column) -> Result<Column>;

    /// `compact`: the positions of the flags that are not 0; waits.
    fn positions(&self, flag: &Column) -> Result<Column>;

    /// `sort`: the stable permutation that brings keys into ascending order; `low` decides where `high` is equal.
    fn order(&self, low: &Column, high: Option<&Column>) -> Result<Column>;
}
