"""Every task's pipeline, by the task's name. A new one is a file of its own here and a line in this table."""

import importlib
from typing import cast

from edgeprof_agent.worker.evaluation.base import Pipeline, Question
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.reason import short_reason

_HERE = "edgeprof_agent.worker.evaluation"

PIPELINES: dict[str, str] = {
    # task: module:class, imported in the worker that needs it
    "image-classification": f"{_HERE}.image_classification:ImageClassificationPipeline",
    "key-word": f"{_HERE}.key_word:KeyWordPipeline",
    "object-detection": f"{_HERE}.object_detection:ObjectDetectionPipeline",
    "ocr": f"{_HERE}.ocr:OcrPipeline",
    "retrieval": f"{_HERE}.retrieval:RetrievalPipeline",
    "series-classification": f"{_HERE}.series_classification:SeriesClassificationPipeline",
    "voice-activity": f"{_HERE}.voice_activity:VoiceActivityPipeline",
    "multiple-choice": f"{_HERE}.multiple_choice:MultipleChoicePipeline",
    "exact-match": f"{_HERE}.generation:GenerationPipeline",
    "instructions": f"{_HERE}.generation:GenerationPipeline",
    "code": f"{_HERE}.code:CodePipeline",
    "perplexity": f"{_HERE}.perplexity:PerplexityPipeline",
    "divergence": f"{_HERE}.divergence:DivergencePipeline",
}


def made_pipeline(task: str, question: Question) -> Pipeline:
    """The task's pipeline, made. Raises RuntimeFailure; `bad_set` for a preparation with values of the wrong kind."""
    made = pipeline_of(task)
    try:
        return made(question)
    except (TypeError, ValueError) as error:
        raise RuntimeFailure("bad_set", f"The set's preparation does not fit: {short_reason(error)}.") from error


def pipeline_of(task: str) -> type[Pipeline]:
    """The class for a task. Raises RuntimeFailure for one that this agent has no pipeline for."""
    if task not in PIPELINES:
        raise RuntimeFailure(
            "unsupported_task", f"This agent cannot evaluate {task!r}. Tasks: {', '.join(PIPELINES)}. Update edgeprof."
        )
    module_name, _, class_name = PIPELINES[task].partition(":")
    return cast(type[Pipeline], getattr(importlib.import_module(module_name), class_name))
