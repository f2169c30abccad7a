//! The variables that a text names.

use std::collections::BTreeMap;

use super::grammar::{Node, Rule};

/// All variables below a pair; true: written with `$` somewhere.
pub(super) fn variables(unit: Node<'_>) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for pair in unit.into_inner().flatten().filter(|pair| pair.as_rule() == Rule::var) {
        let (sign, name) = pair.as_str().split_at(1);
        *found.entry(name.to_owned()).or_insert(false) |= sign == "$";
    }
    found
}
