"""Results into MLflow over its REST API 2.0: a run each, and on from where it stopped."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPResponse
from itertools import groupby
from typing import Any
from urllib.parse import quote

from edgeprof.errors import EdgeprofError
from edgeprof.net.http import BREAKS, fetched, read_whole, reason_of
from edgeprof.version import __version__

LAST_SEQ = "edgeprof.last_seq"
"""A tag of the experiment: the hub's number of the newest result that is there, after which a publish goes on."""
TIMEOUT_S = 60.0
MAX_ANSWER_BYTES = 16 << 20
"""A run with its tags is some KiB. What is longer is no answer of MLflow's."""
MAX_METRICS = 900
"""Of one call; MLflow 3.17 takes 1,000."""
MAX_VALUE_CHARS = 5000
"""Of a parameter or a tag. MLflow 3.17 cuts a parameter to 6,000 and says nothing."""
NOT_FINITE, SHORTENED = "edgeprof.not_finite", "edgeprof.shortened"
"""Tags of a run that name what MLflow could not take as it is."""
CUT = " … (shortened)"
PARAMS = ("runtime", "runtime_version", "threads", "provider", "config_key", "quantization", "format", "task")
TAGS = (
    *("result_id", "device_id", "device", "model_id", "model", "family", "status", "failure_code"),
    *("emulated", "replayed", "trust", "agent_version"),
)

Row = Mapping[str, Any]


class MlflowError(EdgeprofError):
    """MLflow could not be reached, or refused."""


class Mlflow:
    """One experiment of one server. Raises MlflowError with MLflow's own sentence."""

    def __init__(self, uri: str, experiment: str) -> None:
        self._uri = uri.rstrip("/")
        self._experiment_id = (
            self._find(experiment) or self._call("POST", "experiments/create", {"name": experiment})["experiment_id"]
        )

    def last_seq(self) -> int:
        """The hub's number of the newest result that is there; 0 where there is none."""
        found = self._call("GET", f"experiments/get?experiment_id={self._experiment_id}", None)
        tags = {tag["key"]: tag["value"] for tag in found["experiment"].get("tags", [])}
        return int(tags.get(LAST_SEQ, "0"))

    def publish(self, rows: list[Row]) -> None:
        """One result: the lines of the export that are of it. The mark comes last, so that nothing is lost."""
        first = rows[0]
        at_ms = int(first["received_s"] * 1000)
        params = [_pair(name, first[name]) for name in PARAMS if first[name] is not None]
        tags = [_pair(f"edgeprof.{name}", first[name]) for name in TAGS if first[name] is not None]
        tags += _left_out(rows, (*params, *tags))
        name = f"{first['model']} on {first['device'] or first['device_id']}"
        request = {"experiment_id": self._experiment_id, "start_time": at_ms, "run_name": name[:250], "tags": tags}
        run_id = self._call("POST", "runs/create", request)["run"]["info"]["run_id"]
        metrics = list(_metrics(rows, at_ms))
        for start in range(0, max(1, len(metrics)), MAX_METRICS):
            part = {"run_id": run_id, "metrics": metrics[start : start + MAX_METRICS], "params": params}
            self._call("POST", "runs/log-batch", part)
        status = "FINISHED" if first["status"] == "measured" else "FAILED"
        self._call("POST", "runs/update", {"run_id": run_id, "status": status, "end_time": at_ms})
        mark = {"experiment_id": self._experiment_id, "key": LAST_SEQ, "value": str(first["seq"])}
        self._call("POST", "experiments/set-experiment-tag", mark)

    def _find(self, experiment: str) -> str | None:
        query = quote(experiment, safe="")
        try:
            found = self._call("GET", f"experiments/get-by-name?experiment_name={query}", None)
        except MlflowError as error:
            if error.code == "resource_does_not_exist":
                return None
            raise
        return str(found["experiment"]["experiment_id"])

    def _call(self, method: str, path: str, body: object) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._uri}/api/2.0/mlflow/{path}"
        headers = {"Content-Type": "application/json", "User-Agent": f"edgeprof/{__version__}"}
        try:
            with fetched(method, url, headers, data, TIMEOUT_S) as answer:
                if not 200 <= answer.status < 300:
                    raise _refused(self._uri, answer)
                return json.loads(read_whole(answer, MAX_ANSWER_BYTES))
        except BREAKS as error:
            reason = reason_of(error)
            raise MlflowError("mlflow_unreachable", f"No MLflow server answers at {self._uri} ({reason}).") from error


def publish_all(target: Mlflow, lines: Callable[[int], Iterable[bytes]], say: Callable[[int], None]) -> int:
    """Every result after the newest that is there. `lines`: the hub's NDJSON after a `seq`. Returns how many."""
    count = 0
    rows = (json.loads(line) for line in lines(target.last_seq()))
    for seq, group in groupby(rows, key=lambda row: int(row["seq"])):
        target.publish(list(group))
        count += 1
        say(seq)
    return count


def _metrics(rows: Iterable[Row], at_ms: int) -> Iterator[dict[str, object]]:
    """MLflow gives an infinite metric back as 1.8e308, which a mean takes for a number: those are named in a tag."""
    for key, value in _figures(rows):
        if math.isfinite(value):
            yield {"key": key, "value": value, "timestamp": at_ms, "step": 0}


def _figures(rows: Iterable[Row]) -> Iterator[tuple[str, float]]:
    """Figures with the ends of their intervals, as MLflow has one number for a key."""
    for row in rows:
        if row["metric"] is None:
            continue
        for suffix, value in (("", row["value"]), (".ci_low", row["ci_low"]), (".ci_high", row["ci_high"])):
            if value is not None:
                yield f"{row['metric']}{suffix}", value


def _left_out(rows: Iterable[Row], pairs: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """What a run in MLflow lacks, by name: figures that are not finite, texts that are too long."""
    infinite = [key for key, value in _figures(rows) if not math.isfinite(value)]
    cut = [pair["key"] for pair in pairs if pair["value"].endswith(CUT)]
    for tag, names in ((NOT_FINITE, infinite), (SHORTENED, cut)):
        if names:
            yield _pair(tag, ", ".join(names))


def _pair(key: str, value: object) -> dict[str, str]:
    text = str(value)
    return {"key": key, "value": text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - len(CUT)] + CUT}


def _refused(uri: str, answer: HTTPResponse) -> MlflowError:
    try:
        reported = json.loads(read_whole(answer, MAX_ANSWER_BYTES))
        return MlflowError(str(reported["error_code"]).lower(), f"MLflow at {uri} refused: {reported['message']}")
    except (ValueError, KeyError, TypeError):
        return MlflowError("mlflow_refused", f"MLflow at {uri} answered {answer.status}.")
