//! Hyperparameters: from flags, else from the checkpoint or a TOML file, else the defaults.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use hypergraphql_framework::encodings::Encoding;
use hypergraphql_framework::sample::Fanout;
use hypergraphql_models::layers::{Combine, Composition};
use hypergraphql_models::schedule::Schedule;
use hypergraphql_models::train::{Batches, ClassWeights, OptimizerKind, TrainConfig};
use hypergraphql_models::{AttentionMode, LayerKind, NodeClassifierConfig, Norm, Precision};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::cli::error::CliError;

/// Hyperedges of a node and members of a hyperedge that a hop takes.
const FANOUT: u32 = 10;

/// More runs than this are a mistyped option.
const MAX_RUNS: u32 = 10_000;

/// One of some names, which help and completions show.
fn choice<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    PossibleValuesParser::new(names.iter().copied()).try_map(|name| name.parse::<T>())
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// The flags; what is not given is not serialised.
#[derive(Debug, Clone, Serialize, clap::Args)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Hyperparameters")]
pub(crate) struct Flags {
    /// The layer that is stacked [default: hgnn].
    #[arg(long, value_parser = choice::<LayerKind>(&[
        "hgnn", "hgnn-plus", "conv", "attention", "unigcn", "unigin", "unisage", "unigat", "unigcnii", "all-deep-sets", "all-set-transformer", "ed-hnn",
        "gat-v2", "relational", "star-e"
    ]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<LayerKind>,
    /// Independent trainings, with seeds SEED, SEED + 1, ... [default: 1].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<u32>,
    /// Draws weights, dropout, and what the data set lacks: splits, features [default: 0].
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    /// Type of the hidden layers; f16 scales the loss [default: f32].
    #[arg(long, value_parser = choice::<Precision>(&["f32", "bf16", "f16"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
    /// Width between layers; with attention all heads together [default: 256].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<u32>,
    /// Layers; of unigcnii, all-deep-sets, all-set-transformer, ed-hnn and star-e those before the perceptron that gives the classes [default: 2].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<u32>,
    /// Heads of attention, unigat, all-set-transformer and gat-v2 [default: 4].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    heads: Option<u32>,
    /// Attention coefficients sum to 1 over a hyperedge's members (node) or a node's hyperedges (edge) [default: node].
    #[arg(long, value_parser = choice::<AttentionMode>(&["node", "edge"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    attention_mode: Option<AttentionMode>,
    /// Linear maps of the perceptrons inside all-deep-sets and all-set-transformer, and of ed-hnn's after its nodes [default: 2].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    mlp_layers: Option<u32>,
    /// Linear maps of ed-hnn's perceptron of members; 0: none [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    member_layers: Option<u32>,
    /// Linear maps of ed-hnn's perceptron of pairs; 0: none [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pair_layers: Option<u32>,
    /// Normalise what ed-hnn's perceptrons of members and of nodes read [default: off].
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "on")]
    #[serde(skip_serializing_if = "Option::is_none")]
    mlp_input_norm: Option<Switch>,
    /// Linear maps of the perceptron that gives the classes, where there is one [default: 1].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    head_layers: Option<u32>,
    /// Share of the initial features in each layer of unigcnii and ed-hnn [default: 0.1].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    alpha: Option<f64>,
    /// How ed-hnn combines what meets in a hyperedge and in a node [default: mean].
    #[arg(long, value_parser = choice::<Combine>(&["mean", "sum"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    combine: Option<Combine>,
    /// Matrices that the weights of all kinds in relational are sums of; 0: a weight for each kind [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    bases: Option<u32>,
    /// How star-e composes a node and a relation [default: mult].
    #[arg(long, value_parser = choice::<Composition>(&["mult", "rotate"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    composition: Option<Composition>,
    /// Columns after the features that say where a node is: none, random-walk:STEPS, laplacian:VECTORS or laplacian:VECTORS:SEED, which draws their signs
    /// [default: none].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    /// What follows each hidden layer; layer is layer normalisation [default: layer with attention and star-e, else none].
    #[arg(long, value_parser = choice::<Norm>(&["none", "layer"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    norm: Option<Norm>,
    /// Epochs at most [default: 500].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    epochs: Option<u32>,
    /// Highest learning rate [default: 0.001].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lr: Option<f64>,
    /// Weight decay [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<f64>,
    /// Probability of dropping an activation [default: 0.5].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<f64>,
    /// Probability of dropping a feature of what the network reads; of sparse features it drops entries [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    input_dropout: Option<f64>,
    /// Give every node that owns no singleton hyperedge one [default: on].
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    self_loops: Option<Switch>,
    /// The optimiser [default: adam].
    #[arg(long, value_parser = choice::<OptimizerKind>(&["adam", "adamw"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    optimizer: Option<OptimizerKind>,
    /// How the learning rate falls [default: constant].
    #[arg(long, value_parser = choice::<Schedule>(&["constant", "cosine"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    /// Epochs of linear rise to the highest learning rate [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    warmup: Option<u32>,
    /// Stop after this many epochs without a better validation accuracy; 0 never [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    patience: Option<u32>,
    /// Largest norm of all gradients together; 0 no limit [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clip: Option<f64>,
    /// none, balanced, or a weight per class such as 1,2,0.5 [default: none].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    class_weights: Option<ClassWeights>,
    /// Training nodes of a mini-batch, each with a sample of what surrounds it; 0 all at once [default: 0].
    #[arg(long, conflicts_with = "clusters")]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_size: Option<u32>,
    /// With --batch-size: hyperedges of a node and members of a hyperedge that each hop takes, from the training nodes outwards, such as 10x8,5xall; all takes
    /// everything [default: 10x10 for each layer].
    #[arg(long, value_name = "EDGESxMEMBERS,…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    fanout: Option<Fanout>,
    /// Clusters that the nodes are divided into, for mini-batches of clusters; 0 none [default: 0].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clusters: Option<u32>,
    /// With --clusters: how many make a mini-batch [default: 1].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clusters_per_batch: Option<u32>,
    /// Mini-batches whose gradients are added up before a step [default: 1].
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    accumulate: Option<u32>,
    /// Compute the activations of a layer again in the backward pass instead of keeping them: less memory, more time [default: off].
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "on")]
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint_activations: Option<Switch>,
}

