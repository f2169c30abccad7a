//! Cases of the ops over sequences: `linear`, `rope`, `swap_axes`, `cross_entropy` and `flash_attention`.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{FloatDType, Shape, Tensor, TensorMetadata, TensorPrimitive};
use hypergraphql_kernels::cross_entropy::NO_TARGET;
use hypergraphql_kernels::cross_entropy::reference::{cross_entropy, cross_entropy_backward};
use hypergraphql_kernels::flash_attention::FlashConfig;
use hypergraphql_kernels::flash_attention::reference::{flash_attention, flash_attention_backward};
use hypergraphql_kernels::linear::reference::linear;
use hypergraphql_kernels::rope::{Turn, angles, reference::rope};
use hypergraphql_kernels::swap_axes::reference::swap_axes;

use super::bound::Expected;
use super::numbers::abs;
use super::rows::{primitive, wrap};
use super::suite::{Again, Case, Matrix, Suite, as_they_are};
use crate::backend::HyperBackend;
use crate::flash_attention::{FlashOptions, flash_attention as flash_attention_op};
use crate::kernel_config::AttentionKernel;

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    // One row, as many as the form for few takes, and more.
    for (sizes, again) in [
        ([1, 1, 1], Again::No),
        ([1, 301, 1003], Again::Bits),
        ([3, 40, 5], Again::Views),
        ([8, 33, 70], Again::Alone),
        ([13, 24, 9], Again::Views),
        ([130, 67, 65], Again::Bits),
        ([0, 5, 3], Again::No),
        ([2, 0, 3], Again::No),
        ([2, 5, 0], Again::No),
    ] {
        linear_case(suite, sizes, again);
    }
    for (outer, places, width, start, again) in [
        (3, 7, 10, 0, Again::Views),
        (2, 501, 64, 3, Again::Bits),
        (1, 1, 2, 1000, Again::No),
        (0, 5, 8, 0, Again::No),
        (4, 3, 0, 0, Again::No),
    ] {
        rope_case(suite, outer, Turn { places, width, start, back: false }, again);
    }
    for (sizes, again) in [
        ([2, 3, 5, 7], Again::Views),
        ([1, 501, 4, 50], Again::Bits),
        ([3, 1, 6, 8], Again::No),
        ([1, 1, 1, 1], Again::No),
        ([0, 2, 3, 4], Again::No),
        ([2, 0, 3, 4], Again::No),
        ([2, 3, 4, 0], Again::No),
    ] {
        swap_case(suite, sizes, again);
    }
    for (rows, classes, again) in [
        (37, 23, Again::Views),
        (2003, 8, Again::Bits),
        (3, 5000, Again::No),
        (2, 16_384, Again::No),
        (1, 1, Again::No),
        (0, 4, Again::No),
        (3, 0, Again::No),
    ] {
        cross_entropy_case(suite, rows, classes, again);
    }
    for (sizes, causal, again) in [
        ([2, 3, 1, 5, 7, 4], true, Again::Views),
        ([1, 4, 2, 70, 70, 16], true, Again::Alone),
        ([1, 2, 2, 1, 300, 32], true, Again::No),
        ([1, 1, 1, 130, 67, 33], false, Again::Views),
        ([1, 2, 1, 300, 700, 64], true, Again::Bits),
        ([1, 4, 1, 33, 40, 128], true, Again::No),
        ([1, 1, 1, 40, 9, 8], true, Again::No),
        ([1, 2, 1, 0, 4, 8], false, Again::No),
        ([1, 2, 1, 3, 0, 8], false, Again::No),
        ([2, 2, 2, 3, 3, 0], true, Again::No),
        ([1, 1, 1, 1, 1, 1], true, Again::No),
    ] {
        flash_case(suite, sizes, causal, AttentionKernel::Flash, again);
        flash_case(suite, sizes, causal, AttentionKernel::Reference, again);
    }
}

/// x as an array of another shape. Burn reads a 0 in a shape asked for as "keep", so that nothing becomes another nothing.
pub(super) fn shaped<B: HyperBackend, const D: usize>(x: FloatTensor<Autodiff<B>>, shape: [usize; D]) -> FloatTensor<Autodiff<B>> {
    if shape.contains(&0) {
        let (device, dtype) = (Autodiff::<B>::float_device(&x), FloatDType::from(x.dtype()));
        return Autodiff::<B>::float_zeros(Shape::new(shape), &device, dtype);
    }
    Autodiff::<B>::float_reshape(x, Shape::new(shape))
}

