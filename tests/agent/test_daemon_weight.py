"""What the agent's own process carries: neither numpy nor a runtime nor a web framework, and not too many modules."""

import json
import subprocess
import sys
from pathlib import Path

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
    "edgeprof_hub",
    "edgeprof_devices",
}
MODULE_BUDGET = 350

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
