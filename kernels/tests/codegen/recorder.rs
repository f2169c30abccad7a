//! A CubeCL runtime without a device: every kernel launched on it is compiled to CUDA C++, as for an H100, and its text kept.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use cubecl::CubeTask;
use cubecl::bytes::Bytes;
use cubecl::device::{Device, DeviceId, DeviceService};
use cubecl::features::Plane;
use cubecl::future::DynFut;
use cubecl::ir::{DeviceProperties, HardwareProperties, MemoryDeviceProperties, TargetProperties};
use cubecl::prelude::*;
use cubecl::profile::{ProfileDuration, TimingMethod};
use cubecl::server::{
    Binding, ComputeServer, CopyDescriptor, CubeCount, ExecutionMode, KernelArguments, ProfileError, ProfilingToken, ServerCommunication,
    ServerError, ServerUtilities,
};
use cubecl::stream_id::StreamId;
use cubecl::zspace::{Shape, Strides};
use cubecl_cpp::cuda::{CudaDialect, mma::CudaWmmaCompiler};
use cubecl_cpp::shared::{CompilationOptions, CppCompiler, CppSupportedFeatures};
use cubecl_runtime::allocator::ContiguousMemoryLayoutPolicy;
use cubecl_runtime::id::KernelId;
use cubecl_runtime::logging::ServerLogger;
use cubecl_runtime::memory_management::{
    ManagedMemoryHandle, MemoryAllocationMode, MemoryConfiguration, MemoryManagement, MemoryManagementOptions, MemoryUsage,
};
use cubecl_runtime::storage::{BytesResource, BytesStorage, ManagedResource};
use cubecl_runtime::timestamp_profiler::TimestampProfiler;

/// A kernel that was launched.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// Path of the kernel's type, which has the name of its function in it.
    pub(crate) name: &'static str,
    /// CUDA C++, or why there is none; only of the first launch of each kernel.
    pub(crate) text: Option<Result<String, String>>,
    pub(crate) cubes: u64,
}

static LAUNCHES: Mutex<Vec<Launch>> = Mutex::new(Vec::new());

/// All launches so far, of all tests of the process.
pub(crate) fn launches() -> Vec<Launch> {
    LAUNCHES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

type Cuda = CppCompiler<CudaDialect<CudaWmmaCompiler>>;

#[derive(Debug, Clone)]
pub(crate) struct Recorder;

#[derive(Debug, Clone, Default)]
pub(crate) struct NoDevice;

impl Device for NoDevice {
    fn from_id(_: DeviceId) -> Self {
        Self
    }

    fn to_id(&self) -> DeviceId {
        DeviceId { type_id: 0, index_id: 0 }
    }
}

impl Runtime for Recorder {
    type Compiler = Cuda;
    type Server = Server;
    type Device = NoDevice;

    fn client(device: &NoDevice) -> ComputeClient<Self> {
        ComputeClient::load(device)
    }

    fn name(_: &ComputeClient<Self>) -> &'static str {
        "recorder"
    }

    fn require_array_lengths() -> bool {
        true
    }

    fn max_cube_count() -> (u32, u32, u32) {
        (i32::MAX as u32, 65_535, 65_535)
    }

    fn can_read_tensor(_: &Shape, _: &Strides) -> bool {
        true
    }

    fn target_properties() -> TargetProperties {
        TargetProperties { mma: Default::default() }
    }

    fn enumerate_devices(_: u16, (): &()) -> Vec<DeviceId> {
        vec![NoDevice.to_id()]
    }
}

fn properties() -> DeviceProperties {
    let hardware = HardwareProperties {
        load_width: 128,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 1024,
        max_shared_memory_size: 48 << 10,
        max_cube_count: Recorder::max_cube_count(),
        max_units_per_cube: 1024,
        max_cube_dim: (1024, 1024, 64),
        num_streaming_multiprocessors: Some(132),
        num_tensor_cores: Some(4),
        min_tensor_cores_dim: Some(8),
        num_cpu_cores: None,
        max_vector_size: usize::MAX,
    };
    let memory = MemoryDeviceProperties { max_page_size: 1 << 28, alignment: 512 };
    let mut properties = DeviceProperties::new(Default::default(), memory, hardware, TimingMethod::System);
    cubecl_cpp::register_supported_types(&mut properties);
    properties.features.memory_reinterpret = true;
    properties.features.alignment = true;
    for plane in [Plane::Ops, Plane::Sync, Plane::NonUniformControlFlow] {
        properties.features.plane.insert(plane);
    }
    properties
}

