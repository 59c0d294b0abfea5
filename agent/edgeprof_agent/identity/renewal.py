"""A certificate is renewed before it ends: the key stays, so one file is replaced, and no process makes a key."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError
from edgeprof_agent.identity.files import DeviceIdentity

if TYPE_CHECKING:
    from edgeprof.wire.joining import Renewed

log = logging.getLogger(__name__)

FIRST_LOOK_S = 60.0
LOOK_EVERY_S = 6 * 3600.0


class Renewal:
    """One thread's work."""

    def __init__(
        self, identity: DeviceIdentity, renew: "Callable[[], Renewed]", trusted_cas: Callable[[], str]
    ) -> None:
        """Both ask the hub over TLS that trusts the CAs which are there, showing the certificate."""
        self._identity = identity
        self._renew = renew
        self._trusted_cas = trusted_cas
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until `stop`. A fleet that started at once does not ask at once."""
        pause_s = FIRST_LOOK_S
        while not self._stopping.wait(pause_s * random.uniform(0.5, 1.0)):
            self.look()
            pause_s = LOOK_EVERY_S

    def look(self) -> None:
        """Learn of a CA that is to follow, and renew what is due. What fails is tried at the next look, for months."""
        try:
            if self._identity.trust(self._trusted_cas()):
                log.info("certificate.cas_changed")
            if not self._identity.is_renewal_due(time.time()):
                return
            renewed = self._renew()
            self._identity.renew(renewed.certificate_pem, renewed.ca_pem)
        except (EdgeprofError, OSError, ValueError) as error:
            log.warning("certificate.not_renewed reason=%s", error)
            return
        log.info("certificate.renewed")

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
