//! What a kernel takes of a device, read from its text, against what the target guarantees: no validator of a single text does this.

use crate::targets::Target;

/// Why a kernel does not fit a target; `None` where it does.
pub(crate) fn excess(target: Target, text: &str) -> Option<String> {
    let hardware = target.properties().hardware;
    let (taken, shared) = (buffers(target, text), shared_bytes(target, text));
    // CubeCL keeps one of WebGPU's for its sizes.
    let buffers = hardware.max_bindings as usize + 1;
    if taken.is_some_and(|taken| taken > buffers) {
        return Some(format!("it takes more storage buffers than the {buffers} that every device has"));
    }
    let most = hardware.max_shared_memory_size;
    (shared > most).then(|| format!("it takes more shared memory than the {most} bytes that every device has"))
}

/// Storage buffers of a text in MSL or WGSL.
fn buffers(target: Target, text: &str) -> Option<usize> {
    match target {
        Target::CudaSm80 | Target::CudaSm90 | Target::Spirv => None,
        Target::Metal => Some(text.matches("[[buffer(").count()),
        Target::Wgsl | Target::WgslCore => Some(text.matches("var<storage").count()),
    }
}

/// Bytes of shared memory of a text; 0 for SPIR-V.
pub(crate) fn shared_bytes(target: Target, text: &str) -> usize {
    match target {
        Target::CudaSm80 | Target::CudaSm90 | Target::Metal => arrays_of_cpp(text),
        Target::Wgsl | Target::WgslCore => text.lines().filter_map(array_of_wgsl).sum(),
        Target::Spirv => 0,
    }
}

/// C++ says at each array how many bytes it has and where it begins.
fn arrays_of_cpp(text: &str) -> usize {
    let sizes =
        text.lines().filter_map(|line| line.trim().strip_prefix("// Shared array size: ")?.split(' ').nth(1)?.parse::<usize>().ok());
    let starts = text.lines().filter_map(|line| line.split_once("(&dynamic_shared_mem[")?.1.split(']').next()?.parse::<usize>().ok());
    sizes.zip(starts).map(|(size, start)| start + size).max().unwrap_or(0)
}

/// Such as `var<workgroup> shared_memory_0: array<vec4<f32>, 256>;`
fn array_of_wgsl(line: &str) -> Option<usize> {
    let (element, n) = line.trim().strip_prefix("var<workgroup>")?.split_once("array<")?.1.trim_end_matches(">;").rsplit_once(", ")?;
    let (lanes, scalar) = match element.strip_prefix("vec") {
        Some(vector) => (vector.chars().next()?.to_digit(10)? as usize, &vector[2..vector.len() - 1]),
        None => (1, element),
    };
    let bytes = if scalar == "f16" { 2 } else { 4 };
    Some(lanes * bytes * n.parse::<usize>().ok()?)
}

#[test]
fn shared_memory_is_read_from_the_texts() {
    let wgsl = "var<workgroup> shared_memory_0: array<vec4<f16>, 6>;\n\nvar<workgroup> shared_memory_1: array<u32, 5>;\n";
    assert_eq!(shared_bytes(Target::Wgsl, wgsl), 6 * 8 + 5 * 4);
    let cuda = "// Shared array size: 3, 12 bytes\nfloat *a = reinterpret_cast<float*>(&dynamic_shared_mem[40]);\n\
                // Shared array size: 5, 20 bytes\nfloat *b = reinterpret_cast<float*>(&dynamic_shared_mem[0]);\n";
    assert_eq!(shared_bytes(Target::CudaSm80, cuda), 52);
}
