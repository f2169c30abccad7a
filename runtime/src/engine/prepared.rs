//! Prepared queries: a text that is read and planned once, and run with other terms each time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{Query, Variable};
use hypergraphql_query::graph::TensorGraph;
use hypergraphql_query::parameters::{self, Averages, ParameterError};
use hypergraphql_query::{compile, parse_query};
use oxrdf::Term;

use super::statistics::StoreStatistics;
use super::{Answer, Engine, Profile, QueryError, QueryOptions, ask};

/// A query whose parameters get their terms when it is run; made by [`Engine::prepare`].
///
/// A parameter has its value wherever the text has the variable, in sub-queries too, as if the term were written there: it is never read as text. Its plan
/// is made once for each set of parameters and made again when an update has changed the store. A parameter that is selected is a column of its value.
pub struct Prepared<'e> {
    engine: &'e Engine,
    text: String,
    query: Query,
    options: QueryOptions,
    /// The variables of the text; true: it has to be given a value.
    variables: BTreeMap<String, bool>,
    /// Plans by the parameters that they have, with the snapshots that they were made for.
    plans: Mutex<HashMap<BTreeSet<Variable>, (AtomSpace, Arc<TensorGraph>)>>,
}

impl<'e> Prepared<'e> {
    pub(super) fn new(engine: &'e Engine, text: &str, options: &QueryOptions) -> Result<Self, QueryError> {
        let query = parse_query(text, &options.parse())?;
        let variables = parameters::variables(text)?;
        Ok(Self { engine, text: text.to_owned(), query, options: options.clone(), variables, plans: Mutex::default() })
    }

    /// Names of the parameters that have to be given, ascending: those that are written with `$`.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, marked)| **marked).map(|(name, _)| name.as_str())
    }

    /// Answers the query with these terms, on the snapshot that is current now.
    ///
    /// # Errors
    /// [`QueryError::Parameter`] for a name that the text does not have, for a variable written with `$` that is not given, for one that the query binds
    /// itself, or for a term that cannot stand in its place; else as [`Engine::query`].
    pub fn query(&self, values: &[(&str, Term)]) -> Result<Answer, QueryError> {
        Ok(self.profile(values)?.0)
    }

    /// Answers the query with these terms and says what its operators did.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn profile(&self, values: &[(&str, Term)]) -> Result<(Answer, Profile), QueryError> {
        let limits = self.options.limits();
        let values = self.checked(values)?;
        let space = self.engine.space();
        let plan = parameters::bind(&*self.plan(&space, values.keys().cloned().collect())?, &values)?;
        ask::answer(&space, &plan, &values, limits, &self.options, &self.engine.closures).map_err(|error| error.located(&self.text))
    }

    /// The plan with a place for each of these parameters, which is not run.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn explain(&self, values: &[(&str, Term)]) -> Result<String, QueryError> {
        let values = self.checked(values)?;
        let plan = self.plan(&self.engine.space(), values.keys().cloned().collect())?;
        Ok(parameters::bind(&plan, &values)?.to_string())
    }

    fn checked(&self, values: &[(&str, Term)]) -> Result<BTreeMap<Variable, Term>, ParameterError> {
        let unknown = || {
            let known: Vec<String> = self.variables.keys().map(|name| format!("?{name}")).collect();
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        };
        if let Some((name, _)) = values.iter().find(|(name, _)| !self.variables.contains_key(*name)) {
            return Err(ParameterError::Unknown { name: Variable::new(*name), known: unknown() });
        }
        let values: BTreeMap<Variable, Term> = values.iter().map(|(name, term)| (Variable::new(*name), term.clone())).collect();
        match self.parameters().find(|name| !values.contains_key(&Variable::new(*name))) {
            Some(name) => Err(ParameterError::Missing { name: name.to_owned() }),
            None => Ok(values),
        }
    }

    fn plan(&self, space: &AtomSpace, names: BTreeSet<Variable>) -> Result<Arc<TensorGraph>, QueryError> {
        let known = |plans: &HashMap<_, (AtomSpace, Arc<TensorGraph>)>| {
            plans.get(&names).filter(|(of, _)| of.is_same(space)).map(|(_, plan)| Arc::clone(plan))
        };
        if let Some(plan) = known(&*self.plans.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(plan);
        }
        let query = parameters::substitute(&self.query, &names)?;
        let plan = compile(&query, &Averages(&StoreStatistics(space)), &self.options.compile());
        let plan = Arc::new(plan.map_err(|error| QueryError::from(error).located(&self.text))?);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        // Snapshots that are gone are not held by their plans.
        plans.retain(|_, (of, _)| of.is_same(space));
        plans.insert(names, (space.clone(), Arc::clone(&plan)));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_made_once_for_each_snapshot() {
        let engine = Engine::new(AtomSpace::from_quads([]).unwrap());
        let prepared = engine.prepare("SELECT * { ?s ?p $o }", &QueryOptions::default()).unwrap();
        let plan = || prepared.plan(&engine.space(), BTreeSet::from([Variable::new("o")])).unwrap();
        let first = plan();
        assert!(Arc::ptr_eq(&first, &plan()));
        engine.update("INSERT DATA { :a :b :c }", &QueryOptions::default()).unwrap();
        assert!(!Arc::ptr_eq(&first, &plan()), "statistics are those of the store as it is");
    }
}
