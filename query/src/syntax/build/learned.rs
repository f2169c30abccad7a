//! `SIMILAR` and `PREDICT`.

use oxrdf::Literal;

use super::modifiers::count;
use super::terms::string;
use super::{Builder, Fault, Pair, Result, Rule, last, next, span, variable};
use crate::algebra::{DEFAULT_NEAREST, MOST_NEAREST};
use crate::syntax::ast::{Candidate, Element, Group, Node, Predict, Similar, Triple, Variable, Verb};

impl Builder<'_> {
    pub(super) fn similar(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let whole = span(&pair);
        let (mut found, mut to, mut k, mut end) = (None, None, DEFAULT_NEAREST, End::default());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::var if found.is_none() => found = Some(variable(&part)),
                Rule::var | Rule::iri => to = Some(self.term(part)?),
                Rule::string => to = Some(Node::Term(Literal::new_simple_literal(string(&part)?).into(), span(&part))),
                Rule::integer => k = nearest(&part)?,
                _ => self.end(part, &mut end)?,
            }
        }
        let variable = found.expect("SIMILAR has a variable; this is a bug");
        let to = to.expect("SIMILAR has what the others are like; this is a bug");
        let depth = end.depth();
        let similar = Similar { variable, to, k, score: end.score, among: end.among, span: whole };
        Ok((Element::Similar(Box::new(similar)), depth))
    }

    pub(super) fn predict(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let whole = span(&pair);
        let (mut candidate, mut k, mut end) = (None, DEFAULT_NEAREST, End::default());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::hyperedge => candidate = Some(Candidate::Hyperedge(self.hyperedge(part)?)),
                Rule::candidate => candidate = Some(Candidate::Triple(self.candidate(part)?)),
                Rule::limit => k = nearest(&last(part))?,
                _ => self.end(part, &mut end)?,
            }
        }
        let candidate = candidate.expect("PREDICT has a candidate; this is a bug");
        let depth = end.depth();
        let predict = Predict { candidate, k, score: end.score, among: end.among, span: whole };
        Ok((Element::Predict(Box::new(predict)), depth))
    }

    fn candidate(&mut self, pair: Pair<'_>) -> Result<Triple> {
        let span = span(&pair);
        let mut parts = pair.into_inner();
        let subject = self.term(next(&mut parts))?;
        let verb = Verb::Node(self.simple_verb(next(&mut parts))?);
        Ok(Triple { subject, verb, object: self.term(next(&mut parts))?, span })
    }

    /// What both may end with; other parts are signs and keywords.
    fn end(&mut self, part: Pair<'_>, end: &mut End) -> Result<()> {
        match part.as_rule() {
            Rule::score => end.score = Some(variable(&last(part))),
            Rule::among => end.among = Some(self.group(last(part))?),
            _ => {}
        }
        Ok(())
    }
}

/// `AS ?score AMONG { … }`.
#[derive(Default)]
struct End {
    score: Option<Variable>,
    among: Option<Group>,
}

impl End {
    fn depth(&self) -> u32 {
        self.among.as_ref().map_or(0, |group| group.depth + 1)
    }
}

/// How many are wanted.
fn nearest(pair: &Pair<'_>) -> Result<u64> {
    let k = count(pair)?;
    if (1..=MOST_NEAREST).contains(&k) {
        return Ok(k);
    }
    let fault = Fault::new(span(pair), format!("{k} is no number of nodes or hyperedges to find"));
    Err(fault.hint(format!("give a number from 1 to {MOST_NEAREST}, or none for {DEFAULT_NEAREST}")))
}
