"""The challenges in content/challenges/: each opens unsolved and has a solution, and a slip in one is named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest

from rnn_dynamics import Experiment, content, run
from rnn_dynamics.content import LANGUAGE, sentences
from rnn_dynamics.course.challenges import LEVELS, Slip, pictured, read, read_all
from rnn_dynamics.course.fields import Reading, answer_of, first_unknown
from rnn_dynamics.dashboard.challenge import shelf
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.navigation import menus
from tests.every import every
from tests.handed_out import frame_of

EVERY, SLIPS = shelf()
PICTURED = tuple(dict.fromkeys(one.page for one in EVERY.values()))
#: What takes some seconds to learn even where little is asked.
TRAINED = {"rnn_learns_order": {"iterations": "200"}, "rnn_fills_the_blank": {}}
COMPUTED = [name for name in EVERY if name not in TRAINED]


@cache
def answered(name: str, kind: str) -> tuple[Any, Mapping[str, str], Experiment]:
    """What a challenge's page shows as it "opens", at its "solution", or at the "page"'s own opening."""
    one = EVERY[name]
    away = {"opens": one.opens, "solution": {**one.solution, **TRAINED.get(name, {})}, "page": {}}[kind]
    experiment, views = declared(one.page).asked(away)
    return declared(one.page).picture.answer(experiment, views), views, experiment


def test_there_are_some_of_each_difficulty_on_every_page_with_a_picture() -> None:
    assert SLIPS == ()
    assert len(EVERY) >= 24
    assert {one.level for one in EVERY.values()} == set(LEVELS)
    pages = {page for names in menus(LANGUAGE).values() for page in names if page in pictured()}
    assert set(PICTURED) == pages


@every("name", COMPUTED)
def test_none_holds_as_it_or_its_page_opens_and_each_does_at_its_solution(name: str) -> None:
    one = EVERY[name]
    assert one.solution
    for kind, holds in {"opens": False, "page": False, "solution": True}.items():
        answer, views, _ = answered(name, kind)
        assert one.is_solved_by(answer, views) is holds, kind
        for language in one.words:
            said = one.told("explanation" if holds else "now", language, answer, views)
            assert not re.search(r"[{}]|\bnan\b|None|–", said), said


@every("name", TRAINED)
def test_what_is_to_be_learned_is_learned(name: str) -> None:
    answer, views, _ = answered(name, "solution")
    assert EVERY[name].is_solved_by(answer, views)
    assert "100 %" in EVERY[name].told("explanation", "en", answer, views)


@every("name", EVERY)
def test_both_languages_say_the_same_numbers(name: str) -> None:
    words = EVERY[name].words
    assert words.keys() >= {"en", "zh"}
    fields = [
        {key: {field for _, field, _, _ in Formatter().parse(text) if field} for key, text in of.items()}
        for of in words.values()
    ]
    assert all(of == fields[0] for of in fields)
    assert not re.search(r"[\u4e00-\u9fff]", "".join(words["en"].values()))
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in words["zh"].values())


@every("tau", declared("losses").settings["truncation"].values)
def test_as_the_losses_page_opens_no_window_does_what_chunks_of_its_length_do_not(tau: str) -> None:
    """Which the task says, so that nobody looks for it."""
    experiment, views = declared("losses").asked({"truncation": tau})
    assert not EVERY["chunks"].is_solved_by(declared("losses").picture.answer(experiment, views), views)


@every(("threshold", "crosses"), [("0.01", False), ("0.03", False), ("0.3", True), ("10", True)])
def test_a_clipped_path_that_never_reached_the_cliff_is_told_from_one_that_crosses_it(
    threshold: str, crosses: bool
) -> None:
    experiment, views = declared("cliff").asked({**EVERY["clip"].opens, "clip_at": threshold})
    answer = declared("cliff").picture.answer(experiment, views)
    sides = (answer.paths["norm"].errors > (0.7 / 2) ** 2).astype(int)  # half-way down
    assert answer.paths["norm"].points[:, 0].min() > 4.0
    assert (f"; {np.abs(np.diff(sides)).sum()} steps of 50 led across") in EVERY["clip"].told(
        "now", "en", answer, views
    )
    assert bool(np.diff(sides).any()) is crosses


# --- the numbers that decide, by another road -------------------------------------------------------------------------


def slope(log10_norms: Any) -> float:
    """log10 of the factor per step between the lags T // 5 and 9 T // 10."""
    back, length = log10_norms[::-1], len(log10_norms)
    near, far = length // 5, 9 * length // 10
    return float((back[far] - back[near]) / (far - near))


