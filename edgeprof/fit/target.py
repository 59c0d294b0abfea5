"""What is known of a device besides its memory: enough to say whether a runtime's package runs there. Pure."""

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A machine by its own facts, or a board by its profile. Empty and None: not known.

    `machine`: of its programs, as `uname -m` writes it. `isa`: None where nobody knows.
    """

    name: str
    machine: str = ""
    python: tuple[int, int] | None = None
    isa: frozenset[str] | None = None
    is_android: bool = False
    disk_free_mib: float | None = None
