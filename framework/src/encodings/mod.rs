//! Positional encodings, numbers that tell a network where in the hypergraph a node is: `random_walk` and `laplacian`, on the `walk` operator; `subspace` finds
//! eigenvectors.

mod laplacian;
mod random_walk;
mod subspace;
mod walk;

pub use laplacian::{Signs, laplacian};
pub use random_walk::random_walk;

use std::fmt;
use std::str::FromStr;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sprs::CsMat;

use crate::{Error, Features, Hypergraph, Result};

/// More steps than this are a mistyped option.
const MAX_STEPS: usize = 1024;
/// More eigenvectors than this need another method.
const MAX_VECTORS: usize = 128;

/// A positional encoding, as an option names it: `none`, `random-walk:16` (steps), `laplacian:8` (eigenvectors) or `laplacian:8:42` (with signs drawn from the
/// seed 42).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Encoding {
    /// No columns.
    #[default]
    None,
    /// [`random_walk`] of 1 to this many steps.
    RandomWalk(usize),
    /// This many eigenvectors of [`laplacian`], times √N, so that their mean square is 1 whatever the size of the hypergraph.
    Laplacian(usize, Signs),
}

impl Encoding {
    /// The number of columns.
    pub fn width(self) -> usize {
        match self {
            Self::None => 0,
            Self::RandomWalk(width) | Self::Laplacian(width, _) => width,
        }
    }

    /// The columns for every node.
    ///
    /// # Shapes
    /// `[N, width]`
    ///
    /// # Errors
    /// As [`random_walk`] and [`laplacian`].
    pub fn of(self, h: &Hypergraph) -> Result<Array2<f64>> {
        match self {
            Self::None => Ok(Array2::zeros((h.nodes(), 0))),
            Self::RandomWalk(steps) => random_walk(h, steps),
            Self::Laplacian(vectors, signs) => Ok(laplacian(h, vectors, signs)?.1 * (h.nodes() as f64).sqrt()),
        }
    }

    /// The features with the columns after them. Sparse ones stay sparse and store the columns in full, which adds at most N·width entries.
    ///
    /// # Errors
    /// When there are no features, or not as many rows as nodes, and as [`Encoding::of`].
    pub fn append(self, features: &Features, h: &Hypergraph) -> Result<Features> {
        if matches!(features, Features::None) || features.rows() != h.nodes() {
            let expected = format!("features of {} nodes to append an encoding to", h.nodes());
            return Err(Error::invalid("features", expected, features.rows().to_string()));
        }
        if self.width() == 0 {
            return Ok(features.clone());
        }
        let columns = self.of(h)?.mapv(|v| v as f32); // [N, width]
        Ok(match features {
            Features::Dense(x) => {
                let mut all = Array2::zeros((x.nrows(), x.ncols() + columns.ncols()));
                all.slice_mut(ndarray::s![.., ..x.ncols()]).assign(x);
                all.slice_mut(ndarray::s![.., x.ncols()..]).assign(&columns);
                Features::Dense(all)
            }
            Features::Sparse(x) => Features::Sparse(beside(x, &columns)),
            Features::None => Features::None,
        })
    }
}

/// `[x columns]` as CSR; zeros of `columns` are left out.
fn beside(x: &CsMat<f32>, columns: &Array2<f32>) -> CsMat<f32> {
    let (mut ptr, mut col, mut values) = (vec![0], Vec::new(), Vec::new());
    for (row, own) in x.outer_iterator().zip(columns.rows()) {
        row.iter().for_each(|(c, v)| {
            col.push(c);
            values.push(*v);
        });
        own.iter().enumerate().filter(|(_, v)| **v != 0.0).for_each(|(c, v)| {
            col.push(x.cols() + c);
            values.push(*v);
        });
        ptr.push(col.len());
    }
    CsMat::new((x.rows(), x.cols() + columns.ncols()), ptr, col, values)
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::RandomWalk(steps) => write!(f, "random-walk:{steps}"),
            Self::Laplacian(vectors, Signs::Largest) => write!(f, "laplacian:{vectors}"),
            Self::Laplacian(vectors, Signs::Drawn(seed)) => write!(f, "laplacian:{vectors}:{seed}"),
        }
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let width = |text: &str, most| text.parse().ok().filter(|width| (1..=most).contains(width));
        let parts: Vec<&str> = s.split(':').collect();
        let known = match parts.as_slice() {
            ["none"] => Some(Self::None),
            ["random-walk", steps] => width(steps, MAX_STEPS).map(Self::RandomWalk),
            ["laplacian", vectors] => width(vectors, MAX_VECTORS).map(|k| Self::Laplacian(k, Signs::Largest)),
            ["laplacian", vectors, seed] => {
                width(vectors, MAX_VECTORS).zip(seed.parse().ok()).map(|(k, seed)| Self::Laplacian(k, Signs::Drawn(seed)))
            }
            _ => None,
        };
        let expected =
            format!("none, random-walk:STEPS (1 to {MAX_STEPS}), laplacian:VECTORS or laplacian:VECTORS:SEED (1 to {MAX_VECTORS})");
        known.ok_or_else(|| Error::invalid("encoding", expected, format!("{s:?}")))
    }
}

impl TryFrom<String> for Encoding {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Encoding> for String {
    fn from(encoding: Encoding) -> Self {
        encoding.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for text in ["none", "random-walk:16", "laplacian:8", "laplacian:8:42"] {
            let encoding: Encoding = text.parse().unwrap();
            assert_eq!(encoding.to_string(), text);
            let json = serde_json::to_string(&encoding).unwrap();
            assert_eq!(serde_json::from_str::<Encoding>(&json).unwrap(), encoding);
        }
        for bad in [
            "",
            "random-walk",
            "random-walk:0",
            "laplacian:x",
            "laplacian:3:-1",
            "random-walk:1025",
            "laplacian:1:2:3",
            "laplacian:129",
            "walk:3",
        ] {
            let error = bad.parse::<Encoding>().unwrap_err().to_string();
            assert!(error.contains("random-walk:STEPS"), "{error}");
        }
    }

    #[test]
    fn columns_come_after_dense_and_after_sparse_features() {
        let h = Hypergraph::from_members(4, [vec![0, 1], vec![1, 2]], Duplicates::Error).unwrap();
        let dense = ndarray::array![[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, -3.0, 4.0]];
        let encoding = Encoding::RandomWalk(2);
        let both = [Features::Dense(dense.clone()), Features::from_sparse(CsMat::csr_from_dense(dense.view(), 0.0))]
            .map(|x| encoding.append(&x, &h).unwrap());
        assert!(matches!(both[1], Features::Sparse(_)));
        let [a, b] = both.map(|x| x.to_dense().unwrap());
        assert_eq!(a, b);
        assert_eq!(a.slice(ndarray::s![.., ..3]), dense);
        let walk = random_walk(&h, 2).unwrap().mapv(|v| v as f32);
        assert_eq!(a.slice(ndarray::s![.., 3..]), walk);
        assert_eq!(Encoding::None.append(&Features::Dense(dense.clone()), &h).unwrap(), Features::Dense(dense));
        assert!(encoding.append(&Features::None, &h).is_err());
    }
}
