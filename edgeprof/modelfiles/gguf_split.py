"""A GGUF model in several files, named as llama.cpp finds them: NAME-00001-of-00003.gguf and so on."""

import re
from collections.abc import Iterator
from pathlib import Path

from edgeprof.modelfiles.gguf_file import GgufContents
from edgeprof.modelfiles.window import ModelFileError

MAX_PARTS = 10_000
_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
"""llama.cpp's own pattern: "%s-%05d-of-%05d.gguf", counted from 1."""


def stem_of(name: str) -> str | None:
    """`big` of `big-00001-of-00003.gguf`; None for a name of one file."""
    found = _NAME.fullmatch(name)
    return found["stem"] if found else None


def first_part_of(name: str) -> str | None:
    """The first part's name, where this is the name of a later part."""
    found = _NAME.fullmatch(name)
    if found is None or int(found["number"]) <= 1:
        return None
    return f"{found['stem']}-00001-of-{found['count']}.gguf"


def other_parts(path: Path, contents: GgufContents) -> Iterator[Path]:
    """The paths of parts 2 and up of the model whose first part is at `path`; nothing for a model in one file.

    Raises ModelFileError for a later part, and for a name by which llama.cpp would not find the others.
    """
    count, number = contents.whole("split.count") or 1, contents.whole("split.no") or 0
    if count <= 1:
        return
    if number:
        first = first_part_of(path.name) or f"NAME-00001-of-{count:05}.gguf"
        raise ModelFileError(
            "not_a_model", f"{path.name} is part {number + 1} of {count} of a model. Name the first part: {first}."
        )
    found = _NAME.fullmatch(path.name)
    if found is None or (int(found["number"]), int(found["count"])) != (1, count) or count > MAX_PARTS:
        raise ModelFileError(
            "not_a_model",
            f"{path.name} is part 1 of {count} of a model, and its name does not say so. Rename it to "
            f"NAME-00001-of-{count:05}.gguf.",
        )
    for each in range(2, count + 1):
        part = path.with_name(f"{found['stem']}-{each:05}-of-{count:05}.gguf")
        if not part.exists():
            raise ModelFileError(
                "truncated",
                f"{path.name} is part 1 of {count} of a model, and {part.name} is missing. Copy that file there too.",
            )
        yield part


def check_part(part: Path, contents: GgufContents, first: GgufContents) -> None:
    """Raises ModelFileError where the file at `part` is not the part that its name says."""
    named = _NAME.fullmatch(part.name)
    count, number = contents.whole("split.count") or 1, contents.whole("split.no") or 0
    if named is None or (number + 1, count) != (int(named["number"]), first.whole("split.count")):
        raise ModelFileError(
            "not_a_model",
            f"{part.name} does not hold the part that its name says: it is part {number + 1} of {count}. "
            "Copy or download the model again.",
        )
