//! How two periods lie: Allen's relations ("Maintaining knowledge about temporal intervals", 1983) under the names of OWL-Time.

use hypergraphql_framework::store::{Instant, Period};

/// A bound; one that is open lies before or after all instants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Always,
    At(Instant),
    Forever,
}

/// Whether a relation holds between two periods.
type Relation = fn(&Period, &Period) -> bool;

/// The relation with this IRI, and its name.
pub(super) fn relation(iri: &str) -> Option<(&'static str, Relation)> {
    let name = iri.strip_prefix("http://www.w3.org/2006/time#")?;
    RELATIONS.iter().find(|(known, _)| *known == name).copied()
}

const RELATIONS: [(&str, Relation); 17] = [
    ("intervalBefore", before),
    ("intervalAfter", |a, b| before(b, a)),
    ("intervalMeets", meets),
    ("intervalMetBy", |a, b| meets(b, a)),
    ("intervalOverlaps", overlaps),
    ("intervalOverlappedBy", |a, b| overlaps(b, a)),
    ("intervalStarts", starts),
    ("intervalStartedBy", |a, b| starts(b, a)),
    ("intervalDuring", during),
    ("intervalContains", |a, b| during(b, a)),
    ("intervalFinishes", finishes),
    ("intervalFinishedBy", |a, b| finishes(b, a)),
    ("intervalEquals", |a, b| a == b),
    // What OWL-Time has besides.
    ("before", before),
    ("after", |a, b| before(b, a)),
    ("intervalIn", |a, b| starts(a, b) || during(a, b) || finishes(a, b)),
    ("intervalDisjoint", |a, b| before(a, b) || before(b, a)),
];

fn begin(period: &Period) -> Bound {
    period.from.map_or(Bound::Always, Bound::At)
}

fn end(period: &Period) -> Bound {
    period.to.map_or(Bound::Forever, Bound::At)
}

fn before(a: &Period, b: &Period) -> bool {
    end(a) < begin(b)
}

fn meets(a: &Period, b: &Period) -> bool {
    end(a) == begin(b)
}

fn overlaps(a: &Period, b: &Period) -> bool {
    begin(a) < begin(b) && begin(b) < end(a) && end(a) < end(b)
}

fn starts(a: &Period, b: &Period) -> bool {
    begin(a) == begin(b) && end(a) < end(b)
}

fn during(a: &Period, b: &Period) -> bool {
    begin(a) > begin(b) && end(a) < end(b)
}

fn finishes(a: &Period, b: &Period) -> bool {
    begin(a) > begin(b) && end(a) == end(b)
}

#[cfg(test)]
mod tests {
    use oxsdatatypes::DateTime;

    use super::*;

    fn year(year: i32) -> Instant {
        format!("{year}-01-01T00:00:00Z").parse::<DateTime>().unwrap().into()
    }

    /// Allen's relations are such that of each two intervals exactly one holds.
    #[test]
    fn one_of_the_thirteen_holds_between_any_two() {
        let bounds = [None, Some(2001), Some(2002), Some(2003), Some(2004)];
        let of = |from: Option<i32>, to: Option<i32>| Period { from: from.map(year), to: to.map(year) };
        let pairs = bounds.iter().flat_map(|from| bounds.iter().map(|to| (*from, *to)));
        let all: Vec<Period> =
            pairs.filter(|(from, to)| from.zip(*to).is_none_or(|(from, to)| from < to)).map(|(from, to)| of(from, to)).collect();
        let mut seen = [false; 13];
        for a in &all {
            for b in &all {
                let holding: Vec<usize> = (0..13).filter(|&i| RELATIONS[i].1(a, b)).collect();
                assert_eq!(holding.len(), 1, "{a:?} {b:?}: {holding:?}");
                seen[holding[0]] = true;
                // A relation and its inverse stand side by side.
                let inverse = if holding[0] == 12 { 12 } else { holding[0] ^ 1 };
                assert!(RELATIONS[inverse].1(b, a), "{a:?} {b:?}");
            }
        }
        assert_eq!(seen, [true; 13]);
    }

    #[test]
    fn names_are_those_of_owl_time() {
        assert!(relation("http://www.w3.org/2006/time#intervalMeets").is_some_and(|(name, _)| name == "intervalMeets"));
        assert!(relation("http://www.w3.org/2006/time#meets").is_none() && relation("intervalMeets").is_none());
    }
}
