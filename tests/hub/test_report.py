"""A view of the comparison as a file to take away."""

import pytest

from tests.hub import fleet
from tests.hub.conftest import URL, Open


@pytest.fixture
def typical() -> fleet.Fleet:
    return fleet.typical()


def test_a_report_is_one_file_without_script_form_or_foreign_file(open_hub: Open, typical: fleet.Fleet) -> None:
    client = open_hub(typical)
    answer = client.get("/report?family=digits-cnn&colour=rank")
    assert answer.headers["content-disposition"] == 'attachment; filename="edgeprof-report.html"'
    text = answer.text
    for nowhere in ("<script", "<form", "<input", "<button", "<link", "src=", "face-mesh"):
        assert nowhere not in text
    assert "--ground:" in text
    assert "0.254" in text
    assert f'<base href="{URL}/">' in text
    assert "/?family=digits-cnn&amp;colour=rank" in text


def test_a_report_shows_hostile_names_as_text(open_hub: Open) -> None:
    text = open_hub(fleet.hostile("</style><script>alert(1)</script>")).get("/report").text
    assert "<script>alert" not in text
    assert text.count("</style>") == 1


@pytest.mark.parametrize(("kind", "begins"), [("csv", "device_id,device,"), ("md", "| "), ("json", "{")])
def test_a_view_is_a_file_of_other_kinds_too(open_hub: Open, typical: fleet.Fleet, kind: str, begins: str) -> None:
    client = open_hub(typical)
    assert f"/report?as={kind}" in client.get("/").text or kind == "json"
    answer = client.get(f"/report?family=digits-cnn&as={kind}")
    assert answer.headers["content-disposition"] == f'attachment; filename="edgeprof.{kind}"'
    assert begins in answer.text
    assert "0.254" in answer.text
    assert "face-mesh" not in answer.text
    assert client.get("/report?as=exe").status_code == 422
