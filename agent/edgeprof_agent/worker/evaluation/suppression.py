"""Non-maximum suppression: of boxes of one class that cover each other, the likeliest stays. Imports numpy."""

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.tensors import Floats

MAX_CANDIDATES = 30_000
"""The likeliest so many are looked at, as Ultralytics has it (`max_nms`)."""


def suppressed(
    boxes: Floats, scores: Floats, labels: npt.NDArray[np.int64], max_iou: float, max_found: int
) -> npt.NDArray[np.int64]:
    """The places of the boxes that stay, the likeliest first; at most `max_found`. Boxes: [n, 4] as x1, y1, x2, y2.

    A box goes where one of its class that stays covers it with an IoU above `max_iou`.
    """
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    staying: list[int] = []
    while len(order) and len(staying) < max_found:
        best, rest = order[0], order[1:]
        staying.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        iou = shared / np.maximum(areas[best] + areas[rest] - shared, 1e-9)
        order = rest[(iou <= max_iou) | (labels[rest] != labels[best])]
    return np.array(staying, np.int64)
