"""Which part of the matrix a page shows: what was searched for, and a page of devices by a page of columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from edgeprof.wire import rest
from edgeprof_hub.compare.table import Axes

DEVICES_A_PAGE = 20
COLUMNS_A_PAGE = 12
HEADLINE = "headline"


@dataclass(frozen=True)
class Asked:
    """What an address asks for. `d` and `c`: the page of devices and of columns, from 1."""

    metric: str = HEADLINE
    device: str = ""
    model: str = ""
    d: int = 1
    c: int = 1
    sort: str = ""
    """The column that devices are sorted by, best first: its `sort_key`."""
    colour: str = ""
    """`distance`: cells are shaded by how far they are from the best of their family."""

    def href(self, path: str = "/", **changes: str | int) -> str:
        """The address of this view with some of it changed; what stands at its default is left out."""
        asked = replace(self, **changes)
        default = Asked()
        said = {name: value for name, value in vars(asked).items() if value != getattr(default, name)}
        return f"{path}?{urlencode(said)}" if said else path

    @property
    def is_search(self) -> bool:
        """Whether devices or models were searched for."""
        return bool(self.device.strip() or self.model.strip())


@dataclass(frozen=True)
class Page:
    """`first` to `last` of `of`, counted from 1; an empty page has `last` 0."""

    number: int
    pages: int
    first: int
    last: int
    of: int


@dataclass(frozen=True)
class Window:
    """The devices and columns of a page, and where they stand among all that match."""

    asked: Asked
    devices: tuple[rest.DeviceRecord, ...]
    columns: tuple[rest.Column, ...]
    device_page: Page
    column_page: Page

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.asked.is_search and self.device_page.pages <= 1 and self.column_page.pages <= 1


def sort_key(column: rest.Column) -> str:
    """What names a column in an address."""
    return f"{column.model_id[:16]}-{column.config_key}"


def sorted_by(axes: Axes, asked: Asked) -> rest.Column | None:
    """The column to sort by, if it is there."""
    return next((column for column in axes.columns if asked.sort and sort_key(column) == asked.sort), None)


def best_first(
    devices: Iterable[rest.DeviceRecord], values: Mapping[str, float], lower_is_better: bool
) -> list[rest.DeviceRecord]:
    """Devices that are themselves before those that are played, those with a figure before those without one."""
    sign = 1 if lower_is_better else -1

    def place(device: rest.DeviceRecord) -> tuple[bool, bool, float]:
        value = values.get(device.device_id)
        return (bool(device.played), value is None, 0.0 if value is None else sign * value)

    return sorted(devices, key=place)


def window(axes: Axes, asked: Asked) -> Window:
    """The part that was asked for. A page beyond the last one is the last one."""
    devices = [device for device in axes.devices if _has(asked.device, (device.label, device.profile_title or ""))]
    columns = [column for column in axes.columns if _has(asked.model, _words_of(column))]
    device_parts = [devices[at : at + DEVICES_A_PAGE] for at in range(0, len(devices), DEVICES_A_PAGE)]
    column_parts = _parts(columns)
    device_page, column_page = _page(device_parts, asked.d), _page(column_parts, asked.c)
    return Window(
        asked=replace(asked, d=device_page.number, c=column_page.number),
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
