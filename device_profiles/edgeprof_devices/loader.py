"""Reads the YAML files beside it into profiles; a board with variants becomes one profile per memory size."""

from functools import cache
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof_devices.schema import BoardVariant, Profile

FOLDER = Path(__file__).parent / "profiles"


@cache
def load_profiles() -> dict[str, Profile]:
    """Every profile by id."""
    boards = [parse_profile(path.read_bytes(), path.name) for path in sorted(FOLDER.glob("*.yaml"))]
    profiles = [profile for board in boards for profile in expand(board)]
    return {profile.id: profile for profile in profiles}


def parse_profile(text: bytes, name: str) -> Profile:
    """One file's content. A wrong or unknown field is named in the error."""
    try:
        return msgspec.yaml.decode(text, type=Profile)
    except ImportError as error:
        raise MissingPartError(
            "yaml_missing", "Device profiles need PyYAML. Install it: pip install 'edgeprof[hub]'"
        ) from error
    except msgspec.MsgspecError as error:
        raise EdgeprofError("profile_invalid", f"Invalid device profile {name}: {error}.") from error


def expand(board: Profile) -> list[Profile]:
    """A board's profiles: itself, or one for each memory size."""
    return [_variant(board, each) for each in board.variants] or [board]


def _variant(board: Profile, variant: BoardVariant) -> Profile:
    size = f"{variant.memory_gib.low:g}"
    return msgspec.structs.replace(
        board,
        id=f"{board.id}-{size}",
        title=f"{board.title}, {size} GB",
        memory_gib=variant.memory_gib,
        price_usd=variant.price_usd,
        variants=(),
        memory_decides=True,
    )
