//! Approximate search for the largest inner products: items in lists around centres, of which a query reads a few.

use burn::tensor::{Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, Metric, knn};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::error::{ModelError, Result};

/// Items for each list that the centres are learned from, at most.
const SAMPLE: usize = 256;

/// Options of [`InvertedLists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexOptions {
    /// Number of lists; none: √N.
    pub lists: Option<usize>,
    /// Passes of k-means.
    pub passes: usize,
    /// Draws the first centres.
    pub seed: u64,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { lists: None, passes: 10, seed: 0 }
    }
}

/// An inverted file (Jégou, Douze and Schmid 2011, "IVF" in FAISS, without codes): k-means shares the items out to lists, and a query is compared with the items of the
/// lists whose centres have the largest inner products with it. With L lists of which p are read, a query costs (L + p·N/L)·D multiply-adds in place of N·D; L is √N.
///
/// Deterministic: the same items and seed give the same lists, and a search has the order of [`knn`]. Reading all lists is the exact search.
#[derive(Debug, Clone)]
pub struct InvertedLists<B: HyperBackend> {
    /// `[L, D]`
    centres: Tensor<B, 2>,
    /// `[N, D]`, list after list.
    items: Tensor<B, 2>,
    /// The item of each row.
    ids: Vec<u32>,
    /// Where the rows of each list begin; one more for the end.
    ptr: Vec<usize>,
}

impl<B: HyperBackend> InvertedLists<B> {
    /// Learns the lists of items. passes · min(N, 256·L) · L · D multiply-adds.
    ///
    /// # Shapes
    /// items `[N, D]`, row after row, of at least one column
    ///
    /// # Errors
    /// More lists than items or none, no items, values that are no rows of D, or sizes that the device cannot hold.
    pub fn new(items: &[f32], width: usize, options: IndexOptions, device: &B::Device) -> Result<Self> {
        let count = items.len() / width.max(1);
        if count == 0 || count * width != items.len() {
            return Err(ModelError::shape("items to search", &[items.len()], &[count.max(1), width]));
        }
        let lists = options.lists.unwrap_or_else(|| (count as f64).sqrt().round().max(1.0) as usize);
        if lists == 0 || lists > count {
            return Err(ModelError::option("lists", lists, format!("1 to {count}, the number of items")));
        }
        let centres = centres::<B>(items, width, lists, options, device)?;
        let (nearest, _) = knn(rows(items, width, device), centres.clone(), 1, Metric::SquaredL2)?;
        let nearest = nearest.read()?;
        let mut ptr = vec![0; lists + 1];
        nearest.iter().for_each(|list| ptr[*list as usize + 1] += 1);
        (0..lists).for_each(|list| ptr[list + 1] += ptr[list]);
        let mut ids: Vec<u32> = (0..count as u32).collect();
        ids.sort_by_key(|id| nearest[*id as usize]);
        let sorted: Vec<f32> = ids.iter().flat_map(|id| &items[*id as usize * width..][..width]).copied().collect();
        Ok(Self { centres, items: rows(&sorted, width, device), ids, ptr })
    }

    /// L
    pub fn lists(&self) -> usize {
        self.ptr.len() - 1
    }

    /// N
    pub fn items(&self) -> usize {
        self.ids.len()
    }

