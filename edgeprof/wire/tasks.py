"""What a model is for: a closed list, because the cloud baseline of its cost follows from it."""

from typing import Literal, get_args

Task = Literal[
    "image-classification",
    "object-detection",
    "segmentation",
    "landmark-detection",
    "file-type",
    "text",
    "llm",
    "other",
]

TASKS: tuple[str, ...] = get_args(Task)
