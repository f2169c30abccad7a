//! From text to syntax: brackets are checked (`scan`), the grammar `hyperql.pest` makes pairs (`grammar`), these become an [`ast`] (`build`).

pub mod ast;
mod build;
mod error;
mod grammar;
mod scan;

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

/// Reads a query.
pub(crate) fn query(text: &str, options: &ParseOptions) -> Result<ast::Query, Fault> {
    scan::check(text)?;
    build::Builder::new(options)?.query(grammar::parse(grammar::Rule::query_unit, text)?)
}

/// Reads an update.
pub(crate) fn update(text: &str, options: &ParseOptions) -> Result<ast::Update, Fault> {
    scan::check(text)?;
    build::Builder::new(options)?.update(grammar::parse(grammar::Rule::update_unit, text)?)
}
