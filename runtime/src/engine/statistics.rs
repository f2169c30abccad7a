//! What the planner asks of a store.

use hypergraphql_framework::store::{AtomSpace, Order, StarAtom};
use hypergraphql_query::graph::TextPattern;
use hypergraphql_query::statistics::{Distinct, Star, Statistics};
use oxrdf::Term;

/// The numbers of a snapshot, of all its graphs together.
pub(crate) struct StoreStatistics<'s>(pub(crate) &'s AtomSpace);

impl Statistics for StoreStatistics<'_> {
    fn rows(&self, subject: Option<&Term>, predicate: Option<&Term>, object: Option<&Term>) -> f64 {
        let places = [subject, predicate, object].map(|term| term.map(|term| self.0.id(term)));
        let [s, p, o] = places.map(Option::flatten);
        if places.contains(&Some(None)) {
            return 0.0;
        }
        let (order, prefix) = match (s, p, o) {
            (None, None, None) => return self.0.len() as f64,
            (Some(s), None, None) => (Order::Spo, vec![s]),
            (Some(s), Some(p), None) => (Order::Spo, vec![s, p]),
            (None, Some(p), None) => (Order::Pso, vec![p]),
            (None, Some(p), Some(o)) => (Order::Pos, vec![p, o]),
            (None, None, Some(o)) => (Order::Osp, vec![o]),
            (Some(s), None, Some(o)) => (Order::Osp, vec![o, s]),
            (Some(s), Some(p), Some(o)) => (Order::Spo, vec![s, p, o]),
        };
        self.0.rows(order, &prefix).len() as f64
    }

    fn star(&self, atoms: &[(&Term, Option<&Term>)]) -> Option<Star<'_>> {
        let statistics = self.0.statistics();
        statistics.characteristic_sets()?;
        // None of an atom that has no matches.
        let known = |&(predicate, object): &(&Term, Option<&Term>)| {
            let id = self.0.id(predicate)?;
            let all = statistics.predicate(id)?.rows as f64;
            let share = object.map(|object| Some(self.0.rows(Order::Pos, &[id, self.0.id(object)?]).len() as f64 / all.max(1.0)));
            match share {
                None => Some(StarAtom { predicate: id, share: None }),
                Some(share) => share.filter(|share| *share > 0.0).map(|share| StarAtom { predicate: id, share: Some(share) }),
            }
        };
        let atoms: Vec<Option<StarAtom>> = atoms.iter().map(known).collect();
        Some(Box::new(move |some| {
            let picked = atoms.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1).map(|(_, atom)| *atom);
            match picked.collect::<Option<Vec<StarAtom>>>() {
                Some(atoms) => statistics.star(&atoms),
                None => Some(0.0),
            }
        }))
    }

    fn texts(&self, pattern: &TextPattern) -> Option<f64> {
        self.0.texts_expected(&pattern.prefix, &pattern.parts).map(|texts| texts as f64)
    }

    fn distinct(&self, predicate: Option<&Term>) -> Distinct {
        let all = self.0.statistics();
        let at_least_one = |count: u64| (count as f64).max(1.0);
        match predicate {
            None => Distinct {
                subjects: at_least_one(all.subjects()),
                predicates: at_least_one(all.predicates().len() as u64),
                objects: at_least_one(all.objects()),
            },
            Some(term) => {
                let known = self.0.id(term).and_then(|id| all.predicate(id));
                Distinct {
                    subjects: at_least_one(known.map_or(0, |p| p.subjects)),
                    predicates: 1.0,
                    objects: at_least_one(known.map_or(0, |p| p.objects)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
