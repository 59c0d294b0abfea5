"""What `edgeprof divergence` does: a child process reads the texts with the source model, the set is written here."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import click
import msgspec

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import inspect
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.sets.folder import write_set
from edgeprof.wire.identity import model_id
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.runtimes import registry
from edgeprof_agent.sensors.cgroup_limits import own_threads

_MODULE = "edgeprof_agent.worker.evaluation.record_source"


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None
    top: int
    runtime: str | None
    threads: int


def run(source: Path, set_name: str, out: Path, options: Mapping[str, object]) -> int:
    """Returns the command's exit code. Raises EdgeprofError."""
    given = msgspec.convert(options, _Options)
    found, _ = resolve_set(set_name, lambda line: click.echo(line, err=True))
    if found.facts.task != "perplexity":
        raise UsageError(
            "wrong_set", f"The set {found.facts.name} is of {found.facts.task}. Use one of perplexity: it has texts."
        )
    file = inspect(source)
    if file.format != "gguf":
        raise UsageError("wrong_set", f"{source.name} is not a GGUF model: only language models have odds of words.")
    variant = given.runtime or registry.default_variant(file.format, registry.facts())
    variant = path_of(RunConfig(runtime=variant)).runtime
    threads = given.threads or own_threads(None)
    config = RunConfig(runtime=variant, threads=threads, prompt_tokens=1, decode_tokens=1)
    with tempfile.TemporaryDirectory() as folder:
        document = {
            "config": asdict(config),
            "model_path": str(file.folder.resolve() / file.manifest.entry),
            "preparation": found.facts.preparation,
            "items": list(found.items),
            "top": given.top,
            "folder": folder,
        }
        _recorded(registry.worker_python(variant), document)
        items = [{**item, "file": f"files/{place}.npz"} for place, item in enumerate(found.items)]
        files = {str(item["file"]): Path(folder, f"{place}.npz") for place, item in enumerate(items)}
        facts = replace(
            found.facts,
            name=given.name or out.name,
            task="divergence",
            preparation={**found.facts.preparation, "source_model": model_id(file.manifest), "top": given.top},
            source=f"{found.facts.name}, read by {file.manifest.entry}",
        )
        made = write_set(out, facts, items, files)
    click.echo(f"{out}: {len(items)} texts, set {made.set_id[:12]}. Next: edgeprof evaluate VARIANT.gguf --set {out}")
    return 0


def _recorded(python: str, document: Mapping[str, object]) -> None:
    """Raises EdgeprofError with what the child process says."""
    done = subprocess.run([python, "-m", _MODULE], input=json.dumps(document), capture_output=True, text=True)
    if done.returncode == 0:
        return
    said = [line for line in done.stdout.splitlines() if line.startswith("problem: ")]
    reason = said[-1].removeprefix("problem: ") if said else f"its process ended with exit code {done.returncode}."
    raise EdgeprofError("source_not_read", f"The source model cannot read the texts: {reason}")
