//! Calls: functions by name with how many arguments they take, aggregates, and functions that are IRIs.

use super::expression::node;
use super::terms::string;
use super::{Builder, Fault, Pair, Result, Rule, last, next, span};
use crate::algebra::{AggregateFunction, Function};
use crate::syntax::ast::{Aggregate, Expression, ExpressionKind, Span};

/// Name, function, fewest and most arguments.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("STR", Function::Str, 1, 1),
    ("LANG", Function::Lang, 1, 1),
    ("LANGDIR", Function::LangDir, 1, 1),
    ("LANGMATCHES", Function::LangMatches, 2, 2),
    ("DATATYPE", Function::Datatype, 1, 1),
    ("IRI", Function::Iri, 1, 1),
    ("URI", Function::Iri, 1, 1),
    ("BNODE", Function::BNode, 0, 1),
    ("RAND", Function::Rand, 0, 0),
    ("ABS", Function::Abs, 1, 1),
    ("CEIL", Function::Ceil, 1, 1),
    ("FLOOR", Function::Floor, 1, 1),
    ("ROUND", Function::Round, 1, 1),
    ("CONCAT", Function::Concat, 0, usize::MAX),
    ("SUBSTR", Function::SubStr, 2, 3),
    ("STRLEN", Function::StrLen, 1, 1),
    ("REPLACE", Function::Replace, 3, 4),
    ("UCASE", Function::UCase, 1, 1),
    ("LCASE", Function::LCase, 1, 1),
    ("ENCODE_FOR_URI", Function::EncodeForUri, 1, 1),
    ("CONTAINS", Function::Contains, 2, 2),
    ("STRSTARTS", Function::StrStarts, 2, 2),
    ("STRENDS", Function::StrEnds, 2, 2),
    ("STRBEFORE", Function::StrBefore, 2, 2),
    ("STRAFTER", Function::StrAfter, 2, 2),
    ("YEAR", Function::Year, 1, 1),
    ("MONTH", Function::Month, 1, 1),
    ("DAY", Function::Day, 1, 1),
    ("HOURS", Function::Hours, 1, 1),
    ("MINUTES", Function::Minutes, 1, 1),
    ("SECONDS", Function::Seconds, 1, 1),
    ("TIMEZONE", Function::Timezone, 1, 1),
    ("TZ", Function::Tz, 1, 1),
    ("NOW", Function::Now, 0, 0),
    ("UUID", Function::Uuid, 0, 0),
    ("STRUUID", Function::StrUuid, 0, 0),
    ("MD5", Function::Md5, 1, 1),
    ("SHA1", Function::Sha1, 1, 1),
    ("SHA256", Function::Sha256, 1, 1),
    ("SHA384", Function::Sha384, 1, 1),
    ("SHA512", Function::Sha512, 1, 1),
    ("STRLANG", Function::StrLang, 2, 2),
    ("STRLANGDIR", Function::StrLangDir, 3, 3),
    ("STRDT", Function::StrDt, 2, 2),
    ("SAMETERM", Function::SameTerm, 2, 2),
    ("ISIRI", Function::IsIri, 1, 1),
    ("ISURI", Function::IsIri, 1, 1),
    ("ISBLANK", Function::IsBlank, 1, 1),
    ("ISLITERAL", Function::IsLiteral, 1, 1),
    ("ISNUMERIC", Function::IsNumeric, 1, 1),
    ("HASLANG", Function::HasLang, 1, 1),
    ("HASLANGDIR", Function::HasLangDir, 1, 1),
    ("REGEX", Function::Regex, 2, 3),
    ("TRIPLE", Function::Triple, 3, 3),
    ("SUBJECT", Function::Subject, 1, 1),
    ("PREDICATE", Function::Predicate, 1, 1),
    ("OBJECT", Function::Object, 1, 1),
    ("ISTRIPLE", Function::IsTriple, 1, 1),
];

/// The keyword of a function; of one that is named by an IRI there is none.
pub(crate) fn keyword(function: &Function) -> &'static str {
    FUNCTIONS.iter().find(|(_, known, ..)| known == function).map_or("", |&(name, ..)| name)
}