    /// The items with the largest inner products in the `probes` lists nearest to each query, at most k, best first; and how many items were compared with a query in
    /// all.
    ///
    /// # Shapes
    /// queries `[Q, D]`, row after row
    ///
    /// # Errors
    /// Queries that are no rows of D, or sizes that the device cannot hold.
    pub fn search(&self, queries: &[f32], k: usize, probes: usize) -> Result<(Vec<Vec<(u32, f32)>>, u64)> {
        let ([_, width], device) = (self.items.dims(), self.items.device());
        let count = queries.len() / width;
        if count * width != queries.len() {
            return Err(ModelError::shape("queries", &[queries.len()], &[count, width]));
        }
        let (mut found, mut compared) = (vec![Vec::new(); count], 0);
        if count == 0 || k == 0 || probes == 0 {
            return Ok((found, compared));
        }
        let probes = probes.min(self.lists());
        let (near, _) = knn(rows(queries, width, &device), self.centres.clone(), probes, Metric::InnerProduct)?;
        let mut readers = vec![Vec::new(); self.lists()];
        (0..).zip(near.read()?.chunks(probes)).for_each(|(query, lists): (usize, _)| {
            lists.iter().for_each(|list| readers[*list as usize].push(query));
        });
        for (list, readers) in readers.iter().enumerate() {
            let (start, len) = (self.ptr[list], self.ptr[list + 1] - self.ptr[list]);
            if readers.is_empty() || len == 0 {
                continue;
            }
            let asked: Vec<f32> = readers.iter().flat_map(|query| &queries[query * width..][..width]).copied().collect();
            let of_list = k.min(len);
            let (ids, scores) = knn(rows(&asked, width, &device), self.items.clone().narrow(0, start, len), of_list, Metric::InnerProduct)?;
            let (ids, scores) = (ids.read()?, scores.into_data().convert::<f32>());
            let mut best = ids.iter().zip(scores.iter::<f32>());
            for query in readers {
                found[*query].extend(best.by_ref().take(of_list).map(|(row, score)| (self.ids[start + *row as usize], score)));
            }
            compared += (len * readers.len()) as u64;
        }
        for one in &mut found {
            // As in `knn`: of equal ones the earlier item first; NaN last.
            one.sort_unstable_by(|a, b| {
                let is_nan = (a.1.is_nan(), b.1.is_nan());
                b.1.partial_cmp(&a.1).unwrap_or_else(|| is_nan.0.cmp(&is_nan.1)).then(a.0.cmp(&b.0))
            });
            one.truncate(k);
        }
        Ok((found, compared))
    }
}

fn rows<B: HyperBackend>(values: &[f32], width: usize, device: &B::Device) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), device)
}

