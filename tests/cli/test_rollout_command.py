"""`edgeprof rollout` against a real hub with a device that answers."""

import json
import re
from collections.abc import Iterator

import pytest

from edgeprof.commands import rollout as command
from edgeprof.tables.rollouts import quarantines_text
from edgeprof.wire.rollout_words import Canary, canary_of, stages_of
from edgeprof_hub.rollout import ticking
from tests.cli.conftest import Run
from tests.hub import rollout_cases
from tests.hub.live import Live, eventually
from tests.hub.rollout_cases import Agent, Behaviour, keep, ran, variant

OLD, NEW = variant("cnn fp32", "digits", "fp32"), variant("cnn int8", "digits")


@pytest.fixture
def agents(hub: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Agent]]:
    monkeypatch.setattr(ticking, "TICK_EVERY_S", 0.05)
    monkeypatch.setattr(command, "REFRESH_S", 0.05)
    models = {OLD.model_id: Behaviour(), NEW.model_id: Behaviour()}
    with Agent(hub.hub.endpoint.port, 8, models) as one, Agent(hub.hub.endpoint.port, 9, models) as other:
        rollout_cases.online(hub, [one, other])
        keep(hub.hub, OLD, NEW)
        ran(hub.hub, OLD, [8, 9])
        yield [one, other]


def test_a_rollout_is_started_shown_approved_and_rolled_back(run: Run, hub: Live, agents: list[Agent]) -> None:
    to = [word for each in agents for word in ("--to", each.device_id)]
    first = ["--canary", agents[0].device_id]
    started = run("rollout", "start", "cnn int8", *to, *first, "--approval", "canary", "--no-gates")
    found = re.search(r"/rollouts/(\S+)\n", started.out)
    assert found is not None, started
    rollout_id = found[1]
    assert run("rollout", "show", rollout_id, "--watch").code == 1
    shown = run("rollout", "show", rollout_id).out
    assert shown.startswith("Rollout of cnn int8: running. Group 1 (canary, 1 device) passed. Waits for your approval.")
    assert re.search(r"1 canary +1 +passed, waits for approval +1 succeeded; needs 1\n", shown)
    assert re.search(r"1 +agent-8 +succeeded +cnn fp32 +Takes [\d.]+ × as long as cnn fp32", shown)
    assert run("rollout", "pause", rollout_id).out.startswith("Rollout of cnn int8: paused. Paused by a person.")
    assert run("rollout", "resume", rollout_id).code == 0
    assert run("rollout", "approve", rollout_id).code == 0
    assert run("rollout", "approve", rollout_id).refused_with("rollout_not_waiting")
    assert run("rollout", "show", rollout_id, "--watch").code == 0
    assert re.search(r"rollout of cnn int8 +finished +2 of 2 succeeded +" + rollout_id, run("rollout", "list").out)
    assert run("rollout", "abort", rollout_id).refused_with("rollout_ended")
    back = json.loads(run("rollout", "rollback", rollout_id, "--json").out)
    assert back["kind"] == "rollback"
    eventually(lambda: hub.client.rollout(back["rollout_id"]).state == "finished")
    assert [json.loads(run("rollout", "list", "--limit", "1", "--json").out)[0]["state"]] == ["finished"]


def test_a_quarantine_is_listed_and_lifted(run: Run, hub: Live, agents: list[Agent]) -> None:
    assert run("rollout", "quarantine").out == "No model is quarantined.\n"
    agents[0].models[NEW.model_id] = Behaviour(fails=("load", "crash"))
    agents[1].models[NEW.model_id] = agents[0].models[NEW.model_id]
    run("flash", "cnn int8", "--to", agents[0].device_id, "-r", "3")
    eventually(hub.client.quarantines)
    (found,) = hub.client.quarantines()
    assert re.search(r"cnn int8 +Raspberry Pi 5, 8 GB +3 in a row +holds\n", run("rollout", "quarantine").out)
    assert len(json.loads(run("rollout", "quarantine", "--json").out)[0]["crashes"]) == 3
    lifted = run("rollout", "quarantine", "--lift", str(found.quarantine_id)).out
    assert lifted == "cnn int8 is sent to Raspberry Pi 5, 8 GB again.\n"
    assert run("rollout", "quarantine", "--lift", str(found.quarantine_id)).refused_with("quarantine_lifted")
    assert run("rollout", "quarantine", "--lift", "99").refused_with("not_found")
    assert "lifted just now" in quarantines_text(hub.client.quarantines())


REFUSED = {
    ("show", "../x"): "bad_rollout_id",
    ("abort", "01a22e80-316e-7921-95af-9b8a60ac1c41"): "not_found",
    ("start", "cnn int8", "--all", "--stages", "0"): "bad_rollout",
    ("start", "cnn int8", "--all", "--stages", "50,20"): "bad_rollout",
    ("start", "cnn int8", "--all", "--canary", "0%"): "bad_rollout",
    ("start", "cnn int8", "--all", "--canary", "nobody"): "unknown_device",
    ("start", "cnn int8", "--all", "--window", "at night"): "bad_rollout",
    ("start", "cnn int8", "--all", "--at", "soon"): "bad_rollout",
    ("start", "cnn int8", "--all", "--reference", "cnn int4"): "unknown_model",
}


def test_what_cannot_be_followed_is_refused(run: Run, hub: Live, agents: list[Agent]) -> None:
    for arguments, code in REFUSED.items():
        assert run("rollout", *arguments).refused_with(code), arguments
    assert hub.client.rollouts() == []
    plan = ["--all", "--approval", "every", "--no-compare", "--no-gates", "--canary", "1"]
    assert run("rollout", "start", "cnn int8", *plan).code == 0
    assert run("rollout", "start", "cnn int8", *plan).refused_with("rollout_overlaps")


def test_a_canary_and_shares_are_read_as_people_write_them() -> None:
    assert canary_of(()) == canary_of([" "]) == Canary()
    assert canary_of(["3"]) == Canary(count=3)
    assert canary_of(["a", "b", "a"]) == Canary(names=("a", "b"))
    assert stages_of("10 % 50%, 100") == (10, 50, 100)
    with pytest.raises(ValueError, match="is not a share"):
        stages_of("much")
