//! Arrays of indices and the relational ops on them: exact, without gradient, the same for every float type.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::backend::Backend;
use burn::tensor::ops::IntTensor;
#[cfg(feature = "cpu")]
use burn::tensor::{DType, Shape};
#[cfg(feature = "cpu")]
use burn_flex::{Flex, FlexDevice, FlexTensor, Layout};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::relations::Relations;
use hypergraphql_kernels::search_sorted::Side;
use hypergraphql_kernels::segment_reduce::Fold;
#[cfg(feature = "cpu")]
use hypergraphql_kernels::{compact, distinct, extend, intersect, scan, search_sorted, segment_reduce, sort, top_k};

#[cfg(feature = "cpu")]
use crate::ids::{Owner, shared};

/// Keys, the upper words of long ones, and what belongs to them.
#[derive(Debug, Clone)]
pub struct Records<I> {
    /// The lower 32 bits of the keys, `[n]`.
    pub low: I,
    /// The upper 32 bits, where keys have 64.
    pub high: Option<I>,
    /// What belongs to each key.
    pub payload: Option<I>,
}

type Result<T> = std::result::Result<T, KernelError>;

/// The part of the narrow waist that knows indices alone; see `HyperBackend`. Lengths have been checked.
pub trait RelationalBackend: Backend {
    /// Indices resident on the device; cheap to clone.
    type Ids: Clone + Debug + Send + Sync + 'static;

    /// The relational ops of the device for one that knows no back end, such as the executor of queries; none where the device is the host.
    fn relational_ops(device: &Self::Device) -> Option<Box<dyn Relations>>;

    /// Uploads indices.
    fn ids(values: Vec<u32>, device: &Self::Device) -> Self::Ids;
    /// Number of indices.
    fn ids_len(x: &Self::Ids) -> usize;
    /// The indices; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    fn read_ids(x: &Self::Ids, device: &Self::Device) -> Result<Vec<u32>>;
    /// The indices as whole numbers `[n]` of type u32, without a copy.
    fn ids_into_int(x: Self::Ids, device: &Self::Device) -> IntTensor<Self>;
    /// Whole numbers `[n]` of type u32 as indices; without a copy, unless on the host others have them too.
    fn int_into_ids(x: IntTensor<Self>) -> Self::Ids;

    /// x `[n]` -> `[n + 1]`.
    ///
    /// # Errors
    /// More elements than 32-bit indices hold.
    fn scan(x: &Self::Ids, device: &Self::Device) -> Result<Self::Ids>;
    /// Σ x, exact.
    ///
    /// # Errors
    /// A read that fails.
    fn total(x: &Self::Ids, device: &Self::Device) -> Result<u64>;
    /// Records in ascending order of the keys; stable.
    ///
    /// # Errors
    /// More elements than 32-bit indices hold.
    fn sort(records: Records<Self::Ids>, device: &Self::Device) -> Result<Records<Self::Ids>>;
    /// x `[n]` ascending, needles `[m]` -> `[m]`.
    ///
    /// # Errors
    /// More elements than 32-bit indices hold.
    fn search_sorted(x: &Self::Ids, needles: &Self::Ids, side: Side, device: &Self::Device) -> Result<Self::Ids>;
    /// low, high `[n]` -> row and position `[T]`.
    ///
    /// # Errors
    /// More outputs than 32-bit indices hold, a read that fails.
    fn extend(low: &Self::Ids, high: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)>;
    /// a `[n]`, b `[m]` strictly ascending -> positions in a and in b.
    ///
    /// # Errors
    /// A read that fails.
    fn intersect(a: &Self::Ids, b: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)>;
    /// x, flag `[n]` -> `[t]`.
    ///
    /// # Errors
    /// A read that fails.
    fn compact(x: &Self::Ids, flag: &Self::Ids, device: &Self::Device) -> Result<Self::Ids>;
    /// x `[n]` ascending -> `[t]` and pointers `[t + 1]`.
    ///
    /// # Errors
    /// A read that fails.
    fn distinct(x: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)>;
    /// ptr `[s + 1]`, x `[n]` -> `[s]`.
    ///
    /// # Errors
    /// Pointers out of order, where the device sees it.
    fn segment_reduce(ptr: &Self::Ids, x: &Self::Ids, fold: Fold, device: &Self::Device) -> Result<Self::Ids>;
    /// keys `[n]` -> positions `[min(k, n)]`.
    ///
    /// # Errors
    /// More elements than 32-bit indices hold.
    fn top_k(keys: &Self::Ids, k: usize, device: &Self::Device) -> Result<Self::Ids>;
}

