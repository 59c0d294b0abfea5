"""`edgeprof errors [CODE]`: what an error code means and what to do about it."""

import click

from edgeprof.commands.error_reference import lines_of
from edgeprof.errors import UsageError
from edgeprof.errors.codes import CODES


@click.command()
@click.argument("code", required=False)
def errors(code: str | None) -> None:
    """Explain an error code: its meaning, its remedy, its exit code. Without CODE, list them all."""
    if code is None:
        width = max(map(len, CODES))
        for entry in sorted(CODES.values()):
            click.echo(f"{entry.code:<{width}}  {entry.meaning}")
        return
    wanted = code.strip("[]")
    entry = CODES.get("http_*" if wanted.startswith("http_") else wanted)
    if entry is None:
        raise UsageError("unknown_code", f"No error code {wanted[:80]!r}. List them: edgeprof errors.")
    click.echo("\n".join(lines_of(entry)))
