//! The algebra of a query: what it means, without its layout. Blank nodes of patterns are hidden variables here, prefixes are gone, and the
//! relaxations of HyperQL are written out.

mod learned;
mod update;

use std::fmt;
use std::sync::Arc;

use oxrdf::{NamedNode, Term};
use serde::{Deserialize, Serialize};

pub use learned::{DEFAULT_NEAREST, MOST_NEAREST, Predict, Similar};
pub use update::{GraphTarget, Operation, QuadPattern, Transfer, Update};

/// A variable; a name that begins with `.` was made by the compiler (a blank node of a pattern, a nested aggregate) and is never projected by `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Variable(Arc<str>);

impl From<String> for Variable {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<Variable> for String {
    fn from(variable: Variable) -> Self {
        variable.name().to_owned()
    }
}

impl Variable {
    /// The variable of this name, without `?`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name, without `?`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Made by the compiler, so that `*` leaves it out.
    pub fn is_hidden(&self) -> bool {
        self.0.starts_with('.')
    }
}

/// A hidden variable is written as a blank node.
impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix('.') {
            Some(label) => write!(f, "_:{label}"),
            None => write!(f, "?{}", self.0),
        }
    }
}

/// The byte of the text where something stands, for errors; no part of what a query means, so that all are equal.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct TextPlace(pub usize);

impl PartialEq for TextPlace {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for TextPlace {}

/// A whole query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// What the query makes of its solutions.
    pub form: Form,
    /// `FROM` and `FROM NAMED`; `None`: the dataset of the store.
    pub dataset: Option<Dataset>,
    /// Whose solutions.
    pub pattern: Pattern,
    /// Base IRI, for `IRI()`.
    pub base: Option<String>,
}

/// What a query makes of its solutions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// Rows of these variables, in this order.
    Select(Vec<Variable>),
    /// Whether there is one.
    Ask,
    /// Triples from a template; a hidden variable that no solution binds is a fresh blank node per solution.
    Construct(Vec<TriplePattern>),
    /// What is known of these variables and terms.
    Describe(Vec<TermPattern>),
}

/// The graphs that a query reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Their merge is the default graph.
    pub default: Vec<NamedNode>,
    /// Those that `GRAPH` reaches.
    pub named: Vec<NamedNode>,
    /// `GRAPH` reaches every named graph of the store: `WITH` of an update replaces the default graph alone.
    pub all_named: bool,
}

/// A term or variable of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TermPattern {
    /// A variable.
    Variable(Variable),
    /// A term; never a blank node, which is a hidden variable, except in the data of an update.
    Term(Term),
    /// A triple term that has a variable inside.
    Triple(Box<TriplePattern>),
}

/// A triple pattern. The predicate is a variable or an IRI.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TriplePattern {
    /// Subject.
    pub subject: TermPattern,
    /// Predicate.
    pub predicate: TermPattern,
    /// Object.
    pub object: TermPattern,
}

