//! The decoder and the encoder can be trained: gradients against central differences in f64.

use burn::backend::Autodiff;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Int, Tensor, TensorData};
use hypergraphql_models::Precision;
use hypergraphql_models::text::Bert;
use hypergraphql_models::transformer::{Llama, LlamaContext, TokenBatch};
use hypergraphql_ops::{Cpu, CpuDevice, Targets, cross_entropy};

use super::folder;

type B = Autodiff<Cpu>;

const STEP: f64 = 1e-5;

/// Adds to one element of the parameter that is visited as number `at`.
struct Shift {
    at: usize,
    seen: usize,
    element: usize,
    by: f64,
}

impl ModuleMapper<B> for Shift {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let here = self.seen == self.at;
        self.seen += 1;
        if !here {
            return param;
        }
        let (id, tensor, mapper) = param.consume();
        let (shape, device, dtype) = (tensor.dims(), tensor.device(), tensor.dtype());
        let mut values: Vec<f64> = tensor.into_data().into_vec().unwrap();
        values[self.element] += self.by;
        Param::from_mapped_value(id, Tensor::from_data(TensorData::new(values, shape), (&device, dtype)).require_grad(), mapper)
    }
}

/// The gradient of every parameter, in the order of visits.
struct Gradients<'a>(&'a <B as burn::tensor::backend::AutodiffBackend>::Gradients, Vec<Vec<f64>>);

impl ModuleVisitor<B> for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let gradient =
            param.val().grad(self.0).unwrap_or_else(|| panic!("parameter {} of shape {:?} has no gradient", self.1.len(), param.dims()));
        self.1.push(gradient.into_data().into_vec().unwrap());
    }
}

/// Compares two elements of every parameter.
fn check<M: Module<B>>(model: &M, loss: impl Fn(&M) -> Tensor<B, 1>) {
    let tape = loss(model).backward();
    let mut gradients = Gradients(&tape, Vec::new());
    model.visit(&mut gradients);
    let mut compared = 0;
    for (at, gradient) in gradients.1.iter().enumerate() {
        for element in [gradient.len() / 3, gradient.len() - 1] {
            let moved = |by| loss(&model.clone().map(&mut Shift { at, seen: 0, element, by })).into_scalar_f64();
            let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let got = gradient[element];
            assert!((got - expected).abs() < 1e-7 * (1.0 + expected.abs()), "parameter {at}, element {element}: {got} {expected}");
            compared += usize::from(got != 0.0);
        }
    }
    assert!(compared > gradients.1.len(), "most gradients are not zero: {compared}");
}

trait Scalar {
    fn into_scalar_f64(self) -> f64;
}

impl Scalar for Tensor<B, 1> {
    fn into_scalar_f64(self) -> f64 {
        self.into_data().into_vec::<f64>().unwrap()[0]
    }
}

#[test]
fn of_the_decoder() {
    for tied in [false, true] {
        let config = hypergraphql_models::transformer::LlamaConfig { tie_word_embeddings: tied, ..folder::llama_config() };
        let dir = tempfile::tempdir().unwrap();
        folder::write(dir.path(), &config.to_json(), &folder::llama(&config));
        let device = CpuDevice::default();
        let (model, _) = Llama::<B>::from_folder(dir.path(), Precision::F64, &device).unwrap();
        let context = LlamaContext::new(&config, Precision::F64, &device).unwrap();
        let batch = TokenBatch::new(&[vec![3, 1, 4, 34], vec![5, 11, 2, 6], vec![23, 34, 8]]).unwrap();
        let targets: Vec<Option<u32>> = (0..11).map(|i| (i % 4 != 3).then_some(i * 3)).collect();
        let targets = Targets::new(&targets, 35, &device).unwrap();
        check(&model, |model: &Llama<B>| {
            let logits = model.forward(&batch, &context).unwrap();
            cross_entropy(logits, &targets).unwrap().sum()
        });
    }
}

#[test]
fn of_the_encoder() {
    let config = folder::bert_config();
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &folder::bert_json(&config), &folder::bert(&config));
    let (model, _) = Bert::<B>::from_folder(dir.path(), Precision::F64, &CpuDevice::default()).unwrap();
    let batch = TokenBatch::new(&[vec![3, 1, 4], vec![28, 9, 10, 9], vec![3, 27, 8]]).unwrap();
    let segments = [0, 1, 2, 2, 1, 0, 0, 1, 1, 2];
    check(&model, |model: &Bert<B>| {
        let x = model.forward(&batch, Some(&segments), Precision::F64).unwrap();
        let weights = Tensor::<B, 1, Int>::arange(0..150, &x.device()).float().cast(x.dtype()).reshape([10, 15]);
        (x * weights.sin()).sum()
    });
}
