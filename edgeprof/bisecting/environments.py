"""Python environments side by side, one for each version of a package: made once, kept in the cache, named by content.

An environment holds the package and what it depends on. The code that measures is the present installation's: links to
it lie in a folder on the environment's path, and nothing else of the present installation is seen.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edgeprof.bisecting.course import Unusable
from edgeprof.errors import EdgeprofError, MissingPartError

_INSTALL_TIMEOUT_S = 1800.0
_CHECK_TIMEOUT_S = 120.0
_READY = "edgeprof-environment.json"
_LINKS = "edgeprof-links"
_OURS = ("edgeprof", "edgeprof_agent")
_OLD_NUMPY = "numpy<2"
_WANTS_OLD_NUMPY = "compiled using NumPy 1.x"
"""NumPy 2's own words where a module was built for NumPy 1."""
_CHECK = """
import importlib, importlib.metadata, json, sys
importlib.import_module(sys.argv[2])
names = {each.metadata["Name"].lower(): each.version for each in importlib.metadata.distributions()}
print(json.dumps({"version": importlib.metadata.version(sys.argv[1]), "packages": names}))
"""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An interpreter with one version of a package. `packages`: every distribution in it, with its version."""

    python: Path
    folder: Path
    version: str
    packages: dict[str, str]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What environments are made of. `module`: what must import there. `index`: None leaves it to pip."""

    package: str
    module: str
    index: str | None = None


class Environments:
    """Those of one cache folder. Making one that is there already costs nothing."""

    def __init__(self, cache: Path, wanted: Wanted) -> None:
        self._cache = cache
        self._wanted = wanted

    def folder_of(self, version: str) -> Path:
        """Of an environment, made or not. An environment belongs to its package, version, index and Python."""
        wanted = self._wanted
        key = hashlib.sha256(
            "\0".join((wanted.package, version, wanted.index or "", sys.version, sys.executable)).encode()
        )
        return self._cache / f"{wanted.package}-{version}-{key.hexdigest()[:8]}"

    def has(self, version: str) -> bool:
        """Whether it is there, so that nothing has to be fetched."""
        return (self.folder_of(version) / _READY).exists()

    def made(self, version: str) -> Environment:
        """The environment of a version. Raises Unusable where it does not install, or its module does not import.

        A release from before NumPy 2 may install with NumPy 2 and fail to import: it is then given NumPy 1.
        """
        folder = self.folder_of(version)
        known = _known(folder, version)
        if known is not None:
            return known
        shutil.rmtree(folder, ignore_errors=True)
        started_s = time.monotonic()
        python = _bare(folder)
        requirement = f"{self._wanted.package}=={version}"
        self._install(python, [requirement])
        found, problem = self._checked(python)
        note = ""
        if found is None and _WANTS_OLD_NUMPY in problem:
            self._install(python, [requirement, _OLD_NUMPY])
            found, second = self._checked(python)
            note, problem = "needs NumPy 1, and got it", second or problem
        if found is None:
            shutil.rmtree(folder, ignore_errors=True)
            raise Unusable(f"it installs and does not import: {_last_line(problem)}")
        if found["version"] != version:
            shutil.rmtree(folder, ignore_errors=True)
            raise Unusable(f"pip installed {found['version']} in its place")
        record = {**found, "note": note, "seconds": round(time.monotonic() - started_s, 1)}
        (folder / _READY).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        return _environment(folder, version, record)

    def _install(self, python: Path, requirements: Sequence[str]) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
        command += ["--only-binary=:all:", "--no-compile", "--disable-pip-version-check"]
        if self._wanted.index is not None:
            command += ["--index-url", self._wanted.index]
        try:
            done = subprocess.run(
                [*command, *requirements],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_INSTALL_TIMEOUT_S,
                env=_environment_variables(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unusable(f"pip did not install it within {_INSTALL_TIMEOUT_S / 60:.0f} minutes") from None
        if done.returncode:
            raise Unusable(f"pip does not install it: {_last_error(done.stderr)}")

    def _checked(self, python: Path) -> tuple[dict[str, object] | None, str]:
        """What the environment holds, or why its module does not import."""
        command = [str(python), "-c", _CHECK, self._wanted.package, self._wanted.module]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_CHECK_TIMEOUT_S,
                cwd="/",
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, f"the import took longer than {_CHECK_TIMEOUT_S:.0f} s"
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0 and lines:
            return json.loads(lines[-1]), ""
        if done.returncode < 0:
            return None, f"{done.stderr}\nits process was killed by signal {-done.returncode}"
        return None, done.stderr


def check_pip() -> None:
    """Raises MissingPartError `pip_missing`, `packaging_missing`: what finding and installing versions takes."""
    if importlib.util.find_spec("pip") is None:
        raise MissingPartError(
            "pip_missing", f"Installing versions needs pip, which {sys.executable} lacks. Run: python -m ensurepip"
        )
    if importlib.util.find_spec("packaging") is None:
        raise MissingPartError(
            "packaging_missing", "Ordering versions needs packaging. Install it with: pip install 'edgeprof[bisect]'"
        )


def _known(folder: Path, version: str) -> Environment | None:
    with suppress(OSError, ValueError, KeyError):
        return _environment(folder, version, json.loads((folder / _READY).read_text()))
    return None


def _environment(folder: Path, version: str, record: dict[str, object]) -> Environment:
    packages = cast("dict[str, str]", record["packages"])
    note = str(record.get("note") or "")
    return Environment(python=_python_of(folder), folder=folder, version=version, packages=packages, note=note)


def _bare(folder: Path) -> Path:
    """An environment without any package, whose path ends with links to our own code."""
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder)],
            check=True,
            capture_output=True,
            timeout=_CHECK_TIMEOUT_S,
        )
        links = folder / _LINKS
        links.mkdir()
        for name in _OURS:
            spec = importlib.util.find_spec(name)
            if spec is None or not spec.submodule_search_locations:
                raise EdgeprofError("bisect_no_environment", f"The package {name} is not found in this installation.")
            (links / name).symlink_to(Path(next(iter(spec.submodule_search_locations))).resolve())
        site = next((folder / "lib").glob("python*/site-packages"))
        (site / "edgeprof-links.pth").write_text(f"{links.resolve()}\n")
    except subprocess.CalledProcessError as error:
        said = _last_line(error.stderr.decode(errors="replace") + error.stdout.decode(errors="replace"))
        raise EdgeprofError(
            "bisect_no_environment", f"No environment can be made here: {said} Install python3-venv."
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EdgeprofError("bisect_no_environment", f"No environment can be made in {folder}: {error}.") from error
    return _python_of(folder)


def _python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def _environment_variables() -> dict[str, str]:
    """Ours, without what would lead pip or Python to another environment."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET")}


def _last_error(stderr: str) -> str:
    errors = [line.partition(": ")[2] for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return (errors[-1] if errors else _last_line(stderr)).rstrip(".")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason given").rstrip(".")
