//! SPARQL 1.1 section 18.5 in plain loops over solutions: the definition that the engine is held against.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use hypergraphql_query::algebra::{Expression, Path, Pattern, TermPattern, TriplePattern, Variable};
use hypergraphql_query::expr::{Accumulator, Context, Program, Row, Value};
use oxrdf::{GraphName, Quad, Term, Triple};
use oxsdatatypes::DateTime;

/// Terms of variables.
pub(crate) type Solution = BTreeMap<Variable, Term>;

/// A dataset and the graph that is active.
#[derive(Clone)]
pub(crate) struct Dataset<'a> {
    pub(crate) quads: &'a [Quad],
    pub(crate) active: GraphName,
    /// Values from outside an `EXISTS`.
    pub(crate) outer: Solution,
}

impl Dataset<'_> {
    fn triples(&self) -> Vec<Triple> {
        self.quads.iter().filter(|quad| quad.graph_name == self.active).map(|quad| Triple::from(quad.clone())).collect()
    }

    fn named(&self) -> BTreeSet<String> {
        let name = |quad: &Quad| if let GraphName::NamedNode(node) = &quad.graph_name { Some(node.as_str().to_owned()) } else { None };
        self.quads.iter().filter_map(name).collect()
    }

    fn within(&self, graph: &str) -> Self {
        Self { active: oxrdf::NamedNode::new_unchecked(graph).into(), ..self.clone() }
    }

    /// The solutions of a pattern.
    pub(crate) fn solutions(&self, pattern: &Pattern) -> Vec<Solution> {
        match pattern {
            Pattern::Bgp(patterns) => {
                let triples = self.triples();
                patterns.iter().fold(vec![Solution::new()], |solutions, pattern| {
                    let matches =
                        |solution: &Solution| triples.iter().filter_map(|triple| unify(solution, pattern, triple)).collect::<Vec<_>>();
                    solutions.iter().flat_map(matches).collect()
                })
            }
            Pattern::Path { subject, path, object } => self.path(subject, path, object),
            Pattern::Join(left, right) => join(&self.solutions(left), &self.solutions(right)),
            Pattern::LeftJoin { left, right, condition } => {
                let right = self.solutions(right);
                let mut all = vec![];
                for left in self.solutions(left) {
                    let mut joined = join(std::slice::from_ref(&left), &right);
                    joined.retain(|solution| condition.as_ref().is_none_or(|condition| self.test(condition, solution)));
                    if joined.is_empty() { all.push(left) } else { all.extend(joined) }
                }
                all
            }
            Pattern::Union(left, right) => [self.solutions(left), self.solutions(right)].concat(),
            Pattern::Minus(left, right) => {
                let right = self.solutions(right);
                let apart = |left: &Solution| {
                    right.iter().all(|right| !compatible(left, right) || left.keys().all(|variable| !right.contains_key(variable)))
                };
                self.solutions(left).into_iter().filter(apart).collect()
            }
            Pattern::Filter { condition, inner } => {
                self.solutions(inner).into_iter().filter(|solution| self.test(condition, solution)).collect()
            }
            Pattern::Extend { inner, variable, expression } => {
                let extended = |mut solution: Solution| {
                    if let Some(value) = self.value(expression, &solution) {
                        solution.insert(variable.clone(), value.term());
                    }
                    solution
                };
                self.solutions(inner).into_iter().map(extended).collect()
            }
            Pattern::Values { variables, rows } => rows
                .iter()
                .map(|row| variables.iter().zip(row).filter_map(|(v, term)| Some((v.clone(), term.clone()?))).collect())
                .collect(),
            Pattern::Graph { name: TermPattern::Variable(variable), inner } => {
                let of = |graph: &String| {
                    let name = Solution::from([(variable.clone(), oxrdf::NamedNode::new_unchecked(graph).into())]);
                    join(&self.within(graph).solutions(inner), &[name])
                };
                self.named().iter().flat_map(of).collect()
            }
            Pattern::Graph { name: TermPattern::Term(Term::NamedNode(name)), inner } => match self.named().contains(name.as_str()) {
                true => self.within(name.as_str()).solutions(inner),
                false => vec![],
            },
            Pattern::Group { inner, keys, aggregates, sampled } if sampled.is_empty() => {
                let solutions = self.solutions(inner);
                let key = |solution: &Solution| keys.iter().map(|key| solution.get(key).cloned()).collect::<Vec<_>>();
                let mut groups: Vec<(Vec<Option<Term>>, Vec<&Solution>)> = if keys.is_empty() { vec![(vec![], vec![])] } else { vec![] };
                for solution in &solutions {
                    let key = key(solution);
                    match groups.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, members)) => members.push(solution),
                        None => groups.push((key, vec![solution])),
                    }
                }
                let of_group = |(key, members): (Vec<Option<Term>>, Vec<&Solution>)| {
                    let mut solution: Solution = keys.iter().zip(key).filter_map(|(v, term)| Some((v.clone(), term?))).collect();
                    for (variable, aggregate) in aggregates {
                        let value = match &aggregate.expression {
                            None if aggregate.distinct => Some(Value::Integer(members.iter().collect::<HashSet<_>>().len() as i64)),
                            None => Some(Value::Integer(members.len() as i64)),
                            Some(expression) => {
                                let mut all = Accumulator::new(&aggregate.function, aggregate.distinct);
                                members.iter().for_each(|member| all.add(self.value(expression, member).as_ref(), 1));
                                all.finish()
                            }
                        };
                        solution.extend(value.map(|value| (variable.clone(), value.term())));
                    }
                    solution
                };
                groups.into_iter().map(of_group).collect()
            }
            Pattern::OrderBy { inner, .. } | Pattern::Reduced(inner) => self.solutions(inner),
            Pattern::Project { inner, variables } => {
                let kept = |solution: Solution| solution.into_iter().filter(|(variable, _)| variables.contains(variable)).collect();
                // The others are variables of the sub-query alone, whatever their names outside.
                let outer = self.outer.clone().into_iter().filter(|(variable, _)| variables.contains(variable)).collect();
                Self { outer, ..self.clone() }.solutions(inner).into_iter().map(kept).collect()
            }
            Pattern::Distinct(inner) => {
                let mut seen = HashSet::new();
                self.solutions(inner).into_iter().filter(|solution| seen.insert(solution.clone())).collect()
            }
            other => panic!("the reference has no {other:?}"),
        }
    }

    fn test(&self, condition: &Expression, solution: &Solution) -> bool {
        let (condition, solution) = (&self.without_exists(condition, solution), self.seen(solution));
        let (program, variables) = compiled(condition);
        program.test(&Of { solution: &solution, variables: &variables, decoded: decoded(&solution, &variables) }, &context())
    }

    fn value(&self, expression: &Expression, solution: &Solution) -> Option<Value> {
        let (expression, solution) = (&self.without_exists(expression, solution), self.seen(solution));
        let (program, variables) = compiled(expression);
        let row = Of { solution: &solution, variables: &variables, decoded: decoded(&solution, &variables) };
        program.evaluate(&row, &context()).ok().map(Cow::into_owned)
    }

    /// What an expression sees: the solution, and what it lacks from outside.
    fn seen(&self, solution: &Solution) -> Solution {
        let mut seen = self.outer.clone();
        seen.extend(solution.clone());
        seen
    }

    /// The expression with the truth of each `EXISTS` in its place.
    fn without_exists(&self, expression: &Expression, solution: &Solution) -> Expression {
        let again = |part: &Expression| self.without_exists(part, solution);
        match expression {
            Expression::Exists(pattern) => {
                let inside = Self { outer: self.seen(solution), ..self.clone() };
                let found = inside.solutions(pattern).iter().any(|inner| compatible(inner, solution));
                Expression::Term(Value::Boolean(found).term())
            }
            Expression::Not(inner) => Expression::Not(Box::new(again(inner))),
            Expression::And(parts) => Expression::And(parts.iter().map(again).collect()),
            Expression::Or(parts) => Expression::Or(parts.iter().map(again).collect()),
            other => other.clone(),
        }
    }

    fn path(&self, subject: &TermPattern, path: &Path, object: &TermPattern) -> Vec<Solution> {
        let triples = self.triples();
        let mut nodes: Vec<Term> = triples.iter().flat_map(|t| [t.subject.clone().into(), t.object.clone()]).collect();
        nodes.extend(
            [subject, object].into_iter().filter_map(|end| if let TermPattern::Term(term) = end { Some(term.clone()) } else { None }),
        );
        let nodes: Vec<Term> = nodes.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let both = |(from, to): (Term, Term)| {
            let solution = bind(&Solution::new(), subject, &from)?;
            bind(&solution, object, &to)
        };
        pairs(path, &triples, &nodes).into_iter().filter_map(both).collect()
    }
}

