"""`edgeprof hub user`, `token` and `audit`, beside a hub that runs and without one."""

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.wire.identity import new_id
from edgeprof_hub.context import DATABASE
from edgeprof_hub.people import passwords
from edgeprof_hub.store.reader import SqliteReader
from tests.hub import people_cases as cases
from tests.hub.live import serving


def run(*words: str, stdin: str = "", code: int = 0) -> str:
    """What it prints; of an expected error its code and sentence."""
    done = CliRunner().invoke(edgeprof, words, input=stdin)
    if isinstance(done.exception, EdgeprofError):
        assert done.exception.exit_code == code, done.exception
        return f"[{done.exception.code}] {done.exception.message}"
    assert done.exit_code == code, f"{done.output}{done.exception}"
    return done.output


def hub(data: Path, *words: str, stdin: str = "", code: int = 0) -> str:
    """The same, of `edgeprof hub`."""
    return run("hub", *words, "--data", str(data), stdin=stdin, code=code)


def test_accounts_from_the_first_to_none(tmp_path: Path) -> None:
    data, line = tmp_path / "hub", f"{cases.PASSWORD}\n"
    assert "[no_hub]" in hub(data, "user", "list", code=2)
    assert "[first_account]" in hub(data, "user", "add", "vera", "--role", "viewer", stdin=line, code=2)
    assert "[weak_password]" in hub(data, "user", "add", "ada", "--role", "admin", stdin="short\n", code=2)
    said = hub(data, "user", "add", "Ada", "--role", "admin", stdin=line)
    assert "Account ada added as admin." in said
    assert "asks for sign-in from now on" in said
    hub(data, "user", "add", "vera", "--role", "viewer", stdin=line)
    assert "[account_exists]" in hub(data, "user", "add", "vera", "--role", "viewer", stdin=line, code=2)
    assert "[last_admin]" in hub(data, "user", "role", "ada", "viewer", code=2)
    assert "[last_admin]" in hub(data, "user", "remove", "ada", code=2)
    hub(data, "user", "role", "vera", "admin")
    hub(data, "user", "password", "vera", stdin=f"{cases.NEW_PASSWORD}\n")
    hub(data, "user", "remove", "ada")
    listed = hub(data, "user", "list").splitlines()
    assert [one.split()[:2] for one in listed] == [["vera", "admin"]]
    reader = SqliteReader(data / DATABASE)
    stored = reader.people.account("vera")
    reader.close()
    assert stored is not None
    assert passwords.is_right(stored.password, cases.NEW_PASSWORD)
    assert "No account is left" in hub(data, "user", "remove", "vera")
    assert "[no_account]" in hub(data, "user", "remove", "vera", code=1)


def test_a_token_made_beside_a_running_hub_works_at_once_and_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, token=cases.TOKEN) as live:
        said = hub(tmp_path, "token", "add", "ci", "--scope", "read", "--days", "7")
        secret = next(line for line in said.splitlines() if line.startswith("ept_"))
        monkeypatch.setenv("EDGEPROF_TOKEN", secret)
        where = ("--hub", live.url)
        run("devices", *where)
        assert "needs the role operator" in run("retry", new_id(), *where, code=1)
        assert secret not in hub(tmp_path, "token", "list")
        hub(tmp_path, "token", "revoke", "ci")
        assert "[token_wrong]" in run("devices", *where, code=1)
        rows = list(csv.DictReader(io.StringIO(hub(tmp_path, "audit", "--csv"))))
        assert [row["action"] for row in reversed(rows)][:2] == ["token.add", "refused"]
        assert all(row["actor"].startswith("command line (") for row in rows if row["action"].startswith("token.a"))
        assert "FAILED refused" in hub(tmp_path, "audit", "--failed")
    assert "[bad_days]" in hub(tmp_path, "token", "add", "x", "--scope", "run", "--days", "0", code=2)