impl Builder<'_> {
    /// A `call`: of a function or an aggregate that has a name.
    pub(super) fn call(&mut self, pair: Pair<'_>) -> Result<Expression> {
        let whole = span(&pair);
        let mut parts = pair.into_inner();
        let name_pair = next(&mut parts);
        let (written, place) = (name_pair.as_str(), span(&name_pair));
        let name = written.to_ascii_uppercase();
        let arguments = self.arguments(next(&mut parts))?;
        if let Some(function) = aggregate_function(&name, &arguments) {
            return aggregate(function, &name, arguments, whole);
        }
        let list = arguments.plain(&name)?;
        let kind = match name.as_str() {
            "BOUND" => match <[Expression; 1]>::try_from(list) {
                Ok([Expression { kind: ExpressionKind::Variable(variable), .. }]) => ExpressionKind::Bound(variable),
                _ => return Err(Fault::new(whole, "BOUND takes one variable")),
            },
            "COALESCE" => ExpressionKind::Coalesce(list),
            "IF" => {
                let found = list.len();
                let parts = <[Expression; 3]>::try_from(list);
                ExpressionKind::If(Box::new(parts.map_err(|_| wrong_count("IF", 3, 3, found, whole))?))
            }
            _ => {
                let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
                let &(_, ref function, min, max) = known.ok_or_else(|| {
                    Fault::new(place, format!("there is no function `{written}`")).hint("other functions are called by IRI")
                })?;
                if list.len() < min || list.len() > max {
                    return Err(wrong_count(&name, min, max, list.len(), whole));
                }
                ExpressionKind::Call(function.clone(), list)
            }
        };
        node(kind, whole)
    }

    /// An `iri_call`.
    pub(super) fn iri_call(&mut self, pair: Pair<'_>) -> Result<Expression> {
        let whole = span(&pair);
        let mut parts = pair.into_inner();
        let name = next(&mut parts);
        let written = name.as_str();
        let function = Function::Named(self.iri(name)?);
        let list = self.arguments(next(&mut parts))?.plain(written)?;
        node(ExpressionKind::Call(function, list), whole)
    }

    fn arguments(&mut self, pair: Pair<'_>) -> Result<Arguments> {
        let mut arguments = Arguments { distinct: None, star: None, list: Vec::new(), separator: None };
        for part in pair.into_inner() {
            let place = span(&part);
            match part.as_rule() {
                Rule::k_distinct => arguments.distinct = Some(place),
                Rule::star => arguments.star = Some(place),
                Rule::separator => arguments.separator = Some((string(&last(part))?, place)),
                Rule::expression => arguments.list.push(self.expression(part)?),
                _ => {}
            }
        }
        Ok(arguments)
    }
}

struct Arguments {
    distinct: Option<Span>,
    star: Option<Span>,
    list: Vec<Expression>,
    separator: Option<(String, Span)>,
}

impl Arguments {
    fn plain(self, name: &str) -> Result<Vec<Expression>> {
        let separator = self.separator.map(|(_, place)| place);
        match self.distinct.or(self.star).or(separator) {
            Some(place) => Err(Fault::new(place, format!("`{name}` is no aggregate: it takes no DISTINCT, `*` or SEPARATOR"))),
            None => Ok(self.list),
        }
    }
}

fn aggregate_function(name: &str, arguments: &Arguments) -> Option<AggregateFunction> {
    Some(match name {
        "COUNT" => AggregateFunction::Count,
        "SUM" => AggregateFunction::Sum,
        "MIN" => AggregateFunction::Min,
        "MAX" => AggregateFunction::Max,
        "AVG" => AggregateFunction::Avg,
        "SAMPLE" => AggregateFunction::Sample,
        "GROUP_CONCAT" => {
            let separator = arguments.separator.as_ref().map_or(" ", |(text, _)| text);
            AggregateFunction::GroupConcat(separator.to_owned())
        }
        _ => return None,
    })
}

fn aggregate(function: AggregateFunction, name: &str, mut arguments: Arguments, whole: Span) -> Result<Expression> {
    if let (false, Some((_, place))) = (matches!(function, AggregateFunction::GroupConcat(_)), &arguments.separator) {
        return Err(Fault::new(*place, format!("only GROUP_CONCAT takes a SEPARATOR, not {name}")));
    }
    if let (false, Some(place)) = (function == AggregateFunction::Count, arguments.star) {
        return Err(Fault::new(place, format!("only COUNT takes `*`, not {name}")));
    }
    let expected = usize::from(arguments.star.is_none());
    if arguments.list.len() != expected {
        return Err(wrong_count(name, 1, 1, arguments.list.len(), whole));
    }
    let aggregate = Aggregate { function, expression: arguments.list.pop(), distinct: arguments.distinct.is_some() };
    node(ExpressionKind::Aggregate(Box::new(aggregate)), whole)
}

fn wrong_count(name: &str, min: usize, max: usize, found: usize, place: Span) -> Fault {
    let expected = if min == max { min.to_string() } else { format!("{min} to {max}") };
    Fault::new(place, format!("{name} takes {expected} argument{}, not {found}", if expected == "1" { "" } else { "s" }))
}