/// Indices with more than one owner.
#[cfg(feature = "cpu")]
struct Shared(Arc<Vec<u32>>);

#[cfg(feature = "cpu")]
impl AsRef<[u32]> for Shared {
    fn as_ref(&self) -> &[u32] {
        &self.0
    }
}

#[cfg(feature = "cpu")]
fn pair((a, b): (Vec<u32>, Vec<u32>)) -> (Arc<Vec<u32>>, Arc<Vec<u32>>) {
    (Arc::new(a), Arc::new(b))
}

#[cfg(feature = "cpu")]
impl RelationalBackend for Flex {
    type Ids = Arc<Vec<u32>>;

    fn relational_ops(_: &FlexDevice) -> Option<Box<dyn Relations>> {
        None
    }

    fn ids(values: Vec<u32>, _: &FlexDevice) -> Self::Ids {
        Arc::new(values)
    }

    fn ids_len(x: &Self::Ids) -> usize {
        x.len()
    }

    fn read_ids(x: &Self::Ids, _: &FlexDevice) -> Result<Vec<u32>> {
        Ok(x.to_vec())
    }

    fn ids_into_int(x: Self::Ids, _: &FlexDevice) -> IntTensor<Self> {
        let shape = Shape::new([x.len()]);
        FlexTensor::new(shared(Owner(Shared(x))), Layout::contiguous(shape), DType::U32)
    }

    fn int_into_ids(x: IntTensor<Self>) -> Self::Ids {
        let data = x.to_contiguous().into_data();
        Arc::new(data.into_vec().expect("indices are of type u32, which was checked: this is a bug"))
    }

    fn scan(x: &Self::Ids, _: &FlexDevice) -> Result<Self::Ids> {
        Ok(Arc::new(scan::host::scan(x)))
    }

    fn total(x: &Self::Ids, _: &FlexDevice) -> Result<u64> {
        Ok(scan::host::total(x))
    }

    fn sort(r: Records<Self::Ids>, _: &FlexDevice) -> Result<Records<Self::Ids>> {
        let payload = r.payload.as_ref().map(|p| &p[..]);
        Ok(match r.high {
            None => {
                let (low, payload) = sorted(&r.low, payload);
                Records { low: Arc::new(low), high: None, payload: payload.map(Arc::new) }
            }
            Some(high) => {
                let keys: Vec<u64> = r.low.iter().zip(&*high).map(|(&low, &high)| u64::from(high) << 32 | u64::from(low)).collect();
                let (keys, payload) = sorted(&keys, payload);
                let word = |shift: u32| Arc::new(keys.iter().map(|k| (k >> shift) as u32).collect());
                Records { low: word(0), high: Some(word(32)), payload: payload.map(Arc::new) }
            }
        })
    }

    fn search_sorted(x: &Self::Ids, needles: &Self::Ids, side: Side, _: &FlexDevice) -> Result<Self::Ids> {
        Ok(Arc::new(search_sorted::host::search_sorted(x, needles, side)))
    }

    fn extend(low: &Self::Ids, high: &Self::Ids, _: &FlexDevice) -> Result<(Self::Ids, Self::Ids)> {
        extend::host::extend(low, high).map(pair)
    }

    fn intersect(a: &Self::Ids, b: &Self::Ids, _: &FlexDevice) -> Result<(Self::Ids, Self::Ids)> {
        Ok(pair(intersect::host::intersect(a, b)))
    }

