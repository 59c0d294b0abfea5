"""Which part of the matrix a page shows: the search, and a page of devices by a page of columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal
from urllib.parse import urlencode

from edgeprof.wire import rest
from edgeprof_hub.matrix.table import MatrixAxes, key_of

DEVICES_A_PAGE = 20
COLUMNS_A_PAGE = 12
HEADLINE = "headline"
MAX_SEARCH_CHARS = 200


@dataclass(frozen=True)
class MatrixQuery:
    """What an address asks for. `d` and `c`: the page of devices and of columns, from 1."""

    metric: str = HEADLINE
    device: str = ""
    model: str = ""
    d: int = 1
    c: int = 1
    sort: str = ""
    """The column that devices are sorted by, best first: its `sort_key`."""
    family: str = ""
    """Only this family, by its whole name."""
    colour: str = ""
    """`distance`: cells are shaded by how far they are from the best of their family; `rank`: by their place in it."""
    x: str = ""
    """What the planes below the matrix have on their first axis, by a word of `pareto.AXES`; empty: speed."""
    against: str = ""
    """The same of their second axis; empty: peak memory."""
    columns: str = ""
    """Figures shown under the large one, words of the column picker separated by commas."""
    group: str = ""
    """Only the devices of this group."""
    task: str = ""
    """Only models of this task."""
    ran: str = ""
    """`1`: without devices and variants that have no result."""
    cards: str = ""
    """`all`: every answer card, not only the first few."""
    hide: str = ""
    """Keys of devices and columns that are left out, separated by spaces."""
    pin: str = ""
    """Ids of devices that come first, in this order."""

    def href(self, path: str = "/", **changes: str | int) -> str:
        """The address of this view with some of it changed; what stands at its default is left out."""
        query = replace(self, **changes)
        default = MatrixQuery()
        changed = {name: value for name, value in vars(query).items() if value != getattr(default, name)}
        return f"{path}?{urlencode(changed)}" if changed else path

    def toggled(self, field: Literal["hide", "pin"], key: str) -> str:
        """The address of this view with one key more among those hidden or pinned, or one less."""
        keys = getattr(self, field).split()
        remaining = [each for each in keys if each != key] if key in keys else [*keys, key]
        return self.href(**{field: " ".join(remaining)})

    @property
    def hidden(self) -> frozenset[str]:
        """What is left out."""
        return frozenset(self.hide.split())

    @property
    def pinned(self) -> tuple[str, ...]:
        """Devices that come first."""
        return tuple(dict.fromkeys(self.pin.split()))

    @property
    def is_search(self) -> bool:
        """Whether devices or models were searched for."""
        return bool(self.device.strip() or self.model.strip() or self.family or self.group or self.task)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The words of the column picker, each once."""
        return tuple(dict.fromkeys(filter(None, self.columns.split(","))))

    def with_column(self, word: str) -> str:
        """The address of this view with one figure more under the large one, or one less."""
        remaining = [each for each in self.chosen if each != word]
        return self.href(columns=",".join(remaining if word in self.chosen else [*self.chosen, word]))

    @property
    def filters(self) -> dict[str, str]:
        """What a search form carries along unseen: everything that is set and that it has no input for."""
        own = ("device", "model", "group", "task", "ran", "d", "c")
        return {name: str(value) for name, value in vars(self).items() if value and name not in own}


@dataclass(frozen=True)
class Page:
    """`first` to `last` of `of`, counted from 1; an empty page has `last` 0."""

    number: int
    pages: int
    first: int
    last: int
    of: int


@dataclass(frozen=True)
class PageWindow:
    """The devices and columns of a page, and where they stand among all that match."""

    query: MatrixQuery
    devices: tuple[rest.DeviceRecord, ...]
    columns: tuple[rest.Column, ...]
    device_page: Page
    column_page: Page

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return (
            not (self.query.is_search or self.query.hide or self.query.ran)
            and self.device_page.pages <= 1
            and self.column_page.pages <= 1
        )


def sort_key(column: rest.Column) -> str:
    """What names a column in an address."""
    return f"{column.model_id[:16]}-{column.config_key}"


def sorted_by(axes: MatrixAxes, query: MatrixQuery) -> rest.Column | None:
    """The column to sort by, if it is there."""
    return next((column for column in axes.columns if query.sort and sort_key(column) == query.sort), None)


