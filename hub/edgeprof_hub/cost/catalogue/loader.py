"""Reads the YAML files beside it into one catalogue with its hash and its date."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path

import msgspec

from edgeprof.errors import MissingPartError
from edgeprof_hub.cost.catalogue.ages import MAX_AGE_DAYS
from edgeprof_hub.cost.catalogue.schema import CatalogueFile, Entry, EntryKind, PriceSource, PriceTier
from edgeprof_hub.cost.checks import CostError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Priced:
    """An entry with its source."""

    entry: Entry
    source: PriceSource

    @property
    def name(self) -> str:
        """What it is and whose."""
        vendor, title = self.entry.vendor, self.entry.title
        return title if vendor in title else f"{vendor} {title}"

    @property
    def as_of(self) -> date:
        """The last day that the price is known to have held."""
        return min(self.source.retrieved, self.entry.valid_to or self.source.retrieved)

    def age_days(self, today: date) -> int:
        return (today - self.as_of).days

    @property
    def max_age_days(self) -> int:
        """How old an entry of its kind may get."""
        return MAX_AGE_DAYS[self.entry.kind]

    def stale(self, today: date) -> bool:
        """Older than that: shown wherever it is used."""
        return self.age_days(today) > self.max_age_days

    @property
    def tiers(self) -> tuple[PriceTier, ...]:
        """The price as graduated tiers. The first units of a month may be free; limits keep counting them."""
        entry = self.entry
        paid = entry.tiers or (PriceTier(price=self.price),)
        return (PriceTier(price=Decimal(0), up_to=entry.free_units), *paid) if entry.free_units else paid

    @property
    def price(self) -> Decimal:
        """The price of a unit; with tiers, of the first paid one."""
        return self.entry.tiers[0].price if self.entry.price is None else self.entry.price


Files = tuple[tuple[str, bytes], ...]
"""Names and contents, in the order in which they count."""


@dataclass(frozen=True)
class Catalogue:
    """All entries by id. `sha256` is of the files as they lie there; `as_of` is when a source was last read."""

    entries: Mapping[str, Priced]
    sha256: str
    as_of: date
    shipped: Files
    own: Files
    """Files of the user's."""

    @cached_property
    def egress(self) -> tuple[Priced, ...]:
        """What vendors ask for a GB that they send, by id."""
        return tuple(priced for _, priced in sorted(self.entries.items()) if priced.entry.kind == "egress")

    def get(self, entry_id: str, kind: EntryKind) -> Priced:
        """The entry; an id that is unknown or of another kind is named."""
        found = self.entries.get(entry_id)
        if found is None or found.entry.kind != kind:
            known = ", ".join(sorted(name for name, priced in self.entries.items() if priced.entry.kind == kind))
            raise CostError(
                "price_unknown", f"No {kind} {entry_id!r} in the price catalogue. Entries of this kind: {known}."
            )
        return found


_own_files: tuple[Path, ...] = ()


def use_own_files(paths: Sequence[Path]) -> None:
    """Files of the user's that add to the shipped catalogue, or put their own entry in the place of one of its.

    Raises CostError where one of them cannot be used; then nothing is changed.
    """
    global _own_files
    before, _own_files = _own_files, tuple(paths)
    load_catalogue.cache_clear()
    try:
        load_catalogue()
    except BaseException:
        _own_files = before
        load_catalogue.cache_clear()
        raise


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that is shipped, with the files of the user's."""
    own = {str(path): _read(path) for path in _own_files}
    return parse_catalogue({path.name: path.read_bytes() for path in FOLDER.glob("*.yaml")}, own)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CostError("catalogue_invalid", f"The price file {path} cannot be read: {error.strerror}.") from error


def parse_catalogue(files: Mapping[str, bytes], own: Mapping[str, bytes] | None = None) -> Catalogue:
    """The catalogue of these files' contents. An entry of `own` takes the place of one with its id."""
    shipped, others = tuple(sorted(files.items())), tuple((own or {}).items())
    entries = _by_id(_all_of(shipped))
    for file in others:
        entries |= _by_id(_all_of([file]))
    priced = list(entries.values())
    if not priced:
        raise CostError("catalogue_invalid", "The price catalogue is empty.")
    return Catalogue(
        entries=entries,
        sha256=_sha256([*shipped, *others]),
        as_of=max(item.source.retrieved for item in priced),
        shipped=shipped,
        own=others,
    )


def _all_of(files: Iterable[tuple[str, bytes]]) -> list[Priced]:
    return [item for name, data in files for item in _priced(name, _parse(name, data))]


def _parse(name: str, data: bytes) -> CatalogueFile:
    try:
        return msgspec.yaml.decode(data, type=CatalogueFile)
    except ImportError as error:
        raise MissingPartError(
            "yaml_missing", "The price catalogue needs PyYAML: install it with `pip install 'edgeprof[hub]'`."
        ) from error
    except msgspec.MsgspecError as error:
        raise CostError("catalogue_invalid", f"The price catalogue's {name} cannot be used: {error}.") from error


def _priced(name: str, file: CatalogueFile) -> Iterable[Priced]:
    for entry in file.entries:
        source = file.sources.get(entry.source)
        if source is None:
            raise CostError(
                "catalogue_invalid",
                f"{name}: {entry.id} names a source {entry.source!r} that the file does not define.",
            )
        yield Priced(entry, source)


def _by_id(priced: Iterable[Priced]) -> dict[str, Priced]:
    entries: dict[str, Priced] = {}
    for item in priced:
        if item.entry.id in entries:
            raise CostError("catalogue_invalid", f"The price catalogue has {item.entry.id!r} twice.")
        entries[item.entry.id] = item
    return entries


def _sha256(files: Iterable[tuple[str, bytes]]) -> str:
    """Of each file's name and content, with lengths, so that no two catalogues share a hash."""
    digest = hashlib.sha256()
    for name, data in files:
        digest.update(f"{len(name)} {name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
