//! Rules that stand in a graph: `:r a hq:Rule ; hq:rule "CONSTRUCT { … } WHERE { … }"`.

use std::sync::Arc;

use hypergraphql_framework::store::Id;
use hypergraphql_query::algebra::{Expression, Form, Pattern, TermPattern, TriplePattern, Variable};
use hypergraphql_query::expr::{Context, Program};
use hypergraphql_query::{ParseOptions, parse_query};
use oxrdf::Term;
use oxsdatatypes::DateTime;

use super::super::InferError;
use super::super::evaluate::MOST;
use super::super::facts::Asserted;
use super::super::rule::{Atom, Place, Rule};
use super::super::solution::Conditions;
use super::super::terms::ClosureTerms;
use super::levels;
use crate::executor::has_exists;

/// The rules of a graph, in the levels in which they have to be done; `builtin` are the predicates of hierarchies and of what is inherited along them.
pub(super) fn rules(asserted: &dyn Asserted, base: &str, terms: &ClosureTerms, inherited: &[Id]) -> Result<Vec<Rule>, InferError> {
    let pair = |subject: Id, object: Id| super::super::pairs::pack(subject, object);
    let (types, class) = (asserted.pairs(terms.name("rdf:type")?), terms.name("hq:Rule")?);
    let mut rules = vec![];
    for statement in asserted.pairs(terms.name("hq:rule")?) {
        let (node, text) = super::super::pairs::unpack(statement);
        if types.binary_search(&pair(node, class)).is_err() {
            continue;
        }
        let name = terms.term(node).map_or_else(String::new, |term| term.to_string());
        let wrong = |why: String| InferError::Rule { rule: name.clone(), why };
        let Some(Term::Literal(text)) = terms.term(text) else {
            return Err(wrong("expected a text as the object of hq:rule, found a node".to_owned()));
        };
        let rule = Reader::default().read(text.value(), base, terms).map_err(wrong)?;
        rules.push(Rule { name, ..rule });
    }
    levels::assign(&mut rules, inherited)?;
    Ok(rules)
}

/// What is read of a rule.
#[derive(Default)]
struct Reader {
    names: Vec<Variable>,
    body: Vec<Atom>,
    binds: Vec<(Variable, Expression)>,
    filters: Vec<Expression>,
    absent: Vec<Vec<Atom>>,
}

impl Reader {
    fn read(mut self, text: &str, base: &str, terms: &ClosureTerms) -> Result<Rule, String> {
        let options = ParseOptions { strict: false, base: None, store_base: base.to_owned() };
        let query = parse_query(text, &options).map_err(|error| error.to_string())?;
        let Form::Construct(template) = &query.form else { return Err("expected CONSTRUCT".to_owned()) };
        self.pattern(&query.pattern, terms)?;
        let atoms = variables(&self.body);
        let head = template.iter().map(|triple| self.atom(triple, terms)).collect::<Result<Vec<_>, _>>()?;
        let computed = self.binds.iter().map(|(variable, _)| self.number(variable)).collect::<Option<Vec<u8>>>();
        let computed = computed.ok_or("too many variables")?;
        let bound = computed.iter().fold(atoms, |all, variable| all | 1 << variable);
        if variables(&head) & !bound != 0 {
            return Err("expected variables of its pattern in the template: a blank node there would be a new one for ever".to_owned());
        }
        let mut program = |expression: &Expression| {
            let program = Program::compile(expression, &mut |variable| self.names.iter().position(|known| known == variable));
            let known = program.slots().iter().all(|slot| bound >> slot & 1 == 1);
            match program.is_deterministic() && known {
                true => Ok(program),
                false => {
                    Err("its expressions use a variable that no pattern binds, or a function whose value is not always the same".to_owned())
                }
            }
        };
        let programs = self.binds.iter().map(|(_, expression)| program(expression)).collect::<Result<Vec<_>, _>>()?;
        let filters = self.filters.iter().map(&mut program).collect::<Result<_, _>>()?;
        let computed = computed.into_iter().zip(programs).map(|(variable, p)| (variable, atoms >> variable & 1 == 1, p)).collect();
        // NOW() is when the closure is made.
        let context = Context::new(DateTime::now(), 0);
        let conditions = Conditions { computed, filters, absent: self.absent, bound, level: 0, context };
        let rule = Rule::new("", self.body, head);
        Ok(Rule { variables: self.names.len() as u8, conditions: Some(Arc::new(conditions)), ..rule })
    }

