//! `TensorGraph`: a query as operators on columns of ids. Each node says what comes out: which variables, in which order, how many rows are expected.
//! Constants are terms, not ids, so that a graph outlives the numbering of a store.

use std::ops::Index;

use oxrdf::Term;
use serde::{Deserialize, Serialize};

use crate::algebra::{Aggregate, Dataset, Expression, Form, OrderKey, Path, Regime, TermPattern, TriplePattern, Variable};

/// A compiled query: nodes in an order in which inputs come before what uses them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorGraph {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The one whose rows are the solutions.
    pub root: NodeId,
    /// What is made of the solutions.
    pub form: Form,
    /// Which graphs are read; `None`: those of the store.
    pub dataset: Option<Dataset>,
    /// Base IRI, for `IRI()`.
    pub base: Option<String>,
}

/// Place of a node in [`TensorGraph::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u32);

/// One operator with what comes out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Whose rows it takes.
    pub inputs: Vec<NodeId>,
    /// Columns of its rows, each variable once.
    pub schema: Vec<Column>,
    /// Rows are ascending by these variables (as ids), most significant first; empty: any order.
    pub sorted_by: Vec<Variable>,
    /// Rows have weights: a row stands for as many equal solutions. `Scan`, `Extend` and `Intersect` make them; `Extend`, `Intersect`, `Filter`,
    /// `Bind`, `Destructure`, `Project` and the first input of `SemiJoin` and `AntiJoin` keep them; `Aggregate` counts by them; `Distinct`, `Exists` and the
    /// second input of `SemiJoin`, `AntiJoin` and `Minus` take no notice of them. No other operator is given them.
    pub weighted: bool,
    /// Rows expected.
    pub rows: f64,
}

/// A column of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its variable.
    pub variable: Variable,
    /// Some rows may have no value.
    pub optional: bool,
}

/// The graph in which a pattern is matched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GraphScope {
    /// The default graph of the active dataset.
    Default,
    /// `GRAPH <…>`: this named graph, if the dataset has it.
    Named(Term),
    /// `GRAPH ?g`: every named graph of the dataset; the variable is a column.
    Each(Variable),
    /// The graph of the [`Op::EachGraph`] around it.
    Active,
}

/// Which statements a pattern is matched against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// Those asserted.
    #[default]
    Asserted,
    /// The closure of the graph under a regime.
    Closure(Regime),
    /// Asserted statements whose predicate can be a role: none of rdf:type, rdf:reifies, hq:relation, hq:validFrom, hq:validTo, hq:strength,
    /// hq:confidence. Another atom says that the subject is a hyperedge.
    Incidences,
}

