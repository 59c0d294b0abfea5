"""One estimate for a model and a configuration: the engine's dry run first, a formula where there is none."""

from dataclasses import dataclass

from edgeprof.fit.estimate import Estimate
from edgeprof.fit.formula import formula_estimate
from edgeprof.fit.from_engine import llama_estimate, tensor_estimate
from edgeprof.modelfiles import ModelFile
from edgeprof.modelfiles.context_length import needed_tokens
from edgeprof.modelfiles.memory_facts import MemoryFacts, memory_facts
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.fitting.running import dry_run

MAX_SHARE = 0.8
"""Of the memory that is free here. A model whose files are larger is not loaded for a dry run."""


@dataclass(frozen=True)
class Estimated:
    """`note` says why a formula stands in the place of the engine; `unknown`, why there is no estimate."""

    facts: MemoryFacts
    context_tokens: int
    estimate: Estimate | None
    note: str = ""
    unknown: str = ""


def estimate(file: ModelFile, config: RunConfig, free_mib: float, *, may_run: bool = True) -> Estimated:
    """`free_mib`: what a dry run may take here. `may_run` False: by formula. Raises ModelFileError for a cut file."""
    facts = memory_facts(file.format, file.manifest, lambda path: file.folder / path)
    tokens = needed_tokens(config) if is_language(file.format) else 0
    note = "--no-dry-run was given"
    if may_run and facts.language is None and facts.file_mib > MAX_SHARE * free_mib:
        note = f"its {facts.file_mib:,.0f} MiB are more than this machine can load"
    elif may_run:
        dry = dry_run(file, config, MAX_SHARE * free_mib)
        if dry.run is not None:
            by_engine = llama_estimate(dry.run, facts.weights_mib) if facts.language else tensor_estimate(dry.run)
            return Estimated(facts, tokens, by_engine)
        if dry.code not in ("", "out_of_memory", "crash", "runtime_missing"):
            return Estimated(facts, tokens, None, unknown=dry.reason)
        note = dry.reason
    found = formula_estimate(facts, config.runtime, tokens)
    unknown = "" if found else f"The memory of {config.runtime} is not known. Use `edgeprof profile`."
    return Estimated(facts, tokens, found, note, unknown)
