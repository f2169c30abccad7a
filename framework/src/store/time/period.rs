//! Sets of periods.

use std::sync::Arc;

use super::Instant;

/// A half-open period `[from, to)`; a bound that is none is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// Its first instant.
    pub from: Option<Instant>,
    /// The first instant after it.
    pub to: Option<Instant>,
}

impl Period {
    /// Whether an instant lies in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// Whether there is an instant in it.
    fn is_some(&self) -> bool {
        self.from.zip(self.to).is_none_or(|(from, to)| from < to)
    }

    fn intersection(&self, other: &Self) -> Self {
        // `None` is less than any instant, which is right for beginnings and not for ends.
        let to = [self.to, other.to].into_iter().flatten().min();
        Self { from: self.from.max(other.from), to }
    }
}

/// Disjoint periods, ascending, none of which touches the next. May be empty: then there is no instant at which it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PeriodSet(Arc<[Period]>);

impl PeriodSet {
    /// The instants that lie in some of these periods.
    pub fn union(periods: impl IntoIterator<Item = Period>) -> Self {
        let mut sorted: Vec<Period> = periods.into_iter().filter(Period::is_some).collect();
        sorted.sort_by_key(|period| period.from);
        let mut merged: Vec<Period> = Vec::with_capacity(sorted.len());
        for period in sorted {
            match merged.last_mut() {
                // Open beginnings come first, so what follows an open end lies in it.
                Some(last) if last.to.is_none_or(|end| period.from.is_none_or(|from| from <= end)) => {
                    last.to = last.to.zip(period.to).map(|(a, b)| a.max(b));
                }
                _ => merged.push(period),
            }
        }
        Self(merged.into())
    }

    /// The instants that lie in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            common.extend(Some(x.intersection(y)).filter(Period::is_some));
            // What ends first meets nothing more.
            let ends_first = y.to.is_none() || x.to.is_some() && x.to <= y.to;
            if ends_first {
                a.next()
            } else {
                b.next()
            };
        }
        Self(common.into())
    }

    /// The periods, ascending.
    pub fn periods(&self) -> &[Period] {
        &self.0
    }

    /// Whether there is no instant in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an instant lies in it.
    pub fn contains(&self, at: Instant) -> bool {
        let after = self.0.partition_point(|period| period.from.is_none_or(|from| from <= at));
        after > 0 && self.0[after - 1].contains(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxsdatatypes::DateTime;

    fn year(year: i64) -> Instant {
        format!("{:04}-01-01T00:00:00Z", 2000 + year).parse::<DateTime>().unwrap().into()
    }

    fn period(from: Option<i64>, to: Option<i64>) -> Period {
        Period { from: from.map(year), to: to.map(year) }
    }

    #[test]
    fn periods_that_meet_are_one() {
        let set = PeriodSet::union([
            period(Some(5), Some(6)),
            period(Some(1), Some(3)),
            period(Some(3), Some(4)),
            period(Some(7), None),
            period(Some(8), Some(9)),
        ]);
        assert_eq!(set.periods(), [period(Some(1), Some(4)), period(Some(5), Some(6)), period(Some(7), None)]);
        assert_eq!(PeriodSet::union([period(None, Some(1)), period(Some(1), None)]).periods(), [period(None, None)]);
        assert!(PeriodSet::union([]).is_empty() && PeriodSet::union([period(Some(2), Some(2))]).is_empty());
    }

    /// Against membership of every year, for all pairs of sets of two periods of few bounds.
    #[test]
    fn as_sets_of_instants() {
        let bounds = [None, Some(1), Some(2), Some(4)];
        let all: Vec<Period> = bounds.iter().flat_map(|from| bounds.iter().map(|to| period(*from, *to))).collect();
        let pairs: Vec<[Period; 2]> = all.iter().flat_map(|a| all.iter().map(|b| [*a, *b])).collect();
        let holds = |periods: &[Period], at: i64| periods.iter().any(|period| period.contains(year(at)));
        for (i, a) in pairs.iter().enumerate() {
            let union = PeriodSet::union(*a);
            assert!((0..6).all(|at| union.contains(year(at)) == holds(a, at)), "{a:?}");
            for b in pairs.iter().skip(i % 7).step_by(7) {
                let common = union.intersection(&PeriodSet::union(*b));
                assert!((0..6).all(|at| common.contains(year(at)) == (holds(a, at) && holds(b, at))), "{a:?} {b:?}");
                assert_eq!(common, PeriodSet::union(common.periods().iter().copied()));
            }
        }
    }
}
