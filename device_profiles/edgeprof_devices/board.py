"""What a prediction needs to know of a board, out of its profile."""

from edgeprof.prediction.board import Board, Vector
from edgeprof_devices.schema import Figure, Isa, Profile

_VECTORS: tuple[tuple[Isa, Vector], ...] = (
    ("i8mm", "i8mm"),
    ("dotprod", "dotprod"),
    ("avx_vnni", "avx2"),
    ("avx2", "avx2"),
    ("neon", "neon"),
)


def board_of(profile: Profile) -> Board:
    """All cores at their mean clock; of a range of bandwidths the middle. What the profile lacks stays unknown."""
    cores = sum(cluster.count for cluster in profile.clusters)
    clock = sum(cluster.count * cluster.max_ghz.high for cluster in profile.clusters)
    return Board(
        id=profile.id,
        cores=cores or None,
        max_ghz=round(clock / cores, 3) if cores else None,
        vector=_vector(profile),
        memcpy_gb_s=_middle(profile.memcpy_gb_s),
        bandwidth_theory_gb_s=_middle(profile.bandwidth_theory_gb_s),
    )


def _vector(profile: Profile) -> Vector | None:
    has = () if profile.isa is None else profile.isa.has
    return next((vector for name, vector in _VECTORS if name in has), None)


def _middle(figure: Figure | None) -> float | None:
    return None if figure is None else (figure.low + figure.high) / 2
