//! npz: the incidence matrix H (N x M, CSR) as `scipy.sparse.save_npz` writes it, with further arrays for the rest.
//!
//! | array | type | holds |
//! |---|---|---|
//! | `format` | bytes | `csr`; `csc` is read too |
//! | `shape` | int64 `[2]` | N, M |
//! | `indptr`, `indices` | int32 or int64 | the rows of H |
//! | `data` | float64 `[Z]` | incidence weights; all 1 means none |
//! | `hyperedge_weights`, `node_weights` | float64 `[M]`, `[N]` | |
//! | `features` | float32 `[N, d]` | dense features; float16, float64, integers and Fortran order are read too |
//! | `features_shape`, `_indptr`, `_indices`, `_data` | int64, float32 | sparse features, CSR |
//! | `labels`, `classes` | int64 `[N]`, int64 `[1]` | -1 where the class is not known |
//! | `splits` | uint8 `[S, N]` | 0 train, 1 valid, 2 test, 255 none |
//! | `split_sets`, `split_set_counts` | text, int64 | protocols of consecutive splits |
//! | `relation_names`, `_indptr`, `_indices` | text, int64 | relations of the hyperedges, CSR |
//! | `role_names`, `_indptr`, `_indices` | text, int64 | roles of the incidences, by hyperedge and then by node, CSR |
//! | `label_names`, `node_names`, `hyperedge_names`, `name` | text | |
//!
//! Text is uint8: UTF-8 lines, each a name in its plain form (integers bare, a string that would be taken for something
//! else quoted as in JSON). All arrays but the first five are optional, so `scipy.sparse.load_npz` reads every file written here and every CSR or CSC matrix
//! that scipy saves is read here. An array is read only if its header agrees with `shape` and the arrays before it, and nothing is allocated that the file does
//! not hold bytes for.

mod archive;
mod npy;
mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;
