"""`edgeprof tag`: a person's own words on devices and models."""

import click

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.wire import rest

KINDS = ("device", "model")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("which", shell_complete=complete.of_kind)
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@click.option("--remove", "is_removed", is_flag=True, help="Take these tags away; without a TAG, all of them.")
@hub_options
def tag(kind: str, which: str, tags: tuple[str, ...], is_removed: bool, hub_url: str, token_file: str | None) -> None:
    """Add TAGs to a device or a model, or show those it has.

    A tag is one word, in lower case. Pages find devices and models by their tags.
    """
    client = client_of(hub_url, token_file)
    if found := next((one for one in tags if "," in one or " " in one.strip()), None):
        raise UsageError("bad_tag", f"{found!r} is not one tag. Separate tags with spaces, without commas or quotes.")
    item_id = resolve.item_id(client, kind, which)
    before = _tags_of(client, kind, item_id)
    named = {one.strip().casefold() for one in tags}
    if tags or is_removed:
        kept = set(before) - (named or set(before)) if is_removed else {*before, *named}
        if kind == "device":
            client.tag_device(item_id, sorted(kept))
        else:
            client.edit_model(item_id, rest.ModelPatch(tags=tuple(sorted(kept))))
    click.echo(f"{which}: {', '.join(_tags_of(client, kind, item_id)) or 'no tags'}")


def _tags_of(client: HubClient, kind: str, item_id: str) -> tuple[str, ...]:
    if kind == "device":
        return next(device.tags for device in client.devices() if device.device_id == item_id)
    return next(model.tags for model in client.models() if model.model_id == item_id)
