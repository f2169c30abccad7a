//! Cases of `gather`, `scatter_add`, `dropout`, `rms_norm` and `swiglu`.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::dropout::{Mask, reference::dropout};
use hypergraphql_kernels::gather::{index_pattern, reference::gather};
use hypergraphql_kernels::rms_norm::reference::{rms_norm, rms_norm_backward};
use hypergraphql_kernels::scatter_add::{Scatter, reference::scatter_add};
use hypergraphql_kernels::swiglu::reference::{swiglu, swiglu_backward};

use super::bound::Expected;
use super::numbers::abs;
use super::suite::{Again, Case, Suite, as_they_are, row};
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
    for (rows, width, again) in [
        (37, 23, Again::Views),
        (5003, 8, Again::Bits),
        (29, 65, Again::Alone),
        (3, 1030, Again::No),
        (1, 1, Again::No),
        (0, 4, Again::No),
        (5, 0, Again::No),
    ] {
        rms_norm_case(suite, rows, width, again);
    }
    for (rows, width, again) in
        [(37, 23, Again::Views), (5003, 8, Again::Bits), (29, 65, Again::Alone), (1, 1, Again::No), (0, 4, Again::No)]
    {
        swiglu_case(suite, rows, width, again);
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

fn rms_norm_case<B: HyperBackend>(suite: &mut Suite<B>, rows: usize, width: usize, again: Again) {
    const EPSILON: f64 = 1e-5;
    suite.case(Case {
        op: "rms_norm",
        name: format!("{rows}x{width}"),
        inputs: vec![[rows, width], [1, width]],
        prepare: |_, x| x.to_vec(),
        output: [rows, width],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let y = rms_norm(&x[0], &x[1], EPSILON);
            let (dx, dw) = rms_norm_backward(&x[0], &x[1], EPSILON, dy);
            let (ax, aw, ady) = (abs(&x[0]), abs(&x[1]), abs(dy));
            let dw_magnitude = rms_norm_backward(&ax, &aw, EPSILON, &ady).1;
            let dx_magnitude = rms_norm_dx_magnitudes(&ax, &aw, EPSILON, &ady);
            vec![
                Expected::new(y.clone(), abs(&y), 1.0, width),
                Expected::new(dx, dx_magnitude, 1.0, width),
                Expected::new(dw, dw_magnitude, 1.0, rows.max(width)),
            ]
        }),
        run: Box::new(|x| wrap(Autodiff::<B>::rms_norm(primitive(&x[0]), primitive(&row::<B>(x[1].clone())), EPSILON))),
    });
}

/// s (g + x s² mean(g x)) with g = w dy, of positive x, w and dy: 2 s g less the gradient s (g − x s² mean(g x)).
fn rms_norm_dx_magnitudes(x: &[f64], w: &[f64], epsilon: f64, dy: &[f64]) -> Vec<f64> {
    let ones = vec![1.0; w.len()];
    let s_x = rms_norm(x, &ones, epsilon);
    let dx = rms_norm_backward(x, w, epsilon, dy).0;
    let inverse = |i: usize| if x[i] == 0.0 { epsilon.sqrt().recip() } else { s_x[i] / x[i] };
    (0..x.len()).map(|i| 2.0 * inverse(i) * w[i % w.len()] * dy[i] - dx[i]).collect()
}

/// Gates in ±8, where exp may err by 3 + 2·8 units in the last place: thrice a result.
fn swiglu_case<B: HyperBackend>(suite: &mut Suite<B>, rows: usize, width: usize, again: Again) {
    const SLACK: f64 = 60.0;
    suite.case(Case {
        op: "swiglu",
        name: format!("{rows}x{width}"),
        inputs: vec![[rows, width], [rows, width]],
        prepare: |i, x| if i == 0 { x.iter().map(|v| 8.0 * v).collect() } else { x.to_vec() },
        output: [rows, width],
        gradient: as_they_are,
        again,
        reference: Box::new(|x, dy| {
            let y = swiglu(&x[0], &x[1]);
            let (da, db) = swiglu_backward(&x[0], &x[1], dy);
            let magnitude = |i: usize| {
                let s = 1.0 / (1.0 + (-x[0][i]).exp());
                (dy[i] * x[1][i]).abs() * s * (1.0 + x[0][i].abs() * (1.0 - s))
            };
            let da_magnitude = (0..da.len()).map(magnitude).collect();
            [(y.clone(), abs(&y)), (da, da_magnitude), (db.clone(), abs(&db))]
                .map(|(v, m)| Expected::new(v, m, 1.0, 1).with_slack(SLACK))
                .into()
        }),
        run: Box::new(|x| wrap(Autodiff::<B>::swiglu(primitive(&x[0]), primitive(&x[1])))),
    });
}

/// The tensor of Burn's trait methods.
pub(super) fn primitive<B: HyperBackend, const D: usize>(x: &Tensor<B, D>) -> burn::tensor::ops::FloatTensor<B> {
    x.clone().into_primitive().tensor()
}

pub(super) fn wrap<B: HyperBackend, const D: usize>(x: burn::tensor::ops::FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(x))
}
