//! `sparse_conv` by blocks.

use std::sync::Arc;

use hypergraphql_kernels::relation_linear::Products;
use hypergraphql_kernels::sparse_conv::bsr::launch::block_product;
use hypergraphql_kernels::sparse_conv::bsr::{BlockSize, Bsr, DeviceBlocks};
use hypergraphql_kernels::sparse_conv::reference::sparse_conv;

use super::*;

/// Mostly full blocks of 40 × 48 at every third place, some entries beside them, empty rows, and one row with an entry in every 16th column.
fn blocky(rows: usize, cols: usize) -> Arc<CsrPair> {
    let mut random = Random((rows * 7 + cols) as u64);
    let (mut ptr, mut col) = (vec![0], vec![]);
    for r in 0..rows {
        let entry = |c: usize| match r {
            5 => c.is_multiple_of(16),
            _ if r % 9 == 4 => false,
            _ => (r / 40 + c / 48).is_multiple_of(3) && (r + c) % 7 > 1 || (r * 31 + c * 17).is_multiple_of(701),
        };
        col.extend((0..cols).filter(|&c| entry(c)).map(|c| c as u32));
        ptr.push(col.len() as u32);
    }
    let values = random.floats(col.len()).into_iter().map(|v| f64::from(half::f16::from_f64(v).to_f32())).collect();
    Arc::new(CsrPair::new(ptr, col, cols, Some(values)).unwrap())
}

fn products<E: Element>(client: &Client, name: &str, pair: &Arc<CsrPair>, widths: &[usize], by: Products) {
    let absolute = {
        let view = pair.view(Direction::ToRows);
        let values = view.values.map(|v| v.iter().map(|v| v.abs()).collect());
        CsrPair::new(view.ptr.to_vec(), view.col.to_vec(), view.cols, values).unwrap()
    };
    for size in BlockSize::ALL {
        let blocks = DeviceBlocks::upload(client, &Bsr::new(pair.clone(), size).unwrap());
        for &width in widths {
            for direction in [Direction::ToRows, Direction::ToCols] {
                let mut random = Random(53);
                let (x, xs) = up::<E>(client, &random.floats(pair.outputs(direction.reverse()) * width));
                let (bias, bs) = up::<E>(client, &random.floats(width));
                for with_bias in [false, true] {
                    let given = with_bias.then_some(&bias);
                    let y = block_product(&blocks, direction, &x, width, given, by).unwrap();
                    let want = sparse_conv(&pair.view(direction), &xs, width, None, with_bias.then_some(&bs));
                    let magnitudes = sparse_conv(&absolute.view(direction), &abs(&xs), width, None, with_bias.then_some(&abs(&bs)));
                    let what = format!("{name} {size:?} {direction:?} width {width} bias {with_bias} {by:?}");
                    PLAIN.check(&what, E::DTYPE, &down(client, &y), &want, &magnitudes);
                    let again = block_product(&blocks, direction, &x, width, given, by).unwrap();
                    assert_eq!(down(client, &again), down(client, &y), "{what}: two runs");
                }
            }
        }
    }
}

fn all<E: Element>(client: &Client) {
    products::<E>(client, "blocky", &blocky(133, 301), &[0, 1, 35, 64, 130], Products::Simple);
    // Row 5 has over 256 blocks of 16 and its columns' blocks are summed in pieces.
    products::<E>(client, "long", &blocky(70, 4200), &[7], Products::Simple);
    products::<E>(client, "tall", &blocky(4200, 37), &[5], Products::Simple);
    products::<E>(client, "plain", &Arc::new(pattern(43, 29, 57, false, 7)), &[3], Products::Simple);
    for empty in [CsrPair::new(vec![0; 6], vec![], 3, None), CsrPair::new(vec![0], vec![], 0, None)] {
        products::<E>(client, "empty", &Arc::new(empty.unwrap()), &[4], Products::Simple);
    }
}

#[test]
fn products_by_blocks_match_the_reference() {
    let Some(client) = client("products_by_blocks_match_the_reference") else { return };
    all::<f32>(&client);
    all::<half::f16>(&client);
}

/// By `Auto`, whatever that is here, and by tensor cores where there are some.
#[test]
fn products_by_blocks_find_tensor_cores_by_themselves() {
    let Some(client) = client("products_by_blocks_find_tensor_cores_by_themselves") else { return };
    let pair = blocky(133, 301);
    products::<half::f16>(&client, "by itself", &pair, &[35, 130], Products::Auto);
    let blocks = DeviceBlocks::upload(&client, &Bsr::new(pair.clone(), BlockSize::B32).unwrap());
    let x = up::<half::f16>(&client, &vec![0.5; 301 * 3]).0;
    match block_product(&blocks, Direction::ToRows, &x, 3, None, Products::TensorCores) {
        Ok(_) => products::<half::f16>(&client, "cores", &pair, &[35, 130], Products::TensorCores),
        Err(e) => assert!(e.to_string().contains("has no f16 tensor cores"), "{e}"),
    }
}

#[test]
fn products_by_blocks_refuse_other_lengths() {
    let Some(client) = client("products_by_blocks_refuse_other_lengths") else { return };
    let blocks = DeviceBlocks::upload(&client, &Bsr::new(blocky(33, 50), BlockSize::B16).unwrap());
    let array = |len: usize| up::<f32>(&client, &vec![0.0; len]).0;
    let refused = |direction, x: &Buf<R>, bias: Option<&Buf<R>>| {
        block_product(&blocks, direction, x, 3, bias, Products::Auto).unwrap_err().to_string()
    };
    assert!(refused(Direction::ToRows, &array(33 * 3), None).contains("x has 99 elements, expected 150"));
    assert!(refused(Direction::ToCols, &array(50 * 3), None).contains("x has 150 elements, expected 99"));
    assert!(refused(Direction::ToRows, &array(50 * 3), Some(&array(4))).contains("bias has 4 elements, expected 3"));
    let half = up::<half::f16>(&client, &[0.0; 3]).0;
    assert!(refused(Direction::ToRows, &array(50 * 3), Some(&half)).contains("bias is f16, expected f32"));
}
