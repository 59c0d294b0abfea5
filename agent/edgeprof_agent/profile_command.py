"""`edgeprof profile MODEL`: one model on this machine, with no hub and no broker."""

import socket
import sys
import threading
from pathlib import Path

import click
import msgspec

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.options import FiniteRange, parse_shapes
from edgeprof.wire import identity
from edgeprof.wire.messages import MAX_THREADS, ModelRef, Result, RunConfig, RunProtocol
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.profile_view import Stages, report
from edgeprof_agent.runtimes import registry
from edgeprof_agent.runtimes.table import VARIANTS

_DEFAULTS = RunProtocol()

Measured = tuple[Result, dict[str, bytes]]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--runtime", type=click.Choice(list(VARIANTS)), help="Default: the first installed one for the format.")
@click.option("--threads", type=click.IntRange(0, MAX_THREADS), default=0, help="0: every core that may be used.")
@click.option("--input-shape", "shapes", metavar="NAME=1,3,224,224", multiple=True, help="Sizes of a dynamic input.")
@click.option("--provider", default="cpu", show_default=True, help="ONNX Runtime's execution provider.")
@click.option("--window-s", type=FiniteRange(0.01, 3600), default=_DEFAULTS.window_s, show_default=True)
@click.option("--warmup", type=click.IntRange(0, 100_000), default=_DEFAULTS.warmup_runs, show_default=True)
@click.option("--deadline-s", type=FiniteRange(1, 86_400), default=_DEFAULTS.deadline_s, show_default=True)
@click.option("--prompt-tokens", type=click.IntRange(1, 131_072), default=128, show_default=True)
@click.option("--decode-tokens", type=click.IntRange(1, 131_072), default=32, show_default=True)
@click.option("--memory-limit-mib", type=FiniteRange(16), help="Kill the worker above this.")
@click.option(
    "--samples",
    "samples_file",
    type=click.Path(path_type=Path),
    help="Write every sample here; see `edgeprof compare`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole result document, and nothing else.")
def profile(
    model: Path,
    runtime: str | None,
    threads: int,
    shapes: tuple[str, ...],
    provider: str,
    window_s: float,
    warmup: int,
    deadline_s: float,
    prompt_tokens: int,
    decode_tokens: int,
    memory_limit_mib: float | None,
    samples_file: Path | None,
    as_json: bool,
) -> int:
    """Profile one model file (ONNX, TFLite or GGUF) on this machine: latency, load, memory, energy, operators."""
    sizes = parse_shapes(shapes)
    found = inspect(model)
    config = RunConfig(
        runtime=_runtime(runtime, found),
        threads=threads,
        provider=provider,
        shapes=sizes,
        prompt_tokens=prompt_tokens,
        decode_tokens=decode_tokens,
    )
    protocol = RunProtocol(warmup_runs=warmup, window_s=window_s, deadline_s=deadline_s)
    result, artifacts = _measure(found, config, protocol, memory_limit_mib)
    if samples_file:
        _write_samples(samples_file, result, artifacts)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(result)).decode())
    else:
        click.echo(report(result))
    return 0 if result.status == "measured" else 1


def _runtime(asked: str | None, found: ModelFile) -> str:
    if asked is None:
        return registry.default_variant(found.format, registry.facts())
    if found.format not in VARIANTS[asked].formats:
        raise UsageError("wrong_runtime", f"{asked} does not run {found.format} models. Leave --runtime out.")
    return asked


def _measure(found: ModelFile, config: RunConfig, protocol: RunProtocol, memory_limit_mib: float | None) -> Measured:
    request = MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id=socket.gethostname(),
        model=ModelRef(
            model_id=identity.model_id(found.manifest),
            name=found.manifest.entry,
            format=found.format,
            manifest=found.manifest,
        ),
        model_dir=found.folder,
        config=config,
        protocol=protocol,
        emulated=False,
        memory_limit_mib=memory_limit_mib,
        cores=None,
    )
    with Stages(sys.stderr) as stages:
        return measure(request, stages.show, threading.Event())


def _write_samples(file: Path, result: Result, artifacts: dict[str, bytes]) -> None:
    """The `samples` artifact as it goes to a hub. A run of few samples has them in its result instead."""
    refs = [ref for ref in result.artifacts if ref.name == "samples"]
    if not refs:
        click.echo("This run has few samples or none: they are in the result itself (--json).", err=True)
        return
    try:
        file.write_bytes(artifacts[refs[0].sha256])
    except OSError as error:
        raise UsageError("file_unwritable", f"{file} cannot be written: {error.strerror}.") from error
