"""Every perturbation, by name. A new one is a file of its own and a line here."""

from edgeprof.quality.perturbations.base import Perturbation
from edgeprof.quality.perturbations.blur import BLUR
from edgeprof.quality.perturbations.brightness import BRIGHTNESS
from edgeprof.quality.perturbations.distractors import DISTRACTORS
from edgeprof.quality.perturbations.gain import GAIN
from edgeprof.quality.perturbations.hiss import HISS
from edgeprof.quality.perturbations.jpeg import JPEG
from edgeprof.quality.perturbations.letter_case import LETTER_CASE
from edgeprof.quality.perturbations.look_alikes import LOOK_ALIKES
from edgeprof.quality.perturbations.noise import NOISE
from edgeprof.quality.perturbations.occlusion import OCCLUSION
from edgeprof.quality.perturbations.option_order import OPTION_ORDER
from edgeprof.quality.perturbations.paraphrase import PARAPHRASE
from edgeprof.quality.perturbations.repeats import REPEATS
from edgeprof.quality.perturbations.resampling import RESAMPLING
from edgeprof.quality.perturbations.typos import TYPOS
from edgeprof.quality.perturbations.whitespace import WHITESPACE

PERTURBATIONS: dict[str, Perturbation] = {
    kind.name: kind
    for kind in (
        *(NOISE, BLUR, BRIGHTNESS, JPEG, OCCLUSION),
        *(HISS, GAIN, RESAMPLING),
        *(TYPOS, LETTER_CASE, LOOK_ALIKES, WHITESPACE, DISTRACTORS, PARAPHRASE),
        *(OPTION_ORDER, REPEATS),
    )
}
