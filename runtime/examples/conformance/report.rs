//! What came out: a table of suites, the failures by name, and one line in the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use crate::known::Known;
use crate::manifest::Test;

/// What became of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As expected.
    Passed,
    /// Why not.
    Failed(String),
    /// Why it was not run.
    Skipped(String),
}

/// The outcomes of all tests that ran.
pub(crate) struct Report<'a> {
    /// In the order of their suites.
    pub(crate) outcomes: Vec<(&'a Test, Outcome)>,
    /// The failures that are no surprise.
    pub(crate) known: &'a Known,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }
}

impl Report<'_> {
    /// Everything is as the list of known failures has it.
    pub(crate) fn is_good(&self) -> bool {
        self.unexpected().next().is_none() && self.mended().next().is_none()
    }

    /// The report for people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let width = self.outcomes.iter().map(|(test, _)| test.suite.len()).max().unwrap_or(5).max(5);
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:width$}  passed  failed  skipped", "suite");
        for (suite, counts) in self.suites() {
            let _ = writeln!(text, "{suite:width$}  {:6}  {:6}  {:7}", counts.passed, counts.failed, counts.skipped);
        }
        for (why, count) in self.skips() {
            let _ = writeln!(text, "SKIPPED {count} tests: {why}");
        }
        for (test, why) in self.failures() {
            let known = self.known.get(&test.iri).map_or_else(String::new, |reason| format!(" [known: {reason}]"));
            let _ = writeln!(text, "FAILED {}: {}{known}", test.iri, one_line(why));
        }
        for test in self.mended() {
            let _ = writeln!(text, "PASSED {} is on the list of known failures: take it off", test.iri);
        }
        let all = self.all();
        let expected = self.failures().count() - self.unexpected().count();
        let _ = writeln!(text, "{} passed, {} failed ({expected} of them known), {} skipped", all.passed, all.failed, all.skipped);
        text
    }

    /// The report for programs.
    pub(crate) fn json(&self) -> String {
        let suites: Vec<_> = self
            .suites()
            .into_iter()
            .map(|(suite, c)| json!({"suite": suite, "passed": c.passed, "failed": c.failed, "skipped": c.skipped}))
            .collect();
        let failures: Vec<_> =
            self.failures().map(|(test, why)| json!({"iri": test.iri, "why": why, "known": self.known.get(&test.iri)})).collect();
        let mended: Vec<_> = self.mended().map(|test| &test.iri).collect();
        let all = self.all();
        json!({"kind": "conformance", "passed": all.passed, "failed": all.failed, "skipped": all.skipped, "good": self.is_good(),
            "suites": suites, "failures": failures, "mended": mended})
        .to_string()
    }

    fn suites(&self) -> BTreeMap<&str, Counts> {
        let mut suites = BTreeMap::<&str, Counts>::new();
        self.outcomes.iter().for_each(|(test, outcome)| suites.entry(&test.suite).or_default().add(outcome));
        suites
    }

    fn all(&self) -> Counts {
        let mut all = Counts::default();
        self.outcomes.iter().for_each(|(_, outcome)| all.add(outcome));
        all
    }

    fn skips(&self) -> BTreeMap<&str, usize> {
        let mut skips = BTreeMap::new();
        for (_, outcome) in &self.outcomes {
            if let Outcome::Skipped(why) = outcome {
                *skips.entry(why.as_str()).or_insert(0) += 1;
            }
        }
        skips
    }

    fn failures(&self) -> impl Iterator<Item = (&Test, &str)> {
        self.outcomes
            .iter()
            .filter_map(|(test, outcome)| if let Outcome::Failed(why) = outcome { Some((*test, why.as_str())) } else { None })
    }

    fn unexpected(&self) -> impl Iterator<Item = (&Test, &str)> {
        self.failures().filter(|(test, _)| !self.known.contains_key(&test.iri))
    }

    fn mended(&self) -> impl Iterator<Item = &Test> {
        let passed = self.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Passed);
        passed.map(|(test, _)| *test).filter(|test| self.known.contains_key(&test.iri))
    }
}

fn one_line(text: &str) -> String {
    const MOST: usize = 400;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Kind;

    fn test(name: &str) -> Test {
        Test { iri: format!("http://x/{name}"), suite: "s".to_owned(), kind: Kind::NotOurs("nothing") }
    }

    #[test]
    fn a_run_is_good_when_it_is_as_the_list_says() {
        let (a, b) = (test("a"), test("b"));
        let known = Known::from([("http://x/b".to_owned(), "late".to_owned())]);
        let report = |first: Outcome, second: Outcome| Report { outcomes: vec![(&a, first), (&b, second)], known: &known };
        let failed = || Outcome::Failed("2 rows,\n expected 3".to_owned());
        let good = report(Outcome::Passed, failed());
        assert!(good.is_good());
        assert!(good.text().contains("FAILED http://x/b: 2 rows, expected 3 [known: late]"), "{}", good.text());
        assert!(good.text().ends_with("1 passed, 1 failed (1 of them known), 0 skipped\n"));
        assert!(!report(failed(), failed()).is_good());
        let mended = report(Outcome::Passed, Outcome::Passed);
        assert!(!mended.is_good() && mended.text().contains("take it off"));
        assert!(report(Outcome::Passed, Outcome::Skipped("no".to_owned())).is_good());
    }
}
