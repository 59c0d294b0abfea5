"""Which runtimes this device has, told without importing one, and which Python runs each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import cast

from edgeprof.errors import MissingPartError
from edgeprof.wire.messages import ModelFormat, RuntimeFact
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS, RuntimeVariant

_ASK_VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
_ASK_TIMEOUT_S = 20.0


def worker_python(variant: str) -> str:
    """The interpreter for a runtime: `EDGEPROF_WORKER_PYTHON_<VARIANT>` (dashes as underscores), else this one.

    tflite-runtime needs numpy below 2 and cannot share an environment; edgeprof must be installed there too.
    """
    set_python = _named_python(variant)
    if not set_python:
        return sys.executable
    # The worker starts in a folder of its own: a path that is relative to ours would lead nowhere there.
    return os.path.abspath(set_python) if os.sep in set_python else set_python


def facts(*, here: bool = True, endpoint: bool = False) -> tuple[RuntimeFact, ...]:
    """Every runtime that we know: its version here, or why it is not there and how to install it.

    `here`: models may run on this machine. `endpoint`: one was named, so that served models may run there.
    """
    return tuple(
        _fact(name, variant) if (endpoint if variant.needs_endpoint else here) else _elsewhere(name, variant)
        for name, variant in VARIANTS.items()
    )


def facts_for_hub(*, endpoint: bool) -> tuple[RuntimeFact, ...]:
    """What a device tells its hub. An endpoint's runtime is left out where none was named.

    The first hubs of this wire version do not know the format `served`, and refuse all facts that have it.
    """
    told = facts(here=not endpoint, endpoint=endpoint)
    return tuple(fact for fact in told if endpoint or not VARIANTS[fact.variant].needs_endpoint)


def default_variant(format: ModelFormat, facts: Iterable[RuntimeFact]) -> str:
    """The first runtime with a configured interpreter for a format, else the first installed one.

    Raises MissingPartError: another runtime in place of a configured one would change the figures unnoticed.
    """
    able = [fact for fact in facts if format in fact.formats]
    for fact in able:
        if fact.named_python:
            if fact.version is None:
                raise MissingPartError("runtime_missing", fact.reason or f"{fact.variant} is not installed.")
            return fact.variant
    for fact in able:
        if fact.version is not None:
            return fact.variant
    for fact in able:
        if VARIANTS[fact.variant].needs_endpoint:
            raise MissingPartError("endpoint_missing", f"A served model needs its endpoint: {fact.reason}")
    lines = [item.install for item in VARIANTS.values() if format in item.formats and item.fits_this_python]
    raise MissingPartError(
        "runtime_missing", f"No runtime for {format} is installed. Install one with: {'   or: '.join(lines)}"
    )


def install_line(variant: str) -> str:
    """How a user gets this runtime."""
    return VARIANTS[variant].install


def import_name(variant: str) -> str:
    """The module that this runtime's package brings."""
    return VARIANTS[variant].module


def _fact(name: str, variant: RuntimeVariant) -> RuntimeFact:
    found = _version_here(variant) if worker_python(name) == sys.executable else _version_there(name, variant)
    return RuntimeFact(
        variant=name,
        formats=cast(tuple[ModelFormat, ...], variant.formats),
        version=found,
        reason=None if found else _why_absent(name, variant),
        named_python=bool(_named_python(name)),
    )


def _elsewhere(name: str, variant: RuntimeVariant) -> RuntimeFact:
    reason = (
        "no endpoint is configured. Name one with --endpoint https://HOST/v1"
        if variant.needs_endpoint
        else "this device is a cloud endpoint and runs only what it serves"
    )
    formats = cast(tuple[ModelFormat, ...], variant.formats)
    return RuntimeFact(variant=name, formats=formats, version=None, reason=reason)


def _why_absent(name: str, variant: RuntimeVariant) -> str:
    python = worker_python(name)
    if python != sys.executable:
        if shutil.which(python) is None:
            setting = setting_of_python(name)
            return f"{setting} names {python}, which cannot be run. Name a Python that has {variant.package}."
        return f"{python} has no {variant.package}. Install it there with: {python} -m {variant.install}"
    if variant.fits_this_python:
        return f"{variant.package} is not installed. Install it with: {variant.install}"
    (_, oldest), (_, newest) = variant.pythons
    span = f"3.{oldest} to 3.{newest}" if newest < 99 else f"3.{oldest} and newer"
    return f"{variant.package} has wheels for Python {span} only; this is {sys.version_info[0]}.{sys.version_info[1]}."


def _version_here(variant: RuntimeVariant) -> str | None:
    try:
        return version(variant.package)
    except PackageNotFoundError:
        return None


def _version_there(name: str, variant: RuntimeVariant) -> str | None:
    command = [worker_python(name), "-c", _ASK_VERSION, variant.package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _named_python(variant: str) -> str:
    return os.environ.get(setting_of_python(variant), "")


def setting_of_python(variant: str) -> str:
    """The variable that names the interpreter of a runtime."""
    return f"EDGEPROF_WORKER_PYTHON_{variant.upper().replace('-', '_')}"
