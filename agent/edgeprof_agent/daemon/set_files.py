"""An evaluation set's files on disk: fetched, checked and evicted as a model's are, in the same store."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.wire.evaluation import EvaluationSetRef
from edgeprof.wire.identity import model_id
from edgeprof.wire.messages import Manifest
from edgeprof_agent.daemon.store import ModelStore
from edgeprof_agent.worker_protocol.progress import OnProgress


@dataclass(frozen=True)
class SetFiles:
    """The files of a set as the store takes them: under the hash of their list, as a model's."""

    name: str
    manifest: Manifest

    @property
    def model_id(self) -> str:
        """The place in the store. Not the set's id, which follows from the files' contents."""
        return model_id(self.manifest)


def of(evaluation_set: EvaluationSetRef) -> SetFiles:
    """The files that a job lists."""
    return SetFiles(evaluation_set.name, evaluation_set.manifest)


def prepare(
    store: ModelStore,
    evaluation_set: EvaluationSetRef,
    keep: Collection[str],
    cancelled: threading.Event,
    on_progress: OnProgress,
) -> Path:
    """The set's folder, complete, every byte checked now. What is named in `keep` is never evicted.

    Raises EdgeprofError whose code is a FailureCode.
    """
    from edgeprof.quality.file_index import INDEX_FILE, index_of, whole  # an idle agent need not hold it

    listed = of(evaluation_set)
    folder = store.prepare(listed, keep, cancelled, on_progress)
    if index_of(listed.manifest) is None:
        return folder
    try:
        everything = SetFiles(listed.name, whole(listed.manifest, (folder / INDEX_FILE).read_bytes()))
    except ValueError as error:
        raise EdgeprofError("not_a_model", f"The evaluation set {listed.name}: {error}.") from error
    return store.prepare(everything, {*keep, listed.model_id}, cancelled, on_progress)
