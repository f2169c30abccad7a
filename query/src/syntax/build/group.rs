//! Groups and what stands in them.

use super::{Builder, Fault, Pair, Result, Rule, bounded, each, last, next, span, variable};
use crate::algebra::Regime;
use crate::syntax::ast::{Element, Group, Hyperedge, Span, SubSelect, Temporal, TemporalConstraint, Triple, Values};

impl Builder<'_> {
    /// A `group`, or a rule that holds just one.
    pub(super) fn group(&mut self, pair: Pair<'_>) -> Result<Group> {
        let whole = span(&pair);
        let mut elements = Vec::new();
        let (mut depth, mut filtered) = (0, false);
        for part in pair.into_inner().filter(|part| !matches!(part.as_rule(), Rule::dot | Rule::close_brace)) {
            let (element, inner) = self.element(part)?;
            // Filters become one condition around the group, so the first counts and the others do not.
            if matches!(element, Element::Filter(_)) && filtered {
                depth = bounded(depth.max(inner), whole)?;
                elements.push(element);
                continue;
            }
            filtered |= matches!(element, Element::Filter(_));
            // What is joined to nothing makes no join.
            let joined = matches!(element, Element::Optional(_) | Element::Minus(_) | Element::Bind(..)) || !elements.is_empty();
            depth = bounded(depth.max(inner) + u32::from(joined), whole)?;
            elements.push(element);
        }
        Ok(Group { elements, span: whole, depth: depth.max(1) })
    }

    fn element(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let place = span(&pair);
        Ok(match pair.as_rule() {
            Rule::triples_block => (Element::Triples(self.triples_block(pair)?), 0),
            Rule::optional => in_group(self.group(last(pair))?, Element::Optional),
            Rule::minus => in_group(self.group(last(pair))?, Element::Minus),
            Rule::graph | Rule::service => self.named_group(pair)?,
            Rule::filter => {
                let condition = self.condition(last(pair))?;
                let depth = condition.depth;
                (Element::Filter(condition), depth)
            }
            Rule::bind => {
                let item = self.select_item(pair)?;
                let expression = item.expression.expect("BIND has an expression; this is a bug");
                let depth = expression.depth;
                (Element::Bind(expression, item.variable), depth)
            }
            Rule::values => (Element::Values(self.values(pair)?), 0),
            Rule::union => self.union(pair)?,
            Rule::sub_select => {
                let select = self.sub_select(pair)?;
                let depth = select.pattern.depth.saturating_add(select.modifiers.depth(Some(&select.clause)));
                (Element::SubSelect(Box::new(select)), bounded(depth, place)?)
            }
            Rule::hyperedge => (Element::Hyperedge(self.hyperedge(pair)?), 0),
            Rule::temporal => {
                let (temporal, depth) = self.temporal(pair)?;
                (Element::Temporal(temporal), depth)
            }
            Rule::infer => self.infer(pair)?,
            Rule::similar => self.similar(pair)?,
            Rule::predict => self.predict(pair)?,
            rule => unreachable!("{rule:?} is no part of a group of the grammar; this is a bug"),
        })
    }

    fn union(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let groups = each(pair, Rule::group).map(|group| self.group(group)).collect::<Result<Vec<_>>>()?;
        let deepest = groups.iter().map(|group| group.depth).max().unwrap_or(0);
        // The union becomes a balanced tree.
        let levels = groups.len().next_power_of_two().trailing_zeros();
        Ok((Element::Union(groups), deepest + levels))
    }

    fn named_group(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let service = pair.as_rule() == Rule::service;
        let (mut silent, mut name, mut group) = (false, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_silent => silent = true,
                Rule::var | Rule::iri => name = Some(self.term(part)?),
                Rule::group => group = Some(self.group(part)?),
                _ => {}
            }
        }
        let name = name.expect("GRAPH and SERVICE have a name; this is a bug");
        let group = group.expect("GRAPH and SERVICE have a group; this is a bug");
        Ok(in_group(group, |group| if service { Element::Service(name, group, silent) } else { Element::Graph(name, group) }))
    }

    fn sub_select(&mut self, pair: Pair<'_>) -> Result<SubSelect> {
        let span = span(&pair);
        let mut parts = pair.into_inner();
        let clause = self.select_clause(next(&mut parts))?;
        let pattern = self.group(last(next(&mut parts)))?;
        let mut modifiers = self.modifiers(next(&mut parts))?;
        modifiers.values = parts.next().map(|values| self.values(values)).transpose()?;
        Ok(SubSelect { clause, pattern, modifiers, span })
    }

    /// `VALUES` of a group or after a query.
    pub(super) fn values(&mut self, pair: Pair<'_>) -> Result<Values> {
        let place = span(&pair);
        let mut values = Values { variables: Vec::new(), rows: Vec::new(), span: place };
        for part in pair.into_inner() {
            let row = span(&part);
            match part.as_rule() {
                Rule::k_values => {}
                Rule::var => values.variables.push(variable(&part)),
                Rule::var_list => values.variables.extend(part.into_inner().map(|name| variable(&name))),
                Rule::data_row => {
                    let terms = part.into_inner().map(|term| self.data_value(term)).collect::<Result<Vec<_>>>()?;
                    if terms.len() != values.variables.len() {
                        let message =
                            format!("this row of VALUES has {} values, its variables are {}", terms.len(), values.variables.len());
                        return Err(Fault::new(row, message));
                    }
                    values.rows.push(terms);
                }
                _ => values.rows.push(vec![self.data_value(part)?]),
            }
        }
        let mut names: Vec<&str> = values.variables.iter().map(|variable| variable.name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Fault::new(place, format!("?{} stands twice among the variables of VALUES", pair[0]))),
            None => Ok(values),
        }
    }

    pub(super) fn hyperedge(&mut self, pair: Pair<'_>) -> Result<Hyperedge> {
        let span = span(&pair);
        let (mut exact, mut distinct_players, mut node, mut incidences) = (false, false, None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_exact => exact = true,
                Rule::k_players => distinct_players = true,
                Rule::var | Rule::iri | Rule::blank => node = Some(self.term(part)?),
                Rule::incidences => {
                    for incidence in each(part, Rule::incidence) {
                        let mut parts = incidence.into_inner();
                        incidences.push((self.term(next(&mut parts))?, self.term(next(&mut parts))?));
                    }
                }
                _ => {}
            }
        }
        let node = node.unwrap_or_else(|| self.fresh(span));
        Ok(Hyperedge { node, incidences, exact, distinct_players, span })
    }

    fn temporal(&mut self, pair: Pair<'_>) -> Result<(Temporal, u32)> {
        let place = span(&pair);
        let constraint = last(pair);
        let rule = constraint.as_rule();
        let (mut name, mut operands) = (None, Vec::new());
        for part in constraint.into_inner() {
            match part.as_rule() {
                Rule::var => name = Some(variable(&part)),
                Rule::additive => operands.push(self.expression(part)?),
                _ => {}
            }
        }
        let depth = operands.iter().map(|operand| operand.depth).max().unwrap_or(0);
        let mut operands = operands.into_iter();
        let mut operand = || operands.next().expect("TEMPORAL has its operands; this is a bug");
        let constraint = match rule {
            Rule::as_of => TemporalConstraint::AsOf(operand()),
            Rule::before => TemporalConstraint::Before(operand()),
            Rule::after => TemporalConstraint::After(operand()),
            Rule::during => TemporalConstraint::During(operand(), operand()),
            Rule::overlaps => TemporalConstraint::Overlaps(operand(), operand()),
            _ => TemporalConstraint::Between(name.expect("BETWEEN has a variable; this is a bug"), operand(), operand()),
        };
        Ok((Temporal { constraint, span: place }, depth))
    }

    fn infer(&mut self, pair: Pair<'_>) -> Result<(Element, u32)> {
        let (mut regime, mut group) = (Regime::default(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::regime => {
                    regime = match part.as_str().to_ascii_uppercase().as_str() {
                        "RDFS" => Regime::Rdfs,
                        "OWL2RL" => Regime::Owl2Rl,
                        "RULES" => Regime::Rules,
                        _ => Regime::RhoDf,
                    }
                }
                Rule::group => group = Some(self.group(part)?),
                _ => {}
            }
        }
        Ok(in_group(group.expect("INFER has a group; this is a bug"), |group| Element::Infer(regime, group)))
    }
}

/// The group that has just these triples.
pub(super) fn of_triples(triples: Vec<Triple>, span: Span) -> Group {
    Group { elements: vec![Element::Triples(triples)], span, depth: 1 }
}

fn in_group(group: Group, element: impl FnOnce(Group) -> Element) -> (Element, u32) {
    let depth = group.depth + 1;
    (element(group), depth)
}
