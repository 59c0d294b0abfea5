"""`edgeprof agent meters`: a newcomer's look at a plug."""

import json
import math

import pytest
from click.testing import CliRunner

from edgeprof.errors import UsageError
from edgeprof_agent.commands.agent import agent as agent_command
from tests.meters.virtual_meter import Plug, VirtualMeter

pytestmark = pytest.mark.mosquitto


def test_a_meter_that_speaks_is_told(broker: int) -> None:
    plug = Plug(kind="tasmota", topic="seen", port=broker, watts_at=lambda now_s: 5 + math.sin(now_s), sends_s=0.2)
    asked = ["meters", "--meter", f"tasmota:seen@127.0.0.1:{broker}", "--seconds", "2"]
    with VirtualMeter(plug):
        told = CliRunner().invoke(agent_command, asked)
        as_json = CliRunner().invoke(agent_command, [*asked, "--json"])
    assert "tasmota:seen (wall_ac):" in told.stdout
    assert "one value every 0." in told.stdout
    (heard,) = json.loads(as_json.stdout)
    assert heard["problem"] is None
    assert heard["values"] > 3
    assert 4 <= heard["watts"] <= 6


def test_one_that_is_silent_is_not_usable_and_says_what_to_do(broker: int) -> None:
    asked = ["meters", "--meter", f"shelly:silent@127.0.0.1:{broker}", "--seconds", "1"]
    told = CliRunner().invoke(agent_command, asked)
    assert "NOT usable" in told.stdout
    assert "RPC over MQTT" in told.stdout


def test_without_one_it_says_how_to_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = CliRunner().invoke(agent_command, ["meters"])
    assert isinstance(ended.exception, UsageError)
    assert "--meter KIND:TOPIC@HOST" in ended.exception.message
