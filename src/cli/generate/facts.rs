//! Answers from the facts of a knowledge base.

use std::path::Path;

use hypergraphql_framework::store::{AtomSpace, Id};
use hypergraphql_models::episodes::{FactAtom, StoreFacts, fact_text};
use hypergraphql_models::graph_memory::train::MemoryCheckpoint;
use hypergraphql_models::graph_memory::{EncodedBase, FactList, MemoryContext, Reader};
use hypergraphql_models::text::Answer;
use hypergraphql_models::transformer::Evidence;
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::{FILE, GenerateArgs, streamed};
use crate::cli::backend::{WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::{Global, kb, output};

/// Facts that are shown of an answer's evidence.
const SHOWN: usize = 5;
/// Weight of a fact that is shown beside the first.
const LEAST: f64 = 0.01;

/// A fact that an answer was read from.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// The sum of the weights of its members, 0 to 1.
    weight: f64,
    /// The fact in words.
    fact: String,
    /// What HyperQL knows it by: the node of a hyperedge, or subject, predicate and object.
    atom: Vec<String>,
}

/// An answer with its evidence; a JSON line.
#[derive(Serialize)]
pub(crate) struct Answered<'a> {
    pub(crate) kind: &'static str,
    pub(crate) question: &'a str,
    pub(crate) text: &'a str,
    pub(crate) evidence: &'a [Line],
}

/// A knowledge base and its facts.
pub(crate) struct Source {
    space: AtomSpace,
    pub(crate) facts: StoreFacts,
}

impl Source {
    /// Reads at most so many slots.
    pub(crate) fn read(path: &Path, max_slots: usize, global: &Global) -> Result<Self, CliError> {
        let space = kb::space(path, global)?;
        let facts = StoreFacts::read(&space, max_slots)?;
        if facts.left_out > 0 {
            let (left_out, path) = (facts.left_out, path.display());
            tracing::warn!("{left_out} facts of {path} are not read: more than {max_slots} slots; --max-slots says how many");
        }
        Ok(Self { space, facts })
    }

    /// The facts that an answer was read from.
    pub(crate) fn lines(&self, answer: &Answer, list: &FactList) -> Vec<Line> {
        let line = |(fact, weight): (u32, f64)| Line {
            weight,
            fact: fact_text(&self.facts.base, &self.facts.base.facts[fact as usize], 0),
            atom: atom(&self.space, self.facts.atoms.facts[fact as usize]),
        };
        by_fact(&answer.evidence, |slot| list.fact_of(slot as usize) as u32).into_iter().map(line).collect()
    }
}

struct Asking<'a> {
    args: &'a GenerateArgs,
    global: &'a Global,
    checkpoint: &'a MemoryCheckpoint,
    source: &'a Source,
}

impl WithBackend for Asking<'_> {
    type Out = Result<Vec<(Answer, Vec<Line>)>, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, global, checkpoint, source } = self;
        let setup = &checkpoint.setup;
        let context = MemoryContext::<B>::new(&setup.memory, &setup.base, args.precision, &device)?;
        let model = checkpoint.model(&device)?;
        let base = EncodedBase::new(&model, &context, &setup.words, &source.facts.base)?;
        let reader = Reader::new(&model, &context, &setup.words, &base);
        let answers = streamed(args, global.json, |on_text| Ok(reader.answer(&args.prompts, &args.options(), on_text)?))?;
        let with_facts = |answer: Answer| {
            let lines = source.lines(&answer, base.facts());
            (answer, lines)
        };
        Ok(answers.into_iter().map(with_facts).collect())
    }
}

/// The weights of facts: the sums of those of their members.
fn by_fact(evidence: &[Evidence], fact_of: impl Fn(u32) -> u32) -> Vec<(u32, f64)> {
    let mut facts: Vec<(u32, f64)> = Vec::new();
    for Evidence { slot, weight } in evidence {
        let fact = fact_of(*slot);
        match facts.iter_mut().find(|known| known.0 == fact) {
            Some(known) => known.1 += weight,
            None => facts.push((fact, *weight)),
        }
    }
    facts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let shown = facts.iter().take(SHOWN).filter(|fact| fact.1 >= LEAST).count();
    facts.truncate(shown.max(1));
    facts
}

/// Reads the model and the knowledge base, answers and prints.
pub(super) fn run(args: &GenerateArgs, global: &Global) -> Result<(), CliError> {
    let path = args.kb.as_deref().ok_or_else(|| {
        let message = format!("{} is a model that reads facts, and there is no --kb", args.model.display());
        CliError::input(message).with_help("give --kb KB: a folder that `hgql load` wrote, or a file of RDF or hyperedges")
    })?;
    let checkpoint = MemoryCheckpoint::read(&args.model.join(FILE))?;
    let source = Source::read(path, args.max_slots, global)?;
    let answers = dispatch(args.device, Asking { args, global, checkpoint: &checkpoint, source: &source })??;
    answers.iter().enumerate().try_for_each(|(prompt, (answer, lines))| super::print(prompt, answer, Some(lines), args, global))
}

fn atom(space: &AtomSpace, atom: FactAtom) -> Vec<String> {
    let term = |id: Id| space.term(id).map_or_else(|| format!("#{id:?}"), |term| term.to_string());
    match atom {
        FactAtom::Hyperedge(node) => vec![term(node)],
        FactAtom::Statement(ids) => ids.into_iter().map(term).collect(),
    }
}

/// The evidence as a table.
pub(crate) fn print(lines: &[Line]) -> Result<(), CliError> {
    let mut table = output::table(["weight", "fact", "atom"], &[0]);
    for Line { weight, fact, atom } in lines {
        table.add_row([format!("{weight:.3}"), fact.clone(), atom.join(" ")]);
    }
    output::line(table.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_fact_are_weighed_together() {
        let evidence = |slot, weight| Evidence { slot, weight };
        let all = [evidence(0, 0.4), evidence(4, 0.3), evidence(5, 0.2), evidence(9, 0.001)];
        assert_eq!(by_fact(&all, |slot| slot / 3), [(1, 0.5), (0, 0.4)]);
        assert_eq!(by_fact(&[evidence(9, 0.001)], |slot| slot / 3), [(3, 0.001)]);
        assert!(by_fact(&[], |slot| slot).is_empty());
    }
}
