"""Recordings: class folders of .wav for key words; or a folder with `labels.csv` that says when what is heard.

Columns of `labels.csv`: `file`, `start_s`, `end_s`; for key words also `label`. A recording that it does not name has
nothing to be found in it. Of class folders, those in `SILENT` hold recordings without a key word.
"""

import wave
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.quality.sets.checks import bad_item
from edgeprof.quality.sets.importing.base import (
    Imported,
    ImportRequest,
    Placed,
    class_folders,
    class_index,
    class_names,
    found_file,
    same_files,
    scattered,
    stored_path,
)
from edgeprof.quality.sets.importing.csv_table import Row, rows_of

KEY_WORD, VOICE_ACTIVITY = "key-word", "voice-activity"
SILENT = ("_background_noise_", "_silence_", "_unknown_", "background", "noise", "silence")
"""The first is the name in Speech Commands."""
LABELS_FILE = "labels.csv"
_SUFFIXES = frozenset((".wav",))


class AudioFolder:
    """Key words and voice activity; an item's id is its path."""

    name = "audio"
    title = "a folder of .wav in class folders, or with labels.csv"

    def fits(self, path: Path, task: str) -> bool:
        return path.is_dir() and task in (KEY_WORD, VOICE_ACTIVITY)

    def read(self, request: ImportRequest) -> Imported:
        labels = request.path / LABELS_FILE
        if labels.is_file():
            return _labelled(request, labels)
        if request.task == VOICE_ACTIVITY:
            raise EdgeprofError(
                "bad_set", f"{request.path} has no {LABELS_FILE}. Write one with the columns file, start_s, end_s."
            )
        return _by_class(request)


def duration_s(path: Path, place: str) -> float:
    """Seconds of a PCM .wav file. Raises EdgeprofError `bad_item`."""
    name = "" if place == str(path) else f"{path.name} "
    try:
        with wave.open(str(path), "rb") as recording:
            frames, rate = recording.getnframes(), recording.getframerate()
            held = len(recording.readframes(frames)) // (recording.getsampwidth() * recording.getnchannels())
    except (wave.Error, EOFError, OSError) as error:
        raise bad_item(place, f"{name}is not a PCM .wav file: {error or 'it ends early'}") from None
    if not frames or held < frames:
        raise bad_item(place, f"{name}holds {held:,} of {frames:,} samples. Copy or convert it again")
    return frames / rate


def _by_class(request: ImportRequest) -> Imported:
    by_class = class_folders(request.path, _SUFFIXES)
    classes = class_names((name for name in by_class if name.lower() not in SILENT), request.classes)
    items: list[Placed] = []
    files: dict[str, Path | bytes] = {}
    for name, paths in by_class.items():
        silent = name.lower() in SILENT and name not in classes
        label = None if silent else class_index(name, classes, str(request.path / name))
        for path in paths:
            seconds = duration_s(path, str(path))
            words = [] if label is None else [{"label": label, "start_s": 0.0, "end_s": seconds}]
            items.append(_item(request.path, path, seconds, {"words": words}, files))
    return Imported(items=scattered(items), files=files, classes=classes, warnings=tuple(same_files(files)))


def _labelled(request: ImportRequest, labels: Path) -> Imported:
    rows = list(rows_of(labels))
    needed = ("file", "start_s", "end_s", *(("label",) if request.task == KEY_WORD else ()))
    columns = list(rows[0][1]) if rows else []
    if missing := [name for name in needed if rows and name not in columns]:
        raise bad_item(f"{labels}:1", f"no column {missing[0]!r}. Columns: {', '.join(needed)}")
    classes = () if request.task == VOICE_ACTIVITY else _classes(request, rows)
    heard: dict[Path, list[Row]] = {}
    for place, cells in rows:
        heard.setdefault(found_file(request.path, cells["file"], place), []).append((place, cells))
    files: dict[str, Path | bytes] = {}
    items: list[Placed] = []
    for path in _recordings(request.path):
        seconds = duration_s(path, str(path))
        spans = sorted((_span(cells, seconds, place), cells) for place, cells in heard.pop(path, []))
        if request.task == VOICE_ACTIVITY:
            fields: dict[str, Any] = {"segments": [list(span) for span, _ in spans]}
        else:
            words = [(span, class_index(cells["label"], classes, str(labels))) for span, cells in spans]
            fields = {"words": [{"label": label, "start_s": span[0], "end_s": span[1]} for span, label in words]}
        items.append(_item(request.path, path, seconds, fields, files))
    if heard:
        place = next(iter(heard.values()))[0][0]
        raise bad_item(place, f"{next(iter(heard))} is not a .wav file in the folder")
    if not items:
        raise EdgeprofError("empty_set", f"{request.path}: no .wav files. Put them next to {LABELS_FILE}.")
    return Imported(items=scattered(items), files=files, classes=classes, warnings=tuple(same_files(files)))


def _recordings(folder: Path) -> list[Path]:
    """Every .wav of a folder, whatever the case of its suffix, but hidden ones."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return sorted(path for path in files if not any(part[0] == "." for part in path.relative_to(folder).parts))


def _classes(request: ImportRequest, rows: list[Row]) -> tuple[str, ...]:
    classes = class_names((cells["label"] for _, cells in rows), request.classes)
    for place, cells in rows:
        class_index(cells["label"], classes, place)
    return classes


def _span(cells: dict[str, str], seconds: float, place: str) -> tuple[float, float]:
    try:
        start, end = float(cells["start_s"]), float(cells["end_s"])
    except ValueError:
        raise bad_item(place, f"{cells['start_s']!r} to {cells['end_s']!r} is not a span in seconds") from None
    if not 0 <= start < end <= seconds + 0.01:
        raise bad_item(place, f"{start:g} to {end:g} s is not a span within the recording of {seconds:.2f} s")
    return start, min(end, seconds)


def _item(folder: Path, path: Path, seconds: float, fields: dict[str, Any], files: dict[str, Path | bytes]) -> Placed:
    stored = stored_path(folder, path)
    files[stored] = path
    identity = path.relative_to(folder).as_posix()
    return Placed({"id": identity, "file": stored, "duration_s": seconds, **fields}, str(path))
