//! From text to syntax: brackets are checked (`scan`), the grammar `hyperql.pest` makes pairs (`grammar`), these become an [`ast`] (`build`).

pub mod ast;
mod build;
mod error;
mod grammar;
mod names;
mod scan;

use std::collections::BTreeMap;

pub(crate) use build::functions::keyword;
pub(crate) use error::Fault;
pub use error::SyntaxError;

/// Brackets, and operators of the algebra, may stand in each other this deep.
pub(crate) const MAX_NESTING: usize = 128;

/// How a text is read.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    /// SPARQL (with the extension clauses) to the letter: no relaxations, no prefix that was not declared.
    pub strict: bool,
    /// Base IRI unless the text declares one.
    pub base: Option<String>,
    /// What `:` means unless the text declares it.
    pub store_base: String,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { strict: false, base: None, store_base: "http://example.org/".into() }
    }
}

/// The text of a file's bytes.
///
/// # Errors
///
/// The bytes are not UTF-8: at which line and column they begin not to be.
pub fn decode(bytes: Vec<u8>) -> Result<String, SyntaxError> {
    String::from_utf8(bytes).map_err(|error| {
        let (start, length) = (error.utf8_error().valid_up_to(), error.utf8_error().error_len().unwrap_or(1));
        let bytes = error.as_bytes();
        let fault = Fault::new(ast::Span { start, end: start + length }, format!("the text is not UTF-8: byte 0x{:02x}", bytes[start]));
        // Up to there the text is itself.
        fault.hint("save the text as UTF-8").locate(&String::from_utf8_lossy(bytes))
    })
}

/// Reads a query.
pub(crate) fn query(text: &str, options: &ParseOptions) -> Result<ast::Query, Fault> {
    scan::check(text)?;
    build::Builder::new(options)?.query(grammar::parse(grammar::Rule::query_unit, text)?)
}

/// The variables of a query by name; true: written with `$`.
pub(crate) fn variables(text: &str) -> Result<BTreeMap<String, bool>, Fault> {
    scan::check(text)?;
    Ok(names::variables(grammar::parse(grammar::Rule::query_unit, text)?))
}

/// Reads an update.
pub(crate) fn update(text: &str, options: &ParseOptions) -> Result<ast::Update, Fault> {
    scan::check(text)?;
    build::Builder::new(options)?.update(grammar::parse(grammar::Rule::update_unit, text)?)
}
