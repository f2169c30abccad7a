//! The examples: built with the features of the suite, so that Burn is not compiled again, and run.

use std::process::Command;

use crate::steps::{Steps, run, suite};
use crate::tests::target_folder;

/// In the order of examples/README.md; `edit_a_fact` takes the network that `quickstart` leaves.
const EXAMPLES: [&str; 9] = [
    "quickstart",
    "custom_hypergraph",
    "node_classification",
    "link_prediction",
    "train_and_ask",
    "edit_a_fact",
    "embed_and_search",
    "new_layer",
    "new_kernel",
];
/// Steps of trainings that take minutes otherwise: they run, and answer nonsense.
const FEW_STEPS: (&str, &str) = ("HGQL_EXAMPLE_STEPS", "2");

/// Builds all examples and runs them; what they write lies beside their programs.
pub(crate) fn run_all(steps: &mut Steps) {
    steps.step("examples", |_| {
        run(&mut suite(&["build"], &["--examples"]))?;
        let folder = target_folder()?.join("debug/examples");
        let mut all = EXAMPLES.iter();
        all.try_for_each(|name| run(Command::new(folder.join(name)).env(FEW_STEPS.0, FEW_STEPS.1).current_dir(&folder)))
    });
}
