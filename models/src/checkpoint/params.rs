//! The parameters of a module as named tensors, and back.

use std::path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

use super::{NamedTensors, StoredTensor};
use crate::{ModelError, Result};

/// Begins the names of the current parameters among the tensors of a training.
pub(crate) const PARAMETER: &str = "param/";

/// The way from a module to the parameter that is being visited.
#[derive(Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// Goes into a field or an element.
    pub fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// Goes out again.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The names joined by dots, e.g. `layers.0.weight`.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

/// All float parameters of a module by path, read to the host.
pub fn save<B: Backend, M: Module<B>>(module: &M) -> NamedTensors {
    let mut saver = Saver::default();
    module.visit(&mut saver);
    saver.tensors
}

/// The module with the parameters of these tensors.
///
/// # Errors
/// When a parameter is missing or has another shape, or a tensor belongs to no parameter: they are of another model.
/// `file` is named.
pub fn load<B: Backend, M: Module<B>>(module: M, tensors: NamedTensors, file: &path::Path) -> Result<M> {
    let mut loader = Loader { path: Path::default(), tensors, file, failed: None };
    let module = module.map(&mut loader);
    if let Some(error) = loader.failed {
        return Err(error);
    }
    match loader.tensors.pop_first() {
        None => Ok(module),
        Some((name, _)) => Err(ModelError::checkpoint(file, "the tensors of this network only", format!("{name} besides"))),
    }
}

/// The values of a tensor as f32 on the host.
pub(crate) fn stored<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> StoredTensor {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().convert_dtype(DType::F32).iter::<f32>().collect();
    StoredTensor { shape, values }
}

#[derive(Default)]
struct Saver {
    path: Path,
    tensors: NamedTensors,
}

impl<B: Backend> ModuleVisitor<B> for Saver {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.tensors.insert(self.path.name(), stored(param.val()));
    }
}

struct Loader<'a> {
    path: Path,
    tensors: NamedTensors,
    file: &'a path::Path,
    failed: Option<ModelError>,
}

impl Loader<'_> {
    fn take(&mut self, shape: &[usize]) -> Option<StoredTensor> {
        let name = self.path.name();
        let found = match self.tensors.remove(&name) {
            Some(t) if t.shape == shape => return Some(t),
            Some(t) => format!("{:?}", t.shape),
            None => "no such tensor".to_owned(),
        };
        let expected = format!("{name} of shape {shape:?}, as this network has it");
        self.failed.get_or_insert_with(|| ModelError::checkpoint(self.file, expected, found));
        None
    }
}

impl<B: Backend> ModuleMapper<B> for Loader<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, mut tensor, mapper) = param.consume();
        if let Some(stored) = self.take(&tensor.dims()) {
            let learns = tensor.is_require_grad();
            let data = TensorData::new(stored.values, stored.shape);
            tensor = Tensor::from_data(data, &tensor.device()).set_require_grad(learns);
        }
        Param::from_mapped_value(id, tensor, mapper)
    }
}
