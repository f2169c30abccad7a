//! A CubeCL runtime without a device: every kernel launched on it is compiled as for the target of its client, and its text kept.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use cubecl::CubeTask;
use cubecl::bytes::Bytes;
use cubecl::device::{Device, DeviceId, DeviceService};
use cubecl::future::DynFut;
use cubecl::ir::TargetProperties;
use cubecl::prelude::*;
use cubecl::profile::ProfileDuration;
use cubecl::server::{
    Binding, ComputeServer, CopyDescriptor, CubeCount, ExecutionMode, KernelArguments, ProfileError, ProfilingToken, ServerCommunication,
    ServerError, ServerUtilities,
};
use cubecl::stream_id::StreamId;
use cubecl::zspace::{Shape, Strides};
use cubecl_runtime::allocator::ContiguousMemoryLayoutPolicy;
use cubecl_runtime::id::KernelId;
use cubecl_runtime::logging::ServerLogger;
use cubecl_runtime::memory_management::{
    ManagedMemoryHandle, MemoryAllocationMode, MemoryConfiguration, MemoryManagement, MemoryManagementOptions, MemoryUsage,
};
use cubecl_runtime::storage::{BytesResource, BytesStorage, ManagedResource};
use cubecl_runtime::timestamp_profiler::TimestampProfiler;
use hypergraphql_kernels::DType;

use crate::targets::{AnyCompiler, Code, Target};

/// A kernel that was launched.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// Where it was launched.
    pub(crate) place: Place,
    /// Path of the kernel's type, which has the name of its function in it.
    pub(crate) name: &'static str,
    /// The code, or why there is none; only of the first launch of each kernel.
    pub(crate) code: Option<Result<Code, String>>,
    pub(crate) cubes: u64,
}

static LAUNCHES: Mutex<Vec<Launch>> = Mutex::new(Vec::new());

/// All launches at a place so far, of all tests of the process.
pub(crate) fn launches(place: Place) -> Vec<Launch> {
    let all = LAUNCHES.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().filter(|launch| launch.place == place).cloned().collect()
}

#[derive(Debug, Clone)]
pub(crate) struct Recorder;

/// The device of the recorder: a target, once for each storage type, so that what is launched can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) dtype: DType,
}

/// The storage types that devices have.
pub(crate) const DTYPES: [DType; 3] = [DType::F32, DType::F16, DType::BF16];

impl Default for Place {
    fn default() -> Self {
        Self { target: Target::default(), dtype: DTYPES[0] }
    }
}

impl Device for Place {
    fn from_id(id: DeviceId) -> Self {
        Self { target: Target::ALL[id.type_id as usize], dtype: DTYPES[id.index_id as usize] }
    }

    fn to_id(&self) -> DeviceId {
        let dtype = DTYPES.iter().position(|&d| d == self.dtype).expect("every device type is listed");
        DeviceId { type_id: self.target.index() as u16, index_id: dtype as u16 }
    }
}

impl Runtime for Recorder {
    type Compiler = AnyCompiler;
    type Server = Server;
    type Device = Place;

    fn client(place: &Place) -> ComputeClient<Self> {
        ComputeClient::load(place)
    }

    fn name(client: &ComputeClient<Self>) -> &'static str {
        client.info().name()
    }

    fn require_array_lengths() -> bool {
        true
    }

    fn max_cube_count() -> (u32, u32, u32) {
        Target::default().max_cube_count()
    }

    fn can_read_tensor(_: &Shape, _: &Strides) -> bool {
        true
    }

    fn target_properties() -> TargetProperties {
        TargetProperties { mma: Default::default() }
    }

    fn enumerate_devices(target: u16, _: &Target) -> Vec<DeviceId> {
        (0..DTYPES.len() as u16).map(|dtype| DeviceId { type_id: target, index_id: dtype }).collect()
    }
}

/// Has memory, as a client asks for it, and runs nothing.
pub(crate) struct Server {
    place: Place,
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
    fn init(id: DeviceId) -> Self {
        let place = Place::from_id(id);
        let (properties, logger) = (place.target.properties(), Arc::new(ServerLogger::default()));
        let memory = MemoryManagement::from_configuration(
            BytesStorage::default(),
            &properties.memory,
            MemoryConfiguration::default(),
            logger.clone(),
            MemoryManagementOptions::new("recorder"),
        );
        let utilities = Arc::new(ServerUtilities::new(properties, logger, place.target, ContiguousMemoryLayoutPolicy::new(32)));
        Self { place, memory, profiler: TimestampProfiler::default(), utilities, seen: HashSet::new() }
    }

    fn utilities(&self) -> Arc<dyn Any + Send + Sync> {
        self.utilities.clone()
    }
}

impl Server {
    /// A compiler that panics, as CubeCL's do where their language lacks something, has its message kept.
    fn compile(&self, kernel: &<Self as ComputeServer>::Kernel, mode: ExecutionMode) -> Result<Code, String> {
        let target = self.place.target;
        let compiled =
            catch_unwind(AssertUnwindSafe(|| kernel.compile(&mut target.compiler(), &target.options(), mode, kernel.address_type())));
        match compiled {
            Ok(Ok(kernel)) => Ok(kernel.repr.expect("every target has a representation")),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned()));
                Err(format!("the compiler panicked: {}", text.as_deref().unwrap_or("without a message")))
            }
        }
    }
}

impl ServerCommunication for Server {
    const SERVER_COMM_ENABLED: bool = false;
}

impl ComputeServer for Server {
    type Kernel = Box<dyn CubeTask<AnyCompiler>>;
    type Info = Target;
    type MemoryLayoutPolicy = ContiguousMemoryLayoutPolicy;
    type Storage = BytesStorage;

    unsafe fn launch(&mut self, kernel: Self::Kernel, count: CubeCount, _: KernelArguments, mode: ExecutionMode, _: StreamId) {
        let CubeCount::Static(x, y, z) = count else { panic!("the launchers count their cubes") };
        let code = self.seen.insert(kernel.id()).then(|| self.compile(&kernel, mode));
        let cubes = u64::from(x) * u64::from(y) * u64::from(z);
        let launch = Launch { place: self.place, name: kernel.name(), code, cubes };
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
