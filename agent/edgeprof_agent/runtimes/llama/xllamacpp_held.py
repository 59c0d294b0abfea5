"""A server of xllamacpp that ends only after it has answered: its end waits for its loop, which may not have begun.

Seen with xllamacpp 2026.10: a server that is dropped before its first request may wait in its destructor for ever.
A run that fails between loading and its first inference would then hang instead of telling why.
"""

from collections.abc import Callable

from edgeprof_agent.runtimes.llama.xllamacpp_api import LlamaServer, ServerReply

_SHORTEST: dict[str, object] = {"prompt": [0], "n_predict": 1, "cache_prompt": False, "temperature": 0}


class HeldServer:
    """Passes requests on; asks the shortest one itself when it goes before any other was asked.

    >>> server = HeldServer(api.Server(params))  # doctest: +SKIP
    >>> del server  # one token is generated, and the server ends  # doctest: +SKIP
    """

    def __init__(self, server: LlamaServer) -> None:
        self._server = server
        self._is_asked = False

    def handle_completions(
        self, request: dict[str, object], callback: Callable[[ServerReply], None] | None = None, /
    ) -> ServerReply | None:
        self._is_asked = True
        return (
            self._server.handle_completions(request, callback) if callback else self._server.handle_completions(request)
        )

    def __del__(self) -> None:
        if not self._is_asked:
            self.handle_completions(_SHORTEST)
