//! N-Triples and N-Quads: blocks of lines, cut into chunks for all threads.

use std::io::Read;

use oxrdf::GraphName;
use oxttl::{NQuadsParser, NTriplesParser, TurtleSyntaxError};
use rayon::prelude::*;

use super::Format;
use super::input::{Input, newlines, too_deep};
use super::rejects::Rejects;
use crate::store::Id;
use crate::store::interner::Interner;
use crate::{Error, Place, Result};

/// Text that one thread parses at a time: large enough to meet most frequent terms again, small enough for the cache.
const CHUNK: usize = 4 << 20;
/// The longest line.
const MAX_LINE: usize = 1 << 30;

/// What a chunk holds.
type Parsed = (Interner, Vec<[Id; 4]>, Vec<Vec<u8>>);

/// Why a chunk cannot be read.
enum Fault {
    /// At this byte.
    Syntax(usize, String),
    Other(Error),
}

pub(super) fn load(input: &mut Input<'_>, format: Format, rejects: &mut Rejects) -> Result<()> {
    let mut reader = input.open()?;
    let mut block = Block { text: Vec::new(), lines: 0 };
    while block.fill(input, &mut reader)? {
        let (whole, rest) = block.text.split_at(block.whole_lines());
        let chunks = chunks(whole);
        let lenient = rejects.accepts();
        let results: Vec<_> = chunks.par_iter().map(|chunk| parse(input, format, chunk, lenient)).collect();
        let mut before = block.lines;
        for (chunk, result) in chunks.iter().zip(results) {
            match result {
                Ok(rejected) => rejected.iter().try_for_each(|line| rejects.put(line))?,
                Err(Fault::Syntax(offset, found)) => return Err(input.syntax(chunk, offset, before, &format!("{format}"), found)),
                Err(Fault::Other(error)) => return Err(error),
            }
            before += newlines(chunk);
        }
        input.bytes += whole.len() as u64;
        block = Block { text: rest.to_vec(), lines: before };
        input.report(rejects.count());
    }
    Ok(())
}

/// Text of whole lines, and how many lines came before.
struct Block {
    text: Vec<u8>,
    lines: u64,
}

impl Block {
    /// Reads on until there are enough whole lines; false at the end of the file.
    fn fill(&mut self, input: &Input<'_>, reader: &mut dyn Read) -> Result<bool> {
        let mut wanted = CHUNK * rayon::current_num_threads() * 2;
        loop {
            let missing = wanted.saturating_sub(self.text.len()) as u64;
            let read = reader.take(missing).read_to_end(&mut self.text).map_err(Error::io(input.path, "read"))?;
            if (read as u64) < missing {
                // The last line may lack its end.
                if self.text.last().is_some_and(|b| *b != b'\n') {
                    self.text.push(b'\n');
                }
                return Ok(!self.text.is_empty());
            }
            if memchr::memchr(b'\n', &self.text).is_some() {
                return Ok(true);
            }
            if self.text.len() >= MAX_LINE {
                return Err(Error::parse(Place::line(input.path, self.lines + 1), "lines of at most 1 GiB", "a longer one"));
            }
            wanted = wanted.saturating_mul(2).min(MAX_LINE);
        }
    }

    /// Bytes up to the end of the last whole line.
    fn whole_lines(&self) -> usize {
        memchr::memrchr(b'\n', &self.text).map_or(0, |end| end + 1)
    }
}

/// Cuts text at ends of lines.
fn chunks(mut text: &[u8]) -> Vec<&[u8]> {
    let mut chunks = Vec::new();
    while !text.is_empty() {
        let from = text.len().min(CHUNK);
        let end = memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |end| from + end + 1);
        let (chunk, rest) = text.split_at(end);
        chunks.push(chunk);
        text = rest;
    }
    chunks
}

/// Parses a chunk and gives it to the builder; returns the lines refused.
fn parse(input: &Input<'_>, format: Format, chunk: &[u8], lenient: bool) -> Result<Vec<Vec<u8>>, Fault> {
    let parsed = match parse_all(input, format, chunk) {
        Err(Fault::Syntax(..)) if lenient => parse_each(input, format, chunk)?,
        other => other?,
    };
    let (mut interner, mut statements, rejected) = parsed;
    if let Some(graph) = &input.options.graph {
        let graph = interner.intern(graph.into()).map_err(Fault::Other)?;
        statements.iter_mut().filter(|statement| statement[3] == 0).for_each(|statement| statement[3] = graph);
    }
    input.builder.add(&interner, statements).map_err(Fault::Other)?;
    Ok(rejected)
}

fn parse_all(input: &Input<'_>, format: Format, chunk: &[u8]) -> Result<Parsed, Fault> {
    let (mut interner, mut statements) = (input.builder.local(input.scope), Vec::with_capacity(chunk.len() / 64));
    parse_into(format, chunk, &mut interner, &mut statements)?;
    Ok((interner, statements, Vec::new()))
}

/// Line by line, so that those that cannot be read are left out.
fn parse_each(input: &Input<'_>, format: Format, chunk: &[u8]) -> Result<Parsed, Fault> {
    let (mut interner, mut statements, mut rejected) = (input.builder.local(input.scope), Vec::new(), Vec::new());
    for line in chunk.split(|b| *b == b'\n') {
        let before = statements.len();
        match parse_into(format, line, &mut interner, &mut statements) {
            Ok(()) => {}
            Err(Fault::Syntax(..)) => {
                statements.truncate(before);
                rejected.push(line.to_vec());
            }
            Err(other) => return Err(other),
        }
    }
    Ok((interner, statements, rejected))
}

fn parse_into(format: Format, text: &[u8], interner: &mut Interner, statements: &mut Vec<[Id; 4]>) -> Result<(), Fault> {
    if let Some(at) = too_deep(text) {
        return Err(Fault::Syntax(at, format!("triple terms nested deeper than {}", crate::store::MAX_NESTING)));
    }
    let fault = |error: TurtleSyntaxError| Fault::Syntax(error.location().start.offset as usize, error.message().to_owned());
    if format == Format::NTriples {
        for triple in NTriplesParser::new().for_slice(text) {
            let quad = triple.map_err(fault)?.in_graph(GraphName::DefaultGraph);
            statements.push(interner.intern_quad(quad.as_ref()).map_err(Fault::Other)?);
        }
    } else {
        for quad in NQuadsParser::new().for_slice(text) {
            statements.push(interner.intern_quad(quad.map_err(fault)?.as_ref()).map_err(Fault::Other)?);
        }
    }
    Ok(())
}
