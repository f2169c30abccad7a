//! One custom operation of a fusion stream: its tensors and the function that runs on the inner backend.

use std::fmt;
use std::marker::PhantomData;

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{DType, Shape, TensorMetadata};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{FusionBackend, FusionRuntime, FusionTensor, NoOp, get_client};
use burn_ir::{CustomOpIr, HandleContainer, InitOperationIr, OperationIr, TensorIr};

/// A recorded operation with up to N inputs; `present` says which of them there are.
struct Recorded<B, F, const N: usize> {
    repr: CustomOpIr,
    present: [bool; N],
    run: F,
    backend: PhantomData<B>,
}

impl<B, F, const N: usize> fmt::Debug for Recorded<B, F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.repr)
    }
}

impl<B, F, const N: usize> Operation<B::FusionRuntime> for Recorded<B, F, N>
where
    B: FusionBackend,
    F: Fn([Option<FloatTensor<B>>; N]) -> Vec<FloatTensor<B>> + Send + Sync,
{
    fn execute(&self, handles: &mut HandleContainer<<B::FusionRuntime as FusionRuntime>::FusionHandle>) {
        let mut given = self.repr.inputs.iter();
        let inputs = self.present.map(|p| if p { given.next().map(|t| handles.get_float_tensor::<B>(t)) } else { None });
        for (out, tensor) in self.repr.outputs.iter().zip((self.run)(inputs)) {
            handles.register_float_tensor::<B>(&out.id, tensor);
        }
    }
}

/// Records an operation and returns its results, in order; the first input must be there.
pub(super) fn record<B: FusionBackend, const N: usize>(
    name: &'static str,
    inputs: [Option<FusionTensor<B::FusionRuntime>>; N],
    outputs: Vec<(Shape, DType)>,
    run: impl Fn([Option<FloatTensor<B>>; N]) -> Vec<FloatTensor<B>> + Send + Sync + 'static,
) -> std::vec::IntoIter<FusionTensor<B::FusionRuntime>> {
    let present = inputs.each_ref().map(Option::is_some);
    let inputs: Vec<_> = inputs.into_iter().flatten().collect();
    let client = inputs[0].client.clone();
    let streams = OperationStreams::with_inputs(&inputs);
    let outputs: Vec<_> = outputs.into_iter().map(|(shape, dtype)| TensorIr::uninit(client.create_empty_handle(), shape, dtype)).collect();
    let inputs: Vec<_> = inputs.into_iter().map(FusionTensor::into_ir).collect();
    let repr = CustomOpIr::new(name, &inputs, &outputs);
    let operation = Recorded::<B, _, N> { repr: repr.clone(), present, run, backend: PhantomData };
    client.register(streams, OperationIr::Custom(repr), operation).into_iter()
}

/// Records an operation with one result.
pub(super) fn record_one<B: FusionBackend, const N: usize>(
    name: &'static str,
    inputs: [Option<FusionTensor<B::FusionRuntime>>; N],
    output: (Shape, DType),
    run: impl Fn([Option<FloatTensor<B>>; N]) -> FloatTensor<B> + Send + Sync + 'static,
) -> FusionTensor<B::FusionRuntime> {
    let mut results = record::<B, N>(name, inputs, vec![output], move |inputs| vec![run(inputs)]);
    results.next().expect("one output was registered; this is a bug")
}

/// Records an operation with those of M results that have a shape.
pub(super) fn record_some<B: FusionBackend, const N: usize, const M: usize>(
    name: &'static str,
    inputs: [Option<FusionTensor<B::FusionRuntime>>; N],
    outputs: [Option<(Shape, DType)>; M],
    run: impl Fn([Option<FloatTensor<B>>; N]) -> [Option<FloatTensor<B>>; M] + Send + Sync + 'static,
) -> [Option<FusionTensor<B::FusionRuntime>>; M] {
    let present = outputs.each_ref().map(Option::is_some);
    let outputs = outputs.into_iter().flatten().collect();
    let mut results = record::<B, N>(name, inputs, outputs, move |inputs| run(inputs).into_iter().flatten().collect());
    present.map(|present| if present { results.next() } else { None })
}

/// A tensor of the stream whose values are there already.
pub(in crate::backend) fn known_int<B: FusionBackend>(tensor: IntTensor<B>, device: &B::Device) -> FusionTensor<B::FusionRuntime> {
    let client = get_client::<B>(device);
    let (shape, dtype) = (tensor.shape(), tensor.dtype());
    let known = InitOperationIr::create(shape, dtype, || client.register_tensor_handle(B::int_tensor_handle(tensor)));
    let mut outputs = client.register(OperationStreams::default(), OperationIr::Init(known), NoOp::<B>::new()).into_iter();
    outputs.next().expect("one output was registered; this is a bug")
}
