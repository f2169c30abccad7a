//! A kernel in 80 lines: the interactions within hyperedges, sums of the products of all pairs of members (factorization machines, Rendle 2010), in time linear in their number:
//!
//! ```text
//! s_(e,f) = Σ over v in e of x_(v,f)       y_(e,f) = ( s² − Σ over v in e of x_(v,f)² ) / 2       dx_(v,f) = Σ over e of v of dy_(e,f) ( s_(e,f) − x_(v,f) )
//! ```
//!
//! `cargo run --release -p hypergraphql-kernels --features vulkan --example new_kernel` (on the CPU alone where there is no device)
//!
//! It stands in this crate because no other may depend on CubeCL. docs/add-an-op.md makes an op with a gradient on Burn tensors of a kernel.
//!
//! Prints
//!
//! ```text
//! CPU: forward and gradient differ from plain loops by 4e-16 and 3e-11
//! Vulkan: forward and gradient differ from plain loops by 8e-8 and 1e-7
//! ```

use cubecl::{prelude::*, wgpu::WgpuRuntime};
use hypergraphql_kernels::device::{Buf, DevicePattern, grid::cube_count};
use hypergraphql_kernels::{CsrPair, DType, Direction};

/// x [N, F] -> y and s [M, F], a unit for each hyperedge (ptr, members) and feature. `launch` checks bounds: a unit too many does nothing.
#[cube(launch)]
fn forward(ptr: &Array<u32>, members: &Array<u32>, x: &Array<f32>, y: &mut Array<f32>, s: &mut Array<f32>, width: usize) {
    let mut sum = 0.0f32;
    let mut squares = 0.0f32;
    for k in ptr[ABSOLUTE_POS / width]..ptr[ABSOLUTE_POS / width + 1] {
        let value = x[members[k as usize] as usize * width + ABSOLUTE_POS % width];
        sum += value;
        squares += value * value;
    }
    s[ABSOLUTE_POS] = sum;
    y[ABSOLUTE_POS] = (sum * sum - squares) / 2.0f32;
}

/// s and dy [M, F] -> dx [N, F], a unit for each node (ptr, edges) and feature.
#[cube(launch)]
fn backward(ptr: &Array<u32>, edges: &Array<u32>, x: &Array<f32>, s: &Array<f32>, dy: &Array<f32>, dx: &mut Array<f32>, width: usize) {
    let mut sum = 0.0f32;
    for k in ptr[ABSOLUTE_POS / width]..ptr[ABSOLUTE_POS / width + 1] {
        let at = edges[k as usize] as usize * width + ABSOLUTE_POS % width;
        sum += dy[at] * (s[at] - x[ABSOLUTE_POS]);
    }
    dx[ABSOLUTE_POS] = sum;
}

/// y and dx on a device, if there is one.
fn on_device(h: &CsrPair, x: &[f64], dy: &[f64]) -> Option<[Vec<f64>; 2]> {
    let client = std::panic::catch_unwind(|| WgpuRuntime::client(&Default::default())).ok()?;
    let pattern = DevicePattern::upload(&client, h);
    let [edges, nodes] = [Direction::ToCols, Direction::ToRows].map(|direction| pattern.side(direction));
    let [x, dy] = [x, dy].map(|values| Buf::from_f32(&client, &values.iter().map(|v| *v as f32).collect::<Vec<_>>()));
    let [y, s, dx] = [dy.len(), dy.len(), x.len()].map(|len| Buf::<WgpuRuntime>::empty(&client, len, DType::F32));
    let (cubes, dim) = (|len: usize| cube_count(&client, len.div_ceil(64)), CubeDim::new_1d(64));
    forward::launch(&client, cubes(y.len()), dim, edges.ptr.arg(), edges.col.arg(), x.arg(), y.arg(), s.arg(), F);
    backward::launch(&client, cubes(dx.len()), dim, nodes.ptr.arg(), nodes.col.arg(), x.arg(), s.arg(), dy.arg(), dx.arg(), F);
    let read = |b: Buf<_>| Some(bytemuck::pod_collect_to_vec::<u8, f32>(&b.read(&client).ok()?).into_iter().map(f64::from).collect());
    Some([read(y)?, read(dx)?])
}

/// The same on the CPU.
fn on_host(h: &CsrPair, x: &[f64], dy: &[f64]) -> [Vec<f64>; 2] {
    let [edges, nodes] = [Direction::ToCols, Direction::ToRows].map(|direction| h.view(direction));
    let member = |i: usize| edges.col[edges.range(i / F)].iter().map(move |v| x[*v as usize * F + i % F]);
    let s: Vec<f64> = (0..dy.len()).map(|i| member(i).sum()).collect();
    let y = (0..dy.len()).map(|i| (s[i] * s[i] - member(i).map(|x| x * x).sum::<f64>()) / 2.0);
    let edge = |i: usize| nodes.col[nodes.range(i / F)].iter().map(move |e| *e as usize * F + i % F);
    [y.collect(), (0..x.len()).map(|i| edge(i).map(|at| dy[at] * (s[at] - x[i])).sum()).collect()]
}

const GROUPS: [&[usize]; 4] = [&[0, 1, 3], &[0, 2, 3, 6], &[], &[1, 3, 4, 6]]; // of nodes 0 to 6; 5 is alone
const F: usize = 3;

/// The definition: all pairs.
fn plain(x: &[f64]) -> Vec<f64> {
    let pairs = |e: &[usize], f| (0..e.len()).flat_map(|i| (0..i).map(move |j| x[e[i] * F + f] * x[e[j] * F + f])).sum();
    GROUPS.iter().flat_map(|e| (0..F).map(|f| pairs(e, f))).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let edges_of = |v: usize| (0..4u32).filter(move |e| GROUPS[*e as usize].contains(&v));
    let ptr = (0..=7).map(|v| (0..v).flat_map(edges_of).count() as u32).collect();
    let h = CsrPair::new(ptr, (0..7).flat_map(edges_of).collect(), GROUPS.len(), None)?;
    let numbers = |n: usize, by: f64| (0..n).map(|i| (i as f64 * by).sin()).collect::<Vec<f64>>();
    let (x, dy) = (numbers(7 * F, 1.7), numbers(GROUPS.len() * F, 2.3));
    let moved = |i: usize, by: f64| (0..x.len()).map(|j| if i == j { x[j] + by } else { x[j] }).collect::<Vec<_>>();
    let loss = |i: usize, by: f64| plain(&moved(i, by)).iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>();
    let slopes: Vec<f64> = (0..x.len()).map(|i| (loss(i, 1e-5) - loss(i, -1e-5)) / 2e-5).collect();
    let error = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    for (name, found) in [("CPU", Some(on_host(&h, &x, &dy))), ("Vulkan", on_device(&h, &x, &dy))] {
        let Some([y, dx]) = found else { continue };
        let errors = [error(&y, &plain(&x)), error(&dx, &slopes)];
        println!("{name}: forward and gradient differ from plain loops by {:.0e} and {:.0e}", errors[0], errors[1]);
        assert!(errors.iter().all(|error| *error < 1e-5), "they should not");
    }
    Ok(())
}
