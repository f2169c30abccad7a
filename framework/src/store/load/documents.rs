//! Turtle and TriG.

use oxrdf::{GraphName, Quad};
use oxttl::{TriGParser, TurtleParser, TurtleSyntaxError};

use super::Format;
use super::input::{Input, too_deep};
use crate::{Error, Result};

/// Statements that are given to the builder at a time.
const BATCH: usize = 1 << 17;

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
        let triples = parser.for_slice(&text);
        add(input, format, &text, triples.map(|triple| Ok(triple?.in_graph(GraphName::DefaultGraph))))
    } else {
        let parser = base.iter().try_fold(TriGParser::new(), |parser, base| parser.with_base_iri(*base)).map_err(bad_base)?;
        add(input, format, &text, parser.for_slice(&text))
    }
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
