//! The syntax of a query: what was written, with prefixes resolved and the shorthands of triples written out. Every node knows its place in the text.

mod expression;
mod learned;
mod triple;
mod update;

use oxrdf::{NamedNode, Term};

use crate::algebra::Regime;

pub use expression::{Aggregate, Expression, ExpressionKind};
pub use learned::{Candidate, Predict, Similar};
pub use triple::{BlankLabel, BlankNode, Node, Path, PathKind, Repeat, Triple, Variable, Verb};
pub use update::{Modify, Operation, Quad, Update};

/// Bytes of the text, from `start` to before `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First.
    pub start: usize,
    /// After the last.
    pub end: usize,
}

/// A query.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which form.
    pub form: Form,
    /// `FROM` and `FROM NAMED`.
    pub dataset: Vec<DatasetClause>,
    /// `WHERE`; only `DESCRIBE` can be without.
    pub pattern: Option<Group>,
    /// `GROUP BY` to `LIMIT`, `VALUES`.
    pub modifiers: Modifiers,
    /// `BASE`, or that of the options.
    pub base: Option<String>,
    /// Where.
    pub span: Span,
}

/// The form of a query.
#[derive(Clone, Debug)]
pub enum Form {
    /// `SELECT`.
    Select(SelectClause),
    /// `ASK`.
    Ask,
    /// `CONSTRUCT`; the short form has its template as pattern too.
    Construct(Vec<Triple>),
    /// `DESCRIBE`; `None` is `*`.
    Describe(Option<Vec<Node>>),
}

/// `FROM`, `FROM NAMED`, `USING`, `USING NAMED`.
#[derive(Clone, Debug)]
pub struct DatasetClause {
    /// The graph.
    pub graph: NamedNode,
    /// `NAMED`.
    pub named: bool,
    /// Where.
    pub span: Span,
}

/// `SELECT …`.
#[derive(Clone, Debug)]
pub struct SelectClause {
    /// `DISTINCT` or `REDUCED`.
    pub duplicates: Duplicates,
    /// What is projected; `None` is `*`.
    pub items: Option<Vec<SelectItem>>,
    /// Where.
    pub span: Span,
}

/// What becomes of equal rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// They stay.
    Kept,
    /// `DISTINCT`.
    Distinct,
    /// `REDUCED`.
    Reduced,
}

/// `?x` or `(expression AS ?x)`.
#[derive(Clone, Debug)]
pub struct SelectItem {
    /// The expression.
    pub expression: Option<Expression>,
    /// Its name.
    pub variable: Variable,
}

/// A `SELECT` inside a group.
#[derive(Clone, Debug)]
pub struct SubSelect {
    /// `SELECT …`.
    pub clause: SelectClause,
    /// `WHERE`.
    pub pattern: Group,
    /// `GROUP BY` to `LIMIT`, `VALUES`.
    pub modifiers: Modifiers,
    /// Where.
    pub span: Span,
}

/// What follows the pattern of a query.
#[derive(Clone, Debug, Default)]
pub struct Modifiers {
    /// `GROUP BY`.
    pub group_by: Vec<GroupKey>,
    /// `HAVING`.
    pub having: Vec<Expression>,
    /// `ORDER BY`.
    pub order_by: Vec<OrderKey>,
    /// `LIMIT`.
    pub limit: Option<u64>,
    /// `OFFSET`.
    pub offset: Option<u64>,
    /// `VALUES`.
    pub values: Option<Values>,
}

/// `?x`, `expression` or `(expression AS ?x)` of `GROUP BY`.
#[derive(Clone, Debug)]
pub struct GroupKey {
    /// The expression.
    pub expression: Expression,
    /// Its name.
    pub variable: Option<Variable>,
}

/// A sort key.
#[derive(Clone, Debug)]
pub struct OrderKey {
    /// What is compared.
    pub expression: Expression,
    /// `DESC`.
    pub descending: bool,
}

/// `{ … }`.
#[derive(Clone, Debug)]
pub struct Group {
    /// In order.
    pub elements: Vec<Element>,
    /// Where.
    pub span: Span,
    /// Levels of operators that its algebra may have.
    pub depth: u32,
}

/// A part of a group.
#[derive(Clone, Debug)]
pub enum Element {
    /// Triples up to the next part of another kind.
    Triples(Vec<Triple>),
    /// `OPTIONAL`.
    Optional(Group),
    /// `MINUS`.
    Minus(Group),
    /// `GRAPH`.
    Graph(Node, Group),
    /// `SERVICE`, with `SILENT`.
    Service(Node, Group, bool),
    /// `FILTER`.
    Filter(Expression),
    /// `BIND`.
    Bind(Expression, Variable),
    /// `VALUES`.
    Values(Values),
    /// Groups with `UNION` between them; one group alone too.
    Union(Vec<Group>),
    /// `SELECT` as the only part of a group.
    SubSelect(Box<SubSelect>),
    /// `HYPEREDGE`.
    Hyperedge(Hyperedge),
    /// `TEMPORAL`.
    Temporal(Temporal),
    /// `INFER`.
    Infer(Regime, Group),
    /// `SIMILAR`.
    Similar(Box<Similar>),
    /// `PREDICT`.
    Predict(Box<Predict>),
}

/// `VALUES`.
#[derive(Clone, Debug)]
pub struct Values {
    /// Columns.
    pub variables: Vec<Variable>,
    /// Rows; `None` is `UNDEF`.
    pub rows: Vec<Vec<Option<Term>>>,
    /// Where.
    pub span: Span,
}

/// `HYPEREDGE`.
#[derive(Clone, Debug)]
pub struct Hyperedge {
    /// Its node.
    pub node: Node,
    /// Roles and players.
    pub incidences: Vec<(Node, Node)>,
    /// `EXACT`.
    pub exact: bool,
    /// `DISTINCT PLAYERS`.
    pub distinct_players: bool,
    /// Where.
    pub span: Span,
}

/// `TEMPORAL`.
#[derive(Clone, Debug)]
pub struct Temporal {
    /// What is asked.
    pub constraint: TemporalConstraint,
    /// Where.
    pub span: Span,
}

/// What `TEMPORAL` asks.
#[derive(Clone, Debug)]
pub enum TemporalConstraint {
    /// `?t BETWEEN a AND b`.
    Between(Variable, Expression, Expression),
    /// `AS OF t`.
    AsOf(Expression),
    /// `BEFORE t`.
    Before(Expression),
    /// `AFTER t`.
    After(Expression),
    /// `DURING a TO b`.
    During(Expression, Expression),
    /// `OVERLAPS a TO b`.
    Overlaps(Expression, Expression),
}
