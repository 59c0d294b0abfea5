"""What a search can look at."""

from typing import Literal

BisectMetric = Literal["latency", "ttft", "prefill", "decode", "memory", "energy", "answers"]
