"""Compiles the CUDA C++ that kernels/tests/codegen.rs wrote, which needs no GPU: nvrtc.py FOLDER

FOLDER/cuda_sm_N/*.cu goes through NVRTC to PTX for sm_N, as CubeCL does it, and through ptxas to machine code. FOLDER/cuda.tsv gets a line
of each: registers, bytes of stack, bytes spilled (stored, loaded), bytes that spill for want of registers, and the bytes of the widest load
and store of global memory. ptxas also spills by choice: it knows the size of a cube, and gives up a few registers for one cube more on a
multiprocessor. What it spills when it is not told the size is for want. Uses the wheels nvidia-cuda-nvrtc, nvidia-cuda-runtime, nvidia-cuda-crt and nvidia-cuda-nvcc of the Python that runs it. Exit code 3:
not found.
"""

import ctypes
import glob
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

try:
    import nvidia

    roots = list(nvidia.__path__)
    found = [p for root in roots for p in glob.glob(root + "/**/libnvrtc.so.*", recursive=True) if "alt" not in p]
    # Some releases keep what cuda_runtime.h includes in a wheel of its own.
    headers = ["cuda_runtime.h", "crt/host_config.h"]
    include = {p[: -len(h) - 1] for root in roots for h in headers for p in glob.glob(f"{root}/**/include/{h}", recursive=True)}
    ptxas = [p for root in roots for p in glob.glob(root + "/**/bin/ptxas", recursive=True)][0]
    nvrtc = ctypes.CDLL(found[0])
except (ImportError, IndexError, OSError) as error:
    print(f"no NVRTC and ptxas in this Python: {error}", file=sys.stderr)
    sys.exit(3)


def text_of(program, kind):
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, text)
    return text.value


def to_ptx(path, arch):
    program = ctypes.c_void_p()
    with open(path, "rb") as file:
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), file.read(), path.encode(), 0, None, None)
    options = [f"--gpu-architecture=compute_{arch}", "-lineinfo", *(f"--include-path={i}" for i in sorted(include))]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*(o.encode() for o in options)))
    text = text_of(program, "ProgramLog" if failed else "PTX")
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    if failed:
        raise ValueError(text.decode())
    return text


def report_of(ptx, arch):
    """Registers, bytes of stack, bytes of spill stores and loads."""
    report = subprocess.run([ptxas, "-v", f"-arch=sm_{arch}", "-o", os.devnull, ptx], capture_output=True, text=True)
    if report.returncode:
        raise ValueError(report.stderr)
    patterns = [r"Used (\d+) registers", r"(\d+) bytes stack", r"(\d+) bytes spill stores", r"(\d+) bytes spill loads"]
    return [int(re.search(pattern, report.stderr).group(1)) for pattern in patterns]


def widest(ptx, instruction):
    """Bytes of the widest `ld.global.nc.v4.f32` or the like."""
    accesses = re.findall(rf"\b{instruction}(?:\.\w+)*?\.global(?:\.\w+)*?(?:\.v(\d))?\.[bsuf](\d+)", ptx)
    return max((int(n or 1) * int(bits) // 8 for n, bits in accesses), default=0)


def compile_one(path):
    arch = os.path.basename(os.path.dirname(path)).rsplit("_", 1)[1]
    try:
        ptx = to_ptx(path, arch)
    except ValueError as error:
        return f"{path} for sm_{arch}:\n{error}", None
    with open(path[:-3] + ".ptx", "wb") as file:
        file.write(ptx)
    try:
        registers, stack, stored, loaded = report_of(path[:-3] + ".ptx", arch)
        forced = 0
        if stored + loaded:
            free = path[:-3] + ".free.ptx"
            with open(free, "wb") as file:
                file.write(re.sub(rb"(?m)^\.maxntid.*$", b"", ptx))
            forced = sum(report_of(free, arch)[2:])
    except ValueError as error:
        return f"{path} for sm_{arch}:\n{error}", None
    ptx = ptx.decode()
    fields = [registers, stack, stored, loaded, forced, widest(ptx, "ld"), widest(ptx, "st")]
    place, file = path.split("/")[-2:]
    return None, "\t".join([place, file, *map(str, fields)])


paths = sorted(glob.glob(sys.argv[1] + "/cuda_sm_*/*.cu"))
with ThreadPoolExecutor() as pool:
    done = list(pool.map(compile_one, paths))
failures = [failure for failure, _ in done if failure]
with open(sys.argv[1] + "/cuda.tsv", "w") as file:
    print("target\tfile\tregisters\tstack\tspill_stores\tspill_loads\tforced_spills\tloaded_bytes\tstored_bytes", file=file)
    print("\n".join(line for _, line in done if line), file=file)
print(f"{len(paths) - len(failures)} of {len(paths)} compiled")
print("\n".join(failures[:10]), file=sys.stderr)
sys.exit(1 if failures else 0)
