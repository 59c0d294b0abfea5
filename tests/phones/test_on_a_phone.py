"""One run on a phone over a real adb server and the real adbutils; the phone is `adbd.py`."""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.wire.identity import config_key
from edgeprof.wire.messages import Result
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.phones.fleet import machine_of
from edgeprof_agent.phones.phone import found
from edgeprof_agent.phones.runners.base import Installed, install
from edgeprof_agent.phones.runners.table import RUNNERS
from edgeprof_agent.phones.running import FOLDER
from tests.agent import pieces
from tests.phones.adb_server import AdbServer
from tests.phones.adbd import Phone
from tests.phones.conftest import Plug
from tests.phones.pixel import benchmark_model, fill, llama_bench, write_program

pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
"""adbutils 2.12 leaves the socket of a phone that has left to the garbage collector."""

MODEL = b"a model of this test" * 1000
WHO = Identity(device_id="phone-1", session_id="s-1", name="Pixel", hostname="host", emulated=False)


class _Bench:
    """A phone, the runners, and one job at a time."""

    def __init__(self, server: AdbServer, phone: Phone, folder: Path) -> None:
        self.server, self.phone, self.folder = server, phone, folder
        self.cancelled = threading.Event()
        self.progress: list[tuple[str, str]] = []
        self.on_measure = lambda: None

    def runner(self, program: Path) -> Installed:
        return install(RUNNERS[program.name], program)

    def run(self, installed: Installed, deadline_s: float = 60.0, **config: Any) -> Result:
        result, self.artifacts = self._run(installed, deadline_s, config)
        return result

    def _run(
        self, installed: Installed, deadline_s: float, config: Mapping[str, object]
    ) -> tuple[Result, Mapping[str, bytes]]:
        suffix = installed.runner.formats[0]
        model = replace(pieces.model(files={f"m.{suffix}": MODEL}), format=suffix)
        (self.folder / f"m.{suffix}").write_bytes(MODEL)
        job = pieces.job(model)
        asked = replace(job.config, runtime=installed.runner.name, threads=4, **config)
        protocol = replace(job.protocol, deadline_s=deadline_s)
        job = replace(job, config=asked, config_key=config_key(asked), protocol=protocol)
        measure = machine_of(
            found(self.server.bridge(), self.phone.serial), {installed.runner.name: installed}
        ).measure(WHO)
        return measure(Started(job, "r-1", pieces.now()), self.folder, self._on_progress, self.cancelled)

    def _on_progress(self, stage: str, _fraction: float | None, note: str) -> None:
        self.progress.append((stage, note))
        if stage == "measure":
            threading.Timer(0.5, self.on_measure).start()

    def left(self) -> list[Path]:
        """Files on the phone that a run put there."""
        return list(Path(self.phone.here(FOLDER)).parent.rglob("*"))


@pytest.fixture
def bench(server: AdbServer, plug: Plug, tmp_path: Path) -> _Bench:
    (tmp_path / "model").mkdir()
    return _Bench(server, plug("SER1"), tmp_path / "model")


def test_a_runners_figures_are_labelled_as_its_own_and_the_phone_is_left_clean(bench: _Bench, tmp_path: Path) -> None:
    result = bench.run(bench.runner(benchmark_model(tmp_path)))
    assert (result.status, result.failure) == ("measured", None)
    values = {row.metric: row for row in result.metrics}
    assert values["latency_p50_ms"].value == pytest.approx(1239.807)
    assert values["latency_mean_ms"].value == pytest.approx(1240.27)
    assert (values["load_ms"].value, values["first_inference_ms"].value) == pytest.approx((5.579, 87.112))
    assert (values["latency_p50_ms"].n, values["latency_p50_ms"].ci_low) == (50, None)
    assert "prints no samples" in (values["latency_p50_ms"].no_interval or "")
    absent = {one.metric: one.reason for one in result.absent}
    assert absent["latency_p99_ms"] == "benchmark_model prints no samples"
    assert {"peak_memory_mib", "energy_per_inference_j", "throughput_per_s"} <= set(absent)
    assert result.effective is not None
    notes = "\n".join(result.effective.notes)
    assert "measured by benchmark_model (SHA-256 " in notes
    assert (result.effective.delegate, result.effective.nodes_per_provider) == (
        "TfLiteXNNPackDelegate",
        {"TfLiteXNNPackDelegate": 31},
    )
    assert bench.left() == []
    assert [stage for stage, _ in bench.progress] == ["verify", "start", "measure", "report"]


def test_battery_heat_and_rails_around_the_run_are_an_artifact(bench: _Bench, tmp_path: Path) -> None:
    result = bench.run(bench.runner(benchmark_model(tmp_path)))
    assert [ref.name for ref in result.artifacts] == ["runner-output", "phone"]
    phone = json.loads(bench.artifacts[result.artifacts[1].sha256])
    assert phone["before"]["battery"]["watts"] == pytest.approx(1.24)
    assert phone["after"]["thermal_status"] == "light"
    assert phone["before"]["rails_j"]["S2M_VDD_CPUCL2 (CPU(BIG))"] == pytest.approx(500.0005)
    assert result.before is not None
    assert (result.before.temperature_c, result.before.temperature_source) == (51.5, "BIG")
    assert result.before.throttled is True
    asked = bench.artifacts[result.artifacts[0].sha256].decode()
    assert "Inference timings in us" in asked


