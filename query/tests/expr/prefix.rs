//! Expressions from text in which everything is a call: `+(1, STRLEN("abc"))`.

use hypergraphql_query::algebra::{Arithmetic, Comparison, Expression, Function, Variable};
use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, Term};

/// The expression of a text; panics on malformed ones.
pub(crate) fn parse(text: &str) -> Expression {
    let mut rest = text.trim();
    let expression = expression(&mut rest);
    assert!(rest.is_empty(), "{text}: {rest:?} is left");
    expression
}

/// The term of a text in the syntax of N-Triples, a number, `true` or `false`; `xsd:` is known.
pub(crate) fn term(text: &str) -> Term {
    let text = text.replace("^^xsd:", "^^<http://www.w3.org/2001/XMLSchema#");
    let text = if text.contains("^^<http://www.w3.org/2001/XMLSchema#") && !text.ends_with('>') { text + ">" } else { text };
    let number = |datatype: oxrdf::NamedNodeRef<'_>| Literal::new_typed_literal(text.as_str(), datatype).into();
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'-' | b'+' | b'.' if text.contains(['e', 'E']) => number(xsd::DOUBLE),
        b'0'..=b'9' | b'-' | b'+' | b'.' if text.contains('.') => number(xsd::DECIMAL),
        b'0'..=b'9' | b'-' | b'+' => number(xsd::INTEGER),
        b't' | b'f' => number(xsd::BOOLEAN),
        _ => text.parse().unwrap_or_else(|error| panic!("{text}: {error}")),
    }
}

fn expression(rest: &mut &str) -> Expression {
    *rest = rest.trim_start();
    let end = term_end(rest);
    let token = rest[..end].trim();
    *rest = &rest[end..];
    if rest.starts_with('(') {
        *rest = &rest[1..];
        let mut arguments = Vec::new();
        while !skip(rest, ')') {
            arguments.push(expression(rest));
            skip(rest, ',');
        }
        return call(token, arguments);
    }
    match token.strip_prefix('?') {
        Some(name) => Expression::Variable(Variable::new(name)),
        None => Expression::Term(term(token)),
    }
}

/// Where a term or name ends: at a comma or parenthesis outside of quotes and angle brackets.
fn term_end(text: &str) -> usize {
    let (mut quoted, mut escaped, mut bracket) =
        (false, false, text.starts_with('<') && !text.starts_with("<(") && !text.starts_with("<="));
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '<' if place > 0 => bracket = true,
            '>' => bracket = false,
            '(' | ')' | ',' if !bracket => return place,
            _ => {}
        }
    }
    text.len()
}

fn skip(rest: &mut &str, character: char) -> bool {
    *rest = rest.trim_start();
    match rest.strip_prefix(character) {
        Some(left) => {
            *rest = left;
            true
        }
        None => false,
    }
}

/// The expression of a call.
pub(crate) fn call(name: &str, arguments: Vec<Expression>) -> Expression {
    let comparison = |comparison| {
        let [a, b] = <[_; 2]>::try_from(arguments.clone()).unwrap();
        Expression::Compare(comparison, Box::new(a), Box::new(b))
    };
    let arithmetic = |operator| {
        let [a, b] = <[_; 2]>::try_from(arguments.clone()).unwrap();
        Expression::Arithmetic(operator, Box::new(a), Box::new(b))
    };
    let first = || Box::new(arguments[0].clone());
    match name {
        "=" => comparison(Comparison::Equal),
        "!=" => comparison(Comparison::NotEqual),
        "<" => comparison(Comparison::Less),
        "<=" => comparison(Comparison::LessOrEqual),
        ">" => comparison(Comparison::Greater),
        ">=" => comparison(Comparison::GreaterOrEqual),
        "+" if arguments.len() == 1 => Expression::Plus(first()),
        "-" if arguments.len() == 1 => Expression::Negate(first()),
        "+" => arithmetic(Arithmetic::Add),
        "-" => arithmetic(Arithmetic::Subtract),
        "*" => arithmetic(Arithmetic::Multiply),
        "/" => arithmetic(Arithmetic::Divide),
        "!" => Expression::Not(first()),
        "||" => Expression::Or(arguments),
        "&&" => Expression::And(arguments),
        "IN" => Expression::In(first(), arguments[1..].to_vec()),
        "COALESCE" => Expression::Coalesce(arguments),
        "IF" => {
            let [a, b, c] = <[_; 3]>::try_from(arguments).unwrap();
            Expression::If(Box::new(a), Box::new(b), Box::new(c))
        }
        "BOUND" => match &arguments[0] {
            Expression::Variable(variable) => Expression::Bound(variable.clone()),
            other => panic!("BOUND of {other:?}"),
        },
        // A literal that the query wrote: relaxation 3.
        "LOOSE" => match &arguments[0] {
            Expression::Term(term) => Expression::Loose(term.clone()),
            other => panic!("LOOSE of {other:?}"),
        },
        _ => Expression::Call(function(name), arguments),
    }
}

