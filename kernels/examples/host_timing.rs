//! Times the host kernels on the power-law hypergraphs of the peers.
use hypergraphql_kernels::aggregate::{self, Fold, Reduce, Weights};
use hypergraphql_kernels::hypergraph_attention::{AttentionConfig, host as att};
use hypergraphql_kernels::hypergraph_conv::{Scales, host as conv};
use hypergraphql_kernels::{CsrPair, Direction, Element};
use std::time::Instant;

#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn next(s: &mut u64) -> f64 {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    (*s >> 11) as f64 / (1u64 << 53) as f64
}

fn pair(n: usize, m: usize, k: usize) -> CsrPair {
    let mut s = 0x1234_5678_9abc_def1u64;
    let mut cum = Vec::with_capacity(n);
    let mut t = 0.0;
    for i in 0..n {
        t += ((i + 1) as f64).powf(-0.6);
        cum.push(t);
    }
    let mut perm: Vec<u32> = (0..n as u32).collect();
    for i in (1..n).rev() {
        let j = (next(&mut s) * (i + 1) as f64) as usize;
        perm.swap(i, j);
    }
    let mut key = vec![];
    for e in 0..m {
        let size = 2 + (next(&mut s) * (2 * k - 3) as f64) as usize;
        for _ in 0..size {
            let v = cum.partition_point(|&c| c < next(&mut s) * t).min(n - 1);
            key.push((perm[v] as u64) * m as u64 + e as u64);
        }
    }
    key.sort_unstable();
    key.dedup();
    let mut ptr = vec![0u32; n + 1];
    let mut col = vec![];
    for &q in &key {
        ptr[(q / m as u64) as usize + 1] += 1;
        col.push((q % m as u64) as u32);
    }
    for i in 0..n {
        ptr[i + 1] += ptr[i];
    }
    CsrPair::new(ptr, col, m, None).unwrap()
}

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let v: Vec<f64> = s.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|x| x.parse().unwrap()).collect();
    (v[0] + v[1]) * 10.0
}

fn time<R>(name: &str, peer: f64, mut f: impl FnMut() -> R) {
    for _ in 0..2 {
        std::hint::black_box(f());
    }
    let (mut ts, start) = (vec![], cpu());
    while ts.len() < 7 || cpu() - start < 1500.0 {
        let t = Instant::now();
        let r = f();
        ts.push(t.elapsed().as_secs_f64() * 1e3);
        drop(std::hint::black_box(r));
    }
    let c = (cpu() - start) / ts.len() as f64 / 4.0;
    ts.sort_by(f64::total_cmp);
    println!(
        "{name:20} median {:9.3} min {:9.3} cpu/4 {c:9.3}  peer/median {:6.1} peer/cpu {:6.1}",
        ts[ts.len() / 2],
        ts[0],
        peer / ts[ts.len() / 2],
        peer / c
    );
}

fn run<E: Element>(n: usize, m: usize, k: usize, d: usize, heads: usize, peers: [f64; 5]) {
    let p = pair(n, m, k);
    println!("n {n} m {m} nnz {} d {d} {}", p.nnz(), E::DTYPE);
    let mut s = 77u64;
    let mut rnd = |c: usize| -> Vec<E> { (0..c).map(|_| E::from_f64(next(&mut s) - 0.5)).collect() };
    let (x, dy, theta, bias) = (rnd(n * d), rnd(n * d), rnd(d * d), rnd(d));
    let (a, b) = (rnd(n * heads), rnd(m * heads));
    let inv: Vec<f64> = (0..n).map(|r| 1.0 / p.view(Direction::ToRows).range(r).len().max(1) as f64).collect();
    let binv: Vec<f64> = (0..m).map(|r| 1.0 / p.view(Direction::ToCols).range(r).len().max(1) as f64).collect();
    let sc = Scales { input: None, middle: Some(&binv[..]), output: Some(&inv[..]) };
    time("spmm", peers[4], || aggregate::host::aggregate(&p.view(Direction::ToCols), Reduce::Mean, &x, d, Weights::Ones, Fold::default()));
    let e = aggregate::host::aggregate(&p.view(Direction::ToCols), Reduce::Mean, &x, d, Weights::Ones, Fold::default());
    time("spmm to rows", peers[4], || {
        aggregate::host::aggregate(&p.view(Direction::ToRows), Reduce::Mean, &e, d, Weights::Ones, Fold::default())
    });
    time("max", peers[4], || aggregate::host::aggregate(&p.view(Direction::ToCols), Reduce::Max, &x, d, Weights::Ones, Fold::default()));
    time("dense", peers[4], || hypergraphql_kernels::hypergraph_conv::host::hypergraph_conv(&p, sc, &x, d, None, None));
    let fwd = || conv::hypergraph_conv(&p, sc, &x, d, Some((&theta, d)), Some((&bias, None)));
    time("conv_fwd", peers[0], fwd);
    let w = conv::Wanted { x: true, theta: true, bias: true };
    let bwd = || conv::hypergraph_conv_backward(&p, sc, &x, d, Some((&theta, d)), None, &dy, w);
    time("conv_bwd", peers[1], bwd);
    time("conv_fwd_bwd", peers[1], || (fwd(), bwd()));
    let c = AttentionConfig { heads, head_width: d / heads, slope: 0.2, normalise: Direction::ToCols };
    let i = att::Inputs { x: &x, a: &a, b: &b, row_scale: Some(&inv), col_scale: Some(&binv) };
    time("att_fwd (core)", peers[2], || att::hypergraph_attention(&p, c, i));
    let o = att::hypergraph_attention(&p, c, i);
    let s = att::Saved { out: &o.out, edge: &o.edge, lse: &o.lse };
    time("att_bwd (core)", peers[3], || att::hypergraph_attention_backward(&p, c, i, s, &dy));
}

fn main() {
    let heads = std::env::args().nth(1).map_or(1, |h| h.parse().unwrap());
    let small = [64.0, 152.0, 173.0, 389.0, 0.65];
    let large = [1273.0, 2731.0, 3811.0, 10662.0, 103.0];
    run::<f32>(20_000, 20_000, 10, 64, heads, small);
    run::<f32>(200_000, 100_000, 20, 128, heads, large);
}
