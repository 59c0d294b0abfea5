"""From one version to another under a running agent: stop, try, and keep it only once the hub hears it."""

import subprocess
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing import environment
from edgeprof_agent.installing.building import Build, prune
from edgeprof_agent.installing.changes import Changes
from edgeprof_agent.installing.hearing import Contact, Hearing
from edgeprof_agent.installing.places import Places
from edgeprof_agent.installing.service import Service

STARTS_WITHIN_S = 120.0
"""For `edgeprof --version`: a small board reads a fresh environment from its card."""


def check_starts(made: Build) -> None:
    """Before anything is stopped. Raises EdgeprofError `upgrade_failed` for a version that cannot run at all."""
    try:
        done = subprocess.run(
            [str(made.program), "--version"], capture_output=True, text=True, timeout=STARTS_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(made, str(error), "The agent was not touched.") from error
    if done.returncode:
        raise _failed(made, done.stderr.strip()[-300:], "The agent was not touched.")


def switch(
    service: Service, made: Build, hearing: Hearing, places: Places, changes: Changes, within_s: float
) -> Contact:
    """The link changes last, once the hub hears the new version. Until then everything leads back to the old one.

    Raises EdgeprofError `upgrade_failed` once the old version runs again, `no_contact` where there was none before.
    """
    before = places.current.resolve() if places.current.is_symlink() else None
    hearing.begin()  # a hub that is away ends it here, with nothing changed
    if before is None or before == made.folder.resolve():
        service.stop()
        set_current(places, made, before, changes)
        return _first(service, made, hearing, places, within_s)
    service.stop()
    try:
        hearing.begin()
        service.start(made.program)
        contact = hearing.wait(made.version, within_s, service.is_running)
    except BaseException as error:  # whatever it is: a device that nobody stands beside must come back
        raise _back(service, made, before, hearing, places, _words(error), within_s) from error
    set_current(places, made, before, changes)
    service.commit()
    return contact


def check_current(places: Places) -> None:
    """Raises EdgeprofError `file_unwritable` where the link's place is taken by something that is not edgeprof's."""
    if places.current.exists() and not places.current.is_symlink() and not environment.is_ours(places.current):
        raise EdgeprofError(
            "file_unwritable", f"{places.current} is not an environment of edgeprof. Move it, or set another PREFIX."
        )


def set_current(places: Places, made: Build, before: Path | None, changes: Changes) -> None:
    """The link names the new environment; the one before stays as the way back, older ones go."""
    check_current(places)
    if places.current.is_dir() and not places.current.is_symlink():
        changes.remove(places.current)  # of an installer from before versions lay side by side
    changes.link(places.current, made.folder)
    if before != made.folder.resolve():  # else there is nothing newer than the way back
        prune(places, [made.folder, *([before] if before else [])], changes)


def _first(service: Service, made: Build, hearing: Hearing, places: Places, within_s: float) -> Contact:
    """No other version to go back to: the agent stays, and goes on trying."""
    service.start(places.program)
    service.commit()
    try:
        return hearing.wait(made.version, within_s, service.is_running)
    except EdgeprofError as error:
        raise EdgeprofError(error.code, f"{error.message} Its log ends with: {service.last_words()}") from error


def _back(
    service: Service,
    made: Build,
    before: Path,
    hearing: Hearing,
    places: Places,
    reason: str,
    within_s: float,
) -> EdgeprofError:
    words = service.last_words()
    service.stop()
    service.start(places.program)
    Changes(lambda _: None).remove(made.folder)
    old = environment.installed_in(before)
    version = old.version if old else "the version before"
    try:
        hearing.wait(version, within_s, service.is_running)
        state = f"edgeprof {version} runs again, and the hub hears it."
    except Exception as later:  # an answer that is not the hub's, too
        state = f"edgeprof {version} was started again. {_words(later)}"
    return _failed(made, f"{reason} Its log ends with: {words}", state)


def _words(error: BaseException) -> str:
    return error.message if isinstance(error, EdgeprofError) else f"{type(error).__name__}: {error}."


def _failed(made: Build, reason: str, state: str) -> EdgeprofError:
    return EdgeprofError("upgrade_failed", f"edgeprof {made.version} was not kept. {state} {reason}")