fn linear_case<B: HyperBackend>(suite: &mut Suite<B>, [rows, inputs, outputs]: [usize; 3], again: Again) {
    suite.case(Case {
        op: "linear",
        name: format!("{rows}x{inputs}to{outputs}"),
        inputs: vec![[rows, inputs], [outputs, inputs]],
        prepare: |_, x| x.to_vec(),
        output: [rows, outputs],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let all = |x: &[f64], w: &[f64], dy: &[f64]| {
                let transposed =
                    |m: &[f64], rows: usize, width: usize| -> Vec<f64> { (0..m.len()).map(|i| m[i % rows * width + i / rows]).collect() };
                let (x_t, w_t, dy_t) = (transposed(x, rows, inputs), transposed(w, outputs, inputs), transposed(dy, rows, outputs));
                // dx = dy w, dw = dyᵀ x
                [
                    (linear(x, w, [rows, inputs, outputs]), inputs),
                    (linear(dy, &w_t, [rows, outputs, inputs]), outputs),
                    (linear(&dy_t, &x_t, [outputs, rows, inputs]), rows),
                ]
            };
            let magnitudes = all(&abs(&x[0]), &abs(&x[1]), &abs(dy));
            let values = all(&x[0], &x[1], dy).into_iter().zip(magnitudes);
            values.map(|((v, terms), (m, _))| Expected::new(v, m, 1.0, terms)).collect()
        }),
        run: Box::new(|x| wrap(Autodiff::<B>::times_transposed(primitive(&x[0]), primitive(&x[1])))),
    });
}

fn swap_case<B: HyperBackend>(suite: &mut Suite<B>, [outer, first, second, width]: [usize; 4], again: Again) {
    let rows = outer * first * second;
    suite.case(Case {
        op: "swap_axes",
        name: format!("{outer}x{first}x{second}x{width}"),
        inputs: vec![[rows, width]],
        prepare: |_, x| x.to_vec(),
        output: [rows, width],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let (y, dx) = (swap_axes(&x[0], [outer, first, second, width]), swap_axes(dy, [outer, second, first, width]));
            [y, dx].map(|values| Expected::new(values.clone(), abs(&values), 1.0, 1)).into()
        }),
        run: Box::new(move |x| {
            let x = shaped::<B, 4>(primitive(&x[0]), [outer, first, second, width]);
            wrap(shaped::<B, 2>(Autodiff::<B>::swap_axes(x), [rows, width]))
        }),
    });
}

fn rope_case<B: HyperBackend>(suite: &mut Suite<B>, outer: usize, turn: Turn, again: Again) {
    let Turn { places, width, start, .. } = turn;
    let frequencies: Vec<f64> = (0..width / 2).map(|f| 10_000f64.powf(-2.0 * f as f64 / width as f64)).collect();
    let table: Arc<[f64]> = angles(&frequencies, start + places).into();
    let uploaded = B::scale(table.clone(), suite.device);
    suite.case(Case {
        op: "rope",
        name: format!("{outer}x{places}x{width}/from{start}"),
        inputs: vec![[outer * places, width]],
        prepare: |_, x| x.to_vec(),
        output: [outer * places, width],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let absolute = |x: &[f64], back| {
                let angles: Vec<f64> = table.iter().map(|v| v.abs()).collect();
                // Of positive numbers: the sum of both terms is in the second half forward, and in the first one turned back.
                let (there, other) = (rope(Turn { back, ..turn }, &abs(x), &angles), rope(Turn { back: !back, ..turn }, &abs(x), &angles));
                there.iter().zip(&other).map(|(a, b)| a.abs().max(b.abs())).collect()
            };
            let (y, dx) = (rope(turn, &x[0], &table), rope(Turn { back: true, ..turn }, dy, &table));
            vec![Expected::new(y, absolute(&x[0], false), 1.0, 2), Expected::new(dx, absolute(dy, true), 1.0, 2)]
        }),
        run: Box::new(move |x| {
            let x = shaped::<B, 3>(primitive(&x[0]), [outer, places, width]);
            wrap(shaped::<B, 2>(Autodiff::<B>::rope(x, &uploaded, turn), [outer * places, width]))
        }),
    });
}

/// Logits in ±8, where exp may err by 3 + 2·16 units in the last place.
fn cross_entropy_case<B: HyperBackend>(suite: &mut Suite<B>, rows: usize, classes: usize, again: Again) {
    const SLACK: f64 = 120.0;
    let class = |t: usize| if classes == 0 || t % 5 == 3 { NO_TARGET } else { (t * 7919 % classes) as u32 };
    let targets: Vec<u32> = (0..rows).map(class).collect();
    let uploaded = B::ids(targets.clone(), suite.device);
    suite.case(Case {
        op: "cross_entropy",
        name: format!("{rows}x{classes}"),
        inputs: vec![[rows, classes]],
        prepare: |_, x| x.iter().map(|v| 8.0 * v).collect(),
        output: [rows, 1],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| {
            let y = cross_entropy(&x[0], &targets);
            let dx = cross_entropy_backward(&x[0], &targets, dy);
            // |m| + |ln Σ| + |x| of logits in ±8.
            let of_loss = targets.iter().map(|&t| if t == NO_TARGET { 0.0 } else { 16.0 + (classes as f64).ln() }).collect();
            // |dy| (p + [target]): twice |dy| at the target less what the gradient has there.
            let of_gradient = (0..dx.len())
                .map(|i| {
                    let (t, v) = (i / classes, i % classes);
                    if targets[t] as usize == v { 2.0 * dy[t].abs() - dx[i].abs() } else { dx[i].abs() }
                })
                .collect();
            vec![Expected::new(y, of_loss, 1.0, classes).with_slack(SLACK), Expected::new(dx, of_gradient, 1.0, classes).with_slack(SLACK)]
        }),
        run: Box::new(move |x| wrap(shaped::<B, 2>(Autodiff::<B>::cross_entropy(primitive(&x[0]), &uploaded).0, [rows, 1]))),
    });
}

