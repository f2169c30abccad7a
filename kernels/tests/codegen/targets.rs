//! What kernels are compiled for: the properties that CubeCL's runtimes report of such a device, and its compiler.

use std::fmt;

use cubecl::features::{AtomicUsage, Plane, Tma, TypeUsage};
use cubecl::ir::{
    AddressType, DeviceProperties, ElemType, FloatKind, HardwareProperties, IntKind, MemoryDeviceProperties, SemanticType, StorageType,
    Type, UIntKind,
};
use cubecl::profile::TimingMethod;
use cubecl::server::ExecutionMode;
use cubecl::wgpu::WgslCompiler;
use cubecl::wgpu::vulkan::VkSpirvCompiler;
use cubecl::{Compiler, WgpuCompilationOptions};
use cubecl_cpp::cuda::arch::CudaArchitecture;
use cubecl_cpp::cuda::{CudaDialect, mma::CudaWmmaCompiler};
use cubecl_cpp::metal::{MslDialect, arch::MetalArchitecture};
use cubecl_cpp::shared::{CompilationOptions, CppCompiler, CppSupportedFeatures, register_wmma_features};
use cubecl_cpp::{DialectWmmaCompiler, MslCompiler};
use cubecl_runtime::compiler::CompilationError;
use cubecl_runtime::kernel::KernelDefinition;

/// A language and a class of devices that run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Target {
    /// CUDA C++ for an A100.
    #[default]
    CudaSm80,
    /// CUDA C++ for an H100.
    CudaSm90,
    /// MSL for the family Metal 3.
    Metal,
    /// SPIR-V for a Vulkan 1.3 GPU with 16-bit storage, bf16, subgroups and atomic f32 addition.
    Spirv,
    /// WGSL with the extensions f16, subgroups and atomic f32 addition, as wgpu has on most GPUs.
    Wgsl,
    /// WGSL as WebGPU guarantees it.
    WgslCore,
}

impl Target {
    pub(crate) const ALL: [Self; 6] = [Self::CudaSm80, Self::CudaSm90, Self::Metal, Self::Spirv, Self::Wgsl, Self::WgslCore];

    pub(crate) fn index(self) -> usize {
        Self::ALL.iter().position(|&t| t == self).expect("every target is listed")
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CudaSm80 => "cuda_sm_80",
            Self::CudaSm90 => "cuda_sm_90",
            Self::Metal => "metal",
            Self::Spirv => "spirv",
            Self::Wgsl => "wgsl",
            Self::WgslCore => "wgsl_core",
        }
    }

    /// The ending of its files.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::CudaSm80 | Self::CudaSm90 => "cu",
            Self::Metal => "metal",
            Self::Spirv => "spv",
            Self::Wgsl | Self::WgslCore => "wgsl",
        }
    }

    pub(crate) fn max_cube_count(self) -> (u32, u32, u32) {
        match self {
            Self::CudaSm80 | Self::CudaSm90 => (i32::MAX as u32, 65_535, 65_535),
            _ => (65_535, 65_535, 65_535),
        }
    }

    pub(crate) fn compiler(self) -> AnyCompiler {
        match self {
            Self::CudaSm80 | Self::CudaSm90 => AnyCompiler::Cuda(CppCompiler::default()),
            Self::Metal => AnyCompiler::Metal(MslCompiler::default()),
            Self::Spirv => AnyCompiler::Spirv(Box::default()),
            Self::Wgsl | Self::WgslCore => AnyCompiler::Wgsl(WgslCompiler::default()),
        }
    }

    pub(crate) fn options(self) -> Options {
        let mut options = Options::default();
        let vulkan = &mut options.wgpu.vulkan;
        match self {
            Self::CudaSm80 | Self::CudaSm90 => {
                let hopper = self == Self::CudaSm90;
                let supports_features =
                    CppSupportedFeatures { grid_constants: true, clusters: hopper, fast_math: true, fast_tanh: true, elect_sync: hopper };
                options.cpp = CompilationOptions { warp_size: 32, supports_features };
            }
            Self::Spirv => {
                vulkan.max_spirv_version = (1, 6);
                vulkan.supports_uniform_standard_layout = true;
                options.wgpu.supports_vulkan = true;
                options.wgpu.supports_u64 = true;
            }
            Self::Metal | Self::Wgsl | Self::WgslCore => {}
        }
        options
    }

    pub(crate) fn properties(self) -> DeviceProperties {
        let memory = MemoryDeviceProperties { max_page_size: 1 << 28, alignment: 512 };
        let mut p = DeviceProperties::new(Default::default(), memory, self.hardware(), TimingMethod::System);
        match self {
            Self::CudaSm80 => cuda(&mut p, 80),
            Self::CudaSm90 => cuda(&mut p, 90),
            Self::Metal => metal(&mut p),
            Self::Spirv => spirv(&mut p),
            Self::Wgsl => wgsl(&mut p, true),
            Self::WgslCore => wgsl(&mut p, false),
        }
        p
    }

    fn hardware(self) -> HardwareProperties {
        let cuda = matches!(self, Self::CudaSm80 | Self::CudaSm90);
        let (shared, units, bindings) = match self {
            // What a cube may ask for on an A100 and an H100.
            Self::CudaSm80 => (163 << 10, 1024, 1024),
            Self::CudaSm90 => (227 << 10, 1024, 1024),
            Self::Metal => (32 << 10, 1024, 30),
            Self::Spirv => (48 << 10, 1024, 1024),
            Self::Wgsl => (32 << 10, 1024, 64),
            // The least that WebGPU guarantees; CubeCL keeps one of eight bindings for itself.
            Self::WgslCore => (16 << 10, 256, 7),
        };
        // Where subgroups may be of any size, CubeCL reports the whole range.
        let planes = if self == Self::WgslCore { (8, 128) } else { (32, 32) };
        HardwareProperties {
            load_width: 128,
            plane_size_min: planes.0,
            plane_size_max: planes.1,
            max_bindings: bindings,
            max_shared_memory_size: shared,
            max_cube_count: self.max_cube_count(),
            max_units_per_cube: units,
            max_cube_dim: if self == Self::WgslCore { (256, 256, 64) } else { (1024, 1024, 64) },
            num_streaming_multiprocessors: match self {
                Self::CudaSm80 => Some(108),
                Self::CudaSm90 => Some(132),
                _ => None,
            },
            num_tensor_cores: cuda.then_some(4),
            min_tensor_cores_dim: (cuda || self == Self::Metal).then_some(8),
            num_cpu_cores: None,
            max_vector_size: if cuda { usize::MAX } else { 4 },
        }
    }
}

