//! From syntax to algebra, as section 18.2 of SPARQL 1.1 defines it, with the checks of scope that go with it and the relaxations of HyperQL.

mod bgp;
mod expression;
mod group;
mod grouping;
mod learned;
mod scope;
mod select;
mod template;
mod temporal;
mod update;

use std::collections::HashMap;

use oxrdf::NamedNode;

use crate::algebra::{Dataset, Form, Pattern, Query, Update, Variable};
use crate::syntax::ast::{self, BlankLabel};
use crate::syntax::{self, Fault, ParseOptions, SyntaxError};

pub(crate) use bgp::join_all;
use scope::Scope;

type Result<T> = std::result::Result<T, Fault>;

/// Reads a query: as SPARQL 1.1 and 1.2 with the extension clauses; unless the options are strict, the relaxations of HyperQL apply to what SPARQL
/// does not allow.
///
/// # Errors
///
/// The text is no query: where, what was expected, and how to mend it.
pub fn parse_query(text: &str, options: &ParseOptions) -> std::result::Result<Query, SyntaxError> {
    syntax::query(text, options).and_then(|query| Translator::new(options).query(&query)).map_err(|fault| fault.locate(text))
}

/// Reads an update, see [`parse_query`].
///
/// # Errors
///
/// The text is no update: where, what was expected, and how to mend it.
pub fn parse_update(text: &str, options: &ParseOptions) -> std::result::Result<Update, SyntaxError> {
    syntax::update(text, options).and_then(|update| update::translate(&update, options)).map_err(|fault| fault.locate(text))
}

/// Names given so far. Blank nodes of patterns become variables `.b0` …, keys without a name `.k0` …, aggregates `.a0` …, steps of paths `.p0` ….
struct Translator {
    strict: bool,
    /// Blank nodes of patterns with the basic graph pattern that each belongs to.
    blanks: HashMap<BlankLabel, (Variable, usize)>,
    basic_patterns: usize,
    hidden: HashMap<char, usize>,
    /// Where variables appear first, for the columns of `SELECT *`.
    appeared: HashMap<Variable, usize>,
}

impl Translator {
    fn new(options: &ParseOptions) -> Self {
        Self { strict: options.strict, blanks: HashMap::new(), basic_patterns: 0, hidden: HashMap::new(), appeared: HashMap::new() }
    }

    fn query(mut self, query: &ast::Query) -> Result<Query> {
        let pattern = match &query.pattern {
            Some(group) => self.group(group)?,
            None => Pattern::Bgp(Vec::new()),
        };
        let (form, pattern) = match &query.form {
            ast::Form::Select(clause) => {
                let (pattern, variables) = self.select(clause, pattern, &query.modifiers)?;
                (Form::Select(variables), pattern)
            }
            ast::Form::Ask => (Form::Ask, self.solutions(&[], pattern, &query.modifiers)?),
            ast::Form::Construct(triples) => {
                let template = template::Template::default().triples(triples)?;
                let used = template::variables(triples);
                (Form::Construct(template), self.solutions(&used, pattern, &query.modifiers)?)
            }
            ast::Form::Describe(targets) => self.describe(targets.as_deref(), pattern, &query.modifiers)?,
        };
        Ok(Query { form, dataset: dataset(&query.dataset), pattern, base: query.base.clone() })
    }

    /// The variable of a pattern.
    fn appear(&mut self, name: &str) -> Variable {
        let variable = Variable::new(name);
        let count = self.appeared.len();
        self.appeared.entry(variable.clone()).or_insert(count);
        variable
    }

    /// Variables in scope after a pattern, in order of appearance.
    fn all_of(&self, pattern: &Pattern) -> Vec<Variable> {
        let mut variables = Scope::of(pattern).visible();
        variables.sort_by_key(|variable| self.appeared.get(variable).copied());
        variables
    }

    /// A new hidden variable of this kind.
    fn fresh(&mut self, kind: char) -> Variable {
        let count = self.hidden.entry(kind).or_default();
        let variable = Variable::new(format!(".{kind}{count}"));
        *count += 1;
        variable
    }
}

fn dataset(clauses: &[ast::DatasetClause]) -> Option<Dataset> {
    if clauses.is_empty() {
        return None;
    }
    let graphs = |named: bool| -> Vec<NamedNode> {
        clauses.iter().filter(|clause| clause.named == named).map(|clause| clause.graph.clone()).collect()
    };
    Some(Dataset { default: graphs(false), named: graphs(true), all_named: false })
}
