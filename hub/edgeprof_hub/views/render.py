"""The Jinja2 environment: escaping always on, an undefined name is an error, and how times and sizes are written."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edgeprof.operators.words import time_text
from edgeprof.tables import figures
from edgeprof.tables.sandbox_words import guarded_words, sandbox_words
from edgeprof_hub.views import lead_lines
from edgeprof_hub.views.evaluation_view import lead_text

HERE = Path(__file__).resolve().parent.parent


def environment() -> Environment:
    """All templates, ready to render."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast("dict[str, object]", env.filters)  # its own type is the union of the filters that Jinja ships
    filters.update(
        utc=utc,
        iso=iso,
        number=figures.number,
        size=size,
        usd=figures.usd,
        energy=figures.energy,
        fields=asdict,
        percent=figures.percent,
        quality=lead_text,
        lead=lead_lines.run_text,
        sandbox=sandbox_words,
        guarded=guarded_words,
        operator_time=time_text,
    )
    return env


def utc(unix_s: float) -> str:
    """`2026-11-23 14:05:09 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_s))


def iso(unix_s: float) -> str:
    """The same for the `datetime` attribute."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def size(size_bytes: int) -> str:
    """Bytes in the unit that a person would use."""
    for limit, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= limit:
            return f"{figures.number(size_bytes / limit)} {unit}"
    return f"{size_bytes} B"
