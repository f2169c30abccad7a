//! What the operators of a query did: a tree with bars for a terminal, a picture, or JSON.

mod picture;

use std::path::PathBuf;

use hypergraphql_runtime::engine::{OperatorProfile, Profile};
use oxrdf::NamedNode;

use super::error::CliError;
use super::{Global, output, term};

/// How a profile is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProfileFormat {
    /// A tree of operators with bars, on stderr.
    Tree,
    /// A picture, in a file.
    Svg,
    /// One JSON object, on stderr.
    Json,
}

/// Whether and how to say what each operator did.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ProfileArgs {
    /// After the answer, show what each operator did: rows, expected rows, milliseconds, memory, device; json with --json, else tree.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true)]
    profile: Option<Option<ProfileFormat>>,
    /// Where `--profile svg` draws.
    #[arg(long, value_name = "FILE", default_value = "profile.svg")]
    profile_file: PathBuf,
}

impl ProfileArgs {
    /// Shows the profile as it was asked for.
    pub(crate) fn show(&self, profile: &Profile, global: &Global) -> Result<(), CliError> {
        let Some(format) = self.profile else { return Ok(()) };
        match format.unwrap_or(if global.json { ProfileFormat::Json } else { ProfileFormat::Tree }) {
            ProfileFormat::Tree => eprintln!("{}", text(profile)),
            ProfileFormat::Json => eprintln!("{}", serde_json::to_string(profile)?),
            ProfileFormat::Svg => {
                picture::write(&self.profile_file, profile)?;
                tracing::info!("drew {}", self.profile_file.display());
            }
        }
        Ok(())
    }
}

/// Characters of a bar.
const BAR: usize = 16;

/// Characters of an operator with what it is to do.
const LABEL: usize = 72;

/// The profile as a tree of operators, each over those whose rows it reads; the longest bar is that of the operator with the most time.
pub(crate) fn text(profile: &Profile) -> String {
    let header = ["operator", "rows", "expected", "ms", "time", "runs", "memory", "device"];
    let mut table = output::table(header, &[1, 2, 3, 5, 6]);
    for (depth, of) in profile.tree() {
        table.add_row([
            label(depth, of),
            of.rows.to_string(),
            format!("{:.0}", of.expected),
            format!("{:.3}", of.time.as_secs_f64() * 1e3),
            bar(share(profile, of)),
            of.runs.to_string(),
            output::bytes(of.bytes),
            of.device.clone(),
        ]);
    }
    format!("{table}\n{:.3} ms in all", profile.total.as_secs_f64() * 1e3)
}

/// The time of an operator as a part of that of the slowest.
fn share(profile: &Profile, of: &OperatorProfile) -> f64 {
    let most = profile.operators.iter().map(|operator| operator.time).max().unwrap_or_default();
    if most.is_zero() { 0.0 } else { of.time.as_secs_f64() / most.as_secs_f64() }
}

/// A bar of eighths of characters.
fn bar(share: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * 8.0 * BAR as f64).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// An operator below another, by its own name and what it is to do.
fn label(depth: usize, of: &OperatorProfile) -> String {
    let branch = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
    let name = of.operator.rsplit(" / ").next().unwrap_or(&of.operator);
    let label = format!("{branch}{name} {}", short(&of.detail));
    match label.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", label[..end].trim_end()),
        None => label.trim_end().to_owned(),
    }
}

/// A text with its IRIs by their known prefixes.
fn short(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find('>').filter(|&end| !from[..end].contains(char::is_whitespace));
        let node = end.and_then(|end| Some((end, NamedNode::new(&from[1..end]).ok()?)));
        let length = node.as_ref().map_or(1, |(end, _)| end + 1);
        out.push_str(&node.map_or_else(|| "<".to_owned(), |(_, node)| term::short(&node.into())));
        rest = &from[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!((bar(0.0), bar(1.0)), (String::new(), "█".repeat(BAR)));
        assert_eq!(bar(0.5 + 1.0 / (8.0 * BAR as f64)), format!("{}▏", "█".repeat(BAR / 2)));
    }

    #[test]
    fn known_prefixes_stand_for_iris() {
        assert_eq!(short("{ ?x <http://example.org/knows> <http://x/y> } if (?x < 3)"), "{ ?x :knows <http://x/y> } if (?x < 3)");
        assert_eq!(short("<"), "<");
        assert_eq!(short("?a <= ?b && ?c > 1"), "?a <= ?b && ?c > 1");
    }
}
