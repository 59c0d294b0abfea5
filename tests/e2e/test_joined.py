"""A hub with TLS and agents that join it, as processes of their own: from the join to a result to the revocation."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.wire.join_token import parse
from tests.e2e.farm import Farm, Process, eventually
from tests.phones.adb_server import adb_server
from tests.phones.adbd import Phone
from tests.phones.pixel import benchmark_model, make_pixel
from tests.ports import free_port

pytestmark = pytest.mark.mosquitto

MODEL = Path(__file__).parents[2] / "model_exports/edgeprof_exports/bundled/digits-cnn-int8.onnx"
ALWAYS = {"ca.pem", "hub.json", "job_key"}
PLAIN = {"EDGEPROF_JOIN": "", "EDGEPROF_TOKEN": "", "EDGEPROF_HUB": ""}


class TlsFarm(Farm):
    """Its hub serves TLS, too; its agents use nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tls_port = free_port()
        self.url = f"https://127.0.0.1:{self.tls_port}"
        self.ports = ["--tls", "--tls-port", str(self.tls_port), "--mqtt-port", str(free_port())]
        self.ports += ["--mqtt-tls-port", str(_two_free())]

    def start_tls_hub(self) -> None:
        self.start_hub(*self.ports)

    def edgeprof(self, *arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "edgeprof", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**os.environ, **PLAIN, **environment},
            timeout=60,
            check=False,
        )

    def token(self, *arguments: str) -> str:
        done = self.edgeprof("hub", "join-secret", "--hub", self.client.url, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def join(self, name: str, token: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        data = str(self.folder / name)
        return self.edgeprof("agent", "join", "--hub", self.url, "--data", data, *arguments, stdin=token)

    def start_joined(self, name: str) -> None:
        """No hub and no token is named: the state folder knows both."""
        arguments = ["agent", "run", "--name", name, "--data", str(self.folder / name)]
        self.agents[name] = Process(self.folder / f"{name}.log", arguments, PLAIN)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def _two_free() -> int:
    while True:
        port = free_port()
        try:
            with socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsFarm]:
    made = TlsFarm(tmp_path_factory.mktemp("joined"))
    made.start_tls_hub()
    yield made
    made.stop()


def test_devices_join_measure_over_tls_outlive_a_restart_and_are_revoked_one_by_one(farm: TlsFarm) -> None:
    done = farm.join("one", farm.token())
    assert "with a certificate until" in done.stdout, done.stderr
    assert kept(farm, "one") == {*ALWAYS, "device.key", "device.pem"}
    (farm.folder / "token-file").write_text(farm.token())
    done = farm.join("board", "", "--no-key", "--join-file", str(farm.folder / "token-file"))
    assert "with a token of its own" in done.stdout, done.stderr
    assert kept(farm, "board") == {*ALWAYS, "token"}
    for name in ("one", "board"):
        farm.start_joined(name)
    one, board = farm.device("one"), farm.device("board")
    campaign = farm.run([farm.put(MODEL)], [one, board])
    assert [job.state for job in campaign.jobs] == ["measured", "measured"]
    assert farm.hub is not None
    farm.hub.stop()
    farm.start_tls_hub()
    for name in ("one", "board"):
        farm.device(name)
    refused = farm.join("three", farm.token("--device", "one"))
    assert "[join_secret_used]" in refused.stderr  # it is for another device
    breaks = farm.log("board").count("link.offline")
    revoke(farm, "one")
    eventually("the revoked agent is told why", lambda: "revoked the access" in farm.log("one"))
    assert is_online(farm, "board")
    assert farm.log("board").count("link.offline") == breaks
    revoke(farm, "board")


def revoke(farm: TlsFarm, name: str) -> None:
    done = farm.edgeprof("hub", "revoke", name, "--yes", "--hub", farm.client.url)
    assert done.stdout == f"Revoked {name}: 1 credential void.\n", done.stderr
    eventually(f"{name} is offline", lambda: not is_online(farm, name))


def kept(farm: TlsFarm, name: str) -> set[str]:
    files = list((farm.folder / name / "identity").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    return {file.name for file in files}


def is_online(farm: TlsFarm, name: str) -> bool:
    return any(device.online for device in farm.client.devices() if device.name == name)


def test_a_hub_that_did_not_make_the_token_is_told_nothing(farm: TlsFarm) -> None:
    token = parse(farm.token())
    done = farm.join("wrong", f"ep1.{'0' * 64}.{token.secret}")
    assert done.returncode == 1
    assert "[wrong_ca]" in done.stderr
    assert not (farm.folder / "wrong" / "identity" / "ca.pem").exists()
    assert farm.join("right", str(token)).returncode == 0  # the secret was not used up


def test_a_token_that_was_used_or_is_none_is_refused(farm: TlsFarm) -> None:
    token = farm.token()
    assert farm.join("first", token).returncode == 0
    again = farm.join("second", token)
    assert (again.returncode, "[join_secret_used]" in again.stderr) == (1, True)
    none = farm.join("second", "no token")
    assert (none.returncode, "[bad_join_token]" in none.stderr) == (2, True)
    plain = farm.edgeprof("agent", "join", "--hub", farm.client.url, "--data", "plain", EDGEPROF_JOIN=farm.token())
    assert (plain.returncode, "[tls_needed]" in plain.stderr) == (2, True)


@pytest.mark.full
def test_a_phone_joins_by_itself_and_measures_over_tls(farm: TlsFarm, tmp_path: Path) -> None:
    (tmp_path / "adb").mkdir()
    with adb_server(tmp_path / "adb") as server:
        phone = Phone(make_pixel(tmp_path / "phone", "38171FDJG00123"))
        try:
            server.plug(phone)
            listed = farm.edgeprof("agent", "phones", "--json", **server.environment)
            (line,) = json.loads(listed.stdout)
            done = farm.join("phones", farm.token(), "--phone", line["device_id"])
            assert f"as {line['device_id']}, with a certificate until" in done.stdout, done.stderr
            arguments = ["agent", "run", "--hub", farm.url, "--data", str(farm.folder / "phones")]
            arguments += ["--phone-runner", f"benchmark_model={benchmark_model(tmp_path)}"]
            farm.agents["phones"] = Process(farm.folder / "phones.log", arguments, {**PLAIN, **server.environment})
            device = farm.device(line["name"])
            assert device.device_id == line["device_id"]
            campaign = farm.run([farm.put(MODEL.with_suffix(".tflite"))], [device])
            assert [job.state for job in campaign.jobs] == ["measured"]
            assert "phone.not_joined" not in farm.log("phones")
            farm.agents.pop("phones").stop()
        finally:
            phone.close()
