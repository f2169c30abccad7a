//! A group as nodes: elements in their order, each condition as soon as what it reads is bound, columns only as long as somebody reads them.

use crate::algebra::{Expression, Pattern, TermPattern, Variable};
use crate::graph::{Atom, Column, GraphScope, NodeId, Op};
use crate::lower::build::{Builder, Draft, filled};
use crate::lower::cost::{Costed, share};
use crate::lower::flatten::{Element, Group, Part};
use crate::lower::learned::after_similar;
use crate::lower::order::{Step, order};
use crate::lower::star::Stars;
use crate::lower::text::searches;
use crate::lower::{Context, Copies, Want};
use crate::scope::Variables;
use crate::statistics::constant;

/// What is left to do of a group.
struct Left<'w> {
    want: &'w Want,
    conditions: Vec<(Expression, Context)>,
    /// Variables of the parts that are joined later.
    parts: Variables,
    has_parts: bool,
}

impl Left<'_> {
    /// Variables that are read after these elements.
    fn read_after<'e>(&self, elements: impl Iterator<Item = &'e Element>) -> Variables {
        let mut read = self.want.needed.clone();
        read.extend(self.parts.iter().cloned());
        for element in elements {
            read.extend(element.variables());
            read.extend(element.reads());
        }
        self.conditions.iter().for_each(|(condition, _)| read.extend(condition.variables()));
        read
    }
}

