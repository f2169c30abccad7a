//! Numbers of sets of periods: what stands in a column of valid times.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use hypergraphql_framework::store::{Period, PeriodSet};

/// The number of what is always valid.
pub(crate) const TIMELESS: u32 = 0;

/// The sets of periods of a query; equal sets have one number.
#[derive(Default)]
pub(crate) struct PeriodSets(Mutex<Sets>);

#[derive(Default)]
struct Sets {
    /// The first has number 1.
    sets: Vec<PeriodSet>,
    numbers: HashMap<PeriodSet, u32>,
    /// Intersections that were asked for, the smaller number first.
    common: HashMap<(u32, u32), u32>,
    periods: usize,
}

impl PeriodSets {
    /// The number of a set; none is [`TIMELESS`].
    pub(crate) fn number(&self, set: Option<PeriodSet>) -> u32 {
        set.map_or(TIMELESS, |set| self.lock().number(set))
    }

    /// The set with a number; none for [`TIMELESS`].
    pub(crate) fn get(&self, number: u32) -> Option<PeriodSet> {
        self.lock().get(number).cloned()
    }

    /// The instants of both sets; what is timeless takes nothing away.
    pub(crate) fn intersection(&self, a: u32, b: u32) -> u32 {
        if a == b || b == TIMELESS {
            return a;
        }
        if a == TIMELESS {
            return b;
        }
        let mut sets = self.lock();
        let pair = (a.min(b), a.max(b));
        if let Some(&number) = sets.common.get(&pair) {
            return number;
        }
        let (Some(one), Some(other)) = (sets.get(a), sets.get(b)) else { return TIMELESS };
        let common = one.intersection(other);
        let number = sets.number(common);
        sets.common.insert(pair, number);
        number
    }

    /// Bytes that it needs, about.
    pub(crate) fn bytes(&self) -> u64 {
        let sets = self.lock();
        let (entry, pair) = (2 * size_of::<PeriodSet>() + size_of::<u32>(), size_of::<((u32, u32), u32)>());
        (sets.sets.len() * entry + sets.common.len() * pair + sets.periods * size_of::<Period>()) as u64
    }

    fn lock(&self) -> MutexGuard<'_, Sets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sets {
    fn get(&self, number: u32) -> Option<&PeriodSet> {
        self.sets.get((number as usize).checked_sub(1)?)
    }

    fn number(&mut self, set: PeriodSet) -> u32 {
        if let Some(&number) = self.numbers.get(&set) {
            return number;
        }
        self.periods += set.periods().len();
        self.sets.push(set.clone());
        // No more than rows, which are named by a u32 as well.
        let number = self.sets.len() as u32;
        self.numbers.insert(set, number);
        number
    }
}