/// A graph pattern: a multiset of solutions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pattern {
    /// Triple patterns that are joined; empty: one empty solution.
    Bgp(Vec<TriplePattern>),
    /// `subject path object`.
    Path {
        /// Where it begins.
        subject: TermPattern,
        /// The way.
        path: Path,
        /// Where it ends.
        object: TermPattern,
    },
    /// `HYPEREDGE`: the node is a hyperedge with these incidences.
    Hyperedge(Hyperedge),
    /// Both, compatible.
    Join(Box<Pattern>, Box<Pattern>),
    /// `OPTIONAL`.
    LeftJoin {
        /// Kept.
        left: Box<Pattern>,
        /// Joined where it can be.
        right: Box<Pattern>,
        /// Condition on both.
        condition: Option<Expression>,
    },
    /// Rows of the one and of the other.
    Union(Box<Pattern>, Box<Pattern>),
    /// `MINUS`.
    Minus(Box<Pattern>, Box<Pattern>),
    /// Solutions for which the expression is true.
    Filter {
        /// Effective boolean value.
        condition: Expression,
        /// Of what.
        inner: Box<Pattern>,
    },
    /// `BIND`: one variable more.
    Extend {
        /// Of what.
        inner: Box<Pattern>,
        /// The new variable.
        variable: Variable,
        /// Its value; unbound where there is an error.
        expression: Expression,
    },
    /// `VALUES`.
    Values {
        /// Columns.
        variables: Vec<Variable>,
        /// Rows; `None` is `UNDEF`.
        rows: Vec<Vec<Option<Term>>>,
    },
    /// `GRAPH`.
    Graph {
        /// An IRI or a variable.
        name: TermPattern,
        /// Matched in that graph.
        inner: Box<Pattern>,
    },
    /// Grouping.
    Group {
        /// Of what.
        inner: Box<Pattern>,
        /// Keys; expressions as keys were bound to variables before.
        keys: Vec<Variable>,
        /// Aggregates with their variables.
        aggregates: Vec<(Variable, Aggregate)>,
        /// Taken together from one row of the group: the least in the order of these variables (relaxation 2 of HyperQL).
        sampled: Vec<Variable>,
    },
    /// `ORDER BY`.
    OrderBy {
        /// Of what.
        inner: Box<Pattern>,
        /// Most significant first.
        keys: Vec<OrderKey>,
    },
    /// These variables only, in this order.
    Project {
        /// Of what.
        inner: Box<Pattern>,
        /// Which.
        variables: Vec<Variable>,
    },
    /// `DISTINCT`.
    Distinct(Box<Pattern>),
    /// `REDUCED`.
    Reduced(Box<Pattern>),
    /// `OFFSET` and `LIMIT`.
    Slice {
        /// Of what.
        inner: Box<Pattern>,
        /// Rows left out at the beginning.
        offset: u64,
        /// Rows at most.
        limit: Option<u64>,
    },
    /// `SERVICE`.
    Service {
        /// An IRI or a variable.
        name: TermPattern,
        /// What is asked there.
        inner: Box<Pattern>,
        /// A failure is an empty solution.
        silent: bool,
        /// Where its name stands.
        #[serde(skip)]
        at: TextPlace,
    },
    /// `TEMPORAL`: valid time of a group.
    Temporal {
        /// The group's own triple patterns and hyperedges, whose periods are intersected.
        core: Box<Pattern>,
        /// What is asked of the valid time.
        constraint: Temporal,
        /// The rest of the group, in which `core` stands as [`Pattern::Core`].
        inner: Box<Pattern>,
    },
    /// Where `core` stands in the `inner` of [`Pattern::Temporal`].
    Core,
    /// `INFER`: matched over the closure of the active graph.
    Infer {
        /// Which rules.
        regime: Regime,
        /// Matched there.
        inner: Box<Pattern>,
    },
    /// `SIMILAR`: nodes with embeddings like another's.
    Similar(Box<Similar>),
    /// `PREDICT`: statements and hyperedges that are likely, and not there.
    Predict(Box<Predict>),
}

/// `HYPEREDGE [EXACT] [DISTINCT PLAYERS] node { role player ; … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperedge {
    /// The hyperedge.
    pub node: TermPattern,
    /// Role (an IRI or a variable, which ranges over incidences only) and player.
    pub incidences: Vec<(TermPattern, TermPattern)>,
    /// No incidence besides the matched ones.
    pub exact: bool,
    /// Players are pairwise different terms.
    pub distinct_players: bool,
}

/// What `TEMPORAL` asks of the valid time V of the core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Temporal {
    /// `?t BETWEEN a AND b`: ?t = min(V ∩ [a, b]).
    Between(Variable, Expression, Expression),
    /// `AS OF t`: the snapshot at t.
    AsOf(Expression),
    /// `BEFORE t`: sup V <= t.
    Before(Expression),
    /// `AFTER t`: min V >= t.
    After(Expression),
    /// `DURING a TO b`: V ⊆ [a, b).
    During(Expression, Expression),
    /// `OVERLAPS a TO b`: V ∩ [a, b) ≠ ∅.
    Overlaps(Expression, Expression),
}

