//! Statements with qualifiers, on the host and on a device.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{HyperBackend, Incidence, Index};

use crate::error::{ModelError, Result};

/// Statements (head, relation, tail) with qualifiers (relation, entity), as columns of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementList {
    heads: Vec<u32>,
    relations: Vec<u32>,
    tails: Vec<u32>,
    /// Where the qualifiers of each statement begin; one more for the end.
    ptr: Vec<u32>,
    qualifiers: Vec<(u32, u32)>,
}

impl Default for StatementList {
    fn default() -> Self {
        Self { heads: Vec::new(), relations: Vec::new(), tails: Vec::new(), ptr: vec![0], qualifiers: Vec::new() }
    }
}

impl StatementList {
    /// No statements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a statement with its qualifiers, (relation, entity) each.
    pub fn push(&mut self, [head, relation, tail]: [u32; 3], qualifiers: &[(u32, u32)]) {
        self.heads.push(head);
        self.relations.push(relation);
        self.tails.push(tail);
        self.qualifiers.extend_from_slice(qualifiers);
        // Ids are 32 bits wide, so more than u32::MAX qualifiers are refused on the device; here they saturate.
        self.ptr.push(u32::try_from(self.qualifiers.len()).unwrap_or(u32::MAX));
    }

    /// S, the number of statements.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Q, the number of qualifiers of all statements.
    pub fn qualifiers(&self) -> usize {
        self.qualifiers.len()
    }

    /// Head, relation and tail of statement `i`.
    ///
    /// # Panics
    /// When there is no such statement.
    pub fn triple(&self, i: usize) -> [u32; 3] {
        [self.heads[i], self.relations[i], self.tails[i]]
    }

    /// The qualifiers of statement `i`, (relation, entity) each.
    ///
    /// # Panics
    /// When there is no such statement.
    pub fn qualifiers_of(&self, i: usize) -> &[(u32, u32)] {
        &self.qualifiers[self.ptr[i] as usize..self.ptr[i + 1] as usize]
    }

    fn check(&self, nodes: usize, relations: usize) -> Result<()> {
        let entities = self.heads.iter().chain(&self.tails).chain(self.qualifiers.iter().map(|(_, entity)| entity));
        below("entity of a statement", entities, nodes)?;
        below("relation of a statement", self.relations.iter().chain(self.qualifiers.iter().map(|(relation, _)| relation)), relations)
    }
}

fn below<'a>(what: &'static str, mut ids: impl Iterator<Item = &'a u32>, limit: usize) -> Result<()> {
    match ids.find(|id| **id as usize >= limit) {
        None => Ok(()),
        Some(id) => Err(ModelError::option(what, id, format!("an id below {limit}"))),
    }
}

/// S statements over N entities and R relations, on a device as the indices of a convolution; uploaded once, cheap to clone.
///
/// Relation r + R is the inverse of r: it leads from the tail to the head.
#[derive(Debug, Clone)]
pub struct Statements<B: HyperBackend> {
    pub(crate) nodes: usize,
    pub(crate) relations: usize,
    pub(crate) count: usize,
    /// From heads to tails.
    pub(crate) forward: Flow<B>,
    /// From tails to heads.
    pub(crate) inverse: Flow<B>,
    /// `None` where no statement has one.
    pub(crate) qualifiers: Option<Qualifiers<B>>,
}

/// The messages of one direction, one per statement and in their order.
#[derive(Debug, Clone)]
pub(crate) struct Flow<B: HyperBackend> {
    /// `[S]` over N.
    pub(crate) senders: Index<B>,
    /// `[S]` over 2 R.
    pub(crate) relations: Index<B>,
    /// `[N, S]`: row v has the messages that v receives, with the weight 1 / √(messages of the sender · messages of v).
    pub(crate) receivers: Incidence<B>,
}

/// The qualifiers of all statements, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Qualifiers<B: HyperBackend> {
    /// `[Q]` over 2 R.
    pub(crate) relations: Index<B>,
    /// `[Q]` over N.
    pub(crate) entities: Index<B>,
    /// `[Q]` over T, the statements that have qualifiers.
    pub(crate) of: Index<B>,
    /// `[T]` over S.
    pub(crate) statements: Index<B>,
}

