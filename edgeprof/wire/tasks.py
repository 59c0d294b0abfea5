"""What a model is for: a closed list, because the cloud baseline of its cost follows from it."""

from typing import Literal, get_args

Task = Literal[
    "image-classification",
    "object-detection",
    "segmentation",
    "landmark-detection",
    "file-type",
    "text",
    "embedding",
    "speech-recognition",
    "llm",
    "other",
]

TASKS: tuple[str, ...] = get_args(Task)


def task_of(text: str) -> Task:
    """The task of this name. Raises ValueError for another text."""
    for task in get_args(Task):
        if task == text:
            return task
    raise ValueError(f"{text[:80]!r} is not a task")
