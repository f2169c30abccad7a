//! A trained HypergraphQL transformer with the knowledge base that it reads, behind one handle.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::framework::store::{AtomSpace, Format, Id, LoadOptions};
use crate::models::episodes::{FactAtom, StoreFacts, fact_text};
use crate::models::graph_memory::train::{FILE, MemoryCheckpoint};
use crate::models::graph_memory::{EncodedBase, FactList, HypergraphTransformer, MemoryContext, Reader, Words};
use crate::models::text::{Answer, TextOptions};
use crate::models::transformer::Evidence;
use crate::models::{ModelError, Precision};
use crate::ops::{ConfigError, HyperBackend, KernelConfig};
use crate::runtime::devices::{Utilisation, utilisation};
use crate::runtime::engine::{Answer as QueryAnswer, Engine, QueryError, QueryOptions};

/// What goes wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainedError {
    /// Of the network or its files.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Of the knowledge base or a query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Of a file of statements or hyperedges.
    #[error("{0}")]
    Load(String),
    /// Of the variants of kernels.
    #[error(transparent)]
    Kernels(#[from] ConfigError),
    /// Nothing was loaded that could be read or asked.
    #[error("no knowledge base is loaded; call load_graph with a folder that `hgql load` wrote, or a file of RDF or hyperedges")]
    NoGraph,
}

/// Where and how a network runs.
#[derive(Debug, Clone)]
pub struct PretrainedOptions<B: HyperBackend> {
    /// Where it runs.
    pub device: B::Device,
    /// The type of activations.
    pub precision: Precision,
    /// Variants of kernels.
    pub kernels: KernelConfig,
    /// Most slots of a knowledge base that are read; a slot is a member of a fact.
    pub max_slots: usize,
}

impl<B: HyperBackend> Default for PretrainedOptions<B> {
    fn default() -> Self {
        Self { device: B::Device::default(), precision: Precision::F32, kernels: KernelConfig::default(), max_slots: 100_000 }
    }
}

/// How large a knowledge base is, as the network reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GraphStats {
    /// Facts.
    pub facts: usize,
    /// Members of facts.
    pub slots: usize,
    /// Entities.
    pub entities: usize,
    /// Relations.
    pub relations: usize,
    /// Roles.
    pub roles: usize,
    /// Facts that `max_slots` left out.
    pub left_out: usize,
}

/// What the network takes of its device, and how fast it was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DeviceStats {
    /// Bytes of the parameters.
    pub parameter_bytes: usize,
    /// Bytes of the keys and values of the loaded knowledge base.
    pub memory_bytes: usize,
    /// Tokens that the last answers had, by the time that they took; none before the first.
    pub tokens_per_second: Option<f64>,
    /// How busy the whole device is and how much of its memory is taken, where its driver tells.
    pub utilisation: Option<Utilisation>,
}

/// A fact that an answer was read from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactRead {
    /// The sum of the weights of its members, 0 to 1.
    pub weight: f64,
    /// The fact in words.
    pub fact: String,
    /// What HyperQL knows it by, as terms of N-Triples: the node of a hyperedge, or subject, predicate and object.
    pub atom: Vec<String>,
}

/// A trained network that reads a knowledge base and answers from it:
///
/// ```no_run
/// use hypergraphql::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut model = HypergraphQl::<Cpu>::from_pretrained("reader", PretrainedOptions::default())?;
/// model.load_graph("kb.hgql")?;
/// let answer = model.generate("treaty : mediator Zorak , venue Miru ; signatory ?", &TextOptions::default())?;
/// println!("{} from {:?}", answer.text, model.evidence(&answer)?);
/// # Ok(())
/// # }
/// ```
pub struct HypergraphQl<B: HyperBackend> {
    model: HypergraphTransformer<B>,
    context: MemoryContext<B>,
    words: Words,
    options: PretrainedOptions<B>,
    graph: Option<Graph<B>>,
    tokens_per_second: Option<f64>,
}

/// A knowledge base that was loaded.
struct Graph<B: HyperBackend> {
    engine: Engine,
    facts: StoreFacts,
    encoded: EncodedBase<B>,
}

impl<B: HyperBackend> HypergraphQl<B> {
    /// Reads what `hgql train transformer --out FOLDER` wrote.
    ///
    /// # Errors
    /// A folder without a network, a file that is damaged, a precision or a kernel that the device lacks.
    pub fn from_pretrained(folder: impl AsRef<Path>, options: PretrainedOptions<B>) -> Result<Self, PretrainedError> {
        options.kernels.install::<B>(&options.device)?;
        let checkpoint = MemoryCheckpoint::read(&folder.as_ref().join(FILE))?;
        let context = MemoryContext::new(&checkpoint.setup.memory, &checkpoint.setup.base, options.precision, &options.device)?;
        let model = checkpoint.model(&options.device)?;
        Ok(Self { model, context, words: checkpoint.setup.words, options, graph: None, tokens_per_second: None })
    }

    /// Loads a knowledge base, a folder that `hgql load` wrote or a file of RDF or hyperedges, in place of the one before. To answer by an edited one, load it again: only its
    /// facts are encoded, nothing is trained.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or has no facts.
    pub fn load_graph(&mut self, path: impl AsRef<Path>) -> Result<GraphStats, PretrainedError> {
        let path = path.as_ref();
        let engine = if !path.is_dir() && Format::of(path).is_ok() {
            let space = AtomSpace::load(&[path], &LoadOptions::default());
            Engine::new(space.map_err(|error| PretrainedError::Load(error.to_string()))?)
        } else {
            Engine::open(path)?
        };
        let facts = StoreFacts::read(&engine.space(), self.options.max_slots)?;
        let encoded = EncodedBase::new(&self.model, &self.context, &self.words, &facts.base)?;
        self.graph = Some(Graph { engine, facts, encoded });
        self.graph_stats()
    }

