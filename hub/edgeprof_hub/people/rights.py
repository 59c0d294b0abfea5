"""What each address needs: the one table that every request is held against, and by which the page hides buttons.

Reading needs a viewer. An address that changes something and is not listed needs an admin; a test demands that each
one is listed. The second word is its action in the audit log; empty: nothing to log, or the route logs it itself.
"""

from functools import lru_cache
from typing import NamedTuple

from starlette.routing import compile_path

from edgeprof_hub.people.roles import Right

API = "/api/v1"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Need(NamedTuple):
    """What an address needs, and how the audit log calls its use."""

    right: Right
    action: str = ""


_VIEWER = Need(Right.VIEWER)
_UNLISTED = Need(Right.ADMIN, "change")


def _operator(action: str) -> Need:
    return Need(Right.OPERATOR, action)


def _admin(action: str) -> Need:
    return Need(Right.ADMIN, action)


OPEN = {
    ("GET", f"{API}/healthz"): Need(Right.OPEN),
    ("GET", "/sign-in"): Need(Right.OPEN),
    ("POST", "/sign-in"): Need(Right.OPEN),
    ("GET", "/ca.pem"): Need(Right.OPEN),
    ("POST", f"{API}/enrol"): Need(Right.OPEN, "device.enrol"),  # the join secret is looked at there
    ("GET", "/static/{file:path}"): Need(Right.OPEN),
    # A device that joins has no credential yet. What it fetches is public software, checked by its hash.
    ("GET", "/install.sh"): Need(Right.OPEN),
    ("GET", f"{API}/join-plan"): Need(Right.OPEN),
    ("GET", "/simple/"): Need(Right.OPEN),
    ("GET", "/simple/{project}/"): Need(Right.OPEN),
    ("GET", "/simple/files/{name}"): Need(Right.OPEN),
}
OWN = {
    # What everybody who is signed in may change: what is theirs.
    ("POST", "/sign-out"): _VIEWER,
    ("POST", "/settings/people/own-password"): _VIEWER,
    ("POST", "/settings/people/own-sessions/end"): _VIEWER,
}
AGENTS = {
    ("POST", f"{API}/claims"): Need(Right.DEVICE),
    ("POST", f"{API}/holdings"): Need(Right.DEVICE),
    ("POST", f"{API}/renew"): Need(Right.DEVICE),
    ("PUT", API + "/artifacts/{sha256}"): Need(Right.DEVICE),
}
PEOPLE = {
    ("GET", "/audit"): Need(Right.ADMIN),
    ("POST", "/settings/people/accounts"): _admin(""),
    ("POST", "/settings/people/accounts/role"): _admin(""),
    ("POST", "/settings/people/accounts/password"): _admin(""),
    ("POST", "/settings/people/accounts/remove"): _admin(""),
    ("POST", "/settings/people/tokens"): _admin(""),
    ("POST", "/settings/people/tokens/revoke"): _admin(""),
    ("POST", "/settings/people/sessions/end"): _admin(""),
    ("GET", f"{API}/accounts"): Need(Right.ADMIN),
    ("POST", f"{API}/accounts"): _admin(""),
    ("PATCH", API + "/accounts/{name}"): _admin(""),
    ("DELETE", API + "/accounts/{name}"): _admin(""),
    ("GET", f"{API}/api-tokens"): Need(Right.ADMIN),
    ("POST", f"{API}/api-tokens"): _admin(""),
    ("DELETE", API + "/api-tokens/{name}"): _admin(""),
    ("POST", "/settings/scenario"): _admin("settings.scenario"),
}
JOINING = {
    ("POST", f"{API}/join-secrets"): _operator("device.join_secret"),
    ("POST", "/add-device"): _operator("device.join_secret"),
    ("POST", API + "/devices/{device_id}/revoke"): _admin("device.revoke"),
}
DELETIONS = {
    ("DELETE", API + "/devices/{device_id}"): _admin("device.delete"),
    ("DELETE", API + "/models/{model_id}"): _admin("model.delete"),
    ("DELETE", API + "/results/{result_id}"): _admin("result.delete"),
    ("DELETE", API + "/sets/{set_id}"): _admin("set.delete"),
    ("POST", "/devices/{device_id}/delete"): _admin("device.delete"),
    ("POST", "/models/{model_id}/delete"): _admin("model.delete"),
    ("POST", "/runs/{result_id}/delete"): _admin("result.delete"),
    ("POST", "/sets/{set_id}/delete"): _admin("set.delete"),
}
RUNNING = {
    ("GET", "/flash"): Need(Right.OPERATOR),
    ("POST", "/flash"): _operator("flash"),
    ("POST", f"{API}/campaigns"): _operator("flash"),
    ("POST", API + "/campaigns/{campaign_id}/cancel"): _operator("campaign.cancel"),
    ("POST", API + "/campaigns/{campaign_id}/retry"): _operator("campaign.retry"),
    ("POST", "/campaigns/{campaign_id}/cancel"): _operator("campaign.cancel"),
    ("POST", "/campaigns/{campaign_id}/retry"): _operator("campaign.retry"),
    ("POST", f"{API}/jobs/cancel"): _operator("jobs.cancel"),
    ("POST", f"{API}/jobs/retry"): _operator("jobs.retry"),
    ("POST", API + "/jobs/{job_id}/cancel"): _operator("job.cancel"),
    ("POST", API + "/jobs/{job_id}/retry"): _operator("job.retry"),
    ("POST", "/jobs/cancel"): _operator("jobs.cancel"),
    ("POST", "/jobs/retry"): _operator("jobs.retry"),
    ("POST", "/jobs/{job_id}/cancel"): _operator("job.cancel"),
    ("POST", "/jobs/{job_id}/retry"): _operator("job.retry"),
    ("POST", API + "/results/{result_id}/again"): _operator("run.repeat"),
    ("POST", "/runs/{result_id}/again"): _operator("run.repeat"),
    ("POST", "/runs/repeat"): _operator("run.repeat"),
    ("POST", "/cells/run"): _operator("run.cell"),
    ("POST", "/cells/run-all"): _operator("run.cells"),
    ("POST", "/cells/run-shown"): _operator("run.cells"),
}
ROLLOUTS = {
    (method, f"{prefix}{path}"): _operator(action)
    for prefix in ("", API)
    for method, path, action in (
        ("POST", "/rollouts", "rollout.start"),
        ("POST", "/rollouts/{rollout_id}/approve", "rollout.approve"),
        ("POST", "/rollouts/{rollout_id}/pause", "rollout.pause"),
        ("POST", "/rollouts/{rollout_id}/resume", "rollout.resume"),
        ("POST", "/rollouts/{rollout_id}/abort", "rollout.abort"),
        ("POST", "/rollouts/{rollout_id}/rollback", "rollout.rollback"),
        ("POST", "/quarantines/{quarantine_id}/lift", "quarantine.lift"),
    )
}
STORING = {
    ("POST", f"{API}/uploads"): _operator(""),  # its model has the entry
    ("PATCH", API + "/uploads/{upload_id}"): _operator(""),
    ("DELETE", API + "/uploads/{upload_id}"): _operator(""),
    ("POST", f"{API}/models/uploaded"): _operator("model.add"),
    ("PUT", API + "/blobs/{sha256}"): _operator(""),  # its model or set has the entry
    ("POST", f"{API}/models/check"): _operator(""),  # changes nothing
    ("POST", f"{API}/models"): _operator("model.add"),
    ("POST", "/models/upload"): _operator("model.add"),
    ("POST", f"{API}/sets"): _operator("set.add"),
    ("POST", "/sets/upload"): _operator("set.add"),
    ("POST", "/sets/packaged"): _operator("set.add"),
}
LABELS = {
    ("PATCH", API + "/devices/{device_id}"): _operator("device.edit"),
    ("POST", "/devices/{device_id}/name"): _operator("device.edit"),
    ("POST", "/devices/{device_id}/price"): _operator("device.price"),
    ("POST", "/devices/{device_id}/tags"): _operator("device.edit"),
    ("PATCH", API + "/models/{model_id}"): _operator("model.edit"),
    ("POST", "/models/{model_id}/name"): _operator("model.edit"),
    ("POST", "/models/{model_id}/about"): _operator("model.edit"),
    ("POST", "/models/{model_id}/tags"): _operator("model.edit"),
    ("PUT", API + "/groups/{name:path}"): _operator("group.set"),
    ("DELETE", API + "/groups/{name:path}"): _operator("group.delete"),
    ("POST", "/groups"): _operator("group.set"),
    ("POST", "/groups/delete"): _operator("group.delete"),
    ("POST", f"{API}/families/change"): _operator("family.change"),
    ("POST", "/families"): _operator("family.change"),
    ("PUT", API + "/families/{name:path}/gate"): _operator("gate.set"),
    ("PUT", API + "/families/{name:path}/lead"): _operator("lead.set"),
    ("POST", "/families/gate"): _operator("gate.set"),
    ("POST", "/families/lead"): _operator("lead.set"),
    ("POST", f"{API}/annotations"): _operator("note.add"),
    ("DELETE", API + "/annotations/{annotation_id}"): _operator("note.delete"),
    ("POST", "/cells/{device_id}/{model_id}/{config_key}/notes"): _operator("note.add"),
    ("POST", "/cells/{device_id}/{model_id}/{config_key}/notes/delete"): _operator("note.delete"),
    ("POST", "/cost/{result_id}/scenarios"): _operator("scenario.save"),
    ("POST", "/cost/{result_id}/scenarios/delete"): _operator("scenario.delete"),
}
FLEET = {
    ("POST", f"{API}/fleet/act"): _operator("fleet.act"),
    ("POST", "/fleet/act"): _operator("fleet.act"),
    ("POST", API + "/devices/{device_id}/retire"): _operator("device.retire"),
    ("POST", API + "/devices/{device_id}/restore"): _operator("device.restore"),
    ("POST", API + "/devices/{device_id}/replace"): _operator("device.replace"),
    ("POST", "/devices/{device_id}/retire"): _operator("device.retire"),
    ("POST", "/devices/{device_id}/restore"): _operator("device.restore"),
    ("POST", "/devices/{device_id}/back"): _operator("device.back"),
    ("POST", "/devices/{device_id}/replace"): _operator("device.replace"),
}
NEEDS: dict[tuple[str, str], Need] = {
    **OPEN,
    **OWN,
    **AGENTS,
    **PEOPLE,
    **JOINING,
    **DELETIONS,
    **RUNNING,
    **ROLLOUTS,
    **STORING,
    **LABELS,
    **FLEET,
}
_PATTERNS = [(method, path.partition("{")[0], compile_path(path)[0], need) for (method, path), need in NEEDS.items()]

MAX_KEPT_CHARS = 300
"""Of an address whose answer is kept: strangers ask for addresses of any length."""


class Found(NamedTuple):
    """What an address needs, and the values in its path, such as a device's id."""

    need: Need
    subject: str = ""


def of(method: str, path: str) -> Found:
    """What a request needs. Where several patterns fit a path, the strictest counts.

    >>> of("GET", "/runs/r1").need.right.name, of("POST", "/runs/r1/delete")
    ('VIEWER', Found(need=Need(right=<Right.ADMIN: 3>, action='result.delete'), subject='r1'))
    """
    return _known(method, path) if len(method) + len(path) <= MAX_KEPT_CHARS else _found(method, path)


def _found(method: str, path: str) -> Found:
    asked = "GET" if method in SAFE_METHODS else method
    fitting = [
        Found(need, " ".join(found.groups()))
        for verb, start, pattern, need in _PATTERNS
        if verb == asked and path.startswith(start) and (found := pattern.match(path))
    ]
    if fitting:
        return max(fitting, key=lambda one: one.need.right)
    return Found(_VIEWER if method in SAFE_METHODS else _UNLISTED)


_known = lru_cache(maxsize=4096)(_found)
