"""A stopped hub's folder, and what a failing disk does to it."""

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.commands import hub as cli
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet

URL = "http://127.0.0.1:8765"
BLOB = b"the bytes of a model"
NAME = identity.sha256_hex(BLOB)


def stopped_hub(folder: Path) -> Path:
    """A hub's folder with a fleet and one file."""
    folder.mkdir()
    writer = SqliteWriter(folder / DATABASE)
    made = fleet.typical()
    made.models.clear()
    made.results = [each for each in made.results for _ in range(40)]
    for number, each in enumerate(made.results):
        made.results[number] = fleet.result(
            int(each.device_id[-1]), _model(each.model_name), fleet.vision_rows(4.0 + number / 1000, 0.1)
        )
    made.models = [_model(name) for name in dict.fromkeys(each.model_name for each in made.results)]
    made.jobs.clear()
    with writer.transaction():
        fleet.fill(writer, made)
    writer.close()
    put(folder, NAME, BLOB)
    return folder


def _model(name: str) -> rest.ModelRecord:
    """A model whose file is the fixture's one."""
    manifest = identity.manifest_of(f"{name}.onnx", [m.FileRef(path=f"{name}.onnx", size=len(BLOB), sha256=NAME)])
    return replace(fleet.model(name, name), model_id=identity.model_id(manifest), manifest=manifest)


def put(folder: Path, name: str, content: bytes) -> Path:
    file = folder / "blobs" / name[:2] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli.hub, ["check", "--data", str(folder), *options])


def flip_a_digit(folder: Path) -> str:
    """One digit of a stored figure, in the file itself. The id of its result."""
    file = folder / DATABASE
    with closing(sqlite3.connect(file)) as connection:
        result_id, document = connection.execute(
            "SELECT result_id, document FROM result ORDER BY seq LIMIT 1"
        ).fetchone()
    found = re.search(r'"metric":"latency_p50_ms","value":[0-9.]+', document)
    assert found
    raw = file.read_bytes()
    for at in re.finditer(re.escape(found.group().encode()), raw):  # the copy for the page has the same words
        altered = bytearray(raw)
        altered[at.start() + len('"metric":"latency_p50_ms","value":')] ^= 0x01
        file.write_bytes(altered)
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("SELECT document FROM result ORDER BY seq LIMIT 1").fetchone()[0] != document:
                return str(result_id)
    raise AssertionError("no such digit in the file")


def spoil_pages(folder: Path) -> None:
    """Two pages in the middle, as a failing disk leaves them."""
    file = folder / DATABASE
    pages = file.stat().st_size // 4096
    with file.open("r+b") as stream:
        for page in (pages // 3, pages // 2):
            stream.seek(page * 4096)
            stream.write(os.urandom(4096))
