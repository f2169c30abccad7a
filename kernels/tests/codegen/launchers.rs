//! Calls every launcher of the crate, in one storage type, by every strategy; `supported` where a target may lack what it takes.

use std::sync::Arc;

use cubecl::prelude::*;
use hypergraphql_kernels::aggregate::entry::launch::entry_dot;
use hypergraphql_kernels::aggregate::extremum::launch::extremum_backward;
use hypergraphql_kernels::aggregate::launch::aggregate;
use hypergraphql_kernels::aggregate::{Fold, Reduce, Weights};
use hypergraphql_kernels::device::{Buf, DevicePattern, Ids, Lanes};
use hypergraphql_kernels::dropout::{self, Mask};
use hypergraphql_kernels::edge_score::launch::{edge_score, edge_score_backward};
use hypergraphql_kernels::flash_attention::{self, FlashConfig, launch as flash};
use hypergraphql_kernels::gather::{self, index_pattern};
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::hypergraph_attention::launch::{Inputs, hypergraph_attention, hypergraph_attention_backward};
use hypergraphql_kernels::hypergraph_conv::Scales;
use hypergraphql_kernels::hypergraph_conv::fused::launch::fused;
use hypergraphql_kernels::hypergraph_conv::launch::{add_bias, bias_gradient};
use hypergraphql_kernels::knn::{self, KnnConfig, Metric};
use hypergraphql_kernels::memory_attention::{MemoryConfig, launch as memory};
use hypergraphql_kernels::relation_linear::launch::{relation_linear, relation_linear_backward};
use hypergraphql_kernels::relation_linear::{DeviceRelations, Products, RelationRows, Wanted as LinearWanted};
use hypergraphql_kernels::rms_norm::{self, Wanted};
use hypergraphql_kernels::rope::{self, Turn};
use hypergraphql_kernels::scatter_add::{self, Scatter};
use hypergraphql_kernels::search_sorted::Side;
use hypergraphql_kernels::search_sorted::launch::{search_ranges, search_sorted};
use hypergraphql_kernels::segment_reduce::Fold as SegmentFold;
use hypergraphql_kernels::segment_reduce::launch::{segment_reduce, segment_sums};
use hypergraphql_kernels::segment_softmax::launch::{segment_softmax, segment_softmax_backward};
use hypergraphql_kernels::set_attention::{self, SetAttentionConfig, launch as sets};
use hypergraphql_kernels::sort::launch::{Sorted, order, sort};
use hypergraphql_kernels::sparse_conv::bsr::launch::block_product;
use hypergraphql_kernels::sparse_conv::bsr::{BlockSize, Bsr, DeviceBlocks};
use hypergraphql_kernels::{
    CsrPair, DType, Direction, KernelError, compact, concat, cross_entropy, distinct, extend, int8_matmul, intersect, mark, quantize, scan,
    swiglu, take, top_k,
};

use crate::refusals::supported;
use crate::{HEAD_WIDTHS, ROUTES, THOROUGH, VALUED, WIDTHS};

pub(crate) fn all<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    for valued in VALUED {
        let pair = CsrPair::new(vec![0, 3, 3, 5], vec![0, 1, 3, 1, 2], 4, valued.then(|| vec![1.0; 5]))?;
        for (strategy, lanes) in ROUTES {
            let on = On { client, dtype, pattern: DevicePattern::upload_with(client, &pair, strategy, lanes) };
            for width in WIDTHS {
                on.passes(width)?;
                on.attention(width)?;
                on.sets(width)?;
            }
            on.entries(3)?;
        }
    }
    rows(client, dtype)?;
    linear(client, dtype)?;
    blocks(client, dtype)?;
    sequences(client, dtype)?;
    discrete(client, dtype)?;
    relational(client)
}

struct On<'a, R: Runtime> {
    client: &'a ComputeClient<R>,
    dtype: DType,
    pattern: DevicePattern<R>,
}

