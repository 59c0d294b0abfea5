"""`edgeprof prices`: the catalogue that costs rest on: what is in it, where from, how old, what is wrong with it."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import click

from edgeprof.commands.options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof_hub.cost.catalogue.loader import STALE_AFTER_DAYS, Catalogue, Priced, load_catalogue, parse_catalogue
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.inputs import plain

KINDS = get_args(EntryKind)


@click.group()
def prices() -> None:
    """The dated prices that costs rest on. Prices by the token are those of the package genai-prices."""


@prices.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only entries of this kind.")
def list_entries(kind: str | None) -> None:
    """Print every entry with its price, its date and whether it is stale."""
    catalogue, today = load_catalogue(), _today()
    for entry_id, priced in sorted(catalogue.entries.items()):
        if kind in (None, priced.entry.kind):
            click.echo(f"{entry_id:<34} {_price(priced):>26}  {priced.as_of}{_marks(priced, today)}")
    click.echo(f"{len(catalogue.entries)} entries; catalogue sha256 {catalogue.sha256[:16]}, {catalogue.as_of}.")


@prices.command()
@click.argument("entry_id", metavar="ENTRY")
def show(entry_id: str) -> None:
    """Print everything that is known of ENTRY."""
    priced = load_catalogue().entries.get(entry_id)
    if priced is None:
        raise UsageError("price_unknown", f"The catalogue has no entry {entry_id!r}. See: edgeprof prices list.")
    entry, source = priced.entry, priced.source
    facts = {
        "title": priced.name,
        "region": entry.region,
        "price": _price(priced),
        "tiers": "; ".join(f"{plain(tier.price)} up to {tier.up_to or 'any'} a month" for tier in priced.tiers),
        "basis": entry.basis,
        "billed": _billed(priced),
        "as of": f"{priced.as_of}{_marks(priced, _today())}",
        "source": f"{source.title} ({source.kind}, {source.licence}, confidence {source.confidence})",
        "read": f"{source.retrieved}{f', {source.url}' if source.url else ''}",
        "note": entry.note or "",
    }
    for name, text in facts.items():
        if text:
            click.echo(f"{name:<8} {' '.join(text.split())}")


@prices.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(files: tuple[Path, ...]) -> None:
    """Check the catalogue, or FILES of your own in its format; exit 1 where an entry is stale or unverified.

    A file that breaks the schema (an entry without a source, a price below zero) is refused with its place.
    """
    catalogue = parse_catalogue({path.name: path.read_bytes() for path in files}) if files else load_catalogue()
    found = _problems(catalogue, _today())
    for line in found:
        click.echo(line)
    click.echo(f"{len(catalogue.entries)} entries, {len(found)} to look at.")
    sys.exit(1 if found else 0)


@prices.command()
@hub_options
def history(hub_url: str, token_file: str | None) -> None:
    """Print every catalogue that a hub has run with; costs can be asked for with each of them again."""
    for kept in client_of(hub_url, token_file).catalogues():
        since = datetime.fromtimestamp(kept.first_used_s, tz=UTC).date()
        click.echo(f"{kept.sha256}  as of {kept.as_of}, first used {since}{', in use' if kept.in_use else ''}")


def _problems(catalogue: Catalogue, today: date) -> list[str]:
    lines: list[str] = []
    for entry_id, priced in sorted(catalogue.entries.items()):
        if priced.as_of > today:
            lines.append(f"{entry_id}: dated {priced.as_of}, which is still to come.")
        if priced.stale(today):
            lines.append(f"{entry_id}: {priced.age_days(today)} days old, more than {STALE_AFTER_DAYS}.")
        if priced.source.kind == "unverified":
            lines.append(f"{entry_id}: nobody has verified it.")
    return lines


def _price(priced: Priced) -> str:
    entry = priced.entry
    currency = "g CO2e" if entry.kind == "carbon" else entry.currency
    return f"{plain(priced.price)} {currency}/{entry.unit}"


def _billed(priced: Priced) -> str:
    """In which steps, and how much at least."""
    entry, unit = priced.entry, "s" if priced.entry.kind == "audio" else priced.entry.unit
    steps = f"in steps of {plain(entry.billing_granularity)} {unit}" if entry.billing_granularity else ""
    least = f"{plain(entry.billing_minimum)} {unit} at least" if entry.billing_minimum else ""
    return ", ".join(filter(None, (steps, least)))


def _marks(priced: Priced, today: date) -> str:
    marks = {
        "stale": priced.stale(today),
        "unverified": priced.source.kind == "unverified",
        "low confidence": priced.source.confidence == "low",
    }
    return "".join(f"  {mark}" for mark, is_so in marks.items() if is_so)


def _today() -> date:
    return datetime.now(UTC).date()
