//! Triples, paths and hyperedges: what a group says itself, up to the next part of another kind.

use oxrdf::{NamedOrBlankNode, Term, Triple};

use super::scope::Scope;
use super::{Fault, Result, Translator, ast};
use crate::algebra::{Hyperedge, Path, Pattern, TermPattern, TriplePattern, Variable};
use crate::syntax::ast::{Node, PathKind, Repeat, Verb};

/// A basic graph pattern with the paths and hyperedges among its triples.
#[derive(Default)]
pub(super) struct Run {
    /// Its number, for the scope of blank nodes.
    number: usize,
    /// Triple patterns as written.
    pub(super) triples: Vec<TriplePattern>,
    /// `HYPEREDGE`s.
    pub(super) hyperedges: Vec<Pattern>,
    /// Triple patterns that paths are written out to.
    steps: Vec<TriplePattern>,
    paths: Vec<Pattern>,
}

impl Run {
    /// All of it.
    pub(super) fn pattern(mut self) -> Pattern {
        self.triples.append(&mut self.steps);
        let mut parts = core(self.triples, self.hyperedges);
        parts.append(&mut self.paths);
        join_all(parts)
    }

    /// Its paths alone, which do not belong to the core of `TEMPORAL`.
    pub(super) fn take_paths(&mut self) -> Vec<Pattern> {
        core(std::mem::take(&mut self.steps), std::mem::take(&mut self.paths))
    }

    /// Adds its variables to a scope.
    pub(super) fn add_to(&self, scope: &mut Scope) {
        self.triples.iter().chain(&self.steps).for_each(|triple| scope.triple(triple));
        self.hyperedges.iter().chain(&self.paths).for_each(|pattern| scope.add(pattern));
    }
}

/// Triples as one pattern, if there are any, and others.
pub(super) fn core(triples: Vec<TriplePattern>, mut others: Vec<Pattern>) -> Vec<Pattern> {
    if !triples.is_empty() {
        others.insert(0, Pattern::Bgp(triples));
    }
    others
}

/// A join that is as flat as can be.
pub(crate) fn join_all(mut parts: Vec<Pattern>) -> Pattern {
    match parts.len() {
        0 => Pattern::Bgp(Vec::new()),
        1 => parts.remove(0),
        count => {
            let right = parts.split_off(count / 2);
            Pattern::Join(Box::new(join_all(parts)), Box::new(join_all(right)))
        }
    }
}

impl Translator {
    /// A run that no blank node belongs to yet.
    pub(super) fn run(&mut self) -> Run {
        self.basic_patterns += 1;
        Run { number: self.basic_patterns, ..Run::default() }
    }

    pub(super) fn add_triple(&mut self, triple: &ast::Triple, run: &mut Run) -> Result<()> {
        let subject = self.node(&triple.subject, run)?;
        match &triple.verb {
            Verb::Node(predicate) => {
                let predicate = self.node(predicate, run)?;
                let object = self.node(&triple.object, run)?;
                run.triples.push(TriplePattern { subject, predicate, object });
            }
            Verb::Path(path) => {
                let object = self.node(&triple.object, run)?;
                self.add_path(subject, path, object, run);
            }
        }
        Ok(())
    }

    pub(super) fn add_hyperedge(&mut self, edge: &ast::Hyperedge, run: &mut Run) -> Result<()> {
        let node = self.node(&edge.node, run)?;
        let mut incidences = Vec::with_capacity(edge.incidences.len());
        for (role, player) in &edge.incidences {
            incidences.push((self.node(role, run)?, self.node(player, run)?));
        }
        let hyperedge = Hyperedge { node, incidences, exact: edge.exact, distinct_players: edge.distinct_players };
        run.hyperedges.push(Pattern::Hyperedge(hyperedge));
        Ok(())
    }

    /// Steps, inverses and sequences are triple patterns; for these a path counts every way, as they do.
    fn add_path(&mut self, subject: TermPattern, path: &ast::Path, object: TermPattern, run: &mut Run) {
        match &path.kind {
            PathKind::Predicate(predicate) => {
                run.steps.push(TriplePattern { subject, predicate: TermPattern::Term(predicate.clone().into()), object });
            }
            PathKind::Inverse(inner) => self.add_path(object, inner, subject, run),
            PathKind::Sequence(steps) => {
                let mut from = subject;
                for (at, step) in steps.iter().enumerate() {
                    let to = if at + 1 == steps.len() { object.clone() } else { TermPattern::Variable(self.fresh('p')) };
                    self.add_path(from, step, to.clone(), run);
                    from = to;
                }
            }
            _ => run.paths.push(Pattern::Path { subject, path: algebra_path(path), object }),
        }
    }

