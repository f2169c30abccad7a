//! Patterns as groups.

use std::fmt;

use super::Printer;
use crate::algebra::{Expression, Hyperedge, Pattern, Regime, Temporal, TermPattern, Variable};
use crate::translate::join_all;

impl<'a> Printer<'a, '_> {
    /// The pattern in braces.
    pub(super) fn group(&mut self, pattern: &'a Pattern) -> fmt::Result {
        self.out.write_str("{ ")?;
        self.content(pattern, None)?;
        self.out.write_str("}")
    }

    /// What stands between the braces; `core` is that of the `TEMPORAL` around.
    fn content(&mut self, pattern: &'a Pattern, core: Option<&'a Pattern>) -> fmt::Result {
        match pattern {
            Pattern::Filter { condition, inner } => {
                self.elements(inner, core)?;
                self.filter(condition)
            }
            Pattern::Temporal { core, constraint, inner } => {
                self.content(inner, Some(core))?;
                self.temporal(constraint)
            }
            pattern => self.elements(pattern, core),
        }
    }

    fn filter(&mut self, condition: &'a Expression) -> fmt::Result {
        self.out.write_str("FILTER")?;
        self.parenthesised(condition)?;
        self.out.write_char(' ')
    }

    /// The parts of a group in a row.
    fn elements(&mut self, pattern: &'a Pattern, core: Option<&'a Pattern>) -> fmt::Result {
        if is_run(pattern) {
            // Beside `TEMPORAL` the triples would become part of the core.
            return if core.is_some() { self.nested(pattern) } else { self.run(pattern) };
        }
        match pattern {
            Pattern::Join(left, right) => {
                self.elements(left, core)?;
                let apart = match core {
                    Some(_) => !ends_beside_core(pattern),
                    None => ends_with_run(left),
                };
                // Otherwise triples would become one pattern with those before, or part of the core.
                if is_run(right) && apart {
                    return self.nested(right);
                }
                self.element(right, core)
            }
            Pattern::LeftJoin { left, right, condition } => {
                self.elements(left, core)?;
                self.out.write_str("OPTIONAL { ")?;
                match (right.as_ref(), condition) {
                    // A filter of the group itself is the condition.
                    (Pattern::Filter { .. }, _) => self.nested(right)?,
                    (Pattern::Temporal { core, constraint, inner }, _) if !matches!(**inner, Pattern::Filter { .. }) => {
                        self.elements(inner, Some(core))?;
                        self.temporal(constraint)?;
                    }
                    _ => self.elements(right, None)?,
                }
                if let Some(condition) = condition {
                    self.filter(condition)?;
                }
                self.out.write_str("} ")
            }
            Pattern::Minus(left, right) => {
                self.elements(left, core)?;
                self.out.write_str("MINUS ")?;
                self.nested(right)
            }
            Pattern::Extend { inner, variable, expression } => {
                self.elements(inner, core)?;
                self.out.write_str("BIND(")?;
                self.expression(expression)?;
                write!(self.out, " AS {variable}) ")
            }
            pattern => self.element(pattern, core),
        }
    }

    /// One part of a group.
    fn element(&mut self, pattern: &'a Pattern, core: Option<&'a Pattern>) -> fmt::Result {
        match (pattern, core) {
            (Pattern::Core, Some(core)) => self.run(core),
            (Pattern::Union(left, right), _) => {
                self.nested(left)?;
                self.out.write_str("UNION ")?;
                self.nested(right)
            }
            (Pattern::Values { variables, rows }, _) => self.values(variables, rows),
            (Pattern::Graph { name, inner }, _) => self.named("GRAPH ", name, inner),
            (Pattern::Service { name, inner, silent, .. }, _) => {
                self.named(if *silent { "SERVICE SILENT " } else { "SERVICE " }, name, inner)
            }
            (Pattern::Infer { regime, inner }, _) => {
                let regime = match regime {
                    Regime::RhoDf => "RHODF",
                    Regime::Rdfs => "RDFS",
                    Regime::Owl2Rl => "OWL2RL",
                    Regime::Rules => "RULES",
                };
                write!(self.out, "INFER {regime} ")?;
                self.nested(inner)
            }
            (Pattern::Similar(similar), _) => self.similar(similar),
            (Pattern::Predict(predict), _) => self.predict(predict),
            (pattern, _) if is_run(pattern) => self.run(pattern),
            (
                Pattern::Project { .. }
                | Pattern::Distinct(_)
                | Pattern::Reduced(_)
                | Pattern::Slice { .. }
                | Pattern::OrderBy { .. }
                | Pattern::Group { .. },
                _,
            ) => {
                self.out.write_str("{ ")?;
                self.select(pattern, None)?;
                self.out.write_str("} ")
            }
            _ => self.nested(pattern),
        }
    }

    pub(super) fn nested(&mut self, pattern: &'a Pattern) -> fmt::Result {
        self.group(pattern)?;
        self.out.write_char(' ')
    }

    fn named(&mut self, keyword: &str, name: &TermPattern, inner: &'a Pattern) -> fmt::Result {
        self.out.write_str(keyword)?;
        self.term(name)?;
        self.out.write_char(' ')?;
        self.nested(inner)
    }

    /// Triples, paths and hyperedges.
    pub(super) fn run(&mut self, pattern: &Pattern) -> fmt::Result {
        match pattern {
            Pattern::Bgp(triples) => triples.iter().try_for_each(|triple| self.triple(triple)),
            Pattern::Path { subject, path, object } => {
                self.term(subject)?;
                self.out.write_char(' ')?;
                self.path(path)?;
                self.out.write_char(' ')?;
                self.term(object)?;
                self.out.write_str(" . ")
            }
            Pattern::Hyperedge(edge) => self.hyperedge(edge),
            Pattern::Join(left, right) => {
                self.run(left)?;
                self.run(right)
            }
            _ => unreachable!("a run has no other patterns; this is a bug"),
        }
    }

    fn hyperedge(&mut self, edge: &Hyperedge) -> fmt::Result {
        self.out.write_str("HYPEREDGE ")?;
        if edge.exact {
            self.out.write_str("EXACT ")?;
        }
        if edge.distinct_players {
            self.out.write_str("DISTINCT PLAYERS ")?;
        }
        self.term(&edge.node)?;
        self.out.write_str(" { ")?;
        for (role, player) in &edge.incidences {
            self.term(role)?;
            self.out.write_char(' ')?;
            self.term(player)?;
            self.out.write_str(" ; ")?;
        }
        self.out.write_str("} ")
    }

    pub(super) fn values(&mut self, variables: &[Variable], rows: &[Vec<Option<oxrdf::Term>>]) -> fmt::Result {
        let names: Vec<String> = variables.iter().map(ToString::to_string).collect();
        write!(self.out, "VALUES ({}) {{ ", names.join(" "))?;
        for row in rows {
            let terms: Vec<String> = row.iter().map(|term| term.as_ref().map_or_else(|| "UNDEF".into(), ToString::to_string)).collect();
            write!(self.out, "({}) ", terms.join(" "))?;
        }
        self.out.write_str("} ")
    }

    fn temporal(&mut self, constraint: &'a Temporal) -> fmt::Result {
        self.out.write_str("TEMPORAL { ")?;
        let (before, first, between, second) = match constraint {
            Temporal::Between(variable, from, to) => (format!("{variable} BETWEEN "), from, " AND ", Some(to)),
            Temporal::AsOf(at) => ("AS OF ".into(), at, "", None),
            Temporal::Before(at) => ("BEFORE ".into(), at, "", None),
            Temporal::After(at) => ("AFTER ".into(), at, "", None),
            Temporal::During(from, to) => ("DURING ".into(), from, " TO ", Some(to)),
            Temporal::Overlaps(from, to) => ("OVERLAPS ".into(), from, " TO ", Some(to)),
        };
        self.out.write_str(&before)?;
        self.additive(first)?;
        self.out.write_str(between)?;
        if let Some(second) = second {
            self.additive(second)?;
        }
        self.out.write_str(" } ")
    }
}

