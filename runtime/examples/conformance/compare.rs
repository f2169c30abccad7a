//! Whether two bags of rows are the same up to the names of blank nodes. Graphs and datasets are rows of three and four terms.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use oxrdf::{BlankNode, NamedOrBlankNode, Term};

/// A row of terms; `None` is unbound.
pub(crate) type Row = Vec<Option<Term>>;

/// What two answers have to share besides their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As bags.
    Any,
    /// As sequences.
    Same,
}

/// Steps after which the search for a renaming of blank nodes is given up.
const MOST_STEPS: usize = 1_000_000;

/// Whether there is a renaming of blank nodes that makes the rows of one those of the other; else why not.
pub(crate) fn same(expected: &[Row], actual: &[Row], order: Order) -> Result<(), String> {
    let (left, right) = (Coloured::new(expected), Coloured::new(actual));
    let (mut a, mut b) = (left.signatures.clone(), right.signatures.clone());
    if order == Order::Any {
        a.sort_unstable();
        b.sort_unstable();
    }
    if a != b {
        return Err(difference(&left, &right));
    }
    let candidates = (0..expected.len()).map(|row| match order {
        Order::Same => vec![row],
        Order::Any => right.by_signature.get(&left.signatures[row]).cloned().unwrap_or_default(),
    });
    let mut candidates: Vec<(usize, Vec<usize>)> = candidates.enumerate().filter(|(row, _)| has_blank(&expected[*row])).collect();
    candidates.sort_by_key(|(_, candidates)| candidates.len());
    let mut search = Search { expected, actual, candidates, used: BTreeSet::new(), forth: HashMap::new(), back: HashMap::new(), steps: 0 };
    match search.from(0) {
        true => Ok(()),
        false if search.steps >= MOST_STEPS => Err(format!("no renaming of blank nodes was found in {MOST_STEPS} steps")),
        false => Err("the rows differ in how their blank nodes are connected".to_owned()),
    }
}

/// `REDUCED`: the same distinct rows, each at most as often as expected and at least once. Blank nodes are compared by name.
pub(crate) fn same_reduced(expected: &[Row], actual: &[Row]) -> Result<(), String> {
    let count = |rows: &[Row]| {
        let mut counts = BTreeMap::new();
        for row in rows {
            *counts.entry(show(row)).or_insert(0_usize) += 1;
        }
        counts
    };
    let (expected, actual) = (count(expected), count(actual));
    for (row, most) in &expected {
        let times = actual.get(row).copied().unwrap_or(0);
        if times == 0 || times > *most {
            return Err(format!("{row} is there {times} times, expected 1 to {most}"));
        }
    }
    actual.keys().find(|row| !expected.contains_key(*row)).map_or(Ok(()), |row| Err(format!("unexpected {row}")))
}

/// A row as text.
pub(crate) fn show(row: &Row) -> String {
    let terms: Vec<String> = row.iter().map(|term| term.as_ref().map_or_else(|| "UNDEF".to_owned(), ToString::to_string)).collect();
    format!("({})", terms.join(" "))
}

/// Rows with a signature each that renaming does not change: blank nodes get colours from the rows they stand in, again and again.
struct Coloured<'a> {
    rows: &'a [Row],
    signatures: Vec<u64>,
    by_signature: HashMap<u64, Vec<usize>>,
}

impl<'a> Coloured<'a> {
    fn new(rows: &'a [Row]) -> Self {
        let mut colours: HashMap<BlankNode, u64> = HashMap::new();
        let mut count = 0;
        loop {
            let mut seen: HashMap<BlankNode, Vec<u64>> = HashMap::new();
            for row in rows {
                for node in blanks(row) {
                    seen.entry(node.clone()).or_default().push(signature(row, &colours, Some(&node)));
                }
            }
            colours = seen.into_iter().map(|(node, mut places)| (node, hash(&sorted(&mut places)))).collect();
            let distinct = colours.values().collect::<BTreeSet<_>>().len();
            if distinct <= count {
                break;
            }
            count = distinct;
        }
        let signatures: Vec<u64> = rows.iter().map(|row| signature(row, &colours, None)).collect();
        let mut by_signature: HashMap<u64, Vec<usize>> = HashMap::new();
        for (row, signature) in signatures.iter().enumerate() {
            by_signature.entry(*signature).or_default().push(row);
        }
        Self { rows, signatures, by_signature }
    }

