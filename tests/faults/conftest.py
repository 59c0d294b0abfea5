"""The broker, the hub and the agents of tests/agent, for faults of the network and of the disk."""

from tests.agent.conftest import broker as broker
from tests.agent.conftest import hub as hub
from tests.agent.conftest import start as start
