"""Joins this device to a hub: environment, settings, unit, start, and the proof that the hub hears it."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.join_token import JoinToken
from edgeprof_agent.installing import environment, join_token
from edgeprof_agent.installing.access import Access, by_identity, by_token, check_tls, enrol
from edgeprof_agent.installing.alone import alone
from edgeprof_agent.installing.board import Board, detect
from edgeprof_agent.installing.building import Build, build
from edgeprof_agent.installing.changes import Changes, Say, check_writable, folder
from edgeprof_agent.installing.hearing import Contact, Hearing
from edgeprof_agent.installing.hub_source import HubSource, Plan
from edgeprof_agent.installing.join_token import Credential
from edgeprof_agent.installing.places import Places
from edgeprof_agent.installing.service import Background, Service, Systemd, service_of
from edgeprof_agent.installing.settings import put_settings, put_token, token_of
from edgeprof_agent.installing.switching import check_current, set_current, switch
from edgeprof_agent.installing.units import put_units, remove_units

CONTACT_WITHIN_S = 60.0
SHARED = ("operating-agent.md",)
SETTINGS = ("agent.toml", "agent.env", "token")
STATE = (
    *("agent.db*", "agent.log", "device_id", "hub.json", "installed.json", "lock", "edgeprof-measure.lock"),
    *("upgrade.json", "upgrade.log", "upgrade-request.json", "upgrade-outcome.json"),
    *("artifacts", "blobs", "evaluations", "identity", "installed", "models", "partial"),
)
"""What the agent keeps in its state folder."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person requests. `extras` None: every runtime that this device can use."""

    hub: str
    credential: Credential | None = None
    extras: str | None = None
    name: str | None = None
    is_dry: bool = False
    starts: bool | None = None
    """None: started where systemd is."""


def install(wish: Wish, places: Places, say: Say, board: Board | None = None) -> None:
    """Doing it again changes only what differs. Raises EdgeprofError; what was running before goes on then."""
    board = board or detect()
    changes = Changes(say, wish.is_dry)
    check_writable(places.prefix, places.etc, *((places.units,) if board.has_systemd else (places.state,)))
    check_current(places)
    if board.has_systemd:
        environment.check_visible()
    say(f"{'board':<10} {board.title}")
    token, access = _access(wish, places)
    plan = access.source.plan(board)
    if not wish.is_dry:
        folder(places.versions)
    with alone(places):
        _install(wish, token, access, plan, board, places, changes)


def _install(
    wish: Wish, token: str | None, access: Access, plan: Plan, board: Board, places: Places, changes: Changes
) -> None:
    joins = wish.credential.join if wish.credential else None
    source = access.source
    made = build(plan, source, board, places, wish.extras, changes)
    service = service_of(places, changes.say, has_systemd=board.has_systemd)
    _write(wish, source, token, board, places, changes)
    if wish.is_dry:
        return
    if joins is not None:
        _enrol(service, made, source, joins, places)
        changes.note("enrolled", f"{places.state}/identity")
        access = by_identity(source.url, places.state) or access
    if not (board.has_systemd if wish.starts is None else wish.starts):
        before = places.current.resolve() if places.current.is_symlink() else None
        set_current(places, made, before, changes)
        _say_how(places, board, changes.say)
        return
    contact = _contact(service, made, access.hearing, places, changes)
    changes.say(f"{'joined':<10} the hub hears this device as {contact.label} ({contact.device_id})")


def _access(wish: Wish, places: Places) -> tuple[str | None, Access]:
    """The shared token, if there is one, and the way to the hub: tried before anything is changed."""
    if wish.credential is not None and wish.credential.join is not None:
        access = by_token(wish.hub, None, places.state)
        check_tls(access.source)
        access.source.pin(wish.credential.join.ca_key_sha256)
        return None, access
    if wish.credential is None and (known := by_identity(wish.hub, places.state)):
        known.hearing.check()
        return None, known
    token = wish.credential.token if wish.credential else token_of(places)
    try:
        return token, _tried(wish.hub, token, places)
    except EdgeprofError as error:
        if error.code != "token_needed":
            raise
        given = join_token.ask()
        if given is None:
            raise UsageError(
                "token_needed", "The hub needs its token. Use --join FILE, or --join - for the standard input."
            ) from error
        return given.token, _tried(wish.hub, given.token, places)


