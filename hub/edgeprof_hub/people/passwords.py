"""Passwords: which are taken, and their argon2id hashes."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edgeprof.errors import EdgeprofError, UsageError

MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 256
MIN_DIFFERENT_CHARS = 5

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id, 19 MiB, two passes, one thread (OWASP, Password Storage Cheat Sheet): hubs run on small boards, too."""
_ONE_AT_A_TIME = threading.Lock()
"""Anybody may send sign-ins: each takes 19 MiB while it is looked at."""
MAX_WAITING = 8
_WAITING = threading.BoundedSemaphore(MAX_WAITING)
"""Beyond that they are refused unseen, lest they hold every thread that answers pages."""
_NOBODY = _HASHER.hash("a password that nobody has, looked at where the name is unknown")


def checked(password: str, name: str) -> str:
    """The password as it was given. Raises UsageError weak_password.

    >>> checked("correct horse battery", "ada")
    'correct horse battery'
    """
    text = unicodedata.normalize("NFKC", password)
    if len(text) < MIN_PASSWORD_CHARS or max(len(text), len(password)) > MAX_PASSWORD_CHARS:
        raise UsageError(
            "weak_password",
            f"Use {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters for a password.",
        )
    if len(set(text)) < MIN_DIFFERENT_CHARS:
        raise UsageError("weak_password", f"Use at least {MIN_DIFFERENT_CHARS} different characters in a password.")
    if name.casefold() in text.casefold() and len(text) - len(name) < MIN_PASSWORD_CHARS:
        raise UsageError("weak_password", "The password is little more than the account's name. Use another one.")
    return password


def hashed(password: str) -> str:
    """With a salt of its own and the parameters in it."""
    with _ONE_AT_A_TIME:
        return _HASHER.hash(unicodedata.normalize("NFKC", password))


def is_right(stored: str | None, given: str) -> bool:
    """Whether a password is the one. `stored` None (an unknown name) takes as long as a wrong password.

    Raises EdgeprofError too_many_guesses while too many others wait to be looked at.
    """
    text = unicodedata.normalize("NFKC", given[:MAX_PASSWORD_CHARS])
    if not _WAITING.acquire(blocking=False):
        raise EdgeprofError("too_many_guesses", "Too many sign-ins wait at once. Try again in some seconds.")
    try:
        with _ONE_AT_A_TIME:
            _HASHER.verify(stored or _NOBODY, text)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _WAITING.release()
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than are used now."""
    return _HASHER.check_needs_rehash(stored)
