"""A package index of a runtime's versions that differ by known work: the real one, wrapped, in tiny wheels.

Each wheel is a package `onnxruntime` that loads the installed one and changes its sessions; what that needs, as numpy,
comes from this installation. pip installs it, the worker imports it, and all in between is the real path.
"""

import base64
import hashlib
import zipfile
from pathlib import Path

import onnxruntime

_SITE = Path(onnxruntime.__file__).parents[1]
_MODULE = """
{broken}
__path__ = [{site!r} + "/onnxruntime"]
with open(__path__[0] + "/__init__.py") as file:
    exec(compile(file.read(), file.name, "exec"))
__version__ = {version!r}
_Session = InferenceSession


class InferenceSession(_Session):
    def run(self, names, feeds, options=None):
        for _ in range({runs} - 1):
            super().run(names, feeds, options)
        return [each + each.dtype.type({shift}) for each in super().run(names, feeds, options)]
"""
BROKEN = 'raise ImportError("a library that this board does not have")'


def make_wheel(index: Path, version: str, *, runs: int = 1, shift: float = 0.0, broken: bool = False) -> Path:
    """One version in `index/onnxruntime`. Its sessions infer `runs` times and add `shift` to each output."""
    text = _MODULE.format(
        site=str(_SITE), version=version, runs=runs, shift=shift, broken=BROKEN if broken else ""
    ).lstrip()
    name = f"onnxruntime-{version}"
    info = f"{name}.dist-info"
    files = {
        "onnxruntime/__init__.py": text,
        "real-packages.pth": f"{_SITE}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: onnxruntime\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_hash(body)},{len(body.encode())}\n" for path, body in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder = index / "onnxruntime"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, body in files.items():
            archive.writestr(path, body)
    links = "".join(f'<a href="{each.name}">{each.name}</a>\n' for each in sorted(folder.glob("*.whl")))
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
    return wheel


def _hash(body: str) -> str:
    digest = hashlib.sha256(body.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