fn pairs(path: &Path, triples: &[Triple], nodes: &[Term]) -> Vec<(Term, Term)> {
    let of = |path: &Path| pairs(path, triples, nodes);
    let ends = |triple: &Triple| (Term::from(triple.subject.clone()), triple.object.clone());
    match path {
        Path::Predicate(name) => triples.iter().filter(|triple| triple.predicate == *name).map(ends).collect(),
        Path::NegatedSet(names) => triples.iter().filter(|triple| !names.contains(&triple.predicate)).map(ends).collect(),
        Path::Inverse(inner) => of(inner).into_iter().map(|(from, to)| (to, from)).collect(),
        Path::Alternative(one, other) => [of(one), of(other)].concat(),
        Path::Sequence(first, second) => {
            let second = of(second);
            let next = |(from, middle): (Term, Term)| {
                second.iter().filter(|(start, _)| *start == middle).map(|(_, to)| (from.clone(), to.clone())).collect::<Vec<_>>()
            };
            of(first).into_iter().flat_map(next).collect()
        }
        Path::ZeroOrOne(inner) => {
            let same = nodes.iter().map(|node| (node.clone(), node.clone()));
            of(inner).into_iter().chain(same).collect::<HashSet<_>>().into_iter().collect()
        }
        Path::OneOrMore(inner) => closure(of(inner)).into_iter().collect(),
        Path::ZeroOrMore(inner) => {
            let mut all = closure(of(inner));
            all.extend(nodes.iter().map(|node| (node.clone(), node.clone())));
            all.into_iter().collect()
        }
    }
}

