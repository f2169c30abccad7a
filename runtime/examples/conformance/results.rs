//! Answers: the expected ones from files in all formats of the tests, and how two are compared.

use oxrdf::vocab::rdf;
use oxrdf::{BlankNode, Graph, Literal, NamedNodeRef, NamedOrBlankNodeRef, TermRef, Triple, Variable};
use sparesults::{QueryResultsFormat, QueryResultsParser, QueryResultsSerializer, ReaderQueryResultsParserOutput};

use crate::compare::{self, Order, Row};
use crate::files::Files;
use crate::terms;

/// The answer of a query.
pub(crate) enum Answer {
    /// `SELECT`.
    Solutions {
        /// Without `?`.
        variables: Vec<String>,
        /// One term for each variable.
        rows: Vec<Row>,
        /// The order of the rows says something.
        ordered: bool,
    },
    /// `ASK`.
    Boolean(bool),
    /// `CONSTRUCT`, `DESCRIBE`.
    Graph(Vec<Triple>),
}

/// How an answer is compared.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// `REDUCED`.
    pub(crate) lax: bool,
    /// The query sorts.
    pub(crate) sorted: bool,
}

/// Whether an answer is the expected one; else why not.
pub(crate) fn same(expected: &Answer, actual: &Answer, rules: Rules) -> Result<(), String> {
    match (expected, actual) {
        (Answer::Boolean(a), Answer::Boolean(b)) if a == b => Ok(()),
        (Answer::Boolean(a), Answer::Boolean(b)) => Err(format!("{b}, expected {a}")),
        (Answer::Graph(a), Answer::Graph(b)) => same_rows(&triples(a), &triples(b), |a, b| compare::same(a, b, Order::Any)),
        (Answer::Solutions { variables, rows, ordered }, Answer::Solutions { variables: names, rows: got, .. }) => {
            let order = if *ordered && rules.sorted { Order::Same } else { Order::Any };
            let got = arrange(variables, names, got)?;
            same_rows(rows, &got, |a, b| if rules.lax { compare::same_reduced(a, b) } else { compare::same(a, b, order) })
        }
        (a, b) => Err(format!("the answer is {}, expected {}", b.kind(), a.kind())),
    }
}

/// As they are written, or by the values of their numbers.
fn same_rows(expected: &[Row], actual: &[Row], same: impl Fn(&[Row], &[Row]) -> Result<(), String>) -> Result<(), String> {
    same(expected, actual).or_else(|_| same(&terms::by_value(expected), &terms::by_value(actual)))
}

