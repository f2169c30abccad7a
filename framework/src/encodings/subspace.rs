//! The largest eigenvalues of the walk operator by restarted block Krylov iteration (Musco and Musco 2015, arXiv:1504.05477).

use ndarray::{Array1, Array2, Axis, concatenate, s};
use rand_distr::{Distribution, StandardNormal};

use super::walk::Walk;
use crate::components::{Components, connected};
use crate::rng::{Stream, seeded};

/// Largest ‖S x − μ x‖ that is taken for zero.
const TOLERANCE: f64 = 1e-7;
const MAX_RESTARTS: usize = 200;
/// Columns beyond those wanted, which speed the last ones up.
const EXTRA: usize = 4;
/// About how many columns the Krylov space has.
const BASIS: usize = 120;

/// The space orthogonal to the eigenvectors of the components.
pub(super) struct Space {
    components: Components,
    /// √D_v, of length 1 on every component; isolated nodes have 1.
    trivial: Vec<f64>,
}

impl Space {
    pub(super) fn without_trivial(walk: &Walk<'_>) -> Self {
        let components = connected(walk.hypergraph());
        let mut trivial = walk.stationary();
        let mut squares = vec![0.0; components.count];
        trivial.iter().zip(&components.of).for_each(|(x, c)| squares[*c as usize] += x * x);
        for (x, c) in trivial.iter_mut().zip(&components.of) {
            let square: f64 = squares[*c as usize];
            *x = if square > 0.0 { *x / square.sqrt() } else { 1.0 };
        }
        Self { components, trivial }
    }

    /// Its dimension.
    pub(super) fn dimension(&self) -> usize {
        self.components.of.len() - self.components.count
    }

    fn project(&self, x: &mut Array2<f64>) {
        let mut sums = Array2::<f64>::zeros((self.components.count, x.ncols()));
        for ((row, t), c) in x.rows().into_iter().zip(&self.trivial).zip(&self.components.of) {
            sums.row_mut(*c as usize).scaled_add(*t, &row);
        }
        for ((mut row, t), c) in x.rows_mut().into_iter().zip(&self.trivial).zip(&self.components.of) {
            row.scaled_add(-*t, &sums.row(*c as usize));
        }
    }
}