fn closure(steps: Vec<(Term, Term)>) -> HashSet<(Term, Term)> {
    let mut all: HashSet<(Term, Term)> = steps.iter().cloned().collect();
    loop {
        let further: Vec<(Term, Term)> = all
            .iter()
            .flat_map(|(from, middle)| steps.iter().filter(move |(start, _)| start == middle).map(|(_, to)| (from.clone(), to.clone())))
            .filter(|pair| !all.contains(pair))
            .collect();
        if further.is_empty() {
            return all;
        }
        all.extend(further);
    }
}

fn bind(solution: &Solution, pattern: &TermPattern, term: &Term) -> Option<Solution> {
    match pattern {
        TermPattern::Term(constant) => (constant == term).then(|| solution.clone()),
        TermPattern::Triple(inner) => match term {
            Term::Triple(triple) => unify(solution, inner, triple),
            _ => None,
        },
        TermPattern::Variable(variable) => match solution.get(variable) {
            Some(bound) => (bound == term).then(|| solution.clone()),
            None => {
                let mut solution = solution.clone();
                solution.insert(variable.clone(), term.clone());
                Some(solution)
            }
        },
    }
}

fn unify(solution: &Solution, pattern: &TriplePattern, triple: &Triple) -> Option<Solution> {
    let solution = bind(solution, &pattern.subject, &triple.subject.clone().into())?;
    let solution = bind(&solution, &pattern.predicate, &triple.predicate.clone().into())?;
    bind(&solution, &pattern.object, &triple.object)
}

fn compatible(left: &Solution, right: &Solution) -> bool {
    left.iter().all(|(variable, term)| right.get(variable).is_none_or(|other| other == term))
}

fn join(left: &[Solution], right: &[Solution]) -> Vec<Solution> {
    let merged = |left: &Solution, right: &Solution| {
        let mut both = left.clone();
        both.extend(right.clone());
        both
    };
    let with = |left: &Solution| right.iter().filter(|right| compatible(left, right)).map(|right| merged(left, right)).collect::<Vec<_>>();
    left.iter().flat_map(with).collect()
}

fn context() -> Context<'static> {
    Context::new(DateTime::MIN, 0)
}

fn compiled(expression: &Expression) -> (Program, Vec<Variable>) {
    let mut variables = vec![];
    let program = Program::compile(expression, &mut |variable| {
        variables.push(variable.clone());
        Some(variables.len() - 1)
    });
    (program, variables)
}

struct Of<'a> {
    solution: &'a Solution,
    variables: &'a [Variable],
    decoded: Vec<Option<Value>>,
}

fn decoded(solution: &Solution, variables: &[Variable]) -> Vec<Option<Value>> {
    variables.iter().map(|variable| solution.get(variable).map(Value::from)).collect()
}

impl Row for Of<'_> {
    fn value(&self, slot: usize) -> Option<Cow<'_, Value>> {
        debug_assert_eq!(self.decoded[slot].is_some(), self.solution.contains_key(&self.variables[slot]));
        self.decoded[slot].as_ref().map(Cow::Borrowed)
    }

    fn solution(&self) -> u64 {
        0
    }
}
