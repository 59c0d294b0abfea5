"""Replaces the installed agent by the hub's version, with a way back that needs nobody."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_agent.daemon.trust import UNPROVEN
from edgeprof_agent.installing import environment
from edgeprof_agent.installing.access import by_identity, by_token
from edgeprof_agent.installing.alone import alone
from edgeprof_agent.installing.board import Board, detect
from edgeprof_agent.installing.borrowed import borrowed
from edgeprof_agent.installing.building import build
from edgeprof_agent.installing.changes import Changes, Say, check_writable
from edgeprof_agent.installing.places import Places
from edgeprof_agent.installing.service import service_of
from edgeprof_agent.installing.settings import hub_of, setting, token_of
from edgeprof_agent.installing.switching import check_starts, set_current, switch


@dataclass(frozen=True)
class Ordered:
    """What the hub ordered: nothing else is installed for it, whatever its index holds meanwhile."""

    version: str
    wheel_sha256: str


def upgrade(
    places: Places,
    say: Say,
    *,
    within_s: float,
    is_dry: bool = False,
    board: Board | None = None,
    ordered: Ordered | None = None,
) -> None:
    """Raises EdgeprofError; the version before runs then."""
    if not places.current.is_symlink():
        raise UsageError(
            "not_installed",
            f"{places.current} is not an agent that the installer made. Run the line of the hub's page Add a device.",
        )
    check_writable(places.prefix)
    changes = Changes(say, is_dry)
    board = board or detect()
    hub = hub_of(places)
    kept = Path(setting(places.settings.read_text(), "data") or places.state)
    with borrowed(kept) as state, alone(places):
        access = by_identity(hub, state)
        if access is None and ordered is not None:
            raise EdgeprofError("upgrade_unproven", UNPROVEN)
        access = access or by_token(hub, token_of(places), state)
        source = access.source
        plan = source.plan(board)
        if ordered is not None and ordered != Ordered(plan.version, plan.base[0].sha256):
            raise EdgeprofError(
                "upgrade_changed",
                f"The hub ordered edgeprof {ordered.version}, and now offers another wheel ({plan.version}). "
                "Order the upgrade again.",
            )
        before = environment.installed_in(places.current.resolve())
        extras = ",".join(before.extras) or "none" if before else None
        made = build(plan, source, board, places, extras, changes)
        if is_dry or not made.is_new:
            return
        check_starts(made)
        service = service_of(places, say, has_systemd=board.has_systemd)
        if not service.is_running():
            set_current(places, made, places.current.resolve(), changes)
            say(f"{'next':<10} No agent runs here. The next start uses edgeprof {made.version}.")
            return
        contact = switch(service, made, access.hearing, places, changes, within_s)
        say(f"{'upgraded':<10} the hub hears {contact.label} with edgeprof {contact.version}")
