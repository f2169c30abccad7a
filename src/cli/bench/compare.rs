//! `hgql bench compare`: two runs side by side, with what is slower or faster beyond the noise of both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::record::Record;
use super::report::{Document, VERSION};
use crate::cli::error::CliError;
use crate::cli::output;

/// Compare two runs of `hgql bench kernels`.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Compares the cases that both files have: bench.json of `hgql bench kernels --out DIR`, or its lines with --json. A case is \
                  slower or faster where its median has moved by more than --threshold per cent and the middle halves of the samples of both \
                  runs do not overlap. Exit code 1 if any is slower.",
    after_help = "Examples:\n  hgql bench compare before/bench.json after/bench.json"
)]
pub(super) struct CompareArgs {
    /// The earlier run.
    before: PathBuf,
    /// The later run.
    after: PathBuf,
    /// Per cent by which a median must move to count.
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT")]
    threshold: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Slower,
    Same,
    Faster,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    kind: &'static str,
    case: &'a str,
    shape: String,
    dtype: &'a str,
    device: &'a str,
    before_ms: f64,
    after_ms: f64,
    ratio: f64,
    verdict: Verdict,
}

pub(super) fn run(args: &CompareArgs, json: bool) -> Result<(), CliError> {
    if !(args.threshold >= 0.0 && args.threshold.is_finite()) {
        return Err(CliError::input(format!("--threshold {} is no percentage", args.threshold)));
    }
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let earlier: HashMap<String, &Record> = before.iter().map(|r| (r.key(), r)).collect();
    let mut table = output::table(["case", "shape", "before ms", "after ms", "ratio", ""], &[2, 3, 4]);
    let (mut common, mut slower) = (0, 0);
    for record in &after {
        let Some(old) = earlier.get(&record.key()) else { continue };
        let verdict = verdict(old, record, args.threshold);
        common += 1;
        slower += usize::from(verdict == Verdict::Slower);
        let line = Line {
            kind: "compared",
            case: &record.case,
            shape: record.shape.text(),
            dtype: &record.dtype,
            device: &record.device,
            before_ms: old.ms,
            after_ms: record.ms,
            ratio: record.ms / old.ms,
            verdict,
        };
        if json {
            output::json(&line)?;
            continue;
        }
        let word = match verdict {
            Verdict::Slower => "slower",
            Verdict::Same => "",
            Verdict::Faster => "faster",
        };
        let numbers = [format!("{:.3}", line.before_ms), format!("{:.3}", line.after_ms), format!("{:.2}", line.ratio)];
        let [old, new, ratio] = numbers;
        table.add_row([line.case.to_owned(), line.shape, old, new, ratio, word.to_owned()]);
    }
    if common == 0 {
        return Err(CliError::input("the two runs have no case of the same shape, type and device in common"));
    }
    if !json {
        output::line(table.to_string())?;
        output::line(format!(
            "{common} cases in both, {} in the first alone, {} in the second alone",
            before.len() - common,
            after.len() - common
        ))?;
    }
    if slower > 0 { Err(CliError::failed(format!("{slower} of {common} cases are slower beyond the noise"))) } else { Ok(()) }
}

fn verdict(old: &Record, new: &Record, threshold: f64) -> Verdict {
    let moved = 100.0 * (new.ms / old.ms - 1.0);
    if moved > threshold && new.q1 > old.q3 {
        Verdict::Slower
    } else if moved < -threshold && new.q3 < old.q1 {
        Verdict::Faster
    } else {
        Verdict::Same
    }
}

/// The records of a document, or of lines.
fn read(path: &Path) -> Result<Vec<Record>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|e| CliError::input(format!("cannot read {}: {e}", path.display())))?;
    let records = match serde_json::from_str::<Document>(&text) {
        Ok(document) if document.version != VERSION => {
            let message = format!("{}: format version {}, expected {VERSION}", path.display(), document.version);
            return Err(CliError::input(message).with_help("measure again with this hgql"));
        }
        Ok(document) => document.records,
        Err(_) => lines(path, &text)?,
    };
    if records.is_empty() {
        let message = format!("{} holds no measured case", path.display());
        return Err(
            CliError::input(message).with_help("it should be bench.json of `hgql bench kernels --out DIR`, or its lines with --json")
        );
    }
    if let Some(r) = records.iter().find(|r| ![r.ms, r.q1, r.q3].iter().all(|v| v.is_finite() && *v > 0.0)) {
        return Err(CliError::input(format!("{}: {} has no positive time", path.display(), r.case)));
    }
    Ok(records)
}

fn lines(path: &Path, text: &str) -> Result<Vec<Record>, CliError> {
    let mut records = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at =
            |e: serde_json::Error| CliError::input(format!("{}:{}: no line of `hgql bench kernels --json`: {e}", path.display(), i + 1));
        let value: serde_json::Value = serde_json::from_str(line).map_err(at)?;
        if value.get("kind").is_some_and(|kind| kind == "bench") {
            records.push(serde_json::from_value(value).map_err(at)?);
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::clock::Times;
    use crate::cli::bench::record::{Roofs, Shape, Work};

    fn record(median: f64, q1: f64, q3: f64) -> Record {
        let (work, roofs) = (Work { bytes: 8, ..Work::default() }, Roofs { copy: 1.0, gather: None, matmul: None });
        Record::new("scan", Shape { rows: Some(2), ..Shape::default() }, "u32", "cpu", work, Times { median, min: q1, q1, q3 }, roofs)
    }

    #[test]
    fn a_case_must_move_beyond_the_noise_of_both() {
        let old = record(10.0, 9.5, 10.5);
        assert_eq!(verdict(&old, &record(12.0, 11.0, 13.0), 5.0), Verdict::Slower);
        assert_eq!(verdict(&old, &record(12.0, 10.2, 14.0), 5.0), Verdict::Same);
        assert_eq!(verdict(&old, &record(10.4, 10.3, 10.5), 5.0), Verdict::Same);
        assert_eq!(verdict(&old, &record(8.0, 7.5, 9.0), 5.0), Verdict::Faster);
    }
}
