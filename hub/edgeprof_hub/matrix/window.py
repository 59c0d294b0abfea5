"""Which part of the matrix a page shows: the search, and a page of devices by a page of columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal
from urllib.parse import urlencode

from edgeprof.wire import rest
from edgeprof_hub.matrix.table import MatrixAxes

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
    against: str = ""
    """What the plane below the matrix has on its second axis: `energy` or `cost`; empty: peak memory."""
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
        return bool(self.device.strip() or self.model.strip() or self.family)


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
            not (self.query.is_search or self.query.hide)
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


def matching(axes: MatrixAxes, query: MatrixQuery) -> tuple[list[rest.DeviceRecord], list[rest.Column]]:
    """The devices and the columns that were searched for: all of them where nothing was."""
    devices = [device for device in axes.devices if _has(query.device, (device.label, device.profile_title or ""))]
    shown = [device for device in devices if device.device_id not in query.hidden]
    columns = [column for column in axes.columns if query.family in ("", column.family)]
    found = [column for column in columns if _has(query.model, _words_of(column))]
    return _pinned_first(shown, query.pinned), [column for column in found if sort_key(column) not in query.hidden]


def _pinned_first(devices: Sequence[rest.DeviceRecord], pinned: Sequence[str]) -> list[rest.DeviceRecord]:
    places = {device_id: place for place, device_id in enumerate(pinned)}
    return sorted(devices, key=lambda device: places.get(device.device_id, len(places)))


def window(axes: MatrixAxes, query: MatrixQuery) -> PageWindow:
    """The part that the query names. A page beyond the last one is the last one."""
    devices, columns = matching(axes, query)
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
    return (column.model_name, column.family, column.format, column.quantization, column.runtime)


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
