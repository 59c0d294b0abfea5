"""What an installation adds to an empty virtual environment, in MB on disk: the base (the agent) and the demo."""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def size_mb(folder: Path) -> float:
    """Size of all files below a folder in units of 10^6 bytes, symbolic links not followed."""
    total = 0
    for root, _, names in os.walk(folder):
        total += sum(os.lstat(os.path.join(root, name)).st_size for name in names)
    return total / 1e6


def main() -> None:
    """Make an environment for each set of extras, install, and print the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extras", nargs="*", default=["", "demo"], help="sets of extras; '' is the base install")
    for extras in parser.parse_args().extras:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "venv"
            venv.create(folder, with_pip=True)
            before = size_mb(folder)
            target = f"{PROJECT}[{extras}]" if extras else str(PROJECT)
            command = [folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
            subprocess.run([*command, target], check=True, stdout=sys.stderr)
            print(f"{extras or 'base':<8} adds {size_mb(folder) - before:7.1f} MB to an environment of {before:.1f} MB")


if __name__ == "__main__":
    main()
