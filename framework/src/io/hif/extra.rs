//! What a dataset has beyond HIF: kept in `metadata.hypergraphql` and in the attributes of nodes.

use serde::{Deserialize, Serialize};
use sprs::CsMat;

use super::relations::RelationNames;
use crate::dataset::split::{by_set, from_sets};
use crate::{Dataset, Features, Labels, Split};

#[derive(Deserialize, Serialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Extra {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) classes: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) label_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) features: Option<Shape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) splits: Vec<Set>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) relations: Option<RelationNames>,
}

#[derive(Deserialize, Serialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) sparse: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    name: String,
    splits: Vec<String>,
}

/// Attributes of a node; other keys are not ours.
#[derive(Deserialize, Serialize, Default)]
pub(super) struct NodeAttrs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) features: Option<Vec<f32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) columns: Option<Vec<usize>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) values: Option<Vec<f32>>,
}

impl NodeAttrs {
    /// The keys of all fields.
    pub(super) const KEYS: [&str; 4] = ["class", "features", "columns", "values"];
}

impl Extra {
    /// None when the dataset is a hypergraph with names.
    pub(super) fn of(dataset: &Dataset) -> Option<Self> {
        let (features, labels) = (&dataset.features, &dataset.labels);
        let shape = Shape { width: features.width(), sparse: matches!(features, Features::Sparse(_)) };
        let nodes = dataset.hypergraph.nodes();
        let set =
            |(name, splits): (&str, &[Split])| Set { name: name.to_owned(), splits: splits.iter().map(|s| s.to_text(nodes)).collect() };
        let extra = Self {
            classes: labels.as_ref().map(|l| l.classes),
            label_names: dataset.label_names.clone(),
            features: (*features != Features::None).then_some(shape),
            splits: by_set(&dataset.splits, &dataset.split_sets).into_iter().map(set).collect(),
            relations: dataset.relations.as_ref().map(RelationNames::of),
        };
        let empty = extra.classes.is_none() && extra.label_names.is_empty() && extra.features.is_none() && extra.relations.is_none();
        (!empty || !extra.splits.is_empty()).then_some(extra)
    }

    /// Puts labels, features and splits into the dataset; the message says what is wrong.
    pub(super) fn apply(self, attrs: Vec<NodeAttrs>, dataset: &mut Dataset) -> Result<(), String> {
        let nodes = dataset.hypergraph.nodes();
        dataset.label_names = self.label_names;
        if let Some(classes) = self.classes {
            dataset.labels = Some(Labels { classes, of: attrs.iter().map(|a| a.class).collect() });
        }
        if let Some(shape) = self.features {
            dataset.features = if shape.sparse { sparse(shape.width, attrs)? } else { dense(shape.width, attrs)? };
        }
        let mut sets = Vec::new();
        for set in self.splits {
            let read = |text: &String| match Split::from_text(text.as_bytes()) {
                Ok(split) if text.len() == nodes => Ok(split),
                Ok(_) => Err(format!("a split of {} characters for {nodes} nodes", text.len())),
                Err(at) => Err(format!("another character than 0, 1, 2 and - in a split, at {}", at + 1)),
            };
            sets.push((set.name, set.splits.iter().map(read).collect::<Result<Vec<_>, _>>()?));
        }
        (dataset.splits, dataset.split_sets) = from_sets(sets);
        Ok(())
    }
}

fn dense(width: usize, attrs: Vec<NodeAttrs>) -> Result<Features, String> {
    let (rows, mut values) = (attrs.len(), Vec::new());
    for (i, attrs) in attrs.into_iter().enumerate() {
        let row = attrs.features.unwrap_or_default();
        if row.len() != width {
            return Err(format!("{} features instead of {width} for node {i}", row.len()));
        }
        values.extend(row);
    }
    ndarray::Array2::from_shape_vec((rows, width), values).map(Features::Dense).map_err(|e| e.to_string())
}

fn sparse(width: usize, attrs: Vec<NodeAttrs>) -> Result<Features, String> {
    let (rows, mut ptr, mut col, mut data) = (attrs.len(), vec![0], Vec::new(), Vec::new());
    for (i, attrs) in attrs.into_iter().enumerate() {
        let columns = attrs.columns.unwrap_or_default();
        let values = attrs.values.unwrap_or_else(|| vec![1.0; columns.len()]);
        if values.len() != columns.len() {
            return Err(format!("{} values for {} columns of node {i}", values.len(), columns.len()));
        }
        col.extend(columns);
        data.extend(values);
        ptr.push(col.len());
    }
    CsMat::try_new((rows, width), ptr, col, data).map(Features::Sparse).map_err(|e| e.3.to_string())
}

/// The attributes of node `i`.
pub(super) fn attrs_of(dataset: &Dataset, i: usize) -> Option<NodeAttrs> {
    let mut attrs = NodeAttrs { class: dataset.labels.as_ref().and_then(|l| l.of[i]), ..NodeAttrs::default() };
    match &dataset.features {
        Features::None => return attrs.class.is_some().then_some(attrs),
        Features::Dense(x) => attrs.features = Some(x.row(i).to_vec()),
        Features::Sparse(x) => {
            let (columns, values): (Vec<_>, Vec<f32>) = match x.outer_view(i) {
                Some(row) => row.iter().map(|(c, v)| (c, *v)).unzip(),
                None => (Vec::new(), Vec::new()),
            };
            attrs.values = values.iter().any(|v| *v != 1.0).then_some(values);
            attrs.columns = Some(columns);
        }
    }
    Some(attrs)
}