impl Answer {
    fn kind(&self) -> &'static str {
        match self {
            Self::Solutions { .. } => "solutions",
            Self::Boolean(_) => "a boolean",
            Self::Graph(_) => "a graph",
        }
    }

    /// Reads the file of an answer.
    pub(crate) fn read(files: &Files, iri: &str) -> Result<Self, String> {
        let bytes = files.bytes(iri)?;
        match iri.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "srx" => Self::parse(&bytes, QueryResultsFormat::Xml),
            "srj" => Self::parse(&bytes, QueryResultsFormat::Json),
            "tsv" => Self::parse(&bytes, QueryResultsFormat::Tsv),
            "csv" => Self::csv(&bytes),
            _ => Self::of_graph(&files.graph(iri)?),
        }
        .map_err(|error| format!("cannot read <{iri}>: {error}"))
    }

    fn parse(bytes: &[u8], format: QueryResultsFormat) -> Result<Self, String> {
        match QueryResultsParser::from_format(format).for_reader(bytes).map_err(|error| error.to_string())? {
            ReaderQueryResultsParserOutput::Boolean(value) => Ok(Self::Boolean(value)),
            ReaderQueryResultsParserOutput::Solutions(solutions) => {
                let variables = solutions.variables().iter().map(|variable| variable.as_str().to_owned()).collect();
                let rows = solutions.map(|solution| Ok(solution.map_err(|error| error.to_string())?.values().to_vec()));
                Ok(Self::Solutions { variables, rows: rows.collect::<Result<_, String>>()?, ordered: true })
            }
        }
    }

    /// Values of CSV, which keeps of a term its text alone: blank nodes, and literals for everything else.
    pub(crate) fn csv(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = csv::Reader::from_reader(bytes);
        let variables = reader.headers().map_err(|error| error.to_string())?.iter().map(str::to_owned).collect();
        let value = |text: &str| match text.strip_prefix("_:") {
            Some(name) => Some(BlankNode::new_unchecked(name).into()),
            None => Some(Literal::from(text).into()),
        };
        let rows = reader.records().map(|record| Ok(record.map_err(|error| error.to_string())?.iter().map(value).collect()));
        Ok(Self::Solutions { variables, rows: rows.collect::<Result<_, String>>()?, ordered: false })
    }

    /// Solutions as CSV.
    pub(crate) fn to_csv(&self) -> Result<Vec<u8>, String> {
        let Self::Solutions { variables, rows, .. } = self else {
            return Err(format!("the answer is {}, expected solutions", self.kind()));
        };
        let variables: Vec<Variable> = variables.iter().map(Variable::new_unchecked).collect();
        let serializer = QueryResultsSerializer::from_format(QueryResultsFormat::Csv);
        let written = serializer.serialize_solutions_to_writer(Vec::new(), variables.clone()).and_then(|mut writer| {
            for row in rows {
                writer.serialize(variables.iter().zip(row).filter_map(|(variable, term)| Some((variable, term.as_ref()?))))?;
            }
            writer.finish()
        });
        written.map_err(|error| error.to_string())
    }

    /// A graph: solutions written as RDF (rs:ResultSet), or what `CONSTRUCT` makes.
    fn of_graph(graph: &Graph) -> Result<Self, String> {
        let Some(set) = graph.subject_for_predicate_object(rdf::TYPE, RESULT_SET) else {
            return Ok(Self::Graph(graph.iter().map(oxrdf::TripleRef::into_owned).collect()));
        };
        if let Some(value) = graph.object_for_subject_predicate(set, BOOLEAN) {
            return Ok(Self::Boolean(text(value) == "true"));
        }
        let variables: Vec<String> = graph.objects_for_subject_predicate(set, VARIABLES).map(text).collect();
        let mut rows: Vec<(Option<u64>, Row)> = Vec::new();
        for solution in graph.objects_for_subject_predicate(set, SOLUTION) {
            let solution = node(solution)?;
            let index = graph.object_for_subject_predicate(solution, INDEX).and_then(|index| text(index).parse().ok());
            rows.push((index, row(graph, solution, &variables)?));
        }
        let ordered = !rows.is_empty() && rows.iter().all(|(index, _)| index.is_some());
        rows.sort_by_key(|(index, _)| *index);
        Ok(Self::Solutions { variables, rows: rows.into_iter().map(|(_, row)| row).collect(), ordered })
    }
}

const RESULT_SET: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#ResultSet");
const BOOLEAN: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#boolean");
const VARIABLES: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#resultVariable");
const SOLUTION: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#solution");
const INDEX: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#index");
const BINDING: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#binding");
const VARIABLE: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#variable");
const VALUE: NamedNodeRef<'_> = term("http://www.w3.org/2001/sw/DataAccess/tests/result-set#value");

const fn term(iri: &str) -> NamedNodeRef<'_> {
    NamedNodeRef::new_unchecked(iri)
}

fn row(graph: &Graph, solution: NamedOrBlankNodeRef<'_>, variables: &[String]) -> Result<Row, String> {
    let mut row: Row = vec![None; variables.len()];
    for binding in graph.objects_for_subject_predicate(solution, BINDING) {
        let binding = node(binding)?;
        let variable = graph.object_for_subject_predicate(binding, VARIABLE).map(text).ok_or("a binding has no variable")?;
        let value = graph.object_for_subject_predicate(binding, VALUE).ok_or("a binding has no value")?;
        let place = variables.iter().position(|name| *name == variable).ok_or_else(|| format!("?{variable} is no result variable"))?;
        row[place] = Some(value.into_owned());
    }
    Ok(row)
}

