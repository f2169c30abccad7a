//! `BASE`, `PREFIX`, `VERSION`, and the IRIs that depend on them.

use oxiri::{Iri, IriRef};
use oxrdf::NamedNode;

use super::terms::unescape;
use super::{Builder, Fault, Pair, Result, Rule, first, next, span};
use crate::syntax::ast::Node;

/// Prefixes that need no declaration unless the mode is strict.
const KNOWN: [(&str, &str); 5] = [
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("hq", "https://hypergraphql.org/ns#"),
];

impl Builder<'_> {
    pub(super) fn prologue(&mut self, pair: Pair<'_>) -> Result<()> {
        for declaration in pair.into_inner() {
            match declaration.as_rule() {
                Rule::base_decl => {
                    let iri = super::last(declaration);
                    let span = span(&iri);
                    let base = self.iri_ref(iri)?;
                    let base = Iri::parse(base.into_string()).map_err(|error| Fault::new(span, format!("not an IRI: {error}")))?;
                    self.base = Some(base);
                }
                Rule::prefix_decl => {
                    let mut parts = declaration.into_inner();
                    next(&mut parts);
                    let prefix = next(&mut parts).as_str().trim_end_matches(':').to_owned();
                    let iri = self.iri_ref(next(&mut parts))?;
                    self.prefixes.insert(prefix, iri.into_string());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The IRI of an `iri`.
    pub(super) fn iri(&mut self, pair: Pair<'_>) -> Result<NamedNode> {
        let pair = first(pair);
        if pair.as_rule() == Rule::iri_ref { self.iri_ref(pair) } else { self.prefixed(&pair) }
    }

    /// The IRI of an `iri`; a relative one as it stands where there is nothing to resolve it against.
    pub(super) fn source(&mut self, pair: Pair<'_>) -> Result<String> {
        let inner = pair.clone().into_inner().next().filter(|inner| inner.as_rule() == Rule::iri_ref && self.base.is_none());
        let Some(written) = inner else { return Ok(self.iri(pair)?.into_string()) };
        let (text, span) = (written.as_str(), span(&written));
        let iri = unescape(&text[1..text.len() - 1], span)?.into_owned();
        match IriRef::parse(iri) {
            Ok(iri) => Ok(iri.into_inner()),
            Err(error) => Err(Fault::new(span, format!("{text} is not an IRI: {error}"))),
        }
    }

    pub(super) fn iri_node(&mut self, pair: Pair<'_>) -> Result<Node> {
        let span = span(&pair);
        Ok(Node::Term(self.iri(pair)?.into(), span))
    }

    fn iri_ref(&mut self, pair: Pair<'_>) -> Result<NamedNode> {
        let written = pair.as_str();
        let span = span(&pair);
        let iri = unescape(&written[1..written.len() - 1], span)?;
        self.charge(self.base.as_ref().map_or(0, |base| base.len()), span)?;
        let resolved = match &self.base {
            Some(base) => base.resolve(&iri),
            None => Iri::parse(iri.into_owned()),
        };
        match resolved {
            Ok(iri) => Ok(NamedNode::new_unchecked(iri.into_inner())),
            Err(error) => {
                let fault = Fault::new(span, format!("{written} is not an IRI: {error}"));
                Err(if self.base.is_none() { fault.hint("a relative IRI needs a BASE <…>") } else { fault })
            }
        }
    }

    fn prefixed(&mut self, pair: &Pair<'_>) -> Result<NamedNode> {
        let (prefix, local) = pair.as_str().split_once(':').expect("a prefixed name has a colon; this is a bug");
        let Some(namespace) = self.namespace(prefix) else {
            return Err(Fault::new(span(pair), format!("the prefix `{prefix}:` is not declared")).hint(self.prefix_hint(prefix)));
        };
        let mut iri = namespace.to_owned();
        self.charge(iri.len(), span(pair))?;
        let mut characters = local.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => iri.extend(characters.next()),
                _ => iri.push(character),
            }
        }
        let iri =
            Iri::parse(iri).map_err(|error| Fault::new(span(pair), format!("{pair} is not an IRI: {error}", pair = pair.as_str())))?;
        Ok(NamedNode::new_unchecked(iri.into_inner()))
    }

    fn namespace(&self, prefix: &str) -> Option<&str> {
        if let Some(declared) = self.prefixes.get(prefix) {
            return Some(declared);
        }
        if self.options.strict {
            return None;
        }
        if prefix.is_empty() {
            return Some(&self.options.store_base);
        }
        KNOWN.iter().find(|(known, _)| *known == prefix).map(|&(_, iri)| iri)
    }

    fn prefix_hint(&self, prefix: &str) -> String {
        if let Some((_, iri)) = KNOWN.iter().find(|(known, _)| *known == prefix) {
            return format!("add PREFIX {prefix}: <{iri}>; without --strict it is known");
        }
        if prefix.is_empty() {
            return format!("add PREFIX : <{}>; without --strict it is known", self.options.store_base);
        }
        let mut declared: Vec<&str> = self.prefixes.keys().map(String::as_str).collect();
        if !self.options.strict {
            declared.extend(KNOWN.iter().map(|(known, _)| *known));
        }
        declared.sort_unstable();
        declared.dedup();
        let list: Vec<String> = declared.iter().take(12).map(|p| format!("{p}:")).collect();
        let known = if list.is_empty() { String::new() } else { format!("; known are {}", list.join(" ")) };
        format!("add PREFIX {prefix}: <…> at the top{known}")
    }
}
