//! `SIMILAR` and `PREDICT`: names of scores are new, candidates are patterns.

use super::group::Reader;
use super::{Fault, Result, Translator, ast};
use crate::algebra::{Pattern, Predict, Similar, TermPattern, TextPlace, Variable};
use crate::syntax::ast::{Candidate, Node};

impl Translator {
    pub(super) fn similar(&mut self, similar: &ast::Similar, reader: &mut Reader) -> Result<Pattern> {
        reader.end_run();
        let variable = self.appear(&similar.variable.name);
        let to = match &similar.to {
            Node::Variable(of) if of.name == similar.variable.name => {
                let fault = Fault::new(of.span, format!("{variable} is found by what it is like, which cannot be {variable} itself"));
                return Err(fault.hint("name a node, a text, or a variable that other patterns of the group bind"));
            }
            other => self.name_of(other),
        };
        let mut taken = vec![variable.clone()];
        if let TermPattern::Variable(of) = &to {
            taken.push(of.clone());
        }
        let score = self.score(similar.score.as_ref(), &taken, reader)?;
        let among = similar.among.as_ref().map(|group| self.group(group)).transpose()?;
        let at = TextPlace(similar.span.start);
        Ok(Pattern::Similar(Box::new(Similar { variable, to, k: similar.k, score, among, at })))
    }

    pub(super) fn predict(&mut self, predict: &ast::Predict, reader: &mut Reader) -> Result<Pattern> {
        reader.end_run();
        let mut run = self.run();
        match &predict.candidate {
            Candidate::Hyperedge(edge) => self.add_hyperedge(edge, &mut run)?,
            Candidate::Triple(triple) => self.add_triple(triple, &mut run)?,
        }
        let candidate = run.pattern();
        let taken: Vec<Variable> = candidate.in_scope().into_iter().collect();
        let score = self.score(predict.score.as_ref(), &taken, reader)?;
        let among = predict.among.as_ref().map(|group| self.group(group)).transpose()?;
        let at = TextPlace(predict.span.start);
        Ok(Pattern::Predict(Box::new(Predict { candidate, k: predict.k, score, among, at })))
    }

    /// The name of a score, which nothing before has.
    fn score(&mut self, name: Option<&ast::Variable>, taken: &[Variable], reader: &Reader) -> Result<Option<Variable>> {
        let Some(name) = name else { return Ok(None) };
        let score = self.appear(&name.name);
        if taken.contains(&score) || reader.scope.contains(&score) {
            let fault = Fault::new(name.span, format!("AS cannot name a score {score}: the variable is used before in this group"));
            return Err(fault.hint("take a new name and compare the two in a FILTER"));
        }
        Ok(Some(score))
    }
}