impl Builder<'_> {
    /// The rows of a group.
    pub(super) fn group(&mut self, pattern: &Pattern, context: &Context, want: &Want, seed: Option<NodeId>) -> NodeId {
        let mut group = Group::default();
        self.flatten(pattern, context, true, &mut group);
        // The core comes first: it has the instants at which the others are matched.
        if let Some(Expression::Variable(instant)) = &context.as_of {
            group.parts.sort_by_key(|(part, _)| !matches!(part, Part::Pattern(pattern) if pattern.has_core_of(instant)));
        }
        let mut want = want.clone();
        want.needed.extend(group.elements.iter().filter_map(|element| as_atom(element)?.period.clone()));
        let want = &want;
        if self.optimize { self.ordered(group, want, seed) } else { self.as_written(group, want) }
    }

    fn as_written(&mut self, group: Group<'_>, want: &Want) -> NodeId {
        let mut left = Left { want, conditions: group.conditions, parts: Variables::new(), has_parts: false };
        let mut node = None;
        let (mut later, elements): (Vec<_>, Vec<_>) = group.elements.into_iter().partition(|e| self.waits(e));
        for (part, context) in &group.parts {
            let read = left.read_after(elements.iter().chain(&later));
            let of_part = Want::rows(self.needed_of(part, &group.parts, read));
            let next = self.part(part, context, &of_part, None);
            node = Some(node.map_or(next, |node| self.join(node, next)));
        }
        for element in &elements {
            let next = self.first(element, &element.variables(), None, &[]);
            node = Some(node.map_or(next, |node| self.join(node, next)));
        }
        let mut node = node.unwrap_or_else(|| self.unit());
        while let Some(ready) = self.ready(&later, node) {
            let element = later.remove(ready);
            let keep = self.variables(node).union(&element.variables()).cloned().collect();
            node = self.next((node, None), &element, &keep, false);
        }
        self.refuse_unbound(&later);
        let conditions = std::mem::take(&mut left.conditions);
        for (condition, context) in conditions {
            node = self.filter_all(node, vec![condition], &context);
        }
        node
    }

    /// The first of the elements whose variables the node binds.
    fn ready(&self, elements: &[Element], node: NodeId) -> Option<usize> {
        let bound: Variables = self.variables(node).union(&self.outer).cloned().collect();
        let ready = elements.iter().position(|element| element.reads().is_subset(&bound));
        let unbound = |element: &Element| matches!(element, Element::Similar(..));
        debug_assert!(ready.is_some() || elements.iter().all(unbound), "an element whose variable nothing binds: this is a bug");
        ready
    }

    fn ordered(&mut self, group: Group<'_>, want: &Want, seed: Option<NodeId>) -> NodeId {
        let Group { elements, parts, conditions } = group;
        let (mut elements, mut after_parts) = self.apart(elements);
        let mut left = Left { want, conditions, parts: Variables::new(), has_parts: false };
        let mut of_elements = Variables::new();
        elements.iter().for_each(|element| of_elements.extend(element.variables()));
        let of_others = |element: &Element| element.variables().union(&element.reads()).cloned().collect::<Variables>();
        let read_by_others: Variables = after_parts.iter().flat_map(of_others).collect();
        let (late, early): (Vec<_>, Vec<_>) = (0..parts.len()).partition(|i| takes_a_seed(&parts[*i].0));

        let mut standing = vec![];
        for i in early {
            let read = left.read_after(elements.iter().chain(&after_parts));
            let needed = self.needed_of(&parts[i].0, &parts, read);
            let seed = seed.filter(|_| elements.is_empty() && parts.len() == 1);
            let copies = if parts.len() == 1 && after_parts.is_empty() { want.copies } else { Copies::Each };
            let of_part =
                Want { copies: if elements.is_empty() { copies } else { Copies::Each }, order: want.order.clone(), ..Want::rows(needed) };
            standing.push(self.part(&parts[i].0, &parts[i].1, &of_part, seed));
        }
        let mut of_parts: Vec<Variables> = std::iter::once(read_by_others).chain(standing.iter().map(|id| self.variables(*id))).collect();
        of_parts.extend(late.iter().map(|i| self.scope_of(&parts[*i].0)));
        left.parts = of_parts.into_iter().flatten().collect();
        left.has_parts = !late.is_empty() || !after_parts.is_empty();

        let conditions: Vec<Expression> = left.conditions.iter().map(|(condition, _)| condition.clone()).collect();
        if self.outer.is_empty() {
            elements.extend(searches(&elements, &left.conditions, self.statistics));
        }
        let mut costed: Vec<Costed> = elements.iter().map(|e| self.costed(e, &conditions_on(e, &conditions))).collect();
        for element in &elements {
            if let Element::Text { variable, expected, .. } = element {
                costed.iter_mut().for_each(|costed| costed.limit(variable, *expected));
            }
        }
        let start = self.take_start(&mut standing, &costed, &of_elements, seed);
        left.has_parts |= !standing.is_empty();

        let (bound, rows) = start.map_or((Variables::new(), 1.0), |id| (self.certain(id), self.node(id).rows));
        let stars = Stars::new(self.statistics, &elements);
        let steps = order(&costed, &stars, bound, rows);
        let mut done = 0;
        let last_apart = last_apart(&steps, &elements, start.map(|id| self.variables(id)));
        let has_parts = left.has_parts;
        let mut node = start;
        for (i, step) in steps.iter().enumerate() {
            // A step that stands apart is joined, and a join takes no weights.
            left.has_parts = has_parts || last_apart.is_some_and(|last| i < last);
            attach(step, &mut elements, node.map(|id| self.variables(id)).unwrap_or_default(), &mut left.conditions);
            let rest: Vec<&Element> = steps[i + 1..].iter().flatten().map(|e| &elements[*e]).collect();
            let growth = stars.growth(done, step[0]);
            done = step.iter().filter(|e| **e < 64).fold(done, |done, e| done | 1 << e);
            node = Some(self.take_step((node, growth), step, &rest, &elements, &left));
            node = node.map(|id| self.filter_ready(id, &mut left.conditions));
        }
        for next in standing {
            node = Some(node.map_or(next, |node| self.join(node, next)));
        }
        for (place, i) in late.iter().enumerate() {
            let rest = late[place + 1..].iter().map(|i| self.scope_of(&parts[*i].0));
            let mut needed = left.read_after(after_parts.iter());
            rest.for_each(|scope| needed.extend(scope));
            let (part, context) = &parts[*i];
            let hint = match (node, part) {
                (Some(node), Part::Pattern(pattern)) => self.seed_for(node, pattern),
                _ => seed.filter(|seed| elements.is_empty() && self.variables(*seed).is_subset(&self.certain_of(part))),
            };
            let next = self.part(part, context, &Want::rows(needed), hint);
            node = Some(node.map_or(next, |node| self.join(node, next)));
            node = node.map(|id| self.filter_ready(id, &mut left.conditions));
        }
        let mut node = node.unwrap_or_else(|| self.unit());
        while let Some(ready) = self.ready(&after_parts, node) {
            let element = after_parts.remove(ready);
            node = self.next((node, None), &element, &left.read_after(after_parts.iter().chain([&element])), false);
            node = self.filter_ready(node, &mut left.conditions);
        }
        self.refuse_unbound(&after_parts);
        for (condition, context) in left.conditions {
            node = self.filter_all(node, vec![condition], &context);
        }
        node
    }

    /// Others have to bind a variable before. What is near the values of one comes last: conditions leave few of them.
    fn waits(&self, element: &Element) -> bool {
        matches!(element, Element::Similar(..)) || !element.reads().is_subset(&self.outer)
    }

    /// Elements that other elements make ready, and those that wait for a part.
    fn apart(&self, elements: Vec<Element>) -> (Vec<Element>, Vec<Element>) {
        let waits_alone = |element: &Element| !matches!(element, Element::Destructure(..)) && self.waits(element);
        let (mut waiting, mut rest): (Vec<_>, Vec<_>) = elements.into_iter().partition(waits_alone);
        loop {
            let bound: Variables = rest.iter().flat_map(Element::variables).collect();
            let unmet = |element: &Element| matches!(element, Element::Destructure(variable, _) if !binds(&rest, variable) && bound.contains(variable));
            let Some(place) = rest.iter().position(unmet) else { break };
            waiting.push(rest.remove(place));
        }
        after_similar(&mut rest, &mut waiting);
        (rest, waiting)
    }

    /// The rows to begin with: a part or the seed that binds variables of the elements, all of them for certain.
    fn take_start(&self, standing: &mut Vec<NodeId>, costed: &[Costed], of_elements: &Variables, seed: Option<NodeId>) -> Option<NodeId> {
        if costed.is_empty() {
            return None;
        }
        let fewest = costed.iter().map(|element| element.rows).fold(f64::MAX, f64::min);
        let serves = |id: NodeId| {
            let shared: Variables = self.variables(id).intersection(of_elements).cloned().collect();
            !shared.is_empty() && shared.is_subset(&self.certain(id))
        };
        if standing.is_empty() {
            return seed.filter(|seed| serves(*seed));
        }
        let candidates = standing.iter().enumerate().filter(|(_, id)| serves(**id) && self.node(**id).rows <= 10.0 * fewest);
        let best = candidates.min_by(|a, b| self.node(*a.1).rows.total_cmp(&self.node(*b.1).rows)).map(|(i, _)| i)?;
        Some(standing.remove(best))
    }

    /// The rows after a step; `growth`: those for each row if it is one atom of a star.
    fn take_step(
        &mut self,
        (node, growth): (Option<NodeId>, Option<f64>),
        step: &Step,
        rest: &[&Element],
        elements: &[Element],
        left: &Left<'_>,
    ) -> NodeId {
        let keep = left.read_after(rest.iter().copied());
        let weights = left.want.copies != Copies::Each && !left.has_parts && !rest.iter().any(|e| matches!(e, Element::Path { .. }));
        let first = &elements[step[0]];
        let Some(node) = node else {
            let mut prefer: Vec<Variable> = left.want.order.clone();
            if let Some(next) = rest.first() {
                prefer.extend(next.variables());
            }
            return self.first(first, &keep, Some(weights), &prefer);
        };
        let bound = self.variables(node);
        if is_apart(step, elements, &bound) {
            let mut read = keep.clone();
            read.extend(first.variables());
            let mut other = self.first(first, if step.len() > 1 { &read } else { &keep }, None, &[]);
            for (place, e) in step.iter().enumerate().skip(1) {
                other = self.next((other, None), &elements[*e], if place + 1 < step.len() { &read } else { &keep }, false);
            }
            return self.join(node, other);
        }
        match first {
            Element::Atom(_) if step.len() > 1 => {
                let atoms: Vec<Atom> = step.iter().filter_map(|e| as_atom(&elements[*e])).cloned().collect();
                let new = first
                    .variables()
                    .difference(&bound)
                    .next()
                    .cloned()
                    .expect("a step of several atoms binds one variable: this is a bug");
                self.intersect(node, new, atoms, &keep, weights)
            }
            _ => self.next((node, growth), first, &keep, weights),
        }
    }

    /// The first element of a group; `weights`: whether rows may have them.
    fn first(&mut self, element: &Element, keep: &Variables, weights: Option<bool>, prefer: &[Variable]) -> NodeId {
        let atom = match element {
            Element::Atom(atom) => atom,
            Element::Path { .. } => return self.path(None, element),
            Element::Text { variable, pattern, expected } => {
                let (op, schema) = (Op::TextSearch(variable.clone(), pattern.clone()), vec![filled(variable.clone())]);
                return self.push(Draft {
                    op,
                    inputs: vec![],
                    schema,
                    sorted_by: vec![variable.clone()],
                    weighted: false,
                    rows: *expected,
                });
            }
            Element::Destructure(..) | Element::Similar(..) => unreachable!("it waits for its variable: this is a bug"),
        };
        let all = element.variables();
        let (mut order, mut best) = (vec![], -1);
        // Kept columns first, so that the others only repeat rows; then those that are of use.
        for candidate in orders(atom) {
            let leading = |wanted: &dyn Fn(&Variable) -> bool| candidate.iter().take_while(|v| wanted(v)).count() as i32;
            let score = 4 * leading(&|v| keep.contains(v)) + leading(&|v| prefer.contains(v));
            if score > best {
                (order, best) = (candidate, score);
            }
        }
        let mut schema: Vec<Variable> = order.iter().filter(|v| keep.contains(*v)).cloned().collect();
        schema.extend(all.iter().filter(|v| keep.contains(*v) && !order.contains(v)).cloned());
        let weighted = weights == Some(true) && schema.len() < all.len();
        let costed = self.costed(element, &atom.conditions.iter().map(|(_, condition)| condition).collect::<Vec<_>>());
        let mut rows = costed.rows;
        if weighted {
            let each = schema.iter().map(|variable| costed.rows / costed.matches(&Variables::from([variable.clone()])).max(1.0));
            rows = rows.min(each.product());
        }
        let schema = schema.into_iter().map(filled).collect();
        self.push(Draft { op: Op::Scan(atom.clone()), inputs: vec![], schema, sorted_by: order, weighted, rows })
    }

    /// One element more; `growth`: as in [`Self::take_step`].
    fn next(&mut self, (node, growth): (NodeId, Option<f64>), element: &Element, keep: &Variables, weights: bool) -> NodeId {
        if let Element::Similar(similar, context) = element {
            return self.similar(Some(node), similar, context);
        }
        let input = self.node(node);
        let bound = self.variables(node);
        let new: Vec<Variable> = element.variables().difference(&bound).cloned().collect();
        let costed = self.costed(element, &[]);
        let rows = input.rows * growth.map_or_else(|| costed.matches(&bound), |growth| costed.matches_in_star(growth, &bound));
        let kept = |column: &&Column| keep.contains(&column.variable);
        let mut schema: Vec<Column> = input.schema.iter().filter(kept).cloned().collect();
        let (sorted_by, given) = (input.sorted_by.clone(), input.weighted);
        match element {
            Element::Atom(atom) => {
                schema.extend(new.iter().filter(|v| keep.contains(*v)).cloned().map(filled));
                let dropped = new.iter().any(|v| !keep.contains(v));
                // Copies become weights; rows without a match are dropped.
                let rows = if dropped && weights { rows.min(self.node(node).rows) } else { rows };
                let weighted = given || dropped && weights;
                self.push(Draft { op: Op::Extend(atom.clone()), inputs: vec![node], schema, sorted_by, weighted, rows })
            }
            Element::Path { .. } => self.path(Some(node), element),
            Element::Text { .. } | Element::Similar(..) => unreachable!("it is the first of its group, or goes another way: this is a bug"),
            Element::Destructure(variable, triple) => {
                let mut schema = self.node(node).schema.clone();
                schema.extend(new.into_iter().map(filled));
                let op = Op::Destructure(variable.clone(), Box::new(triple.clone()));
                self.push(Draft { op, inputs: vec![node], schema, sorted_by, weighted: given, rows })
            }
        }
    }

    fn intersect(&mut self, node: NodeId, variable: Variable, atoms: Vec<Atom>, keep: &Variables, weights: bool) -> NodeId {
        let bound = self.variables(node);
        let mut with = bound.clone();
        with.insert(variable.clone());
        let costs: Vec<Costed> = atoms.iter().map(|atom| self.costed(&Element::Atom(atom.clone()), &[])).collect();
        let fewest = costs.iter().map(|cost| cost.matches(&bound)).fold(f64::MAX, f64::min);
        let agree: f64 = costs.iter().map(|cost| cost.matches(&with).min(1.0)).fold(1.0, f64::min);
        let input = self.node(node);
        let mut schema: Vec<Column> = input.schema.iter().filter(|column| keep.contains(&column.variable)).cloned().collect();
        let counted = weights && !keep.contains(&variable);
        if !counted {
            schema.push(filled(variable.clone()));
        }
        let rows = input.rows * if counted { 0.5 } else { fewest * agree };
        let (sorted_by, weighted) = (input.sorted_by.clone(), input.weighted || counted);
        self.push(Draft { op: Op::Intersect(variable, atoms), inputs: vec![node], schema, sorted_by, weighted, rows })
    }

    fn path(&mut self, node: Option<NodeId>, element: &Element) -> NodeId {
        let Element::Path { subject, path, object, graph, source, as_of } = element else {
            unreachable!("only paths come here: this is a bug");
        };
        let costed = self.costed(element, &[]);
        let bound = node.map(|id| self.variables(id)).unwrap_or_default();
        let rows = costed.matches(&bound) * node.map_or(1.0, |id| self.node(id).rows);
        let mut schema = node.map(|id| self.node(id).schema.clone()).unwrap_or_default();
        schema.extend(element.variables().difference(&bound).cloned().map(filled));
        let sorted_by = node.map(|id| self.node(id).sorted_by.clone()).unwrap_or_default();
        let (subject, path, object) = (subject.clone(), path.clone(), object.clone());
        let op = Op::Path { subject, path, object, graph: graph.clone(), source: *source, as_of: as_of.clone() };
        self.push(Draft { op, inputs: node.into_iter().collect(), schema, sorted_by, weighted: false, rows })
    }

    /// Asks the conditions whose variables all rows bind by now.
    fn filter_ready(&mut self, node: NodeId, conditions: &mut Vec<(Expression, Context)>) -> NodeId {
        let bound = self.certain(node);
        let ready = |condition: &Expression| !condition.has_exists() && condition.variables().is_subset(&bound);
        let (now, later) = std::mem::take(conditions).into_iter().partition(|(condition, _)| ready(condition));
        *conditions = later;
        now.into_iter().fold(node, |node, (condition, _): (Expression, Context)| {
            let share = share(&condition);
            self.push_on(node, Op::Filter(condition), share)
        })
    }

    fn part(&mut self, part: &Part<'_>, context: &Context, want: &Want, seed: Option<NodeId>) -> NodeId {
        match part {
            Part::Pattern(pattern @ Pattern::Filter { inner, condition }) => {
                // Taken apart on its own; it stays a part of the group around it.
                let of_inner = Want { copies: Copies::Each, ..want.clone() };
                let node = self.lower_for(inner, context, of_inner, &[condition], seed.filter(|_| pattern.certain() == inner.certain()));
                self.filter_all(node, super::flatten::conjuncts(condition).cloned().collect(), context)
            }
            Part::Pattern(pattern) => self.lower(pattern, context, want, seed),
            Part::EachGraph(variable, inner) => self.each_graph(variable, inner, context, &want.needed),
            Part::Graphs(name) => self.graphs(name),
        }
    }

    fn scope_of(&self, part: &Part<'_>) -> Variables {
        match part {
            Part::Pattern(pattern) => pattern.in_scope(),
            Part::EachGraph(variable, inner) => inner.in_scope().into_iter().chain([(*variable).clone()]).collect(),
            Part::Graphs(name) => {
                let mut found = Variables::new();
                name.variables(&mut found);
                found
            }
        }
    }

    fn certain_of(&self, part: &Part<'_>) -> Variables {
        match part {
            Part::Pattern(pattern) => pattern.certain(),
            _ => Variables::new(),
        }
    }

    /// What is read of a part: what is wanted and what it shares with another part.
    fn needed_of(&self, part: &Part<'_>, parts: &[(Part<'_>, Context)], mut read: Variables) -> Variables {
        for (other, _) in parts {
            if !std::ptr::eq(other, part) {
                read.extend(self.scope_of(other));
            }
        }
        read
    }
}

