//! What the operators of a query did, as a table.

use hypergraphql_runtime::engine::Profile;

use super::output;

/// The profile as text: operators in the order in which they ran.
pub(crate) fn text(profile: &Profile) -> String {
    let header = ["operator", "device", "rows", "expected", "ms", "runs", "memory"];
    let mut table = output::table(header, &[2, 3, 4, 5, 6]);
    for of in &profile.operators {
        table.add_row([
            of.operator.clone(),
            of.device.clone(),
            of.rows.to_string(),
            format!("{:.0}", of.expected),
            format!("{:.3}", of.time.as_secs_f64() * 1e3),
            of.runs.to_string(),
            output::bytes(of.bytes),
        ]);
    }
    format!("{table}\n{:.3} ms in all", profile.total.as_secs_f64() * 1e3)
}
