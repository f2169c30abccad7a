//! The confusion matrix of a run's test nodes as a table, with the F1 of every class.

use hypergraphql_models::train::PartScore;

use crate::cli::error::CliError;
use crate::cli::output;

/// More classes than this fit no terminal.
const SHOWN: usize = 20;

/// Prints the table; for many classes, where the numbers are.
pub(super) fn print(test: &PartScore, names: &[String]) -> Result<(), CliError> {
    let classes = test.confusion.classes;
    if test.nodes == 0 {
        return Ok(());
    }
    if classes > SHOWN {
        return output::line(format!("the confusion matrix of {classes} classes is in report.json (--out) and in the run's --json line"));
    }
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let predicted = (0..classes).map(name);
    let header: Vec<String> = std::iter::once("true \\ predicted".to_owned()).chain(predicted).chain(["F1".to_owned()]).collect();
    let mut table = output::table_of(header, &(1..classes + 2).collect::<Vec<_>>());
    for (class, score) in test.classes.iter().enumerate() {
        let counts = (0..classes).map(|predicted| test.confusion.count(class, predicted).to_string());
        table.add_row(std::iter::once(name(class)).chain(counts).chain([format!("{:.1} %", 100.0 * score.f1)]).collect::<Vec<_>>());
    }
    output::line(table.to_string())
}
