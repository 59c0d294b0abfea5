"""Break one thing, and exactly its cell changes."""

import os
import time
from pathlib import Path

import psutil

from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from tests.e2e.farm import Farm, eventually

SLOWDOWN = 8

SLOW_LITERT = f"""
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder


class Slow(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "ai_edge_litert.interpreter":
            return None
        spec = PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            once = module.Interpreter.invoke

            def invoke(self):
                for _ in range({SLOWDOWN}):
                    once(self)

            module.Interpreter.invoke = invoke

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Slow())
"""


def p50_ms(farm: Farm, device: rest.DeviceRecord, model: rest.ModelRecord) -> float:
    return farm.cells()[device.device_id, model.model_id].metrics["latency_p50_ms"].value


def workers_of(pid: int) -> list[psutil.Process]:
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [child for child in children if "edgeprof_agent.worker" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def flip_a_byte(folder: Path, sha256: str) -> None:
    """Change one byte of the blob below `folder`, as a failing disk would: size and times stay."""
    blob = next(path for path in folder.rglob(sha256) if path.is_file())
    stamp = blob.stat()
    blob.chmod(0o600)
    data = bytearray(blob.read_bytes())
    data[1000] ^= 1
    with blob.open("r+b") as stream:  # in place, so that hard links to it change too
        stream.write(data)
    os.utime(blob, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def test_changed_bytes_on_the_device_never_run(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    model = farm.put(bundled / "digits-cnn-fp32.onnx")
    sha256 = model.manifest.files[0].sha256
    farm.run([model], [alpha])
    flip_a_byte(farm.folder / "alpha", sha256)
    assert farm.run([model], [alpha]).jobs[0].state == "measured"
    held = {path for path in (farm.folder / "alpha").rglob("*") if path.name in (sha256, "digits-cnn-fp32.onnx")}
    assert held
    assert {path.read_bytes() for path in held} == {(bundled / "digits-cnn-fp32.onnx").read_bytes()}


def test_changed_bytes_on_device_and_hub_fail_that_model_alone(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    victim = farm.put(bundled / "digits-cnn-fp32.onnx")
    other = farm.put(bundled / "digits-cnn-int8.onnx")
    farm.run([victim, other], [alpha])
    before = farm.cells()
    assert {cell.state for cell in before.values()} == {"measured"}

    for side in ("alpha", "hub"):
        flip_a_byte(farm.folder / side, victim.manifest.files[0].sha256)
    farm.run([victim], [alpha])
    after = farm.cells()
    assert after[alpha.device_id, victim.model_id].failure_code == "hash_mismatch"
    assert not after[alpha.device_id, victim.model_id].metrics
    unchanged = after[alpha.device_id, other.model_id]
    assert unchanged.result_id == before[alpha.device_id, other.model_id].result_id
    assert unchanged.metrics == before[alpha.device_id, other.model_id].metrics


def test_a_worker_killed_in_mid_run_is_a_named_failure_of_its_cell(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    victim = farm.put(bundled / "digits-cnn-fp32.onnx")
    other = farm.put(bundled / "digits-cnn-fp32.tflite")
    farm.run([other], [alpha])
    before = farm.cells()[alpha.device_id, other.model_id]

    campaign = farm.start([victim], [alpha], RunProtocol(window_s=30.0, max_runs=10_000_000, deadline_s=60.0))
    agent_pid = farm.agents["alpha"].popen.pid
    eventually("it measures", lambda: farm.client.campaign(campaign.campaign_id).jobs[0].stage == "measure")
    worker = eventually(
        "a worker runs", lambda: next(iter(workers_of(agent_pid)), None)
    )  # the one after the cold start
    worker.kill()
    job = farm.finish(campaign).jobs[0]

    assert job.state == "failed"
    cell = farm.cells()[alpha.device_id, victim.model_id]
    assert cell.failure_code == "killed_unknown"
    assert not cell.metrics
    assert farm.cells()[alpha.device_id, other.model_id].metrics == before.metrics
    assert farm.agents["alpha"].popen.poll() is None
    assert farm.run([victim], [alpha]).jobs[0].state == "measured"


def test_a_float_file_under_an_integer_name_is_told_by_its_kernels(farm: Farm, bundled: Path, tmp_path: Path) -> None:
    alpha = farm.device("alpha")
    disguised = tmp_path / "really-int8.onnx"
    disguised.write_bytes((bundled / "digits-cnn-fp32.onnx").read_bytes())
    models = [
        farm.put(disguised),
        farm.put(bundled / "digits-cnn-int8.onnx"),
        farm.put(bundled / "digits-cnn-int8.tflite"),
    ]
    jobs = farm.run(models, [alpha]).jobs
    results = {job.model_id: farm.client.result(job.result_id or "").result for job in jobs}
    kernels = [(results[item.model_id].effective or None) for item in models]
    assert all(kernels)
    assert kernels[0] is not None
    assert kernels[0].integer_kernels == 0
    assert all(item is not None and (item.integer_kernels or 0) > 0 for item in kernels[1:])


def test_slowing_one_runtime_changes_its_cells_by_that_factor_and_no_other(
    empty_farm: Farm, bundled: Path, tmp_path: Path
) -> None:
    farm = empty_farm
    farm.start_hub()
    farm.start_agent("alpha")
    alpha = farm.device("alpha")
    onnx, tflite = farm.put(bundled / "digits-cnn-fp32.onnx"), farm.put(bundled / "digits-cnn-fp32.tflite")
    farm.run([onnx, tflite], [alpha])
    quick = {model.model_id: p50_ms(farm, alpha, model) for model in (onnx, tflite)}

    farm.agents["alpha"].stop()
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(SLOW_LITERT)
    farm.start_agent("alpha", environment={"PYTHONPATH": str(hook)})
    time.sleep(0.5)
    alpha = farm.device("alpha")
    farm.run([onnx, tflite], [alpha])

    assert SLOWDOWN / 2 < p50_ms(farm, alpha, tflite) / quick[tflite.model_id] < SLOWDOWN * 2
    assert 0.4 < p50_ms(farm, alpha, onnx) / quick[onnx.model_id] < 2.5
