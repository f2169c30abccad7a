//! What a training of pairs prints and leaves in `report.json`.

use std::path::Path;

use hypergraphql_framework::io;
use hypergraphql_models::pairs::{
    Connection, LeftOut, OTHER, PairConfig, PairData, PairEpoch, PairEvaluation, PairOptions, PairScores, PairTrainConfig, PairTrainer,
};
use hypergraphql_models::train::PartScore;
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::short;
use crate::cli::error::CliError;
use crate::cli::train::confusion;
use crate::cli::{Global, output};

/// What is trained on what; the first JSON line.
#[derive(Serialize)]
pub(super) struct Setup<'a> {
    kind: &'static str,
    data: &'a Path,
    nodes: usize,
    relations: usize,
    /// Names of the types, the most frequent first.
    types: &'a [String],
    /// Relations that have no type of their own.
    other_relations: usize,
    /// Pairs in train, valid and test.
    pairs: [usize; 3],
    /// The same by relation: a pair may have several.
    connections: [usize; 3],
    left_out: LeftOut,
    device: String,
    threads: usize,
    network: PairConfig,
    pair_options: PairOptions,
    options: PairTrainConfig,
}

impl<'a> Setup<'a> {
    pub(super) fn new<B: HyperBackend>(path: &'a Path, data: &'a PairData, device: String, trainer: &PairTrainer<'_, B>) -> Self {
        let parts = [&data.train, &data.valid, &data.test];
        let other = data.types.iter().position(|name| name == OTHER);
        let pairs = |part: &Vec<Connection>| part.chunk_by(|a, b| a.pair() == b.pair()).count();
        Self {
            kind: "setup",
            data: path,
            nodes: data.nodes.len(),
            relations: data.relations.len(),
            types: &data.types,
            other_relations: other.map_or(0, |class| data.type_of.iter().filter(|of| **of as usize == class).count()),
            pairs: parts.map(pairs),
            connections: parts.map(Vec::len),
            left_out: data.left_out,
            device,
            threads: rayon::current_num_threads(),
            network: trainer.network().clone(),
            pair_options: data.options,
            options: trainer.config().clone(),
        }
    }

    pub(super) fn print(&self, global: &Global) -> Result<(), CliError> {
        if global.json {
            return output::json(self);
        }
        let ([train, valid, test], way) = (self.pairs, if self.pair_options.directed { "directed " } else { "" });
        let counts = format!("{} nodes, {train} {way}pairs to learn from, {valid} to choose by, {test} to test", self.nodes);
        output::line(format!("{}: {counts}", self.data.display()))?;
        if !self.types.is_empty() {
            let name = |name: &String| match name == OTHER {
                true => format!("{OTHER}, which are {} relations", self.other_relations),
                false => short(name).to_owned(),
            };
            output::line(format!("types: {}", self.types.iter().map(name).collect::<Vec<_>>().join(", ")))?;
        }
        let LeftOut { loops, large, repeated, isolated } = self.left_out;
        let left_out: Vec<String> = [
            (loops, "connections of a node with itself".to_owned()),
            (large, format!("hyperedges of more than {} members", self.pair_options.max_members)),
            (repeated, "connections whose pair a part before has".to_owned()),
            (isolated, "nodes without connections".to_owned()),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        if left_out.is_empty() { Ok(()) } else { output::line(format!("left out: {}", left_out.join(", "))) }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    seconds: f64,
    #[serde(flatten)]
    epoch: &'a PairEpoch,
}

/// An epoch.
pub(super) fn print_epoch(epoch: &PairEpoch, seconds: f64, global: &Global) -> Result<(), CliError> {
    if global.json {
        return output::json(&Line { kind: "epoch", seconds, epoch });
    }
    let valid = epoch.valid.map_or_else(String::new, |valid| {
        let types = valid.type_accuracy.map_or_else(String::new, |share| format!("  types {}", percent(Some(share))));
        format!("  valid MRR {:.4}  AUC {}{types}", valid.ranks.mrr, number(valid.auc))
    });
    let PairEpoch { epoch, loss, edge, types, .. } = epoch;
    output::line(format!("epoch {epoch}  loss {loss:.4} (pairs {edge:.4}, types {types:.4})  {seconds:.1} s{valid}"))
}

/// The result; the last JSON line, and `report.json`.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    kind: &'static str,
    best_epoch: usize,
    epochs: usize,
    valid: Option<PairScores>,
    test: &'a PairEvaluation,
    curve: &'a [PairEpoch],
    setup: &'a Setup<'a>,
}

/// Tests, writes `report.json`, and has it printed.
pub(super) fn finish<B: HyperBackend>(
    trainer: &PairTrainer<'_, B>,
    setup: &Setup<'_>,
    out: Option<&Path>,
    print: impl FnOnce(&Report<'_>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let test = trainer.test()?;
    let progress = trainer.progress();
    let best = progress.best.ok_or_else(|| CliError::input("no epoch has been trained; give --epochs of at least 1"))?;
    let report = Report {
        kind: "result",
        best_epoch: best.epoch,
        epochs: progress.curve.len(),
        valid: best.valid,
        test: &test,
        curve: &progress.curve,
        setup,
    };
    if let Some(out) = out {
        io::write_file(&out.join("report.json"), &serde_json::to_vec_pretty(&report)?)?;
    }
    print(&report)
}

impl Report<'_> {
    pub(super) fn print(&self, global: &Global) -> Result<(), CliError> {
        if global.json {
            return output::json(self);
        }
        let header = ["part", "pairs", "AUC", "AP", "MRR", "hits@1", "hits@3", "hits@5", "hits@10", "types", "macro-F1"];
        let mut table = output::table(header, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        for (part, scores) in [("valid", self.valid), ("test", Some(self.test.scores))] {
            let Some(PairScores { pairs, auc, average_precision, ranks, type_accuracy, macro_f1 }) = scores else { continue };
            let row = [part.to_owned(), pairs.to_string(), number(auc), number(average_precision), format!("{:.4}", ranks.mrr)];
            let hits = ranks.hits.map(|share| format!("{share:.4}"));
            table.add_row(row.into_iter().chain(hits).chain([percent(type_accuracy), percent(macro_f1)]));
        }
        let each = self.setup.options.eval_negatives;
        output::line(format!("epoch {} of {}; ranks among {each} drawn pairs, ties by mean rank", self.best_epoch, self.epochs))?;
        output::line(table.to_string())?;
        let names: Vec<String> = self.setup.types.iter().map(|name| short(name).to_owned()).collect();
        self.test.confusion.clone().map_or(Ok(()), |counts| confusion::print(&PartScore::from(counts), &names))
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
