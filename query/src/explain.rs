//! A graph as text: one line per operator with its columns, order and expected rows, inputs indented below it.

use std::fmt::{self, Display, Write};

use crate::algebra::{Expression, OrderKey, Temporal, Variable};
use crate::graph::{Atom, Claim, GraphName, GraphScope, Node, NodeId, Op, Source, TensorGraph, TextPattern};

impl Display for TensorGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(&|_| String::new()))
    }
}

impl TensorGraph {
    /// The tree of operators; `notes` says more of a node, at the end of its line (a profile's rows and times).
    pub fn explain(&self, notes: &dyn Fn(NodeId) -> String) -> String {
        let mut text = String::new();
        self.line(self.root, 0, notes, &mut text);
        text
    }

    fn line(&self, id: NodeId, depth: usize, notes: &dyn Fn(NodeId) -> String, text: &mut String) {
        let node = &self[id];
        let indent = "  ".repeat(depth);
        let columns: Vec<String> = node.schema.iter().map(|c| format!("{}{}", c.variable, if c.optional { "?" } else { "" })).collect();
        let weighted = if node.weighted { " weighted" } else { "" };
        let (what, detail) = (name(&node.op), detail(node));
        let note = notes(id);
        let space = if detail.is_empty() { "" } else { " " };
        let _ = writeln!(text, "{indent}{what}{space}{detail} -> [{}]{weighted} ~{}{note}", columns.join(" "), rounded(node.rows));
        if let Op::Exists { query, .. } | Op::EachGraph(_, query) | Op::ForEach(_, query) = &node.op {
            // The nodes of a sub-query have numbers of their own.
            query.line(query.root, depth + 2, &|_| String::new(), text);
        }
        node.inputs.iter().for_each(|input| self.line(*input, depth + 1, notes, text));
    }
}

fn rounded(rows: f64) -> String {
    if rows < 1e6 { format!("{rows:.0}") } else { format!("{rows:.1e}") }
}

/// Name of an operator.
pub fn name(op: &Op) -> &'static str {
    match op {
        Op::Unit => "Unit",
        Op::Empty => "Empty",
        Op::Values(_) => "Values",
        Op::Scan(_) => "Scan",
        Op::TextSearch(..) => "TextSearch",
        Op::Extend(_) => "Extend",
        Op::Intersect(..) => "Intersect",
        Op::Path { .. } => "Path",
        Op::Join(_) => "Join",
        Op::LeftJoin(..) => "LeftJoin",
        Op::SemiJoin(_) => "SemiJoin",
        Op::AntiJoin(_) => "AntiJoin",
        Op::Minus(_) => "Minus",
        Op::Union => "Union",
        Op::Filter(_) => "Filter",
        Op::Bind(..) => "Bind",
        Op::Exists { .. } => "Exists",
        Op::EachGraph(..) => "EachGraph",
        Op::ForEach(..) => "ForEach",
        Op::Graphs(_) => "Graphs",
        Op::Destructure(..) => "Destructure",
        Op::Distinct => "Distinct",
        Op::Aggregate { .. } => "Aggregate",
        Op::Sort(_) => "Sort",
        Op::TopK(..) => "TopK",
        Op::Slice(..) => "Slice",
        Op::Project => "Project",
        Op::Period { .. } => "Period",
        Op::Service { .. } => "Service",
        Op::Similar { .. } => "Similar",
        Op::Predict { .. } => "Predict",
    }
}

