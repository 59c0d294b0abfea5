"""Log lines that any stranger can cause: each at most once a minute."""

import logging
import time

LOG_EVERY_S = 60.0
ACCEPT_FAILED = "socket.accept() out of system resource"
"""asyncio logs it with a traceback for each of the connections that wait: tens of thousands of lines a second."""


class Quiet(logging.Filter):
    """Lets through a line that any stranger can cause once a minute, without its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._last_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        text = record.getMessage()
        kind = ACCEPT_FAILED if text.startswith(ACCEPT_FAILED) else text
        if kind != ACCEPT_FAILED and record.levelno != logging.WARNING:
            return True
        now_s = time.monotonic()
        if now_s - self._last_s.get(kind, -LOG_EVERY_S) < LOG_EVERY_S:
            return False
        self._last_s = {key: at for key, at in self._last_s.items() if now_s - at < LOG_EVERY_S} | {kind: now_s}
        if kind == ACCEPT_FAILED:
            record.msg, record.args, record.exc_info = f"{kind}; more of these within a minute are left out", (), None
        return True


def quiet_logs() -> None:
    """What uvicorn and asyncio write about connections."""
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(Quiet())
