//! `knn`: the nearest items of each query.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::knn::{CONTRACT, KnnConfig, Metric};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::error::Result;
use crate::ids::Ids;

/// The k items with the largest ⟨q, x⟩ or the smallest ‖q − x‖² of each query, best first, and those scores; exact, and the matrix of all
/// scores is never stored.
///
/// Of equal scores the earlier item comes first; NaN comes after every number. Scores are in the type of sums: f32 (f64 for f64). There is no
/// gradient.
///
/// # Shapes
/// queries `[Q, D]`, items `[N, D]`; results `[Q·k]`, row after row, and `[Q, k]`.
///
/// # Errors
/// k > N; widths, types or devices that disagree; a tensor that autodiff tracks; a k whose lists do not fit the shared memory of the device; a
/// type that the device lacks; sizes over 32 bits.
pub fn knn<B: HyperBackend>(queries: Tensor<B, 2>, items: Tensor<B, 2>, k: usize, metric: Metric) -> Result<(Ids<B>, Tensor<B, 2>)> {
    let (device, [q, width], [n, _]) = (queries.device(), queries.dims(), items.dims());
    let arguments = Arguments::new("knn", CONTRACT, &device, "queries", &queries, [None; 2])?;
    arguments.check("items", &items, [None, Some(width)])?;
    let config = KnnConfig { queries: q, items: n, width, k, metric };
    config.check(q * width, n * width)?;
    let (ids, scores) = B::knn(config, queries.into_primitive().tensor(), items.into_primitive().tensor())?;
    Ok((Ids { inner: ids, device }, Tensor::from_primitive(TensorPrimitive::Float(scores)))) // [Q * k], [Q, k]
}
