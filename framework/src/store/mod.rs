//! `AtomSpace`: an RDF 1.2 dataset whose terms have ordered ids and whose statements are sorted arrays of them.

mod adjacency;
mod array;
mod base;
mod block;
mod change;
mod datatype;
mod delta;
mod derived;
mod dictionary;
mod export;
mod folder;
mod interner;
mod interval;
mod load;
mod lookup;
mod number;
mod radix;
mod record;
mod sharded;
mod snapshot;
mod sort_terms;
mod space;
mod statements;
mod statistics;

pub use adjacency::Adjacency;
pub use array::Ids;
pub use block::Block;
pub use derived::DerivedStatements;
pub use folder::{Disk, Files, LogFile, Store};
pub use interval::NumberInterval;
pub use load::{Format, LoadOptions, Progress};
pub use number::Number;
pub use space::AtomSpace;
pub use statements::{Order, Position, Rows};
pub use statistics::{PredicateStatistics, Statistics};

use array::Array;

/// Number of a term, from 1; 0 is no term and stands for the default graph in the graph column.
pub type Id = u32;

/// Terms that a space holds at most: ids above are left for values that queries compute.
pub const MAX_TERMS: u32 = u32::MAX - (1 << 28);

/// Triple terms inside each other, at most.
pub const MAX_NESTING: u8 = 128;
