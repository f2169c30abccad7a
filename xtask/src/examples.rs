//! The examples: built with the features of the suite, so that Burn is not compiled again, and the first one run.

use std::process::Command;

use crate::steps::{FEATURES, Steps, cargo, run};
use crate::tests::target_folder;

/// Builds all examples and runs the README's first one.
pub(crate) fn quickstart(steps: &mut Steps) {
    steps.step("examples", |_| {
        run(&mut cargo(&["build", "--workspace", "--examples", "--features", FEATURES]))?;
        let folder = target_folder()?;
        run(Command::new(folder.join("debug/examples/quickstart")).current_dir(out_folder(&folder)?))
    });
}

/// The example writes its plot into the folder that it runs in.
fn out_folder(target: &std::path::Path) -> Result<std::path::PathBuf, String> {
    let folder = target.join("quickstart");
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    Ok(folder)
}
