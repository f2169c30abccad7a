//! `KernelConfig`: which variant of an op runs where it has several.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a choice of variants was refused.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// An op that has no variants.
    #[error("no op named {got:?} has variants, expected {expected}")]
    Op {
        /// What was found.
        got: String,
        /// The ops.
        expected: String,
    },
    /// A variant that the op does not have.
    #[error("{op} has no variant {got:?}, expected {expected}")]
    Variant {
        /// The op.
        op: &'static str,
        /// What was found.
        got: String,
        /// Its variants.
        expected: String,
    },
    /// An entry that is not OP=VARIANT.
    #[error("{got:?} is no choice of a variant, expected OP=VARIANT, several separated by commas, as in {EXAMPLE:?}")]
    Form {
        /// What was found.
        got: String,
    },
    /// A variant that the device cannot run.
    #[error("{op} = {got} is not possible on {device}: {why}; there it is {expected}")]
    Device {
        /// The op.
        op: &'static str,
        /// The variant.
        got: String,
        /// The device.
        device: String,
        /// What it lacks.
        why: String,
        /// The variants that it has.
        expected: String,
    },
}

const EXAMPLE: &str = "attention=flash,relation=simple";

/// An enumeration of variants: their names, other names that are understood, and what they are.
macro_rules! variants {
    ($(#[$doc:meta])* $Name:ident, $op:literal, { $($(#[$variant_doc:meta])* $Variant:ident = $name:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $Name {
            /// What was measured to be the fastest on the device, by `hgql tune kernels`; before that the first of the others, but of `relation` tensor
            /// cores where the device has them for the type, and of `graph_conv` blocks where they are dense.
            #[default]
            Auto,
            $($(#[$variant_doc])* $Variant),+
        }

        impl $Name {
            /// The op that has them.
            pub const OP: &'static str = $op;
            /// All variants, `Auto` last.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+ Self::Auto];

            /// The name on the command line and in files.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Auto => "auto",
                    $(Self::$Variant => $name),+
                }
            }

            /// The names of all.
            pub fn names() -> String {
                Self::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ")
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $Name {
            type Err = ConfigError;

            fn from_str(text: &str) -> Result<Self, ConfigError> {
                match text {
                    "auto" => Ok(Self::Auto),
                    $($name $(| $alias)* => Ok(Self::$Variant),)+
                    _ => Err(ConfigError::Variant { op: $op, got: text.to_owned(), expected: Self::names() }),
                }
            }
        }

        impl TryFrom<String> for $Name {
            type Error = ConfigError;

            fn try_from(text: String) -> Result<Self, ConfigError> {
                text.parse()
            }
        }

        impl From<$Name> for &'static str {
            fn from(v: $Name) -> Self {
                v.name()
            }
        }
    };
}

variants!(
    /// Variants of `flash_attention`.
    AttentionKernel, "attention", {
        /// By tiles, with the softmax made as the keys come by; memory O(T).
        Flash = "flash" | "flash_attention_v2",
        /// By whole matrices of scores, through the backend's products; memory O(T²).
        Reference = "reference",
    }
);

variants!(
    /// Variants of `sparse_conv`.
    GraphConvKernel, "graph_conv", {
        /// By entries: each gathers a row.
        Csr = "csr" | "sparse_optimized",
        /// By dense blocks of 16, 32 or 64 rows and columns, wherever there is an entry.
        Bsr = "bsr",
    }
);

variants!(
    /// Variants of `hypergraph_conv`.
    HyperedgeKernel, "hyperedge", {
        /// Nodes to hyperedges, then hyperedges to nodes; the features of the hyperedges lie in memory between.
        TwoPass = "two-pass",
        /// Both at once, without an array over the hyperedges; after HyperGef (Yang et al., MLSys 2023).
        Fused = "fused",
    }
);

variants!(
    /// Variants of `relation_linear`.
    RelationKernel, "relation", {
        /// By the units themselves.
        Simple = "simple",
        /// By tensor cores.
        TensorCore = "tensor-core" | "tensor_core" | "tensor_core_optimized",
    }
);

/// The variants of the ops that have several.
///
/// As text, `attention=flash,relation=simple`; in TOML, a table with the same names. What is not named is `auto`.
///
/// ```
/// use hypergraphql_ops::{AttentionKernel, KernelConfig};
///
/// let config: KernelConfig = "attention=reference".parse()?;
/// assert_eq!(config.attention, AttentionKernel::Reference);
/// assert_eq!(config.to_string(), "attention=reference,graph_conv=auto,hyperedge=auto,relation=auto");
/// assert!("attention=fast".parse::<KernelConfig>().unwrap_err().to_string().contains("expected flash, reference, auto"));
/// # Ok::<(), hypergraphql_ops::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KernelConfig {
    /// Of `flash_attention`.
    pub attention: AttentionKernel,
    /// Of `sparse_conv`.
    pub graph_conv: GraphConvKernel,
    /// Of `hypergraph_conv`.
    pub hyperedge: HyperedgeKernel,
    /// Of `relation_linear`.
    pub relation: RelationKernel,
}

impl KernelConfig {
    /// The ops that have variants, with their names.
    pub fn legal() -> String {
        let ops = [
            (AttentionKernel::OP, AttentionKernel::names()),
            (GraphConvKernel::OP, GraphConvKernel::names()),
            (HyperedgeKernel::OP, HyperedgeKernel::names()),
            (RelationKernel::OP, RelationKernel::names()),
        ];
        ops.map(|(op, names)| format!("{op} = {names}")).join("; ")
    }
}

impl fmt::Display for KernelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attention, graph_conv, hyperedge, relation } = self;
        write!(f, "attention={attention},graph_conv={graph_conv},hyperedge={hyperedge},relation={relation}")
    }
}

impl FromStr for KernelConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (op, variant) = entry.split_once('=').ok_or_else(|| ConfigError::Form { got: entry.to_owned() })?;
            let variant = variant.trim();
            match op.trim() {
                AttentionKernel::OP => config.attention = variant.parse()?,
                GraphConvKernel::OP => config.graph_conv = variant.parse()?,
                HyperedgeKernel::OP => config.hyperedge = variant.parse()?,
                RelationKernel::OP => config.relation = variant.parse()?,
                other => return Err(ConfigError::Op { got: other.to_owned(), expected: Self::legal() }),
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_reads_back() {
        for &attention in AttentionKernel::ALL {
            for &graph_conv in GraphConvKernel::ALL {
                for &hyperedge in HyperedgeKernel::ALL {
                    for &relation in RelationKernel::ALL {
                        let config = KernelConfig { attention, graph_conv, hyperedge, relation };
                        assert_eq!(config.to_string().parse::<KernelConfig>().unwrap(), config);
                    }
                }
            }
        }
        assert_eq!("".parse::<KernelConfig>().unwrap(), KernelConfig::default());
        let aliases: KernelConfig = " attention = flash_attention_v2 , relation=tensor_core_optimized ".parse().unwrap();
        assert_eq!((aliases.attention, aliases.relation), (AttentionKernel::Flash, RelationKernel::TensorCore));
    }

    #[test]
    fn what_is_not_legal_lists_what_is() {
        let text = |t: &str| t.parse::<KernelConfig>().unwrap_err().to_string();
        assert!(text("attention=fast").contains("attention has no variant \"fast\", expected flash, reference, auto"));
        assert!(text("conv=fused").contains("hyperedge = two-pass, fused, auto"));
        assert!(text("flash").contains("expected OP=VARIANT"));
    }
}
