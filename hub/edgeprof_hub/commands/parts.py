"""What a command of the hub needs before it can import it: its Python and its extra."""

import platform
import sys
from collections.abc import Generator
from contextlib import contextmanager

from edgeprof.errors import MissingPartError

MIN_PYTHON = (3, 11)


@contextmanager
def parts_of_the_hub() -> Generator[None]:
    """Imports inside need the hub's extra and its Python; without them the user gets a sentence."""
    if sys.version_info < MIN_PYTHON:
        raise MissingPartError(
            "python_too_old",
            f"The hub needs Python {'.'.join(map(str, MIN_PYTHON))} or newer; this is {platform.python_version()}. "
            "Agents run on 3.10. Run the hub on a machine with a newer Python.",
        )
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("edgeprof"):
            raise
        raise MissingPartError(
            "extra_missing",
            f"`edgeprof hub` needs {error.name}, which is not installed. Install it: pip install 'edgeprof[hub]'",
        ) from error