def norms(experiment: Experiment, component: str = "input", **changes: Any) -> Any:
    return run(replace(experiment, **changes)).log10_norms[component]


def horizon(log10_norms: Any) -> int:
    """The lag from which on less than 1 % is left."""
    return len(log10_norms) - int(np.flatnonzero(log10_norms >= log10_norms[-1] - 2.0)[0])


def weights(experiment: Experiment) -> Any:
    return run(experiment).parameters["weight_hh_l0"]


def log10_radius(experiment: Experiment) -> float:
    return float(np.log10(np.abs(np.linalg.eigvals(weights(experiment))).max()))


def log10_exponent(experiment: Experiment) -> float:
    """The largest of the first sequence, by the growth of one direction on the way back."""
    W, states, rates = weights(experiment), run(experiment).hidden_states[1:, 0], []
    direction = np.random.default_rng(1).normal(size=len(W))
    for h in states[::-1]:
        direction = W.T @ ((1.0 - h**2) * direction)
        rates.append(np.log10(np.linalg.norm(direction)))
        direction /= np.linalg.norm(direction)
    return float(np.mean(rates[len(rates) // 5 :]))


def at_rest(experiment: Experiment) -> dict[str, float]:
    """By powers of W_hh, which is all that a network without input multiplies."""
    W, back = weights(experiment), 5
    excess = np.linalg.norm(np.linalg.matrix_power(W, back), 2) / 10 ** (back * log10_radius(experiment))
    bound = np.log10(np.linalg.norm(W, 2))
    radius = log10_radius(experiment)
    return {"laws.factors[bound]": bound, "laws.factors[radius]": radius, "excess[1]": np.log10(excess)}


def rise(experiment: Experiment) -> float:
    """Where the mean of eight networks' slopes passes 0, between the slider's 3 and 4."""
    low, high = (
        sum(slope(norms(experiment, "hidden", weight_scale=scale, seed=seed)) for seed in range(8))
        for scale in (3.0, 4.0)
    )
    return float(3.0 * (4.0 / 3.0) ** (low / (low - high)))


def descended(w: float, b: float, threshold: float = np.inf) -> float:
    """The error after 50 steps of gradient descent by finite differences, with the norm clipped."""

    def error(place: Any) -> float:
        x = 0.5
        for _ in range(50):
            x = place[0] / (1.0 + np.exp(-x)) + place[1]
        return float((1.0 / (1.0 + np.exp(-x)) - 0.7) ** 2)

    place, width = np.array([w, b]), 1e-7
    for _ in range(50):
        rise = np.array([(error(place + width * e) - error(place - width * e)) / (2 * width) for e in np.eye(2)])
        place = place - 0.1 * rise * min(1.0, threshold / max(float(np.linalg.norm(rise)), 1e-300))
    return error(place)


def summed(memory: float, student: float) -> tuple[Any, Any]:
    """What an impulse leaves in a teacher and in a student of these memories, both with γ, step by step."""
    steps, gamma = np.arange(40 * memory), np.sqrt(1.0 - np.exp(-2.0 / memory))
    return gamma * np.exp(-steps / memory), gamma * np.exp(-steps / student)


def by_exponent(memory: float, student: float) -> Any:
    """The derivative of the student's by ν, where its memory is e^−ν."""
    return -np.arange(40 * memory) / student * summed(memory, student)[1]


def one_step(memory: float) -> float:
    """How far a step goes that begins at 9/10 of the teacher's memory, with the rate that fits memory 10."""
    teacher, student = summed(memory, 0.9 * memory)
    rise = ((student - teacher) * by_exponent(memory, 0.9 * memory)).sum()
    return float(-rise / (by_exponent(10.0, 10.0) ** 2).sum() / np.log(0.9))


def calm(memory: float) -> dict[str, float]:
    """The state and its derivative by λ, as sums."""
    (state, _), by_factor = summed(memory, memory), by_exponent(memory, memory) * memory * np.exp(1.0 / memory)
    return {"student.size": float(np.linalg.norm(state)), "student.sensitivity": float(np.linalg.norm(by_factor))}


#: Challenge -> how its numbers at the solution are found another way, by the names of their fields.
TWINS: Mapping[str, Callable[[Experiment], Mapping[str, float]]] = {
    "explode_rnn": lambda asked: {"verdicts[rnn].log10_factor": slope(norms(asked, cell="rnn"))},
    "rnn_between": lambda asked: {"verdicts[rnn].log10_factor": slope(norms(asked, cell="rnn"))},
    "lstm_explodes": lambda asked: {"verdicts[lstm].log10_factor": slope(norms(asked, cell="lstm"))},
    "forget_lstm": lambda asked: {"verdicts[lstm].horizon": horizon(norms(asked, cell="lstm"))},
    "refilled": lambda asked: {"verdicts[rnn].log10_factor": slope(norms(asked, cell="rnn"))},
    "carousel": lambda asked: {"verdicts[path].log10_factor": slope(norms(asked, "cell_path"))},
    "gru_holds": lambda asked: {"verdicts[total].log10_factor": slope(norms(asked, "hidden"))},
    "radius_above_one": lambda asked: {
        "laws.factors[radius]": log10_radius(asked),
        "laws.factors[exponent]": log10_exponent(asked),
    },
    "grows_then_dies": at_rest,
    "nothing_lost": lambda asked: {"trace.survivors": asked.hidden_size, "laws.factors[exponent]": 0.0},
    "strong_input": lambda asked: {"crossing.measured": rise(asked)},
    "deeper": lambda asked: {"log10_factors[deep]": slope(norms(asked))},
    "no_cliff": lambda _: {"free.last_error": descended(3.5, -2.65)},
    "clip": lambda _: {"paths[norm].last_error": descended(4.7, -2.7, threshold=0.1)},
    "curse_lifted": lambda _: {"student.step.ratio": one_step(500.0)},
    "modest_state": lambda _: calm(300.0),
    "rnn_on_the_map": lambda asked: {
        "log10_factor.median": float(np.median([slope(norms(asked, "hidden", seed=seed)) for seed in range(5)]))
    },
}
#: How close they are, where rounding is not all that is between them.
WITHIN = {"laws.factors[exponent]": 0.01, "free.last_error": 1e-6, "paths[norm].last_error": 1e-4}


@every("name", TWINS)
def test_the_number_that_decides_is_found_another_way(name: str) -> None:
    answer, views, experiment = answered(name, "solution")
    if name == "rnn_on_the_map":
        experiment = answer.experiment
    for field, expected in TWINS[name](experiment).items():
        assert Reading(answer, views).value(field) == pytest.approx(expected, abs=WITHIN.get(field, 1e-6)), field


def test_mean_field_grows_where_its_published_border_is_passed() -> None:
    """At an input variance of 0.25 the critical weight scale is 1.550 (Chen, Pennington & Schoenholz 2018)."""
    answer, views, experiment = answered("theory_disagrees", "solution")
    assert experiment.input_scale**2 == 0.25
    assert (Reading(answer, views).value("theory") > 0.0) is (experiment.weight_scale > 1.550)


# --- slips ------------------------------------------------------------------------------------------------------------

GOOD = """
page = "vanish_or_explode"
level = 1
opens = { input_scale = 0.316 }
solution = { weight_scale = 1.6 }
[holds]
"verdicts[rnn].outcome" = { is = "holds" }
[en]
title = "A title"
task = "A task."
hint = "A hint."
explanation = "At {weight_scale:g}."
"""
#: What a lecturer may mistype -> what is named.
HOSTILE = {
    'page = "vanish_or_explode"': ('page = "vanish_or_expload"', "vanish_or_expload"),
    'page = "vanish': ("page = 'vanish", "cannot be read as TOML"),
    "level = 1\n": ("level = 7\n", "level = 7"),
    "level = 1": ("level = true", "level = True"),
    "level": ("levle", "did you mean “level”"),
    "opens = { input_scale": ("opens = { input_scael", "opens.input_scael"),
    "{ input_scale = 0.316 }": ("{ input_scale = 0.3 }", "opens.input_scale = 0.3 is not offered"),
    "input_scale = 0.316": ("input_scale = nan", "opens.input_scale = nan"),
    "opens = { input_scale = 0.316 }": ('opens = "weak"', "“opens” = 'weak' is not a table"),
    "{ weight_scale = 1.6 }": ('{ weight_scale = "much" }', "solution.weight_scale = 'much'"),
    "[holds]": ("[holdz]", "holdz"),
    '"verdicts[rnn].outcome" = { is = "holds" }': ("", "“holds” is missing"),
    "verdicts[rnn].outcome": ("verdicts[rnn].outcom", "there is no “outcom”"),
    "verdicts[rnn]": ("verdict[rnn]", "there is no “verdict”"),
    "verdicts[rnn].": ("__class__.", "there is no “__class__”"),
    "is =": ("are =", "holds.verdicts[rnn].outcome.are"),
    '{ is = "holds" }': ('{ at_least = "much" }', "at_least = 'much' is not a number"),
    ' is = "holds" ': ("", "is missing"),
    'hint = "A hint."': ("", "“en.hint” is missing"),
    'task = "A task."': ("task = 3", "“en.task” is missing"),
    "{weight_scale:g}": ("{weight_scael:g}", "there is no “weight_scael”"),
    "{weight_scale:g}.": ("{weight_scale:q}", "cannot be filled"),
    "At {weight": ("At {{weight", "cannot be filled"),
    "[en]": ("[english]", "english"),
    'title = "A title"': ("titel = 'A title'", "did you mean “title”"),
    GOOD: ("\x00\xff" + "[" * 2000, "cannot be read as TOML"),
}


@pytest.fixture
def folder(own_content: Path) -> Path:
    """A copy of the words, in which the challenges are to be edited."""
    return own_content / "challenges"


def said_of(folder: Path, text: str, name: str = "mine") -> str:
    """Why a file cannot be offered; "" where it can."""
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    content.read_edits()
    try:
        read(name, frame_of, PICTURED)
    except Slip as slip:
        return str(slip)
    return ""


def test_a_slip_is_told_in_one_sentence_with_its_file_and_the_others_go_on(folder: Path) -> None:
    assert said_of(folder, GOOD) == ""
    assert len(HOSTILE) >= 20
    for right, (wrong, named) in HOSTILE.items():
        assert right in GOOD
        said = said_of(folder, GOOD.replace(right, wrong, 1))
        assert said.startswith("content/challenges/mine.toml"), wrong
        assert named in said
        assert "\n" not in said
        assert len(said) < 1000
        assert any(slip.said(sentences("challenges", "zh")) != said for slip in read_all(frame_of, PICTURED)[1])
    assert "small letters" in said_of(folder, GOOD, "My challenge!")
    found, slips = shelf()
    assert len(found) == len(EVERY)
    assert len(slips) == 2


def test_a_file_that_is_no_text_and_one_that_cannot_be_read_are_told(folder: Path) -> None:
    (folder / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (folder / "folder.toml").mkdir()
    content.read_edits()
    assert [str(slip).partition(" ")[0] for slip in shelf()[1]] == [
        "content/challenges/bytes.toml",
        "content/challenges/folder.toml",
    ]


def test_settings_may_be_spelled_as_controls_show_them(folder: Path) -> None:
    text = GOOD.replace("{ input_scale = 0.316 }", '{ cell = "LSTM", sequence_length = 50, bias = false }')
    assert said_of(folder, text) == ""
    assert read("mine", frame_of, PICTURED).opens == {"cell": "lstm", "sequence_length": 50, "bias": False}
    cliff = GOOD.replace("vanish_or_explode", "cliff").replace("input_scale = 0.316", "start_w = 4.9, region = 'wide'")
    cliff = cliff.replace("weight_scale = 1.6", "clip_at = 3").replace("verdicts[rnn].outcome", "region")
    assert said_of(folder, cliff.replace("weight_scale:g", "region")) == ""
    assert read("mine", frame_of, PICTURED).opens == {"start_w": "4.90", "region": "wide"}  # a number for its text
    assert "bias = 0 is not offered" in said_of(folder, text.replace("false", "0"))


def test_a_field_is_looked_up_by_the_types_of_answers() -> None:
    kinds = (answer_of("jacobians"), Experiment)
    assert first_unknown("trace.survivors", kinds, ()) == ""
    assert first_unknown("trace.survivor", kinds, ()) == "survivor"
    assert first_unknown("laws.factors[radius].sign", kinds, ()) == "sign"
    assert first_unknown("excess[0]", kinds, ()) == ""
    assert first_unknown("axis", kinds, ("axis",)) == ""
    assert first_unknown("", kinds, ()) == "–"


def test_a_value_that_is_not_there_is_none_and_one_that_cannot_be_compared_is_told(folder: Path) -> None:
    answer, views, _ = answered("no_cliff", "solution")
    one = EVERY["no_cliff"]
    for limits, holds in (({"is": "none"}, True), ({"at_least": 1}, False), ({"is_not": "none"}, False)):
        assert replace(one, holds={"leaving[none]": limits}).is_solved_by(answer, views) is holds
    for field in ("free.points", "free", "region"):
        with pytest.raises(Slip, match=r"no_cliff\.toml: .*cannot be compared"):
            replace(one, holds={field: {"at_least": 1.0}}).is_solved_by(answer, views)
