//! `hgql import`: a network trained in Python, as a checkpoint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hypergraphql_framework::{Dataset, Duplicates, Split, io};
use hypergraphql_models::NodeClassifierConfig;
use hypergraphql_models::checkpoint::{self, Checkpoint, DatasetPrint, FORMAT, Manifest, VERSION, split_digest};
use hypergraphql_models::import::{StateDict, import_classifier, infer_config};
use hypergraphql_models::task::TaskConfig;
use hypergraphql_models::train::{Progress, labelled};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::train::checkpoints::Notes;
use super::train::options::{self, Flags, Options, Switch};
use super::train::splits::{self, Splits};
use super::{Global, output};

/// Make a checkpoint of a network trained in Python.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads the state dict of a stack of PyTorch Geometric's HypergraphConv (conv, or attention with use_attention=True) or of \
                  DHG's HGNNConv (hgnn) or HGNNPConv (hgnn-plus), saved by safetensors.torch.save_file, and writes a checkpoint for \
                  `hgql predict` and, where the data set has labels, for `hgql train node-classification --resume`.\n\n\
                  The file tells the sizes; layers are taken in the order of their numbers (convs.0, convs.1 or conv1, conv2), with ReLU \
                  between them, and layer norms are named norms.0, norms.1. The options of a training that goes on are given here. Self-loop \
                  hyperedges are off unless --self-loops on says that the network was trained with them."
)]
#[command(after_help = "Examples:\n  \
                        hgql import model.safetensors --layer conv --data data/cora --out imported\n  \
                        hgql import model.safetensors --layer conv --data data/cora --out imported --epochs 50 --lr 0.0005\n  \
                        hgql predict --model imported --data data/cora\n  \
                        hgql train node-classification --data data/cora --resume imported")]
pub(crate) struct ImportArgs {
    /// State dict as a safetensors file.
    file: PathBuf,
    /// Folder or file of the data set that the network was trained on.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Checkpoint to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    #[command(flatten)]
    flags: Flags,
    /// Splits for a training that goes on, as `hgql train` takes them.
    #[arg(long, value_name = "FILE")]
    splits: Option<PathBuf>,
    /// What a node twice in a hyperedge means: merge (once, with a warning), sum (weights add up) or error.
    #[arg(long, value_name = "RULE", default_value_t)]
    duplicates: Duplicates,
}

/// What was imported.
#[derive(Serialize)]
struct Imported<'a> {
    kind: &'static str,
    output: &'a Path,
    layer: &'static str,
    layers: usize,
    features: usize,
    hidden: usize,
    classes: usize,
    parameters: usize,
    /// Whether a training can go on from it.
    resumable: bool,
}

/// The file and the network that it fills.
struct Import {
    dict: StateDict,
    network: NodeClassifierConfig,
}

impl WithBackend for Import {
    type Out = hypergraphql_models::Result<checkpoint::NamedTensors>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let model = import_classifier(self.network.init::<B>(&device, 0)?, self.dict)?;
        Ok(checkpoint::save(&model))
    }
}

/// Reads, checks and writes.
pub(crate) fn run(args: ImportArgs, global: &Global) -> Result<(), CliError> {
    let layer = args.flags.layer().ok_or_else(|| {
        CliError::input("--layer is missing: a state dict does not tell its layer").with_help("give --layer conv for HypergraphConv")
    })?;
    let dict = StateDict::open(&args.file)?;
    let sizes = infer_config(&dict, layer)?;
    let options = options::resolve_imported(&args.flags, &args.file, &sizes)?;
    let dataset = io::read_with(&args.data, io::Options { format: None, duplicates: args.duplicates })?;
    let task = TaskConfig::for_dataset(&dataset, options.self_loops == Switch::On, options.seed).with_encoding(options.encoding);
    let width = task.prepare(&dataset)?.features.width();
    check_fit(&args, &sizes, &dataset, width)?;
    let network = options.network(sizes.features, sizes.classes);
    network.check()?;
    checkpoint::check_place(&args.out)?;
    let model = dispatch(args.device, Import { dict, network: network.clone() })??;
    let parameters = model.values().map(|t| t.values.len()).sum();
    let splits = if dataset.labels.is_some() { splits::choose(&dataset, args.splits.as_deref(), &options)? } else { Splits::default() };
    let manifest = manifest(options, network, task, &dataset, width, &splits)?;
    checkpoint::write(&args.out, Checkpoint::untrained(manifest, model))?;
    let imported = Imported {
        kind: "imported",
        output: &args.out,
        layer: layer.name(),
        layers: sizes.layers,
        features: sizes.features,
        hidden: sizes.hidden,
        classes: sizes.classes,
        parameters,
        resumable: dataset.labels.is_some(),
    };
    if global.json { output::json(&imported) } else { output::line(text(&imported)) }
}

/// The data set must have the features and classes of the network.
fn check_fit(args: &ImportArgs, sizes: &NodeClassifierConfig, dataset: &Dataset, width: usize) -> Result<(), CliError> {
    let (file, data) = (args.file.display(), args.data.display());
    if width != sizes.features {
        return Err(CliError::input(format!(
            "{data}: {width} feature columns, expected {} as the first layer of {file} takes",
            sizes.features
        )));
    }
    match &dataset.labels {
        Some(labels) if labels.classes != sizes.classes => Err(CliError::input(format!(
            "{data}: {} classes, expected {} as the last layer of {file} gives",
            labels.classes, sizes.classes
        ))),
        _ => Ok(()),
    }
}

fn manifest(
    options: Options,
    model: NodeClassifierConfig,
    task: TaskConfig,
    dataset: &Dataset,
    width: usize,
    splits: &Splits,
) -> Result<Manifest, CliError> {
    let train = options.training(0);
    let none = Split::default();
    let split = splits.of.first().unwrap_or(&none);
    if let Some(split) = splits.of.first() {
        split.check(dataset.hypergraph.nodes())?;
    }
    let totals = dataset.labels.as_ref().map_or([0; 3], |labels| labelled(labels, split));
    let notes = Notes { options, splits: splits.digest(), run: 0, done: Vec::new(), seconds: 0.0 };
    Ok(Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        model,
        task,
        dataset: DatasetPrint::of(dataset, width),
        split: split_digest([split]),
        progress: Progress::new(&train, totals),
        train,
        notes: serde_json::to_value(&notes)?,
        files: BTreeMap::new(),
    })
}

fn text(imported: &Imported<'_>) -> String {
    let Imported { output, layer, layers, features, hidden, classes, parameters, resumable, .. } = imported;
    let widths = if *layers > 1 { format!("{features} features, hidden {hidden}") } else { format!("{features} features") };
    let rest = if *resumable { "" } else { "; it predicts, and cannot be trained on without labels" };
    format!("{}: {layers} layers of {layer}, {widths}, {classes} classes, {parameters} parameters{rest}", output.display())
}
