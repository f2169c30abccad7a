//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::reference;
use crate::element::{Element, narrow, widen};

/// x [N, F], index [I] -> y [I, F].
pub fn gather<E: Element>(index: &[u32], x: &[E], width: usize) -> Vec<E> {
    narrow(&reference::gather(index, &widen(x), width))
}
