"""Notices by e-mail: the settings in a TOML file, the message, and one delivery over SMTP."""

import os
import smtplib
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Literal, get_args

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire.notices import Notice
from edgeprof_hub.addresses import is_loopback

Security = Literal["starttls", "tls", "none"]
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_SECURITIES: Mapping[str, Security] = {one: one for one in PORTS}
TIMEOUT_S = 20.0
MAX_SUBJECT_CHARS = 120
PASSWORD_VARIABLE = "EDGEPROF_EMAIL_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """One account that sends, and who receives. `page_url`: the hub as its readers reach it; empty: no links."""

    host: str
    sender: str
    to: tuple[str, ...]
    security: Security = "starttls"
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    page_url: str = ""

    @property
    def shown(self) -> str:
        """Without the account."""
        return f"{', '.join(self.to)} by {self.host}:{self.port}"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The file's keys."""

    host: str
    to: list[str]
    sender: str = msgspec.field(name="from")
    security: str = "starttls"
    port: int | None = None
    user: str = ""
    password_file: str = ""
    page_url: str = ""


def load(path: Path, environment: Mapping[str, str] = os.environ) -> MailSettings:
    """Read the settings. The password is in `password_file`, or in the variable. Raises UsageError bad_email.

    Example of a file: `host = "mail.example.org"`, `from = "edgeprof@example.org"`, `to = ["me@example.org"]`.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text()), _File)
        password = Path(found.password_file).read_text().strip() if found.password_file else ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _bad(path, str(error)) from error
    security = _SECURITIES.get(found.security)
    if security is None:
        raise _bad(path, f"security is {found.security!r}. Use {', '.join(get_args(Security))}")
    if not found.host or not found.to or any("@" not in each for each in (found.sender, *found.to)):
        raise _bad(path, "host, from and to are needed, and each address has an @")
    if any(not text.isprintable() for text in (found.sender, *found.to)):
        raise _bad(path, "an address holds a control character")
    password = password or environment.get(PASSWORD_VARIABLE, "")
    if password and security == "none" and not is_loopback(found.host):
        raise _bad(path, "security is none, so the password would travel unencrypted. Use starttls or tls")
    return MailSettings(
        host=found.host,
        sender=found.sender,
        to=tuple(found.to),
        security=security,
        port=found.port or PORTS[security],
        user=found.user,
        password=password,
        page_url=found.page_url.rstrip("/"),
    )


def message(settings: MailSettings, notice: Notice) -> EmailMessage:
    """The notice as a plain message. What came from a device is one line: it cannot add a header."""
    sentence = " ".join(notice.sentence.split())
    made = EmailMessage()
    made["Subject"] = f"edgeprof: {sentence}"[:MAX_SUBJECT_CHARS]
    made["From"], made["To"] = settings.sender, ", ".join(settings.to)
    made["Date"], made["Message-ID"] = formatdate(notice.at_s), make_msgid(domain="edgeprof.invalid")
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply
    lines = [sentence, "", f"Kind: {notice.kind}{' (over)' if notice.recovered else ''}", f"Hub: {notice.hub_id}"]
    lines.append(f"Details: {settings.page_url}{notice.path}" if settings.page_url else f"Page: {notice.path}")
    made.set_content("\n".join(lines))
    return made


def deliver(settings: MailSettings, notice: Notice) -> str:
    """Empty where the server took it for every recipient, else what went wrong."""
    try:
        with _connected(settings) as server:
            if settings.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.user:
                server.login(settings.user, settings.password)
            refused = server.send_message(message(settings, notice))
    except smtplib.SMTPResponseException as error:
        return f"SMTP {error.smtp_code}: {_text(error.smtp_error)}"
    except smtplib.SMTPRecipientsRefused as error:
        return f"refused for {', '.join(error.recipients)}"
    except (OSError, smtplib.SMTPException) as error:
        return str(error) or type(error).__name__
    return f"refused for {', '.join(refused)}" if refused else ""


def _connected(settings: MailSettings) -> smtplib.SMTP:
    if settings.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)


def _text(answer: bytes | str) -> str:
    return " ".join((answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer).split())


def _bad(path: Path, reason: str) -> UsageError:
    return UsageError("bad_email", f"The e-mail settings in {path} cannot be used: {reason.rstrip('.')}.")
