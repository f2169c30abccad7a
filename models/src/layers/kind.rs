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
}

impl LayerKind {
    /// Every layer.
    pub const ALL: [Self; 4] = [Self::Hgnn, Self::HgnnPlus, Self::Conv, Self::Attention];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hgnn => "hgnn",
            Self::HgnnPlus => "hgnn-plus",
            Self::Conv => "conv",
            Self::Attention => "attention",
        }
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
        assert_eq!("gcn".parse::<LayerKind>().unwrap_err().to_string(), "layer is gcn, expected hgnn, hgnn-plus, conv, attention");
    }
}