/// Lloyd's k-means on a sample, from items that are drawn; an empty list gets the item that is farthest from its centre.
fn centres<B: HyperBackend>(items: &[f32], width: usize, lists: usize, options: IndexOptions, device: &B::Device) -> Result<Tensor<B, 2>> {
    let count = items.len() / width;
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut order: Vec<usize> = (0..count).collect();
    let wanted = count.min(lists.saturating_mul(SAMPLE));
    for at in 0..wanted {
        let other = at + ((u128::from(rng.next_u64()) * (count - at) as u128) >> 64) as usize;
        order.swap(at, other);
    }
    let sample: Vec<f32> = order[..wanted].iter().flat_map(|item| &items[item * width..][..width]).copied().collect();
    let points = rows::<B>(&sample, width, device);
    let mut centres = sample[..lists * width].to_vec();
    for _ in 0..options.passes {
        let (nearest, distances) = knn(points.clone(), rows(&centres, width, device), 1, Metric::SquaredL2)?;
        let (nearest, distances) = (nearest.read()?, distances.into_data().convert::<f32>());
        let (mut sums, mut counts) = (vec![0.0_f64; lists * width], vec![0_usize; lists]);
        for (point, list) in sample.chunks_exact(width).zip(&nearest) {
            let list = *list as usize;
            counts[list] += 1;
            sums[list * width..][..width].iter_mut().zip(point).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        let mut far: Vec<(f32, usize)> = distances.iter::<f32>().zip(0..).collect();
        far.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut far = far.into_iter().map(|(_, point)| &sample[point * width..][..width]);
        for (list, centre) in centres.chunks_exact_mut(width).enumerate() {
            match counts[list] {
                0 => far.next().into_iter().for_each(|point| centre.copy_from_slice(point)),
                n => centre.iter_mut().zip(&sums[list * width..]).for_each(|(c, sum)| *c = (sum / n as f64) as f32),
            }
        }
    }
    Ok(rows(&centres, width, device))
}

#[cfg(test)]
mod tests {
    use hypergraphql_ops::{Cpu, CpuDevice};

    use super::*;

    const WIDTH: usize = 5;

    /// Rows around seven centres.
    fn clustered(count: usize, seed: usize) -> Vec<f32> {
        let value = |i: usize, j: usize| {
            let centre = ((i % 7 * WIDTH + j) as f64 * 2.3).sin();
            (centre + 0.1 * ((i * WIDTH + j + seed) as f64 * 1.7).sin()) as f32
        };
        (0..count).flat_map(|i| (0..WIDTH).map(move |j| value(i, j))).collect()
    }

    fn exact(items: &[f32], query: &[f32], k: usize) -> Vec<u32> {
        let mut all: Vec<(f64, u32)> = (0..)
            .zip(items.chunks(WIDTH))
            .map(|(id, item)| (item.iter().zip(query).map(|(x, q)| f64::from(*x) * f64::from(*q)).sum(), id))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.into_iter().take(k).map(|one| one.1).collect()
    }

    #[test]
    fn all_lists_are_the_exact_search_and_few_are_nearly() {
        let (items, queries) = (clustered(301, 1), clustered(23, 900));
        let index = InvertedLists::<Cpu>::new(&items, WIDTH, IndexOptions::default(), &CpuDevice::default()).unwrap();
        assert_eq!((index.lists(), index.items()), (17, 301));
        let ids = |found: &[Vec<(u32, f32)>]| found.iter().map(|one| one.iter().map(|pair| pair.0).collect::<Vec<_>>()).collect::<Vec<_>>();
        let expected: Vec<Vec<u32>> = queries.chunks(WIDTH).map(|query| exact(&items, query, 9)).collect();
        let (found, compared) = index.search(&queries, 9, usize::MAX).unwrap();
        assert_eq!((ids(&found), compared), (expected.clone(), 23 * 301));
        let (found, compared) = index.search(&queries, 9, 4).unwrap();
        let hits: usize = ids(&found).iter().zip(&expected).map(|(got, all)| all.iter().filter(|id| got.contains(id)).count()).sum();
        assert!(hits * 10 >= 9 * 23 * 9 && compared * 2 < 23 * 301, "{hits} of {}, {compared} compared", 23 * 9);
        assert_eq!(found, index.search(&queries, 9, 4).unwrap().0);
        for (one, query) in found.iter().zip(queries.chunks(WIDTH)) {
            for (id, score) in one {
                let item = &items[*id as usize * WIDTH..][..WIDTH];
                assert!((score - item.iter().zip(query).map(|(x, q)| x * q).sum::<f32>()).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn small_and_bad_sizes() {
        let device = CpuDevice::default();
        let one = InvertedLists::<Cpu>::new(&[1.0, 2.0, 3.0], 3, IndexOptions::default(), &device).unwrap();
        assert_eq!(one.search(&[1.0, 0.0, 1.0], 5, 9).unwrap(), (vec![vec![(0, 4.0)]], 1));
        assert_eq!(one.search(&[], 5, 9).unwrap().0.len(), 0);
        assert_eq!(one.search(&[1.0, 0.0, 1.0], 0, 9).unwrap().0, vec![vec![]]);
        assert!(one.search(&[1.0], 1, 1).is_err());
        // As many lists as items, all of them the same.
        let same = InvertedLists::<Cpu>::new(&[0.5; 14], 2, IndexOptions { lists: Some(7), ..IndexOptions::default() }, &device).unwrap();
        let found = same.search(&[1.0, 1.0], 3, 7).unwrap().0.remove(0);
        assert_eq!(found.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 1, 2]);
        for lists in [0, 8] {
            let options = IndexOptions { lists: Some(lists), ..IndexOptions::default() };
            let error = InvertedLists::<Cpu>::new(&[0.5; 14], 2, options, &device).unwrap_err().to_string();
            assert_eq!(error, format!("lists is {lists}, expected 1 to 7, the number of items"));
        }
        assert!(InvertedLists::<Cpu>::new(&[], 2, IndexOptions::default(), &device).is_err());
        assert!(InvertedLists::<Cpu>::new(&[0.5; 3], 2, IndexOptions::default(), &device).is_err());
    }
}
