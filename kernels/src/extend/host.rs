//! CPU form: blocks of rows with about equally many outputs in parallel.

use super::CONTRACT;
use crate::error::{KernelError, check_len};
use crate::rows::{Sink, fill_two};
use crate::scan::host::{scan, total};
use crate::schedule::by_entries;

/// low, high `[n]` -> (row `[T]`, position `[T]`).
///
/// # Errors
/// Unequal lengths, or more outputs than 32-bit indices hold.
pub fn extend(low: &[u32], high: &[u32]) -> Result<(Vec<u32>, Vec<u32>), KernelError> {
    check_len("extend", CONTRACT, "high", high.len(), low.len())?;
    let counts: Vec<u32> = low.iter().zip(high).map(|(&low, &high)| high.saturating_sub(low)).collect();
    let (got, limit) = (total(&counts), u32::MAX as usize);
    if got > limit as u64 {
        return Err(KernelError::TooLarge { what: "outputs of extend", got: usize::try_from(got).unwrap_or(usize::MAX), limit });
    }
    let ptr = scan(&counts);
    let (row, position, _) = fill_two(
        &by_entries(&ptr, 8, 16),
        |i| ptr[i] as usize,
        |i| ptr[i] as usize,
        #[inline(always)]
        |block, row: &mut Sink<u32>, position: &mut Sink<u32>| {
            for i in block {
                row.extend(counts[i] as usize, |_| i as u32);
                position.extend(counts[i] as usize, |t| low[i] + t as u32);
            }
        },
    );
    Ok((row, position))
}
