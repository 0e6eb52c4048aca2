"""The page "Curse of memory": its sentences, tables, files and script against the laws, at every offered setting."""

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment
from rnn_dynamics.content import sentences
from rnn_dynamics.content.numbers import three_digits
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.settings_words import marks
from rnn_dynamics.dashboard.style import style
from rnn_dynamics.engine.curse import REMEDIES, USUAL_MEMORY, Student, factor_of, gain, slope
from rnn_dynamics.engine.curse_measured import MEMORIES, measure
from rnn_dynamics.pictures.curse_of_memory import PICTURE
from rnn_dynamics.pictures.curse_of_memory.answer import CORRELATIONS, OFFERED, PLACES, CurseAnswer, curse_answer
from rnn_dynamics.scripts.kinds import SCRIPTS
from tests.claims import assert_readable, plain
from tests.every import every
from tests.handed_out import presets_of
from tests.pictured import column, drawn_by
from tests.scripts import printed_by_all
from tests.test_pages import open_page

Asked = dict[str, str]
EVERY = [
    dict(zip(("memory", "rho", "remedy"), asked, strict=True)) for asked in product(OFFERED, CORRELATIONS, REMEDIES)
]
PRESETS = {name: views for name, (_, views) in presets_of("curse_of_memory").items()}


def answered(asked: Asked, seed: int = 0) -> CurseAnswer:
    return curse_answer(Experiment(seed=seed), {**PICTURE.views, **asked})


def claimed(asked: Asked) -> str:
    return plain(PICTURE.claim(sentences("curse_of_memory"), answered(asked), {**PICTURE.views, **asked}))


def test_every_claim_and_finding_is_readable_and_has_the_readers_numbers() -> None:
    words = sentences("curse_of_memory")
    for asked in EVERY:
        answer, said = answered(asked), claimed(asked)
        assert len(said) < 180
        assert_readable(said)
        for panels in ("curves", "all"):
            assert_readable(plain(PICTURE.finding(words, answer, {**asked, "panels": panels})))
        own, usual = (
            Student(memory=memory, rho=float(asked["rho"]), remedy=asked["remedy"])
            for memory in (float(asked["memory"]), USUAL_MEMORY)
        )
        times = own.sensitivity / usual.sensitivity
        assert answer.times[asked["remedy"]] == pytest.approx(times, rel=1e-12)
        if asked["memory"] != "10":
            shown = {three_digits(times), three_digits(1.0 / times)}
            assert shown & set(re.findall(r"[\d.,]*\d", said))
        assert ("no gradient vanishes" in said) == (asked["remedy"] == "none" and float(asked["memory"]) > USUAL_MEMORY)
        assert ("lift the curse" in said) <= (abs(times - 1.0) < 0.2)


def test_each_preset_does_what_the_prose_says_of_it() -> None:
    found = {name: answered(views) for name, views in PRESETS.items()}
    curse, longer, slow, gamma, lru = (found[name] for name in ("curse", "longer", "slow", "gamma", "lru"))
    assert three_digits(curse.times["none"]) == "28.9"
    assert longer.times["none"] / curse.times["none"] == pytest.approx(30.0, rel=0.06)
    assert curse.student.step.end > 1.0
    assert slow.student.size > 2.0 * curse.student.size
    assert slow.student.sensitivity > 2.0 * curse.student.sensitivity
    assert gamma.student.size == pytest.approx(1.0)
    assert gamma.times["gamma"] > 9.0
    assert lru.times["both"] == pytest.approx(1.0, abs=0.06)
    assert lru.student.step.ratio == pytest.approx(1.0, abs=0.05)


@every("rho", ["0", "0.6", "0.95"])
def test_gates_hardly_make_it_worse_and_shorten_the_memory(rho: str) -> None:
    for seed in range(6):
        answer = answered({"rho": rho}, seed)
        grows = {name: far / near for name, (near, far) in answer.shares.items()}
        assert grows["plain"] > 2.5 * max(grows[name] for name in ("constant", "input", "state"))
        kept = {name: far for name, (_, far) in answer.kept.items()}
        assert kept["state"] < kept["input"] < kept["constant"] == pytest.approx(kept["plain"])


