//! Turtle and TriG.
//!
//! Turtle is cut at ends of lines where statements seem to end, and its parts are read at the same time. The cuts hold if every part is whole Turtle and
//! no part changes prefixes or base: a line that ends in a comment, or between statements, is over with the line, and a string or a statement that goes
//! on makes the part before the cut no Turtle. If a cut does not hold, the document is read in one piece, as TriG is; that also finds the place of an
//! error. (The cuts of oxttl fall into comments.)

use oxrdf::{GraphName, Quad};
use oxttl::turtle::SliceTurtleParser;
use oxttl::{TriGParser, TurtleParser, TurtleSyntaxError};
use rayon::prelude::*;

use super::Format;
use super::input::{Input, too_deep};
use crate::store::Id;
use crate::store::interner::Interner;
use crate::{Error, Result};

/// Statements that are given to the builder at a time.
const BATCH: usize = 1 << 17;

/// Smaller parts are not worth a thread.
const SMALLEST: usize = 1 << 16;
/// Lines that are looked at for a cut.
const MOST_LINES: usize = 1000;

/// Statements of a part, of its own ids.
type Part = (Interner, Vec<[Id; 4]>);

pub(super) fn load(input: &mut Input<'_>, format: Format) -> Result<()> {
    let text = input.text()?;
    if let Some(at) = too_deep(text.as_bytes()) {
        let found = format!("triple terms nested deeper than {}", crate::store::MAX_NESTING);
        return Err(input.syntax(text.as_bytes(), at, 0, format.name(), found));
    }
    let base = input.options.base.as_deref();
    let bad_base = |error| Error::invalid("the base IRI", "an absolute IRI", format!("{:?}: {error}", base.unwrap_or_default()));
    if format == Format::Turtle {
        let parser = base.iter().try_fold(TurtleParser::new(), |parser, base| parser.with_base_iri(*base)).map_err(bad_base)?;
        if let Some(parts) = parts(input, &parser, &text, rayon::current_num_threads() * 4) {
            parts.into_par_iter().try_for_each(|(interner, statements)| input.builder.add(&interner, statements))?;
            input.report(0);
            return Ok(());
        }
        let triples = parser.for_slice(&text);
        add(input, format, &text, triples.map(|triple| Ok(triple?.in_graph(GraphName::DefaultGraph))))
    } else {
        let parser = base.iter().try_fold(TriGParser::new(), |parser, base| parser.with_base_iri(*base)).map_err(bad_base)?;
        add(input, format, &text, parser.for_slice(&text))
    }
}

/// The parts of a document, if it can be cut.
fn parts(input: &Input<'_>, parser: &TurtleParser, text: &str, count: usize) -> Option<Vec<Part>> {
    let mut first = parser.clone().for_slice(text);
    first.next()?.ok()?;
    // What the header says holds for all parts.
    let prefixes = first.prefixes().try_fold(parser.clone(), |parser, (name, iri)| parser.with_prefix(name, iri)).ok()?;
    let parser = match first.base_iri() {
        Some(base) => prefixes.with_base_iri(base).ok()?,
        None => prefixes,
    };
    let texts = cut(text, count, |rest| parser.clone().for_slice(rest).take(3).all(|triple| triple.is_ok()));
    if texts.len() < 2 {
        return None;
    }
    let parsers: Vec<_> = texts.into_iter().map(|text| parser.clone().for_slice(text)).collect();
    let parts = parsers.into_par_iter().map(|parser| part(input, parser));
    let (parts, contexts): (Vec<Part>, Vec<Context>) = parts.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    contexts.windows(2).all(|pair| pair[0] == pair[1]).then_some(parts)
}

/// Cuts a text into so many parts of about one size, or fewer, after lines that end with a full stop and before text that is accepted.
fn cut(mut text: &str, count: usize, accepted: impl Fn(&str) -> bool) -> Vec<&str> {
    let (size, mut parts) = ((text.len() / count.max(1)).max(SMALLEST), Vec::new());
    while text.len() > size {
        let ends = memchr::memchr_iter(b'\n', &text.as_bytes()[size..]).map(|at| size + at + 1).take(MOST_LINES);
        let mut ends = ends.filter(|end| text[..*end].trim_end().ends_with('.'));
        let Some(end) = ends.find(|end| accepted(&text[*end..])) else { break };
        let (part, rest) = text.split_at(end);
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

/// Prefixes, ascending, and base.
type Context = (Vec<(String, String)>, Option<String>);

fn context(parser: &SliceTurtleParser<'_>) -> Context {
    let mut prefixes: Vec<_> = parser.prefixes().map(|(name, iri)| (name.to_owned(), iri.to_owned())).collect();
    prefixes.sort_unstable();
    (prefixes, parser.base_iri().map(str::to_owned))
}

/// Reads a part, if it is whole and ends with the prefixes and the base that it began with.
fn part(input: &Input<'_>, mut parser: SliceTurtleParser<'_>) -> Option<(Part, Context)> {
    let before = context(&parser);
    let (mut interner, mut statements) = (input.builder.local(input.scope), Vec::new());
    let graph = input.options.graph.as_ref().map_or(Ok(0), |graph| interner.intern(graph.into())).ok()?;
    for triple in parser.by_ref() {
        let quad = triple.ok()?.in_graph(GraphName::DefaultGraph);
        let [s, p, o, _] = interner.intern_quad(quad.as_ref()).ok()?;
        statements.push([s, p, o, graph]);
    }
    (context(&parser) == before).then_some(((interner, statements), before))
}

fn add(input: &Input<'_>, format: Format, text: &str, quads: impl Iterator<Item = Result<Quad, TurtleSyntaxError>>) -> Result<()> {
    let mut quads = quads.peekable();
    while quads.peek().is_some() {
        let mut interner = input.builder.local(input.scope);
        let graph = input.options.graph.as_ref().map_or(Ok(0), |graph| interner.intern(graph.into()))?;
        let mut statements = Vec::new();
        for quad in quads.by_ref().take(BATCH) {
            let quad = quad.map_err(|error| {
                let offset = error.location().start.offset as usize;
                input.syntax(text.as_bytes(), offset, 0, format.name(), error.message())
            })?;
            let [s, p, o, g] = interner.intern_quad(quad.as_ref())?;
            statements.push([s, p, o, if g == 0 { graph } else { g }]);
        }
        input.builder.add(&interner, statements)?;
        input.report(0);
    }
    Ok(())
}
