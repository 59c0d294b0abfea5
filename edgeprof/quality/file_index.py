"""The files of an evaluation set as they travel. A long list is a file of its own, so that a job's message stays small.

The index is no part of the set: a folder that was read, and one that a device stored, do not have it.
"""

from dataclasses import asdict
from pathlib import Path

from edgeprof.quality.evaluation_set import FACTS_FILE, FILES_FOLDER, ITEMS_FILE, EvaluationSet
from edgeprof.wire.files import FileRef, Manifest
from edgeprof.wire.identity import canonical_json, manifest_of, sha256_hex

INDEX_FILE = "files.json"
MAX_LISTED = 24
"""Files that a job lists one by one: its message also holds the model's."""
MAX_INDEX_BYTES = 64 << 20


def manifest_in(folder: Path, found: EvaluationSet) -> Manifest:
    """Every file of a set that was read from this folder."""
    from edgeprof.quality.sets.folder import own_files  # an agent, which reads no folder, need not hold it

    return manifest_of(FACTS_FILE, [*own_files(folder), *found.files])


def shortened(manifest: Manifest) -> tuple[Manifest, bytes | None]:
    """The manifest as a job carries it, and the contents of the index file that it names where the list is long.

    >>> own = [FileRef(path=name, size=2, sha256="0" * 64) for name in ("set.json", "items.jsonl")]
    >>> shortened(manifest_of("set.json", own))[1] is None
    True
    """
    below = [file for file in manifest.files if file.path not in (FACTS_FILE, ITEMS_FILE)]
    if len(below) <= MAX_LISTED:
        return manifest, None
    index = canonical_json([asdict(file) for file in below])
    listed = FileRef(path=INDEX_FILE, size=len(index), sha256=sha256_hex(index))
    own = [file for file in manifest.files if file.path in (FACTS_FILE, ITEMS_FILE)]
    return manifest_of(manifest.entry, [*own, listed]), index


def index_of(manifest: Manifest) -> FileRef | None:
    """The index file of a shortened manifest."""
    return next((file for file in manifest.files if file.path == INDEX_FILE), None)


def whole(manifest: Manifest, index: bytes) -> Manifest:
    """The manifest with the files that its index lists, in the place of the index.

    Raises ValueError, with a sentence, for an index that lists no files of a set.
    """
    import msgspec  # the agent and the hub have it; a worker does not read this

    try:
        found = msgspec.json.decode(index, type=list[FileRef])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"{INDEX_FILE} does not list files with path, size and sha256") from error
    if wrong := [file.path for file in found if not file.path.startswith(f"{FILES_FOLDER}/")]:
        raise ValueError(f"{INDEX_FILE} lists {wrong[0][:80]!r}, which is not a file below {FILES_FOLDER}/")
    own = [file for file in manifest.files if file.path != INDEX_FILE]
    return manifest_of(manifest.entry, [*own, *found])
