"""Installing, upgrading and uninstalling: what is refused, what is removed, and what runs afterwards."""

from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire.join_token import JoinToken
from edgeprof_agent.installing.board import Board
from edgeprof_agent.installing.install import Wish, install
from edgeprof_agent.installing.join_token import Credential
from edgeprof_agent.installing.places import Places

BOARD = Board(machine="x86_64", python=(3, 11), glibc="2.36", flags=frozenset(), system="", model="", has_systemd=False)
JOIN = JoinToken(ca_key_sha256="0" * 64, secret="s" * 43)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folders = {name: tmp_path / name for name in ("prefix", "etc", "units", "state")}
    for folder in folders.values():
        folder.mkdir()
    return Places(**folders)


def test_a_join_token_is_refused_over_plain_http_before_the_hub_is_reached(places: Places) -> None:
    wish = Wish(hub="http://127.0.0.1:9", credential=Credential(join=JOIN))
    with pytest.raises(EdgeprofError) as refused:
        install(wish, places, lambda _: None, BOARD)
    assert refused.value.code == "tls_needed"
    assert not any(places.prefix.iterdir())
