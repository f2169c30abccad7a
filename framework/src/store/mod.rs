//! `AtomSpace`: an RDF 1.2 dataset whose terms have ordered ids and whose statements are sorted arrays of them.
//!
//! ```text
//! files --load--> Builder: terms by hash, statements of provisional ids    (threads)
//!       --sort--> Base { Dictionary, Statements in four orders, Statistics with characteristic sets, perhaps an index of texts }
//!       --save--> snapshot file, mapped again by open
//! AtomSpace = Base + Delta: what commits inserted and deleted since, merged into the rows that it touches
//! Store     = a folder with one writer: snapshot, log of commits, compaction
//! ```
//!
//! ```
//! use hypergraphql_framework::store::{AtomSpace, Order, Position};
//! use oxrdf::{GraphName, NamedNode, Quad};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = |name: &str| NamedNode::new(format!("http://example.com/{name}"));
//! let quad = |s, p, o| Ok::<_, oxrdf::IriParseError>(Quad::new(node(s)?, node(p)?, node(o)?, GraphName::DefaultGraph));
//! let space = AtomSpace::from_quads([quad("ann", "knows", "bob")?, quad("cy", "knows", "bob")?])?;
//!
//! let (knows, bob) = (space.id(&node("knows")?), space.id(&node("bob")?));
//! let rows = space.rows(Order::Pos, &[knows.unwrap_or(0), bob.unwrap_or(0)]);
//! let who: Vec<_> = rows.column(Position::Subject).iter().filter_map(|id| space.term(*id)).collect();
//! assert_eq!(who, [node("ann")?.into(), node("cy")?.into()]);
//! # Ok(())
//! # }
//! ```

mod adjacency;
mod array;
mod base;
mod block;
mod change;
mod characteristic;
mod dataset;
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
mod text;
mod time;

pub use adjacency::Adjacency;
pub use array::Ids;
pub use block::Block;
pub use characteristic::{CharacteristicSet, CharacteristicSets, MOST_SETS, SetPredicate, StarAtom};
pub use dataset::{DatasetOptions, Hyperedges};
pub use derived::DerivedStatements;
pub use export::ExportOptions;
pub use folder::{Disk, Files, LogFile, Store};
pub use interval::NumberInterval;
pub use load::{Format, LoadOptions, Progress, term_of_name};
pub use number::Number;
pub use space::AtomSpace;
pub use statements::{Order, Position, Rows};
pub use statistics::{PredicateStatistics, Statistics};
pub use time::{Instant, Period, PeriodSet, Periods};

use array::Array;

/// Number of a term, from 1; 0 is no term and stands for the default graph in the graph column.
pub type Id = u32;

/// Terms that a space holds at most: ids above are left for values that queries compute.
pub const MAX_TERMS: u32 = u32::MAX - (1 << 28);

/// Triple terms inside each other, at most.
pub const MAX_NESTING: u8 = 128;
