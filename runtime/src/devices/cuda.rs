//! NVIDIA GPUs, asked through the driver library by name: cudarc panics when the library is missing.

mod compiler;

use std::ffi::{c_char, c_int};

use libloading::{Library, Symbol};

use super::{Capabilities, Probe, not_built};
use crate::DeviceKind;

#[cfg(target_os = "windows")]
const LIBRARIES: [&str; 1] = ["nvcuda.dll"];
#[cfg(not(target_os = "windows"))]
const LIBRARIES: [&str; 2] = ["libcuda.so.1", "libcuda.so"];

/// `cuDeviceGetAttribute`: lanes of a warp.
const WARP_SIZE: c_int = 10;
/// `cuDeviceGetAttribute`: first number of the compute capability.
const COMPUTE_MAJOR: c_int = 75;
/// Bytes of a PCI bus id with the zero after it, at most.
#[cfg(feature = "cuda")]
const BUS_ID: usize = 32;

type Version = unsafe extern "C" fn(version: *mut c_int) -> c_int;
type Init = unsafe extern "C" fn(flags: u32) -> c_int;
type Count = unsafe extern "C" fn(count: *mut c_int) -> c_int;
type Get = unsafe extern "C" fn(device: *mut c_int, ordinal: c_int) -> c_int;
type Name = unsafe extern "C" fn(name: *mut c_char, length: c_int, device: c_int) -> c_int;
type Memory = unsafe extern "C" fn(bytes: *mut usize, device: c_int) -> c_int;
#[cfg(feature = "cuda")]
type BusId = unsafe extern "C" fn(id: *mut c_char, length: c_int, device: c_int) -> c_int;
type Attribute = unsafe extern "C" fn(value: *mut c_int, attribute: c_int, device: c_int) -> c_int;

