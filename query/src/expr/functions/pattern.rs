//! `REGEX` and `REPLACE`: the regular expressions of XPath on the `regex` crate, whose time is linear in the text.
//!
//! Back-references and the classes `\i` and `\c` are errors; `\w`, `\d` and `\s` are those of the crate.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::super::MAX_STRING;
use super::super::error::EvalError;
use super::super::value::Value;
use super::string::like;
use super::{simple, text};

/// Bytes that a compiled pattern may take.
const MAX_PROGRAM: usize = 2 << 20;
/// Levels of groups in a pattern.
const MAX_NESTING: u32 = 128;

/// A compiled pattern.
#[derive(Debug)]
pub(in super::super) struct Matcher {
    regex: Regex,
    /// With the flag `q` a replacement is text too.
    literal: bool,
}

impl Matcher {
    /// Compiles a pattern with flags of XPath: `s`, `m`, `i`, `x`, `q`.
    ///
    /// # Errors
    /// If the pattern or a flag is malformed, or the pattern is too large.
    pub(in super::super) fn new(pattern: &str, flags: &str) -> Result<Self, EvalError> {
        if let Some(flag) = flags.chars().find(|flag| !"smixq".contains(*flag)) {
            return Err(EvalError::Regex(format!("unknown flag {flag:?}, expected s, m, i, x or q").into()));
        }
        let literal = flags.contains('q');
        let pattern = if literal { Cow::Owned(regex::escape(pattern)) } else { translate(pattern, flags.contains('x')) };
        let regex = RegexBuilder::new(&pattern)
            .dot_matches_new_line(flags.contains('s'))
            .multi_line(flags.contains('m'))
            .case_insensitive(flags.contains('i'))
            .size_limit(MAX_PROGRAM)
            .nest_limit(MAX_NESTING)
            .build()
            .map_err(|error| EvalError::Regex(error.to_string().into()))?;
        Ok(Self { regex, literal })
    }

    pub(in super::super) fn is_match(&self, value: &Value) -> Result<bool, EvalError> {
        Ok(self.regex.is_match(text("REGEX", value)?))
    }

    /// The string with all matches replaced; `$1` is the first group, `\$` a dollar.
    ///
    /// # Errors
    /// If the pattern matches the empty string, the replacement is malformed, or the result is too long.
    pub(in super::super) fn replace(&self, value: &Value, replacement: &Value) -> Result<Value, EvalError> {
        const OPERATION: &str = "REPLACE";
        let (string, replacement) = (text(OPERATION, value)?, simple(OPERATION, replacement)?);
        if self.regex.is_match("") {
            return Err(EvalError::Argument { operation: OPERATION, expected: "a pattern that does not match the empty string" });
        }
        let parts = if self.literal { vec![Part::Text(replacement)] } else { self.parts(replacement)? };
        let mut result = String::with_capacity(string.len());
        let mut end = 0;
        for captures in self.regex.captures_iter(string) {
            let whole = captures.get_match();
            result.push_str(&string[end..whole.start()]);
            for part in &parts {
                result.push_str(part.of(&captures));
            }
            end = whole.end();
            if result.len() > MAX_STRING {
                return Err(EvalError::TooLong { operation: OPERATION });
            }
        }
        result.push_str(&string[end..]);
        Ok(like(value, result))
    }

    /// A replacement is text and groups. Of a number the digits count that make the number of a group.
    fn parts<'a>(&self, replacement: &'a str) -> Result<Vec<Part<'a>>, EvalError> {
        let malformed = || EvalError::Regex(format!("replacement {replacement:?}: expected $0 to $99, \\$ or \\\\").into());
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some(place) = rest.find(['$', '\\']) {
            parts.push(Part::Text(&rest[..place]));
            let escape = rest.as_bytes()[place] == b'\\';
            rest = &rest[place + 1..];
            if escape {
                let text = rest.get(..1).filter(|text| matches!(*text, "$" | "\\")).ok_or_else(malformed)?;
                parts.push(Part::Text(text));
                rest = &rest[1..];
                continue;
            }
            let digit = |rest: &str| rest.bytes().next().filter(u8::is_ascii_digit).map(|byte| usize::from(byte - b'0'));
            let mut group = digit(rest).ok_or_else(malformed)?;
            rest = &rest[1..];
            while let Some(next) = digit(rest).map(|next| group * 10 + next).filter(|next| *next < self.regex.captures_len()) {
                group = next;
                rest = &rest[1..];
            }
            parts.push(Part::Group(group));
        }
        parts.push(Part::Text(rest));
        Ok(parts)
    }
}

/// `REGEX` with a pattern that is not constant.
pub(super) fn regex(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    let [value, pattern, flags @ ..] = arguments else {
        return Err(EvalError::Arity { operation: "REGEX", expected: "2 or 3", found: arguments.len() });
    };
    let flags = flags.first().map_or(Ok(""), |flags| simple("REGEX", flags))?;
    recent(simple("REGEX", pattern)?, flags)?.is_match(value).map(Value::Boolean)
}

/// `REPLACE` with a pattern that is not constant.
pub(super) fn replace(arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError> {
    let [value, pattern, replacement, flags @ ..] = arguments else {
        return Err(EvalError::Arity { operation: "REPLACE", expected: "3 or 4", found: arguments.len() });
    };
    let flags = flags.first().map_or(Ok(""), |flags| simple("REPLACE", flags))?;
    recent(simple("REPLACE", pattern)?, flags)?.replace(value, replacement)
}

enum Part<'a> {
    Text(&'a str),
    Group(usize),
}

impl<'a> Part<'a> {
    fn of(&self, captures: &Captures<'a>) -> &'a str {
        match self {
            Part::Text(text) => text,
            Part::Group(group) => captures.get(*group).map_or("", |group| group.as_str()),
        }
    }
}

/// The matcher of a pattern; each thread keeps its last one, because rows that follow each other often have the same pattern.
fn recent(pattern: &str, flags: &str) -> Result<Arc<Matcher>, EvalError> {
    type Entry = (String, String, Result<Arc<Matcher>, EvalError>);
    thread_local! {
        static LAST: RefCell<Option<Entry>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((known, known_flags, matcher)) if known == pattern && known_flags == flags => matcher.clone(),
        _ => {
            let matcher = Matcher::new(pattern, flags).map(Arc::new);
            *last = Some((pattern.to_owned(), flags.to_owned(), matcher.clone()));
            matcher
        }
    })
}

/// What XPath writes differently: white space that `x` removes stays in classes, `-[` subtracts a class, `&` and `~` in a class are characters.
fn translate(pattern: &str, ignore_white_space: bool) -> Cow<'_, str> {
    if !ignore_white_space && !pattern.contains('[') {
        return Cow::Borrowed(pattern);
    }
    let mut translated = String::with_capacity(pattern.len() + 8);
    let mut classes = 0_usize;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                translated.push(character);
                translated.extend(characters.next());
                continue;
            }
            '[' => classes += 1,
            ']' => classes = classes.saturating_sub(1),
            '-' if classes > 0 && characters.peek() == Some(&'[') => translated.push('-'),
            '&' | '~' if classes > 0 => translated.push('\\'),
            ' ' | '\t' | '\n' | '\r' if classes == 0 && ignore_white_space => continue,
            _ => {}
        }
        translated.push(character);
    }
    Cow::Owned(translated)
}
