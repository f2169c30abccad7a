//! A closure: all statements of a graph under a regime, of the predicates that were asked for.

use std::sync::Arc;

use hypergraphql_framework::store::Id;
use hypergraphql_query::algebra::Regime;

use super::InferError;
use super::evaluate::{Reach, Watch};
use super::facts::Asserted;
use super::fixpoint::Fixpoint;
use super::pairs::{Pairs, unpack};
use super::regimes::Rules;
use super::terms::{ClosureTerms, HIDDEN};

/// What is asked of a closure.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    /// The rules.
    pub(crate) regime: Regime,
    /// Predicates whose statements are wanted; others may be missing.
    pub(crate) reach: Reach,
    /// The namespace of the store's own names, `:isA` among them.
    pub(crate) base: &'a str,
}

/// The statements of each predicate, ascending.
#[derive(Debug)]
pub(crate) struct Closure {
    /// Predicates ascending, and the pairs of each.
    pub(crate) relations: Vec<(Id, Vec<u64>)>,
}

/// The closure of a graph: asserted statements and derived ones together.
///
/// # Errors
/// When the graph is inconsistent, a rule of the store cannot be applied, or the watch stops it.
pub(crate) fn closure(
    asserted: &dyn Asserted,
    terms: &ClosureTerms,
    question: &Question<'_>,
    watch: Watch<'_>,
) -> Result<Closure, InferError> {
    let rules = Rules::new(question.regime, question.base, terms, asserted)?;
    let mut fixpoint = Fixpoint::new(&rules, terms, asserted, watch, &question.reach);
    fixpoint.run()?;
    let predicates: Vec<Id> = fixpoint.facts.predicates().filter(|p| *p < HIDDEN && question.reach.has(*p) && terms.is_iri(*p)).collect();
    let mut relations = vec![];
    for predicate in predicates {
        let pairs = fixpoint.facts.shared(predicate);
        fixpoint.facts.remove(predicate);
        let mut pairs = Arc::try_unwrap(pairs).map_or_else(|shared| shared.all().to_vec(), Pairs::into_sorted);
        if predicate != rules.hierarchies.inherited_from() {
            // Literals as subjects are of use to rules only.
            let (mut known, mut is_subject) = (0, false);
            pairs.retain(|pair| {
                let subject = unpack(*pair).0;
                if subject != known {
                    (known, is_subject) = (subject, terms.is_subject(subject));
                }
                is_subject
            });
        }
        if !pairs.is_empty() {
            relations.push((predicate, pairs));
        }
    }
    Ok(Closure { relations })
}
