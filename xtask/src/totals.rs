//! Counts passed, failed and skipped tests from what the runners print.

use std::collections::BTreeSet;
use std::fmt;

/// Counts of one or several runners.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that the runner itself left out.
    pub(crate) ignored: usize,
    /// `name: why` of everything that said it was skipped.
    pub(crate) skips: Vec<String>,
    /// Last path segments of the tests that passed.
    names: BTreeSet<String>,
}

impl Totals {
    /// A line of `cargo nextest run`: a passed test or the summary.
    pub(crate) fn nextest_line(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("PASS [") {
            self.passed_name(line.rsplit(' ').next().unwrap_or_default());
        } else if let Some((_, counts)) = line.split_once(" run: ").filter(|_| line.starts_with("Summary [")) {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed") + count(counts, "timed out") + count(counts, "exec failed");
            self.ignored += count(counts, "skipped");
        }
    }

    /// A line of libtest: a passed test or the result of one binary.
    pub(crate) fn libtest_line(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok")) {
            self.passed_name(name);
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            let counts = counts.split_once(". ").map_or("", |(_, counts)| counts);
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.ignored += count(counts, "ignored");
        }
    }

    /// A line that a test printed, perhaps in a JUnit report: `SKIPPED name: why`.
    pub(crate) fn skip_line(&mut self, line: &str) {
        let Some(at) = line.find("SKIPPED ") else { return };
        // Only at the start of a line, or behind the tag that opens the output in the report.
        if at > 0 && !line[..at].ends_with('>') {
            return;
        }
        let text = line[at + "SKIPPED ".len()..].split("</system-").next().unwrap_or_default();
        let text = text.replace("&quot;", "\"").replace("&apos;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        // nextest repeats the output of one test in more than one element.
        if text.contains(": ") && !self.skips.contains(&text) {
            self.skips.push(text);
        }
    }

    /// A test that said it skipped all of itself, by its own name, has not passed.
    pub(crate) fn settle(&mut self) {
        let whole = |skip: &&String| skip.split(": ").next().is_some_and(|name| self.names.contains(name));
        self.passed -= self.skips.iter().filter(whole).count().min(self.passed);
        self.names.clear();
    }

    /// Adds the counts of another runner.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skips.extend(other.skips);
    }

    fn passed_name(&mut self, path: &str) {
        self.names.insert(path.rsplit("::").next().unwrap_or(path).to_owned());
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored + self.skips.len())
    }
}

/// The number in front of `word` in a list such as `3 passed (1 slow), 2 failed, 0 skipped`.
fn count(counts: &str, word: &str) -> usize {
    let of_part = |part: &str| {
        let (number, rest) = part.trim().split_once(' ')?;
        if rest.starts_with(word) { number.parse().ok() } else { None }
    };
    counts.split([',', ';']).find_map(of_part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_lines_are_counted() {
        let mut totals = Totals::default();
        totals.nextest_line("        PASS [   0.010s] (1/9) hypergraphql-ops convolution::on_cora");
        totals.nextest_line("        FAIL [   0.010s] (2/9) hypergraphql-ops other");
        totals.nextest_line("     Summary [   1.305s] 9 tests run: 5 passed (1 slow), 3 failed, 1 timed out, 2 skipped");
        totals.skip_line("SKIPPED on_cora: no &quot;../shared&quot; here");
        totals.skip_line("<system-err>SKIPPED golden case hgnnp2: no layer</system-err>");
        totals.skip_line("the word SKIPPED in: a sentence");
        totals.settle();
        assert_eq!(totals.to_string(), "4 passed, 4 failed, 4 skipped");
        assert_eq!(totals.skips, ["on_cora: no \"../shared\" here", "golden case hgnnp2: no layer"]);
    }

    #[test]
    fn libtest_lines_of_several_binaries_are_summed() {
        let mut totals = Totals::default();
        for line in [
            "test a::b ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s",
            "test c ... FAILED",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            totals.libtest_line(line);
        }
        totals.settle();
        assert_eq!(totals.to_string(), "7 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn runners_are_summed() {
        let mut sum = Totals { passed: 2, failed: 1, ..Totals::default() };
        sum.add(Totals { passed: 3, ignored: 4, skips: vec!["x: y".to_owned()], ..Totals::default() });
        assert_eq!(sum.to_string(), "5 passed, 1 failed, 5 skipped");
    }
}
