"""Accounts and API tokens, for programs of an admin. No answer holds a password, a hash, or a token made earlier."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from edgeprof.errors import UsageError
from edgeprof.wire import people as wire
from edgeprof_hub.people import changing
from edgeprof_hub.people.api_tokens import DEFAULT_DAYS, MAX_DAYS
from edgeprof_hub.people.passwords import MAX_PASSWORD_CHARS
from edgeprof_hub.people.roles import Role, Scope
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, document
from edgeprof_hub.routes.people_page import asker
from edgeprof_hub.routes.sign_in import credentials_of

router = APIRouter(tags=["people"])
CREATED = 201
MAX_TYPED_CHARS = 64
Name = Annotated[str, Path(max_length=MAX_TYPED_CHARS)]
Typed = Annotated[str, Field(max_length=MAX_TYPED_CHARS)]
Password = Annotated[str, Field(max_length=MAX_PASSWORD_CHARS)]


class NewAccount(BaseModel):
    """An account to add."""

    name: Typed
    role: Role
    password: Password


class AccountChange(BaseModel):
    """What to change of an account: its role, its password, or both."""

    role: Role | None = None
    password: Password | None = None


class NewApiToken(BaseModel):
    """An API token to make."""

    name: Typed
    scope: Scope
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = DEFAULT_DAYS


@router.get("/accounts", response_model=list[wire.AccountRecord])
def get_accounts(hub: HubOf) -> Response:
    """Every account, by name."""
    return document(
        [
            wire.AccountRecord(name=one.name, role=one.role, created_s=one.created_s)
            for one in hub.reader.people.accounts()
        ]
    )


@router.post("/accounts", response_model=wire.AccountRecord, status_code=CREATED)
def post_account(hub: HubOf, wanted: NewAccount) -> Response:
    """Add an account. The first one of a hub without a token is made at its machine."""
    name = changing.add_account(hub, asker(), wanted.name, wanted.role, wanted.password)
    made = hub.reader.people.account(name)
    created_s = made.created_s if made else 0.0
    return document(wire.AccountRecord(name=name, role=wanted.role, created_s=created_s), CREATED)


@router.patch("/accounts/{name}", status_code=NO_CONTENT)
def patch_account(hub: HubOf, name: Name, change: AccountChange) -> None:
    """Change its role, which holds at once, or its password, which signs it out everywhere."""
    if change.role is None and change.password is None:
        raise UsageError("invalid_request", "Name a role, a password, or both.")
    changing.change_account(hub, asker(), name, role=change.role, password=change.password)


@router.delete("/accounts/{name}", status_code=NO_CONTENT)
def delete_account(hub: HubOf, name: Name) -> None:
    """Remove it with its sessions and tokens. The last admin stays."""
    changing.remove_account(hub, asker(), name)


@router.get("/api-tokens", response_model=list[wire.ApiTokenRecord])
def get_api_tokens(hub: HubOf) -> Response:
    """Every API token, by name, the expired ones too. The tokens themselves are stored nowhere."""
    return document(
        [
            wire.ApiTokenRecord(
                name=one.name,
                scope=one.scope,
                owner=one.owner,
                created_s=one.created_s,
                expires_at_s=one.ends_s,
                last_used_s=one.used_s,
            )
            for one in hub.reader.people.tokens()
        ]
    )


@router.post("/api-tokens", response_model=wire.NewToken, status_code=CREATED)
def post_api_token(hub: HubOf, request: Request, wanted: NewApiToken) -> Response:
    """Make an API token. This answer is the only place that holds it. An API token cannot make another."""
    now_s = credentials_of(request).clock()
    token = changing.add_token(hub, asker(), wanted.name, wanted.scope, wanted.days, now_s)
    return document(wire.NewToken(token=token, expires_at_s=now_s + wanted.days * 86_400.0), CREATED)


@router.delete("/api-tokens/{name}", status_code=NO_CONTENT)
def delete_api_token(hub: HubOf, name: Name) -> None:
    """Revoke it: it is refused from the next request on."""
    changing.revoke_token(hub, asker(), name)
