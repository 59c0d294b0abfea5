"""`edgeprof export`: every result of a hub as lines, into CSV, NDJSON or Parquet; goes on where it stopped."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, Protocol, cast

import click

from edgeprof.client.http_client import HubClient
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.live import result_progress
from edgeprof.errors import EdgeprofError, MissingPartError, UsageError

Kind = Literal["csv", "ndjson", "parquet"]
KINDS: dict[str, Kind] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
PARQUET_BATCH = 4_000
"""Lines of one row group."""
_AFTER_ALL = 2**62
"""A `seq` that no result has: the export is its line of heads alone."""
_NUMBERS = {"seq": "int64", "n": "int64", "threads": "int64", "received_s": "double", "value": "double"}
_TYPES = {**_NUMBERS, "ci_low": "double", "ci_high": "double", "emulated": "bool"}


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(("csv", "ndjson", "parquet")), help="Default: OUT's file extension."
)
@click.option("--continue", "goes_on", is_flag=True, help="Append after the last line of OUT (CSV, NDJSON).")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only results after this `seq`.")
@hub_options
def export(out: Path, kind: Kind | None, goes_on: bool, after: int, hub_url: str, token_file: str | None) -> None:
    """Write every result of the hub to OUT: one line per figure, with every field that tells runs apart.

    A broken connection loses no written lines: --continue appends after them. `seq` numbers the hub's results in order
    of arrival; --after SEQ exports only newer ones. Parquet needs `pip install 'edgeprof[parquet]'`.
    """
    chosen = kind or KINDS.get(out.suffix.lower())
    if chosen is None:
        raise UsageError(
            "bad_format",
            f"Cannot tell the format from the name {out.name}. Use --format, or end it in {', '.join(KINDS)}.",
        )
    if goes_on and chosen == "parquet":
        raise UsageError("bad_usage", "Cannot append to a Parquet file. Write a new one with --after SEQ.")
    client = client_of(hub_url, token_file)
    if goes_on and out.exists():
        if chosen == "csv" and out.stat().st_size:
            _check_head(out, next(client.export("csv", _AFTER_ALL)))
        after = max(after, _drop_last_result(out, chosen))
    is_new = not (goes_on and out.exists() and out.stat().st_size)
    say = result_progress(client.last_seq())
    write = _parquet if chosen == "parquet" else partial(_text, kind=chosen, is_new=is_new)
    click.echo(f"Wrote {write(client, out, after, say):,} lines to {out}.")


def _text(client: HubClient, out: Path, after: int, say: Callable[[int], None], *, kind: Kind, is_new: bool) -> int:
    """Lines as they come; a line of heads only at the beginning of a file."""
    count = 0
    with out.open("wb" if is_new else "ab") as stream:
        for number, line in enumerate(client.export(kind, after)):
            if kind == "csv" and number == 0:
                if is_new:
                    stream.write(line)
                continue
            stream.write(line)
            count += 1
            if count % 1000 == 0:
                say(_seq_of(line, kind))
    return count


def _check_head(out: Path, head: bytes) -> None:
    """A file of another release may have other columns, and lines must not shift against its heads."""
    with out.open("rb") as stream:
        first = stream.readline()
        if first.endswith(b"\n") and first != head:  # a line of heads that broke off is written again
            raise UsageError("bad_usage", f"{out.name} has other columns than this hub exports. Write a new file.")


def _seq_of(line: bytes, kind: Kind) -> int:
    return int(line.split(b",", 1)[0]) if kind == "csv" else int(json.loads(line)["seq"])


def _drop_last_result(out: Path, kind: Kind) -> int:
    """Cut the lines of the last result off, as some of them may be missing; returns the `seq` before it."""
    keep, last, before = 0, 0, 0
    with out.open("rb") as stream:
        place = 0
        for number, line in enumerate(stream):
            is_head = kind == "csv" and number == 0
            if not line.endswith(b"\n"):
                break
            if not is_head and (seq := _seq_of(line, kind)) != last:
                keep, before, last = place, last, seq
            place += len(line)
            if is_head:
                keep = place
    with out.open("rb+") as stream:
        stream.truncate(keep)
    return before


class _Writer(Protocol):
    def write_batch(self, batch: object) -> None: ...
    def close(self) -> None: ...


class _Arrow(Protocol):
    """What is used of pyarrow, which tells no types."""

    def schema(self, fields: list[tuple[str, object]]) -> object: ...
    @property
    def RecordBatch(self) -> "_Batches": ...
    def type_for_alias(self, name: str) -> object: ...


class _Batches(Protocol):
    def from_pylist(self, rows: list[object], schema: object) -> object: ...


def _parquet(client: HubClient, out: Path, after: int, say: Callable[[int], None]) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "extra_missing", "Parquet export needs an extra. Install it with: pip install 'edgeprof[parquet]'"
        ) from error
    arrow = cast(_Arrow, pyarrow)
    count, writer, schema = 0, None, None
    try:
        for rows in _batched(client.export("ndjson", after)):
            if schema is None:
                names = list(cast("dict[str, object]", rows[0]))
                schema = arrow.schema([(name, arrow.type_for_alias(_TYPES.get(name, "string"))) for name in names])
                writer = cast(_Writer, pyarrow.parquet.ParquetWriter(out, schema))
            assert writer is not None
            writer.write_batch(arrow.RecordBatch.from_pylist(rows, schema=schema))
            count += len(rows)
            say(int(cast("dict[str, int]", rows[-1])["seq"]))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise UsageError("nothing_to_export", "The hub has no newer results.")
    return count


def _batched(lines: Iterable[bytes]) -> Iterator[list[object]]:
    """What came before a break is given out, too."""
    rows: list[object] = []
    broken: EdgeprofError | None = None
    try:
        for line in lines:
            rows.append(json.loads(line))
            if len(rows) == PARQUET_BATCH:
                yield rows
                rows = []
    except EdgeprofError as error:
        broken = error
    if rows:
        yield rows
    if broken is not None:
        raise broken
