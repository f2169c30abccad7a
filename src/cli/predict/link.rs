//! `hgql predict link`: the entities that complete a statement best.

use std::path::PathBuf;

use hypergraphql_models::layers::Masks;
use hypergraphql_models::link::{FILE, LinkCheckpoint, Query};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use crate::cli::backend::{DeviceArg, WithBackend, dispatch};
use crate::cli::error::CliError;
use crate::cli::{Global, output};

/// Predict the object of a statement, or its subject.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                        hgql predict link --model wd50k_100 --subject Q95068 --relation P1411 --top 5\n  \
                        hgql predict link --model wd50k_100 --object Q103618 --relation P1411 --qualifier P805=Q917174\n\n\
                        Probabilities are a softmax over all entities.")]
pub(super) struct LinkArgs {
    /// Folder that `hgql train link-prediction --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Subject whose object is asked for.
    #[arg(long, value_name = "ENTITY", required_unless_present = "object", conflicts_with = "object")]
    subject: Option<String>,
    /// Object whose subject is asked for.
    #[arg(long, value_name = "ENTITY")]
    object: Option<String>,
    /// Relation.
    #[arg(long, value_name = "RELATION")]
    relation: String,
    /// A qualifier of the statement, as RELATION=ENTITY; may be repeated.
    #[arg(long, value_name = "RELATION=ENTITY")]
    qualifier: Vec<String>,
    /// Answers to show.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,
    /// Leave out answers that the training statements give.
    #[arg(long)]
    new: bool,
}

/// An answer; a JSON line.
#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    /// From 1.
    rank: usize,
    entity: &'a str,
    probability: f64,
    /// Whether a training statement says so.
    known: bool,
}

struct Prediction<'a> {
    checkpoint: &'a LinkCheckpoint,
    query: Query<'a>,
}

impl WithBackend for Prediction<'_> {
    type Out = Result<Vec<f32>, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let (precision, none) = (self.checkpoint.config.train.precision, Masks::none());
        precision.check::<B>(&device)?;
        let model = self.checkpoint.predictor::<B>(&device)?;
        let encoded = model.encode(&self.checkpoint.statements::<B>(&device)?, precision, &none)?;
        Ok(model.scores(&encoded, &[self.query], precision, &none)?.into_data().iter::<f32>().collect())
    }
}

/// Reads, predicts and prints.
pub(super) fn run(args: &LinkArgs, global: &Global) -> Result<(), CliError> {
    let checkpoint = LinkCheckpoint::read(&args.model.join(FILE))?;
    let entity = |name: &str| number("entity", name, &checkpoint.entities);
    let relation = |name: &str| number("relation", name, &checkpoint.relations);
    let asks_subject = args.subject.is_none();
    let given = entity(args.subject.as_deref().or(args.object.as_deref()).unwrap_or_default())?;
    let inverse = if asks_subject { checkpoint.relations.len() as u32 } else { 0 };
    let pairs = args.qualifier.iter().map(|text| {
        let pair = text.split_once('=').ok_or_else(|| CliError::input(format!("--qualifier: expected RELATION=ENTITY, found {text}")))?;
        Ok((relation(pair.0)?, entity(pair.1)?))
    });
    let qualifiers = pairs.collect::<Result<Vec<_>, CliError>>()?;
    let query = Query { entity: given, relation: relation(&args.relation)? + inverse, qualifiers: &qualifiers };
    let answers = hypergraphql_models::link::Answers::of(&checkpoint.train, checkpoint.relations.len());
    let scores = dispatch(args.device, Prediction { checkpoint: &checkpoint, query })??;
    let rows = rows(&scores, answers.to(&query), &checkpoint.entities, args);
    if global.json {
        return rows.iter().try_for_each(output::json);
    }
    let mut table = output::table(["rank", "entity", "probability", "known"], &[0, 2]);
    for Row { rank, entity, probability, known, .. } in rows {
        table.add_row([rank.to_string(), entity.to_owned(), format!("{probability:.4}"), if known { "yes" } else { "" }.to_owned()]);
    }
    output::line(table.to_string())
}

fn rows<'a>(scores: &[f32], known: &[u32], names: &'a [String], args: &LinkArgs) -> Vec<Row<'a>> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |score: f32| f64::from(score - highest).exp();
    let sum: f64 = scores.iter().map(|&score| weight(score)).sum();
    let mut order: Vec<u32> = (0..scores.len() as u32).filter(|id| !args.new || known.binary_search(id).is_err()).collect();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b)));
    let shown = order.into_iter().take(args.top as usize).zip(1..);
    let row = |(id, rank): (u32, usize)| Row {
        kind: "answer",
        rank,
        entity: &names[id as usize],
        probability: weight(scores[id as usize]) / sum,
        known: known.binary_search(&id).is_ok(),
    };
    shown.map(row).collect()
}

/// The number of a name that the model knows.
pub(super) fn number(what: &str, name: &str, names: &[String]) -> Result<u32, CliError> {
    if let Some(at) = names.iter().position(|known| known == name) {
        return Ok(at as u32);
    }
    let like = names.iter().filter(|known| known.contains(name) || name.contains(known.as_str())).take(5).cloned().collect::<Vec<_>>();
    let help = if like.is_empty() {
        format!("the model knows {} of them, such as {}", names.len(), names[0])
    } else {
        format!("there are {}", like.join(", "))
    };
    Err(CliError::input(format!("the model knows no {what} {name:?}")).with_help(help))
}