/// The `k` largest eigenvalues in the space, descending, with orthonormal eigenvectors `[N, k]`; `k` is at most its dimension.
pub(super) fn largest(walk: &Walk<'_>, space: &Space, k: usize) -> (Vec<f64>, Array2<f64>) {
    let nodes = walk.hypergraph().nodes();
    let width = (k + EXTRA).min(space.dimension());
    if k == 0 {
        return (Vec::new(), Array2::zeros((nodes, 0)));
    }
    let mut rng = seeded(0, Stream::Encoding);
    let start = Array2::from_shape_simple_fn((nodes, width), || StandardNormal.sample(&mut rng));
    let mut block = orthonormal(start, None, space);
    let steps = (BASIS / width).clamp(2, 10);
    for restart in 1.. {
        let (basis, image) = krylov(walk, space, &block, steps); // [N, m], S of it
        let (values, vectors) = symmetric_eigen(basis.t().dot(&image));
        let chosen = vectors.slice(s![.., ..width.min(vectors.ncols())]); // [m, width]
        let (ritz, image) = (basis.dot(&chosen), image.dot(&chosen)); // [N, width]
        let residual = |i: usize| {
            let squares = ritz.column(i).into_iter().zip(image.column(i)).map(|(x, y)| (y - values[i] * x).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let worst = (0..k.min(ritz.ncols())).map(residual).fold(0.0, f64::max);
        if worst <= TOLERANCE || restart == MAX_RESTARTS {
            if worst > TOLERANCE {
                tracing::warn!(
                    "eigenvectors of the Laplacian have a residual of {worst:.1e} after {restart} restarts, wanted {TOLERANCE:.0e}"
                );
            }
            return (values[..k].to_vec(), ritz.slice(s![.., ..k]).to_owned());
        }
        block = orthonormal(ritz, None, space);
    }
    (Vec::new(), Array2::zeros((nodes, 0)))
}

/// An orthonormal basis of the span of X, SX, S²X, ... and S times it.
fn krylov(walk: &Walk<'_>, space: &Space, block: &Array2<f64>, steps: usize) -> (Array2<f64>, Array2<f64>) {
    let mut basis = block.clone(); // [N, m]
    let mut image = times(walk, space, block); // [N, m]
    let mut last = image.clone();
    for _ in 0..steps {
        let next = orthonormal(last, Some(&basis), space);
        if next.ncols() == 0 || basis.ncols() >= space.dimension() {
            break;
        }
        last = times(walk, space, &next);
        basis = beside(&basis, &next);
        image = beside(&image, &last);
    }
    (basis, image)
}

fn beside(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let all = concatenate(Axis(1), &[a.view(), b.view()]).expect("both have a row per node; other shapes are a bug");
    all.as_standard_layout().into_owned()
}

fn times(walk: &Walk<'_>, space: &Space, x: &Array2<f64>) -> Array2<f64> {
    let flat = x.as_standard_layout();
    let y = walk.times(flat.as_slice().unwrap_or_default(), x.ncols());
    let mut y = Array2::from_shape_vec(x.dim(), y).expect("a product has the shape of x; another is a bug");
    space.project(&mut y);
    y
}

/// An orthonormal basis of what the columns span in the space beside `basis`: Gram and Schmidt twice, without columns that are as good as dependent.
fn orthonormal(mut x: Array2<f64>, basis: Option<&Array2<f64>>, space: &Space) -> Array2<f64> {
    for _ in 0..2 {
        space.project(&mut x);
        let before: Vec<f64> = x.columns().into_iter().map(|c| c.dot(&c).sqrt()).collect();
        if let Some(basis) = basis {
            let shares = basis.t().dot(&x); // [m, width]
            x -= &basis.dot(&shares);
        }
        // Columns as rows, so that they are contiguous.
        let rows = x.t().as_standard_layout().into_owned(); // [width, N]
        let mut kept: Vec<Array1<f64>> = Vec::new();
        for (row, before) in rows.rows().into_iter().zip(before) {
            let mut row = row.to_owned();
            for other in &kept {
                let share = other.dot(&row);
                row.scaled_add(-share, other);
            }
            let norm = row.dot(&row).sqrt();
            if norm > 1e-10 * before && norm > 1e-14 {
                kept.push(row / norm);
            }
        }
        x = Array2::zeros((x.nrows(), kept.len()));
        kept.iter().enumerate().for_each(|(i, row)| x.column_mut(i).assign(row));
    }
    x
}

/// Eigenvalues, descending, and eigenvectors as columns, of a symmetric matrix, by Jacobi's rotations.
fn symmetric_eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::<f64>::eye(n); // rows are eigenvectors until the end
    let size: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..60 {
        let rest: f64 = a.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, v)| v * v).sum();
        if rest <= 1e-30 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let off = 0.5 * (a[[p, q]] + a[[q, p]]);
                if off == 0.0 {
                    continue;
                }
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * off);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cos = t.hypot(1.0).recip();
                rotate(&mut a, &mut vectors, [p, q], cos, t * cos);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[[*j, *j]].total_cmp(&a[[*i, *i]]));
    let values = order.iter().map(|i| a[[*i, *i]]).collect();
    (values, vectors.select(Axis(0), &order).t().as_standard_layout().into_owned())
}

/// A ← Jᵀ A J and V ← Jᵀ V for the rotation J of the axes p and q.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, [p, q]: [usize; 2], cos: f64, sin: f64) {
    let turn = |x: f64, y: f64| (cos * x - sin * y, sin * x + cos * y);
    for i in 0..a.nrows() {
        (a[[i, p]], a[[i, q]]) = turn(a[[i, p]], a[[i, q]]);
    }
    for matrix in [a, vectors] {
        let (mut upper, mut lower) = matrix.multi_slice_mut((s![p, ..], s![q, ..]));
        upper.iter_mut().zip(lower.iter_mut()).for_each(|(x, y)| (*x, *y) = turn(*x, *y));
    }
}
