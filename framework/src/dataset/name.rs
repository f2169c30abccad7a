//! Names of nodes and hyperedges as their file had them: integers or strings.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{Error, Result};

/// A name: the integer 7 and the string "7" are two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// An integer.
    Number(i64),
    /// A string.
    Text(String),
}

impl Name {
    /// Reads the plain form: digits are a number, a JSON string is that string, anything else is a string as it stands.
    pub fn from_plain(text: &str) -> Self {
        if let Some(number) = plain_number(text) {
            return Self::Number(number);
        }
        match text.starts_with('"').then(|| serde_json::from_str(text)) {
            Some(Ok(string)) => Self::Text(string),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// The plain form, one line; a string that would be read as something else is quoted as in JSON.
    pub fn to_plain(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(t) if is_plain(t) => t.clone(),
            Self::Text(t) => serde_json::Value::from(t.as_str()).to_string(),
        }
    }
}

/// An integer in its shortest form, so that `007` stays a string.
fn plain_number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['"', '\u{feff}'])
        && !text.contains(char::is_control)
        && plain_number(text).is_none()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(t) => write!(f, "{t:?}"),
        }
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(n) => s.serialize_i64(*n),
            Self::Text(t) => s.serialize_str(t),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }
            fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<Name, E> {
                Ok(Name::Number(v))
            }
            fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Name, E> {
                i64::try_from(v).map(Name::Number).map_err(|_| E::custom(format!("integer {v} passes {}", i64::MAX)))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Name, E> {
                Ok(Name::Text(v.to_owned()))
            }
        }
        d.deserialize_any(NameVisitor).map_err(D::Error::custom)
    }
}

/// None when the names are 0, 1, 2, ..., which say no more than the ids.
pub(crate) fn unless_ids(names: Vec<Name>) -> Option<Vec<Name>> {
    let ids = names.iter().enumerate().all(|(i, n)| *n == Name::Number(i as i64));
    (!ids).then_some(names)
}

/// The name of `id`, which is the number itself where there are no names.
pub(crate) fn of(names: Option<&[Name]>, id: u32) -> Name {
    names.map_or(Name::Number(id.into()), |n| n[id as usize].clone())
}

pub(super) fn check(what: &str, names: Option<&[Name]>, count: usize) -> Result<()> {
    let Some(names) = names else { return Ok(()) };
    if names.len() != count {
        let each = what.trim_end_matches(" names");
        return Err(super::length(what, count, each, names.len()));
    }
    let mut seen = HashSet::with_capacity(names.len());
    match names.iter().find(|n| !seen.insert(*n)) {
        None => Ok(()),
        Some(n) => Err(Error::invalid(what, "distinct names", format!("{n} twice"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_form_keeps_numbers_and_strings_apart() {
        let texts = ["a b", "7", "007", "\"q\"", "", " x", "-3", "line\nbreak", "é", "1.5", "\"open"];
        for name in texts.map(|t| Name::Text(t.into())).into_iter().chain([Name::Number(-3), Name::Number(12)]) {
            let plain = name.to_plain();
            assert!(!plain.contains('\n') && !plain.is_empty(), "{plain}");
            assert_eq!(Name::from_plain(&plain), name, "{plain}");
        }
    }

    #[test]
    fn json_names_are_strings_or_integers() {
        assert_eq!(serde_json::from_str::<Name>("\"7\"").unwrap(), Name::Text("7".into()));
        assert_eq!(serde_json::from_str::<Name>("7").unwrap(), Name::Number(7));
        for bad in ["1.5", "true", "null", "[1]", "18446744073709551615"] {
            assert!(serde_json::from_str::<Name>(bad).is_err(), "{bad}");
        }
    }
}
