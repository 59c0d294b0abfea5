"""Every maker, by the name that recipes use."""

from edgeprof.quality.packaged.makers import code, images, prose, questions, scenes, series, speech
from edgeprof.quality.packaged.makers.base import Maker

MAKERS: dict[str, Maker] = {
    "choices": questions.choices,
    "csv-images": images.csv_images,
    "descriptions": code.descriptions,
    "digit-lines": scenes.digit_lines,
    "digit-scenes": scenes.digit_scenes,
    "gsm8k": questions.gsm8k,
    "hellaswag": questions.hellaswag,
    "idx-images": images.idx_images,
    "pieces": prose.pieces,
    "programs": code.programs,
    "speech-in-noise": speech.speech_in_noise,
    "statement-kinds": questions.statement_kinds,
    "theory-of-mind": questions.theory_of_mind,
    "ts-series": series.ts_series,
}
