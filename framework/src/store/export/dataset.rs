//! The data set of a space, and what of the space is not in it.

use std::collections::HashSet;
use std::path::Path;

use oxrdf::Quad;

use crate::store::{AtomSpace, DatasetOptions, Hyperedges};
use crate::{Dataset, Result};

/// The data set of all hyperedges, and how many statements do not come back from it, or come back as others: each is looked for.
pub(super) fn of(space: &AtomSpace, path: &Path) -> Result<(Dataset, u64)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default();
    let options = DatasetOptions { hyperedges: Hyperedges::All, literals: true, labels: None };
    let dataset = space.dataset(name, &options)?;
    let back = AtomSpace::from_dataset(&dataset, None)?;
    let kept: HashSet<Quad> = back.quads().collect();
    let lost = space.quads().filter(|quad| !kept.contains(quad)).count() as u64;
    let others = kept.len() as u64 - (space.len() - lost);
    Ok((dataset, lost.max(others)))
}
