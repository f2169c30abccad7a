//! The syntax of a query: what was written, with prefixes resolved and the shorthands of triples written out. Every node knows its place in the text.

use oxrdf::{NamedNode, Term};

use crate::algebra::{AggregateFunction, Arithmetic, Comparison, Function, GraphTarget, Regime, Transfer};

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

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Without `?`.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A term, variable or blank node of a pattern.
#[derive(Clone, Debug)]
pub enum Node {
    /// A variable.
    Variable(Variable),
    /// An IRI or literal.
    Term(Term, Span),
    /// A blank node.
    Blank(BlankNode),
    /// A triple term.
    Triple(Box<Triple>),
}

/// A blank node.
#[derive(Clone, Debug)]
pub struct BlankNode {
    /// `_:label`, or a number for one without.
    pub label: BlankLabel,
    /// Where.
    pub span: Span,
}

/// How a blank node is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BlankLabel {
    /// `_:label`.
    Named(String),
    /// `[]`, a list, a reifier.
    Anonymous(u32),
}

/// A triple.
#[derive(Clone, Debug)]
pub struct Triple {
    /// Subject.
    pub subject: Node,
    /// Predicate or path.
    pub verb: Verb,
    /// Object.
    pub object: Node,
    /// Where.
    pub span: Span,
}

/// What stands between subject and object.
#[derive(Clone, Debug)]
pub enum Verb {
    /// An IRI or a variable.
    Node(Node),
    /// A path that is more than an IRI.
    Path(Path),
}

/// A property path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Which.
    pub kind: PathKind,
    /// Where.
    pub span: Span,
}

/// The kinds of paths.
#[derive(Clone, Debug)]
pub enum PathKind {
    /// An IRI.
    Predicate(NamedNode),
    /// `^`.
    Inverse(Box<Path>),
    /// `/`.
    Sequence(Vec<Path>),
    /// `|`.
    Alternative(Vec<Path>),
    /// `*`, `+`, `?`.
    Repeat(Box<Path>, Repeat),
    /// `!(…)`; true: inverse.
    Negated(Vec<(NamedNode, bool)>),
}

/// How often a path is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// `*`.
    ZeroOrMore,
    /// `+`.
    OneOrMore,
    /// `?`.
    ZeroOrOne,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Which.
    pub kind: ExpressionKind,
    /// Where.
    pub span: Span,
    /// Levels of operators inside.
    pub depth: u32,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExpressionKind {
    /// A variable.
    Variable(String),
    /// A constant.
    Term(Term),
    /// `EXISTS`.
    Exists(Box<Group>),
    /// `||`.
    Or(Vec<Expression>),
    /// `&&`.
    And(Vec<Expression>),
    /// `!`, `NOT`.
    Not(Box<Expression>),
    /// `=`, `<`, …
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `IN`.
    In(Box<Expression>, Vec<Expression>),
    /// `+`, `-`, `*`, `/`.
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// Unary `-`.
    Negate(Box<Expression>),
    /// Unary `+`.
    Plus(Box<Expression>),
    /// `BOUND`.
    Bound(String),
    /// `COALESCE`.
    Coalesce(Vec<Expression>),
    /// `IF`.
    If(Box<[Expression; 3]>),
    /// Any other function.
    Call(Function, Vec<Expression>),
    /// An aggregate.
    Aggregate(Box<Aggregate>),
}

/// An aggregate.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Of what; `None` is `*`.
    pub expression: Option<Expression>,
    /// `DISTINCT`.
    pub distinct: bool,
}

/// An update.
#[derive(Clone, Debug)]
pub struct Update {
    /// In order.
    pub operations: Vec<Operation>,
    /// `BASE`, or that of the options.
    pub base: Option<String>,
}

/// A triple of an update with its graph.
#[derive(Clone, Debug)]
pub struct Quad {
    /// The triple.
    pub triple: Triple,
    /// `GRAPH`.
    pub graph: Option<Node>,
}

/// An operation of an update.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `INSERT DATA`.
    InsertData(Vec<Quad>),
    /// `DELETE DATA`.
    DeleteData(Vec<Quad>),
    /// `DELETE WHERE`.
    DeleteWhere(Vec<Quad>),
    /// `WITH … DELETE … INSERT … USING … WHERE …`.
    Modify(Box<Modify>),
    /// `LOAD`.
    Load {
        /// Where from.
        source: NamedNode,
        /// Where to.
        graph: Option<NamedNode>,
        /// `SILENT`.
        silent: bool,
    },
    /// `CLEAR`, with `SILENT`.
    Clear(GraphTarget, bool),
    /// `DROP`, with `SILENT`.
    Drop(GraphTarget, bool),
    /// `CREATE`, with `SILENT`.
    Create(NamedNode, bool),
    /// `ADD`, `COPY`, `MOVE`, with `SILENT`; `None` is `DEFAULT`.
    Transfer(Transfer, Option<NamedNode>, Option<NamedNode>, bool),
}

/// `WITH … DELETE … INSERT … USING … WHERE …`.
#[derive(Clone, Debug)]
pub struct Modify {
    /// `WITH`.
    pub with: Option<NamedNode>,
    /// `DELETE`.
    pub delete: Vec<Quad>,
    /// `INSERT`.
    pub insert: Vec<Quad>,
    /// `USING`.
    pub using: Vec<DatasetClause>,
    /// `WHERE`.
    pub pattern: Group,
}

impl Node {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Variable(variable) => variable.span,
            Self::Term(_, span) => *span,
            Self::Blank(blank) => blank.span,
            Self::Triple(triple) => triple.span,
        }
    }
}
