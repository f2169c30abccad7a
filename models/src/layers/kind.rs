//! The layers by name.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};

/// A layer of a node classifier, as the command line and checkpoints name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// [`Hgnn`](super::Hgnn)
    Hgnn,
    /// [`HgnnPlus`](super::HgnnPlus)
    HgnnPlus,
    /// [`HypergraphConv`](super::HypergraphConv)
    Conv,
    /// [`HypergraphAttention`](super::HypergraphAttention)
    Attention,
    /// [`UniGcn`](super::UniGcn)
    Unigcn,
    /// [`UniGin`](super::UniGin)
    Unigin,
    /// [`UniSage`](super::UniSage)
    Unisage,
    /// [`UniGat`](super::UniGat)
    Unigat,
    /// [`UniGcnII`](super::UniGcnII)
    Unigcnii,
    /// [`AllDeepSets`](super::AllDeepSets)
    AllDeepSets,
    /// [`AllSetTransformer`](super::AllSetTransformer)
    AllSetTransformer,
    /// [`EdHnn`](super::EdHnn)
    EdHnn,
    /// [`GatV2`](super::GatV2)
    GatV2,
    /// [`RelationalConv`](super::RelationalConv)
    Relational,
    /// [`StarENodes`](super::StarENodes)
    StarE,
}

impl LayerKind {
    /// Every layer.
    pub const ALL: [Self; 15] = [
        Self::Hgnn,
        Self::HgnnPlus,
        Self::Conv,
        Self::Attention,
        Self::Unigcn,
        Self::Unigin,
        Self::Unisage,
        Self::Unigat,
        Self::Unigcnii,
        Self::AllDeepSets,
        Self::AllSetTransformer,
        Self::EdHnn,
        Self::GatV2,
        Self::Relational,
        Self::StarE,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hgnn => "hgnn",
            Self::HgnnPlus => "hgnn-plus",
            Self::Conv => "conv",
            Self::Attention => "attention",
            Self::Unigcn => "unigcn",
            Self::Unigin => "unigin",
            Self::Unisage => "unisage",
            Self::Unigat => "unigat",
            Self::Unigcnii => "unigcnii",
            Self::AllDeepSets => "all-deep-sets",
            Self::AllSetTransformer => "all-set-transformer",
            Self::EdHnn => "ed-hnn",
            Self::GatV2 => "gat-v2",
            Self::Relational => "relational",
            Self::StarE => "star-e",
        }
    }

    /// Whether its layers are as wide as the network between a linear map before the first and a perceptron after the last, which gives the classes.
    pub const fn is_deep(self) -> bool {
        matches!(self, Self::Unigcnii | Self::AllDeepSets | Self::AllSetTransformer | Self::EdHnn | Self::StarE)
    }

    /// Whether it has heads, which divide the hidden width.
    pub const fn has_heads(self) -> bool {
        matches!(self, Self::Attention | Self::Unigat | Self::AllSetTransformer | Self::GatV2)
    }

    /// Whether it tells relations of hyperedges and roles of nodes apart, where the data has such.
    pub const fn has_kinds(self) -> bool {
        matches!(self, Self::Relational | Self::StarE)
    }
}

impl Display for LayerKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LayerKind {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|k| k.name() == s).ok_or_else(|| ModelError::option("layer", s, names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for kind in LayerKind::ALL {
            assert_eq!(kind.name().parse::<LayerKind>().unwrap(), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        let error = "gcn".parse::<LayerKind>().unwrap_err().to_string();
        assert!(error.starts_with("layer is gcn, expected hgnn, hgnn-plus, conv, attention, unigcn"), "{error}");
    }
}