/// All hyperparameters, as the report echoes them and a TOML file may set them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Options {
    pub(crate) layer: LayerKind,
    pub(crate) runs: u32,
    pub(crate) seed: u64,
    pub(crate) precision: Precision,
    pub(crate) hidden: u32,
    pub(crate) layers: u32,
    pub(crate) heads: u32,
    pub(crate) attention_mode: AttentionMode,
    pub(crate) mlp_layers: u32,
    pub(crate) member_layers: u32,
    pub(crate) pair_layers: u32,
    pub(crate) mlp_input_norm: Switch,
    pub(crate) head_layers: u32,
    pub(crate) alpha: f64,
    pub(crate) combine: Combine,
    pub(crate) bases: u32,
    pub(crate) composition: Composition,
    pub(crate) encoding: Encoding,
    pub(crate) norm: Norm,
    pub(crate) epochs: u32,
    pub(crate) lr: f64,
    pub(crate) weight_decay: f64,
    pub(crate) dropout: f64,
    pub(crate) input_dropout: f64,
    pub(crate) self_loops: Switch,
    pub(crate) optimizer: OptimizerKind,
    pub(crate) schedule: Schedule,
    pub(crate) warmup: u32,
    pub(crate) patience: u32,
    pub(crate) clip: f64,
    pub(crate) class_weights: ClassWeights,
    pub(crate) batch_size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fanout: Option<Fanout>,
    pub(crate) clusters: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clusters_per_batch: Option<u32>,
    pub(crate) accumulate: u32,
    pub(crate) checkpoint_activations: Switch,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            layer: LayerKind::Hgnn,
            runs: 1,
            seed: 0,
            precision: Precision::F32,
            hidden: 256,
            layers: 2,
            heads: 4,
            attention_mode: AttentionMode::Node,
            mlp_layers: 2,
            member_layers: 0,
            pair_layers: 0,
            mlp_input_norm: Switch::Off,
            head_layers: 1,
            alpha: 0.1,
            combine: Combine::Mean,
            bases: 0,
            composition: Composition::Mult,
            encoding: Encoding::None,
            norm: Norm::None,
            epochs: 500,
            lr: 1e-3,
            weight_decay: 0.0,
            dropout: 0.5,
            input_dropout: 0.0,
            self_loops: Switch::On,
            optimizer: OptimizerKind::Adam,
            schedule: Schedule::Constant,
            warmup: 0,
            patience: 0,
            clip: 0.0,
            class_weights: ClassWeights::None,
            batch_size: 0,
            fanout: None,
            clusters: 0,
            clusters_per_batch: None,
            accumulate: 1,
            checkpoint_activations: Switch::Off,
        }
    }
}

