"""One CA follows another without a device losing its hub: prepare, wait, switch, wait, drop. The hub is stopped.

Prepared, the new CA is trusted and signs nothing: devices fetch it within hours. After the switch it signs; what the
former one signed stays good until it is dropped.
"""

from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import private_file
from edgeprof_hub.identity.authority import SIGNING, add_ca, name_of, names, read_cas


def prepare(folder: Path) -> str:
    """Make the next CA. Raises UsageError where one is prepared. Returns its name."""
    if _prepared(folder):
        raise UsageError("ca_step", "The next CA is prepared already. Next step: edgeprof hub new-ca switch")
    return name_of(add_ca(folder))


def switch(folder: Path) -> str:
    """Sign with the prepared CA from now on. Raises UsageError where none is prepared. Returns its name."""
    prepared = _prepared(folder)
    if not prepared:
        raise UsageError("ca_step", "No CA is prepared. First step: edgeprof hub new-ca prepare")
    private_file.replace(folder / SIGNING, "\n".join([prepared[0], *names(folder), ""]))
    return prepared[0]


def drop(folder: Path) -> list[str]:
    """Trust former CAs no more. Raises UsageError where there is none. Returns their names."""
    _check(folder)
    signing, *former = names(folder)
    if not former:
        raise UsageError("ca_step", "There is no former CA. It is there after: edgeprof hub new-ca switch")
    for name in former:
        (folder / f"ca-{name}.key").unlink(missing_ok=True)
    private_file.replace(folder / SIGNING, f"{signing}\n")
    return former


def _prepared(folder: Path) -> list[str]:
    _check(folder)
    _, others = read_cas(folder)
    return [name_of(ca) for ca in others if name_of(ca) not in names(folder)]


def _check(folder: Path) -> None:
    if not (folder / SIGNING).exists():
        raise UsageError("no_ca", f"{folder} holds no CA. The first start with --tls makes one.")
    try:
        read_cas(folder)
    except (OSError, ValueError) as error:
        raise EdgeprofError(
            "identity_damaged", f"Cannot read the hub's certificate authority in {folder}: {error}."
        ) from error
