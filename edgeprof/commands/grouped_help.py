"""`--help` of a command with many options: by subject, the most used first. A test holds each option to one group."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

OPTION_GROUPS: Mapping[str, Sequence[str]] = {
    # heading: names of parameters, in order
    "Set-up": (
        *("targets", "groups", "everywhere", "runtime", "threads", "provider", "memory_limit_mib"),
        "sandbox",
        "require_full_delegation",
    ),
    "Groups and thresholds": (
        *("canary", "stages", "success", "errors", "error_min", "max_slowdown", "max_p95_slowdown"),
        *("max_memory_growth", "no_compare", "reference"),
        *("compare_runs", "check_all", "no_gates", "approval", "start_at", "window"),
    ),
    "Repeats and order": ("repeats", "order_seed", "runs", "pause_s"),
    "Output": ("form", "verbose", "out", "samples_file", "as_json", "label", "no_wait"),
    "Flashing": ("no_run", "download_limit_mbps"),
    "Language models": ("prompt_tokens", "decode_tokens", "depth_tokens"),
    "Inputs of tensor models": ("shapes", "dims", "input_values", "signature"),
    "Time and precision": (
        *("warmup_runs", "warmup_limit_s", "window_s", "window_limit_s", "precision", "deadline_s", "cold_start"),
    ),
    "Sweeps and load": (
        *(
            "sweeps",
            "sweep_dims",
            "sweep_prompt_tokens",
            "sweep_depth",
            "arrival_rate_per_s",
            "open_loop_requests",
            "soak_s",
        ),
        "operators",
    ),
    "Heat and energy": ("start_below_c", "heat_wait_s", "energy", "energy_limit_s", "meters", "replay"),
    "Served models": ("endpoint", "endpoint_key_env"),
    "Evaluation": ("sets", "evaluate_only", "shots", "items"),
    "Names on the hub": ("name", "family", "quantization", "task"),
    "Hub": ("hub_url", "token_file"),
}
OTHER = "Options"


class GroupedCommand(click.Command):
    """A command whose help lists its options under the headings of OPTION_GROUPS.

    `as_in`: another command. Options that have the same names there are only named, save those in `shown`.
    """

    def __init__(self, *args: Any, as_in: str = "", shown: Collection[str] = (), **settings: Any) -> None:
        super().__init__(*args, context_settings={"max_content_width": 100}, **settings)
        self._as_in, self._shown = as_in, shown

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Those in no group come last, as `--help` itself."""
        options = {one.name: one for one in self.get_params(ctx) if isinstance(one, click.Option)}
        own = {*self._shown, *(one.name for one in [self.get_help_option(ctx)] if one)}
        named = [name for name in options if self._as_in and name not in own]
        hidden = [max(options.pop(name).opts, key=len) for name in named]
        records = {name: record for name, one in options.items() if (record := one.get_help_record(ctx))}
        for heading, names in OPTION_GROUPS.items():
            found = [records.pop(name) for name in names if name in records]
            if found:
                with formatter.section(heading):
                    formatter.write_dl(found)
        with formatter.section(OTHER):
            formatter.write_dl(list(records.values()))
        if hidden:
            with formatter.section(f"Also, as in `{self._as_in}`"):
                text = ", ".join(hidden)
                indent = " " * formatter.current_indent
                for line in textwrap.wrap(text, formatter.width - len(indent), break_on_hyphens=False):
                    formatter.write(f"{indent}{line}\n")