/// One of the elements gives the variable a value.
fn binds(elements: &[Element], variable: &Variable) -> bool {
    elements.iter().any(|element| element.variables().contains(variable) && !element.reads().contains(variable))
}

/// Parts that are cheaper when it is known which rows they will be joined with.
fn takes_a_seed(part: &Part<'_>) -> bool {
    matches!(part, Part::Pattern(pattern @ (Pattern::LeftJoin { .. } | Pattern::Union(..) | Pattern::Minus(..) | Pattern::Filter { .. })) if !pattern.has_temporal_core())
}

fn as_atom(element: &Element) -> Option<&Atom> {
    match element {
        Element::Atom(atom) => Some(atom),
        _ => None,
    }
}

/// Conditions on one variable of the element and nothing else.
fn conditions_on<'c>(element: &Element, conditions: &'c [Expression]) -> Vec<&'c Expression> {
    let variables = element.variables();
    let about = |condition: &&Expression| {
        let read = condition.variables();
        read.len() == 1 && read.is_subset(&variables)
    };
    conditions.iter().filter(about).collect()
}

/// Gives the first atom of the step that binds a variable the conditions on that variable alone.
fn attach(step: &Step, elements: &mut [Element], bound: Variables, conditions: &mut Vec<(Expression, Context)>) {
    for e in step {
        let variables: Variables = elements[*e].variables().difference(&bound).cloned().collect();
        let Element::Atom(atom) = &mut elements[*e] else { continue };
        let in_triple = {
            let mut found = Variables::new();
            atom.triple.variables(&mut found);
            found
        };
        conditions.retain(|(condition, _)| {
            let read = condition.variables();
            let Some(variable) = read.first().filter(|_| read.len() == 1) else { return true };
            if condition.has_exists() || !is_repeatable(condition) || !variables.contains(variable) || !in_triple.contains(variable) {
                return true;
            }
            atom.conditions.push((variable.clone(), condition.clone()));
            false
        });
    }
}

