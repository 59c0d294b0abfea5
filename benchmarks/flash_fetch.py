"""One download as the agent makes it, in a process of its own: prints seconds and CPU seconds as JSON.

python -m benchmarks.flash_fetch URL SHA256 SIZE_BYTES FILE
"""

import json
import resource
import sys
import threading
import time
from pathlib import Path

from edgeprof.net.backoff import Backoff
from edgeprof.wire.messages import FileRef
from edgeprof_agent.config import DownloadLimits
from edgeprof_agent.daemon.download import download
from edgeprof_agent.daemon.http import HubHttp

HASTY = Backoff(min_s=0.01, max_s=0.01)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """The download alone is timed; the flush to disk is a part of it."""
    url, sha256, size, target = sys.argv[1:]
    file, limits = FileRef(path="model.onnx", sha256=sha256, size=int(size)), DownloadLimits(backoff=HASTY)
    cpu_s, start_s = _cpu_s(), time.perf_counter()
    download(HubHttp(url), file, Path(target), limits, threading.Event(), lambda _done: None)
    print(json.dumps({"wall_s": time.perf_counter() - start_s, "cpu_s": _cpu_s() - cpu_s}))


if __name__ == "__main__":
    main()
