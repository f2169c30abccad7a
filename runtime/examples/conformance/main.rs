//! The W3C tests of SPARQL and RDF: walks the manifests under a folder, runs every test and compares with the list of known failures.

mod compare;
mod files;
mod guard;
mod known;
mod manifest;
mod report;
mod results;
mod run;
mod system;
mod terms;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use hypergraphql_runtime::RuntimeError;
use hypergraphql_runtime::engine::QueryDevice;

use files::Files;
use manifest::Test;
use report::{Outcome, Report};
use run::Options;

/// Run the W3C tests under a folder; fails when a test fails that is not on the list of known failures, or one on it passes.
#[derive(Parser)]
#[command(name = "cargo xtask conformance")]
struct Arguments {
    /// A folder of the W3C rdf-tests, such as ../shared/data/w3c/sparql/sparql11, or one manifest.
    path: PathBuf,
    /// Read queries as strict SPARQL alone; otherwise as strict SPARQL and as HyperQL.
    #[arg(long)]
    strict: bool,
    /// Only tests whose IRI contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// One JSON line instead of the table.
    #[arg(long)]
    json: bool,
    /// The list of known failures.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/conformance/known-failures.toml"))]
    known: PathBuf,
    /// Seconds for each mode of a test.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    timeout: u64,
    /// Where queries run, their smallest operators too: cpu, vulkan, cuda or metal.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = device)]
    device: QueryDevice,
    /// Tests at once.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
}

fn device(name: &str) -> Result<QueryDevice, String> {
    let open = |spec| QueryDevice::open(spec).map_err(|error| error.to_string());
    name.parse().map_err(|error: RuntimeError| error.to_string()).and_then(open)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (timeout, device) = (Duration::from_secs(arguments.timeout), arguments.device.clone());
    let options = Options { strict: arguments.strict, timeout, device };
    guard::quiet_panics();
    match conformance(&arguments, &options) {
        Ok(good) => ExitCode::from(u8::from(!good)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn conformance(arguments: &Arguments, options: &Options) -> Result<bool, String> {
    let files = Files::around(&arguments.path)?;
    let known = known::read(&arguments.known)?;
    let mut tests = manifest::tests(&files, &arguments.path)?;
    tests.retain(|test| test.iri.contains(&arguments.filter));
    if tests.is_empty() {
        return Err(format!("no test under {} has `{}` in its IRI", arguments.path.display(), arguments.filter));
    }
    let outcomes = run_all(&files, &tests, options, arguments.jobs);
    let report = Report { outcomes: tests.iter().zip(outcomes).collect(), known: &known };
    println!("{}", if arguments.json { report.json() } else { report.text().trim_end().to_owned() });
    Ok(report.is_good())
}

/// The outcome of each test, in their order.
fn run_all(files: &Files, tests: &[Test], options: &Options, jobs: usize) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![Outcome::Skipped("not reached".to_owned()); tests.len()]);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some((at, test)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, tests.get(at)?))) {
                    let outcome = run::run(files, test, options);
                    outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = outcome;
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The folder of the W3C tests, where it is.
    fn w3c() -> Option<PathBuf> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
        let shared = std::env::var_os("HGQL_SHARED").map_or(beside, PathBuf::from);
        Some(shared.join("data/w3c")).filter(|path| path.is_dir())
    }

    #[test]
    fn the_w3c_tests_go_as_the_list_says() {
        let Some(path) = w3c() else {
            return eprintln!(
                "SKIPPED the_w3c_tests_go_as_the_list_says: no W3C tests beside the checkout; HGQL_SHARED names their folder"
            );
        };
        goes_as_the_list_says(&path, QueryDevice::host());
    }

    #[cfg(feature = "vulkan")]
    #[test]
    fn sparql_goes_on_a_device_as_the_list_says() {
        const TEST: &str = "sparql_goes_on_a_device_as_the_list_says";
        let Some(path) = w3c() else {
            return eprintln!("SKIPPED {TEST}: no W3C tests beside the checkout; HGQL_SHARED names their folder");
        };
        match device("vulkan") {
            Ok(device) => goes_as_the_list_says(&path.join("sparql/sparql11"), device),
            Err(why) => {
                assert!(std::env::var_os("HGQL_REQUIRE_VULKAN").is_none(), "{TEST}: a Vulkan driver is here, but {why}");
                eprintln!("SKIPPED {TEST}: {why}");
            }
        }
    }

    fn goes_as_the_list_says(path: &Path, device: QueryDevice) {
        let files = Files::around(path).expect("a root");
        let known = known::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/conformance/known-failures.toml")).expect("a list");
        let tests = manifest::tests(&files, path).expect("manifests");
        let outcomes = run_all(&files, &tests, &Options { strict: false, timeout: Duration::from_secs(60), device }, 2);
        let report = Report { outcomes: tests.iter().zip(outcomes).collect(), known: &known };
        assert!(report.is_good(), "{}", report.text());
    }

    fn counts(path: &str) -> Option<usize> {
        let path = w3c()?.join(path);
        let files = Files::around(&path).expect("a root");
        Some(manifest::tests(&files, &path).expect("manifests").len())
    }

    #[test]
    fn manifests_have_as_many_tests_as_the_w3c_wrote() {
        let Some(sparql10) = counts("sparql/sparql10") else {
            return eprintln!(
                "SKIPPED manifests_have_as_many_tests_as_the_w3c_wrote: no W3C tests beside the checkout; HGQL_SHARED names them"
            );
        };
        assert_eq!(sparql10, 482);
        assert_eq!(counts("sparql/sparql11/manifest-sparql11-query.ttl"), Some(328));
        assert_eq!(counts("sparql/sparql11/manifest-sparql11-results.ttl"), Some(10));
        assert_eq!(counts("sparql/sparql11/manifest-sparql11-update.ttl"), Some(157));
        assert_eq!(counts("sparql/sparql11/entailment"), Some(70));
    }
}