fn float(kind: FloatKind) -> ElemType {
    ElemType::Float(kind)
}

fn atomic(p: &mut DeviceProperties, ty: ElemType, usage: impl Into<cubecl::features::EnumSet<AtomicUsage>>) {
    p.register_atomic_type_usage(Type::new(StorageType::Atomic(ty)), usage.into());
}

/// As `CudaServer` registers them.
fn cuda(p: &mut DeviceProperties, version: u32) {
    cubecl_cpp::register_supported_types(p);
    p.register_type_usage(float(FloatKind::TF32), TypeUsage::Conversion);
    p.features.memory_reinterpret = true;
    p.features.alignment = true;
    p.features.copy_async = true;
    for plane in [Plane::Ops, Plane::Sync, Plane::NonUniformControlFlow] {
        p.features.plane.insert(plane);
    }
    for matrix in [FloatKind::F16, FloatKind::BF16] {
        p.features.matmul.ldmatrix.insert(float(matrix).into());
    }
    if version >= 90 {
        p.features.tma.insert(Tma::Base);
        p.register_semantic_type(SemanticType::TensorMap);
        p.features.cube_cluster = true;
    }
    register_wmma_features(CudaWmmaCompiler::supported_wmma_combinations(&CudaArchitecture { version }), p);
}

/// As cubecl-wgpu registers them with MSL.
fn metal(p: &mut DeviceProperties) {
    p.register_address_type(AddressType::U32);
    p.register_address_type(AddressType::U64);
    let unsigned = [UIntKind::U8, UIntKind::U16, UIntKind::U32, UIntKind::U64].map(ElemType::UInt);
    let signed = [IntKind::I8, IntKind::I16, IntKind::I32, IntKind::I64].map(ElemType::Int);
    let others = [float(FloatKind::F16), float(FloatKind::F32), ElemType::Bool];
    for ty in unsigned.into_iter().chain(signed).chain(others) {
        p.register_type_usage(ty, TypeUsage::all());
    }
    for ty in [ElemType::Int(IntKind::I32), ElemType::UInt(UIntKind::U32), ElemType::UInt(UIntKind::U64), float(FloatKind::F32)] {
        atomic(p, ty, AtomicUsage::Add | AtomicUsage::LoadStore);
    }
    p.features.alignment = true;
    for plane in [Plane::Ops, Plane::Sync, Plane::NonUniformControlFlow] {
        p.features.plane.insert(plane);
    }
    register_wmma_features(MslDialect::supported_wmma_combinations(&MetalArchitecture::Metal3), p);
}