impl<R: Runtime> On<'_, R> {
    fn array(&self, len: usize) -> Buf<R> {
        Buf::empty(self.client, len, self.dtype)
    }

    fn scale(&self, len: usize) -> Buf<R> {
        Buf::empty(self.client, len, DType::F32)
    }

    /// Whether every combination of options runs; the types and widths change only the loads and stores, so it does for one of each.
    fn thorough(&self, width: usize) -> bool {
        THOROUGH && self.dtype == DType::F32 && width == 12
    }

    fn passes(&self, width: usize) -> Result<(), KernelError> {
        let p = &self.pattern;
        let (rows, cols) = (self.scale(p.rows()), self.scale(p.cols()));
        for scales in [Scales::default(), Scales { input: Some(&rows), middle: Some(&cols), output: Some(&rows) }] {
            fused(p, &scales, &self.array(p.rows() * width), width)?;
        }
        let (w, bias) = (self.array(p.nnz()), self.array(width));
        for direction in [Direction::ToRows, Direction::ToCols] {
            let (inputs, outputs) = (p.side(direction).inputs, p.side(direction).outputs);
            let (x, dy) = (self.array(inputs * width), self.array(outputs * width));
            let (t, s) = (self.scale(inputs), self.scale(outputs));
            let full = Fold { input_scale: Some(&t), output_scale: Some(&s), bias: Some((&bias, Some(&s))) };
            let unscaled = Fold { bias: Some((&bias, None)), ..Fold::default() };
            aggregate(p, direction, Reduce::Sum, &x, width, Weights::Values, full)?;
            aggregate(p, direction, Reduce::Max, &x, width, Weights::Entries(&w), unscaled)?;
            extremum_backward(p, direction, Reduce::Min, &x, width, Weights::Entries(&w), &dy)?;
            if !self.thorough(width) {
                continue;
            }
            for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
                for weights in [Weights::Ones, Weights::Values, Weights::Entries(&w)] {
                    for fold in [Fold::default(), full, unscaled] {
                        aggregate(p, direction, reduce, &x, width, weights, fold)?;
                    }
                    if matches!(reduce, Reduce::Max | Reduce::Min) {
                        extremum_backward(p, direction, reduce, &x, width, weights, &dy)?;
                    }
                }
            }
        }
        entry_dot(p, &self.array(p.rows() * width), &self.array(p.cols() * width), width)?;
        Ok(())
    }

    fn entries(&self, heads: usize) -> Result<(), KernelError> {
        let p = &self.pattern;
        let (a, b, s) = (self.array(p.rows() * heads), self.array(p.cols() * heads), self.array(p.nnz() * heads));
        edge_score(p, &a, &b, heads, 0.2)?;
        edge_score_backward(p, &a, &b, heads, 0.2, &s)?;
        for direction in [Direction::ToRows, Direction::ToCols] {
            segment_softmax(p, direction, &s, heads)?;
            segment_softmax_backward(p, direction, &s, &s, heads)?;
        }
        Ok(())
    }

    fn sets(&self, head_width: usize) -> Result<(), KernelError> {
        for (seeds, direction) in [(1, Direction::ToCols), (2, Direction::ToRows)] {
            let c = SetAttentionConfig { direction, seeds, heads: 3, head_width, scale: 0.5, slope: 0.2 };
            let side = self.pattern.side(direction);
            let (q, k, dout) = (seeds * c.width(), side.inputs * c.width(), side.outputs * seeds * c.width());
            let (q, k, dout) = (self.array(q), self.array(k), self.array(dout));
            let i = sets::Inputs { q: &q, k: &k, v: &k };
            let saved = sets::set_attention(&self.pattern, c, &i)?;
            let all = set_attention::Wanted { q: true, k: true, v: true };
            sets::set_attention_backward(&self.pattern, c, &i, &saved, &dout, all)?;
        }
        Ok(())
    }

    fn attention(&self, head_width: usize) -> Result<(), KernelError> {
        let (p, heads) = (&self.pattern, 3);
        let (x, a, b) = (self.array(p.rows() * heads * head_width), self.array(p.rows() * heads), self.array(p.cols() * heads));
        let (u, t) = (self.scale(p.rows()), self.scale(p.cols()));
        for normalise in [Direction::ToRows, Direction::ToCols] {
            let config = AttentionConfig { heads, head_width, slope: 0.2, normalise };
            for scaled in [false, true] {
                if !scaled && !self.thorough(head_width) {
                    continue;
                }
                let i = Inputs { x: &x, a: &a, b: &b, row_scale: scaled.then_some(&u), col_scale: scaled.then_some(&t) };
                let saved = hypergraph_attention(p, config, &i)?;
                hypergraph_attention_backward(p, config, &i, &saved, &x)?;
            }
        }
        Ok(())
    }
}