impl Flags {
    /// The layer, where it is given.
    pub(crate) fn layer(&self) -> Option<LayerKind> {
        self.layer
    }
}

impl Options {
    /// The network for features this wide and this many classes.
    pub(crate) fn network(&self, features: usize, classes: usize) -> NodeClassifierConfig {
        NodeClassifierConfig::new(self.layer, features, classes)
            .with_hidden(self.hidden as usize)
            .with_layers(self.layers as usize)
            .with_heads(self.heads as usize)
            .with_attention_mode(self.attention_mode)
            .with_mlp_layers(self.mlp_layers as usize)
            .with_member_layers(self.member_layers as usize)
            .with_pair_layers(self.pair_layers as usize)
            .with_head_layers(self.head_layers as usize)
            .with_alpha(self.alpha)
            .with_combine(self.combine)
            .with_bases((self.bases > 0).then_some(self.bases as usize))
            .with_composition(Some(self.composition))
            .with_norm(self.norm)
            .with_dropout(self.dropout)
            .with_input_dropout((self.input_dropout != 0.0).then_some(self.input_dropout))
            .with_mlp_input_norm((self.mlp_input_norm == Switch::On).then_some(true))
    }

    /// The training of run `run`.
    pub(crate) fn training(&self, run: u32) -> TrainConfig {
        TrainConfig {
            seed: self.seed.wrapping_add(run.into()),
            epochs: self.epochs as usize,
            optimizer: self.optimizer,
            lr: self.lr,
            weight_decay: self.weight_decay,
            schedule: self.schedule,
            warmup: self.warmup as usize,
            patience: (self.patience > 0).then_some(self.patience as usize),
            clip: (self.clip != 0.0).then_some(self.clip),
            class_weights: self.class_weights.clone(),
            precision: self.precision,
            batches: self.batches(),
            accumulate: self.accumulate as usize,
            recompute: self.checkpoint_activations == Switch::On,
        }
    }

    /// What a step reads.
    fn batches(&self) -> Batches {
        if self.clusters > 0 {
            let per_batch = self.clusters_per_batch.unwrap_or(1) as usize;
            return Batches::Clusters { parts: self.clusters as usize, per_batch };
        }
        match (self.batch_size, &self.fanout) {
            (0, _) => Batches::Full,
            (size, Some(fanout)) => Batches::Neighbours { size: size as usize, fanout: fanout.clone() },
            (size, None) => Batches::Neighbours { size: size as usize, fanout: Fanout::uniform(FANOUT, self.layers as usize) },
        }
    }

    /// Refuses options of batches without the batches that they are for.
    fn check_batches(&self) -> Result<(), CliError> {
        let lacks =
            |what: &str, needs: &str| Err(CliError::input(format!("{what} is set, and {needs} is not")).with_help(format!("give {needs}")));
        if self.batch_size > 0 && self.clusters > 0 {
            return Err(CliError::input("batch-size and clusters are both set").with_help("choose one of the two kinds of mini-batches"));
        }
        if self.fanout.is_some() && self.batch_size == 0 {
            return lacks("fanout", "batch-size");
        }
        if self.clusters_per_batch.is_some() && self.clusters == 0 {
            return lacks("clusters-per-batch", "clusters");
        }
        Ok(())
    }
}