def test_a_language_model_has_rates_and_no_time_of_a_single_token(bench: _Bench, tmp_path: Path) -> None:
    result = bench.run(bench.runner(llama_bench(tmp_path)), prompt_tokens=128)
    values = {row.metric: row.value for row in result.metrics}
    assert (values["prefill_tokens_per_s"], values["decode_tokens_per_s"]) == pytest.approx((64.0, 20.0))
    absent = {one.metric: one.reason for one in result.absent}
    assert absent["inter_token_p50_ms"] == "llama-bench times whole generations, not single tokens"


def test_a_cancel_ends_the_program_on_the_phone(bench: _Bench, tmp_path: Path) -> None:
    started = tmp_path / "pid-of-program"
    bench.on_measure = bench.cancelled.set
    result = bench.run(bench.runner(benchmark_model(tmp_path, f"echo $$ > {started}; exec sleep 60")))
    assert result.failure is not None
    assert result.failure.code == "cancelled"
    _has_ended(started)
    assert bench.left() == []


def test_a_program_that_does_not_end_is_ended_at_the_time_limit(bench: _Bench, tmp_path: Path) -> None:
    started = tmp_path / "pid-of-program"
    installed = bench.runner(benchmark_model(tmp_path, f"echo $$ > {started}; echo begun; exec sleep 60"))
    result = bench.run(installed, deadline_s=1.0)
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("timeout", "measure")
    assert "did not end within 1 s" in result.failure.message
    assert "begun" in result.failure.log
    _has_ended(started)


def test_a_phone_unplugged_in_the_middle_is_named_and_cleaned_before_its_next_run(
    bench: _Bench, server: AdbServer, tmp_path: Path
) -> None:
    started = tmp_path / "pid-of-program"
    bench.on_measure = bench.phone.unplug
    installed = bench.runner(benchmark_model(tmp_path, f"echo $$ > {started}; exec {tmp_path}/slow"))
    write_program(tmp_path / "slow", "#!/bin/sh\nsleep 60\n")
    result = bench.run(installed)
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("phone_lost", "measure")
    assert "edgeprof agent phones" in result.failure.message
    again = bench.phone = Phone(bench.phone.root)
    try:
        server.plug(again)
        bench.on_measure = lambda: None
        assert bench.left() != []
        assert bench.run(bench.runner(benchmark_model(tmp_path))).status == "measured"
        assert bench.left() == []
    finally:
        again.close()
        server.run("disconnect", again.serial)
        _end(started)


def test_a_full_phone_is_told_before_anything_is_copied(bench: _Bench, tmp_path: Path) -> None:
    fill(bench.phone.root, 100_000)
    result = bench.run(bench.runner(benchmark_model(tmp_path)))
    assert result.failure is not None
    assert result.failure.code == "no_space"
    assert "98 MiB free" in result.failure.message
    assert "Remove apps or files" in result.failure.message


def test_a_phone_that_fills_up_while_a_file_is_copied_is_full_and_not_lost(bench: _Bench, tmp_path: Path) -> None:
    bench.phone.refuse_push = b"couldn't write: No space left on device"
    installed = bench.runner(benchmark_model(tmp_path))
    bench.phone.on_push = lambda: fill(bench.phone.root, 0)
    result = bench.run(installed)
    assert result.failure is not None
    assert result.failure.code == "no_space"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("kill -SEGV $$", "crash", "SIGSEGV ended benchmark_model"),
        ("kill -KILL $$", "killed_unknown", "low-memory killer"),
        ("echo 'ERROR: Failed to load model' >&2; exit 1", "load_error", "ERROR: Failed to load model"),
        ("exit 126", "runtime_missing", "cannot execute benchmark_model"),
        ("echo something else; exit 0", "no_result", "cannot be read"),
    ],
)
def test_how_a_program_ended_is_named(bench: _Bench, tmp_path: Path, body: str, code: str, words: str) -> None:
    result = bench.run(bench.runner(benchmark_model(tmp_path, body)))
    assert result.failure is not None
    assert result.failure.code == code
    assert words in result.failure.message
    assert result.metrics == ()


def test_a_program_for_another_processor_is_refused_before_it_is_copied(bench: _Bench, tmp_path: Path) -> None:
    elf = b"\x7fELF\x02\x01\x01" + bytes(11) + (62).to_bytes(2, "little") + bytes(44)
    (tmp_path / "benchmark_model").write_bytes(elf)
    result = bench.run(bench.runner(tmp_path / "benchmark_model"))
    assert result.failure is not None
    assert result.failure.code == "runtime_missing"
    assert "was built for x86_64; the phone runs arm64-v8a" in result.failure.message
    assert not any("mkdir" in command for command in bench.phone.commands)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"provider": "cuda"}, "the provider cuda"),
        ({"shapes": {"x": (1, 3)}}, "input shapes"),
        ({"require_full_delegation": True}, "full delegation"),
    ],
)
def test_a_setting_that_a_runner_lacks_is_refused(
    bench: _Bench, tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    result = bench.run(bench.runner(benchmark_model(tmp_path)), **config)
    assert result.failure is not None
    assert words in result.failure.message


def _has_ended(file: Path) -> None:
    """The process whose number a program wrote."""
    until_s = time.monotonic() + 5
    while Path(f"/proc/{file.read_text().strip()}").exists():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def _end(file: Path) -> None:
    """Nothing of a test lives on."""
    with suppress(ProcessLookupError):
        os.kill(int(file.read_text()), signal.SIGKILL)