    /// A node of a pattern; its blank nodes are hidden variables of the run.
    fn node(&mut self, node: &Node, run: &Run) -> Result<TermPattern> {
        Ok(match node {
            Node::Variable(variable) => TermPattern::Variable(self.appear(&variable.name)),
            Node::Term(term, _) => TermPattern::Term(term.clone()),
            Node::Blank(blank) => TermPattern::Variable(self.blank(blank, run)?),
            Node::Triple(triple) => {
                let subject = self.node(&triple.subject, run)?;
                let predicate = self.node(predicate(triple)?, run)?;
                triple_term(TriplePattern { subject, predicate, object: self.node(&triple.object, run)? })
            }
        })
    }

    fn blank(&mut self, blank: &ast::BlankNode, run: &Run) -> Result<Variable> {
        if let Some((variable, number)) = self.blanks.get(&blank.label) {
            if *number == run.number {
                return Ok(variable.clone());
            }
            let fault = Fault::new(blank.span, "this blank node label already stands in another basic graph pattern");
            return Err(fault.hint("a blank node is known in one block of triples only: use a variable to join blocks"));
        }
        let variable = self.fresh('b');
        self.blanks.insert(blank.label.clone(), (variable.clone(), run.number));
        Ok(variable)
    }
}

/// The predicate of a triple term, which cannot be a path.
pub(super) fn predicate(triple: &ast::Triple) -> Result<&Node> {
    match &triple.verb {
        Verb::Node(node) => Ok(node),
        Verb::Path(path) => Err(Fault::new(path.span, "a property path cannot stand in a triple term or template")),
    }
}

/// A triple term: a constant if it can be one.
pub(super) fn triple_term(triple: TriplePattern) -> TermPattern {
    let subject = match &triple.subject {
        TermPattern::Term(Term::NamedNode(iri)) => Some(NamedOrBlankNode::from(iri.clone())),
        TermPattern::Term(Term::BlankNode(blank)) => Some(blank.clone().into()),
        _ => None,
    };
    match (subject, &triple.predicate, &triple.object) {
        (Some(subject), TermPattern::Term(Term::NamedNode(predicate)), TermPattern::Term(object)) => {
            TermPattern::Term(Triple::new(subject, predicate.clone(), object.clone()).into())
        }
        _ => TermPattern::Triple(Box::new(triple)),
    }
}

fn algebra_path(path: &ast::Path) -> Path {
    match &path.kind {
        PathKind::Predicate(predicate) => Path::Predicate(predicate.clone()),
        PathKind::Inverse(inner) => Path::Inverse(Box::new(algebra_path(inner))),
        PathKind::Sequence(steps) => balanced(steps, Path::Sequence),
        PathKind::Alternative(branches) => balanced(branches, Path::Alternative),
        PathKind::Repeat(inner, repeat) => {
            let inner = Box::new(algebra_path(inner));
            match repeat {
                Repeat::ZeroOrMore => Path::ZeroOrMore(inner),
                Repeat::OneOrMore => Path::OneOrMore(inner),
                Repeat::ZeroOrOne => Path::ZeroOrOne(inner),
            }
        }
        PathKind::Negated(members) => negated(members),
    }
}

fn negated(members: &[(oxrdf::NamedNode, bool)]) -> Path {
    let of = |inverse: bool| -> Vec<_> { members.iter().filter(|member| member.1 == inverse).map(|member| member.0.clone()).collect() };
    let (forward, backward) = (of(false), of(true));
    if backward.is_empty() {
        return Path::NegatedSet(forward);
    }
    let backward = Path::Inverse(Box::new(Path::NegatedSet(backward)));
    if forward.is_empty() { backward } else { Path::Alternative(Box::new(Path::NegatedSet(forward)), Box::new(backward)) }
}

/// Both operators are associative; a long chain becomes a flat tree.
fn balanced(parts: &[ast::Path], operator: fn(Box<Path>, Box<Path>) -> Path) -> Path {
    match parts {
        [one] => algebra_path(one),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            operator(Box::new(balanced(left, operator)), Box::new(balanced(right, operator)))
        }
    }
}
