//! Answers from the facts of a knowledge base.

use std::path::Path;

use hypergraphql::pretrained::{FactRead, facts_read};
use hypergraphql_framework::store::AtomSpace;
use hypergraphql_models::episodes::StoreFacts;
use hypergraphql_models::graph_memory::train::MemoryCheckpoint;
use hypergraphql_models::graph_memory::{EncodedBase, FactList, MemoryContext, Reader};
use hypergraphql_models::text::Answer;
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

/// An answer with its evidence; a JSON line.
#[derive(Serialize)]
pub(crate) struct Answered<'a> {
    pub(crate) kind: &'static str,
    pub(crate) question: &'a str,
    pub(crate) text: &'a str,
    pub(crate) evidence: &'a [FactRead],
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

    /// The facts that an answer was read from, as far as they are shown.
    pub(crate) fn lines(&self, answer: &Answer, list: &FactList) -> Vec<FactRead> {
        shown(facts_read(&self.space, &self.facts, list, answer))
    }
}

/// The first of the facts that weigh something; the heaviest in any case.
fn shown(mut facts: Vec<FactRead>) -> Vec<FactRead> {
    let heavy = facts.iter().take(SHOWN).filter(|fact| fact.weight >= LEAST).count();
    facts.truncate(heavy.max(1));
    facts
}

struct Asking<'a> {
    args: &'a GenerateArgs,
    global: &'a Global,
    checkpoint: &'a MemoryCheckpoint,
    source: &'a Source,
}

impl WithBackend for Asking<'_> {
    type Out = Result<Vec<(Answer, Vec<FactRead>)>, CliError>;

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

/// The evidence as a table.
pub(crate) fn print(lines: &[FactRead]) -> Result<(), CliError> {
    let mut table = output::table(["weight", "fact", "atom"], &[0]);
    for FactRead { weight, fact, atom } in lines {
        table.add_row([format!("{weight:.3}"), fact.clone(), atom.join(" ")]);
    }
    output::line(table.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_facts_are_shown_and_light_ones_left_out() {
        let fact = |weight| FactRead { weight, fact: String::new(), atom: vec![] };
        let weights =
            |all: &[f64]| shown(all.iter().map(|weight| fact(*weight)).collect()).iter().map(|fact| fact.weight).collect::<Vec<_>>();
        assert_eq!(weights(&[0.5, 0.4, 0.001]), [0.5, 0.4]);
        assert_eq!(weights(&[0.001, 0.001]), [0.001]);
        assert_eq!(weights(&[0.2, 0.1, 0.1, 0.1, 0.1, 0.1]), [0.2, 0.1, 0.1, 0.1, 0.1]);
        assert!(weights(&[]).is_empty());
    }
}
