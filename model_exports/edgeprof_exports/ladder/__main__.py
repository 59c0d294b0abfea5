"""One step in a process of its own: a converter that crashes or leaks ends here.

    python -m edgeprof_exports.ladder STEP SOURCE TARGET [INPUTS]

Where it fails, its last line on stderr starts with `problem: `.
"""

import importlib
import sys
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof_exports.ladder.table import STEPS


def main() -> None:
    """Exit code 0: the target is written."""
    name, source, target, *inputs = sys.argv[1:]
    step = next(step for step in STEPS if step.name == name)
    module, _, function = step.make.partition(":")
    try:
        made = getattr(importlib.import_module(module), function)
        made(Path(source), Path(target), step.settings, Path(inputs[0]) if inputs else None)
    except EdgeprofError as error:
        sys.exit(f"problem: {error.message}")
    except Exception as error:  # tools raise what they like for a model that they do not take
        words = " ".join(str(error).split()) or type(error).__name__
        sys.exit(f"problem: {words[:300]}")


if __name__ == "__main__":
    main()
