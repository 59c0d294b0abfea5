"""What the options of `profile` and `calibrate` come to, and what is refused."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import Manifest, RunConfig, RunProtocol
from edgeprof_agent.commands.profile_options import measuring_options
from edgeprof_agent.commands.profile_request import ProfileRequest, parse_options


def ask(*arguments: str) -> ProfileRequest:
    found: list[ProfileRequest] = []

    @click.command()
    @measuring_options
    def command(**options: Any) -> None:
        found.append(parse_options(options))

    done = CliRunner().invoke(command, arguments)
    if isinstance(done.exception, UsageError):
        raise done.exception
    if done.exit_code:
        raise ValueError(done.output)
    return found[0]


def test_without_options_the_contract_speaks() -> None:
    assert ask().run.protocol == RunProtocol(energy=False)
    assert ask().run.config == RunConfig(runtime="")
    assert (ask().axes.runtimes, ask().axes.threads, ask().axes.providers) == ((), (0,), ("cpu",))


def test_every_option_arrives() -> None:
    protocol = ask(
        *("--precision", "0.03", "--window-limit-s", "30", "--warmup-limit-s", "1", "--no-cold-start", "--soak", "60"),
        *("--start-below-c", "50", "--heat-wait-s", "20", "--warmup", "3", "--window-s", "4"),
        *("--sweep-prompt-tokens", "128,512", "--sweep-depth", "0,2048"),
    ).run.protocol
    assert protocol == RunProtocol(
        precision=0.03,
        energy=False,
        window_s=4,
        window_limit_s=30,
        warmup_runs=3,
        warmup_limit_s=1,
        cold_start=False,
        soak_s=60,
        start_below_c=50,
        heat_wait_s=20,
        deadline_s=300,
        sweep=(
            SweepAt(prompt_tokens=128),
            SweepAt(prompt_tokens=512),
            SweepAt(depth_tokens=0),
            SweepAt(depth_tokens=2048),
        ),
    )
    config = ask("--rate", "12.5", "--depth-tokens", "64", "--require-full-delegation").run.config
    assert (config.arrival_rate_per_s, config.depth_tokens, config.require_full_delegation) == (12.5, 64, True)


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [
        ((), False),
        (("--energy",), True),
        (("--meter", "tasmota:plug@192.0.2.1"), True),
        (("--meter", "tasmota:plug@192.0.2.1", "--no-energy"), False),
        (("--replay", "."), True),
    ],
)
def test_energy_is_measured_where_an_option_asks_for_it(arguments: tuple[str, ...], measured: bool) -> None:
    assert ask(*arguments).run.protocol.energy is measured


def test_a_window_longer_than_the_usual_limit_moves_it() -> None:
    assert ask("--window-s", "30").run.protocol.window_limit_s == 30


def test_values_may_be_repeated_and_count_once() -> None:
    axes = ask("--threads", "1", "--threads", "2", "--threads", "1", "--provider", "cuda").axes
    assert (axes.threads, axes.providers) == ((1, 2), ("cuda",))


@pytest.mark.parametrize("option", ["--label", "--name"])
def test_a_label_goes_to_the_protocol_and_to_no_key(option: str) -> None:
    labelled = ask(option, "new heat sink").run
    assert labelled.protocol == RunProtocol(label="new heat sink", energy=False)
    assert labelled.config == ask().run.config


@pytest.mark.parametrize(
    "arguments",
    [
        ("--label", "x" * 81),
        ("--name", "two\nlines"),
        ("--precision", "0"),
        ("--precision", "nan"),
        ("--window-limit-s", "-1"),
        ("--warmup-limit-s", "inf"),
        ("--soak", "1"),
        ("--soak", "nan"),
        ("--rate", "0"),
        ("--rate", "-3"),
        ("--rate", "nan"),
        ("--depth-tokens", "-1"),
        ("--sweep-prompt-tokens", "0,1"),
        ("--sweep-prompt-tokens", "512,128"),
        ("--sweep-prompt-tokens", "128,128"),
        ("--sweep-depth", "0,,2"),
        ("--sweep-depth", "a"),
        ("--sweep-depth", "1e9"),
        ("--sweep-depth", "0,999999999"),
        ("--sweep-depth", ",".join(str(number) for number in range(65))),
        ("--start-below-c", "nan"),
        ("--heat-wait-s", "-1"),
    ],
)
def test_nonsense_is_refused_by_name(arguments: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="--label" if arguments[0] == "--name" else arguments[0]):
        ask(*arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--window-s", "5", "--window-limit-s", "4"), "below --window-s"),
        (("--heat-wait-s", "5"), "--start-below-c"),
    ],
)
def test_options_that_contradict_each_other_are_refused(arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ask(*arguments)


@pytest.mark.parametrize("arguments", [("--input", "n=5"), ("--dim", "n=5"), ("--input-shape", "n=1,5")])
def test_what_is_chosen_for_inputs_is_refused_for_a_language_model(arguments: tuple[str, str]) -> None:
    """It would be ignored, and the run would be of another configuration."""
    file = ModelFile("gguf", Manifest(entry="m.gguf", files=()), Path())
    with pytest.raises(UsageError, match=f"m.gguf is a language model, .* leave {arguments[0]} out") as refused:
        ask(*arguments).run_of(file)
    assert refused.value.code == "bad_input"
