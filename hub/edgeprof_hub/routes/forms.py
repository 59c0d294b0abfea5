"""The pages' plain forms: each one changes something and answers with the page to look at next."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof_hub.campaigns import actions, evaluation_jobs, form_inputs
from edgeprof_hub.failures import not_found
from edgeprof_hub.registry import admin, families, tags
from edgeprof_hub.routes import families_page
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.views import detail, form_list

MAX_USD = 1e9
QUIET_SENTENCES = 3
"""Of a move that takes nothing along: what moves, what is left, that nothing is lost. It needs no confirmation."""

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


async def _typed(request: Request) -> dict[str, str]:
    """Every text of a form by its input's name."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


TypedInputs = Annotated[dict[str, str], Depends(_typed)]


def flash_page(
    store: ReadStore, problem: str = "", chosen: Iterable[str] = (), upload_problem: str = ""
) -> detail.FlashPage:
    """What the form offers, in the order of the comparison. `chosen`: ids of models, devices and sets, ticked."""
    devices = sorted(store.devices(), key=lambda item: (item.emulated, item.label))
    models = sorted(store.models(), key=lambda item: (item.family.lower(), item.format, item.name))
    ticked = frozenset(chosen)
    sets = evaluation_jobs.in_order(
        store.evaluation_sets(), [model for model in models if model.model_id in ticked] or models
    )
    return detail.FlashPage(models, devices, store.groups(), ticked, problem, upload_problem, sets=sets)


@router.post("/flash", response_model=None)
def flash(
    hub: HubOf,
    typed: TypedInputs,
    model: Annotated[list[str] | None, Form()] = None,
    device: Annotated[list[str] | None, Form()] = None,
    group: Annotated[list[str] | None, Form()] = None,
    evaluate: Annotated[list[str] | None, Form()] = None,
    family: Annotated[list[str] | None, Form()] = None,
) -> HTMLResponse | RedirectResponse:
    """Start a campaign. Errors appear above the form. `family`: all its models are added."""
    of_families = [one.model_id for one in hub.reader.models() if one.family in family] if family else []
    model = list(dict.fromkeys([*(model or ()), *of_families]))
    try:
        if not model or not (device or group):
            raise UsageError("empty_campaign", "Select at least one model and one device.")
        request = form_inputs.campaign_of(
            typed, tuple(model), tuple(device or ()), tuple(group or ()), tuple(evaluate or ())
        )
        campaign = actions.start(hub, request)
    except EdgeprofError as error:
        chosen = [*(model or ()), *(device or ()), *(evaluate or ())]
        shown = replace(flash_page(hub.reader, error.message, chosen), inputs=form_inputs.inputs(typed))
        return page("flash.html", 400, page=shown, here="flash")
    return _next(f"/campaigns/{campaign.campaign_id}")


@router.post("/groups", response_model=None)
def save_group(
    hub: HubOf,
    group_name: Text = "",
    model: Annotated[list[str] | None, Form()] = None,
    device: Annotated[list[str] | None, Form()] = None,
) -> HTMLResponse | RedirectResponse:
    """Save the selected devices as a group; the selection stays."""
    chosen = [*(model or ()), *(device or ())]
    try:
        admin.set_group(hub, group_name, device or ())
    except EdgeprofError as error:
        return page("flash.html", 400, page=flash_page(hub.reader, error.message, chosen), here="flash")
    ticked = urlencode([*(("model", item) for item in model or ()), *(("device", item) for item in device or ())])
    return _next(f"/flash?{ticked}")


@router.post("/groups/delete")
def delete_group(hub: HubOf, name: Text) -> RedirectResponse:
    """Delete a group; its devices stay."""
    admin.delete_group(hub, name)
    return _next("/settings")


@router.post("/campaigns/{campaign_id}/cancel")
def cancel_campaign(hub: HubOf, campaign_id: str) -> RedirectResponse:
    """Cancel a campaign's unfinished jobs."""
    actions.cancel(hub, campaign_id)
    return _next(f"/campaigns/{campaign_id}")


@router.post("/campaigns/{campaign_id}/retry")
def retry_campaign(hub: HubOf, campaign_id: str) -> RedirectResponse:
    """Retry a campaign's failed jobs."""
    actions.retry_failed(hub, campaign_id)
    return _next(f"/campaigns/{campaign_id}")


@router.post("/runs/{result_id}/again")
def repeat_run(hub: HubOf, result_id: str) -> RedirectResponse:
    """Run the same once more."""
    return _next(f"/campaigns/{actions.repeat(hub, result_id).campaign_id}")


@router.post("/runs/repeat")
def repeat_runs(hub: HubOf, run: Annotated[list[str] | None, Form()] = None, repeats: Text = "1") -> RedirectResponse:
    """Repeat several runs, interleaved, as one campaign."""
    if not (repeats.isascii() and repeats.isdigit() and len(repeats) < 7):
        raise UsageError("bad_repeats", f"{repeats[:20]!r} is not a number of repeats.")
    return _next(f"/campaigns/{actions.repeat_interleaved(hub, form_list.parted(run), int(repeats)).campaign_id}")


