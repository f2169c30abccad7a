//! Cases of `memory_attention`. Queries and keys are multiples of 1/4 in ±1: their inner products are exact in every type, ties are real ties, and
//! so all forms keep the same slots.

use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::memory_attention::MemoryConfig;
use hypergraphql_kernels::memory_attention::reference::{read, read_backward, select, weights, weights_backward};

use super::bound::Expected;
use super::numbers::abs;
use super::rows::{primitive, wrap};
use super::sequence::shaped;
use super::suite::{Again, Case, Matrix, Suite, as_they_are};
use crate::backend::HyperBackend;
use crate::memory_attention::{MemoryAttention, MemoryOptions, memory_attention};

const OP: &str = "memory_attention";

/// Scores stay within ±8, as in `flash_attention`.
const SLACK: f64 = 150.0;

pub(super) fn run<B: HyperBackend>(suite: &mut Suite<B>) {
    // B, H, Hk, T, S, K, D
    for (sizes, again) in [
        ([2, 4, 2, 5, 23, 7, 10], Again::Views),
        ([1, 2, 1, 70, 300, 32, 16], Again::Alone),
        ([1, 1, 1, 130, 9, 9, 33], Again::Views),
        ([1, 2, 2, 300, 5001, 17, 64], Again::Bits),
        ([3, 1, 1, 1, 67, 64, 128], Again::No),
        ([1, 2, 1, 600, 3, 2, 8], Again::No),
        ([1, 2, 1, 4, 0, 0, 8], Again::No),
        ([1, 2, 1, 4, 6, 0, 8], Again::No),
        ([1, 2, 1, 0, 6, 3, 8], Again::No),
        ([2, 2, 2, 3, 3, 2, 0], Again::No),
        ([1, 1, 1, 1, 1, 1, 1], Again::No),
    ] {
        let [batch, heads, kv_heads, queries, slots, kept, width] = sizes;
        let scale = 2.0 / (width.max(1) as f64).sqrt();
        let c = MemoryConfig { batch, heads, kv_heads, queries, slots, kept, width, scale, bias: 0.75 };
        out_case(suite, c, again);
        weights_case(suite, c, again);
    }
}

fn quarters(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| (4.0 * v).round() / 4.0).collect()
}

fn name(what: &str, c: &MemoryConfig) -> String {
    let MemoryConfig { batch, heads, kv_heads, queries, slots, kept, width, .. } = c;
    format!("{what}/b{batch}h{heads}k{kv_heads}/{queries}x{slots}x{width}/top{kept}")
}

/// The op on matrices q, k, v and n.
fn attend<B: HyperBackend>(c: &MemoryConfig, [q, k, v, null]: [&Matrix<B>; 4]) -> MemoryAttention<Autodiff<B>> {
    let of = |x: &Matrix<B>, shape| Tensor::from_primitive(TensorPrimitive::Float(shaped::<B, 4>(primitive(x), shape)));
    let (tokens, memory) = ([c.batch, c.heads, c.queries, c.width], [c.batch, c.kv_heads, c.slots, c.width]);
    let options = MemoryOptions { top_k: c.kept, scale: Some(c.scale), bias: c.bias };
    let read = memory_attention::<Autodiff<B>>(of(q, tokens), of(k, memory), of(v, memory), null.clone(), options);
    read.expect("the suite hands over what the op takes")
}

fn rows<B: HyperBackend>(y: Tensor<Autodiff<B>, 4>, shape: [usize; 2]) -> Matrix<B> {
    wrap(shaped::<B, 2>(y.into_primitive().tensor(), shape))
}

fn out_case<B: HyperBackend>(suite: &mut Suite<B>, c: MemoryConfig, again: Again) {
    let output = [c.query_rows(), c.width];
    suite.case(Case {
        op: OP,
        name: name("out", &c),
        inputs: vec![output, [c.slot_rows(), c.width], [c.slot_rows(), c.width], [c.kv_heads, c.width]],
        prepare: |i, x| if i == 2 { x.to_vec() } else { quarters(x) },
        output,
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| reference_of_out(&c, x, dy)),
        run: Box::new(move |x| rows(attend(&c, [&x[0], &x[1], &x[2], &x[3]]).out, output)),
    });
}

fn weights_case<B: HyperBackend>(suite: &mut Suite<B>, c: MemoryConfig, again: Again) {
    let output = [c.query_rows(), c.kept + 1];
    suite.case(Case {
        op: OP,
        name: name("weights", &c),
        inputs: vec![[c.query_rows(), c.width], [c.slot_rows(), c.width], [c.kv_heads, c.width]],
        prepare: |_, x| quarters(x),
        output,
        gradient: as_they_are,
        again,
        reference: Box::new(move |x, dy| reference_of_weights(&c, x, dy)),
        run: Box::new(move |x| rows(attend(&c, [&x[0], &x[1], &x[1], &x[2]]).weights, output)),
    });
}

