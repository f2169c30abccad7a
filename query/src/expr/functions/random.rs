//! `RAND`, `UUID`, `STRUUID` and `BNODE`: functions of the query's seed and of where they are called, so that there is no generator to share between threads.

use std::borrow::Cow;

use md5::{Digest, Md5};
use oxrdf::BlankNode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::error::EvalError;
use super::super::value::Value;
use super::{Site, simple};

pub(super) fn rand(_: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    Ok(generator(site).random::<f64>().into())
}

pub(super) fn uuid(_: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    Ok(Value::iri(format!("urn:uuid:{}", version_4(site))))
}

pub(super) fn str_uuid(_: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    Ok(Value::string(version_4(site)))
}

/// A fresh blank node; with an argument the same one for equal strings in a solution.
pub(super) fn bnode(arguments: &[Cow<'_, Value>], site: &Site<'_>) -> Result<Value, EvalError> {
    let id = match arguments.first() {
        None => generator(site).random::<u128>(),
        Some(label) => {
            let label = simple("BNODE", label)?;
            let mut hash = Md5::new();
            hash.update(site.context.seed.to_le_bytes());
            hash.update(site.row.solution().to_le_bytes());
            hash.update(label.as_bytes());
            u128::from_le_bytes(hash.finalize().into())
        }
    };
    Ok(Value::Blank(BlankNode::new_from_unique_id(id).as_str().into()))
}

/// RFC 9562, section 5.4.
fn version_4(site: &Site<'_>) -> String {
    let bits = generator(site).random::<u128>() & !(0xf << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62;
    let (a, b, c, d, e) = (bits >> 96, bits >> 80 & 0xffff, bits >> 64 & 0xffff, bits >> 48 & 0xffff, bits & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
}

/// ChaCha keyed with the seed, the operator, the call in its expression and the solution.
fn generator(site: &Site<'_>) -> StdRng {
    let mut key = [0; 32];
    for (part, number) in key.chunks_exact_mut(8).zip([site.context.seed, site.context.operator, site.call, site.row.solution()]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    StdRng::from_seed(key)
}
