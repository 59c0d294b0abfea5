"""What this machine lacks for edgeprof, and the exact command that mends each thing. Looks only; changes nothing."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgeprof.privacy import NO_TELEMETRY
from edgeprof.wire.messages import RuntimeFact
from edgeprof_agent.runtimes import registry
from edgeprof_agent.runtimes.table import VARIANTS
from edgeprof_agent.sensors import registry as sensors
from edgeprof_agent.sensors.rights import missing_rights

Verdict = Literal["ok", "missing", "optional"]

IMPORT_TIMEOUT_S = 60.0
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend` is a command, or empty where nothing need be done."""

    subject: str
    verdict: Verdict
    detail: str
    mend: str = ""


def examine(root: Path = Path("/")) -> list[Finding]:
    """Everything that the agent or a hub on this machine would use."""
    facts = registry.facts()
    return [
        _python(),
        *(_runtime(fact) for fact in facts),
        _mosquitto(),
        *_sensors(root),
        *(Finding(what, "optional", "no right to read it", mend) for what, mend in missing_rights(root)),
    ]


def can_measure(findings: list[Finding]) -> bool:
    """Whether at least one runtime works here."""
    subjects = {f"runtime {fact.variant}" for fact in registry.facts()}
    return any(finding.verdict == "ok" for finding in findings if finding.subject in subjects)


def _python() -> Finding:
    version = platform.python_version()
    hub = "" if sys.version_info >= (3, 11) else "; a hub needs 3.11 or newer"
    return Finding("python", "ok", f"{version} on {platform.machine()}{hub}")


def _runtime(fact: RuntimeFact) -> Finding:
    subject = f"runtime {fact.variant}"
    python = registry.worker_python(fact.variant)
    if fact.version is None:
        if python != sys.executable:
            return Finding(subject, "missing", fact.reason or "not installed")
        if not VARIANTS[fact.variant].fits_this_python:
            return Finding(subject, "optional", fact.reason or "not for this Python")
        return Finding(subject, "optional", "not installed", registry.install_line(fact.variant))
    error = _import_error(python, registry.import_name(fact.variant))
    if error is None:
        return Finding(subject, "ok", f"{fact.version} ({', '.join(fact.formats)})")
    if "libgomp" in error:
        return Finding(subject, "missing", f"{fact.version} is installed but {error}", "sudo apt-get install libgomp1")
    return Finding(subject, "missing", f"{fact.version} does not import: {error}", registry.install_line(fact.variant))


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
        return f"importing it took more than {IMPORT_TIMEOUT_S:.0f} s"
    if done.returncode < 0:
        return f"importing it ends with signal {-done.returncode}"
    return (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else None


def _mosquitto() -> Finding:
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(SBIN))
    if path:
        return Finding("mosquitto", "ok", path)
    return Finding(
        "mosquitto",
        "optional",
        "a hub needs it to serve devices beyond this machine",
        "sudo apt-get install mosquitto",
    )


def _sensors(root: Path) -> list[Finding]:
    facts = sensors.probe(root)
    found = [fact for fact in facts if fact.available]
    if found:
        return [Finding(f"power {fact.name}", "ok", f"covers {fact.scope}") for fact in found]
    reasons = "; ".join(f"{fact.name}: {fact.reason}" for fact in facts)
    return [Finding("power", "optional", f"no source on this machine, so energy stays blank ({reasons})")]
