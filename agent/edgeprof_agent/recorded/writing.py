"""A captured machine as a folder: its files, `tree.toml` on where it is from, `values.toml` on what varies."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.version import __version__
from edgeprof_agent.recorded.capture import Captured
from edgeprof_agent.recorded.scrub import leaks

MAX_TEXTS = 40


def write(
    folder: Path, found: Captured, read_as: Mapping[str, object], identifiers: set[str], seconds: float, period_s: float
) -> None:
    """Nothing is written where an identifier of the machine is still in it. Raises UsageError, EdgeprofError."""
    content = {
        **found.content,
        "tree.toml": tree_toml(found, read_as).encode(),
        "values.toml": values_toml(found, seconds, period_s).encode(),
    }
    leaked = leaks(content, identifiers)
    if leaked:
        places = ", ".join(sorted(set(leaked.values())))
        raise EdgeprofError(
            "record_leaks",
            f"Nothing was written: {places} would contain an identifier of this machine. Please report this, "
            "without the identifier.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("folder_used", f"{folder} exists and is not empty. Use another folder with --out.")
    for path, data in content.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def tree_toml(found: Captured, read_as: Mapping[str, object]) -> str:
    """Where it is from, and what it read as when it was recorded. The profile is for whoever sends it to fill in."""
    return "\n".join(
        [
            'origin = "recorded on real hardware"',
            f'sources = ["edgeprof {__version__} agent record, {date.today().isoformat()}"]',
            "not_quoted = []",
            f"unreadable = {json.dumps(found.unreadable[:100])}",
            "",
            "[expect]",
            '# The profile that it must match, such as "rpi-5-8"; `edgeprof devices match` says what it matches now.',
            'profile = ""',
            *_settings(read_as),
            "",
        ]
    )


def _settings(values: Mapping[str, object]) -> list[str]:
    """Texts and numbers are written alike in JSON and in TOML."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value is not None]


def values_toml(found: Captured, seconds: float, period_s: float) -> str:
    """What varied. A file that never did has no entry."""
    lines = [f"period_s = {period_s:g}", ""]
    for path in sorted(found.idle):
        idle, load = found.idle[path], found.load.get(path, [])
        if len({*idle, *load}) < 2:
            continue
        entry = _counter(path, idle, load, seconds, found.content) if path in found.counts else _gauge(path, idle, load)
        lines += [*entry, ""]
    return "\n".join(lines)


def _gauge(path: str, idle: list[str], load: list[str]) -> list[str]:
    return [
        "[[gauge]]",
        f"path = {json.dumps(path)}",
        f"idle = {json.dumps(idle[:MAX_TEXTS])}",
        f"load = {json.dumps(load[:MAX_TEXTS])}",
    ]


def _counter(path: str, idle: list[str], load: list[str], seconds: float, content: Mapping[str, bytes]) -> list[str]:
    """Rates from the first and the last text. A turn in between is told by the range that stands beside the counter."""
    wraps = _number(content.get(str(Path(path).parent / "max_energy_range_uj"), b"").decode("utf-8", "replace"))
    lines = [
        "[[counter]]",
        f"path = {json.dumps(path)}",
        f"starts_at = {_number(idle[0]) or 0.0:.1f}",
        f"idle_per_s = {_rate(idle, seconds, wraps):.3f}",
        f"load_per_s = {_rate(load or idle, seconds, wraps):.3f}",
    ]
    return [*lines, f"wraps_at = {wraps:.1f}"] if wraps else lines


def _rate(texts: list[str], seconds: float, wraps: float | None) -> float:
    first, last = _number(texts[0]), _number(texts[-1])
    if first is None or last is None:
        return 0.0
    grown = last - first + (wraps or 0.0 if last < first else 0.0)
    return max(0.0, grown) / seconds


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
