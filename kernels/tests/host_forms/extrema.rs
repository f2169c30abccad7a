//! `Reduce::Min` and `Reduce::Max`: which element wins, and where its gradient goes.

use super::*;

in_every_type!(extremum_gradients);
fn extremum_gradients<E: Element>() {
    let mut r = Numbers(5);
    for (p, pair) in patterns().iter().enumerate() {
        for width in [0, 1, 7, 18] {
            for direction in [Direction::ToRows, Direction::ToCols] {
                let view = pair.view(direction);
                let (x, dy, w): (Vec<E>, Vec<E>, Vec<E>) =
                    (r.array(view.cols * width), r.array(view.rows() * width), r.array::<E>(pair.nnz()));
                let wide_w = widen(&w);
                for reduce in [Reduce::Max, Reduce::Min, Reduce::Mean] {
                    for weighted in [false, true] {
                        let fw = if weighted { Weights::Entries(&w[..]) } else { Weights::Values };
                        let rw = if weighted { Weights::Entries(&wide_w[..]) } else { Weights::Values };
                        let gradients = |wanted| aggregate::host::extremum_backward(pair, direction, reduce, &x, width, fw, &dy, wanted);
                        let (dx, dw) = gradients(PassWanted { x: true, weights: true });
                        let (alone, none) = gradients(PassWanted { x: true, weights: false });
                        assert!(alone == dx && none.is_none());
                        let (none, alone) = gradients(PassWanted { x: false, weights: true });
                        assert!(alone == dw && none.is_none());
                        let (want_dx, want_dw) =
                            aggregate::reference::aggregate_backward(&view, reduce, &widen(&x), width, rw, &widen(&dy));
                        let what = format!("extremum backward {p} {width} {direction:?} {reduce:?}");
                        close(&what, &dx.unwrap(), &want_dx, 60);
                        assert_eq!(dw.is_some(), weighted);
                        if let Some(dw) = dw {
                            close(&what, &dw, &want_dw, 60);
                        }
                    }
                }
                let a: Vec<E> = r.array(view.rows() * width);
                let got = aggregate::host::entry_dot(&view, &a, &x, width);
                close("entry_dot", &got, &aggregate::reference::entry_dot(&view, &widen(&a), &widen(&x), width), width);
            }
        }
    }
}

#[test]
fn nan_wins_an_extremum_and_spreads_through_sums() {
    let pair = pattern(37, 23, 4, 0, false);
    let view = pair.view(Direction::ToCols);
    let mut x: Vec<f32> = Numbers(19).array(37 * 17);
    x[5 * 17 + 3] = f32::NAN;
    for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
        let y = aggregate::host::aggregate(&view, reduce, &x, 17, Weights::Ones, Fold::default());
        for r in 0..view.rows() {
            let touched = view.col[view.range(r)].contains(&5);
            for f in 0..17 {
                assert_eq!(y[r * 17 + f].is_nan(), touched && f == 3, "{reduce:?} {r} {f}");
            }
        }
    }
}

#[test]
fn the_gradient_of_an_extremum_goes_to_the_first_nan() {
    // One short row, and one of more entries than a piece has, whose NaN are in different pieces.
    for n in [7, 5000] {
        let pair = CsrPair::new(vec![0, n as u32], (0..n as u32).collect(), n, None).unwrap();
        let mut x: Vec<f32> = Numbers(37).array(n);
        (x[n / 2], x[n - 1]) = (f32::NAN, f32::NAN);
        for reduce in [Reduce::Max, Reduce::Min] {
            let got = aggregate::host::extremum_backward(
                &pair,
                Direction::ToRows,
                reduce,
                &x,
                1,
                Weights::Ones,
                &[3.0],
                PassWanted { x: true, weights: false },
            )
            .0
            .unwrap();
            let want =
                aggregate::reference::aggregate_backward(&pair.view(Direction::ToRows), reduce, &widen(&x), 1, Weights::Ones, &[3.0]).0;
            assert_eq!(widen(&got), want);
            assert!(got.iter().enumerate().all(|(i, &g)| g == if i == n / 2 { 3.0 } else { 0.0 }));
        }
    }
}
