"""The lengths that a language model is measured at, as both bindings of llama.cpp take them from the job."""

from edgeprof_agent.worker_protocol.adapter import Lengths
from edgeprof_agent.worker_protocol.document import WorkerJob

FIRST_ID, MAX_ID = 100, 1000
"""Of a random prompt: any thousand words take the same time, and a run keeps the prompts of earlier releases."""


def first_lengths(job: WorkerJob) -> Lengths:
    """The run's own. A start with cold files has no depth: filling the memory would read every weight before."""
    depth = 0 if job["course"] == "cold" else job["config"].depth_tokens
    return Lengths(job["config"].prompt_tokens, job["config"].decode_tokens, depth)


def inputs_of(lengths: Lengths) -> dict[str, str]:
    """What is fed, in words."""
    depth = {"depth": f"tokens[{lengths.depth_tokens}]"} if lengths.depth_tokens else {}
    return {
        "prompt": f"tokens[{lengths.prompt_tokens}]",
        "generated": f"tokens[{lengths.decode_tokens}]",
        **depth,
    }


def too_long(tokens: int, trained: int) -> str:
    """Why a length is refused."""
    return (
        f"Depth plus prompt or generation need a context of {tokens} tokens, but the model was trained for {trained}."
    )


def prompt_ids(vocabulary: int | None) -> range:
    """The ids that a random prompt is made of: all of the vocabulary, but for its first ones, which are often signs.

    `vocabulary` is its number of words, None where the file does not say: then ids that all but the smallest have.

    >>> prompt_ids(512), prompt_ids(64)
    (range(100, 512), range(32, 64))
    """
    words = max(1, vocabulary or MAX_ID)
    return range(min(FIRST_ID, words // 2), min(words, MAX_ID))