/// The pattern is what a block of triples, paths and hyperedges becomes.
fn is_run(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Bgp(_) | Pattern::Path { .. } | Pattern::Hyperedge(_) => true,
        Pattern::Join(..) => {
            let mut leaves = Vec::new();
            if !leaves_of(pattern, &mut leaves) {
                return false;
            }
            let rank = |leaf: &&Pattern| match leaf {
                Pattern::Bgp(_) => 0,
                Pattern::Hyperedge(_) => 1,
                _ => 2,
            };
            leaves.is_sorted_by_key(rank) && rank(&leaves[1]) > 0 && join_all(leaves.into_iter().cloned().collect()) == *pattern
        }
        _ => false,
    }
}

/// Collects the leaves of joins; false if one cannot belong to a run.
fn leaves_of<'p>(pattern: &'p Pattern, leaves: &mut Vec<&'p Pattern>) -> bool {
    match pattern {
        Pattern::Join(left, right) => leaves_of(left, leaves) && leaves_of(right, leaves),
        Pattern::Bgp(_) | Pattern::Path { .. } | Pattern::Hyperedge(_) => {
            leaves.push(pattern);
            true
        }
        _ => false,
    }
}

/// The last part of this group would be one pattern with triples after it.
fn ends_with_run(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Core => true,
        _ if is_run(pattern) => *pattern != Pattern::Bgp(Vec::new()),
        Pattern::Join(left, right) => is_run(right) && !ends_with_run(left),
        _ => false,
    }
}

/// The last part of this group is a path that stands bare in a group with `TEMPORAL`: in the run of the core or after it, and alone, as paths in a row would be joined with
/// each other first.
fn ends_beside_core(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Join(left, right) => matches!(**right, Pattern::Path { .. }) && has_core(left) && !ends_beside_core(left),
        _ => false,
    }
}

/// The core of `TEMPORAL` stands in the parts of this group.
fn has_core(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Core => true,
        Pattern::Join(left, right) => has_core(left) || has_core(right),
        Pattern::LeftJoin { left, .. } | Pattern::Minus(left, _) => has_core(left),
        Pattern::Extend { inner, .. } => has_core(inner),
        _ => false,
    }
}