    fn compact(x: &Self::Ids, flag: &Self::Ids, _: &FlexDevice) -> Result<Self::Ids> {
        compact::host::compact(x, flag).map(Arc::new)
    }

    fn distinct(x: &Self::Ids, _: &FlexDevice) -> Result<(Self::Ids, Self::Ids)> {
        Ok(pair(distinct::host::distinct(x)))
    }

    fn segment_reduce(ptr: &Self::Ids, x: &Self::Ids, fold: Fold, _: &FlexDevice) -> Result<Self::Ids> {
        segment_reduce::host::segment_reduce(ptr, x, fold).map(Arc::new)
    }

    fn top_k(keys: &Self::Ids, k: usize, _: &FlexDevice) -> Result<Self::Ids> {
        Ok(Arc::new(top_k::host::top_k(keys, k)))
    }
}

#[cfg(feature = "cpu")]
fn sorted<K: sort::host::Key>(keys: &[K], payload: Option<&[u32]>) -> (Vec<K>, Option<Vec<u32>>) {
    let Some(payload) = payload else { return (sort::host::sort(keys), None) };
    let (keys, payload) = sort::host::sort_by_key(keys, payload);
    (keys, Some(payload))
}

#[cfg(feature = "cube")]
mod on_devices {
    use burn::tensor::{DType, Shape};
    use burn_cubecl::kernel::into_contiguous;
    use burn_cubecl::tensor::CubeTensor;
    use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
    use hypergraphql_kernels::device::Ids;
    use hypergraphql_kernels::relations::Launcher;
    use hypergraphql_kernels::sort::launch::Sorted;
    use hypergraphql_kernels::{compact, distinct, extend, intersect, scan, search_sorted, segment_reduce, sort, top_k};

    use super::{Fold, IntTensor, KernelError, Records, RelationalBackend, Relations, Result, Side};

    impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> RelationalBackend for CubeBackend<R, F, I, BT> {
        type Ids = Ids<R>;

        fn relational_ops(device: &Self::Device) -> Option<Box<dyn Relations>> {
            Some(Box::new(Launcher::new(R::client(device))))
        }

        fn ids(values: Vec<u32>, device: &Self::Device) -> Self::Ids {
            Ids::upload(&R::client(device), &values)
        }

        fn ids_len(x: &Self::Ids) -> usize {
            x.len()
        }

        fn read_ids(x: &Self::Ids, device: &Self::Device) -> Result<Vec<u32>> {
            x.read(&R::client(device))
        }

        fn ids_into_int(x: Self::Ids, device: &Self::Device) -> IntTensor<Self> {
            let shape = Shape::new([x.len()]);
            CubeTensor::new_contiguous(R::client(device), device.clone(), shape, x.into_handle(), DType::U32)
        }

        fn int_into_ids(x: IntTensor<Self>) -> Self::Ids {
            let x = into_contiguous(x);
            let len = x.meta.shape().num_elements();
            Ids::wrap(x.handle, len).expect("a tensor has the memory of its elements: this is a bug")
        }

        fn scan(x: &Self::Ids, device: &Self::Device) -> Result<Self::Ids> {
            scan::launch::scan(&R::client(device), x)
        }

        fn total(x: &Self::Ids, device: &Self::Device) -> Result<u64> {
            scan::launch::total(&R::client(device), x)
        }

        fn sort(r: Records<Self::Ids>, device: &Self::Device) -> Result<Records<Self::Ids>> {
            let Sorted { low, high, payload } =
                sort::launch::sort(&R::client(device), &Sorted { low: r.low, high: r.high, payload: r.payload })?;
            Ok(Records { low, high, payload })
        }

        fn search_sorted(x: &Self::Ids, needles: &Self::Ids, side: Side, device: &Self::Device) -> Result<Self::Ids> {
            search_sorted::launch::search_sorted(&R::client(device), x, needles, side)
        }

        fn extend(low: &Self::Ids, high: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            extend::launch::extend(&R::client(device), low, high)
        }

        fn intersect(a: &Self::Ids, b: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            intersect::launch::intersect(&R::client(device), a, b)
        }

        fn compact(x: &Self::Ids, flag: &Self::Ids, device: &Self::Device) -> Result<Self::Ids> {
            compact::launch::compact(&R::client(device), x, flag)
        }

        fn distinct(x: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            distinct::launch::distinct(&R::client(device), x)
        }

        fn segment_reduce(ptr: &Self::Ids, x: &Self::Ids, fold: Fold, device: &Self::Device) -> Result<Self::Ids> {
            segment_reduce::launch::segment_reduce(&R::client(device), ptr, x, fold)
        }

        fn top_k(keys: &Self::Ids, k: usize, device: &Self::Device) -> std::result::Result<Self::Ids, KernelError> {
            top_k::launch::top_k(&R::client(device), keys, k)
        }
    }
}