fn options() -> CompilationOptions {
    let supports_features =
        CppSupportedFeatures { grid_constants: true, clusters: true, fast_math: true, fast_tanh: true, elect_sync: true };
    CompilationOptions { warp_size: 32, supports_features }
}

/// Has memory, as a client asks for it, and runs nothing.
pub(crate) struct Server {
    memory: MemoryManagement<BytesStorage>,
    profiler: TimestampProfiler,
    utilities: Arc<ServerUtilities<Self>>,
    seen: HashSet<KernelId>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl DeviceService for Server {
    fn init(_: DeviceId) -> Self {
        let (properties, logger) = (properties(), Arc::new(ServerLogger::default()));
        let memory = MemoryManagement::from_configuration(
            BytesStorage::default(),
            &properties.memory,
            MemoryConfiguration::default(),
            logger.clone(),
            MemoryManagementOptions::new("recorder"),
        );
        let utilities = Arc::new(ServerUtilities::new(properties, logger, (), ContiguousMemoryLayoutPolicy::new(32)));
        Self { memory, profiler: TimestampProfiler::default(), utilities, seen: HashSet::new() }
    }

    fn utilities(&self) -> Arc<dyn Any + Send + Sync> {
        self.utilities.clone()
    }
}

impl ServerCommunication for Server {
    const SERVER_COMM_ENABLED: bool = false;
}

impl ComputeServer for Server {
    type Kernel = Box<dyn CubeTask<Cuda>>;
    type Info = ();
    type MemoryLayoutPolicy = ContiguousMemoryLayoutPolicy;
    type Storage = BytesStorage;

    unsafe fn launch(&mut self, kernel: Self::Kernel, count: CubeCount, _: KernelArguments, mode: ExecutionMode, _: StreamId) {
        let CubeCount::Static(x, y, z) = count else { panic!("the launchers count their cubes") };
        let text = self.seen.insert(kernel.id()).then(|| {
            let compiled = kernel.compile(&mut Cuda::default(), &options(), mode, kernel.address_type());
            compiled.map(|c| c.source).map_err(|e| e.to_string())
        });
        let launch = Launch { name: kernel.name(), text, cubes: u64::from(x) * u64::from(y) * u64::from(z) };
        LAUNCHES.lock().unwrap_or_else(PoisonError::into_inner).push(launch);
    }

    fn logger(&self) -> Arc<ServerLogger> {
        self.utilities.logger.clone()
    }

    fn utilities(&self) -> Arc<ServerUtilities<Self>> {
        self.utilities.clone()
    }

    fn initialize_memory(&mut self, memory: ManagedMemoryHandle, size: u64, _: StreamId) {
        let reserved = self.memory.reserve(size).expect("host memory");
        self.memory.bind(reserved, memory, 0).expect("a fresh handle");
    }

    fn read(&mut self, from: Vec<CopyDescriptor>, _: StreamId) -> DynFut<Result<Vec<Bytes>, ServerError>> {
        // Every index is 1, so that what is launched for a number of results that was read is launched.
        let ones = |c: &CopyDescriptor| [1, 0, 0, 0].repeat(c.handle.size_in_used() as usize / 4);
        let ones: Vec<_> = from.iter().map(|c| Bytes::from_bytes_vec(ones(c))).collect();
        Box::pin(async move { Ok(ones) })
    }

    fn write(&mut self, _: Vec<(CopyDescriptor, Bytes)>, _: StreamId) {}

    fn sync(&mut self, _: StreamId) -> DynFut<Result<(), ServerError>> {
        Box::pin(async { Ok(()) })
    }

    fn get_resource(&mut self, binding: Binding, _: StreamId) -> Result<ManagedResource<BytesResource>, ServerError> {
        let resource = self.memory.get_resource(binding.memory.clone(), binding.offset_start, binding.offset_end)?;
        Ok(ManagedResource::new(binding.memory, resource))
    }

    fn flush(&mut self, _: StreamId) -> Result<(), ServerError> {
        Ok(())
    }

    fn memory_usage(&mut self, _: StreamId) -> Result<MemoryUsage, ServerError> {
        Ok(self.memory.memory_usage())
    }

    fn memory_cleanup(&mut self, _: StreamId) {}

    fn start_profile(&mut self, _: StreamId) -> Result<ProfilingToken, ServerError> {
        Ok(self.profiler.start())
    }

    fn end_profile(&mut self, _: StreamId, token: ProfilingToken) -> Result<ProfileDuration, ProfileError> {
        self.profiler.stop(token)
    }

    fn allocation_mode(&mut self, mode: MemoryAllocationMode, _: StreamId) {
        self.memory.mode(mode);
    }
}
