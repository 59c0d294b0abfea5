"""What of a page depends on who looks at it: their name in its head, and no button that their role may not use.

Pages are made once for everybody and kept; this is done to each answer. It asks the table that refuses requests.
"""

import re
from html import escape, unescape

from edgeprof_hub.people import rights
from edgeprof_hub.people.roles import OPEN_HUB, Principal, Right

MARK = "<!--who-->"
_TAG = re.compile(r"<(/?form|button|input|select|textarea)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')
_NAV_LINK = re.compile(r'^ *<a href="(/\w+)"[^>]*>[^<]*</a>\n', re.MULTILINE)
_NAV = re.compile(r'<nav aria-label="Main">.*?</nav>', re.DOTALL)


def personal(text: str, who: Principal | None) -> str:
    """The page for this principal; None: for a stranger, who sees the sign-in only.

    >>> from edgeprof_hub.people.roles import Principal
    >>> viewer = Principal(name="ada", right=Right.VIEWER)
    >>> personal('<form method="post" action="/flash"><button>Flash</button></form>', viewer)
    '<form method="post" action="/flash"><button hidden disabled>Flash</button></form>'
    """
    if who is not None and who.right < Right.ADMIN:
        text = _NAV.sub(lambda nav: _NAV_LINK.sub(lambda link: _nav_link(link, who), nav[0]), text, count=1)
        text = _buttons(text, who)
    return text.replace(MARK, _head(who), 1)


def _head(who: Principal | None) -> str:
    if who is None or who == OPEN_HUB:
        return ""
    leave = '<form method="post" action="/sign-out"><button>Sign out</button></form>' if who.session_sha256 else ""
    role = f" ({who.role})" if who.account else ""
    return f'<span class="who"><a href="/settings/people">{escape(who.name)}</a>{role} {leave}</span>'


def _nav_link(link: re.Match[str], who: Principal) -> str:
    return link[0] if who.may(rights.of("GET", link[1]).need.right) else ""


def _buttons(text: str, who: Principal) -> str:
    """What a form would change stays to be read, and cannot be pressed. Scripts find each button where it was."""
    form: dict[str, str] = {}

    def shown(tag: re.Match[str]) -> str:
        nonlocal form
        kind, attributes = tag[1], dict(_ATTRIBUTE.findall(tag[2]))
        if kind == "form":
            form = attributes
        elif kind == "/form":
            form = {}
        elif _is_refused({**form, **_own(attributes)}, who):
            return f"<{kind} {'hidden ' if kind == 'button' else ''}disabled{tag[2]}>"
        return tag[0]

    return _TAG.sub(shown, text)


def _own(attributes: dict[str, str]) -> dict[str, str]:
    """What a button says in the place of its form."""
    found = {"method": attributes.get("formmethod"), "action": attributes.get("formaction")}
    return {name: text for name, text in found.items() if text}


def _is_refused(form: dict[str, str], who: Principal) -> bool:
    path = unescape(form.get("action", "")).partition("?")[0]
    return form.get("method") == "post" and path != "" and not who.may(rights.of("POST", path).need.right)
