"""`edgeprof prices`: the price catalogue behind the costs: its entries, their sources and ages, and a check."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import click

from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof_hub.cost.catalogue.loader import Catalogue, Priced, load_catalogue, parse_catalogue
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.inputs import plain

KINDS = get_args(EntryKind)


@click.group()
def prices() -> None:
    """The dated prices behind the costs. Token prices come from the package genai-prices."""


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
    """Print everything known about ENTRY."""
    priced = load_catalogue().entries.get(entry_id)
    if priced is None:
        raise UsageError(
            "price_unknown", f"No entry {entry_id!r} in the price catalogue. List them with `edgeprof prices list`."
        )
    entry, source = priced.entry, priced.source
    facts = {
        "title": priced.name,
        "region": entry.region,
        "price": _price(priced),
        "tiers": tiers_text(priced),
        "basis": entry.basis,
        "billed": _billed(priced),
        "as of": f"{priced.as_of}{_marks(priced, _today())}",
        "age": _age(priced, _today()),
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
    """Check the price catalogue, or FILES of yours in its format. Exit 1 if an entry is stale or unverified.

    How old an entry may get depends on its kind: 365 days for a seller's list price, 730 for an electricity tariff,
    2,920 for the carbon of a grid. A file that breaks the schema is refused, with the place of the fault.
    """
    catalogue = parse_catalogue({path.name: path.read_bytes() for path in files}) if files else load_catalogue()
    found = problems(catalogue, _today())
    for line in found:
        click.echo(line)
    click.echo(f"{len(catalogue.entries)} entries, {len(found)} to fix.")
    sys.exit(1 if found else 0)


@prices.command()
@hub_options
def history(hub_url: str, token_file: str | None) -> None:
    """Print every price catalogue that a hub has used. Costs can be recomputed with each of them."""
    for kept in client_of(hub_url, token_file).catalogues():
        since = datetime.fromtimestamp(kept.first_used_s, tz=UTC).date()
        click.echo(f"{kept.sha256}  as of {kept.as_of}, first used {since}{', in use' if kept.in_use else ''}")


def problems(catalogue: Catalogue, today: date) -> list[str]:
    """A line for each entry that is stale, in the future or not verified."""
    lines: list[str] = []
    for entry_id, priced in sorted(catalogue.entries.items()):
        if priced.as_of > today:
            lines.append(f"{entry_id}: dated {priced.as_of}, which is in the future.")
        if priced.stale(today):
            lines.append(f"{entry_id}: stale. {_age(priced, today)}.")
        if priced.source.kind == "unverified":
            lines.append(f"{entry_id}: not verified.")
    return lines


def _price(priced: Priced) -> str:
    entry = priced.entry
    currency = "g CO2e" if entry.kind == "carbon" else entry.currency
    return f"{plain(priced.price)} {currency}/{entry.unit}"


def _billed(priced: Priced) -> str:
    """In which steps, and how much at least."""
    entry, unit = priced.entry, "s" if priced.entry.kind == "audio" else priced.entry.unit
    steps = f"in steps of {plain(entry.billing_granularity)} {unit}" if entry.billing_granularity else ""
    least = f"{plain(entry.billing_minimum)} {unit} minimum" if entry.billing_minimum else ""
    return ", ".join(filter(None, (steps, least)))


def tiers_text(priced: Priced) -> str:
    """`0.001 up to 1,000,000 a month; then 0.0008`; empty for one price at every volume."""
    parts: list[str] = []
    for tier in priced.tiers:
        price = "free" if tier.price == 0 else plain(tier.price)
        if tier.up_to is None:
            parts.append(f"then {price}" if parts else "")
        else:
            parts.append(f"{price} up to {plain(tier.up_to)} a month")
    return "; ".join(filter(None, parts))


def _age(priced: Priced, today: date) -> str:
    return f"{priced.age_days(today):,} days old, {priced.max_age_days:,} allowed for {priced.entry.kind}"


def _marks(priced: Priced, today: date) -> str:
    marks = {
        "stale": priced.stale(today),
        "unverified": priced.source.kind == "unverified",
        "low confidence": priced.source.confidence == "low",
    }
    return "".join(f"  {mark}" for mark, is_so in marks.items() if is_so)


def _today() -> date:
    return datetime.now(UTC).date()
