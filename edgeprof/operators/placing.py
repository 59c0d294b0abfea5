"""A node under the roofline: what bounds it, and how near to that bound it runs.

Williams, Waterman, Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009: attainable
operations a second = min(peak, bandwidth x intensity).
"""

from typing import Literal

import msgspec

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.counting import FLOP_PER_MAC, macs
from edgeprof.operators.recorded import NodeRun
from edgeprof.operators.traffic import bytes_moved

Bound = Literal["compute", "memory"]


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its work. None: not known."""

    node: NodeRun
    flop: int | None
    bytes: int | None
    bound: Bound | None = None
    share: float | None = None
    """Of the bound: 0.71 is 71 % of the peak or of the bandwidth. Above 1 the data came from a cache."""

    @property
    def gflop_s(self) -> float | None:
        """Achieved."""
        return self.flop / self.node.time_ns if self.flop and self.node.time_ns else None

    @property
    def gb_s(self) -> float | None:
        """Achieved."""
        return self.bytes / self.node.time_ns if self.bytes and self.node.time_ns else None

    @property
    def intensity(self) -> float | None:
        """Operations a byte."""
        return self.flop / self.bytes if self.flop is not None and self.bytes else None

    @property
    def bound_ns(self) -> float | None:
        """What the node would take at its bound; None where the bound is not known, and where it is faster."""
        return self.node.time_ns * self.share if self.share is not None and self.share < 1 else None


def place(node: NodeRun, ceiling: Ceiling | None) -> Placed:
    """Compute-bound where the arithmetic alone takes longer at the peak than the bytes at the bandwidth.

    >>> from edgeprof.operators.recorded import TensorInfo
    >>> x = TensorInfo(type="float", shape=(1000,), bytes=4000)
    >>> node = NodeRun(name="r", op="Relu", place="cpu", time_ns=1000, inputs=(x,), outputs=(x,))
    >>> ceiling = Ceiling(runtime="onnxruntime", runtime_version="1", threads=1, bandwidth_gb_s=10.0,
    ...     peak_gflop_s={"fp32": 100.0}, measured_at="")
    >>> found = place(node, ceiling)
    >>> found.bound, found.share
    ('memory', 0.8)
    """
    multiplied = macs(node)
    flop = None if multiplied is None else FLOP_PER_MAC * multiplied
    moved = bytes_moved(node)
    bare = Placed(node=node, flop=flop, bytes=moved)
    if ceiling is None or flop is None or moved is None or not node.time_ns or not (flop or moved):
        return bare
    memory_ns = moved / ceiling.bandwidth_gb_s
    peak = ceiling.peak_gflop_s.get(node.precision)
    if flop and peak is None:
        return bare
    compute_ns = flop / peak if peak else 0.0
    bound: Bound = "compute" if compute_ns > memory_ns else "memory"
    return Placed(node=node, flop=flop, bytes=moved, bound=bound, share=max(compute_ns, memory_ns) / node.time_ns)