/// The rules of `INFER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Regime {
    /// subClassOf, subPropertyOf, domain, range.
    #[default]
    RhoDf,
    /// RDFS.
    Rdfs,
    /// OWL 2 RL.
    Owl2Rl,
    /// The store's own rules.
    Rules,
}

/// A property path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Path {
    /// One step.
    Predicate(NamedNode),
    /// `^`.
    Inverse(Box<Path>),
    /// `/`.
    Sequence(Box<Path>, Box<Path>),
    /// `|`.
    Alternative(Box<Path>, Box<Path>),
    /// `*`.
    ZeroOrMore(Box<Path>),
    /// `+`.
    OneOrMore(Box<Path>),
    /// `?`.
    ZeroOrOne(Box<Path>),
    /// `!(…)` forward; the inverse ones are an [`Path::Inverse`] of another in an [`Path::Alternative`].
    NegatedSet(Vec<NamedNode>),
}

/// A sort key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderKey {
    /// What is compared.
    pub expression: Expression,
    /// Largest first.
    pub descending: bool,
}

/// An aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Of what; `None`: `COUNT(*)`.
    pub expression: Option<Expression>,
    /// Of the distinct values (of the distinct solutions, for `COUNT(DISTINCT *)`).
    pub distinct: bool,
}

/// The function of an [`Aggregate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregateFunction {
    /// `COUNT`.
    Count,
    /// `SUM`.
    Sum,
    /// `MIN`.
    Min,
    /// `MAX`.
    Max,
    /// `AVG`.
    Avg,
    /// `SAMPLE`.
    Sample,
    /// `GROUP_CONCAT` with its separator.
    GroupConcat(String),
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expression {
    /// Value of a variable; an error where it is unbound.
    Variable(Variable),
    /// A constant.
    Term(Term),
    /// A string literal (for gYear: an integer literal) that the query wrote: compared with a date, dateTime or gYear it is read as one
    /// (relaxation 3 of HyperQL); anywhere else it is the term.
    Loose(Term),
    /// `BOUND`.
    Bound(Variable),
    /// `EXISTS`; `NOT EXISTS` is its [`Expression::Not`].
    Exists(Box<Pattern>),
    /// `||`.
    Or(Vec<Expression>),
    /// `&&`.
    And(Vec<Expression>),
    /// `!`.
    Not(Box<Expression>),
    /// `=`, `!=`, `<`, …
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `IN`; `NOT IN` is its [`Expression::Not`].
    In(Box<Expression>, Vec<Expression>),
    /// `+`, `-`, `*`, `/`.
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// Unary `-`.
    Negate(Box<Expression>),
    /// Unary `+`.
    Plus(Box<Expression>),
    /// `COALESCE`.
    Coalesce(Vec<Expression>),
    /// `IF`.
    If(Box<Expression>, Box<Expression>, Box<Expression>),
    /// A function of its values.
    Call(Function, Vec<Expression>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Arithmetic {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
}

/// A function that takes values: those of SPARQL 1.1 and 1.2, casts (by their datatype) and HyperQL's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of SPARQL")]
pub enum Function {
    Str,
    Lang,
    LangDir,
    LangMatches,
    Datatype,
    Iri,
    BNode,
    Rand,
    Abs,
    Ceil,
    Floor,
    Round,
    Concat,
    SubStr,
    StrLen,
    Replace,
    UCase,
    LCase,
    EncodeForUri,
    Contains,
    StrStarts,
    StrEnds,
    StrBefore,
    StrAfter,
    Year,
    Month,
    Day,
    Hours,
    Minutes,
    Seconds,
    Timezone,
    Tz,
    Now,
    Uuid,
    StrUuid,
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    StrLang,
    StrLangDir,
    StrDt,
    SameTerm,
    IsIri,
    IsBlank,
    IsLiteral,
    IsNumeric,
    HasLang,
    HasLangDir,
    Regex,
    Triple,
    Subject,
    Predicate,
    Object,
    IsTriple,
    /// Any other IRI: a cast (`xsd:integer(?x)`), an Allen relation, `hq:strength`; unknown ones are an error of every row.
    Named(NamedNode),
}
