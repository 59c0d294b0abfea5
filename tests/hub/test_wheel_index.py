"""The hub's package index: edgeprof's own wheel, PEP 503 and PEP 691, hashes and ETags, read by the real pip."""

import hashlib
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof_hub.joining import index_pages, own_wheel
from edgeprof_hub.joining.wheel_index import FOLDER, WheelIndex, read
from tests.hub import made_wheels
from tests.hub.live import Live, serving

SIX = "six-1.0-py3-none-any.whl"
JSON = index_pages.SIMPLE_JSON


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    data = tmp_path_factory.mktemp("hub")
    made_wheels.empty(data / FOLDER, SIX, python=">=3.8")
    made_wheels.empty(data / FOLDER, "Some_Thing-2.0-py3-none-any.whl", ["six>=1"])
    (data / FOLDER / "cut-1.0-py3-none-any.whl").write_bytes(b"PK")
    with serving(data, token="a-token-for-tests-only") as served:
        yield served


def get(live: Live, path: str, **headers: str) -> "tuple[int, dict[str, str], bytes]":
    request = urllib.request.Request(
        live.url + path, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, {name.lower(): text for name, text in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): text for name, text in error.headers.items()}, error.read()


def test_the_own_wheel_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    first = own_wheel.pack(tmp_path / "a").read_bytes()
    assert first == own_wheel.pack(tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / own_wheel.NAME) as archive:
        names = set(archive.namelist())
        info = f"edgeprof-{__version__}.dist-info"
        assert "edgeprof=edgeprof.cli:main" in archive.read(f"{info}/entry_points.txt").decode().replace(" ", "")
        record = archive.read(f"{info}/RECORD").decode().splitlines()
    assert {
        "edgeprof/cli.py",
        "edgeprof_hub/joining/install.sh",
        "edgeprof_agent/packaging/edgeprof-agent.service",
    } <= names
    assert not any("__pycache__" in name for name in names)
    assert {line.split(",")[0] for line in record} == names
    assert read(tmp_path / "a" / own_wheel.NAME).version.public == __version__


def test_what_is_not_a_wheel_is_named_and_not_offered(tmp_path: Path, live: Live) -> None:
    for name in ("thing.whl", "thing-1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(b"no zip at all")
        with pytest.raises(EdgeprofError, match="is not a wheel") as raised:
            read(tmp_path / name)
        assert raised.value.code == "bad_wheel"
    assert get(live, "/simple/cut/")[0] == 404


def test_a_wheel_that_arrives_later_is_offered(tmp_path: Path) -> None:
    index = WheelIndex(tmp_path)
    assert [wheel.project for wheel in index.wheels()] == ["edgeprof"]
    made_wheels.empty(tmp_path, SIX)
    assert sorted(wheel.project for wheel in index.wheels()) == ["edgeprof", "six"]
    made_wheels.empty(tmp_path, "edgeprof-99.0-py3-none-any.whl")
    assert str(index.own().version) == "99.0"


def test_html_names_each_file_with_its_hash(live: Live) -> None:
    status, headers, body = get(live, "/simple/six/")
    digest = hashlib.sha256((live.hub.settings.data / FOLDER / SIX).read_bytes()).hexdigest()
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
    assert f'<a href="../files/{SIX}#sha256={digest}" data-requires-python="&gt;=3.8">{SIX}</a>' in body.decode()
    assert re.findall(r'href="([^"]+)"', get(live, "/simple/")[2].decode()) == ["edgeprof/", "six/", "some-thing/"]


def test_json_says_the_same(live: Live) -> None:
    _, headers, body = get(live, "/simple/Some.Thing/", Accept=f"{JSON}, text/html; q=0.1")
    assert headers["content-type"] == JSON
    document = json.loads(body)
    (file,) = document["files"]
    assert (document["name"], document["meta"]) == ("some-thing", {"api-version": "1.0"})
    assert hashlib.sha256(get(live, f"/simple/files/{file['filename']}")[2]).hexdigest() == file["hashes"]["sha256"]
    listed = json.loads(get(live, "/simple/", Accept=JSON)[2])
    assert {"name": "some-thing"} in listed["projects"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        (f"text/html;q=0.1, {JSON}", JSON),
        (f"{JSON};q=0.2, text/html;q=0.9", "text/html"),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("image/png", "text/html"),
    ],
)
def test_the_client_chooses_the_form(accept: str, kind: str) -> None:
    assert index_pages.chosen(accept) == kind


@pytest.mark.parametrize("path", ["/simple/", "/simple/six/", f"/simple/files/{SIX}", "/install.sh"])
def test_what_a_client_has_already_is_not_sent_again(live: Live, path: str) -> None:
    etag = get(live, path)[1]["etag"]
    status, headers, body = get(live, path, If_None_Match=etag)
    assert (status, headers["etag"], body) == (304, etag, b"")


def test_what_is_not_there_is_404(live: Live) -> None:
    for path in ("/simple/absent/", "/simple/files/absent-1.0-py3-none-any.whl"):
        assert get(live, path)[0] == 404, path


def test_a_wheel_comes_in_ranges_and_not_compressed(live: Live) -> None:
    whole = get(live, f"/simple/files/{SIX}", Accept_Encoding="gzip")
    assert "content-encoding" not in whole[1]
    assert get(live, f"/simple/files/{SIX}", Range="bytes=2-9")[2] == whole[2][2:10]


def test_pip_itself_installs_from_it(live: Live, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "--isolated", "download", "--quiet", "--disable-pip-version-check"]
    index = ["--index-url", f"{live.url}/simple/", "--no-cache-dir", "--dest", str(tmp_path), "some-thing"]
    done = subprocess.run([*command, *index], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["Some_Thing-2.0-py3-none-any.whl", SIX]
