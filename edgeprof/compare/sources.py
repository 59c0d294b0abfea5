"""Where the runs of a side come from: result files and folders of them; their samples, and what is estimated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.statistics.estimate import Estimate, estimate_median
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Result

Series = Literal["latency", "ttft", "prefill", "decode", "inter_token"]
SERIES: tuple[Series, ...] = ("latency", "ttft", "prefill", "decode", "inter_token")
"""What can be compared; each is a time, so that lower is better."""

_MEDIANS: dict[Series, str] = {
    "latency": "latency_p50_ms",
    "ttft": "ttft_ms",
    "prefill": "prefill_tokens_per_s",
    "decode": "decode_tokens_per_s",
    "inter_token": "inter_token_p50_ms",
}
_SAMPLES_SUFFIX = ".samples.json"
_ARTIFACTS = "artifacts"
"""The folder next to saved results that holds what is not samples, as `001.outcomes`."""
_PLAN = "plan.json"
_INTERVALS_ONLY = "compared by stored intervals, which ignore drift: the samples are not here"


@dataclass(frozen=True)
class Run:
    """One result, what it was asked for as, how to get at its samples artifact (None: nowhere), what led to it."""

    name: str
    result: Result
    fetch: Callable[[ArtifactRef], bytes | None]
    note: str | None = None


class _SamplesDocument(msgspec.Struct):
    unit: Literal["ns"]
    series: dict[str, list[float]]


def runs_in_files(text: str) -> list[Run] | None:
    """The runs of a file or of a folder of them; None where `text` names neither. Raises EdgeprofError."""
    path = Path(text)
    if path.is_dir():
        path = _only_setup(path)
        found = (file for file in path.glob("*.json") if file.name != _PLAN)
        files = sorted(file for file in found if not file.name.endswith(_SAMPLES_SUFFIX))
        if not files:
            raise EdgeprofError("no_results", f"The folder {text} has no result files (*.json).")
        return [_from_file(file) for file in files]
    if path.exists():
        return [_from_file(path)]
    if text.startswith(("/", ".", "~")) or text.endswith(".json"):
        raise EdgeprofError("no_such_file", f"No file {text}. Make one with: edgeprof profile --json")
    return None


def _only_setup(folder: Path) -> Path:
    """The folder of runs in what `--out` or `--save` wrote for a single set-up; else the folder itself."""
    inner = [path for path in folder.iterdir() if path.is_dir()] if (folder / _PLAN).exists() else []
    return inner[0] if len(inner) == 1 else folder


def measured(run: Run) -> Run:
    """The run itself. Raises EdgeprofError for one that failed."""
    if run.result.status != "measured":
        code = run.result.failure.code if run.result.failure else "unknown"
        raise EdgeprofError("result_failed", f"{run.name} failed ({code}). There is nothing to compare.")
    return run


def default_series(result: Result) -> Series:
    """Time between tokens of a language model, else latency."""
    names = {row.metric for row in result.metrics} | {absent.metric for absent in result.absent}
    return "inter_token" if "inter_token_p50_ms" in names else "latency"


def estimates(runs: Sequence[Run], series: Series) -> list[Estimate]:
    """The median of each run's series with its interval: from the samples, or all from stored intervals.

    Never from both, as a rate is stored in tokens/s and its samples are times of whole prompts and generations.
    """
    samples = [_samples_ms(run, series) for run in runs]
    return [
        _stored(run, series) if given is None or None in samples else _from_samples(run, series, given)
        for run, given in zip(runs, samples, strict=True)
    ]


def _from_samples(run: Run, series: Series, samples_ms: list[float]) -> Estimate:
    found = estimate_median(samples_ms)
    if isinstance(found, str):
        raise EdgeprofError("no_median", f"{run.name} has no median of {series} to compare: it {found}.")
    return found


def _from_file(path: Path) -> Run:
    name, folder = path.name.removesuffix(".json"), path.parent / _ARTIFACTS

    def fetch(ref: ArtifactRef) -> bytes | None:
        is_samples = ref.name == "samples"
        beside = path.with_name(name + _SAMPLES_SUFFIX) if is_samples else folder / f"{name}.{ref.name}"
        data = beside.read_bytes() if beside.exists() else None
        return data if data is not None and sha256_hex(data) == ref.sha256 else None

    try:
        result = msgspec.json.decode(path.read_bytes(), type=Result)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EdgeprofError(
            "not_a_result",
            f"{path} is not a result ({error}). Make one with: edgeprof profile MODEL --json > {path.name}",
        ) from error
    return measured(Run(str(path), result, fetch))


def _samples_ms(run: Run, series: Series) -> list[float] | None:
    if run.result.samples_ms and series == default_series(run.result):
        return list(run.result.samples_ms)
    ref = next((ref for ref in run.result.artifacts if ref.name == "samples"), None)
    data = run.fetch(ref) if ref else None
    if data is None:
        return None
    try:
        samples_ns = msgspec.json.decode(data, type=_SamplesDocument).series.get(series)
    except msgspec.MsgspecError as error:
        raise EdgeprofError("samples_unreadable", f"Cannot read the samples of {run.name}: {error}") from error
    return [sample / 1e6 for sample in samples_ns] if samples_ns else None


def _stored(run: Run, series: Series) -> Estimate:
    """From the result's own row; a rate in tokens/s becomes the time of a token."""
    row = next((row for row in run.result.metrics if row.metric == _MEDIANS[series]), None)
    if row is None or row.ci_low is None or row.ci_high is None or row.ci_low <= 0:
        absent = next((absent.reason for absent in run.result.absent if absent.metric == _MEDIANS[series]), None)
        raise EdgeprofError(
            "nothing_to_compare",
            f"{run.name} has no {_MEDIANS[series]} with an interval ({absent or 'it was not measured'}).",
        )
    if row.metric.endswith("_per_s"):
        return Estimate(1e3 / row.value, 1e3 / row.ci_high, 1e3 / row.ci_low, (_INTERVALS_ONLY,))
    return Estimate(row.value, row.ci_low, row.ci_high, (_INTERVALS_ONLY,))
