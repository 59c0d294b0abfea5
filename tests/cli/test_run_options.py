"""The options of `profile`, `calibrate` and `flash` come from the fields of a run request, under the names they had."""

import click
import pytest

from edgeprof.commands.hub import flash
from edgeprof.wire import rest
from edgeprof.wire.run_field import Described, Surface, fields_of
from edgeprof.wire.run_request import RunConfig, RunProtocol
from edgeprof_agent.commands.calibrate import calibrate
from edgeprof_agent.commands.profile import profile

COMMON = {
    *("--runtime", "--threads", "--provider", "--input-shape", "--prompt-tokens", "--decode-tokens", "--depth-tokens"),
    *(
        "--dim",
        "--input",
        "--rate",
        "--require-full-delegation",
        "--precision",
        "--sweep",
        "--sweep-dim",
        "--sweep-prompt-tokens",
    ),
    *("--sweep-depth", "--soak", "--energy", "--no-energy", "--energy-limit-s", "--start-below-c"),
}
HERE = {
    *("--warmup", "--warmup-limit-s", "--window-s", "--window-limit-s", "--deadline-s", "--no-cold-start"),
    "--heat-wait-s",
}
COMMANDS: list[tuple[click.Command, Surface, tuple[type, ...]]] = [
    (profile, "profile", (RunConfig, RunProtocol)),
    (calibrate, "profile", (RunConfig, RunProtocol)),
    (flash, "flash", (rest.CampaignRequest, RunProtocol)),
]


def options_of(command: click.Command) -> dict[str, click.Option]:
    found = [option for option in command.params if isinstance(option, click.Option)]
    return {flag: option for option in found for flag in (*option.opts, *option.secondary_opts)}


def test_the_names_of_options_are_those_of_before() -> None:
    assert options_of(flash).keys() >= COMMON | {"--repeats"}
    assert options_of(profile).keys() >= COMMON | HERE
    assert options_of(calibrate).keys() >= COMMON | HERE
    assert not options_of(flash).keys() & HERE


@pytest.mark.parametrize(("command", "surface", "kinds"), COMMANDS, ids=lambda value: getattr(value, "name", ""))
def test_each_field_of_a_run_is_an_option_or_names_why_not(
    command: click.Command, surface: Surface, kinds: tuple[type, ...]
) -> None:
    options = options_of(command)
    for each in (each for kind in kinds for each in fields_of(kind)):
        option = each.known.option
        if surface in each.known.not_offered:
            assert each.name not in {one.name for one in options.values()} - {"repeats"}
            continue
        assert option is not None
        for flag in option.flags.split("/"):
            assert flag in options
            assert option.by_hand or options[flag].name == each.name
            assert option.by_hand or option.repeat_help or options[flag].help == told(each, surface)


def derived(each: Described) -> bool:
    return each.known.option is not None and each.known.option.derived_default


def told(each: Described, surface: Surface) -> str:
    option = each.known.option
    assert option is not None
    sentence = (option.help or each.known.help).format(default=each.default)
    return f"{sentence} {option.undecided[surface]}" if surface in option.undecided else sentence


@pytest.mark.parametrize(("command", "surface", "kinds"), COMMANDS, ids=lambda value: getattr(value, "name", ""))
def test_an_option_has_the_range_and_the_default_of_its_field(
    command: click.Command, surface: Surface, kinds: tuple[type, ...]
) -> None:
    options = options_of(command)
    ranged = [
        each
        for kind in kinds
        for each in fields_of(kind)
        if each.known.option and each.known.low is not None and each.type in (int, float, float | None)
    ]
    for each in ranged:
        if surface in each.known.not_offered:
            continue
        assert each.known.option is not None
        option = options[each.known.option.flags]
        assert isinstance(option.type, (click.IntRange, click.FloatRange))
        assert (option.type.min, option.type.max) == (each.known.low, each.known.high)
        shown: object = option.get_default(click.Context(command))
        default = shown if shown in (each.default, (each.default,)) else None  # click's sign of none varies
        assert (default is None) == (each.known.off is not None or each.default is None or derived(each))
