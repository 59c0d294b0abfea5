"""The lengths that a language model is measured at, as both bindings of llama.cpp take them from the job."""

from edgeprof_agent.worker_protocol.adapter import Lengths
from edgeprof_agent.worker_protocol.document import WorkerJob


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
