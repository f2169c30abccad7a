//! GPUs behind the Vulkan loader, asked through the loader itself: wgpu panics when it finds no adapter.

use std::ffi::CStr;

use ash::{Entry, Instance, vk};

use super::{Capabilities, Form, Probe};

/// The devices that the Vulkan loader lists, in its order.
pub(super) fn probe() -> Probe {
    let found = VulkanInstance::new()?.devices()?;
    if found.is_empty() {
        return Err(NO_DRIVER.to_owned());
    }
    Ok(found)
}

const NO_LOADER: &str = "no Vulkan loader: looked for libvulkan.so.1 (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)";
const NO_DRIVER: &str = "the Vulkan loader is here but no driver: looked for manifests in /usr/share/vulkan/icd.d, /etc/vulkan/icd.d and \
                         where VK_DRIVER_FILES and VK_ICD_FILENAMES point (Debian: apt-get install mesa-vulkan-drivers)";

/// A Vulkan instance that is destroyed when dropped; no device is opened on it.
struct VulkanInstance {
    instance: Instance,
    /// The library stays loaded as long as the instance lives.
    _entry: Entry,
}

impl VulkanInstance {
    fn new() -> Result<Self, String> {
        // SAFETY: loading the Vulkan loader runs its initialisers only, which have no precondition.
        let entry = unsafe { Entry::load() }.map_err(|error| format!("{NO_LOADER} ({error})"))?;
        // 1.1 has the queries below in its core.
        let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_1);
        let create = vk::InstanceCreateInfo::default().application_info(&application);
        // SAFETY: `create` and what it points to outlive the call; no layers or extensions are asked for.
        let instance = unsafe { entry.create_instance(&create, None) }.map_err(|error| match error {
            vk::Result::ERROR_INCOMPATIBLE_DRIVER => NO_DRIVER.to_owned(),
            other => format!("the Vulkan loader does not start: {other}"),
        })?;
        Ok(Self { instance, _entry: entry })
    }

    fn devices(&self) -> Probe {
        // SAFETY: the instance is alive.
        let handles = unsafe { self.instance.enumerate_physical_devices() }.map_err(|error| format!("{NO_DRIVER} ({error})"))?;
        Ok(handles.into_iter().map(|handle| self.device(handle)).collect())
    }

    fn device(&self, handle: vk::PhysicalDevice) -> Capabilities {
        let mut subgroup = vk::PhysicalDeviceSubgroupProperties::default();
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut subgroup);
        // SAFETY: `handle` belongs to this instance; the chained structures outlive the call.
        unsafe { self.instance.get_physical_device_properties2(handle, &mut properties) };
        let device = properties.properties;
        let name = device.device_name_as_c_str().map(CStr::to_string_lossy).unwrap_or_default().into_owned();
        let plane = subgroup.subgroup_size;
        Capabilities {
            name,
            driver: Some(device.driver_version.to_string()),
            form: Some(form(device.device_type)),
            dtypes: self.dtypes(handle),
            plane_size: Some([plane, plane]),
            tensor_cores: Some(self.has_extension(handle, c"VK_KHR_cooperative_matrix")),
            memory_bytes: Some(self.memory(handle)),
            ..Capabilities::default()
        }
    }

    fn dtypes(&self, handle: vk::PhysicalDevice) -> Vec<&'static str> {
        let mut arithmetic = vk::PhysicalDeviceShaderFloat16Int8Features::default();
        let mut storage = vk::PhysicalDevice16BitStorageFeatures::default();
        let mut features = vk::PhysicalDeviceFeatures2::default().push_next(&mut arithmetic).push_next(&mut storage);
        // SAFETY: `handle` belongs to this instance; the chained structures outlive the call.
        unsafe { self.instance.get_physical_device_features2(handle, &mut features) };
        let half = arithmetic.shader_float16 == vk::TRUE && storage.storage_buffer16_bit_access == vk::TRUE;
        if half { vec!["f32", "f16"] } else { vec!["f32"] }
    }

    fn has_extension(&self, handle: vk::PhysicalDevice, name: &CStr) -> bool {
        // SAFETY: `handle` belongs to this instance.
        let extensions = unsafe { self.instance.enumerate_device_extension_properties(handle) }.unwrap_or_default();
        extensions.iter().any(|extension| extension.extension_name_as_c_str() == Ok(name))
    }

    fn memory(&self, handle: vk::PhysicalDevice) -> u64 {
        // SAFETY: `handle` belongs to this instance.
        let memory = unsafe { self.instance.get_physical_device_memory_properties(handle) };
        let local = |heap: &&vk::MemoryHeap| heap.flags.contains(vk::MemoryHeapFlags::DEVICE_LOCAL);
        memory.memory_heaps_as_slice().iter().filter(local).map(|heap| heap.size).sum()
    }
}

impl Drop for VulkanInstance {
    fn drop(&mut self) {
        // SAFETY: nothing made from the instance is alive: physical devices need no destruction.
        unsafe { self.instance.destroy_instance(None) };
    }
}

fn form(device_type: vk::PhysicalDeviceType) -> Form {
    match device_type {
        vk::PhysicalDeviceType::DISCRETE_GPU => Form::Discrete,
        vk::PhysicalDeviceType::INTEGRATED_GPU => Form::Integrated,
        vk::PhysicalDeviceType::VIRTUAL_GPU => Form::Virtual,
        vk::PhysicalDeviceType::CPU => Form::Software,
        _ => Form::Other,
    }
}
