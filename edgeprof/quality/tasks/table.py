"""Every task, by name. A new one is a file of its own and a line here."""

from edgeprof.quality.tasks.base import QualityTask
from edgeprof.quality.tasks.code import Code
from edgeprof.quality.tasks.divergence import Divergence
from edgeprof.quality.tasks.exact_match import ExactMatch
from edgeprof.quality.tasks.image_classification import ImageClassification
from edgeprof.quality.tasks.instructions import Instructions
from edgeprof.quality.tasks.key_word import KeyWord
from edgeprof.quality.tasks.multiple_choice import MultipleChoice
from edgeprof.quality.tasks.object_detection import ObjectDetection
from edgeprof.quality.tasks.ocr import Ocr
from edgeprof.quality.tasks.perplexity import Perplexity
from edgeprof.quality.tasks.retrieval import Retrieval
from edgeprof.quality.tasks.series_classification import SeriesClassification
from edgeprof.quality.tasks.voice_activity import VoiceActivity

_ALL: tuple[QualityTask, ...] = (
    ImageClassification(),
    SeriesClassification(),
    ObjectDetection(),
    Ocr(),
    KeyWord(),
    VoiceActivity(),
    Retrieval(),
    MultipleChoice(),
    ExactMatch(),
    Instructions(),
    Code(),
    Perplexity(),
    Divergence(),
)

TASKS: dict[str, QualityTask] = {task.name: task for task in _ALL}