    fn graph(&self) -> Result<&Graph<B>, PretrainedError> {
        self.graph.as_ref().ok_or(PretrainedError::NoGraph)
    }

    /// Answers a question from the knowledge base. The slots of its evidence are looked up by [`fact`](Self::fact).
    ///
    /// # Errors
    /// No knowledge base, an empty question, or one that fills the context.
    pub fn generate(&mut self, question: &str, options: &TextOptions) -> Result<Answer, PretrainedError> {
        let mut answers = self.generate_batch(&[question], options)?;
        Ok(answers.swap_remove(0))
    }

    /// Answers questions, all at once; none depends on the others.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and no question.
    pub fn generate_batch<S: AsRef<str>>(&mut self, questions: &[S], options: &TextOptions) -> Result<Vec<Answer>, PretrainedError> {
        let start = Instant::now();
        let graph = self.graph()?;
        let reader = Reader::new(&self.model, &self.context, &self.words, &graph.encoded);
        let answers = reader.answer(questions, options, &mut |_, _| ControlFlow::Continue(()))?;
        let tokens: usize = answers.iter().map(|answer| answer.tokens.len()).sum();
        self.tokens_per_second = Some(tokens as f64 / start.elapsed().as_secs_f64());
        Ok(answers)
    }

    /// Asks the knowledge base in HyperQL.
    ///
    /// # Errors
    /// No knowledge base, or a query that is none.
    pub fn query_hyperql(&self, query: &str) -> Result<QueryAnswer, PretrainedError> {
        Ok(self.graph()?.engine.query(query, &QueryOptions::default())?)
    }

    /// The fact of a slot, as HyperQL knows it; `None` where there is no such slot.
    ///
    /// # Errors
    /// No knowledge base.
    pub fn fact(&self, slot: u32) -> Result<Option<FactAtom>, PretrainedError> {
        let Graph { facts, encoded, .. } = self.graph()?;
        let slot = slot as usize;
        Ok((slot < encoded.facts().slots()).then(|| facts.atoms.facts[encoded.facts().fact_of(slot)]))
    }

    /// The facts that an answer was read from, by falling weight.
    ///
    /// # Errors
    /// No knowledge base.
    pub fn evidence(&self, answer: &Answer) -> Result<Vec<FactRead>, PretrainedError> {
        let Graph { engine, facts, encoded } = self.graph()?;
        let space = engine.space();
        Ok(facts_read(&space, facts, encoded.facts(), answer))
    }

    /// How large the loaded knowledge base is.
    ///
    /// # Errors
    /// No knowledge base.
    pub fn graph_stats(&self) -> Result<GraphStats, PretrainedError> {
        let Graph { facts: StoreFacts { base, left_out, .. }, .. } = self.graph()?;
        Ok(GraphStats {
            facts: base.facts.len(),
            slots: base.slot_count(),
            entities: base.entities.len(),
            relations: base.relations.len(),
            roles: base.roles.len(),
            left_out: *left_out,
        })
    }

    /// What the network takes of its device, and how fast it was.
    pub fn device_stats(&self) -> DeviceStats {
        use burn::module::Module;
        let memory_bytes = self.graph.as_ref().map_or(0, |graph| graph.encoded.bytes());
        DeviceStats {
            parameter_bytes: self.model.num_params() * size_of::<f32>(),
            memory_bytes,
            tokens_per_second: self.tokens_per_second,
            utilisation: utilisation::<B>(&self.options.device),
        }
    }
}

/// The facts of a store that an answer was read from, by falling weight; `list` is what the network read of them.
pub fn facts_read(space: &AtomSpace, facts: &StoreFacts, list: &FactList, answer: &Answer) -> Vec<FactRead> {
    let term = |id: Id| space.term(id).map_or_else(|| format!("#{id:?}"), |term| term.to_string());
    let read = |(fact, weight): (usize, f64)| FactRead {
        weight,
        fact: fact_text(&facts.base, &facts.base.facts[fact], 0),
        atom: match facts.atoms.facts[fact] {
            FactAtom::Hyperedge(node) => vec![term(node)],
            FactAtom::Statement(ids) => ids.map(term).to_vec(),
        },
    };
    by_fact(&answer.evidence, |slot| list.fact_of(slot as usize)).into_iter().map(read).collect()
}

/// The weights of facts: the sums of those of their members.
fn by_fact(evidence: &[Evidence], fact_of: impl Fn(u32) -> usize) -> Vec<(usize, f64)> {
    let mut facts: Vec<(usize, f64)> = Vec::new();
    for Evidence { slot, weight } in evidence {
        let fact = fact_of(*slot);
        match facts.iter_mut().find(|known| known.0 == fact) {
            Some(known) => known.1 += weight,
            None => facts.push((fact, *weight)),
        }
    }
    facts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_fact_are_weighed_together() {
        let evidence = |slot, weight| Evidence { slot, weight };
        let all = [evidence(0, 0.4), evidence(4, 0.3), evidence(5, 0.2), evidence(9, 0.001)];
        assert_eq!(by_fact(&all, |slot| slot as usize / 3), [(1, 0.5), (0, 0.4), (3, 0.001)]);
        assert!(by_fact(&[], |slot| slot as usize).is_empty());
    }
}
