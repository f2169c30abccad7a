//! What the line editor knows of HyperQL: where a query ends, and how words go on.

use hypergraphql_framework::store::AtomSpace;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use crate::cli::term;

const KEYWORDS: [&str; 47] = [
    "SELECT",
    "ASK",
    "CONSTRUCT",
    "DESCRIBE",
    "WHERE",
    "DISTINCT",
    "REDUCED",
    "FROM",
    "NAMED",
    "PREFIX",
    "BASE",
    "OPTIONAL",
    "UNION",
    "MINUS",
    "GRAPH",
    "FILTER",
    "EXISTS",
    "NOT",
    "BIND",
    "VALUES",
    "UNDEF",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "ASC",
    "DESC",
    "LIMIT",
    "OFFSET",
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "SAMPLE",
    "GROUP_CONCAT",
    "AND",
    "OR",
    "HYPEREDGE",
    "EXACT",
    "TEMPORAL",
    "BETWEEN",
    "AS OF",
    "INFER",
    "SIMILAR",
    "PREDICT",
    "AMONG",
    "IN",
];

/// Predicates offered at most.
const PREDICATES: usize = 10_000;

/// Words that a line may go on with, and the rule of its end.
pub(super) struct Editing {
    words: Vec<String>,
}

impl Editing {
    /// Of the keywords, the known prefixes and the predicates of a space, the most frequent first.
    pub(super) fn new(space: &AtomSpace) -> Self {
        let mut predicates = space.statistics().predicates().to_vec();
        predicates.sort_by_key(|of| std::cmp::Reverse(of.rows));
        let predicates = predicates.iter().take(PREDICATES).filter_map(|of| space.term(of.predicate));
        let keywords = KEYWORDS.into_iter().map(str::to_owned);
        let prefixes = term::PREFIXES.into_iter().map(|(prefix, _)| format!("{prefix}:"));
        Self { words: predicates.map(|predicate| term::short(&predicate)).chain(prefixes).chain(keywords).collect() }
    }

    /// The word before the cursor and where it begins.
    fn word(line: &str) -> (usize, &str) {
        let ends_word = |c: char| c.is_whitespace() || "{}();,/|^*+!=".contains(c);
        let begin = line.rfind(ends_word).map_or(0, |at| at + line[at..].chars().next().map_or(1, char::len_utf8));
        // An IRI goes back to its bracket.
        let begin = line.rfind('<').filter(|at| !line[*at..].contains(['>', ' '])).unwrap_or(begin);
        (begin, &line[begin..])
    }
}

impl Completer for Editing {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let (begin, word) = Self::word(&line[..pos]);
        if word.is_empty() {
            return Ok((begin, Vec::new()));
        }
        let goes_on = |candidate: &&String| {
            candidate
                .get(..word.len())
                .is_some_and(|start| if word.contains([':', '<']) { start == word } else { start.eq_ignore_ascii_case(word) })
        };
        Ok((begin, self.words.iter().filter(goes_on).cloned().collect()))
    }
}

impl Validator for Editing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// A command and a declaration end with their line, a query with `;` after its braces or with an empty line.
pub(super) fn is_complete(input: &str) -> bool {
    let text = input.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let one_line = text.is_empty() || text.starts_with('.') || first.eq_ignore_ascii_case("prefix") && !text.contains('{');
    one_line || (text.ends_with(';') && open_braces(text) <= 0) || input.ends_with('\n')
}

/// Braces opened and not closed, outside strings, IRIs and comments.
fn open_braces(text: &str) -> i64 {
    let (mut open, mut inside) = (0, None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (inside, c) {
            (Some('"' | '\''), '\\') => drop(characters.next()),
            (Some(end), c) if c == end => inside = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => inside = Some(c),
            (None, '#') => inside = Some('\n'),
            // Less-than is followed by a space or a value, an IRI by its scheme or a slash.
            (None, '<') if characters.peek().is_some_and(|next| next.is_alphabetic() || *next == '/') => inside = Some('>'),
            (None, '{') => open += 1,
            (None, '}') => open -= 1,
            (None, _) => {}
        }
    }
    open
}

impl Hinter for Editing {
    type Hint = String;
}

impl Highlighter for Editing {}

impl Helper for Editing {}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::{GraphName, NamedNode, Quad};
    use rustyline::history::DefaultHistory;

    #[test]
    fn a_query_ends_with_a_semicolon_outside_braces_or_an_empty_line() {
        for done in ["", ".help", "PREFIX a: <http://a/>", "SELECT * { ?s ?p ?o };", "SELECT *\n{ ?s ?p ?o }\n", "ASK { ?s ?p \"}\" };"] {
            assert!(is_complete(done), "{done:?}");
        }
        for more in
            ["SELECT *", "SELECT * { ?s ?p ?o }", "SELECT * { ?s ?p ?o ;", "ASK { ?s ?p \"};", "ASK { ?s <http://x/}> ?o ;", "ASK { # };"]
        {
            assert!(!is_complete(more), "{more:?}");
        }
    }

    #[test]
    fn words_go_on_with_predicates_prefixes_and_keywords() {
        let node = |name: &str| NamedNode::new_unchecked(name);
        let quad = |p: &str| Quad::new(node("http://x/a"), node(p), node("http://x/b"), GraphName::DefaultGraph);
        let space = AtomSpace::from_quads([quad("http://x/knows"), quad("http://www.w3.org/2000/01/rdf-schema#label")]).expect("a space");
        let editing = Editing::new(&space);
        let history = DefaultHistory::new();
        let complete = |line: &str| editing.complete(line, line.len(), &Context::new(&history)).expect("candidates");
        assert_eq!(complete("SELECT * { ?s rdfs:l"), (14, vec!["rdfs:label".to_owned()]));
        assert_eq!(complete("SELECT * { ?s <http://x/k"), (14, vec!["<http://x/knows>".to_owned()]));
        assert_eq!(complete("SELECT * { ?s ?p ?o } ord"), (22, vec!["ORDER BY".to_owned()]));
        assert_eq!(complete("{?s xs"), (4, vec!["xsd:".to_owned()]));
        assert_eq!(complete("SELECT ").1, Vec::<String>::new());
    }
}
