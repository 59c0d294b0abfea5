"""Every task, by name. A new one is a file of its own and a line here."""

from edgeprof.quality.tasks.base import QualityTask
from edgeprof.quality.tasks.image_classification import ImageClassification
from edgeprof.quality.tasks.key_word import KeyWord
from edgeprof.quality.tasks.object_detection import ObjectDetection
from edgeprof.quality.tasks.ocr import Ocr
from edgeprof.quality.tasks.retrieval import Retrieval
from edgeprof.quality.tasks.series_classification import SeriesClassification
from edgeprof.quality.tasks.voice_activity import VoiceActivity

TASKS: dict[str, QualityTask] = {
    task.name: task
    for task in (
        ImageClassification(),
        SeriesClassification(),
        ObjectDetection(),
        Ocr(),
        KeyWord(),
        VoiceActivity(),
        Retrieval(),
    )
}
