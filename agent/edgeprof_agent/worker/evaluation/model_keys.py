"""How a model wants its inputs, which it brings itself: `model.preparation.json` next to `model.onnx`.

Its keys come before the set's: one set serves models that see and hear differently. Keys of the set's own data and of
its judgement stay with the set.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from edgeprof.quality.evaluation_set import SetFacts
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

SUFFIX = ".preparation.json"
OF_THE_SET = frozenset({"array", "documents", "examples", "ignore", "tolerance_s"})


def with_model_keys(facts: SetFacts, model_files: Sequence[Path]) -> SetFacts:
    """The facts with the model's own preparation. Raises RuntimeFailure `bad_set` where that cannot be used."""
    found = next((path for path in model_files if path.name.endswith(SUFFIX)), None)
    if found is None:
        return facts
    try:
        keys = json.loads(found.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RuntimeFailure("bad_set", f"Cannot read the model's {found.name}: {error}.") from error
    if not isinstance(keys, dict) or (taken := OF_THE_SET & set(cast(dict[str, Any], keys))):
        what = "is not a JSON object" if not isinstance(keys, dict) else f"has {', '.join(sorted(taken))}"  # pyright: ignore
        raise RuntimeFailure(
            "bad_set", f"The model's {found.name} {what}. Write the keys of its input and output only."
        )
    return replace(facts, preparation={**facts.preparation, **keys})
