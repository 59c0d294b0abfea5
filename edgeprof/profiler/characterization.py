"""The outcome of a characterization: profiles, matrix, verdict, report, and one JSON document."""

from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.profiler import cells, report, words
from edgeprof.profiler.cells import Recording
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.profiles import ModelProfile, profile_of
from edgeprof.profiler.verdict import ProfilerVerdict, verdict_on
from edgeprof.tables.columns import line_of, widths_of

Row = dict[str, Any]


class Characterization:
    """Profiles of models on targets. It follows from the plan and the recorded results alone."""

    def __init__(self, plan: Plan, recording: Recording) -> None:
        self.plan = plan
        self.recording = recording
        self.profiles: tuple[ModelProfile, ...] = tuple(profile_of(plan, cell) for cell in recording.cells)

    def profile(self, model: str, device: str = "") -> ModelProfile:
        """The profile of a model, on this device or target where one is named. Raises KeyError."""
        for one in self.profiles:
            if one.model == model and device in ("", one.device, one.target):
                return one
        raise KeyError(f"{model} on {device}" if device else model)

    def rows(self) -> list[Row]:
        """One figure a row, in the order of the profiles; an absent one has `value` None and its `reason`."""
        found: list[Row] = []
        for one in self.profiles:
            head = {"model": one.model, "target": one.target, "device": one.device, "status": one.status}
            found += [{**head, **_figure_row(figure)} for figure in map(msgspec.to_builtins, one.figures)]
            found += [{**head, **_absent_row(absent.metric, absent.reason)} for absent in one.absent]
            if not one.figures and not one.absent:
                found.append({**head, **_absent_row("", one.reason(""))})
        return found

    def to_dataframe(self) -> Any:
        """`rows` as a data frame of pandas. Raises MissingPartError `extra_missing` where pandas is not installed."""
        try:
            pandas = import_module("pandas")
        except ModuleNotFoundError as error:
            raise MissingPartError(
                "extra_missing", "A data frame needs pandas: pip install pandas. `rows()` gives the same as a list."
            ) from error
        return pandas.DataFrame(self.rows())

    def matrix(self, metric: str, evaluation_set: str = "") -> dict[str, dict[str, float | None]]:
        """Values of one metric by model and device, in the metric's unit; None where it was not measured."""
        found: dict[str, dict[str, float | None]] = {}
        for one in self.profiles:
            figure = one.figure(metric, evaluation_set)
            found.setdefault(one.model, {})[one.device] = figure.value if figure else None
        return found

    @cached_property
    def _verdict(self) -> ProfilerVerdict:
        return verdict_on(self.plan, self.recording)

    def verdict(self) -> ProfilerVerdict:
        """Which model on which target, or the leader so far, with what it rests on."""
        return self._verdict

    def report(self, file: Path | str) -> Path:
        """Write one HTML file that needs nothing else. Raises EdgeprofError `file_unwritable`."""
        return _written(Path(file), report.page(self.plan, self.profiles, self.verdict()).encode())

    def json(self) -> bytes:
        """Plan, profiles and verdict as JSON: the same bytes for the same plan and the same recorded results."""
        document = {"characterization": 1, "plan": self.plan, "profiles": self.profiles, "verdict": self.verdict()}
        return msgspec.json.format(msgspec.json.encode(document)) + b"\n"

    def write_json(self, file: Path | str) -> Path:
        """Write `json` to a file. Raises EdgeprofError `file_unwritable`."""
        return _written(Path(file), self.json())

    def save(self, folder: Path | str) -> Path:
        """Keep the results and their artifacts: `ModelProfiler.from_recording` makes the same of them."""
        cells.save(self.recording, Path(folder))
        return Path(folder)

    @property
    def has_failures(self) -> bool:
        """Whether any run of any cell failed."""
        return any(one.failures for one in self.profiles)

    def __repr__(self) -> str:
        table = words.table_rows(self.plan, self.profiles)
        widths = widths_of(table)
        first, *rest = [line_of([row[0], *row[1:]], widths).rstrip() for row in table]
        lines = [first]
        for profile, line in zip(self.profiles, rest, strict=True):
            lines += [line, *(f"    {text}" for text in words.notes_of(profile))]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return report.table(self.plan, self.profiles)


def _figure_row(figure: Row) -> Row:
    return {**figure, "reason": None}


def _absent_row(metric: str, reason: str) -> Row:
    return {"metric": metric, "value": None, "reason": reason}


def _written(file: Path, data: bytes) -> Path:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
    return file