/// A triple pattern, where it is matched and against what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Atom {
    /// The pattern; a variable may stand in several places. Triple terms with variables inside were rewritten with [`Op::Destructure`].
    pub triple: TriplePattern,
    /// In which graph.
    pub graph: GraphScope,
    /// Against which statements.
    pub source: Source,
    /// A range of values that a variable of the pattern must lie in, as conditions on it alone; the executor may use them to narrow its ranges, and
    /// has to see to all of them.
    pub conditions: Vec<(Variable, Expression)>,
    /// Only statements valid at this instant (the value of the expression for the row, or for the surrounding [`Op::ForEach`]) or timeless.
    pub as_of: Option<Expression>,
    /// Column that gets the statement's valid time as a period set of the query, for [`Op::Period`].
    pub period: Option<Variable>,
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// One row without columns.
    Unit,
    /// No rows, with the columns of the schema.
    Empty,
    /// Rows of constants.
    Values(Vec<Vec<Option<Term>>>),
    /// Matches of an atom. The schema may leave out variables of the atom: then equal rows that follow each other are one row with a weight if the node
    /// is weighted, and stay apart if it is not.
    Scan(Atom),
    /// Ids of strings, with a language or without, that may be as the pattern says: all those of the store that are, and perhaps others. The column is the variable.
    TextSearch(Variable, TextPattern),
    /// For every row the matches of an atom in which the row's values stand for its variables: columns of the input and new ones of the schema. A
    /// node whose schema leaves out variables that the atom binds keeps, per row, as many copies as there are matches, or multiplies the weight if it
    /// is weighted. Columns of the input that the schema leaves out are dropped.
    Extend(Atom),
    /// For every row the values of one new variable that all atoms allow; in each atom every other variable is bound by the row. The smallest list of
    /// candidates is expanded, the others are asked. If the schema leaves the variable out, the node is weighted: each row's weight is multiplied by how
    /// many values there are, and rows without any are dropped.
    Intersect(Variable, Vec<Atom>),
    /// Matches of a path. With an input: for every row, its values stand for the ends.
    Path {
        /// Where it begins.
        subject: TermPattern,
        /// The way.
        path: Path,
        /// Where it ends.
        object: TermPattern,
        /// In which graph.
        graph: GraphScope,
        /// Against which statements.
        source: Source,
        /// Only over statements valid at this instant or timeless.
        as_of: Option<Expression>,
    },
    /// Compatible pairs of rows of two inputs, on these variables (all that both have).
    Join(Vec<Variable>),
    /// Rows of the first input with the compatible ones of the second for which the condition holds, or alone.
    LeftJoin(Vec<Variable>, Option<Expression>),
    /// Rows of the first input that have a compatible one in the second.
    SemiJoin(Vec<Variable>),
    /// Rows of the first input that have none in the second.
    AntiJoin(Vec<Variable>),
    /// `MINUS`: rows of the first input for which no row of the second is compatible and shares a bound variable.
    Minus(Vec<Variable>),
    /// Rows of both inputs; a column that one lacks is unbound there.
    Union,
    /// Rows whose effective boolean value is true.
    Filter(Expression),
    /// One column more; unbound where the expression is an error.
    Bind(Variable, Expression),
    /// One column more: whether the sub-query has a row that is compatible with this one. Variables in `correlated` get their value from the row
    /// wherever the sub-query uses them.
    Exists {
        /// The column, of booleans.
        mark: Variable,
        /// Variables of the row that expressions of the sub-query use.
        correlated: Vec<Variable>,
        /// The sub-query; its form is not used.
        query: Box<TensorGraph>,
    },
    /// The rows of the sub-query for each named graph, in which [`GraphScope::Active`] is that graph, with the graph as a column.
    EachGraph(Variable, Box<TensorGraph>),
    /// The rows of the sub-query for each value that the variable has in the input, a column of it; in the sub-query, the variable has that value
    /// wherever it is read. The value is a column.
    ForEach(Variable, Box<TensorGraph>),
    /// One row for each named graph of the dataset; with a term: one row without columns, if it is one.
    Graphs(GraphName),
    /// Subject, predicate and object of a column of triple terms, as columns; rows whose value is no triple term, or does not agree with a column that is
    /// there already or with a constant, are dropped.
    Destructure(Variable, Box<TriplePattern>),
    /// Equal rows once.
    Distinct,
    /// Groups by keys, with aggregates; without keys there is one group even of no rows.
    Aggregate {
        /// Columns by which rows are grouped.
        keys: Vec<Variable>,
        /// New columns.
        aggregates: Vec<(Variable, Aggregate)>,
        /// Taken together from the least row of the group in the order of these variables, unbound last.
        sampled: Vec<Variable>,
    },
    /// Rows in the order of the keys; stable.
    Sort(Vec<OrderKey>),
    /// The first rows of that order.
    TopK(Vec<OrderKey>, u64),
    /// Rows from `offset` on, `limit` at most.
    Slice(u64, Option<u64>),
    /// Columns of the schema, in its order; other columns are dropped.
    Project,
    /// The valid time of the rows, V: the intersection of these columns of periods, which are dropped; rows that do not meet the constraint are dropped,
    /// too. `Between` adds the column of its variable.
    Period {
        /// Columns of [`Atom::period`].
        periods: Vec<Variable>,
        /// What is asked.
        constraint: crate::algebra::Temporal,
    },
    /// `SERVICE`.
    Service {
        /// An IRI or a variable.
        name: TermPattern,
        /// A failure is an empty solution.
        silent: bool,
        /// Where its name stands.
        at: crate::algebra::TextPlace,
    },
    /// Nodes with the nearest embeddings, by a model. Its inputs: where `to` is a variable, the rows that bind it, each of which comes out with what is near its
    /// value; with `among`, the distinct nodes that are looked at.
    Similar {
        /// Column of what is found.
        variable: Variable,
        /// An IRI; a string, which is a text; a column of the first input, or a variable that has its value from outside.
        to: TermPattern,
        /// How many are found, of each value.
        k: u64,
        /// Column of the cosines.
        score: Option<Variable>,
        /// There is an input of the nodes that are looked at, the last.
        among: bool,
    },
    /// The most probable claims that are not there, by a model. Its inputs: those that are, as distinct values of the variables of the claim; with `among`, the distinct
    /// values that are looked at, of some of these variables.
    Predict {
        /// What is claimed.
        claim: Claim,
        /// How many are found.
        k: u64,
        /// Column of the probabilities.
        score: Option<Variable>,
        /// Column of the hyperedges, which are blank nodes.
        node: Option<Variable>,
        /// There is a second input.
        among: bool,
    },
}

/// A statement that may be true: subject and object are terms or, up to both, variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its relation.
    pub relation: Term,
    /// Its subject.
    pub subject: TermPattern,
    /// Its object.
    pub object: TermPattern,
    /// Roles with their players.
    pub qualifiers: Vec<(Term, Term)>,
}

impl Claim {
    /// Subject and object as far as they are to be found.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        [&self.subject, &self.object].into_iter().filter_map(|place| match place {
            TermPattern::Variable(variable) => Some(variable),
            TermPattern::Term(_) | TermPattern::Triple(_) => None,
        })
    }
}

/// What strings are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPattern {
    /// They begin with this.
    pub prefix: String,
    /// They contain all of these, whatever the case of letters.
    pub parts: Vec<String>,
}

/// Of which graph [`Op::Graphs`] asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GraphName {
    /// This one.
    Term(Term),
    /// All of them, as values of this variable.
    Variable(Variable),
}

impl Index<NodeId> for TensorGraph {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}