/// Flags over the file's options over the defaults; with a checkpoint, its options and nothing that differs from them.
pub(crate) fn resolve(flags: &Flags, config: Option<&Path>, checkpoint: Option<&Options>) -> Result<Options, CliError> {
    let mut table = config.map(read).transpose()?.unwrap_or_default();
    let given = Table::try_from(flags).map_err(|e| CliError::input(format!("flags: {e}")))?;
    table.extend(given);
    let Some(checkpoint) = checkpoint else {
        let sets_norm = table.contains_key("norm");
        let mut options = from_table(table)?;
        if !sets_norm && matches!(options.layer, LayerKind::Attention | LayerKind::StarE) {
            options.norm = Norm::Layer;
        }
        return checked(options);
    };
    let own = Table::try_from(checkpoint).map_err(|e| CliError::failed(format!("options of the checkpoint: {e}")))?;
    // Through the types, so that 1 and 1.0 are the same.
    let mut all = own.clone();
    all.extend(table);
    let wanted = from_table(all)?;
    if wanted == *checkpoint {
        return Ok(wanted);
    }
    let wanted = Table::try_from(&wanted).unwrap_or_default();
    let differing: Vec<String> = own.iter().filter_map(|(key, value)| differs(key, value, wanted.get(key))).collect();
    let added = wanted.iter().filter(|(key, _)| !own.contains_key(*key)).map(|(key, value)| format!("{key} is not set, not {value}"));
    let differing: Vec<String> = differing.into_iter().chain(added).collect();
    let help = "leave those options out with --resume, or start a new training without it";
    Err(CliError::input(format!("the checkpoint was trained with other options: {}", differing.join(", "))).with_help(help))
}

/// Options of a network that comes from `file` with its sizes, which the flags must not contradict. Self-loops are off unless asked for:
/// other libraries add none.
pub(crate) fn resolve_imported(flags: &Flags, file: &Path, network: &NodeClassifierConfig) -> Result<Options, CliError> {
    let unfit = |e: toml::ser::Error| CliError::failed(format!("options of {}: {e}", file.display()));
    let mut table = Table::try_from(flags).map_err(|e| CliError::input(format!("flags: {e}")))?;
    let size = |size: usize| Value::Integer(size as i64);
    let named = |name: &str| Value::String(name.to_owned());
    let mut own = Table::new();
    own.insert("layer".into(), named(network.layer.name()));
    own.insert("layers".into(), size(network.layers));
    own.insert("norm".into(), named(&network.norm.to_string()));
    own.insert("runs".into(), Value::Integer(1));
    if network.layers > 1 {
        own.insert("hidden".into(), size(network.hidden));
    }
    if network.layer == LayerKind::Attention {
        own.insert("heads".into(), size(network.heads));
    }
    let differing: Vec<String> = own.iter().filter_map(|(key, value)| differs(key, value, table.get(key))).collect();
    if !differing.is_empty() {
        let message = format!("{}: the flags do not fit the network: {}", file.display(), differing.join(", "));
        return Err(CliError::input(message).with_help("leave those flags out: the file tells them"));
    }
    table.extend(own);
    table.entry("self-loops").or_insert(Value::try_from(Switch::Off).map_err(unfit)?);
    checked(from_table(table)?)
}

fn differs(key: &str, own: &Value, wanted: Option<&Value>) -> Option<String> {
    let wanted = wanted.filter(|w| *w != own)?;
    Some(format!("{key} is {own}, not {wanted}"))
}

fn from_table(table: Table) -> Result<Options, CliError> {
    table.try_into().map_err(|e: toml::de::Error| CliError::input(format!("options: {}", e.message())))
}

fn checked(options: Options) -> Result<Options, CliError> {
    if !(1..=MAX_RUNS).contains(&options.runs) {
        return Err(CliError::input(format!("runs is {}, expected 1 to {MAX_RUNS}", options.runs)));
    }
    options.check_batches()?;
    options.training(0).check()?;
    Ok(options)
}

fn read(path: &Path) -> Result<Table, CliError> {
    let text = fs::read_to_string(path).map_err(|e| CliError::input(format!("{}: {e}", path.display())))?;
    let named = |e: toml::de::Error| {
        CliError::input(format!("{}: {}", path.display(), e.to_string().trim_end()))
            .with_help("options are named as the flags are: `lr = 0.01`")
    };
    // First with the types, for errors that point into the file.
    toml::from_str::<Options>(&text).map_err(named)?;
    toml::from_str(&text).map_err(named)
}

#[cfg(test)]
mod tests;
