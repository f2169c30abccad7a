//! Hash functions: section 17.4.6.

use std::fmt::Write;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::super::error::EvalError;
use super::super::value::Value;
use super::simple;

pub(super) fn md5(value: &Value) -> Result<Value, EvalError> {
    digest::<Md5>("MD5", value)
}

pub(super) fn sha1(value: &Value) -> Result<Value, EvalError> {
    digest::<Sha1>("SHA1", value)
}

pub(super) fn sha256(value: &Value) -> Result<Value, EvalError> {
    digest::<Sha256>("SHA256", value)
}

pub(super) fn sha384(value: &Value) -> Result<Value, EvalError> {
    digest::<Sha384>("SHA384", value)
}

pub(super) fn sha512(value: &Value) -> Result<Value, EvalError> {
    digest::<Sha512>("SHA512", value)
}

/// The hash of the UTF-8 bytes, in hexadecimal.
fn digest<D: Digest>(operation: &'static str, value: &Value) -> Result<Value, EvalError> {
    let text = simple(operation, value)?;
    let mut hex = String::with_capacity(128);
    for byte in D::digest(text.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(Value::string(hex))
}
