"""The one command `edgeprof`. A group or command is imported only when it is asked for."""

import importlib
import os
import platform
import sys
from typing import TYPE_CHECKING, cast

import click

from edgeprof.command_groups import grouped
from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (module:attribute, the extra it needs, one line of help)
    "demo": (
        "edgeprof.demo.command:demo",
        "demo",
        "Run a demo on this machine; --page shows recorded results.",
    ),
    "profile": ("edgeprof_agent.commands.profile:profile", "", "Profile model files on this machine."),
    "operators": (
        "edgeprof_agent.commands.operators:operators",
        "",
        "Show where a model's time goes here, and what to try next.",
    ),
    "fit": (
        "edgeprof_agent.commands.fit:fit",
        "",
        "Say whether a model fits this machine and each known board.",
    ),
    "evaluate": (
        "edgeprof_agent.commands.evaluate:evaluate",
        "",
        "Let a model answer an evaluation set on this machine.",
    ),
    "characterize": (
        "edgeprof.commands.characterize:characterize",
        "",
        "Profile models here, at endpoints and on devices, by a plan.",
    ),
    "divergence": (
        "edgeprof_agent.commands.divergence:divergence",
        "",
        "Make a set that shows how far variants lie from a source.",
    ),
    "load": (
        "edgeprof.commands.load:load",
        "",
        "Find the highest request rate a model answers in time.",
    ),
    "calibrate": (
        "edgeprof_agent.commands.calibrate:calibrate",
        "",
        "Measure this machine's noise floor.",
    ),
    "reproduce": (
        "edgeprof_agent.commands.reproduce:reproduce",
        "",
        "Repeat a recorded run from its bundle, and compare.",
    ),
    "endpoint": (
        "edgeprof_agent.commands.endpoint:endpoint",
        "",
        "Check an OpenAI-compatible endpoint, or name a model of it.",
    ),
    "doctor": (
        "edgeprof_agent.commands.doctor:doctor",
        "",
        "Check this machine; print commands that add what is missing.",
    ),
    "agent": ("edgeprof_agent.commands.agent:agent", "", "Run the agent on a device."),
    "hub": ("edgeprof_hub.commands.hub:hub", "hub", "Run the hub."),
    "devices": ("edgeprof.commands.devices:devices", "", "List the hub's devices; explain a device's profile."),
    "flash": ("edgeprof.commands.hub:flash", "", "Flash a model to devices and profile it there."),
    "rollout": ("edgeprof.commands.rollout:rollout", "", "Send a model to many devices in groups, a canary first."),
    "jobs": ("edgeprof.commands.jobs:jobs", "", "List the hub's jobs and their time left; cancel and retry."),
    "results": ("edgeprof.commands.results:results", "", "List the newest results, or show one result's headline."),
    "again": ("edgeprof.commands.campaign:again", "", "Repeat a result's run on the same device."),
    "retry": ("edgeprof.commands.campaign:retry", "", "Retry a campaign's failed jobs."),
    "cancel": ("edgeprof.commands.campaign:cancel", "", "Cancel a campaign's remaining jobs."),
    "compare": ("edgeprof.commands.compare:compare", "", "Print the devices × models table, or compare two results."),
    "ready": (
        "edgeprof.commands.ready:ready",
        "",
        "Check which model on which device meets a service level.",
    ),
    "integration": (
        "edgeprof.commands.integration:integration",
        "",
        "State what it takes to use a model on a device, with sources.",
    ),
    "capability": ("edgeprof.commands.capability:capability", "", "Print what each model can do, from evaluations."),
    "quality": (
        "edgeprof.commands.quality:quality",
        "",
        "Print quality, gate and drift next to speed and cost.",
    ),
    "export": ("edgeprof.commands.export:export", "", "Export every result as CSV, NDJSON or Parquet."),
    "publish": ("edgeprof.commands.publish:publish", "", "Send results to MLflow, TensorBoard or Weights & Biases."),
    "prices": (
        "edgeprof_hub.commands.prices:prices",
        "hub",
        "List the dated prices behind every cost, and check them.",
    ),
    "gate": ("edgeprof.commands.gate:gate", "", "Set a family's quality gates, or show their verdicts."),
    "predict": (
        "edgeprof.commands.predict:predict",
        "hub",
        "Predict how fast a model runs on board kinds.",
    ),
    "group": ("edgeprof.commands.group:group", "", "Name a group of devices to flash together."),
    "price": ("edgeprof.commands.hub:price", "", "Set a device's price."),
    "model": ("edgeprof.commands.model:model", "", "Show or edit a model's family, variant, quantization and task."),
    "family": ("edgeprof.commands.family:family", "", "List, merge, split or rename families of models."),
    "tag": ("edgeprof.commands.tag:tag", "", "Tag devices and models."),
    "rename": ("edgeprof.commands.hub:rename", "", "Rename a device or a model."),
    "delete": ("edgeprof.commands.hub:delete", "", "Delete a device, a model or a result."),
    "optimize": (
        "edgeprof.commands.optimize:optimize",
        "exports",
        "Make faster files of a model, and measure which one to ship.",
    ),
    "models": ("edgeprof_exports.cli:models", "", "List, fetch or build the models that have recipes."),
    "set": (
        "edgeprof.commands.evaluation_set:set_",
        "",
        "List, fetch, import, check and generate evaluation sets.",
    ),
    "errors": ("edgeprof.commands.errors:errors", "", "Explain an error code: its meaning and its remedy."),
    "paths": ("edgeprof.commands.paths:paths", "", "Show where edgeprof stores files and how to remove them."),
}


class LazyGroup(click.Group):
    """A group whose commands are named in `COMMANDS` and imported on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        target, extra, _ = COMMANDS[cmd_name]
        module_name, attribute = target.split(":")
        try:
            return cast(click.Command, getattr(importlib.import_module(module_name), attribute))
        except ModuleNotFoundError as error:
            if not extra or (error.name or "").startswith("edgeprof"):
                raise
            if extra == "demo" and sys.version_info < (3, 11):
                raise MissingPartError(
                    "python_too_old",
                    f"`edgeprof {cmd_name}` needs Python 3.11 or newer; this is {platform.python_version()}.",
                ) from error
            raise MissingPartError(
                "extra_missing",
                f"`edgeprof {cmd_name}` needs {error.name}, which is not installed. Install it with: pip install "
                f"'edgeprof[{extra}]'",
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table above serves the help, so that `--help` imports nothing."""
        widest = max(map(len, COMMANDS))
        for heading, names in grouped(list(COMMANDS)).items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{widest}}", COMMANDS[name][2]) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The names of commands from the table: importing each would take seconds."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line) for name, (_, _, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgeprof")
def edgeprof() -> None:
    """Which quantized model should I ship on which edge device, and is it cheaper than the cloud?"""


def main() -> None:
    """Entry point: an expected error becomes one sentence and an exit code, never a traceback."""
    try:
        code = edgeprof.main(standalone_mode=False)
    except EdgeprofError as error:
        click.echo(f"edgeprof: {error.message} [{error.code}]", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"edgeprof: {_usage_sentence(error)} [bad_usage]", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `edgeprof compare | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a full disk behind `>`, a folder that may not be read
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"edgeprof: {where}{error.strerror or error}. [io_error]", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _usage_sentence(error: click.ClickException) -> str:
    """What click found wrong, and where the right use is told."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = error.format_message()
    return f"{message} See: {context.command_path} --help" if context else message
