//! Cases of `gather`, `scatter_add` and `dropout`.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::dropout::{Mask, reference::dropout};
use hypergraphql_kernels::gather::{index_pattern, reference::gather};
use hypergraphql_kernels::scatter_add::{Scatter, reference::scatter_add};

use super::bound::Expected;
use super::numbers::abs;
use super::suite::{Again, Case, Suite, as_they_are};
use crate::backend::HyperBackend;

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    for (name, n, index) in indices() {
        let longest = (0..n).map(|r| index.iter().filter(|&&i| i as usize == r).count()).max().unwrap_or(0);
        for width in [0, 1, 3, 8, 33] {
            let name = format!("{name}/w{width}");
            gather_case(suite, name.clone(), n, &index, width, longest);
            for scatter in [Scatter::Deterministic, Scatter::Atomic] {
                scatter_case(suite, format!("{name}/{scatter:?}").to_lowercase(), n, &index, width, longest, scatter);
            }
        }
    }
    for (rows, width, p) in [(37, 23, 0.5), (5003, 7, 0.3), (1, 1, 0.9), (0, 4, 0.5)] {
        dropout_case(suite, rows, width, p);
    }
}

fn indices() -> Vec<(&'static str, usize, Vec<u32>)> {
    vec![
        ("mixed", 29, (0..53u32).map(|i| i * i * 7 % 27).collect()),
        ("one", 13, vec![11]),
        ("hub", 17, (0..5009u32).map(|i| if i % 100 == 3 { i % 17 } else { 5 }).collect()),
        ("none", 6, vec![]),
    ]
}

fn gather_case<B: HyperBackend>(suite: &mut Suite<B>, name: String, n: usize, index: &[u32], width: usize, longest: usize) {
    let Ok(pair) = index_pattern(index.to_vec(), n) else { return };
    let pattern = suite.sparse(Arc::new(pair));
    let again = if name.starts_with("mixed") { Again::Views } else { Again::Bits };
    suite.case(Case {
        op: "gather",
        name,
        inputs: vec![[n, width]],
        prepare: |_, x| x.to_vec(),
        output: [index.len(), width],
        gradient: as_they_are,
        again,
        reference: Box::new(|x, dy| {
            let (y, dx) = (gather(index, &x[0], width), scatter_add(index, n, dy, width));
            let magnitude = scatter_add(index, n, &abs(dy), width);
            vec![Expected::new(y.clone(), vec![0.0; y.len()], 0.0, 1), Expected::new(dx, magnitude, 1.0, longest)]
        }),
        run: Box::new(|x| wrap(Autodiff::<B>::gather(&pattern, primitive(&x[0])))),
    });
}

fn scatter_case<B: HyperBackend>(
    suite: &mut Suite<B>,
    name: String,
    n: usize,
    index: &[u32],
    width: usize,
    longest: usize,
    scatter: Scatter,
) {
    if let Err(error) = B::supports_scatter(scatter, suite.device) {
        return suite.skip("scatter_add", &name, &error.to_string());
    }
    let Ok(pair) = index_pattern(index.to_vec(), n) else { return };
    let pattern = suite.sparse(Arc::new(pair));
    let again = match scatter {
        _ if name.starts_with("mixed") => Again::Views,
        Scatter::Deterministic => Again::Bits,
        Scatter::Atomic => Again::No,
    };
    suite.case(Case {
        op: "scatter_add",
        name,
        inputs: vec![[index.len(), width]],
        prepare: |_, x| x.to_vec(),
        output: [n, width],
        gradient: as_they_are,
        again,
        reference: Box::new(|x, dy| {
            let (y, dx) = (scatter_add(index, n, &x[0], width), gather(index, dy, width));
            let magnitude = scatter_add(index, n, &abs(&x[0]), width);
            vec![Expected::new(y, magnitude, 1.0, longest), Expected::new(dx.clone(), vec![0.0; dx.len()], 0.0, 1)]
        }),
        run: Box::new(|x| wrap(Autodiff::<B>::scatter_add(&pattern, primitive(&x[0]), scatter))),
    });
}

fn dropout_case<B: HyperBackend>(suite: &mut Suite<B>, rows: usize, width: usize, p: f64) {
    let Ok(mask) = Mask::new(p, 0x1234_5678_9abc, 41) else { return };
    suite.case(Case {
        op: "dropout",
        name: format!("{rows}x{width}/p{p}"),
        inputs: vec![[rows, width]],
        prepare: |_, x| x.to_vec(),
        output: [rows, width],
        gradient: as_they_are,
        again: if p == 0.5 { Again::Views } else { Again::Bits },
        reference: Box::new(move |x, dy| {
            [&x[0][..], dy].map(|x| dropout(x, mask)).map(|y| Expected::new(y.clone(), abs(&y), 1.0, 1)).into()
        }),
        run: Box::new(move |x| wrap(Autodiff::<B>::dropout(primitive(&x[0]), mask))),
    });
}

/// The tensor of Burn's trait methods.
pub(super) fn primitive<B: HyperBackend, const D: usize>(x: &Tensor<B, D>) -> burn::tensor::ops::FloatTensor<B> {
    x.clone().into_primitive().tensor()
}

pub(super) fn wrap<B: HyperBackend, const D: usize>(x: burn::tensor::ops::FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(x))
}
