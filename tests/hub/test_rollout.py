"""Rollouts on a real hub with devices that speak the wire: groups, thresholds, people, restarts, quarantine."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubError
from edgeprof.wire import rest
from edgeprof.wire.notices import Notice
from edgeprof.wire.rollouts import Rollout, RolloutPlan
from edgeprof_hub import hub_clock
from edgeprof_hub.rollout import ticking
from tests.hub import rollout_cases
from tests.hub.live import Live, eventually, serving
from tests.hub.rollout_cases import PLAIN, Agent, Behaviour, keep, outcome_of, ran, request, variant

OLD, NEW = variant("cnn fp32", "digits", "fp32"), variant("cnn int8", "digits")
COUNT = 6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "TICK_EVERY_S", 0.05)


@pytest.fixture
def models() -> dict[str, Behaviour]:
    return {OLD.model_id: Behaviour(), NEW.model_id: Behaviour(0.8)}


@pytest.fixture
def served(live: Live, models: dict[str, Behaviour]) -> Iterator[tuple[Live, list[Agent]]]:
    """A hub with six devices of two kinds, each of which ran OLD."""
    with ExitStack() as stack:
        agents = [stack.enter_context(agent(live, number, models)) for number in range(1, COUNT + 1)]
        rollout_cases.online(live, agents)
        keep(live.hub, OLD, NEW)
        ran(live.hub, OLD, range(1, COUNT + 1))
        yield live, agents


def agent(live: Live, number: int, models: dict[str, Behaviour]) -> Agent:
    board = (
        {}
        if number % 2
        else {"dt_model": "Raspberry Pi 4 Model B Rev 1.4", "dt_compatible": ("raspberrypi,4-model-b",)}
    )
    return Agent(live.hub.endpoint.port, number, models, live.hub, **board)


def start(served: tuple[Live, list[Agent]], plan: RolloutPlan = PLAIN, **changes: object) -> Rollout:
    live, agents = served
    return live.client.start_rollout(request(NEW, agents, plan, **changes))


def sizes(found: Rollout) -> list[int]:
    return [group.size for group in found.groups]


def did(agents: list[Agent]) -> list[int]:
    """How many jobs of NEW each device did."""
    return [sum(job.model.model_id == NEW.model_id for job in each.runs) for each in agents]


def test_a_good_model_goes_out_in_groups_and_everybody_is_told(served: tuple[Live, list[Agent]]) -> None:
    live, agents = served
    started = start(served, replace(PLAIN, stages_percent=(50, 100)))
    assert sizes(started) == [2, 1, 3]
    assert len({device.kind for device in started.devices if device.group == 0}) == 2
    ended = outcome_of(live, started)
    assert (ended.state, ended.stands) == ("finished", "6 devices: 6 succeeded.")
    assert did(agents) == [1] * COUNT
    begun = [group.started_s or 0 for group in ended.groups]
    assert begun == sorted(begun)
    assert {device.previous_name for device in ended.devices} == {"cnn fp32"}
    assert ended.may_roll_back == COUNT
    assert [one.rollout_id for one in live.client.rollouts()] == [started.rollout_id]


def test_a_canary_that_fails_stops_the_rollout_and_the_others_stay_untouched(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    models[NEW.model_id] = Behaviour(fails=("load", "load_error"))
    ended = outcome_of(live, start(served, replace(PLAIN, canary_count=3)))
    assert ended.state == "stopped"
    assert re.match(r"Canary: [1-3] of 3 devices failed. agent-\d: load_error in load: ", ended.stands)
    assert [group.state for group in ended.groups] == ["failed", "waiting"]
    assert sum(did(agents)) <= 3
    assert {device.outcome for device in ended.devices if device.group == 1} == {""}
    assert "load_error in load" in next(device.sentence for device in ended.devices if device.outcome == "failed")


def test_a_model_that_is_slower_than_the_one_before_stops_at_the_canary(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    models[NEW.model_id] = Behaviour(2.0)
    ended = outcome_of(live, start(served, RolloutPlan(gates=False)))
    assert ended.state == "stopped"
    device = next(device for device in ended.devices if device.outcome == "failed")
    assert device.compared is not None
    assert device.compared.ratio == pytest.approx(2.0, rel=0.05)
    assert (device.compared.reference_runs, device.compared.model_runs) == (3, 3)
    assert device.sentence.startswith("Takes 2.0")
    assert sum(did(agents)) == 6


def test_a_model_that_is_fast_and_needs_too_much_memory_stops_at_the_canary(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    models[OLD.model_id].memory_mib, models[NEW.model_id].memory_mib = 60.0, 90.0
    live, agents = served
    started = start(served, RolloutPlan(gates=False, max_memory_growth_percent=20.0))
    ended = outcome_of(live, started)
    assert ended.state == "stopped"
    sentences = [device.sentence for device in ended.devices if device.outcome == "failed"]
    assert sentences
    assert all("Peak memory is 1.50 × that of" in sentence for sentence in sentences)
    assert "peak memory higher by more than 20 %" in live.app_get(f"/rollouts/{started.rollout_id}")
    assert sum(did(agents)) == 6, "three runs on each of the two canaries"


def test_runs_of_the_reference_are_interleaved_and_the_next_groups_run_the_model_alone(
    served: tuple[Live, list[Agent]],
) -> None:
    live, agents = served
    ended = outcome_of(live, start(served, RolloutPlan(gates=False, canary_devices=(agents[0].device_id,))))
    assert ended.state == "finished"
    order = [job.model.model_id for job in agents[0].runs]
    assert sorted(order) == sorted([OLD.model_id, NEW.model_id] * 3)
    assert all(set(order[block : block + 2]) == {OLD.model_id, NEW.model_id} for block in (0, 2, 4))
    assert [job.model.model_id for job in agents[1].runs] == [NEW.model_id]


def test_a_device_that_ran_no_other_model_of_the_family_says_that_it_is_not_compared(
    live: Live, models: dict[str, Behaviour]
) -> None:
    keep(live.hub, NEW)
    with agent(live, 1, models) as one:
        rollout_cases.online(live, [one])
        (found,) = outcome_of(live, live.client.start_rollout(request(NEW, [one], RolloutPlan()))).devices
        assert (found.outcome, len(one.runs)) == ("succeeded", 1)
        assert found.sentence == "Ran. Not compared: no other model of the family ran here before."


def test_a_person_approves_after_the_canary(served: tuple[Live, list[Agent]]) -> None:
    live, agents = served
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    assert waiting.groups[0].state == "approval"
    assert waiting.stands.endswith("passed. Waits for your approval.")
    assert sum(did(agents)) == 2
    assert live.client.change_rollout(waiting.rollout_id, "approve").groups[1].started_s is not None
    with pytest.raises(HubError, match="does not wait"):
        live.client.change_rollout(waiting.rollout_id, "approve")
    assert outcome_of(live, waiting).state == "finished"


def test_noise_around_the_limit_waits_for_a_person(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, _ = served
    models[NEW.model_id] = Behaviour(scales=(0.7, 1.0, 1.6))
    waiting = outcome_of(live, start(served, RolloutPlan(gates=False)))
    assert (waiting.state, waiting.groups[0].state) == ("running", "short")
    assert "undecided. Approve it to go on, or abort." in waiting.stands
    assert live.client.change_rollout(waiting.rollout_id, "approve").groups[1].state in ("running", "passed")


def test_pause_holds_what_is_not_sent_and_resume_goes_on(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    paused = live.client.change_rollout(waiting.rollout_id, "pause")
    assert (paused.state, paused.stands) == ("paused", "Paused by a person. Jobs that devices have go on.")
    live.client.change_rollout(waiting.rollout_id, "approve")
    agents[0].give_time()
    assert sum(did(agents)) == 2
    live.client.change_rollout(waiting.rollout_id, "resume")
    assert outcome_of(live, waiting).state == "finished"


def test_a_paused_rollout_sends_nothing_to_a_device_that_comes_back(live: Live, models: dict[str, Behaviour]) -> None:
    keep(live.hub, OLD, NEW)
    with agent(live, 1, models) as first:
        rollout_cases.online(live, [first])
        first.vanish()
        eventually(lambda: not live.hub.reader.devices()[0].online)
    started = live.client.start_rollout(request(NEW, [first]))
    eventually(lambda: live.client.rollout(started.rollout_id).groups[0].started_s is not None)
    live.client.change_rollout(started.rollout_id, "pause")
    with agent(live, 1, models) as again:
        rollout_cases.online(live, [again])
        again.give_time()
        assert again.runs == []
        live.client.change_rollout(started.rollout_id, "resume")
        assert outcome_of(live, started).state == "finished"
    with pytest.raises(HubError, match="has ended"):
        live.client.change_rollout(started.rollout_id, "pause")


def test_abort_cancels_open_jobs_and_finished_ones_stay(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    models[NEW.model_id] = Behaviour(holds=lambda device_id: device_id == agents[0].device_id)
    started = start(served, replace(PLAIN, canary_count=6))
    eventually(lambda: live.client.rollout(started.rollout_id).groups[0].counts.get("succeeded") == 1)
    ended = live.client.change_rollout(started.rollout_id, "abort")
    assert (ended.state, ended.stands) == ("aborted", "Aborted by a person.")
    campaign = live.client.campaign(ended.groups[0].campaign_id)
    assert sorted(job.state for job in campaign.jobs) == ["cancelled"] * 5 + ["measured"]


def test_rollback_flashes_what_each_device_ran_before(served: tuple[Live, list[Agent]]) -> None:
    live, agents = served
    ended = outcome_of(live, start(served))
    back = live.client.change_rollout(ended.rollout_id, "rollback")
    assert (back.kind, back.of_rollout_id) == ("rollback", ended.rollout_id)
    assert outcome_of(live, back).state == "finished"
    assert [each.runs[-1].model.model_id for each in agents] == [OLD.model_id] * COUNT
    assert set(
        live.hub.reader.rollouts.ran_before([each.device_id for each in agents], [OLD.model_id, NEW.model_id]).values()
    ) == {OLD.model_id}
    with pytest.raises(HubError, match="No device of this rollout"):
        live.client.change_rollout(back.rollout_id, "rollback")


def test_resume_after_a_stop_runs_the_failed_devices_again(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, _agents = served
    models[NEW.model_id] = Behaviour(fails=("fetch", "download_failed"))
    stopped = outcome_of(live, start(served))
    assert stopped.state == "stopped"
    models[NEW.model_id] = Behaviour()
    live.client.change_rollout(stopped.rollout_id, "resume")
    ended = outcome_of(live, stopped)
    assert (ended.state, ended.stands) == ("finished", "6 devices: 6 succeeded.")


def test_a_device_that_joins_in_the_middle_is_not_a_part_of_it(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, _agents = served
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    with agent(live, 9, models) as late:
        rollout_cases.online(live, [late])
        live.client.change_rollout(waiting.rollout_id, "approve")
        assert len(outcome_of(live, waiting).devices) == COUNT
        assert late.runs == []


@pytest.fixture
def able(live: Live, models: dict[str, Behaviour]) -> Iterator[list[Agent]]:
    """Two devices that switch to what is flashed, as agents of this release do. OLD was flashed to both."""
    with ExitStack() as stack:
        agents = [
            stack.enter_context(
                Agent(live.hub.endpoint.port, number, models, live.hub, abilities=("evaluate", "flash"))
            )
            for number in (1, 2)
        ]
        rollout_cases.online(live, agents)
        keep(live.hub, OLD, NEW)
        ids = tuple(each.device_id for each in agents)
        flash = rest.CampaignRequest(model_ids=(OLD.model_id,), device_ids=ids, flash_only=True)
        made = live.client.start_campaign(flash)
        eventually(lambda: all(job.result_id for job in live.client.campaign(made.campaign_id).jobs))
        yield agents


def flashed(agents: list[Agent]) -> list[list[str]]:
    """The models that each device switched to, in order."""
    return [[job.model.model_id for job in each.runs if job.config.load_only] for each in agents]


def test_a_device_switches_to_the_model_only_after_it_passed_its_checks(
    live: Live, able: list[Agent], models: dict[str, Behaviour]
) -> None:
    models[NEW.model_id] = Behaviour(2.0)
    plan = RolloutPlan(gates=False, canary_count=1)
    stopped = outcome_of(live, live.client.start_rollout(request(NEW, able, plan)))
    assert (stopped.state, stopped.may_roll_back) == ("stopped", 0)
    assert flashed(able) == [[OLD.model_id]] * 2
    models[NEW.model_id] = Behaviour(0.8)
    ended = outcome_of(live, live.client.start_rollout(request(NEW, able, plan)))
    assert (ended.state, ended.may_roll_back) == ("finished", 2)
    assert flashed(able) == [[OLD.model_id, NEW.model_id]] * 2
    assert all(each.runs[-1].config.load_only for each in able)
    back = outcome_of(live, live.client.change_rollout(ended.rollout_id, "rollback"))
    assert back.state == "finished"
    assert flashed(able) == [[OLD.model_id, NEW.model_id, OLD.model_id]] * 2
    assert [len(live.client.campaign(group.campaign_id).jobs) for group in back.groups] == [2]


def test_a_model_that_does_not_load_where_it_is_flashed_fails_there(
    live: Live, able: list[Agent], models: dict[str, Behaviour]
) -> None:
    models[NEW.model_id] = Behaviour(fails=("load", "load_error"), fails_only="flash")
    ended = outcome_of(live, live.client.start_rollout(request(NEW, able, replace(PLAIN, canary_count=1))))
    assert ended.state == "stopped"
    assert "Flash: load_error in load" in ended.stands
    models[NEW.model_id] = Behaviour()
    live.client.change_rollout(ended.rollout_id, "resume")
    assert outcome_of(live, ended).state == "finished"
    assert sorted(len(each.runs) for each in able) == [3, 4]


def test_flashing_alone_measures_the_canary_and_flashes_the_rest(
    live: Live, able: list[Agent], models: dict[str, Behaviour]
) -> None:
    plan = RolloutPlan(gates=False, canary_devices=(able[0].device_id,))
    ended = outcome_of(live, live.client.start_rollout(request(NEW, able, plan, flash_only=True)))
    assert ended.state == "finished"
    assert len(able[0].runs) == 1 + 6 + 1
    assert [job.config.load_only for job in able[1].runs] == [True, True]


def test_a_device_that_is_deleted_in_the_middle_does_not_count(served: tuple[Live, list[Agent]]) -> None:
    live, agents = served
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    gone = next(device for device in waiting.devices if device.group == 1)
    next(each for each in agents if each.device_id == gone.device_id).vanish()
    eventually(lambda: gone.device_id not in {each.device_id for each in live.hub.reader.devices() if each.online})
    live.client.delete("devices", gone.device_id)
    live.client.change_rollout(waiting.rollout_id, "approve")
    ended = outcome_of(live, waiting)
    assert (ended.state, ended.stands) == ("finished", "6 devices: 5 succeeded, 1 cancelled.")


def test_two_rollouts_of_a_family_do_not_meet_on_a_device(served: tuple[Live, list[Agent]]) -> None:
    live, agents = served
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    with pytest.raises(HubError, match="is open on some of these devices"):
        live.client.start_rollout(request(OLD, agents[:1], PLAIN))
    live.client.change_rollout(waiting.rollout_id, "abort")
    assert outcome_of(live, live.client.start_rollout(request(OLD, agents[:1], PLAIN))).state == "finished"


def test_a_rollout_goes_on_where_it_was_after_the_hub_restarted(tmp_path: Path, models: dict[str, Behaviour]) -> None:
    with serving(tmp_path / "data") as live:
        keep(live.hub, OLD, NEW)
        with agent(live, 1, models) as one, agent(live, 2, models) as other:
            rollout_cases.online(live, [one, other])
            plan = replace(PLAIN, canary_count=1, approval="canary")
            waiting = outcome_of(live, live.client.start_rollout(request(NEW, [one, other], plan)))
            assert waiting.groups[0].state == "approval"
            first = did([one, other])
    with serving(tmp_path / "data") as live, agent(live, 1, models) as one, agent(live, 2, models) as other:
        rollout_cases.online(live, [one, other])
        assert live.client.rollout(waiting.rollout_id).groups[0].state == "approval"
        live.client.change_rollout(waiting.rollout_id, "approve")
        assert outcome_of(live, waiting).state == "finished"
        assert [a + b for a, b in zip(first, did([one, other]), strict=True)] == [1, 1]


def shut(_: hub_clock.Window, at_s: float) -> bool:
    return at_s < 0


def lit(_: hub_clock.Window, at_s: float) -> bool:
    return at_s > 0


def test_outside_its_hours_nothing_is_sent(served: tuple[Live, list[Agent]], monkeypatch: pytest.MonkeyPatch) -> None:
    live, agents = served
    monkeypatch.setattr(hub_clock.Window, "holds", shut)
    started = start(served, replace(PLAIN, window="22:00-06:00"))
    agents[0].give_time()
    found = live.client.rollout(started.rollout_id)
    assert found.groups[0].started_s is None
    assert found.stands.startswith("Outside its hours. Goes on at ")
    assert sum(did(agents)) == 0
    monkeypatch.setattr(hub_clock.Window, "holds", lit)
    assert outcome_of(live, started).state == "finished"


def test_it_starts_at_its_time(served: tuple[Live, list[Agent]]) -> None:
    _live, agents = served
    started = start(served, replace(PLAIN, start_at="2099-12-01T02:00"))
    assert started.stands.startswith("Starts at 2099-12-01 02:00 UTC")
    assert sum(did(agents)) == 0


def test_people_are_told_once_when_it_waits_stops_and_ends(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, _ = served
    told: list[Notice] = []
    monkeypatch.setattr(live.hub.notices, "send", told.append)
    waiting = outcome_of(live, start(served, replace(PLAIN, approval="canary")))
    eventually(lambda: told)
    live.client.change_rollout(waiting.rollout_id, "approve")
    outcome_of(live, waiting)
    models[NEW.model_id] = Behaviour(fails=("load", "crash"))
    stopped = outcome_of(live, start(served, replace(PLAIN, canary_count=6)))
    eventually(lambda: {one.kind for one in told} >= {"rollout_stopped", "model_quarantined"})
    kinds = [one.kind for one in told]
    assert [kinds.count(kind) for kind in ("rollout_waits", "rollout_ended", "rollout_stopped")] == [1, 1, 1]
    assert "campaign_ended" not in kinds
    assert next(one for one in told if one.kind == "rollout_waits").path == f"/rollouts/{waiting.rollout_id}"
    assert next(one for one in told if one.kind == "rollout_stopped").rollout_id == stopped.rollout_id


def test_three_crashes_in_a_row_quarantine_a_model_on_that_kind_until_a_person_lifts_it(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    models[NEW.model_id] = Behaviour(fails=("first_inference", "crash"), holds=lambda each: True)
    fives = [each for each in agents if each.number % 2]
    flash = rest.CampaignRequest(model_ids=(NEW.model_id,), device_ids=(fives[0].device_id,), repeats=2)
    live.client.start_campaign(flash)
    eventually(lambda: len(did(fives)) and did(fives)[0] == 2)
    live.client.start_campaign(replace(flash, device_ids=(fives[1].device_id,), repeats=1))
    eventually(lambda: live.client.quarantines())
    (found,) = live.client.quarantines()
    assert (found.model_name, len(found.crashes), found.lifted_s) == ("cnn int8", 3, None)
    assert {crash.device_id for crash in found.crashes} == {fives[0].device_id, fives[1].device_id}
    again = live.client.start_campaign(replace(flash, device_ids=(fives[2].device_id,), repeats=1))
    eventually(lambda: live.client.campaign(again.campaign_id).jobs[0].state == "failed")
    assert live.client.campaign(again.campaign_id).jobs[0].note.startswith("Quarantined: crashed 3 times in a row on")
    assert did([fives[2]]) == [0]
    models[NEW.model_id] = Behaviour()
    other = live.client.start_campaign(replace(flash, device_ids=(agents[1].device_id,), repeats=1))
    eventually(lambda: live.client.campaign(other.campaign_id).jobs[0].state == "measured")
    live.client.lift_quarantine(found.quarantine_id)
    with pytest.raises(HubError, match="lifted already"):
        live.client.lift_quarantine(found.quarantine_id)
    live.client.retry_job(again.jobs[0].job_id)
    eventually(lambda: live.client.campaign(again.campaign_id).jobs[0].state == "measured")


def test_a_run_between_crashes_is_no_reason_for_a_quarantine(
    served: tuple[Live, list[Agent]], models: dict[str, Behaviour]
) -> None:
    live, agents = served
    flash = rest.CampaignRequest(model_ids=(NEW.model_id,), device_ids=(agents[0].device_id,))
    for number in range(5):
        models[NEW.model_id] = Behaviour(fails=None if number == 2 else ("load", "crash"))
        made = live.client.start_campaign(flash)
        eventually(lambda made=made: live.client.campaign(made.campaign_id).jobs[0].result_id)
    assert live.client.quarantines() == []
