"""Every generator, by name. A new one is a file of its own and a line here."""

from edgeprof.quality.generated.arithmetic import ARITHMETIC
from edgeprof.quality.generated.base import Generator
from edgeprof.quality.generated.bias_pairs import BIAS_PAIRS
from edgeprof.quality.generated.hops import HOPS
from edgeprof.quality.generated.key_value import KEY_VALUE
from edgeprof.quality.generated.needle import NEEDLE
from edgeprof.quality.generated.ordering import ORDERING
from edgeprof.quality.generated.paraphrases import PARAPHRASES

GENERATORS: dict[str, Generator] = {
    kind.name: kind for kind in (NEEDLE, KEY_VALUE, HOPS, ARITHMETIC, ORDERING, PARAPHRASES, BIAS_PAIRS)
}