def best_first(
    devices: Iterable[rest.DeviceRecord], values: Mapping[str, float], lower_is_better: bool
) -> list[rest.DeviceRecord]:
    """Devices that are themselves before those that are played, those with a figure before those without one."""
    sign = 1 if lower_is_better else -1

    def place(device: rest.DeviceRecord) -> tuple[bool, bool, float]:
        value = values.get(device.device_id)
        return (bool(device.played), value is None, 0.0 if value is None else sign * value)

    return sorted(devices, key=place)


@dataclass(frozen=True)
class Allowed:
    """Devices and columns that a filter leaves, beyond the words of a search; None: all of them."""

    devices: frozenset[str] | None = None
    columns: frozenset[tuple[str, str]] | None = None


def matching(
    axes: MatrixAxes, query: MatrixQuery, allowed: Allowed = Allowed()
) -> tuple[list[rest.DeviceRecord], list[rest.Column]]:
    """The devices and the columns that were searched for: all of them where nothing was."""
    devices = [device for device in axes.devices if _has(query.device, _words_of_device(device))]
    devices = [device for device in devices if allowed.devices is None or device.device_id in allowed.devices]
    shown = [device for device in devices if device.device_id not in query.hidden]
    columns = [column for column in axes.columns if query.family in ("", column.family)]
    columns = [column for column in columns if query.task in ("", column.task)]
    columns = [column for column in columns if allowed.columns is None or key_of(column) in allowed.columns]
    found = [column for column in columns if _has(query.model, _words_of(column))]
    return _pinned_first(shown, query.pinned), [column for column in found if sort_key(column) not in query.hidden]


def _pinned_first(devices: Sequence[rest.DeviceRecord], pinned: Sequence[str]) -> list[rest.DeviceRecord]:
    places = {device_id: place for place, device_id in enumerate(pinned)}
    return sorted(devices, key=lambda device: places.get(device.device_id, len(places)))


def window(axes: MatrixAxes, query: MatrixQuery, allowed: Allowed = Allowed()) -> PageWindow:
    """The part that the query names. A page beyond the last one is the last one."""
    devices, columns = matching(axes, query, allowed)
    device_parts = [devices[at : at + DEVICES_A_PAGE] for at in range(0, len(devices), DEVICES_A_PAGE)]
    column_parts = _parts(columns)
    device_page, column_page = _page(device_parts, query.d), _page(column_parts, query.c)
    return PageWindow(
        query=replace(query, d=device_page.number, c=column_page.number),
        devices=tuple(device_parts[device_page.number - 1]) if device_parts else (),
        columns=tuple(column_parts[column_page.number - 1]) if column_parts else (),
        device_page=device_page,
        column_page=column_page,
    )


def _words_of(column: rest.Column) -> tuple[str, ...]:
    return (column.model_name, column.family, column.format, column.quantization, column.runtime, column.task)


def _words_of_device(device: rest.DeviceRecord) -> tuple[str, ...]:
    presence = "online" if device.online else "offline"
    return (device.label, device.profile_title or "", device.tag, presence)


def _has(searched: str, texts: Iterable[str]) -> bool:
    """Whether each searched word stands in one of the texts; case does not count."""
    there = [text.casefold() for text in texts]
    return all(any(word in text for text in there) for word in searched.casefold().split())


def _parts(columns: Sequence[rest.Column]) -> list[list[rest.Column]]:
    """Pages of columns. A family stays together where it fits on a page at all."""
    parts: list[list[rest.Column]] = []
    for _, group in groupby(columns, key=lambda column: column.family):
        family = list(group)
        if parts and len(parts[-1]) + len(family) <= COLUMNS_A_PAGE:
            parts[-1] += family
        else:
            parts += [family[at : at + COLUMNS_A_PAGE] for at in range(0, len(family), COLUMNS_A_PAGE)]
    return parts


def _page(parts: Sequence[Sequence[object]], wanted: int) -> Page:
    number = max(1, min(wanted, len(parts)))
    before = sum(map(len, parts[: number - 1]))
    return Page(
        number=number,
        pages=len(parts),
        first=before + 1,
        last=before + len(parts[number - 1]) if parts else 0,
        of=sum(map(len, parts)),
    )