@router.post("/cells/run-all")
def run_cells(hub: HubOf, cell: Annotated[list[str] | None, Form()] = None) -> RedirectResponse:
    """Run several cells that have no result. `cell`: device, model and configuration, with slashes between."""
    keys = [tuple(text.split("/")) for text in form_list.parted(cell)]
    if any(len(key) != 3 for key in keys):
        raise not_found("cell", next("/".join(key) for key in keys if len(key) != 3))
    found = [(key[0], key[1], key[2]) for key in keys]
    return _next(f"/campaigns/{actions.run_cells(hub, found).campaign_id}")


@router.post("/cells/run")
def run_cell(hub: HubOf, device_id: Text, model_id: Text, config_key: Text) -> RedirectResponse:
    """Run a cell that has no result."""
    campaign = actions.run_cell(hub, device_id, model_id, config_key)
    return _next(f"/campaigns/{campaign.campaign_id}")


@router.post("/devices/{device_id}/name")
def rename_device(hub: HubOf, device_id: str, name: Text = "") -> RedirectResponse:
    """Give a device another name."""
    admin.rename_device(hub, device_id, name)
    return _next(f"/devices/{device_id}")


@router.post("/devices/{device_id}/price")
def price_device(hub: HubOf, device_id: str, price_usd: Text = "", price_source: Text = "") -> RedirectResponse:
    """Enter what a device costs; an empty price takes the entered one back."""
    price = _price(price_usd)
    admin.price_device(hub, device_id, price, price_source.strip() or None if price is not None else None)
    return _next(f"/devices/{device_id}")


@router.post("/devices/{device_id}/delete")
def delete_device(hub: HubOf, device_id: str) -> RedirectResponse:
    """Delete a device with its results."""
    admin.delete_device(hub, device_id)
    return _next("/")


@router.post("/models/{model_id}/name")
def rename_model(hub: HubOf, model_id: str, name: Text = "") -> RedirectResponse:
    """Give a model another name."""
    admin.edit_model(hub, model_id, rest.ModelPatch(name=name))
    return _next(f"/models/{model_id}")


@router.post("/models/{model_id}/about", response_model=None)
def edit_model(
    hub: HubOf,
    model_id: str,
    family: Text = "",
    variant: Text = "",
    quantization: Text = "",
    task: Text = "",
    parameters: Text = "",
    confirmed: Text = "",
) -> HTMLResponse | RedirectResponse:
    """Change what is known of a model; an empty field stays as it is. Of another family, show first what moves."""
    record = hub.reader.model(model_id)
    if record is None:
        raise not_found("model", model_id)
    typed = {"family": family, "variant": variant, "quantization": quantization, "task": task}
    patch = rest.ModelPatch(
        family=family.strip() or None,
        variant=None if variant.strip() in ("", record.variant) else variant,  # untouched, it follows the quantization
        quantization=quantization.strip() or None,
        task=task.strip() or None,
        parameters=_count(parameters),
    )
    if patch.family not in (None, record.family) and not confirmed:
        effects = families.of_one_model(hub, record, patch.family or "")
        if effects.warnings or len(effects.sentences) > QUIET_SENTENCES:
            fields = [*typed.items(), ("parameters", parameters)]
            return families_page.confirmation(effects, f"/models/{model_id}/about", fields, f"/models/{model_id}")
    admin.edit_model(hub, model_id, patch)
    return _next(f"/models/{model_id}")


@router.post("/models/{model_id}/tags")
def tag_model(hub: HubOf, model_id: str, words: Text = "") -> RedirectResponse:
    """Replace a model's tags; commas and spaces stand between them."""
    admin.edit_model(hub, model_id, rest.ModelPatch(tags=tags.parse(words)))
    return _next(f"/models/{model_id}#edit-h")


@router.post("/devices/{device_id}/tags")
def tag_device(hub: HubOf, device_id: str, words: Text = "") -> RedirectResponse:
    """Replace a device's tags; commas and spaces stand between them."""
    admin.tag_device(hub, device_id, tags.parse(words))
    return _next(f"/devices/{device_id}#edit-h")


@router.post("/models/{model_id}/delete")
def delete_model(hub: HubOf, model_id: str) -> RedirectResponse:
    """Delete a model with its results."""
    admin.delete_model(hub, model_id)
    return _next("/")


@router.post("/runs/{result_id}/delete")
def delete_run(hub: HubOf, result_id: str) -> RedirectResponse:
    """Delete one run."""
    admin.delete_result(hub, result_id)
    return _next("/")


def _next(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


def _count(text: str) -> int | None:
    digits = text.strip().replace(",", "")
    if not digits:
        return None
    if not digits.isdecimal() or len(digits) > 20:
        raise UsageError("bad_parameters", f"{text[:40]!r} is not a number of parameters, such as 135000000.")
    return int(digits)


def _price(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price <= MAX_USD:
        raise UsageError("bad_price", f"{text!r} is not a price. Enter US dollars as a number, such as 80 or 79.95.")
    return price
