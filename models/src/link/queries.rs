//! Statements as questions, and which answers are known.

use std::collections::HashMap;

use hypergraphql_framework::links::Link;

/// A question: which entity is related so to this one, under these qualifiers?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Query<'a> {
    /// The subject, or the object where the subject is asked for.
    pub entity: u32,
    /// The relation r, or its inverse r + R where the subject is asked for.
    pub relation: u32,
    /// A relation and an entity each.
    pub qualifiers: &'a [(u32, u32)],
}

/// Two questions of each statement with their answers: for its object, then for its subject.
pub fn queries(links: &[Link], relations: usize) -> impl Iterator<Item = (Query<'_>, u32)> {
    links.iter().flat_map(move |link| {
        let (qualifiers, inverse) = (link.qualifiers.as_slice(), link.relation + relations as u32);
        [
            (Query { entity: link.subject, relation: link.relation, qualifiers }, link.object),
            (Query { entity: link.object, relation: inverse, qualifiers }, link.subject),
        ]
    })
}

/// A question and all that a list of statements answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// As its first statement asks it.
    pub query: Query<'a>,
    /// Ascending, at least one.
    pub answers: Vec<u32>,
}

/// Every question of statements once, whatever the order of its qualifiers, in the order of their first statements.
pub fn questions<'a>(links: impl IntoIterator<Item = &'a Link>, relations: usize) -> Vec<Question<'a>> {
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut questions: Vec<Question<'_>> = vec![];
    for (query, answer) in links.into_iter().flat_map(|link| queries(std::slice::from_ref(link), relations)) {
        let at = *places.entry(key(&query)).or_insert(questions.len());
        match questions.get_mut(at) {
            Some(question) => question.answers.push(answer),
            None => questions.push(Question { query, answers: vec![answer] }),
        }
    }
    for Question { answers, .. } in &mut questions {
        answers.sort_unstable();
        answers.dedup();
    }
    questions
}

/// The answers that statements give to a question, whatever the order of its qualifiers.
#[derive(Debug, Default)]
pub struct Answers(HashMap<Key, Vec<u32>>);

type Key = (u32, u32, Vec<(u32, u32)>);

impl Answers {
    /// Of these statements.
    pub fn of<'a>(links: impl IntoIterator<Item = &'a Link>, relations: usize) -> Self {
        Self(questions(links, relations).into_iter().map(|question| (key(&question.query), question.answers)).collect())
    }

    /// Ascending.
    pub fn to(&self, query: &Query<'_>) -> &[u32] {
        self.0.get(&key(query)).map_or(&[], Vec::as_slice)
    }
}

fn key(query: &Query<'_>) -> Key {
    let mut qualifiers = query.qualifiers.to_vec();
    qualifiers.sort_unstable();
    (query.entity, query.relation, qualifiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_same_entity_relation_and_qualifiers() {
        let link = |subject, object, qualifiers: &[(u32, u32)]| Link { subject, relation: 1, object, qualifiers: qualifiers.to_vec() };
        let links = [link(0, 5, &[(2, 7), (3, 8)]), link(0, 4, &[(3, 8), (2, 7)]), link(0, 6, &[]), link(0, 5, &[(2, 7), (3, 8)])];
        let answers = Answers::of(&links, 4);
        let all: Vec<_> = queries(&links, 4).collect();
        assert_eq!(all[0], (Query { entity: 0, relation: 1, qualifiers: &[(2, 7), (3, 8)] }, 5));
        assert_eq!(all[1], (Query { entity: 5, relation: 5, qualifiers: &[(2, 7), (3, 8)] }, 0));
        assert_eq!(answers.to(&all[0].0), [4, 5]);
        assert_eq!(answers.to(&Query { entity: 0, relation: 1, qualifiers: &[] }), [6]);
        assert_eq!(answers.to(&all[1].0), [0]);
        assert!(answers.to(&Query { entity: 9, relation: 1, qualifiers: &[] }).is_empty());
        let once = questions(&links, 4);
        let expected = [(0, &[4, 5][..]), (1, &[0]), (3, &[0]), (4, &[6]), (5, &[0])];
        let found: Vec<_> =
            once.iter().map(|q| (all.iter().position(|(query, _)| *query == q.query).unwrap(), q.answers.as_slice())).collect();
        assert_eq!(found, expected);
    }
}
