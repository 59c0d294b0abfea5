"""The TLS settings of the hub's HTTPS listener."""

import ssl
from pathlib import Path

from edgeprof_hub.identity.authority import CA_PEM, SERVER_KEY, SERVER_PEM

HANDSHAKE_WITHIN_S = 10.0


def server_context(identity: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer. A certificate is asked for and none is needed: browsers and boards with a token have none.

    No revocation list here: each request's device is looked up, so that a connection that stands is cut off, too.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(identity / CA_PEM)
    context.set_alpn_protocols(["http/1.1"])
    load(context, identity)
    return context


def load(context: ssl.SSLContext, identity: Path) -> None:
    """Use the server's certificate as it is now, for every connection from here on."""
    context.load_cert_chain(identity / SERVER_PEM, identity / SERVER_KEY)
