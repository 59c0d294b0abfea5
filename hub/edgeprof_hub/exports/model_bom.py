"""A model's bill of materials (ML-BOM): CycloneDX 1.6 as JSON. Pure; what is not known is left out.

Source of the form: https://cyclonedx.org/docs/1.6/json/, `component.modelCard` above all.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from edgeprof.version import __version__
from edgeprof.wire import rest
from edgeprof.wire.identity import canonical_json, sha256_hex
from edgeprof.wire.messages import FileRef

Json = dict[str, Any]
MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.6"
_SPACE = uuid.UUID("5b1f6a52-6d0c-4c1e-9d6b-3f6f2f1f7c11")
"""Of serial numbers: the same contents have the same one."""
SPDX_IDS = frozenset(
    (
        *("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "AGPL-3.0-only", "GPL-3.0-only"),
        *("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-3.0", "Unlicense"),
    )
)
"""Of the list at spdx.org those that models and sets have; the form takes no other text as an id."""
UNKNOWN = "unknown"


def model_bom(
    model: rest.ModelRecord,
    evaluations: Sequence[rest.EvaluationRecord],
    sets: Mapping[str, rest.EvaluationSetRecord],
    now_s: float,
) -> Json:
    """The document. `evaluations`: of this model, newest first; `sets` by id. `now_s`: Unix time of the document."""
    used = _used_sets(evaluations, sets)
    files = [_file(file) for file in model.manifest.files]
    subject = _subject(model, evaluations, used)
    body: Json = {
        "components": [*files, *(_dataset(one) for one in used)],
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": [one["bom-ref"] for one in files]}],
    }
    serial = uuid.uuid5(_SPACE, sha256_hex(canonical_json([subject, body])))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s)),
            "tools": {"components": [{"type": "application", "name": "edgeprof", "version": __version__}]},
            "component": subject,
        },
        **body,
    }


def _subject(
    model: rest.ModelRecord, evaluations: Sequence[rest.EvaluationRecord], used: Sequence[rest.EvaluationSetRecord]
) -> Json:
    known = {
        "edgeprof:model_id": model.model_id,
        "edgeprof:format": model.format,
        "edgeprof:variant": model.variant,
        "edgeprof:quantization": "" if model.quantization == UNKNOWN else model.quantization,
        "edgeprof:parameters": _text(model.parameters),
        "edgeprof:context_tokens": _text(model.context_tokens),
        "edgeprof:source": model.source,
        "edgeprof:unconfirmed": ", ".join(model.proposed),
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model.model_id}",
        "group": model.family,
        "name": model.name,
        "version": model.model_id[:12],
        **_hash_of_one(model.manifest.files),
        **_licences(model.licence),
        "modelCard": _card(model, evaluations, used),
        "properties": [{"name": name, "value": value} for name, value in known.items() if value],
    }


def _hash_of_one(files: Sequence[FileRef]) -> Json:
    """Of a model in several files, each has its own; there is none of the whole but the model id."""
    return {"hashes": _hashes(files[0].sha256)} if len(files) == 1 else {}


def _card(
    model: rest.ModelRecord, evaluations: Sequence[rest.EvaluationRecord], used: Sequence[rest.EvaluationSetRecord]
) -> Json:
    parameters: Json = {
        "task": model.task,
        "datasets": [{"ref": f"set:{one.set_id}"} for one in used],
        "inputs": [{"format": f"{name}{list(shape)}"} for name, shape in model.input_shapes.items()],
    }
    metrics = [_metric(one) for one in evaluations if one.metric is not None and one.value is not None]
    card: Json = {"modelParameters": {name: value for name, value in parameters.items() if value}}
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    return card


def _metric(one: rest.EvaluationRecord) -> Json:
    """What was found on a device, with its 95 % interval. What is not real hardware's is named so."""
    where = f"{one.set_name}, {one.answered} of {one.asked} items, {one.runtime or 'runtime not reported'}"
    found: Json = {
        "type": one.metric,
        "value": f"{one.value:g}",
        "slice": f"{where}, device {one.device_id}{f', {one.unreal}' if one.unreal else ''}",
    }
    if one.ci_low is not None and one.ci_high is not None:
        found["confidenceInterval"] = {"lowerBound": f"{one.ci_low:g}", "upperBound": f"{one.ci_high:g}"}
    return found


def _used_sets(
    evaluations: Sequence[rest.EvaluationRecord], sets: Mapping[str, rest.EvaluationSetRecord]
) -> list[rest.EvaluationSetRecord]:
    ids = dict.fromkeys(one.set_id for one in evaluations)
    return [sets[set_id] for set_id in ids if set_id in sets]


def _dataset(one: rest.EvaluationSetRecord) -> Json:
    return {
        "type": "data",
        "bom-ref": f"set:{one.set_id}",
        "name": one.name,
        "version": one.set_id[:12],
        "description": f"Evaluation set: {one.task}, {one.items} items.",
        "hashes": _hashes(one.set_id),
        **_licences(one.licence),
        "data": [{"type": "dataset", "name": one.name}],
        **({"properties": [{"name": "edgeprof:source", "value": one.source}]} if one.source else {}),
    }


def _file(file: FileRef) -> Json:
    return {
        "type": "file",
        "bom-ref": f"file:{file.path}",
        "name": file.path,
        "hashes": _hashes(file.sha256),
        "properties": [{"name": "edgeprof:size_bytes", "value": str(file.size)}],
    }


def _hashes(sha256: str) -> list[Json]:
    return [{"alg": "SHA-256", "content": sha256}]


def _licences(licence: str) -> Json:
    if not licence or licence == UNKNOWN:
        return {}
    return {"licenses": [{"license": {"id" if licence in SPDX_IDS else "name": licence}}]}


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
