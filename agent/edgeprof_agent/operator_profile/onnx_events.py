"""ONNX Runtime's profile of several runs: each node with its tensors and one time a run. Pure.

The profile is a Chrome trace: one event `model_run` a run, one `..._kernel_time` a node, in whole microseconds. A node
that runs other nodes (a branch, a loop) covers their events: their times are taken off its own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

_CONTROL = frozenset(("If", "Loop", "Scan"))
_KERNEL = "_kernel_time"
_US = 1000
_ITEM_BYTES = {
    **dict.fromkeys(("double", "int64", "uint64"), 8),
    **dict.fromkeys(("float", "int32", "uint32"), 4),
    **dict.fromkeys(("float16", "bfloat16", "int16", "uint16"), 2),
    **dict.fromkeys(("int8", "uint8", "bool", "float8e4m3fn", "float8e5m2"), 1),
}


class Shaped(NamedTuple):
    """A tensor as an event has it."""

    type: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """A text counts as 8 bytes, a packed 4-bit value as one half."""
        count = 1
        for size in self.shape:
            count *= size
        return (count + 1) // 2 if self.type in ("int4", "uint4") else count * _ITEM_BYTES.get(self.type, 8)


class Kernel(NamedTuple):
    """One node of the profile, the same in every run."""

    name: str
    op: str
    provider: str
    inputs: tuple[Shaped, ...]
    outputs: tuple[Shaped, ...]
    parameter_bytes: int
    threads: int | None


class Profile(NamedTuple):
    """`times_ns`: for each kernel, one entry a run. `timeline`: of the last run, (kernel, start, duration) in ns."""

    kernels: list[Kernel]
    times_ns: list[list[int]]
    timeline: list[tuple[int, int, int]]


def read_profile(trace: bytes, kept: Sequence[int], last_start_ns: int) -> Profile:
    """The runs numbered in `kept`. `last_start_ns`: when the last run of all began, by CLOCK_MONOTONIC."""
    events = cast(list[dict[str, Any]], json.loads(trace))
    runs = sorted((each for each in events if each.get("name") == "model_run"), key=lambda each: each["ts"])
    nodes = [each for each in events if each.get("cat") == "Node" and str(each["name"]).endswith(_KERNEL)]
    nodes.sort(key=lambda each: (each["ts"], -each["dur"]))
    places: dict[tuple[str, str, str], int] = {}
    kernels: list[Kernel] = []
    times: dict[int, dict[int, int]] = {}
    timeline: list[tuple[int, int, int]] = []
    at = 0
    for number, run in enumerate(runs):
        end = run["ts"] + run["dur"]
        within: list[dict[str, Any]] = []
        while at < len(nodes) and nodes[at]["ts"] <= end:
            within.append(nodes[at])
            at += 1
        for event, own_us in zip(within, _own_us(within), strict=True):
            key = _key(event)
            if key not in places:
                places[key] = len(kernels)
                kernels.append(_kernel(event))
            slot = times.setdefault(places[key], {})
            slot[number] = slot.get(number, 0) + own_us * _US
            if number == len(runs) - 1:
                start_ns = last_start_ns + (event["ts"] - run["ts"]) * _US
                timeline.append((places[key], start_ns, event["dur"] * _US))
    table = [[times.get(place, {}).get(number, 0) for number in kept] for place in range(len(kernels))]
    return Profile(kernels, table, timeline)


def _own_us(events: Sequence[dict[str, Any]]) -> list[int]:
    """Durations without those of the events within."""
    own = [int(each["dur"]) for each in events]
    outer: list[int] = []
    for place, event in enumerate(events):
        while outer and events[outer[-1]]["ts"] + events[outer[-1]]["dur"] < event["ts"] + event["dur"]:
            outer.pop()
        if outer:
            own[outer[-1]] = max(0, own[outer[-1]] - int(event["dur"]))
        if event["args"]["op_name"] in _CONTROL:
            outer.append(place)
    return own


def _key(event: Mapping[str, Any]) -> tuple[str, str, str]:
    args = event["args"]
    return str(event["name"]), str(args["node_index"]), str(args["op_name"])


def _kernel(event: Mapping[str, Any]) -> Kernel:
    args = event["args"]
    return Kernel(
        name=str(event["name"]).removesuffix(_KERNEL),
        op=str(args["op_name"]),
        provider=str(args["provider"]),
        inputs=_shaped(args.get("input_type_shape", [])),
        outputs=_shaped(args.get("output_type_shape", [])),
        parameter_bytes=int(args.get("parameter_size", 0)),
        threads=_threads(args.get("thread_scheduling_stats")),
    )


def _shaped(entries: Sequence[Mapping[str, Sequence[int]]]) -> tuple[Shaped, ...]:
    return tuple(Shaped(kind, tuple(shape)) for entry in entries for kind, shape in entry.items())


def _threads(stats: object) -> int | None:
    """How many threads ran a part of the node; None without a pool, where there are no figures."""
    if not isinstance(stats, dict):
        return None
    known = cast(dict[str, Any], stats)
    helpers = cast(dict[str, Any], known.get("sub_threads") or {})
    return 1 + sum(int(each.get("num_run", 0)) > 0 for each in helpers.values())