fn reference_of_out(c: &MemoryConfig, x: &[Vec<f64>], dout: &[f64]) -> Vec<Expected> {
    let [q, k, v, null] = [&x[0], &x[1], &x[2], &x[3]];
    let t = select(c, q, k);
    let a = weights(c, q, k, null, &t);
    let (da, dv) = read_backward(c, &a, v, &t, dout);
    let (dq, dk, dn) = weights_backward(c, q, k, null, &t, &da);
    let (of_da, of_dv) = read_backward(c, &a, &abs(v), &t, &abs(dout));
    let ones = vec![1.0; a.len()];
    let (seen, given) = (read(c, &ones, &abs(v), &t), read_backward(c, &ones, v, &t, &abs(dout)).1);
    let terms = Magnitudes::new(c, [q, k, null], &t, &a, &of_da);
    vec![
        // A is stored between the steps.
        Expected::new(read(c, &a, v, &t), read(c, &a, &abs(v), &t), 2.0, c.kept.max(c.width)).with_slack(SLACK).with_underflow(seen),
        terms.expected(dq, 0, 4.0),
        terms.expected(dk, 1, 4.0),
        Expected::new(dv, of_dv, 2.0, c.sharing().max(c.width)).with_slack(SLACK).with_underflow(given),
        terms.expected(dn, 2, 4.0),
    ]
}

fn reference_of_weights(c: &MemoryConfig, x: &[Vec<f64>], da: &[f64]) -> Vec<Expected> {
    let [q, k, null] = [&x[0], &x[1], &x[2]];
    let t = select(c, q, k);
    let a = weights(c, q, k, null, &t);
    let (dq, dk, dn) = weights_backward(c, q, k, null, &t, da);
    let terms = Magnitudes::new(c, [q, k, null], &t, &a, &abs(da));
    vec![
        Expected::new(a.clone(), a, 1.0, c.kept.max(c.width)).with_slack(SLACK),
        terms.expected(dq, 0, 3.0),
        terms.expected(dk, 1, 3.0),
        terms.expected(dn, 2, 3.0),
    ]
}

/// Sums of absolute terms of dq, dk and dn, and what the smallest number of the type may change in them.
struct Magnitudes {
    sums: [Vec<f64>; 3],
    underflow: [Vec<f64>; 3],
    terms: usize,
}

impl Magnitudes {
    /// `da`: sums of absolute terms of dA.
    fn new(c: &MemoryConfig, keys: [&[f64]; 3], t: &[u32], a: &[f64], da: &[f64]) -> Self {
        let rows = || a.chunks(c.kept + 1).zip(da.chunks(c.kept + 1));
        // ds = A (dA − ⟨A, dA⟩).
        let of_ds: Vec<f64> = rows()
            .flat_map(|(a, da)| {
                let mean: f64 = a.iter().zip(da).map(|(a, d)| a * d).sum();
                a.iter().zip(da).map(move |(a, d)| a * (d + mean))
            })
            .collect();
        // Each A and dA off by the smallest number.
        let off: Vec<f64> = rows()
            .flat_map(|(_, da)| {
                let all: f64 = da.iter().sum();
                da.iter().map(move |d| d + all + 3.0)
            })
            .collect();
        Self {
            sums: spread(c, keys, t, &of_ds),
            underflow: spread(c, keys, t, &off),
            terms: (c.sharing() * c.batch).max(c.kept + 1).max(c.width),
        }
    }

    fn expected(&self, values: Vec<f64>, i: usize, stages: f64) -> Expected {
        Expected::new(values, self.sums[i].clone(), stages, self.terms).with_slack(SLACK).with_underflow(self.underflow[i].clone())
    }
}

/// ds of known size carried to dq, dk and dn.
fn spread(c: &MemoryConfig, [q, k, null]: [&[f64]; 3], t: &[u32], ds: &[f64]) -> [Vec<f64>; 3] {
    let mut dq = read(c, ds, &abs(k), t);
    let mut dn = vec![0.0; null.len()];
    for r in 0..c.query_rows() {
        let head = c.slot_head(r) % c.kv_heads;
        for f in 0..c.width {
            let (at, of) = (r * c.width + f, head * c.width + f);
            dq[at] += ds[r * (c.kept + 1)] * null[of].abs();
            dn[of] += ds[r * (c.kept + 1)] * q[at].abs();
        }
    }
    let dk = read_backward(c, ds, k, t, &abs(q)).1;
    [dq, dk, dn].map(|d| d.into_iter().map(|v| c.scale * v).collect())
}
