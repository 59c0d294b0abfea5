"""What cannot be asked is refused with a sentence, before anything starts."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.errors import UsageError
from edgeprof_agent import config
from edgeprof_agent.commands.profile import profile
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.isolation.running import WORKER_ENVIRONMENT


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threads", "5000"),
        ("--threads", "-1"),
        ("--window-s", "nan"),
        ("--memory-limit-mib", "nan"),
        ("--deadline-s", "inf"),
    ],
)
def test_profile_refuses_what_makes_no_sense(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = CliRunner().invoke(profile, [str(tmp_path / "model.onnx"), *arguments])
    assert done.exit_code == 2
    assert arguments[0] in done.output


@pytest.mark.parametrize("shape", ["x", "x=", "=1,2", "x=1,,2", "x=a", "x=-1,2"])
def test_an_input_shape_that_is_none_is_refused(tmp_path: Path, shape: str) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"\x08\x07")
    done = CliRunner().invoke(profile, [str(model), "--input-shape", shape])
    assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize(
    "options",
    [
        {"memory_limit_mib": -5.0},
        {"memory_limit_mib": float("nan")},
        {"emulate": "No Such Profile!"},
        {"keepalive_s": 0},
        {"outbox_budget": 0},
    ],
)
def test_an_agents_setting_that_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="command line"):
        config.load({"hub": "http://hub:8765", **options}, {})


@pytest.mark.parametrize("url", ["http://hub:abc", "http://hub:99999", "nonsense url", "ftp://hub"])
def test_an_agent_refuses_a_url_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="is not a hub URL"):
        HubHttp(url)


def test_a_worker_never_phones_home() -> None:
    assert WORKER_ENVIRONMENT["ORT_DISABLE_TELEMETRY"] == "1"
