//! The walk of a row's candidates.

use std::ops::Range;

use super::super::task::Task;
use super::found::Found;
use super::list::List;
use super::run::{Run, have_own};
use super::set::Set;

/// A list that is so many times as long as a marked one is walked rather than it.
const LONGER: usize = 4;

/// How a value is looked up in a list.
#[derive(Clone, Copy)]
enum Lookup<'a> {
    /// It is the list that is walked.
    Walked,
    /// By its mark alone.
    Mark,
    /// By a search, if it is marked.
    MarkAndSearch,
    Set(&'a Set),
    Search,
}

/// Goes from row to row.
pub(super) struct Walk<'a, 's> {
    task: &'a Task<'a, 's>,
    lists: &'a [List<'a, 's>],
    pub(super) run: Run<'a, 's>,
    lookups: Vec<Lookup<'a>>,
}

impl<'a, 's> Walk<'a, 's> {
    pub(super) fn new(task: &'a Task<'a, 's>, lists: &'a [List<'a, 's>], run: Run<'a, 's>) -> Self {
        Self { task, lists, run, lookups: vec![] }
    }

    /// Adds what all lists of a row have; how many candidates it looked at. The ranges are those of its lists, which are used up, and then those of
    /// the rows that follow in the batch.
    #[inline]
    pub(super) fn row(&mut self, row: usize, ranges: &mut [Range<usize>], found: &mut impl Found) -> usize {
        let lists = self.lists;
        let Some(walked) = (0..lists.len()).min_by_key(|&list| ranges[list].len()) else { return 0 };
        if ranges[walked].is_empty() {
            return 0;
        }
        self.run.enter(ranges);
        let walked = self.rather(walked, ranges);
        let range = ranges[walked].clone();
        let (list, candidates) = (&lists[walked], &lists[walked].values[range.clone()]);
        self.choose(walked, &ranges[..lists.len()]);
        let marked = |value: u32| self.run.marked().is_some_and(|(_, marks)| marks.has(value));
        // Two lists, by far the most common case, in loops without choices.
        if let (2, true) = (lists.len(), list.exact) {
            let other = 1 - walked;
            let rest = &mut ranges[other];
            match (self.lookups[other], self.run.marked()) {
                (Lookup::Mark, Some((_, marks))) => found.take(row, candidates, |_, value| marks.has(value)),
                (Lookup::Set(set), _) => {
                    let own = set.list(lists[other].values);
                    found.take(row, candidates, |_, value| set.has(own, value));
                }
                (Lookup::MarkAndSearch, _) => found.take(row, candidates, |_, v| marked(v) && lists[other].has(row, rest, v)),
                _ => found.take(row, candidates, |_, value| lists[other].has(row, rest, value)),
            }
            return range.len();
        }
        let has = |list: usize, value: u32, rest: &mut Range<usize>| match self.lookups[list] {
            Lookup::Walked => true,
            Lookup::Mark => marked(value),
            Lookup::MarkAndSearch => marked(value) && lists[list].has(row, rest, value),
            Lookup::Set(set) => set.has(set.list(lists[list].values), value),
            Lookup::Search => lists[list].has(row, rest, value),
        };
        found.take(row, candidates, |at, value| {
            list.accepts(row, range.start + at) && (0..lists.len()).all(|list| has(list, value, &mut ranges[list]))
        });
        range.len()
    }

    /// Instead of a list that is marked another one that is not much longer, so that the marks are used.
    #[inline]
    fn rather(&self, walked: usize, ranges: &[Range<usize>]) -> usize {
        match self.run.marked() {
            Some((marked, _)) if marked == walked => {
                let others = (0..self.lists.len()).filter(|&list| list != walked);
                let other = others.min_by_key(|&list| ranges[list].len());
                other.filter(|&list| ranges[list].len() <= LONGER * ranges[walked].len()).unwrap_or(walked)
            }
            _ => walked,
        }
    }

    /// How values of one list are looked up in the others.
    #[inline]
    fn choose(&mut self, walked: usize, ranges: &[Range<usize>]) {
        let lists = self.lists;
        let candidates = &lists[walked].values[ranges[walked].clone()];
        let marked = self.run.marked().map(|(list, _)| list);
        self.lookups.clear();
        self.lookups.extend(lists.iter().zip(ranges).enumerate().map(|(at, (list, range))| match at {
            _ if at == walked => Lookup::Walked,
            _ if marked == Some(at) && have_own(&list.values[range.clone()]) && have_own(candidates) => Lookup::Mark,
            _ if marked == Some(at) => Lookup::MarkAndSearch,
            _ => list.sets.get(self.task, list.values, range, candidates.len()).map_or(Lookup::Search, Lookup::Set),
        }));
    }
}
