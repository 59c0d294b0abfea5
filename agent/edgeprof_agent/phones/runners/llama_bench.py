"""llama.cpp's `llama-bench`. It times whole prompts and whole generations, never single tokens.

Source: llama.cpp tools/llama-bench/README.md: `-o json` prints a list of tests with `n_prompt`, `n_gen`, `n_threads`
and `samples_ns`, one of a repetition.
"""

import statistics

import msgspec

from edgeprof.wire.formats import ModelFormat
from edgeprof.wire.messages import Failure, RunConfig, RunProtocol
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.phones.runners.base import Ran, Report, UnreadReport, refused_setting

_REPETITIONS = 5
_NS_PER_S = 1e9
_WHOLE = "llama-bench times whole generations, not single tokens"


class _Test(msgspec.Struct):
    """One of the list; what else it says is in the artifact."""

    n_prompt: int
    n_gen: int
    n_threads: int
    samples_ns: list[int]
    build_commit: str = "unknown"
    backends: str = "unknown"


class LlamaBench:
    """One model, random tokens, the CPU."""

    name = "llama-bench"
    formats: tuple[ModelFormat, ...] = ("gguf",)

    def arguments(self, model: str, config: RunConfig, protocol: RunProtocol) -> list[str]:
        return [
            *("-m", model, "-o", "json", "-r", str(_REPETITIONS), "-ngl", "0"),
            *("-p", str(config.prompt_tokens), "-n", str(config.decode_tokens)),
            *(("-d", str(config.depth_tokens)) if config.depth_tokens else ()),
            *(("-t", str(config.threads)) if config.threads else ()),
        ]

    def refusal(self, config: RunConfig) -> Failure | None:
        return refused_setting(config, self.name)

    def read(self, report: Report, config: RunConfig, figures: Figures) -> Ran:
        try:
            tests = msgspec.json.decode(report.out, type=list[_Test])
        except msgspec.MsgspecError as error:
            raise UnreadReport(str(error)) from error
        prompts = next((each for each in tests if each.n_prompt and not each.n_gen and each.samples_ns), None)
        answers = next((each for each in tests if each.n_gen and not each.n_prompt and each.samples_ns), None)
        if prompts is None or answers is None:
            raise UnreadReport("it lacks the test of the prompt, or that of the generation")
        _add(figures, "prefill_tokens_per_s", prompts.n_prompt, prompts.samples_ns)
        _add(figures, "decode_tokens_per_s", answers.n_gen, answers.samples_ns)
        for metric in ("ttft_ms", "inter_token_p50_ms", "inter_token_p95_ms", "inter_token_p99_ms"):
            figures.miss(metric, _WHOLE)
        figures.miss("load_ms", "llama-bench does not report the time to load")
        figures.miss("peak_memory_mib", "llama-bench does not report memory")
        build = f"llama.cpp {answers.build_commit}, backends {answers.backends}, {answers.n_threads} threads"
        return Ran(notes=(build, "tokens are made up; tokenizer and sampler are not timed"))


def _add(figures: Figures, metric: str, tokens: int, samples_ns: list[int]) -> None:
    """The median of the repetitions. So few of them make no interval."""
    why = f"llama-bench repeated it {len(samples_ns)} times, too few for an interval"
    figures.add(metric, tokens * _NS_PER_S / statistics.median(samples_ns), n=len(samples_ns), no_interval=why)
