//! Compressed sparse rows with 32-bit ids: the pattern of one order of the incidence matrix.

/// The pattern of a sparse `rows` x `cols` matrix; columns are sorted and distinct in each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csr {
    cols: usize,
    ptr: Vec<u32>,
    col: Vec<u32>,
}

impl Csr {
    /// From checked parts: `ptr` starts at 0, does not fall and ends at `col.len()`; `col` is below `cols`.
    pub(crate) fn from_checked(cols: usize, ptr: Vec<u32>, col: Vec<u32>) -> Self {
        debug_assert_eq!(ptr.last().copied(), Some(col.len() as u32));
        Self { cols, ptr, col }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.ptr.len() - 1
    }

    /// The number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The number of entries.
    pub fn nnz(&self) -> usize {
        self.col.len()
    }

    /// Where each row starts in [`Csr::col`]; `rows + 1` long.
    pub fn ptr(&self) -> &[u32] {
        &self.ptr
    }

    /// The columns, row after row.
    pub fn col(&self) -> &[u32] {
        &self.col
    }

    /// The columns of row `i`.
    pub fn row(&self, i: usize) -> &[u32] {
        &self.col[self.ptr[i] as usize..self.ptr[i + 1] as usize]
    }

    /// The number of entries of row `i`.
    pub fn degree(&self, i: usize) -> usize {
        (self.ptr[i + 1] - self.ptr[i]) as usize
    }

    /// The rows in order.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.ptr.windows(2).map(|p| &self.col[p[0] as usize..p[1] as usize])
    }

    /// The (row, column) entries in order.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.iter_rows().enumerate().flat_map(|(r, row)| row.iter().map(move |&c| (r as u32, c)))
    }

    /// The transposed pattern, in O(rows + cols + nnz).
    pub fn transpose(&self) -> Self {
        let ptr = starts(self.cols, self.col.iter().copied());
        let mut next = ptr.clone();
        let mut col = vec![0; self.nnz()];
        for (r, c) in self.entries() {
            col[advance(&mut next, c)] = r;
        }
        Self::from_checked(self.rows(), ptr, col)
    }

    /// For every entry of the transposed pattern, its position in this one.
    ///
    /// # Shapes
    /// `[nnz]`, a permutation of `0..nnz`.
    pub fn transpose_positions(&self) -> Vec<u32> {
        let mut next = starts(self.cols, self.col.iter().copied());
        let mut position = vec![0; self.nnz()];
        for (p, &c) in self.col.iter().enumerate() {
            position[advance(&mut next, c)] = p as u32;
        }
        position
    }

    /// Bytes of the arrays held.
    pub fn bytes(&self) -> usize {
        (self.ptr.len() + self.col.len()) * size_of::<u32>()
    }
}

/// Row starts of a counting sort of `keys`, each below `rows`.
pub(crate) fn starts(rows: usize, keys: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut ptr = vec![0u32; rows + 1];
    for key in keys {
        ptr[key as usize + 1] += 1;
    }
    for i in 0..rows {
        ptr[i + 1] += ptr[i];
    }
    ptr
}

/// The next free slot of row `key`.
pub(crate) fn advance(next: &mut [u32], key: u32) -> usize {
    let slot = next[key as usize];
    next[key as usize] += 1;
    slot as usize
}
