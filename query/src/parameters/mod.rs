//! Parameters of prepared queries: variables that get their terms when a query is run. A text is read once ([`variables`]), its parameters become
//! placeholders in the algebra ([`substitute`]), from which a plan is made ([`Averages`] for its estimates), and each run puts its terms into a copy of
//! the plan ([`bind`]). A term never becomes text.

mod averages;
mod bind;
mod substitute;

use std::collections::BTreeMap;

use oxrdf::{NamedNode, Term};

use crate::algebra::{Pattern, Variable};
use crate::syntax::ast::Span;
use crate::syntax::{self, Fault, ParseOptions, SyntaxError};
use crate::translate::parse_query;

pub use averages::Averages;
pub use bind::bind;
pub use substitute::substitute;

/// Why a parameter cannot be what it is wanted to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A name that is no variable of the text.
    #[error("the query has no variable {name} that could be a parameter: it has {known}")]
    Unknown {
        /// The parameter.
        name: Variable,
        /// Variables of the text.
        known: String,
    },
    /// A variable that is marked by `$` and has no value.
    #[error("the parameter ${name} has no value: give it one, or write ?{name} where it is to be found")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The query gives the variable a value itself.
    #[error("{name} cannot be a parameter, {by} gives it its value: name that variable differently")]
    Bound {
        /// The parameter.
        name: Variable,
        /// What gives it a value.
        by: &'static str,
    },
    /// A term that cannot stand where the parameter stands.
    #[error("the parameter {name} stands {place}, where an IRI is expected, got {got}: give it an IRI")]
    Place {
        /// The parameter.
        name: Variable,
        /// Where it stands.
        place: &'static str,
        /// Its value.
        got: Term,
    },
}

/// The variables of a query's text by their names; true: it is written with `$` somewhere.
///
/// # Errors
///
/// The text is no query.
pub fn variables(text: &str) -> Result<BTreeMap<String, bool>, SyntaxError> {
    syntax::variables(text).map_err(|fault| fault.locate(text))
}

/// Reads one term as a query has it: an IRI in `<…>` or by its prefix, a string, a number or another literal.
///
/// # Errors
///
/// The text is no term, or more than one.
pub fn parse_term(text: &str, options: &ParseOptions) -> Result<Term, SyntaxError> {
    // On a line of its own, so that columns are those of the text.
    let query = parse_query(&format!("ASK {{ VALUES ?term {{\n{text}\n}} }}"), options);
    let query = query.map_err(|error| SyntaxError { line: error.line.saturating_sub(1).max(1), ..error })?;
    match query.pattern {
        Pattern::Values { variables, mut rows } if variables.len() == 1 && rows.len() == 1 => rows.remove(0).remove(0),
        _ => None,
    }
    .ok_or_else(|| {
        let fault = Fault::new(Span { start: 0, end: text.len() }, "one term is expected");
        fault.hint("<http://…>, a name with a known prefix, \"a string\", \"2020-01-01\"^^xsd:date, 42 and true are terms").locate(text)
    })
}

/// What no text can name.
const PLACE: &str = "parameter ";

/// What stands for a parameter in an algebra and a plan.
fn placeholder(variable: &Variable) -> Term {
    NamedNode::new_unchecked(format!("{PLACE}{}", variable.name())).into()
}

/// The parameter that a term stands for.
fn parameter(term: &Term) -> Option<Variable> {
    match term {
        Term::NamedNode(node) => node.as_str().strip_prefix(PLACE).map(Variable::new),
        _ => None,
    }
}
