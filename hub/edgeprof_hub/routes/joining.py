"""What a device fetches before it has joined: the installer, the plan of its installation, and the wheels.

All of it is public software, and is served without a token. Nothing here changes anything.
"""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from packaging.utils import canonicalize_name

from edgeprof_hub.failures import not_found
from edgeprof_hub.joining import index_pages
from edgeprof_hub.joining.installer import script_of
from edgeprof_hub.joining.plan import JoinPlan
from edgeprof_hub.joining.plan_cache import PLANS
from edgeprof_hub.joining.targets import of_device
from edgeprof_hub.joining.wheel_index import WheelIndex, index_of
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(include_in_schema=False)
api = APIRouter(tags=["agents"])

Name = Annotated[str, Path(max_length=200)]
Words = Annotated[str, Query(max_length=200)]


@api.get("/join-plan", response_model=JoinPlan)
def join_plan(hub: HubOf, machine: Words, python: Words, glibc: Words = "", flags: Words = "") -> Response:
    """What a device installs from this hub. `flags`: of its processor, with commas between."""
    target = of_device(machine, python, glibc)
    return document(PLANS.plan(index_of(hub.settings.data), target, frozenset(flags.split(","))))


@router.get("/install.sh")
def install_sh(hub: HubOf, request: Request) -> Response:
    """The installer. Check its hash against the page Add a device before it runs."""
    script = script_of(index_of(hub.settings.data).own())
    return _answer(request, script.text, "text/x-shellscript", script.sha256)


@router.get("/simple/")
def projects(hub: HubOf, request: Request) -> Response:
    """The package index's root."""
    kind = index_pages.chosen(request.headers.get("accept", ""))
    return _page(request, index_pages.projects(_index(hub).wheels(), kind), kind)


@router.get("/simple/files/{name}")
def file(hub: HubOf, request: Request, name: Name) -> Response:
    """One wheel. Ranges work, as of every file of the hub."""
    wheel = next((wheel for wheel in _index(hub).wheels() if wheel.name == name), None)
    if wheel is None:
        raise not_found("wheel", name)
    etag = f'"{wheel.sha256}"'
    headers = {"etag": etag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return FileResponse(wheel.file, media_type="application/octet-stream", headers=headers)


@router.get("/simple/{project}/")
def files(hub: HubOf, request: Request, project: Name) -> Response:
    """One project's files."""
    name = canonicalize_name(project)
    wheels = [wheel for wheel in _index(hub).wheels() if wheel.project == name]
    if not wheels:
        raise not_found("project", project)
    kind = index_pages.chosen(request.headers.get("accept", ""))
    return _page(request, index_pages.files(name, wheels, kind), kind)


def _index(hub: HubOf) -> WheelIndex:
    return index_of(hub.settings.data)


def _page(request: Request, text: str, kind: str) -> Response:
    return _answer(request, text, kind, hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest())


def _answer(request: Request, text: str, kind: str, mark: str) -> Response:
    """With an ETag: a client that has it already gets a short answer."""
    headers = {"etag": f'"{mark}"', "cache-control": "no-cache", "vary": "Accept"}
    if request.headers.get("if-none-match") == f'"{mark}"':
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=kind, headers=headers)
