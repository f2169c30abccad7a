//! CPU form. (First cut: the reference, rounded to the storage type.)

use super::{Mask, reference};
use crate::element::{Element, narrow, widen};

/// x [n] -> y [n].
pub fn dropout<E: Element>(x: &[E], mask: Mask) -> Vec<E> {
    narrow(&reference::dropout(&widen(x), mask))
}
