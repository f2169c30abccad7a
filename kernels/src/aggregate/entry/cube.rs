//! CubeCL form: lanes over the features of one entry and head.

use cubecl::prelude::*;

use crate::device::lanes::{Group, lanes_sum};

/// Whose winners mask the products (the gradient of max and min; scalar features, one head).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Winners {
    Off,
    OfRows,
    OfCols,
}

/// The arrangement of one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EntryPlan {
    pub(crate) group: Group,
    pub(crate) units: usize,
    pub(crate) winners: Winners,
}

/// Sum of the components of a vector.
#[cube]
pub(crate) fn components<N: Size>(v: Vector<f32, N>) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..N::value() {
        sum += v[i];
    }
    sum
}

/// out_(k,h) = ⟨a_(row(k),h), b_(col(k),h)⟩; `head` counts the vectors of one head.
#[cube(launch_unchecked)]
pub(crate) fn entry_dot<F: Float, N: Size>(
    row_of: &Array<u32>,
    col: &Array<u32>,
    a: &Array<Vector<F, N>>,
    b: &Array<Vector<F, N>>,
    winner: &Array<u32>,
    out: &mut Array<F>,
    total: usize,
    heads: usize,
    head: usize,
    #[comptime] plan: EntryPlan,
    #[define(F)] _f: StorageType,
) {
    let mut shared = SharedMemory::<f32>::new(plan.units);
    let pair = CUBE_POS * CUBE_DIM_Y as usize + UNIT_POS_Y as usize;
    let (k, h) = (pair / heads, pair % heads);
    let mut part = 0.0f32;
    if pair < total {
        let (r, c) = (row_of[k] as usize, col[k] as usize);
        let mut f = UNIT_POS_X as usize;
        while f < head {
            let x = Vector::<f32, N>::cast_from(a[(r * heads + h) * head + f]);
            let y = Vector::<f32, N>::cast_from(b[(c * heads + h) * head + f]);
            let product = components::<N>(x * y);
            if comptime!(plan.winners == Winners::OfRows) {
                part += select(winner[r * head + f] == k as u32, product, 0.0f32);
            } else if comptime!(plan.winners == Winners::OfCols) {
                part += select(winner[c * head + f] == k as u32, product, 0.0f32);
            } else {
                part += product;
            }
            f += CUBE_DIM_X as usize;
        }
    }
    let sum = lanes_sum(part, &mut shared, plan.group);
    if pair < total {
        if UNIT_POS_X == 0 {
            out[pair] = F::cast_from(sum);
        }
    }
}