/// The GPUs that the NVIDIA driver lists.
pub(super) fn probe() -> Probe {
    let driver = devices();
    if DeviceKind::Cuda.built() {
        let found = driver?;
        compiler::probe()?;
        return Ok(found);
    }
    let driver = match driver {
        Ok(found) => format!("the driver lists {} here", found.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")),
        Err(why) => why,
    };
    Err(format!("{}; {driver}", not_built(DeviceKind::Cuda)))
}

fn devices() -> Probe {
    let library = open()?;
    let driver = Driver(library);
    driver.start()?;
    (0..driver.count()?).map(|ordinal| driver.device(ordinal)).collect()
}

/// How busy the GPU at this ordinal is, as NVML tells; it knows GPUs by their place on the bus, as `CUDA_VISIBLE_DEVICES` renumbers the ordinals.
#[cfg(feature = "cuda")]
pub(super) fn utilisation(ordinal: usize) -> Option<super::Utilisation> {
    let driver = Driver(open().ok()?);
    driver.start().ok()?;
    let bus_id = driver.bus_id(c_int::try_from(ordinal).ok()?).ok()?;
    let library = nvml_wrapper::Nvml::init().ok()?;
    let device = library.device_by_pci_bus_id(bus_id).ok()?;
    let (rates, memory) = (device.utilization_rates().ok()?, device.memory_info().ok()?);
    Some(super::Utilisation { busy: f64::from(rates.gpu) / 100.0, memory_used_bytes: memory.used, memory_bytes: memory.total })
}

fn open() -> Result<Library, String> {
    let mut reasons = Vec::new();
    for name in LIBRARIES {
        // SAFETY: loading the NVIDIA driver runs its initialisers only, which have no precondition.
        match unsafe { Library::new(name) } {
            Ok(library) => return Ok(library),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Err(format!("no NVIDIA driver: looked for {} ({})", LIBRARIES.join(" and "), reasons.join("; ")))
}

struct Driver(Library);

impl Driver {
    fn symbol<T>(&self, name: &str) -> Result<Symbol<'_, T>, String> {
        // SAFETY: the callers name functions of the CUDA driver API with the types of its header cuda.h.
        unsafe { self.0.get(name.as_bytes()) }.map_err(|error| format!("the NVIDIA driver lacks {name}: {error}"))
    }

    fn start(&self) -> Result<(), String> {
        let init: Symbol<'_, Init> = self.symbol("cuInit")?;
        // SAFETY: cuInit takes flags that must be 0 and may be called any number of times.
        check("cuInit", unsafe { init(0) })
    }

    fn count(&self) -> Result<c_int, String> {
        let get: Symbol<'_, Count> = self.symbol("cuDeviceGetCount")?;
        let mut count = 0;
        // SAFETY: `count` outlives the call and the driver is initialised.
        check("cuDeviceGetCount", unsafe { get(&raw mut count) })?;
        if count > 0 { Ok(count) } else { Err("the NVIDIA driver lists no GPU (cuDeviceGetCount gave 0)".to_owned()) }
    }

    fn device(&self, ordinal: c_int) -> Result<Capabilities, String> {
        let get: Symbol<'_, Get> = self.symbol("cuDeviceGet")?;
        let mut device = 0;
        // SAFETY: `device` outlives the call and `ordinal` is below the count.
        check("cuDeviceGet", unsafe { get(&raw mut device, ordinal) })?;
        let major = self.attribute(COMPUTE_MAJOR, device)?;
        let warp = u32::try_from(self.attribute(WARP_SIZE, device)?).ok();
        Ok(Capabilities {
            name: self.name(device)?,
            driver: Some(self.version()?),
            // bf16 came with compute capability 8, tensor cores with 7.
            dtypes: if major >= 8 { vec!["f32", "f16", "bf16"] } else { vec!["f32", "f16"] },
            plane_size: warp.map(|n| [n, n]),
            tensor_cores: Some(major >= 7),
            memory_bytes: Some(self.memory(device)?),
            ..Capabilities::default()
        })
    }

    /// The newest CUDA that the driver knows, as 13000 for 13.0.
    fn version(&self) -> Result<String, String> {
        let get: Symbol<'_, Version> = self.symbol("cuDriverGetVersion")?;
        let mut version = 0;
        // SAFETY: `version` outlives the call.
        check("cuDriverGetVersion", unsafe { get(&raw mut version) })?;
        Ok(version.to_string())
    }

    fn name(&self, device: c_int) -> Result<String, String> {
        let get: Symbol<'_, Name> = self.symbol("cuDeviceGetName")?;
        let mut name = [0_u8; 256];
        // SAFETY: the driver writes at most 255 bytes and a zero into `name`.
        check("cuDeviceGetName", unsafe { get(name.as_mut_ptr().cast(), 256, device) })?;
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        Ok(String::from_utf8_lossy(&name[..end]).into_owned())
    }

    /// Where the GPU at this ordinal is on the bus, as `0000:01:00.0`.
    #[cfg(feature = "cuda")]
    fn bus_id(&self, ordinal: c_int) -> Result<String, String> {
        let (get, of): (Symbol<'_, Get>, Symbol<'_, BusId>) = (self.symbol("cuDeviceGet")?, self.symbol("cuDeviceGetPCIBusId")?);
        let mut device = 0;
        // SAFETY: `device` outlives the call, which refuses an ordinal that is not there.
        check("cuDeviceGet", unsafe { get(&raw mut device, ordinal) })?;
        let mut id = [0_u8; BUS_ID];
        // SAFETY: the driver writes at most as many bytes as it is told, a zero among them.
        check("cuDeviceGetPCIBusId", unsafe { of(id.as_mut_ptr().cast(), BUS_ID as c_int, device) })?;
        let end = id.iter().position(|&b| b == 0).unwrap_or(id.len());
        Ok(String::from_utf8_lossy(&id[..end]).into_owned())
    }

    fn memory(&self, device: c_int) -> Result<u64, String> {
        let get: Symbol<'_, Memory> = self.symbol("cuDeviceTotalMem_v2")?;
        let mut bytes = 0;
        // SAFETY: `bytes` outlives the call and `device` came from cuDeviceGet.
        check("cuDeviceTotalMem", unsafe { get(&raw mut bytes, device) })?;
        Ok(bytes as u64)
    }

    fn attribute(&self, attribute: c_int, device: c_int) -> Result<c_int, String> {
        let get: Symbol<'_, Attribute> = self.symbol("cuDeviceGetAttribute")?;
        let mut value = 0;
        // SAFETY: `value` outlives the call and `device` came from cuDeviceGet.
        check("cuDeviceGetAttribute", unsafe { get(&raw mut value, attribute, device) })?;
        Ok(value)
    }
}

fn check(function: &str, code: c_int) -> Result<(), String> {
    match code {
        0 => Ok(()),
        100 => Err(format!("the NVIDIA driver finds no GPU ({function} gave 100, no device)")),
        code => Err(format!("the NVIDIA driver does not work: {function} gave error {code}")),
    }
}
