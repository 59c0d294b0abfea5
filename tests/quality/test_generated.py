"""Generated sets: the same from the same seed, readable by their tasks, and right by construction."""

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.generated.base import Made, parse_recipe
from edgeprof.quality.generated.bias_templates import CASES, GROUPS
from edgeprof.quality.generated.filler import CHARS_PER_TOKEN, DEPTHS_PERCENT, at_depth, filler, lengths_up_to
from edgeprof.quality.generated.table import GENERATORS
from edgeprof.quality.generated.words import ANSWERS
from edgeprof.quality.groups import group_of
from edgeprof.quality.places import place_of
from edgeprof.quality.prompts import prompt_of
from edgeprof.quality.sets import write_set
from edgeprof.quality.tasks.table import TASKS

WITH_TEXT = [name for name, kind in GENERATORS.items() if any(each.name == "answer" for each in kind.parameters)]
FORMS = [*GENERATORS, *(f"{name}:answer=text" for name in WITH_TEXT)]


def made(text: str, seed: int = 1) -> Made:
    return parse_recipe(text, GENERATORS, seed).make()


def id_of(found: Made) -> str:
    return EvaluationSet(facts=found.facts, items=tuple(found.items)).set_id


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_task_takes_every_item(text: str, seed: int) -> None:
    facts, items = made(text, seed)
    task = TASKS[facts.task]
    for item in items:
        task.check(item, facts)
    assert len({item["id"] for item in items}) == len(items) > 0
    assert (facts.domain, facts.language, facts.licence) == ("language", "en", "Apache-2.0")


@pytest.mark.parametrize("text", FORMS)
def test_the_right_answer_is_judged_right(text: str) -> None:
    facts, items = made(text)
    task = TASKS[facts.task]
    for item in items:
        answer = right_answer(item)
        assert task.judge(item, facts, answer).correct
        wrong: Any = [-value for value in answer] if "choices" in item else "zebra"
        assert not task.judge(item, facts, wrong).correct


def right_answer(item: Any) -> Any:
    """Of a choice, likelihoods with the right one above; of a text, the text with something after it."""
    if "choices" in item:
        return [-1.0 if place == item["label"] else -2.0 for place in range(len(item["choices"]))]
    return f" {item['target']}."


@pytest.mark.parametrize("name", [name for name in GENERATORS if name != "bias-pairs"])
def test_a_seed_makes_one_set_and_another_seed_another(name: str) -> None:
    assert id_of(made(name)) == id_of(made(name)) != id_of(made(name, seed=2))


PINNED = {
    "needle": "2a68f3f89a65",
    "key-value": "8518014908bd",
    "hops": "afdea80fd31b",
    "arithmetic": "ccdce29afbbb",
    "ordering": "b91aaadaa617",
    "paraphrases": "d590a3f6ef2c",
    "bias-pairs": "ad1b2af72c91",
}


def test_set_ids_are_pinned() -> None:
    assert {name: id_of(made(name))[:12] for name in GENERATORS} == PINNED


@pytest.mark.parametrize("name", ["needle", "key-value"])
def test_every_length_has_every_depth_in_equal_numbers(name: str) -> None:
    places = Counter(place_of(item["id"]) for item in made(f"{name}:max_tokens=1024,each=2").items)
    assert {(place.tokens, place.depth_percent) for place in places if place} == {
        (tokens, depth) for tokens in (256, 512, 1024) for depth in DEPTHS_PERCENT
    }
    assert set(places.values()) == {2}


@pytest.mark.parametrize("name", ["needle", "key-value"])
def test_prompts_have_their_nominal_length_and_not_more(name: str) -> None:
    facts, items = made(name)
    for item in items:
        chars = len(prompt_of(item, facts))
        assert 0.8 * item["nominal_tokens"] * CHARS_PER_TOKEN < chars <= item["nominal_tokens"] * CHARS_PER_TOKEN


@pytest.mark.parametrize("name", ["needle", "key-value"])
def test_the_fact_stands_at_its_depth(name: str) -> None:
    for item in made(name).items:
        asked = re.findall(r"(?:password of the \w+|locker \d+)", item["question"])[0]
        place = item["context"].lower().index(asked)
        share = place / max(1, len(item["context"]) - len("Locker 00000 holds the whistle."))
        assert share == pytest.approx(item["depth_percent"] / 100, abs=0.08)


