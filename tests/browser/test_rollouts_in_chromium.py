"""A rollout from the form to its end in a real browser: live, on a phone, within the rules that axe knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from edgeprof.wire.rollouts import RolloutPlan
from edgeprof_hub.rollout import ticking
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import rollout_cases
from tests.hub.live import Live, eventually, serving
from tests.hub.rollout_cases import Agent, Behaviour, keep, outcome_of, ran, request, variant

pytestmark = pytest.mark.browser
OLD, NEW, BAD = (
    variant("cnn fp32", "digits", "fp32"),
    variant("cnn int8", "digits"),
    variant("cnn int4", "digits", "int4"),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, list[Agent]]]:
    """Two devices that ran OLD. BAD was stopped and is quarantined."""
    before, ticking.TICK_EVERY_S = ticking.TICK_EVERY_S, 0.05
    folder: Path = tmp_path_factory.mktemp("hub")
    models = {OLD.model_id: Behaviour(), NEW.model_id: Behaviour(), BAD.model_id: Behaviour(fails=("load", "crash"))}
    with serving(folder) as live:
        port = live.hub.endpoint.port
        with Agent(port, 1, models) as one, Agent(port, 2, models) as other:
            rollout_cases.online(live, [one, other])
            keep(live.hub, OLD, NEW, BAD)
            ran(live.hub, OLD, [1, 2])
            outcome_of(live, live.client.start_rollout(request(BAD, [one, other], RolloutPlan())))
            eventually(live.client.quarantines)
            yield live, [one, other]
    ticking.TICK_EVERY_S = before


def test_a_person_starts_approves_and_takes_back_a_rollout(chromium: Browser, served: tuple[Live, list[Agent]]) -> None:
    live, _ = served
    with looking(chromium) as (page, complaints):
        page.goto(f"{live.url}/flash")
        page.get_by_role("checkbox", name="cnn int8").check()
        for name in ("agent-1", "agent-2"):
            page.get_by_role("checkbox", name=name).check()
        page.get_by_text("In stages…").click()
        page.locator("[name=stages]").fill("all of them")
        page.get_by_role("button", name="Start rollout").click()
        expect(page.get_by_role("alert")).to_contain_text("'all' is not a share")
        page.locator("[name=stages]").fill("100")
        page.locator("[name=canary]").fill("agent-2")
        page.locator("[name=approval]").select_option("canary")
        page.get_by_role("button", name="Start rollout").click()
        expect(page.get_by_role("status").filter(has_text="Waits for your approval.")).to_be_visible()
        expect(page.get_by_role("region", name="The model beside its reference")).to_contain_text("agent-2")
        page.get_by_role("button", name="Approve the next group").click()
        expect(page.locator("h1")).to_have_text("cnn int8: finished")
        page.get_by_role("button", name="Roll back 2 devices").click()
        expect(page.locator("h1")).to_have_text("Rollback of cnn int8: finished")
        assert len(complaints) == 1, "the form that was refused, alone"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_pages_break_no_rule_and_fit(
    chromium: Browser, served: tuple[Live, list[Agent]], width: int, scheme: Scheme
) -> None:
    live, _ = served
    stopped = live.client.rollouts()[-1]
    with looking(chromium, width, scheme) as (page, complaints):
        for path in ("/rollouts", f"/rollouts/{stopped.rollout_id}", "/flash#stages"):
            page.goto(live.url + path)
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert complaints == []


def test_a_quarantine_is_lifted_by_a_button(chromium: Browser, served: tuple[Live, list[Agent]]) -> None:
    live, _ = served
    with looking(chromium) as (page, _):
        page.goto(f"{live.url}/rollouts")
        page.get_by_role("button", name="Lift the quarantine of cnn int4").click()
        expect(page.get_by_text("lifted 20")).to_be_visible()
        assert live.client.quarantines()[0].lifted_s is not None
