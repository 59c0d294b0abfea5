"""`edgeprof gate`: what the variants of a family must hold, and whether they do."""

import click

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.quality.gate_check import check_gates
from edgeprof.tables import figures
from edgeprof.wire import rest


@click.command()
@click.argument("family")
@click.argument("gates", nargs=-1, metavar="[GATE]...")
@click.option("--delete", "is_deleted", is_flag=True, help="Remove the family's gates.")
@click.option("--check", "is_check", is_flag=True, help="Exit code 0: every gate holds; 4: one fails; 5: undecided.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="With --check: only this variant, by its name, id or the start of its id; may be repeated.",
)
@click.option("--lead", metavar="SET", help="Show the family on this set in the comparison, by its name or id.")
@click.option(
    "--shots", type=click.IntRange(0, 64), help="With --lead: this number of examples. Default: the usual one."
)
@click.option("--no-lead", is_flag=True, help="Show the family on the set with most evaluations again.")
@hub_options
def gate(
    family: str,
    gates: tuple[str, ...],
    is_deleted: bool,
    is_check: bool,
    models: tuple[str, ...],
    lead: str | None,
    shots: int | None,
    no_lead: bool,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Set the gates and the lead set of FAMILY on a hub, or show the gates with their verdicts.

    A GATE is a line such as 'fashion-mnist: accuracy >= source - 1'. A variant that fails one is never ranked.
    """
    if is_deleted and gates:
        raise UsageError("bad_gate", "Give gates, or --delete, but not both.")
    if is_check and (gates or is_deleted):
        raise UsageError(
            "bad_usage", "--check reads the verdicts on the gates that are set. Set gates in a call before."
        )
    if models and not is_check:
        raise UsageError("bad_usage", "--model chooses what --check looks at. Add --check.")
    if (shots is not None and not lead) or (lead is not None and (no_lead or not lead)):
        raise UsageError("bad_usage", "Give --lead SET, with --shots if you like, or --no-lead.")
    client = client_of(hub_url, token_file)
    if lead or no_lead:
        changed = client.set_lead(family, lead or "", shots)
        click.echo(_lead_line(changed))
        if not (gates or is_deleted or is_check):
            return
    found = client.set_gates(family, gates) if gates or is_deleted else client.gates(family)
    checked = _checked(client, family, models) if models else None
    if not found.gates:
        click.echo(f"{figures.clean(family)} has no gate.")
    for line in found.gates:
        click.echo(figures.clean(line))
        if not gates:
            for verdict in found.verdicts:
                if verdict.gate == line and (checked is None or verdict.model_id in checked):
                    click.echo(f"  {figures.clean(verdict.sentence)}")
    if gates:
        click.echo(f"Verdicts follow within seconds: edgeprof gate {figures.clean(family)}")
    if is_check:
        check_gates(_states(found, checked))


def _lead_line(found: rest.FamilyGates) -> str:
    family = figures.clean(found.family)
    lead = next((one for one in found.sets if one.is_lead), None)
    if lead is None:
        return f"{family} has no lead set: no model of it answered one."
    shots = f" with {lead.shots} examples" if lead.shots else ""
    why = "as chosen" if lead.is_chosen else "the set with most evaluations"
    return f"The comparison shows {family} on {figures.clean(lead.set_name)}{shots}, {why}."


def _checked(client: HubClient, family: str, words: tuple[str, ...]) -> set[str]:
    """Ids of the family's models that were named. Raises EdgeprofError."""
    known = [model for model in client.models() if model.family == family]
    found = {word: resolve.stored_model(known, word) for word in words}
    for word, model in found.items():
        if model is None:
            names = ", ".join(sorted(one.name for one in known)) or "none"
            raise UsageError("unknown_model", f"No model {word!r} in the family {family!r}. Its models: {names}.")
    return {model.model_id for model in found.values() if model is not None}


def _states(found: rest.FamilyGates, checked: set[str] | None) -> list[str]:
    """Of each gate on each model every verdict; empty for a model that a gate has no verdict on."""
    models = {verdict.model_id for verdict in found.verdicts} if checked is None else checked
    states: list[str] = []
    for line in found.gates:
        if not models:
            states.append("")
        for model_id in models:
            of_model = [one.state for one in found.verdicts if (one.gate, one.model_id) == (line, model_id)]
            states += of_model or [""]
    return states
