//! Answers of queries on stdout: a table for people, the W3C's formats and columns for programs.

use std::io::{self, BufWriter, Write};

use hypergraphql_runtime::engine::Answer;
use oxrdf::{Term, Triple, Variable};
use oxttl::{NTriplesSerializer, TurtleSerializer};
use sparesults::{QueryResultsFormat, QueryResultsSerializer};

use super::columnar;
use super::error::CliError;
use super::output;
use super::query::failed;
use super::term;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AnswerFormat {
    /// A table for people.
    Table,
    /// SPARQL results in JSON.
    Json,
    /// Values alone, separated by commas.
    Csv,
    /// Terms in Turtle's syntax, separated by tabs.
    Tsv,
    /// SPARQL results in XML.
    Xml,
    /// The triples of CONSTRUCT and DESCRIBE, one a line.
    Ntriples,
    /// The triples of CONSTRUCT and DESCRIBE in Turtle.
    Turtle,
    /// Columns of SELECT as an Arrow IPC stream.
    Arrow,
    /// Columns of SELECT as a Parquet file.
    Parquet,
}

/// Prints an answer and says how many rows it had; a graph has three columns where the format is one of rows.
pub(crate) fn print(answer: &Answer, format: AnswerFormat) -> Result<usize, CliError> {
    use AnswerFormat::{Arrow, Csv, Json, Ntriples, Parquet, Table, Tsv, Turtle, Xml};
    match (answer, format) {
        (Answer::Graph(triples), Ntriples) => ntriples(triples),
        (Answer::Graph(triples), Turtle) => turtle(triples),
        (_, Ntriples | Turtle) => {
            let help = "table, json, csv, tsv and xml hold rows; CONSTRUCT and DESCRIBE make triples";
            Err(CliError::input("this answer is no graph, and the format holds triples").with_help(help))
        }
        (answer, Arrow) => columnar::arrow(answer),
        (answer, Parquet) => columnar::parquet(answer),
        (answer, Table) => table(answer),
        (answer, Json) => results(answer, QueryResultsFormat::Json),
        (answer, Csv) => results(answer, QueryResultsFormat::Csv),
        (answer, Tsv) => results(answer, QueryResultsFormat::Tsv),
        (answer, Xml) => results(answer, QueryResultsFormat::Xml),
    }
}

/// A table has to be in memory as text before its first line is printed.
const MOST_IN_TABLE: usize = 100_000;

/// The columns of a graph.
const TRIPLE: [&str; 3] = ["subject", "predicate", "object"];

fn columns(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Solutions(solutions) => solutions.variables().to_vec(),
        Answer::Boolean(_) | Answer::Graph(_) => TRIPLE.map(str::to_owned).to_vec(),
    }
}

/// The rows one after another, as far as `each` goes without an error.
fn rows(answer: &Answer, mut each: impl FnMut(&[Option<Term>]) -> io::Result<()>) -> Result<usize, CliError> {
    let mut count = 0;
    let mut row = |row: &[Option<Term>]| -> Result<(), CliError> {
        count += 1;
        Ok(each(row)?)
    };
    match answer {
        Answer::Boolean(_) => {}
        Answer::Solutions(solutions) => solutions.rows().enumerate().try_for_each(|(at, terms)| {
            if at % 1024 == 0 {
                solutions.check().map_err(failed)?;
            }
            row(&terms)
        })?,
        Answer::Graph(triples) => triples.iter().try_for_each(|triple| {
            let triple = triple.clone();
            row(&[Some(triple.subject.into()), Some(triple.predicate.into()), Some(triple.object)])
        })?,
    }
    Ok(count)
}

fn table(answer: &Answer) -> Result<usize, CliError> {
    if let Answer::Boolean(value) = answer {
        output::line(value.to_string())?;
        return Ok(1);
    }
    let found = match answer {
        Answer::Solutions(solutions) => solutions.len(),
        Answer::Graph(triples) => triples.len(),
        Answer::Boolean(_) => 0,
    };
    if found > MOST_IN_TABLE {
        let message = format!("{found} rows are no table for people, which has {MOST_IN_TABLE} at most");
        return Err(CliError::failed(message).with_help("--format tsv or csv prints rows as they are read; LIMIT asks for fewer"));
    }
    let mut table = output::table_of(columns(answer), &[]);
    let cell = |term: &Option<Term>| term.as_ref().map(term::short).unwrap_or_default();
    let count = rows(answer, |row| {
        table.add_row(row.iter().map(cell));
        Ok(())
    })?;
    output::line(table.to_string())?;
    Ok(count)
}

fn results(answer: &Answer, format: QueryResultsFormat) -> Result<usize, CliError> {
    let mut out = BufWriter::new(io::stdout().lock());
    let serializer = QueryResultsSerializer::from_format(format);
    let count = if let Answer::Boolean(value) = answer {
        serializer.serialize_boolean_to_writer(&mut out, *value)?;
        1
    } else {
        let variables: Vec<Variable> = columns(answer).into_iter().map(Variable::new_unchecked).collect();
        let mut writer = serializer.serialize_solutions_to_writer(&mut out, variables.clone())?;
        let count =
            rows(answer, |row| writer.serialize(variables.iter().zip(row).filter_map(|(name, term)| Some((name, term.as_ref()?)))))?;
        writer.finish()?;
        count
    };
    // CSV and TSV end their lines themselves, but for a boolean.
    if matches!(format, QueryResultsFormat::Json | QueryResultsFormat::Xml) || matches!(answer, Answer::Boolean(_)) {
        writeln!(out)?;
    }
    out.flush()?;
    Ok(count)
}

fn ntriples(triples: &[Triple]) -> Result<usize, CliError> {
    let mut writer = NTriplesSerializer::new().for_writer(BufWriter::new(io::stdout().lock()));
    triples.iter().try_for_each(|triple| writer.serialize_triple(triple))?;
    writer.finish().flush()?;
    Ok(triples.len())
}

fn turtle(triples: &[Triple]) -> Result<usize, CliError> {
    let mut serializer = TurtleSerializer::new();
    for (prefix, iri) in term::PREFIXES {
        serializer = serializer.with_prefix(prefix, iri).map_err(|error| CliError::failed(format!("prefix {prefix}: {error}")))?;
    }
    let mut writer = serializer.for_writer(BufWriter::new(io::stdout().lock()));
    // Triples of a subject are written together.
    let mut sorted: Vec<&Triple> = triples.iter().collect();
    sorted.sort_by_cached_key(|triple| (triple.subject.to_string(), triple.predicate.to_string(), triple.object.to_string()));
    sorted.iter().try_for_each(|triple| writer.serialize_triple(*triple))?;
    writer.finish()?.flush()?;
    Ok(triples.len())
}
