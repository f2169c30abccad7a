//! The examples: built with the features of the suite, so that Burn is not compiled again, and run.

use std::process::Command;

use crate::steps::{Steps, run, suite};
use crate::tests::target_folder;

/// Builds all examples and runs them; the README's first one draws its plot beside its program.
pub(crate) fn run_all(steps: &mut Steps) {
    steps.step("examples", |_| {
        run(&mut suite(&["build"], &["--examples"]))?;
        let folder = target_folder()?.join("debug/examples");
        ["quickstart", "custom_hypergraph"].iter().try_for_each(|name| run(Command::new(folder.join(name)).current_dir(&folder)))
    });
}
