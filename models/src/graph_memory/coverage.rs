//! What of a question the facts that are read do not tell.

use std::collections::HashMap;

use burn::tensor::{Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, Index};
use rayon::prelude::*;

use super::facts::FactList;
use crate::error::Result;
use crate::precision::Precision;

/// Facts of a member that are looked at: of an entity with more, the first ones.
const MOST_FACTS: usize = 1024;
/// Tokens of a question that are looked for, one bit each: of a longer one, the last.
const MOST_TOKENS: usize = 128;

/// The facts of a memory on the host, by entity.
#[derive(Debug)]
pub struct FactIndex {
    list: FactList,
    /// Where the facts of each entity begin; one more for the end.
    ptr: Vec<usize>,
    fact_of: Vec<u32>,
}

/// The tokens of a question up to a row that reads, and where their states are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix {
    /// Token by token.
    pub ids: Vec<u32>,
    /// The row of the state of each.
    pub states: Vec<u32>,
}

/// Which tokens of a question n rows' K slots do not tell.
#[derive(Debug, Clone)]
pub struct Missing<B: HyperBackend> {
    /// 1 where the fact of the slot does not tell the token, `[n, K, T]` for T tokens at most.
    pub in_fact: Tensor<B, 3>,
    /// 1 where neither it tells the token nor the one other fact of one of its members that tells the most of the rest: the first hop of a question of two.
    pub in_both: Tensor<B, 3>,
    /// The states of the tokens, `[n·T]`; 0 after the last.
    pub states: Index<B>,
}

impl FactIndex {
    /// Sorts the facts by entity.
    pub fn new(list: FactList) -> Self {
        let of = |fact: usize| list.slots_of(fact).map(move |slot| (slot, fact as u32));
        let mut places: Vec<(u32, u32)> = (0..list.len()).flat_map(of).map(|(slot, fact)| (list.entity_of()[slot], fact)).collect();
        places.sort_unstable();
        places.dedup();
        let ptr = (0..=list.entities().len()).map(|entity| places.partition_point(|place| (place.0 as usize) < entity)).collect();
        Self { list, ptr, fact_of: places.into_iter().map(|place| place.1).collect() }
    }

    /// The facts.
    pub fn list(&self) -> &FactList {
        &self.list
    }

    fn facts(&self, entity: u32) -> &[u32] {
        &self.fact_of[self.ptr[entity as usize]..self.ptr[entity as usize + 1]]
    }

    /// For each of a row's `kept` slots, which of its tokens are missing; where there are more rows than prefixes, these begin again.
    ///
    /// # Shapes
    /// slots `[n, K]`; results in [`Missing`], in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// Sizes that 32-bit indices or the device cannot hold.
    pub fn missing<B: HyperBackend>(
        &self,
        prefixes: &[Prefix],
        (slots, kept): (&[u32], usize),
        states: usize,
        precision: Precision,
        device: &B::Device,
    ) -> Result<Missing<B>> {
        let rows = slots.len() / kept.max(1);
        let last = |prefix: &Prefix| prefix.ids.len().saturating_sub(MOST_TOKENS);
        let most = prefixes.iter().map(|prefix| prefix.ids.len() - last(prefix)).max().unwrap_or(0);
        let masks: Vec<[u128; 2]> = slots
            .par_chunks(kept.max(1))
            .enumerate()
            .flat_map_iter(|(row, slots)| {
                let prefix = &prefixes[row % prefixes.len()];
                let mut question = Question::new(self, &prefix.ids[last(prefix)..]);
                slots.iter().map(|slot| question.missing(*slot)).collect::<Vec<_>>()
            })
            .collect();
        let of = |which: usize| {
            let bits = masks.iter().flat_map(|mask| (0..most).map(move |at| (mask[which] >> at & 1) as f32)).collect::<Vec<_>>();
            Tensor::from_data(TensorData::new(bits, [rows, kept, most]), (device, precision.wide().dtype()))
        };
        let mut places = vec![0; rows * most];
        for (row, prefix) in prefixes.iter().cycle().take(rows).enumerate() {
            let known = &prefix.states[last(prefix)..];
            places[row * most..row * most + known.len()].copy_from_slice(known);
        }
        Ok(Missing { in_fact: of(0), in_both: of(1), states: Index::new(&places, states, device)? })
    }
}

/// A question: which bits its tokens are, and what facts have been found to tell of it.
struct Question<'a> {
    index: &'a FactIndex,
    all: u128,
    bits: HashMap<u32, u128>,
    told: HashMap<u32, u128>,
}

