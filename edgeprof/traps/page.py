"""`docs/traps.md`, made from the catalogue: `python -m edgeprof.traps.page docs/traps.md`."""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from edgeprof.traps.catalogue import Figure, Trap, catalogue

_WIDTH = 100
_TITLES = {"onnxruntime": "ONNX Runtime", "litert": "LiteRT", "llamacpp": "llama.cpp"}
HEAD = """# Known traps

A runtime can be several times slower, larger or faster than it should be, without a warning. These are
the cases that edgeprof knows. A run that walks into one names it next to its figure, with the way
out: in the terminal (`edgeprof profile`), on the run's page, and in its cell.

Each figure was measured, on the machine and date that stand with it. Other machines and versions
differ: repeat it with its command, from a clone. [bisect](bisect.md) finds the
version that made a model slower.

Made from `edgeprof/traps/data/` by `./scripts/docs`; a test keeps it current.
"""


def traps_markdown() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, traps in catalogue().items():
        parts.append(f"## {_TITLES[name]}\n")
        for trap in traps:
            parts += _section(trap)
    return "\n".join(parts).rstrip() + "\n"


def _section(trap: Trap) -> Iterator[str]:
    yield f"### {trap.id}\n"
    yield f"**{trap.title}.** Seen in: {trap.seen_in}.\n"
    yield _wrapped(trap.what) + "\n"
    yield _wrapped(f"- **Way out**: {trap.way_out}", "  ")
    yield _wrapped(f"- **Recognised**: {trap.recognised or trap.not_recognised}", "  ")
    for figure in trap.figures:
        yield _wrapped(f"- **Measured**: {_figure(figure)}", "  ")
    yield ""


def _figure(figure: Figure) -> str:
    how = f"`{figure.command}`" if figure.command else figure.source
    return f"{figure.text}. {figure.date}, {figure.machine}; {how}."


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()), _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(traps_markdown())
