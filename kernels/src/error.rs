//! The crate's one error type.

/// What can go wrong when a kernel is asked for.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum KernelError {
    /// An array does not have the length that the op's contract gives it.
    #[error("{op}: {argument} has {got} elements, expected {expected}; the contract is {contract}")]
    Length {
        /// The op.
        op: &'static str,
        /// The argument at fault.
        argument: &'static str,
        /// The length that the contract gives.
        expected: usize,
        /// The length found.
        got: usize,
        /// Shapes of the op, as in its documentation.
        contract: &'static str,
    },
    /// A column index lies outside the matrix.
    #[error("sparse pattern: entry {position} names column {column}, expected one below {cols}")]
    Column {
        /// Position in the list of entries.
        position: usize,
        /// The index found.
        column: u32,
        /// Number of columns.
        cols: usize,
    },
    /// Row pointers that do not describe a CSR matrix.
    #[error("sparse pattern: row pointers must start at 0, never fall and end at {nnz}; row {row} breaks this with {got}")]
    Pointer {
        /// The row at fault.
        row: usize,
        /// The pointer found.
        got: u32,
        /// Number of entries.
        nnz: usize,
    },
    /// An index outside its range.
    #[error("{op}: {argument}[{at}] is {got}, expected one below {limit}")]
    Index {
        /// The op.
        op: &'static str,
        /// The array at fault.
        argument: &'static str,
        /// Position in the array.
        at: usize,
        /// The index found.
        got: usize,
        /// The first index that is too large.
        limit: usize,
    },
    /// A size that 32-bit indices cannot hold.
    #[error("{what}: {got} exceeds the limit of {limit}; split the hypergraph or the feature matrix")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// The count found.
        got: usize,
        /// The largest count allowed.
        limit: usize,
    },
    /// An array that the memory of the device cannot hold.
    #[error(
        "device {device} is out of memory: {what} take {asked} bytes, and one array can have {limit} there ({in_use} are in use by this process); split \
         the hypergraph or the batch, or use a smaller type"
    )]
    OutOfMemory {
        /// Device name.
        device: String,
        /// What was to be stored.
        what: &'static str,
        /// Bytes asked for.
        asked: u64,
        /// Bytes of the largest array.
        limit: u64,
        /// Bytes in use by this process.
        in_use: u64,
    },
    /// The device cannot compute with this type.
    #[error("device {device} has no {dtype} {use_}; nearest alternative: {alternative}")]
    Unsupported {
        /// Device name.
        device: String,
        /// Type asked for.
        dtype: &'static str,
        /// Storage, arithmetic or atomic addition.
        use_: &'static str,
        /// What to ask for instead.
        alternative: &'static str,
    },
    /// The device did not give back what it holds.
    #[error("the device failed to read {what}: {message}")]
    Read {
        /// What was read.
        what: &'static str,
        /// In the words of the driver.
        message: String,
    },
    /// An option outside its range.
    #[error("{op}: {argument} is {got}, expected {expected}")]
    Option {
        /// The op.
        op: &'static str,
        /// The option at fault.
        argument: &'static str,
        /// The value found.
        got: String,
        /// The values allowed.
        expected: &'static str,
    },
}

/// `Ok` when `got == expected`, else the length error of `op`.
pub fn check_len(op: &'static str, contract: &'static str, argument: &'static str, got: usize, expected: usize) -> Result<(), KernelError> {
    if got == expected { Ok(()) } else { Err(KernelError::Length { op, argument, expected, got, contract }) }
}
