//! CubeCL form: one unit per vector of elements, the same hash as on the host.

use cubecl::prelude::*;

/// The keys of a mask.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Keys {
    k0: u32,
    k1: u32,
    threshold: u32,
    scale: f32,
}

/// MurmurHash3's 32-bit finaliser.
#[cube]
fn mix(h: u32) -> u32 {
    let a = (h ^ (h >> 16u32)) * 0x85eb_ca6bu32;
    let b = (a ^ (a >> 13u32)) * 0xc2b2_ae35u32;
    b ^ (b >> 16u32)
}

/// y_i = x_i · scale where the hash of i keeps it, else 0; `total` counts vectors.
#[cube(launch_unchecked)]
pub(crate) fn dropout<F: Float, N: Size>(
    x: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    keys: &Keys,
    total: usize,
    #[define(F)] _f: StorageType,
) {
    if ABSOLUTE_POS < total {
        let v = Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]);
        let mut out = Vector::<f32, N>::new(0.0);
        #[unroll]
        for i in 0..N::value() {
            let at = (ABSOLUTE_POS * N::value() + i) as u32;
            let hash = mix(mix(at ^ keys.k0) + keys.k1);
            out[i] = select(hash >= keys.threshold, v[i] * keys.scale, 0.0f32);
        }
        y[ABSOLUTE_POS] = Vector::cast_from(out);
    }
}
