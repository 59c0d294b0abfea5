"""A whole catalogue as one piece of bytes, and back: what a hub keeps, so that an older figure can be had again."""

from functools import lru_cache

import msgspec

from edgeprof_hub.cost.catalogue.loader import Catalogue, Files, parse_catalogue
from edgeprof_hub.cost.checks import CostError

KEPT_AT_HAND = 8


class _Packed(msgspec.Struct, frozen=True, kw_only=True):
    shipped: Files
    own: Files


def packed(catalogue: Catalogue) -> bytes:
    """Its files, byte by byte."""
    return msgspec.msgpack.encode(_Packed(shipped=catalogue.shipped, own=catalogue.own))


@lru_cache(maxsize=KEPT_AT_HAND)
def unpacked(sha256: str, data: bytes) -> Catalogue:
    """The catalogue that was packed. Raises CostError where these are not the bytes of that hash, or not readable."""
    try:
        found = msgspec.msgpack.decode(data, type=_Packed)
        catalogue = parse_catalogue(dict(found.shipped), dict(found.own))
    except (msgspec.MsgspecError, CostError) as error:
        raise CostError(
            "catalogue_invalid",
            f"This release cannot read the stored price catalogue {sha256[:16]} ({error}). Choose another one.",
        ) from error
    if catalogue.sha256 != sha256:
        raise CostError(
            "catalogue_invalid",
            f"The stored price catalogue {sha256[:16]} has the hash {catalogue.sha256[:16]}: "
            "the hub's database is damaged. Restore it from a copy.",
        )
    return catalogue
