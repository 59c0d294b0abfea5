"""Event files: records by a known checksum, figures as they came, and in the full tier TensorBoard's own reader."""

import json
import struct
import subprocess
from pathlib import Path

import pytest

from edgeprof.publish import mark as publish_mark
from edgeprof.publish import tensorboard
from tests.cli.conftest import Run
from tests.environments import python_with
from tests.hub import fleet
from tests.hub.live import Live

CNN = fleet.model("cnn/../x", "cnn")
VALUES = (4.0, 5.0, 6.0)


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(value, 0.1)) for value in VALUES]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


def records(path: Path) -> list[bytes]:
    """The data of each record, its lengths and checksums held against the format."""
    data, found = path.read_bytes(), list[bytes]()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == tensorboard.masked_crc(data[:8])
        body, tail = data[12 : 12 + length], data[12 + length : 16 + length]
        assert struct.unpack("<I", tail)[0] == tensorboard.masked_crc(body)
        found.append(body)
        data = data[16 + length :]
    return found


def test_the_checksum_is_crc_32c() -> None:
    # RFC 3720, B.4: the CRC-32C of 32 bytes of zeros is 8a9136aa; unmasked here.
    masked = (tensorboard.masked_crc(bytes(32)) - 0xA282EAD8) & 0xFFFFFFFF
    assert ((masked >> 17) | (masked << 15)) & 0xFFFFFFFF == 0x8A9136AA


def test_each_result_is_a_step_of_its_cells_run_and_only_new_ones_are_written(
    run: Run, hub: Live, filled: fleet.Fleet, tmp_path: Path
) -> None:
    folder = tmp_path / "board"
    assert run("publish", "tensorboard", str(folder)).out.startswith("4 results written.")
    (file,) = folder.rglob("events.out.*")
    assert file.parent.parent.parent == folder
    assert file.parent.name.startswith("cnn_.._x-")
    version, *events = records(file)
    assert b"brain.Event:2" in version
    assert len(events) == 4
    for value, event in zip(VALUES, events, strict=False):
        assert b"latency_p50_ms" + struct.pack("<Bf", 0x15, value) in event
    assert b"failed" + struct.pack("<Bf", 0x15, 1.0) in events[3]
    assert run("publish", "tensorboard", str(folder)).out.startswith("0 results written.")
    more = fleet.result(1, CNN, fleet.vision_rows(7.0, 0.1))
    hub.hub.writer.call(lambda store: store.save_result(more, "0" * 64, fleet.NOW_S))
    assert run("publish", "tensorboard", str(folder)).out.startswith("1 result written.")
    assert (folder / publish_mark.MARK).read_text() == "5\n"


def test_a_folder_with_a_strange_mark_is_refused(run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    (tmp_path / publish_mark.MARK).write_text("yesterday")
    assert run("publish", "tensorboard", str(tmp_path)).refused_with("bad_mark")


READ = """
import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
runs = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
print(json.dumps({run: {tag: [(e.step, e.value) for e in runs.Scalars(run, tag)] for tag in tags["scalars"]}
                  for run, tags in runs.Runs().items()}))
"""


@pytest.fixture(scope="session")
def python() -> Path:
    return python_with("tensorboard-2", "tensorboard>=2.18,<3", "setuptools<81")


@pytest.mark.full
def test_tensorboards_own_reader_finds_every_figure(
    python: Path, run: Run, filled: fleet.Fleet, tmp_path: Path
) -> None:
    assert run("publish", "tensorboard", str(tmp_path / "board")).code == 0
    read = subprocess.run([python, "-c", READ, tmp_path / "board"], check=True, capture_output=True, text=True)
    (found,) = json.loads(read.stdout.splitlines()[-1]).values()
    assert [value for _, value in found["latency_p50_ms"]] == list(VALUES)
    assert [step for step, _ in found["latency_p50_ms"]] == [1, 2, 3]
    assert found["failed"] == [[4, 1.0]]
