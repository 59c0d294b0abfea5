"""`--help` by subject: every command and every option in exactly one group, each command on one line of 80 columns."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

from edgeprof.cli import COMMANDS, edgeprof
from edgeprof.command_groups import GROUPS, MAX_HELP_CHARS, OTHER, grouped
from edgeprof.commands.grouped_help import OPTION_GROUPS
from edgeprof.commands.hub import flash
from edgeprof_agent.commands.calibrate import calibrate
from edgeprof_agent.commands.profile import profile
from tests.cli.conftest import Run
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live


def help_of(command: click.Command, name: str, width: int = 80) -> str:
    return command.get_help(click.Context(command, info_name=name, terminal_width=width, max_content_width=width))


def test_every_command_is_in_exactly_one_group() -> None:
    count = Counter(name for names in GROUPS.values() for name in names)
    assert [name for name, times in count.items() if times > 1] == []
    assert set(count) == set(COMMANDS), "Add the command to GROUPS in edgeprof/command_groups.py."
    assert grouped(["profile", "new"]) == {"Measure here": ["profile"], OTHER: ["new"]}


def test_every_command_is_one_line_of_the_help() -> None:
    assert {name: line for name, (_, _, line) in COMMANDS.items() if len(line) > MAX_HELP_CHARS} == {}
    lines = help_of(edgeprof, "edgeprof").splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert sorted(listed) == sorted(COMMANDS)
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("command", [profile, flash, calibrate], ids=lambda one: str(one.name))
def test_every_option_is_in_exactly_one_group(command: click.Command) -> None:
    count = Counter(name for names in OPTION_GROUPS.values() for name in names)
    assert [name for name, times in count.items() if times > 1] == []
    options = {one.name for one in command.params if isinstance(one, click.Option)}
    assert options - set(count) == set(), "Add the option to OPTION_GROUPS in edgeprof/commands/grouped_help.py."


def test_short_options_stand_for_the_long_ones() -> None:
    flags = {flag: one.name for one in profile.params if isinstance(one, click.Option) for flag in one.opts}
    short = {flag: name for flag, name in flags.items() if not flag.startswith("--")}
    assert short == {
        "-t": "threads",
        "-r": "repeats",
        "-p": "prompt_tokens",
        "-n": "decode_tokens",
        "-o": "form",
        "-v": "verbose",
    }
    of_flash = {flag: one.name for one in flash.params if isinstance(one, click.Option) for flag in one.opts}
    assert {flag: of_flash[flag] for flag in ("-t", "-r", "-p", "-n")} == {
        flag: short[flag] for flag in ["-t", "-r", "-p", "-n"]
    }


def test_the_help_of_calibrate_names_what_profile_explains() -> None:
    text = help_of(calibrate, "edgeprof calibrate")
    assert len(text.splitlines()) < 45
    for flag in ("--window-s", "--decode-tokens", "--sweep-dim"):
        assert f" {flag}" in text
    assert "The window lasts" not in text


def test_a_folder_after_o_is_sent_to_out(run: Run) -> None:
    ended = run("profile", __file__, "-o", "results")
    assert ended.refused_with("bad_usage")
    assert "use --out" in ended.err


def completed(line: str, cwd: Path) -> list[str]:
    """What bash offers after `line`, by click's own script."""
    program = cwd / "edgeprof"
    program.write_text(f"#!{sys.executable}\nfrom edgeprof.cli import main\nmain()\n")
    program.chmod(0o755)
    script = f"""
        export PATH={cwd}:$PATH
        eval "$(_EDGEPROF_COMPLETE=bash_source edgeprof)"
        compopt() {{ :; }}
        COMP_WORDS=({line}); [[ "{line}" == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}}-1))
        _edgeprof_completion edgeprof
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    assert set(completed("edgeprof pr", tmp_path)) == {name for name in COMMANDS if name.startswith("pr")}
    assert completed("edgeprof profile --rep", tmp_path) == ["--replay", "--repeats"]
    assert completed("edgeprof profile -o ", tmp_path) == ["table", "csv", "md", "json"]


def test_bash_completes_devices_of_the_hub_and_nothing_without_one(
    hub: Live, agent: FakeAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert completed("edgeprof flash --to a", tmp_path) == ["agent-1"]
    assert completed("edgeprof rename device ", tmp_path) == ["agent-1"]
    monkeypatch.setenv("EDGEPROF_HUB", "http://127.0.0.1:1")
    assert completed("edgeprof price ", tmp_path) == []
