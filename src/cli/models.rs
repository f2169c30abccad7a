//! `--model` and `--encoder`: the networks that `SIMILAR` and `PREDICT` ask.

use std::path::{Path, PathBuf};

use hypergraphql::learned::{LinkScorer, TextScorer};
use hypergraphql_models::{ModelError, Precision};
use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::DeviceSpec;
use hypergraphql_runtime::engine::QueryOptions;
use hypergraphql_runtime::learned::Learned;
use oxrdf::NamedNode;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;

/// What the learned operators of a query ask.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ModelArgs {
    /// Network for PREDICT and for SIMILAR to a node: a folder that `hgql train link-prediction --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// What names of the network are appended to, as `hgql load --namespace` says of the knowledge base [default: `http://example.org/`].
    #[arg(long, value_name = "IRI", requires = "model")]
    model_namespace: Option<String>,
    /// Encoder for SIMILAR to a text: a Hugging Face folder of the BERT family.
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Predicate whose strings are the texts of nodes [default: rdfs:label].
    #[arg(long, value_name = "IRI", requires = "encoder", value_parser = super::load::iri)]
    label: Option<NamedNode>,
}

impl ModelArgs {
    /// The options with the networks, which compute on this device.
    pub(crate) fn apply(&self, device: DeviceSpec, options: QueryOptions) -> Result<QueryOptions, CliError> {
        let mut learned = Learned::default();
        let on = DeviceArg { device, kernels: None };
        if let Some(folder) = &self.model {
            learned = dispatch(on, Links { folder, name: device.to_string(), learned })??;
        }
        if let Some(folder) = &self.encoder {
            let label = self.label.clone().unwrap_or_else(|| oxrdf::vocab::rdfs::LABEL.into_owned());
            learned = dispatch(on, Texts { folder, name: device.to_string(), label, learned })??;
        }
        if let Some(namespace) = &self.model_namespace {
            learned = learned.in_namespace(namespace);
        }
        Ok(QueryOptions { learned, ..options })
    }
}

struct Links<'a> {
    folder: &'a Path,
    name: String,
    learned: Learned,
}

impl WithBackend for Links<'_> {
    type Out = Result<Learned, ModelError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        Ok(self.learned.with_links(LinkScorer::<B>::open(self.folder, device, self.name)?))
    }
}

struct Texts<'a> {
    folder: &'a Path,
    name: String,
    label: NamedNode,
    learned: Learned,
}

impl WithBackend for Texts<'_> {
    type Out = Result<Learned, ModelError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let scorer = TextScorer::<B>::open(self.folder, Precision::F32, &device, self.name)?;
        Ok(self.learned.with_texts(scorer, self.label))
    }
}
