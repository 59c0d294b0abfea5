"""Plays a recorded machine: a copy of its tree whose varying files follow what the run does, idle or under load.

Each file is written in place by one pwrite, padded to a length that never shrinks: a reader that holds it open sees a
whole value, as with the kernel's own files.
"""

import os
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.recorded import tree
from edgeprof_agent.recorded.tree import Counter, Gauge, Values
from edgeprof_agent.worker_protocol.progress import OnProgress

_TURN_S = 0.05
_LOADED = ("first_inference", "warmup", "measure", "open_loop", "sweep", "soak")


class Player:
    """`with Player(folder) as player`: `player.root` is the machine, `player.watching` tells it what the run does."""

    def __init__(self, folder: Path) -> None:
        self.name = tree.check(folder)
        self._folder = folder
        self._values = tree.read_values(folder)
        self._loaded = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    @property
    def root(self) -> Path:
        """The copy that is played; only within the `with`."""
        assert self._scratch is not None
        return Path(self._scratch.name) / self.name

    def __enter__(self) -> "Player":
        self._scratch = tempfile.TemporaryDirectory(prefix="edgeprof-replay-")
        try:
            reels = self._set_up()
        except BaseException:
            self._scratch.cleanup()
            raise
        self._thread = threading.Thread(target=self._run, args=(reels,), name="replay", daemon=True)
        self._thread.start()
        return self

    def _set_up(self) -> "list[_GaugeReel | _CounterReel]":
        shutil.copytree(self._folder, self.root, symlinks=True)
        reels = [*_gauges(self.root, self._values), *_counters(self.root, self._values)]
        for reel in reels:
            reel.turn(0.0, loaded=False)
        return reels

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._scratch is not None:
            self._scratch.cleanup()

    def watching(self, on_progress: OnProgress) -> OnProgress:
        """`on_progress`, with an ear for what the worker does."""

        def told(stage: str, fraction: float | None, note: str) -> None:
            (self._loaded.set if is_load(stage, note) else self._loaded.clear)()
            on_progress(stage, fraction, note)

        return told

    def _run(self, reels: "list[_GaugeReel | _CounterReel]") -> None:
        before_s = time.monotonic()
        while not self._stop.wait(_TURN_S):
            now_s = time.monotonic()
            for reel in reels:
                reel.turn(now_s - before_s, loaded=self._loaded.is_set())
            before_s = now_s


def is_load(stage: str, note: str) -> bool:
    """Whether the worker computes in this stage. In `energy` its notes tell the windows from the idle stretches."""
    return stage in _LOADED or (stage == "energy" and "window" in note)


class _File:
    """One file, written in place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._longest = path.stat().st_size

    def write(self, text: str) -> None:
        data = text.encode()
        self._longest = max(self._longest, len(data))
        fd = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(fd, data.ljust(self._longest), 0)
        finally:
            os.close(fd)


@dataclass
class _GaugeReel:
    file: _File
    gauge: Gauge
    period_s: float
    at_s: float = 0.0

    def turn(self, seconds: float, *, loaded: bool) -> None:
        self.at_s += seconds
        texts = (self.gauge.load if loaded else None) or self.gauge.idle
        if texts:
            self.file.write(texts[int(self.at_s / self.period_s) % len(texts)])


@dataclass
class _CounterReel:
    file: _File
    counter: Counter
    value: float

    def turn(self, seconds: float, *, loaded: bool) -> None:
        counter = self.counter
        self.value += seconds * (counter.load_per_s if loaded else counter.idle_per_s)
        if counter.wraps_at:
            self.value %= counter.wraps_at
        self.file.write(
            counter.form.replace("{value:.0f}", f"{self.value:.0f}").replace("{value}", f"{self.value:.2f}")
        )


def _gauges(root: Path, values: Values) -> list[_GaugeReel]:
    return [_GaugeReel(_file(root, gauge.path), gauge, values.period_s) for gauge in values.gauge]


def _counters(root: Path, values: Values) -> list[_CounterReel]:
    return [_CounterReel(_file(root, counter.path), counter, counter.starts_at) for counter in values.counter]


def _file(root: Path, path: str) -> _File:
    """A file of the tree; never one outside of it, whatever values.toml says."""
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise tree.UsageError("not_recorded", f"values.toml names {path}, which is outside the recorded machine.")
    found.parent.mkdir(parents=True, exist_ok=True)
    found.touch()
    return _File(found)
