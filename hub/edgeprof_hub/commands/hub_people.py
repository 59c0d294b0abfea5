"""`edgeprof hub user`, `token` and `audit`: who may use the hub, in its data folder. The hub may run meanwhile."""

import time
from pathlib import Path

import click

from edgeprof.errors import UsageError
from edgeprof_hub.commands.parts import parts_of_the_hub
from edgeprof_hub.commands.people_data import actor, ask, ask_password, change, date, folder_of

_DATA = click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
_ROLES = ("viewer", "operator", "admin")
_SCOPES = ("read", "run", "admin")


@click.group()
def user() -> None:
    """Accounts of people: viewer (reads), operator (also flashes and runs), admin (also deletes and manages)."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What the account may do.")
@_DATA
def add_user(name: str, role: str, data: Path | None) -> None:
    """Add account NAME. The password comes from a prompt, or from standard input if that is not a terminal.

    From the first account on, the hub asks for sign-in. The first account is an admin.
    """
    with parts_of_the_hub():
        from edgeprof_hub.people import accounts

    tidy, checked = accounts.tidy(name), accounts.role_named(role)
    folder = folder_of(data)
    is_first = not ask(folder, lambda reader: reader.people.has_accounts(), or_new=True)
    if is_first and checked != "admin":
        raise UsageError("first_account", "The first account is an admin, who can manage the others: --role admin")
    hashed = accounts.new_password(ask_password(f"Password of {tidy}"), tidy)
    change(folder, lambda db: accounts.add(db, actor(), tidy, checked, hashed))
    click.echo(f"Account {tidy} added as {checked}.")
    if is_first:
        click.echo("The hub asks for sign-in from now on. Devices need the hub's token, or join with --tls.")


@user.command("list")
@_DATA
def list_users(data: Path | None) -> None:
    """List accounts with their roles."""
    found = ask(folder_of(data), lambda reader: reader.people.accounts())
    for account in found:
        click.echo(f"{account.name:<32}  {account.role:<8}  since {date(account.created_s)}")
    if not found:
        click.echo("No accounts. Add the first: edgeprof hub user add NAME --role admin")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(_ROLES))
@_DATA
def change_role(name: str, role: str, data: Path | None) -> None:
    """Give account NAME another ROLE. It holds at once."""
    with parts_of_the_hub():
        from edgeprof_hub.people import accounts

    tidy, checked = accounts.tidy(name), accounts.role_named(role)
    change(folder_of(data), lambda db: accounts.set_role(db, actor(), tidy, checked))
    click.echo(f"{tidy} is {checked} now.")


@user.command("password")
@click.argument("name")
@_DATA
def change_password(name: str, data: Path | None) -> None:
    """Set the password of account NAME, from a prompt or standard input. Its sessions are signed out."""
    with parts_of_the_hub():
        from edgeprof_hub.people import accounts

    tidy, folder = accounts.tidy(name), folder_of(data)
    hashed = accounts.new_password(ask_password(f"New password of {tidy}"), tidy)
    change(folder, lambda db: accounts.set_password(db, actor(), tidy, hashed))
    click.echo(f"The password of {tidy} is set, and its sessions are signed out.")


@user.command("remove")
@click.argument("name")
@_DATA
def remove_user(name: str, data: Path | None) -> None:
    """Remove account NAME with its sessions and the API tokens that it made."""
    with parts_of_the_hub():
        from edgeprof_hub.people import accounts

    tidy, folder = accounts.tidy(name), folder_of(data)
    change(folder, lambda db: accounts.remove(db, actor(), tidy, may_be_last=True))
    click.echo(f"Account {tidy} removed.")
    if not ask(folder, lambda reader: reader.people.has_accounts()):
        click.echo("No account is left. Without a token too, anyone on its machine can use the hub.")


@click.group()
def token() -> None:
    """API tokens for programs, each with a scope and an expiry. Every command takes one by --token-file."""


@token.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(_SCOPES), required=True, help="read: viewer; run: operator; admin: all.")
@click.option("--days", type=int, default=90, show_default=True, help="For how long it is valid.")
@_DATA
def add_token(name: str, scope: str, days: int, data: Path | None) -> None:
    """Make API token NAME and print it, once: only its hash is stored."""
    with parts_of_the_hub():
        from edgeprof_hub.people import api_tokens

    checked = api_tokens.scope_named(scope)
    secret = change(
        folder_of(data), lambda db: api_tokens.add(db, actor(), name, checked, days, owner=None, now_s=time.time())
    )
    click.echo(f"Token {name}, scope {checked}, valid {days} days. It is not shown again:", err=True)
    click.echo(secret)


@token.command("list")
@_DATA
def list_tokens(data: Path | None) -> None:
    """List API tokens with scope, expiry and last use; never the tokens themselves."""
    found = ask(folder_of(data), lambda reader: reader.people.tokens())
    for one in found:
        expiry = f"{'expired' if one.ends_s <= time.time() else 'valid until'} {date(one.ends_s)}"
        used = f"last used {date(one.used_s)}" if one.used_s else "never used"
        click.echo(f"{one.name:<32}  {one.scope:<5}  {expiry}  {used}  by {one.owner or 'the command line or token'}")
    if not found:
        click.echo("No API tokens. Make one: edgeprof hub token add NAME --scope read")


@token.command("revoke")
@click.argument("name")
@_DATA
def revoke_token(name: str, data: Path | None) -> None:
    """Revoke API token NAME. The hub refuses it from the next request on."""
    with parts_of_the_hub():
        from edgeprof_hub.people import api_tokens

    change(folder_of(data), lambda db: api_tokens.revoke(db, actor(), name))
    click.echo(f"Token {name} revoked.")


@click.command()
@click.option("--who", default="", metavar="NAME", help="Only entries of this account, token:NAME or 'shared token'.")
@click.option("--action", default="", help="Only this action, such as flash or device.delete.")
@click.option("--text", default="", help="Only entries with this text in what they are about.")
@click.option("--failed", is_flag=True, help="Only failures: refused sign-ins, tokens and requests.")
@click.option("-n", "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="How many.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@_DATA
def audit(who: str, action: str, text: str, failed: bool, limit: int, as_csv: bool, data: Path | None) -> None:
    """Print who changed what on the hub, newest first."""
    with parts_of_the_hub():
        from edgeprof_hub.exports.audit_csv import audit_csv
        from edgeprof_hub.store.audit import AuditQuery

    query = AuditQuery(actor=who, action=action, text=text, failed=failed, limit=limit)
    found = ask(folder_of(data), lambda reader: reader.audit.entries(query))
    if as_csv:
        click.echo(audit_csv(found), nl=False)
        return
    for one in found:
        words = " ".join(filter(None, (one.subject, f"({one.detail})" if one.detail else "")))
        place = f"  from {one.address}" if one.address else ""
        click.echo(f"{date(one.at_s)}  {one.actor:<20}  {'FAILED ' if one.failed else ''}{one.action}  {words}{place}")