/// It has the same value each time.
pub(super) fn is_repeatable(condition: &Expression) -> bool {
    use crate::algebra::Function::{BNode, Rand, StrUuid, Uuid};
    let mut repeatable = true;
    condition.visit(&mut |part| repeatable &= !matches!(part, Expression::Call(Rand | Uuid | StrUuid | BNode, _)));
    repeatable
}

/// Whether a step shares no variable with what is bound.
fn is_apart(step: &Step, elements: &[Element], bound: &Variables) -> bool {
    let variables = step.iter().map(|e| elements[*e].variables());
    variables.into_iter().all(|variables| !variables.is_empty() && variables.is_disjoint(bound))
}

/// The last step that stands apart from all before it, if they begin with rows that bind some variables or with none.
fn last_apart(steps: &[Step], elements: &[Element], start: Option<Variables>) -> Option<usize> {
    let (mut bound, mut last) = (start.clone().unwrap_or_default(), None);
    for (i, step) in steps.iter().enumerate() {
        if (i > 0 || start.is_some()) && is_apart(step, elements, &bound) {
            last = Some(i);
        }
        bound.extend(step.iter().flat_map(|e| elements[*e].variables()));
    }
    last
}

/// The orders in which a scan of the atom can give its rows, as its variables.
fn orders(atom: &Atom) -> Vec<Vec<Variable>> {
    let triple = &atom.triple;
    let [s, p, o] = [&triple.subject, &triple.predicate, &triple.object];
    let permutations = [[p, s, o], [p, o, s], [s, p, o], [o, s, p]];
    let usable = permutations.iter().filter(|places| {
        let constants = places.iter().take_while(|place| constant(place).is_some()).count();
        places[constants..].iter().all(|place| constant(place).is_none())
    });
    let mut found: Vec<Vec<Variable>> = usable
        .map(|places| {
            let mut order: Vec<Variable> = vec![];
            for place in places {
                if let TermPattern::Variable(variable) = place {
                    // The second of two equal places is no order of its own.
                    if !order.contains(variable) {
                        order.push(variable.clone());
                    }
                }
            }
            if let GraphScope::Each(variable) = &atom.graph
                && !order.contains(variable)
            {
                order.push(variable.clone());
            }
            order
        })
        .collect();
    found.dedup();
    found
}
