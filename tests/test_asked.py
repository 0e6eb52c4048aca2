"""What the strip of an open challenge says of each thing that is asked: whether it is there, and what is missing."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rnn_dynamics.content import languages, sentences
from rnn_dynamics.content.numbers import factor
from rnn_dynamics.course.challenges import LARGE, MET, OTHER, SMALL, Found
from rnn_dynamics.course.fields import Reading
from rnn_dynamics.dashboard.asked import Asked
from rnn_dynamics.dashboard.challenge import shelf
from rnn_dynamics.dashboard.declared import declared
from rnn_dynamics.dashboard.settings_words import Names
from tests.every import every
from tests.test_challenge_pages import strip
from tests.test_challenges import TRAINED, norms, slope
from tests.test_pages import open_page

EVERY = shelf()[0]
Away = Mapping[str, Any]
#: Trainings after which nothing is learned yet.
UNTRAINED: Mapping[str, Away] = {
    "rnn_learns_order": {"sequence_length": 50, "hidden_size": 8, "batch_size": 8, "iterations": "100"},
    "rnn_fills_the_blank": {"gap": "20", "hidden_size": 8, "updates": "100", "learning_rate": "0.001"},
}
#: Challenge -> field of which something is asked -> settings, beside those with which the challenge opens, at which it
#: is too small, and at which it is too large; None where no setting makes it so. What has no order has neither.
SIDES: Mapping[str, Mapping[str, tuple[Away | None, Away | None]]] = {
    "explode_rnn": {"verdicts[rnn].outcome": ({}, None)},
    "lstm_explodes": {"verdicts[lstm].outcome": ({}, None)},
    "forget_lstm": {
        "verdicts[lstm].horizon": (None, {"forget_bias": 2.0}),
        "weight_scale": ({"weight_scale": 0.5}, {"weight_scale": 2.0}),
    },
    "rnn_between": {
        "verdicts[rnn].outcome": ({}, {"weight_scale": 5.0}),
        "input_scale": ({"input_scale": 0.1}, {"input_scale": 1.0}),
    },
    "refilled": {
        "verdicts[rnn].outcome": ({}, {"weight_scale": 3.0}),
        "sequence_length": ({"sequence_length": 50}, None),
    },
    "carousel": {
        "verdicts[path].outcome": ({}, None),
        "sequence_length": ({"sequence_length": 50}, None),
    },
    "gru_holds": {"verdicts[total].outcome": ({}, {"weight_scale": 6.0})},
    "left_the_sum": {
        "verdicts[total].outcome": ({}, {"weight_scale": 6.0}),
        "verdicts[path].outcome": (None, {"forget_bias": 5.0}),
    },
    "radius_above_one": {
        "laws.factors[radius]": ({}, None),
        "laws.factors[exponent]": (None, {"weight_scale": 1.5, "input_scale": 0.0}),
    },
    "grows_then_dies": {
        "laws.factors[bound]": ({"weight_scale": 0.1}, None),
        "laws.factors[radius]": (None, {}),
        "laws.factors[exponent]": (None, {}),
        "excess[1]": ({"initialisation": "orthogonal"}, None),
    },
    "nothing_lost": {
        "trace.survivors": ({}, None),
        "laws.factors[exponent]": ({}, {"initialisation": "orthogonal", "input_scale": 0.0, "weight_scale": 1.2}),
    },
    "strong_input": {"crossing.measured": ({}, None)},
    "theory_disagrees": {
        "theory": ({}, None),
        "log10_factors[factor]": (None, {"weight_scale": 4.0}),
    },
    "deeper": {"log10_factors[deep]": ({}, {"num_layers": 4, "forget_bias": 5.0})},
    "last_output": {"log10_factors[deep]": ({}, None)},
    "no_cliff": {"free.last_error": (None, {})},
    "clip": {
        "paths[norm].last_error": (None, {"clip_at": "0.03"}),
        "start.w": ({"start_w": "3.50"}, None),
    },
    "curse_lifted": {
        "student.memory": ({"memory": "10"}, None),
        "overshoots[none]": ({"memory": "10"}, None),
        "student.step.ratio": (None, {"remedy": "gamma"}),
    },
    "modest_state": {
        "student.size": (None, {}),
        "student.sensitivity": ({"memory": "10"}, None),
    },
    "default_lstm": {"named[torch lstm].outcome": ({}, {"weight_scale": 10.0})},
    "rnn_on_the_map": {"outcome": ({"cell": "rnn", "weight_scale": 0.5}, {"cell": "rnn", "weight_scale": 10.0})},
    "matter_of_luck": {
        "log10_factor.low": (None, {}),
        "log10_factor.high": ({}, None),
    },
    "shape_that_helps": {
        "log10_left": ({}, None),
        "sequence_length": ({"sequence_length": 4}, {"sequence_length": 20}),
    },
    "window": {
        "cut[every][log10_error]": (None, {}),
        "within": (None, {"truncation": "30"}),
    },
    "chunks": {
        "cut[every][log10_error]": (None, {"truncation": "1"}),
        "cut[chunks][log10_error]": ({}, None),
    },
    "torch_default": {"findings[0].verdict.outcome": ({}, {"weight_scale": 10.0})},
    "untrained_rnn": {"findings[0].verdict.outcome": ({}, {"weight_scale": 4.0})},
    "rnn_outlives_gru": {
        "verdicts[rnn].outcome": ({}, {"weight_scale": 3.0}),
        "verdicts[gru].outcome": (None, {"forget_bias": 5.0, "weight_scale": 4.0}),
    },
    "rnn_learns_order": {"networks[0].now.accuracy": (UNTRAINED["rnn_learns_order"], None)},
    "rnn_fills_the_blank": {
        "rights[rnn]": (UNTRAINED["rnn_fills_the_blank"], None),
        "rights[lstm]": (UNTRAINED["rnn_fills_the_blank"], None),
    },
    "right_outputs_wrong_gradient": {},
    "harmless": {},
}
SAID = {"en": {SMALL: "too small", LARGE: "too large"}, "zh": {SMALL: "偏小", LARGE: "偏大"}}
CASES = [
    (name, field, side, away)
    for name, fields in SIDES.items()
    for field, ways in fields.items()
    for side, away in zip((SMALL, LARGE), ways, strict=True)
    if away is not None
]


def answered(name: str, away: Away) -> tuple[Any, Mapping[str, str]]:
    page = declared(EVERY[name].page)
    experiment, views = page.asked({**EVERY[name].opens, **away})
    return page.picture.answer(experiment, views), views


def lines(name: str, answer: Any, found: list[Found], language: str = "en") -> list[str]:
    page, words = declared(EVERY[name].page), sentences("challenges", language)["strip"]["asked"]
    return Asked(words, Names(page.name, language), page.settings, answer.digits != 0).lines(EVERY[name], found)


def test_every_challenge_says_of_all_that_has_an_order_on_which_side_it_is() -> None:
    assert SIDES.keys() == EVERY.keys()


@every(("name", "field", "side", "away"), CASES)
def test_too_little_and_too_much_are_said_as_such(name: str, field: str, side: str, away: Away) -> None:
    answer, views = answered(name, away)
    found = {one.field: one for one in EVERY[name].found(answer, views)}
    assert found[field].side == side, found[field]
    for language, said in {
        "en": {SMALL: "too small", LARGE: "too large"},
        "zh": {SMALL: "偏小", LARGE: "偏大"},
    }.items():
        (line,) = lines(name, answer, [found[field]], language)
        assert line.startswith("✗ ")
        assert said[side] in line
        assert not any(other in line for key, other in said.items() if key != side)
        assert not re.search(r"[{}[\]]|\bnan\b|None", line), line


@every(("name", "away"), [("rnn_between", {"weight_scale": scale}) for scale in (0.5, 1.0, 1.6, 2.5, 5.0)])
def test_the_side_of_a_gradient_is_that_of_its_factor_by_another_road(name: str, away: Away) -> None:
    experiment, views = declared("vanish_or_explode").asked({**EVERY[name].opens, **away})
    grows = slope(norms(experiment, cell="rnn"))
    expected = SMALL if grows < -0.02 else LARGE if grows > 0.02 else MET
    answer, _ = answered(name, away)
    assert EVERY[name].found(answer, views)[0].side == expected


@every("name", [name for name in EVERY if name not in TRAINED])
def test_all_that_is_asked_is_said_once_in_words_of_each_language(name: str) -> None:
    answer, views = answered(name, {})
    found = EVERY[name].found(answer, views)
    assert any(one.side != MET for one in found)
    for language in languages():
        said, names = lines(name, answer, found, language), Names(EVERY[name].page, language)
        assert [line[0] for line in said] == ["✗"] * sum(one.side != MET for one in found) + ["✓"] * any(
            one.side == MET for one in found
        )
        for field in EVERY[name].holds:
            setting = field.removeprefix("experiment.")
            called = names.of(setting).get("label") if setting in declared(EVERY[name].page).settings else None
            assert called is None or sum(called in line for line in said) == 1
            assert f"“{field}”" not in "".join(said), f"{field} has no words in fields.toml"


def test_what_a_value_is_within_is_written_as_the_value_is() -> None:
    answer, views = answered("deeper", {})
    (line, _) = lines("deeper", answer, EVERY["deeper"].found(answer, views))
    value = Reading(answer, views).value("log10_factors[deep]")
    assert f"{factor(value)}, too small. Asked: at least ×0.955 and at most ×1.047." in line


def test_where_no_digit_is_certain_no_number_is_said() -> None:
    answer, views = answered("gru_holds", {"weight_scale": 10.0})
    assert answer.digits == 0
    one = replace(EVERY["gru_holds"], holds={"verdicts[total].log10_factor": {"at_most": 0.02}})
    found = one.found(answer, views)
    words = sentences("challenges")["strip"]["asked"]
    asked = Asked(words, Names(one.page, "en"), declared(one.page).settings, certain=False)
    assert asked.lines(one, found) == [
        "✗ Factor per step back of the whole gradient: no digit is certain here, too large. Asked: at most ×1.047."
    ]
    app = open_page("vanish_or_explode", {"challenge": "rnn_between", "input_scale": "0.316", "weight_scale": "10"})
    assert not app.exception
    assert re.search("Gradient of the RNN: (explodes, too large|vanishes, too small|is uneven)", strip(app))
    assert "×" not in strip(app)
    assert "Input scale: 0.316" in strip(app)


def test_a_field_without_words_is_said_by_its_name() -> None:
    answer, views = answered("nothing_lost", {})
    one = replace(EVERY["nothing_lost"], holds={"trace.mean_slope": {"below": 0.1}})
    asked = Asked(sentences("challenges")["strip"]["asked"], Names(one.page, "en"), declared(one.page).settings, True)
    said = f"✗ “trace.mean_slope”: {answer.trace.mean_slope:.3g}, too large. Asked: below 0.1."
    assert asked.lines(one, one.found(answer, views)) == [said]


@every(
    ("field", "limits", "side"),
    [
        ("trace.survivors", {"at_least": 32}, SMALL),
        ("trace.survivors", {"at_most": -1}, LARGE),
        ("trace.survivors", {"above": 0}, SMALL),
        ("trace.survivors", {"below": 0}, LARGE),
        ("trace.survivors", {"is": 0}, MET),
        ("trace.survivors", {"is": 3}, SMALL),
        ("trace.survivors", {"is_not": 0}, OTHER),
        ("trace.survivors", {"at_least": 0, "below": 0}, LARGE),
        ("initialisation", {"is": "orthogonal"}, OTHER),
        ("bias", {"is": False}, OTHER),
        ("coincide", {"is": True}, OTHER),
    ],
)
def test_each_limit_has_its_side(field: str, limits: Mapping[str, Any], side: str) -> None:
    answer, views = answered("nothing_lost", {})
    (found,) = replace(EVERY["nothing_lost"], holds={field: limits}).found(answer, views)
    assert found.side == side
