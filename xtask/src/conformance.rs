//! `cargo xtask conformance`: the W3C tests, which are an example of the runtime crate, with the features of the default build and that of the device asked for.

use std::process::ExitCode;

use crate::steps::cargo;

/// Builds the program and runs it with these arguments; its exit code is ours.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let feature = feature(arguments);
    let build = ["run", "--locked", "-p", "hypergraphql-runtime", "--example", "conformance", "--features", feature, "--"];
    match cargo(&build).args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The feature of the device that `--device` names; names that are none are for the program to refuse.
fn feature(arguments: &[String]) -> &'static str {
    let named = arguments.iter().enumerate().find_map(|(at, argument)| match argument.as_str() {
        "--device" => arguments.get(at + 1).map(String::as_str),
        other => other.strip_prefix("--device="),
    });
    let kind = named.unwrap_or("cpu").split(':').next();
    ["vulkan", "cuda", "metal"].into_iter().find(|known| kind == Some(known)).unwrap_or("cpu")
}

#[cfg(test)]
mod tests {
    use super::feature;

    #[test]
    fn a_device_brings_its_feature() {
        let of = |line: &str| feature(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("w3c"), "cpu");
        assert_eq!(of("w3c --device vulkan:1 --strict"), "vulkan");
        assert_eq!(of("--device=cuda w3c"), "cuda");
        assert_eq!(of("w3c --device"), "cpu");
        assert_eq!(of("w3c --device tpu"), "cpu");
    }
}
