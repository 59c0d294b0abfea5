"""A server that goes before its first request is asked once: its end would wait for a loop that never began."""

from collections.abc import Callable

from edgeprof_agent.runtimes.llama.xllamacpp_api import ServerReply
from edgeprof_agent.runtimes.llama.xllamacpp_held import HeldServer


class Server:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.prompts: list[object] = []

    def handle_completions(
        self, request: dict[str, object], callback: Callable[[ServerReply], None] | None = None, /
    ) -> ServerReply | None:
        self.prompts.append(request["prompt"])
        return {}


def test_a_server_that_nobody_asked_is_asked_once_as_it_goes() -> None:
    server = Server()
    held = HeldServer(server)
    assert server.prompts == []
    del held
    assert server.prompts == [[0]]


def test_a_server_that_was_asked_goes_without_another_request() -> None:
    server = Server()
    held = HeldServer(server)
    held.handle_completions({"prompt": [1, 2]})
    del held
    assert server.prompts == [[1, 2]]
