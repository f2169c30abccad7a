//! The parser that pest makes of `hyperql.pest`, with its errors in words.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use super::ast::Span;
use super::{Fault, scan};

pub(super) use generated::Rule;

pub(super) type Node<'i> = Pair<'i, Rule>;

mod generated {
    #[derive(pest_derive::Parser)]
    #[grammar = "hyperql.pest"]
    pub(super) struct HyperQl;
}

/// Parses a text as `rule`, a `…_unit`.
pub(super) fn parse(rule: Rule, text: &str) -> Result<Node<'_>, Fault> {
    let mut pairs = generated::HyperQl::parse(rule, text).map_err(|error| fault(text, &error))?;
    Ok(pairs.next().expect("a unit is one pair; this is a bug"))
}

fn fault(text: &str, error: &pest::error::Error<Rule>) -> Fault {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let rules: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { message } => return Fault::new(Span { start: at, end: at }, message.clone()),
    };
    let mut expected: Vec<String> = rules.iter().filter_map(words).collect();
    // What is said in words first, then signs and keywords.
    expected.sort_by_key(|word| (word.starts_with(|c: char| c == '`' || c.is_ascii_uppercase()), word.clone()));
    expected.dedup();
    // An unexpected end is best shown after the last word.
    let at = if at == text.len() { text.trim_end().len() } else { at };
    let token = token(text[at..].trim_end());
    let message = if token.is_empty() { "unexpected end of the text".into() } else { format!("unexpected `{token}`") };
    let fault = Fault::new(Span { start: at, end: at + token.len() }, message).expected(expected);
    match hint(&text[..at], token, rules) {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

/// The word, or the sign, that a text begins with.
fn token(text: &str) -> &str {
    let word = text.find(|c: char| !(c.is_alphanumeric() || "_?$:@-<".contains(c))).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    let long = text.char_indices().nth(40).map_or(text.len(), |(at, _)| at);
    &text[..word.max(first).min(long)]
}

/// Advice for mistakes that are often made.
fn hint(before: &str, token: &str, rules: &[Rule]) -> Option<String> {
    let before = before.trim_end();
    let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_uppercase();
    let upper = token.to_ascii_uppercase();
    let has = |rule: Rule| rules.contains(&rule);
    let update = ["INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "COPY", "MOVE"].contains(&upper.as_str());
    let advice = match token.chars().next() {
        _ if word == "LIMIT" || word == "OFFSET" => return Some(format!("{word} takes a whole number from 0 on")),
        _ if word == "SELECT" && has(Rule::star) => {
            "name the variables that are wanted, or `*`; an expression needs a name: (COUNT(?x) AS ?n)"
        }
        Some(')') if has(Rule::k_as) => "an expression needs a name here: (COUNT(?x) AS ?n)",
        _ if upper == "UNION" => "UNION stands between groups: { … } UNION { … }",
        _ if update && has(Rule::query_unit) => "this is an update, not a query",
        _ if update && has(Rule::EOI) => "operations of an update have a `;` between them",
        _ if has(Rule::update_unit) && ["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"].contains(&upper.as_str()) => {
            "this is a query, not an update"
        }
        Some('<') if scan::iri_length(token.as_bytes()).is_none() && !has(Rule::operator) => {
            "an IRI ends with `>` and holds no space, quote or brace before it"
        }
        Some('"' | '\'') if !has(Rule::dot) => "in a string `\\` stands before one of t b n r f \" ' \\, or is \\uXXXX or \\UXXXXXXXX",
        Some('?' | '$' | '<' | ':' | '_' | '[') if has(Rule::dot) => "if a new triple begins here, the one before it lacks its `.`",
        _ if has(Rule::dot) && token.contains(':') => "if a new triple begins here, the one before it lacks its `.`",
        _ => return None,
    };
    Some(advice.into())
}

/// What a rule is to a reader; `None` for those that only repeat another.
fn words(rule: &Rule) -> Option<String> {
    let name = format!("{rule:?}");
    if let Some(keyword) = name.strip_prefix("k_") {
        return Some(keyword.to_ascii_uppercase());
    }
    let words = match rule {
        Rule::EOI => "the end of the text",
        Rule::query_unit => "a query: SELECT, CONSTRUCT, DESCRIBE or ASK",
        Rule::update_unit => "an update: INSERT, DELETE, WITH, LOAD, CLEAR, DROP, CREATE, ADD, COPY or MOVE",
        Rule::dot => "`.`",
        Rule::semicolon => "`;`",
        Rule::comma => "`,`",
        Rule::close_brace => "`}`",
        Rule::close_paren => "`)`",
        Rule::close_bracket => "`]`",
        Rule::var => "a variable",
        Rule::iri | Rule::iri_ref | Rule::prefixed | Rule::iri_call => "an IRI",
        Rule::namespace => "a prefix with its `:`",
        Rule::literal | Rule::rdf_literal => "a literal",
        Rule::string | Rule::short_string => "a string",
        Rule::lang_tag => "a language tag",
        Rule::boolean => "true or false",
        Rule::double | Rule::decimal | Rule::signed_integer => "a number",
        Rule::integer => "a whole number",
        Rule::blank | Rule::blank_label | Rule::anonymous | Rule::blank_properties => "a blank node",
        Rule::nil | Rule::collection => "a list",
        Rule::triple_term => "a triple term `<<( … )>>`",
        Rule::reified_triple => "a reified triple `<< … >>`",
        Rule::reifier => "a reifier `~`",
        Rule::annotation => "an annotation `{| … |}`",
        Rule::triples | Rule::triples_block | Rule::candidate => "a triple",
        Rule::property_list | Rule::verb_objects | Rule::simple_verb | Rule::a => "a predicate",
        Rule::object => "an object",
        Rule::path | Rule::path_sequence | Rule::path_step | Rule::inverse | Rule::negated_set | Rule::negated => "a property path",
        Rule::repeat => "`*`, `+` or `?` of a path",
        Rule::group | Rule::union | Rule::template | Rule::quads => "`{`",
        Rule::star => "`*`",
        Rule::select_item => "a variable or (expression AS ?name)",
        Rule::expression | Rule::unary | Rule::bracketed | Rule::condition | Rule::constraint | Rule::additive | Rule::prefix => {
            "an expression"
        }
        Rule::call | Rule::function_name => "a function",
        Rule::arguments | Rule::data_row | Rule::var_list => "`(`",
        Rule::operator | Rule::loose_operator | Rule::arithmetic => "an operator",
        Rule::in_list => "IN",
        Rule::group_key => "a key to group by",
        Rule::order_key => "a key to sort by",
        Rule::incidence | Rule::incidences => "a role with its player",
        Rule::regime => "RHODF, RDFS, OWL2RL or RULES",
        Rule::prologue | Rule::modifiers | Rule::boundary | Rule::skip => return None,
        _ => return Some(name.replace('_', " ")),
    };
    Some(words.into())
}
