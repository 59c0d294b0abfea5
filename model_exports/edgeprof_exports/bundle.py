"""The models that come with edgeprof: their files and the manifest that the build wrote next to them."""

from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof_exports.recipe import RecipeTable

FOLDER = Path(__file__).with_name("bundled")
MANIFEST = "manifest.json"


class File(RecipeTable, frozen=True):
    """One built file. `accuracy` is its share of right answers on the test images, run in its own runtime."""

    size_bytes: int
    sha256: str
    accuracy: float


class BuildRecord(RecipeTable, frozen=True):
    """What one build made, of what, and with which tools."""

    network: str
    dataset: str
    train_images: int
    test_images: int
    seed: int
    python: str
    tools: dict[str, str]
    trained_accuracy: float
    """Accuracy of the trained network in torch, before any export."""
    files: dict[str, File]


def load(folder: Path = FOLDER) -> BuildRecord:
    """The manifest in `folder`. Raises EdgeprofError when it is missing or wrong."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=BuildRecord)
    except (OSError, ValueError) as error:
        raise EdgeprofError("bad_bundle", f"Invalid manifest in {folder}: {error}.") from error


def save(bundle: BuildRecord, folder: Path) -> None:
    """Writes the manifest into `folder`, sorted and indented, so that two builds can be compared as text."""
    text = msgspec.json.format(msgspec.json.encode(bundle, order="deterministic"), indent=2)
    (folder / MANIFEST).write_bytes(text + b"\n")
