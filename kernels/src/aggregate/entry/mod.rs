//! Inner products per entry on devices, the gradient of entry weights: a group of lanes per entry and head, balanced whatever the rows.

pub(crate) mod cube;
pub mod launch;