impl<'a> Question<'a> {
    fn new(index: &'a FactIndex, ids: &[u32]) -> Self {
        let (mut bits, mut all) = (HashMap::<u32, u128>::new(), 0);
        for (at, id) in ids.iter().enumerate() {
            *bits.entry(*id).or_default() |= 1 << at;
            all |= 1 << at;
        }
        Self { index, all, bits, told: HashMap::new() }
    }

    /// The tokens that a fact tells: those of the names of its relation, of its roles and of its members, but for the asked one.
    fn told_by(&self, fact: u32, but: Option<usize>) -> u128 {
        let mut told = 0;
        self.index.list.tokens_of(fact as usize, but, &mut |token| told |= self.bits.get(&token).copied().unwrap_or(0));
        told
    }

    /// Those that neither the slot's fact tells, nor one more.
    fn missing(&mut self, slot: u32) -> [u128; 2] {
        let (index, slot) = (self.index, slot as usize);
        let fact = index.list.fact_of(slot) as u32;
        let first = self.all & !self.told_by(fact, Some(slot));
        let mut best = 0u128;
        for member in index.list.slots_of(fact as usize).filter(|member| *member != slot) {
            for &other in index.facts(index.list.entity_of()[member]).iter().take(MOST_FACTS).filter(|other| **other != fact) {
                let known = self.told.get(&other).copied();
                let told = known.unwrap_or_else(|| self.told_by(other, None));
                self.told.insert(other, told);
                let told = told & first;
                if told.count_ones() > best.count_ones() {
                    best = told;
                }
            }
        }
        [first, first & !best]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 lives in 21 (relation 1, roles 2 and 3); 20 owns 22 30 (relation 4, roles 5 and 6); 23 owns 21.
    fn index() -> FactIndex {
        let names = |ids: &[u32]| ids.iter().map(|id| vec![*id]).collect::<Vec<_>>();
        let entities = vec![vec![20], vec![21], vec![22, 30], vec![23]];
        let mut list = FactList::new(entities, names(&[1, 4]), names(&[2, 3, 5, 6])).unwrap();
        list.push(0, &[(0, 0), (1, 1)]).unwrap();
        list.push(1, &[(0, 2), (2, 3)]).unwrap();
        list.push(1, &[(3, 2), (1, 3)]).unwrap();
        FactIndex::new(list)
    }

    #[test]
    fn what_is_told_is_not_missing() {
        let index = index();
        assert_eq!((index.facts(0), index.facts(3)), (&[0, 1][..], &[2][..]));
        let ask = |ids: &[u32], slot| {
            Question::new(&index, ids).missing(slot).map(|mask| (0..ids.len()).map(|at| mask >> at & 1).collect::<Vec<_>>())
        };
        // Where does 20 live? The slot of 21 tells all but its own name and the mark 9.
        assert_eq!(ask(&[1, 2, 20, 3, 9, 21], 1), [vec![0, 0, 0, 0, 1, 1], vec![0, 0, 0, 0, 1, 1]]);
        // Where does the owner of 22 30 live? One more fact of 20 tells 4, 5, 6, 22 and 30.
        assert_eq!(ask(&[1, 2, 5, 4, 6, 22, 30, 3], 1), [vec![0, 0, 1, 1, 1, 1, 1, 0], vec![0; 8]]);
        // Of 23, no fact beside the slot's tells.
        assert_eq!(ask(&[1, 2, 23, 3], 1)[1], [0, 0, 1, 0]);
    }

    #[test]
    fn long_questions_are_looked_at_from_their_end() {
        use hypergraphql_ops::{Cpu, CpuDevice};
        let index = index();
        let long = Prefix { ids: (0..200).map(|i| if i == 199 { 20 } else { 9 }).collect(), states: (0..200).collect() };
        let short = Prefix { ids: vec![1, 23], states: vec![7, 3] };
        let device = CpuDevice::default();
        let prefixes = [long, short, Prefix::default()];
        let got = index.missing::<Cpu>(&prefixes, (&[1, 3, 1, 2, 0, 0], 2), 200, Precision::F32, &device).unwrap();
        assert_eq!((got.in_fact.dims(), got.states.len()), ([3, 2, 128], 384));
        let values = got.in_fact.into_data().to_vec::<f32>().unwrap();
        let row = |row: usize, slot: usize| &values[(row * 2 + slot) * 128..][..128];
        assert_eq!((row(0, 0)[..127].iter().sum::<f32>(), row(0, 0)[127]), (127.0, 0.0));
        assert_eq!((&row(1, 0)[..3], &row(1, 1)[..3]), (&[0.0, 1.0, 0.0][..], &[1.0, 1.0, 0.0][..]));
        assert!(row(2, 0).iter().all(|bit| *bit == 0.0));
    }
}
