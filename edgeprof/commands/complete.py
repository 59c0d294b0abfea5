"""What a shell completes beyond options: devices, models and groups of the hub that the command line names.

The hub is asked once and must answer within a second; whatever goes wrong completes nothing.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from edgeprof.client.http_client import HubClient

TIMEOUT_S = 1.0


def device(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Devices of the hub."""
    return _items(_asked(ctx, _devices), incomplete)


def model(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Models on the hub."""
    return _items(_asked(ctx, _models), incomplete)


def family(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Families of the models on the hub."""
    return _items(_asked(ctx, lambda client: [one.family for one in client.models()]), incomplete)


def group(ctx: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Groups of devices."""
    return _items(_asked(ctx, lambda client: [one.name for one in client.groups()]), incomplete)


def model_or_file(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Models on the hub, else files: the shell completes those itself."""
    from click.shell_completion import CompletionItem

    found = [] if "/" in incomplete else model(ctx, parameter, incomplete)
    return [CompletionItem(incomplete, type="file"), *found]


def of_kind(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Of `rename` and `delete`: devices or models, as the word before says."""
    found = {"device": device, "model": model}.get(str(ctx.params.get("kind")))
    return found(ctx, parameter, incomplete) if found else []


def _devices(client: "HubClient") -> Iterable[str]:
    return [one.label for one in client.devices()]


def _models(client: "HubClient") -> Iterable[str]:
    return [one.name for one in client.models()]


def _asked(ctx: click.Context, ask: "Callable[[HubClient], Iterable[str]]") -> Iterable[str]:
    """What the hub answers; nothing where it does not, as a prompt must never hang or show an error."""
    from edgeprof.client.http_client import HubClient, token_from
    from edgeprof.errors import EdgeprofError

    try:
        token = token_from(ctx.params.get("token_file"))
        return ask(HubClient(str(ctx.params.get("hub_url") or ""), token, timeout_s=TIMEOUT_S))
    except (EdgeprofError, OSError):
        return []


def _items(names: Iterable[str], incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(incomplete)]
