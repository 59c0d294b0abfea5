"""Codes of people at a hub: accounts, passwords, roles and API tokens."""

from edgeprof.errors.codes.entry import FAILED, WRONG_USE, ErrorCode

PEOPLE = (
    ErrorCode(
        "account_exists",
        "There is an account of this name.",
        "Choose another name, or set its password.",
        WRONG_USE,
        (409,),
    ),
    ErrorCode(
        "bad_account_name",
        "The text is not the name of an account or of an API token.",
        "Use up to 32 of a-z, 0-9 and . _ -, such as ada.",
        WRONG_USE,
    ),
    ErrorCode("bad_days", "An API token is valid for 1 to 3,650 days.", "Use a number in that range.", WRONG_USE),
    ErrorCode("bad_role", "The text is not a role.", "Use viewer, operator or admin.", WRONG_USE),
    ErrorCode("bad_scope", "The text is not a scope of an API token.", "Use read, run or admin.", WRONG_USE),
    ErrorCode(
        "first_account",
        "The first account is an admin, and is made at the hub's machine.",
        "Run `edgeprof hub user add NAME --role admin` there.",
        WRONG_USE,
        (409,),
    ),
    ErrorCode(
        "hub_is_older",
        "A hub of an older release runs over the data folder.",
        "Restart it with this release, then run the command again.",
    ),
    ErrorCode(
        "last_admin",
        "The account is the only admin.",
        "Make another account an admin first: `edgeprof hub user role NAME admin`.",
        WRONG_USE,
        (409,),
    ),
    ErrorCode(
        "no_account", "The hub has no account of this name.", "List them: `edgeprof hub user list`.", FAILED, (404,)
    ),
    ErrorCode(
        "no_token", "The hub has no API token of this name.", "List them: `edgeprof hub token list`.", FAILED, (404,)
    ),
    ErrorCode(
        "not_allowed",
        "The account's role or the token's scope does not allow this.",
        "Ask an admin of the hub for another role or token.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "token_exists",
        "There is an API token of this name.",
        "Revoke it first, or choose another name.",
        WRONG_USE,
        (409,),
    ),
    ErrorCode(
        "token_expired",
        "The API token has expired.",
        "Make a new one: `edgeprof hub token add`.",
        FAILED,
        (401,),
    ),
    ErrorCode(
        "weak_password",
        "The password is too short, too simple or too much like the account's name.",
        "Use at least 12 characters, 5 of them different.",
        WRONG_USE,
    ),
)
