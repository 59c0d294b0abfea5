"""Ids: of models (hash of a canonical manifest), of configurations, of results, of devices."""

import hashlib
import json
import os
import secrets
import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from typing import BinaryIO

from edgeprof.wire.formats import INPUTS_SUFFIX
from edgeprof.wire.messages import FileRef, Manifest, RunConfig

_CHUNK_BYTES = 1 << 20


def canonical_json(value: object) -> bytes:
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8, no NaN. What every hash is taken of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(stream: BinaryIO) -> str:
    """The same of a file from where it stands to its end, which may be larger than the memory."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


ANSWER_SUFFIXES = (".preparation.json", ".tokenizer.json", ".vocab.txt", ".characters.txt")
"""What `model.onnx` needs to answer evaluation sets, as `model.preparation.json`: files of its manifest, too."""


def manifest_of(entry: str, files: Iterable[FileRef]) -> Manifest:
    """A manifest with its files in canonical order (by path)."""
    return Manifest(entry=entry, files=tuple(sorted(files, key=lambda file: file.path)))


def model_bytes(manifest: Manifest) -> int:
    """The size of the model itself: all of its files but the inputs and what answers need."""
    return sum(file.size for file in manifest.files if not file.path.endswith((INPUTS_SUFFIX, *ANSWER_SUFFIXES)))


def model_id(manifest: Manifest) -> str:
    """A model's id: SHA-256 of its canonical manifest (entry file; path, size and SHA-256 of each file)."""
    files = [asdict(file) for file in sorted(manifest.files, key=lambda file: file.path)]
    return sha256_hex(canonical_json({"entry": manifest.entry, "files": files}))


def config_key(config: RunConfig) -> str:
    """The key of a requested configuration.

    Fields that stand at their default are left out before hashing, so that an axis added later, with a default
    that means "as before", does not change the key of anything measured before it.
    """
    default = asdict(RunConfig(runtime=config.runtime))
    requested = {name: value for name, value in asdict(config).items() if value != default[name]}
    return sha256_hex(canonical_json({"runtime": config.runtime, **requested}))[:16]


def new_id() -> str:
    """A UUIDv7 (RFC 9562): time-ordered, so that ids made later sort later. Python gets its own in 3.14."""
    unix_ms = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = (unix_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (rand >> 68 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | rand & (1 << 62) - 1))


def new_device_id() -> str:
    """A random device id, made once and kept in the agent's state folder."""
    return f"d-{secrets.token_hex(8)}"


def checked_result_id(text: str) -> str:
    """A result id as it was typed. Raises ValueError for a text that is no UUID, so that it never enters a URL."""
    return str(uuid.UUID(text))
