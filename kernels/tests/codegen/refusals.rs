//! What devices refuse to launch for want of a feature.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use cubecl::prelude::*;
use hypergraphql_kernels::KernelError;

/// (what, why)
type Refusals = BTreeSet<(String, String)>;

/// By name of the device.
static REFUSED: Mutex<BTreeMap<String, Refusals>> = Mutex::new(BTreeMap::new());

/// Notes what a device refuses for want of a feature or of shared memory; other errors stay errors.
pub(crate) fn supported<R: Runtime, T>(client: &ComputeClient<R>, result: Result<T, KernelError>) -> Result<(), KernelError> {
    let Err(error) = result else { return Ok(()) };
    let what = match &error {
        KernelError::Unsupported { dtype, use_, .. } => format!("{use_} of {dtype}"),
        KernelError::Option { op, argument, .. } => format!("a {argument} of {op}"),
        _ => return Err(error),
    };
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.entry(R::name(client).to_owned()).or_default().insert((what, error.to_string()));
    Ok(())
}

/// What [`supported`] noted of a device.
pub(crate) fn refused(device: &str) -> Refusals {
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner).get(device).cloned().unwrap_or_default()
}
