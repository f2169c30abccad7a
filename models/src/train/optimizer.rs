//! Adam and AdamW over all parameters of a module, with the gradients unscaled and clipped by their common norm.

use std::collections::BTreeMap;

use burn::module::{AutodiffModule, ModuleMapper, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{Adam, AdamConfig, AdamState, AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState};
use burn::optim::{GradientsParams, SimpleOptimizer};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

use super::config::{OptimizerKind, TrainConfig};
use crate::checkpoint::{NamedTensors, Path, stored};

/// As in PyTorch; Burn's own default is 1e-5.
const EPSILON: f32 = 1e-8;

/// Both moments of a parameter, flat, and the steps they have seen.
pub type Moments<B> = AdaptiveMomentumState<B, 1>;

/// The rule and what it remembers of every parameter, by the parameter's path in the module.
#[derive(Clone)]
pub struct Optimizer<B: Backend> {
    rule: Rule,
    /// The memory, by path.
    pub moments: BTreeMap<String, Moments<B>>,
}

#[derive(Clone)]
enum Rule {
    Adam(Adam),
    AdamW(AdamW),
}

/// How the gradients are changed before the step.
#[derive(Debug)]
pub(crate) struct GradientChange<B: Backend> {
    /// Divide by this: the loss scale.
    pub loss_scale: f32,
    /// Multiply with this besides: the clip coefficient `[1]`.
    pub coefficient: Option<Tensor<B, 1>>,
}

impl<B: Backend> Optimizer<B> {
    /// An optimiser that has not seen a step.
    pub fn new(config: &TrainConfig) -> Self {
        let decay = config.weight_decay as f32;
        let rule = match config.optimizer {
            OptimizerKind::Adam => {
                let decay = (decay > 0.0).then(|| WeightDecayConfig::new(decay));
                Rule::Adam(AdamConfig::new().with_epsilon(EPSILON).with_weight_decay(decay).build())
            }
            OptimizerKind::AdamW => Rule::AdamW(AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(decay).build()),
        };
        Self { rule, moments: BTreeMap::new() }
    }

    /// The first moments of all parameters, and the second, as a checkpoint has them; [`join_moments`](super::join_moments) is the way back.
    pub(crate) fn stored_moments(&self) -> [NamedTensors; 2] {
        let of = |moment: fn(&Moments<B>) -> &Tensor<B, 1>| {
            self.moments.iter().map(|(name, moments)| (name.clone(), stored(moment(moments).clone()))).collect()
        };
        [of(|m| &m.moment_1), of(|m| &m.moment_2)]
    }

    /// One step: parameters without a gradient stay.
    pub(crate) fn step<A, M>(&mut self, lr: f64, module: M, grads: GradientsParams, change: GradientChange<B>) -> M
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: AutodiffModule<A>,
    {
        module.map(&mut Step { optimizer: self, path: Path::default(), grads, lr, change })
    }

    fn apply(&mut self, path: String, lr: f64, tensor: Tensor<B, 1>, grad: Tensor<B, 1>) -> Tensor<B, 1> {
        let before = self.moments.remove(&path);
        let (tensor, after) = match &self.rule {
            Rule::Adam(rule) => {
                let (tensor, state) = rule.step(lr, tensor, grad, before.map(AdamState::new));
                (tensor, state.map(|s| s.momentum))
            }
            Rule::AdamW(rule) => {
                let (tensor, state) = rule.step(lr, tensor, grad, before.map(AdamWState::new));
                (tensor, state.map(|s| s.momentum))
            }
        };
        self.moments.extend(after.map(|m| (path, m)));
        tensor
    }
}

/// The squared norm `[1]` of all gradients of a module together, on the device.
pub(crate) fn squared_norm<A, M>(module: &M, grads: &GradientsParams, device: &A::Device) -> Tensor<A::InnerBackend, 1>
where
    A: AutodiffBackend,
    M: AutodiffModule<A>,
{
    let mut norm = Norm::<A> { grads, sum: Tensor::zeros([1], device) };
    module.visit(&mut norm);
    norm.sum
}

/// min(1, clip / norm) `[1]`, with the norm of the unscaled gradients.
pub(crate) fn clip_coefficient<B: Backend>(clip: f64, squared_norm: Tensor<B, 1>) -> Tensor<B, 1> {
    let norm = squared_norm.sqrt();
    norm.clamp_min(f64::from(f32::MIN_POSITIVE)).recip().mul_scalar(clip).clamp_max(1.0)
}

struct Norm<'a, A: AutodiffBackend> {
    grads: &'a GradientsParams,
    sum: Tensor<A::InnerBackend, 1>,
}

impl<A: AutodiffBackend> ModuleVisitor<A> for Norm<'_, A> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<A, D>>) {
        if let Some(grad) = self.grads.get::<A::InnerBackend, D>(param.id) {
            // Last axis first: one sum over millions of values would depend on the number of threads.
            let square = grad.square().sum_dim(D - 1).sum();
            self.sum = self.sum.clone() + square;
        }
    }
}

struct Step<'a, B: Backend> {
    optimizer: &'a mut Optimizer<B>,
    path: Path,
    grads: GradientsParams,
    lr: f64,
    change: GradientChange<B>,
}

impl<A: AutodiffBackend> ModuleMapper<A> for Step<'_, A::InnerBackend> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(grad) = self.grads.remove::<A::InnerBackend, D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let (learns, shape) = (tensor.is_require_grad(), tensor.shape());
        let n = shape.num_elements();
        let grad = self.change.apply(grad.reshape([n]));
        let tensor = self.optimizer.apply(self.path.name(), self.lr, tensor.inner().reshape([n]), grad);
        let tensor = Tensor::from_inner(tensor.reshape(shape)).set_require_grad(learns);
        Param::from_mapped_value(id, tensor, mapper)
    }
}

impl<B: Backend> GradientChange<B> {
    fn apply(&self, grad: Tensor<B, 1>) -> Tensor<B, 1> {
        let grad = if self.loss_scale == 1.0 { grad } else { grad.div_scalar(self.loss_scale) };
        match &self.coefficient {
            None => grad,
            Some(coefficient) => grad * coefficient.clone(),
        }
    }
}
