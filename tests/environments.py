"""Environments of their own for packages that cannot share ours, made once in the user's cache by the full tier."""

import subprocess
import venv
from pathlib import Path

from edgeprof.paths import cache_dir


def python_with(name: str, *requirements: str) -> Path:
    """The Python of an environment that has these. Call it from a fixture of the session: tests move the cache."""
    folder = cache_dir() / name
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "".join(f"{requirement}\n" for requirement in requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
        stamp.write_text(wanted)
    return python