def test_filler_never_holds_an_answer() -> None:
    words = set(re.findall(r"\w+", " ".join(filler(40_000, random.Random(1))).lower()))
    assert words.isdisjoint(ANSWERS)


def test_a_fact_is_put_before_the_first_and_after_the_last_sentence() -> None:
    assert at_depth(["a.", "b."], "X.", 0) == "X. a. b."
    assert at_depth(["a.", "b."], "X.", 50) == "a. X. b."
    assert at_depth(["a.", "b."], "X.", 100) == "a. b. X."


def test_lengths_are_powers_of_two_from_256() -> None:
    assert lengths_up_to(256) == (256,)
    assert lengths_up_to(4_095) == (256, 512, 1024, 2048)


def test_sums_are_right() -> None:
    for item in made("arithmetic:answer=text").items:
        assert eval(item["sum"], {"__builtins__": {}}) == int(item["target"])


def test_an_order_follows_from_its_pairs() -> None:
    for item in made("ordering:answer=text").items:
        taller = re.findall(r"(\w+) is taller than (\w+)\.", item["context"])
        taller += [(b, a) for a, b in re.findall(r"(\w+) is shorter than (\w+)\.", item["context"])]
        people = {name for pair in taller for name in pair}
        ends = people - {pair["tallest" in item["question"]] for pair in taller}
        assert ends == {item["target"]}


def test_hand_overs_end_with_the_answer() -> None:
    for item in made("hops:answer=text").items:
        thing = re.findall(r"has the (\w+) now", item["question"])[0]
        holder = re.findall(rf"(\w+) has the {thing}\.", item["context"])[0]
        moves = dict(re.findall(rf"(\w+) gives the {thing} to (\w+)\.", item["context"]))
        assert len(moves) == item["hops"]
        while holder in moves:
            holder = moves[holder]
        assert holder == item["target"]


def test_few_shot_examples_are_no_items_of_the_set() -> None:
    for name in ("arithmetic", "ordering"):
        facts, items = made(name)
        examples = facts.preparation["examples"]
        assert len(examples) == 8
        assert {str(sorted(each.items())) for each in examples}.isdisjoint(
            str(sorted((key, value) for key, value in item.items() if key != "id")) for item in items if item
        )


def test_paraphrases_of_a_group_have_one_right_choice_in_one_place() -> None:
    groups: dict[str, list[Any]] = {}
    for item in made("paraphrases").items:
        assert item["group"] == group_of(item["id"])
        groups.setdefault(item["group"], []).append(item)
    for items in groups.values():
        assert len({item["question"] for item in items}) == 3
        assert len({(tuple(item["choices"]), item["label"]) for item in items}) == 1


def test_counterfactual_pairs_differ_in_the_person_alone() -> None:
    groups: dict[str, list[Any]] = {}
    for item in made("bias-pairs").items:
        groups.setdefault(group_of(item["id"]), []).append(item)
    assert len(groups) == len(CASES) * len(GROUPS) * 2
    for items in groups.values():
        people = GROUPS[items[0]["kind"]]
        bare = {item["context"].replace(person, "X") for item, person in zip(items, people, strict=True)}
        assert len(bare) == 1
        assert len({item["label"] for item in items}) == 1


def test_half_of_the_counterfactual_cases_have_yes_as_the_answer() -> None:
    labels = Counter(item["label"] for item in made("bias-pairs").items)
    assert labels[0] == labels[1]


def test_a_generated_set_is_written_and_read(tmp_path: Path) -> None:
    found = made("needle:max_tokens=256,each=1")
    assert write_set(tmp_path / "needle", *found).set_id == id_of(found)


@pytest.mark.parametrize(
    ("text", "named"),
    [("needel", "needle, key-value"), ("needle:each=0", "from 1 to 200"), ("hops:depth=1", "Parameters: max_hops")],
)
def test_a_recipe_that_is_not_one_names_what_is(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        parse_recipe(text, GENERATORS, 1)
    assert caught.value.code == "bad_generator"


def test_every_generator_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/quality.md").read_text()
    assert [name for name in GENERATORS if f"`{name}`" not in page] == []
