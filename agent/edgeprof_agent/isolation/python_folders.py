"""The folders that an interpreter reads: its installation, its environment, and where its packages lie."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

_ASK = (
    "import json, os, sys; print(json.dumps([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix,"
    " os.path.dirname(sys.executable), os.path.dirname(os.path.realpath(sys.executable)), *sys.path]))"
)
_ASK_TIMEOUT_S = 20.0
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")


def python_folders(python: str, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Of the interpreter `python`, beyond /usr. Empty where it cannot be asked: its start will say why.

    A virtual environment's interpreter is a link into another installation, which must be seen, too.
    """
    return _folders(python, environment.get("PYTHONPATH", ""), environment.get("LD_LIBRARY_PATH", ""))


@lru_cache(maxsize=8)
def _folders(python: str, python_path: str, library_path: str) -> tuple[Path, ...]:
    environment = {**os.environ, "PYTHONPATH": python_path}
    try:
        done = subprocess.run(
            [python, "-c", _ASK], capture_output=True, cwd="/", env=environment, timeout=_ASK_TIMEOUT_S, check=True
        )
        told = [str(entry) for entry in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        told = [sys.prefix, sys.base_prefix] if python == sys.executable else []
    return worth_showing([*told, *library_path.split(":")], Path.home())


def worth_showing(folders: Iterable[str], home: Path) -> tuple[Path, ...]:
    """Each once, and none below another: a mount costs time. A home folder as a whole is never shown, nor one above.

    >>> worth_showing(["", "/usr/lib/python3", "/home/pi/venv/lib", "/home/pi", "/"], Path("/home/pi"))
    (PosixPath('/home/pi/venv/lib'),)
    """
    shown = [Path(folder) for folder in _SYSTEM]
    for folder in sorted({Path(os.path.normpath(folder)) for folder in folders if folder.startswith("/")}):
        is_home = folder == home or folder in home.parents
        if not is_home and not any(folder == each or each in folder.parents for each in shown):
            shown.append(folder)
    return tuple(shown[len(_SYSTEM) :])
