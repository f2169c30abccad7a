//! Sparse patterns: one direction (`View`) and both at once (`CsrPair`), checked once when built.

use crate::error::KernelError;

/// One direction of a sparse matrix, as every kernel sees it: `rows` segments of column indices.
///
/// Entry k lies in row r when `ptr[r] <= k < ptr[r + 1]`. `canonical[k]` is the position of entry k in the row-major
/// order of the matrix, the order of all per-entry arrays; `None` says that k is that position.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Segment bounds, rows + 1 of them.
    pub ptr: &'a [u32],
    /// Column of each entry, ascending in a row.
    pub col: &'a [u32],
    /// Number of columns.
    pub cols: usize,
    /// Position of each entry in row-major order.
    pub canonical: Option<&'a [u32]>,
    /// Constant value of each entry, in this view's own order; `None` says that all are 1.
    pub values: Option<&'a [f64]>,
}

impl View<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.ptr.len() - 1
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.col.len()
    }

    /// Entries of row `r`.
    #[inline(always)]
    pub fn range(&self, r: usize) -> std::ops::Range<usize> {
        self.ptr[r] as usize..self.ptr[r + 1] as usize
    }

    /// Row-major position of entry `k`.
    #[inline(always)]
    pub fn position(&self, k: usize) -> usize {
        self.canonical.map_or(k, |c| c[k] as usize)
    }

    /// Constant value of entry `k`.
    #[inline(always)]
    pub fn value(&self, k: usize) -> f64 {
        self.values.map_or(1.0, |v| v[k])
    }
}

/// The way a pass runs over a matrix of rows × columns (for an incidence matrix: nodes × hyperedges).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Output per row, input per column: hyperedges to nodes.
    ToRows,
    /// Output per column, input per row: nodes to hyperedges.
    ToCols,
}

impl Direction {
    /// The opposite way.
    pub fn reverse(self) -> Self {
        match self {
            Self::ToRows => Self::ToCols,
            Self::ToCols => Self::ToRows,
        }
    }
}

/// A sparse matrix held row-major and column-major, so that both directions and every gradient are segment loops.
#[derive(Debug, Clone, PartialEq)]
pub struct CsrPair {
    row_ptr: Vec<u32>,
    row_col: Vec<u32>,
    col_ptr: Vec<u32>,
    col_row: Vec<u32>,
    col_position: Vec<u32>,
    row_values: Option<Vec<f64>>,
    col_values: Option<Vec<f64>>,
}

impl CsrPair {
    /// Builds both directions from row-major CSR in O(Z + rows + cols). Columns need not be sorted; repeated entries are kept.
    ///
    /// # Errors
    /// Pointers that fall or do not end at `col.len()`, a column `>= cols`, values of another length, sizes over u32.
    pub fn new(ptr: Vec<u32>, col: Vec<u32>, cols: usize, values: Option<Vec<f64>>) -> Result<Self, KernelError> {
        let nnz = col.len();
        for (what, got) in [("columns", cols), ("rows", ptr.len()), ("entries", nnz)] {
            let limit = u32::MAX as usize;
            if got > limit {
                return Err(KernelError::TooLarge { what, got, limit });
            }
        }
        let mut last = 0;
        for (row, &p) in ptr.iter().enumerate() {
            if p < last || p as usize > nnz || (row == 0 && p != 0) {
                return Err(KernelError::Pointer { row, got: p, nnz });
            }
            last = p;
        }
        if ptr.is_empty() || last as usize != nnz {
            return Err(KernelError::Pointer { row: ptr.len().saturating_sub(1), got: last, nnz });
        }
        if let Some(position) = col.iter().position(|&c| c as usize >= cols) {
            return Err(KernelError::Column { position, column: col[position], cols });
        }
        if let Some(v) = &values {
            crate::error::check_len("sparse pattern", "values [nnz]", "values", v.len(), nnz)?;
        }
        Ok(Self::transpose_of(ptr, col, cols, values))
    }

    fn transpose_of(ptr: Vec<u32>, col: Vec<u32>, cols: usize, values: Option<Vec<f64>>) -> Self {
        let mut col_ptr = vec![0u32; cols + 1];
        for &c in &col {
            col_ptr[c as usize + 1] += 1;
        }
        for c in 0..cols {
            col_ptr[c + 1] += col_ptr[c];
        }
        let mut next = col_ptr.clone();
        let mut col_row = vec![0u32; col.len()];
        let mut col_position = vec![0u32; col.len()];
        for r in 0..ptr.len() - 1 {
            for k in ptr[r]..ptr[r + 1] {
                let slot = &mut next[col[k as usize] as usize];
                col_row[*slot as usize] = r as u32;
                col_position[*slot as usize] = k;
                *slot += 1;
            }
        }
        let col_values = values.as_ref().map(|v| col_position.iter().map(|&k| v[k as usize]).collect());
        Self { row_ptr: ptr, row_col: col, col_ptr, col_row, col_position, row_values: values, col_values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.row_ptr.len() - 1
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.col_ptr.len() - 1
    }

    /// Number of stored entries.
    pub fn nnz(&self) -> usize {
        self.row_col.len()
    }

    /// Constant values in row-major order, if any.
    pub fn values(&self) -> Option<&[f64]> {
        self.row_values.as_deref()
    }

    /// The segments whose rows are the outputs of a pass in `direction`.
    pub fn view(&self, direction: Direction) -> View<'_> {
        match direction {
            Direction::ToRows => {
                View { ptr: &self.row_ptr, col: &self.row_col, cols: self.cols(), canonical: None, values: self.row_values.as_deref() }
            }
            Direction::ToCols => View {
                ptr: &self.col_ptr,
                col: &self.col_row,
                cols: self.rows(),
                canonical: Some(&self.col_position),
                values: self.col_values.as_deref(),
            },
        }
    }

    /// Outputs of a pass in `direction`.
    pub fn outputs(&self, direction: Direction) -> usize {
        self.view(direction).rows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_hold_the_same_entries() {
        let pair = CsrPair::new(vec![0, 2, 2, 5], vec![1, 3, 0, 1, 3], 4, Some(vec![1.0, 2.0, 3.0, 4.0, 5.0])).unwrap();
        let t = pair.view(Direction::ToCols);
        assert_eq!(t.ptr, [0, 1, 3, 3, 5]);
        assert_eq!(t.col, [2, 0, 2, 0, 2]);
        assert_eq!(t.canonical.unwrap(), [2, 0, 3, 1, 4]);
        assert_eq!(t.values.unwrap(), [3.0, 1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn malformed_patterns_are_refused() {
        assert!(CsrPair::new(vec![], vec![], 0, None).is_err());
        assert!(CsrPair::new(vec![0, 2, 1], vec![0, 0], 1, None).is_err());
        assert!(CsrPair::new(vec![0, 1], vec![1], 1, None).is_err());
        assert!(CsrPair::new(vec![1, 1], vec![0], 1, None).is_err());
        assert!(CsrPair::new(vec![0, 1], vec![0], 1, Some(vec![])).is_err());
    }
}
