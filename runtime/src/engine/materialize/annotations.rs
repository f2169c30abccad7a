//! The valid time of a statement as annotations: a reifier for each of its periods.

use hypergraphql_framework::store::{Id, Instant, Period, PeriodSet, Periods};
use oxrdf::vocab::rdf;
use oxrdf::{BlankNode, NamedNode, Quad, Triple};

/// The annotations that a statement needs to hold when it follows, and whether it then does so exactly. `valid` is when it follows, none: it is timeless; `known`
/// is the same of what was asserted, if it was.
pub(super) fn annotate(
    quad: &Quad,
    row: [Id; 4],
    periods: &Periods,
    valid: Option<PeriodSet>,
    known: Option<Option<PeriodSet>>,
) -> (Vec<Quad>, bool) {
    let now = known.clone().unwrap_or_else(|| periods.statement(row));
    match (valid, now) {
        // What is asserted without a time stays so; what follows at all times gets no period.
        (None, None) => (vec![], true),
        (Some(valid), now) if now.as_ref() == Some(&valid) && known.is_some() => (vec![], true),
        (Some(valid), _) => {
            let is_exact = periods.reified(row, &valid) == valid;
            (
                valid.periods().iter().flat_map(|period| halves(*period, periods)).flat_map(|period| reifier(quad, period)).collect(),
                is_exact,
            )
        }
        // It has a period that nothing takes away: one for all times beside it is as near as can be.
        (None, Some(_)) => {
            let always = PeriodSet::union([Period { from: None, to: None }]);
            let (annotations, _) = annotate(quad, row, periods, Some(always), None);
            (annotations, false)
        }
    }
}

/// A period with a bound, or two of which all time consists.
fn halves(period: Period, periods: &Periods) -> Vec<Period> {
    if period.from.is_some() || period.to.is_some() {
        return vec![period];
    }
    // Any instant will do; without one nothing has a period.
    let cut = periods.bounds(|_| true).first().copied();
    cut.map(|cut| vec![Period { from: None, to: Some(cut) }, Period { from: Some(cut), to: None }]).unwrap_or_default()
}

fn reifier(quad: &Quad, period: Period) -> Vec<Quad> {
    let node = BlankNode::default();
    let name = |local: &str| NamedNode::new_unchecked(format!("https://hypergraphql.org/ns#{local}"));
    let about = |predicate: NamedNode, object: oxrdf::Term| Quad::new(node.clone(), predicate, object, quad.graph_name.clone());
    let bound = |local: &str, at: Option<Instant>| at.map(|at| about(name(local), at.to_literal().into()));
    let triple = Triple::new(quad.subject.clone(), quad.predicate.clone(), quad.object.clone());
    [Some(about(rdf::REIFIES.into(), triple.into())), bound("validFrom", period.from), bound("validTo", period.to)]
        .into_iter()
        .flatten()
        .collect()
}
