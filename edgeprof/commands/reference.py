"""`docs/commands.md`, made from the commands themselves. `./scripts/docs` writes it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from edgeprof.cli import COMMANDS, edgeprof

HEAD = r"""# Commands

Made from the commands' own help by `./scripts/docs`; do not edit by hand.

Exit codes: 0 done; 1 failed (a failed run, or a hub that refuses); 2 wrong usage; 3 a part is missing; 130 interrupted.
With 3, the message ends with the install command. An expected error is one message with a stable code in brackets.

What a program reads goes to stdout, and progress to stderr. Colours appear on a terminal only; `NO_COLOR=1` switches
them off. Tables fit the terminal; `COLUMNS=120` sets another width.

## Shell completion

bash, in `~/.bashrc`:

```sh
eval "$(_EDGEPROF_COMPLETE=bash_source edgeprof)"
```

zsh, in `~/.zshrc` after `compinit`:

```sh
eval "$(_EDGEPROF_COMPLETE=zsh_source edgeprof)"
```

fish, in `~/.config/fish/completions/edgeprof.fish`:

```sh
_EDGEPROF_COMPLETE=fish_source edgeprof | source
```

It completes commands, options and their values. Where a command takes a device, a model, a group or a family, it asks
the hub that `--hub` or `EDGEPROF_HUB` names, for at most a second.
"""


def commands_markdown() -> str:
    """The whole page."""
    context = click.Context(edgeprof, info_name="edgeprof", help_option_names=["-h", "--help"])
    parts = [HEAD]
    for name in COMMANDS:
        command = edgeprof.get_command(context, name)
        if command is not None:
            parts += [f"## edgeprof {name}\n", *_help_of(command, context, name)]
    return "\n".join(parts)


def _help_of(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            if child is not None:
                yield f"### {context.command_path} {child_name}\n"
                yield from _help_of(child, context, child_name)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(commands_markdown())
