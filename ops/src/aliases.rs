//! The names of the backends: the one file that spells out Burn's types. With the feature `fusion`, Burn's aliases are wrapped in `Fusion`.

/// The CPU: Burn's Flex tensors with the host kernels.
#[cfg(feature = "cpu")]
pub type Cpu = burn_flex::Flex;
/// The one CPU device.
#[cfg(feature = "cpu")]
pub type CpuDevice = burn_flex::FlexDevice;

/// Any Vulkan device, through SPIR-V.
#[cfg(feature = "vulkan")]
pub type Vulkan = burn_wgpu::Wgpu<f32, i32, u32>;
/// An Apple GPU, through Metal's shading language.
#[cfg(feature = "metal")]
pub type Metal = burn_wgpu::Wgpu<f32, i32, u32>;
/// A device of wgpu.
#[cfg(any(feature = "vulkan", feature = "metal"))]
pub type WgpuDevice = burn_wgpu::WgpuDevice;

/// An NVIDIA GPU.
#[cfg(feature = "cuda")]
pub type Cuda = burn_cuda::Cuda<f32, i32>;
/// A CUDA device, by number.
#[cfg(feature = "cuda")]
pub type CudaDevice = burn_cuda::CudaDevice;
