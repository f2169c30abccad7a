//! The parameters of a module in tests: stirred, nudged one by one, and their gradients. Each test program takes this file in by its path.

use burn::backend::Autodiff;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::{Cpu, HyperBackend};

pub(crate) type Ad = Autodiff<Cpu>;

pub(crate) fn values<B: HyperBackend, const D: usize>(x: Tensor<B, D>) -> Vec<f64> {
    x.into_data().convert::<f64>().to_vec().unwrap()
}

/// Every parameter in f64, so that differences can be small, and no zeros and ones, which hide mistakes.
pub(crate) fn stirred<B: HyperBackend, M: Module<B>>(module: M) -> M {
    module.map(&mut Stir(0))
}

struct Stir(usize);

impl<B: HyperBackend> ModuleMapper<B> for Stir {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        self.0 += 1;
        let (id, tensor, mapper) = param.consume();
        let n = tensor.shape().num_elements();
        let stirred: Vec<f64> = (0..n).map(|i| 0.7 * ((i * (self.0 + 2)) as f64 * 0.77 + self.0 as f64).sin()).collect();
        let data = TensorData::new(stirred, tensor.dims());
        let tensor = Tensor::from_data(data, (&tensor.device(), DType::F64)).set_require_grad(tensor.is_require_grad());
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// Adds `step` to element `element` of parameter `parameter`.
pub(crate) struct Nudge {
    pub(crate) parameter: usize,
    pub(crate) element: usize,
    pub(crate) step: f64,
    pub(crate) at: usize,
}

impl<B: HyperBackend> ModuleMapper<B> for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let here = self.at == self.parameter;
        self.at += 1;
        if !here {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let (shape, device, learns) = (tensor.dims(), tensor.device(), tensor.is_require_grad());
        let mut changed = values(tensor);
        changed[self.element] += self.step;
        let tensor = Tensor::from_data(TensorData::new(changed, shape), (&device, DType::F64)).set_require_grad(learns);
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// The gradient of every parameter, in the order of the module; empty where there is none.
pub(crate) fn gradients<M: Module<Ad>>(module: &M, of: &<Ad as AutodiffBackend>::Gradients) -> Vec<Vec<f64>> {
    let mut gradients = Gradients { of, found: Vec::new() };
    module.visit(&mut gradients);
    gradients.found
}

struct Gradients<'a> {
    of: &'a <Ad as AutodiffBackend>::Gradients,
    found: Vec<Vec<f64>>,
}

impl ModuleVisitor<Ad> for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Ad, D>>) {
        self.found.push(param.val().grad(self.of).map(values).unwrap_or_default());
    }
}