    fn times(&self, signature: u64) -> usize {
        self.by_signature.get(&signature).map_or(0, Vec::len)
    }

    /// The first row that is here more often than in the other, with how often.
    fn surplus(&self, other: &Self) -> Option<String> {
        let more = self.signatures.iter().position(|signature| self.times(*signature) > other.times(*signature))?;
        let signature = self.signatures[more];
        Some(format!("{} {} times, not {}", show(&self.rows[more]), self.times(signature), other.times(signature)))
    }
}

fn difference(expected: &Coloured<'_>, actual: &Coloured<'_>) -> String {
    let sizes = format!("{} rows, expected {}", actual.rows.len(), expected.rows.len());
    match (expected.surplus(actual), actual.surplus(expected)) {
        (None, None) => {
            let at = expected.signatures.iter().zip(&actual.signatures).position(|(a, b)| a != b).unwrap_or(0);
            format!("row {} is {}, expected {}: the order differs", at + 1, show(&actual.rows[at]), show(&expected.rows[at]))
        }
        (missing, surplus) => {
            let part = |what: &str, row: Option<String>| row.map_or_else(String::new, |row| format!("; {what} {row}"));
            format!("{sizes}{}{}", part("expected", missing), part("got", surplus))
        }
    }
}

fn sorted(values: &mut [u64]) -> &[u64] {
    values.sort_unstable();
    values
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn signature(row: &Row, colours: &HashMap<BlankNode, u64>, own: Option<&BlankNode>) -> u64 {
    hash(&row.iter().map(|term| term.as_ref().map_or(0, |term| term_signature(term, colours, own))).collect::<Vec<_>>())
}

fn term_signature(term: &Term, colours: &HashMap<BlankNode, u64>, own: Option<&BlankNode>) -> u64 {
    match term {
        Term::BlankNode(node) => hash(&("blank", own == Some(node), colours.get(node))),
        Term::Triple(triple) => {
            let subject = Term::from(triple.subject.clone());
            let ends = [&subject, &triple.object].map(|term| term_signature(term, colours, own));
            hash(&("triple", ends, &triple.predicate))
        }
        other => hash(other),
    }
}

fn has_blank(row: &Row) -> bool {
    !blanks(row).is_empty()
}

fn blanks(row: &Row) -> HashSet<BlankNode> {
    fn of_term(term: &Term, found: &mut HashSet<BlankNode>) {
        match term {
            Term::BlankNode(node) => drop(found.insert(node.clone())),
            Term::Triple(triple) => {
                if let NamedOrBlankNode::BlankNode(node) = &triple.subject {
                    found.insert(node.clone());
                }
                of_term(&triple.object, found);
            }
            _ => {}
        }
    }
    let mut found = HashSet::new();
    row.iter().flatten().for_each(|term| of_term(term, &mut found));
    found
}

/// A search for a bijection, row by row.
struct Search<'a> {
    expected: &'a [Row],
    actual: &'a [Row],
    candidates: Vec<(usize, Vec<usize>)>,
    used: BTreeSet<usize>,
    forth: HashMap<BlankNode, BlankNode>,
    back: HashMap<BlankNode, BlankNode>,
    steps: usize,
}

