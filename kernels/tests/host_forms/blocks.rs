//! `sparse_conv` by blocks.

use super::*;

/// Blocks of up to 40 × 50 entries at every third place, and a few entries beside them.
fn blocky(rows: usize, cols: usize) -> CsrPair {
    let mut r = Numbers((rows * 7 + cols) as u64);
    let (mut ptr, mut col) = (vec![0u32], vec![]);
    for row in 0..rows {
        col.extend(
            (0..cols).filter(|c| (row / 40 + c / 50) % 3 == 0 && (row + c) % 7 > 1 || (row * 31 + c * 17) % 401 == 0).map(|c| c as u32),
        );
        ptr.push(col.len() as u32);
    }
    let values = Some(r.scales(col.len()));
    CsrPair::new(ptr, col, cols, values).unwrap()
}

in_every_type!(by_blocks);
fn by_blocks<E: Element>() {
    let mut r = Numbers(61);
    let all = [blocky(133, 301), blocky(64, 32), blocky(1, 77), pattern(37, 23, 4, 0, false), pattern(203, 501, 1, 1000, true)];
    let empty = [CsrPair::new(vec![0; 6], vec![], 3, None).unwrap(), CsrPair::new(vec![0], vec![], 7, None).unwrap()];
    for pair in all.into_iter().chain(empty).map(Arc::new) {
        for size in BlockSize::ALL {
            let blocks = Bsr::new(pair.clone(), size).unwrap();
            for (f, o) in [(0, None), (1, None), (35, None), (33, Some(5)), (6, Some(34)), (3, Some(0)), (0, Some(3))] {
                let (n, m, out) = (pair.rows(), pair.cols(), o.unwrap_or(f));
                let (x, turned, theta): (Vec<E>, Vec<E>, Vec<E>) = (r.array(m * f), r.array(n * f), r.array(f * out));
                let (bias, dy): (Vec<E>, Vec<E>) = (r.array(out), r.array(n * out));
                for (direction, x) in [(Direction::ToRows, &x), (Direction::ToCols, &turned)] {
                    let y = sparse_conv::host::sparse_conv(Stored::Bsr(&blocks), direction, x, f, o.map(|o| (&theta[..], o)), Some(&bias));
                    let (wx, wt, wb) = (widen(x), widen(&theta), widen(&bias));
                    let view = pair.view(direction);
                    let want = sparse_conv::reference::sparse_conv(&view, &wx, f, o.map(|o| (&wt[..], o)), Some(&wb));
                    close(&format!("{size:?} {f} {o:?} {direction:?}"), &y, &want, 1000);
                }
                sparse_gradients(&pair, Some(&blocks), f, o, (&x, &theta, &dy));
            }
        }
    }
}
