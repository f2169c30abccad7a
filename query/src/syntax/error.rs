//! What is wrong with a text, where, and how to mend it.

use std::fmt::Write as _;

use super::ast::Span;

/// Characters of the line that an error prints at most.
const SHOWN: usize = 120;

/// A text that is not HyperQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.render())]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Bytes of the text that are meant.
    pub span: Span,
    /// The line, or what is near the column of a long one.
    pub source_line: String,
    /// Characters of `source_line` before the place.
    pub caret: u32,
    /// What could stand there, in words; empty if the place is not the point.
    pub expected: Box<[String]>,
    /// How to mend it, where that is known.
    pub hint: Option<String>,
}

impl SyntaxError {
    /// An error at a byte of a text, with a hint: for what is read well but cannot be done.
    pub fn at(text: &str, byte: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault::new(Span { start: byte, end: byte }, message).hint(hint).locate(text)
    }

    fn render(&self) -> String {
        let mut text = format!("error at line {}, column {}: {}", self.line, self.column, self.message);
        let padding = " ".repeat(self.caret as usize);
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {}\n  {padding}^", self.source_line);
        if !self.expected.is_empty() {
            let _ = write!(text, "\nexpected: {}", self.expected.join(", "));
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }
}

/// An error that does not know its text yet.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    message: String,
    span: Span,
    expected: Vec<String>,
    hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, expected: Vec::new(), hint: None }
    }

    pub(crate) fn expected(mut self, expected: Vec<String>) -> Self {
        self.expected = expected;
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error of this text.
    pub(crate) fn locate(self, text: &str) -> SyntaxError {
        let mut start = self.span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count();
        let line = &text[line_start..];
        let line = line[..line.find('\n').unwrap_or(line.len())].trim_end_matches('\r');
        let from = column.saturating_sub(SHOWN * 2 / 3);
        // Tabs and control characters would shift the caret or hide in a terminal.
        let source_line = line.chars().skip(from).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        SyntaxError {
            message: self.message,
            line: count(before.matches('\n').count() + 1),
            column: count(column + 1),
            span: self.span,
            source_line,
            caret: count(column - from),
            expected: self.expected.into(),
            hint: self.hint,
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
