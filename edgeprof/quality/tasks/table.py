"""Every task, by name. A new one is a file of its own and a line here."""

from edgeprof.quality.tasks.base import QualityTask
from edgeprof.quality.tasks.image_classification import ImageClassification
from edgeprof.quality.tasks.series_classification import SeriesClassification

TASKS: dict[str, QualityTask] = {task.name: task for task in (ImageClassification(), SeriesClassification())}
