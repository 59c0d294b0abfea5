"""The files of a derived set: each item's image, sound or row changed by the steps, written to a folder on the way."""

import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import EvaluationSet, Item
from edgeprof.quality.perturbations.base import PixelPerturbation, SoundPerturbation, Step
from edgeprof.quality.perturbations.images import (
    check_levels,
    pixels_of_row,
    png_of,
    read_image,
    row_of_pixels,
    white_level,
)
from edgeprof.quality.perturbations.sounds import read_sound, wav_of
from edgeprof.quality.sets.arrays import ROWS_FILE
from edgeprof.quality.sets.checks import named_files

MAX_BYTES = 4 << 30
"""Of all changed files: images that were compressed become larger."""


class FileSteps:
    """Applies the steps of images and sounds; without such a step, files go over as they are."""

    def __init__(self, folder: Path, parent: EvaluationSet, steps: Sequence[Step]) -> None:
        self._folder = folder
        self._pixels = [step for step in steps if isinstance(step.kind, PixelPerturbation)]
        self._sounds = [step for step in steps if isinstance(step.kind, SoundPerturbation)]
        self._rows_path: str = str(parent.facts.preparation.get("array", ROWS_FILE))
        self._old_rows: Any = None
        self._rows: list[Any] = []
        self._files: dict[str, Path] = {}
        self._written = 0
        self._kept = {file.path for file in parent.files}
        named = {path for item in parent.items for path in named_files(item)}
        self._unnamed = self._kept - named - {self._rows_path}
        """Files that no item names, such as a reader's characters: they go over as they are."""
        self._temporary = tempfile.TemporaryDirectory(prefix="edgeprof-set-")

    def __enter__(self) -> "FileSteps":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._temporary.cleanup()

    def apply(self, item: Item) -> tuple[Item, bool]:
        """The item with the names of its changed files, and whether one of them differs."""
        if not self._pixels and not self._sounds:
            return item, False
        if "row" in item:
            return self._row(item)
        changed, differs = dict(item), False
        if "file" in item:
            changed["file"], differs = self._file(item["file"], item)
        if "files" in item:
            each = [self._file(path, item) for path in item["files"]]
            changed["files"], differs = [path for path, _ in each], differs or any(new for _, new in each)
        return changed, differs

    def contents(self) -> Mapping[str, Path | bytes]:
        """What each path of the new set holds."""
        if not self._pixels and not self._sounds:
            return {path: self._folder / path for path in self._kept}
        unnamed = {path: self._folder / path for path in self._unnamed}
        if self._rows:
            return {**unnamed, **self._files, self._rows_path: _npy(self._rows)}
        return {**unnamed, **self._files}

    def _file(self, path: str, item: Item) -> tuple[str, bool]:
        item_id = str(item["id"])
        source = self._folder / path
        place = f"item {item_id!r}"
        if self._pixels:
            old, exif = read_image(source, place)
            new = self._through(old, item)
            data, suffix, differs = png_of(new, exif), ".png", png_of(old, None) != png_of(new, None)
        else:
            samples, rate_hz = read_sound(source, place)
            changed = samples
            for step in self._sounds:
                assert isinstance(step.kind, SoundPerturbation)
                changed = step.kind.change(changed, rate_hz, step.values, _stream(step, item_id))
            data, suffix = wav_of(changed, rate_hz), ".wav"
            differs = data != wav_of(samples, rate_hz)
        return self._write(path, suffix, data), differs

    def _write(self, path: str, suffix: str, data: bytes) -> str:
        self._written += len(data)
        if self._written > MAX_BYTES:
            raise EdgeprofError(
                "set_too_large",
                f"The changed files need more than {MAX_BYTES:,} bytes. Use `--items N` for fewer items.",
            )
        named = path if path.lower().endswith(suffix) else path + suffix
        stem, _, ending = named.rpartition(".")
        count = 1
        while named in self._files or named in self._unnamed:
            count += 1
            named = f"{stem}-{count}.{ending}"
        file = Path(self._temporary.name, str(len(self._files)))
        file.write_bytes(data)
        self._files[named] = file
        return named

    def _row(self, item: Item) -> tuple[Item, bool]:
        import numpy as np

        if self._old_rows is None:
            self._old_rows = np.load(self._folder / self._rows_path, allow_pickle=False)
            if self._old_rows.ndim not in (3, 4):
                raise UsageError(
                    "bad_perturbation",
                    f"A row in {self._rows_path} has {self._old_rows.ndim - 1} dimensions, and an image has 2 or 3. "
                    "Choose a set of images.",
                )
            check_levels(self._old_rows)
        white = white_level(self._old_rows)
        old = self._old_rows[item["row"]]
        new = row_of_pixels(self._through(pixels_of_row(old, white), item), old, white)
        self._rows.append(new)
        return {**item, "row": len(self._rows) - 1}, not np.array_equal(old, new)

    def _through(self, pixels: Any, item: Item) -> Any:
        import numpy as np

        for step in self._pixels:
            assert isinstance(step.kind, PixelPerturbation)
            change = step.kind.change_of(item) if step.kind.change_of else step.kind.change
            pixels = np.clip(change(pixels, step.values, _stream(step, str(item["id"]))), 0, 1)
        return pixels


def _stream(step: Step, item_id: str) -> Any:
    """RandomState: numpy promises that its numbers stay the same from version to version (NEP 19)."""
    import numpy as np

    return np.random.RandomState(step.item_seed(item_id))


def _npy(rows: Sequence[Any]) -> bytes:
    import numpy as np

    packed = io.BytesIO()
    np.save(packed, np.stack(rows), allow_pickle=False)
    return packed.getvalue()
