//! The list of tests that are known to fail, by IRI, each with its reason.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    failure: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    iri: String,
    reason: String,
}

/// Reasons by IRI.
pub(crate) type Known = BTreeMap<String, String>;

/// Reads the list.
pub(crate) fn read(path: &Path) -> Result<Known, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Known, String> {
    let list: List = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut known = Known::new();
    for failure in list.failure {
        if failure.reason.trim().is_empty() {
            return Err(format!("{} has no reason", failure.iri));
        }
        if known.insert(failure.iri.clone(), failure.reason).is_some() {
            return Err(format!("{} stands there twice", failure.iri));
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_needs_an_iri_of_its_own_and_a_reason() {
        let one = "[[failure]]\niri = \"http://x/a\"\nreason = \"why\"\n";
        assert_eq!(parse(one).expect("a list").get("http://x/a").map(String::as_str), Some("why"));
        assert!(parse("").expect("an empty list").is_empty());
        assert!(parse(&format!("{one}{one}")).is_err_and(|why| why.contains("twice")));
        assert!(parse("[[failure]]\niri = \"http://x/a\"\nreason = \" \"\n").is_err());
        assert!(parse("[[failure]]\niri = \"http://x/a\"\n").is_err());
    }
}
