//! Whether there are the models that a plan asks, before anything of it runs.

use hypergraphql_query::algebra::TermPattern;
use hypergraphql_query::explain::name;
use hypergraphql_query::graph::{Op, TensorGraph};
use oxrdf::Term;
use oxrdf::vocab::xsd;

use super::Learned;
use crate::engine::QueryError;

const LINKS: &str = "a model of links: give a folder of `hgql train link-prediction` by --model DIR (in a program: QueryOptions::learned)";
const TEXTS: &str = "an encoder of texts: give a Hugging Face folder of one by --encoder DIR (in a program: QueryOptions::learned)";

/// Looks at a plan and its sub-queries.
///
/// # Errors
/// [`QueryError::NoModel`] for the first operator that has none, and [`QueryError::Unknown`] for a `SIMILAR` to a literal that is no text.
pub(crate) fn check(plan: &TensorGraph, learned: &Learned) -> Result<(), QueryError> {
    for (place, node) in plan.nodes.iter().enumerate() {
        let operator = || format!("{} #{place}", name(&node.op));
        let lacks = |what| Err(QueryError::NoModel { operator: operator(), what });
        match &node.op {
            Op::Predict { .. } if learned.links().is_none() => return lacks(LINKS),
            Op::Similar { to: TermPattern::Term(Term::Literal(literal)), .. } => {
                if literal.datatype() != xsd::STRING || literal.value().is_empty() {
                    let what = format!("SIMILAR takes a node or a text, not {literal}");
                    return Err(QueryError::Unknown { operator: operator(), what });
                }
                if learned.texts().is_none() {
                    return lacks(TEXTS);
                }
            }
            Op::Similar { .. } if learned.links().is_none() && learned.texts().is_none() => return lacks(LINKS),
            Op::Exists { query, .. } | Op::EachGraph(_, query) | Op::ForEach(_, query) => check(query, learned)?,
            _ => {}
        }
    }
    Ok(())
}
