//! Valid time: the periods of statements, read from annotations.

mod annotations;
mod instant;
mod period;

pub use annotations::Periods;
pub use instant::Instant;
pub use period::{Period, PeriodSet};

pub(super) use annotations::{check, check_changes};
