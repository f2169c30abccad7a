//! Episodic knowledge bases, as text: what the HypergraphQL transformer is trained on and proven with. No tensors and no tokens here.
//!
//! ```text
//! AtomSpace --Schema::of_store--> Schema --Episode::draw(seed)--> Episode { KnowledgeBase, Questions }
//!           --StoreFacts::read--> KnowledgeBase and the atoms of its facts          (to ask a store)
//! Episode --arms: permuted, clique, star, edited--> the same questions of another base; chance, Bm25
//! KnowledgeBase --facts_as_text--> sentences;  Schema --corpus--> text for a tokenizer
//! ```
//!
//! Names and facts of every episode are fresh, so that parameters cannot store them; those for tests are disjoint from those for training (see [`Split`]).
//!
//! ```
//! use hypergraphql_models::episodes::{Episode, EpisodeOptions, Schema};
//!
//! # fn main() -> hypergraphql_models::Result<()> {
//! let episode = Episode::draw(&Schema::synthetic(), &EpisodeOptions { questions: 10, ..EpisodeOptions::default() }, 7)?;
//! for question in &episode.questions {
//!     let answer = question.answer.map(|entity| &episode.base.entities[entity as usize]);
//!     println!("{} {}", question.text, answer.map_or("unknown", String::as_str));
//! }
//! # Ok(())
//! # }
//! ```

mod arms;
mod bm25;
mod chance;
mod draw;
mod edit;
mod facts;
mod form;
mod names;
mod options;
mod plan;
mod query;
mod questions;
mod schema;
mod store;
mod store_schema;
mod stream;

pub use arms::{Rewritten, clique, permuted, star};
pub use bm25::Bm25;
pub use chance::{Chance, chance};
pub use draw::{Episode, Question};
pub use edit::{Edit, Edited, edited};
pub use facts::{Fact, KnowledgeBase, Member, Slot};
pub use names::{NameOptions, Names, Split};
pub use options::{EpisodeOptions, Mix, QuestionKind, Size};
pub use query::{FactIndex, Known, Query, Value};
pub use questions::{PARAPHRASES, REFUSAL, corpus, fact_text, facts_as_text, question_text};
pub use schema::{MAX_ROLES, Relation, RelationRole, Schema};
pub use store::{FactAtom, StoreAtoms, StoreFacts};