/// What an operator is to do, besides its name: its pattern, its condition, its keys.
pub fn detail(node: &Node) -> String {
    match &node.op {
        Op::Unit | Op::Empty | Op::Union | Op::Distinct | Op::Project => String::new(),
        Op::Values(rows) => format!("{} rows", rows.len()),
        Op::Scan(atom) | Op::Extend(atom) => self::atom(atom),
        Op::TextSearch(variable, pattern) => format!("{variable}{}", text(pattern)),
        Op::Intersect(variable, atoms) => format!("{variable}: {}", list(atoms.iter().map(self::atom), " ∩ ")),
        Op::Path { subject, path, object, graph, source, as_of } => {
            format!("{subject} {path} {object}{}{}", place(graph, *source), instant(as_of.as_ref()))
        }
        Op::Join(on) | Op::SemiJoin(on) | Op::AntiJoin(on) | Op::Minus(on) | Op::LeftJoin(on, None) => format!("on [{}]", list(on, " ")),
        Op::LeftJoin(on, Some(condition)) => format!("on [{}] if {condition}", list(on, " ")),
        Op::Filter(condition) => condition.to_string(),
        Op::Bind(variable, expression) => format!("{variable} = {expression}"),
        Op::Exists { mark, correlated, .. } => format!("{mark} for each [{}]", list(correlated, " ")),
        Op::EachGraph(variable, _) | Op::ForEach(variable, _) | Op::Graphs(GraphName::Variable(variable)) => variable.to_string(),
        Op::Graphs(GraphName::Term(term)) => term.to_string(),
        Op::Destructure(variable, inner) => format!("{variable} = <<( {inner} )>>"),
        Op::Aggregate { keys, aggregates, sampled } => {
            let aggregates = list(aggregates.iter().map(|(variable, a)| format!("{variable} = {a}")), ", ");
            let sampled = if sampled.is_empty() { String::new() } else { format!(" one of [{}]", list(sampled, " ")) };
            format!("by [{}] {aggregates}{sampled}", list(keys, " "))
        }
        Op::Sort(keys) => order(keys),
        Op::TopK(keys, k) => format!("{k} by {}", order(keys)),
        Op::Slice(offset, limit) => format!("from {offset}{}", limit.map(|limit| format!(", {limit} rows")).unwrap_or_default()),
        Op::Period { periods, constraint } => format!("{} of [{}]", temporal(constraint), list(periods, " ")),
        Op::Service { name, .. } => name.to_string(),
        Op::Similar { variable, to, k, score, .. } => format!("{k} {variable} near {to}{}", named(score.as_ref())),
        Op::Predict { claim, k, score, .. } => format!("{k} of {}{}", self::claim(claim), named(score.as_ref())),
    }
}

fn named(score: Option<&Variable>) -> String {
    score.map(|score| format!(" as {score}")).unwrap_or_default()
}

fn claim(claim: &Claim) -> String {
    let Claim { relation, subject, object, qualifiers } = claim;
    format!("{{ {subject} {relation} {object}{} }}", list(qualifiers.iter().map(|(role, player)| format!(" ; {role} {player}")), ""))
}

fn text(pattern: &TextPattern) -> String {
    let prefix = if pattern.prefix.is_empty() { String::new() } else { format!(" from {:?}", pattern.prefix) };
    let parts = list(pattern.parts.iter().map(|part| format!("{part:?}")), " ");
    if parts.is_empty() { prefix } else { format!("{prefix} with {parts}") }
}

fn list<T: Display>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(between)
}

fn atom(atom: &Atom) -> String {
    let conditions = list(atom.conditions.iter().map(|(_, condition)| format!(" if {condition}")), "");
    let as_of = instant(atom.as_of.as_ref());
    format!("{{ {} }}{}{as_of}{conditions}", atom.triple, place(&atom.graph, atom.source))
}

fn instant(as_of: Option<&Expression>) -> String {
    as_of.map(|t| format!(" as of {t}")).unwrap_or_default()
}

fn place(graph: &GraphScope, source: Source) -> String {
    let graph = match graph {
        GraphScope::Default => String::new(),
        GraphScope::Named(term) => format!(" in {term}"),
        GraphScope::Each(variable) => format!(" in each {variable}"),
        GraphScope::Active => " in it".to_owned(),
    };
    match source {
        Source::Asserted => graph,
        Source::Closure(regime) => format!("{graph} closed under {regime:?}"),
        Source::Incidences => format!("{graph} of incidences"),
    }
}

fn order(keys: &[OrderKey]) -> String {
    list(keys.iter().map(|key| format!("{}{}", if key.descending { "-" } else { "" }, key.expression)), ", ")
}

fn temporal(constraint: &Temporal) -> String {
    match constraint {
        Temporal::Between(t, a, b) => format!("{t} between {a} and {b}"),
        Temporal::AsOf(t) => format!("as of {t}"),
        Temporal::Before(t) => format!("before {t}"),
        Temporal::After(t) => format!("after {t}"),
        Temporal::During(a, b) => format!("during {a} to {b}"),
        Temporal::Overlaps(a, b) => format!("overlaps {a} to {b}"),
    }
}