fn node(term: TermRef<'_>) -> Result<NamedOrBlankNodeRef<'_>, String> {
    match term {
        TermRef::NamedNode(node) => Ok(node.into()),
        TermRef::BlankNode(node) => Ok(node.into()),
        other => Err(format!("{other} has no properties")),
    }
}

fn text(term: TermRef<'_>) -> String {
    match term {
        TermRef::NamedNode(node) => node.as_str().to_owned(),
        TermRef::Literal(literal) => literal.value().to_owned(),
        other => other.to_string(),
    }
}

fn triples(triples: &[Triple]) -> Vec<Row> {
    // A graph is a set.
    let graph: Graph = triples.iter().cloned().collect();
    graph
        .iter()
        .map(|t| vec![Some(t.subject.into_owned().into()), Some(t.predicate.into_owned().into()), Some(t.object.into_owned())])
        .collect()
}

/// Rows with their columns in another order of the same variables.
fn arrange(wanted: &[String], names: &[String], rows: &[Row]) -> Result<Vec<Row>, String> {
    let places: Option<Vec<usize>> = wanted.iter().map(|name| names.iter().position(|other| other == name)).collect();
    let places = places.filter(|_| wanted.len() == names.len());
    let places = places.ok_or_else(|| format!("the variables are {}, expected {}", names.join(" "), wanted.join(" ")))?;
    Ok(rows.iter().map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "@prefix rs: <http://www.w3.org/2001/sw/DataAccess/tests/result-set#> .\n";

    fn graph(text: &str) -> Answer {
        let triples = oxttl::TurtleParser::new().for_slice(&format!("{PREFIX}{text}")).collect::<Result<Vec<_>, _>>().expect("Turtle");
        Answer::of_graph(&triples.into_iter().collect()).expect("an answer")
    }

    const RULES: Rules = Rules { lax: false, sorted: true };

    #[test]
    fn result_sets_in_rdf_are_solutions_in_the_order_of_their_index() {
        let text = "[] a rs:ResultSet ; rs:resultVariable \"x\", \"y\" ;
            rs:solution [ rs:index 2 ; rs:binding [ rs:variable \"x\" ; rs:value 7 ] ] ,
                        [ rs:index 1 ; rs:binding [ rs:variable \"x\" ; rs:value 9 ] , [ rs:variable \"y\" ; rs:value 8 ] ] .";
        let answer = graph(text);
        let Answer::Solutions { ordered: true, ref variables, ref rows } = answer else { panic!("no ordered solutions") };
        let x = variables.iter().position(|name| name == "x").expect("?x");
        assert_eq!(rows.iter().map(|row| row[x].as_ref().map(ToString::to_string)).collect::<Vec<_>>().len(), 2);
        assert!(rows[0][x].as_ref().is_some_and(|term| term.to_string().starts_with("\"9\"")));
        assert_eq!(rows[1][1 - x], None);
        let backwards = Answer::Solutions { variables: variables.clone(), rows: rows.iter().rev().cloned().collect(), ordered: true };
        assert_eq!(same(&answer, &answer, RULES), Ok(()));
        assert!(same(&answer, &backwards, RULES).is_err());
        assert_eq!(same(&answer, &backwards, Rules { sorted: false, ..RULES }), Ok(()));
    }

    #[test]
    fn booleans_and_graphs_are_told_apart() {
        let yes = graph("[] a rs:ResultSet ; rs:boolean true .");
        assert_eq!(same(&Answer::Boolean(true), &yes, RULES), Ok(()));
        assert!(same(&Answer::Boolean(false), &yes, RULES).is_err());
        let plain = graph("[] <http://x/p> 1 .");
        assert!(same(&yes, &plain, RULES).is_err_and(|why| why == "the answer is a graph, expected a boolean"));
    }

    #[test]
    fn columns_are_matched_by_name() {
        let a = Answer::csv(b"x,y\n1,2\n").expect("CSV");
        assert_eq!(same(&a, &Answer::csv(b"y,x\n2,1\n").expect("CSV"), RULES), Ok(()));
        assert!(same(&a, &Answer::csv(b"x,z\n1,2\n").expect("CSV"), RULES).is_err_and(|why| why.contains("x z, expected x y")));
        assert!(same(&a, &Answer::csv(b"x\n1\n").expect("CSV"), RULES).is_err());
    }
}
