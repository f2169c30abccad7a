//! Fields of a `config.json`.

use std::path::Path;

use serde_json::Value;

use crate::error::{ModelError, Result};

/// Largest size that is believed: a larger one is damage.
const SIZE_LIMIT: usize = 1 << 24;

/// The fields of a `config.json`, read with errors that name file and field.
pub(crate) struct Fields<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: &'a Path,
}

impl Fields<'_> {
    /// The error for a field of another value than expected.
    pub(crate) fn refuse(&self, field: &str, found: impl ToString, expected: &str) -> ModelError {
        ModelError::checkpoint(self.path, format!("{field} to be {expected}"), found.to_string())
    }

    /// A field that is there and not null.
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    /// A size that may be absent.
    pub(crate) fn optional_size(&self, field: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let size = value.as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| (1..=SIZE_LIMIT).contains(size));
        size.map(Some).ok_or_else(|| self.refuse(field, value, &format!("a whole number from 1 to {SIZE_LIMIT}")))
    }

    /// A size.
    pub(crate) fn size(&self, field: &str) -> Result<usize> {
        self.optional_size(field)?.ok_or_else(|| self.refuse(field, "no such field", "there"))
    }

    /// A number that may be absent.
    pub(crate) fn number(&self, field: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(field) else { return Ok(None) };
        value.as_f64().map(Some).ok_or_else(|| self.refuse(field, value, "a number"))
    }

    /// A flag, false where it is absent.
    pub(crate) fn flag(&self, field: &str) -> Result<bool> {
        let Some(value) = self.get(field) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.refuse(field, value, "true or false"))
    }

    /// Checks a field that may be absent.
    pub(crate) fn one_of(&self, field: &str, allowed: &[&str]) -> Result<()> {
        match self.get(field) {
            Some(value) if !value.as_str().is_some_and(|text| allowed.contains(&text)) => {
                Err(self.refuse(field, value, &allowed.join(" or ")))
            }
            _ => Ok(()),
        }
    }
}

/// Checks sizes of a configuration that may also come from code.
///
/// # Errors
/// Names the first that is 0 or too large.
pub(crate) fn check_sizes<const N: usize>(sizes: [(&'static str, usize); N]) -> Result<()> {
    match sizes.into_iter().find(|(_, size)| !(1..=SIZE_LIMIT).contains(size)) {
        Some((what, size)) => Err(ModelError::option(what, size, format!("1 to {SIZE_LIMIT}"))),
        None => Ok(()),
    }
}
