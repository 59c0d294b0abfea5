"""An order to upgrade, as the agent keeps, begins and answers it; and what root reads of the agent's folder."""

import os
from pathlib import Path

import pytest

from edgeprof.wire.identity import config_key, model_id
from edgeprof.wire.messages import Ack, Job, Manifest, ModelRef, RunConfig, RunProtocol, UpgradeOrder
from edgeprof_agent.daemon import upgrades
from edgeprof_agent.daemon.upgrades import Upgrades
from edgeprof_agent.installing import requested
from edgeprof_agent.installing.borrowed import borrowed

ORDER = UpgradeOrder(version="9.9.9", wheel_sha256="a" * 64)
OTHER_USER = 54321


def job(job_id: str = "upgrade-1") -> Job:
    manifest, config = Manifest(entry="", files=()), RunConfig(runtime="")
    model = ModelRef(model_id=model_id(manifest), name="", format="onnx", manifest=manifest)
    return Job(
        job_id=job_id,
        attempt=1,
        model=model,
        config=config,
        config_key=config_key(config),
        protocol=RunProtocol(),
        upgrade=ORDER,
    )


class Boot:
    """One boot of the machine; `answers`: what the hub heard without asking."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.boot_id, self.launched = data, "boot-1", 0
        self.answers: list[Ack] = []
        monkeypatch.setattr(upgrades, "launch", self._launch)

    def _launch(self, *_: object) -> None:
        self.launched += 1

    def agent(self) -> Upgrades:
        made = Upgrades(self.data, lambda: self.boot_id)
        made.answer = self.answers.append
        return made


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Boot:
    return Boot(tmp_path, monkeypatch)


def test_an_order_waits_for_the_run_in_progress_and_holds_the_next(boot: Boot) -> None:
    agent = boot.agent()
    assert not agent.holds()
    assert agent.take(job(), ORDER, is_busy=True).reason == "It begins once the run in progress has ended."
    assert boot.launched == 0
    assert (agent.holds(), agent.holds(), boot.launched) == (True, True, 1)
    assert agent.take(job(), ORDER, is_busy=False).status == "accepted"
    refused = agent.take(job("upgrade-2"), ORDER, is_busy=False)
    assert (refused.status, refused.code) == ("refused", "upgrade_running")


@pytest.mark.parametrize(("code", "status"), [("", "accepted"), ("upgrade_failed", "refused")])
def test_the_outcome_is_answered_by_whichever_version_runs_then(boot: Boot, code: str, status: str) -> None:
    agent = boot.agent()
    agent.take(job(), ORDER, is_busy=False)
    agent.holds()
    later = boot.agent()
    assert later.holds()
    outcome = f'{{"job_id": "upgrade-1", "attempt": 1, "code": "{code}", "message": "why"}}'
    (boot.data / requested.OUTCOME).write_text(outcome)
    assert not later.holds()
    assert [(ack.status, ack.code) for ack in boot.answers] == [(status, code or "upgraded")]
    assert boot.agent().take(job(), ORDER, is_busy=False) == boot.answers[0]  # the hub asks again


def test_a_power_cut_during_an_upgrade_is_named(boot: Boot) -> None:
    agent = boot.agent()
    agent.take(job(), ORDER, is_busy=False)
    agent.holds()
    boot.boot_id = "boot-2"
    assert not boot.agent().holds()
    assert [ack.code for ack in boot.answers] == ["upgrade_interrupted"]
    assert boot.launched == 1


def test_an_order_that_nothing_takes_is_withdrawn(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = boot.agent()
    agent.take(job(), ORDER, is_busy=False)
    agent.holds()
    (boot.data / requested.REQUEST).touch()
    assert agent.holds()
    monkeypatch.setattr(upgrades, "SEEN_WITHIN_S", 0.0)
    assert not agent.holds()
    assert [ack.code for ack in boot.answers] == ["upgrade_unavailable"]
    assert not (boot.data / requested.REQUEST).exists()


def test_an_agent_that_no_installer_made_says_what_to_type(tmp_path: Path) -> None:
    agent = Upgrades(tmp_path, lambda: "boot-1")
    heard: list[Ack] = []
    agent.answer = heard.append
    agent.take(job(), ORDER, is_busy=False)
    agent.holds()
    assert [ack.code for ack in heard] == ["upgrade_unavailable"]
    assert "-m pip install --upgrade edgeprof" in (heard[0].reason or "")
    assert not agent.holds()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the folder of another user")
def test_root_takes_plain_files_of_the_agents_user_alone(tmp_path: Path) -> None:
    state, secret = tmp_path / "state", tmp_path / "secret"
    (state / "identity").mkdir(parents=True)
    secret.write_text("of root")
    for name, text in (("device_id", "d-1"), ("identity/ca.pem", "a CA")):
        (state / name).write_text(text)
    (state / "identity" / "token").symlink_to(secret)
    (state / "identity" / "hub.json").hardlink_to(secret)
    (state / requested.REQUEST).symlink_to(secret)
    for path in (state, state / "device_id", state / "identity", state / "identity" / "ca.pem"):
        os.chown(path, OTHER_USER, OTHER_USER)
    with borrowed(state) as found:
        assert found != state
        assert sorted(path.name for path in found.rglob("*")) == ["ca.pem", "device_id", "identity"]
    assert requested.take(state) is None
    assert not (state / requested.REQUEST).is_symlink()


def test_an_order_is_read_once(tmp_path: Path) -> None:
    (tmp_path / requested.REQUEST).write_text('{"job_id":"u","attempt":1,"version":"9","wheel_sha256":"ab"}')
    assert requested.take(tmp_path) == requested.Request("u", 1, "9", "ab")
    assert requested.take(tmp_path) is None