/// `relation_linear` by the units and by tensor cores; 1,500 rows of one relation are a hub.
fn linear<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    let ids: Vec<u32> = (0..1500).map(|i| u32::from(i == 7)).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    let (inputs, outputs) = (12, 20);
    for ids in [ids, sorted] {
        for products in [Products::Simple, Products::TensorCores] {
            if products == Products::TensorCores && dtype == DType::F32 {
                continue;
            }
            let rel = DeviceRelations::upload(client, &RelationRows::new(&ids, 3)?);
            let (x, dy) = (Buf::empty(client, 1500 * inputs, dtype), Buf::empty(client, 1500 * outputs, dtype));
            let w = Buf::empty(client, 3 * inputs * outputs, dtype);
            supported(client, relation_linear(&rel, &x, &w, inputs, outputs, products))?;
            let both = LinearWanted { x: true, weight: true };
            supported(client, relation_linear_backward(&rel, &x, &w, inputs, outputs, &dy, both, products))?;
        }
    }
    Ok(())
}

/// `sparse_conv` by blocks, by the units and by tensor cores; the first row of blocks is a hub, and no size divides rows or columns.
fn blocks<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    let (rows, cols, width) = (75, 4150, 12);
    let (mut ptr, mut col): (Vec<u32>, Vec<u32>) = (vec![0], (0..cols as u32).step_by(16).collect());
    for row in 1..=rows as u32 {
        ptr.push(col.len() as u32);
        col.push(50 * row);
    }
    col.truncate(ptr[rows] as usize);
    let pair = Arc::new(CsrPair::new(ptr, col, cols, None)?);
    for size in BlockSize::ALL {
        let a = DeviceBlocks::upload(client, &Bsr::new(pair.clone(), size)?);
        for products in [Products::Simple, Products::TensorCores] {
            if products == Products::TensorCores && dtype == DType::F32 {
                continue;
            }
            for (direction, inputs) in [(Direction::ToRows, cols), (Direction::ToCols, rows)] {
                let (x, bias) = (Buf::empty(client, inputs * width, dtype), Buf::empty(client, width, dtype));
                for bias in [None, Some(&bias)] {
                    supported(client, block_product(&a, direction, &x, width, bias, products))?;
                }
            }
        }
    }
    Ok(())
}

/// The ops without a strategy.
fn rows<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    let index = DevicePattern::upload(client, &index_pattern(vec![2, 0, 2], 4)?);
    let c = Buf::empty(client, 3, DType::F32);
    let mask = Mask::new(0.5, 1, 2)?;
    for width in WIDTHS {
        let (few, many) = (Buf::empty(client, 3 * width, dtype), Buf::empty(client, 4 * width, dtype));
        gather::launch::gather(&index, &many, width)?;
        for scatter in [Scatter::Deterministic, Scatter::Atomic] {
            supported(client, scatter_add::launch::scatter_add(&index, &few, width, scatter))?;
        }
        dropout::launch::dropout(client, &few, mask)?;
        swiglu::launch::swiglu(client, &few, &few)?;
        for (gate, up) in [(true, true), (true, false), (false, true)] {
            swiglu::launch::swiglu_backward(client, &few, &few, &few, swiglu::Wanted { gate, up })?;
        }
        let gain = Buf::empty(client, width, dtype);
        for lanes in [Lanes::Serial, Lanes::Shared, Lanes::Plane] {
            rms_norm::launch::rms_norm(client, &few, &gain, 1e-5, lanes)?;
            for wanted in [Wanted { x: true, weight: true }, Wanted { x: false, weight: true }] {
                rms_norm::launch::rms_norm_backward(client, &few, &gain, 1e-5, &few, wanted, lanes)?;
            }
        }
        bias_gradient(&index, &few, width, None)?;
        bias_gradient(&index, &few, width, Some(&c))?;
        let (bias, rows) = (Buf::empty(client, width, dtype), Buf::empty(client, index.rows(), DType::F32));
        let y = Buf::empty(client, index.rows() * width, dtype);
        add_bias(&index, &y, width, &bias, None)?;
        add_bias(&index, &y, width, &bias, Some(&rows))?;
    }
    Ok(())
}

