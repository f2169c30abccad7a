//! `hgql check`: whether a knowledge base is whole.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use hypergraphql_framework::store::{AtomSpace, Id, Order};
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, output};

/// Check that a knowledge base is whole.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads all of a knowledge base: that its files are as they were written (an error names the damaged section), that every number stands for one term and every term for its number, that the four orders are sorted, \
                  hold the same statements and name only terms that are there, and that IRIs, blank nodes and literals stand where RDF lets them. Ends \
                  with code 1 if something is wrong."
)]
#[command(after_help = "Examples:\n  \
                        hgql check kb.hgql\n  \
                        hgql check kb.hgql --json")]
pub(crate) struct CheckArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
}

#[derive(Serialize)]
struct Check {
    kind: &'static str,
    check: String,
    ok: bool,
    /// What is wrong.
    fault: Option<String>,
}

/// Checks everything, prints a line for each check, and fails if one did.
pub(crate) fn run(args: &CheckArgs, global: &Global) -> Result<(), CliError> {
    let space = kb::space(&args.kb, global)?;
    let checks = checks(&space);
    for check in &checks {
        if global.json {
            output::json(check)?;
        } else {
            output::line(
                check
                    .fault
                    .as_ref()
                    .map_or_else(|| format!("ok      {}", check.check), |fault| format!("FAILED  {}: {fault}", check.check)),
            )?;
        }
    }
    match checks.iter().filter(|check| !check.ok).count() {
        0 => Ok(()),
        wrong => Err(CliError::failed(format!("{} is damaged: {wrong} checks failed", args.kb.display()))
            .with_help("load it again from its sources")),
    }
}

fn checks(space: &AtomSpace) -> Vec<Check> {
    let state = RandomState::new();
    let first = digest(space, Order::ALL[0], &state);
    // What is damaged reads as nothing: the other checks may find no fault with it.
    let whole = check("the files are as they were written".to_owned(), space.verify().map_err(|error| error.to_string()));
    let mut checks = vec![whole, check(format!("{} terms have one number each", space.terms()), terms(space))];
    for order in Order::ALL {
        checks.push(check(format!("order {order:?} is sorted"), sorted(space, order)));
        let same =
            if digest(space, order, &state) == first { Ok(()) } else { Err(format!("other statements than in {:?}", Order::ALL[0])) };
        checks.push(check(format!("order {order:?} holds {} statements", space.len()), same));
    }
    checks.push(check("every statement is RDF".to_owned(), statements(space)));
    checks
}

fn check(check: String, result: Result<(), String>) -> Check {
    Check { kind: "check", check, ok: result.is_ok(), fault: result.err() }
}

fn terms(space: &AtomSpace) -> Result<(), String> {
    (1..=space.terms()).try_for_each(|id| {
        let term = space.term(id).ok_or_else(|| format!("number {id} has no term"))?;
        match space.id(&term) {
            Some(found) if found == id => Ok(()),
            found => Err(format!("{term} has the number {id}, but is found under {found:?}")),
        }
    })
}

/// Strictly ascending, with numbers of terms alone.
fn sorted(space: &AtomSpace, order: Order) -> Result<(), String> {
    let rows = space.rows(order, &[]);
    let columns = order.positions().map(|position| rows.column(position));
    let mut before: Option<[Id; 4]> = None;
    for at in 0..rows.len() {
        let graph = rows.row(at)[3];
        let row = [columns[0][at], columns[1][at], columns[2][at], graph];
        if row[..3].contains(&0) || row.iter().any(|id| *id > space.terms()) {
            return Err(format!("row {at} is {row:?}, and there are {} terms", space.terms()));
        }
        if before.is_some_and(|before| before >= row) {
            return Err(format!("row {at} is {row:?}, after {before:?}"));
        }
        before = Some(row);
    }
    Ok(())
}

/// A number of all statements that does not depend on their order.
fn digest(space: &AtomSpace, order: Order, state: &RandomState) -> (usize, u64) {
    let rows = space.rows(order, &[]);
    (rows.len(), (0..rows.len()).fold(0, |sum: u64, at| sum.wrapping_add(state.hash_one(rows.row(at)))))
}

fn statements(space: &AtomSpace) -> Result<(), String> {
    let rows = space.rows(Order::Spo, &[]);
    let bad = (0..rows.len()).find(|at| space.quad(rows.row(*at)).is_none());
    bad.map_or(Ok(()), |at| Err(format!("row {at} is {:?}: its terms make no statement", rows.row(at))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::{GraphName, Literal, NamedNode, Quad};

    #[test]
    fn a_space_is_whole_and_every_check_looks_at_something() {
        let node = |name: &str| NamedNode::new_unchecked(format!("http://x/{name}"));
        let quads = [("a", "p", 1), ("b", "p", 2), ("a", "q", 2)];
        let quads = quads.map(|(s, p, o)| Quad::new(node(s), node(p), Literal::from(o), GraphName::DefaultGraph));
        let space = AtomSpace::from_quads(quads.clone()).expect("a space");
        let found = checks(&space);
        assert_eq!(found.len(), 11);
        assert!(found.iter().all(|check| check.ok));
        let state = RandomState::new();
        let less = AtomSpace::from_quads(quads.into_iter().skip(1)).expect("a space");
        assert_ne!(digest(&space, Order::Pos, &state), digest(&less, Order::Pos, &state));
    }
}
