//! Keys and values of the tokens that a decoder has read.

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, Index, gather};

use super::batch::Group;
use crate::error::{ModelError, Result};

/// Keys and values `[S, Hk, T, D]` of a group of S sequences that have read T tokens.
#[derive(Debug, Clone)]
pub struct KeysValues<B: HyperBackend> {
    /// K, with their places turned in.
    pub keys: Tensor<B, 4>,
    /// V
    pub values: Tensor<B, 4>,
}

impl<B: HyperBackend> KeysValues<B> {
    /// Appends those of further tokens.
    fn extended(self, next: Self) -> Self {
        let join = |a: Tensor<B, 4>, b: Tensor<B, 4>| Tensor::cat(vec![a, b], 2); // [S, Hk, T + t, D]
        Self { keys: join(self.keys, next.keys), values: join(self.values, next.values) }
    }

    /// Those of these sequences.
    fn of(self, sequences: &Index<B>) -> Result<Self> {
        let rows = |x: Tensor<B, 4>| -> Result<_> {
            let [s, heads, tokens, width] = x.dims();
            let x = gather(x.reshape([s, heads * tokens * width]), sequences)?;
            Ok(x.reshape([sequences.len(), heads, tokens, width]))
        };
        Ok(Self { keys: rows(self.keys)?, values: rows(self.values)? })
    }
}

/// The part of a [`KvCache`] that one block has, by group.
#[derive(Debug, Clone)]
pub struct BlockCache<B: HyperBackend>(Vec<Option<KeysValues<B>>>);

impl<B: HyperBackend> BlockCache<B> {
    /// Appends the keys and values of a group's new tokens and gives those of all its tokens.
    pub(crate) fn extend(&mut self, group: usize, next: KeysValues<B>) -> KeysValues<B> {
        if self.0.len() <= group {
            self.0.resize(group + 1, None);
        }
        let all = match self.0[group].take() {
            Some(known) => known.extended(next),
            None => next,
        };
        self.0[group] = Some(all.clone());
        all
    }
}

/// Keys and values of all blocks, so that a step of decoding reads one token of each sequence. The groups are those of the first batch, in its order, and
/// keep their equal lengths as every step adds one token to each.
#[derive(Debug, Clone)]
pub struct KvCache<B: HyperBackend> {
    blocks: Vec<BlockCache<B>>,
    groups: Vec<Group>,
}

impl<B: HyperBackend> KvCache<B> {
    /// Nothing read yet, for a decoder with so many blocks.
    pub fn new(blocks: usize) -> Self {
        Self { blocks: (0..blocks).map(|_| BlockCache(Vec::new())).collect(), groups: Vec::new() }
    }

    /// The groups, with the tokens that each sequence has read.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Number of sequences of each group.
    pub fn sequences(&self) -> Vec<usize> {
        self.groups.iter().map(|group| group.sequences).collect()
    }

    /// The part of block `index`.
    pub fn block(&mut self, index: usize) -> Option<&mut BlockCache<B>> {
        self.blocks.get_mut(index)
    }

    /// Bytes of the keys and values.
    pub fn bytes(&self) -> usize {
        let bytes = |x: &Tensor<B, 4>| x.dims().iter().product::<usize>() * x.dtype().size();
        self.blocks.iter().flat_map(|block| block.0.iter().flatten()).map(|kv| bytes(&kv.keys) + bytes(&kv.values)).sum()
    }

    /// Tokens that each group has read before a pass over `next`.
    ///
    /// # Errors
    /// When the groups are others than those of the cache.
    pub(super) fn starts(&self, next: &[Group]) -> Result<Vec<usize>> {
        if self.groups.is_empty() {
            return Ok(vec![0; next.len()]);
        }
        let (got, expected): (Vec<_>, Vec<_>) = (next.iter().map(|g| g.sequences).collect(), self.sequences());
        if got != expected {
            return Err(ModelError::shape("the groups of a batch that goes on from a cache, in sequences,", &got, &expected));
        }
        Ok(self.groups.iter().map(|group| group.tokens).collect())
    }

    /// Counts the tokens of a pass.
    pub(crate) fn advance(&mut self, read: &[Group]) {
        if self.groups.is_empty() {
            self.groups = read.to_vec();
            return;
        }
        self.groups.iter_mut().zip(read).for_each(|(group, read)| group.tokens += read.tokens);
    }

    /// Drops the sequences that are not kept, one flag for each, and groups without any.
    ///
    /// # Errors
    /// When there is another number of flags than of sequences.
    pub fn keep(&mut self, kept: &[bool]) -> Result<()> {
        let sequences: usize = self.sequences().iter().sum();
        if kept.len() != sequences {
            return Err(ModelError::option("number of flags", kept.len(), format!("{sequences}, one for each sequence")));
        }
        let mut start = 0;
        let mut rows = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let flags = &kept[start..start + group.sequences];
            rows.push((0..group.sequences as u32).filter(|&i| flags[i as usize]).collect::<Vec<u32>>());
            start += group.sequences;
        }
        for block in &mut self.blocks {
            let old = std::mem::take(&mut block.0);
            for (kv, (rows, group)) in old.into_iter().zip(rows.iter().zip(&self.groups)) {
                match kv {
                    Some(_) if rows.is_empty() => {}
                    Some(kv) if rows.len() < group.sequences => {
                        let index = Index::new(rows, group.sequences, &kv.keys.device())?;
                        block.0.push(Some(kv.of(&index)?));
                    }
                    kv => block.0.push(kv),
                }
            }
        }
        self.groups.iter_mut().zip(&rows).for_each(|(group, rows)| group.sequences = rows.len());
        self.groups.retain(|group| group.sequences > 0);
        Ok(())
    }
}