@every("remedy", REMEDIES)
def test_the_tables_are_the_laws_and_the_networks(remedy: str) -> None:
    asked = {"memory": "50", "rho": "0.6", "remedy": remedy, "panels": "all"}
    tables = drawn_by(PICTURE, Experiment(seed=3), **asked)
    rows: list[dict[str, Any]] = tables["laws"]
    for name, law in (("state", "size"), ("sensitivity", "sensitivity")):
        drawn = [10.0 ** row["log10"] for row in rows if row["name"] == name]
        laws = [getattr(Student(memory=place, rho=0.6, remedy=remedy), law) for place in PLACES]
        np.testing.assert_allclose(drawn, laws, rtol=1e-5)
    names = {"gradient", "state", "sensitivity"} | ({"plain"} if remedy != "none" else set())
    assert {row["name"] for row in rows} == names
    linear = measure(0.6, 3).units["linear"]
    factors = factor_of(MEMORIES)
    expected = np.sqrt(linear.sensitivity) * gain(factors, remedy) * slope(factors, remedy)
    points = [
        10.0 ** row["log10"] for row in tables["networks"] if (row["network"], row["what"]) == ("linear", "sensitivity")
    ]
    np.testing.assert_allclose(points, expected, rtol=1e-5)
    own, usual = tables["steps"][1], tables["steps"][0]
    assert own["whose"] == "own"
    assert usual["loss_after"] < usual["loss"]
    assert own["beyond"] == (remedy in ("none", "gamma"))


@every("remedy", REMEDIES)
def test_the_readers_unit_stands_on_the_laws_beside_the_usual_one_where_both_have_room(remedy: str) -> None:
    for memory, alone in {"2": False, "7": True, "10": True, "20": True, "30": False, "1000": False}.items():
        asked = {"memory": memory, "rho": "0.4", "remedy": remedy}
        picture, everything = (drawn_by(PICTURE, Experiment(), **asked, panels=panels) for panels in ("curves", "all"))
        assert set(everything) - set(picture) == {"networks", "names", "valleys", "steps"}
        assert picture["units"] == everything["units"]
        places = [float(memory)] if alone else [USUAL_MEMORY, float(memory)]
        units = [Student(memory=place, rho=0.4, remedy=remedy) for place in places]
        assert column(picture["units"], "what") == ["state", "sensitivity"] * len(units)
        assert column(picture["units"], "memory") == [unit.memory for unit in units for _ in range(2)]
        spreads = [spread for unit in units for spread in (unit.size, unit.sensitivity)]
        np.testing.assert_allclose(column(picture["units"], "spread"), spreads, rtol=1e-12)
        for row in picture["units"]:
            others = [one["spread"] for one in picture["units"] if one["memory"] == row["memory"]]
            assert row["upper"] == (row["spread"] == max(others))


def test_the_script_finds_the_readers_numbers_by_autograd(tmp_path: Any) -> None:
    answer = answered({"memory": "30", "rho": "0.6"})
    printed = printed_by_all({"curse": SCRIPTS["curse"](answer).text()}, tmp_path)["curse"]
    head, *lines = printed.strip().splitlines()
    assert head.split() == ["memory", "rho", "remedy", "state", "derivative", "loss_before", "lambda_after"]
    assert [line.split()[2] for line in lines] == list(REMEDIES)
    for line, one in zip(lines, answer.students.values(), strict=True):
        found = [float(number) for number in line.split()[3:]]
        expected = [one.size, one.sensitivity, one.step.loss_before, one.step.end]
        np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_the_next_seed_is_offered_where_it_changes_something_that_is_shown() -> None:
    for panels, offered in (("curves", False), ("all", True)):
        first, other = (drawn_by(PICTURE, Experiment(seed=seed), panels=panels) for seed in (0, 1))
        said = [
            PICTURE.finding(sentences("curse_of_memory"), answered({}, seed), {"panels": panels}) for seed in (0, 1)
        ]
        assert (first != other) is (said[0] != said[1]) is offered
        app = open_page("curse_of_memory", {"panels": panels})
        (line,) = (found[0] for one in app.get("html") if (found := re.findall('class="state(.*?)"', one.proto.body)))
        assert ("is-new_seed" in line) is not offered
    rules = style("page", marks(declared("curse_of_memory").marked))
    assert ".stApp:has(.state.is-new_seed) .st-key-new_seed{visibility:hidden}" in rules
    assert "new_seed" not in style("page", marks(declared("family_tree").marked))
