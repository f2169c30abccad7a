//! How many hyperedges of a node and members of a hyperedge each hop takes.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Most hops: beyond it a mistyped option.
const MAX_HOPS: usize = 64;

/// At most so many; `None` says all.
pub type Limit = Option<NonZeroU32>;

/// What one hop takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Hyperedges of a node, at most.
    pub hyperedges: Limit,
    /// Members of a hyperedge, at most.
    pub members: Limit,
}

/// The limits of every hop, from the seeds outwards; the text form is `HYPEREDGESxMEMBERS,…` such as `10x8,5xall`, where `all` alone is a whole hop.
///
/// A network of L layers reads L hops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fanout(Vec<Hop>);

impl Fanout {
    /// From the limits of 1 to 64 hops.
    ///
    /// # Errors
    /// When there are none or more.
    pub fn new(hops: Vec<Hop>) -> Result<Self> {
        if (1..=MAX_HOPS).contains(&hops.len()) {
            return Ok(Self(hops));
        }
        Err(Error::invalid("hops of the fan-out", format!("1 to {MAX_HOPS}"), hops.len().to_string()))
    }

    /// The same number of hyperedges and of members in every hop: each at least 1, and 1 to 64 hops, others are brought into that range.
    pub fn uniform(limit: u32, hops: usize) -> Self {
        let limit = Some(NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN));
        Self(vec![Hop { hyperedges: limit, members: limit }; hops.clamp(1, MAX_HOPS)])
    }

    /// The limits, from the seeds outwards.
    pub fn hops(&self) -> &[Hop] {
        &self.0
    }
}

impl Hop {
    /// Everything.
    pub const ALL: Self = Self { hyperedges: None, members: None };
}

impl FromStr for Hop {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "all" {
            return Ok(Self::ALL);
        }
        let limit = |t: &str| match t {
            "all" => Some(None),
            number => number.parse::<NonZeroU32>().ok().map(Some),
        };
        let both = text.split_once('x').and_then(|(e, v)| Some(Self { hyperedges: limit(e)?, members: limit(v)? }));
        let expected = "HYPEREDGESxMEMBERS, each a number >= 1 or all (10x8), or all for both";
        both.ok_or_else(|| Error::invalid("hop of the fan-out", expected, format!("{text:?}")))
    }
}

impl FromStr for Fanout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text.split(',').map(|hop| hop.trim().parse()).collect::<Result<_>>()?)
    }
}

impl TryFrom<String> for Fanout {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Fanout> for String {
    fn from(fanout: Fanout) -> Self {
        fanout.to_string()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("all");
        }
        let text = |limit: Limit| limit.map_or_else(|| "all".to_owned(), |n| n.to_string());
        write!(f, "{}x{}", text(self.hyperedges), text(self.members))
    }
}

impl fmt::Display for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, hop) in self.0.iter().enumerate() {
            write!(f, "{}{hop}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fanouts_have_a_text_form() {
        for text in ["10x8", "10x8,3xall", "allx5,all,1x1"] {
            let fanout: Fanout = text.parse().unwrap();
            assert_eq!(fanout.to_string(), text);
            assert_eq!(serde_json::from_str::<Fanout>(&serde_json::to_string(&fanout).unwrap()).unwrap(), fanout);
        }
        let fanout: Fanout = " 10x8, allxall".parse().unwrap();
        assert_eq!((fanout.hops().len(), fanout.hops()[1]), (2, Hop::ALL));
        assert_eq!(fanout.hops()[0].members, NonZeroU32::new(8));
        assert_eq!(Fanout::uniform(7, 2).to_string(), "7x7,7x7");
        assert_eq!(Fanout::uniform(0, 0).to_string(), "1x1");
    }

    #[test]
    fn what_is_no_fanout_is_named() {
        for bad in ["", "10", "10x", "0x5", "5x0", "-1x2", "10x8,", "10x8x3", "many", "1e3x2"] {
            let error = bad.parse::<Fanout>().unwrap_err().to_string();
            assert!(error.contains("10x8"), "{bad}: {error}");
        }
        assert!(vec!["all"; 65].join(",").parse::<Fanout>().unwrap_err().to_string().contains("1 to 64"));
    }
}
