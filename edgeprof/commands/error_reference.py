"""`docs/error-codes.md`, made from the registry: `python -m edgeprof.commands.error_reference docs/error-codes.md`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from edgeprof.errors.codes import CODES, GROUPS, ErrorCode

HEAD = f"""# Error codes

An error is one sentence with its code in brackets, such as `[hub_unreachable]`. Codes are stable;
sentences are not. The REST API sends the same code as `error.code`. `edgeprof errors CODE` prints
the meaning and the remedy of a code.

Made from `edgeprof/errors/codes/` by `./scripts/docs`; a test keeps it current. It lists
{len(CODES)} codes. A run that fails carries a failure code instead: see [Wire](wire.md).

Exit codes: 1 failed; 2 wrong use; 3 a part is missing. A command ends with 1 for any error that a
hub sends. Where the HTTP column is empty and the REST API sends the code, the status is 422.
"""


def error_codes_markdown() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, entries in GROUPS.items():
        parts.append(f"## {title}\n\n| code | meaning | remedy | exit | HTTP |\n|---|---|---|---|---|")
        parts += [*map(_row, sorted(entries)), ""]
    return "\n".join(parts).rstrip() + "\n"


def lines_of(entry: ErrorCode) -> Iterator[str]:
    """For a terminal."""
    yield f"{entry.code}: {entry.meaning}"
    yield f"  remedy: {entry.remedy}"
    yield f"  exit code: {_numbers(entry.exits)}" + (f"; HTTP: {_numbers(entry.http)}" if entry.http else "")


def _row(entry: ErrorCode) -> str:
    code = entry.code.replace("*", "<STATUS>")
    return f"| `{code}` | {entry.meaning} | {entry.remedy} | {_numbers(entry.exits)} | {_numbers(entry.http)} |"


def _numbers(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(error_codes_markdown())
