//! Rows and fields, each field with its place.
//!
//! The csv crate forgets which fields were quoted and takes a quote that is never closed for the end of the file; both matter here.

use std::borrow::Cow;

use crate::io::source::{Source, show};
use crate::{Error, Result};

/// A field: its text without quotes and blanks around it, and the offset in the file where it begins.
pub(crate) struct Field<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) offset: usize,
}

/// The rows of a file.
pub(crate) struct Rows<'a> {
    source: &'a Source,
    text: &'a str,
    delimiter: u8,
    offset: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(source: &'a Source, delimiter: u8) -> Result<Self> {
        let text = source.text()?;
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        Ok(Self { source, text, delimiter, offset: mark })
    }

    /// Puts the fields of the next row into `row`, if there is one.
    pub(crate) fn next(&mut self, row: &mut Vec<Field<'a>>) -> Result<bool> {
        row.clear();
        if self.offset == self.text.len() {
            return Ok(false);
        }
        if self.line_end() > 0 {
            return Err(self.error(self.offset, "a row", "an empty line"));
        }
        loop {
            row.push(self.field()?);
            if self.peek() != Some(self.delimiter) {
                self.offset += self.line_end();
                return Ok(true);
            }
            self.offset += 1;
        }
    }

    /// The field here; leaves the offset at what ends it.
    fn field(&mut self) -> Result<Field<'a>> {
        self.skip_blanks();
        let offset = self.offset;
        let text = if self.peek() == Some(b'"') { self.quoted()? } else { self.unquoted()?.into() };
        Ok(Field { text, offset })
    }

    fn unquoted(&mut self) -> Result<&'a str> {
        let (begin, rest) = (self.offset, &self.text[self.offset..]);
        let mut end = rest.bytes().position(|b| b == self.delimiter || b == b'\n').unwrap_or(rest.len());
        if rest.as_bytes().get(end) != Some(&self.delimiter) && rest[..end].ends_with('\r') {
            end -= 1;
        }
        self.offset += end;
        if let Some(at) = rest[..end].bytes().position(|b| b == 0 || b == b'\r') {
            let found = if rest.as_bytes()[at] == 0 { "a NUL byte" } else { "a carriage return inside a line" };
            return Err(self.error(begin + at, "text", found));
        }
        Ok(rest[..end].trim_end_matches([' ', '\t']))
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>> {
        let open = self.offset;
        let mut text = Cow::Borrowed("");
        loop {
            // Behind the opening quote, or the second one of a pair.
            self.offset += 1;
            let rest = &self.text[self.offset..];
            let Some(length) = rest.find('"') else {
                return Err(self.error(open, "a field with a closing quote", "an opening quote alone"));
            };
            if let Some(at) = rest[..length].bytes().position(|b| b == 0) {
                return Err(self.error(self.offset + at, "text", "a NUL byte"));
            }
            text += &rest[..length];
            self.offset += length + 1;
            if self.peek() != Some(b'"') {
                break;
            }
            text += "\"";
        }
        self.skip_blanks();
        if self.offset < self.text.len() && self.peek() != Some(self.delimiter) && self.line_end() == 0 {
            let expected = format!("{:?} or the end of the line after a closing quote", char::from(self.delimiter));
            return Err(self.error(self.offset, expected, show(&self.text.as_bytes()[self.offset..])));
        }
        Ok(text)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|b| b != self.delimiter && matches!(b, b' ' | b'\t')) {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    /// The length of the line end here; 0 where there is none, also at the end of the file.
    fn line_end(&self) -> usize {
        let rest = &self.text[self.offset..];
        if rest.starts_with('\n') {
            1
        } else if rest.starts_with("\r\n") {
            2
        } else {
            usize::from(rest == "\r")
        }
    }

    fn error(&self, offset: usize, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::parse(self.source.place(offset), expected, found)
    }
}
