//! The shipped knowledge base and a network that reads it, for the examples about them.

use std::error::Error;
use std::path::{Path, PathBuf};

use hypergraphql::framework::store::{AtomSpace, LoadOptions};
use hypergraphql::models::episodes::{NameOptions, Schema, StoreFacts};
use hypergraphql::models::graph_memory::train::{
    FILE, MemoryCheckpoint, MemorySetup, MemoryTrainConfig, MemoryTrainer, Preset, StageConfig,
};
use hypergraphql::prelude::*;
use hypergraphql::runtime::engine::{Answer as Found, Engine, QueryOptions};
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/world");
/// Tokens that are learned at most.
const VOCABULARY: usize = 1024;

/// A place beside the build outputs, so that nothing lands in the source tree.
pub(crate) fn output(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().map_or_else(std::env::temp_dir, |examples| examples.join("world-out"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

/// Makes a knowledge base of the shipped files, as `hgql load examples/data/world/*.csv -o world.hgql` does.
pub(crate) fn load() -> Result<PathBuf> {
    let files = std::fs::read_dir(DATA)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "csv")).collect();
    files.sort();
    let kb = output("world.hgql")?;
    AtomSpace::load(&files, &LoadOptions::default())?.save(&kb)?;
    Ok(kb)
}

/// Steps of both stages of a training: so many, or as few as the variable HGQL_EXAMPLE_STEPS says. The tests run the examples so; answers are nonsense then.
pub(crate) fn steps(decoder: usize, memory: usize) -> [usize; 2] {
    let few = std::env::var("HGQL_EXAMPLE_STEPS").ok().and_then(|text| text.parse().ok());
    few.map_or([decoder, memory], |few: usize| [few.min(decoder), few.min(memory)])
}

/// What is trained on facts of these names: all kinds of questions, about bases of up to 600 members.
pub(crate) fn options(names: &[String], [decoder, memory]: [usize; 2]) -> MemoryTrainConfig {
    MemoryTrainConfig {
        base: StageConfig { steps: decoder, lr: 2e-3, warmup: 20 },
        memory: StageConfig { steps: memory, lr: 1e-3, warmup: 20 },
        questions: 48,
        slots: [64, 600],
        names: NameOptions::like(names),
        evaluate_every: memory,
        evaluation_slots: 400,
        evaluation_questions: 64,
        ..MemoryTrainConfig::default()
    }
}

/// Trains a network to read facts of the relations in a knowledge base. It never sees these facts: every step draws others, of invented names.
pub(crate) fn train(kb: &Path, config: impl FnOnce(&[String]) -> MemoryTrainConfig) -> Result<PathBuf> {
    let base = StoreFacts::read(&AtomSpace::open(kb)?, usize::MAX)?.base;
    let config = config(&base.entities);
    let setup = MemorySetup::from_nothing(Schema::of_base(&base)?, &config.names, VOCABULARY, Preset::Tiny)?;
    let mut trainer = MemoryTrainer::<Cpu>::new(setup, &config, None, &CpuDevice::default())?;
    let bar =
        ProgressBar::new(trainer.steps() as u64).with_style(ProgressStyle::with_template("{bar:30} step {pos} of {len} {msg} {eta}")?);
    while !trainer.is_finished() {
        let losses = trainer.step(&mut |_| {})?;
        bar.set_message(format!("answer {:.2} retrieval {:.2}", losses.answer, losses.retrieval));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let folder = output("reader")?;
    std::fs::create_dir_all(&folder)?;
    trainer.save(&folder.join(FILE))?;
    Ok(folder)
}

/// A network that reads the facts: the one that the quickstart left, else one that is trained now.
pub(crate) fn network(kb: &Path) -> Result<PathBuf> {
    let base = StoreFacts::read(&AtomSpace::open(kb)?, usize::MAX)?.base;
    let (config, folder) = (options(&base.entities, steps(DECODER_STEPS, MEMORY_STEPS)), output("reader")?);
    let left = MemoryCheckpoint::read(&folder.join(FILE));
    let is_whole = |left: &MemoryCheckpoint| left.config == config && left.progress.losses.len() == config.base.steps + config.memory.steps;
    if left.is_ok_and(|left| is_whole(&left)) { Ok(folder) } else { train(kb, |_| config) }
}

/// Steps of the quickstart.
pub(crate) const DECODER_STEPS: usize = 150;
pub(crate) const MEMORY_STEPS: usize = 300;

/// A question about a fact: what is known of it, and what is asked.
pub(crate) struct Question {
    pub(crate) relation: &'static str,
    /// Role and name.
    pub(crate) known: &'static [(&'static str, &'static str)],
    pub(crate) asked: &'static str,
}

impl Question {
    /// As the network reads it.
    pub(crate) fn text(&self) -> String {
        let known: Vec<String> = self.known.iter().map(|(role, name)| format!("{role} {name}")).collect();
        format!("{} : {} ; {} ?", self.relation, known.join(" , "), self.asked)
    }

    /// The same in HyperQL.
    pub(crate) fn hyperql(&self) -> String {
        let known: Vec<String> = self.known.iter().map(|(role, name)| format!(":{role} :{}", name.replace(' ', "_"))).collect();
        format!("SELECT ?x {{ ?fact hq:relation :{} ; {} ; :{} ?x }}", self.relation, known.join(" ; "), self.asked)
    }
}

/// The names that a query finds, as words.
pub(crate) fn names(engine: &Engine, query: &str) -> Result<String> {
    let Found::Solutions(found) = engine.query(query, &QueryOptions::default())? else { return Err("the query is no SELECT".into()) };
    let word = |term: String| term.trim_matches(['<', '>']).rsplit('/').next().unwrap_or_default().replace('_', " ");
    let rows = found.rows().map(|row| row.into_iter().flatten().map(|term| word(term.to_string())).collect::<Vec<_>>().join(" "));
    Ok(rows.collect::<Vec<_>>().join(", "))
}

/// Asks a network, and prints its answer, what HyperQL answers, and the fact that weighed most.
pub(crate) fn ask(model: &mut HypergraphQl<Cpu>, kb: &Path, questions: &[Question]) -> Result<()> {
    let engine = Engine::open(kb)?;
    let texts: Vec<String> = questions.iter().map(Question::text).collect();
    let mut options = TextOptions::default();
    options.tokens.max_tokens = 16;
    for ((question, text), answer) in questions.iter().zip(&texts).zip(model.generate_batch(&texts, &options)?) {
        let (said, right) = (answer.text.trim(), names(&engine, &question.hyperql())?);
        let mark = match right.as_str() {
            "" => "HyperQL finds nothing".to_owned(),
            right if right == said => "as HyperQL says".to_owned(),
            right => format!("HyperQL says {right}"),
        };
        println!("  {text}");
        println!("    {said} ({mark})");
        if let Some(fact) = model.evidence(&answer)?.first() {
            println!("    read from {} {} ({:.0} %)", fact.atom.join(" "), fact.fact, 100.0 * fact.weight);
        }
    }
    Ok(())
}
