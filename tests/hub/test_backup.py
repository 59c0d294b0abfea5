"""`edgeprof hub backup`: a copy of a hub that runs, which a hub can serve in its place."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgeprof.cli import edgeprof
from edgeprof.errors import UsageError
from edgeprof_hub.context import DATABASE
from edgeprof_hub.identity.ledger import Ledger
from tests.hub import people_cases as cases
from tests.hub.damage import BLOB, NAME, put, stopped_hub
from tests.hub.live import serving


def backup(data: Path, into: Path) -> Result:
    return CliRunner().invoke(edgeprof, ["hub", "backup", str(into), "--data", str(data)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return stopped_hub(tmp_path / "hub")


def test_what_the_copy_serves_is_what_the_hub_served(data: Path, tmp_path: Path) -> None:
    into = tmp_path / "backup"
    with serving(data, token=cases.TOKEN) as live:
        before = live.client.compare().cells, live.client.models(), live.hub.hub_id, live.hub.job_key
        done = backup(data, into)
        live.hub.writer.call(lambda store: store.delete_model(before[1][0].model_id))  # after it, so not in it
    assert done.exit_code == 0, done.output
    assert "Results: 320 checked, 0 damaged" in done.stdout
    assert f"{into} is whole." in done.stdout
    with serving(into, token=cases.TOKEN) as live:
        assert (live.client.compare().cells, live.client.models(), live.hub.hub_id) == before[:3]
        assert live.hub.job_key is not None
        assert before[3] is not None
        assert live.hub.job_key.public_hex == before[3].public_hex, "devices have pinned it"
        assert live.hub.blobs.path(NAME).read_bytes() == BLOB


def test_secrets_are_copied_readable_by_their_owner_only(data: Path, tmp_path: Path) -> None:
    into, identity = tmp_path / "backup", data / "identity"
    identity.mkdir()
    ledger = Ledger(identity / "ledger.sqlite")
    ledger.add_secret("a secret", None, 0.0, 60.0)
    for name in ("ca-1.key", ".half-written"):
        (identity / name).write_text("for tests only")
        (identity / name).chmod(0o600)
    (data / "token").write_text("for tests only")
    (data / "token").chmod(0o600)
    assert backup(data, into).exit_code == 0
    assert {file.name for file in (into / "identity").iterdir()} == {"ledger.sqlite", "ca-1.key"}
    secrets = [into, into / DATABASE, into / "token", *into.glob("identity"), *into.glob("identity/*")]
    assert {file.stat().st_mode & 0o077 for file in secrets} == {0}
    copied = Ledger(into / "identity" / "ledger.sqlite")
    assert not copied.is_empty()
    copied.close()
    ledger.close()


def test_a_copy_is_never_written_over_something_else(data: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").touch()
    refused = backup(data, tmp_path / "backup").exception
    assert isinstance(refused, UsageError)
    assert refused.code == "folder_not_empty"
    assert [file.name for file in (tmp_path / "backup").iterdir()] == ["mine"]


def test_a_copy_of_what_is_damaged_says_so(data: Path, tmp_path: Path) -> None:
    put(data, NAME, b"other bytes than those of the name")
    done = backup(data, tmp_path / "backup")
    assert done.exit_code == 1
    assert "1 damaged" in done.stdout
    assert "To restore it" not in done.stdout


def test_a_folder_without_a_hub_is_refused(tmp_path: Path) -> None:
    refused = backup(tmp_path, tmp_path / "backup").exception
    assert isinstance(refused, UsageError)
    assert refused.code == "no_hub"
    assert not (tmp_path / DATABASE).exists()