fn flash_case<B: HyperBackend>(suite: &mut Suite<B>, sizes: [usize; 6], causal: bool, kernel: AttentionKernel, again: Again) {
    /// Scores stay within ±8, as in `hypergraph_attention`.
    const SLACK: f64 = 150.0;
    let [batch, heads, kv_heads, queries, keys, width] = sizes;
    let scale = 2.0 / (width.max(1) as f64).sqrt();
    let config = FlashConfig { batch, heads, kv_heads, queries, keys, width, causal, scale };
    let name = format!("{kernel}/b{batch}h{heads}k{kv_heads}/{queries}x{keys}x{width}/{}", if causal { "causal" } else { "full" });
    // The scores in ±8 and the weights are stored between the products, whose rounding the exponential multiplies by their size.
    let more = if kernel == AttentionKernel::Reference { 12.0 } else { 0.0 };
    if let Err(error) = B::supports_head_width(width, suite.device) {
        return suite.skip("flash_attention", &name, &error.to_string());
    }
    suite.case(Case {
        op: "flash_attention",
        name,
        inputs: vec![[config.query_rows(), width], [config.key_rows(), width], [config.key_rows(), width]],
        prepare: |_, x| x.to_vec(),
        output: [config.query_rows(), width],
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dout| {
            let out = flash_attention(config, &x[0], &x[1], &x[2]);
            let (dq, dk, dv) = flash_attention_backward(config, &x[0], &x[1], &x[2], dout);
            let of_out = flash_attention(config, &x[0], &x[1], &abs(&x[2]));
            let [of_q, of_k, of_v] = gradient_magnitudes(config, &x[0], &x[1], &x[2], dout);
            let terms = (queries * config.group()).max(keys).max(width);
            // The gradients of q and k read the stored o besides.
            [(out, of_out, 1.0), (dq, of_q, 2.0), (dk, of_k, 2.0), (dv, of_v, 1.0)]
                .map(|(v, m, stages)| Expected::new(v, m, stages + more, terms).with_slack(SLACK))
                .into()
        }),
        run: Box::new(move |x| {
            let of_keys = [batch, kv_heads, keys, width];
            let of = |x: &Matrix<B>, shape| {
                Tensor::<Autodiff<B>, 4>::from_primitive(TensorPrimitive::Float(shaped::<B, 4>(primitive(x), shape)))
            };
            let options = FlashOptions { causal, scale: Some(scale), kernel };
            let out = flash_attention_op(of(&x[0], [batch, heads, queries, width]), of(&x[1], of_keys), of(&x[2], of_keys), options);
            let out = out.expect("the suite hands over what the op takes").into_primitive().tensor();
            wrap(shaped::<B, 2>(out, [config.query_rows(), width]))
        }),
    });
}

/// Sums of absolute terms of dq, dk and dv: with |dp| = Σ |dO v| and its mean over p, |ds| <= p (|dp| + mean).
fn gradient_magnitudes(c: FlashConfig, q: &[f64], k: &[f64], v: &[f64], dout: &[f64]) -> [Vec<f64>; 3] {
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    if c.width == 0 || c.keys == 0 {
        return [dq, dk, dv];
    }
    let rows = |x: &[f64]| x.chunks(c.width).map(abs).collect::<Vec<_>>();
    let (q_rows, k_rows, v_rows, d_rows) = (rows(q), rows(k), rows(v), rows(dout));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for i in 0..c.query_rows() {
        let (head, at) = (i / c.queries, i % c.queries);
        let first = (head / c.heads * c.kv_heads + head % c.heads / c.group()) * c.keys;
        let query = &q[i * c.width..(i + 1) * c.width];
        let scores: Vec<f64> =
            (0..c.visible(at)).map(|j| c.scale * dot(query, &k[(first + j) * c.width..(first + j + 1) * c.width])).collect();
        let m = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|s| (s - m).exp()).sum();
        let p: Vec<f64> = scores.iter().map(|s| (s - m).exp() / sum).collect();
        let dp: Vec<f64> = (0..p.len()).map(|j| dot(&d_rows[i], &v_rows[first + j])).collect();
        let mean = dot(&p, &dp);
        for (j, p) in p.iter().enumerate() {
            let ds = c.scale * p * (dp[j] + mean);
            for f in 0..c.width {
                dq[i * c.width + f] += ds * k_rows[first + j][f];
                dk[(first + j) * c.width + f] += ds * q_rows[i][f];
                dv[(first + j) * c.width + f] += p * d_rows[i][f];
            }
        }
    }
    [dq, dk, dv]
}
