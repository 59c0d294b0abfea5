"""What the agent's own process carries: neither numpy nor a runtime nor a web framework, and not too many modules."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

from edgeprof_hub.identity import certificates

HEAVY = {
    "numpy",
    "pydantic",
    "fastapi",
    "starlette",
    "jinja2",
    "sqlite_utils",
    "yaml",
    "onnxruntime",
    "ai_edge_litert",
    "llama_cpp",
    "xllamacpp",
    "asyncio",
    "cryptography",
    "edgeprof_hub",
    "edgeprof_devices",
}
MODULE_BUDGET = 350
OF_ONE_THAT_JOINED = 10
"""More, for its certificate."""

START = """
import json, sys
from pathlib import Path
from edgeprof_agent import config
from edgeprof_agent.commands import agent as command
from edgeprof_agent.daemon.agent import Agent
settings = config.load({"hub": "http://127.0.0.1:1", "data": sys.argv[1]}, {})
machine = command.this_machine(settings)
agent = Agent(settings, machine)
machine.facts(agent.identity)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_agents_process_stays_light(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    modules: list[str] = json.loads(run.stdout)
    assert HEAVY & {name.partition(".")[0] for name in modules} == set()
    assert len(modules) <= MODULE_BUDGET


def test_the_process_of_an_agent_that_has_joined_stays_light(tmp_path: Path) -> None:
    ca = certificates.new_ca(dt.datetime.now(dt.timezone.utc))
    key = certificates.new_key()
    made = certificates.device_certificate(ca, key.public_key(), "d-00", dt.datetime.now(dt.timezone.utc))
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity/ca.pem").write_text(certificates.pem_of(ca.certificate))
    (tmp_path / "identity/device.key").write_text(certificates.private_pem(key))
    (tmp_path / "identity/device.pem").write_text(certificates.pem_of(made))
    start = START.replace("http://", "https://").replace("print(", "agent._renewal.look()\nprint(")
    run = subprocess.run(
        [sys.executable, "-c", start, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    modules: list[str] = json.loads(run.stdout)
    assert "edgeprof.net.x509" in modules
    assert HEAVY & {name.partition(".")[0] for name in modules} == set()
    assert len(modules) <= MODULE_BUDGET + OF_ONE_THAT_JOINED
