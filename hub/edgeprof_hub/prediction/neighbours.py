"""Predicts a pair from its neighbours: the same model on like devices, like models on the same device. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from edgeprof.prediction.cold import ConstantsBy
from edgeprof.prediction.fitting import time_s
from edgeprof.prediction.probed import MIN_RATIO, Probe, probed_step_s
from edgeprof.prediction.roofline import Kind, Work, terms_s
from edgeprof_devices import load_profiles
from edgeprof_devices.board import board_of
from edgeprof_hub.prediction.observed import Fleet, Pair

MIN_COMMON = 2
"""Models that two devices must both have run before one's speed tells the other's: the two probes."""
_FLOOR = 0.1
"""The logarithm that two ratios differ by at least, however well they agree: two models agree by chance."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The seconds of a step and where they are from. `method` groups guesses that are off by as much."""

    step_s: float
    method: str
    basis: str


@dataclass(frozen=True)
class _Ratio:
    """Of two devices: the logarithms of one's step over the other's, over the models that both ran."""

    count: int
    total: float
    squares: float

    def without(self, value: float | None) -> "_Ratio":
        if value is None:
            return self
        return _Ratio(self.count - 1, self.total - value, self.squares - value * value)

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def weight(self) -> float:
        variance = max(0.0, self.squares / self.count - self.mean**2)
        return self.count / (variance + _FLOOR**2)


class Neighbours:
    """Guesses about one fleet; what is shared between them is computed once."""

    def __init__(self, fleet: Fleet, constants: ConstantsBy) -> None:
        self._fleet, self._constants = fleet, constants
        self._ratios_made: dict[tuple[Kind, str, str], _Ratio] = {}

    def guess(self, pair: Pair) -> Guess | None:
        """From anything but the pair's own figure; None where there is no ground.

        First the same model on the same kind of board; then devices that ran the same models; then two models of this
        device; last the board's profile.
        """
        work = self._fleet.works[pair[0]]
        return self._twins(pair) or self._ratios(pair, work) or self._probes(pair, work) or self._cold(pair, work)

    def _twins(self, pair: Pair) -> Guess | None:
        kind = self._fleet.devices[pair[1]].profile_id
        if kind is None:
            return None
        steps = sorted(
            seconds
            for device_id, seconds in self._by_model[pair[0]].items()
            if device_id != pair[1] and self._fleet.devices[device_id].profile_id == kind
        )
        if not steps:
            return None
        return Guess(step_s=steps[len(steps) // 2], method="same board kind", basis=f"{len(steps)} {kind} measured")

    def _ratios(self, pair: Pair, work: Work) -> Guess | None:
        weighted, total, most = 0.0, 0.0, 0
        own = self._by_device[work.kind][pair[1]].get(pair[0])
        for other, seconds in self._by_model[pair[0]].items():
            if other == pair[1]:
                continue
            left = self._ratio(work.kind, pair[1], other).without(None if own is None else math.log(own / seconds))
            if left.count >= MIN_COMMON:
                weighted += left.weight * (math.log(seconds) + left.mean)
                total += left.weight
                most = max(most, left.count)
        if not total:
            return None
        basis = f"{most} models in common with other devices"
        return Guess(step_s=math.exp(weighted / total), method="common models", basis=basis)

    def _probes(self, pair: Pair, work: Work) -> Guess | None:
        if work.kind != "decode" or work.size <= 0 or work.is_sparse:
            return None
        known = [
            Probe(work=self._fleet.works[model_id], step_s=seconds)
            for model_id, seconds in self._by_device[work.kind][pair[1]].items()
            if model_id != pair[0]
            and self._fleet.works[model_id].size > 0
            and not self._fleet.works[model_id].is_sparse
        ]
        chosen = _around(known, work.size)
        seconds = probed_step_s(work, *chosen) if chosen else None
        if seconds is None or seconds <= 0:
            return None
        return Guess(step_s=seconds, method="two models here", basis="2 models measured on this device")

    def _cold(self, pair: Pair, work: Work) -> Guess | None:
        constants = self._constants.get((work.kind, work.processor))
        profile = load_profiles().get(self._fleet.devices[pair[1]].profile_id or "")
        if constants is None or profile is None or profile.device_class == "generic" or work.is_sparse:
            return None
        board = board_of(profile)
        terms = terms_s(work, board)
        if work.size <= 0 or isinstance(terms, str):
            return None
        basis = f"profile {board.id}, memcpy {board.memcpy_gb_s or 0:g} GB/s"
        return Guess(step_s=time_s(constants.coefficients, terms), method="profile alone", basis=basis)

    @cached_property
    def _by_model(self) -> Mapping[str, Mapping[str, float]]:
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for (model_id, device_id), one in self._fleet.observed.items():
            found[model_id][device_id] = one.step_s
        return found

    @cached_property
    def _by_device(self) -> Mapping[Kind, Mapping[str, Mapping[str, float]]]:
        found: dict[Kind, defaultdict[str, dict[str, float]]] = {
            kind: defaultdict(dict) for kind in ("decode", "prefill", "tensor")
        }
        for (model_id, device_id), one in self._fleet.observed.items():
            found[self._fleet.works[model_id].kind][device_id][model_id] = one.step_s
        return found

    def _ratio(self, kind: Kind, mine: str, other: str) -> _Ratio:
        found = self._ratios_made.get((kind, mine, other))
        if found is None:
            own, theirs = self._by_device[kind][mine], self._by_device[kind][other]
            logs = [math.log(own[one] / theirs[one]) for one in own.keys() & theirs.keys()]
            found = _Ratio(len(logs), sum(logs), sum(each * each for each in logs))
            self._ratios_made[kind, mine, other] = found
            self._ratios_made[kind, other, mine] = _Ratio(found.count, -found.total, found.squares)
        return found


def _around(known: list[Probe], size: float) -> tuple[Probe, Probe] | None:
    """The nearest smaller and the nearest larger one; else the two outermost. Too near each other: none."""
    if len(known) < 2:
        return None
    ordered = sorted(known, key=lambda each: each.work.size)
    below = [each for each in ordered if each.work.size <= size] or ordered[:1]
    above = [each for each in ordered if each.work.size >= size] or ordered[-1:]
    for small, large in ((below[-1], above[0]), (ordered[0], ordered[-1])):
        if large.work.size >= MIN_RATIO * small.work.size:
            return small, large
    return None
