//! Searches for texts: a variable that conditions require to contain some text, or to begin with it, can be found by its text first. The conditions stay: the
//! search gives candidates.

use std::collections::BTreeMap;

use oxrdf::Term;

use crate::algebra::{Expression, Function, TermPattern, Variable};
use crate::graph::{Atom, Source, TextPattern};
use crate::lower::Context;
use crate::lower::flatten::Element;
use crate::statistics::{Statistics, constant};

/// Parts of one search, at most; they only narrow it.
const MOST_PARTS: usize = 16;

/// The searches that conditions allow, of variables that are objects of statements of the store, and whose number of candidates the store can tell.
pub(super) fn searches(elements: &[Element], conditions: &[(Expression, Context)], statistics: &dyn Statistics) -> Vec<Element> {
    let mut patterns: BTreeMap<&Variable, TextPattern> = BTreeMap::new();
    for (condition, _) in conditions {
        let Some((variable, found)) = required(condition) else { continue };
        let all = patterns.entry(variable).or_default();
        // Of two beginnings the longer one is the narrower.
        if found.prefix.len() > all.prefix.len() {
            all.prefix = found.prefix;
        }
        let new: Vec<String> = found.parts.into_iter().filter(|part| !all.parts.contains(part)).collect();
        all.parts.extend(new);
        all.parts.truncate(MOST_PARTS);
    }
    let asked = patterns.into_iter().filter(|(variable, _)| elements.iter().any(|element| is_object(element, variable)));
    asked
        .filter_map(|(variable, pattern)| {
            Some(Element::Text { expected: statistics.texts(&pattern)?, variable: variable.clone(), pattern })
        })
        .collect()
}

/// The element matches statements of the store whose object the variable is. A closure has texts that the store lacks.
fn is_object(element: &Element, variable: &Variable) -> bool {
    match element {
        Element::Atom(Atom { triple, source: Source::Asserted | Source::Incidences, .. }) => {
            matches!(&triple.object, TermPattern::Variable(object) if object == variable) && constant(&triple.object).is_none()
        }
        _ => false,
    }
}

/// What a condition requires of the text of a variable, which it requires to be a string.
pub(super) fn required(condition: &Expression) -> Option<(&Variable, TextPattern)> {
    let Expression::Call(function, arguments) = condition else { return None };
    let (of, what) = (arguments.first()?, text(arguments.get(1)?)?);
    let (variable, is_plain) = match of {
        Expression::Variable(variable) => (variable, true),
        Expression::Call(Function::LCase | Function::UCase, inner) => match &inner[..] {
            [Expression::Variable(variable)] => (variable, false),
            _ => return None,
        },
        _ => return None,
    };
    let prefix = if *function == Function::StrStarts && is_plain { what.to_owned() } else { String::new() };
    let parts = match function {
        Function::Contains | Function::StrStarts | Function::StrEnds => vec![what.to_owned()],
        Function::Regex => factors(what, arguments.get(2).map_or(Some(""), text)?)?,
        _ => return None,
    };
    Some((variable, TextPattern { prefix, parts }))
}

/// The text of a string that stands in the query.
fn text(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Term(Term::Literal(literal)) | Expression::Loose(Term::Literal(literal)) => {
            let is_string = literal.language().is_some() || literal.datatype() == oxrdf::vocab::xsd::STRING;
            is_string.then(|| literal.value())
        }
        _ => None,
    }
}

/// Texts that everything contains that a regular expression matches, whatever the case; none if that is not plain to see.
fn factors(pattern: &str, flags: &str) -> Option<Vec<String>> {
    if flags.contains('q') {
        return Some(vec![pattern.to_owned()]);
    }
    // Flags inside of a pattern change what follows.
    if flags.contains('x') || pattern.contains("(?") {
        return None;
    }
    let (mut found, mut run) = (vec![], String::new());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '\\' => characters.next().filter(char::is_ascii_punctuation),
            '|' => return None,
            '[' => class(&mut characters).map(|()| None)?,
            '(' => group(&mut characters).map(|()| None)?,
            '.' | '^' | '$' | ')' | ']' | '}' | '*' | '+' | '?' | '{' => None,
            other => Some(other),
        };
        match (literal, characters.peek()) {
            // It may be missing.
            (_, Some('*' | '?' | '{')) => found.push(std::mem::take(&mut run)),
            (Some(literal), next) => {
                run.push(literal);
                if next == Some(&'+') {
                    found.push(std::mem::take(&mut run));
                }
            }
            (None, _) => found.push(std::mem::take(&mut run)),
        }
        if characters.next_if_eq(&'{').is_some() {
            characters.by_ref().find(|character| *character == '}')?;
        }
    }
    found.push(run);
    found.retain(|part| !part.is_empty());
    Some(found)
}

/// Goes past the end of a class; none if there is none, or its first character could be its last.
fn class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
    characters.next_if_eq(&'^');
    let mut open = if characters.peek() == Some(&']') { return None } else { 1 };
    while open > 0 {
        match characters.next()? {
            '\\' => drop(characters.next()?),
            '[' if characters.peek() == Some(&']') => return None,
            '[' => open += 1,
            ']' => open -= 1,
            _ => {}
        }
    }
    Some(())
}

/// Goes past the end of a group.
fn group(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<()> {
    let mut open = 1;
    while open > 0 {
        match characters.next()? {
            '\\' => drop(characters.next()?),
            '[' => class(characters)?,
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_what_every_match_contains() {
        let cases: [(&str, &str, Option<&[&str]>); 22] = [
            ("abc", "", Some(&["abc"])),
            ("^abc$", "i", Some(&["abc"])),
            ("abcd?ef", "", Some(&["abc", "ef"])),
            ("abcd*", "", Some(&["abc"])),
            ("abc+def", "", Some(&["abc", "def"])),
            ("abc{0,2}def", "", Some(&["ab", "def"])),
            ("ab{2}c", "", Some(&["a", "c"])),
            ("abc|def", "", None),
            ("foo(bar|baz)qux", "", Some(&["foo", "qux"])),
            ("foo(ba(r)|[)])?qux", "", Some(&["foo", "qux"])),
            ("foo[abc-[b]]bar", "", Some(&["foo", "bar"])),
            ("foo[]bar]", "", None),
            ("foo[^]bar]", "", None),
            ("a\\.b\\*c", "", Some(&["a.b*c"])),
            ("\\d+abc\\n", "", Some(&["abc"])),
            ("a b c", "x", None),
            ("(?x) a b c", "", None),
            ("a.b|c*", "q", Some(&["a.b|c*"])),
            ("Über.*weg", "i", Some(&["Über", "weg"])),
            ("abc(", "", None),
            ("abc[", "", None),
            ("ab\\u+c*?x", "", Some(&["ab", "x"])),
        ];
        for (pattern, flags, expected) in cases {
            let expected = expected.map(|parts| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
            assert_eq!(factors(pattern, flags), expected, "{pattern:?} {flags:?}");
        }
    }
}
