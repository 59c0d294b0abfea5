"""llama-cpp-python and llama-bench, built from the one source archive and kept in the user's cache.

The key of a build is the source's SHA-256, the flags, the CPU's features and the Python.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from edgeprof.paths import cache_dir

VERSION = "0.3.36"
# Both sides alike. A native build takes AMX where the CPU names it, and dies of SIGSEGV where a virtual machine's
# kernel does not let a process use it (seen); GGML_NATIVE=OFF builds for AVX2 and FMA, as the prebuilt binding is.
COMMON_FLAGS = ("-DGGML_NATIVE=OFF",)
WHEEL_FLAGS = (*COMMON_FLAGS, "-DLLAVA_BUILD=OFF")
# Linked against shared libraries, so that it can run on the wheel's own (`libraries`): two builds of one source
# differ in speed (a static llama-bench decodes some per cent faster), and what is asked is what our path costs.
BENCH_FLAGS = (
    *COMMON_FLAGS,
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_OPENSSL=OFF",
)
NEEDED = ("gcc", "g++", "cmake")


def source_archive() -> Path:
    """The package's source archive, downloaded once."""
    folder = cache_dir() / "sources"
    found = sorted(folder.glob(f"llama_cpp_python-{VERSION}.tar.gz"))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        _pip("download", "--no-deps", "--no-binary", ":all:", "-d", str(folder), f"llama-cpp-python=={VERSION}")
        found = sorted(folder.glob(f"llama_cpp_python-{VERSION}.tar.gz"))
    return found[0]


def wheel() -> Path:
    """A wheel of llama-cpp-python for this machine and this Python; minutes when it is not in the cache."""
    _need_compiler()
    folder = _built("wheel", WHEEL_FLAGS)
    if not list(folder.glob("*.whl")):
        environment = {**os.environ, "CMAKE_ARGS": " ".join(WHEEL_FLAGS)}
        _pip("wheel", "--no-deps", "--no-cache-dir", "-w", str(folder), str(source_archive()), environment=environment)
    return next(folder.glob("*.whl"))


def llama_bench() -> Path:
    """The native `llama-bench` from the same source; minutes when it is not in the cache."""
    _need_compiler()
    program = _built("llama-bench", BENCH_FLAGS) / "bin" / "llama-bench"
    if not program.exists():
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(source_archive()) as archive:
                archive.extractall(scratch, filter="data")
            tree = next(Path(scratch).iterdir()) / "vendor" / "llama.cpp"
            build = Path(scratch) / "build"
            _quiet(["cmake", "-S", str(tree), "-B", str(build), *BENCH_FLAGS])
            _quiet(["cmake", "--build", str(build), "--target", "llama-bench", "-j", str(os.cpu_count())])
            shutil.copytree(build / "bin", program.parent, dirs_exist_ok=True, symlinks=True)
    return program


def libraries() -> Path:
    """Where the installed wheel of llama-cpp-python keeps its shared libraries: put it on LD_LIBRARY_PATH."""
    found = find_spec("llama_cpp")
    if found is None or found.origin is None:
        raise SystemExit("llama-cpp-python is not installed here; `scripts/test --full` builds and installs it.")
    return Path(found.origin).parent / "lib"


def _built(what: str, flags: tuple[str, ...]) -> Path:
    digest = hashlib.sha256(source_archive().read_bytes())
    for part in (what, *flags, _cpu_flags(), sys.version):
        digest.update(b"\0" + part.encode())
    folder = cache_dir() / "built" / f"{what}-{digest.hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cpu_flags() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.machine())


def _need_compiler() -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"Missing: {', '.join(missing)}. Install: sudo apt-get install build-essential cmake")


def _quiet(command: list[str]) -> None:
    """Run a build step; its thousands of lines are shown only where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def _pip(*arguments: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True, env=environment)


if __name__ == "__main__":
    print(wheel())
    print(llama_bench())