fn function(name: &str) -> Function {
    if let Some(local) = name.strip_prefix("xsd:") {
        return Function::Named(NamedNode::new_unchecked(format!("http://www.w3.org/2001/XMLSchema#{local}")));
    }
    if let Some(iri) = name.strip_prefix('<') {
        return Function::Named(NamedNode::new_unchecked(iri.trim_end_matches('>')));
    }
    match name {
        "STR" => Function::Str,
        "LANG" => Function::Lang,
        "LANGDIR" => Function::LangDir,
        "LANGMATCHES" => Function::LangMatches,
        "DATATYPE" => Function::Datatype,
        "IRI" => Function::Iri,
        "BNODE" => Function::BNode,
        "RAND" => Function::Rand,
        "ABS" => Function::Abs,
        "CEIL" => Function::Ceil,
        "FLOOR" => Function::Floor,
        "ROUND" => Function::Round,
        "CONCAT" => Function::Concat,
        "SUBSTR" => Function::SubStr,
        "STRLEN" => Function::StrLen,
        "REPLACE" => Function::Replace,
        "UCASE" => Function::UCase,
        "LCASE" => Function::LCase,
        "ENCODE_FOR_URI" => Function::EncodeForUri,
        "CONTAINS" => Function::Contains,
        "STRSTARTS" => Function::StrStarts,
        "STRENDS" => Function::StrEnds,
        "STRBEFORE" => Function::StrBefore,
        "STRAFTER" => Function::StrAfter,
        "YEAR" => Function::Year,
        "MONTH" => Function::Month,
        "DAY" => Function::Day,
        "HOURS" => Function::Hours,
        "MINUTES" => Function::Minutes,
        "SECONDS" => Function::Seconds,
        "TIMEZONE" => Function::Timezone,
        "TZ" => Function::Tz,
        "NOW" => Function::Now,
        "UUID" => Function::Uuid,
        "STRUUID" => Function::StrUuid,
        "MD5" => Function::Md5,
        "SHA1" => Function::Sha1,
        "SHA256" => Function::Sha256,
        "SHA384" => Function::Sha384,
        "SHA512" => Function::Sha512,
        "STRLANG" => Function::StrLang,
        "STRLANGDIR" => Function::StrLangDir,
        "STRDT" => Function::StrDt,
        "sameTerm" => Function::SameTerm,
        "isIRI" => Function::IsIri,
        "isBLANK" => Function::IsBlank,
        "isLITERAL" => Function::IsLiteral,
        "isNUMERIC" => Function::IsNumeric,
        "hasLANG" => Function::HasLang,
        "hasLANGDIR" => Function::HasLangDir,
        "REGEX" => Function::Regex,
        "TRIPLE" => Function::Triple,
        "SUBJECT" => Function::Subject,
        "PREDICATE" => Function::Predicate,
        "OBJECT" => Function::Object,
        "isTRIPLE" => Function::IsTriple,
        other => panic!("no function {other}"),
    }
}
