"""Compiles every *.cu of a folder with NVRTC, which needs no GPU: nvrtc.py FOLDER ARCH...

Uses the wheels nvidia-cuda-nvrtc and nvidia-cuda-runtime of the Python that runs it (PyTorch brings them). Exit code 3: not found.
"""

import ctypes
import glob
import sys
from concurrent.futures import ThreadPoolExecutor

try:
    import nvidia

    roots = list(nvidia.__path__)
    found = [p for root in roots for p in glob.glob(root + "/**/libnvrtc.so.*", recursive=True) if "alt" not in p]
    # Some releases keep what cuda_runtime.h includes in a wheel of its own.
    headers = ["cuda_runtime.h", "crt/host_config.h"]
    include = {p[: -len(h) - 1] for root in roots for h in headers for p in glob.glob(f"{root}/**/include/{h}", recursive=True)}
    nvrtc = ctypes.CDLL(found[0])
except (ImportError, IndexError, OSError) as error:
    print(f"no NVRTC in this Python: {error}", file=sys.stderr)
    sys.exit(3)


def log_of(program):
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, text)
    return text.value.decode()


def compile_one(job):
    path, arch = job
    program = ctypes.c_void_p()
    with open(path, "rb") as file:
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), file.read(), path.encode(), 0, None, None)
    options = [f"--gpu-architecture={arch}", "-lineinfo", *(f"--include-path={i}" for i in sorted(include))]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*(o.encode() for o in options)))
    message = f"{path} for {arch}:\n{log_of(program)}" if failed else None
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return message


jobs = [(path, arch) for path in sorted(glob.glob(sys.argv[1] + "/*.cu")) for arch in sys.argv[2:]]
with ThreadPoolExecutor() as pool:
    failures = [message for message in pool.map(compile_one, jobs) if message]
print(f"{len(jobs) - len(failures)} of {len(jobs)} compiled")
print("\n".join(failures[:10]), file=sys.stderr)
sys.exit(1 if failures else 0)
