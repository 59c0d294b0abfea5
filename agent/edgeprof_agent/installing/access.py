"""How this device may speak to its hub: by its certificate, by a token of its own, or by the shared token."""

import os
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError, MissingPartError, UsageError
from edgeprof.wire.join_token import JoinToken
from edgeprof_agent.identity.files import CA, FOLDER, DeviceIdentity
from edgeprof_agent.installing.hearing import Hearing
from edgeprof_agent.installing.hub_source import HubSource

JOIN_WITHIN_S = 180.0


@dataclass(frozen=True)
class Access:
    """`source` fetches what is public, and shows nothing. `hearing` shows the device's credential."""

    source: HubSource
    hearing: Hearing


def by_identity(url: str, state: Path) -> Access | None:
    """Of a device that has joined; None for one that has not, or that has to go to a hub without TLS."""
    identity = DeviceIdentity.of(state)
    source = HubSource(url)
    if identity is None or not source.is_https:
        return None
    source.context = ssl.create_default_context(cafile=str(state / FOLDER / CA))
    return Access(source, Hearing(HubSource(url, identity.context()), identity.token, state))


def by_token(url: str, token: str | None, state: Path) -> Access:
    """Of a hub's shared token; None where it needs none."""
    source = HubSource(url)
    return Access(source, Hearing(source, token, state))


def check_tls(source: HubSource) -> None:
    """Raises UsageError `tls_needed`: over plain HTTP neither the pin nor the wheels prove that they are the hub's."""
    if not source.is_https:
        raise UsageError("tls_needed", "A join token works over TLS only: --hub https://HOST:8766.")


def enrol(program: Path, url: str, token: JoinToken, state: Path) -> None:
    """Join by the program that was just installed; its agent must not run. Raises EdgeprofError `join_failed`
    or `identity_is_link`.

    A board that has neither openssl nor the package cryptography makes no key: it gets a token of its own.
    """
    check_tls(HubSource(url))
    folder = state / FOLDER
    if folder.is_symlink():
        raise _linked(folder)
    done = _join(program, url, token, state)
    if done.returncode == MissingPartError.exit_code:
        done = _join(program, url, token, state, "--no-key")
    if done.returncode:
        raise EdgeprofError("join_failed", f"The hub did not let this device in. {done.stderr.strip()[-600:]}")
    _hand_over(folder, state.stat())


def _hand_over(folder: Path, owner: os.stat_result) -> None:
    """A service of systemd's reads them as a user of its own. That user may have put links there: none is followed."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:  # ELOOP or ENOTDIR
        raise _linked(folder) from error
    try:
        os.fchown(handle, owner.st_uid, owner.st_gid)
        for name in os.listdir(handle):
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=handle, follow_symlinks=False)
    finally:
        os.close(handle)


def _linked(folder: Path) -> EdgeprofError:
    return EdgeprofError(
        "identity_is_link", f"{folder} is a symbolic link or not a folder. Remove it and install again."
    )


def _join(program: Path, url: str, token: JoinToken, state: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            [str(program), "agent", "join", "--hub", url, "--join-file", "-", "--data", str(state), *options],
            env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
            input=str(token),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=JOIN_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeprofError(
            "join_failed", f"The join did not end within {JOIN_WITHIN_S:g} s. Check the hub, then install again."
        ) from error