impl<B: HyperBackend> Statements<B> {
    /// Uploads statements over `nodes` entities and `relations` relations. O(S + Q + N).
    ///
    /// # Errors
    /// An entity or a relation that is not below these numbers, or sizes that 32-bit indices or the device cannot hold.
    pub fn new(list: &StatementList, nodes: usize, relations: usize, device: &B::Device) -> Result<Self> {
        list.check(nodes, relations)?;
        let inverse_of = u32::try_from(relations).ok().filter(|r| r.checked_mul(2).is_some());
        let inverse_of = inverse_of.ok_or_else(|| ModelError::option("relations", relations, format!("at most {}", u32::MAX / 2)))?;
        let inverse: Vec<u32> = list.relations.iter().map(|r| r + inverse_of).collect();
        let size = Size { nodes, relations: 2 * relations };
        Ok(Self {
            nodes,
            relations,
            count: list.len(),
            forward: Flow::new(&list.heads, &list.relations, &list.tails, size, device)?,
            inverse: Flow::new(&list.tails, &inverse, &list.heads, size, device)?,
            qualifiers: (list.qualifiers() > 0).then(|| Qualifiers::new(list, size, device)).transpose()?,
        })
    }

    /// N, the number of entities.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// R, the number of relations without their inverses.
    pub fn relations(&self) -> usize {
        self.relations
    }

    /// S, the number of statements.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a statement has a qualifier.
    pub fn has_qualifiers(&self) -> bool {
        self.qualifiers.is_some()
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Statements<Autodiff<B, C>> {
    /// The same statements for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Statements<B> {
        let Self { nodes, relations, count, forward, inverse, qualifiers } = self;
        let flow =
            |f: &Flow<Autodiff<B, C>>| Flow { senders: f.senders.inner(), relations: f.relations.inner(), receivers: f.receivers.inner() };
        let qualifiers = qualifiers.as_ref().map(|q| Qualifiers {
            relations: q.relations.inner(),
            entities: q.entities.inner(),
            of: q.of.inner(),
            statements: q.statements.inner(),
        });
        Statements { nodes: *nodes, relations: *relations, count: *count, forward: flow(forward), inverse: flow(inverse), qualifiers }
    }
}

#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    /// With the inverses.
    relations: usize,
}

impl<B: HyperBackend> Flow<B> {
    fn new(senders: &[u32], relations: &[u32], receivers: &[u32], size: Size, device: &B::Device) -> Result<Self> {
        let [sent, received] = [senders, receivers].map(|ids| counts(ids, size.nodes));
        let weight = |(s, r): (&u32, &u32)| (f64::from(sent[*s as usize]) * f64::from(received[*r as usize])).sqrt().recip();
        let weights: Vec<f64> = senders.iter().zip(receivers).map(weight).collect();
        let pairs: Vec<(u32, u32)> = receivers.iter().copied().zip(0..).collect();
        let receivers = Hypergraph::from_weighted_pairs(size.nodes, pairs.len(), &pairs, &weights, Duplicates::Error)?;
        Ok(Self {
            senders: Index::new(senders, size.nodes, device)?,
            relations: Index::new(relations, size.relations, device)?,
            receivers: Incidence::new(&receivers, device)?,
        })
    }
}

fn counts(ids: &[u32], len: usize) -> Vec<u32> {
    let mut counts = vec![0; len];
    ids.iter().for_each(|id| counts[*id as usize] += 1);
    counts
}

impl<B: HyperBackend> Qualifiers<B> {
    fn new(list: &StatementList, size: Size, device: &B::Device) -> Result<Self> {
        let statements: Vec<u32> = (0..).zip(list.ptr.windows(2)).filter(|(_, p)| p[1] > p[0]).map(|(i, _)| i).collect();
        let of: Vec<u32> = (0..).zip(&statements).flat_map(|(t, i)| vec![t; list.qualifiers_of(*i as usize).len()]).collect();
        let (relations, entities): (Vec<u32>, Vec<u32>) = list.qualifiers.iter().copied().unzip();
        Ok(Self {
            relations: Index::new(&relations, size.relations, device)?,
            entities: Index::new(&entities, size.nodes, device)?,
            of: Index::new(&of, statements.len(), device)?,
            statements: Index::new(&statements, list.len(), device)?,
        })
    }
}