/// As cubecl-wgpu registers them with SPIR-V.
fn spirv(p: &mut DeviceProperties) {
    p.register_address_type(AddressType::U32);
    let ints = [UIntKind::U8, UIntKind::U16, UIntKind::U32, UIntKind::U64].map(ElemType::UInt);
    let signed = [IntKind::I8, IntKind::I16, IntKind::I32, IntKind::I64].map(ElemType::Int);
    let others = [float(FloatKind::F16), float(FloatKind::F32), ElemType::Bool];
    for ty in ints.into_iter().chain(signed).chain(others) {
        p.register_type_usage(ty, TypeUsage::all());
    }
    p.register_type_usage(float(FloatKind::BF16), TypeUsage::Conversion | TypeUsage::Buffer);
    for ty in [ElemType::Int(IntKind::I32), ElemType::UInt(UIntKind::U32)] {
        atomic(p, ty, AtomicUsage::all());
    }
    atomic(p, float(FloatKind::F32), AtomicUsage::Add | AtomicUsage::LoadStore);
    for plane in [Plane::Ops, Plane::Sync, Plane::NonUniformControlFlow] {
        p.features.plane.insert(plane);
    }
}

/// As cubecl-wgpu registers them with WGSL.
fn wgsl(p: &mut DeviceProperties, extensions: bool) {
    p.register_address_type(AddressType::U32);
    let types = [FloatKind::F32, FloatKind::Flex32].map(float);
    let others = [ElemType::UInt(UIntKind::U32), ElemType::Int(IntKind::I32), ElemType::Bool];
    for ty in types.into_iter().chain(others) {
        p.register_type_usage(ty, TypeUsage::all());
    }
    for ty in [ElemType::Int(IntKind::I32), ElemType::UInt(UIntKind::U32)] {
        atomic(p, ty, AtomicUsage::LoadStore | AtomicUsage::Add);
    }
    if extensions {
        p.register_type_usage(float(FloatKind::F16), TypeUsage::all());
        atomic(p, float(FloatKind::F32), AtomicUsage::LoadStore | AtomicUsage::Add);
        p.features.plane.insert(Plane::Ops);
    }
}

/// What the compilers are told of a target.
#[derive(Debug, Default)]
pub(crate) struct Options {
    cpp: CompilationOptions,
    wgpu: WgpuCompilationOptions,
}

/// One type for the compilers of all targets, so that the launchers are compiled for one runtime.
#[derive(Debug, Clone)]
pub(crate) enum AnyCompiler {
    Cuda(CppCompiler<CudaDialect<CudaWmmaCompiler>>),
    Metal(MslCompiler),
    Spirv(Box<VkSpirvCompiler>),
    Wgsl(WgslCompiler),
}

/// The text of a kernel, and its words where it is a binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) words: Vec<u32>,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Compiler for AnyCompiler {
    type Representation = Code;
    type CompilationOptions = Options;

    fn compile(&mut self, kernel: KernelDefinition, o: &Options, mode: ExecutionMode, ty: StorageType) -> Result<Code, CompilationError> {
        let text = match self {
            Self::Cuda(c) => c.compile(kernel, &o.cpp, mode, ty)?.to_string(),
            Self::Metal(c) => c.compile(kernel, &o.cpp, mode, ty)?.to_string(),
            Self::Wgsl(c) => c.compile(kernel, &o.wgpu, mode, ty)?.to_string(),
            Self::Spirv(c) => {
                let module = c.compile(kernel, &o.wgpu, mode, ty)?;
                return Ok(Code { text: module.to_string(), words: module.assembled_module });
            }
        };
        Ok(Code { text, words: vec![] })
    }

    fn elem_size(&self, elem: ElemType) -> usize {
        match self {
            Self::Cuda(c) => c.elem_size(elem),
            Self::Metal(c) => c.elem_size(elem),
            Self::Spirv(c) => c.elem_size(elem),
            Self::Wgsl(c) => c.elem_size(elem),
        }
    }

    fn extension(&self) -> &'static str {
        match self {
            Self::Cuda(c) => c.extension(),
            Self::Metal(c) => c.extension(),
            Self::Spirv(c) => c.extension(),
            Self::Wgsl(c) => c.extension(),
        }
    }
}