/// The ops of the backend within: there is nothing to differentiate and nothing to fuse.
macro_rules! as_within {
    ($within:ty) => {
        type Ids = <$within as RelationalBackend>::Ids;

        fn relational_ops(device: &Self::Device) -> Option<Box<dyn Relations>> {
            <$within as RelationalBackend>::relational_ops(device)
        }

        fn ids(values: Vec<u32>, device: &Self::Device) -> Self::Ids {
            <$within>::ids(values, device)
        }

        fn ids_len(x: &Self::Ids) -> usize {
            <$within>::ids_len(x)
        }

        fn read_ids(x: &Self::Ids, device: &Self::Device) -> Result<Vec<u32>> {
            <$within>::read_ids(x, device)
        }

        fn scan(x: &Self::Ids, device: &Self::Device) -> Result<Self::Ids> {
            <$within as RelationalBackend>::scan(x, device)
        }

        fn total(x: &Self::Ids, device: &Self::Device) -> Result<u64> {
            <$within>::total(x, device)
        }

        fn sort(records: Records<Self::Ids>, device: &Self::Device) -> Result<Records<Self::Ids>> {
            <$within as RelationalBackend>::sort(records, device)
        }

        fn search_sorted(x: &Self::Ids, needles: &Self::Ids, side: Side, device: &Self::Device) -> Result<Self::Ids> {
            <$within>::search_sorted(x, needles, side, device)
        }

        fn extend(low: &Self::Ids, high: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            <$within>::extend(low, high, device)
        }

        fn intersect(a: &Self::Ids, b: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            <$within>::intersect(a, b, device)
        }

        fn compact(x: &Self::Ids, flag: &Self::Ids, device: &Self::Device) -> Result<Self::Ids> {
            <$within>::compact(x, flag, device)
        }

        fn distinct(x: &Self::Ids, device: &Self::Device) -> Result<(Self::Ids, Self::Ids)> {
            <$within>::distinct(x, device)
        }

        fn segment_reduce(ptr: &Self::Ids, x: &Self::Ids, fold: Fold, device: &Self::Device) -> Result<Self::Ids> {
            <$within>::segment_reduce(ptr, x, fold, device)
        }

        fn top_k(keys: &Self::Ids, k: usize, device: &Self::Device) -> Result<Self::Ids> {
            <$within>::top_k(keys, k, device)
        }
    };
}

impl<B: RelationalBackend, C: CheckpointStrategy> RelationalBackend for Autodiff<B, C> {
    as_within!(B);

    fn ids_into_int(x: Self::Ids, device: &Self::Device) -> IntTensor<Self> {
        B::ids_into_int(x, device)
    }

    fn int_into_ids(x: IntTensor<Self>) -> Self::Ids {
        B::int_into_ids(x)
    }
}

#[cfg(feature = "fusion")]
impl<B: burn_fusion::FusionBackend + RelationalBackend> RelationalBackend for burn_fusion::Fusion<B> {
    as_within!(B);

    fn ids_into_int(x: Self::Ids, device: &Self::Device) -> IntTensor<Self> {
        super::fusion::known_int::<B>(B::ids_into_int(x, device), device)
    }

    fn int_into_ids(x: IntTensor<Self>) -> Self::Ids {
        B::int_into_ids(x.client.clone().resolve_tensor_int::<B>(x))
    }
}