/// The ops over sequences.
fn sequences<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    for width in HEAD_WIDTHS {
        let c = FlashConfig { batch: 1, heads: 4, kv_heads: 2, queries: 3, keys: 5, width, causal: true, scale: 1.0 };
        let (queries, keys) = (Buf::empty(client, c.query_rows() * width, dtype), Buf::empty(client, c.key_rows() * width, dtype));
        for c in [c, FlashConfig { causal: false, ..c }] {
            let inputs = flash::Inputs { q: &queries, k: &keys, v: &keys };
            let wanted = flash_attention::Wanted { q: true, k: true, v: true };
            let forward = flash::flash_attention(client, c, &inputs);
            supported(client, forward.and_then(|saved| flash::flash_attention_backward(client, c, &inputs, &saved, &queries, wanted)))?;
        }
        let angles = Buf::empty(client, 3 * width, DType::F32);
        for back in [false, true] {
            rope::launch::rope(client, Turn { places: 3, width, start: 0, back }, &queries, &angles)?;
        }
        memory(client, dtype, width)?;
        let (targets, losses) = (Ids::upload(client, &[0, 2, 5]), Buf::empty(client, 3, dtype));
        let logits = Buf::empty(client, 3 * width, dtype);
        for lanes in [Lanes::Serial, Lanes::Shared, Lanes::Plane] {
            let (_, normaliser) = cross_entropy::launch::cross_entropy(client, &logits, &targets, width, lanes)?;
            cross_entropy::launch::cross_entropy_backward(client, &logits, &targets, width, &normaliser, &losses)?;
        }
    }
    Ok(())
}

/// The steps of `memory_attention`.
fn memory<R: Runtime>(client: &ComputeClient<R>, dtype: DType, width: usize) -> Result<(), KernelError> {
    let c = MemoryConfig { batch: 1, heads: 4, kv_heads: 2, queries: 3, slots: 7, kept: 5, width, scale: 1.0, bias: 0.0 };
    let of = |rows| Buf::empty(client, rows * width, dtype);
    let (q, k, null) = (of(c.query_rows()), of(c.slot_rows()), of(c.kv_heads));
    let keys = memory::Keys { q: &q, k: &k, null: &null };
    let t = memory::select(client, &c, &q, &k)?;
    let lists = memory::slot_lists(client, &c, &t)?;
    let a = memory::weights(client, &c, &keys, &t)?;
    memory::weights_backward(client, &c, &keys, &t, [&a, &a], Some(&lists), (true, true))?;
    let out = memory::read(client, &c, &a, &k, &t)?;
    memory::read_backward(client, &c, [&a, &k, &out], &t, Some(&lists), true)?;
    Ok(())
}

/// The ops between floats and whole numbers.
fn discrete<R: Runtime>(client: &ComputeClient<R>, dtype: DType) -> Result<(), KernelError> {
    for metric in Metric::ALL {
        for (queries, items, k) in [(3, 5000, 3), (100, 5, 5), (3, 900, 300)] {
            let c = KnnConfig { queries, items, width: 5, k, metric };
            knn::launch::knn(client, c, &Buf::empty(client, queries * 5, dtype), &Buf::empty(client, items * 5, dtype))?;
        }
    }
    for rows in [3, 9, 70] {
        let x = Buf::empty(client, rows * 5, dtype);
        let w = quantize::launch::quantize(client, &x, rows)?;
        quantize::launch::dequantize(client, &w, dtype)?;
        int8_matmul::launch::int8_matmul(client, &x, rows, &w)?;
    }
    Ok(())
}

/// The ops on indices.
fn relational<R: Runtime>(client: &ComputeClient<R>) -> Result<(), KernelError> {
    // A sorted set, and pointers into itself; a device must find no index in it that leads beyond an array.
    let few = Ids::upload(client, &[0, 1, 3]);
    for x in [&few, &Ids::upload(client, &[1; 5000])] {
        scan::launch::scan(client, x)?;
        scan::launch::total(client, x)?;
    }
    for high in [None, Some(few.clone())] {
        for payload in [None, Some(few.clone())] {
            sort(client, &Sorted { low: few.clone(), high: high.clone(), payload })?;
        }
    }
    for side in [Side::Left, Side::Right] {
        search_sorted(client, &few, &few, side)?;
    }
    search_ranges(client, &few, (&few, &few), &few)?;
    order(client, &few, None)?;
    for fold in SegmentFold::ALL {
        segment_reduce(client, &few, &few, fold)?;
    }
    segment_sums(client, &few, &few)?;
    extend::launch::extend(client, &few, &Ids::upload(client, &[1, 1, 5]))?;
    intersect::launch::intersect(client, &few, &few)?;
    compact::launch::compact(client, &few, &few)?;
    compact::launch::positions(client, &few)?;
    concat::launch::concat(client, &few, &few)?;
    take::launch::take(client, &few, &few)?;
    for test in mark::Test::ALL {
        mark::launch::pairs(client, &few, &few, test)?;
    }
    mark::launch::within(client, &few, 1..3)?;
    mark::launch::firsts(client, &few)?;
    distinct::launch::distinct(client, &few)?;
    top_k::launch::top_k(client, &few, 2)?;
    Ok(())
}