def _tried(hub: str, token: str | None, places: Places) -> Access:
    access = by_token(hub, token, places.state)
    access.hearing.check()
    return access


def _enrol(service: Service, made: Build, source: HubSource, joins: JoinToken, places: Places) -> None:
    """An agent that ran before runs again where the join fails."""
    was_running = service.is_running()
    service.stop()
    try:
        enrol(made.program, source.url, joins, places.state)
    except BaseException:
        if was_running:
            service.start(places.program)
        raise


def _write(wish: Wish, source: HubSource, token: str | None, board: Board, places: Places, changes: Changes) -> None:
    values = {"hub": source.url, **({"name": wish.name} if wish.name else {})}
    if not board.has_systemd:
        values["data"] = str(places.state)
        if token:
            values["token_file"] = str(places.token_file)
    put_settings(places, values, changes)
    if token:
        put_token(places, token, changes, has_systemd=board.has_systemd)
    if board.has_systemd:
        put_units(places, changes)


def _contact(service: Service, made: Build, hearing: Hearing, places: Places, changes: Changes) -> Contact:
    """Started anew only if something changed: a run in progress is not cut off for nothing."""
    if changes.count == 0 and service.is_running():
        changes.say(f"{'unchanged':<10} the agent runs")
        return hearing.wait(made.version, CONTACT_WITHIN_S, service.is_running)
    contact = switch(service, made, hearing, places, changes, CONTACT_WITHIN_S)
    log = service.log if isinstance(service, Background) else "journalctl -u edgeprof-agent"
    changes.note("started", f"the agent (its log: {log})")
    return contact


def _say_how(places: Places, board: Board, say: Say) -> None:
    command = f"{places.program} agent run --config {places.settings}"
    if board.has_systemd:
        say(f"{'next':<10} Not started. Start it with: systemctl enable --now edgeprof-agent")
    else:
        say(f"{'next':<10} No systemd runs here. Start the agent with: {command}")


def uninstall(places: Places, say: Say, *, purge: bool, is_dry: bool = False, board: Board | None = None) -> None:
    """Take the agent away. Settings and results stay unless `purge`."""
    board = board or detect()
    with alone(places):
        _uninstall(places, Changes(say, is_dry), board, purge=purge)


def _uninstall(places: Places, changes: Changes, board: Board, *, purge: bool) -> None:
    is_dry = changes.is_dry
    if not is_dry and (places.unit.exists() or not board.has_systemd):
        service_of(places, changes.say, has_systemd=board.has_systemd).remove()
    if board.has_systemd or places.unit.exists():
        remove_units(places, changes)
    if places.current.is_symlink() or environment.is_ours(places.current):
        changes.remove(places.current)
    for each in sorted(places.versions.iterdir()) if places.versions.is_dir() else ():
        if environment.is_ours(each) or each.name.startswith(".wheels-"):
            changes.remove(each)
    _remove_known(places.versions, (), changes)
    _remove_known(places.prefix / "share", SHARED, changes)
    _remove_known(places.prefix, (), changes)
    if board.has_systemd and not is_dry:
        Systemd(places, changes.say).reload()
    if purge:
        _remove_known(places.etc, SETTINGS, changes)
        _remove_known(places.state.resolve(), STATE, changes)
        if places.state.is_symlink() and not places.state.exists():
            changes.remove(places.state)
    else:
        changes.say(
            f"{'kept':<10} {places.etc} and {places.state}; --uninstall --purge removes them, with results not yet sent"
        )


def _remove_known(place: Path, names: tuple[str, ...], changes: Changes) -> None:
    """What edgeprof puts there; the folder itself only where nothing else is left in it."""
    for name in names:
        for each in sorted(place.glob(name)):
            changes.remove(each)
    if not changes.is_dry and place.is_dir() and not any(place.iterdir()):
        place.rmdir()
