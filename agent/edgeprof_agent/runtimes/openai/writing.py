"""Answers of an endpoint for an evaluation: their text, cut at its stop texts, with fields that it may not take."""

import re
from collections.abc import Sequence

from edgeprof_agent.runtimes.openai.http import Reply
from edgeprof_agent.runtimes.openai.requests import Asking
from edgeprof_agent.worker_protocol.adapter import Generated, RuntimeFailure

MAX_STOPS = 4
"""As many as OpenAI's own API takes; the text is cut here at all of them."""

_REFUSED = re.compile(r" answered (?:400|422): (.*)", re.DOTALL)
"""As `Asking` has it: what else fails, or the URL, may hold a field's name and says nothing of it."""


class Writer:
    """A field that the endpoint refuses by name is left out from then on: some models take no temperature."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.refused: set[str] = set()

    def write(self, prompt: str, max_tokens: int, stop: Sequence[str], *, temperature: float, seed: int) -> Generated:
        """The answer to a user's message. Raises RuntimeFailure."""
        fields: dict[str, object] = {"temperature": temperature, "seed": seed}
        if stop:
            fields["stop"] = list(stop)[:MAX_STOPS]
        reply = self._asked(prompt, max_tokens, fields)
        text, was_cut = cut(reply.text, stop)
        tokens = Asking.usage(reply).completion_tokens
        ended = "stop" if was_cut else "limit" if tokens >= max_tokens else "end"
        first_ns = (reply.shown_ns or [reply.ended_ns])[0] - reply.started_ns
        return Generated(text, tokens, ended, first_ns, reply.ended_ns - reply.started_ns)

    def notes(self) -> list[str]:
        """What of the answers was not as the set asks: without its temperature they are the endpoint's own samples."""
        refused = ", ".join(sorted(self.refused))
        return [f"the endpoint refused {refused}: answers are by its own default there"] if refused else []

    def _asked(self, prompt: str, max_tokens: int, fields: dict[str, object]) -> Reply:
        while True:
            sent = {name: value for name, value in fields.items() if name not in self.refused}
            try:
                return self._asking.ask(prompt, max_tokens, sent)
            except RuntimeFailure as failure:
                refusal = _REFUSED.search(str(failure))
                named = {name for name in sent if refusal and re.search(rf"\b{name}\b", refusal[1])}
                if not named:
                    raise
                self.refused |= named


def cut(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """A text up to the first of its stop texts, and whether it has one.

    >>> cut("4\\n\\nQ: next", ["\\n\\n"])
    ('4', True)
    """
    places = [place for each in stop if each and (place := text.find(each)) >= 0]
    return (text[: min(places)], True) if places else (text, False)
