//! The copy head: an answer may be the name of an entity that was read.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use crate::error::Result;
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::Projection;

/// How much of the next token is copied rather than spoken (pointer-generator, See et al. 2017, arXiv:1704.04368):
///
/// ```text
/// p(y) = (1 − g) p_LM(y) + g p_copy(y)        g = σ( w · h + b ) (1 − A_null)
/// p_copy(y) ∝ Σ_m A_m [ y comes next in the name of slot m ]
/// ```
///
/// Which token comes next in a name is said by [`Names`].
#[derive(Module, Debug)]
pub struct CopyHead<B: Backend> {
    /// w `[1, d]` and b, zeros at first.
    pub gate: Projection<B>,
}

impl<B: Backend> CopyHead<B> {
    /// For a decoder of width d.
    ///
    /// # Errors
    /// When the width is 0.
    pub fn new(d: usize, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        Ok(Self { gate: Projection::new([d, 1], true, device, weights)?.scaled(0.0) })
    }
}

impl<B: HyperBackend> CopyHead<B> {
    /// g of each row.
    ///
    /// # Shapes
    /// h `[n, d]`, the weight of the null slot `[n]` -> `[n]`, in f32 (f64 for [`Precision::F64`])
    pub fn share(&self, h: Tensor<B, 2>, null: Tensor<B, 1>, precision: Precision) -> Tensor<B, 1> {
        let rows = h.dims()[0];
        let open = sigmoid(self.gate.forward(precision.widen(h), precision.wide()).reshape([rows]));
        open * (precision.widen(null).neg().add_scalar(1.0))
    }
}

/// The names of entities, as an answer spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    names: Vec<Vec<u32>>,
    end: u32,
}

impl Names {
    /// Names by entity; `end` is what comes after the last token of a name.
    pub fn new(names: Vec<Vec<u32>>, end: u32) -> Self {
        Self { names, end }
    }

    /// What comes after the last token of a name.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// How many tokens of the entity's name the text ends with, and the token after them.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn next(&self, entity: u32, text: &[u32]) -> (usize, u32) {
        let name = &self.names[entity as usize];
        let said = (0..=name.len().min(text.len())).rev().find(|&n| text.ends_with(&name[..n])).unwrap_or(0);
        (said, name.get(said).copied().unwrap_or(self.end))
    }

    /// The tokens that come next in the names of these entities: of those of whose name the text has said the most; `None` for the others.
    pub fn proposals(&self, entities: &[u32], text: &[u32]) -> Vec<Option<u32>> {
        let next: Vec<(usize, u32)> = entities.iter().map(|&entity| self.next(entity, text)).collect();
        let most = next.iter().map(|next| next.0).max().unwrap_or(0);
        next.into_iter().map(|(said, token)| (said == most).then_some(token)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_on_where_the_text_ends() {
        let names = Names::new(vec![vec![1, 2], vec![1, 3, 4], vec![5]], 9);
        assert_eq!(names.proposals(&[0, 1, 2, 0], &[]), [Some(1), Some(1), Some(5), Some(1)]);
        assert_eq!(names.proposals(&[0, 1, 2], &[7, 1]), [Some(2), Some(3), None]);
        assert_eq!(names.proposals(&[0, 1, 2], &[1, 3]), [None, Some(4), None]);
        assert_eq!(names.proposals(&[0, 2], &[1, 2]), [Some(9), None]);
        // A name that is no longer being said begins again.
        assert_eq!(names.proposals(&[0, 2], &[1, 7]), [Some(1), Some(5)]);
        assert!(names.proposals(&[], &[1]).is_empty());
    }
}
