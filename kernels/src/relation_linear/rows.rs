//! `RelationRows`: which rows each relation has.

use crate::error::KernelError;

/// Rows sorted by relation: those of relation r stand at the places `ptr[r]..ptr[r + 1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationRows {
    ptr: Vec<u32>,
    order: Option<Vec<u32>>,
}

impl RelationRows {
    /// From the relation of each row, in O(rows + relations); rows of one relation keep their order.
    ///
    /// # Errors
    /// A relation `>= relations`, sizes that 32-bit indices cannot hold.
    pub fn new(ids: &[u32], relations: usize) -> Result<Self, KernelError> {
        let limit = u32::MAX as usize;
        for (what, got) in [("rows", ids.len()), ("relations", relations)] {
            if got >= limit {
                return Err(KernelError::TooLarge { what, got, limit: limit - 1 });
            }
        }
        if let Some(at) = ids.iter().position(|&id| id as usize >= relations) {
            return Err(KernelError::Index { op: "relation_linear", argument: "ids", at, got: ids[at] as usize, limit: relations });
        }
        let mut ptr = vec![0u32; relations + 1];
        for &id in ids {
            ptr[id as usize + 1] += 1;
        }
        for r in 0..relations {
            ptr[r + 1] += ptr[r];
        }
        let order = (!ids.is_sorted()).then(|| {
            let (mut next, mut order) = (ptr.clone(), vec![0u32; ids.len()]);
            for (row, &id) in ids.iter().enumerate() {
                let place = &mut next[id as usize];
                order[*place as usize] = row as u32;
                *place += 1;
            }
            order
        });
        Ok(Self { ptr, order })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.ptr.last().map_or(0, |&end| end as usize)
    }

    /// R, the number of relations.
    pub fn relations(&self) -> usize {
        self.ptr.len() - 1
    }

    /// First place of each relation, and the number of rows: R + 1 numbers.
    pub fn ptr(&self) -> &[u32] {
        &self.ptr
    }

    /// The row at each place; `None` where the rows are sorted already.
    pub fn order(&self) -> Option<&[u32]> {
        self.order.as_deref()
    }

    /// The row at `place`.
    #[inline(always)]
    pub fn row(&self, place: usize) -> usize {
        self.order.as_ref().map_or(place, |order| order[place] as usize)
    }

    /// The relation at `place`: the last one that begins there or before.
    pub(crate) fn relation_at(&self, place: usize) -> usize {
        self.ptr.partition_point(|&p| p as usize <= place) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_relation_keep_their_order() {
        let rows = RelationRows::new(&[2, 0, 2, 4, 0], 6).unwrap();
        assert_eq!(rows.ptr(), [0, 2, 2, 4, 4, 5, 5]);
        assert_eq!(rows.order().unwrap(), [1, 4, 0, 2, 3]);
        let found: Vec<_> = (0..5).map(|place| rows.relation_at(place)).collect();
        assert_eq!(found, [0, 0, 2, 2, 4]);
        assert_eq!(RelationRows::new(&[0, 0, 3], 4).unwrap().order(), None);
        let nothing = RelationRows::new(&[], 0).unwrap();
        assert_eq!((nothing.rows(), nothing.relations()), (0, 0));
    }

    #[test]
    fn a_relation_out_of_range_is_refused() {
        let error = RelationRows::new(&[0, 3], 3).unwrap_err().to_string();
        assert_eq!(error, "relation_linear: ids[1] is 3, expected one below 3");
    }
}
