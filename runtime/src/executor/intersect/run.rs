//! A list that rows in a row share: its values are marked in an array of bits, so that those of the rows' other lists are looked up there with one load
//! each. The array is of one size, small enough for the second level of caches, whatever the number of ids: ids above share its bits with others.

use std::ops::Range;

use super::list::List;

/// Ids below this have a bit of their own.
const OWN: u32 = 1 << 21;

/// Steps of a search that a look at a mark replaces, about.
const STEPS: usize = 4;

/// Bits of values.
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn new() -> Self {
        Self(vec![0; OWN as usize / 64])
    }

    fn place(value: u32) -> (usize, u32) {
        ((value % OWN / 64) as usize, value % 64)
    }

    fn mark(&mut self, values: &[u32]) {
        for &value in values {
            let (word, bit) = Self::place(value);
            self.0[word] |= 1 << bit;
        }
    }

    fn clear(&mut self, values: &[u32]) {
        values.iter().for_each(|&value| self.0[Self::place(value).0] = 0);
    }

    /// Whether a value is marked, or one that shares its bit.
    #[inline]
    pub(super) fn has(&self, value: u32) -> bool {
        let (word, bit) = Self::place(value);
        self.0[word] >> bit & 1 == 1
    }
}

/// The list that this row and the next ones share, if there is one.
pub(super) struct Run<'a, 's> {
    lists: &'a [List<'a, 's>],
    /// Whether lists may be marked.
    may_mark: bool,
    marks: Option<Marks>,
    list: usize,
    range: Range<usize>,
    /// Steps that marks would have saved so far.
    spent: usize,
    /// The rest of the batch has been looked at.
    judged: bool,
    marked: bool,
}

impl<'a, 's> Run<'a, 's> {
    /// Before the first row; with marks that another block has left, none of them set.
    pub(super) fn new(lists: &'a [List<'a, 's>], may_mark: bool, marks: Option<Marks>) -> Self {
        Self { lists, may_mark, marks, list: usize::MAX, range: 0..0, spent: 0, judged: false, marked: false }
    }

    /// After the last row.
    pub(super) fn end(mut self) -> Option<Marks> {
        self.leave();
        self.marks
    }

    /// Before the first row of a batch.
    pub(super) fn begin_batch(&mut self) {
        self.judged = false;
    }

    /// The list that is marked, and its marks.
    #[inline]
    pub(super) fn marked(&self) -> Option<(usize, &Marks)> {
        self.marks.as_ref().filter(|_| self.marked).map(|marks| (self.list, marks))
    }

    /// Goes to a row; the ranges are those of its lists and then those of the rows that follow in the batch.
    #[inline]
    pub(super) fn enter(&mut self, ranges: &[Range<usize>]) {
        if !self.may_mark {
            return;
        }
        let lists = self.lists.len();
        if self.list >= lists || ranges[self.list] != self.range {
            self.leave();
            let Some(next) = ranges.get(lists..2 * lists) else { return };
            let shared = |&list: &usize| self.lists[list].exact && ranges[list] == next[list];
            let Some(list) = (0..lists).find(shared) else { return };
            (self.list, self.range, self.spent, self.judged) = (list, ranges[list].clone(), 0, false);
        }
        if !self.marked && !self.judged {
            self.judge(ranges);
        }
    }

    /// Marks the list if the rows that share it would otherwise spend as much as that costs.
    fn judge(&mut self, ranges: &[Range<usize>]) {
        self.judged = true;
        for row in ranges.chunks_exact(self.lists.len()).take_while(|row| row[self.list] == self.range) {
            self.spent += STEPS * row.iter().map(Range::len).min().unwrap_or(0);
            if self.spent >= self.range.len() {
                self.marks.get_or_insert_with(Marks::new).mark(&self.lists[self.list].values[self.range.clone()]);
                self.marked = true;
                return;
            }
        }
    }

    fn leave(&mut self) {
        if let (true, Some(marks)) = (self.marked, &mut self.marks) {
            marks.clear(&self.lists[self.list].values[self.range.clone()]);
        }
        (self.list, self.marked) = (usize::MAX, false);
    }
}

/// Whether all values of an ascending list have bits of their own.
#[inline]
pub(super) fn have_own(values: &[u32]) -> bool {
    values.last().is_none_or(|&last| last < OWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_the_values_and_are_taken_away_again() {
        let mut marks = Marks::new();
        let values = [0, 1, 63, 64, OWN - 1, OWN + 5, u32::MAX];
        marks.mark(&values);
        assert!(values.iter().all(|&value| marks.has(value)));
        assert!([2, 62, 65, OWN - 2].iter().all(|&value| !marks.has(value)));
        assert!(marks.has(5) && !have_own(&values), "5 shares the bit of 2^21 + 5");
        assert!(have_own(&values[..5]) && have_own(&[]));
        marks.clear(&values);
        assert!(marks.0.iter().all(|&word| word == 0));
    }
}
