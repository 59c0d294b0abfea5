"""The document that stands for a model which an endpoint serves: its name there, extra fields, what it is priced as.

    {"edgeprof_served": 1, "model": "gpt-5-nano", "parameters": {"reasoning_effort": "minimal"},
     "price": {"provider": "openai", "model": "gpt-5-nano"}}

It is a model file like any other: content-addressed, flashed, queued. Neither the endpoint's address nor a key is in
it.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from edgeprof.modelfiles.window import FileWindow, ModelFileError

BEGINS = b'{"edgeprof_served"'
SUFFIX = ".served"
MAX_BYTES = 16 * 1024
OURS = frozenset(("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"))
"""Fields of a request that the measurement itself sets."""

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Parameter = str | int | float | bool | None | list[str]


class ServedPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Provider and model as the package genai-prices names them."""

    provider: _Name
    model: _Name


class Served(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole document. `parameters` go into every request as they are."""

    edgeprof_served: Annotated[int, msgspec.Meta(ge=1, le=1)]
    model: _Name
    parameters: dict[str, Parameter] = {}
    price: ServedPrice | None = None


def written(served: Served) -> bytes:
    """The document's bytes. Raises ModelFileError for parameters that are not for the user to set."""
    _check_parameters(served, served.model)
    return msgspec.json.encode(served)


def parsed(data: bytes, name: str) -> Served:
    """The document in `data`. Raises ModelFileError that names the field which is wrong."""
    try:
        served = msgspec.json.decode(data, type=Served)
    except msgspec.MsgspecError as error:
        raise ModelFileError(
            "not_a_model", f"{name} is not a served model's document: {error}. Make one with `edgeprof endpoint model`."
        ) from error
    _check_parameters(served, name)
    return served


def check(window: FileWindow) -> Served:
    """Raises ModelFileError for what is no such document."""
    if window.size > MAX_BYTES:
        raise ModelFileError(
            "not_a_model", f"{window.name} is not a served model's document: it is larger than 16 KiB."
        )
    return parsed(window.read(0, window.size), window.name)


def read(path: Path) -> Served:
    """The document at `path`, which `inspect` has found whole."""
    return parsed(path.read_bytes(), path.name)


def _check_parameters(served: Served, name: str) -> None:
    taken = sorted(OURS & set(served.parameters))
    if taken:
        raise ModelFileError(
            "not_a_model", f"{name} sets {', '.join(taken)}, which the measurement sets itself. Remove it."
        )
