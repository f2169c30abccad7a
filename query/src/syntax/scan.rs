//! A linear look at brackets, strings and comments before the grammar runs: the grammar recurses, so nesting has to be bounded first, and a bracket
//! that is not closed is best told where it was opened.

use super::ast::Span;
use super::{Fault, MAX_NESTING};

/// Checks that every bracket is closed, every string ends, nothing nests too deep and no byte is NUL.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, open: Vec::new() };
    while scan.at < scan.bytes.len() {
        scan.step()?;
    }
    match scan.open.pop() {
        Some((start, bracket)) => Err(scan.unclosed(start, bracket)),
        None => Ok(()),
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<(usize, &'static str)>,
}

impl Scan<'_> {
    fn step(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            0 => return Err(nul(self.at)),
            b'#' => self.at += rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len()),
            b'"' | b'\'' => self.string()?,
            // An escaped character of a prefixed name.
            b'\\' => self.at += 2,
            b'<' => self.less_than()?,
            b'>' if rest.starts_with(b">>") && self.open.last().is_some_and(|&(_, b)| b == "<<") => {
                self.open.pop();
                self.at += 2;
            }
            b'{' => self.push("{")?,
            b'(' => self.push("(")?,
            b'[' => self.push("[")?,
            b'}' => self.pop("{", 1)?,
            b']' => self.pop("[", 1)?,
            b')' if rest.starts_with(b")>>") && self.open.last().is_some_and(|&(_, b)| b == "<<(") => self.pop("<<(", 3)?,
            b')' => self.pop("(", 1)?,
            _ => self.at += 1,
        }
        Ok(())
    }

    fn push(&mut self, bracket: &'static str) -> Result<(), Fault> {
        if self.open.len() == MAX_NESTING {
            let fault = Fault::new(span(self.at, bracket.len()), format!("brackets nest deeper than {MAX_NESTING}"));
            return Err(fault.hint("take out brackets that are not needed; bind inner parts with BIND, or put lists into VALUES"));
        }
        self.open.push((self.at, bracket));
        self.at += bracket.len();
        Ok(())
    }

    fn pop(&mut self, bracket: &'static str, length: usize) -> Result<(), Fault> {
        let found = String::from_utf8_lossy(&self.bytes[self.at..self.at + length]).into_owned();
        match self.open.pop() {
            Some((_, open)) if open == bracket => self.at += length,
            Some((start, open)) => {
                let line = self.line(start);
                return Err(Fault::new(span(self.at, length), format!("`{found}` does not close `{open}`"))
                    .hint(format!("the `{open}` of line {line} is still open")));
            }
            None => {
                let fault = Fault::new(span(self.at, length), format!("`{found}` closes nothing"));
                return Err(fault.hint("take it out, or open it before"));
            }
        }
        Ok(())
    }

    fn unclosed(&self, start: usize, bracket: &str) -> Fault {
        let close = match bracket {
            "{" => "}",
            "(" => ")",
            "[" => "]",
            "<<(" => ")>>",
            _ => ">>",
        };
        let fault = Fault::new(span(start, bracket.len()), format!("`{bracket}` is never closed"));
        fault.hint(format!("close it with `{close}`"))
    }

    fn line(&self, at: usize) -> usize {
        self.bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1
    }

    fn less_than(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        if let Some(length) = iri_length(rest) {
            self.at += length;
        } else if rest.starts_with(b"<<(") {
            self.push("<<(")?;
        } else if rest.starts_with(b"<<") && iri_length(&rest[1..]).is_none() {
            self.push("<<")?;
        } else {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.at..];
        let quote = rest[0];
        let long = rest.starts_with(&[quote; 3]);
        let width = if long { 3 } else { 1 };
        let mut at = width;
        while at < rest.len() {
            match rest[at] {
                0 => return Err(nul(self.at + at)),
                b'\\' => at += 1,
                b'\n' | b'\r' if !long => break,
                b if b == quote && (!long || rest[at..].starts_with(&[quote; 3])) => {
                    self.at += at + width;
                    return Ok(());
                }
                _ => {}
            }
            at += 1;
        }
        let fault = Fault::new(span(self.at, width), "the string that begins here does not end");
        Err(if long { fault } else { fault.hint("a string with line breaks stands between three quotes") })
    }
}

fn nul(at: usize) -> Fault {
    let fault = Fault::new(span(at, 1), "the text holds a NUL byte");
    fault.hint("remove it; a file with a NUL beside every letter was saved as UTF-16, and UTF-8 is wanted")
}

/// Length of the IRI in angle brackets that the bytes begin with.
pub(super) fn iri_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'>' => return Some(at + 1),
            b'<' | b'"' | b'{' | b'}' | b'|' | b'^' | b'`' | 0..=0x20 => return None,
            b'\\' => {
                let digits = match bytes.get(at + 1)? {
                    b'u' => 4,
                    b'U' => 8,
                    _ => return None,
                };
                if !bytes.get(at + 2..at + 2 + digits)?.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                at += 2 + digits;
            }
            _ => at += 1,
        }
    }
}

fn span(start: usize, length: usize) -> Span {
    Span { start, end: start + length }
}
