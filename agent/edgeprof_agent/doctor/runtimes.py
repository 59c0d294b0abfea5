"""Python and the runtimes: each imported in a child, as a run would."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from edgeprof.privacy import NO_TELEMETRY
from edgeprof.wire.messages import RuntimeFact
from edgeprof_agent.doctor import container
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.runtimes import registry
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

IMPORT_TIMEOUT_S = 60.0


def look(root: Path) -> Iterator[Finding]:
    """Of this machine's own Python."""
    yield _python()
    for fact in registry.facts():
        yield _runtime(fact)


def _python() -> Finding:
    version = platform.python_version()
    hub = "" if sys.version_info >= (3, 11) else "; a hub needs 3.11 or newer"
    arm = f"; {container.COMPILES}" if platform.machine().startswith(("armv6", "armv7")) else ""
    return container.userland() or Finding("runtimes", "python", "ok", f"{version} on {platform.machine()}{hub}{arm}")


def _runtime(fact: RuntimeFact) -> Finding:
    subject = fact.variant
    python = registry.worker_python(fact.variant)
    if fact.version is None:
        if python != sys.executable:
            return Finding("runtimes", subject, "missing", fact.reason or "not installed")
        if VARIANTS[fact.variant].needs_endpoint:
            return Finding("runtimes", subject, "optional", "no endpoint is configured", "edgeprof endpoint check URL")
        if not VARIANTS[fact.variant].fits_this_python:
            return Finding("runtimes", subject, "optional", fact.reason or "not for this Python")
        return Finding("runtimes", subject, "optional", "not installed", registry.install_line(fact.variant))
    error = _import_error(python, registry.import_name(fact.variant))
    if error is None:
        return Finding("runtimes", subject, "ok", f"{fact.version} ({', '.join(fact.formats)})")
    if "libgomp" in error:
        return Finding(
            "runtimes", subject, "missing", f"{fact.version} is installed but {error}", "sudo apt-get install libgomp1"
        )
    return Finding(
        "runtimes", subject, "missing", f"{fact.version} does not import: {error}", registry.install_line(fact.variant)
    )


def _import_error(python: str, module: str) -> str | None:
    """Import a runtime in a child, as a run would: a wheel for another CPU dies of a signal, not of an exception."""
    try:
        done = subprocess.run(
            [python, "-c", f"import {module}"],
            capture_output=True,
            text=True,
            timeout=IMPORT_TIMEOUT_S,
            env={**os.environ, **NO_TELEMETRY},
        )
    except subprocess.TimeoutExpired:
        return f"its import took more than {IMPORT_TIMEOUT_S:.0f} s"
    if done.returncode < 0:
        return f"its import ended with signal {-done.returncode}"
    return (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else None