impl Search<'_> {
    fn from(&mut self, at: usize) -> bool {
        let Some((row, candidates)) = self.candidates.get(at).cloned() else { return true };
        for candidate in candidates {
            self.steps += 1;
            if self.steps >= MOST_STEPS {
                return false;
            }
            if self.used.contains(&candidate) {
                continue;
            }
            let (forth, back) = (self.forth.clone(), self.back.clone());
            if self.map_row(row, candidate) {
                self.used.insert(candidate);
                if self.from(at + 1) {
                    return true;
                }
                self.used.remove(&candidate);
            }
            (self.forth, self.back) = (forth, back);
        }
        false
    }

    fn map_row(&mut self, expected: usize, actual: usize) -> bool {
        let (expected, actual) = (&self.expected[expected], &self.actual[actual]);
        expected.len() == actual.len()
            && expected.iter().zip(actual).all(|(a, b)| match (a, b) {
                (Some(a), Some(b)) => self.map_term(a, b),
                (a, b) => a.is_none() && b.is_none(),
            })
    }

    fn map_term(&mut self, expected: &Term, actual: &Term) -> bool {
        match (expected, actual) {
            (Term::BlankNode(a), Term::BlankNode(b)) => {
                let (to, from) = (self.forth.entry(a.clone()).or_insert_with(|| b.clone()), self.back.entry(b.clone()));
                to == b && from.or_insert_with(|| a.clone()) == a
            }
            (Term::Triple(a), Term::Triple(b)) => {
                a.predicate == b.predicate
                    && self.map_term(&a.subject.clone().into(), &b.subject.clone().into())
                    && self.map_term(&a.object, &b.object)
            }
            (a, b) => a == b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::{Literal, NamedNode, Triple};

    fn rows(text: &str) -> Vec<Row> {
        text.split(';').map(|row| row.split_whitespace().map(term).collect()).collect()
    }

    fn term(text: &str) -> Option<Term> {
        match text.split_at(1) {
            ("_", "") => None,
            ("_", name) => Some(BlankNode::new_unchecked(name).into()),
            ("<", name) => {
                let inner = BlankNode::new_unchecked(name);
                Some(Triple::new(inner.clone(), NamedNode::new_unchecked("http://x/p"), inner).into())
            }
            _ => Some(Literal::from(text).into()),
        }
    }

    #[test]
    fn bags_count_and_sequences_keep_their_order() {
        assert_eq!(same(&rows("1 2;3 _"), &rows("3 _;1 2"), Order::Any), Ok(()));
        assert!(same(&rows("1 2;3 _"), &rows("3 _;1 2"), Order::Same).is_err_and(|why| why.contains("order")));
        let why = same(&rows("1;1;2"), &rows("1;2;2"), Order::Any).expect_err("counts differ");
        assert!(why.contains("expected (\"1\") 2 times, not 1") && why.contains("got (\"2\") 2 times, not 1"), "{why}");
    }

    #[test]
    fn blank_nodes_are_renamed_one_to_one() {
        assert_eq!(same(&rows("_a 1;_b 1;_a 2"), &rows("_y 1;_x 1;_x 2"), Order::Any), Ok(()));
        assert!(same(&rows("_a _b"), &rows("_x _x"), Order::Any).is_err());
        assert!(same(&rows("_a _a"), &rows("_x _y"), Order::Any).is_err());
        assert!(same(&rows("_a 1;_b 2"), &rows("_x 1;_x 2"), Order::Any).is_err());
        assert_eq!(same(&rows("_a;_b"), &rows("_x;_y"), Order::Same), Ok(()));
    }

    #[test]
    fn cycles_of_different_lengths_differ() {
        // Two triangles and a hexagon: colours alone do not tell them apart.
        let triangles = rows("_a _b;_b _c;_c _a;_d _e;_e _f;_f _d");
        let hexagon = rows("_a _b;_b _c;_c _d;_d _e;_e _f;_f _a");
        assert_eq!(same(&triangles, &rows("_f _d;_e _f;_c _a;_d _e;_a _b;_b _c"), Order::Any), Ok(()));
        assert!(same(&triangles, &hexagon, Order::Any).is_err_and(|why| why.contains("connected")));
    }

    #[test]
    fn blank_nodes_inside_triple_terms_count() {
        assert_eq!(same(&rows("<a _a"), &rows("<x _x"), Order::Any), Ok(()));
        assert!(same(&rows("<a _a"), &rows("<x _y"), Order::Any).is_err());
    }

    #[test]
    fn reduced_answers_may_have_fewer_copies_but_not_none() {
        assert_eq!(same_reduced(&rows("1;1;2"), &rows("2;1")), Ok(()));
        assert!(same_reduced(&rows("1;1;2"), &rows("1;1")).is_err());
        assert!(same_reduced(&rows("1;2"), &rows("1;2;2")).is_err());
        assert!(same_reduced(&rows("1"), &rows("1;3")).is_err());
    }
}