    /// Triple patterns, BIND, FILTER and NOT EXISTS of one group, or of groups that are joined.
    fn pattern(&mut self, pattern: &Pattern, terms: &ClosureTerms) -> Result<(), String> {
        match pattern {
            Pattern::Bgp(triples) => {
                for triple in triples {
                    let atom = self.atom(triple, terms)?;
                    self.body.push(atom);
                }
                Ok(())
            }
            Pattern::Join(left, right) => {
                self.pattern(left, terms)?;
                self.pattern(right, terms)
            }
            Pattern::Extend { inner, variable, expression } => {
                self.pattern(inner, terms)?;
                self.variable(variable)?;
                self.binds.push((variable.clone(), plain(expression)?));
                Ok(())
            }
            Pattern::Filter { condition, inner } => {
                self.pattern(inner, terms)?;
                self.condition(condition, terms)
            }
            Pattern::Project { inner, .. } => self.pattern(inner, terms),
            _ => Err("expected triple patterns, FILTER, BIND and FILTER NOT EXISTS only".to_owned()),
        }
    }

    fn condition(&mut self, condition: &Expression, terms: &ClosureTerms) -> Result<(), String> {
        match condition {
            Expression::And(parts) => parts.iter().try_for_each(|part| self.condition(part, terms)),
            Expression::Not(inner) => match &**inner {
                Expression::Exists(pattern) => {
                    let atoms = self.absent_atoms(pattern, terms)?;
                    self.absent.push(atoms);
                    Ok(())
                }
                _ => self.filter(condition),
            },
            _ => self.filter(condition),
        }
    }

    fn filter(&mut self, condition: &Expression) -> Result<(), String> {
        self.filters.push(plain(condition)?);
        Ok(())
    }

    fn absent_atoms(&mut self, pattern: &Pattern, terms: &ClosureTerms) -> Result<Vec<Atom>, String> {
        let Pattern::Bgp(triples) = pattern else { return Err("expected triple patterns only in NOT EXISTS".to_owned()) };
        let atoms = triples.iter().map(|triple| self.atom(triple, terms)).collect::<Result<Vec<_>, _>>()?;
        match atoms.iter().all(|atom| matches!(atom[1], Place::Term(_))) {
            true => Ok(atoms),
            false => Err("expected an IRI as each predicate in NOT EXISTS, found a variable".to_owned()),
        }
    }

    fn atom(&mut self, triple: &TriplePattern, terms: &ClosureTerms) -> Result<Atom, String> {
        let mut place = |pattern: &TermPattern| match pattern {
            TermPattern::Variable(variable) => self.variable(variable).map(Place::Variable),
            TermPattern::Term(term) => terms.intern(term).map(Place::Term).map_err(|error| error.to_string()),
            TermPattern::Triple(_) => Err("a triple term with variables stands in it, which rules cannot have".to_owned()),
        };
        Ok([place(&triple.subject)?, place(&triple.predicate)?, place(&triple.object)?])
    }

    fn number(&self, variable: &Variable) -> Option<u8> {
        self.names.iter().position(|known| known == variable).map(|number| number as u8)
    }

    fn variable(&mut self, variable: &Variable) -> Result<u8, String> {
        if let Some(number) = self.number(variable) {
            return Ok(number);
        }
        if self.names.len() >= MOST.into() {
            return Err(format!("expected at most {MOST} variables, found more"));
        }
        self.names.push(variable.clone());
        Ok(self.names.len() as u8 - 1)
    }
}

/// An expression without patterns.
fn plain(expression: &Expression) -> Result<Expression, String> {
    match has_exists(expression) {
        true => Err("expected EXISTS in FILTER NOT EXISTS only".to_owned()),
        false => Ok(expression.clone()),
    }
}

/// The variables of atoms as a set of bits.
fn variables(atoms: &[Atom]) -> u64 {
    atoms.iter().flatten().fold(0, |all, place| match place {
        Place::Variable(variable) => all | 1 << variable,
        Place::Term(_) => all,
    })
}
