"""The context of the page of the fleet: one page of devices, its filters, and the links between them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from edgeprof.tables import durations, fleet_words
from edgeprof.wire.fleet import FleetEntry, FleetPage, FleetQuery, FleetSort, FleetState, RefusedAgent

STATE_TITLES: dict[FleetState, str] = {
    "all": "All",
    "trouble": "In trouble",
    "offline": "Offline",
    "online": "Online",
    "upgrade": "Upgrade due",
    "retired": "Retired",
}
SORT_TITLES: dict[FleetSort, str] = {
    "name": "Device",
    "state": "State",
    "seen": "Last message",
    "version": "Agent",
    "error": "Last error",
    "disk": "Disk free",
    "wear": "Wear",
    "temperature": "Heat",
    "queue": "Queue",
}
_WORST_FIRST: frozenset[FleetSort] = frozenset(("error", "wear", "temperature", "queue"))
"""A first click on these asks for the largest."""


@dataclass(frozen=True)
class Column:
    """One head of the table: its title, the address that sorts by it, and `aria-sort` where it does already."""

    key: FleetSort
    title: str
    href: str
    sorted: str


@dataclass(frozen=True)
class StateLink:
    """One link of the filter by state."""

    title: str
    href: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class FleetLine:
    """One device as a row of the page; empty texts: not reported."""

    entry: FleetEntry
    seen: str
    error_age: str
    disk: str
    wear: str
    heat: str
    throttling: str
    throttled_before: str
    is_hot: bool
    is_low_on_disk: bool
    is_worn: bool
    is_fresh_error: bool
    upgrade: str = ""
    """How an order to upgrade stands that has not succeeded."""


@dataclass(frozen=True)
class RefusedLine:
    """One agent that was turned away."""

    agent: RefusedAgent
    age: str


@dataclass(frozen=True)
class FleetView:
    """All that the page shows. `number` counts pages from 1."""

    query: FleetQuery
    lines: tuple[FleetLine, ...]
    refused: tuple[RefusedLine, ...]
    states: tuple[StateLink, ...]
    columns: tuple[Column, ...]
    groups: Sequence[str]
    sentence: str
    total: int
    number: int
    pages: int
    first: int
    last: int
    problem: str = ""
    done: str = ""

    @property
    def live_href(self) -> str:
        """The address of this page's live part."""
        return href(self.query, self.number, "/fleet/live")

    def tag_href(self, tag: str) -> str:
        """The devices that have a tag."""
        return href(replace(self.query, tag=tag))

    def group_href(self, name: str) -> str:
        """The devices of a group."""
        return href(replace(self.query, group=name))

    def page_href(self, number: int) -> str:
        """The address of another page of the same devices."""
        return href(self.query, number)


def view(
    query: FleetQuery,
    found: FleetPage,
    groups: Sequence[str],
    number: int,
    a_page: int,
    problem: str = "",
    done: str = "",
) -> FleetView:
    """The page."""
    before = (number - 1) * a_page
    return FleetView(
        query=query,
        lines=tuple(_line(entry, found.generated_s) for entry in found.entries),
        refused=tuple(RefusedLine(one, durations.age_text(found.generated_s - one.at_s)) for one in found.refused),
        states=tuple(
            StateLink(title, href(replace(query, state=state)), found.counts[state], state == query.state)
            for state, title in STATE_TITLES.items()
        ),
        columns=tuple(_column(query, key, title) for key, title in SORT_TITLES.items()),
        groups=groups,
        sentence=fleet_words.sentence(found),
        total=found.total,
        number=number,
        pages=max(1, -(-found.total // a_page)),
        first=before + 1,
        last=before + len(found.entries),
        problem=problem,
        done=done,
    )


def href(query: FleetQuery, number: int = 1, path: str = "/fleet", **more: str) -> str:
    """The address of a page; what is as usual is left out."""
    usual = FleetQuery()
    names = ("state", "search", "group", "tag", "sort")
    values = {name: str(getattr(query, name)) for name in names if getattr(query, name) != getattr(usual, name)}
    if query.descending:
        values["descending"] = "1"
    if number > 1:
        values["page"] = str(number)
    values |= {name: value for name, value in more.items() if value}
    return f"{path}?{urlencode(values)}" if values else path


def _column(query: FleetQuery, key: FleetSort, title: str) -> Column:
    if query.sort != key:
        return Column(key, title, href(replace(query, sort=key, descending=key in _WORST_FIRST)), "")
    words = "descending" if query.descending else "ascending"
    return Column(key, title, href(replace(query, descending=not query.descending)), words)


def _line(entry: FleetEntry, now_s: float) -> FleetLine:
    vitals = entry.vitals
    return FleetLine(
        entry=entry,
        seen=durations.age_text(now_s - entry.device.last_seen_s),
        error_age=durations.age_text(now_s - entry.last_error_s) if entry.last_error_s is not None else "",
        disk=fleet_words.disk(vitals),
        wear=fleet_words.wear(vitals),
        heat=fleet_words.heat(vitals),
        throttling=fleet_words.flags(vitals.throttle_flags) if vitals else "",
        throttled_before=fleet_words.flags(fleet_words.before(vitals)) if vitals else "",
        is_hot=bool(vitals and vitals.throttle_flags),
        is_low_on_disk=any("disk free" in reason for reason in entry.trouble),
        is_worn=any("lifetime" in reason for reason in entry.trouble),
        is_fresh_error=any("job failed" in reason for reason in entry.trouble),
        upgrade=_upgrade(entry),
    )


def _upgrade(entry: FleetEntry) -> str:
    order = entry.upgrade
    if order is None or order.state == "done" or order.version == entry.device.agent_version:
        return ""
    return fleet_words.upgrade(order, is_online=entry.device.online)
