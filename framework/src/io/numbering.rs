//! Giving ids to names in the order in which they are declared or first appear.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::dataset::Name;

/// Names and their ids.
#[derive(Default)]
pub(super) struct Numbering {
    ids: HashMap<Name, u32>,
    names: Vec<Name>,
}

impl Numbering {
    /// The id of the name, a new one if it is new.
    pub(super) fn id(&mut self, name: Name) -> u32 {
        match self.ids.entry(name) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.names.push(new.key().clone());
                // Fewer than u32::MAX names: as many would fill 200 GB of this map first.
                *new.insert(self.names.len() as u32 - 1)
            }
        }
    }

    pub(super) fn get(&self, name: &Name) -> Option<u32> {
        self.ids.get(name).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn into_names(self) -> Vec<Name> {
        self.names
    }
}

/// Renumbers the names from `first` on ascending when they are all integers; returns the new id of each old one.
pub(super) fn ascending_from(first: usize, names: &mut [Name]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    if names[first..].iter().all(|n| matches!(n, Name::Number(_))) {
        order[first..].sort_by(|a, b| names[*a as usize].cmp(&names[*b as usize]));
        names[first..].sort();
    }
    let mut new = vec![0; order.len()];
    for (id, old) in order.iter().enumerate() {
        new[*old as usize] = id as u32;
    }
    new
}
